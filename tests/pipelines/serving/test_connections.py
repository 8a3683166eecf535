"""Which connection is closed, and which is not."""

import asyncio
import json
import re

import pytest
import uvicorn
from uvicorn.server import ServerState

from pipelines.serving.connections import MOST_AHEAD, MOST_HEADERS, Connections, Together
from pipelines.serving.limits import Limits


class Fake:
    """A connection that notes what becomes of it."""

    def __init__(self, all, peer="a", unread=False):
        self.all, self.peer, self.spare, self.open = all, peer, False, True
        self.unread = unread
        all.opened(self)

    def abort(self):
        self.open = False
        self.all.closed(self)


@pytest.fixture
def all():
    return Connections(Limits(connections=5, peer=3))


def test_one_more_of_an_address_closes_its_own_that_waits_longest(all):
    other = Fake(all, "b")
    first, second, third = (Fake(all) for _ in range(3))
    all.works(first)
    all.waits(first)  # it has its answer, and waits again
    fourth = Fake(all)
    assert not second.open
    assert all_open(other, first, third, fourth)


def test_one_more_of_all_closes_the_one_that_waits_longest(all):
    first, *others = (Fake(all, str(n)) for n in range(5))
    assert first.open
    last = Fake(all, "last")
    assert not first.open and all_open(*others, last)


def test_who_waits_for_an_answer_is_not_closed(all):
    busy = [Fake(all) for _ in range(3)]
    for connection in busy:
        all.works(connection)
    spare = Fake(all)
    assert all_open(*busy, spare) and spare.spare
    assert not any(connection.spare for connection in busy)
    next = Fake(all)  # there is no more than one for probes
    assert not spare.open and next.spare


def test_who_has_sent_what_was_not_read_yet_is_not_closed(all):
    first, second, third = (Fake(all) for _ in range(3))
    first.unread = second.unread = True
    Fake(all)
    assert not third.open and all_open(first, second)


def test_a_request_on_the_connection_for_probes_is_answered_although_more_come(all):
    for connection in [Fake(all) for _ in range(3)]:
        all.works(connection)
    asked = [Fake(all, unread=True) for _ in range(3)]
    assert Fake(all).spare and all_open(*asked)


def test_those_that_are_closed_make_room(all):
    for _ in range(20):
        connections = [Fake(all) for _ in range(3)]
        assert all_open(*connections)
        for connection in connections:
            connection.abort()


def all_open(*connections):
    return [connection.open for connection in connections] == [True] * len(connections)


class Transport:
    """A transport that notes what it is told."""

    def __init__(self):
        self.told = []

    def write(self, data):
        self.told.append(data)

    def close(self):
        self.told.append("close")

    def abort(self):
        self.told.append("abort")

    def get_write_buffer_size(self):
        return 7


@pytest.mark.parametrize(
    ("end", "told"),
    [(None, []), ("close", ["close"]), ("abort", ["abort"]), ("get_write_buffer_size", [])],
)
def test_what_is_written_at_once_is_sent_in_one_piece(end, told):
    async def run():
        transport = Transport()
        together = Together(transport, asyncio.get_running_loop())
        for piece in (b"head", b"", b"body", b""):
            together.write(piece)
        assert transport.told == []
        if end:
            getattr(together, end)()
        await asyncio.sleep(0)
        assert transport.told == ([] if end == "abort" else [b"headbody"]) + told
        together.write(b"next")
        await asyncio.sleep(0)
        assert transport.told[-1] == b"next"

    asyncio.run(run())


