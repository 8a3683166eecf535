"""Clients that a server has to bear: mute, trickling, hanging up, greedy, and too many."""

import asyncio
import contextlib
import itertools
import json
import random
import selectors
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from ..serving.rows import MAX_CHARACTERS, MAX_SENTENCES, MAX_TOKENS

PROBES = 0.1  # seconds between two
KEEP = 2.0  # seconds that a client keeps a connection without using it; servers keep it longer
PATIENCE = 60.0  # seconds after which a client says that there was no answer
NONE = 0  # in place of a status: no answer, or a connection that was cut
SENTENCES, LENGTH = 8, 20  # of a request, in load


class Address(NamedTuple):
    """Where a server listens, and the paths of a model."""

    host: str
    port: int
    predict: str

    @property
    def status(self) -> str:
        return self.predict.removesuffix(":predict")


class Answer(NamedTuple):
    """What a client got.

    Attributes:
        status: The status; NONE for no answer.
        seconds: From the request to the answer's last byte.
        honest: Whether a refusal says in JSON why, and when to come again.
        kept: Whether the server keeps the connection.
    """

    status: int
    seconds: float
    honest: bool = True
    kept: bool = True


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(address: Address) -> Stream:
    return await asyncio.open_connection(address.host, address.port)


def request(address: Address, body: bytes | None) -> bytes:
    """The bytes of a request; without a body, those of a probe."""
    line = f"GET {address.status}" if body is None else f"POST {address.predict}"
    length = "" if body is None else f"content-length: {len(body)}\r\n"
    return f"{line} HTTP/1.1\r\nhost: {address.host}\r\n{length}\r\n".encode() + (body or b"")


async def ask(address: Address, body: bytes | None, stream: Stream | None = None) -> Answer:
    """Asks through a connection, or through a new one that is closed again."""
    began = time.perf_counter()
    opened = stream is None
    try:
        async with asyncio.timeout(PATIENCE):
            stream = stream or await connect(address)
            stream[1].write(request(address, body))
            head = (await stream[0].readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.lower().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines if line)
            content = await stream[0].readexactly(int(headers["content-length"]))
    except (OSError, EOFError, TimeoutError):
        return Answer(NONE, time.perf_counter() - began, False, False)
    finally:
        if opened and stream:
            stream[1].close()
    status = int(first.split()[1])
    honest = status == 200 or "error" in json.loads(content)
    if status in (429, 503):
        honest = honest and int(headers.get("retry-after", 0)) >= 1
    kept = headers.get("connection") != "close"
    return Answer(status, time.perf_counter() - began, honest, kept)


async def probing(address: Address, found: list[Answer]) -> None:
    """Asks for the status again and again, as an orchestrator does, until it is cancelled."""
    while True:
        found.append(await ask(address, None))
        await asyncio.sleep(PROBES)


