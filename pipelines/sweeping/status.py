"""How far a sweep is, from its folder alone."""

import statistics
import time
from pathlib import Path
from typing import Any, NamedTuple

from ..config.forecast_schema import Forecast
from ..config.sweep_schema import Sweep
from ..training import locks, runs, stored
from . import finals
from .results import AGAIN, Trial
from .space import expected_trials

ENDED = "ended.json"  # how many trials there were when the sweep came to its end
RECENT = 20  # finished runs whose pace is that of the rest


class _Ended(stored.Stored):
    trials: int


class Running(NamedTuple):
    """A trial that has begun and has not ended.

    Attributes:
        trial: The trial.
        epochs: How many it has done.
        of: How many it will do at most; None if it has not begun.
    """

    trial: Trial
    epochs: int
    of: int | None


class Status(NamedTuple):
    """How far a sweep is.

    Attributes:
        state: "finished", "running", or "stopped" if nobody works on it and it is not finished.
        finished: Runs that are.
        failed: Runs that have failed.
        expected: How many runs there will be at most.
        running: Those that have begun and not ended.
        writer: Who works on it: host, pid and since when; None if nobody does.
        seconds_left: At the pace of the last runs; None if nobody can know it.
    """

    state: str
    finished: int
    failed: int
    expected: int
    running: list[Running]
    writer: dict[str, Any] | None
    seconds_left: float | None

    @property
    def over(self) -> bool:
        return self.state == "finished"

    @property
    def left(self) -> str:
        """The time left, for people; empty if it is not known."""
        if self.seconds_left is None:
            return ""
        for unit, size in (("h", 3600), ("min", 60)):
            if self.seconds_left >= size:
                return f"about {self.seconds_left / size:.1f} {unit} left"
        return f"about {self.seconds_left:.0f} s left"


def expected(config: Sweep) -> int:
    """How many runs a sweep has at most."""
    return expected_trials(config) + finals.expected(config)


def status(folder: Path, config: Sweep, trials: list[Trial]) -> Status:
    """How far a sweep is."""
    finished = [trial for trial in trials if trial.status == "finished"]
    failed = [trial for trial in trials if trial.status == "failed"]
    waiting = [trial for trial in trials if trial.status == "unfinished"]
    writer = _alive(folder)
    total = expected(config)
    over = not waiting and _complete(folder, trials)
    state = "finished" if over else "running" if writer else "stopped"
    left = None
    if state == "running" and (pace := _pace(finished)) is not None:
        left = pace * max(0, total - len(finished) - len(failed))
    running = [Running(trial, len(trial.history), _epochs(config, trial)) for trial in waiting]
    return Status(state, len(finished), len(failed), total, running, writer, left)


def end(folder: Path, trials: list[Trial]) -> None:
    """Writes down that a sweep has come to its end with these trials.

    Only then is it known that there are no more: proposals may run out before the most there may
    be.
    """
    runs.write_json(folder / ENDED, {"trials": len(trials)})


def _complete(folder: Path, trials: list[Trial]) -> bool:
    path = folder / ENDED
    return path.exists() and stored.read(path, _Ended, AGAIN)["trials"] == len(trials)


def _alive(folder: Path) -> dict[str, Any] | None:
    """Who writes the folder and has given a sign of life lately."""
    note = folder / locks.NOTE
    who = locks.writer(folder)
    try:
        fresh = who is not None and time.time() - note.stat().st_mtime < locks.DEAD
    except OSError:
        return None
    return who if fresh else None


def _pace(finished: list[Trial]) -> float | None:
    """Seconds from the end of one run to that of the next, the median of the last ones."""
    ends = sorted(
        (trial.folder / runs.SCORES).stat().st_mtime for trial in finished if trial.folder
    )[-RECENT:]
    gaps = [after - before for before, after in zip(ends, ends[1:], strict=False)]
    return statistics.median(gaps) if gaps else None


def _epochs(config: Sweep, trial: Trial) -> int | None:
    if isinstance(config.base, Forecast):
        return config.base.training.epochs if trial.origin else None
    resolved = trial.folder and runs.config(trial.folder)
    return resolved["training"]["epochs"] if resolved else None
