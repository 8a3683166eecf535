"""What may wait for the model, for how long, and in which order; no HTTP and no TensorFlow.

A job is what one request asks for: rows, each a sentence or a text, that the model can take
together with the rows of others. Rows of like length wait in one lane, so that little of a batch
is padding. The lane that has had the least of the model's time so far is next: long sentences get
their lane's share of it and no more, however many there are.

A job is refused when too much waits already, or when by the measured pace of its lane it would
wait for too large a part of its deadline. A job that is late or given up is not begun.
"""

import contextlib
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, InvalidStateError
from typing import Any, NamedTuple

from .contract import FAULTS
from .failures import Failure
from .limits import Limits

SHORTEST = 16  # steps: shorter rows are not told apart
BATCH_ROWS = 64
BATCH_STEPS = 4096  # of all rows of a batch, padding included
SHORT = 0.005  # seconds: what takes no longer may be done by who asks, while all else waits
PATIENCE = 0.25  # of the deadline: the longest expected wait of a job that is admitted
GATHER = 0.25  # of the time that a batch took: the longest wait for more rows after it
NEW = 0.1  # the weight of the last batch in the pace of its lane


class Refused(Failure):
    """A job that is not done for lack of time or room; nothing is wrong with it."""


class Busy(Refused):
    """Too much waits already."""


class Late(Refused):
    """The deadline passed before the answer was there."""


class Closed(Refused):
    """No more work is taken."""


class Row(NamedTuple):
    """A part of a job that the model can take by itself.

    Attributes:
        value: What the model takes.
        steps: About how many time steps it takes, padding excluded.
    """

    value: Any
    steps: int


class Job:
    """What one request asks for.

    Attributes:
        kind: What has to be done with its rows; only rows of a kind go together.
        deadline: When the answer is too late, by the queue's clock.
        future: The results of all rows, in order, or the first error.
    """

    def __init__(self, kind: Hashable, rows: Sequence[Row], deadline: float) -> None:
        self.kind = kind
        self.rows = rows
        self.deadline = deadline
        self.future: Future[list[Any]] = Future()
        self._results: list[Any] = [None] * len(rows)
        self._missing = len(rows)

    def finish(self, number: int, result: Any) -> None:
        """Takes the result of a row; an exception is that of the whole job."""
        if isinstance(result, BaseException):
            self.fail(result)
            return
        self._results[number] = result
        self._missing -= 1
        if not self._missing:
            with contextlib.suppress(InvalidStateError):  # it was given up
                self.future.set_result(self._results)

    def fail(self, error: BaseException) -> None:
        with contextlib.suppress(InvalidStateError):
            self.future.set_exception(error)


class Waiting(NamedTuple):
    """A row of a job in a lane."""

    job: Job
    number: int

    @property
    def value(self) -> Any:
        return self.job.rows[self.number].value


class Lane:
    """Rows of one kind and of like length, first come, first served.

    Attributes:
        steps: What the longest row that may wait in it takes; the others are padded, more or less.
        served: Seconds of the model's time that it has had, or given away by being empty.
        pace: Seconds that a batch takes. Begins at 0, as the first ones are slow by themselves.
        expected: Rows that may be there if all whose rows were in the last batch ask again.
        until: The time until which these are waited for.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.rows: deque[Waiting] = deque()
        self.served = 0.0
        self.expected = 0
        self.until = 0.0
        self.pace = 0.0

    @property
    def most(self) -> int:
        """How many rows make a batch."""
        return max(1, min(BATCH_ROWS, BATCH_STEPS // self.steps))

    def wait(self, together: bool) -> float:
        """Seconds of the model's time that its rows will take."""
        if together:
            return math.ceil(len(self.rows) / self.most) * self.pace
        return len({id(row.job) for row in self.rows}) * self.pace


class Batch(NamedTuple):
    """Rows that the model takes together."""

    lane: Lane
    kind: Hashable
    rows: list[Waiting]


