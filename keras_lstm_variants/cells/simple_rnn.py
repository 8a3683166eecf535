"""Networks without gates.

Elman, "Finding structure in time", Cognitive Science 14, 1990; the same without recurrence; and
two whose recurrence keeps the state: Le, Jaitly & Hinton, "A simple way to initialize recurrent
networks of rectified linear units", 2015; Li et al., "Independently recurrent neural network
(IndRNN)", 2018.
"""

import keras

from ..recurrent import Recurrent
from .parts.from_input import FromInput
from .parts.ungated import UngatedCell


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


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MemorylessCell(FromInput, UngatedCell):
    r"""No memory at all: what a comparison of recurrent cells has for control.

    .. math:: h_t = g(W x_t + b)

    A layer of plain units that reads each step by itself. What it learns needs no context; what
    another cell learns beyond that is due to its recurrence.
    """

    paper = "Rumelhart, Hinton & Williams 1986"
    second_opinion = "torch"
    refuses = (*FromInput.refuses, "recurrent_activation")


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class Memoryless(Recurrent):
    """Layer of `MemorylessCell`."""

    cell_class = MemorylessCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class IRNNCell(UngatedCell):
    r"""A simple RNN of rectified units that starts by copying its state.

    .. math:: h_t = \max(0, W x_t + R h_{t-1} + b)

    Args:
        units: Number of units.
        scale: R starts as this times the identity.
    """

    paper = "Le, Jaitly & Hinton 2015"
    second_opinion = "torch; onnxruntime RNN"
    refuses = (
        *UngatedCell.refuses,
        "activation",
        "kernel_initializer",
        "recurrent_initializer",
    )

    def __init__(self, units, *, scale: float = 1.0, **kwargs):
        super().__init__(
            units,
            "relu",
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.001),
            recurrent_initializer=keras.initializers.Identity(scale),
            **kwargs,
        )
        self.scale = scale

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class IRNN(Recurrent):
    """Layer of `IRNNCell`."""

    cell_class = IRNNCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class IndRNNCell(UngatedCell):
    r"""Each unit sees only itself at the step before: the independently recurrent network.

    .. math:: h_t = g(W x_t + r \odot h_{t-1} + b)

    Args:
        units: Number of units.
        activation: g, the rectifier as in the paper.
        recurrent_initializer: Initializer of the vector r; without one, uniform in [0, 1].
    """

    paper = "Li et al. 2018"
    second_opinion = "torchrecurrent"
    refuses = (*UngatedCell.refuses, "heads")

    def __init__(self, units, activation="relu", recurrent_initializer=None, **kwargs):
        if recurrent_initializer is None:
            recurrent_initializer = keras.initializers.RandomUniform(0.0, 1.0)
        super().__init__(units, activation, recurrent_initializer=recurrent_initializer, **kwargs)

    def recurrent_shape(self):
        return (self.units,)

    def net(self, of_x, h_prev):
        return self.Net(of_x + h_prev * self.recurrent_kernel)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class IndRNN(Recurrent):
    """Layer of `IndRNNCell`."""

    cell_class = IndRNNCell
