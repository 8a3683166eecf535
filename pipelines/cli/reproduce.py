"""The command `reproduce`: the experiments of the papers."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import InputError
from ..quiet import import_tensorflow
from .output import AsJSON, Quiet, console, print_json

OUT = Path("reproductions")


def reproduce(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Experiments, or all; without any, their list."),
    ] = None,
    cell: Annotated[
        list[str] | None,
        typer.Option(help="Run this cell only, even one that the paper does not have."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="How many seeds; by default, the protocol's.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A protocol of a minute in place of the paper's.")
    ] = False,
    out: Annotated[
        Path, typer.Option(help="The folder of results: a run that was killed resumes there.")
    ] = OUT,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Trials beside each other; by default, a CPU each.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="The file of an experiment that needs one, such as chorales."),
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(help="Write a page of all results in the folder to this file, too."),
    ] = None,
    as_json: AsJSON = False,
    quiet: Quiet = False,
) -> None:
    """Runs experiments of the papers and prints what they find beside what is published."""
    from ..bench.machine import cpus
    from ..bench.report import check_writable
    from ..experiments import catalogue
    from ..experiments.reproduction import catalogue as listed

    if not names:
        experiments = list(catalogue.EXPERIMENTS.values())
        if as_json:
            print_json({"experiments": [_described(one) for one in experiments]})
        else:
            console().print(_shown(listed(experiments)))
        return
    check_writable(markdown)
    experiments = catalogue.named(names, data)
    import_tensorflow()
    try:
        from ..experiments import page, reproduction, runner
    except ModuleNotFoundError as error:
        raise InputError(
            f"reproduce needs {error.name}: pip install 'keras-lstm-variants[report]'"
        ) from None
    from .progress import ReproductionProgress

    try:
        watching: Any = nullcontext() if quiet else ReproductionProgress()
        with watching as progress:
            done = list(
                reproduction.reproduce(
                    experiments, out, cell or [], seeds, quick, processes or cpus(), progress
                )
            )
    except KeyboardInterrupt:
        print(f"{out}: stopped; run the same command to resume", file=sys.stderr)
        raise typer.Exit(130) from None
    if as_json:
        print_json({"experiments": [one.found for one in done]})
    for one in () if as_json else done:
        for table in one.tables:
            console().print(_shown(table))
        print(f"picture: {one.picture}")
    if markdown:
        own = runner.plan(experiments, cell or [], seeds, quick)
        page.write(markdown, out, catalogue.named([catalogue.ALL], data), own)


def _shown(table: Any) -> Any:
    """A table whose numbers stand at the right of their columns, and words at the left."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=table.title, box=box.SIMPLE)
    for n, column in enumerate(table.columns):
        numbers = n > 0 and all(row[n][:1] in "-0123456789" for row in table.rows)
        justify: Any = "right" if numbers else "left"
        shown.add_column(column, justify=justify, no_wrap=n == 0, overflow="fold")
    for row in table.rows:
        shown.add_row(*row)
    return Group(shown, *map(Text, table.notes))


def _described(experiment: Any) -> dict[str, Any]:
    names = ("name", "kind", "title", "claim", "source", "answers")
    return {name: getattr(experiment, name) for name in names}
