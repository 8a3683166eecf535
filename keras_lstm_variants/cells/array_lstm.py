"""Rocki, "Recurrent memory array structures", 2016."""

import keras
from keras import ops

from ..recurrent import Recurrent
from .parts.base import GatedCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ArrayLSTMCell(GatedCell):
    r"""Each unit has several cell states with gates of their own, whose outputs are added.

    For each lane k,

    .. math::

        i^k_t &= \sigma(W^k_i x_t + R^k_i h_{t-1} + b^k_i) \\
        f^k_t &= \sigma(W^k_f x_t + R^k_f h_{t-1} + b^k_f) \\
        z^k_t &= g(W^k_z x_t + R^k_z h_{t-1} + b^k_z) \\
        c^k_t &= f^k_t \odot c^k_{t-1} + i^k_t \odot z^k_t \\
        o^k_t &= \sigma(W^k_o x_t + R^k_o h_{t-1} + b^k_o) \\
        h_t &= \sum_k o^k_t \odot h(c^k_t)

    With one lane this is `LSTMCell`. The columns of a gate, and the cell states, are those of the
    first lane, then those of the second, and so on.

    Args:
        units: Number of units of the output.
        lanes: Number of lanes, which is the number of cell states of a unit.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Rocki 2016"
    second_opinion = "torch; onnxruntime LSTM"

    def __init__(self, units, *args, lanes: int = 2, **kwargs):
        self.check_sizes(lanes=lanes)
        self.lanes = lanes  # before Keras' __init__, which asks for the sizes
        super().__init__(units, *args, **kwargs)

    def size_of(self, name):
        return self.units if name == "h" else self.lanes * self.units

    def sum_of_lanes(self, columns):
        return ops.sum(ops.reshape(columns, (-1, self.lanes, self.units)), axis=1)

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i)
        f = self.sigma(net.f)
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o)
        h = self.sum_of_lanes(o * self.h(c))
        return h, c

    def get_config(self):
        return {**super().get_config(), "lanes": self.lanes}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ArrayLSTM(Recurrent):
    """Layer of `ArrayLSTMCell`."""

    cell_class = ArrayLSTMCell
