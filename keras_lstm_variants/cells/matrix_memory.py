"""Linear attention as recurrence: memories of keys by values, with decay, with the delta rule.

Yang et al., "Gated linear attention transformers with hardware-efficient training", 2024; Schlag,
Irie & Schmidhuber, "Linear transformers are secretly fast weight programmers", 2021, with the keys
of Yang et al., "Parallelizing linear transformers with the delta rule over sequence length", 2024;
Yang, Kautz & Hatamizadeh, "Gated delta networks", 2025; Qin et al., "HGRN2: gated linear RNNs with
state expansion", 2024; Peng et al., "RWKV-7 'Goose' with expressive dynamic state evolution", 2025;
Dao & Gu, "Transformers are SSMs", 2024.

These are the papers' recurrences. The short convolution before them with its SiLU, also of v, or
the token shift, the normalisation and gate of their output and the projection after it belong to
the papers' blocks. Some of their code also divides q by the root of the size of a key, which the
normalisation makes superfluous.
Each head has a matrix S of its own; the state is head after head, key after key. A layer whose loop
is not compiled computes all steps of a chunk at once, see `parts/chunks.py`.
"""

import math

import keras
from keras import ops

from ..arguments import Activation
from ..checks import positive
from .parts.chunks import Writes
from .parts.matrix_memory import MatrixMemory
from .parts.parallel import Parallel

EPSILON = 1e-6  # below the squared length of a key


def of_length_one(x):
    # x * x, as LiteRT's converter makes one operation without epsilon of what has a square.
    return x / ops.sqrt(ops.sum(x * x, axis=-1, keepdims=True) + EPSILON)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GLACell(MatrixMemory):
    r"""A matrix as memory, each key of which decays as fast as a gate says.

    .. math::

        q_t &= W_q x_t + b_q \\
        k_t &= W_k x_t + b_k \\
        v_t &= W_v x_t + b_v \\
        \alpha_t &= \sigma(W_a x_t + b_a)^{1 / \tau} \\
        S_t &= \operatorname{diag}(\alpha_t) S_{t-1} + k_t v_t^\top \\
        h_t &= S_t^\top q_t

    Gated linear attention, for each head. The paper's :math:`W_a` is a product of two matrices.

    Args:
        units: Number of units of the output, those of all heads.
        tau: :math:`\tau`; the larger it is, the slower S decays.
    """

    gates = ("q", "k", "v", "a")
    of_keys = ("q", "k", "a")
    paper = "Yang et al. 2024"
    second_opinion = "flash-linear-attention"
    refuses = (*MatrixMemory.refuses, "activation", "recurrent_activation")

    def __init__(self, units, *args, tau: float = 16.0, **kwargs):
        self.check_number("tau", tau, "a positive number", positive)
        super().__init__(units, *args, **kwargs)
        self.tau = tau

    def writes(self, net):
        q, k, v, a = map(self.by_head, map(self.clip, net))
        return Writes(q, k, v, ops.log_sigmoid(a) / self.tau)

    def get_config(self):
        return {**super().get_config(), "tau": self.tau}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GLA(Parallel):
    """Layer of `GLACell`, which can compute the steps of a chunk at once."""

    cell_class = GLACell


