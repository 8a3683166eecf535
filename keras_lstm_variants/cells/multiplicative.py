"""Cells in which the input multiplies what comes from h_{t-1}.

Sutskever, Martens & Hinton, "Generating text with recurrent neural networks", 2011, and Krause et
al., "Multiplicative LSTM for sequence modelling", 2016, in which the input chooses the recurrent
matrix; Wu et al., "On multiplicative integration with recurrent neural networks", 2016, equation 4.
"""

import keras

from ..recurrent import Recurrent
from .parts.base import GatedCell, fresh
from .parts.ungated import UngatedCell


class Multiplicative(GatedCell):
    """A cell that sees a product of the input and h_{t-1} in place of h_{t-1}.

    Args:
        units: Number of units.
        factors: The size of the product; as many as units if not given.
    """

    refuses: tuple[str, ...] = ("heads",)

    def __init__(self, units, *args, factors: int | None = None, **kwargs):
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


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MILSTMCell(GatedCell):
    r"""An LSTM whose net inputs also have the product of what x and h give.

    .. math::

        net_k &= \alpha_k \odot W_k x_t \odot R_k h_{t-1} + \beta_{1k} \odot R_k h_{t-1}
            + \beta_{2k} \odot W_k x_t + b_k \\
        i_t &= \sigma(net_i) \\
        f_t &= \sigma(net_f) \\
        z_t &= g(net_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(net_o) \\
        h_t &= o_t \odot h(c_t)

    Multiplicative integration. The vectors :math:`\alpha, \beta_1, \beta_2` are learned; with zeros
    and ones in them it is `LSTM`.

    Args:
        units: Number of cells.
        initial_alpha, initial_beta_1, initial_beta_2: What the three vectors start from. The paper
            chooses them by task.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Wu et al. 2016"
    second_opinion = "torchrecurrent"

    def __init__(
        self,
        units,
        *args,
        initial_alpha: float = 1.0,
        initial_beta_1: float = 1.0,
        initial_beta_2: float = 1.0,
        **kwargs,
    ):
        super().__init__(units, *args, **kwargs)
        self.initial_alpha = initial_alpha
        self.initial_beta_1 = initial_beta_1
        self.initial_beta_2 = initial_beta_2

    def build(self, input_shape):
        super().build(input_shape)
        self.alpha = self.add_vector("alpha", self.initial_alpha)
        self.beta_1 = self.add_vector("beta_1", self.initial_beta_1)
        self.beta_2 = self.add_vector("beta_2", self.initial_beta_2)

    def add_vector(self, name, start):
        columns = self.units * len(self.gates)
        return self.add_weight((columns,), keras.initializers.Constant(start), name=name)

    def net_of_x(self, x):
        return self.dot(x, self.kernel)

    def net(self, of_x, h_prev, c_prev):
        of_h = self.recur(h_prev, self.recurrent_kernel)
        net = self.alpha * of_x * of_h + self.beta_1 * of_h + self.beta_2 * of_x
        return self.Net(*self.split(net if self.bias is None else net + self.bias))

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i)
        f = self.sigma(net.f)
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o)
        h = o * self.h(c)
        return h, c

    def get_config(self):
        return {
            **super().get_config(),
            "initial_alpha": self.initial_alpha,
            "initial_beta_1": self.initial_beta_1,
            "initial_beta_2": self.initial_beta_2,
        }


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MILSTM(Recurrent):
    """Layer of `MILSTMCell`."""

    cell_class = MILSTMCell
