"""Krueger et al., "Zoneout: regularizing RNNs by randomly preserving hidden activations", 2017."""

import keras
from keras import ops

from ..recurrent import Recurrent
from .parts.base import GatedCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ZoneoutLSTMCell(GatedCell):
    r"""In training, random units keep their states of the step before.

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        \tilde c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + b_o) \\
        \tilde h_t &= o_t \odot h(\tilde c_t) \\
        c_t &= k_c \odot c_{t-1} + (1 - k_c) \odot \tilde c_t \\
        h_t &= k_h \odot h_{t-1} + (1 - k_h) \odot \tilde h_t

    In training, :math:`k_c` and :math:`k_h` are ones for the units that keep their state and zeros
    for the others, drawn anew at each step for each sequence; at inference they are the rates, what
    these are on average. (Under JAX, train the layer and not `keras.layers.RNN` over the cell: only
    the layer draws before the loop over time, within which JAX cannot.)

    Args:
        units: Number of cells.
        zoneout_c: The share of cell states that are kept in training.
        zoneout_h: The share of outputs that are kept in training.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Krueger et al. 2017"
    second_opinion = "torch; onnxruntime LSTM"

    def __init__(self, units, *args, zoneout_c: float = 0.5, zoneout_h: float = 0.05, **kwargs):
        for name, rate in {"zoneout_c": zoneout_c, "zoneout_h": zoneout_h}.items():
            self.check_number(name, rate, "from zero to one", lambda rate: 0 <= rate <= 1)
        super().__init__(units, *args, **kwargs)
        self.zoneout_c = zoneout_c
        self.zoneout_h = zoneout_h

    @classmethod
    def net_fields(cls):
        return (*cls.gates, "k_c", "k_h")

    def build(self, input_shape):
        self.features = input_shape[-1]
        super().build(input_shape)

    # What is drawn for a step travels behind the features of its x_t, so that the layer can draw
    # for all steps before the loop: JAX's loop cannot draw.

    def drawn(self, x):
        """x with k_c and k_h for its steps, of shape (..., features)."""
        *steps, _ = ops.shape(x)
        numbers = self.draw(keras.random.uniform, (*steps, 2 * self.units))
        rates = [self.zoneout_c] * self.units + [self.zoneout_h] * self.units
        return ops.concatenate([x, ops.cast(numbers < ops.array(rates), x.dtype)], axis=-1)

    def see(self, x, training):
        done = x.shape[-1] > self.features
        return super().see(self.drawn(x) if training and not done else x, training)

    def get_dropout_mask(self, inputs):
        x, k = ops.split(inputs, [self.features], axis=-1)
        mask = super().get_dropout_mask(x)
        return None if mask is None else ops.concatenate([mask, ops.ones_like(k)], axis=-1)

    def net_of_x(self, x):
        x, k = ops.split(x, [self.features], axis=-1)
        return (super().net_of_x(x), k) if k.shape[-1] else (super().net_of_x(x),)

    def net(self, of_x, h_prev, c_prev):
        of_x, *k = of_x
        k_c, k_h = ops.split(*k, 2, axis=-1) if k else (self.zoneout_c, self.zoneout_h)
        fed_back = self.recur(h_prev, self.recurrent_kernel)
        return self.Net(*self.split(of_x + fed_back), k_c=k_c, k_h=k_h)

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i)
        f = self.sigma(net.f)
        z = self.g(net.z)
        c_new = f * c_prev + i * z
        o = self.sigma(net.o)
        h_new = o * self.h(c_new)
        c = net.k_c * c_prev + (1 - net.k_c) * c_new
        h = net.k_h * h_prev + (1 - net.k_h) * h_new
        return h, c

    def get_config(self):
        own = {"zoneout_c": self.zoneout_c, "zoneout_h": self.zoneout_h}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ZoneoutLSTM(Recurrent):
    """Layer of `ZoneoutLSTMCell`."""

    cell_class = ZoneoutLSTMCell

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if training:
            sequences = self.cell.drawn(sequences)
        return super().inner_loop(sequences, initial_state, mask, training)
