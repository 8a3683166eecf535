"""Hochreiter & Schmidhuber, "Long short-term memory", Neural Computation 9, 1997.

Equations (3)-(5), section 4 and appendix A.1; the cells with fewer gates are those of sections 3.2
(the constant error carrousel) and 5.2 (no output gate).
"""

from typing import Literal

import keras
from keras import ops

from ..arguments import Activation
from ..recurrent import Recurrent
from .parts.base import GatedCell
from .parts.blocks import Blocks

PAPER = "Hochreiter & Schmidhuber 1997"


def g_of_1997(net):
    """(4) of the paper: in (-2, 2)."""
    return 4 * ops.sigmoid(net) - 2


def h_of_1997(c):
    """(5) of the paper: in (-1, 1)."""
    return 2 * ops.sigmoid(c) - 1


class CellOf1997(GatedCell):
    """The functions of the paper, its truncated gradient and its initial weights.

    Args:
        activation: g; if not given, the paper's.
        output_activation: h; if not given, the paper's.
        recurrence: `"full"`: R multiplies the hidden activations of t-1. `"none"`: there is no R,
            and the cell states are all that is carried, as in the paper's experiments 2a and 2b.
    """

    paper = PAPER
    default_gradient = "truncated"
    refuses: tuple[str, ...] = ("recurrent_activation", "heads")

    def __init__(
        self,
        *args,
        activation: Activation = None,
        output_activation: Activation = None,
        kernel_initializer=None,
        recurrent_initializer=None,
        recurrence: Literal["full", "none"] = "full",
        **kwargs,
    ):
        if recurrence not in ("full", "none"):
            self.wrong("recurrence", "'full' or 'none'", recurrence)
        super().__init__(
            *args,
            activation=_or_of_1997(activation, g_of_1997),
            kernel_initializer=_small(kernel_initializer),
            recurrent_initializer=_small(recurrent_initializer),
            **kwargs,  # type: ignore[misc]
        )
        self.output_activation = _or_of_1997(output_activation, h_of_1997)
        self.recurrence = recurrence

    def sigma(self, net):
        return ops.sigmoid(self.clip(net))

    def h(self, c):
        return self.output_activation(c)

    def add_recurrent_kernel(self, shape, initializer, name):
        if self.recurrence == "none":
            return None
        return super().add_recurrent_kernel(shape, initializer, name)

    def net(self, of_x, *states):
        if self.recurrence == "none":
            return self.Net(*self.split(of_x))
        return super().net(of_x, *states)

    def get_config(self):
        return {
            **super().get_config(),
            "activation": _saved(self.activation, g_of_1997),
            "output_activation": _saved(self.output_activation, h_of_1997),
            "recurrence": self.recurrence,
        }


def _or_of_1997(activation, usual):
    return usual if activation is None else keras.activations.get(activation)


def _saved(activation, usual):
    return None if activation is usual else keras.activations.serialize(activation)


def _small(initializer):
    """The paper's initial weights; a new initializer each time, as a shared one repeats itself."""
    return keras.initializers.RandomUniform(-0.1, 0.1) if initializer is None else initializer


