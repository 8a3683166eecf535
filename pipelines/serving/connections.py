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

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .limits import Limits

CANDIDATES = 32  # of those that have waited longest, to be looked at when one has to be closed


class Connections:
    """All open connections of a server.

    Attributes:
        limits: The bounds.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._peers: Counter[str] = Counter()
        self._waiting: dict[Connection, None] = {}  # for their client, the longest first

    def protocol(self) -> type[H11Protocol]:
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


class Connection(H11Protocol):
    """uvicorn's connection with deadlines for the client.

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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.app_state = {**self.app_state, "connection": self}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Together(transport, self.loop))  # type: ignore[arg-type]
        self.peer = self.client[0] if self.client else ""
        self.all.opened(self)
        self._start()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()
        if self._receiving and self._timer is None:
            self._start()

    def on_response_complete(self) -> None:
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

    def send_400_response(self, msg: str) -> None:
        self._refuse(HTTPStatus.BAD_REQUEST, f"Malformed request: {msg}")

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
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY)

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
        if self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]:  # it said nothing
            self.abort()
        else:
            seconds = self.all.limits.receive
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"no request within {seconds:g} s")

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Answers without the application, if it has not begun to, and closes."""
        if self.transport.is_closing() or self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.abort()
            return
        body = json.dumps({"error": message}).encode()
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "connection": "close",
        }
        for event in (
            h11.Response(
                status_code=status, headers=list(headers.items()), reason=status.phrase.encode()
            ),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
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
