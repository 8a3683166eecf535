"""A hidden layer of memory blocks and ordinary units, as in Hochreiter & Schmidhuber 1997.

Graves 2012, section 4.1, says of memory blocks that they can be mixed with ordinary units.
"""

import keras
from keras import ops

from ..recurrent import Recurrent
from .memory_block_lstm import MemoryBlockLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MixedBlockLSTMCell(MemoryBlockLSTMCell):
    r"""Memory blocks and ordinary units in one layer; all of them feed all.

    With :math:`y_t = (h_t, a_t)`, the outputs of the cells and those of the ordinary units,

    .. math::

        i_{b,t} &= \sigma(W_{i,b} x_t + R_{i,b} y_{t-1} + \sum_k p_{i,bk} c_{bk,t-1} + b_{i,b}) \\
        f_{b,t} &= \sigma(W_{f,b} x_t + R_{f,b} y_{t-1} + \sum_k p_{f,bk} c_{bk,t-1} + b_{f,b}) \\
        z_{bk,t} &= g(W_{z,bk} x_t + R_{z,bk} y_{t-1} + b_{z,bk}) \\
        c_{bk,t} &= f_{b,t} c_{bk,t-1} + i_{b,t} z_{bk,t} \\
        o_{b,t} &= \sigma(W_{o,b} x_t + R_{o,b} y_{t-1} + \sum_k p_{o,bk} c_{bk,t} + b_{o,b}) \\
        h_{bk,t} &= o_{b,t} h(c_{bk,t}) \\
        a_t &= g(W_a x_t + R_a y_{t-1} + b_a)

    The output is y.

    Args:
        blocks: Number of blocks, the width of a gate.
        cells_per_block: Number of cells in each block.
        plain_units: Number of ordinary units.
    """

    gates = ("i", "f", "z", "o", "a")
    state = ("y", "c")
    fed_back = ("y",)
    paper = "Hochreiter & Schmidhuber 1997; Graves 2012"
    second_opinion = "torch; onnxruntime LSTM"

    def __init__(self, blocks: int, cells_per_block: int = 1, plain_units: int = 1, **kwargs):
        self.check_sizes(plain_units=plain_units)
        self.plain_units = plain_units  # before Keras' __init__, which asks for the sizes
        super().__init__(blocks, cells_per_block, **kwargs)

    def size_of(self, name):
        extra = {"a": self.plain_units, "y": self.units + self.plain_units}
        return extra.get(name) or super().size_of(name)

    def recurrent_shape(self):
        _, columns = super().recurrent_shape()
        return self.size_of("y"), columns

    def step(self, net, y_prev, c_prev):
        h, c = super().step(net, y_prev, c_prev)
        a = self.g(net.a)
        y = ops.concatenate([h, a], axis=-1)
        return y, c

    def get_config(self):
        return {**super().get_config(), "plain_units": self.plain_units}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MixedBlockLSTM(Recurrent):
    """Layer of `MixedBlockLSTMCell`."""

    cell_class = MixedBlockLSTMCell
