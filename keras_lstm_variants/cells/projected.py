"""Sak, Senior & Beaufays, "Long short-term memory recurrent neural network architectures", 2014.

The recurrent projection layer of (1)-(7); without the second, non-recurrent projection.
"""

import keras

from ..recurrent import Recurrent
from .parts.base import GatedCell, fresh
from .parts.peepholes import Peepholes


class Projected(GatedCell):
    """A cell whose output, and what is fed back of it, is smaller than its memory.

    Args:
        units: Number of cells.
        projection: The size of h; half as many as units if not given.
    """

    refuses: tuple[str, ...] = ("heads",)

    def __init__(self, units, *args, projection: int | None = None, **kwargs):
        self.check_sizes(units=units)
        projection = max(1, units // 2) if projection is None else projection
        self.check_sizes(projection=projection)
        self.projection = projection  # before Keras' __init__, which asks for the sizes
        super().__init__(units, *args, **kwargs)

    def size_of(self, name):
        return self.projection if name == "h" else self.units

    def recurrent_shape(self):
        return self.projection, super().recurrent_shape()[1]

    def build(self, input_shape):
        super().build(input_shape)
        self.projection_kernel = self.add_weight(
            (self.units, self.projection),
            fresh(self.kernel_initializer),
            name="projection_kernel",
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )

    def project(self, m):
        """P m_t"""
        return self.dot(m, self.projection_kernel)

    def get_config(self):
        return {**super().get_config(), "projection": self.projection}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ProjectedLSTMCell(Projected):
    r"""The output is projected to fewer units before it is fed back.

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + b_o) \\
        m_t &= o_t \odot h(c_t) \\
        h_t &= P m_t

    The same as `torch.nn.LSTM` with `proj_size`. The paper's LSTM has peepholes:
    `ProjectedPeepholeLSTMCell`.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Sak, Senior & Beaufays 2014"
    second_opinion = "torch; onnxruntime LSTM"

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i)
        f = self.sigma(net.f)
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o)
        m = o * self.h(c)
        h = self.project(m)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ProjectedLSTM(Recurrent):
    """Layer of `ProjectedLSTMCell`."""

    cell_class = ProjectedLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ProjectedPeepholeLSTMCell(Peepholes, Projected):
    r"""The gates see the cell state, and the output is projected before it is fed back.

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c_t + b_o) \\
        m_t &= o_t \odot h(c_t) \\
        h_t &= P m_t
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Sak, Senior & Beaufays 2014"
    second_opinion = "onnxruntime LSTM; torchrecurrent"

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i + self.peep("i", c_prev))
        f = self.sigma(net.f + self.peep("f", c_prev))
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o + self.peep_new("o", c))
        m = o * self.h(c)
        h = self.project(m)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ProjectedPeepholeLSTM(Recurrent):
    """Layer of `ProjectedPeepholeLSTMCell`."""

    cell_class = ProjectedPeepholeLSTMCell
