"""Which connection is closed, and which is not."""

import asyncio

import pytest
import uvicorn
from uvicorn.server import ServerState

from pipelines.serving.connections import Connections, Together
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


def test_a_request_that_is_not_read_yet_when_the_time_of_an_idle_connection_is_up_is_answered(all):
    """As it is for a server that is late itself."""
    ask = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def run():
        loop, made = asyncio.get_running_loop(), []
        config = uvicorn.Config(application, http=all.protocol(), lifespan="off", log_config=None)
        config.load()

        def protocol():
            made.append(config.http_protocol_class(config, ServerState(), {}))
            return made[-1]

        async with await loop.create_server(protocol, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(ask)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
            writer.write(ask)  # is sent at once, and read when this waits
            assert made[0].unread
            made[0].timeout_keep_alive_handler()
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
            assert not made[0].unread
            made[0].timeout_keep_alive_handler()
            assert await reader.read() == b""
            writer.close()

    asyncio.run(run())
