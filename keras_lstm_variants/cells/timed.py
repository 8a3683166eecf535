"""Cells for observations at irregular times: how much time has passed is a second input.

Baytas et al., "Patient subtyping via time-aware LSTM networks", 2017; Neil, Pfeiffer & Liu, "Phased
LSTM", 2016; Hasani et al., "Closed-form continuous-time neural networks", 2022, and "Liquid
time-constant networks", 2021; Che et al., "Recurrent neural networks for multivariate time series
with missing values", 2018.

A layer takes the times as a second tensor, `layer(x, elapsed=times)`, or as the last column of x.
"""

import math
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from .parts.base import fresh
from .parts.peepholes import Peepholes
from .parts.timed import Timed, TimedLayer, beside


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class TLSTMCell(Timed):
    r"""An LSTM that discounts the short-term part of its memory by the time that has passed.

    .. math::

        s_t &= g(W_d c_{t-1} + b_d) \\
        c'_t &= c_{t-1} - s_t + s_t / \log(e + \Delta t) \\
        i_t &= \sigma(W_i x_t + R_i h_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c'_t + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + b_o) \\
        h_t &= o_t \odot h(c_t)

    The time-aware LSTM, with the paper's discount for long times, and the paper's tanh in s, where
    some of its code has a logistic function. :math:`W_d` and :math:`b_d` are
    the weights `decay_kernel` and `decay_bias`.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Baytas et al. 2017"
    # No second opinion: we know of no library that has it.
    refuses = ("heads",)

    @classmethod
    def net_fields(cls):
        return (*super().net_fields(), "s")

    def build(self, input_shape):
        super().build(input_shape)
        self.decay_kernel = self.add_recurrent_kernel(
            (self.units, self.units), fresh(self.recurrent_initializer), "decay_kernel"
        )
        self.decay_bias = self.add_weight((self.units,), "zeros", name="decay_bias")

    def net(self, of_x, h_prev, c_prev):
        of_x, elapsed = of_x
        s = self.dot(c_prev, self.decay_kernel) + self.decay_bias
        fed_back = self.recur(h_prev, self.recurrent_kernel)
        return self.Net(*self.split(of_x + fed_back), elapsed, s)

    def step(self, net, h_prev, c_prev):
        s = self.g(net.s)
        c_known = c_prev - s + s / ops.log(math.e + net.elapsed)
        i = self.sigma(net.i)
        f = self.sigma(net.f)
        z = self.g(net.z)
        c = f * c_known + i * z
        o = self.sigma(net.o)
        h = o * self.h(c)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class TLSTM(TimedLayer):
    """Layer of `TLSTMCell`."""

    cell_class = TLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class PhasedLSTMCell(Peepholes, Timed):
    r"""A peephole LSTM whose cells change during a part of a period only, each with its own.

    .. math::

        t &= t_{prev} + \Delta t \\
        \phi_t &= ((t - s) \operatorname{mod} \tau) / \tau \\
        k_t &= 2 \phi_t / r \text{ below } r / 2, \; 2 - 2 \phi_t / r \text{ below } r, \;
            \alpha \phi_t \text{ else} \\
        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c'_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c'_t + b_o) \\
        c_t &= k_t \odot c'_t + (1 - k_t) \odot c_{t-1} \\
        h_t &= k_t \odot o_t \odot h(c'_t) + (1 - k_t) \odot h_{t-1}

    The time t is a state, the sum of the times given. :math:`\tau`, s and r are the weights
    `period`, `shift` and `ratio`. The authors' code adds s where the paper takes it away.

    Args:
        units: Number of cells.
        leak: :math:`\alpha`, how open a cell is when it rests; in the paper zero outside training.
        ratio: r at the start, the share of the period in which a cell is open.
        longest_period: The longest period at the start, in the unit of the times; the shortest is
            one, and their logarithms are spread evenly.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c", "t")
    paper = "Neil, Pfeiffer & Liu 2016"
    # No second opinion: that of TensorFlow 1 cannot be installed any more.
    refuses = ("heads",)

    def __init__(
        self,
        units,
        *args,
        leak: float = 0.001,
        ratio: float = 0.05,
        longest_period: float = 1000.0,
        **kwargs,
    ):
        self.check_number("leak", leak, "a number from 0 to 1", lambda leak: 0 <= leak <= 1)
        self.check_number("ratio", ratio, "a number above 0, at most 1", lambda r: 0 < r <= 1)
        self.check_number("longest_period", longest_period, "a number above 1", lambda p: p > 1)
        super().__init__(units, *args, **kwargs)
        self.leak = leak
        self.first_ratio = ratio
        self.longest_period = longest_period

    def size_of(self, name):
        return 1 if name == "t" else super().size_of(name)

    def build(self, input_shape):
        super().build(input_shape)
        self.period = self.add_weight((self.units,), self.spread, name="period")
        self.shift = self.add_weight((self.units,), self.within_period, name="shift")
        start = keras.initializers.Constant(self.first_ratio)
        self.ratio = self.add_weight((self.units,), start, name="ratio")

    def spread(self, shape, dtype=None):
        drawn = keras.initializers.RandomUniform(0.0, math.log(self.longest_period))
        return ops.exp(drawn(shape, dtype=dtype))

    def within_period(self, shape, dtype=None):
        drawn = keras.initializers.RandomUniform(0.0, 1.0)(shape, dtype=dtype)
        return drawn * ops.cast(self.period, drawn.dtype)

    def net(self, of_x, *states):
        # What Peepholes does, but for the time, which is no net input.
        *nets, elapsed = Timed.net(self, of_x, *states)
        return self.Net(*map(self.clip, nets), elapsed)

    def openness(self, t):
        turns = (t - self.shift) / self.period
        phase = turns - ops.stop_gradient(ops.floor(turns))
        rising, falling = 2 * phase / self.ratio, 2 - 2 * phase / self.ratio
        resting = self.leak * phase
        open_ = ops.where(phase < self.ratio, falling, resting)
        return ops.where(phase < self.ratio / 2, rising, open_)

    def step(self, net, h_prev, c_prev, t_prev):
        t = t_prev + net.elapsed
        k = self.openness(t)
        i = self.sigma(net.i + self.peep("i", c_prev))
        f = self.sigma(net.f + self.peep("f", c_prev))
        z = self.g(net.z)
        c_new = f * c_prev + i * z
        o = self.sigma(net.o + self.peep_new("o", c_new))
        c = k * c_new + (1 - k) * c_prev
        h = k * o * self.h(c_new) + (1 - k) * h_prev
        return h, c, t

    def get_config(self):
        own = {"leak": self.leak, "ratio": self.first_ratio}
        return {**super().get_config(), **own, "longest_period": self.longest_period}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class PhasedLSTM(TimedLayer):
    """Layer of `PhasedLSTMCell`."""

    cell_class = PhasedLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class CfCCell(Timed):
    r"""Two candidates, one for soon and one for late, between which the time decides.

    .. math::

        b_t &= 1.7159 \tanh(0.666 (W x_t + R h_{t-1} + b)) \\
        (z_t, z'_t, a_t, a'_t) &= W_h b_t + b_h \\
        u_t &= \sigma(a_t \Delta t + a'_t) \\
        h_t &= (1 - u_t) \odot g(z_t) + u_t \odot g(z'_t)

    The closed-form continuous-time network, with a backbone b of one layer, as the authors' code
    has it. :math:`W_h` and :math:`b_h` are the weights `head_kernel` and `head_bias`.

    Args:
        units: Number of units.
        backbone_units: Number of units of the backbone.
    """

    gates = ("b",)
    state = ("h",)
    paper = "Hasani et al. 2022"
    second_opinion = "ncps"
    refuses = ("heads",)

    def __init__(self, units, *args, backbone_units: int = 128, **kwargs):
        self.check_sizes(backbone_units=backbone_units)
        self.backbone_units = backbone_units
        super().__init__(units, *args, **kwargs)

    def size_of(self, name):
        return self.backbone_units if name == "b" else self.units

    def recurrent_shape(self):
        return self.units, self.backbone_units

    def build(self, input_shape):
        super().build(input_shape)
        shape = self.backbone_units, 4 * self.units
        self.head_kernel = self.add_weight(
            shape,
            fresh(self.kernel_initializer),
            name="head_kernel",
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.head_bias = self.add_weight((4 * self.units,), "zeros", name="head_bias")

    def step(self, net, h_prev):
        b = 1.7159 * ops.tanh(0.666 * self.clip(net.b))
        heads = self.dot(b, self.head_kernel) + self.head_bias
        z, z_late, slope, offset = ops.split(heads, 4, axis=-1)
        u = self.sigma(slope * net.elapsed + offset)
        h = (1 - u) * self.g(z) + u * self.g(z_late)
        return (h,)

    def get_config(self):
        return {**super().get_config(), "backbone_units": self.backbone_units}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class CfC(TimedLayer):
    """Layer of `CfCCell`."""

    cell_class = CfCCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LTCCell(Timed):
    r"""A differential equation whose time constants depend on the input, solved over the time.

    .. math::

        f &= \sigma(W x_t + R h + b) \\
        h &\leftarrow (h + \delta \, f \odot A) / (1 + \delta \, (1 / \tau + f))

    from :math:`h_{t-1}`, as often as `unfolds` says, where :math:`\delta` is :math:`\Delta t` over
    `unfolds`. The liquid time-constant network, by the paper's fused solver. A is the weight
    `target`, :math:`\tau` is the exponential of `log_tau`. The paper has any function for f; with
    a logistic one the denominator is positive.

    Args:
        units: Number of units.
        unfolds: Number of the solver's steps for each step of the sequence.
    """

    gates = ("f",)
    forget_gate = None
    state = ("h",)
    paper = "Hasani et al. 2021"
    # No second opinion: ncps has another equation for each synapse.
    refuses = ("activation", "heads")

    def __init__(self, units, *args, unfolds: int = 6, **kwargs):
        self.check_sizes(unfolds=unfolds)
        super().__init__(units, *args, **kwargs)
        self.unfolds = unfolds

    @classmethod
    def net_fields(cls):
        return ("f_x", "elapsed")

    def build(self, input_shape):
        super().build(input_shape)
        self.log_tau = self.add_weight((self.units,), "zeros", name="log_tau")
        start = keras.initializers.RandomNormal(stddev=1.0)
        self.target = self.add_weight((self.units,), start, name="target")

    def net(self, of_x, h_prev):
        return self.Net(*of_x)

    def step(self, net, h_prev):
        h = h_prev
        delta = net.elapsed / self.unfolds
        for _ in range(self.unfolds):
            of_h = self.recur(self.cut(self.drop(h)), self.recurrent_kernel)
            f = self.sigma(net.f_x + of_h)
            h = (h + delta * f * self.target) / (1 + delta * (ops.exp(-self.log_tau) + f))
        return (h,)

    def get_config(self):
        return {**super().get_config(), "unfolds": self.unfolds}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LTC(TimedLayer):
    """Layer of `LTCCell`."""

    cell_class = LTCCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GRUDCell(Timed):
    r"""A GRU for values some of which are missing: they, and the state, decay with the time.

    .. math::

        \delta_t &= \Delta t + waited_{t-1} \\
        waited_t &= (1 - m_t) \odot \delta_t \\
        \gamma^h_t &= e^{-\max(0, W_\gamma \delta_t + b_\gamma)} \\
        \gamma^x_t &= e^{-\max(0, w_\gamma \odot \delta_t + b'_\gamma)} \\
        last_t &= m_t \odot (x_t - \bar x) + (1 - m_t) \odot last_{t-1} \\
        \hat x_t &= m_t \odot x_t + (1 - m_t) \odot (\bar x + \gamma^x_t \odot last_t) \\
        \hat h_t &= \gamma^h_t \odot h_{t-1} \\
        u_t &= \sigma(W_u \hat x_t + R_u \hat h_t + V_u m_t + b_u) \\
        r_t &= \sigma(W_r \hat x_t + R_r \hat h_t + V_r m_t + b_r) \\
        z_t &= g(W_z \hat x_t + R_z (r_t \odot \hat h_t) + V_z m_t + b_z) \\
        h_t &= (1 - u_t) \odot \hat h_t + u_t \odot z_t

    m is one where a value has been observed, else zero; there x is not looked at, and may be NaN.
    The state `last` is the last value observed, less its mean, so that one not observed yet is at
    the mean; `waited` is what the next step adds to its time. V is the weight `mask_kernel`; the
    decays' weights are `decay_kernel`, `decay_bias`, `input_decay` and `input_decay_bias`. All of
    this is as the paper prints it; its authors' later code gives the gates 1 - m in place of m, and
    has h without its decay in the last line.

    Args:
        units: Number of units.
        features: Number of values observed at each step.
        means: :math:`\bar x`, the mean of each value, towards which missing ones decay; zeros if
            not given.

    Call arguments:
        inputs: x_t, m_t and the time since the step before, of shape (batch, 2 * features + 1).
        states: The states at t-1 in the order of `state`, each of shape (batch, size).
        training: Whether dropout is on. It drops no time and nothing of m.
    """

    gates = ("u", "r", "z")
    state = ("h", "last", "waited")
    paper = "Che et al. 2018"
    # No second opinion: that of PyPOTS takes values that are filled in already.
    refuses = ("heads",)
    equations = ("net", "step")

    def __init__(self, units, *args, features: int, means: Sequence[float] | None = None, **kwargs):
        self.check_sizes(features=features)
        if means is not None:
            wanted = f"{features} numbers, one for each feature"
            if np.shape(means) != (features,):
                self.wrong("means", wanted, means)
            for mean in means:
                self.check_number("means", mean, wanted)
        self.features = features
        self.beside = features + 1
        self.means = None if means is None else [float(mean) for mean in means]
        super().__init__(units, *args, **kwargs)

    @classmethod
    def net_fields(cls):
        return ("u", "r", "z_x", "h_seen", "gamma_h", "last", "waited")

    @classmethod
    def columns(cls, features):
        return 2 * features + 1

    def size_of(self, name):
        return self.features if name in ("last", "waited") else self.units

    def build(self, input_shape):
        columns = self.columns(self.features)
        if input_shape[-1] != columns:
            self.wrong("inputs", f"{columns} columns: x, m and the time", tuple(input_shape))
        super().build(input_shape)
        n, units = self.features, self.units
        like_kernel = {
            "regularizer": self.kernel_regularizer,
            "constraint": self.kernel_constraint,
        }
        self.mask_kernel = self.add_weight(
            (n, 3 * units), fresh(self.kernel_initializer), name="mask_kernel", **like_kernel
        )
        self.decay_kernel = self.add_weight(
            (n, units), fresh(self.kernel_initializer), name="decay_kernel", **like_kernel
        )
        self.decay_bias = self.add_weight((units,), "zeros", name="decay_bias")
        self.input_decay = self.add_weight((n,), "ones", name="input_decay")
        self.input_decay_bias = self.add_weight((n,), "zeros", name="input_decay_bias")

    def net_of_x(self, x):
        x, m, elapsed = ops.split(x, [self.features, 2 * self.features], axis=-1)
        x = ops.where(m == 0, 0.0, x)
        of_m = self.dot(m, self.mask_kernel)
        return x, m, ops.relu(elapsed), of_m if self.bias is None else of_m + self.bias

    def net(self, of_x, h_prev, last_prev, waited_prev):
        x, m, elapsed, of_m = of_x
        delta = elapsed + waited_prev
        gamma_h = ops.exp(-ops.relu(self.dot(delta, self.decay_kernel) + self.decay_bias))
        gamma_x = ops.exp(-ops.relu(self.input_decay * delta + self.input_decay_bias))
        mean = 0.0 if self.means is None else ops.cast(self.means, x.dtype)
        last = m * (x - mean) + (1 - m) * last_prev
        x_hat = m * x + (1 - m) * (mean + gamma_x * last)
        u_x, r_x, z_x = self.split(self.dot(x_hat, self.kernel) + of_m)
        R_u, R_r, _ = self.recurrent_parts()
        h_seen = gamma_h * h_prev
        u, r = u_x + self.recur(h_seen, R_u), r_x + self.recur(h_seen, R_r)
        return self.Net(u, r, z_x, h_seen, gamma_h, last, (1 - m) * delta)

    def step(self, net, h_prev, last_prev, waited_prev):
        *_, R_z = self.recurrent_parts()
        u = self.sigma(net.u)
        r = self.sigma(net.r)
        z = self.g(net.z_x + self.recur(r * net.h_seen, R_z))
        h = (1 - u) * net.gamma_h * h_prev + u * z
        return h, net.last, net.waited

    def get_config(self):
        return {**super().get_config(), "features": self.features, "means": self.means}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GRUD(TimedLayer):
    """Layer of `GRUDCell`.

    Call arguments:
        sequences: x, of shape (batch, steps, features); or with what follows as further columns.
        observed: m, of the shape of x: one where a value has been observed, else zero; None if
            `sequences` has it.
        elapsed: The time since the step before, of shape (batch, steps) or (batch, steps, 1); None
            if `sequences` has it.
        initial_state: List of the states before the first step, one tensor (batch, size) for each
            name in `cell.state`; zeros if not given.
        mask: Boolean tensor (batch, steps). A step where it is False is skipped: states stay as
            they are, and the output is that of the step before; its time does not count.
        training: Whether dropout is on.
    """

    cell_class = GRUDCell

    def __call__(self, sequences, *args, observed=None, elapsed=None, **kwargs):
        if (observed is None) != (elapsed is None):
            raise ValueError(f"{type(self).__name__}: give observed and elapsed, or neither.")
        if observed is not None:
            others = {"observed": (observed, self.cell.features), "elapsed": (elapsed, 1)}
            sequences = beside(self, sequences, **others)
        return super().__call__(sequences, *args, **kwargs)
