"""Jozefowicz, Zaremba & Sutskever, "An empirical exploration of [...] architectures", 2015."""

import keras
from keras import ops

from ..recurrent import Recurrent
from .parts.base import GatedCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class JozefowiczLSTMCell(GatedCell):
    r"""The LSTM with a tanh where others have a logistic output gate, as the paper prints it.

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \tanh(W_o x_t + R_o h_{t-1} + b_o) \\
        h_t &= o_t \odot h(c_t)

    The paper calls the candidate i and the input gate j.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Jozefowicz et al. 2015"
    second_opinion = "torch; onnxruntime LSTM"

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i)
        f = self.sigma(net.f)
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = ops.tanh(self.clip(net.o))
        h = o * self.h(c)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class JozefowiczLSTM(Recurrent):
    """Layer of `JozefowiczLSTMCell`."""

    cell_class = JozefowiczLSTMCell
