"""Scores and what is behind them, for the terminal."""

from rich.console import RenderableType
from rich.table import Table

from .analysis import LEVEL, Analysis, Interval, Tally
from .score import Row

SHOWN_MISTAKES = 10


def analysis(found: Analysis, title: str) -> list[RenderableType]:
    """The table of scores, and that of the most frequent mistakes."""
    tables: list[RenderableType] = [_scores(found, title)]
    if found.mistakes:
        tables += ["", _mistakes(found.mistakes)]
    return tables


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


def _scores(found: Analysis, title: str) -> Table:
    result, intervals = found.scores, found.intervals
    has_entities = result.scheme is not None
    table = Table(title=title, caption=_caption(found), caption_justify="left", box=None)
    table.add_column("type" if has_entities else "tag")
    for column in ("gold", "found", "right", "precision", "recall", "F1", f"{LEVEL:.0%}"):
        table.add_column(column, justify="right")
    for name, row in result.by_type.items():
        _add(table, name, row, intervals.by_type[name])
    table.add_section()
    if has_entities:
        _add(table, "all, as conlleval", result.total, intervals.f1)
        _add(table, "all, strict", result.strict, intervals.strict_f1)
    others = {"surface forms": found.surface_forms, "seen in training": found.seen}
    for name, some in {**others, "not seen": found.unseen}.items():
        if some is not None:
            _add(table, name, some)
    return table


def _add(table: Table, name: str, row: Row, interval: Interval | None = None) -> None:
    counts = (f"{n:,}" for n in (row.gold, row.predicted, row.correct))
    ratios = (f"{100 * ratio:.2f}" for ratio in (row.precision, row.recall, row.f1))
    table.add_row(name, *counts, *ratios, _between(interval) if interval else "")


def _between(interval: Interval) -> str:
    return f"{100 * interval.low:.1f}–{100 * interval.high:.1f}"


def _caption(found: Analysis) -> str:
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
    return "\n".join(lines)


def _mistakes(tallies: list[Tally]) -> Table:
    table = Table(title="most frequent mistakes", box=None, show_header=False)
    table.add_column(justify="right")
    table.add_column()
    for tally in tallies[:SHOWN_MISTAKES]:
        table.add_row(f"{tally.times:,}", in_words(tally))
    return table
