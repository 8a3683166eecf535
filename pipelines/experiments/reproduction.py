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
        machines: Those that its trials ran on, with their days.
    """

    experiment: Experiment
    tables: list[Table]
    found: dict[str, Any]
    picture: Path
    machines: list[str]


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
        found = summary.as_json(experiment, own, quick, picture)
        of_it = [trial for trial in trials if trial.experiment is experiment]
        machines = runner.machines(of_it, out)
        yield Reproduction(experiment, tables, found, picture, machines)


def catalogue(experiments: list[Experiment]) -> Table:
    """The list of experiments."""
    rows = [[one.name, one.kind, one.title, one.source] for one in experiments]
    return Table("experiments", ["name", "kind", "what", "source"], rows, [])


def write_markdown(path: Path, reproductions: list[Reproduction], quick: bool) -> None:
    """Writes what was found as one page: first what was solved, then each experiment."""
    command = f"lstm-variants reproduce{' --quick' * quick} --markdown"
    machines = dict.fromkeys(line for one in reproductions for line in one.machines)
    parts = [
        "# Reproductions\n",
        f"Written by `{command}` from the files of its trials, with "
        f"{'the quick protocols' if quick else 'the protocols of the papers'}. A rate of success "
        "comes with its 95% interval (Wilson). How a published number is known stands beside it.\n",
        *(f"- {line}" for line in machines),
        "",
        markdown([overview(reproductions)]),
    ]
    for one in reproductions:
        parts += [f"## {one.experiment.title}\n", markdown(one.tables)]
    with replacing(path) as part:
        part.write_text("\n".join(parts), "utf-8")


def overview(reproductions: list[Reproduction]) -> Table:
    """What was solved, and whether computations found what the sources say."""
    rows = []
    for one in reproductions:
        for row in one.found["ours"]:
            rate = "-" if row["solved"] is None else f"{row['solved']}/{row['trials']}"
            needed = "-" if row["sequences"] is None else f"{row['sequences']:,.0f}"
            published = [p.value for p in one.experiment.published if p.what == row["arm"]]
            rows.append([one.experiment.name, row["arm"], rate, needed, "; ".join(published)])
    columns = ["experiment", "net", "solved", "sequences needed", "published for this net"]
    return Table("What was solved", columns, rows, [])
