"""`lstm-variants cells`: the catalogue."""

from typing import Annotated

import typer

from ..errors import InputError
from ..quiet import import_tensorflow
from .output import AsJSON, Quiet, console, print_json


def cells(
    name: Annotated[
        str | None, typer.Argument(help="A cell, to see its equations and weights.")
    ] = None,
    as_json: AsJSON = False,
    quiet: Quiet = False,
) -> None:
    """The catalogue of cells; with a name, everything about one of them."""
    import_tensorflow()
    from keras_lstm_variants.catalogue import describe, entries

    from . import cells as tables

    if name is None and as_json:
        print_json({"cells": entries()})
        return
    if name is None:
        console().print(tables.catalogue(entries()))
        return
    try:
        described = describe(name)
    except ValueError as error:
        raise InputError(f"cells: {error} (`lstm-variants cells` lists them)") from None
    if as_json:
        print_json(described._asdict())
    else:
        console().print(tables.cell(described))
