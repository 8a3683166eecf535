"""Melis, Kočiský & Blunsom, "Mogrifier LSTM", 2020, equations 1 and 2."""

import keras

from ..recurrent import Recurrent
from .parts.base import GatedCell, fresh


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
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Melis, Kočiský & Blunsom 2020"
    # No second opinion: no library lets x and h gate each other.
    refuses = ("heads",)

    def __init__(self, units, *args, rounds: int = 5, **kwargs):
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
