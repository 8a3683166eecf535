"""Jozefowicz, Zaremba & Sutskever, "An empirical exploration of [...] architectures", 2015.

The three cells that their evolutionary search found, and the LSTM as they print it. In the paper
MUT1 and MUT2 use the bare x_t, which needs as many features as units; here a learned matrix stands
before it, as in everybody's code, and the identity in its place gives the paper's cell. The update
gate, z in the paper, is u here and takes the new value.
"""

import keras
from keras import ops

from ..recurrent import Recurrent
from .base import GatedCell
from .reset_before import ResetBefore

PAPER = "Jozefowicz et al. 2015"


class Mutant(ResetBefore):
    """What MUT1 to MUT3 share: the candidate sees h_{t-1} through the reset gate."""

    gates = ("u", "r", "z")
    paper = PAPER

    def step(self, net, h_prev):
        u = self.sigma(net.u)
        r = self.sigma(net.r)
        z = self.candidate(net, r)
        h = z * u + h_prev * (1 - u)
        return (h,)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MUT1Cell(Mutant):
    r"""A GRU whose update gate sees the input only; the input is squashed on its way in.

    .. math::

        u_t &= \sigma(W_u x_t + b_u) \\
        r_t &= \sigma(W_r x_t + R_r h_{t-1} + b_r) \\
        z_t &= g(R_z (r_t \odot h_{t-1}) + \tanh(W_z x_t) + b_z) \\
        h_t &= z_t \odot u_t + h_{t-1} \odot (1 - u_t)

    The recurrent kernel has columns for r and z only.
    """

    second_opinion = "torchrecurrent"

    def recurrent_shape(self):
        return self.units, 2 * self.units

    def net_of_x(self, x):
        u, r, z = self.split(self.dot(x, self.kernel))
        net = ops.concatenate([u, r, ops.tanh(z)], axis=-1)
        return net if self.bias is None else net + self.bias

    def net(self, of_x, h_prev):
        R_r, _ = self.recurrent_parts()
        u, r, z_x = self.split(of_x)
        return self.Net(u=u, r=r + self.recur(h_prev, R_r), z_x=z_x, h_seen=h_prev)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MUT1(Recurrent):
    """Layer of `MUT1Cell`."""

    cell_class = MUT1Cell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MUT2Cell(Mutant):
    r"""`GRUResetBefore` turned round; the paper has no W before the reset gate's input.

    .. math::

        u_t &= \sigma(W_u x_t + R_u h_{t-1} + b_u) \\
        r_t &= \sigma(W_r x_t + R_r h_{t-1} + b_r) \\
        z_t &= g(R_z (r_t \odot h_{t-1}) + W_z x_t + b_z) \\
        h_t &= z_t \odot u_t + h_{t-1} \odot (1 - u_t)

    The paper has the identity for :math:`W_r`. With a learned one, this is `GRUResetBefore` with
    its update gate turned round.
    """

    second_opinion = "torchrecurrent"


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MUT2(Recurrent):
    """Layer of `MUT2Cell`."""

    cell_class = MUT2Cell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MUT3Cell(Mutant):
    r"""A GRU whose update gate sees the squashed output and takes the new value.

    .. math::

        u_t &= \sigma(W_u x_t + R_u \tanh(h_{t-1}) + b_u) \\
        r_t &= \sigma(W_r x_t + R_r h_{t-1} + b_r) \\
        z_t &= g(R_z (r_t \odot h_{t-1}) + W_z x_t + b_z) \\
        h_t &= z_t \odot u_t + h_{t-1} \odot (1 - u_t)
    """

    second_opinion = "torchrecurrent"

    def net(self, of_x, h_prev):
        R_u, R_r, _ = self.recurrent_parts()
        u, r, z = self.split(of_x)
        u, r = u + self.recur(ops.tanh(h_prev), R_u), r + self.recur(h_prev, R_r)
        return self.Net(u=u, r=r, z_x=z, h_seen=h_prev)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MUT3(Recurrent):
    """Layer of `MUT3Cell`."""

    cell_class = MUT3Cell


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
    paper = PAPER
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
