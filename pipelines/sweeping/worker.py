"""A worker of a sweep: `python -m pipelines.sweeping.worker CORES`, started by `workers`.

It reads trials from standard input and writes what becomes of them to standard output, a line of
JSON each. When its input ends, its sweep has ended or was killed, and so it ends at once: nobody
else would write in its run folder then.
"""

import json
import os
import queue
import sys
import threading
import time
from typing import Any

SHOWN = 0.5  # seconds between two reports of how far a trial is


def main() -> None:
    if hasattr(os, "sched_setaffinity") and len(sys.argv) > 1:
        os.sched_setaffinity(0, map(int, sys.argv[1].split(",")))
    replies = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no reply

    def reply(**line: Any) -> None:
        replies.write(json.dumps(line) + "\n")

    tasks: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(tasks,), daemon=True).start()

    from ..quiet import import_tensorflow

    import_tensorflow()
    from .running import of_task, perform

    reply(event="ready")
    while True:
        job = of_task(tasks.get())
        reported = 0.0

        def share(done: float, note: str) -> None:
            nonlocal reported
            if time.monotonic() - reported > SHOWN:
                reported = time.monotonic()
                reply(event="share", done=done, note=note)

        reply(event="done", reason=perform(job, share))


def _listen(tasks: "queue.SimpleQueue[dict[str, Any]]") -> None:
    for line in sys.stdin:
        tasks.put(json.loads(line))
    os._exit(0)


if __name__ == "__main__":
    main()
