r"""Cells of decoders, which look at each step at what an encoder has read: attention.

Luong, Pham & Manning, "Effective approaches to attention-based neural machine translation", 2015,
with input feeding; Bahdanau, Cho & Bengio, "Neural machine translation by jointly learning to align
and translate", 2015. Each wraps a cell, whichever it is.

`AttentionDecoder` is their layer. `keras.layers.RNN` runs them as well: Keras 3 hands no constants
to a cell, so that what is looked at, the memory, is among the states, where it stays as it is.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import keras
from keras import ops

from . import backend
from .arguments import Shape, plain
from .backend import Tensor
from .checks import Checked
from .quantization import Linear

PACKAGE = "keras_lstm_variants"
SCORES = ("general", "dot", "concat")


def cells_in(cell: Any) -> Iterator[Any]:
    """The cell, or those that `keras.layers.StackedRNNCells` stacks."""
    if not isinstance(cell, keras.layers.StackedRNNCells):
        yield cell
        return
    for one in cell.cells:
        yield from cells_in(one)


class AttentionCell(Checked, keras.layers.Layer):
    """A cell around another one, with a memory that it looks at in each step.

    Args:
        cell: The cell, of this library or of Keras; `keras.layers.StackedRNNCells` has several.
            Without dropout of its own, as masks are drawn once per sequence by the layer of a cell
            and not by what stands around it: put `keras.layers.Dropout` before and after. In mixed
            precision Keras' loop carries its states in half precision from step to step.
        memory_units: Width of the memory.
        attention_units: Width of the attention.
        **kwargs: The arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: x_t, of shape (batch, features).
        states: Those of the cell at t-1; then the context, the alignment, the memory, its keys and
            which of its entries there are, as `initial_state` gives them.
        training: Handed on to the cell.

    Returns:
        The output at t, and the states at t.
    """

    def __init__(
        self, cell: Any, memory_units: int, attention_units: int | None = None, **kwargs: Any
    ) -> None:
        backend.name()
        super().__init__(**kwargs)
        if not hasattr(cell, "state_size") or not callable(cell):
            self.wrong("cell", "a recurrent cell", cell)
        for one in cells_in(cell):
            for rate in ("dropout", "recurrent_dropout"):
                if getattr(one, rate, 0.0):
                    self.wrong(f"{rate} of the cell", "0", getattr(one, rate))
        self.check_sizes(memory_units=memory_units)
        if attention_units is not None:
            self.check_sizes(attention_units=attention_units)
        self.cell = cell
        self.memory_units = plain(memory_units)
        self.of_cell: list[int] = keras.tree.flatten(cell.state_size)
        self.cell_units: int = getattr(cell, "output_size", None) or self.of_cell[0]
        self.attention_units: int = plain(attention_units) or self.cell_units

    @property
    def fed_back(self) -> int:
        """Width of what the attention hands on to the next step."""
        raise NotImplementedError(f"{type(self).__name__} does not define fed_back.")

    @property
    def output_size(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} does not define output_size.")

    @property
    def key_units(self) -> int:
        """Width of the keys."""
        return self.attention_units

    @property
    def state_size(self) -> list[Any]:
        return [*self.of_cell, self.fed_back, (None,), (None,), (None,), (None,)]

    def get_initial_state(self, batch_size: Any = None) -> Any:
        raise ValueError(
            f"{type(self).__name__} needs a memory: give initial_state=cell.initial_state(memory), "
            "or call the layer AttentionDecoder(cell) with memory=."
        )

    def initial_state(
        self, memory: Any, mask: Any = None, states: Sequence[Any] | None = None
    ) -> list[Any]:
        """The states before the first step.

        Args:
            memory: Tensor (batch, entries, memory_units), such as the outputs of an encoder.
            mask: Boolean tensor (batch, entries): the entries that there are; None for all.
            states: Those of the cell before the first step; zeros if not given.

        Returns:
            A list for `keras.layers.RNN(cell)(x, initial_state=...)`.

        Raises:
            ValueError: The memory or the mask has another shape, or the cell another number of
                states.
        """
        memory = ops.convert_to_tensor(memory)
        memory = ops.cast(memory, self.compute_dtype)
        self.check_shape("memory", memory, (None, None, self.memory_units))
        batch, entries = memory.shape[:2]
        self.build_keys()
        here = ops.ones_like(memory[..., 0])
        if mask is not None:
            mask = ops.convert_to_tensor(mask)
            self.check_shape("the memory's mask", mask, (batch, entries), one_row=True)
            here = here * ops.cast(ops.not_equal(mask, 0), memory.dtype)
            # Nor does NaN in what there is not reach the context, which 0 times NaN would.
            memory = ops.where(here[..., None] > 0, memory, ops.zeros_like(memory))
        none = ops.sum(ops.zeros_like(memory), axis=1)[:, :1]
        if states is None:
            states = [ops.tile(none, [1, size]) for size in self.of_cell]
        if not isinstance(states, (list, tuple)) or len(states) != len(self.of_cell):
            got = len(states) if isinstance(states, (list, tuple)) else type(states).__name__
            self.wrong("initial_state", f"a list of {len(self.of_cell)}", got)
        for state, size in zip(states, self.of_cell, strict=True):
            self.check_shape("a state of the cell", state, (batch, size), one_row=True)
        states = [ops.cast(state, memory.dtype) + none for state in states]
        fed_back = ops.tile(none, [1, self.fed_back])
        # In rows: with a mask, JAX's loop takes no states of higher rank.
        rows = [
            ops.reshape(one, (ops.shape(one)[0], ops.shape(one)[1] * one.shape[2]))
            for one in (memory, self.keys(memory))
        ]
        return [*states, fed_back, 0 * here, *rows, here]

    def check_shape(
        self, name: str, value: Any, wanted: tuple[int | None, ...], one_row: bool = False
    ) -> None:
        """Whether it has this shape, so far as both are known; perhaps as one row for all."""
        shape = tuple(value.shape)
        if one_row and shape[:1] == (1,):
            wanted = (1, *wanted[1:])
        known = [pair for pair in zip(shape, wanted, strict=False) if None not in pair]
        if len(shape) != len(wanted) or any(a != b for a, b in known):
            self.wrong(name, f"of shape {wanted}", shape)

    def build_cell(self, width: int) -> None:
        if not self.cell.built:  # as it is in a model that is loaded
            self.cell.build((None, width))
            return
        first = next(cells_in(self.cell))
        if (kernel := getattr(first, "kernel", None)) is not None:
            features = kernel.shape[0] + getattr(first, "beside", 0)  # such as the time
            if features != width:
                self.wrong("cell", f"not built yet, or for {width} features", f"for {features}")

    def build_keys(self) -> None:
        """Makes the weights of the keys, which only the memory's width decides."""

    def keys(self, memory: Tensor) -> Tensor:
        """What the scores see of the memory, the same at all steps."""
        return memory

    def dense(self, name: str, width: int, units: int, use_bias: bool = False) -> Any:
        layer = Linear(units, use_bias=use_bias, name=name, dtype=self.dtype_policy)
        layer.build((None, width))
        return layer

    def entries(self, rows: Tensor, here: Tensor, width: int) -> Tensor:
        """Of states that hold entries in rows, (batch, entries, width)."""
        return ops.reshape(rows, (*ops.shape(here), width))

    def look(self, scores: Tensor, memory: Tensor, here: Tensor) -> tuple[Tensor, Tensor]:
        """The context and the alignment: a mean of the memory, by the softmax of the scores.

        Of a memory without entries the context is zero.
        """
        lowest = ops.cast(-1e9 if self.compute_dtype != "float16" else -6e4, scores.dtype)
        weights = ops.softmax(ops.where(here > 0, scores, lowest), axis=-1) * here
        memory = self.entries(memory, here, self.memory_units)
        return ops.squeeze(ops.matmul(weights[:, None], memory), axis=1), weights

    def step_of_cell(self, x: Tensor, states: list[Tensor], training: bool) -> Any:
        # Cells of this library keep their states in float32, and take them so.
        own = keras.tree.flatten(self.cell.get_initial_state(batch_size=1))
        given = [ops.cast(state, like.dtype) for state, like in zip(states, own, strict=True)]
        if isinstance(self.cell.state_size, (list, tuple)):
            given = keras.tree.pack_sequence_as(self.cell.state_size, given)
        output, now = self.cell(x, given, training=training)
        now = zip(keras.tree.flatten(now), states, strict=True)
        return ops.cast(output, x.dtype), [ops.cast(state, before.dtype) for state, before in now]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "cell": keras.saving.serialize_keras_object(self.cell),
            "memory_units": self.memory_units,
            "attention_units": self.attention_units,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        config = dict(config)
        cell = keras.saving.deserialize_keras_object(config.pop("cell"))
        return cls(cell, **config)


