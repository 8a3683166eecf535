"""Cells with one gate.

Zhou et al., "Minimal gated unit for recurrent neural networks", 2016; van der Westhuizen & Lasenby,
"The unreasonable effectiveness of the forget gate", 2018; Collins, Sohl-Dickstein & Sussillo,
"Capacity and trainability in recurrent neural networks", 2017; Turkoglu et al., "Gating revisited:
deep multi-layer RNNs that can be trained", 2021; Ravanelli et al., "Light gated recurrent units for
speech recognition", 2018; Kusupati et al., "FastGRNN: a fast, accurate, stable and tiny kilobyte
sized gated recurrent neural network", 2018; Chen, "MinimalRNN: toward more interpretable and
trainable recurrent neural networks", 2017.
"""

import keras
from keras import ops

from ..recurrent import Recurrent
from .parts.base import GatedCell, fresh
from .parts.partly_connected import PartlyConnected
from .parts.reset_before import ResetBefore


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
    """

    gates = ("f", "z")
    state = ("h",)
    paper = "van der Westhuizen & Lasenby 2018"
    second_opinion = "torchrecurrent"

    def __init__(self, units, *args, beta: float = 1.0, **kwargs):
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
class STARCell(PartlyConnected):
    r"""A GRU without reset gate whose candidate sees the input only, and whose sum is squashed.

    .. math::

        k_t &= \sigma(W_k x_t + R_k h_{t-1} + b_k) \\
        z_t &= g(W_z x_t + b_z) \\
        h_t &= h((1 - k_t) \odot h_{t-1} + k_t \odot z_t)

    The stackable recurrent cell. A gate k of one takes the new value.
    """

    gates = ("k", "z")
    of_x = ("k", "z")
    of_h = ("k",)
    biased = ("k", "z")
    state = ("h",)
    paper = "Turkoglu et al. 2021"
    second_opinion = "torchrecurrent"

    def step(self, net, h_prev):
        k = self.sigma(net.k)
        z = self.g(net.z)
        h = self.h((1 - k) * h_prev + k * z)
        return (h,)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class STAR(Recurrent):
    """Layer of `STARCell`."""

    cell_class = STARCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LiGRUCell(GatedCell):
    r"""A GRU without reset gate whose candidate is rectified.

    .. math::

        u_t &= \sigma(W_u x_t + R_u h_{t-1} + b_u) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t

    The light GRU, without the batch normalisation of :math:`W x_t` that the paper has in place of
    b.

    Args:
        units: Number of units.
        activation: g, the rectifier as in the paper.
    """

    gates = ("u", "z")
    state = ("h",)
    paper = "Ravanelli et al. 2018"
    second_opinion = "torchrecurrent"

    def __init__(self, units, activation="relu", *args, **kwargs):
        super().__init__(units, activation, *args, **kwargs)

    def step(self, net, h_prev):
        u = self.sigma(net.u)
        z = self.g(net.z)
        h = u * h_prev + (1 - u) * z
        return (h,)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LiGRU(Recurrent):
    """Layer of `LiGRUCell`."""

    cell_class = LiGRUCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class FastGRNNCell(GatedCell):
    r"""A GRU without reset gate whose gate and candidate share W and R.

    .. math::

        s_t &= W x_t + R h_{t-1} \\
        u_t &= \sigma(s_t + b_u) \\
        z_t &= g(s_t + b_z) \\
        h_t &= u_t \odot h_{t-1} + (\zeta' \odot (1 - u_t) + \nu') \odot z_t

    Two learned numbers between 0 and 1 weigh the candidate: :math:`\zeta'` and :math:`\nu'` are the
    weights `zeta` and `nu`, squashed by the logistic function. W and R are of full rank.

    Args:
        units: Number of units.
        initial_zeta, initial_nu: What the weights `zeta` and `nu` start from.
    """

    gates = ("u", "z")
    state = ("h",)
    paper = "Kusupati et al. 2018"
    second_opinion = "torchrecurrent"

    def __init__(self, units, *args, initial_zeta: float = 1.0, initial_nu: float = -4.0, **kwargs):
        super().__init__(units, *args, **kwargs)
        self.initial_zeta = initial_zeta
        self.initial_nu = initial_nu

    def kernel_shape(self, features):
        return features, self.units

    def recurrent_shape(self):
        return self.units, self.units

    def build(self, input_shape):
        super().build(input_shape)
        number = keras.initializers.Constant
        self.zeta = self.add_weight((1,), number(self.initial_zeta), name="zeta")
        self.nu = self.add_weight((1,), number(self.initial_nu), name="nu")

    def net_of_x(self, x):
        return self.dot(x, self.kernel)

    def net(self, of_x, h_prev):
        s = of_x + self.recur(h_prev, self.recurrent_kernel)
        s = ops.concatenate([s, s], axis=-1)
        return self.Net(*self.split(s if self.bias is None else s + self.bias))

    def step(self, net, h_prev):
        u = self.sigma(net.u)
        z = self.g(net.z)
        zeta, nu = ops.sigmoid(self.zeta), ops.sigmoid(self.nu)
        h = u * h_prev + (zeta * (1 - u) + nu) * z
        return (h,)

    def get_config(self):
        own = {"initial_zeta": self.initial_zeta, "initial_nu": self.initial_nu}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class FastGRNN(Recurrent):
    """Layer of `FastGRNNCell`."""

    cell_class = FastGRNNCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MinimalRNNCell(PartlyConnected):
    r"""A GRU without reset gate whose candidate sees the input only, and its gate the candidate.

    .. math::

        z_t &= g(W_z x_t + b_z) \\
        u_t &= \sigma(R_u h_{t-1} + U z_t + b_u) \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t

    U is the weight `candidate_kernel`. With `heads` it stays whole: z knows nothing of
    :math:`h_{t-1}`.
    """

    gates = ("u", "z")
    of_x = ("z",)
    of_h = ("u",)
    biased = ("u", "z")
    state = ("h",)
    paper = "Chen 2017"
    second_opinion = "torchrecurrent"

    def build(self, input_shape):
        super().build(input_shape)
        self.candidate_kernel = self.add_weight(
            (self.units, self.units),
            fresh(self.kernel_initializer),
            name="candidate_kernel",
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )

    def step(self, net, h_prev):
        z = self.g(net.z)
        u = self.sigma(net.u + self.dot(z, self.candidate_kernel))
        h = u * h_prev + (1 - u) * z
        return (h,)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MinimalRNN(Recurrent):
    """Layer of `MinimalRNNCell`."""

    cell_class = MinimalRNNCell