async def answering(scope, receive, send):
    """Answers with the path and the size of the body, for which /early does not wait."""
    size = 0
    while scope["path"] != "/early":
        part = await receive()
        if part["type"] == "http.disconnect":
            return
        size += len(part["body"])
        if not part["more_body"]:
            break
    body = f"{scope['path']} {size}".encode()
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Talk:
    """A connection to a server in this process.

    Attributes:
        made: The server's ends of its connections.
    """

    def __init__(self, all):
        self.all, self.made = all, []

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        config = uvicorn.Config(
            answering, http=self.all.protocol(), lifespan="off", log_config=None
        )
        config.load()

        def protocol():
            self.made.append(config.http_protocol_class(config, ServerState(), {}))
            return self.made[-1]

        self.server = await loop.create_server(protocol, "127.0.0.1", 0)
        address = self.server.sockets[0].getsockname()
        self.reader, self.writer = await asyncio.open_connection(*address)
        return self

    async def __aexit__(self, *error):
        self.writer.close()
        self.server.close()

    async def answer(self):
        """Status and body of the next answer."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        size = re.search(rb"content-length: (\d+)", head)
        body = await self.reader.readexactly(int(size[1]))
        return int(head.split()[1]), body.decode()

    async def error(self):
        """Status and text of the answer after which the connection is closed."""
        status, body = await self.answer()
        assert await self.reader.read() == b""
        return status, json.loads(body)["error"]


def talk(function):
    """A test that talks to a server whose clients have half a second."""

    def test():
        async def run():
            async with Talk(Connections(Limits(receive=0.5, connections=5, peer=3))) as opened:
                await asyncio.wait_for(function(opened), 20)

        asyncio.run(run())

    test.__name__ = function.__name__
    return test


GET = "GET {} HTTP/1.1\r\nhost: here\r\n\r\n"
POST = "POST {} HTTP/1.1\r\nhost: here\r\n{}\r\n\r\n{}"


@talk
async def test_requests_sent_at_once_are_answered_in_their_order(opened):
    paths = [f"/{n}" for n in range(MOST_AHEAD)]
    opened.writer.write("".join(map(GET.format, paths)).encode())
    assert [await opened.answer() for _ in paths] == [(200, f"{path} 0") for path in paths]
    opened.writer.write(GET.format("/again").encode())
    assert await opened.answer() == (200, "/again 0")


@talk
async def test_more_requests_at_once_than_that_are_refused(opened):
    opened.writer.write(GET.format("/").encode() * (MOST_AHEAD + 1))
    assert await opened.reader.read() == b""  # some are being answered


@talk
async def test_the_rest_of_a_request_that_came_with_another_has_its_time(opened):
    opened.writer.write((GET.format("/1") + GET.format("/2")[:20]).encode())
    assert await opened.answer() == (200, "/1 0")
    await asyncio.sleep(0.2)
    opened.writer.write(GET.format("/2")[20:].encode())
    assert await opened.answer() == (200, "/2 0")
    opened.writer.write(GET.format("/3")[:20].encode())
    assert await opened.error() == (408, "no request within 0.5 s")


@talk
async def test_a_body_may_come_in_pieces_and_be_waited_for(opened):
    opened.writer.write(POST.format("/", "transfer-encoding: chunked", "5\r\nhel").encode())
    await asyncio.sleep(0.1)
    opened.writer.write(b"lo\r\n1;name=value\r\n!\r\n0\r\ntrailer: x\r\n\r\n")
    assert await opened.answer() == (200, "/ 6")
    opened.writer.write(POST.format("/", "content-length: 4\r\nexpect: 100-continue", "").encode())
    assert await opened.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    opened.writer.write(b"body")
    assert await opened.answer() == (200, "/ 4")
    opened.writer.write(POST.format("/", "content-length: 9", "body").encode())
    assert await opened.error() == (408, "no request within 0.5 s")


@talk
async def test_a_request_to_change_the_protocol_is_answered_in_this_one(opened):
    upgrade = "connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 4"
    both = "".join(POST.format(path, upgrade, "body") for path in ("/1", "/2"))
    for cut in (len(both), both.index("pgrade"), both.index("h2c"), both.index("body") + 1, 3):
        opened.writer.write(both[:cut].encode())
        await asyncio.sleep(0.02)
        opened.writer.write(both[cut:].encode())
        assert [await opened.answer() for _ in range(2)] == [(200, "/1 4"), (200, "/2 4")]
    opened.writer.write(both.replace("HTTP/1.1", "HTTP/1.0").encode())
    assert await opened.answer() == (200, "/1 4")
    assert await opened.reader.read() == b""  # as HTTP/1.0 has it


@talk
async def test_who_is_answered_early_has_to_end_its_request_too(opened):
    opened.writer.write(POST.format("/early", "content-length: 9", "body").encode())
    assert await opened.answer() == (200, "/early 0")
    opened.writer.write(b" and " + GET.format("/next").encode())
    assert await opened.answer() == (200, "/next 0")
    opened.writer.write(POST.format("/early", "content-length: 9", "body").encode())
    assert await opened.answer() == (200, "/early 0")
    opened.writer.write(b" ")
    assert await opened.reader.read() == b""  # without another answer
    assert not opened.made[0].transport.get_write_buffer_size()


LONG = "x" * (MOST_HEADERS + 1)
CHUNKED = POST.format("/", "transfer-encoding: chunked", "")


@pytest.mark.parametrize(
    ("sent", "status", "error"),
    [
        ("nonsense\r\n\r\n", 400, "Malformed request: it is not HTTP"),
        ("\x16\x03\x01\x02\0", 400, "Malformed request: it is not HTTP"),
        (GET.format("/\x01"), 400, "Malformed request: it is not HTTP"),
        (POST.format("/", "content-length: 4\r\ncontent-length: 5", "body"), 400, "Malformed"),
        (POST.format("/", "content-length: 4\r\ntransfer-encoding: chunked", ""), 400, "Malformed"),
        (POST.format("/", "content-length: -1", ""), 400, "Malformed"),
        ("CONNECT there:443 HTTP/1.1\r\n\r\n", 400, "Malformed request: this is no proxy"),
        (f"GET /{LONG}", 431, f"headers of over {MOST_HEADERS} bytes"),
        (f"GET / HTTP/1.1\r\na: {LONG}", 431, "headers of over"),
        (CHUNKED + f"1;|{LONG}", 431, "headers of over"),
        (CHUNKED + f"0\r\na: |{LONG}", 431, "headers of over"),
    ],
    ids=lambda value: str(value)[:16],
)
def test_what_is_malformed_or_endless_is_refused(sent, status, error):
    @talk
    async def test(opened):
        for part in sent.split("|"):
            opened.writer.write(part.encode("latin-1"))
            await asyncio.sleep(0.05)
        found = await opened.error()
        assert found[0] == status and found[1].startswith(error)

    test()


@talk
async def test_a_request_that_is_not_read_yet_when_an_idle_connection_is_up_is_answered(opened):
    """As it is for a server that is late itself."""
    (connection,) = opened.made
    opened.writer.write(GET.format("/1").encode())
    assert await opened.answer() == (200, "/1 0")
    opened.writer.write(GET.format("/2").encode())  # is sent at once, and read when this waits
    assert connection.unread
    connection.timeout_keep_alive_handler()
    assert await opened.answer() == (200, "/2 0")
    assert not connection.unread
    connection.timeout_keep_alive_handler()
    assert await opened.reader.read() == b""
