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
from .parts.base import GatedCell
from .parts.from_input import FromInput


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
class MLSTMCell(ExponentialGates, FromInput):
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

    with d units. Input and forget gate are one number each for the whole matrix; one matrix is one
    head of the paper. The state C is the matrix row by row, a row for each value: d times d
    numbers.

    Args:
        units: d, the number of units of the output, of the keys and of the values.
        forget_activation: Function of the forget gate, `"sigmoid"` or `"exp"`. The paper has both.
        recurrent_activation: The function of the output gate only.
    """

    gates = ("q", "k", "v", "i", "f", "o")
    state = ("h", "C", "n", "m")
    paper = "Beck et al. 2024"
    # No second opinion: libraries that can be installed have no matrix as memory.
    refuses = (*FromInput.refuses, "activation")

    def size_of(self, name):
        return {"i": 1, "f": 1, "m": 1, "C": self.units**2}.get(name, self.units)

    def step(self, net, h_prev, C_prev, n_prev, m_prev):
        q = self.clip(net.q)
        k = self.clip(net.k) / math.sqrt(self.units)
        v = self.clip(net.v)
        log_i = self.log_i(net.i)
        log_f = self.log_f(net.f)
        m = ops.maximum(log_f + m_prev, log_i)
        i = ops.exp(log_i - m)
        f = ops.exp(log_f + m_prev - m)
        C = f * C_prev + i * self.flat(v[:, :, None] * k[:, None, :])
        n = f * n_prev + i * k
        o = self.sigma(net.o)
        n_q = ops.abs(ops.sum(n * q, axis=-1, keepdims=True))
        # Beyond e^80 the output is nothing, and float32 would have no number for the bound.
        h = o * self.times(C, q) / ops.maximum(n_q, ops.exp(ops.minimum(-m, 80.0)))
        return h, C, n, m

    def flat(self, matrix):
        return ops.reshape(matrix, (-1, self.units**2))

    def times(self, C, q):
        """C q, from the rows of C"""
        rows = ops.reshape(C, (-1, self.units, self.units))
        return ops.sum(rows * q[:, None, :], axis=-1)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class MLSTM(Recurrent):
    """Layer of `MLSTMCell`."""

    cell_class = MLSTMCell
