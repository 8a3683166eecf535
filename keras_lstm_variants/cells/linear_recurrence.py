"""Cells without R, whose state is a gated sum of the last one and of what comes in.

Lei et al., "Simple recurrent units for highly parallelizable recurrence", 2018; De et al.,
"Griffin: mixing gated linear recurrences with local attention for efficient language models", 2024,
equations 1 to 4; Feng et al., "Were RNNs all we needed?", 2024, the vanilla versions of sections
3.1 and 3.2, in which the candidate is not squashed, and those of appendix B.3, in which it is
positive so that the paper can compute its logarithm.
"""

import keras
from keras import ops

from ..arguments import Initializer
from ..recurrent import Recurrent
from .parts.base import fresh
from .parts.from_input import FromInput
from .parts.parallel import Parallel, ParallelCell
from .parts.partly_connected import PartlyConnected


class Highway(PartlyConnected):
    """A cell that lets x_t itself through; W_x x_t, if x has not as many features as units."""

    @classmethod
    def net_fields(cls):
        return (*cls.gates, "x")

    def kernel_shape(self, features):
        self.of_x = self.gates if features == self.units else (*self.gates, "x")
        return super().kernel_shape(features)

    def net_of_x(self, x):
        net = super().net_of_x(x)
        return (net,) if "x" in self.of_x else (net, self.highway(x))

    def nets(self, of_x, *states):
        of_x, *highway = of_x
        nets = super().nets(of_x, *states)
        nets["x"] = highway[0] if highway else self.clip(nets["x"])
        return nets

    def highway(self, x):
        """What passes if x_t can."""
        return x


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class SRUCell(Highway, FromInput):
    r"""No R; gates see the input and their own cell state; the output mixes the cell state with x.

    .. math::

        f_t &= \sigma(W_f x_t + v_f \odot c_{t-1} + b_f) \\
        r_t &= \sigma(W_r x_t + v_r \odot c_{t-1} + b_r) \\
        z_t &= W_z x_t \\
        c_t &= f_t \odot c_{t-1} + (1 - f_t) \odot z_t \\
        h_t &= r_t \odot c_t + (1 - r_t) \odot \alpha x_t

    The simple recurrent unit. :math:`v_f` and :math:`v_r` are the weights `peephole_f` and
    `peephole_r`. If x has not as many features as there are units, the kernel has further columns
    :math:`W_x`, and :math:`W_x x_t` takes the place of :math:`\alpha x_t`.

    Args:
        units: Number of cells.
        alpha: :math:`\alpha`. The paper also has the constant :math:`\sqrt{1 + 2 e^{b_r}}`, of the
            initial :math:`b_r`.
        peephole_initializer: Initializer of v.
    """

    gates = ("f", "r", "z")
    biased = ("f", "r")
    state = ("h", "c")
    paper = "Lei et al. 2018"
    second_opinion = "onnxruntime LSTM"
    refuses = (*FromInput.refuses, "activation")

    def __init__(
        self,
        units,
        *,
        alpha: float = 1.0,
        peephole_initializer: Initializer = "glorot_uniform",
        **kwargs,
    ):
        super().__init__(units, **kwargs)
        self.alpha = alpha
        self.peephole_initializer = keras.initializers.get(peephole_initializer)

    def build(self, input_shape):
        super().build(input_shape)
        self.v_f = self.add_peephole("peephole_f")
        self.v_r = self.add_peephole("peephole_r")

    def add_peephole(self, name):
        return self.add_weight((self.units,), fresh(self.peephole_initializer), name=name)

    def highway(self, x):
        return self.alpha * x

    def step(self, net, h_prev, c_prev):
        f = self.sigma(net.f + self.v_f * c_prev)
        r = self.sigma(net.r + self.v_r * c_prev)
        z = self.clip(net.z)
        c = f * c_prev + (1 - f) * z
        h = r * c + (1 - r) * net.x
        return h, c

    def get_config(self):
        return {
            **super().get_config(),
            "alpha": self.alpha,
            "peephole_initializer": keras.initializers.serialize(self.peephole_initializer),
        }


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class SRU(Recurrent):
    """Layer of `SRUCell`."""

    cell_class = SRUCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class RGLRUCell(Highway, ParallelCell):
    r"""No R: each unit decays as fast as a gate says, and takes in what keeps its size.

    .. math::

        r_t &= \sigma(W_r x_t + b_r) \\
        i_t &= \sigma(W_i x_t + b_i) \\
        a_t &= e^{-c \log(1 + e^\Lambda) \odot r_t} \\
        h_t &= a_t \odot h_{t-1} + \sqrt{1 - a_t^2} \odot i_t \odot x_t

    The real-gated linear recurrent unit. If x has not as many features as there are units, the
    kernel has further columns :math:`W_x`, and :math:`W_x x_t` takes the place of :math:`x_t` in
    the last line. :math:`\Lambda` is the weight `decay`; it starts so that with an open gate r,
    :math:`a_t` is anywhere between 0.9 and 0.999. That is as in the paper; the authors' code starts
    the c-th root of :math:`a_t` there, has block-diagonal matrices, and leaves out the square root
    at the first step of a sequence.

    Args:
        units: Number of units.
        c: c, how much faster the fastest decay is than the weight says.
    """

    gates = ("r", "i")
    biased = ("r", "i")
    paper = "De et al. 2024"
    # No second opinion: no library has a decay that is a power of a gate.
    refuses = (*FromInput.refuses, "activation")

    def __init__(self, units, *, c: float = 8.0, **kwargs):
        super().__init__(units, **kwargs)
        self.c = c

    def build(self, input_shape):
        super().build(input_shape)
        self.decay = self.add_weight((self.units,), self.slow_decay, name="decay")

    def slow_decay(self, shape, dtype=None):
        """Lambda, of which a is spread evenly from 0.9 to 0.999 where r is one."""
        a = keras.initializers.RandomUniform(0.9, 0.999)(shape, dtype=dtype)
        return ops.log(ops.expm1(-ops.log(a) / self.c))

    def kept_and_new(self, net):
        r = self.sigma(net.r)
        i = self.sigma(net.i)
        log_a = -self.c * ops.softplus(self.decay) * r
        # 1 - a^2 without loss near one (ONNX has no expm1); the bound keeps its root's derivative
        # finite.
        tanh = ops.tanh(log_a)
        size = ops.sqrt(ops.maximum(-2 * tanh / (1 - tanh), 1e-30))
        return ops.exp(log_a), size * i * net.x

    def get_config(self):
        return {**super().get_config(), "c": self.c}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class RGLRU(Parallel):
    """Layer of `RGLRUCell`, which can compute all steps at once."""

    cell_class = RGLRUCell


