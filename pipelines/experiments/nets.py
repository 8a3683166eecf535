"""Nets of experiments, as Keras layers whose state is handed from call to call."""

import inspect
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_lstm_variants import CELLS, LAYERS

from ..errors import InputError
from .definition import Net
from .tasks import Task

SQUASHED = {"logistic": "sigmoid", "linear": "linear", "softmax": "softmax"}


class Built:
    """A net with weights.

    Attributes:
        layers: Its recurrent layers, the first one first.
        output: Its output layer.
        variables: All that is trained.
    """

    def __init__(self, net: Net, task: Task) -> None:
        """Makes the layers with new weights, by the seed that Keras has.

        Raises:
            InputError: The cell does not take the options.
        """
        self.net, self.task = net, task
        self.layers = [recurrent_layer(net) for _ in range(net.layers)]
        kernel = "glorot_uniform" if net.initial is None else _uniform(net.initial)
        self.output = keras.layers.Dense(
            task.outputs, SQUASHED[net.output], net.output_bias, kernel_initializer=kernel
        )
        width = task.features
        for layer in self.layers:
            layer.build((None, None, width))
            width = layer.compute_output_shape((1, 1, width))[0][-1]
        self.output.build((None, None, width + net.shortcut * task.features))
        parts = [*self.layers, self.output]
        self.variables = [v for part in parts for v in part.trainable_variables]

    def __call__(self, x: Any, states: list[Any], valid: Any = None) -> tuple[Any, list[Any]]:
        """The outputs at all steps, and the states after the last.

        Args:
            x: Symbols or numbers, as in a `Batch`.
            states: The states before the first step, of all layers.
            valid: Where there is a sequence and no padding, of shape (batch, steps); needed by nets
                that read in both directions.
        """
        symbols = x.dtype.is_integer
        read = tf.one_hot(x, self.task.features) if symbols else x
        h, rest, after = read, list(states), []
        for layer in self.layers:
            own, rest = rest[: _states(layer)], rest[_states(layer) :]
            h, *new = layer(h, initial_state=own, mask=valid if self.net.both else None)
            after += new
        if self.net.shortcut:
            h = ops.concatenate([h, read], axis=-1)
        return self.output(h), after

    def zero_states(self, batch: int) -> list[Any]:
        states: list[Any] = []
        for layer in self.layers:
            parts = [layer.forward_layer, layer.backward_layer] if self.net.both else [layer]
            states += [state for part in parts for state in part.get_initial_state(batch)]
        return states

    def count(self) -> int:
        """How many weights there are."""
        return sum(int(np.prod(v.shape)) for v in self.variables)


def _states(layer: Any) -> int:
    if isinstance(layer, keras.layers.Bidirectional):
        return 2 * len(layer.forward_layer.cell.state_size)
    return len(layer.cell.state_size)


def _uniform(bound: float) -> keras.Initializer:
    return keras.initializers.RandomUniform(-bound, bound)


def recurrent_layer(net: Net) -> Any:
    """A layer of the net's cell that gives all outputs and its last states.

    Raises:
        InputError: The cell does not take the options.
    """
    cell = net.cell
    takes = inspect.signature(CELLS[cell]).parameters
    options = dict(net.options)
    if "blocks" in takes and "units" in options:
        options["blocks"] = options.pop("units")
    if net.initial is not None:
        kernels = ("kernel_initializer", "recurrent_initializer")
        options = {**{k: _uniform(net.initial) for k in kernels if k in takes}, **options}
    try:
        layer = LAYERS[cell](**options, return_sequences=True, return_state=True)
    except (TypeError, ValueError) as error:
        raise InputError(f"--cell {cell}: {str(error).splitlines()[0]}") from None
    return keras.layers.Bidirectional(layer) if net.both else layer
