"""LSTMs whose net inputs or gates are made in another way; the cell state is that of the LSTM.

Wu et al., "On multiplicative integration with recurrent neural networks", 2016, equation 4; Melis,
Kočiský & Blunsom, "Mogrifier LSTM", 2020, equations 1 and 2; Shen et al., "Ordered neurons:
integrating tree structures into recurrent neural networks", 2019.
"""

import keras
from keras import ops

from ..recurrent import Recurrent
from .base import GatedCell, fresh


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
        **kwargs: The other arguments of `GatedCell`.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Wu et al. 2016"
    second_opinion = "torchrecurrent"

    def __init__(
        self, units, *args, initial_alpha=1.0, initial_beta_1=1.0, initial_beta_2=1.0, **kwargs
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


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MogrifierLSTMCell(GatedCell):
    r"""An LSTM before which x and the last output gate each other in turn.

    .. math::

        x^n_t &= 2 \sigma(Q^n h^{n-1}_{t-1}) \odot x^{n-2}_t \qquad n = 1, 3, \dots \le N, \;
            x^{-1}_t = x_t \\
        h^n_{t-1} &= 2 \sigma(Q^n x^{n-1}_t) \odot h^{n-2}_{t-1} \qquad n = 2, 4, \dots \le N, \;
            h^0_{t-1} = h_{t-1} \\
        i_t &= \sigma(W_i x^*_t + R_i h^*_{t-1} + b_i) \\
        f_t &= \sigma(W_f x^*_t + R_f h^*_{t-1} + b_f) \\
        z_t &= g(W_z x^*_t + R_z h^*_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x^*_t + R_o h^*_{t-1} + b_o) \\
        h_t &= o_t \odot h(c_t)

    :math:`x^*, h^*` are what the last rounds leave, N is `rounds`, :math:`Q^n` is the weight
    `round_kernel_n`, of full rank; the paper writes R for every other one. Without rounds it is
    `LSTM`. Both kinds of dropout come before the first round.

    Args:
        units: Number of cells.
        rounds: How often x or h is gated; zero or more.
        **kwargs: The other arguments of `GatedCell`, without `heads`.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Melis, Kočiský & Blunsom 2020"
    refuses = ("heads",)

    def __init__(self, units, *args, rounds=5, **kwargs):
        if type(rounds) is not int or rounds < 0:
            self.wrong("rounds", "zero or a positive integer", rounds)
        super().__init__(units, *args, **kwargs)
        self.rounds = rounds

    def build(self, input_shape):
        super().build(input_shape)
        features = input_shape[-1]
        self.round_kernels = []
        for number in range(1, self.rounds + 1):
            name = f"round_kernel_{number}"
            if number % 2:
                initializer = fresh(self.recurrent_initializer)
                kernel = self.add_recurrent_kernel((self.units, features), initializer, name)
            else:
                kernel = self.add_weight(
                    (features, self.units),
                    fresh(self.kernel_initializer),
                    name=name,
                    regularizer=self.kernel_regularizer,
                    constraint=self.kernel_constraint,
                )
            self.round_kernels.append(kernel)

    def net_of_x(self, x):
        return x  # h_{t-1} acts on it first

    def net(self, x, h_prev, c_prev):
        for number, Q in enumerate(self.round_kernels, start=1):
            if number % 2:
                x = 2 * self.sigma(self.dot(h_prev, Q)) * x
            else:
                h_prev = 2 * self.sigma(self.dot(x, Q)) * h_prev
        return super().net(super().net_of_x(x), h_prev, c_prev)

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i)
        f = self.sigma(net.f)
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o)
        h = o * self.h(c)
        return h, c

    def get_config(self):
        return {**super().get_config(), "rounds": self.rounds}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MogrifierLSTM(Recurrent):
    """Layer of `MogrifierLSTMCell`."""

    cell_class = MogrifierLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ONLSTMCell(GatedCell):
    r"""An LSTM whose cells stand in an order: how long one keeps its state rises with its place.

    .. math::

        f'_t &= \mathrm{cumax}(W_{f'} x_t + R_{f'} h_{t-1} + b_{f'}) \\
        i'_t &= 1 - \mathrm{cumax}(W_{i'} x_t + R_{i'} h_{t-1} + b_{i'}) \\
        \omega_t &= f'_t \odot i'_t \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \odot \omega_t + (f'_t - \omega_t) \\
        i_t &= \sigma(W_i x_t + R_i h_{t-1} + b_i) \odot \omega_t + (i'_t - \omega_t) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + b_o) \\
        h_t &= o_t \odot h(c_t)

    Ordered neurons. cumax is the running sum of the softmax, so the master forget gate
    :math:`f'_t` rises from cell to cell and the master input gate :math:`i'_t` falls. In the
    weights they are called `master_f` and `master_i`.

    Args:
        units: Number of cells.
        levels: How many numbers a master gate has. Each holds for `units / levels` neighbouring
            cells, the chunk size of the paper. As many as units if not given.
        **kwargs: The other arguments of `GatedCell`, without `heads`.
    """

    gates = ("i", "f", "z", "o", "master_f", "master_i")
    state = ("h", "c")
    paper = "Shen et al. 2019"
    refuses = ("heads",)

    def __init__(self, units, *args, levels=None, **kwargs):
        levels = units if levels is None else levels
        self.check_sizes(units=units, levels=levels)
        if units % levels:
            self.wrong("units", f"a multiple of levels, which is {levels}", units)
        self.levels = levels  # before Keras' __init__, which asks for the sizes
        super().__init__(units, *args, **kwargs)

    def size_of(self, name):
        return self.levels if name in ("master_f", "master_i") else self.units

    def cumax(self, net):
        """The running sum of the softmax, each number for a chunk of neighbouring cells."""
        rising = ops.cumsum(ops.softmax(self.clip(net), axis=-1), axis=-1)
        # Not ops.repeat: XLA cannot compile its gradient inside the loop over time.
        chunks = ops.stack([rising] * (self.units // self.levels), axis=-1)
        return ops.reshape(chunks, (-1, self.units))

    def step(self, net, h_prev, c_prev):
        master_f = self.cumax(net.master_f)
        master_i = 1 - self.cumax(net.master_i)
        overlap = master_f * master_i
        f = self.sigma(net.f) * overlap + (master_f - overlap)
        i = self.sigma(net.i) * overlap + (master_i - overlap)
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o)
        h = o * self.h(c)
        return h, c

    def get_config(self):
        return {**super().get_config(), "levels": self.levels}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ONLSTM(Recurrent):
    """Layer of `ONLSTMCell`."""

    cell_class = ONLSTMCell