class LinearCandidate(ParallelCell):
    """A cell of the paper: its candidate is not squashed."""

    paper = "Feng et al. 2024"

    def __init__(self, units, *, activation="linear", **kwargs):
        super().__init__(units, activation=activation, **kwargs)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MinGRUCell(LinearCandidate):
    r"""A GRU without reset gate that computes gate and candidate from the input only.

    .. math::

        u_t &= \sigma(W_u x_t + b_u) \\
        z_t &= g(W_z x_t + b_z) \\
        h_t &= (1 - u_t) \odot h_{t-1} + u_t \odot z_t

    An update gate u of one takes the new value: the other way round than in `GRUCell`.

    Args:
        units: Number of units.
        activation: g; as in the paper, none.
    """

    gates = ("u", "z")
    second_opinion = "torch; onnxruntime GRU"

    def kept_and_new(self, net):
        u = self.sigma(net.u)
        z = self.g(net.z)
        return 1 - u, u * z


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MinGRU(Parallel):
    """Layer of `MinGRUCell`, which can compute all steps at once."""

    cell_class = MinGRUCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MinLSTMCell(LinearCandidate):
    r"""No output gate; gates and candidate see the input only, and the gates add up to one.

    .. math::

        i_t &= \sigma(W_i x_t + b_i) \\
        f_t &= \sigma(W_f x_t + b_f) \\
        z_t &= g(W_z x_t + b_z) \\
        f'_t &= f_t / (f_t + i_t) \\
        i'_t &= i_t / (f_t + i_t) \\
        h_t &= f'_t \odot h_{t-1} + i'_t \odot z_t

    with the logistic function :math:`\sigma`. The share is computed as :math:`f'_t = \sigma(\log
    f_t - \log i_t)`, which is the same and holds where both gates are as good as closed.

    Args:
        units: Number of units.
        activation: g; as in the paper, none.
    """

    gates = ("i", "f", "z")
    # No second opinion: no library has gates that are shares of their sum.
    refuses = (*FromInput.refuses, "recurrent_activation")

    def kept_and_new(self, net):
        log_i = ops.log_sigmoid(self.clip(net.i))
        log_f = ops.log_sigmoid(self.clip(net.f))
        z = self.g(net.z)
        return ops.sigmoid(log_f - log_i), ops.sigmoid(log_i - log_f) * z


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MinLSTM(Parallel):
    """Layer of `MinLSTMCell`, which can compute all steps at once."""

    cell_class = MinLSTMCell


