"""Elman, "Finding structure in time", Cognitive Science 14, 1990: a network without gates."""

import keras

from ..recurrent import Recurrent
from .ungated import UngatedCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class SimpleRNNCell(UngatedCell):
    r"""No gates and no cell state: the output is the only memory.

    .. math:: h_t = g(W x_t + R h_{t-1} + b)

    The same as `keras.layers.SimpleRNNCell`; it is here so that every comparison has its floor.
    Elman's g was the logistic function; the default here is Keras' tanh.
    """

    paper = "Elman 1990"
    second_opinion = "Keras; torch; onnxruntime RNN"


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class SimpleRNN(Recurrent):
    """Layer of `SimpleRNNCell`."""

    cell_class = SimpleRNNCell
