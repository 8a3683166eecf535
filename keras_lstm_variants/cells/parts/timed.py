"""Cells that see, beside x_t, how much time has passed since the step before."""

from typing import Any

import keras
from keras import ops

from ... import calls
from ...recurrent import Recurrent
from .base import GatedCell


class Timed(GatedCell):
    """A cell whose last input is a time.

    Call arguments:
        inputs: x_t and, as the last column, the time since the step before, of shape (batch,
            features + 1). A time below zero counts as zero.
        states: The states at t-1 in the order of `state`, each of shape (batch, size).
        training: Whether dropout is on. It drops no time.
    """

    beside = 1  # columns that are not of x
    in_full_precision = True  # times are not rounded; what is multiplied is

    @classmethod
    def net_fields(cls):
        return (*cls.gates, "elapsed")

    @classmethod
    def columns(cls, features):
        """How many columns there are for so many features."""
        return features + cls.beside

    def build(self, input_shape):
        features = input_shape[-1]
        if features is None or features <= self.beside:
            self.wrong(
                "inputs", "features of x and, as the last column, the time", tuple(input_shape)
            )
        super().build((*input_shape[:-1], features - self.beside))

    def get_dropout_mask(self, step_input):
        if self._now.x_mask is None and self.dropout > 0:
            x = ops.cast(step_input, self.compute_dtype)
            dropped = self.drawn_mask(x[..., : -self.beside], self.dropout)
            kept = ops.ones_like(x[..., -self.beside :])
            self._now.x_mask = ops.concatenate([dropped, kept], axis=-1)
        return self._now.x_mask

    def net_of_x(self, x):
        return super().net_of_x(x[..., :-1]), ops.relu(x[..., -1:])

    def net(self, of_x, *states):
        of_x, elapsed = of_x
        fed_back = self.recur(self.feedback(*states), self.recurrent_kernel)
        return self.Net(*self.split(of_x + fed_back), elapsed)


class TimedLayer(Recurrent):
    """A layer over sequences with a time beside each x.

    Call arguments:
        sequences: Tensor of shape (batch, steps, features); or (batch, steps, features + 1) with
            the times as the last column, as wrappers such as `keras.layers.Bidirectional` need it.
            In mixed precision such wrappers round the times.
        elapsed: The time since the step before, for each step, of shape (batch, steps) or (batch,
            steps, 1), in the unit in which the cell's times are; or None, if `sequences` has it. A
            time below zero counts as zero.
        initial_state: List of the states before the first step, one tensor (batch, size) for each
            name in `cell.state`, or (1, size) or (size,) for all sequences alike; zeros if not
            given.
        mask: Boolean tensor (batch, steps). A step where it is False is skipped: states stay as
            they are, and the output is that of the step before; its time does not count.
        training: Whether dropout is on.
    """

    def __call__(self, sequences: Any, *args: Any, elapsed: Any = None, **kwargs: Any) -> Any:
        if elapsed is not None:
            sequences = beside(self, sequences, elapsed=(elapsed, 1))
        return super().__call__(sequences, *args, **kwargs)


def beside(layer: Any, sequences: Any, **others: tuple[Any, int]) -> Any:
    """The sequences with the others as further columns, and with the sequences' mask.

    Args:
        layer: The layer that is called.
        sequences: Tensor of shape (batch, steps, features).
        **others: By the name of the argument, a tensor and how many columns it must have.
    """
    tensors = [calls.tensor(layer, "sequences", sequences)]
    shape = tuple(tensors[0].shape)
    for name, (value, size) in others.items():
        value = calls.tensor(layer, name, value)
        given = tuple(value.shape)
        if len(given) == 2 and size == 1:
            value = ops.expand_dims(value, -1)
        if len(value.shape) != 3 or not calls.fits(tuple(value.shape), (*shape[:2], size)):
            wanted = "(batch, steps) or (batch, steps, 1)" if size == 1 else f"(..., {size})"
            calls.refuse(layer, f"{name} must be {wanted} for sequences {shape}, not {given}")
        tensors.append(value)
    return Beside(dtype=layer.cell.compute_dtype)(tensors)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class Beside(keras.layers.Layer):
    """Further columns beside those of a sequence, whose mask it keeps.

    (With `keras.layers.Concatenate`, a step counts if any of the sequences has it.)
    """

    def build(self, input_shape: Any) -> None:
        self.supports_masking = True
        self.built = True

    def call(self, tensors: list[Any]) -> Any:
        # Integers too: times between those of integer sequences must not become integers.
        return ops.concatenate([ops.cast(one, self.compute_dtype) for one in tensors], axis=-1)

    def compute_output_shape(self, shapes: Any) -> Any:
        return (*shapes[0][:-1], sum(shape[-1] for shape in shapes))

    def compute_mask(self, tensors: list[Any], mask: Any = None) -> Any:
        return mask[0] if mask else None
