"""The xLSTM's cells as they stand in its blocks: with block-diagonal matrices, of two inputs."""

from typing import Any

import keras
import numpy as np
from keras import ops

from ...backend import Tensor
from ...recurrent import Recurrent
from ..xlstm import MLSTMCell, SLSTMCell
from .base import fresh
from .parallel import Parallel


class Headwise:
    """What cells have of which W is block-diagonal, and x_t has two parts of the same width."""

    units: int
    kernel_initializer: Any
    kernel_regularizer: Any
    kernel_constraint: Any
    add_weight: Any
    multiply: Any

    def add_blocks(self, count: int, blocks: int, name: str) -> Any:
        """So many block-diagonal matrices, each initialized by itself."""
        size = self.units // blocks

        def each(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
            drawn = [
                fresh(self.kernel_initializer)((size, size), dtype=dtype)
                for _ in range(count * blocks)
            ]
            return ops.reshape(ops.stack(drawn), shape)

        return self.add_weight(
            (count, blocks, size, size),
            each,
            name=name,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )

    def by_blocks(self, x: Tensor, kernel: Tensor) -> Tensor:
        """x (..., units) times a block-diagonal matrix, given as (blocks, in, out)."""
        blocks, size, _ = kernel.shape
        lead = [-1] if len(x.shape) == 2 else ops.shape(x)[:-1]
        rows = ops.transpose(ops.reshape(x, (-1, blocks, size)), (1, 0, 2))
        rows = ops.transpose(self.multiply(rows, kernel), (1, 0, 2))
        return ops.reshape(rows, (*lead, blocks * size))


class HeadwiseMLSTMCell(Headwise, MLSTMCell):
    r"""The recurrence of the mLSTM block, without output gate; x_t is c_t and u_t.

    .. math::

        (q_t, k_t, v_t) &= (W_q c_t, W_k c_t, W_v u_t) \\
        (\log i_t, f'_t) &= W_{if} (q_t, k_t, v_t) + b_{if}

    Args:
        units: Number of units of q, of k and of v, and of the output.
        block_size: Width of the blocks of W.
    """

    gates = ("q", "k", "v", "i", "f")  # type: ignore[assignment]  # without o
    refuses = (*MLSTMCell.refuses, "recurrent_activation", "use_bias")

    def __init__(self, units: int, *args: Any, block_size: int = 4, **kwargs: Any) -> None:
        super().__init__(units, *args, **kwargs)
        self.block_size = block_size

    def build(self, input_shape: Any) -> None:
        self.gate_ends = np.cumsum([self.size_of(gate) for gate in self.gates])[:-1].tolist()
        self.kernel = self.add_blocks(3, self.units // self.block_size, "kernel")
        self.recurrent_kernel = None
        self.gate_kernel = self.add_weight(
            (3 * self.units, 2 * self.heads), "zeros", name="gate_kernel"
        )
        drawn = keras.initializers.RandomNormal(stddev=0.1)
        spread = np.linspace(3.0, 6.0, self.heads)

        def biases(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
            of_i = drawn((self.heads,), dtype=dtype)
            return ops.concatenate([of_i, ops.cast(spread, of_i.dtype)])

        self.bias = self.add_weight((2 * self.heads,), biases, name="bias")
        self.built = True

    def net_of_x(self, x: Tensor) -> Tensor:
        c, u = ops.split(x, 2, axis=-1)
        W_q, W_k, W_v = ops.unstack(ops.convert_to_tensor(self.kernel), 3)
        qkv = [self.by_blocks(c, W_q), self.by_blocks(c, W_k), self.by_blocks(u, W_v)]
        qkv = ops.concatenate(qkv, axis=-1)
        return ops.concatenate([qkv, self.dot(qkv, self.gate_kernel) + self.bias], axis=-1)

    def gated(self, net: Any, found: Tensor) -> Tensor:
        return found


class HeadwiseMLSTM(Parallel):
    """Layer of `HeadwiseMLSTMCell`."""

    cell_class = HeadwiseMLSTMCell


class HeadwiseSLSTMCell(Headwise, SLSTMCell):
    r"""The recurrence of the sLSTM block; x_t is c_t, which i and f see, and n_t.

    .. math:: (i'_t, f'_t, z'_t, o'_t) = (W_i c_t, W_f c_t, W_z n_t, W_o n_t) + R h_{t-1} + b
    """

    def build(self, input_shape: Any) -> None:
        self.gate_ends = np.cumsum([self.units] * 4)[:-1].tolist()
        self.kernel = self.add_blocks(4, self.heads, "kernel")
        self.recurrent_kernel = self.add_recurrent_kernel(
            self.recurrent_shape(), self.recurrent_initializer, "recurrent_kernel"
        )
        self.bias = self.add_bias(self.initial_biases(self.gates))
        self.built = True

    def net_of_x(self, x: Tensor) -> Tensor:
        c, n = ops.split(x, 2, axis=-1)
        of_both = zip((c, c, n, n), ops.unstack(ops.convert_to_tensor(self.kernel), 4), strict=True)
        return ops.concatenate([self.by_blocks(*one) for one in of_both], axis=-1) + self.bias


class HeadwiseSLSTM(Recurrent):
    """Layer of `HeadwiseSLSTMCell`."""

    cell_class = HeadwiseSLSTMCell
