"""Gers, Schmidhuber & Cummins, "Learning to forget", Neural Computation 12, 2000."""

import keras

from ..recurrent import Recurrent
from .parts.base import GatedCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LSTMCell(GatedCell):
    r"""The LSTM with forget gate, against which the others are described.

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + b_o) \\
        h_t &= o_t \odot h(c_t)

    The same as `keras.layers.LSTMCell`, weights included. It differs from the paper as everybody's
    LSTM does: one cell in each block, g and h tanh instead of scaled logistic functions, and a
    gradient that is not truncated.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    cudnn_layer = keras.layers.LSTM
    paper = "Gers, Schmidhuber & Cummins 2000"
    second_opinion = "Keras; torch; onnxruntime LSTM; TensorFlow BlockLSTM"

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i)
        f = self.sigma(net.f)
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o)
        h = o * self.h(c)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LSTM(Recurrent):
    """Layer of `LSTMCell`."""

    cell_class = LSTMCell
