"""What type checkers and IDEs know of the cells and layers: `python docs/generated.py` writes it.

Signatures are made when a class is, see `keras_lstm_variants.arguments`; whoever reads the source
without running it needs them written out. Two stubs hold them, made from the same signatures.
"""

import inspect
import textwrap
from collections.abc import Iterable, Iterator
from inspect import Parameter
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from typing_extensions import TypeAliasType

import keras_lstm_variants as library
from keras_lstm_variants import arguments, cells
from keras_lstm_variants.arguments import BY_NAME, POSITIONAL
from keras_lstm_variants.recurrent import Recurrent

FOLDER = Path(library.__file__).parent
HEAD = '"""Written by `python docs/generated.py`: run it again when a signature changes."""'
TABLES = {
    "EXPORTS": "Lazy",
    "LAYERS": "Mapping[str, type[Recurrent]]",
    "CELLS": "Mapping[str, type[GatedCell]]",
    "IMAGE_LAYERS": "Mapping[str, type[Recurrent]]",
    "TIMED_LAYERS": "Mapping[str, type[Recurrent]]",
}


def stubs() -> dict[Path, str]:
    """The text of each stub by its file."""
    return {FOLDER / "__init__.pyi": of_package(), FOLDER / "cells" / "__init__.pyi": of_cells()}


def of_package() -> str:
    """The names that can be imported from the package."""
    imports = {"from .cells import *", "from .lazy import Lazy"}
    for name, place in library.EXPORTS.places.items():
        module, _, inside = place.partition(":")
        if name not in cells.EXPORTS:
            imports.add(f"from .{module if inside else ''} import {name} as {name}")
    lines = [HEAD, "", *sorted(imports)]
    lines += ["", "EXPORTS: Lazy", "__version__: str", ""]
    return "\n".join([*lines, *all_of(library.__all__)])


def of_cells() -> str:
    """Every cell and its layer, with the arguments of their constructors."""
    aliases = sorted(name for name, thing in vars(arguments).items() if is_alias(thing))
    lines = [
        HEAD,
        "",
        "from collections.abc import Iterable, Mapping, Sequence",
        "from typing import Literal",
        "",
        f"from ..arguments import {', '.join(aliases)}",
        "from ..lazy import Lazy",
        "from ..recurrent import Recurrent",
        "from .parts.base import GatedCell",
        "",
        "TABLE: dict[str, str]",
        "IMAGE_TABLE: dict[str, str]",
        *(f"{name}: {kind}" for name, kind in TABLES.items()),
        "",
    ]
    for layer in [*cells.LAYERS.values(), *cells.IMAGE_LAYERS.values()]:
        lines += [*of_class(layer.cell_class, "GatedCell"), ""]
        lines += [*of_class(layer, "Recurrent"), ""]
    return "\n".join([*lines, *all_of(cells.__all__)])


def of_class(thing: Any, base: str) -> Iterator[str]:
    yield f"class {thing.__name__}({base}):"
    yield from documentation(thing)
    if issubclass(thing, Recurrent):
        yield f"    cell_class: type[{thing.cell_class.__name__}]"
        yield f"    cell: {thing.cell_class.__name__}"
    yield "    def __init__("
    yield from filled(of_parameters(inspect.signature(thing).parameters.values()))
    yield "    ) -> None: ..."


def filled(parts: Iterable[str]) -> list[str]:
    """Parts in lines, none of them broken."""
    text = ", ".join(part.replace(" ", "\0") for part in parts)
    indent = " " * 8
    lines = textwrap.wrap(text, width=100, initial_indent=indent, subsequent_indent=indent)
    return [line.replace("\0", " ") for line in lines]


def documentation(thing: Any) -> list[str]:
    """What the docstring says before its first section; the stub's signature says the rest."""
    text = arguments.sections(thing.__doc__)[""] if issubclass(thing, Recurrent) else ""
    first, *others = (text or thing.__doc__.partition("\n")[0]).splitlines()
    if not others:
        return [f'    """{first}"""']
    mark = "r" if "\\" in text else ""
    return [f'    {mark}"""{first}', *(f"    {line}".rstrip() for line in others), '    """']


def of_parameters(parameters: Iterable[Parameter]) -> list[str]:
    written = {POSITIONAL: ["self"], BY_NAME: ["*"]}
    for p in parameters:
        default = "" if p.default is p.empty else f" = {literal(p.default)}"
        written[p.kind].append(f"{p.name}: {of_type(p.annotation)}{default}")
    return [*written[POSITIONAL], *written[BY_NAME]]


def of_type(annotation: Any) -> str:
    """A type as it is written in source."""
    if is_alias(annotation):
        return str(annotation.__name__)
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return " | ".join(map(of_type, inner))
    if origin is Literal:
        return f"Literal[{', '.join(map(literal, inner))}]"
    if origin:
        return f"{origin.__name__}[{', '.join(map(of_type, inner))}]"
    if annotation in (None, NoneType):
        return "None"
    if annotation is Parameter.empty:
        raise TypeError("A parameter has no type: annotate it where the class takes it.")
    return str(annotation.__name__)


def is_alias(thing: Any) -> bool:
    return isinstance(thing, TypeAliasType)


def literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def all_of(names: Iterable[str]) -> list[str]:
    return ["__all__ = [", *(f'    "{name}",' for name in names), "]", ""]
