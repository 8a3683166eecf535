"""Connections of clients that are slow, mute, gone or too many; and the end of a server.

uvicorn has no deadline for what it receives and sends, and its bound on connections counts those
of clients that say nothing. Here a connection either waits for its client or for our answer. Those
that wait for their client have a deadline and are bounded: one more closes the one that has waited
longest, so that a new client always gets in. One whose client has sent what we have not read yet
waits for us: under load it would else be closed for our own slowness. Those that wait for an answer
are bounded by the queue of the model.
"""

import asyncio
import contextlib
import itertools
import json
import selectors
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from types import FrameType
from typing import Any

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .limits import Limits

CANDIDATES = 32  # of those that have waited longest, to be looked at when one has to be closed
# Bytes of the headers, of those of what follows a body, and of what stands between its parts.
MOST_HEADERS = 1 << 16
MOST_AHEAD = 32  # requests that a client may send before it has the answer to the first of them


class Connections:
    """All open connections of a server.

    Attributes:
        limits: The bounds.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._peers: Counter[str] = Counter()
        self._waiting: dict[Connection, None] = {}  # for their client, the longest first

    def protocol(self) -> type[HttpToolsProtocol]:
        """The class of these connections, as uvicorn makes them."""
        return type("ServedConnection", (Connection,), {"all": self})

    def opened(self, connection: "Connection") -> None:
        self._peers[connection.peer] += 1
        self.waits(connection)
        others = [other for other in self._waiting if other is not connection]
        same = [other for other in others if other.peer == connection.peer]
        open_ = self._peers[connection.peer]
        connection.spare = open_ - len(same) > self.limits.peer
        if open_ > self.limits.peer and same:
            self._close_one(same)
        elif len(self._waiting) > self.limits.connections:
            self._close_one(others)

    def closed(self, connection: "Connection") -> None:
        self.works(connection)
        self._peers[connection.peer] -= 1
        if not self._peers[connection.peer]:
            del self._peers[connection.peer]

    def waits(self, connection: "Connection") -> None:
        """It waits for its client from now on, if it did not before."""
        self._waiting.setdefault(connection)

    def works(self, connection: "Connection") -> None:
        """Its client waits for us."""
        self._waiting.pop(connection, None)

    def _close_one(self, waiting: Iterable["Connection"]) -> None:
        """Closes the first of these; none if their clients have all sent something just now."""
        for connection in itertools.islice(waiting, CANDIDATES):
            if not connection.unread:
                del self._waiting[connection]
                connection.abort()
                return


class Together:
    """A transport that sends what is written at once in one piece: uvicorn writes piece by piece.

    Args:
        transport: The transport.
        loop: Its event loop.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if data:
            if not self._pieces:
                self._loop.call_soon(self._flush)
            self._pieces.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        self._pieces.clear()
        self._transport.abort()

    def get_write_buffer_size(self) -> int:
        self._flush()
        return self._transport.get_write_buffer_size()

    def _flush(self) -> None:
        if self._pieces:
            self._transport.write(b"".join(self._pieces))
            self._pieces.clear()


