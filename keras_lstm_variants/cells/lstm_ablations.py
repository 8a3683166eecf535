"""Greff et al., "LSTM: a search space odyssey", 2015: the peephole LSTM with one thing changed.

Their vanilla LSTM is `PeepholeLSTM`, their variant without peepholes (NP) is `LSTM`.
"""

import keras
from keras import ops

from ..recurrent import Recurrent
from .parts.base import GatedCell, fresh
from .parts.peepholes import Peepholes

PAPER = "Greff et al. 2015"


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class NoInputGateLSTMCell(Peepholes):
    r"""Everything enters the cell: the input gate is always open (NIG).

    .. math::

        f_t &= \sigma(W_f x_t + R_f h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    A peephole LSTM with i = 1.
    """

    gates = ("f", "z", "o")
    state = ("h", "c")
    peepholes = ("f", "o")
    paper = PAPER
    second_opinion = "onnxruntime LSTM; torchrecurrent"

    def step(self, net, h_prev, c_prev):
        f = self.sigma(net.f + self.peep("f", c_prev))
        z = self.g(net.z)
        c = f * c_prev + z
        o = self.sigma(net.o + self.peep_new("o", c))
        h = o * self.h(c)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class NoInputGateLSTM(Recurrent):
    """Layer of `NoInputGateLSTMCell`."""

    cell_class = NoInputGateLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class NoForgetGateLSTMCell(Peepholes):
    r"""Nothing leaves the cell: the forget gate is always open (NFG).

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    A peephole LSTM with f = 1. `LSTM1997` has no forget gate either, but other functions,
    no peepholes and gates that feed gates.
    """

    gates = ("i", "z", "o")
    state = ("h", "c")
    peepholes = ("i", "o")
    paper = PAPER
    second_opinion = "onnxruntime LSTM; torchrecurrent"

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i + self.peep("i", c_prev))
        z = self.g(net.z)
        c = c_prev + i * z
        o = self.sigma(net.o + self.peep_new("o", c))
        h = o * self.h(c)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class NoForgetGateLSTM(Recurrent):
    """Layer of `NoForgetGateLSTMCell`."""

    cell_class = NoForgetGateLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class NoOutputGateLSTMCell(Peepholes):
    r"""The whole cell is seen: the output gate is always open (NOG).

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        h_t &= h(c_t)

    A peephole LSTM with o = 1.
    """

    gates = ("i", "f", "z")
    state = ("h", "c")
    peepholes = ("i", "f")
    paper = PAPER
    second_opinion = "onnxruntime LSTM; torchrecurrent"

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i + self.peep("i", c_prev))
        f = self.sigma(net.f + self.peep("f", c_prev))
        z = self.g(net.z)
        c = f * c_prev + i * z
        h = self.h(c)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class NoOutputGateLSTM(Recurrent):
    """Layer of `NoOutputGateLSTMCell`."""

    cell_class = NoOutputGateLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class NoInputActivationLSTMCell(Peepholes):
    r"""The candidate is not squashed (NIAF).

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= W_z x_t + R_z h_{t-1} + b_z \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    A peephole LSTM with the identity as g.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = PAPER
    second_opinion = "onnxruntime LSTM"

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i + self.peep("i", c_prev))
        f = self.sigma(net.f + self.peep("f", c_prev))
        z = net.z
        c = f * c_prev + i * z
        o = self.sigma(net.o + self.peep_new("o", c))
        h = o * self.h(c)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class NoInputActivationLSTM(Recurrent):
    """Layer of `NoInputActivationLSTMCell`."""

    cell_class = NoInputActivationLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class NoOutputActivationLSTMCell(Peepholes):
    r"""The cell state is not squashed (NOAF).

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot c_t

    A peephole LSTM with the identity as h.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = PAPER
    second_opinion = "onnxruntime LSTM"

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i + self.peep("i", c_prev))
        f = self.sigma(net.f + self.peep("f", c_prev))
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o + self.peep_new("o", c))
        h = o * c
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class NoOutputActivationLSTM(Recurrent):
    """Layer of `NoOutputActivationLSTMCell`."""

    cell_class = NoOutputActivationLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class CoupledGateLSTMCell(Peepholes):
    r"""What enters replaces what is forgotten: f = 1 - i (CIFG).

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= 1 - i_t \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    So with Greff and with ONNX. Elsewhere (TensorFlow Lite, for one) the forget gate is the one
    that is computed, and i = 1 - f: the same cells with other signs, but not the same initial
    biases.
    """

    gates = ("i", "z", "o")
    state = ("h", "c")
    peepholes = ("i", "o")
    paper = PAPER
    second_opinion = "onnxruntime LSTM; torchrecurrent"

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i + self.peep("i", c_prev))
        f = 1 - i
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o + self.peep_new("o", c))
        h = o * self.h(c)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class CoupledGateLSTM(Recurrent):
    """Layer of `CoupledGateLSTMCell`."""

    cell_class = CoupledGateLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class FullGateRecurrenceLSTMCell(Peepholes):
    r"""The gates also see the gates of the step before (FGR).

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i + G_i y_{t-1}) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + p_f \odot c_{t-1} + b_f + G_f y_{t-1}) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c_t + b_o + G_o y_{t-1}) \\
        h_t &= o_t \odot h(c_t)

    with :math:`y_t = (i_t, f_t, o_t)`. The nine matrices G are one weight, `gate_recurrent_kernel`,
    with a row for each gate of i, f, o at t-1 and a column for each of i, f, o at t.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c", "i", "f", "o")
    paper = PAPER
    second_opinion = "torch; onnxruntime LSTM"
    refuses = ("heads",)

    def build(self, input_shape):
        GatedCell.build(self, input_shape)
        self.gate_recurrent_kernel = self.add_weight(
            (3 * self.units, 3 * self.units),
            fresh(self.recurrent_initializer),
            name="gate_recurrent_kernel",
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        self.add_peepholes()

    def net(self, of_x, h_prev, c_prev, i_prev, f_prev, o_prev):
        net = super().net(of_x, h_prev)
        y_prev = ops.concatenate([i_prev, f_prev, o_prev], axis=-1)
        fed_back = self.clip(self.dot(y_prev, self.gate_recurrent_kernel))
        of_i, of_f, of_o = ops.split(fed_back, 3, axis=-1)
        return net._replace(i=net.i + of_i, f=net.f + of_f, o=net.o + of_o)

    def step(self, net, h_prev, c_prev, i_prev, f_prev, o_prev):
        i = self.sigma(net.i + self.peep("i", c_prev))
        f = self.sigma(net.f + self.peep("f", c_prev))
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o + self.peep_new("o", c))
        h = o * self.h(c)
        return h, c, i, f, o


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class FullGateRecurrenceLSTM(Recurrent):
    """Layer of `FullGateRecurrenceLSTMCell`."""

    cell_class = FullGateRecurrenceLSTMCell
