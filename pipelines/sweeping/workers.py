"""Where trials run: one after the other in this process, or side by side in processes of their own.

A worker is killed, by the system or by people, without harm: another one takes its place, and its
trial goes on from its last epoch.
"""

import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ..errors import InputError
from ..training import runs
from .running import PAUSED, Job, perform, task

COMMAND = (sys.executable, "-m", "pipelines.sweeping.worker")
LOGS = "workers"  # in the sweep's folder: what workers print
DEATHS = 5  # of the workers of a trial, in the same epoch, after which it has failed
THREADS = (
    "OMP_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "KERAS_LSTM_VARIANTS_THREADS",
)

Told = Callable[[Job, float, str], None]  # how much of a trial is done, and what it does


class Outcome(NamedTuple):
    """A trial that has ended.

    Attributes:
        job: Which one.
        reason: Why it failed; empty if it has not.
    """

    job: Job
    reason: str


class Workers(Protocol):
    """What runs trials."""

    def free(self) -> int:
        """How many more trials could begin now."""

    def submit(self, job: Job) -> None:
        """Begins a trial."""

    def wait(self) -> Outcome:
        """Waits until one of the trials under way has ended."""

    def close(self) -> None:
        """Ends all workers, whatever they do."""


def start(count: int, folder: Path, told: Told) -> Workers:
    """So many workers on this machine; a single one works in this process."""
    return Here(told) if count == 1 else Processes(count, folder, told)


class Deaths:
    """How often the workers of a trial have died without doing one more epoch."""

    def __init__(self) -> None:
        self._times: dict[Path, tuple[int, int]] = {}  # by run: epochs that it had, how often

    def reason(self, job: Job, last: str, log: str) -> str:
        """Why the trial has failed, now that one more has died; empty if it is to go on."""
        done = epochs(job.run)
        before, times = self._times.get(job.run, (done, 0))
        times = times + 1 if before == done else 1
        self._times[job.run] = done, times
        if times < DEATHS:
            return ""
        return (
            f"its process died {DEATHS} times after {done} epochs, at last {last}: is there too "
            f"little memory for so many workers? See {log}"
        )


class Here:
    """One trial at a time, in this process."""

    def __init__(self, told: Told) -> None:
        self._job: Job | None = None
        self._told = told

    def free(self) -> int:
        return int(self._job is None)

    def submit(self, job: Job) -> None:
        self._job = job

    def wait(self) -> Outcome:
        job = self._job
        assert job is not None
        reason = perform(job, lambda done, note: self._told(job, done, note))
        self._job = None
        return Outcome(job, reason)

    def close(self) -> None: ...


class Processes:
    """Trials side by side, each in a process that has some of the cores to itself."""

    def __init__(self, count: int, folder: Path, told: Told) -> None:
        self._folder, self._told = folder / LOGS, told
        self._folder.mkdir(exist_ok=True)
        self._events: queue.SimpleQueue[tuple[_Process, dict[str, Any]]] = queue.SimpleQueue()
        self._waiting: deque[Job] = deque()
        self._deaths = Deaths()
        self._processes = [
            _Process(number, cores, self._folder, self._events)
            for number, cores in enumerate(shares_of_cores(count))
        ]

    def free(self) -> int:
        idle = sum(process.job is None for process in self._processes)
        return idle - len(self._waiting)

    def submit(self, job: Job) -> None:
        self._waiting.append(job)
        self._assign()

    def wait(self) -> Outcome:
        while True:
            process, event = self._events.get()
            if event["event"] == "ready":
                process.ready, process.stillborn = True, 0
                self._assign()
            elif event["event"] == "share" and process.job is not None:
                self._told(process.job, event["done"], event["note"])
            elif event["event"] == "done":
                job, process.job = process.job, None
                assert job is not None
                if event["reason"] == PAUSED:
                    self._waiting.append(job)
                self._assign()
                if event["reason"] != PAUSED:
                    return Outcome(job, event["reason"])
            elif event["event"] == "gone" and (outcome := self._replaced(process)):
                return outcome

    def close(self) -> None:
        for process in self._processes:
            process.kill()

    def _assign(self) -> None:
        for process in self._processes:
            if self._waiting and process.ready and process.job is None:
                process.give(self._waiting.popleft())

    def _replaced(self, process: "_Process") -> Outcome | None:
        """Starts another process in place of a dead one; its trial goes on, unless it killed it."""
        job, process.job = process.job, None
        status = process.process.wait()
        if not process.ready:
            process.stillborn += 1
            if process.stillborn == DEATHS:
                raise InputError(
                    f"--workers: worker {process.number} ended before it could begin, {DEATHS} "
                    f"times, with status {status}: see {process.log}"
                )
        process.kill()
        process.start()
        if job is None:
            return None
        if reason := self._deaths.reason(job, f"with status {status}", str(process.log)):
            return Outcome(job, reason)
        self._waiting.appendleft(job)
        self._assign()
        return None


class _Process:
    """A worker, and those that take its place when it dies."""

    def __init__(
        self, number: int, cores: list[int], folder: Path, events: "queue.SimpleQueue[Any]"
    ) -> None:
        self.number, self.cores, self.log = number, cores, folder / f"{number}.log"
        self._events = events
        self.job: Job | None = None
        self.stillborn = 0  # how often it died before it was ready
        self.start()

    def start(self) -> None:
        self.ready = False
        threads = {name: str(len(self.cores)) for name in THREADS}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, ",".join(map(str, self.cores))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **threads},
                start_new_session=True,  # Ctrl-C is for the sweep, which then ends its workers
            )
        self.listener = threading.Thread(target=self._listen, args=(self.process,), daemon=True)
        self.listener.start()

    def give(self, job: Job) -> None:
        self.job = job
        assert self.process.stdin is not None
        with suppress(OSError):  # if it is dead, what listens to it says so
            self.process.stdin.write(json.dumps(task(job)).encode() + b"\n")
            self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.listener.join()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with suppress(OSError):  # of what was to be written
                pipe.close()

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.endswith(b"\n"):  # or else it died on the way
                self._events.put((self, json.loads(line)))
        self._events.put((self, {"event": "gone"}))


def shares_of_cores(count: int) -> list[list[int]]:
    """Which cores each of so many workers has: its own, as long as there are as many."""
    of_all = _cores()
    if count >= len(of_all):
        return [[of_all[number % len(of_all)]] for number in range(count)]
    return [of_all[number::count] for number in range(count)]


def cores() -> int:
    """How many cores the workers have together."""
    return len(_cores())


def _cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def epochs(run: Path) -> int:
    """How many epochs a run has behind it."""
    path = run / runs.HISTORY
    return max(0, len(path.read_bytes().splitlines()) - 1) if path.exists() else 0
