r"""Blocks around cells: a norm, a convolution, a gate and projections, and a way past all of it.

Beck et al., "xLSTM: extended long short-term memory", 2024, appendix A, for the sLSTM block and the
mLSTM block; De et al., "Griffin: mixing gated linear recurrences with local attention for efficient
language models", 2024, section 2, for the residual block with the recurrent block.

A block is a layer and no cell: it reads whole sequences (batch, steps, width) and gives sequences
of the same width, so that blocks stand upon each other. It begins each sequence anew and hands no
states on. In `keras.layers.Bidirectional` it reads both ways.
"""

import math
from typing import Any, Unpack

import keras
from keras import ops

from .arguments import OfLayer, Shape, plain
from .backend import Tensor
from .cells.linear_recurrence import RGLRU
from .cells.parts.headwise import HeadwiseMLSTM, HeadwiseSLSTM
from .checks import Checked, positive
from .quantization import Linear

PACKAGE = "keras_lstm_variants"


class Block(Checked, keras.layers.Layer):
    """What blocks share: the way past them, the direction, the mask.

    Args:
        window: Number of steps that the convolution sees, the last of them the step itself.
        dropout: Share of what a block adds to the sequence that is dropped in training.
        epsilon: What is added to variances before their root is taken.
        go_backwards: Read the sequence from its end; outputs come in the order in which they are
            made.
        **kwargs: The arguments of `keras.layers.Layer`.

    Call arguments:
        sequences: Tensor of shape (batch, steps, width).
        mask: Boolean tensor (batch, steps). The cell skips a step where it is False, and the
            convolution takes it for zeros: padding at either end changes nothing. What comes out at
            such a step means nothing.
        training: Whether dropout is on.

    Returns:
        Tensor of the shape of `sequences`.

    Raises:
        ValueError: An argument is out of range, or the sequences have another shape, or a width
            that cannot be divided so.
    """

    return_sequences = True  # these three are what Bidirectional asks for
    return_state = False
    stateful = False

    def __init__(
        self,
        *,
        window: int = 4,
        dropout: float = 0.0,
        epsilon: float = 1e-5,
        go_backwards: bool = False,
        **kwargs: Unpack[OfLayer],
    ) -> None:
        super().__init__(**kwargs)
        self.check_sizes(window=window)
        self.check_number("dropout", dropout, "a number from 0, below 1", lambda x: 0 <= x < 1)
        self.check_number("epsilon", epsilon, "a positive number", positive)
        self.window = plain(window)
        self.dropout = dropout
        self.epsilon = epsilon
        self.go_backwards = go_backwards
        self.supports_masking = True
        self.input_spec = keras.layers.InputSpec(ndim=3)

    def build(self, sequences_shape: Shape) -> None:
        width = sequences_shape[-1]
        if width is None:
            self.wrong("the width of sequences", "known", tuple(sequences_shape))
        self.make(width)
        self.built = True

    def make(self, width: Any) -> None:
        """Makes and builds the parts."""
        raise NotImplementedError(f"{type(self).__name__} does not define make().")

    def built_with(self, layer: Any, width: int) -> Any:
        layer.build((None, None, width))
        return layer

    def linear(self, name: str, width: int, units: int, use_bias: bool = False) -> Any:
        dense = Linear(units, use_bias=use_bias, name=name, dtype=self.dtype_policy)
        return self.built_with(dense, width)

    def normalisation(self, name: str, width: int) -> Any:
        norm = keras.layers.LayerNormalization(
            epsilon=self.epsilon, center=False, name=name, dtype=self.dtype_policy
        )
        return self.built_with(norm, width)

    def convolution(self, width: int) -> Any:
        convolution = CausalConvolution(self.window, name="convolution", dtype=self.dtype_policy)
        return self.built_with(convolution, width)

    def dropped(self) -> Any:
        return keras.layers.Dropout(self.dropout, dtype=self.dtype_policy)

    def call(
        self,
        sequences: Tensor,
        initial_state: Any = None,
        mask: Tensor = None,
        training: bool = False,
    ) -> Tensor:
        if initial_state is not None:  # Bidirectional hands on what it is given, or None
            raise ValueError(f"{type(self).__name__} takes no initial_state: it has no states.")
        x = sequences
        if mask is not None:
            mask = ops.cast(mask, "bool")
        if self.go_backwards:
            x = ops.flip(x, axis=1)
            mask = None if mask is None else ops.flip(mask, axis=1)
        return self.read(x, mask, training)

    def read(self, x: Tensor, mask: Tensor, training: bool) -> Tensor:
        """The block's equations, for all steps."""
        raise NotImplementedError(f"{type(self).__name__} does not define read().")

    def compute_mask(self, sequences: Any, mask: Any = None) -> Any:
        return ops.flip(mask, axis=1) if self.go_backwards and mask is not None else mask

    def compute_output_shape(self, sequences_shape: Shape) -> Shape:
        return tuple(sequences_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "window": self.window,
            "dropout": self.dropout,
            "epsilon": self.epsilon,
            "go_backwards": self.go_backwards,
        }


