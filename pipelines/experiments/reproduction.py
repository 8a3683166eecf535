"""Experiments are run, told and drawn: what the command does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..bench.report import Table
from . import pictures, rows, runner, summary
from .definition import Experiment


class Reproduction(NamedTuple):
    """One experiment that was run.

    Attributes:
        experiment: Which.
        tables: What it found, beside what is published.
        found: The same as plain values.
        picture: The file of its picture.
    """

    experiment: Experiment
    tables: list[Table]
    found: dict[str, Any]
    picture: Path


def reproduce(
    experiments: list[Experiment],
    out: Path,
    cells: list[str],
    seeds: int | None,
    quick: bool,
    processes: int,
    watcher: runner.Watcher | None = None,
) -> Iterator[Reproduction]:
    """Runs experiments, those trials of them that have not been run.

    Args:
        experiments: Which.
        out: The folder of results and pictures.
        cells, seeds, quick: As in `runner.plan`.
        processes, watcher: As in `runner.run`.

    Raises:
        InputError: As in `runner.plan` and `runner.run`.
    """
    trials = runner.plan(experiments, cells, seeds, quick)
    results = runner.run(trials, out, processes, watcher)
    for experiment in experiments:
        own = rows.by_arm(experiment, results)
        path = runner.folder(out, experiment, quick) / f"{experiment.name}.png"
        picture = pictures.draw(experiment, own, path)
        tables = summary.tables(experiment, own, quick)
        found = summary.as_json(experiment, own, quick, picture)
        yield Reproduction(experiment, tables, found, picture)


def catalogue(experiments: list[Experiment]) -> Table:
    """The list of experiments."""
    body = [[one.name, one.kind, one.title, one.source] for one in experiments]
    return Table("experiments", ["name", "kind", "what", "source"], body, [])
