"""The catalogue of cells, from the classes themselves."""

import difflib
import inspect
import math
import re
import textwrap
from functools import cache
from typing import Any, NamedTuple

import keras

from .cells import IMAGE_LAYERS, LAYERS, TIMED_LAYERS

FEATURES, UNITS = 100, 100  # the sizes at which cells are counted
IMAGE = 10  # along each axis
EVERY_LAYER = {**LAYERS, **TIMED_LAYERS, **IMAGE_LAYERS}


class Entry(NamedTuple):
    name: str
    layer: str
    differs: str  # from the LSTM: the first line of its documentation
    paper: str
    second_opinion: str  # what else computes it in the tests, beside the oracle of its name
    parameters: int


class Weight(NamedTuple):
    name: str
    shape: tuple[int, ...]


class Description(NamedTuple):
    entry: Entry
    source: str  # the file and line of its class, from the folder of the package
    equations: list[str]
    states: tuple[str, ...]
    weights: list[Weight]


def entries() -> list[Entry]:
    """All cells in the order of the registry."""
    return [entry(name) for name in EVERY_LAYER]


def entry(name: str) -> Entry:
    cell = EVERY_LAYER[name].cell_class
    differs = (inspect.getdoc(cell) or "").splitlines()[0]
    parameters = sum(math.prod(weight.shape) for weight in weights(built(cell)))
    layer = EVERY_LAYER[name].__name__
    return Entry(name, layer, differs, cell.paper, cell.second_opinion, parameters)


def describe(name: str) -> Description:
    """Everything about one cell.

    Raises:
        ValueError: There is no such cell.
    """
    if name not in EVERY_LAYER:
        near = difflib.get_close_matches(name, EVERY_LAYER, n=1)
        hint = f": did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"there is no cell {name!r}{hint}")
    cell = built(EVERY_LAYER[name].cell_class)
    return Description(
        entry(name), source(type(cell)), equations(type(cell)), tuple(cell.state), weights(cell)
    )


def source(cell: Any) -> str:
    """Where a class is written, such as `keras_lstm_variants/cells/lstm.py:9`."""
    _, line = inspect.getsourcelines(cell)
    return f"{cell.__module__.replace('.', '/')}.py:{line}"


def built(cell: Any) -> Any:
    """A cell with 100 inputs and 100 units, in blocks of two if it has blocks.

    One for images has 100 channels, and kernels of 3 for images of 10, along each axis.
    """
    arguments = inspect.signature(cell).parameters
    if "filters" in arguments:
        made: keras.Layer = cell(UNITS, kernel_size=3)
        made.build((None, *[IMAGE] * cell.axes, FEATURES))
        return made
    if "features" in arguments:
        made = cell(UNITS, features=FEATURES)
    else:
        made = cell(UNITS // 2, 2) if "blocks" in arguments else cell(UNITS)
    # Beside x there may be a time.
    made.build((None, cell.columns(FEATURES) if hasattr(cell, "columns") else FEATURES))
    return made


def weights(cell: Any) -> list[Weight]:
    return [Weight(weight.name, tuple(weight.shape)) for weight in cell.weights]


def equations(cell: Any) -> list[str]:
    """The equations of a cell's docstring, one a line, without LaTeX."""
    documentation = inspect.getdoc(cell) or ""
    found = re.findall(r"^\.\. math::(.*\n(?:(?: .*)?\n)*)", documentation + "\n", re.MULTILINE)
    lines = []
    for block in found:
        joined = re.sub(r"\s*\n\s+", " ", textwrap.dedent(block.strip()))
        lines += [plain(line) for line in joined.split(r"\\")]
    return lines


def plain(latex: str) -> str:
    r"""A line of LaTeX as text: h_{t-1} stays, \sigma becomes σ."""
    text = reader().latex_to_text(f"${latex.replace('&', '')}$")
    # The reader drops spaces between two commands.
    text = re.sub(r"\s*([⊙·≤])\s*", r" \1 ", text)
    text = re.sub(r"\b(log|exp|tanh)(?=[α-ω])", r"\1 ", text)
    return re.sub(r"\s+", " ", text).strip()


@cache
def reader() -> Any:
    """Reads LaTeX, with fractions on one line and subscripts in their braces."""
    from pylatexenc import latex2text

    known = latex2text.get_default_latex_context_db()
    fraction = latex2text.MacroTextSpec("frac", "(%s) / (%s)")
    known.add_context_category("equations", [fraction], prepend=True)
    return latex2text.LatexNodes2Text(known, math_mode="text", keep_braced_groups=True)
