"""Scores and the error analysis, for the terminal."""

import statistics
from collections.abc import Mapping
from typing import NamedTuple

from rich.console import RenderableType
from rich.table import Table

from .analysis import LEVEL, Analysis, Interval, Tally
from .metrics import Row

SHOWN_MISTAKES = 10
NAMES = {"f1": "F1", "accuracy": "accuracy", "skill": "skill"}  # of measures
HEADINGS = ("gold", "predicted", "correct", "precision", "recall", "F1", f"{LEVEL:.0%} CI")


class Line(NamedTuple):
    """A line of the table of scores.

    Attributes:
        name: A type, or the name of a total.
        cells: The cells under `HEADINGS`.
        together: Whether it is a total over all types.
    """

    name: str
    cells: list[str]
    together: bool


def analysis(analysed: Analysis, title: str) -> list[RenderableType]:
    """The table of scores, and that of the most frequent errors."""
    tables: list[RenderableType] = [_scores(analysed, title)]
    if analysed.mistakes:
        tables += ["", _mistakes(analysed.mistakes)]
    return tables


class Spread(NamedTuple):
    """A score of several runs; entity F1, or accuracy where the tags spell no entities."""

    measure: str
    mean: float
    deviation: float


def runs(analyses: Mapping[str, Analysis], split: str) -> Table:
    """A line for each of several runs, and their mean with its standard deviation."""
    all_of_them = spread(analyses)
    table = Table(title=split, box=None)
    table.add_column("run", overflow="fold")
    for heading in (NAMES[all_of_them.measure], f"{LEVEL:.0%}"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, analysis in analyses.items():
        interval = getattr(analysis.intervals, all_of_them.measure)
        score = getattr(analysis.scores, all_of_them.measure)
        table.add_row(name, f"{100 * score:.2f}", _between(interval))
    mean = f"{100 * all_of_them.mean:.2f} ± {100 * all_of_them.deviation:.2f}"
    table.add_row(f"mean ± sd of {len(analyses)} runs", mean, style="bold")
    return table


def spread(analyses: Mapping[str, Analysis]) -> Spread:
    """Mean and standard deviation of at least two runs."""
    of_entities = all(analysis.scores.scheme is not None for analysis in analyses.values())
    measure = "f1" if of_entities else "accuracy"
    scores = [getattr(analysis.scores, measure) for analysis in analyses.values()]
    return Spread(measure, statistics.fmean(scores), statistics.stdev(scores))


def in_words(tally: Tally) -> str:
    """A kind of error as a phrase, such as "ORG tagged as PER"."""
    gold, predicted = tally.gold or "no type", tally.predicted or "no type"
    return {
        "type": f"{gold} tagged as {predicted}",
        "boundary": f"{gold} with wrong boundaries",
        "type and boundary": f"{gold} tagged as {predicted} with wrong boundaries",
        "missed": f"{gold} missed",
        "spurious": f"spurious {predicted}",
        "tag": f"{gold} tagged as {predicted}",
    }[tally.kind]


def rows(analysed: Analysis) -> tuple[list[str], list[Line]]:
    """The table of scores as text: its headings, its lines."""
    result, intervals = analysed.scores, analysed.intervals
    has_entities = result.scheme is not None
    lines = [_line(type, row, intervals.by_type[type]) for type, row in result.by_type.items()]
    together = []
    if has_entities:
        together.append(_line("micro average", result.total, intervals.f1))
        together.append(_line("micro, strict", result.strict, intervals.strict_f1))
    others = {"surface forms": analysed.surface_forms, "seen": analysed.seen}
    for name, row in {**others, "unseen": analysed.unseen}.items():
        if row is not None:
            together.append(_line(name, row))
    headings = ["type" if has_entities else "tag", *HEADINGS]
    return headings, [*lines, *(line._replace(together=True) for line in together)]


def notes(analysed: Analysis) -> list[str]:
    """The captions of the table of scores, one per line."""
    result, intervals = analysed.scores, analysed.intervals
    lines = [
        f"{result.sentences:,} sentences, {result.tokens:,} tokens, token accuracy "
        f"{100 * result.accuracy:.2f} ({_between(intervals.accuracy)})"
    ]
    if result.scheme is not None:
        lines.append(
            f"invalid tag transitions: {result.invalid_gold:,} in gold, "
            f"{result.invalid_predicted:,} predicted; conlleval repairs them, the strict scores "
            "drop their spans"
        )
    lines.append(
        f"{LEVEL:.0%} CI: confidence interval from a bootstrap over sentences, "
        f"{intervals.samples:,} samples, seed {intervals.seed}"
    )
    return lines


def _scores(analysed: Analysis, title: str) -> Table:
    caption = "\n".join(notes(analysed))
    table = Table(title=title, caption=caption, caption_justify="left", box=None)
    (first, *headings), lines = rows(analysed)
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
    table = Table(title="most frequent errors", box=None, show_header=False)
    table.add_column(justify="right")
    table.add_column()
    for tally in tallies[:SHOWN_MISTAKES]:
        table.add_row(f"{tally.times:,}", in_words(tally))
    return table
