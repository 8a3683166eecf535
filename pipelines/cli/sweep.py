"""`lstm-variants sweep` and `report`."""

from pathlib import Path
from typing import Annotated

import typer

from ..quiet import import_tensorflow
from .output import AsJSON, Quiet, fail
from .parameters import Set, TensorBoard


def sweep(
    config: Annotated[Path, typer.Argument(help="A sweep in TOML; see configs/sweeps/.")],
    out: Annotated[
        Path | None, typer.Option(help="The sweep's folder; sweeps/NAME by default.")
    ] = None,
    workers: Annotated[
        str,
        typer.Option(
            metavar="N",
            help="Trials that run side by side, each in a process with cores of its own; or ray, "
            "for one on each core of a Ray cluster.",
        ),
    ] = "1",
    ray_address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Of the Ray cluster. By default RAY_ADDRESS, or the one of this machine.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Only check everything and print the plan, with its time and memory."
        ),
    ] = False,
    status: Annotated[
        bool,
        typer.Option(
            "--status",
            help="Only say how far a sweep is and what it says so far; CONFIG is its folder.",
        ),
    ] = False,
    tensorboard: TensorBoard = False,
    overrides: Set = None,
    as_json: AsJSON = False,
    quiet: Quiet = False,
) -> None:
    """Trains many variants, compares them and exports the best. Exit status 1 if a trial failed.

    The same command resumes a sweep that was killed, and extends one that asked for less.
    """
    if status:
        from . import sweep_report

        folder = config if config.is_dir() else out or Path("sweeps") / config.stem
        sweep_report.print_status(folder, as_json)
        return
    import_tensorflow()
    from . import sweep_run

    number, more = sweep_run.number_of_workers(workers), overrides or []
    if dry_run:
        sweep_run.dry_run(config, more, number, ray_address, as_json, quiet)
    elif failed := sweep_run.run(
        config, out, more, number, ray_address, tensorboard, as_json, quiet
    ):
        fail(failed, status=1)


def report(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of a sweep.")],
    tensorboard: TensorBoard = False,
    as_json: AsJSON = False,
    quiet: Quiet = False,
) -> None:
    """Computes the tables and the page of a sweep anew, from its folder alone.

    Also while it runs: on another machine that shares the disk, for example.
    """
    if tensorboard:
        import_tensorflow()
    from . import sweep_report

    sweep_report.rewrite(folder, tensorboard, as_json)