async def lateness(found: list[float]) -> None:
    """Adds by how many seconds these clients are late themselves, until it is cancelled."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(PROBES)
        found.append(time.perf_counter() - began - PROBES)


def sentences(count: int, length: int) -> bytes:
    words = [f"word{n}" for n in range(length)]
    return json.dumps({"instances": [words] * count}).encode()


async def mute(address: Address, count: int) -> list[Answer]:
    """Connections that say nothing; an answer stands for each that the server did not close."""

    async def one() -> list[Answer]:
        reader, writer = await connect(address)
        try:
            async with asyncio.timeout(PATIENCE):
                await reader.read()
            return []
        except TimeoutError:
            return [Answer(NONE, PATIENCE, False)]
        except OSError:
            return []
        finally:
            writer.close()

    return [answer for answers in await _all(one() for _ in range(count)) for answer in answers]


async def trickle(address: Address, count: int) -> list[Answer]:
    """Requests that come a byte at a time, some in the headers and some in the body."""

    async def one(number: int) -> list[Answer]:
        data = request(address, sentences(1, LENGTH))
        start = data.index(b"\r\n\r\n") + 4 if number % 2 else 0
        began = time.perf_counter()
        reader, writer = await connect(address)
        writer.write(data[:start])
        with contextlib.suppress(OSError):
            for place in itertools.count(start):
                if reader.at_eof() or time.perf_counter() > began + PATIENCE:
                    break
                writer.write(data[place : place + 1] or b" ")
                with contextlib.suppress(TimeoutError):  # reads what comes, to see the end
                    await asyncio.wait_for(reader.read(4096), 0.2)
        writer.close()
        late = time.perf_counter() - began
        return [Answer(NONE, late, False)] if late > PATIENCE else []

    return [a for answers in await _all(one(n) for n in range(count)) for a in answers]


async def hang_up(address: Address, count: int) -> list[Answer]:
    """Clients that are gone before, within and after their request."""

    async def one(number: int) -> None:
        data = request(address, sentences(SENTENCES, LENGTH))
        _, writer = await connect(address)
        writer.write(data[: random.Random(number).choice([9, 60, len(data) - 5, len(data)])])
        with contextlib.suppress(OSError):
            await writer.drain()
        await asyncio.sleep(0.001 * (number % 5))
        writer.transport.abort()

    await _all(one(n) for n in range(count))
    return []


async def greedy(address: Address, longest: int, rounds: int) -> list[Answer]:
    """The largest requests that are legal, all at once, and ordinary ones among them."""
    texts = {
        "signature_name": "text",
        "instances": ["It rained in Oslo. " * (MAX_CHARACTERS // 19)],
    }
    bodies = [
        sentences(MAX_TOKENS // longest, longest),
        sentences(1, longest),
        sentences(MAX_SENTENCES, MAX_TOKENS // MAX_SENTENCES),
        json.dumps(texts).encode(),
        sentences(1, LENGTH),
    ]
    return await _all(ask(address, body) for body in bodies * rounds)


async def closed_loop(
    address: Address, clients: int, seconds: float, body: bytes | None = None
) -> list[Answer]:
    """Clients of which each asks as soon as it has its answer, through one connection.

    Args:
        address: The server.
        clients: How many.
        seconds: After which none asks any more.
        body: What each asks; the sentences of a load by default.
    """
    body = sentences(SENTENCES, LENGTH) if body is None else body
    until = time.perf_counter() + seconds

    async def one() -> list[Answer]:
        stream, found = await connect(address), []
        while time.perf_counter() < until:
            found.append(await ask(address, body, stream))
            if not found[-1].kept:
                stream[1].close()
                stream = await connect(address)
        stream[1].close()
        return found

    return [answer for answers in await _all(one() for _ in range(clients)) for answer in answers]


async def open_loop(address: Address, rate: float, seconds: float) -> list[Answer]:
    """Requests that come so many a second, whether others have been answered or not."""
    body, began = sentences(SENTENCES, LENGTH), time.perf_counter()
    free: list[tuple[float, Stream]] = []  # since when

    async def one() -> Answer:
        # The server does not keep idle ones for ever, and may close one as it is used again.
        while free and free[0][0] < time.perf_counter() - KEEP:
            free.pop(0)[1][1].close()
        stream = None
        while free and stream is None:
            stream = in_use(free.pop()[1])
        stream = stream or await connect(address)
        answer = await ask(address, body, stream)
        if answer.kept:
            free.append((time.perf_counter(), stream))
        else:
            stream[1].close()
        return answer

    tasks = []
    for number in range(int(rate * seconds)):
        if (wait := began + number / rate - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one()))
        if number % 100 == 0:
            await asyncio.sleep(0)  # where the client is too slow, its answers have their turn
    found = await _all(tasks)
    for _, (_, writer) in free:
        writer.close()
    return found


async def kept(address: Address, count: int, end: Callable[[], None]) -> list[Answer]:
    """Connections that are used once more after `end` has told the server to end."""
    streams = [await connect(address) for _ in range(count)]
    body = sentences(1, LENGTH)
    before = await _all(ask(address, body, stream) for stream in streams)
    end()
    await asyncio.sleep(0.5)
    after = await _all(ask(address, body, stream) for stream in streams)
    for _, writer in streams:
        writer.close()
    return [*before, *(a._replace(honest=a.honest and not a.kept) for a in after)]


def in_use(stream: Stream) -> Stream | None:
    """A connection that is to be used again; None, and closed, if the server has closed it.

    What has come may not have been seen yet by a client that is as busy as these.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(stream[1].get_extra_info("socket"), selectors.EVENT_READ)
        if not selector.select(0) and not stream[0].at_eof():
            return stream
    stream[1].close()
    return None


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


async def _all(work: Any) -> list[Any]:
    return list(await asyncio.gather(*work))


Clients = Callable[[], Awaitable[list[Answer]]]
