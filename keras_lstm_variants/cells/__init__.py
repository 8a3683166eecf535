"""Every cell and its layer.

Adding one: its family's file, its line here, its oracle with its case in the tests.
"""

from .gru import GRU, GRUCell, GRUResetBefore, GRUResetBeforeCell
from .lstm import LSTM, LSTMCell
from .lstm_1997 import LSTM1997, LSTM1997Cell
from .memory_block_lstm import MemoryBlockLSTM, MemoryBlockLSTMCell
from .peephole_lstm import PeepholeLSTM, PeepholeLSTMCell
from .simple_rnn import SimpleRNN, SimpleRNNCell

LAYERS = {
    "simple_rnn": SimpleRNN,
    "lstm_1997": LSTM1997,
    "lstm": LSTM,
    "peephole_lstm": PeepholeLSTM,
    "memory_block_lstm": MemoryBlockLSTM,
    "gru": GRU,
    "gru_reset_before": GRUResetBefore,
}
CELLS = {name: layer.cell_class for name, layer in LAYERS.items()}

__all__ = [
    "CELLS",
    "GRU",
    "LAYERS",
    "LSTM",
    "LSTM1997",
    "GRUCell",
    "GRUResetBefore",
    "GRUResetBeforeCell",
    "LSTM1997Cell",
    "LSTMCell",
    "MemoryBlockLSTM",
    "MemoryBlockLSTMCell",
    "PeepholeLSTM",
    "PeepholeLSTMCell",
    "SimpleRNN",
    "SimpleRNNCell",
]
