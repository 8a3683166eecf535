"""`lstm-variants inspect`: what recurrent layers do while they read."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from ..quiet import import_tensorflow
from .lines import sentences, standard_input
from .output import AsJSON, Quiet, note, print_json


def inspect(
    model: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or a .keras file.")],
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT",
            help="Of a run folder: sentences, or - for standard input, one per line.",
            show_default=False,
        ),
    ] = None,
    inputs: Annotated[
        Path | None,
        typer.Option(
            help="Of a .keras file: what it reads, as an array in .npy or several in .npz."
        ),
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="Another .keras file, to compare; may be given several times."),
    ] = None,
    sequences: Annotated[
        int, typer.Option(min=1, help="How many of the first sequences of --inputs are read.")
    ] = 16,
    out: Annotated[
        Path | None, typer.Option(help="The folder to create; RUN-inspect by default.")
    ] = None,
    split: Annotated[
        bool, typer.Option("--split", help="Words are separated by whitespace already.")
    ] = False,
    as_json: AsJSON = False,
    quiet: Quiet = False,
) -> None:
    """Draws gates, states and the reach of each input while a model reads."""
    lines = [
        line
        for text in texts or ()
        for line in (standard_input() if text == "-" else sentences(text))
    ]
    is_model = model.suffix == ".keras"
    if is_model and (texts or inputs is None):
        raise InputError(f"{model}: a .keras file reads arrays: give them with --inputs FILE.npy")
    if not is_model and (inputs or beside):
        raise InputError(f"{model}: --inputs and --beside are for .keras files; a run reads text")
    if not is_model and not texts:
        raise InputError("TEXT is missing: give sentences to read, or - for standard input")
    import_tensorflow()
    try:
        from ..inspection import inspector, models
    except ModuleNotFoundError as error:
        raise InputError(
            f"inspect needs {error.name}: pip install 'keras-lstm-variants[report]'"
        ) from None
    stem = model.resolve().stem if is_model else model.resolve().name
    folder = out or model.absolute().with_name(f"{stem}-inspect")
    missing: list[str] = []
    if inputs is not None:
        models.inspect_models([model, *(beside or ())], inputs, folder, sequences)
    else:
        missing = inspector.inspect(model, lines, folder, split)
    if missing:
        note(
            f"no installed font has {''.join(missing)}: boxes stand for them in the .png files; "
            "the page shows .svg files, for which your browser has fonts"
        )
    page = folder / inspector.INDEX
    if as_json:
        print_json({"folder": folder, "page": page, "without_font": missing})
    else:
        print(page)
