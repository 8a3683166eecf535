"""What an experiment found, beside what the source says."""

import math
import statistics
from pathlib import Path
from typing import Any, NamedTuple

from scipy import stats

from ..bench.report import Table
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


def tables(experiment: Experiment, results: Results, quick: bool) -> list[Table]:
    """Ours, what was computed, and what is published."""
    made = [_ours(experiment, results, quick)] if not experiment.compute else []
    if experiment.lags:
        made.append(_largest_lags(experiment, results))
    for of_seeds in results.values():
        result = of_seeds[min(of_seeds)]
        if result.rows:
            heading, *body = result.rows
            made.append(
                Table(
                    f"{experiment.name}: {experiment.title}",
                    list(map(str, heading)),
                    [list(map(number, row)) for row in body],
                    [_verdict(result), experiment.remark] if experiment.compute else [],
                )
            )
    if experiment.published:
        made.append(_published(experiment))
    return [table._replace(notes=[note for note in table.notes if note]) for table in made]


def _verdict(result: Result) -> str:
    return "As the source says." if result.solved else "Not as the source says."


def _ours(experiment: Experiment, results: Results, quick: bool) -> Table:
    found = rows(results)
    names = list(dict.fromkeys(name for row in found for name in row.measures))
    body = []
    for row in found:
        rate = f"{row.solved}/{row.trials}" if row.solved is not None else "-"
        interval = f"{row.interval[0]:.0%} to {row.interval[1]:.0%}" if row.interval else "-"
        needed = "-" if row.sequences is None else f"{row.sequences:,.0f}"
        if row.least != row.most:
            needed += f" ({row.least:,} to {row.most:,})"
        measures = [number(row.measures[n]) if n in row.measures else "-" for n in names]
        body.append([row.arm, rate, interval, needed, *measures])
    protocol = experiment.quick if quick else experiment.full
    notes = [
        f"{experiment.claim} ({experiment.source})",
        f"Protocol: {described(protocol)}.",
        f"Not as in the paper: {protocol.differs}." if protocol.differs else "",
        experiment.remark,
        *(f"{row.arm}: {note}" for row in found for note in sorted(set(row.notes))),
    ]
    columns = ["net", "solved", "95% interval", "sequences needed", *names]
    return Table(f"{experiment.name}: {experiment.title}", columns, body, notes)


def described(protocol: Any) -> str:
    """A protocol in a sentence."""
    optimizer = {"sgd": "SGD", "adam": "Adam"}[protocol.optimizer]
    loss = {"squared": "squared error", "entropy": "cross-entropy"}[protocol.loss]
    momentum = f", momentum {protocol.momentum:g}" if protocol.momentum else ""
    each = "one sequence" if protocol.batch == 1 else f"{protocol.batch} sequences"
    return (
        f"{optimizer} at {protocol.rate:g}{momentum}, {loss}, {each} in an update, at most "
        f"{protocol.budget:,} sequences; solved when {protocol.required:.1%} of "
        f"{protocol.test:,} test sequences are right"
    )


def _largest_lags(experiment: Experiment, results: Results) -> Table:
    """Per cell, the largest lag up to which every seed, or any, has solved all lags."""
    cells: dict[str, list[tuple[int, Row]]] = {}
    for row in rows(results):
        cell, _, lag = row.arm.rpartition(", lag ")
        cells.setdefault(cell, []).append((int(lag), row))
    body = []
    for cell, at in cells.items():
        reached = []
        for enough in (lambda row: row.solved == row.trials, lambda row: row.solved):
            largest = "none"
            for at_lag, row in sorted(at, key=lambda pair: pair[0]):
                if not enough(row):
                    break
                largest = str(at_lag)
            reached.append(largest)
        body.append([cell, *reached])
    columns = ["net", "largest lag, all seeds", "largest lag, any seed"]
    return Table(f"{experiment.name}: how far each cell got", columns, body, [])


def _published(experiment: Experiment) -> Table:
    body = [[one.what, one.value, one.source, one.known] for one in experiment.published]
    return Table(
        f"{experiment.name}: published", ["of", "value", "source", "how it is known"], body, []
    )


def number(value: Any) -> str:
    """A number with three digits; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or (value == int(value) and abs(value) < 1e6):
        return f"{int(value):,}"
    if not math.isfinite(value):
        return str(value)
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def as_json(
    experiment: Experiment, results: Results, quick: bool, picture: Path | None
) -> dict[str, Any]:
    """The same for machines."""
    return {
        "experiment": experiment.name,
        "protocol": "quick" if quick else "full",
        "claim": experiment.claim,
        "source": experiment.source,
        "ours": [row._asdict() for row in rows(results)],
        "computed": [r.rows for of in results.values() for r in of.values() if r.rows],
        "published": [vars(one) for one in experiment.published],
        "picture": picture,
    }
