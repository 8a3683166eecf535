"""Which pictures the report of a sweep has, and what they say in words."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..scoring.tables import NAMES
from . import charts
from .board import Board, Cost, pareto
from .charts import Curve, Mark, Strip, colour
from .comparison import Estimate
from .effects import Effect
from .prose import estimate
from .ranking import FINALS_TABLE, LEADERBOARD, median_run, test_score
from .tables import CURVES, EFFECTS, TRIALS_TABLE

DRAWN = 12  # settings with curves of their own; of more, these are the best ones
COSTS: tuple[tuple[str, Callable[[Cost], float | None]], ...] = (
    ("CPU seconds of training per epoch", lambda cost: cost.cpu_seconds_per_epoch),
    ("CPU milliseconds of tagging per sentence", lambda cost: cost.cpu_ms_per_sentence),
    ("weights", lambda cost: cost.weights),
)


class Picture(NamedTuple):
    """A picture for the page.

    Attributes:
        title: What it shows.
        note: How it is read.
        svg: The picture, which has its own text alternative.
        table: The file beside the page that has its numbers.
        colours: What its colours stand for, if the picture does not say it.
    """

    title: str
    note: str
    svg: str
    table: str
    colours: dict[str, str]


def seeds(board: Board, names: Sequence[str]) -> Picture:
    """Every run of every setting on one scale."""
    rows = []
    for n, (row, name) in enumerate(zip(board.rows, names, strict=True)):
        points = [
            100 * score
            for trial in row.setting.trials
            if (score := trial.dev if board.split == "dev" else test_score(trial)) is not None
        ]
        of = _compared(board, n)
        if points:
            rows.append(Strip(name, points, 100 * of.mean, *_percent(of), colour(n)))
    measured = f"{NAMES[board.measure]} on {board.split}"
    title = f"Every run: {measured}"
    said = "; ".join(
        f"{name} {estimate(_compared(board, n))}, from "
        f"{min(row.points):.2f} to {max(row.points):.2f}"
        for n, (name, row) in enumerate(zip(names, rows, strict=False))
    )
    note = "A circle is a run, the short line the mean, the bar its 95 % interval."
    svg = charts.strips(rows, f"{measured}, points", title, f"{note} {said}.")
    return Picture(title, note, svg, TRIALS_TABLE, {})


def learning(board: Board, names: Sequence[str]) -> Picture:
    """Dev scores after each epoch."""
    lines, said = [], []
    for n, (row, name) in enumerate(zip(board.rows[:DRAWN], names, strict=False)):
        middle = median_run(row.setting)
        for trial in row.setting.trials:
            values = [100 * epoch["dev"] for epoch in trial.history]
            if values:
                lines.append(Curve(values, colour(n), trial is middle))
        best = middle.scores["best_epoch"] if middle.scores else None
        said.append(f"{name}: best after epoch {best} of {len(middle.history)}")
    title = f"Learning curves: {NAMES[board.measure]} on dev"
    note = "Each line is a run; the strong line of a colour is the run with the median score."
    shown = {name: colour(n) for n, name in enumerate(names[:DRAWN])}
    svg = charts.curves(
        lines, "epoch", f"{NAMES[board.measure]} on dev", title, f"{note} {'; '.join(said)}."
    )
    return Picture(title, note, svg, CURVES, shown)


def costs(board: Board, names: Sequence[str]) -> list[Picture]:
    """Each kind of cost against the score, for those that were measured and differ."""
    measured = f"{NAMES[board.measure]} on {board.split}"
    pictures = []
    for label, of_cost in COSTS:
        known = [
            (n, value, _compared(board, n))
            for n, row in enumerate(board.rows)
            if (value := of_cost(row.cost)) is not None and _compared(board, n).seeds
        ]
        if len({value for _, value, _ in known}) < 2:
            continue  # there is nothing to choose between
        front = pareto([(of.mean, value) for _, value, of in known])
        marks = [
            Mark(names[n], value, 100 * of.mean, *_percent(of), colour(n), place in front)
            for place, (n, value, of) in enumerate(known)
        ]
        best = ", ".join(mark.name for mark in sorted(marks, key=lambda m: m.x) if mark.front)
        title = f"Cost and quality: {label}"
        note = (
            "Filled marks are on the Pareto front, the dashed line: no other setting is as good "
            "and costs less. Bars are 95 % intervals."
        )
        words = f"{note} From the cheapest on, the front is {best}."
        svg = charts.scatter(marks, label, measured, title, words)
        pictures.append(
            Picture(title, note, svg, FINALS_TABLE if board.phase == "final" else LEADERBOARD, {})
        )
    return pictures


def effect(board: Board, found: Effect) -> Picture:
    """The means of a key's values."""
    rows = [
        Strip(
            f"{level.value} ({level.trials})",
            [],
            100 * level.mean,
            None if level.deviation is None else 100 * (level.mean - level.deviation),
            None if level.deviation is None else 100 * (level.mean + level.deviation),
            colour(0),
        )
        for level in found.levels
    ]
    title = f"Effect of {found.key}"
    said = "; ".join(f"{level.value} {100 * level.mean:.2f}" for level in found.levels)
    note = (
        "Means over the trials of the search with each value, in brackets their number; the bar is "
        "one standard deviation to each side."
    )
    svg = charts.strips(rows, f"{NAMES[board.measure]} on dev, points", title, f"{note} {said}.")
    return Picture(title, note, svg, EFFECTS, {})


def _compared(board: Board, number: int) -> Estimate:
    """The score of a row where settings are compared."""
    row = board.rows[number]
    return row.test if board.split == "test" and row.test is not None else row.dev


def _percent(of: Estimate) -> tuple[float | None, float | None]:
    low, high = of.low, of.high
    return (None if low is None else 100 * low, None if high is None else 100 * high)