class DeltaRule(MatrixMemory):
    """A cell that first takes out what it finds at a key, as far as it then writes there.

    Args:
        units: Number of units of the output, those of all heads.
        activation: g, the function of queries and keys before they are made one long.
        recurrent_activation: The function of beta.
    """

    of_keys = ("q", "k")

    def __init__(self, units, activation: Activation = "silu", *args, **kwargs):
        super().__init__(units, activation, *args, **kwargs)

    def queries_and_keys(self, net):
        q = of_length_one(self.by_head(self.g(net.q)))
        return q, of_length_one(self.by_head(self.g(net.k)))


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class DeltaNetCell(DeltaRule):
    r"""A matrix as memory, in which what stands at a key is replaced: the delta rule.

    .. math::

        q_t &= g(W_q x_t + b_q) / \lVert g(W_q x_t + b_q) \rVert \\
        k_t &= g(W_k x_t + b_k) / \lVert g(W_k x_t + b_k) \rVert \\
        v_t &= W_v x_t + b_v \\
        \beta_t &= \sigma(W_\beta x_t + b_\beta) \\
        S_t &= (I - \beta_t k_t k_t^\top) S_{t-1} + \beta_t k_t v_t^\top \\
        h_t &= S_t^\top q_t

    for each head, which has one :math:`\beta`. The length is the root of the sum of squares and
    :math:`10^{-6}`.

    Args:
        units: Number of units of the output, those of all heads.
        activation: g, the function of queries and keys before they are made one long.
        recurrent_activation: The function of beta.
    """

    gates = ("q", "k", "v", "beta")
    of_heads = ("beta",)
    paper = "Schlag, Irie & Schmidhuber 2021; Yang et al. 2024"
    second_opinion = "flash-linear-attention"

    def writes(self, net):
        q, k = self.queries_and_keys(net)
        v = self.by_head(self.clip(net.v))
        beta = self.by_head(self.sigma(net.beta))
        return Writes(q, k, beta * v, ops.zeros_like(beta), z=k, b=-beta * k)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class DeltaNet(Parallel):
    """Layer of `DeltaNetCell`, which can compute the steps of a chunk at once."""

    cell_class = DeltaNetCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GatedDeltaNetCell(DeltaRule):
    r"""The delta rule in a matrix that also decays as a whole, as fast as a gate says.

    .. math::

        q_t &= g(W_q x_t + b_q) / \lVert g(W_q x_t + b_q) \rVert \\
        k_t &= g(W_k x_t + b_k) / \lVert g(W_k x_t + b_k) \rVert \\
        v_t &= W_v x_t + b_v \\
        \alpha_t &= e^{-e^a \log(1 + e^{W_\alpha x_t + b_\alpha})} \\
        \beta_t &= \sigma(W_\beta x_t + b_\beta) \\
        S_t &= \alpha_t (I - \beta_t k_t k_t^\top) S_{t-1} + \beta_t k_t v_t^\top \\
        h_t &= S_t^\top q_t

    for each head, which has one :math:`\alpha` and one :math:`\beta`. The length is the root of the
    sum of squares and :math:`10^{-6}`. In the weights a is called `decay`; it starts as zero, with
    which half of S is forgotten at each step: a `gate_bias` of alpha below zero makes S last longer
    from the start, as in the authors' code.

    Args:
        units: Number of units of the output, those of all heads.
        activation: g, the function of queries and keys before they are made one long.
        recurrent_activation: The function of beta.
    """

    gates = ("q", "k", "v", "alpha", "beta")
    of_heads = ("alpha", "beta")
    paper = "Yang, Kautz & Hatamizadeh 2025"
    second_opinion = "flash-linear-attention"

    def build(self, input_shape):
        super().build(input_shape)
        self.decay = self.of_each_head("decay", "zeros")

    def writes(self, net):
        q, k = self.queries_and_keys(net)
        v = self.by_head(self.clip(net.v))
        log_alpha = self.by_head(-ops.exp(self.decay) * ops.softplus(self.clip(net.alpha)))
        beta = self.by_head(self.sigma(net.beta))
        return Writes(q, k, beta * v, log_alpha, z=k, b=-ops.exp(log_alpha) * beta * k)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GatedDeltaNet(Parallel):
    """Layer of `GatedDeltaNetCell`, which can compute the steps of a chunk at once."""

    cell_class = GatedDeltaNetCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class HGRN2Cell(MatrixMemory):
    r"""A matrix as memory, each key of which takes in as much as it forgets.

    .. math::

        q_t &= g(W_q x_t + b_q) \\
        f_t &= \gamma + (1 - \gamma) \, \sigma(W_f x_t + b_f) \\
        i_t &= W_i x_t + b_i \\
        S_t &= \operatorname{diag}(f_t) S_{t-1} + (1 - f_t) i_t^\top \\
        h_t &= S_t^\top q_t

    The hierarchically gated recurrent network with state expansion, for each head, with the
    logistic function :math:`\sigma`. q is the paper's output gate, with the function of its code.
    In the paper the bound :math:`\gamma` is learned, and grows from layer to layer.

    Args:
        units: Number of units of the output, those of all heads.
        activation: g, the function of the queries.
        lower_bound: :math:`\gamma`, the least that is kept.
    """

    gates = ("q", "f", "i")
    of_keys = ("q", "f")
    paper = "Qin et al. 2024"
    second_opinion = "flash-linear-attention"
    refuses = (*MatrixMemory.refuses, "recurrent_activation")

    def __init__(
        self, units, activation: Activation = "silu", *args, lower_bound: float = 0.0, **kwargs
    ):
        must_be = "at least 0 and less than 1"
        self.check_number("lower_bound", lower_bound, must_be, lambda bound: 0 <= bound < 1)
        super().__init__(units, activation, *args, **kwargs)
        self.lower_bound = lower_bound

    def writes(self, net):
        q = self.by_head(self.g(net.q))
        f = self.by_head(self.clip(net.f))
        i = self.by_head(self.clip(net.i))
        k = (1 - self.lower_bound) * ops.sigmoid(-f)  # 1 - f, exact where f is almost one
        log_f = ops.log_sigmoid(f) if self.lower_bound == 0 else ops.log1p(-k)
        return Writes(q, k, i, log_f)

    def get_config(self):
        return {**super().get_config(), "lower_bound": self.lower_bound}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class HGRN2(Parallel):
    """Layer of `HGRN2Cell`, which can compute the steps of a chunk at once."""

    cell_class = HGRN2Cell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class RWKV7Cell(MatrixMemory):
    r"""A matrix as memory, with a decay for each key and a delta rule with rates for each key.

    .. math::

        r_t &= W_r x_t + b_r \\
        w_t &= e^{-e^{-1/2} \sigma(W_w x_t + b_w)} \\
        k_t &= W_k x_t + b_k \\
        v_t &= W_v x_t + b_v \\
        a_t &= \sigma(W_a x_t + b_a) \\
        \kappa_t &= \xi \odot k_t / \lVert \xi \odot k_t \rVert \\
        k'_t &= k_t \odot (1 + (a_t - 1) \odot \alpha) \\
        S_t &= (\operatorname{diag}(w_t) - (a_t \odot \kappa_t) \kappa_t^\top) S_{t-1}
            + k'_t v_t^\top \\
        h_t &= S_t^\top r_t

    for each head, with the logistic function in the decay w. The length is the root of the sum of
    squares and :math:`10^{-6}`. :math:`\xi` and :math:`\alpha` are the weights `removal` and
    `replacement`. The paper's S is this one transposed; its :math:`W_w` and :math:`W_a` are
    products of two matrices, with a tanh between those of w; its bonus for the value at t, and the
    values mixed in from the first layer, belong to its block. The authors' code starts
    :math:`\xi`, :math:`\alpha` and the biases of w and a at other numbers, which differ by layer.

    Args:
        units: Number of units of the output, those of all heads.
        recurrent_activation: The function of the rates a.
    """

    gates = ("r", "w", "k", "v", "a")
    of_keys = ("r", "w", "k", "a")
    paper = "Peng et al. 2025"
    second_opinion = "flash-linear-attention"
    refuses = (*MatrixMemory.refuses, "activation")

    def build(self, input_shape):
        super().build(input_shape)
        self.removal = self.of_each_head("removal", "ones", self.key_size)
        self.replacement = self.of_each_head("replacement", "ones", self.key_size)

    def writes(self, net):
        k = self.clip(net.k)
        a = self.sigma(net.a)
        kappa = of_length_one(self.by_head(self.removal * k))
        new_k = self.by_head(k * (1 + (a - 1) * self.replacement))
        log_w = -math.exp(-0.5) * ops.sigmoid(self.by_head(self.clip(net.w)))
        r = self.by_head(self.clip(net.r))
        v = self.by_head(self.clip(net.v))
        return Writes(r, new_k, v, log_w, z=kappa, b=-self.by_head(a) * kappa)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class RWKV7(Parallel):
    """Layer of `RWKV7Cell`, which can compute the steps of a chunk at once."""

    cell_class = RWKV7Cell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class Mamba2Cell(MatrixMemory):
    r"""A matrix as memory, written to and forgotten for as long a time as the input says.

    .. math::

        u_t &= W_u x_t + b_u \\
        B_t &= W_B x_t + b_B \\
        C_t &= W_C x_t + b_C \\
        \Delta_t &= \log(1 + e^{W_\Delta x_t + b_\Delta}) \\
        S_t &= e^{-\Delta_t e^a} S_{t-1} + \Delta_t B_t u_t^\top \\
        h_t &= S_t^\top C_t + D u_t

    for each head, which has one :math:`\Delta`, one a and one D; B and C are those of all heads.
    The selective state space model of Mamba-2, whose paper writes x for u. In the weights
    :math:`\Delta` is called `dt`, a is `decay`, which starts as the logarithm of 1 to 16, and D is
    `skip`. The authors' code starts with :math:`\Delta` from 0.001 to 0.1; here, without a
    `gate_bias` of dt, with about 0.7, so that S is forgotten sooner.

    Args:
        units: Number of units of the output, those of all heads.
        key_size: Number of keys of each matrix, the paper's N; as many as values, if not given.
    """

    gates = ("u", "B", "C", "dt")
    of_heads = ("dt",)
    paper = "Dao & Gu 2024"
    second_opinion = "flash-linear-attention"
    refuses = (*MatrixMemory.refuses, "activation", "recurrent_activation")

    def size_of(self, name):
        return self.key_size if name in ("B", "C") else super().size_of(name)

    def build(self, input_shape):
        super().build(input_shape)
        self.decay = self.of_each_head("decay", logarithms)
        self.skip = self.of_each_head("skip", "ones")

    def writes(self, net):
        u = self.by_head(self.clip(net.u))
        dt = self.by_head(ops.softplus(self.clip(net.dt)))
        B = dt * ops.expand_dims(self.clip(net.B), -2)
        C = ops.expand_dims(self.clip(net.C), -2) + ops.zeros_like(dt)
        return Writes(C, B, u, -dt * ops.exp(self.decay)[:, None])

    def read(self, net, o):
        return o + self.by_unit(self.skip[:, None] * self.by_head(self.clip(net.u)))


def logarithms(shape, dtype=None):
    return ops.log(ops.cast(ops.linspace(1.0, 16.0, shape[0]), dtype or "float32"))


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class Mamba2(Parallel):
    """Layer of `Mamba2Cell`, which can compute the steps of a chunk at once."""

    cell_class = Mamba2Cell
