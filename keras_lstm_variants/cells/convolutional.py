"""Cells of images: convolutions in place of products.

Shi et al., "Convolutional LSTM network", 2015, (3): with peepholes, which Keras' has not; Ballas et
al., "Delving deeper into convolutional networks for learning video representations", 2016. Any
other cell becomes one of images in two lines, see `parts/convolution.py`.
"""

import keras

from .gru import GRUResetBeforeCell
from .parts.convolution import Convolved, ConvolvedLayer
from .peephole_lstm import PeepholeLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class PeepholeConvLSTM1DCell(Convolved, PeepholeLSTMCell):
    r"""The products are convolutions of rows, and the gates see the cell state.

    .. math::

        i_t &= \sigma(W_i * x_t + R_i * h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f * x_t + R_f * h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z * x_t + R_z * h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o * x_t + R_o * h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    with convolutions that keep the size of the row. Each place has peepholes of its own, so the
    size of the rows is fixed when the weights are made. With peepholes of zero this is the cell
    of `keras.layers.ConvLSTM1D` with `padding="same"`, weights included.

    Args:
        filters: Number of channels of the states.
        kernel_size: Length of W and R: a number.

    Call arguments:
        inputs: x_t, of shape (batch, length, channels).
        states: h and c at t-1, of shape (batch, length, filters).
        training: Whether dropout is on.
    """

    axes = 1
    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Shi et al. 2015"
    second_opinion = "Keras"


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class PeepholeConvLSTM1D(ConvolvedLayer):
    """Layer of `PeepholeConvLSTM1DCell`, for sequences (batch, steps, length, channels)."""

    cell_class = PeepholeConvLSTM1DCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class PeepholeConvLSTM2DCell(Convolved, PeepholeLSTMCell):
    r"""The products are convolutions of images, and the gates see the cell state.

    .. math::

        i_t &= \sigma(W_i * x_t + R_i * h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f * x_t + R_f * h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z * x_t + R_z * h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o * x_t + R_o * h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    with convolutions that keep the size of the image. Each pixel has peepholes of its own, so
    the size of the images is fixed when the weights are made. With peepholes of zero this is
    the cell of `keras.layers.ConvLSTM2D` with `padding="same"`, weights included.

    Args:
        filters: Number of channels of the states.
        kernel_size: Rows and columns of W and R: a number, or one of each.

    Call arguments:
        inputs: x_t, of shape (batch, rows, columns, channels).
        states: h and c at t-1, of shape (batch, rows, columns, filters).
        training: Whether dropout is on.
    """

    axes = 2
    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Shi et al. 2015"
    second_opinion = "Keras"


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class PeepholeConvLSTM2D(ConvolvedLayer):
    """Layer of `PeepholeConvLSTM2DCell`, for sequences (batch, steps, rows, columns, channels)."""

    cell_class = PeepholeConvLSTM2DCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class PeepholeConvLSTM3DCell(Convolved, PeepholeLSTMCell):
    r"""The products are convolutions of volumes, and the gates see the cell state.

    .. math::

        i_t &= \sigma(W_i * x_t + R_i * h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f * x_t + R_f * h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z * x_t + R_z * h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o * x_t + R_o * h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    with convolutions that keep the size of the volume. Each point has peepholes of its own, so
    the size of the volumes is fixed when the weights are made. With peepholes of zero this is
    the cell of `keras.layers.ConvLSTM3D` with `padding="same"`, weights included.

    Args:
        filters: Number of channels of the states.
        kernel_size: Size along each axis of W and R: a number, or three.

    Call arguments:
        inputs: x_t, of shape (batch, depth, rows, columns, channels).
        states: h and c at t-1, of shape (batch, depth, rows, columns, filters).
        training: Whether dropout is on.
    """

    axes = 3
    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Shi et al. 2015"
    second_opinion = "Keras"


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class PeepholeConvLSTM3D(ConvolvedLayer):
    """Layer of `PeepholeConvLSTM3DCell`.

    For sequences (batch, steps, depth, rows, columns, channels).
    """

    cell_class = PeepholeConvLSTM3DCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ConvGRU1DCell(Convolved, GRUResetBeforeCell):
    r"""A GRU whose products are convolutions of rows.

    .. math::

        u_t &= \sigma(W_u * x_t + R_u * h_{t-1} + b_u) \\
        r_t &= \sigma(W_r * x_t + R_r * h_{t-1} + b_r) \\
        z_t &= g(W_z * x_t + R_z * (r_t \odot h_{t-1}) + b_z) \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t

    with convolutions that keep the size of the row. An update gate u of one keeps the old
    state, as in `GRUResetBeforeCell`; in the paper it takes the new value.

    Args:
        filters: Number of channels of the state.
        kernel_size: Length of W and R: a number.

    Call arguments:
        inputs: x_t, of shape (batch, length, channels).
        states: h at t-1, of shape (batch, length, filters).
        training: Whether dropout is on.
    """

    axes = 1
    paper = "Ballas et al. 2016"
    second_opinion = ""
    cudnn_layer = None


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ConvGRU1D(ConvolvedLayer):
    """Layer of `ConvGRU1DCell`, for sequences (batch, steps, length, channels)."""

    cell_class = ConvGRU1DCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ConvGRU2DCell(Convolved, GRUResetBeforeCell):
    r"""A GRU whose products are convolutions of images.

    .. math::

        u_t &= \sigma(W_u * x_t + R_u * h_{t-1} + b_u) \\
        r_t &= \sigma(W_r * x_t + R_r * h_{t-1} + b_r) \\
        z_t &= g(W_z * x_t + R_z * (r_t \odot h_{t-1}) + b_z) \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t

    with convolutions that keep the size of the image. An update gate u of one keeps the old
    state, as in `GRUResetBeforeCell`; in the paper it takes the new value.

    Args:
        filters: Number of channels of the state.
        kernel_size: Rows and columns of W and R: a number, or one of each.

    Call arguments:
        inputs: x_t, of shape (batch, rows, columns, channels).
        states: h at t-1, of shape (batch, rows, columns, filters).
        training: Whether dropout is on.
    """

    axes = 2
    paper = "Ballas et al. 2016"
    second_opinion = ""
    cudnn_layer = None


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ConvGRU2D(ConvolvedLayer):
    """Layer of `ConvGRU2DCell`, for sequences (batch, steps, rows, columns, channels)."""

    cell_class = ConvGRU2DCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ConvGRU3DCell(Convolved, GRUResetBeforeCell):
    r"""A GRU whose products are convolutions of volumes.

    .. math::

        u_t &= \sigma(W_u * x_t + R_u * h_{t-1} + b_u) \\
        r_t &= \sigma(W_r * x_t + R_r * h_{t-1} + b_r) \\
        z_t &= g(W_z * x_t + R_z * (r_t \odot h_{t-1}) + b_z) \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t

    with convolutions that keep the size of the volume. An update gate u of one keeps the old
    state, as in `GRUResetBeforeCell`; in the paper it takes the new value.

    Args:
        filters: Number of channels of the state.
        kernel_size: Size along each axis of W and R: a number, or three.

    Call arguments:
        inputs: x_t, of shape (batch, depth, rows, columns, channels).
        states: h at t-1, of shape (batch, depth, rows, columns, filters).
        training: Whether dropout is on.
    """

    axes = 3
    paper = "Ballas et al. 2016"
    second_opinion = ""
    cudnn_layer = None


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ConvGRU3D(ConvolvedLayer):
    """Layer of `ConvGRU3DCell`, for sequences (batch, steps, depth, rows, columns, channels)."""

    cell_class = ConvGRU3DCell
