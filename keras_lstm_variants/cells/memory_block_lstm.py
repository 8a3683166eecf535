"""Graves, "Supervised sequence labelling with recurrent neural networks", 2012, (4.2)-(4.10)."""

import keras
from keras import ops

from ..recurrent import Recurrent
from .parts.blocks import Blocks
from .parts.peepholes import Peepholes


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MemoryBlockLSTMCell(Blocks, Peepholes):
    r"""The cells of a block share its gates, which see the states of all of them.

    For block b and each cell k of its :math:`C` cells,

    .. math::

        i_{b,t} &= \sigma(W_{i,b} x_t + R_{i,b} h_{t-1} + \sum_k p_{i,bk} c_{bk,t-1} + b_{i,b}) \\
        f_{b,t} &= \sigma(W_{f,b} x_t + R_{f,b} h_{t-1} + \sum_k p_{f,bk} c_{bk,t-1} + b_{f,b}) \\
        z_{bk,t} &= g(W_{z,bk} x_t + R_{z,bk} h_{t-1} + b_{z,bk}) \\
        c_{bk,t} &= f_{b,t} c_{bk,t-1} + i_{b,t} z_{bk,t} \\
        o_{b,t} &= \sigma(W_{o,b} x_t + R_{o,b} h_{t-1} + \sum_k p_{o,bk} c_{bk,t} + b_{o,b}) \\
        h_{bk,t} &= o_{b,t} h(c_{bk,t})

    No gate sees the states of another block. With one cell in each block this is
    `PeepholeLSTMCell`, with C cells it has (3 + C) / 4C of its recurrent products. The equations
    have biases; Graves writes none.

    Args:
        blocks: Number of blocks, the width of a gate. The output has `blocks * cells_per_block`
            units.
        cells_per_block: C, the number of cells in each block.
    """

    gates: tuple[str, ...] = ("i", "f", "z", "o")
    state: tuple[str, ...] = ("h", "c")
    paper = "Graves 2012"
    second_opinion = "torch; onnxruntime LSTM"

    def peephole_shape(self):
        return (self.blocks, self.cells_per_block)

    def seen(self, p, c):
        """Each gate's sum over the states of its own block: (batch, units) to (batch, blocks)."""
        return ops.sum(p * ops.reshape(c, (-1, self.blocks, self.cells_per_block)), axis=-1)

    def step(self, net, h_prev, c_prev):
        i = self.share(self.sigma(net.i + self.peep("i", c_prev)))
        f = self.share(self.sigma(net.f + self.peep("f", c_prev)))
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.share(self.sigma(net.o + self.peep_new("o", c)))
        h = o * self.h(c)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MemoryBlockLSTM(Recurrent):
    """Layer of `MemoryBlockLSTMCell`."""

    cell_class = MemoryBlockLSTMCell
