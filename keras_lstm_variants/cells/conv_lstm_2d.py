"""Shi et al., "Convolutional LSTM network", 2015, (3): with peepholes, which Keras' has not."""

from collections.abc import Sequence

import keras
from keras import ops

from ..recurrent import Recurrent
from .parts.peepholes import Peepholes


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class PeepholeConvLSTM2DCell(Peepholes):
    r"""The products are convolutions of images, and the gates see the cell state.

    .. math::

        i_t &= \sigma(W_i * x_t + R_i * h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f * x_t + R_f * h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z * x_t + R_z * h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o * x_t + R_o * h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    with convolutions that keep the size of the image. Each pixel has peepholes of its own, so the
    size of the images is fixed when the weights are made. With peepholes of zero this is the cell
    of `keras.layers.ConvLSTM2D` with `padding="same"`, weights included.

    Args:
        filters: Number of channels of the states.
        kernel_size: Rows and columns of W and R: a number, or one of each.

    Call arguments:
        inputs: x_t, of shape (batch, rows, columns, channels).
        states: h and c at t-1, of shape (batch, rows, columns, filters).
        training: Whether dropout is on.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Shi et al. 2015"
    second_opinion = "Keras"
    refuses = ("units", "heads")
    advice = {"units": "give filters and kernel_size"}

    def __init__(self, filters: int, kernel_size: int | Sequence[int], **kwargs):
        sizes = (kernel_size,) * 2 if isinstance(kernel_size, int) else tuple(kernel_size)
        if len(sizes) != 2:
            self.wrong("kernel_size", "one or two positive integers", kernel_size)
        self.check_sizes(filters=filters, **{"kernel_size of rows": sizes[0]})
        self.check_sizes(**{"kernel_size of columns": sizes[1]})
        super().__init__(filters, **kwargs)
        self.filters = filters
        self.kernel_size = sizes

    def kernel_shape(self, features):
        return *self.kernel_size, *super().kernel_shape(features)

    def recurrent_shape(self):
        return *self.kernel_size, *super().recurrent_shape()

    def peephole_shape(self):
        return *self.image, self.filters

    def build(self, input_shape):
        _, *image, _ = input_shape
        if len(image) != 2 or None in image:
            self.wrong("the size of the images", "(rows, columns)", tuple(image))
        self.image = tuple(image)
        super().build(input_shape)

    def multiply(self, x, kernel):
        """x convolved with a weight, in the precision of the dtype policy."""
        dtype = self.dtype_policy.compute_dtype
        x, kernel = ops.cast(x, dtype), ops.cast(kernel, dtype)
        product = ops.conv(x, kernel, padding="same", data_format="channels_last")
        return ops.cast(product, self.compute_dtype)

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i + self.peep("i", c_prev))
        f = self.sigma(net.f + self.peep("f", c_prev))
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o + self.peep_new("o", c))
        h = o * self.h(c)
        return h, c

    def get_initial_state(self, batch_size=None):
        shape = (batch_size, *self.image, self.filters)
        return [ops.zeros(shape, dtype=self.compute_dtype) for _ in self.state]

    def get_config(self):
        own = {"filters": self.filters, "kernel_size": list(self.kernel_size)}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class PeepholeConvLSTM2D(Recurrent):
    """Layer of `PeepholeConvLSTM2DCell`, for sequences (batch, steps, rows, columns, channels).

    Under JAX, Keras' loop over time takes no mask for images.

    Call arguments:
        sequences: Tensor of shape (batch, steps, rows, columns, channels).
        initial_state: List of h and c before the first step, of shape (batch, rows, columns,
            filters); zeros if not given.
        mask: Boolean tensor (batch, steps). A step where it is False is skipped: states stay as
            they are, and the output is that of the step before.
        training: Whether dropout is on.

    Returns:
        Tensor of shape (batch, rows, columns, filters), or (batch, steps, rows, columns, filters)
        with `return_sequences`; with `return_state`, that and the states.
    """

    cell_class = PeepholeConvLSTM2DCell

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.input_spec = keras.layers.InputSpec(ndim=5)

    def compute_output_shape(self, sequences_shape, initial_state_shape=None):
        batch, steps, *image, _ = sequences_shape
        state = (batch, *image, self.cell.filters)
        output = (batch, steps, *state[1:]) if self.return_sequences else state
        if not self.return_state:
            return output
        return self._with_steps((output, *[state for _ in self.cell.state]), steps)