class Connection(HttpToolsProtocol):
    """uvicorn's connection with deadlines and bounds for the client.

    Attributes:
        all: All connections of the server.
        peer: The address of the client.
        spare: Whether its address has all the connections that it may have at work: it is there for
            probes, and other requests are refused.
        lost: Whether it is closed.
        when_lost: Is called then.
    """

    all: Connections
    peer = ""
    spare = False
    lost = False
    when_lost: Callable[[], None] | None = None
    _timer: asyncio.TimerHandle | None = None
    _begun = _read = _answered = 0  # requests: their first byte, their last, and ours
    _bytes = 0  # that came since headers, a part of a body or a request ended
    _fault = "it is not HTTP"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.app_state = {**self.app_state, "connection": self}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Together(transport, self.loop))  # type: ignore[arg-type]
        self.peer = self.client[0] if self.client else ""
        self.all.opened(self)
        self._start()

    def data_received(self, data: bytes) -> None:
        self._bytes += len(data)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST, f"Malformed request: {self._fault}")
        if self._bytes > MOST_HEADERS:
            self._refuse(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"headers of over {MOST_HEADERS} bytes"
            )
        self._look()
        if self._receiving and self._timer is None:
            self._start()

    def _parse(self, data: bytes) -> None:
        """Takes what came; a request to change the protocol is read as if it were none.

        The parser leaves what follows the headers of such a request to the other protocol.
        """
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            version = self.parser.get_http_version().encode()
            head = [self.parser.get_method(), b" ", self.url, b" HTTP/", version, b"\r\n"]
            for name, value in self.headers:
                if name != b"upgrade":
                    head += [name, b": ", value, b"\r\n"]
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
            self._begun -= 1
            self._parse(b"".join([*head, b"\r\n", data[upgrade.args[0] :]]))

    def on_message_begin(self) -> None:
        self._begun += 1
        if self._begun - self._answered > MOST_AHEAD:
            self._fault = f"over {MOST_AHEAD} requests at once on one connection"
            raise ValueError(self._fault)  # the parser says that the request is malformed
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._bytes = 0
        if self.parser.get_method() == b"CONNECT":
            self._fault = "this is no proxy"
            raise ValueError(self._fault)
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._bytes = 0
        if not self.parser.should_upgrade():
            self._read += 1
            super().on_message_complete()

    def on_response_complete(self) -> None:
        self._answered += 1
        super().on_response_complete()
        self._look()
        self._watch_sending()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop()
        self.all.closed(self)
        self.lost = True
        if self.when_lost is not None:
            self.when_lost()

    def timeout_keep_alive_handler(self) -> None:
        """Closes, as nothing came for a while; unless that has come and is only to be read."""
        if not self.unread:
            super().timeout_keep_alive_handler()

    def shutdown(self) -> None:
        """Stays: the next request of a kept connection is answered, with `connection: close`."""

    @property
    def unread(self) -> bool:
        """Whether its client has sent something that we have not read, or has closed it."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.transport.get_extra_info("socket"), selectors.EVENT_READ)
            return bool(selector.select(0))

    def abort(self) -> None:
        """Closes without waiting for anything."""
        self.transport.abort()

    @property
    def _receiving(self) -> bool:
        """Whether its client has to send something; it may have an answer before it has done so."""
        return self._read <= self._answered

    def _look(self) -> None:
        """Sees who waits for whom."""
        if self._receiving:
            self.all.waits(self)
        else:
            self._stop()
            self.all.works(self)

    def _start(self) -> None:
        self._timer = self.loop.call_later(self.all.limits.receive, self._too_slow)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self._begun == self._read:  # it said nothing
            self.abort()
        else:
            seconds = self.all.limits.receive
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"no request within {seconds:g} s")

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Answers without the application, if it has not begun to, and closes."""
        asked = self.cycle if self.cycle and not self.cycle.response_complete else None
        begun = self._answered > self._read or (asked and asked.response_started)
        if self.transport.is_closing() or begun or self.pipeline:
            self.abort()
            return
        if asked:  # whatever the application says will not be sent
            asked.disconnected = True
            asked.message_event.set()
        body = json.dumps({"error": message})
        head = [
            f"HTTP/1.1 {status.value} {status.phrase}",
            "content-type: application/json",
            f"content-length: {len(body)}",
            "connection: close",
        ]
        self.transport.write("\r\n".join([*head, "", body]).encode())
        self.transport.close()
        self._watch_sending()

    def _watch_sending(self) -> None:
        """Sees to it that an answer which nobody takes is given up."""
        if self.transport.get_write_buffer_size():
            self.loop.call_later(self.all.limits.receive, self._abort_if_unsent)

    def _abort_if_unsent(self) -> None:
        if self.transport.get_write_buffer_size():
            self.abort()


class Server(uvicorn.Server):
    """uvicorn's server, which a signal ends with exit status 0 after all answers have been given.

    Args:
        config: Its configuration.
        draining: Called at the signal.
    """

    def __init__(self, config: uvicorn.Config, draining: Callable[[], None]) -> None:
        super().__init__(config)
        self._draining = draining

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:  # type: ignore[override]
        """As uvicorn's, but does not raise the signal again when all is done."""
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._draining()
        super().handle_exit(sig, frame)
