"""Cells that a search has found.

Jozefowicz, Zaremba & Sutskever, "An empirical exploration of recurrent network architectures",
2015: MUT1 to MUT3 of their evolutionary search. In the paper MUT1 and MUT2 use the bare x_t, which
needs as many features as units; here a learned matrix stands before it, as in everybody's code, and
the identity in its place gives the paper's cell. The update gate, z in the paper, is u here and
takes the new value. Zoph & Le, "Neural architecture search with reinforcement learning", 2017: NAS.
"""

import keras
from keras import ops

from ..recurrent import Recurrent
from .parts.base import GatedCell
from .parts.reset_before import ResetBefore

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
class NASCell(GatedCell):
    r"""Eight net inputs, combined in a tree that an architecture search has found.

    .. math::

        n_{k,t} &= W_k x_t + R_k h_{t-1} + b_k \quad \text{for } k \neq 3 \\
        n_{3,t} &= (W_3 x_t + b_3) \odot R_3 h_{t-1} \\
        l_{0,t} &= g(\sigma(n_{0,t}) \odot \max(0, n_{1,t})) \\
        l_{1,t} &= g(\sigma(n_{2,t}) + \max(0, n_{3,t})) \\
        l_{2,t} &= g(g(n_{4,t}) \odot \sigma(n_{5,t})) \\
        l_{3,t} &= \sigma(g(n_{6,t}) + \sigma(n_{7,t})) \\
        c_t &= g(l_{0,t} + c_{t-1}) \odot l_{1,t} \\
        h_t &= g(c_t \odot g(l_{2,t} + l_{3,t}))

    The cell of the neural architecture search, in the form of the authors' code. The equations have
    biases; the authors' have none unless told.
    """

    gates = ("n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7")
    state = ("h", "c")
    paper = "Zoph & Le 2017"
    second_opinion = "torchrecurrent"

    def net(self, of_x, h_prev, c_prev):
        of_x = self.split(of_x)
        of_h = self.split(self.recur(h_prev, self.recurrent_kernel))
        net = self.Net(*[k_x + k_h for k_x, k_h in zip(of_x, of_h, strict=True)])
        return net._replace(n3=of_x[3] * of_h[3])

    def step(self, net, h_prev, c_prev):
        l_0 = self.activation(self.sigma(net.n0) * self.rectified(net.n1))
        l_1 = self.activation(self.sigma(net.n2) + self.rectified(net.n3))
        l_2 = self.activation(self.g(net.n4) * self.sigma(net.n5))
        l_3 = self.recurrent_activation(self.g(net.n6) + self.sigma(net.n7))
        c = self.activation(l_0 + c_prev) * l_1
        h = self.activation(c * self.activation(l_2 + l_3))
        return h, c

    def rectified(self, net):
        return ops.relu(self.clip(net))


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class NAS(Recurrent):
    """Layer of `NASCell`."""

    cell_class = NASCell
