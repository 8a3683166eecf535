"""Gated recurrent cells for Keras 3: the equations of their papers, used as `keras.layers.LSTM` is.

Importing the package registers every class, which is all that `keras.models.load_model` needs.
"""

from .cells import (
    CELLS,
    GRU,
    LAYERS,
    LSTM,
    LSTM1997,
    GRUCell,
    GRUResetBefore,
    GRUResetBeforeCell,
    LSTM1997Cell,
    LSTMCell,
    MemoryBlockLSTM,
    MemoryBlockLSTMCell,
    PeepholeLSTM,
    PeepholeLSTMCell,
    SimpleRNN,
    SimpleRNNCell,
)
from .cells.base import GatedCell
from .recurrent import Recurrent

__version__ = "0.1.0"

__all__ = [
    "CELLS",
    "GRU",
    "LAYERS",
    "LSTM",
    "LSTM1997",
    "GRUCell",
    "GRUResetBefore",
    "GRUResetBeforeCell",
    "GatedCell",
    "LSTM1997Cell",
    "LSTMCell",
    "MemoryBlockLSTM",
    "MemoryBlockLSTMCell",
    "PeepholeLSTM",
    "PeepholeLSTMCell",
    "Recurrent",
    "SimpleRNN",
    "SimpleRNNCell",
]