class BlocksOf1997(CellOf1997, Blocks):
    """Blocks of such cells, whose gates are states, fed back like the output."""

    refuses = (*CellOf1997.refuses, *Blocks.refuses)

    def __init__(
        self,
        blocks: int,
        cells_per_block: int = 1,
        *,
        use_bias: bool | Literal["gates"] = True,
        **kwargs,
    ):
        if use_bias not in (True, False, "gates"):
            self.wrong("use_bias", "True, False or 'gates'", use_bias)
        super().__init__(blocks, cells_per_block, use_bias=use_bias, **kwargs)

    def recurrent_shape(self):
        hidden = sum(self.size_of(gate) for gate in self.gates)
        return hidden, hidden

    def feedback(self, h_prev, c_prev, *gates_prev):
        return ops.concatenate([h_prev, *gates_prev], axis=-1)

    def add_bias(self, values, name="bias"):
        if self.use_bias == "gates":
            values = self.initial_biases([gate for gate in self.gates if gate != "z"])
        return super().add_bias(values, name)

    def biases(self):
        if self.use_bias != "gates":
            return self.bias
        no_bias = ops.zeros((self.units,), self.compute_dtype)
        of_gates = iter(ops.split(ops.cast(self.bias, self.compute_dtype), len(self.gates) - 1))
        return ops.concatenate([no_bias if k == "z" else next(of_gates) for k in self.gates])


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LSTM1997Cell(BlocksOf1997):
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
        use_bias: True for all hidden units, `"gates"` for the gates only (the paper's "ga"), or
            False.
        kernel_initializer: Initializer of W; uniform in [-0.1, 0.1], as in most of the paper's
            experiments, if not given.
        recurrent_initializer: Initializer of R; likewise.
        gate_bias: Initial biases by gate, one number or one for each block. The paper starts gates
            at negative biases, block by block: `{"i": [-3, -6]}`, `{"o": [-2, -4, -6]}`.
        gradient: `"truncated"`, as in the paper, or `"full"`. Truncated if not given.
    """

    gates = ("i", "z", "o")
    state = ("h", "c", "i", "o")
    second_opinion = "torch; onnxruntime LSTM"

    def step(self, net, h_prev, c_prev, i_prev, o_prev):
        i = self.sigma(net.i)
        z = self.g(net.z)
        c = c_prev + self.share(i) * z
        o = self.sigma(net.o)
        h = self.share(o) * self.h(c)
        return h, c, i, o


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LSTM1997(Recurrent):
    """Layer of `LSTM1997Cell`."""

    cell_class = LSTM1997Cell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LSTM1997InputGateCell(BlocksOf1997):
    r"""`LSTM1997` without output gate, as in two of the paper's experiments.

    .. math::

        i_{b,t} &= \sigma(W_{i,b} x_t + R_{i,b} y_{t-1} + b_{i,b}) \\
        z_{bk,t} &= g(W_{z,bk} x_t + R_{z,bk} y_{t-1} + b_{z,bk}) \\
        c_{bk,t} &= c_{bk,t-1} + i_{b,t} z_{bk,t} \\
        h_{bk,t} &= h(c_{bk,t})

    with :math:`y_t = (h_t, i_t)` and the functions and arguments of `LSTM1997Cell`. In those
    experiments, 2a and 2b, g was the logistic function, h the identity, and nothing was fed back:
    `activation="sigmoid", output_activation="linear", recurrence="none"`.
    """

    gates = ("i", "z")
    state = ("h", "c", "i")
    second_opinion = "torch; onnxruntime LSTM"

    def step(self, net, h_prev, c_prev, i_prev):
        i = self.sigma(net.i)
        z = self.g(net.z)
        c = c_prev + self.share(i) * z
        h = self.h(c)
        return h, c, i


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LSTM1997InputGate(Recurrent):
    """Layer of `LSTM1997InputGateCell`."""

    cell_class = LSTM1997InputGateCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LSTM1997OutputGateCell(BlocksOf1997):
    r"""`LSTM1997` without input gate.

    .. math::

        z_{bk,t} &= g(W_{z,bk} x_t + R_{z,bk} y_{t-1} + b_{z,bk}) \\
        c_{bk,t} &= c_{bk,t-1} + z_{bk,t} \\
        o_{b,t} &= \sigma(W_{o,b} x_t + R_{o,b} y_{t-1} + b_{o,b}) \\
        h_{bk,t} &= o_{b,t} h(c_{bk,t})

    with :math:`y_t = (h_t, o_t)` and the functions and arguments of `LSTM1997Cell`.
    """

    gates = ("z", "o")
    state = ("h", "c", "o")
    second_opinion = "torch; onnxruntime LSTM"

    def step(self, net, h_prev, c_prev, o_prev):
        z = self.g(net.z)
        c = c_prev + z
        o = self.sigma(net.o)
        h = self.share(o) * self.h(c)
        return h, c, o


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LSTM1997OutputGate(Recurrent):
    """Layer of `LSTM1997OutputGateCell`."""

    cell_class = LSTM1997OutputGateCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class CECCell(CellOf1997):
    r"""The constant error carrousel alone: no gates, everything is added up.

    .. math::

        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= c_{t-1} + z_t \\
        h_t &= h(c_t)

    with the functions of `LSTM1997Cell`. The derivative of :math:`c_t` with respect to
    :math:`c_{t-1}` is one, so error neither vanishes nor explodes; but every input is written into
    the cell and every state disturbs the others, which is what the gates are for.

    Args:
        units: Number of cells.
        kernel_initializer: Initializer of W; uniform in [-0.1, 0.1], as in most of the paper's
            experiments, if not given.
        recurrent_initializer: Initializer of R; likewise.
        gradient: `"truncated"`, as in the paper, or `"full"`. Truncated if not given.
    """

    gates = ("z",)
    state = ("h", "c")
    second_opinion = "torch; onnxruntime LSTM"

    def step(self, net, h_prev, c_prev):
        z = self.g(net.z)
        c = c_prev + z
        h = self.h(c)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class CEC(Recurrent):
    """Layer of `CECCell`."""

    cell_class = CECCell
