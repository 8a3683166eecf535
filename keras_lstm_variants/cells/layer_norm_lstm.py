"""Ba, Kiros & Hinton, "Layer normalization", 2016, (20)-(22) of the supplement."""

import keras
from keras import ops

from ..recurrent import Recurrent
from .parts.base import GatedCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LayerNormLSTMCell(GatedCell):
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

    def __init__(self, units, *args, epsilon: float = 1e-3, **kwargs):
        if not epsilon > 0:
            self.wrong("epsilon", "a positive number", epsilon)
        super().__init__(units, *args, **kwargs)
        self.epsilon = epsilon

    def build(self, input_shape):
        super().build(input_shape)
        columns = sum(self.size_of(gate) for gate in self.gates)
        self.alpha_x = self.add_weight((columns,), "ones", name="alpha_x")
        self.alpha_h = self.add_weight((columns,), "ones", name="alpha_h")
        self.alpha_c = self.add_weight((self.units,), "ones", name="alpha_c")
        self.beta_c = self.add_weight((self.units,), "zeros", name="beta_c")

    def normalise(self, a):
        deviation = a - ops.mean(a, axis=-1, keepdims=True)
        variance = ops.mean(ops.square(deviation), axis=-1, keepdims=True)
        return deviation / ops.sqrt(variance + self.epsilon)

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

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LayerNormLSTM(Recurrent):
    """Layer of `LayerNormLSTMCell`."""

    cell_class = LayerNormLSTMCell
