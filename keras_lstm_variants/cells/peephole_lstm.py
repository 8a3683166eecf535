"""Gers, Schraudolph & Schmidhuber, "Learning precise timing with LSTM networks", JMLR 3, 2002.

The equations are those of Graves, "Generating sequences with recurrent neural networks", 2013,
(7)-(11).
"""

import keras

from ..recurrent import Recurrent
from .parts.peepholes import Peepholes


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class PeepholeLSTMCell(Peepholes):
    r"""The gates also see the cell state, each gate that of its own cell.

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    The input and forget gates see the old cell state, the output gate the new one. With peepholes
    of zero this is `LSTMCell`. In the paper of 2002, h is the identity and no error flows back
    through the peepholes; here, as with Graves, h is tanh and it does, unless the gradient is
    truncated.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Gers, Schraudolph & Schmidhuber 2002; Graves 2013"
    second_opinion = "onnxruntime LSTM; torchrecurrent; TensorFlow BlockLSTM"

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i + self.peep("i", c_prev))
        f = self.sigma(net.f + self.peep("f", c_prev))
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o + self.peep_new("o", c))
        h = o * self.h(c)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class PeepholeLSTM(Recurrent):
    """Layer of `PeepholeLSTMCell`."""

    cell_class = PeepholeLSTMCell
