"""Written by `python docs/generated.py`: run it again when a signature changes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from ..arguments import Activation, Constraint, DType, GateBias, Initializer, Regularizer
from ..lazy import Lazy
from ..recurrent import Recurrent
from .parts.base import GatedCell

TABLE: dict[str, str]
IMAGE_TABLE: dict[str, str]
EXPORTS: Lazy
LAYERS: Mapping[str, type[Recurrent]]
CELLS: Mapping[str, type[GatedCell]]
IMAGE_LAYERS: Mapping[str, type[Recurrent]]
TIMED_LAYERS: Mapping[str, type[Recurrent]]

class SimpleRNNCell(GatedCell):
    """No gates and no cell state: the output is the only memory."""
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None, heads: int = 1,
        name: str | None = None, dtype: DType = None, trainable: bool = True
    ) -> None: ...

class SimpleRNN(Recurrent):
    """No gates and no cell state: the output is the only memory.

    .. math:: h_t = g(W x_t + R h_{t-1} + b)

    The same as `keras.layers.SimpleRNNCell`; it is here so that every comparison has its floor.
    Elman's g was the logistic function; the default here is Keras' tanh.

    Layer of `SimpleRNNCell`.

    Source: Elman 1990.
    """
    cell_class: type[SimpleRNNCell]
    cell: SimpleRNNCell
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class CECCell(GatedCell):
    """The constant error carrousel alone: no gates, everything is added up."""
    def __init__(
        self, units: int, activation: Activation = None, use_bias: bool = True,
        kernel_initializer: Initializer = None, recurrent_initializer: Initializer = None,
        bias_initializer: Initializer = "zeros", kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, output_activation: Activation = None,
        recurrence: Literal["full", "none"] = "full", gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class CEC(Recurrent):
    r"""The constant error carrousel alone: no gates, everything is added up.

    .. math::

        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= c_{t-1} + z_t \\
        h_t &= h(c_t)

    with the functions of `LSTM1997Cell`. The derivative of :math:`c_t` with respect to
    :math:`c_{t-1}` is one, so error neither vanishes nor explodes; but every input is written into
    the cell and every state disturbs the others, which is what the gates are for.

    Layer of `CECCell`.

    Source: Hochreiter & Schmidhuber 1997.
    """
    cell_class: type[CECCell]
    cell: CECCell
    def __init__(
        self, units: int, activation: Activation = None, use_bias: bool = True,
        kernel_initializer: Initializer = None, recurrent_initializer: Initializer = None,
        bias_initializer: Initializer = "zeros", kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        output_activation: Activation = None, recurrence: Literal["full", "none"] = "full",
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class LSTM1997Cell(GatedCell):
    """No forget gate; gates feed gates and cells; error goes back through cell states only."""
    def __init__(
        self, blocks: int, cells_per_block: int = 1, activation: Activation = None,
        use_bias: bool | Literal["gates"] = True, kernel_initializer: Initializer = None,
        recurrent_initializer: Initializer = None, bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        output_activation: Activation = None, recurrence: Literal["full", "none"] = "full",
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class LSTM1997(Recurrent):
    r"""No forget gate; gates feed gates and cells; error goes back through cell states only.

    For block b and each cell k of its S cells, with :math:`y_t = (h_t, i_t, o_t)` the activations
    of all hidden units, gates included,

    .. math::

        i_{b,t} &= \sigma(W_{i,b} x_t + R_{i,b} y_{t-1} + b_{i,b}) \\
        z_{bk,t} &= g(W_{z,bk} x_t + R_{z,bk} y_{t-1} + b_{z,bk}) \\
        c_{bk,t} &= c_{bk,t-1} + i_{b,t} z_{bk,t} \\
        o_{b,t} &= \sigma(W_{o,b} x_t + R_{o,b} y_{t-1} + b_{o,b}) \\
        h_{bk,t} &= o_{b,t} h(c_{bk,t})

    with the paper's functions: :math:`\sigma(a) = 1 / (1 + e^{-a})`, :math:`g(a) = 4 \sigma(a) - 2`
    in (-2, 2) and :math:`h(a) = 2 \sigma(a) - 1` in (-1, 1). (The caption of the paper's table 10
    exchanges the ranges of g and h; (4), (5) and A.1 have them as here.) As in the paper's
    experiments, gates and cells at t see the input of t and the hidden activations of t-1.

    Layer of `LSTM1997Cell`.

    Source: Hochreiter & Schmidhuber 1997.
    """
    cell_class: type[LSTM1997Cell]
    cell: LSTM1997Cell
    def __init__(
        self, blocks: int, cells_per_block: int = 1, activation: Activation = None,
        use_bias: bool | Literal["gates"] = True, kernel_initializer: Initializer = None,
        recurrent_initializer: Initializer = None, bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, output_activation: Activation = None,
        recurrence: Literal["full", "none"] = "full", gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class LSTM1997InputGateCell(GatedCell):
    """`LSTM1997` without output gate, as in two of the paper's experiments."""
    def __init__(
        self, blocks: int, cells_per_block: int = 1, activation: Activation = None,
        use_bias: bool | Literal["gates"] = True, kernel_initializer: Initializer = None,
        recurrent_initializer: Initializer = None, bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        output_activation: Activation = None, recurrence: Literal["full", "none"] = "full",
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class LSTM1997InputGate(Recurrent):
    r"""`LSTM1997` without output gate, as in two of the paper's experiments.

    .. math::

        i_{b,t} &= \sigma(W_{i,b} x_t + R_{i,b} y_{t-1} + b_{i,b}) \\
        z_{bk,t} &= g(W_{z,bk} x_t + R_{z,bk} y_{t-1} + b_{z,bk}) \\
        c_{bk,t} &= c_{bk,t-1} + i_{b,t} z_{bk,t} \\
        h_{bk,t} &= h(c_{bk,t})

    with :math:`y_t = (h_t, i_t)` and the functions and arguments of `LSTM1997Cell`. In those
    experiments, 2a and 2b, g was the logistic function, h the identity, and nothing was fed back:
    `activation="sigmoid", output_activation="linear", recurrence="none"`.

    Layer of `LSTM1997InputGateCell`.

    Source: Hochreiter & Schmidhuber 1997.
    """
    cell_class: type[LSTM1997InputGateCell]
    cell: LSTM1997InputGateCell
    def __init__(
        self, blocks: int, cells_per_block: int = 1, activation: Activation = None,
        use_bias: bool | Literal["gates"] = True, kernel_initializer: Initializer = None,
        recurrent_initializer: Initializer = None, bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, output_activation: Activation = None,
        recurrence: Literal["full", "none"] = "full", gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class LSTM1997OutputGateCell(GatedCell):
    """`LSTM1997` without input gate."""
    def __init__(
        self, blocks: int, cells_per_block: int = 1, activation: Activation = None,
        use_bias: bool | Literal["gates"] = True, kernel_initializer: Initializer = None,
        recurrent_initializer: Initializer = None, bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        output_activation: Activation = None, recurrence: Literal["full", "none"] = "full",
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class LSTM1997OutputGate(Recurrent):
    r"""`LSTM1997` without input gate.

    .. math::

        z_{bk,t} &= g(W_{z,bk} x_t + R_{z,bk} y_{t-1} + b_{z,bk}) \\
        c_{bk,t} &= c_{bk,t-1} + z_{bk,t} \\
        o_{b,t} &= \sigma(W_{o,b} x_t + R_{o,b} y_{t-1} + b_{o,b}) \\
        h_{bk,t} &= o_{b,t} h(c_{bk,t})

    with :math:`y_t = (h_t, o_t)` and the functions and arguments of `LSTM1997Cell`.

    Layer of `LSTM1997OutputGateCell`.

    Source: Hochreiter & Schmidhuber 1997.
    """
    cell_class: type[LSTM1997OutputGateCell]
    cell: LSTM1997OutputGateCell
    def __init__(
        self, blocks: int, cells_per_block: int = 1, activation: Activation = None,
        use_bias: bool | Literal["gates"] = True, kernel_initializer: Initializer = None,
        recurrent_initializer: Initializer = None, bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, output_activation: Activation = None,
        recurrence: Literal["full", "none"] = "full", gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class LSTMCell(GatedCell):
    """The LSTM with forget gate, against which the others are described."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class LSTM(Recurrent):
    r"""The LSTM with forget gate, against which the others are described.

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + b_o) \\
        h_t &= o_t \odot h(c_t)

    The same as `keras.layers.LSTMCell`, weights included. It differs from the paper as everybody's
    LSTM does: one cell in each block, g and h tanh instead of scaled logistic functions, and a
    gradient that is not truncated.

    Layer of `LSTMCell`.

    Source: Gers, Schmidhuber & Cummins 2000.
    """
    cell_class: type[LSTMCell]
    cell: LSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class PeepholeLSTMCell(GatedCell):
    """The gates also see the cell state, each gate that of its own cell."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class PeepholeLSTM(Recurrent):
    r"""The gates also see the cell state, each gate that of its own cell.

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    The input and forget gates see the old cell state, the output gate the new one. With peepholes
    of zero this is `LSTMCell`. In the paper of 2002, h is the identity and no error flows back
    through the peepholes; here, as with Graves, h is tanh and it does, unless the gradient is
    truncated.

    Layer of `PeepholeLSTMCell`.

    Source: Gers, Schraudolph & Schmidhuber 2002; Graves 2013.
    """
    cell_class: type[PeepholeLSTMCell]
    cell: PeepholeLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MemoryBlockLSTMCell(GatedCell):
    """The cells of a block share its gates, which see the states of all of them."""
    def __init__(
        self, blocks: int, cells_per_block: int = 1, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class MemoryBlockLSTM(Recurrent):
    r"""The cells of a block share its gates, which see the states of all of them.

    For block b and each cell k of its :math:`C` cells,

    .. math::

        i_{b,t} &= \sigma(W_{i,b} x_t + R_{i,b} h_{t-1} + \sum_k p_{i,bk} c_{bk,t-1} + b_{i,b}) \\
        f_{b,t} &= \sigma(W_{f,b} x_t + R_{f,b} h_{t-1} + \sum_k p_{f,bk} c_{bk,t-1} + b_{f,b}) \\
        z_{bk,t} &= g(W_{z,bk} x_t + R_{z,bk} h_{t-1} + b_{z,bk}) \\
        c_{bk,t} &= f_{b,t} c_{bk,t-1} + i_{b,t} z_{bk,t} \\
        o_{b,t} &= \sigma(W_{o,b} x_t + R_{o,b} h_{t-1} + \sum_k p_{o,bk} c_{bk,t} + b_{o,b}) \\
        h_{bk,t} &= o_{b,t} h(c_{bk,t})

    No gate sees the states of another block. With one cell in each block this is
    `PeepholeLSTMCell`, with C cells it has (3 + C) / 4C of its recurrent products. The equations
    have biases; Graves writes none.

    Layer of `MemoryBlockLSTMCell`.

    Source: Graves 2012.
    """
    cell_class: type[MemoryBlockLSTMCell]
    cell: MemoryBlockLSTMCell
    def __init__(
        self, blocks: int, cells_per_block: int = 1, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MixedBlockLSTMCell(GatedCell):
    """Memory blocks and ordinary units in one layer; all of them feed all."""
    def __init__(
        self, blocks: int, cells_per_block: int = 1, plain_units: int = 1,
        activation: Activation = "tanh", recurrent_activation: Activation = "sigmoid",
        use_bias: bool = True, kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class MixedBlockLSTM(Recurrent):
    r"""Memory blocks and ordinary units in one layer; all of them feed all.

    With :math:`y_t = (h_t, a_t)`, the outputs of the cells and those of the ordinary units,

    .. math::

        i_{b,t} &= \sigma(W_{i,b} x_t + R_{i,b} y_{t-1} + \sum_k p_{i,bk} c_{bk,t-1} + b_{i,b}) \\
        f_{b,t} &= \sigma(W_{f,b} x_t + R_{f,b} y_{t-1} + \sum_k p_{f,bk} c_{bk,t-1} + b_{f,b}) \\
        z_{bk,t} &= g(W_{z,bk} x_t + R_{z,bk} y_{t-1} + b_{z,bk}) \\
        c_{bk,t} &= f_{b,t} c_{bk,t-1} + i_{b,t} z_{bk,t} \\
        o_{b,t} &= \sigma(W_{o,b} x_t + R_{o,b} y_{t-1} + \sum_k p_{o,bk} c_{bk,t} + b_{o,b}) \\
        h_{bk,t} &= o_{b,t} h(c_{bk,t}) \\
        a_t &= g(W_a x_t + R_a y_{t-1} + b_a)

    The output is y.

    Layer of `MixedBlockLSTMCell`.

    Source: Hochreiter & Schmidhuber 1997; Graves 2012.
    """
    cell_class: type[MixedBlockLSTMCell]
    cell: MixedBlockLSTMCell
    def __init__(
        self, blocks: int, cells_per_block: int = 1, plain_units: int = 1,
        activation: Activation = "tanh", recurrent_activation: Activation = "sigmoid",
        use_bias: bool = True, kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class GRUCell(GatedCell):
    """No cell state, two gates; the reset gate acts after the recurrent product."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class GRU(Recurrent):
    r"""No cell state, two gates; the reset gate acts after the recurrent product.

    .. math::

        u_t &= \sigma(W_u x_t + R_u h_{t-1} + b_u) \\
        r_t &= \sigma(W_r x_t + R_r h_{t-1} + b_r) \\
        z_t &= g(W_z x_t + b_z + r_t \odot (R_z h_{t-1} + b'_z)) \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t

    The same as `keras.layers.GRUCell`, weights included: the bias has two rows, for W x and for R
    h. An update gate u of one keeps the old state. z is the candidate; other papers write z for the
    update gate.

    Layer of `GRUCell`.

    Source: Cho et al. 2014, first version.
    """
    cell_class: type[GRUCell]
    cell: GRUCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class GRUResetBeforeCell(GatedCell):
    """No cell state, two gates; the reset gate acts before the recurrent product."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class GRUResetBefore(Recurrent):
    r"""No cell state, two gates; the reset gate acts before the recurrent product.

    .. math::

        u_t &= \sigma(W_u x_t + R_u h_{t-1} + b_u) \\
        r_t &= \sigma(W_r x_t + R_r h_{t-1} + b_r) \\
        z_t &= g(W_z x_t + R_z (r_t \odot h_{t-1}) + b_z) \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t

    The same as `keras.layers.GRUCell(reset_after=False)`, weights included.

    Layer of `GRUResetBeforeCell`.

    Source: Cho et al. 2014, last version.
    """
    cell_class: type[GRUResetBeforeCell]
    cell: GRUResetBeforeCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class NoInputGateLSTMCell(GatedCell):
    """Everything enters the cell: the input gate is always open (NIG)."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class NoInputGateLSTM(Recurrent):
    r"""Everything enters the cell: the input gate is always open (NIG).

    .. math::

        f_t &= \sigma(W_f x_t + R_f h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    A peephole LSTM with i = 1.

    Layer of `NoInputGateLSTMCell`.

    Source: Greff et al. 2015.
    """
    cell_class: type[NoInputGateLSTMCell]
    cell: NoInputGateLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class NoForgetGateLSTMCell(GatedCell):
    """Nothing leaves the cell: the forget gate is always open (NFG)."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class NoForgetGateLSTM(Recurrent):
    r"""Nothing leaves the cell: the forget gate is always open (NFG).

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    A peephole LSTM with f = 1. `LSTM1997` has no forget gate either, but other functions,
    no peepholes and gates that feed gates.

    Layer of `NoForgetGateLSTMCell`.

    Source: Greff et al. 2015.
    """
    cell_class: type[NoForgetGateLSTMCell]
    cell: NoForgetGateLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class NoOutputGateLSTMCell(GatedCell):
    """The whole cell is seen: the output gate is always open (NOG)."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class NoOutputGateLSTM(Recurrent):
    r"""The whole cell is seen: the output gate is always open (NOG).

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        h_t &= h(c_t)

    A peephole LSTM with o = 1.

    Layer of `NoOutputGateLSTMCell`.

    Source: Greff et al. 2015.
    """
    cell_class: type[NoOutputGateLSTMCell]
    cell: NoOutputGateLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class NoInputActivationLSTMCell(GatedCell):
    """The candidate is not squashed (NIAF)."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class NoInputActivationLSTM(Recurrent):
    r"""The candidate is not squashed (NIAF).

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= W_z x_t + R_z h_{t-1} + b_z \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    A peephole LSTM with the identity as g.

    Layer of `NoInputActivationLSTMCell`.

    Source: Greff et al. 2015.
    """
    cell_class: type[NoInputActivationLSTMCell]
    cell: NoInputActivationLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class NoOutputActivationLSTMCell(GatedCell):
    """The cell state is not squashed (NOAF)."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class NoOutputActivationLSTM(Recurrent):
    r"""The cell state is not squashed (NOAF).

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot c_t

    A peephole LSTM with the identity as h.

    Layer of `NoOutputActivationLSTMCell`.

    Source: Greff et al. 2015.
    """
    cell_class: type[NoOutputActivationLSTMCell]
    cell: NoOutputActivationLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class CoupledGateLSTMCell(GatedCell):
    """What enters replaces what is forgotten: f = 1 - i (CIFG)."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class CoupledGateLSTM(Recurrent):
    r"""What enters replaces what is forgotten: f = 1 - i (CIFG).

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= 1 - i_t \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    So with Greff and with ONNX. Elsewhere (TensorFlow Lite, for one) the forget gate is the one
    that is computed, and i = 1 - f: the same cells with other signs, but not the same initial
    biases.

    Layer of `CoupledGateLSTMCell`.

    Source: Greff et al. 2015.
    """
    cell_class: type[CoupledGateLSTMCell]
    cell: CoupledGateLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class FullGateRecurrenceLSTMCell(GatedCell):
    """The gates also see the gates of the step before (FGR)."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class FullGateRecurrenceLSTM(Recurrent):
    r"""The gates also see the gates of the step before (FGR).

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i + G_i y_{t-1}) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + p_f \odot c_{t-1} + b_f + G_f y_{t-1}) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c_t + b_o + G_o y_{t-1}) \\
        h_t &= o_t \odot h(c_t)

    with :math:`y_t = (i_t, f_t, o_t)`. The nine matrices G are one weight, `gate_recurrent_kernel`,
    with a row for each gate of i, f, o at t-1 and a column for each of i, f, o at t.

    Layer of `FullGateRecurrenceLSTMCell`.

    Source: Greff et al. 2015.
    """
    cell_class: type[FullGateRecurrenceLSTMCell]
    cell: FullGateRecurrenceLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class JozefowiczLSTMCell(GatedCell):
    """The LSTM with a tanh where others have a logistic output gate, as the paper prints it."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class JozefowiczLSTM(Recurrent):
    r"""The LSTM with a tanh where others have a logistic output gate, as the paper prints it.

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \tanh(W_o x_t + R_o h_{t-1} + b_o) \\
        h_t &= o_t \odot h(c_t)

    The paper calls the candidate i and the input gate j.

    Layer of `JozefowiczLSTMCell`.

    Source: Jozefowicz et al. 2015.
    """
    cell_class: type[JozefowiczLSTMCell]
    cell: JozefowiczLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MUT1Cell(GatedCell):
    """A GRU whose update gate sees the input only; the input is squashed on its way in."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MUT1(Recurrent):
    r"""A GRU whose update gate sees the input only; the input is squashed on its way in.

    .. math::

        u_t &= \sigma(W_u x_t + b_u) \\
        r_t &= \sigma(W_r x_t + R_r h_{t-1} + b_r) \\
        z_t &= g(R_z (r_t \odot h_{t-1}) + \tanh(W_z x_t) + b_z) \\
        h_t &= z_t \odot u_t + h_{t-1} \odot (1 - u_t)

    The recurrent kernel has columns for r and z only.

    Layer of `MUT1Cell`.

    Source: Jozefowicz et al. 2015.
    """
    cell_class: type[MUT1Cell]
    cell: MUT1Cell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MUT2Cell(GatedCell):
    """`GRUResetBefore` turned round; the paper has no W before the reset gate's input."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MUT2(Recurrent):
    r"""`GRUResetBefore` turned round; the paper has no W before the reset gate's input.

    .. math::

        u_t &= \sigma(W_u x_t + R_u h_{t-1} + b_u) \\
        r_t &= \sigma(W_r x_t + R_r h_{t-1} + b_r) \\
        z_t &= g(R_z (r_t \odot h_{t-1}) + W_z x_t + b_z) \\
        h_t &= z_t \odot u_t + h_{t-1} \odot (1 - u_t)

    The paper has the identity for :math:`W_r`. With a learned one, this is `GRUResetBefore` with
    its update gate turned round.

    Layer of `MUT2Cell`.

    Source: Jozefowicz et al. 2015.
    """
    cell_class: type[MUT2Cell]
    cell: MUT2Cell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MUT3Cell(GatedCell):
    """A GRU whose update gate sees the squashed output and takes the new value."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MUT3(Recurrent):
    r"""A GRU whose update gate sees the squashed output and takes the new value.

    .. math::

        u_t &= \sigma(W_u x_t + R_u \tanh(h_{t-1}) + b_u) \\
        r_t &= \sigma(W_r x_t + R_r h_{t-1} + b_r) \\
        z_t &= g(R_z (r_t \odot h_{t-1}) + W_z x_t + b_z) \\
        h_t &= z_t \odot u_t + h_{t-1} \odot (1 - u_t)

    Layer of `MUT3Cell`.

    Source: Jozefowicz et al. 2015.
    """
    cell_class: type[MUT3Cell]
    cell: MUT3Cell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MGUCell(GatedCell):
    """A GRU with one gate for both of its gates: the minimal gated unit."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MGU(Recurrent):
    r"""A GRU with one gate for both of its gates: the minimal gated unit.

    .. math::

        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z (f_t \odot h_{t-1}) + b_z) \\
        h_t &= (1 - f_t) \odot h_{t-1} + f_t \odot z_t

    The paper calls f the forget gate, but a gate of one takes the new value, so its bias does not
    start at one.

    Layer of `MGUCell`.

    Source: Zhou et al. 2016.
    """
    cell_class: type[MGUCell]
    cell: MGUCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class JANETCell(GatedCell):
    """Just another network: an LSTM with the forget gate only, whose output is its cell state."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, beta: float = 1.0, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class JANET(Recurrent):
    r"""Just another network: an LSTM with the forget gate only, whose output is its cell state.

    .. math::

        s_t &= W_f x_t + R_f h_{t-1} + b_f \\
        f_t &= \sigma(s_t) \\
        i_t &= 1 - \sigma(s_t - \beta) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        h_t &= f_t \odot h_{t-1} + i_t \odot z_t

    Layer of `JANETCell`.

    Source: van der Westhuizen & Lasenby 2018.
    """
    cell_class: type[JANETCell]
    cell: JANETCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        beta: float = 1.0, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class UGRNNCell(GatedCell):
    """A GRU without reset gate: the update gate RNN."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class UGRNN(Recurrent):
    r"""A GRU without reset gate: the update gate RNN.

    .. math::

        u_t &= \sigma(W_u x_t + R_u h_{t-1} + b_u) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t

    Layer of `UGRNNCell`.

    Source: Collins, Sohl-Dickstein & Sussillo 2017.
    """
    cell_class: type[UGRNNCell]
    cell: UGRNNCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class IRNNCell(GatedCell):
    """A simple RNN of rectified units that starts by copying its state."""
    def __init__(
        self, units: int, use_bias: bool = True, bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        scale: float = 1.0, gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        heads: int = 1, name: str | None = None, dtype: DType = None, trainable: bool = True
    ) -> None: ...

class IRNN(Recurrent):
    r"""A simple RNN of rectified units that starts by copying its state.

    .. math:: h_t = \max(0, W x_t + R h_{t-1} + b)

    Layer of `IRNNCell`.

    Source: Le, Jaitly & Hinton 2015.
    """
    cell_class: type[IRNNCell]
    cell: IRNNCell
    def __init__(
        self, units: int, use_bias: bool = True, bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, scale: float = 1.0,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None, heads: int = 1,
        zero_output_for_mask: bool = False, implementation: int = 2,
        scan: Literal["auto", "graph", "fused", "plain"] = "auto", return_all_states: bool = False,
        right_padded: bool = False, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class IndRNNCell(GatedCell):
    """Each unit sees only itself at the step before: the independently recurrent network."""
    def __init__(
        self, units: int, activation: Activation = "relu", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = None, bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class IndRNN(Recurrent):
    r"""Each unit sees only itself at the step before: the independently recurrent network.

    .. math:: h_t = g(W x_t + r \odot h_{t-1} + b)

    Layer of `IndRNNCell`.

    Source: Li et al. 2018.
    """
    cell_class: type[IndRNNCell]
    cell: IndRNNCell
    def __init__(
        self, units: int, activation: Activation = "relu", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = None, bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MemorylessCell(GatedCell):
    """No memory at all: what a comparison of recurrent cells has for control."""
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, *, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class Memoryless(Recurrent):
    """No memory at all: what a comparison of recurrent cells has for control.

    .. math:: h_t = g(W x_t + b)

    A layer of plain units that reads each step by itself. What it learns needs no context; what
    another cell learns beyond that is due to its recurrence.

    Layer of `MemorylessCell`.

    Source: Rumelhart, Hinton & Williams 1986.
    """
    cell_class: type[MemorylessCell]
    cell: MemorylessCell
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        zero_output_for_mask: bool = False, implementation: int = 2,
        scan: Literal["auto", "graph", "fused", "plain"] = "auto", return_all_states: bool = False,
        right_padded: bool = False, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class MultiplicativeRNNCell(GatedCell):
    """A simple RNN whose recurrent matrix depends on the input."""
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        factors: int | None = None, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class MultiplicativeRNN(Recurrent):
    r"""A simple RNN whose recurrent matrix depends on the input.

    .. math::

        m_t &= (W_m x_t) \odot (R_m h_{t-1}) \\
        h_t &= g(W x_t + R m_t + b)

    :math:`W_m` is the weight `factor_kernel`, :math:`R_m` is `factor_recurrent_kernel`.

    Layer of `MultiplicativeRNNCell`.

    Source: Sutskever, Martens & Hinton 2011.
    """
    cell_class: type[MultiplicativeRNNCell]
    cell: MultiplicativeRNNCell
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, factors: int | None = None,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        zero_output_for_mask: bool = False, implementation: int = 2,
        scan: Literal["auto", "graph", "fused", "plain"] = "auto", return_all_states: bool = False,
        right_padded: bool = False, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class MultiplicativeLSTMCell(GatedCell):
    """An LSTM whose recurrent matrices depend on the input."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, factors: int | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class MultiplicativeLSTM(Recurrent):
    r"""An LSTM whose recurrent matrices depend on the input.

    .. math::

        m_t &= (W_m x_t) \odot (R_m h_{t-1}) \\
        i_t &= \sigma(W_i x_t + R_i m_t + b_i) \\
        f_t &= \sigma(W_f x_t + R_f m_t + b_f) \\
        z_t &= g(W_z x_t + R_z m_t + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o m_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    :math:`W_m` is the weight `factor_kernel`, :math:`R_m` is `factor_recurrent_kernel`. The first
    version of the paper has the output gate inside the tanh and does not squash the candidate; its
    authors' later code and everybody else's is as here.

    Layer of `MultiplicativeLSTMCell`.

    Source: Krause et al. 2016, last version.
    """
    cell_class: type[MultiplicativeLSTMCell]
    cell: MultiplicativeLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        factors: int | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class DeepTransitionRNNCell(GatedCell):
    """A simple RNN with several layers from one step to the next: DT-RNN."""
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        depth: int = 2, gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        name: str | None = None, dtype: DType = None, trainable: bool = True
    ) -> None: ...

class DeepTransitionRNN(Recurrent):
    r"""A simple RNN with several layers from one step to the next: DT-RNN.

    .. math::

        a^1_t &= g(W x_t + R h_{t-1} + b) \\
        a^l_t &= g(U^l a^{l-1}_t + d^l) \qquad l = 2 \dots L \\
        h_t &= a^L_t

    :math:`U^l` is the weight `transition_kernel_l`, :math:`d^l` is `transition_bias_l`, L is
    `depth`. With a depth of one it is `SimpleRNNCell`.

    Layer of `DeepTransitionRNNCell`.

    Source: Pascanu et al. 2013.
    """
    cell_class: type[DeepTransitionRNNCell]
    cell: DeepTransitionRNNCell
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, depth: int = 2, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class DeepTransitionShortcutRNNCell(GatedCell):
    """`DeepTransitionRNN` with a way past its layers: DT(S)-RNN."""
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        depth: int = 2, gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        name: str | None = None, dtype: DType = None, trainable: bool = True
    ) -> None: ...

class DeepTransitionShortcutRNN(Recurrent):
    r"""`DeepTransitionRNN` with a way past its layers: DT(S)-RNN.

    .. math::

        a^1_t &= g(W x_t + R h_{t-1} + b) \\
        a^l_t &= g(U^l a^{l-1}_t + d^l) \qquad l = 2 \dots L - 1 \\
        h_t &= g(U^L a^{L-1}_t + d^L + V h_{t-1})

    Weights as in `DeepTransitionRNNCell`; V is the weight `shortcut_kernel`.

    Layer of `DeepTransitionShortcutRNNCell`.

    Source: Pascanu et al. 2013.
    """
    cell_class: type[DeepTransitionShortcutRNNCell]
    cell: DeepTransitionShortcutRNNCell
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, depth: int = 2, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class DeepOutputRNNCell(GatedCell):
    """A simple RNN with several layers from its state to its output: DO-RNN."""
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        depth: int = 2, gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        name: str | None = None, dtype: DType = None, trainable: bool = True
    ) -> None: ...

class DeepOutputRNN(Recurrent):
    r"""A simple RNN with several layers from its state to its output: DO-RNN.

    .. math::

        h_t &= g(W x_t + R h_{t-1} + b) \\
        y^l_t &= g(U^l y^{l-1}_t + d^l) \qquad l = 1 \dots L, \; y^0_t = h_t

    The output is :math:`y^L_t`, and h is fed back. :math:`U^l` is the weight `output_kernel_l`,
    :math:`d^l` is `output_bias_l`, L is `depth`.

    Layer of `DeepOutputRNNCell`.

    Source: Pascanu et al. 2013.
    """
    cell_class: type[DeepOutputRNNCell]
    cell: DeepOutputRNNCell
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, depth: int = 2, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class StackedRNNCell(GatedCell):
    """Simple RNNs upon each other, in one cell: sRNN."""
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        depth: int = 2, gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        name: str | None = None, dtype: DType = None, trainable: bool = True
    ) -> None: ...

class StackedRNN(Recurrent):
    r"""Simple RNNs upon each other, in one cell: sRNN.

    .. math:: h^l_t = g(W^l h^{l-1}_t + R^l h^l_{t-1} + b^l) \qquad l = 1 \dots L, \; h^0_t = x_t

    The output is :math:`h^L_t`; the states are :math:`h^L, \dots, h^1`. The weights of the layers
    above the first are `kernel_l`, `recurrent_kernel_l` and `bias_l`. The same as simple RNN layers
    upon each other, but for recurrent dropout, whose mask the layers share.

    Layer of `StackedRNNCell`.

    Source: Pascanu et al. 2013.
    """
    cell_class: type[StackedRNNCell]
    cell: StackedRNNCell
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, depth: int = 2, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class GatedFeedbackRNNCell(GatedCell):
    """Simple RNNs upon each other, each fed back into all through gates."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        depth: int = 2, gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        name: str | None = None, dtype: DType = None, trainable: bool = True
    ) -> None: ...

class GatedFeedbackRNN(Recurrent):
    r"""Simple RNNs upon each other, each fed back into all through gates.

    .. math::

        g^{i \to j}_t &= \sigma(w^{i \to j} \cdot h^{j-1}_t + u^{i \to j} \cdot h^*_{t-1}) \\
        h^j_t &= g(W^j h^{j-1}_t + \sum_i g^{i \to j}_t F^{i \to j} h^i_{t-1} + b^j)

    for the layers :math:`j = 1 \dots L`, where :math:`h^0 = x` and :math:`h^*` are the outputs of
    all layers. A gate is one number. The states are :math:`h^L, \dots, h^1`.

    Layer of `GatedFeedbackRNNCell`.

    Source: Chung et al. 2015.
    """
    cell_class: type[GatedFeedbackRNNCell]
    cell: GatedFeedbackRNNCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, depth: int = 2, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class GatedFeedbackLSTMCell(GatedCell):
    """LSTMs upon each other, each fed back into all candidates through gates."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, depth: int = 2, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class GatedFeedbackLSTM(Recurrent):
    r"""LSTMs upon each other, each fed back into all candidates through gates.

    .. math::

        g^{i \to j}_t &= \sigma(w^{i \to j} \cdot h^{j-1}_t + u^{i \to j} \cdot h^*_{t-1}) \\
        i^j_t &= \sigma(W^j_i h^{j-1}_t + R^j_i h^j_{t-1} + b^j_i) \\
        f^j_t &= \sigma(W^j_f h^{j-1}_t + R^j_f h^j_{t-1} + b^j_f) \\
        z^j_t &= g(W^j_z h^{j-1}_t + \sum_i g^{i \to j}_t F^{i \to j} h^i_{t-1} + b^j_z) \\
        c^j_t &= f^j_t \odot c^j_{t-1} + i^j_t \odot z^j_t \\
        o^j_t &= \sigma(W^j_o h^{j-1}_t + R^j_o h^j_{t-1} + b^j_o) \\
        h^j_t &= o^j_t \odot h(c^j_t)

    for the layers :math:`j = 1 \dots L`, where :math:`h^0 = x` and :math:`h^*` are the outputs of
    all layers. The states are :math:`h^L, \dots, h^1, c^L, \dots, c^1`.

    Layer of `GatedFeedbackLSTMCell`.

    Source: Chung et al. 2015.
    """
    cell_class: type[GatedFeedbackLSTMCell]
    cell: GatedFeedbackLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        depth: int = 2, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class GatedFeedbackGRUCell(GatedCell):
    """GRUs upon each other, each fed back into all candidates through gates."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        depth: int = 2, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class GatedFeedbackGRU(Recurrent):
    r"""GRUs upon each other, each fed back into all candidates through gates.

    .. math::

        g^{i \to j}_t &= \sigma(w^{i \to j} \cdot h^{j-1}_t + u^{i \to j} \cdot h^*_{t-1}) \\
        u^j_t &= \sigma(W^j_u h^{j-1}_t + R^j_u h^j_{t-1} + b^j_u) \\
        r^j_t &= \sigma(W^j_r h^{j-1}_t + R^j_r h^j_{t-1} + b^j_r) \\
        z^j_t &= g(W^j_z h^{j-1}_t + r^j_t \odot \sum_i g^{i \to j}_t F^{i \to j} h^i_{t-1}
            + b^j_z) \\
        h^j_t &= u^j_t \odot h^j_{t-1} + (1 - u^j_t) \odot z^j_t

    for the layers :math:`j = 1 \dots L`, where :math:`h^0 = x` and :math:`h^*` are the outputs of
    all layers. The states are :math:`h^L, \dots, h^1`. (The update gate keeps the old, as in
    `GRUCell`.)

    Layer of `GatedFeedbackGRUCell`.

    Source: Chung et al. 2015.
    """
    cell_class: type[GatedFeedbackGRUCell]
    cell: GatedFeedbackGRUCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, depth: int = 2, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class GoodfellowLSTMCell(GatedCell):
    """The candidate is squashed as the gates are: between 0 and 1, so a cell can only add."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class GoodfellowLSTM(Recurrent):
    r"""The candidate is squashed as the gates are: between 0 and 1, so a cell can only add.

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \\
        z_t &= \sigma(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + b_o) \\
        h_t &= o_t \odot h(c_t)

    The book writes s for c, g for i and q for o.

    Layer of `GoodfellowLSTMCell`.

    Source: Goodfellow, Bengio & Courville 2016.
    """
    cell_class: type[GoodfellowLSTMCell]
    cell: GoodfellowLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class GoodfellowGRUCell(GatedCell):
    """A GRU whose gates act one step after they are computed; the candidate is between 0 and 1."""
    def __init__(
        self, units: int, recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class GoodfellowGRU(Recurrent):
    r"""A GRU whose gates act one step after they are computed; the candidate is between 0 and 1.

    .. math::

        z_t &= \sigma(W_z x_t + R_z (r_{t-1} \odot h_{t-1}) + b_z) \\
        h_t &= u_{t-1} \odot h_{t-1} + (1 - u_{t-1}) \odot z_t \\
        u_t &= \sigma(W_u x_t + R_u h_t + b_u) \\
        r_t &= \sigma(W_r x_t + R_r h_t + b_r)

    The gates are states. They start closed, at zero, so the first output is the first candidate.

    Layer of `GoodfellowGRUCell`.

    Source: Goodfellow, Bengio & Courville 2016.
    """
    cell_class: type[GoodfellowGRUCell]
    cell: GoodfellowGRUCell
    def __init__(
        self, units: int, recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class LayerNormLSTMCell(GatedCell):
    """Net inputs and the cell state on its way out are normalised over their units."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, epsilon: float = 0.001, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class LayerNormLSTM(Recurrent):
    r"""Net inputs and the cell state on its way out are normalised over their units.

    .. math::

        (i'_t, f'_t, z'_t, o'_t) &= \alpha_x \odot N(W x_t) + \alpha_h \odot N(R h_{t-1}) + b \\
        i_t &= \sigma(i'_t) \\
        f_t &= \sigma(f'_t) \\
        z_t &= g(z'_t) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(o'_t) \\
        h_t &= o_t \odot h(\alpha_c \odot N(c_t) + \beta_c)

    with :math:`N(a) = (a - \operatorname{mean} a) / \sqrt{\operatorname{var} a + \epsilon}`, mean
    and variance over the net inputs of all four gates together, and over the units of c. The cell
    state that is carried on is not normalised.

    Layer of `LayerNormLSTMCell`.

    Source: Ba, Kiros & Hinton 2016.
    """
    cell_class: type[LayerNormLSTMCell]
    cell: LayerNormLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        epsilon: float = 0.001, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class LayerNormSimpleRNNCell(GatedCell):
    """A simple RNN whose net input is normalised over its units."""
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        epsilon: float = 1e-05, gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        heads: int = 1, name: str | None = None, dtype: DType = None, trainable: bool = True
    ) -> None: ...

class LayerNormSimpleRNN(Recurrent):
    r"""A simple RNN whose net input is normalised over its units.

    .. math:: h_t = g(\alpha \odot N(W x_t + R h_{t-1}) + b)

    with :math:`N(a) = (a - \operatorname{mean} a) / \sqrt{\operatorname{var} a + \epsilon}` over
    the units. The same as `LayerNormSimpleRNNCell` of TensorFlow Addons.

    Layer of `LayerNormSimpleRNNCell`.

    Source: Ba, Kiros & Hinton 2016.
    """
    cell_class: type[LayerNormSimpleRNNCell]
    cell: LayerNormSimpleRNNCell
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, epsilon: float = 1e-05,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None, heads: int = 1,
        zero_output_for_mask: bool = False, implementation: int = 2,
        scan: Literal["auto", "graph", "fused", "plain"] = "auto", return_all_states: bool = False,
        right_padded: bool = False, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class LayerNormGRUCell(GatedCell):
    """A GRU whose net inputs are normalised over their units."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        epsilon: float = 0.001, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class LayerNormGRU(Recurrent):
    r"""A GRU whose net inputs are normalised over their units.

    .. math::

        (u'_t, r'_t) &= \alpha_x \odot N(W x_t) + \alpha_h \odot N(R h_{t-1}) + b \\
        u_t &= \sigma(u'_t) \\
        r_t &= \sigma(r'_t) \\
        z_t &= g(\alpha_{xz} \odot N(W_z x_t) + b_z
            + r_t \odot (\alpha_{hz} \odot N(R_z h_{t-1}) + \beta_h)) \\
        h_t &= (1 - u_t) \odot h_{t-1} + u_t \odot z_t

    with :math:`N(a) = (a - \operatorname{mean} a) / \sqrt{\operatorname{var} a + \epsilon}`, mean
    and variance over the net inputs of both gates together, and over those of the candidate. An
    update gate u of one takes the new value, as in the paper: the other way round than in
    `GRUCell` and in the authors' code. That code also adds b before it normalises.

    Layer of `LayerNormGRUCell`.

    Source: Ba, Kiros & Hinton 2016.
    """
    cell_class: type[LayerNormGRUCell]
    cell: LayerNormGRUCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, epsilon: float = 0.001,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class ProjectedLSTMCell(GatedCell):
    """The output is projected to fewer units before it is fed back."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, projection: int | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class ProjectedLSTM(Recurrent):
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

    Layer of `ProjectedLSTMCell`.

    Source: Sak, Senior & Beaufays 2014.
    """
    cell_class: type[ProjectedLSTMCell]
    cell: ProjectedLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        projection: int | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class ProjectedPeepholeLSTMCell(GatedCell):
    """The gates see the cell state, and the output is projected before it is fed back."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, projection: int | None = None,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class ProjectedPeepholeLSTM(Recurrent):
    r"""The gates see the cell state, and the output is projected before it is fed back.

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + p_o \odot c_t + b_o) \\
        m_t &= o_t \odot h(c_t) \\
        h_t &= P m_t

    Layer of `ProjectedPeepholeLSTMCell`.

    Source: Sak, Senior & Beaufays 2014.
    """
    cell_class: type[ProjectedPeepholeLSTMCell]
    cell: ProjectedPeepholeLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, projection: int | None = None,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class SCRNCell(GatedCell):
    """No gates: a simple RNN beside slow context units, whose rate of change is fixed."""
    def __init__(
        self, units: int, activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        context_units: int = 40, alpha: float = 0.95, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class SCRN(Recurrent):
    r"""No gates: a simple RNN beside slow context units, whose rate of change is fixed.

    .. math::

        s_t &= (1 - \alpha) B x_t + \alpha s_{t-1} \\
        a_t &= g(W x_t + R a_{t-1} + P s_t + b) \\
        h_t &= (a_t, s_t)

    The structurally constrained recurrent network. The output has `units + context_units` units:
    the paper reads its outputs from both, :math:`U a_t + V s_t`. The equations have a bias; the
    paper writes none. B is the weight `context_kernel`, P is `context_to_hidden_kernel`.

    Layer of `SCRNCell`.

    Source: Mikolov et al. 2014.
    """
    cell_class: type[SCRNCell]
    cell: SCRNCell
    def __init__(
        self, units: int, activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, context_units: int = 40, alpha: float = 0.95,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class ArrayLSTMCell(GatedCell):
    """Each unit has several cell states with gates of their own, whose outputs are added."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, lanes: int = 2, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class ArrayLSTM(Recurrent):
    r"""Each unit has several cell states with gates of their own, whose outputs are added.

    For each lane k,

    .. math::

        i^k_t &= \sigma(W^k_i x_t + R^k_i h_{t-1} + b^k_i) \\
        f^k_t &= \sigma(W^k_f x_t + R^k_f h_{t-1} + b^k_f) \\
        z^k_t &= g(W^k_z x_t + R^k_z h_{t-1} + b^k_z) \\
        c^k_t &= f^k_t \odot c^k_{t-1} + i^k_t \odot z^k_t \\
        o^k_t &= \sigma(W^k_o x_t + R^k_o h_{t-1} + b^k_o) \\
        h_t &= \sum_k o^k_t \odot h(c^k_t)

    With one lane this is `LSTMCell`. The columns of a gate, and the cell states, are those of the
    first lane, then those of the second, and so on.

    Layer of `ArrayLSTMCell`.

    Source: Rocki 2016.
    """
    cell_class: type[ArrayLSTMCell]
    cell: ArrayLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        lanes: int = 2, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class NASCell(GatedCell):
    """Eight net inputs, combined in a tree that an architecture search has found."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class NAS(Recurrent):
    r"""Eight net inputs, combined in a tree that an architecture search has found.

    .. math::

        n_{k,t} &= W_k x_t + R_k h_{t-1} + b_k \quad \text{for } k \neq 3 \\
        n_{3,t} &= (W_3 x_t + b_3) \odot R_3 h_{t-1} \\
        l_{0,t} &= g(\sigma(n_{0,t}) \odot \max(0, n_{1,t})) \\
        l_{1,t} &= g(\sigma(n_{2,t}) + \max(0, n_{3,t})) \\
        l_{2,t} &= g(g(n_{4,t}) \odot \sigma(n_{5,t})) \\
        l_{3,t} &= \sigma(g(n_{6,t}) + \sigma(n_{7,t})) \\
        c_t &= g(l_{0,t} + c_{t-1}) \odot l_{1,t} \\
        h_t &= g(c_t \odot g(l_{2,t} + l_{3,t}))

    The cell of the neural architecture search, in the form of the authors' code. The equations have
    biases; the authors' have none unless told.

    Layer of `NASCell`.

    Source: Zoph & Le 2017.
    """
    cell_class: type[NASCell]
    cell: NASCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class ZoneoutLSTMCell(GatedCell):
    """In training, random units keep their states of the step before."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, zoneout_c: float = 0.5, zoneout_h: float = 0.05,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class ZoneoutLSTM(Recurrent):
    r"""In training, random units keep their states of the step before.

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        \tilde c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + b_o) \\
        \tilde h_t &= o_t \odot h(\tilde c_t) \\
        c_t &= k_c \odot c_{t-1} + (1 - k_c) \odot \tilde c_t \\
        h_t &= k_h \odot h_{t-1} + (1 - k_h) \odot \tilde h_t

    In training, :math:`k_c` and :math:`k_h` are ones for the units that keep their state and zeros
    for the others, drawn anew at each step for each sequence; at inference they are the rates, what
    these are on average. (Under JAX, train the layer and not `keras.layers.RNN` over the cell: only
    the layer draws before the loop over time, within which JAX cannot.)

    Layer of `ZoneoutLSTMCell`.

    Source: Krueger et al. 2017.
    """
    cell_class: type[ZoneoutLSTMCell]
    cell: ZoneoutLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        zoneout_c: float = 0.5, zoneout_h: float = 0.05, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class SLSTMCell(GatedCell):
    """The input gate is exponential, and the cell state is divided by the sum of its weights."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, forget_activation: Literal["sigmoid", "exp"] = "sigmoid",
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class SLSTM(Recurrent):
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

    Layer of `SLSTMCell`.

    Source: Beck et al. 2024.
    """
    cell_class: type[SLSTMCell]
    cell: SLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        forget_activation: Literal["sigmoid", "exp"] = "sigmoid", gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MLSTMCell(GatedCell):
    """The memory is a matrix of values by keys; the gates see the input only and are exponential."""
    def __init__(
        self, units: int, recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None, *,
        heads: int = 1, forget_activation: Literal["sigmoid", "exp"] = "sigmoid",
        gate_bias: GateBias = None, clip_net_gradient: float | None = None, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MLSTM(Recurrent):
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

    Layer of `MLSTMCell`, which can compute the steps of a chunk at once.

    Source: Beck et al. 2024.
    """
    cell_class: type[MLSTMCell]
    cell: MLSTMCell
    def __init__(
        self, units: int, recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *, heads: int = 1,
        forget_activation: Literal["sigmoid", "exp"] = "sigmoid", gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MinGRUCell(GatedCell):
    """A GRU without reset gate that computes gate and candidate from the input only."""
    def __init__(
        self, units: int, activation: Activation = "linear",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, *, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class MinGRU(Recurrent):
    r"""A GRU without reset gate that computes gate and candidate from the input only.

    .. math::

        u_t &= \sigma(W_u x_t + b_u) \\
        z_t &= g(W_z x_t + b_z) \\
        h_t &= (1 - u_t) \odot h_{t-1} + u_t \odot z_t

    An update gate u of one takes the new value: the other way round than in `GRUCell`.

    Layer of `MinGRUCell`, which can compute all steps at once.

    Source: Feng et al. 2024.
    """
    cell_class: type[MinGRUCell]
    cell: MinGRUCell
    def __init__(
        self, units: int, activation: Activation = "linear",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        zero_output_for_mask: bool = False, implementation: int = 2,
        scan: Literal["auto", "graph", "fused", "plain"] = "auto", return_all_states: bool = False,
        right_padded: bool = False, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class MinLSTMCell(GatedCell):
    """No output gate; gates and candidate see the input only, and the gates add up to one."""
    def __init__(
        self, units: int, activation: Activation = "linear", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MinLSTM(Recurrent):
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

    Layer of `MinLSTMCell`, which can compute all steps at once.

    Source: Feng et al. 2024.
    """
    cell_class: type[MinLSTMCell]
    cell: MinLSTMCell
    def __init__(
        self, units: int, activation: Activation = "linear", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        zero_output_for_mask: bool = False, implementation: int = 2,
        scan: Literal["auto", "graph", "fused", "plain"] = "auto", return_all_states: bool = False,
        right_padded: bool = False, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class RANCell(GatedCell):
    """No output gate; the candidate is linear in the input and does not see the last output."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class RAN(Recurrent):
    r"""No output gate; the candidate is linear in the input and does not see the last output.

    .. math::

        i_t &= \sigma(W_i x_t + R_i h_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \\
        z_t &= W_z x_t \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        h_t &= h(c_t)

    The recurrent additive network. In the paper's second version the output is :math:`c_t` itself:
    `activation="linear"`.

    Layer of `RANCell`.

    Source: Lee, Levy & Zettlemoyer 2017.
    """
    cell_class: type[RANCell]
    cell: RANCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class CFNCell(GatedCell):
    """Two gates weigh the squashed old state and the input: without input, it decays to zero."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class CFN(Recurrent):
    r"""Two gates weigh the squashed old state and the input: without input, it decays to zero.

    .. math::

        \theta_t &= \sigma(W_\theta x_t + R_\theta h_{t-1} + b_\theta) \\
        \eta_t &= \sigma(W_\eta x_t + R_\eta h_{t-1} + b_\eta) \\
        z_t &= g(W_z x_t) \\
        h_t &= \theta_t \odot h(h_{t-1}) + \eta_t \odot z_t

    The chaos-free network. Its gates are called `theta` and `eta`.

    Layer of `CFNCell`.

    Source: Laurent & von Brecht 2017.
    """
    cell_class: type[CFNCell]
    cell: CFNCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MinimalRNNCell(GatedCell):
    """A GRU without reset gate whose candidate sees the input only, and its gate the candidate."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MinimalRNN(Recurrent):
    r"""A GRU without reset gate whose candidate sees the input only, and its gate the candidate.

    .. math::

        z_t &= g(W_z x_t + b_z) \\
        u_t &= \sigma(R_u h_{t-1} + U z_t + b_u) \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t

    U is the weight `candidate_kernel`. With `heads` it stays whole: z knows nothing of
    :math:`h_{t-1}`.

    Layer of `MinimalRNNCell`.

    Source: Chen 2017.
    """
    cell_class: type[MinimalRNNCell]
    cell: MinimalRNNCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MILSTMCell(GatedCell):
    """An LSTM whose net inputs also have the product of what x and h give."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, initial_alpha: float = 1.0, initial_beta_1: float = 1.0,
        initial_beta_2: float = 1.0, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MILSTM(Recurrent):
    r"""An LSTM whose net inputs also have the product of what x and h give.

    .. math::

        net_k &= \alpha_k \odot W_k x_t \odot R_k h_{t-1} + \beta_{1k} \odot R_k h_{t-1}
            + \beta_{2k} \odot W_k x_t + b_k \\
        i_t &= \sigma(net_i) \\
        f_t &= \sigma(net_f) \\
        z_t &= g(net_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(net_o) \\
        h_t &= o_t \odot h(c_t)

    Multiplicative integration. The vectors :math:`\alpha, \beta_1, \beta_2` are learned; with zeros
    and ones in them it is `LSTM`.

    Layer of `MILSTMCell`.

    Source: Wu et al. 2016.
    """
    cell_class: type[MILSTMCell]
    cell: MILSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        initial_alpha: float = 1.0, initial_beta_1: float = 1.0, initial_beta_2: float = 1.0,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class MogrifierLSTMCell(GatedCell):
    """An LSTM before which x and the last output gate each other in turn."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, rounds: int = 5, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class MogrifierLSTM(Recurrent):
    r"""An LSTM before which x and the last output gate each other in turn.

    .. math::

        x^n_t &= 2 \sigma(Q^n h^{n-1}_{t-1}) \odot x^{n-2}_t \qquad n = 1, 3, \dots \le N, \;
            x^{-1}_t = x_t \\
        h^n_{t-1} &= 2 \sigma(Q^n x^{n-1}_t) \odot h^{n-2}_{t-1} \qquad n = 2, 4, \dots \le N, \;
            h^0_{t-1} = h_{t-1} \\
        i_t &= \sigma(W_i x^*_t + R_i h^*_{t-1} + b_i) \\
        f_t &= \sigma(W_f x^*_t + R_f h^*_{t-1} + b_f) \\
        z_t &= g(W_z x^*_t + R_z h^*_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x^*_t + R_o h^*_{t-1} + b_o) \\
        h_t &= o_t \odot h(c_t)

    :math:`x^*, h^*` are what the last rounds leave, N is `rounds`, :math:`Q^n` is the weight
    `round_kernel_n`, of full rank; the paper writes R for every other one. Without rounds it is
    `LSTM`. Both kinds of dropout come before the first round.

    Layer of `MogrifierLSTMCell`.

    Source: Melis, Kočiský & Blunsom 2020.
    """
    cell_class: type[MogrifierLSTMCell]
    cell: MogrifierLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        rounds: int = 5, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class ONLSTMCell(GatedCell):
    """An LSTM whose cells stand in an order: how long one keeps its state rises with its place."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, levels: int | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class ONLSTM(Recurrent):
    r"""An LSTM whose cells stand in an order: how long one keeps its state rises with its place.

    .. math::

        f'_t &= \mathrm{cumax}(W_{f'} x_t + R_{f'} h_{t-1} + b_{f'}) \\
        i'_t &= 1 - \mathrm{cumax}(W_{i'} x_t + R_{i'} h_{t-1} + b_{i'}) \\
        \omega_t &= f'_t \odot i'_t \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \odot \omega_t + (f'_t - \omega_t) \\
        i_t &= \sigma(W_i x_t + R_i h_{t-1} + b_i) \odot \omega_t + (i'_t - \omega_t) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + b_o) \\
        h_t &= o_t \odot h(c_t)

    Ordered neurons. cumax is the running sum of the softmax, so the master forget gate
    :math:`f'_t` rises from cell to cell and the master input gate :math:`i'_t` falls. In the
    weights they are called `master_f` and `master_i`.

    Layer of `ONLSTMCell`.

    Source: Shen et al. 2019.
    """
    cell_class: type[ONLSTMCell]
    cell: ONLSTMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        levels: int | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class ClockworkRNNCell(GatedCell):
    """A simple RNN in groups of units; each group moves only when its clock ticks."""
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        periods: Sequence[int] = (1, 2), gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class ClockworkRNN(Recurrent):
    r"""A simple RNN in groups of units; each group moves only when its clock ticks.

    .. math::

        h^k_t &= g(W^k x_t + \sum_{l \ge k} R^{kl} h^l_{t-1} + b^k) \quad
            \text{where } T_k \mid t - 1 \\
        h^k_t &= h^k_{t-1} \quad \text{elsewhere}

    for the groups k, the fastest first, of periods :math:`T_k`: all move at the first step. A group
    sees itself and the slower ones; what the recurrent kernel has from a faster to a slower group
    is not used. The state t counts the steps that were before; it is rounded, so that it may be any
    number.

    Layer of `ClockworkRNNCell`.

    Source: Koutník et al. 2014.
    """
    cell_class: type[ClockworkRNNCell]
    cell: ClockworkRNNCell
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, periods: Sequence[int] = (1, 2),
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class AntisymmetricRNNCell(GatedCell):
    """Steps of a stable flow: gate and candidate share a matrix, antisymmetric but for diffusion."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        epsilon: float = 0.01, gamma: float = 0.01, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class AntisymmetricRNN(Recurrent):
    r"""Steps of a stable flow: gate and candidate share a matrix, antisymmetric but for diffusion.

    .. math::

        M &= R - R^\top - \gamma I \\
        u_t &= \sigma(W_u x_t + M h_{t-1} + b_u) \\
        z_t &= g(W_z x_t + M h_{t-1} + b_z) \\
        h_t &= h_{t-1} + \epsilon \, u_t \odot z_t

    Layer of `AntisymmetricRNNCell`.

    Source: Chang et al. 2019.
    """
    cell_class: type[AntisymmetricRNNCell]
    cell: AntisymmetricRNNCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, epsilon: float = 0.01, gamma: float = 0.01,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class BRCCell(GatedCell):
    """A GRU whose units see only themselves, which lets each of them have two stable states."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "ones", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class BRC(Recurrent):
    r"""A GRU whose units see only themselves, which lets each of them have two stable states.

    .. math::

        a_t &= 1 + g(W_a x_t + r_a \odot h_{t-1} + b_a) \\
        c_t &= \sigma(W_c x_t + r_c \odot h_{t-1} + b_c) \\
        z_t &= g(W_z x_t + a_t \odot h_{t-1} + b_z) \\
        h_t &= c_t \odot h_{t-1} + (1 - c_t) \odot z_t

    The bistable recurrent cell. Its recurrent kernel is the two vectors r.

    Layer of `BRCCell`.

    Source: Vecoven, Ernst & Drion 2021.
    """
    cell_class: type[BRCCell]
    cell: BRCCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "ones", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class NBRCCell(GatedCell):
    """`BRC` whose gates see all units, and so choose who has two stable states."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class NBRC(Recurrent):
    r"""`BRC` whose gates see all units, and so choose who has two stable states.

    .. math::

        a_t &= 1 + g(W_a x_t + R_a h_{t-1} + b_a) \\
        c_t &= \sigma(W_c x_t + R_c h_{t-1} + b_c) \\
        z_t &= g(W_z x_t + a_t \odot h_{t-1} + b_z) \\
        h_t &= c_t \odot h_{t-1} + (1 - c_t) \odot z_t

    The recurrently neuromodulated bistable cell.

    Layer of `NBRCCell`.

    Source: Vecoven, Ernst & Drion 2021.
    """
    cell_class: type[NBRCCell]
    cell: NBRCCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class STARCell(GatedCell):
    """A GRU without reset gate whose candidate sees the input only, and whose sum is squashed."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class STAR(Recurrent):
    r"""A GRU without reset gate whose candidate sees the input only, and whose sum is squashed.

    .. math::

        k_t &= \sigma(W_k x_t + R_k h_{t-1} + b_k) \\
        z_t &= g(W_z x_t + b_z) \\
        h_t &= h((1 - k_t) \odot h_{t-1} + k_t \odot z_t)

    The stackable recurrent cell. A gate k of one takes the new value.

    Layer of `STARCell`.

    Source: Turkoglu et al. 2021.
    """
    cell_class: type[STARCell]
    cell: STARCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class CoRNNCell(GatedCell):
    """No gates: units are damped oscillators, which the input and the other units drive."""
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        dt: float = 0.1, gamma: float = 1.0, epsilon: float = 1.0, implicit: bool = False,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class CoRNN(Recurrent):
    r"""No gates: units are damped oscillators, which the input and the other units drive.

    .. math::

        z_t &= z_{t-1} + dt \, (g(W x_t + R y_{t-1} + U z_{t-1} + b) - \gamma y_{t-1}
            - \epsilon z_{t-1}) \\
        y_t &= y_{t-1} + dt \, z_t

    The coupled oscillatory RNN. y are the places of the oscillators and the output, z their
    velocities. U is the weight `velocity_kernel`.

    Layer of `CoRNNCell`.

    Source: Rusch & Mishra 2021.
    """
    cell_class: type[CoRNNCell]
    cell: CoRNNCell
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, dt: float = 0.1, gamma: float = 1.0,
        epsilon: float = 1.0, implicit: bool = False, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class LEMCell(GatedCell):
    """Two states, each with a gate that says how long a step it takes."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        dt: float = 1.0, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class LEM(Recurrent):
    r"""Two states, each with a gate that says how long a step it takes.

    .. math::

        d_t &= dt \, \sigma(W_d x_t + R_d y_{t-1} + b_d) \\
        d'_t &= dt \, \sigma(W_{d'} x_t + R_{d'} y_{t-1} + b_{d'}) \\
        z_t &= (1 - d_t) \odot z_{t-1} + d_t \odot g(W_z x_t + R_z y_{t-1} + b_z) \\
        y_t &= (1 - d'_t) \odot y_{t-1} + d'_t \odot g(W_y x_t + U z_t + b_y)

    Long expressive memory. In the weights d and d' are called `dt` and `dt_bar`. U is the weight
    `memory_kernel`. It multiplies no state of the step before, so recurrent dropout and truncation
    leave it alone.

    Layer of `LEMCell`.

    Source: Rusch et al. 2022.
    """
    cell_class: type[LEMCell]
    cell: LEMCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, dt: float = 1.0, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class FastGRNNCell(GatedCell):
    """A GRU without reset gate whose gate and candidate share W and R."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        initial_zeta: float = 1.0, initial_nu: float = -4.0, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class FastGRNN(Recurrent):
    r"""A GRU without reset gate whose gate and candidate share W and R.

    .. math::

        s_t &= W x_t + R h_{t-1} \\
        u_t &= \sigma(s_t + b_u) \\
        z_t &= g(s_t + b_z) \\
        h_t &= u_t \odot h_{t-1} + (\zeta' \odot (1 - u_t) + \nu') \odot z_t

    Two learned numbers between 0 and 1 weigh the candidate: :math:`\zeta'` and :math:`\nu'` are the
    weights `zeta` and `nu`, squashed by the logistic function. W and R are of full rank.

    Layer of `FastGRNNCell`.

    Source: Kusupati et al. 2018.
    """
    cell_class: type[FastGRNNCell]
    cell: FastGRNNCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, initial_zeta: float = 1.0,
        initial_nu: float = -4.0, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class SRUCell(GatedCell):
    """No R; gates see the input and their own cell state; the output mixes the cell state with x."""
    def __init__(
        self, units: int, recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None, *,
        alpha: float = 1.0, peephole_initializer: Initializer = "glorot_uniform",
        gate_bias: GateBias = None, clip_net_gradient: float | None = None, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class SRU(Recurrent):
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

    Layer of `SRUCell`.

    Source: Lei et al. 2018.
    """
    cell_class: type[SRUCell]
    cell: SRUCell
    def __init__(
        self, units: int, recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *, alpha: float = 1.0,
        peephole_initializer: Initializer = "glorot_uniform", gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class RGLRUCell(GatedCell):
    """No R: each unit decays as fast as a gate says, and takes in what keeps its size."""
    def __init__(
        self, units: int, recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, *, c: float = 8.0,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class RGLRU(Recurrent):
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

    Layer of `RGLRUCell`, which can compute all steps at once.

    Source: De et al. 2024.
    """
    cell_class: type[RGLRUCell]
    cell: RGLRUCell
    def __init__(
        self, units: int, recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        c: float = 8.0, gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        zero_output_for_mask: bool = False, implementation: int = 2,
        scan: Literal["auto", "graph", "fused", "plain"] = "auto", return_all_states: bool = False,
        right_padded: bool = False, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class LiGRUCell(GatedCell):
    """A GRU without reset gate whose candidate is rectified."""
    def __init__(
        self, units: int, activation: Activation = "relu",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class LiGRU(Recurrent):
    r"""A GRU without reset gate whose candidate is rectified.

    .. math::

        u_t &= \sigma(W_u x_t + R_u h_{t-1} + b_u) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t

    The light GRU, without the batch normalisation of :math:`W x_t` that the paper has in place of
    b.

    Layer of `LiGRUCell`.

    Source: Ravanelli et al. 2018.
    """
    cell_class: type[LiGRUCell]
    cell: LiGRUCell
    def __init__(
        self, units: int, activation: Activation = "relu",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class ATRCell(GatedCell):
    """A GRU without reset gate and candidate: both gates come from the same two products."""
    def __init__(
        self, units: int, recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class ATR(Recurrent):
    r"""A GRU without reset gate and candidate: both gates come from the same two products.

    .. math::

        p_t &= W_p x_t + b_p \\
        q_t &= R_q h_{t-1} \\
        i_t &= \sigma(p_t + q_t) \\
        f_t &= \sigma(p_t - q_t) \\
        h_t &= f_t \odot h_{t-1} + i_t \odot p_t

    The addition-subtraction twin-gated network. The net inputs are p and q; the paper writes no
    bias.

    Layer of `ATRCell`.

    Source: Zhang et al. 2018.
    """
    cell_class: type[ATRCell]
    cell: ATRCell
    def __init__(
        self, units: int, recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, heads: int = 1, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class LogMinGRUCell(GatedCell):
    """A minimal GRU whose candidate is positive, as the paper trains it, in logarithms."""
    def __init__(
        self, units: int, recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, *, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class LogMinGRU(Recurrent):
    r"""A minimal GRU whose candidate is positive, as the paper trains it, in logarithms.

    .. math::

        u_t &= \sigma(W_u x_t + b_u) \\
        z_t &= g(W_z x_t + b_z) \\
        h_t &= (1 - u_t) \odot h_{t-1} + u_t \odot z_t

    with :math:`g(a) = a + 1/2` from zero on and :math:`\sigma(a)` below. The paper computes
    :math:`\log h_t`, which gives the same numbers; the scan here needs no logarithms, as nothing in
    it is divided. The paper's first state is g(0), here it is zero unless it is given.

    Layer of `LogMinGRUCell`, which can compute all steps at once.

    Source: Feng et al. 2024.
    """
    cell_class: type[LogMinGRUCell]
    cell: LogMinGRUCell
    def __init__(
        self, units: int, recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        zero_output_for_mask: bool = False, implementation: int = 2,
        scan: Literal["auto", "graph", "fused", "plain"] = "auto", return_all_states: bool = False,
        right_padded: bool = False, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class LogMinLSTMCell(GatedCell):
    """A minimal LSTM whose candidate is positive, as the paper trains it, in logarithms."""
    def __init__(
        self, units: int, use_bias: bool = True, kernel_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros", unit_forget_bias: bool = True,
        kernel_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, *, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class LogMinLSTM(Recurrent):
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

    Layer of `LogMinLSTMCell`, which can compute all steps at once.

    Source: Feng et al. 2024.
    """
    cell_class: type[LogMinLSTMCell]
    cell: LogMinLSTMCell
    def __init__(
        self, units: int, use_bias: bool = True, kernel_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros", unit_forget_bias: bool = True,
        kernel_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        zero_output_for_mask: bool = False, implementation: int = 2,
        scan: Literal["auto", "graph", "fused", "plain"] = "auto", return_all_states: bool = False,
        right_padded: bool = False, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class QRNNCell(GatedCell):
    """No R: the gates see the last few inputs in place of the last output."""
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None, *,
        window: int = 2, gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        name: str | None = None, dtype: DType = None, trainable: bool = True
    ) -> None: ...

class QRNN(Recurrent):
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

    Layer of `QRNNCell`.

    Source: Bradbury et al. 2017.
    """
    cell_class: type[QRNNCell]
    cell: QRNNCell
    def __init__(
        self, units: int, activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *, window: int = 2,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        zero_output_for_mask: bool = False, implementation: int = 2,
        scan: Literal["auto", "graph", "fused", "plain"] = "auto", return_all_states: bool = False,
        right_padded: bool = False, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class ESNCell(GatedCell):
    """A random network that is not trained: only what reads it is. The echo state network."""
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros", kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, connectivity: float = 0.1, leak: float = 1.0,
        spectral_radius: float = 0.9, fixed: bool = True, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class ESN(Recurrent):
    r"""A random network that is not trained: only what reads it is. The echo state network.

    .. math:: h_t = (1 - \alpha) h_{t-1} + \alpha \, g(W x_t + R h_{t-1} + b)

    R starts with few entries that are not zero, scaled to a spectral radius: below one, what the
    state was long ago dies away.

    Layer of `ESNCell`.

    Source: Jaeger 2001.
    """
    cell_class: type[ESNCell]
    cell: ESNCell
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros", kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        connectivity: float = 0.1, leak: float = 1.0, spectral_radius: float = 0.9,
        fixed: bool = True, gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        zero_output_for_mask: bool = False, implementation: int = 2,
        scan: Literal["auto", "graph", "fused", "plain"] = "auto", return_all_states: bool = False,
        right_padded: bool = False, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class LMUCell(GatedCell):
    """A memory that holds a window of its input, as Legendre polynomials, beside a simple RNN."""
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        order: int = 32, theta: float = 32.0, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class LMU(Recurrent):
    r"""A memory that holds a window of its input, as Legendre polynomials, beside a simple RNN.

    .. math::

        u_t &= e_x^\top x_t + e_h^\top h_{t-1} + e_m^\top m_{t-1} + b_u \\
        m_t &= \bar A m_{t-1} + \bar B u_t \\
        h_t &= g(W_x x_t + W_h h_{t-1} + W_m m_t + b_h)

    The Legendre memory unit. :math:`\bar A` and :math:`\bar B` are fixed: what holds the last
    :math:`\theta` steps of u as well as so many numbers can. :math:`e_m` and :math:`W_m` are the
    columns of the weight `memory_kernel`. The paper has no biases.

    Layer of `LMUCell`.

    Source: Voelker, Kajic & Eliasmith 2019.
    """
    cell_class: type[LMUCell]
    cell: LMUCell
    def __init__(
        self, units: int, activation: Activation = "tanh", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, order: int = 32, theta: float = 32.0,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        zero_output_for_mask: bool = False, implementation: int = 2,
        scan: Literal["auto", "graph", "fused", "plain"] = "auto", return_all_states: bool = False,
        right_padded: bool = False, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class GLACell(GatedCell):
    """A matrix as memory, each key of which decays as fast as a gate says."""
    def __init__(
        self, units: int, use_bias: bool = True, kernel_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros", kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None, *,
        tau: float = 16.0, heads: int = 1, key_size: int | None = None, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class GLA(Recurrent):
    r"""A matrix as memory, each key of which decays as fast as a gate says.

    .. math::

        q_t &= W_q x_t + b_q \\
        k_t &= W_k x_t + b_k \\
        v_t &= W_v x_t + b_v \\
        \alpha_t &= \sigma(W_a x_t + b_a)^{1 / \tau} \\
        S_t &= \operatorname{diag}(\alpha_t) S_{t-1} + k_t v_t^\top \\
        h_t &= S_t^\top q_t

    Gated linear attention, for each head. The paper's :math:`W_a` is a product of two matrices.

    Layer of `GLACell`, which can compute the steps of a chunk at once.

    Source: Yang et al. 2024.
    """
    cell_class: type[GLACell]
    cell: GLACell
    def __init__(
        self, units: int, use_bias: bool = True, kernel_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros", kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *, tau: float = 16.0,
        heads: int = 1, key_size: int | None = None, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class DeltaNetCell(GatedCell):
    """A matrix as memory, in which what stands at a key is replaced: the delta rule."""
    def __init__(
        self, units: int, activation: Activation = "silu",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, *, heads: int = 1,
        key_size: int | None = None, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class DeltaNet(Recurrent):
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

    Layer of `DeltaNetCell`, which can compute the steps of a chunk at once.

    Source: Schlag, Irie & Schmidhuber 2021; Yang et al. 2024.
    """
    cell_class: type[DeltaNetCell]
    cell: DeltaNetCell
    def __init__(
        self, units: int, activation: Activation = "silu",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        heads: int = 1, key_size: int | None = None, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class GatedDeltaNetCell(GatedCell):
    """The delta rule in a matrix that also decays as a whole, as fast as a gate says."""
    def __init__(
        self, units: int, activation: Activation = "silu",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, *, heads: int = 1,
        key_size: int | None = None, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class GatedDeltaNet(Recurrent):
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

    Layer of `GatedDeltaNetCell`, which can compute the steps of a chunk at once.

    Source: Yang, Kautz & Hatamizadeh 2025.
    """
    cell_class: type[GatedDeltaNetCell]
    cell: GatedDeltaNetCell
    def __init__(
        self, units: int, activation: Activation = "silu",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        heads: int = 1, key_size: int | None = None, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class HGRN2Cell(GatedCell):
    """A matrix as memory, each key of which takes in as much as it forgets."""
    def __init__(
        self, units: int, activation: Activation = "silu", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None, *,
        lower_bound: float = 0.0, heads: int = 1, key_size: int | None = None,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class HGRN2(Recurrent):
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

    Layer of `HGRN2Cell`, which can compute the steps of a chunk at once.

    Source: Qin et al. 2024.
    """
    cell_class: type[HGRN2Cell]
    cell: HGRN2Cell
    def __init__(
        self, units: int, activation: Activation = "silu", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        lower_bound: float = 0.0, heads: int = 1, key_size: int | None = None,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        zero_output_for_mask: bool = False, implementation: int = 2,
        scan: Literal["auto", "graph", "fused", "plain"] = "auto", return_all_states: bool = False,
        right_padded: bool = False, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class RWKV7Cell(GatedCell):
    """A matrix as memory, with a decay for each key and a delta rule with rates for each key."""
    def __init__(
        self, units: int, recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, *, heads: int = 1,
        key_size: int | None = None, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class RWKV7(Recurrent):
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

    Layer of `RWKV7Cell`, which can compute the steps of a chunk at once.

    Source: Peng et al. 2025.
    """
    cell_class: type[RWKV7Cell]
    cell: RWKV7Cell
    def __init__(
        self, units: int, recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        heads: int = 1, key_size: int | None = None, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class Mamba2Cell(GatedCell):
    """A matrix as memory, written to and forgotten for as long a time as the input says."""
    def __init__(
        self, units: int, use_bias: bool = True, kernel_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros", kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None, *,
        heads: int = 1, key_size: int | None = None, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class Mamba2(Recurrent):
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

    Layer of `Mamba2Cell`, which can compute the steps of a chunk at once.

    Source: Dao & Gu 2024.
    """
    cell_class: type[Mamba2Cell]
    cell: Mamba2Cell
    def __init__(
        self, units: int, use_bias: bool = True, kernel_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros", kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *, heads: int = 1,
        key_size: int | None = None, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class LRUCell(GatedCell):
    """A linear recurrence of complex numbers, each with a decay and a frequency of its own."""
    def __init__(
        self, units: int, use_bias: bool = True, kernel_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros", kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None, *,
        r_min: float = 0.0, r_max: float = 1.0, max_phase: float = 6.283185307179586,
        state_units: int | None = None, gate_bias: GateBias = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class LRU(Recurrent):
    r"""A linear recurrence of complex numbers, each with a decay and a frequency of its own.

    .. math::

        \lambda &= e^{-e^\nu + i e^\theta} \\
        s_t &= re_t + i \, im_t = \lambda \odot s_{t-1} + e^\gamma \odot (B x_t) \\
        y_t &= \operatorname{Re}(C s_t) + D x_t + b

    The linear recurrent unit. :math:`\lambda` starts anywhere on a ring of the complex plane, and
    :math:`\gamma` so that s keeps the size of its input. B and D are the columns of the kernel. The
    paper, which writes x for s and u for x, has no bias, and a D that may be diagonal.

    Layer of `LRUCell`, which can compute all steps at once.

    Source: Orvieto et al. 2023.
    """
    cell_class: type[LRUCell]
    cell: LRUCell
    def __init__(
        self, units: int, use_bias: bool = True, kernel_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros", kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *, r_min: float = 0.0,
        r_max: float = 1.0, max_phase: float = 6.283185307179586, state_units: int | None = None,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        zero_output_for_mask: bool = False, implementation: int = 2,
        scan: Literal["auto", "graph", "fused", "plain"] = "auto", return_all_states: bool = False,
        right_padded: bool = False, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class S5Cell(GatedCell):
    """A linear system in continuous time, with complex states and a step of its own for each."""
    def __init__(
        self, units: int, use_bias: bool = True, kernel_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros", kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, seed: int | None = None, *,
        step_min: float = 0.001, step_max: float = 0.1, state_units: int | None = None,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class S5(Recurrent):
    r"""A linear system in continuous time, with complex states and a step of its own for each.

    .. math::

        \Lambda &= -e^\alpha + i \omega \\
        \bar \Lambda &= e^{\Lambda \Delta} \\
        s_t &= re_t + i \, im_t = \bar \Lambda \odot s_{t-1}
            + \Lambda^{-1} (\bar \Lambda - 1) \odot (B x_t) \\
        y_t &= 2 \operatorname{Re}(C s_t) + D x_t + b

    The simplified state space layer. Each state stands for itself and its conjugate, hence the 2.
    :math:`\Lambda` starts with the eigenvalues of the normal part of HiPPO-LegS, as in the paper,
    whose B and C start as random matrices in the basis of its eigenvectors; here they are random
    in any basis. In the weights, :math:`\alpha` is called `decay`, :math:`\omega` is `frequency`
    and :math:`\log \Delta` is `log_step`. B and D are the columns of the kernel. The paper has no
    bias, a D that is diagonal, and a real part of :math:`\Lambda` that may become positive.

    Layer of `S5Cell`, which can compute all steps at once.

    Source: Smith, Warrington & Linderman 2023.
    """
    cell_class: type[S5Cell]
    cell: S5Cell
    def __init__(
        self, units: int, use_bias: bool = True, kernel_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros", kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, seed: int | None = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        step_min: float = 0.001, step_max: float = 0.1, state_units: int | None = None,
        gate_bias: GateBias = None, clip_net_gradient: float | None = None,
        zero_output_for_mask: bool = False, implementation: int = 2,
        scan: Literal["auto", "graph", "fused", "plain"] = "auto", return_all_states: bool = False,
        right_padded: bool = False, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class PeepholeConvLSTM1DCell(GatedCell):
    """The products are convolutions of rows, and the gates see the cell state."""
    def __init__(
        self, filters: int, kernel_size: int | Sequence[int], activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class PeepholeConvLSTM1D(Recurrent):
    r"""The products are convolutions of rows, and the gates see the cell state.

    .. math::

        i_t &= \sigma(W_i * x_t + R_i * h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f * x_t + R_f * h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z * x_t + R_z * h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o * x_t + R_o * h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    with convolutions that keep the size of the row. Each place has peepholes of its own, so the
    size of the rows is fixed when the weights are made. With peepholes of zero this is the cell
    of `keras.layers.ConvLSTM1D` with `padding="same"`, weights included.

    Layer of `PeepholeConvLSTM1DCell`, for sequences (batch, steps, length, channels).

    Source: Shi et al. 2015.
    """
    cell_class: type[PeepholeConvLSTM1DCell]
    cell: PeepholeConvLSTM1DCell
    def __init__(
        self, filters: int, kernel_size: int | Sequence[int], activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class PeepholeConvLSTM2DCell(GatedCell):
    """The products are convolutions of images, and the gates see the cell state."""
    def __init__(
        self, filters: int, kernel_size: int | Sequence[int], activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class PeepholeConvLSTM2D(Recurrent):
    r"""The products are convolutions of images, and the gates see the cell state.

    .. math::

        i_t &= \sigma(W_i * x_t + R_i * h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f * x_t + R_f * h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z * x_t + R_z * h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o * x_t + R_o * h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    with convolutions that keep the size of the image. Each pixel has peepholes of its own, so
    the size of the images is fixed when the weights are made. With peepholes of zero this is
    the cell of `keras.layers.ConvLSTM2D` with `padding="same"`, weights included.

    Layer of `PeepholeConvLSTM2DCell`, for sequences (batch, steps, rows, columns, channels).

    Source: Shi et al. 2015.
    """
    cell_class: type[PeepholeConvLSTM2DCell]
    cell: PeepholeConvLSTM2DCell
    def __init__(
        self, filters: int, kernel_size: int | Sequence[int], activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class PeepholeConvLSTM3DCell(GatedCell):
    """The products are convolutions of volumes, and the gates see the cell state."""
    def __init__(
        self, filters: int, kernel_size: int | Sequence[int], activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, *, peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class PeepholeConvLSTM3D(Recurrent):
    r"""The products are convolutions of volumes, and the gates see the cell state.

    .. math::

        i_t &= \sigma(W_i * x_t + R_i * h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f * x_t + R_f * h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        z_t &= g(W_z * x_t + R_z * h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o * x_t + R_o * h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot h(c_t)

    with convolutions that keep the size of the volume. Each point has peepholes of its own, so
    the size of the volumes is fixed when the weights are made. With peepholes of zero this is
    the cell of `keras.layers.ConvLSTM3D` with `padding="same"`, weights included.

    Layer of `PeepholeConvLSTM3DCell`.

    For sequences (batch, steps, depth, rows, columns, channels).

    Source: Shi et al. 2015.
    """
    cell_class: type[PeepholeConvLSTM3DCell]
    cell: PeepholeConvLSTM3DCell
    def __init__(
        self, filters: int, kernel_size: int | Sequence[int], activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None, bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, use_cudnn: bool | Literal["auto"] = "auto", *,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class ConvGRU1DCell(GatedCell):
    """A GRU whose products are convolutions of rows."""
    def __init__(
        self, filters: int, kernel_size: int | Sequence[int], activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class ConvGRU1D(Recurrent):
    r"""A GRU whose products are convolutions of rows.

    .. math::

        u_t &= \sigma(W_u * x_t + R_u * h_{t-1} + b_u) \\
        r_t &= \sigma(W_r * x_t + R_r * h_{t-1} + b_r) \\
        z_t &= g(W_z * x_t + R_z * (r_t \odot h_{t-1}) + b_z) \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t

    with convolutions that keep the size of the row. An update gate u of one keeps the old
    state, as in `GRUResetBeforeCell`; in the paper it takes the new value.

    Layer of `ConvGRU1DCell`, for sequences (batch, steps, length, channels).

    Source: Ballas et al. 2016.
    """
    cell_class: type[ConvGRU1DCell]
    cell: ConvGRU1DCell
    def __init__(
        self, filters: int, kernel_size: int | Sequence[int], activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class ConvGRU2DCell(GatedCell):
    """A GRU whose products are convolutions of images."""
    def __init__(
        self, filters: int, kernel_size: int | Sequence[int], activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class ConvGRU2D(Recurrent):
    r"""A GRU whose products are convolutions of images.

    .. math::

        u_t &= \sigma(W_u * x_t + R_u * h_{t-1} + b_u) \\
        r_t &= \sigma(W_r * x_t + R_r * h_{t-1} + b_r) \\
        z_t &= g(W_z * x_t + R_z * (r_t \odot h_{t-1}) + b_z) \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t

    with convolutions that keep the size of the image. An update gate u of one keeps the old
    state, as in `GRUResetBeforeCell`; in the paper it takes the new value.

    Layer of `ConvGRU2DCell`, for sequences (batch, steps, rows, columns, channels).

    Source: Ballas et al. 2016.
    """
    cell_class: type[ConvGRU2DCell]
    cell: ConvGRU2DCell
    def __init__(
        self, filters: int, kernel_size: int | Sequence[int], activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

class ConvGRU3DCell(GatedCell):
    """A GRU whose products are convolutions of volumes."""
    def __init__(
        self, filters: int, kernel_size: int | Sequence[int], activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None, bias_constraint: Constraint = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None, *,
        gate_bias: GateBias = None, gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, name: str | None = None, dtype: DType = None,
        trainable: bool = True
    ) -> None: ...

class ConvGRU3D(Recurrent):
    r"""A GRU whose products are convolutions of volumes.

    .. math::

        u_t &= \sigma(W_u * x_t + R_u * h_{t-1} + b_u) \\
        r_t &= \sigma(W_r * x_t + R_r * h_{t-1} + b_r) \\
        z_t &= g(W_z * x_t + R_z * (r_t \odot h_{t-1}) + b_z) \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t

    with convolutions that keep the size of the volume. An update gate u of one keeps the old
    state, as in `GRUResetBeforeCell`; in the paper it takes the new value.

    Layer of `ConvGRU3DCell`, for sequences (batch, steps, depth, rows, columns, channels).

    Source: Ballas et al. 2016.
    """
    cell_class: type[ConvGRU3DCell]
    cell: ConvGRU3DCell
    def __init__(
        self, filters: int, kernel_size: int | Sequence[int], activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid", use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal", bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None, recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None, activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None, recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto", *, gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None, zero_output_for_mask: bool = False,
        implementation: int = 2, scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False, right_padded: bool = False, name: str | None = None,
        dtype: DType = None, trainable: bool = True
    ) -> None: ...

__all__ = [
    "CELLS",
    "IMAGE_LAYERS",
    "LAYERS",
    "TIMED_LAYERS",
    "ATR",
    "ATRCell",
    "AntisymmetricRNN",
    "AntisymmetricRNNCell",
    "ArrayLSTM",
    "ArrayLSTMCell",
    "BRC",
    "BRCCell",
    "CEC",
    "CECCell",
    "CFN",
    "CFNCell",
    "CfC",
    "CfCCell",
    "ClockworkRNN",
    "ClockworkRNNCell",
    "CoRNN",
    "CoRNNCell",
    "ConvGRU1D",
    "ConvGRU1DCell",
    "ConvGRU2D",
    "ConvGRU2DCell",
    "ConvGRU3D",
    "ConvGRU3DCell",
    "CoupledGateLSTM",
    "CoupledGateLSTMCell",
    "DeepOutputRNN",
    "DeepOutputRNNCell",
    "DeepTransitionRNN",
    "DeepTransitionRNNCell",
    "DeepTransitionShortcutRNN",
    "DeepTransitionShortcutRNNCell",
    "DeltaNet",
    "DeltaNetCell",
    "ESN",
    "ESNCell",
    "FastGRNN",
    "FastGRNNCell",
    "FullGateRecurrenceLSTM",
    "FullGateRecurrenceLSTMCell",
    "GLA",
    "GLACell",
    "GRU",
    "GRUCell",
    "GRUD",
    "GRUDCell",
    "GRUResetBefore",
    "GRUResetBeforeCell",
    "GatedDeltaNet",
    "GatedDeltaNetCell",
    "GatedFeedbackGRU",
    "GatedFeedbackGRUCell",
    "GatedFeedbackLSTM",
    "GatedFeedbackLSTMCell",
    "GatedFeedbackRNN",
    "GatedFeedbackRNNCell",
    "GoodfellowGRU",
    "GoodfellowGRUCell",
    "GoodfellowLSTM",
    "GoodfellowLSTMCell",
    "HGRN2",
    "HGRN2Cell",
    "IRNN",
    "IRNNCell",
    "IndRNN",
    "IndRNNCell",
    "JANET",
    "JANETCell",
    "JozefowiczLSTM",
    "JozefowiczLSTMCell",
    "LEM",
    "LEMCell",
    "LMU",
    "LMUCell",
    "LRU",
    "LRUCell",
    "LSTM",
    "LSTM1997",
    "LSTM1997Cell",
    "LSTM1997InputGate",
    "LSTM1997InputGateCell",
    "LSTM1997OutputGate",
    "LSTM1997OutputGateCell",
    "LSTMCell",
    "LTC",
    "LTCCell",
    "LayerNormGRU",
    "LayerNormGRUCell",
    "LayerNormLSTM",
    "LayerNormLSTMCell",
    "LayerNormSimpleRNN",
    "LayerNormSimpleRNNCell",
    "LiGRU",
    "LiGRUCell",
    "LogMinGRU",
    "LogMinGRUCell",
    "LogMinLSTM",
    "LogMinLSTMCell",
    "MGU",
    "MGUCell",
    "MILSTM",
    "MILSTMCell",
    "MLSTM",
    "MLSTMCell",
    "MUT1",
    "MUT1Cell",
    "MUT2",
    "MUT2Cell",
    "MUT3",
    "MUT3Cell",
    "Mamba2",
    "Mamba2Cell",
    "MemoryBlockLSTM",
    "MemoryBlockLSTMCell",
    "Memoryless",
    "MemorylessCell",
    "MinGRU",
    "MinGRUCell",
    "MinLSTM",
    "MinLSTMCell",
    "MinimalRNN",
    "MinimalRNNCell",
    "MixedBlockLSTM",
    "MixedBlockLSTMCell",
    "MogrifierLSTM",
    "MogrifierLSTMCell",
    "MultiplicativeLSTM",
    "MultiplicativeLSTMCell",
    "MultiplicativeRNN",
    "MultiplicativeRNNCell",
    "NAS",
    "NASCell",
    "NBRC",
    "NBRCCell",
    "NoForgetGateLSTM",
    "NoForgetGateLSTMCell",
    "NoInputActivationLSTM",
    "NoInputActivationLSTMCell",
    "NoInputGateLSTM",
    "NoInputGateLSTMCell",
    "NoOutputActivationLSTM",
    "NoOutputActivationLSTMCell",
    "NoOutputGateLSTM",
    "NoOutputGateLSTMCell",
    "ONLSTM",
    "ONLSTMCell",
    "PeepholeConvLSTM1D",
    "PeepholeConvLSTM1DCell",
    "PeepholeConvLSTM2D",
    "PeepholeConvLSTM2DCell",
    "PeepholeConvLSTM3D",
    "PeepholeConvLSTM3DCell",
    "PeepholeLSTM",
    "PeepholeLSTMCell",
    "PhasedLSTM",
    "PhasedLSTMCell",
    "ProjectedLSTM",
    "ProjectedLSTMCell",
    "ProjectedPeepholeLSTM",
    "ProjectedPeepholeLSTMCell",
    "QRNN",
    "QRNNCell",
    "RAN",
    "RANCell",
    "RGLRU",
    "RGLRUCell",
    "RWKV7",
    "RWKV7Cell",
    "S5",
    "S5Cell",
    "SCRN",
    "SCRNCell",
    "SLSTM",
    "SLSTMCell",
    "SRU",
    "SRUCell",
    "STAR",
    "STARCell",
    "SimpleRNN",
    "SimpleRNNCell",
    "StackedRNN",
    "StackedRNNCell",
    "TLSTM",
    "TLSTMCell",
    "UGRNN",
    "UGRNNCell",
    "ZoneoutLSTM",
    "ZoneoutLSTMCell",
]
