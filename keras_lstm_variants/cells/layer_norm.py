"""Cells whose net inputs are normalised over their units.

Ba, Kiros & Hinton, "Layer normalization", 2016: equation 4, and the LSTM and the GRU of the
supplement.
"""

import keras
from keras import ops

from ..checks import positive
from ..recurrent import Recurrent
from .parts.base import GatedCell
from .parts.ungated import UngatedCell


class Normalised(GatedCell):
    r"""A cell that normalises: :math:`N(a) = (a - \operatorname{mean} a) / \sqrt{\operatorname{var}
    a + \epsilon}`.

    Args:
        units: Number of units.
        epsilon: :math:`\epsilon`.
    """

    def __init__(self, units, *args, epsilon: float = 1e-3, **kwargs):
        self.check_number("epsilon", epsilon, "a positive number", positive)
        super().__init__(units, *args, **kwargs)
        self.epsilon = epsilon

    def normalise(self, a):
        deviation = a - ops.mean(a, axis=-1, keepdims=True)
        variance = ops.mean(ops.square(deviation), axis=-1, keepdims=True)
        return deviation / ops.sqrt(variance + self.epsilon)

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LayerNormLSTMCell(Normalised):
    r"""Net inputs and the cell state on its way out are normalised over their units.

    .. math::

        (i'_t, f'_t, z'_t, o'_t) &= \alpha_x \odot N(W x_t) + \alpha_h \odot N(R h_{t-1}) + b \\
        i_t &= \sigma(i'_t) \\
        f_t &= \sigma(f'_t) \\
        z_t &= g(z'_t) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(o'_t) \\
        h_t &= o_t \odot h(\alpha_c \odot N(c_t) + \beta_c)

    with :math:`N(a) = (a - \operatorname{mean} a) / \sqrt{\operatorname{var} a + \epsilon}`, mean
    and variance over the net inputs of all four gates together, and over the units of c. The cell
    state that is carried on is not normalised.

    Args:
        units: Number of cells.
        epsilon: :math:`\epsilon`.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Ba, Kiros & Hinton 2016"
    # No second opinion: libraries normalise each gate by itself, or carry on the normalised c.

    def build(self, input_shape):
        super().build(input_shape)
        columns = sum(self.size_of(gate) for gate in self.gates)
        self.alpha_x = self.add_weight((columns,), "ones", name="alpha_x")
        self.alpha_h = self.add_weight((columns,), "ones", name="alpha_h")
        self.alpha_c = self.add_weight((self.units,), "ones", name="alpha_c")
        self.beta_c = self.add_weight((self.units,), "zeros", name="beta_c")

    def net_of_x(self, x):
        net = self.alpha_x * self.normalise(self.dot(x, self.kernel))
        return net if self.bias is None else net + self.bias

    def net(self, of_x, h_prev, c_prev):
        of_h = self.recur(h_prev, self.recurrent_kernel)
        return self.Net(*self.split(of_x + self.alpha_h * self.normalise(of_h)))

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i)
        f = self.sigma(net.f)
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o)
        h = o * self.h(self.alpha_c * self.normalise(c) + self.beta_c)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LayerNormLSTM(Recurrent):
    """Layer of `LayerNormLSTMCell`."""

    cell_class = LayerNormLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LayerNormSimpleRNNCell(Normalised, UngatedCell):
    r"""A simple RNN whose net input is normalised over its units.

    .. math:: h_t = g(\alpha \odot N(W x_t + R h_{t-1}) + b)

    with :math:`N(a) = (a - \operatorname{mean} a) / \sqrt{\operatorname{var} a + \epsilon}` over
    the units. The same as `LayerNormSimpleRNNCell` of TensorFlow Addons.

    Args:
        units: Number of units.
        epsilon: :math:`\epsilon`.
    """

    paper = "Ba, Kiros & Hinton 2016"
    # No second opinion: Addons needs a Keras of before 3.

    def __init__(self, units, *args, epsilon: float = 1e-5, **kwargs):
        super().__init__(units, *args, epsilon=epsilon, **kwargs)

    def build(self, input_shape):
        super().build(input_shape)
        self.alpha = self.add_weight((self.units,), "ones", name="alpha")

    def net_of_x(self, x):
        return self.dot(x, self.kernel)

    def net(self, of_x, h_prev):
        net = of_x + self.recur(h_prev, self.recurrent_kernel)
        net = self.alpha * self.normalise(net)
        return self.Net(net if self.bias is None else net + self.bias)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LayerNormSimpleRNN(Recurrent):
    """Layer of `LayerNormSimpleRNNCell`."""

    cell_class = LayerNormSimpleRNNCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LayerNormGRUCell(Normalised):
    r"""A GRU whose net inputs are normalised over their units.

    .. math::

        (u'_t, r'_t) &= \alpha_x \odot N(W x_t) + \alpha_h \odot N(R h_{t-1}) + b \\
        u_t &= \sigma(u'_t) \\
        r_t &= \sigma(r'_t) \\
        z_t &= g(\alpha_{xz} \odot N(W_z x_t) + b_z
            + r_t \odot (\alpha_{hz} \odot N(R_z h_{t-1}) + \beta_h)) \\
        h_t &= (1 - u_t) \odot h_{t-1} + u_t \odot z_t

    with :math:`N(a) = (a - \operatorname{mean} a) / \sqrt{\operatorname{var} a + \epsilon}`, mean
    and variance over the net inputs of both gates together, and over those of the candidate. An
    update gate u of one takes the new value, as in the paper: the other way round than in
    `GRUCell` and in the authors' code. That code also adds b before it normalises.

    Args:
        units: Number of units.
        epsilon: :math:`\epsilon`.
    """

    gates = ("u", "r", "z")
    state = ("h",)
    paper = "Ba, Kiros & Hinton 2016"
    # No second opinion: libraries normalise all three together, or each by itself.

    @classmethod
    def net_fields(cls):
        return ("u", "r", "z_x", "z_h")

    def build(self, input_shape):
        super().build(input_shape)
        self.alpha_x = self.add_weight((3 * self.units,), "ones", name="alpha_x")
        self.alpha_h = self.add_weight((3 * self.units,), "ones", name="alpha_h")
        self.beta_h = self.add_weight((self.units,), "zeros", name="beta_h")

    def normalise_by_part(self, a):
        gates, z = ops.split(a, [2 * self.units], axis=-1)
        return ops.concatenate([self.normalise(gates), self.normalise(z)], axis=-1)

    def net_of_x(self, x):
        net = self.alpha_x * self.normalise_by_part(self.dot(x, self.kernel))
        return net if self.bias is None else net + self.bias

    def net(self, of_x, h_prev):
        of_h = self.alpha_h * self.normalise_by_part(self.recur(h_prev, self.recurrent_kernel))
        (u_x, r_x, z_x), (u_h, r_h, z_h) = self.split(of_x), self.split(of_h)
        return self.Net(u_x + u_h, r_x + r_h, z_x, z_h + self.beta_h)

    def step(self, net, h_prev):
        u = self.sigma(net.u)
        r = self.sigma(net.r)
        z = self.g(net.z_x + r * net.z_h)
        h = (1 - u) * h_prev + u * z
        return (h,)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LayerNormGRU(Recurrent):
    """Layer of `LayerNormGRUCell`."""

    cell_class = LayerNormGRUCell
