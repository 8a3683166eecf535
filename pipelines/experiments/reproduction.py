"""Experiments are run, told and drawn: what the command does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..bench.report import Table, markdown
from ..training.runs import replacing
from . import pictures, runner, summary
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
        own = summary.by_arm(experiment, results)
        path = runner.folder(out, experiment, quick) / f"{experiment.name}.png"
        picture = pictures.draw(experiment, own, path)
        tables = summary.tables(experiment, own, quick)
        yield Reproduction(
            experiment, tables, summary.as_json(experiment, own, quick, picture), picture
        )


def catalogue(experiments: list[Experiment]) -> Table:
    """The list of experiments."""
    rows = [[one.name, one.kind, one.title, one.source] for one in experiments]
    return Table("experiments", ["name", "kind", "what", "source"], rows, [])


def write_markdown(path: Path, reproductions: list[Reproduction], quick: bool) -> None:
    """Writes what was found as one page."""
    kind = "quick" if quick else "full"
    parts = [
        "# Reproductions\n",
        f"Written by `lstm-variants reproduce --{kind} --markdown`; each trial's file names its "
        "machine and date.\n".replace("--full ", ""),
    ]
    for one in reproductions:
        parts += [f"## {one.experiment.title}\n", markdown(one.tables)]
    with replacing(path) as part:
        part.write_text("\n".join(parts), "utf-8")
