"""Beck et al., "xLSTM: extended long short-term memory", 2024: its two cells, stabilised.

Exponential gates would overflow: all that the cell remembers is scaled by :math:`e^{-m_t}`, where
m is a running maximum of what the gates multiply with. The scale cancels from the output.
"""

import math
from typing import Literal

import keras
import numpy as np
from keras import ops

from ..recurrent import Recurrent
from .parts import chunks
from .parts.base import GatedCell
from .parts.chunks import Writes, joined_heads, split_by_head
from .parts.from_input import FromInput
from .parts.parallel import GREATEST, AtOnce, Parallel, held, recurrence


class ExponentialGates(GatedCell):
    """A cell whose input gate is exponential, and its forget gate if one says so.

    Args:
        units: Number of cells.
        forget_activation: Function of the forget gate, `"sigmoid"` or `"exp"`. The paper has both.
        recurrent_activation: The function of the output gate only.
    """

    def __init__(
        self, units, *args, forget_activation: Literal["sigmoid", "exp"] = "sigmoid", **kwargs
    ):
        if forget_activation not in ("sigmoid", "exp"):
            self.wrong("forget_activation", "'sigmoid' or 'exp'", forget_activation)
        super().__init__(units, *args, **kwargs)
        self.forget_activation = forget_activation

    def log_i(self, net):
        return self.clip(net)

    def log_f(self, net):
        net = self.clip(net)
        return ops.log_sigmoid(net) if self.forget_activation == "sigmoid" else net

    def get_config(self):
        return {**super().get_config(), "forget_activation": self.forget_activation}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class SLSTMCell(ExponentialGates):
    r"""The input gate is exponential, and the cell state is divided by the sum of its weights.

    .. math::

        \log i_t &= W_i x_t + R_i h_{t-1} + b_i \\
        \log f_t &= \log \sigma(W_f x_t + R_f h_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        m_t &= \max(\log f_t + m_{t-1}, \log i_t) \\
        i'_t &= e^{\log i_t - m_t} \\
        f'_t &= e^{\log f_t + m_{t-1} - m_t} \\
        c_t &= f'_t \odot c_{t-1} + i'_t \odot z_t \\
        n_t &= f'_t \odot n_{t-1} + i'_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + b_o) \\
        h_t &= o_t \odot c_t / n_t

    The scale m cancels from h. A memory that is still empty, :math:`n_{t-1} = 0`, carries nothing
    on and has no scale: :math:`m_t = \log i_t` then, so that the first step is exact however small
    its input gate is. From there on n is at least one. The paper's `heads` are those of
    `GatedCell`.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c", "n", "m")
    paper = "Beck et al. 2024"
    # No second opinion: libraries that can be installed have no exponential gates.

    def step(self, net, h_prev, c_prev, n_prev, m_prev):
        log_i = self.log_i(net.i)
        log_f = self.log_f(net.f)
        z = self.g(net.z)
        carried = ops.where(n_prev == 0, -np.inf, log_f + m_prev)
        m = ops.maximum(carried, log_i)
        i = ops.exp(log_i - m)
        f = ops.exp(carried - m)
        c = f * c_prev + i * z
        n = f * n_prev + i
        o = self.sigma(net.o)
        h = o * c / n
        return h, c, n, m


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class SLSTM(Recurrent):
    """Layer of `SLSTMCell`."""

    cell_class = SLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MLSTMCell(ExponentialGates, AtOnce):
    r"""The memory is a matrix of values by keys; the gates see the input only and are exponential.

    .. math::

        q_t &= W_q x_t + b_q \\
        k_t &= (W_k x_t + b_k) / \sqrt{d} \\
        v_t &= W_v x_t + b_v \\
        \log i_t &= W_i x_t + b_i \\
        \log f_t &= \log \sigma(W_f x_t + b_f) \\
        m_t &= \max(\log f_t + m_{t-1}, \log i_t) \\
        i'_t &= e^{\log i_t - m_t} \\
        f'_t &= e^{\log f_t + m_{t-1} - m_t} \\
        C_t &= f'_t C_{t-1} + i'_t v_t k_t^\top \\
        n_t &= f'_t n_{t-1} + i'_t k_t \\
        o_t &= \sigma(W_o x_t + b_o) \\
        h_t &= o_t \odot C_t q_t / \max(|n_t^\top q_t|, e^{-m_t})

    for each head, of d units. Input and forget gate are one number each for the whole matrix. The
    state C is the matrices head by head and row by row, a row for each value: d times d numbers for
    each head.

    Args:
        units: Number of units of the output, those of all heads.
        forget_activation: Function of the forget gate, `"sigmoid"` or `"exp"`. The paper has both.
        recurrent_activation: The function of the output gate only.
        heads: Number of matrices; each has `units / heads` keys and as many values.
    """

    gates = ("q", "k", "v", "i", "f", "o")
    state = ("h", "C", "n", "m")
    paper = "Beck et al. 2024"
    # No second opinion: libraries that can be installed have no matrix as memory.
    refuses = (*(name for name in FromInput.refuses if name != "heads"), "activation")
    shows_all_states = False

    def __init__(self, units, *args, heads: int = 1, **kwargs):
        super().__init__(units, *args, heads=heads, **kwargs)

    @property
    def head_units(self):
        return self.units // self.heads

    def size_of(self, name):
        of_head = dict.fromkeys("ifm", self.heads)
        return {**of_head, "C": self.units * self.head_units}.get(name, self.units)

    def step(self, net, h_prev, C_prev, n_prev, m_prev):
        q = self.by_head(self.clip(net.q))
        k = self.by_head(self.clip(net.k) / math.sqrt(self.head_units))
        v = self.by_head(self.clip(net.v))
        log_i = self.log_i(net.i)
        log_f = self.log_f(net.f)
        m = ops.maximum(log_f + m_prev, log_i)
        i = ops.exp(log_i - m)[..., None]
        f = ops.exp(log_f + m_prev - m)[..., None]
        new_C = i[..., None] * v[..., None] * k[..., None, :]
        C = f[..., None] * self.matrices(C_prev) + new_C
        n = f * self.by_head(n_prev) + i * k
        h = self.read(net, ops.sum(C * q[..., None, :], axis=-1), ops.sum(n * q, axis=-1), m)
        return h, ops.reshape(C, (-1, self.size_of("C"))), self.by_unit(n), m

    def read(self, net, C_q, n_q, m):
        """h_t, from what the query finds in the matrices and in n."""
        # Beyond e^80 the output is nothing, and float32 would have no number for the bound.
        bound = ops.maximum(ops.abs(n_q), ops.exp(ops.minimum(-m, 80.0)))
        return self.gated(net, self.by_unit(C_q / bound[..., None]))

    def gated(self, net, found):
        o = self.sigma(net.o)
        return o * found

    def all_steps(self, net, first, seen, every):
        """As the step, with n as one more value of the matrices, and m as a running maximum."""
        h_first, C_first, n_first, m_first = first
        log_i = self.log_i(net.i)
        log_f = self.log_f(net.f)
        if seen is not None:  # or e to the power of it might have no number, and no gradient
            log_i = ops.where(seen, log_i, -np.inf)
        (m,) = recurrence([log_f], [log_i], [m_first], seen, GREATEST)
        m_prev = ops.concatenate([m_first[:, None], m[:, :-1]], axis=1)
        i = ops.exp(log_i - m)[..., None]
        q = self.by_head(self.clip(net.q))
        k = self.by_head(self.clip(net.k) / math.sqrt(self.head_units))
        v = self.by_head(self.clip(net.v))
        v = ops.concatenate([v, ops.ones_like(v[..., :1])], axis=-1)
        writes = Writes(q, i * k, v, (log_f + m_prev - m)[..., None])
        S = ops.concatenate([self.matrices(C_first), self.by_head(n_first)[..., None, :]], axis=-2)
        o, S = chunks.all_steps(ops.swapaxes(S, -1, -2), chunks.unwritten(writes, seen))
        h = held(self.read(net, o[..., :-1], o[..., -1], m), h_first, seen)
        C = ops.reshape(ops.swapaxes(S[..., :-1], -1, -2), (-1, self.size_of("C")))
        return h, [h[:, -1], C, self.by_unit(S[..., -1]), m[:, -1]]

    def matrices(self, C):
        return ops.reshape(C, (-1, self.heads, self.head_units, self.head_units))

    def by_head(self, x):
        """(batch, ..., units) as (batch, ..., heads, units of a head)"""
        return split_by_head(x, self.heads)

    def by_unit(self, x):
        """The way back."""
        return joined_heads(x)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MLSTM(Parallel):
    """Layer of `MLSTMCell`, which can compute the steps of a chunk at once."""

    cell_class = MLSTMCell
