"""The catalogue of cells, from the classes themselves."""

import difflib
import inspect
import math
import re
import textwrap
from typing import Any, NamedTuple

import keras

from keras_lstm_variants import IMAGE_LAYERS, LAYERS

from .errors import InputError

FEATURES, UNITS = 100, 100  # the sizes at which cells are counted
IMAGE = (10, 10)
EVERY_LAYER = {**LAYERS, **IMAGE_LAYERS}

# The LaTeX of the docstrings, as a terminal can show it.
SYMBOLS = {
    r"\sigma": "σ", r"\odot": "⊙", r"\sum": "Σ", r"\alpha": "α", r"\beta": "β", r"\gamma": "γ",
    r"\delta": "δ", r"\epsilon": "ε", r"\varepsilon": "ε", r"\eta": "η", r"\theta": "θ",
    r"\lambda": "λ", r"\Lambda": "Λ", r"\mu": "μ", r"\nu": "ν", r"\zeta": "ζ", r"\tau": "τ",
    r"\omega": "ω", r"\phi": "φ", r"\cdot": "·", r"\times": "×", r"\dots": "...", r"\to": "→",
    r"\leftarrow": "←", r"\ge": "≥", r"\le": "≤", r"\ne": "≠", r"\in": "∈", r"\mid": "|",
    r"\qquad": "   ", r"\quad": "  ", r"\;": " ", r"\,": " ", r"\{": "{", r"\}": "}",
    r"\left": "", r"\right": "", r"\top": "T", r"\infty": "∞", r"\sqrt": "√", r"\lVert": "‖",
    r"\rVert": "‖", r"\ast": "*", r"\circ": "∘", r"\equiv": "≡", r"\bmod": "mod",
}  # fmt: skip


class Entry(NamedTuple):
    name: str
    layer: str
    differs: str  # in which line it differs from the LSTM: the first line of its documentation
    paper: str
    second_opinion: str  # what else computes it in the tests, beside the oracle of its name
    parameters: int


class Weight(NamedTuple):
    name: str
    shape: tuple[int, ...]


class Description(NamedTuple):
    entry: Entry
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
        InputError: There is no such cell.
    """
    if name not in EVERY_LAYER:
        near = difflib.get_close_matches(name, EVERY_LAYER, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "`lstm-variants cells` lists them"
        raise InputError(f"cells: there is no cell '{name}': {hint}")
    cell = built(EVERY_LAYER[name].cell_class)
    return Description(entry(name), equations(type(cell)), tuple(cell.state), weights(cell))


def built(cell: Any) -> Any:
    """A cell with 100 inputs and 100 units, in blocks of two if it has blocks.

    One for images has 100 channels, and kernels of 3 by 3 for images of 10 by 10.
    """
    arguments = inspect.signature(cell).parameters
    if "filters" in arguments:
        made: keras.Layer = cell(UNITS, kernel_size=3)
        made.build((None, *IMAGE, FEATURES))
        return made
    made = cell(UNITS // 2, 2) if "blocks" in arguments else cell(UNITS)
    made.build((None, FEATURES))
    return made


def weights(cell: Any) -> list[Weight]:
    return [Weight(weight.name, tuple(weight.shape)) for weight in cell.trainable_weights]


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
    """A line of LaTeX as text: h_{t-1} stays, \\sigma becomes σ."""
    text = latex.replace("&", "")
    text = re.sub(r"\\(?:mathrm|mathbf|text|operatorname|mathit)\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"\\(?:tilde|hat|bar)\s*\{?(\w)\}?", r"\1~", text)
    text = re.sub(
        r"\\d?frac\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}",
        r"(\1) / (\2)",
        text,
    )
    text = re.sub(r"\\(tanh|exp|log|max|min|cos|sin|relu)\b", r"\1", text)
    for symbol in sorted(SYMBOLS, key=len, reverse=True):
        text = text.replace(symbol, SYMBOLS[symbol])
    return re.sub(r"\s+", " ", text).strip()