class Queue:
    """The jobs that wait. Any thread may submit them; one takes batches of their rows.

    Args:
        limits: Of these, the deadline, what may wait, and whether a batch may have rows of several
            jobs. A job is taken whatever its size if none waits.
        clock: Gives the time in seconds.
    """

    def __init__(
        self,
        limits: Limits = Limits(),  # noqa: B008  a constant
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits
        self.clock = clock
        self._lanes: dict[tuple[Hashable, int], Lane] = {}
        self._steps = 0
        self._begun = 0.0  # what the lane of the last batch had been served before it
        self._changed = threading.Condition()
        self._closed = False
        self._idle = False  # nothing waits, nor is at work

    def submit(self, kind: Hashable, rows: Sequence[Row], seconds: float | None = None) -> Job:
        """Puts a job at the end of its lanes.

        Args:
            kind: What has to be done with the rows.
            rows: The rows.
            seconds: A deadline of its own, which counts if it is before that of all jobs.

        Raises:
            Busy: There is no room, or it would have to wait too long.
            Closed: The queue takes no more.
        """
        with self._changed:
            if self._closed:
                raise Closed(FAULTS["closed"], 1)
            deadline = min(self.limits.deadline, math.inf if seconds is None else seconds)
            lanes = [self._lane(kind, row.steps) for row in rows]
            cost = sum(lane.steps for lane in lanes)
            if self._steps and self._steps + cost > self.limits.queue:
                raise Busy(FAULTS["full"], self._wait(), most=self.limits.queue)
            if (wait := max(map(self._wait, lanes))) > deadline * PATIENCE:
                raise Busy(FAULTS["slow"], wait, seconds=wait)
            job = Job(kind, rows, self.clock() + deadline)
            for number, lane in enumerate(lanes):
                if not lane.rows:  # the time that it did not need while it was empty is gone
                    lane.served = max(lane.served, self._begun)
                lane.rows.append(Waiting(job, number))
            self._steps += cost
            self._changed.notify()
            return job

    def alone(self, kind: Hashable, rows: Sequence[Row]) -> Batch | None:
        """A batch of these rows for who calls to do at once; None if they have to be submitted.

        There is one if nothing else waits or is at work, it is one row, and rows like it have taken
        little time. That saves the ways to another thread and back.
        """
        with self._changed:
            if not self._idle or self._steps or self._closed or len(rows) != 1:
                return None
            lane = self._lane(kind, rows[0].steps)
            if lane.expected > 1 or not 0 < lane.pace <= SHORT:
                return None
            lane.served = self._begun = max(lane.served, self._begun)
            job = Job(kind, rows, self.clock() + self.limits.deadline)
            return Batch(lane, kind, [Waiting(job, 0)])

    def cancel(self, job: Job) -> None:
        """Gives a job up: what of it has not begun will not."""
        job.future.cancel()
        with self._changed:
            self._forget(job)

    def take(self, timeout: float | None = None) -> Batch | None:
        """The next rows, as soon as there are some; None when the queue is closed and empty.

        Jobs whose deadline has passed are answered with `Late`.

        Args:
            timeout: Seconds after which None is returned; None waits.
        """
        with self._changed:
            while True:
                while active := self._active():
                    lane = min(active, key=lambda lane: lane.served)
                    if len(active) == 1 and self.limits.batching:
                        self._gather(lane)
                    if batch := self._batch(lane):
                        self._begun = lane.served
                        return batch
                self._idle = True
                changed = not self._closed and self._changed.wait(timeout)
                self._idle = False
                if not changed:
                    return None

    def done(self, batch: Batch, seconds: float) -> None:
        """Says how long a batch took."""
        with self._changed:
            lane = batch.lane
            lane.served += seconds
            lane.pace += (seconds - lane.pace) * NEW
            lane.expected = min(lane.most, len(lane.rows) + len(batch.rows))
            lane.until = self.clock() + seconds * GATHER

    def late(self) -> Late:
        """The error of a job whose deadline has passed."""
        with self._changed:
            return self._late()

    def close(self) -> None:
        """Takes no more jobs; those that wait are still done."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def forget(self, gone: Callable[[Any], bool]) -> None:
        """Drops what is known of kinds of which no job will come any more: those that are gone."""
        with self._changed:
            for key in [key for key in self._lanes if gone(key[0])]:
                if not self._lanes[key].rows:
                    del self._lanes[key]

    @property
    def waiting(self) -> int:
        """Steps of all rows that wait, each padded to the length of its lane."""
        return self._steps

    def _active(self) -> list[Lane]:
        return [lane for lane in self._lanes.values() if lane.rows]

    def _lane(self, kind: Hashable, steps: int) -> Lane:
        longest = max(SHORTEST, 1 << (steps - 1).bit_length() if steps else 0)
        return self._lanes.setdefault((kind, longest), Lane(longest))

    def _wait(self, lane: Lane | None = None) -> float:
        """Seconds until all that waits in a lane has been done; in all lanes, if none is named."""
        waits = [other.wait(self.limits.batching) for other in self._active()]
        # Meanwhile each other lane gets at most as much time as this one.
        most = math.inf if lane is None else lane.wait(self.limits.batching)
        return sum(min(wait, most) for wait in waits)

    def _late(self) -> Late:
        return Late(FAULTS["late"], self._wait(), seconds=self.limits.deadline)

    def _gather(self, lane: Lane) -> None:
        """Gives clients that have just been answered the time to ask again.

        Else they and those that waited meanwhile would take turns in batches of half the size. One
        client alone never waits for others.
        """
        if len(lane.rows) < lane.expected and (seconds := lane.until - self.clock()) > 0:
            enough = lane.expected
            self._changed.wait_for(lambda: self._closed or len(lane.rows) >= enough, seconds)

    def _batch(self, lane: Lane) -> Batch | None:
        """The next rows of a lane; None if all that it had were late."""
        rows: list[Waiting] = []
        while lane.rows and len(rows) < lane.most:
            row = lane.rows[0]
            if row.job.deadline <= self.clock():
                row.job.fail(self._late())
            if row.job.future.done():
                self._forget(row.job)
                continue
            if rows and not self.limits.batching and row.job is not rows[0].job:
                break
            rows.append(lane.rows.popleft())
            self._steps -= lane.steps
        return Batch(lane, rows[0].job.kind, rows) if rows else None

    def _forget(self, job: Job) -> None:
        for lane in {id(x): x for x in (self._lane(job.kind, r.steps) for r in job.rows)}.values():
            others = deque(row for row in lane.rows if row.job is not job)
            self._steps -= lane.steps * (len(lane.rows) - len(others))
            lane.rows = others
