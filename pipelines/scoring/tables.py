"""Scores and what is behind them, for the terminal."""

import statistics
from collections.abc import Mapping
from typing import NamedTuple

from rich.console import RenderableType
from rich.table import Table

from .analysis import LEVEL, Analysis, Interval, Tally
from .metrics import Row

SHOWN_MISTAKES = 10
NAMES = {"f1": "F1", "accuracy": "accuracy"}  # of measures
HEADINGS = ("gold", "found", "right", "precision", "recall", "F1", f"{LEVEL:.0%}")


class Line(NamedTuple):
    """A line of the table of scores.

    Attributes:
        name: A type, or what else is counted.
        cells: What stands under `HEADINGS`.
        together: Whether it counts entities of all types.
    """

    name: str
    cells: list[str]
    together: bool


def analysis(found: Analysis, title: str) -> list[RenderableType]:
    """The table of scores, and that of the most frequent mistakes."""
    tables: list[RenderableType] = [_scores(found, title)]
    if found.mistakes:
        tables += ["", _mistakes(found.mistakes)]
    return tables


class Spread(NamedTuple):
    """A score of several runs; entity F1, or accuracy where the tags spell no entities."""

    measure: str
    mean: float
    deviation: float


def runs(found: Mapping[str, Analysis], split: str) -> Table:
    """A line for each of several runs, and their mean with its standard deviation."""
    all_of_them = spread(found)
    table = Table(title=split, box=None)
    table.add_column("run", overflow="fold")
    for heading in (NAMES[all_of_them.measure], f"{LEVEL:.0%}"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, analysis in found.items():
        interval = getattr(analysis.intervals, all_of_them.measure)
        score = getattr(analysis.scores, all_of_them.measure)
        table.add_row(name, f"{100 * score:.2f}", _between(interval))
    mean = f"{100 * all_of_them.mean:.2f} ± {100 * all_of_them.deviation:.2f}"
    table.add_row(f"mean ± sd of {len(found)} runs", mean, style="bold")
    return table


def spread(found: Mapping[str, Analysis]) -> Spread:
    """Mean and standard deviation of at least two runs."""
    of_entities = all(analysis.scores.scheme is not None for analysis in found.values())
    measure = "f1" if of_entities else "accuracy"
    scores = [getattr(analysis.scores, measure) for analysis in found.values()]
    return Spread(measure, statistics.fmean(scores), statistics.stdev(scores))


def in_words(tally: Tally) -> str:
    """What a kind of mistake is, for people."""
    gold, predicted = tally.gold or "no type", tally.predicted or "no type"
    return {
        "type": f"{gold} taken for {predicted}",
        "boundary": f"{gold} with other boundaries",
        "type and boundary": f"{gold} taken for {predicted} with other boundaries",
        "missed": f"{gold} missed",
        "spurious": f"{predicted} where there is none",
        "tag": f"{gold} taken for {predicted}",
    }[tally.kind]


def rows(found: Analysis) -> tuple[list[str], list[Line]]:
    """The table of scores as text: its headings, its lines."""
    result, intervals = found.scores, found.intervals
    has_entities = result.scheme is not None
    lines = [_line(type, row, intervals.by_type[type]) for type, row in result.by_type.items()]
    together = []
    if has_entities:
        together.append(_line("all, as conlleval", result.total, intervals.f1))
        together.append(_line("all, strict", result.strict, intervals.strict_f1))
    others = {"surface forms": found.surface_forms, "seen in training": found.seen}
    for name, row in {**others, "not seen": found.unseen}.items():
        if row is not None:
            together.append(_line(name, row))
    headings = ["type" if has_entities else "tag", *HEADINGS]
    return headings, [*lines, *(line._replace(together=True) for line in together)]


def notes(found: Analysis) -> list[str]:
    """What the table of scores is about, a sentence each."""
    result, intervals = found.scores, found.intervals
    lines = [
        f"{result.sentences:,} sentences, {result.tokens:,} tokens, token accuracy "
        f"{100 * result.accuracy:.2f} ({_between(intervals.accuracy)})"
    ]
    if result.scheme is not None:
        lines.append(
            f"invalid tag transitions: {result.invalid_gold:,} in gold, "
            f"{result.invalid_predicted:,} predicted; conlleval repairs them, strict drops the "
            "spans they spell"
        )
    lines.append(
        f"{LEVEL:.0%}: interval of {intervals.samples:,} samples of the sentences, "
        f"seed {intervals.seed}"
    )
    return lines


def _scores(found: Analysis, title: str) -> Table:
    caption = "\n".join(notes(found))
    table = Table(title=title, caption=caption, caption_justify="left", box=None)
    (first, *headings), lines = rows(found)
    table.add_column(first)
    for heading in headings:
        table.add_column(heading, justify="right")
    for line in lines:
        table.add_row(line.name, *line.cells, style="bold" if line.together else "")
    return table


def _line(name: str, row: Row, interval: Interval | None = None) -> Line:
    counts = (f"{n:,}" for n in (row.gold, row.predicted, row.correct))
    ratios = (f"{100 * ratio:.2f}" for ratio in (row.precision, row.recall, row.f1))
    return Line(name, [*counts, *ratios, _between(interval) if interval else ""], False)


def _between(interval: Interval) -> str:
    return f"{100 * interval.low:.1f}–{100 * interval.high:.1f}"


def _mistakes(tallies: list[Tally]) -> Table:
    table = Table(title="most frequent mistakes", box=None, show_header=False)
    table.add_column(justify="right")
    table.add_column()
    for tally in tallies[:SHOWN_MISTAKES]:
        table.add_row(f"{tally.times:,}", in_words(tally))
    return table