@keras.saving.register_keras_serializable(package=PACKAGE)
class LuongAttentionCell(AttentionCell):
    r"""The cell moves on first, then looks; what comes of it is fed to the next step as well.

    .. math::

        h_t &= \operatorname{cell}((x_t, a_{t-1}), h_{t-1}) \\
        e_{ts} &= h_t^\top W m_s \\
        \alpha_t &= \operatorname{softmax}(e_t) \\
        c_t &= \sum_s \alpha_{ts} m_s \\
        a_t &= \tanh(W_c (c_t, h_t))

    The global attention of Luong et al. with input feeding; the output is :math:`a_t`, the paper's
    :math:`\tilde h_t`. Other scores of the paper: :math:`h_t^\top m_s`, for which the memory must
    be as wide as h, and :math:`v^\top \tanh(W (h_t, m_s))`.

    Args:
        cell: The cell.
        memory_units: Width of the memory m.
        attention_units: Width of a; that of h, if not given.
        score: `"general"`, `"dot"` or `"concat"`.
        **kwargs: The arguments of `keras.layers.Layer`.

    Source: Luong, Pham & Manning 2015.
    """

    def __init__(
        self,
        cell: Any,
        memory_units: int,
        attention_units: int | None = None,
        *,
        score: Literal["general", "dot", "concat"] = "general",
        **kwargs: Any,
    ) -> None:
        super().__init__(cell, memory_units, attention_units, **kwargs)
        if score not in SCORES:
            self.wrong("score", "one of " + ", ".join(map(repr, SCORES)), score)
        if score == "dot" and self.cell_units != memory_units:
            self.wrong("memory_units", f"{self.cell_units}, as h is, for a dot", memory_units)
        self.score = score
        self.memory_layer: Any = None

    @property
    def fed_back(self) -> int:
        return self.attention_units

    @property
    def output_size(self) -> int:
        return self.attention_units

    @property
    def key_units(self) -> int:
        return self.cell_units

    def build(self, input_shape: Any) -> None:
        self.build_cell(input_shape[-1] + self.attention_units)
        self.build_keys()
        width = self.memory_units + self.cell_units
        self.out = self.dense("attention", width, self.attention_units)
        if self.score == "concat":
            self.query = self.dense("query", self.cell_units, self.cell_units)
            self.v = self.dense("v", self.cell_units, 1)
        self.built = True

    def build_keys(self) -> None:
        if self.score != "dot" and self.memory_layer is None:
            self.memory_layer = self.dense("memory", self.memory_units, self.cell_units)

    def keys(self, memory: Tensor) -> Tensor:
        return memory if self.memory_layer is None else self.memory_layer(memory)

    def call(self, inputs: Tensor, states: Sequence[Tensor], training: bool = False) -> Any:
        *states_prev, a_prev, _, memory, of_keys, here = states
        keys = self.entries(of_keys, here, self.key_units)
        x = ops.concatenate([inputs, a_prev], axis=-1)
        h, states_now = self.step_of_cell(x, states_prev, training)
        if self.score == "concat":
            e = ops.squeeze(self.v(ops.tanh(self.query(h)[:, None] + keys)), axis=-1)
        else:
            e = ops.squeeze(ops.matmul(keys, h[..., None]), axis=-1)
        c, alpha = self.look(e, memory, here)
        a = ops.tanh(self.out(ops.concatenate([c, h], axis=-1)))
        return a, [*states_now, a, alpha, memory, of_keys, here]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "score": self.score}


