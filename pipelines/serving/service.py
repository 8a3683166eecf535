"""What both protocols do with a request: the version that it asks for, its results, its count."""

import asyncio
import contextlib
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from ..errors import InputError, NoAlternatives
from ..tagger.names import NOT_FINITE
from .admission import Busy, Job, Queue
from .batching import Worker
from .contract import FAULTS
from .failures import Code, Failure
from .limits import Limits
from .metrics import Metrics
from .models import Models
from .rows import Predict
from .versions import Loaded, Version

log = logging.getLogger(__name__)


class Kind(NamedTuple):
    """What has to be done with rows: those of one version that want the same go together.

    Attributes:
        model: The model's name.
        call: What does it.
        signature: The signature.
        alternatives: Whether they want alternatives.
    """

    model: str
    call: Callable[[str, Sequence[Any], bool], Sequence[Any]]
    signature: str
    alternatives: bool


class Client(Protocol):
    """Where a request comes from.

    Attributes:
        lost: Whether nobody is there any more.
        when_lost: Is called then, in the event loop.
    """

    lost: bool
    when_lost: Callable[[], None] | None


class Wakeups:
    """Wakes those who wait in an event loop from another thread, together where it can."""

    def __init__(self) -> None:
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._called = False

    def wake(self, waiter: "asyncio.Future[None]") -> None:
        """Ends the wait; may be called in any thread."""
        self._waiters.append(waiter)
        if not self._called:
            self._called = True
            with contextlib.suppress(RuntimeError):  # the loop is closed
                waiter.get_loop().call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._called = False  # before it looks: what comes from here on calls once more
        while self._waiters:
            end(self._waiters.popleft())


def end(waiter: "asyncio.Future[None]") -> None:
    """Ends a wait, in the event loop."""
    if not waiter.done():
        waiter.set_result(None)


class Service:
    """The models of a server behind one queue.

    Args:
        models: The models.
        queue: Where rows wait.
        metrics: What counts.

    Attributes:
        worker: Gives the rows to the models, once it is started.
        serving: Whether clients have been told where it is.
        draining: Whether the server ends.
    """

    def __init__(self, models: Models, queue: Queue, metrics: Metrics) -> None:
        self.models = models
        self.queue = queue
        self.metrics = metrics
        self.worker = Worker(queue, self.run)
        self.serving = False
        self.draining = False
        self._peers: Counter[str] = Counter()
        self._wakeups = Wakeups()
        self._last: Client | None = None  # who asked last

    @property
    def limits(self) -> Limits:
        return self.queue.limits

    def run(self, kind: Any, rows: Sequence[Any]) -> Sequence[Any]:
        """The model of the worker: rows of one kind in, the outputs of each out."""
        began = time.perf_counter()
        try:
            return kind.call(kind.signature, rows, kind.alternatives)
        finally:
            self.metrics.ran(kind.model, time.perf_counter() - began)

    def forget(self, loaded: Loaded) -> None:
        """Drops what is kept of a version that is gone."""
        self.queue.forget(lambda kind: kind.call is loaded.call)

    @contextlib.contextmanager
    def counted(self, model: str, api: str, entry: str) -> Iterator[None]:
        """Counts a request; what goes wrong with it leaves as a `Failure`."""
        began, code = time.perf_counter(), Code.OK
        try:
            yield
        except Exception as error:
            failure = _failure(error)
            code = failure.code
            raise failure from None
        except BaseException:  # the client of a call of gRPC is gone
            code = Code.CANCELLED
            raise
        finally:
            known = model if model in self.models.names else ""
            self.metrics.request(known, api, entry, code, time.perf_counter() - began)

    async def results(
        self,
        name: str,
        version: Version,
        asked: Predict,
        client: Client | None = None,
        seconds: float | None = None,
    ) -> list[Any]:
        """The results of a request; it is given up when its time is over or its client is gone.

        Args:
            name: The model's name.
            version: Its version, which is held meanwhile.
            asked: The request.
            client: Who may hang up meanwhile.
            seconds: The client's own deadline.

        Raises:
            Failure: There are none.
        """
        assert version.loaded
        kind = Kind(name, version.loaded.call, asked.signature, bool(asked.alternatives))
        # Who asks again when nobody else has asked meanwhile is alone: it gets its answer here, in
        # the event loop. Of several, one would be in the way of the others, each in turn.
        again, self._last = client is not None and client is self._last, client
        if again and (batch := self.queue.alone(kind, asked.rows)):
            self.worker.do(batch)
            return batch.rows[0].job.future.result()
        return await self._wait(self.queue.submit(kind, asked.rows, seconds), client)

    async def _wait(self, job: Job, client: Client | None) -> list[Any]:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(job.deadline - self.queue.clock(), end, waiter)
        job.future.add_done_callback(lambda _: self._wakeups.wake(waiter))
        if client is not None:
            client.when_lost = lambda: end(waiter)
        try:
            if client is None or not client.lost:
                await waiter
            if job.future.done():
                return job.future.result()
            if client is not None and client.lost:
                raise FAULTS["gone"]()
            raise self.queue.late()
        finally:
            timer.cancel()
            if client is not None:
                client.when_lost = None
            if not job.future.done():
                self.queue.cancel(job)

    @contextlib.contextmanager
    def bounded(self, peer: str) -> Iterator[None]:
        """Counts the requests of an address that are under way.

        Raises:
            Busy: There are too many.
        """
        if self._peers[peer] >= self.limits.peer:
            raise Busy(FAULTS["peer"], 1)
        self._peers[peer] += 1
        try:
            yield
        finally:
            self._peers[peer] -= 1
            if not self._peers[peer]:
                del self._peers[peer]

    def check_ready(self) -> None:
        """Whether requests of all models are answered.

        Raises:
            Failure: They are not.
        """
        if self.draining:
            raise FAULTS["not ready"](1, reason="the server is shutting down")
        if missing := self.models.missing:
            raise FAULTS["not ready"](1, reason=f"no version of {', '.join(missing)}")


def _failure(error: Exception) -> Failure:
    """What a client is told of an error."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, NoAlternatives):
        return FAULTS["no alternatives"]()
    if isinstance(error, InputError) and NOT_FINITE in str(error):
        return FAULTS["not finite"]()
    log.error("the model failed", exc_info=error)
    return FAULTS["failed"]()
