"""Which trials end early: the median stopping rule of Golovin et al., "Google Vizier", 2017, 3.2.2.

"The median stopping rule stops a pending trial at step s if the trial's best objective value by
step s is strictly worse than the median value of the running averages of all completed trials'
objectives reported up to step s." Here a step is an epoch and the objective the score on dev; and
the other trials are all that were proposed earlier for the same cell, completed or not. A trial
that is ahead of one of these waits for it. So which trials are stopped follows from the proposals,
and neither from how many run side by side nor from what was killed on the way.
"""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..training import runs
from . import journal, results

POLL = 0.2  # seconds between two looks at what a trial waits for
LONGEST = 60.0  # seconds that a trial waits, or the time of three of its epochs if that is more


class Paused(Exception):
    """A trial has waited for long: it leaves its place to others, and goes on from its checkpoint.

    Where machines are lost, those that are left may all wait for trials that have no place.
    """


class Rule(NamedTuple):
    """What stops a trial.

    Attributes:
        earlier: The names of the trials that it is compared with.
        trials: With fewer of them, it is not stopped.
        epochs: Nor before so many epochs.
    """

    earlier: tuple[str, ...]
    trials: int
    epochs: int


def median(curves: Sequence[Sequence[float]], epochs: int) -> float:
    """The median of the mean scores of trials in their first epochs; or in all, if they ended."""
    return statistics.median(statistics.fmean(curve[:epochs]) for curve in curves)


class Judge:
    """Says after each epoch of a trial whether the rule stops it, from the sweep's folder."""

    def __init__(self, rule: Rule, run: Path) -> None:
        self._rule, self._run = rule, run
        self._ended: dict[str, list[float]] = {}  # the scores of trials that have
        self._began = time.monotonic()

    def stops(self, epoch: int, score: float, epochs: int) -> bool:
        """Whether a trial ends after an epoch; why is noted in its run folder then.

        Args:
            epoch: The epoch, from 1.
            score: Its score on dev.
            epochs: How many there are at most.

        Raises:
            Paused: That depends on trials that have not come so far.
        """
        spent, self._began = time.monotonic() - self._began, time.monotonic()
        if epoch < self._rule.epochs or epoch == epochs:
            return False
        # As they are read from the others' files.
        own = [*_scores(self._run)[: epoch - 1], float(f"{score:.6g}")]
        curves = self._curves(epoch, max(LONGEST, 3 * spent))
        self._began = time.monotonic()
        if len(curves) < self._rule.trials:
            return False
        middle = median(curves, epoch)
        if max(own) >= middle:
            return False
        found = {"epoch": epoch, "best": max(own), "median": middle, "trials": len(curves)}
        runs.write_json(self._run / results.STOPPED, {"rule": "median", **found})
        return True

    def _curves(self, epochs: int, longest: float) -> list[list[float]]:
        """The scores of the earlier trials, once each has as many epochs or has ended.

        Raises:
            Paused: They have not, for long.
        """
        deadline = time.monotonic() + longest
        while True:
            found = {name: self._curve(name, epochs) for name in self._rule.earlier}
            late = [name for name, curve in found.items() if curve is None]
            if late:
                failed = _failed(self._run.parent.parent)
                late = [name for name in late if name not in failed]
            if not late:
                return [curve for curve in found.values() if curve]
            if time.monotonic() > deadline:
                raise Paused
            time.sleep(POLL)

    def _curve(self, name: str, epochs: int) -> list[float] | None:
        """The scores of an earlier trial; None if they are still to come."""
        if name not in self._ended:
            run = self._run.with_name(name)
            over = runs.is_finished(run)  # before its scores are read, which may grow meanwhile
            scores = _scores(run)
            if not over:
                return scores if len(scores) >= epochs else None
            self._ended[name] = scores
        return self._ended[name]


def _scores(run: Path) -> list[float]:
    """What a run has scored on dev, epoch by epoch; nothing if it has not begun."""
    path = run / runs.HISTORY
    return [row["dev"] for row in results.history(path)] if path.exists() else []


def _failed(folder: Path) -> set[str]:
    """The trials of a search whose end has been noted without a score."""
    lines = [line for line in journal.read(folder) if line["phase"] == "search"]
    return {line["trial"] for line in lines if "reason" in line}
