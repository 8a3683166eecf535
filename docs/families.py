"""A page for each family of cells, written from its module, its classes and their data flow."""

import importlib
import inspect
import pkgutil
import re
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import keras_lstm_variants
from dataflow import flow
from drawing import picture
from keras_lstm_variants import cells, testing
from keras_lstm_variants.catalogue import EVERY_LAYER, FEATURES, UNITS, built, describe
from keras_lstm_variants.cells import parts

CELLS = {name: layer.cell_class for name, layer in EVERY_LAYER.items()}


def families() -> dict[str, list[str]]:
    """The modules with registered cells, in the order of the registry: name -> names of cells."""
    found: dict[str, list[str]] = {}
    for name, cell in CELLS.items():
        found.setdefault(cell.__module__.rpartition(".")[2], []).append(name)
    return found


def pages() -> dict[str, str]:
    """What is written for the build: the name of a file -> its text."""
    written = {"families/index.rst": index(), "api.rst": api()}
    for family, names in families().items():
        written[f"families/{family}.rst"] = page(family, names)
        for name in names:
            written[f"families/{name}.svg"] = picture(
                flow(built(CELLS[name])), f"The data flow of one step of {name}"
            )
    return written


def write(folder: Path, texts: dict[str, str]) -> None:
    """Writes the pages that have changed, and removes those of families that are no more."""
    for place in sorted({name.partition("/")[0] for name in texts if "/" in name}):
        (folder / place).mkdir(exist_ok=True)
        for file in (folder / place).iterdir():
            if f"{place}/{file.name}" not in texts:
                file.unlink()
    for name, text in texts.items():
        file = folder / name
        if not file.exists() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")


def index() -> str:
    rows = [
        (f":ref:`{name} <cell-{name}>`, `{e.layer}`", e.differs, e.paper, f"{e.parameters:,}")
        for names in families().values()
        for name in names
        for e in [describe(name).entry]
    ]
    return lines(
        f".. py:currentmodule:: {keras_lstm_variants.__name__}",
        title("Cells", "="),
        f"Weights: with {FEATURES} inputs and {UNITS} units, in blocks of two cells where there "
        "are blocks.",
        table(("name and layer", "what is different", "paper", "weights"), rows, "25 43 22 10"),
        ".. toctree::\n   :caption: Families\n   :maxdepth: 1\n",
        "\n".join(f"   {family}" for family in families()),
    )


def page(family: str, names: list[str]) -> str:
    module = sys.modules[f"{cells.__name__}.{family}"]
    first, _, rest = (inspect.getdoc(module) or family).partition("\n")
    return lines(
        f".. py:currentmodule:: {keras_lstm_variants.__name__}",
        title(first.rstrip(".:"), "="),
        rest.strip(),
        *(section(name) for name in names),
        shared(module),
    )


def section(name: str) -> str:
    described = describe(name)
    entry = described.entry
    cell, layer = CELLS[name], EVERY_LAYER[name]
    opinion = entry.second_opinion or "none beside the oracle written from the paper"
    facts = [
        f":Layer: `{layer.__name__}`",
        f":Cell: `{cell.__name__}`",
        f":Paper: {entry.paper}",
        f":Source: ``{described.source}``",
        f":States: {', '.join(f'``{state}``' for state in described.states)}",
        f":Second opinion in the tests: {opinion}",
    ]
    shapes = [(f"``{w.name}``", " × ".join(map(str, w.shape))) for w in described.weights]
    return lines(
        f".. _cell-{name}:",
        title(name, "-"),
        "\n".join(facts),
        f".. image:: {name}.svg\n   :alt: The data flow of one step of {name}",
        f".. autoclass:: {cell.__name__}",
        f".. autoclass:: {layer.__name__}",
        f"Weights, {entry.parameters:,} with {FEATURES} inputs and {UNITS} units:",
        table(("weight", "shape"), shapes, "40 60"),
    )


def shared(module: ModuleType) -> str:
    """The classes of a family that are not cells themselves, but say what its arguments mean."""
    bases = {parent for cell in CELLS.values() for parent in cell.__mro__} - {*CELLS.values()}
    here = [
        name
        for name, thing in vars(module).items()
        if isinstance(thing, type) and thing in bases and thing.__module__ == module.__name__
    ]
    if not here:
        return ""
    classes = (f".. autoclass:: {module.__name__}.{name}" for name in here)
    return lines(title("What they share", "-"), *classes)


def api() -> str:
    """Every module of the library that is not a family, by itself."""
    return lines(
        title("API reference", "="),
        "The cells and their layers are on the pages of :doc:`their families <families/index>`.",
        "`check_cell` and its report are on the page about :doc:`your_own_cell`.",
        *(documented(name) for name in modules(keras_lstm_variants) if name != testing.__name__),
        title("What cells are made of", "-"),
        *map(documented, modules(parts)),
    )


def modules(package: ModuleType) -> list[str]:
    found = pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    return [module.name for module in found if not module.ispkg and "._" not in module.name]


def documented(module: str) -> str:
    importlib.import_module(module)
    name = module.removeprefix(f"{keras_lstm_variants.__name__}.")
    mark = "~" if name.startswith("cells.") else "-"
    return lines(title(name, mark), f".. automodule:: {module}\n   :members:")


def title(text: str, mark: str) -> str:
    return f"{text}\n{mark * len(text)}"


def lines(*parts: str) -> str:
    return "\n\n".join(filter(None, parts)) + "\n"


def table(head, rows, widths: str) -> str:
    def row(values):
        first, *others = (re.sub(r"\s+", " ", value) or "\\ " for value in values)
        return "\n".join([f"* - {first}", *(f"  - {value}" for value in others)])

    body = "\n".join(map(row, [head, *rows]))
    options = f"   :header-rows: 1\n   :widths: {widths}\n\n"
    return ".. list-table::\n" + options + textwrap.indent(body, "   ")
