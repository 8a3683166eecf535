"""Goodfellow, Bengio & Courville, "Deep Learning", 2016, section 10.10: the forms in their book."""

import keras

from ..recurrent import Recurrent
from .parts.base import GatedCell

PAPER = "Goodfellow, Bengio & Courville 2016"


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GoodfellowLSTMCell(GatedCell):
    r"""The candidate is squashed as the gates are: between 0 and 1, so a cell can only add.

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \\
        z_t &= \sigma(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + b_o) \\
        h_t &= o_t \odot h(c_t)

    The book writes s for c, g for i and q for o.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = PAPER
    second_opinion = "onnxruntime LSTM"

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i)
        f = self.sigma(net.f)
        z = self.sigma(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o)
        h = o * self.h(c)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GoodfellowLSTM(Recurrent):
    """Layer of `GoodfellowLSTMCell`."""

    cell_class = GoodfellowLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GoodfellowGRUCell(GatedCell):
    r"""A GRU whose gates act one step after they are computed; the candidate is between 0 and 1.

    .. math::

        z_t &= \sigma(W_z x_t + R_z (r_{t-1} \odot h_{t-1}) + b_z) \\
        h_t &= u_{t-1} \odot h_{t-1} + (1 - u_{t-1}) \odot z_t \\
        u_t &= \sigma(W_u x_t + R_u h_t + b_u) \\
        r_t &= \sigma(W_r x_t + R_r h_t + b_r)

    The gates are states. They start closed, at zero, so the first output is the first candidate.

    Args:
        units: Number of units.
    """

    gates = ("u", "r", "z")
    state = ("h", "u", "r")
    paper = PAPER
    second_opinion = "torchrecurrent"
    refuses = ("activation",)

    def __init__(self, units, *args, **kwargs):
        super().__init__(units, "sigmoid", *args, **kwargs)

    @classmethod
    def net_fields(cls):
        return ("u_x", "r_x", "z")

    def net(self, of_x, h_prev, u_prev, r_prev):
        u_x, r_x, z_x = self.split(of_x)
        _, _, R_z = self.recurrent_parts()
        return self.Net(u_x, r_x, z_x + self.recur(r_prev * h_prev, R_z))

    def step(self, net, h_prev, u_prev, r_prev):
        R_u, R_r, _ = self.recurrent_parts()
        z = self.sigma(net.z)
        h = u_prev * h_prev + (1 - u_prev) * z
        h_seen = self.cut(self.drop(h))
        u = self.sigma(net.u_x + self.recur(h_seen, R_u))
        r = self.sigma(net.r_x + self.recur(h_seen, R_r))
        return h, u, r


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GoodfellowGRU(Recurrent):
    """Layer of `GoodfellowGRUCell`."""

    cell_class = GoodfellowGRUCell