class PositiveCandidate(ParallelCell):
    """A cell whose candidate is positive: x + 1/2 from zero on, the logistic function below."""

    paper = "Feng et al. 2024"
    refuses = (*FromInput.refuses, "activation")

    def g(self, net):
        net = self.clip(net)
        return ops.where(net >= 0, net + 0.5, ops.sigmoid(net))


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LogMinGRUCell(PositiveCandidate):
    r"""A minimal GRU whose candidate is positive, as the paper trains it, in logarithms.

    .. math::

        u_t &= \sigma(W_u x_t + b_u) \\
        z_t &= g(W_z x_t + b_z) \\
        h_t &= (1 - u_t) \odot h_{t-1} + u_t \odot z_t

    with :math:`g(a) = a + 1/2` from zero on and :math:`\sigma(a)` below. The paper computes
    :math:`\log h_t`, which gives the same numbers; the scan here needs no logarithms, as nothing in
    it is divided. The paper's first state is g(0), here it is zero unless it is given.

    Args:
        units: Number of units.
    """

    gates = ("u", "z")
    second_opinion = "minGRU-pytorch"

    kept_and_new = MinGRUCell.kept_and_new


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LogMinGRU(Parallel):
    """Layer of `LogMinGRUCell`, which can compute all steps at once."""

    cell_class = LogMinGRUCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LogMinLSTMCell(PositiveCandidate):
    r"""A minimal LSTM whose candidate is positive, as the paper trains it, in logarithms.

    .. math::

        i_t &= \sigma(W_i x_t + b_i) \\
        f_t &= \sigma(W_f x_t + b_f) \\
        z_t &= g(W_z x_t + b_z) \\
        f'_t &= f_t / (f_t + i_t) \\
        i'_t &= i_t / (f_t + i_t) \\
        h_t &= f'_t \odot h_{t-1} + i'_t \odot z_t

    with the logistic function :math:`\sigma`, and :math:`g(a) = a + 1/2` from zero on and
    :math:`\sigma(a)` below. See `LogMinGRUCell` for what the logarithms are about.

    Args:
        units: Number of units.
    """

    gates = ("i", "f", "z")
    second_opinion = "minGRU-pytorch"
    refuses = (*PositiveCandidate.refuses, "recurrent_activation")

    kept_and_new = MinLSTMCell.kept_and_new


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LogMinLSTM(Parallel):
    """Layer of `LogMinLSTMCell`, which can compute all steps at once."""

    cell_class = LogMinLSTMCell
