"""Convolutions in place of the products with W and R, for any cell."""

from collections.abc import Sequence

import keras
from keras import ops

from ...recurrent import Recurrent
from .base import GatedCell


class Convolved(GatedCell):
    """A cell whose products with W and R are convolutions that keep the size of the image.

    Name it before the cell whose equations are meant, and `axes`, the number of axes of an image:
    `class ConvMGUCell(Convolved, MGUCell): axes = 2`.

    Args:
        filters: Number of channels of the states.
        kernel_size: Size of W and R along each axis of an image: a number, or one for each.
    """

    axes = 2
    refuses: tuple[str, ...] = ("units", "heads")
    advice = {"units": "give filters and kernel_size"}

    def __init__(self, filters: int, kernel_size: int | Sequence[int], **kwargs):
        sizes = (kernel_size,) * self.axes if isinstance(kernel_size, int) else tuple(kernel_size)
        if len(sizes) != self.axes:
            self.wrong("kernel_size", f"one or {self.axes} positive integers", kernel_size)
        self.check_sizes(filters=filters)
        for size in sizes:
            self.check_sizes(kernel_size=size)
        super().__init__(filters, **kwargs)
        self.filters = filters
        self.kernel_size = sizes

    def kernel_shape(self, features):
        return *self.kernel_size, *super().kernel_shape(features)

    def recurrent_shape(self):
        return *self.kernel_size, *super().recurrent_shape()

    def peephole_shape(self):
        """One for each pixel and channel."""
        return *self.image, self.filters

    def build(self, input_shape):
        _, *image, _ = input_shape
        if len(image) != self.axes or None in image:
            wanted = ("steps",) if self.axes == 1 else ("depth", "rows", "columns")[-self.axes :]
            self.wrong("the size of the images", f"({', '.join(wanted)})", tuple(image))
        self.image = tuple(image)
        super().build(input_shape)

    def multiply(self, x, kernel):
        """x convolved with a weight, in the precision of the dtype policy."""
        dtype = self.dtype_policy.compute_dtype
        x, kernel = ops.cast(x, dtype), ops.cast(kernel, dtype)
        product = ops.conv(x, kernel, padding="same", data_format="channels_last")
        return ops.cast(product, self.compute_dtype)

    def get_initial_state(self, batch_size=None):
        shape = (batch_size, *self.image, self.filters)
        return [ops.zeros(shape, dtype=self.compute_dtype) for _ in self.state]

    def get_config(self):
        own = {"filters": self.filters, "kernel_size": list(self.kernel_size)}
        return {**super().get_config(), **own}


class ConvolvedLayer(Recurrent):
    """A layer over sequences of images.

    Under JAX, Keras' loop over time takes no mask for images.

    Call arguments:
        sequences: Tensor of shape (batch, steps, ..., channels), with the axes of an image between.
        initial_state: List of the states before the first step, of shape (batch, ..., filters);
            zeros if not given.
        mask: Boolean tensor (batch, steps). A step where it is False is skipped: states stay as
            they are, and the output is that of the step before.
        training: Whether dropout is on.

    Returns:
        Tensor of shape (batch, ..., filters), or (batch, steps, ..., filters) with
        `return_sequences`; with `return_state`, that and the states.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.input_spec = keras.layers.InputSpec(ndim=self.cell.axes + 3)

    def compute_output_shape(self, sequences_shape, initial_state_shape=None):
        batch, steps, *image, _ = sequences_shape
        state = (batch, *image, self.cell.filters)
        output = (batch, steps, *state[1:]) if self.return_sequences else state
        if not self.return_state:
            return output
        return self._with_steps((output, *[state for _ in self.cell.state]), steps)
