"""Cells whose input chooses the recurrent matrix.

Sutskever, Martens & Hinton, "Generating text with recurrent neural networks", 2011; Krause et al.,
"Multiplicative LSTM for sequence modelling", 2016.
"""

import keras

from ..recurrent import Recurrent
from .base import GatedCell, fresh
from .ungated import UngatedCell


class Multiplicative(GatedCell):
    """A cell that sees a product of the input and h_{t-1} in place of h_{t-1}.

    Args:
        units: Number of units.
        factors: The size of the product; as many as units if not given.
        **kwargs: The other arguments of `GatedCell`.
    """

    refuses: tuple[str, ...] = ("heads",)

    def __init__(self, units, *args, factors=None, **kwargs):
        factors = units if factors is None else factors
        self.check_sizes(factors=factors)
        super().__init__(units, *args, **kwargs)
        self.factors = factors

    def recurrent_shape(self):
        return self.factors, super().recurrent_shape()[1]

    def build(self, input_shape):
        super().build(input_shape)
        self.factor_kernel = self.add_weight(
            (input_shape[-1], self.factors),
            fresh(self.kernel_initializer),
            name="factor_kernel",
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.factor_recurrent_kernel = self.add_weight(
            (self.units, self.factors),
            fresh(self.recurrent_initializer),
            name="factor_recurrent_kernel",
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )

    def net_of_x(self, x):
        return super().net_of_x(x), self.dot(x, self.factor_kernel)

    def net(self, of_x, h_prev, *states):
        of_x, m_x = of_x
        m = m_x * self.dot(h_prev, self.factor_recurrent_kernel)
        return super().net(of_x, m, *states)

    def get_config(self):
        return {**super().get_config(), "factors": self.factors}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MultiplicativeRNNCell(Multiplicative, UngatedCell):
    r"""A simple RNN whose recurrent matrix depends on the input.

    .. math::

        m_t &= (W_m x_t) \odot (R_m h_{t-1}) \\
        h_t &= g(W x_t + R m_t + b)

    :math:`W_m` is the weight `factor_kernel`, :math:`R_m` is `factor_recurrent_kernel`.
    """

    paper = "Sutskever, Martens & Hinton 2011"
    second_opinion = "torchrecurrent"
    refuses = (*UngatedCell.refuses, "heads")


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MultiplicativeRNN(Recurrent):
    """Layer of `MultiplicativeRNNCell`."""

    cell_class = MultiplicativeRNNCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MultiplicativeLSTMCell(Multiplicative):
    r"""An LSTM whose recurrent matrices depend on the input.

    .. math::

        m_t &= (W_m x_t) \odot (R_m h_{t-1}) \\
        i_t &= \sigma(W_i x_t + R_i m_t + b_i) \\
        f_t &= \sigma(W_f x_t + R_f m_t + b_f) \\
        z_t &= g(W_z x_t + R_z m_t + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o m_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    :math:`W_m` is the weight `factor_kernel`, :math:`R_m` is `factor_recurrent_kernel`. The first
    version of the paper has the output gate inside the tanh and does not squash the candidate; its
    authors' later code and everybody else's is as here.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Krause et al. 2016, last version"
    second_opinion = "torchrecurrent"

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i)
        f = self.sigma(net.f)
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o)
        h = o * self.h(c)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MultiplicativeLSTM(Recurrent):
    """Layer of `MultiplicativeLSTMCell`."""

    cell_class = MultiplicativeLSTMCell
