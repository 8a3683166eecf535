"""Cells with two gates, whose state is a gated sum of what was and what comes in.

Lee, Levy & Zettlemoyer, "Recurrent additive networks", 2017; Laurent & von Brecht, "A recurrent
neural network without chaos", 2017; Zhang et al., "Simplifying neural machine translation with
addition-subtraction twin-gated recurrent networks", 2018.
"""

import keras

from ..recurrent import Recurrent
from .parts.partly_connected import PartlyConnected


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class RANCell(PartlyConnected):
    r"""No output gate; the candidate is linear in the input and does not see the last output.

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \\
        z_t &= W_z x_t \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        h_t &= h(c_t)

    The recurrent additive network. In the paper's second version the output is :math:`c_t` itself:
    `activation="linear"`.
    """

    gates = ("i", "f", "z")
    of_x = ("i", "f", "z")
    of_h = ("i", "f")
    biased = ("i", "f")
    state = ("h", "c")
    paper = "Lee, Levy & Zettlemoyer 2017"
    second_opinion = "torchrecurrent"

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i)
        f = self.sigma(net.f)
        z = self.clip(net.z)
        c = f * c_prev + i * z
        h = self.h(c)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class RAN(Recurrent):
    """Layer of `RANCell`."""

    cell_class = RANCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class CFNCell(PartlyConnected):
    r"""Two gates weigh the squashed old state and the input: without input, it decays to zero.

    .. math::

        \theta_t &= \sigma(W_\theta x_t + R_\theta h_{t-1} + b_\theta) \\
        \eta_t &= \sigma(W_\eta x_t + R_\eta h_{t-1} + b_\eta) \\
        z_t &= g(W_z x_t) \\
        h_t &= \theta_t \odot h(h_{t-1}) + \eta_t \odot z_t

    The chaos-free network. Its gates are called `theta` and `eta`.
    """

    gates = ("theta", "eta", "z")
    of_x = ("theta", "eta", "z")
    of_h = ("theta", "eta")
    biased = ("theta", "eta")
    state = ("h",)
    paper = "Laurent & von Brecht 2017"
    second_opinion = "torchrecurrent"

    def step(self, net, h_prev):
        theta = self.sigma(net.theta)
        eta = self.sigma(net.eta)
        z = self.g(net.z)
        h = theta * self.h(h_prev) + eta * z
        return (h,)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class CFN(Recurrent):
    """Layer of `CFNCell`."""

    cell_class = CFNCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ATRCell(PartlyConnected):
    r"""A GRU without reset gate and candidate: both gates come from the same two products.

    .. math::

        p_t &= W_p x_t + b_p \\
        q_t &= R_q h_{t-1} \\
        i_t &= \sigma(p_t + q_t) \\
        f_t &= \sigma(p_t - q_t) \\
        h_t &= f_t \odot h_{t-1} + i_t \odot p_t

    The addition-subtraction twin-gated network. The net inputs are p and q; the paper writes no
    bias.

    Args:
        units: Number of units.
    """

    gates = ("p", "q")
    of_x = ("p",)
    of_h = ("q",)
    biased = ("p",)
    state = ("h",)
    paper = "Zhang et al. 2018"
    second_opinion = "torchrecurrent"
    refuses = ("activation",)

    def step(self, net, h_prev):
        p = self.clip(net.p)
        q = self.clip(net.q)
        i = self.recurrent_activation(p + q)
        f = self.recurrent_activation(p - q)
        h = f * h_prev + i * p
        return (h,)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ATR(Recurrent):
    """Layer of `ATRCell`."""

    cell_class = ATRCell
