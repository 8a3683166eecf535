"""The catalogue of cells, from the classes themselves."""

import inspect
from typing import Any, NamedTuple

import keras

from keras_lstm_variants import CELLS, LAYERS

FEATURES, UNITS = 100, 100  # the sizes at which cells are counted


class Entry(NamedTuple):
    name: str
    layer: str
    differs: str  # in which line it differs from the LSTM: the first line of its documentation
    paper: str
    parameters: int


def entries() -> list[Entry]:
    """All cells in the order of the registry."""
    found = []
    for name, cell in CELLS.items():
        differs = (inspect.getdoc(cell) or "").splitlines()[0]
        found.append(Entry(name, LAYERS[name].__name__, differs, cell.paper, parameters(cell)))
    return found


def parameters(cell: Any) -> int:
    """Weights of a cell with 100 inputs and 100 units, in blocks of two if it has blocks."""
    blocks = "blocks" in inspect.signature(cell).parameters
    made: keras.Layer = cell(UNITS // 2, 2) if blocks else cell(UNITS)
    made.build((None, FEATURES))
    return int(made.count_params())
