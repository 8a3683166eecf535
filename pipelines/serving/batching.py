"""The thread in which the model works on all but short rows alone; no HTTP and no TensorFlow."""

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from .admission import Batch, Queue, Waiting

Model = Callable[[Hashable, Sequence[Any]], Sequence[Any]]


class Worker:
    """Takes batches from a queue and gives their rows to the model, until the queue is closed.

    If the model fails, the batch is halved until the rows are found that it fails on, so that only
    their own jobs fail.

    Args:
        queue: The queue.
        model: From the kind of a batch and the values of its rows to a result of each row; an
            exception among the results is the error of that row's job.
    """

    def __init__(self, queue: Queue, model: Model) -> None:
        self._queue = queue
        self._model = model
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float | None = None) -> bool:
        """Does what waits, and no more. Whether that took less than so many seconds."""
        self._queue.close()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while batch := self._queue.take():
            self.do(batch)

    def do(self, batch: Batch) -> None:
        """Does a batch in the thread that calls."""
        began = self._queue.clock()
        self._do(batch.kind, batch.rows)
        self._queue.done(batch, self._queue.clock() - began)

    def _do(self, kind: Hashable, rows: list[Waiting]) -> None:
        # A row of a job that has failed or was given up meanwhile is not worth a retry.
        rows = [row for row in rows if not row.job.future.done()]
        if not rows:
            return
        try:
            results = self._model(kind, [row.value for row in rows])
            found = list(zip(rows, results, strict=True))
        except Exception as error:
            if len(rows) == 1:
                rows[0].job.fail(error)
                return
            half = len(rows) // 2
            self._do(kind, rows[:half])
            self._do(kind, rows[half:])
            return
        for row, result in found:
            row.job.finish(row.number, result)
