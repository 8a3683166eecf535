"""What both protocols do with a request: the version that it asks for, its results, its count."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..errors import InputError, NoAlternatives
from ..tagger.names import NOT_FINITE
from .admission import Busy, Job, Queue
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


class Service:
    """The models of a server behind one queue.

    Args:
        models: The models.
        queue: Where rows wait.
        metrics: What counts.

    Attributes:
        serving: Whether clients have been told where it is.
        draining: Whether the server ends.
    """

    def __init__(self, models: Models, queue: Queue, metrics: Metrics) -> None:
        self.models = models
        self.queue = queue
        self.metrics = metrics
        self.serving = False
        self.draining = False
        self._peers: Counter[str] = Counter()

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

    @contextmanager
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
        gone: Callable[[], Coroutine[Any, Any, None]] | None = None,
        seconds: float | None = None,
    ) -> list[Any]:
        """The results of a request; it is given up when its time is over or its client is gone.

        Args:
            name: The model's name.
            version: Its version, which is held meanwhile.
            asked: The request.
            gone: Is waited for: returns when the client hangs up.
            seconds: The client's own deadline.

        Raises:
            Failure: There are none.
        """
        assert version.loaded
        kind = Kind(name, version.loaded.call, asked.signature, bool(asked.alternatives))
        job = self.queue.submit(kind, asked.rows, seconds)
        return await self._wait(job, gone)

    async def _wait(
        self, job: Job, gone: Callable[[], Coroutine[Any, Any, None]] | None
    ) -> list[Any]:
        answered: asyncio.Future[Any] = asyncio.wrap_future(job.future)
        left = job.deadline - self.queue.clock()
        hung_up = None if gone is None else asyncio.ensure_future(gone())
        waited = {answered} if hung_up is None else {answered, hung_up}
        try:
            await asyncio.wait(waited, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if answered.done():
                return answered.result()
            if hung_up is not None and hung_up.done():
                raise FAULTS["gone"]()
            raise self.queue.late()
        finally:
            if hung_up is not None:
                hung_up.cancel()
            if not answered.done():
                self.queue.cancel(job)

    @contextmanager
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
        log.warning("%s", error)
        return FAULTS["no alternatives"]()
    if isinstance(error, InputError) and NOT_FINITE in str(error):
        return FAULTS["not finite"]()
    log.error("the model failed", exc_info=error)
    return FAULTS["failed"]()
