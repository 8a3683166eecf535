"""Elman, "Finding structure in time", Cognitive Science 14, 1990: a network without gates."""

import keras

from ..recurrent import Recurrent
from .base import GatedCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class SimpleRNNCell(GatedCell):
    r"""No gates and no cell state: the output is the only memory.

    .. math:: h_t = g(W x_t + R h_{t-1} + b)

    The same as `keras.layers.SimpleRNNCell`; it is here so that every comparison has its floor.
    Elman's g was the logistic function; the default here is Keras' tanh.

    Args:
        units: Number of units.
        activation: g.
        **kwargs: The other arguments of `GatedCell`, without `recurrent_activation`: there is no
            gate to squash.
    """

    gates = ("h",)
    state = ("h",)
    paper = "Elman 1990"

    def __init__(self, units, activation="tanh", **kwargs):
        if "recurrent_activation" in kwargs:
            raise ValueError("SimpleRNNCell has no gates, so it takes no recurrent_activation.")
        super().__init__(units, activation, **kwargs)

    def step(self, net, h_prev):
        h = self.g(net.h)
        return (h,)

    def get_config(self):
        config = super().get_config()
        del config["recurrent_activation"]
        return config


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class SimpleRNN(Recurrent):
    """Layer of `SimpleRNNCell`."""

    cell_class = SimpleRNNCell
