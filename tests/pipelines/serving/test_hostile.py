"""A started server and clients that are mute, slow, gone, too many, or still there at its end."""

import contextlib
import http.client
import json
import signal
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.ci  # a server in a process of its own

RECEIVE = 2.0  # seconds
OPTIONS = {"--receive": RECEIVE, "--idle": 2, "--connections": 60, "--peer": 40, "--deadline": 5}
ASK = json.dumps({"instances": [["Peter", "works", "in", "Oslo"]]}).encode()
STATUS, PREDICT = "/v1/models/tagger", "/v1/models/tagger:predict"


class Server:
    """A `lstm-variants serve` of its own process."""

    def __init__(self, start, model, **options):
        words = [str(word) for pair in {**OPTIONS, **options}.items() for word in pair]
        self.process = start("serve", model, "--port", 0, *words)
        line = self.process.stdout.readline()
        assert " at " in line, self.process.communicate()
        self.address = urlsplit(line.split()[-1]).netloc

        self.open = []

    def connect(self):
        host, port = self.address.split(":")
        self.open.append(socket.create_connection((host, int(port)), timeout=30))
        return self.open[-1]

    def keep(self):
        """A connection of a client that keeps it."""
        self.open.append(http.client.HTTPConnection(self.address, timeout=30))
        return self.open[-1]

    def raw(self, *parts):
        """A connection to which these bytes were sent."""
        connection = self.connect()
        connection.sendall(b"".join(parts))
        return connection

    def ask(self, connection=None, method="POST", path=PREDICT, body=ASK):
        """Status, headers and JSON of an answer."""
        if connection is None:
            with contextlib.closing(http.client.HTTPConnection(self.address, timeout=30)) as new:
                return self.ask(new, method, path, body)
        connection.request(method, path, body if method == "POST" else None)
        answer = connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read())

    def probe(self):
        return self.ask(method="GET", path=STATUS)[0]


def headers(length):
    return f"POST {PREDICT} HTTP/1.1\r\nhost: here\r\ncontent-length: {length}\r\n\r\n".encode()


def rest(connection):
    """All that the server still says, until it closes."""
    with contextlib.suppress(ConnectionResetError):
        found = b""
        while part := connection.recv(65536):
            found += part
        return found
    return None


@pytest.fixture(scope="module")
def started(start_for_module, exported):
    return Server(start_for_module, exported)


@pytest.fixture
def server(started):
    yield started
    for connection in started.open:
        connection.close()
    started.open.clear()


def test_mute_and_trickling_clients_are_cut_off_while_others_are_answered(server):
    began = time.monotonic()
    mute, half = server.connect(), server.raw(b"POST /v1/models/tagger:pre")
    trickle = server.raw(headers(1000), b"{")

    def drip():
        with contextlib.suppress(OSError):
            while time.monotonic() < began + 20:
                trickle.sendall(b" ")
                time.sleep(0.1)

    thread = threading.Thread(target=drip)
    thread.start()
    assert server.ask()[0] == 200 and server.probe() == 200
    assert time.monotonic() - began < RECEIVE, "the machine is too slow for this test"
    assert not rest(mute)
    for connection in (half, trickle):
        found = rest(connection)
        assert found is None or (b" 408 " in found and b'{"error": "no request within' in found)
    thread.join()
    assert RECEIVE * 0.9 < time.monotonic() - began < 15


def test_more_connections_than_one_address_may_have_close_the_one_that_waits_longest(server):
    mute = [server.connect() for _ in range(OPTIONS["--peer"])]
    assert server.probe() == 200  # let in at once, before the others are late
    mute[0].settimeout(RECEIVE / 2)
    assert not rest(mute[0])
    mute[-1].setblocking(False)
    with pytest.raises(BlockingIOError):
        mute[-1].recv(1)


def test_clients_that_hang_up_leave_nothing_in_the_log(server):
    """Stands before what reads the log."""
    for cut in (headers(len(ASK))[:40], headers(len(ASK)), headers(len(ASK)) + ASK[:9],
                headers(len(ASK)) + ASK):  # fmt: skip
        server.raw(cut).close()
    assert server.ask()[0] == 200


def test_what_is_no_http_gets_an_error_in_json(server):
    with server.raw(b"nonsense\r\n\r\n") as connection:
        head, _, body = rest(connection).partition(b"\r\n\r\n")
    assert b" 400 " in head.splitlines()[0] and "error" in json.loads(body)


def test_a_kept_connection_that_is_idle_is_closed(server):
    connection = server.keep()
    assert server.ask(connection)[0] == 200
    began = time.monotonic()
    assert not rest(connection.sock)
    assert time.monotonic() - began > OPTIONS["--idle"] - 1


@pytest.mark.nightly
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_kept_connections_have_their_next_answer(server, start, exported, number):
    """Stands after what needs the server."""
    if number == signal.SIGINT:
        server = Server(start, exported)
    kept = [server.keep() for _ in range(8)]
    for connection in kept:
        status, found, _ = server.ask(connection)
        assert status == 200 and found["connection"] is None
    half = server.raw(headers(len(ASK)), ASK[:9])  # a request that is under way
    assert server.probe() == 200
    server.process.send_signal(number)
    until = time.monotonic() + 10
    with pytest.raises(ConnectionError):  # as soon as the server has seen the signal
        while time.monotonic() < until:
            server.connect().close()
            time.sleep(0.05)
    for connection in kept:
        status, found, answer = server.ask(connection)
        assert (status, found["connection"]) == (200, "close") and answer["predictions"]
    half.sendall(ASK[9:])
    assert b" 200 OK" in rest(half)
    out, err = server.process.communicate(timeout=20)
    assert server.process.returncode == 0
    assert "Traceback" not in err and "rror" not in err
    for connection in server.open:
        connection.close()


@pytest.mark.nightly
def test_work_beyond_the_bounds_is_refused_in_json_and_probes_are_not(start, exported):
    limits = {"--queue": 16, "--deadline": 60, "--connections": 2000, "--peer": 1000}
    server = Server(start, exported, **limits)
    body = json.dumps({"instances": [["a"] * 900] * 20}).encode()
    stopped, codes = threading.Event(), {}

    def hammer():
        while not stopped.is_set():
            status, found, answer = server.ask(body=body)
            codes[status] = codes.get(status, 0) + 1
            if status != 200:
                assert status == 429 and int(found["retry-after"]) >= 1
                assert answer.keys() == {"error"}

    threads = [threading.Thread(target=hammer) for _ in range(6)]
    for thread in threads:
        thread.start()
    probes = [server.probe() for _ in range(40)]
    until = time.monotonic() + 20
    while not {200, 429} <= codes.keys() and time.monotonic() < until:
        probes.append(server.probe())
        time.sleep(0.05)
    stopped.set()
    for thread in threads:
        thread.join()
    assert set(probes) == {200}
    assert codes.keys() == {200, 429}
    assert server.ask()[0] == 200
