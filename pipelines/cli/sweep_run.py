"""What `sweep` does, and what it prints."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

import typer
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ..config.forecast_schema import Forecast
from ..config.sweep_loading import load_sweep
from ..config.sweep_schema import Sweep
from ..errors import InputError
from ..sweeping import cluster, estimate, plan, report, search
from ..sweeping.board import BUSY
from ..sweeping.budget import Budget
from ..sweeping.report import REPORT
from ..sweeping.space import cells
from ..sweeping.workers import cores
from . import sweep_report
from .output import console, print_json
from .progress import SweepProgress, progress_bar


def number_of_workers(given: str) -> int | Literal["ray"]:
    """How many workers were asked for, or "ray".

    Raises:
        InputError: It is neither that nor a number from 1.
    """
    if given == "ray":
        return "ray"
    if not given.isdecimal() or len(given) > 6 or int(given) < 1:
        raise InputError(
            f"--workers: {given:.20}: give a number from 1, or ray for a Ray cluster's machines"
        )
    return int(given)


def dry_run(
    config: Path,
    overrides: list[str],
    workers: int | Literal["ray"],
    ray_address: str | None,
    as_json: bool,
    quiet: bool = False,
) -> None:
    """Checks a sweep and prints what it will do, and about how long it takes."""
    loaded = load_sweep(config, overrides)
    there = cores()
    if workers == "ray":
        cluster.connect(ray_address)
        workers = there = cluster.slots()
    budget = Budget(loaded)
    solved = loaded.sweep.budget.equal == "weights"
    with nullcontext() if quiet else progress_bar() as progress:
        total = len(cells(loaded)) * (1 + solved)
        task = progress.add_task("", total=total) if progress else None

        def told(what: str) -> None:
            if progress and task is not None:
                progress.update(task, advance=1, description=what)

        plan.check(loaded, budget, lambda cell: told(f"units of {cell}"))
        planned = plan.plan(loaded, budget)
        guess = estimate.estimate(
            loaded, planned, budget, workers, there, lambda cell: told(f"time of {cell}")
        )
    if as_json:
        print_json({**planned._asdict(), "estimate": guess, "workers": workers})
        return
    for part in _rendered(loaded, planned, guess, workers, there):
        console().print(part, soft_wrap=isinstance(part, Text))


def _rendered(
    config: Sweep, planned: plan.Plan, guess: estimate.Estimate, workers: int, there: int
) -> list[RenderableType]:
    table = Table(title=f"the plan: equal {config.sweep.budget.equal}")
    table.add_column("cell")
    columns = ["trials", "units", "weights", "s/epoch"]
    for column in columns[:1] + ["finals"] * bool(planned.finals) + columns[1:]:
        table.add_column(column, justify="right")
    several = planned.finals and config.sweep.finals and config.sweep.finals.of == "sweep"
    for row in planned.rows:
        mark = " (baseline)" if row.cell == planned.baseline else ""
        of_finals = f"≤ {row.finals}" if several else str(row.finals)
        table.add_row(
            f"{row.cell}{mark}",
            str(row.trials),
            *[of_finals] * bool(planned.finals),
            f"{row.units:,}",
            f"{row.weights:,}",
            f"{guess.probes[row.cell].epoch_seconds:.2f}",
        )
    total = f"{planned.trials:,} trials"
    if planned.finals:
        total += f" and {planned.finals:,} runs of the finals"
        total += ", which are scored on test" if planned.tested else ""
    time = (
        f"about {_duration(guess.seconds)} with {_counted(workers, 'worker')} on "
        f"{_counted(there, 'core')}, {_duration(guess.cpu_seconds)} of CPU time, if no training "
        "stops early; scoring is not counted"
    )
    if guess.other_load is not None and guess.other_load > BUSY * cores():
        time += f"; timed while other programs kept {guess.other_load:.1f} cores busy"
    memory = (
        f"{guess.memory / 2**30:.1f} GiB of memory; this machine has "
        f"{guess.available / 2**30:.1f} GiB free"
    )
    scarce = guess.memory > guess.available
    return [table, Text(total), Text(time), Text(memory, style="bold red" if scarce else "")]


def _counted(number: int, name: str) -> str:
    return f"{number} {name}" + "s" * (number != 1)


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def run(
    config: Path,
    out: Path | None,
    overrides: list[str],
    workers: int | Literal["ray"],
    ray_address: str | None,
    tensorboard: bool,
    as_json: bool,
    quiet: bool,
) -> str:
    """Runs a sweep and prints its tables.

    Returns:
        What failed, for the last line; empty if nothing did.
    """
    loaded = load_sweep(config, overrides)
    folder = out or Path("sweeps") / config.stem
    try:
        watching: Any = nullcontext() if quiet else SweepProgress()
        with watching as progress:
            result = search.run_sweep(loaded, folder, progress, workers, tensorboard, ray_address)
    except KeyboardInterrupt:
        typer.echo(f"{folder}: stopped; run the same command to resume", err=True)
        raise typer.Exit(130) from None
    best = folder / search.BEST
    if as_json:
        exported = best if best.exists() else None
        print_json({"sweep": folder, **result._asdict(), "exported": exported})
    else:
        sweep_report.show(report.read(folder))
    if result.best is None:
        return f"{folder}: no trial succeeded"
    if not as_json:
        _print_best(folder, loaded, result, best)
    if not result.failed:
        return ""
    some = "a trial" if len(result.failed) == 1 else f"{len(result.failed)} trials"
    return f"{folder}: {some} failed: see the table"


def _print_best(folder: Path, loaded: Sweep, result: search.Result, best: Path) -> None:
    assert result.best is not None
    print(f"table: {folder / search.LEADERBOARD}")
    if (folder / REPORT).exists():
        print(f"page: {folder / REPORT}")
    if best.exists() and isinstance(loaded.base, Forecast):
        print(f"best net, exported: {best}")
    elif best.exists():
        print(f'best run, exported: lstm-variants tag {best} "some text"')
    elif search.FOLD in loaded.space:
        print("no run is exported, as each lacks a fold; evaluate the trials named in it")
    elif isinstance(loaded.base, Forecast):
        print("the same command with KERAS_BACKEND=tensorflow exports the best net")
    else:
        run_folder = folder / search.FOLDERS[result.best.phase] / result.best.name
        print(f"best run: KERAS_BACKEND=tensorflow lstm-variants export {run_folder} {best}")
