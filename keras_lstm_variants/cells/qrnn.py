"""Bradbury et al., "Quasi-recurrent neural networks", 2017: convolution and pooling over time."""

import keras
from keras import ops

from ..recurrent import Recurrent
from .parts.from_input import FromInput


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class QRNNCell(FromInput):
    r"""No R: the gates see the last few inputs in place of the last output.

    .. math::

        (z'_t, f'_t, o'_t) &= W x_t + p^1_{t-1} + b \\
        p^k_t &= W^k x_t + p^{k+1}_{t-1} \\
        z_t &= g(z'_t) \\
        f_t &= \sigma(f'_t) \\
        o_t &= \sigma(o'_t) \\
        c_t &= f_t \odot c_{t-1} + (1 - f_t) \odot z_t \\
        h_t &= o_t \odot c_t

    The quasi-recurrent neural network, with the paper's fo-pooling. The states :math:`p^k` are what
    the inputs so far add to the net inputs k steps on, so that a sequence can be read in parts: W
    and all :math:`W^k` are one convolution over time. The last one has nothing to add to. Before
    the first step all of it is zero. A masked step is not in the window.

    Args:
        units: Number of cells.
        window: How many inputs the gates see, :math:`x_t` and those before it.
    """

    gates = ("z", "f", "o")
    paper = "Bradbury et al. 2017"
    # No second opinion: that of its authors needs a GPU.
    equations = ("net", "step")

    def __init__(self, units, *args, window: int = 2, **kwargs):
        self.check_sizes(window=window)
        self.window = window
        self.state = ("h", "c", *[f"p_{k}" for k in range(1, window)])
        super().__init__(units, *args, **kwargs)

    def size_of(self, name):
        return 3 * self.units if name.startswith("p_") else self.units

    def kernel_shape(self, features):
        return features, 3 * self.units * self.window

    def biases(self):
        """b of the net inputs at t; zeros for those to come."""
        if self.bias is None:
            return None
        none = ops.zeros((3 * self.units * (self.window - 1),), self.compute_dtype)
        return ops.concatenate([ops.cast(self.bias, self.compute_dtype), none])

    def net_of_x(self, x):
        return tuple(ops.split(super().net_of_x(x), self.window, axis=-1))

    @classmethod
    def net_fields(cls):
        return (*cls.gates, "later")

    def net(self, of_x, h_prev, c_prev, *p_prev):
        now, *later = of_x
        if p_prev:
            now = now + p_prev[0]
        further = [one + at for one, at in zip(later, p_prev[1:], strict=False)]
        p = [*further, *later[len(further) :]]
        return self.Net(*self.split(now), later=p)

    def step(self, net, h_prev, c_prev, *p_prev):
        z = self.g(net.z)
        f = self.sigma(net.f)
        o = self.sigma(net.o)
        c = f * c_prev + (1 - f) * z
        h = o * c
        return h, c, *net.later

    def get_config(self):
        return {**super().get_config(), "window": self.window}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class QRNN(Recurrent):
    """Layer of `QRNNCell`."""

    cell_class = QRNNCell
