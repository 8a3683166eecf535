"""Networks whose memory is not learned: a random reservoir, and Legendre polynomials.

Jaeger, "The 'echo state' approach to analysing and training recurrent neural networks", 2001, with
the leaky units of Jaeger et al. 2007; Voelker, Kajic & Eliasmith, "Legendre memory units:
continuous-time representation in recurrent neural networks", 2019.
"""

import keras
import numpy as np
from keras import ops

from ..arguments import Initializer
from ..checks import positive
from ..recurrent import Recurrent
from .parts.base import fresh
from .parts.ungated import UngatedCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ESNCell(UngatedCell):
    r"""A random network that is not trained: only what reads it is. The echo state network.

    .. math:: h_t = (1 - \alpha) h_{t-1} + \alpha \, g(W x_t + R h_{t-1} + b)

    R starts with few entries that are not zero, scaled to a spectral radius: below one, what the
    state was long ago dies away.

    Args:
        units: Number of units of the reservoir.
        connectivity: Share of the entries of R that are not zero.
        leak: :math:`\alpha`, the share of a unit that is new at each step.
        spectral_radius: The largest absolute eigenvalue of R at the start.
        recurrent_initializer: Initializer of R, before most of it is set to zero and it is scaled.
        fixed: Whether W, R and b stay as they start. False: they are trained as those of any cell.
    """

    paper = "Jaeger 2001"
    # No second opinion: TensorFlow Addons, which had one, cannot be installed beside Keras 3.
    refuses = (*UngatedCell.refuses, "heads")

    def __init__(
        self,
        units,
        *,
        recurrent_initializer: Initializer = "glorot_uniform",
        connectivity: float = 0.1,
        leak: float = 1.0,
        spectral_radius: float = 0.9,
        fixed: bool = True,
        **kwargs,
    ):
        for name, share in {"connectivity": connectivity, "leak": leak}.items():
            self.check_number(name, share, "a number above 0, at most 1", lambda x: 0 < x <= 1)
        self.check_number("spectral_radius", spectral_radius, "a positive number", positive)
        super().__init__(units, recurrent_initializer=recurrent_initializer, **kwargs)
        self.connectivity = connectivity
        self.leak = leak
        self.spectral_radius = spectral_radius
        self.fixed = fixed

    def add_weight(self, *args, **kwargs):
        return super().add_weight(*args, **{"trainable": not self.fixed, **kwargs})

    def add_recurrent_kernel(self, shape, initializer, name):
        return super().add_recurrent_kernel(shape, Sparse(self, initializer), name)

    def step(self, net, h_prev):
        h = (1 - self.leak) * h_prev + self.leak * self.g(net.h)
        return (h,)

    def get_config(self):
        return {
            **super().get_config(),
            "connectivity": self.connectivity,
            "leak": self.leak,
            "spectral_radius": self.spectral_radius,
            "fixed": self.fixed,
        }


class Sparse:
    """Initializes a reservoir: a share of another initializer's numbers, scaled."""

    def __init__(self, cell, initializer):
        self.connectivity, self.spectral_radius = cell.connectivity, cell.spectral_radius
        self.initializer = initializer

    def __call__(self, shape, dtype=None):
        R = ops.convert_to_numpy(fresh(self.initializer)(shape, dtype=dtype))
        drawn = keras.initializers.RandomUniform(0.0, 1.0)(shape, dtype="float32")
        R = np.where(ops.convert_to_numpy(drawn) < self.connectivity, R, 0.0)
        radius = np.abs(np.linalg.eigvals(R.astype("float64"))).max()
        # One without cycles has no eigenvalue but zero, and forgets all by itself.
        return ops.convert_to_tensor(R * (self.spectral_radius / (radius or 1.0)), dtype)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ESN(Recurrent):
    """Layer of `ESNCell`."""

    cell_class = ESNCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LMUCell(UngatedCell):
    r"""A memory that holds a window of its input, as Legendre polynomials, beside a simple RNN.

    .. math::

        u_t &= e_x^\top x_t + e_h^\top h_{t-1} + e_m^\top m_{t-1} + b_u \\
        m_t &= \bar A m_{t-1} + \bar B u_t \\
        h_t &= g(W_x x_t + W_h h_{t-1} + W_m m_t + b_h)

    The Legendre memory unit. :math:`\bar A` and :math:`\bar B` are fixed: what holds the last
    :math:`\theta` steps of u as well as so many numbers can. :math:`e_m` and :math:`W_m` are the
    columns of the weight `memory_kernel`. The paper has no biases.

    Args:
        units: Number of units.
        order: Number of polynomials, the size of the memory m.
        theta: :math:`\theta`, the length of the window, in steps.
    """

    gates = ("u", "h")
    state = ("h", "m")
    paper = "Voelker, Kajic & Eliasmith 2019"
    second_opinion = "keras-lmu"
    refuses = (*UngatedCell.refuses, "heads")

    def __init__(self, units, *args, order: int = 32, theta: float = 32.0, **kwargs):
        self.check_sizes(order=order)
        self.check_number("theta", theta, "a positive number", positive)
        self.order = order
        self.theta = theta
        super().__init__(units, *args, **kwargs)

    def size_of(self, name):
        return {"u": 1, "m": self.order}.get(name, self.units)

    def recurrent_shape(self):
        return self.units, 1 + self.units

    def build(self, input_shape):
        super().build(input_shape)
        self.memory_kernel = self.add_recurrent_kernel(
            (self.order, 1 + self.units), fresh(self.recurrent_initializer), "memory_kernel"
        )
        self.A, self.B = legendre(self.order, self.theta)

    def net(self, of_x, h_prev, m_prev):
        u, h = super().net(of_x, h_prev, m_prev)
        return self.Net(u + self.dot(m_prev, self.memory_kernel[:, :1]), h)

    def step(self, net, h_prev, m_prev):
        u = self.clip(net.u)
        m = ops.matmul(m_prev, ops.cast(self.A.T, u.dtype)) + u * ops.cast(self.B, u.dtype)
        h = self.g(net.h + self.dot(m, self.memory_kernel[:, 1:]))
        return h, m

    def get_config(self):
        return {**super().get_config(), "order": self.order, "theta": self.theta}


def legendre(order, theta):
    """A and B of a step of length one, of the window's Padé approximation, held for the step."""
    i, j = np.mgrid[:order, :order].astype("float64")
    A = (2 * i + 1) * np.where(i < j, -1.0, (-1.0) ** (i - j + 1))
    B = (2 * i[:, :1] + 1) * (-1.0) ** i[:, :1]
    both = np.zeros((order + 1, order + 1))
    both[:order] = np.concatenate([A, B], axis=1) / theta
    both = exponential(both)
    return both[:order, :order], both[:order, order]


def exponential(A):
    """e to the power of a matrix: a Taylor series of a small part of it, squared."""
    squarings = max(0, int(np.ceil(np.log2(np.abs(A).sum(axis=1).max()))) + 4)
    A = A / 2.0**squarings
    term = total = np.eye(len(A))
    for n in range(1, 16):
        term = term @ A / n
        total = total + term
    for _ in range(squarings):
        total = total @ total
    return total


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LMU(Recurrent):
    """Layer of `LMUCell`."""

    cell_class = LMUCell
