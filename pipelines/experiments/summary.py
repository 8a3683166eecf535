"""What an experiment found, beside what the source says."""

from pathlib import Path
from typing import Any

from ..bench.report import Table
from .definition import Experiment, Result
from .rows import Results, Row, number, rows
from .verdicts import verdicts


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
    judged = verdicts(experiment, found)
    notes = [
        f"{experiment.claim} ({experiment.source})",
        f"Protocol: {described(protocol)}.",
        f"Not as in the paper: {protocol.differs}." if protocol.differs else "",
        experiment.remark,
        *(one.sentence for one in judged),
        "" if all(one.holds for one in judged) else experiment.why,
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
        "verdicts": [one._asdict() for one in verdicts(experiment, rows(results))],
        "computed": [r.rows for of in results.values() for r in of.values() if r.rows],
        "published": [vars(one) for one in experiment.published],
        "picture": picture,
    }