@keras.saving.register_keras_serializable(package=PACKAGE)
class BahdanauAttentionCell(AttentionCell):
    r"""The cell looks first, by what it was before, and then moves on by what it has seen.

    .. math::

        e_{ts} &= v^\top \tanh(W h_{t-1} + U m_s + b) \\
        \alpha_t &= \operatorname{softmax}(e_t) \\
        c_t &= \sum_s \alpha_{ts} m_s \\
        h_t &= \operatorname{cell}((x_t, c_t), h_{t-1})

    The output is :math:`(h_t, c_t)`, what the paper's output layer reads beside :math:`x_t`. In the
    paper the cell is `GRUResetBefore`, whose first state is made from the encoder's, and there is
    no b.

    Args:
        cell: The cell; its first state is taken for h.
        memory_units: Width of the memory m.
        attention_units: Width of v, the paper's n'; that of h, if not given.
        **kwargs: The arguments of `keras.layers.Layer`.

    Source: Bahdanau, Cho & Bengio 2015.
    """

    def __init__(
        self, cell: Any, memory_units: int, attention_units: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(cell, memory_units, attention_units, **kwargs)
        self.memory_layer: Any = None

    @property
    def fed_back(self) -> int:
        return self.memory_units

    @property
    def output_size(self) -> int:
        return self.cell_units + self.memory_units

    def build(self, input_shape: Any) -> None:
        self.build_cell(input_shape[-1] + self.memory_units)
        self.build_keys()
        self.query = self.dense("query", self.of_cell[0], self.attention_units)
        self.v = self.dense("v", self.attention_units, 1)
        self.built = True

    def build_keys(self) -> None:
        if self.memory_layer is None:
            self.memory_layer = self.dense(
                "memory", self.memory_units, self.attention_units, use_bias=True
            )

    def keys(self, memory: Tensor) -> Tensor:
        return self.memory_layer(memory)

    def call(self, inputs: Tensor, states: Sequence[Tensor], training: bool = False) -> Any:
        *states_prev, _, _, memory, of_keys, here = states
        keys = self.entries(of_keys, here, self.key_units)
        query = self.query(states_prev[0])[:, None]
        e = ops.squeeze(self.v(ops.tanh(query + keys)), axis=-1)
        c, alpha = self.look(e, memory, here)
        x = ops.concatenate([inputs, c], axis=-1)
        h, states_now = self.step_of_cell(x, states_prev, training)
        output = ops.concatenate([h, c], axis=-1)
        return output, [*states_now, c, alpha, memory, of_keys, here]


@keras.saving.register_keras_serializable(package=PACKAGE)
class AttentionDecoder(keras.layers.RNN):
    """The layer over a cell with attention: it takes the memory beside the sequence.

    Args:
        cell: A `LuongAttentionCell` or a `BahdanauAttentionCell`.
        return_sequences: Return the output at every step, not the last one only.
        return_state: Return the last states of the cell within, the last attention or context, and
            the last alignment, of shape (batch, entries), as well.
        **kwargs: The other arguments of `keras.layers.RNN`, but not `stateful`.

    Call arguments:
        sequences: Tensor of shape (batch, steps, features).
        memory: Tensor of shape (batch, entries, memory_units).
        memory_mask: Boolean tensor (batch, entries): the entries that there are; None for all. Of a
            memory without entries the context is zero.
        initial_state: List of the states of the cell within before the first step, such as those of
            an encoder; zeros if not given.
        mask: Boolean tensor (batch, steps); a step where it is False is skipped. Not on JAX.
        training: Handed on to the cell.
        sequences_mask: The mask that comes with the sequence, which counts if there is no other.

    Raises:
        ValueError: The cell is none with attention; the memory is missing; a shape does not fit.
    """

    def __init__(
        self,
        cell: Any,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        **kwargs: Any,
    ) -> None:
        if not isinstance(cell, AttentionCell):
            raise ValueError(
                f"{type(self).__name__}: cell must be a LuongAttentionCell or a "
                f"BahdanauAttentionCell, not {type(cell).__name__}."
            )
        if kwargs.get("stateful"):
            raise ValueError(f"{type(self).__name__} is not stateful: give initial_state.")
        super().__init__(
            cell, return_sequences=return_sequences, return_state=return_state, **kwargs
        )

    def build(self, sequences_shape: Shape, memory_shape: Any = None, **other_shapes: Any) -> None:
        if not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
        self.features = sequences_shape[-1]
        self.built = True

    def call(
        self,
        sequences: Tensor,
        memory: Tensor = None,
        memory_mask: Tensor = None,
        initial_state: Any = None,
        mask: Tensor = None,
        training: bool = False,
        sequences_mask: Tensor = None,
    ) -> Any:
        if memory is None:
            raise ValueError(f"{type(self).__name__} needs memory=, what the encoder gave.")
        if mask is None:
            mask = sequences_mask  # of an Embedding, say: Keras gives it under this name
        if mask is not None and backend.name() == "jax":
            # For the output of a masked step, Keras' loop there takes the first state.
            raise ValueError(
                f"{type(self).__name__} takes no mask of steps on JAX: return all steps, and give "
                "those that are padding no weight in the loss."
            )
        sequences = ops.convert_to_tensor(sequences)
        self.cell.check_shape("sequences", sequences, (None, None, self.features))
        state = self.cell.initial_state(memory, memory_mask, initial_state)
        batch = state[-1].shape[0]
        self.cell.check_shape("sequences beside this memory", sequences, (batch, None, None))
        found = super().call(sequences, initial_state=state, mask=mask, training=training)
        if not self.return_state:
            return found
        output, *states = found
        return output, *states[:-3]

    def compute_output_spec(
        self,
        sequences: Any,
        memory: Any = None,
        memory_mask: Any = None,
        initial_state: Any = None,
        mask: Any = None,
        training: bool = False,
        sequences_mask: Any = None,
    ) -> Any:
        if memory is None:
            raise ValueError(f"{type(self).__name__} needs memory=, what the encoder gave.")
        batch, steps = sequences.shape[:2]
        one = (batch, self.cell.output_size)
        shape = (batch, steps, one[1]) if self.return_sequences else one
        output = keras.KerasTensor(shape, self.compute_dtype)
        if not self.return_state:
            return output
        sizes = [*self.cell.of_cell, self.cell.fed_back, memory.shape[1]]
        return output, *(keras.KerasTensor((batch, n), self.compute_dtype) for n in sizes)

    def compute_mask(self, sequences: Any, mask: Any = None) -> Any:
        output = mask if self.return_sequences else None
        if not self.return_state:
            return output
        return [output, *[None] * (len(self.cell.of_cell) + 2)]
