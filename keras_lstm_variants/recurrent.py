"""The layer over a cell: what `keras.layers.LSTM` is to `keras.layers.LSTMCell`."""

import threading
from collections.abc import Callable
from inspect import Parameter
from typing import Any, Literal, Self

import keras
from keras import ops

from . import calls, cudnn, kernel, scan
from .arguments import (
    UNSHOWN,
    DType,
    Explicit,
    Regularizer,
    Shape,
    accepted,
    joined,
    nearest,
    section_of_arguments,
    sections,
    taken,
    titled,
)
from .backend import Tensor

SECTIONS = ("Call arguments", "Returns", "Attributes", "Raises")  # of a layer's docstring
building = threading.RLock()
SCANS = ("auto", "graph", "fused", "plain")


def of_cell(name: str) -> property:
    """A read-only attribute of the layer that is its cell's."""
    return property(lambda layer: getattr(layer.cell, name), doc=f"`{name}` of the cell.")


class Recurrent(Explicit, keras.layers.RNN):
    """A recurrent layer that makes its own cell.

    A layer names its `cell_class`; all its arguments that are not named here go to the cell. So a
    layer is used as `keras.layers.LSTM` is, and `keras.layers.RNN(cell)` with the same cell gives
    the same numbers.

    Args:
        *cell_args: The first arguments of the cell, such as `units`.
        activity_regularizer: Regularizer of the output.
        return_sequences: Return the output at every step, not the last one only.
        return_state: Return the states after the last step as well.
        return_all_states: Return the states at all steps in place of those after the last, which
            are `[:, -1]` of them; implies `return_state`. At a masked step they are those before
            it. As `Bidirectional` turns round outputs only, those of its backward layer stay in the
            order in which they are made. The loop is not compiled then, nor cuDNN's.
        go_backwards: Read the sequence from its end; outputs come in the order in which they are
            made.
        stateful: Start each batch with the states at the end of the batch before.
        unroll: Unroll the loop: faster for a few steps, slower to build. The number of steps must
            be known.
        use_cudnn: Whether cuDNN runs the loop, as in `keras.layers.LSTM`: only on a GPU, and only
            that of `LSTM` and, but on JAX, of `GRU`, with the usual activations, without recurrent
            dropout and, unless `right_padded` is set, without a mask. `"auto"`: where it can, but
            not in TensorFlow's graphs for inference, which may be exported; True: or a call is an
            error; False: never. Not saved with the layer, as the next machine may have no GPU.
        right_padded: A promise that every mask is right-padded: that the steps of a sequence come
            before its padding. cuDNN can then run with masks, also of sequences that are padding
            only, on TensorFlow and JAX. A call that breaks the promise is an error when cuDNN runs,
            in compiled functions of JAX NaN.
        zero_output_for_mask: Give zeros, and not the output of the step before, at masked steps.
        implementation: Taken for the sake of Keras' layers; all gates are always computed in one
            product.
        scan: How the loop over time runs. `"auto"`: in code compiled for the cell, on CPUs with
            TensorFlow, a C++ compiler and single or double precision; else as a graph, with a
            gradient of the whole sequence and, on a GPU, what x gives computed for all steps at
            once. Graphs for inference hold both, so that they can be saved: compiled code runs in
            the process that made them. `"graph"`: never compiled. `"fused"`: on a GPU with JAX, in
            one kernel for all steps, if the recurrent weights fit on chip; with a warning that says
            why, and as `"auto"`, where that cannot be. No GPU has measured it yet, so it is never
            chosen by itself. `"plain"`: the loop of `keras.layers.RNN`.
        name: Name of the layer.
        dtype: The dtype, or the dtype policy, of weights and computation.
        trainable: Whether training changes the weights.
        **kwargs: The other arguments of the cell.

    Call arguments:
        sequences: Tensor of shape (batch, steps, features).
        initial_state: List of the states before the first step, one tensor (batch, size) for each
            name in `cell.state`, or (1, size) or (size,) for all sequences
            alike; zeros if not given.
        mask: Boolean tensor (batch, steps), or (1, steps) for all sequences alike; of numbers, 0 is
            False. A step where it is False is skipped: states stay as they are, and the output is
            that of the step before. Pass it explicitly: from Keras 3.16 on, recurrent layers do not
            hand masks on.
        training: Whether dropout is on.

    Each tensor may be an array, a nested list or a variable.

    Returns:
        Tensor of shape (batch, units), or (batch, steps, units) with `return_sequences`; with
        `return_state`, that and the states, (batch, size) each, or (batch, steps, size) with
        `return_all_states`. In half precision, mixed or not, outputs have the layer's compute dtype
        but states are float32, also from one call to the next.

    Attributes:
        why_not_compiled: Why the last call did not run compiled code; empty if it did.
        why_not_cudnn: Why the last call did not run cuDNN's; empty if it did. On torch, Keras may
            run another loop in its place without saying so.
        why_not_fused: Why the last call did not run a fused kernel; empty if it did.

    Several threads may call a layer at the same time, or its cell once that is built. A `stateful`
    layer then continues from the call before, whichever thread made it, the attributes tell of the
    last call, and graphs that run at the same time may draw the same dropout mask.

    Raises:
        TypeError: An argument is missing.
        ValueError: An argument is unknown to the layer and its cell, or out of range; in a call,
            an argument has a shape or a dtype that does not fit, or `use_cudnn` is True and cuDNN
            cannot run it.
    """

    cell_class: Any = None  # a GatedCell
    features: Shape | None = None  # of x_t, once the layer is built
    rows: tuple[Shape, ...] = ()  # the shapes of the states of one sequence, likewise

    @classmethod
    def _arguments(cls) -> dict[str, Parameter] | None:
        if not (isinstance(cls.cell_class, type) and issubclass(cls.cell_class, Explicit)):
            return None
        own, more = taken(cls)
        of_cell = cls.cell_class.__signature__.parameters if more else {}
        return {**{name: p for name, p in of_cell.items() if name not in own}, **own}

    @classmethod
    def _documentation(cls) -> str:
        cell = cls.cell_class
        own = sections(cls._as_written)[""] or f"Layer of `{cell.__name__}`."
        return joined(
            sections(cell._as_written)[""],
            own,
            section_of_arguments(cls, cls, cell),
            *(titled(heading, nearest(cls, heading)) for heading in SECTIONS),
            f"Source: {cell.paper}." if cell.paper else "",
        )

    def __init__(
        self,
        *cell_args: Any,
        activity_regularizer: Regularizer = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: bool | Literal["auto"] = "auto",
        zero_output_for_mask: bool = False,
        implementation: int = 2,
        scan: Literal["auto", "graph", "fused", "plain"] = "auto",
        return_all_states: bool = False,
        right_padded: bool = False,
        name: str | None = None,
        dtype: DType = None,
        trainable: bool = True,
        **kwargs: Any,
    ) -> None:
        if scan not in SCANS:
            raise ValueError(
                f"{type(self).__name__}: scan must be one of {', '.join(SCANS)}, not {scan!r}."
            )
        if use_cudnn not in ("auto", True, False):
            raise ValueError(
                f"{type(self).__name__}: use_cudnn must be 'auto', True or False, "
                f"not {use_cudnn!r}."
            )
        unshown = {name: kwargs.pop(name) for name in UNSHOWN if name in kwargs}
        # RNN hands neither to its cell: without this, a float64 layer would compute in float32.
        if dtype is not None:
            kwargs["dtype"] = dtype
        if trainable is not True:
            kwargs["trainable"] = trainable
        try:
            cell = self.cell_class(*cell_args, **kwargs)
        except (TypeError, ValueError) as error:  # the user knows the layer's name
            known_as = self.cell_class.__name__
            if not str(error).startswith(known_as):
                raise
            raise type(error)(type(self).__name__ + str(error).removeprefix(known_as)) from None
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state or return_all_states,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            zero_output_for_mask=zero_output_for_mask,
            activity_regularizer=activity_regularizer,
            name=name,
            dtype=dtype,
            trainable=trainable,
            **unshown,
        )
        # Else Keras casts the sequences to half precision.
        self.autocast = not getattr(cell, "in_full_precision", False)
        self.scan = scan
        self.return_all_states = return_all_states
        self.use_cudnn = use_cudnn
        self.right_padded = right_padded
        self.why_not_compiled = self.why_not_cudnn = "it has not been called"
        self.why_not_fused = self.why_not_compiled
        self.supports_masking = True
        self.input_spec = keras.layers.InputSpec(ndim=3)

    units = of_cell("units")
    activation = of_cell("activation")
    recurrent_activation = of_cell("recurrent_activation")
    use_bias = of_cell("use_bias")
    dropout = of_cell("dropout")
    kernel_initializer = of_cell("kernel_initializer")
    recurrent_initializer = of_cell("recurrent_initializer")
    bias_initializer = of_cell("bias_initializer")
    unit_forget_bias = of_cell("unit_forget_bias")
    kernel_regularizer = of_cell("kernel_regularizer")
    recurrent_regularizer = of_cell("recurrent_regularizer")
    bias_regularizer = of_cell("bias_regularizer")
    kernel_constraint = of_cell("kernel_constraint")
    recurrent_constraint = of_cell("recurrent_constraint")
    bias_constraint = of_cell("bias_constraint")
    recurrent_dropout = of_cell("recurrent_dropout")
    seed = of_cell("seed")

    @property
    def threads(self) -> dict[str, int]:
        """How many threads the last compiled passes, `forward` and `backward`, ran on.

        Passes that have not run are left out. There are at most as many as the environment variable
        KERAS_LSTM_VARIANTS_THREADS says, or else TensorFlow's setting for `intra_op_parallelism`,
        or else as there are cores; one where there is too little to do for more.
        """
        return kernel.threads(self.cell)

    def build(self, sequences_shape: Shape, initial_state_shape: Any = None) -> None:
        with building:  # what a second thread finds built, Keras does not build again
            super().build(sequences_shape, initial_state_shape)
            self.features = tuple(sequences_shape[2:])
            self.rows = tuple(tuple(state.shape[1:]) for state in self.get_initial_state(1))
            if self.states is not None and self.cell.compute_dtype != self.compute_dtype:
                # Keras' have the layer's dtype: what is accumulated would be rounded at each call.
                self.states[:] = [
                    keras.Variable(
                        ops.cast(state.value, self.cell.compute_dtype),
                        trainable=False,
                        autocast=False,
                        name="rnn_state",
                    )
                    for state in self.states
                ]
        layer = cudnn.keras_layer(self.cell)
        # A layer as an attribute would be a part of this one.
        self._of_cudnn: Callable[[], Any] = lambda: layer

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = calls.given(self, args, kwargs)
        return super().__call__(*args, **kwargs)

    def compute_output_spec(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = None,
    ) -> Any:
        initial_state, mask = calls.uncovered(initial_state), calls.uncovered(mask)
        calls.check_shapes(self, sequences, initial_state, mask)
        spec = super().compute_output_spec(sequences, initial_state, mask, training)
        if not self.return_state:
            return spec
        output, *states = spec
        dtype = self.cell.compute_dtype
        return output, *[keras.KerasTensor(state.shape, dtype) for state in states]

    def compute_output_shape(self, sequences_shape: Shape, initial_state_shape: Any = None) -> Any:
        return self._with_steps(super().compute_output_shape(sequences_shape), sequences_shape[1])

    def _with_steps(self, shapes: Any, steps: int | None) -> Any:
        """The shapes of what a call gives, from those with the last states."""
        if not self.return_all_states:
            return shapes
        output, *states = shapes
        return output, *[(batch, steps, *row) for batch, *row in states]

    def call(
        self,
        sequences: Tensor,
        initial_state: Any = None,
        mask: Tensor = None,
        training: bool = False,
    ) -> Any:
        """As `keras.layers.RNN.call`, but for checks, and states stay in the cell's dtype."""
        initial_state, mask = calls.uncovered(initial_state), calls.uncovered(mask)
        calls.check_shapes(self, sequences, initial_state, mask)
        sequences, initial_state, mask = calls.in_full(self, sequences, initial_state, mask)
        batch, steps = sequences.shape[:2]
        if self.unroll and steps is None:
            calls.refuse(self, "with unroll=True the number of steps of sequences must be known")
        if self.stateful:
            expected = self.states[0].shape[0]
            if batch is not None and batch != expected:
                calls.refuse(
                    self,
                    f"sequences must have the batch size {expected} that the stateful layer was "
                    f"built with, not {batch}",
                )
        if initial_state is None:
            zeros = self.get_initial_state
            initial_state = self.states if self.stateful else zeros(ops.shape(sequences)[0])
        cell, dtype = self.cell, self.cell.compute_dtype
        initial_state = [ops.convert_to_tensor(state, dtype=dtype) for state in initial_state]
        # JAX takes no random numbers within a loop.
        drops = hasattr(cell, "get_dropout_mask")  # and is not just any cell of Keras
        try:
            if drops:
                cell.get_dropout_mask(sequences[:, 0])
                cell.get_recurrent_dropout_mask(initial_state[0])
            last_output, outputs, states = self.inner_loop(
                sequences=sequences, initial_state=initial_state, mask=mask, training=training
            )
        finally:  # or the next call would find the masks of one that failed
            if drops:
                cell.reset_dropout_mask()
                cell.reset_recurrent_dropout_mask()
        states = [ops.cast(state, dtype) for state in states]
        if self.stateful:
            for variable, state in zip(self.states, states, strict=True):
                variable.assign(state[:, -1] if self.return_all_states else state)
        output = ops.cast(outputs if self.return_sequences else last_output, self.compute_dtype)
        shapes = self.compute_output_shape(tuple(sequences.shape))
        if not self.return_state:
            return calls.with_shape(output, shapes)
        pairs = zip((output, *states), shapes, strict=True)
        return tuple(calls.with_shape(value, shape) for value, shape in pairs)

    def inner_loop(
        self, sequences: Tensor, initial_state: list[Tensor], mask: Tensor, training: bool = False
    ) -> Any:
        # What is decided is of this call: other threads set the attributes, too.
        if plain := calls.why_plain(self) or ("it is unrolled" if self.unroll else ""):
            self.why_not_compiled = self.why_not_cudnn = not_cudnn = plain
            scan.not_fused(self, plain)
        else:
            self.why_not_cudnn = not_cudnn = cudnn.why_not(self, mask, training)
        if not not_cudnn:
            of_keras = self._of_cudnn()
            try:
                made = cudnn.inner_loop(self, of_keras, sequences, initial_state, mask, training)
            except cudnn.NotRun as error:
                self.why_not_cudnn = not_cudnn = str(error)
            else:
                self.why_not_compiled = self.why_not_fused = cudnn.RUNS
                return made
        if self.use_cudnn is True:
            raise ValueError(
                f"{type(self).__name__}: cuDNN cannot run this call: {not_cudnn}. "
                "use_cudnn='auto' runs it otherwise."
            )
        if plain:
            return scan.keras_loop(self, sequences, initial_state, mask, training)
        return scan.inner_loop(self, sequences, initial_state, mask, training)

    def quantize(self, *args: Any, **kwargs: Any) -> Any:
        """Refuses, as Keras' recurrent layers do."""
        return self.cell.quantize(*args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        own = {
            "scan": self.scan,
            "return_all_states": self.return_all_states,
            "right_padded": self.right_padded,
        }
        config = {**super().get_config(), **own}
        del config["cell"]
        cell = self.cell.get_config()
        others = {name: cell[name] for name in cell if name not in config}
        return accepted(type(self), {**others, **config})

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        return cls(**config)
