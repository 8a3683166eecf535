"""Hochreiter & Schmidhuber, "Long short-term memory", Neural Computation 9, 1997.

Equations (3)-(5), section 4 and appendix A.1.
"""

import keras
from keras import ops

from ..recurrent import Recurrent
from .blocks import Blocks


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LSTM1997Cell(Blocks):
    r"""No forget gate; gates feed gates and cells; error goes back through cell states only.

    For block b and each cell k of its S cells, with :math:`y_t = (h_t, i_t, o_t)` the activations
    of all hidden units, gates included,

    .. math::

        i_{b,t} &= \sigma(W_{i,b} x_t + R_{i,b} y_{t-1} + b_{i,b}) \\
        z_{bk,t} &= g(W_{z,bk} x_t + R_{z,bk} y_{t-1} + b_{z,bk}) \\
        c_{bk,t} &= c_{bk,t-1} + i_{b,t} z_{bk,t} \\
        o_{b,t} &= \sigma(W_{o,b} x_t + R_{o,b} y_{t-1} + b_{o,b}) \\
        h_{bk,t} &= o_{b,t} h(c_{bk,t})

    with the paper's functions: :math:`\sigma(a) = 1 / (1 + e^{-a})`, :math:`g(a) = 4 \sigma(a) - 2`
    in (-2, 2) and :math:`h(a) = 2 \sigma(a) - 1` in (-1, 1). (The caption of the paper's table 10
    exchanges the ranges of g and h; (4), (5) and A.1 have them as here.) As in the paper's
    experiments, gates and cells at t see the input of t and the hidden activations of t-1.

    Args:
        blocks: Number of blocks, the width of a gate. The output has `blocks * cells_per_block`
            units.
        cells_per_block: S, the number of cells in each block.
        gradient: `"truncated"`: as in the paper, no error flows back in time through
            :math:`y_{t-1}`; the weights still learn from its values. `"full"`: it does, as in
            everybody's LSTM today.
        use_bias: True for all hidden units, `"gates"` for the gates only (the paper's "ga"), or
            False.
        kernel_initializer: Initializer of W; as in most of the paper's experiments, uniform in
            [-0.1, 0.1].
        recurrent_initializer: Initializer of R; likewise.
        gate_bias: Initial biases. The paper starts gates at negative ones, block by block:
            `{"i": [-3, -6]}`, `{"o": [-2, -4, -6]}`.
        **kwargs: The other arguments of `GatedCell`, without `units` and activations.
    """

    gates = ("i", "z", "o")
    state = ("h", "c", "i", "o")
    paper = "Hochreiter & Schmidhuber 1997"
    default_gradient = "truncated"
    refuses = ("activation", "recurrent_activation", "heads")

    def __init__(
        self,
        blocks,
        cells_per_block=1,
        *,
        use_bias=True,
        kernel_initializer=None,
        recurrent_initializer=None,
        **kwargs,
    ):
        self.refuse(kwargs)
        if use_bias not in (True, False, "gates"):
            self.wrong("use_bias", "True, False or 'gates'", use_bias)
        super().__init__(
            blocks,
            cells_per_block,
            use_bias=use_bias,
            kernel_initializer=_small(kernel_initializer),
            recurrent_initializer=_small(recurrent_initializer),
            **kwargs,
        )

    def sigma(self, net):
        return ops.sigmoid(self.clip(net))

    def g(self, net):
        return 4 * ops.sigmoid(self.clip(net)) - 2

    def h(self, c):
        return 2 * ops.sigmoid(c) - 1

    def recurrent_shape(self):
        return self.units + 2 * self.blocks, self.units + 2 * self.blocks

    def feedback(self, x, h_prev, c_prev, i_prev, o_prev):
        return ops.concatenate([h_prev, i_prev, o_prev], axis=-1)

    def add_bias(self, values):
        if self.use_bias == "gates":
            values = self.initial_biases(("i", "o"))
        return super().add_bias(values)

    def biases(self):
        if self.use_bias != "gates":
            return self.bias
        b_i, b_o = ops.split(self.bias, 2)
        return ops.concatenate([b_i, ops.zeros((self.units,), b_i.dtype), b_o])

    def step(self, net, h_prev, c_prev, i_prev, o_prev):
        i = self.sigma(net.i)
        z = self.g(net.z)
        c = c_prev + self.share(i) * z
        o = self.sigma(net.o)
        h = self.share(o) * self.h(c)
        return h, c, i, o


def _small(initializer):
    """The paper's initial weights; a new initializer each time, as a shared one repeats itself."""
    return keras.initializers.RandomUniform(-0.1, 0.1) if initializer is None else initializer


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LSTM1997(Recurrent):
    """Layer of `LSTM1997Cell`."""

    cell_class = LSTM1997Cell
