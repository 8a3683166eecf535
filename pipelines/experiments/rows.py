"""What the trials of an arm found, over their seeds."""

import math
import statistics
from typing import Any, NamedTuple

from scipy import stats

from .definition import Experiment, Result
from .runner import Key

Results = dict[str, dict[int, Result]]  # label of an arm -> seed -> what it found


class Row(NamedTuple):
    """One arm over its seeds.

    Attributes:
        arm: Its label.
        trials: How many seeds were run.
        solved: How many of them met the criterion; None if there is none.
        interval: Wilson's 95% interval of the rate.
        sequences: The median of how many sequences the solved ones needed; None if none was.
        least, most: The fewest and the most of them.
        measures: The median of each measure.
        notes: What happened in a trial.
    """

    arm: str
    trials: int
    solved: int | None
    interval: tuple[float, float] | None
    sequences: float | None
    least: int | None
    most: int | None
    measures: dict[str, float]
    notes: list[str]


def by_arm(experiment: Experiment, results: dict[Key, Result]) -> Results:
    """The results of one experiment."""
    own: Results = {}
    for (name, label, seed), result in results.items():
        if name == experiment.name:
            own.setdefault(label, {})[seed] = result
    return own


def rows(results: Results) -> list[Row]:
    return [_row(label, list(of_seeds.values())) for label, of_seeds in results.items()]


def _row(label: str, results: list[Result]) -> Row:
    judged = [result for result in results if result.solved is not None]
    solved = sum(bool(result.solved) for result in judged)
    needed = [result.sequences for result in results if result.sequences is not None]
    names = dict.fromkeys(name for result in results for name in result.measures)
    return Row(
        label,
        len(results),
        solved if judged else None,
        _wilson(solved, len(judged)) if judged else None,
        statistics.median(needed) if needed else None,
        min(needed, default=None),
        max(needed, default=None),
        {
            name: statistics.median(r.measures[name] for r in results if name in r.measures)
            for name in names
        },
        [result.note for result in results if result.note],
    )


def _wilson(solved: int, trials: int) -> tuple[float, float]:
    """Unlike the usual interval it is within [0, 1], and not empty where all trials end alike."""
    low, high = stats.binomtest(solved, trials).proportion_ci(0.95, "wilson")
    return float(low), float(high)


def number(value: Any) -> str:
    """A number with three digits; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or (value == int(value) and abs(value) < 1e6):
        return f"{int(value):,}"
    if not math.isfinite(value):
        return str(value)
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
