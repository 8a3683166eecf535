"""Which types were taken for which: the confusion matrix of an analysis."""

from collections import Counter
from typing import NamedTuple

from .analysis import Analysis, Tally

NOTHING = None  # stands for no entity; a type may be "", as in B and I
Type = str | None


class Count(NamedTuple):
    """How many of one type came to be another.

    Attributes:
        gold: The type in gold; `NOTHING` of spurious ones.
        predicted: The type predicted; `NOTHING` of missed ones.
        correct: Those with the right type and boundaries.
        wrong: Those with a mistake: wrong boundaries where both types are the same.
        tallies: The mistakes, as indices into `Analysis.mistakes`.
    """

    gold: Type
    predicted: Type
    correct: int
    wrong: int
    tallies: list[int]


class Confusion(NamedTuple):
    """The matrix: a row for each gold type, a column for each predicted one.

    Every gold entity stands in one cell of its row, every predicted one in one of its column. A
    gold entity and a predicted one that share words are paired, each at most once.

    Attributes:
        types: The types, in the order of rows and columns, without `NOTHING`.
        counts: The cells, by (gold, predicted); those that are zero are not there.
    """

    types: list[str]
    counts: dict[tuple[Type, Type], Count]


def confusion(analysis: Analysis) -> Confusion:
    """The matrix of an analysis."""
    tallies: dict[tuple[Type, Type], list[int]] = {}
    wrong: Counter[tuple[Type, Type]] = Counter()
    for n, tally in enumerate(analysis.mistakes):
        place = _place(tally)
        tallies.setdefault(place, []).append(n)
        wrong[place] += tally.times
    of_types = analysis.scores.by_type.items()
    correct: dict[tuple[Type, Type], int] = {(t, t): r.correct for t, r in of_types if r.correct}
    counts = {
        place: Count(*place, correct.get(place, 0), wrong[place], tallies.get(place, []))
        for place in {**correct, **tallies}
    }
    return Confusion(list(analysis.scores.by_type), counts)


def _place(tally: Tally) -> tuple[Type, Type]:
    """The cell of a kind of mistake; where there is no entity, its kind says so."""
    gold = NOTHING if tally.kind == "spurious" else tally.gold
    return gold, NOTHING if tally.kind == "missed" else tally.predicted