@keras.saving.register_keras_serializable(package=PACKAGE)
class MLSTMBlock(Block):
    r"""The mLSTM block of the xLSTM: wide within, gated by a half of itself.

    .. math::

        (u, z) &= W_{up} N(x) \\
        c &= \operatorname{silu}(\operatorname{conv}(u)) \\
        (q, k, v) &= (W_q c, W_k c, W_v u) \\
        (\log i, f') &= W_{if} (q, k, v) + b_{if} \\
        h' &= \operatorname{mLSTM}(q, k, v, i, f') \\
        y &= x + W_{down} ((G(h') + \lambda \odot c) \odot \operatorname{silu}(z))

    with the recurrence of `MLSTMCell`, but without its output gate, in place of which z stands. N
    is a layer normalisation without shift, G the same for each head by itself, conv a causal
    convolution of each channel by itself. :math:`W_q`, :math:`W_k` and :math:`W_v` are
    block-diagonal. The forget gates of the heads start with biases from 3 to 6, as in the authors'
    code.

    Args:
        heads: Number of heads of the mLSTM.
        inner_units: Width of u and of z; twice the width of x, if not given. The authors' code
            rounds it up to a multiple of 64.
        block_size: Width of the blocks of :math:`W_q`, :math:`W_k` and :math:`W_v`.
        window: Number of steps that the convolution sees.
        dropout: Share of what the block adds to x that is dropped in training.
        epsilon: What is added to variances before their root is taken.
        go_backwards: Read the sequence from its end.
        **kwargs: The arguments of `keras.layers.Layer`.

    Source: Beck et al. 2024.
    """

    def __init__(
        self,
        heads: int = 4,
        *,
        inner_units: int | None = None,
        block_size: int = 4,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.check_sizes(heads=heads, block_size=block_size)
        if inner_units is not None:
            self.check_sizes(inner_units=inner_units)
        self.heads = plain(heads)
        self.inner_units = plain(inner_units)
        self.block_size = plain(block_size)

    def make(self, width: int) -> None:
        inner = self.inner_units or 2 * width
        if inner % self.heads or inner % self.block_size:
            divisors = f"a multiple of heads={self.heads} and block_size={self.block_size}"
            self.wrong("inner_units", divisors, inner)
        self.norm = self.normalisation("norm", width)
        self.up = self.linear("up", width, 2 * inner)
        self.conv = self.convolution(inner)
        self.recurrent = HeadwiseMLSTM(
            inner,
            heads=self.heads,
            block_size=self.block_size,
            return_sequences=True,
            name="mlstm",
            dtype=self.dtype_policy,
        )
        self.built_with(self.recurrent, 2 * inner)
        self.head_norm = HeadNormalization(
            self.heads, self.epsilon, name="head_norm", dtype=self.dtype_policy
        )
        self.built_with(self.head_norm, inner)
        self.skip = self.add_weight((inner,), "ones", name="skip")
        self.down = self.linear("down", inner, width)
        self.drop = self.dropped()

    def read(self, x: Tensor, mask: Tensor, training: bool) -> Tensor:
        u, z = ops.split(self.up(self.norm(x)), 2, axis=-1)
        c = ops.silu(self.conv(u, mask=mask))
        h = self.recurrent(ops.concatenate([c, u], axis=-1), mask=mask, training=training)
        h = (self.head_norm(h) + self.skip * c) * ops.silu(z)
        return x + self.drop(self.down(h), training=training)

    def get_config(self) -> dict[str, Any]:
        own = {"inner_units": self.inner_units, "block_size": self.block_size}
        return {**super().get_config(), "heads": self.heads, **own}


@keras.saving.register_keras_serializable(package=PACKAGE)
class SLSTMBlock(Block):
    r"""The sLSTM block of the xLSTM: the cell first, then a gated MLP that is wider.

    .. math::

        n &= N(x) \\
        c &= \operatorname{silu}(\operatorname{conv}(n)) \\
        (i', f', z', o') &= (W_i c, W_f c, W_z n, W_o n) \\
        x' &= x + G(\operatorname{sLSTM}(i', f', z', o')) \\
        (a, b) &= W_{up} N'(x') \\
        y &= x' + W_{down} (\operatorname{gelu}(a) \odot b)

    with the recurrence of `SLSTMCell`, its biases and its R, all in heads: the matrices are
    block-diagonal. N and N' are layer normalisations without shift, G the same for each head by
    itself, conv a causal convolution of each channel by itself.

    Args:
        heads: Number of heads of the sLSTM.
        inner_units: Width of a and of b; four thirds of the width of x, rounded up, if not given.
            The authors' code takes 1.3, rounded up to a multiple of 64.
        window: Number of steps that the convolution sees.
        dropout: Share of what the block adds to x that is dropped in training.
        epsilon: What is added to variances before their root is taken.
        go_backwards: Read the sequence from its end.
        **kwargs: The arguments of `keras.layers.Layer`.

    Source: Beck et al. 2024.
    """

    def __init__(self, heads: int = 4, *, inner_units: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check_sizes(heads=heads)
        if inner_units is not None:
            self.check_sizes(inner_units=inner_units)
        self.heads = plain(heads)
        self.inner_units = plain(inner_units)

    def make(self, width: int) -> None:
        inner = self.inner_units or -(-4 * width // 3)
        if width % self.heads:
            self.wrong("the width of sequences", f"a multiple of heads={self.heads}", width)
        self.norm = self.normalisation("norm", width)
        self.conv = self.convolution(width)
        self.recurrent = HeadwiseSLSTM(
            width, heads=self.heads, return_sequences=True, name="slstm", dtype=self.dtype_policy
        )
        self.built_with(self.recurrent, 2 * width)
        self.head_norm = HeadNormalization(
            self.heads, self.epsilon, name="head_norm", dtype=self.dtype_policy
        )
        self.built_with(self.head_norm, width)
        self.second_norm = self.normalisation("second_norm", width)
        self.up = self.linear("up", width, 2 * inner)
        self.down = self.linear("down", inner, width)
        self.drop, self.second_drop = self.dropped(), self.dropped()

    def read(self, x: Tensor, mask: Tensor, training: bool) -> Tensor:
        n = self.norm(x)
        c = ops.silu(self.conv(n, mask=mask))
        h = self.recurrent(ops.concatenate([c, n], axis=-1), mask=mask, training=training)
        x = x + self.drop(self.head_norm(h), training=training)
        a, b = ops.split(self.up(self.second_norm(x)), 2, axis=-1)
        wide = gelu(a) * b
        return x + self.second_drop(self.down(wide), training=training)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads, "inner_units": self.inner_units}


@keras.saving.register_keras_serializable(package=PACKAGE)
class GriffinBlock(Block):
    r"""Griffin's residual block with the recurrent block: an RG-LRU beside a gate, then an MLP.

    .. math::

        n &= N(x) \\
        u &= \operatorname{conv}(W_u n + b_u) \\
        h &= \operatorname{RGLRU}(u) \\
        x' &= x + W_{out} (\operatorname{gelu}(W_g n + b_g) \odot h) + b_{out} \\
        (a, b) &= W_{up} N'(x') + b_{up} \\
        y &= x' + W_{down} (\operatorname{gelu}(a) \odot b) + b_{down}

    with the recurrence of `RGLRUCell`. N and N' divide by the root mean square, conv is a causal
    convolution of each channel by itself. The matrices of the gates are full as in the paper's
    equations, in the authors' code block-diagonal.

    Args:
        recurrent_units: Width of u and of the RG-LRU, the paper's :math:`D_{RNN}`; that of x, if
            not given.
        inner_units: Width of a and of b; three times the width of x, if not given.
        window: Number of steps that the convolution sees.
        dropout: Share of what the block adds to x that is dropped in training.
        epsilon: What is added to mean squares before their root is taken.
        go_backwards: Read the sequence from its end.
        **kwargs: The arguments of `keras.layers.Layer`.

    Source: De et al. 2024.
    """

    def __init__(
        self,
        recurrent_units: int | None = None,
        *,
        inner_units: int | None = None,
        epsilon: float = 1e-6,
        **kwargs: Any,
    ) -> None:
        super().__init__(epsilon=epsilon, **kwargs)
        sizes = {"recurrent_units": recurrent_units, "inner_units": inner_units}
        for name, value in sizes.items():
            if value is not None:
                self.check_sizes(**{name: value})
        self.recurrent_units = plain(recurrent_units)
        self.inner_units = plain(inner_units)

    def normalisation(self, name: str, width: int) -> Any:
        norm = keras.layers.RMSNormalization(
            epsilon=self.epsilon, name=name, dtype=self.dtype_policy
        )
        norm.supports_masking = True  # else Keras warns that the mask ends here
        return self.built_with(norm, width)

    def make(self, width: int) -> None:
        units, inner = self.recurrent_units or width, self.inner_units or 3 * width
        self.norm = self.normalisation("norm", width)
        self.gate = self.linear("gate", width, units, use_bias=True)
        self.into = self.linear("in", width, units, use_bias=True)
        self.conv = self.convolution(units)
        self.recurrent = RGLRU(units, return_sequences=True, name="rg_lru", dtype=self.dtype_policy)
        self.built_with(self.recurrent, units)
        self.out = self.linear("out", units, width, use_bias=True)
        self.second_norm = self.normalisation("second_norm", width)
        self.up = self.linear("up", width, 2 * inner, use_bias=True)
        self.down = self.linear("down", inner, width, use_bias=True)
        self.drop, self.second_drop = self.dropped(), self.dropped()

    def read(self, x: Tensor, mask: Tensor, training: bool) -> Tensor:
        n = self.norm(x)
        u = self.conv(self.into(n), mask=mask)
        h = self.recurrent(u, mask=mask, training=training)
        h = gelu(self.gate(n)) * h
        x = x + self.drop(self.out(h), training=training)
        a, b = ops.split(self.up(self.second_norm(x)), 2, axis=-1)
        wide = gelu(a) * b
        return x + self.second_drop(self.down(wide), training=training)

    def get_config(self) -> dict[str, Any]:
        own = {"recurrent_units": self.recurrent_units, "inner_units": self.inner_units}
        return {**super().get_config(), **own}


def gelu(x: Tensor) -> Tensor:
    """x times the normal distribution function; Keras' has the root of two in float32 only."""
    return x * (1 + ops.erf(x / math.sqrt(2))) / 2


class CausalConvolution(keras.layers.Layer):
    """A convolution over time of each channel by itself, which sees no later step."""

    def __init__(self, window: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.window = window
        self.supports_masking = True

    def build(self, sequences_shape: Shape) -> None:
        shape = self.window, sequences_shape[-1]
        # Uniform within one over the root of the window.
        start = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        self.kernel = self.add_weight(shape, start, name="kernel")
        self.bias = self.add_weight(shape[1:], "zeros", name="bias")
        self.built = True

    def call(self, sequences: Tensor, mask: Tensor = None) -> Tensor:
        x = sequences
        if mask is not None:
            x = ops.where(mask[..., None], x, ops.zeros_like(x))
        before = self.window - 1
        padded = ops.pad(x, [[0, 0], [before, 0], [0, 0]])
        steps = ops.shape(x)[1]
        y = self.kernel[before] * x + self.bias
        for k in range(before):
            y = y + self.kernel[k] * padded[:, k : k + steps]
        return y


class HeadNormalization(keras.layers.Layer):
    """A layer normalisation of each head by itself, without shift."""

    def __init__(self, heads: int, epsilon: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads = heads
        self.epsilon = epsilon
        self.supports_masking = True

    def build(self, sequences_shape: Shape) -> None:
        self.scale = self.add_weight((sequences_shape[-1],), "ones", name="scale")
        self.built = True

    def call(self, sequences: Tensor) -> Tensor:
        width = sequences.shape[-1]
        batch, steps = ops.shape(sequences)[:2]
        x = ops.reshape(sequences, (batch, steps, self.heads, width // self.heads))
        # Half precision holds no variance of small differences.
        x = ops.cast(x, keras.backend.result_type(self.compute_dtype, "float32"))
        deviation = x - ops.mean(x, axis=-1, keepdims=True)
        variance = ops.mean(ops.square(deviation), axis=-1, keepdims=True)
        x = ops.reshape(deviation * ops.rsqrt(variance + self.epsilon), (batch, steps, width))
        return ops.cast(x, self.compute_dtype) * self.scale
