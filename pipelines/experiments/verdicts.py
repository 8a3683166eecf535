"""Whether results are as the source says."""

import math
from typing import NamedTuple

from .definition import Expected, Experiment
from .rows import Row, number


class Verdict(NamedTuple):
    """One thing that was expected.

    Attributes:
        expected: What, in words.
        found: What was found.
        holds: Whether that is the same.
    """

    expected: str
    found: str
    holds: bool

    @property
    def sentence(self) -> str:
        """Both, for people."""
        start = "As expected" if self.holds else "NOT as expected"
        return f"{start}: {self.expected}: {self.found}."


def verdicts(experiment: Experiment, found: list[Row]) -> list[Verdict]:
    """What of an experiment's expectations its rows confirm, and what not.

    Expectations of arms that were not run are left out. An arm solves its task when more than half
    of its seeds do, and needs no number of sequences if it does not.
    """
    of_arm = {row.arm: row for row in found}
    return [
        (_compared if one.less else _solved)(one, of_arm)
        for one in experiment.expected
        if one.arm in of_arm and (not one.less or one.than in of_arm)
    ]


def _solved(one: Expected, of_arm: dict[str, Row]) -> Verdict:
    row = of_arm[one.arm]
    solved = row.solved or 0
    most = 2 * solved > row.trials if one.solves else 2 * solved < row.trials
    said = f"{one.arm} {'solves' if one.solves else 'does not solve'} it"
    return Verdict(said, f"{solved} of {row.trials} {'seeds' if row.trials > 1 else 'seed'}", most)


def _compared(one: Expected, of_arm: dict[str, Row]) -> Verdict:
    ours, other = (_measured(of_arm[label], one.less) for label in (one.arm, one.than))
    name = "sequences needed" if one.less == "sequences" else one.less
    return Verdict(
        f"{name}: {one.arm} less than {one.than}", f"{_shown(ours)}, {_shown(other)}", ours < other
    )


def _measured(row: Row, name: str) -> float:
    if name != "sequences":
        return row.measures.get(name, math.nan)
    most = row.solved is not None and 2 * row.solved > row.trials
    return row.sequences if most and row.sequences is not None else math.inf


def _shown(value: float) -> str:
    return number(value) if math.isfinite(value) else "none"
