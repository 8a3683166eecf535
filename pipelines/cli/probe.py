"""`lstm-variants probe`: a small model of characters, and what its units stand for."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import InputError, TrainingFailed
from ..quiet import import_tensorflow
from .output import AsJSON, Quiet, console, print_json


def probe(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help="A text file, or a Python module whose source is read, such as argparse.",
        ),
    ],
    cell: Annotated[str, typer.Option(help="The cell; `lstm-variants cells` lists them.")] = "lstm",
    units: Annotated[int, typer.Option(min=2, max=4096, help="Its units.")] = 64,
    epochs: Annotated[int, typer.Option(min=1, max=10_000, help="Epochs of training.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of the first weights and the order.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="The folder to create; probe-TEXT-CELL by default.")
    ] = None,
    as_json: AsJSON = False,
    quiet: Quiet = False,
) -> None:
    """Trains a small model of a text's characters and looks for units that stand for something.

    Position in the line, quotes, brackets, indentation and capitals, on the end of the text, which
    the model is not trained on; guarded against what chance finds among so many units.
    """
    import_tensorflow()
    try:
        from ..inspection import characters
    except ModuleNotFoundError as error:
        raise InputError(
            f"probe needs {error.name}: pip install 'keras-lstm-variants[report]'"
        ) from None
    folder = out or Path(f"probe-{Path(text).stem}-{cell}")
    request = characters.Request(cell, units, epochs, seed)
    try:
        with _progress(epochs, quiet) as told:
            found = characters.write(text, request, folder, told)
    except TrainingFailed as error:
        raise InputError(str(error)) from None
    if as_json:
        print_json({"folder": folder, **characters.as_dict(found)})
        return
    console().print(_table(characters.units(found), found), soft_wrap=True)
    print(folder / characters.INDEX)


def _table(best: list[dict[str, Any]], found: Any) -> Any:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    head = (
        f"{found.bits:.2f} bits per held-out character (by frequency {found.chance:.2f}); "
        f"{len(found.text):,} characters probed, state {found.state}"
    )
    table = Table(
        caption=f"p: of {found.trained.shifts:,} shifts, any unit with any feature does as well"
    )
    for name in ("stands for", "unit", "r", "p", "best r untrained"):
        table.add_column(name, justify="left" if name == "stands for" else "right")
    for one in best:
        table.add_row(
            one["feature"],
            "none" if one["unit"] is None else str(one["unit"]),
            f"{one['score']:+.2f}",
            chance(one["p"]),
            f"{one['untrained']:+.2f}",
        )
    count = sum(one["unit"] is not None for one in best)
    last = "nothing was found that chance does not find" if not count else ""
    return Group(Text(head), table, Text(last)) if last else Group(Text(head), table)


def chance(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _progress(epochs: int, quiet: bool) -> Any:
    from contextlib import contextmanager

    from .progress import progress_bar

    @contextmanager
    def shown() -> Any:
        if quiet:
            yield None
            return
        with progress_bar() as bar:
            task = bar.add_task("training", total=epochs)

            def told(epoch: int, bits: float) -> None:
                bar.update(task, completed=epoch, description=f"epoch {epoch}: {bits:.2f} bits")

            yield told

    return shown()
