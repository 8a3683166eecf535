"""Cells with one gate, or with none and a recurrence that keeps its state."""

import keras

from ..recurrent import Recurrent
from .base import GatedCell
from .reset_before import ResetBefore
from .ungated import UngatedCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MGUCell(ResetBefore):
    r"""A GRU with one gate for both of its gates: the minimal gated unit.

    .. math::

        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z (f_t \odot h_{t-1}) + b_z) \\
        h_t &= (1 - f_t) \odot h_{t-1} + f_t \odot z_t

    The paper calls f the forget gate, but a gate of one takes the new value, so its bias does not
    start at one.
    """

    gates = ("f", "z")
    paper = "Zhou et al. 2016"
    second_opinion = "torchrecurrent"
    forget_gate = None

    def step(self, net, h_prev):
        f = self.sigma(net.f)
        z = self.candidate(net, f)
        h = (1 - f) * h_prev + f * z
        return (h,)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MGU(Recurrent):
    """Layer of `MGUCell`."""

    cell_class = MGUCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class JANETCell(GatedCell):
    r"""Just another network: an LSTM with the forget gate only, whose output is its cell state.

    .. math::

        s_t &= W_f x_t + R_f h_{t-1} + b_f \\
        f_t &= \sigma(s_t) \\
        i_t &= 1 - \sigma(s_t - \beta) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        h_t &= f_t \odot h_{t-1} + i_t \odot z_t

    Args:
        units: Number of cells.
        beta: :math:`\beta`, by how much more is let in than is forgotten.
        **kwargs: The other arguments of `GatedCell`.
    """

    gates = ("f", "z")
    state = ("h",)
    paper = "van der Westhuizen & Lasenby 2018"
    second_opinion = "torchrecurrent"

    def __init__(self, units, *args, beta=1.0, **kwargs):
        super().__init__(units, *args, **kwargs)
        self.beta = beta

    def step(self, net, h_prev):
        s = self.clip(net.f)
        f = self.recurrent_activation(s)
        i = 1 - self.recurrent_activation(s - self.beta)
        z = self.g(net.z)
        h = f * h_prev + i * z
        return (h,)

    def get_config(self):
        return {**super().get_config(), "beta": self.beta}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class JANET(Recurrent):
    """Layer of `JANETCell`."""

    cell_class = JANETCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class UGRNNCell(GatedCell):
    r"""A GRU without reset gate: the update gate RNN.

    .. math::

        u_t &= \sigma(W_u x_t + R_u h_{t-1} + b_u) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t
    """

    gates = ("u", "z")
    state = ("h",)
    paper = "Collins, Sohl-Dickstein & Sussillo 2017"
    second_opinion = "torchrecurrent"

    def step(self, net, h_prev):
        u = self.sigma(net.u)
        z = self.g(net.z)
        h = u * h_prev + (1 - u) * z
        return (h,)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class UGRNN(Recurrent):
    """Layer of `UGRNNCell`."""

    cell_class = UGRNNCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class IRNNCell(UngatedCell):
    r"""A simple RNN of rectified units that starts by copying its state.

    .. math:: h_t = \max(0, W x_t + R h_{t-1} + b)

    Args:
        units: Number of units.
        scale: R starts as this times the identity.
        **kwargs: The other arguments of `GatedCell`, without activations and initial W and R.
    """

    paper = "Le, Jaitly & Hinton 2015"
    second_opinion = "torch; onnxruntime RNN"
    refuses = (
        *UngatedCell.refuses,
        "activation",
        "kernel_initializer",
        "recurrent_initializer",
    )

    def __init__(self, units, *, scale=1.0, **kwargs):
        self.refuse(kwargs)
        super().__init__(
            units,
            "relu",
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.001),
            recurrent_initializer=keras.initializers.Identity(scale),
            **kwargs,
        )
        self.scale = scale

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class IRNN(Recurrent):
    """Layer of `IRNNCell`."""

    cell_class = IRNNCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class IndRNNCell(UngatedCell):
    r"""Each unit sees only itself at the step before: the independently recurrent network.

    .. math:: h_t = g(W x_t + r \odot h_{t-1} + b)

    Args:
        units: Number of units.
        activation: g, the rectifier as in the paper.
        recurrent_initializer: Initializer of the vector r; without one, uniform in [0, 1].
        **kwargs: The other arguments of `GatedCell`, without `recurrent_activation`.
    """

    paper = "Li et al. 2018"
    second_opinion = "torchrecurrent"
    refuses = (*UngatedCell.refuses, "heads")

    def __init__(self, units, activation="relu", recurrent_initializer=None, **kwargs):
        if recurrent_initializer is None:
            recurrent_initializer = keras.initializers.RandomUniform(0.0, 1.0)
        super().__init__(units, activation, recurrent_initializer=recurrent_initializer, **kwargs)

    def recurrent_shape(self):
        return (self.units,)

    def net(self, of_x, h_prev):
        return self.Net(of_x + h_prev * self.recurrent_kernel)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class IndRNN(Recurrent):
    """Layer of `IndRNNCell`."""

    cell_class = IndRNNCell
