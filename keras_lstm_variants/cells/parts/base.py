"""What every gated cell shares: weights, the products with them, dropout, saving."""

import threading
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import Parameter
from typing import Any, ClassVar, Literal, NoReturn

import keras
import numpy as np
from keras import ops

from ... import backend
from ...arguments import (
    Activation,
    Constraint,
    DType,
    Explicit,
    GateBias,
    Initializer,
    Regularizer,
    Shape,
    accepted,
    joined,
    nearest,
    section_of_arguments,
    sections,
    titled,
)
from ...backend import Tensor
from ...calls import in_two_halves
from ...checks import Checked, positive
from ...quantization import not_quantized


def call_it(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


class _PerThread(threading.local):
    """What holds during the calls of a cell that a thread makes; each thread has its own.

    Attributes:
        x_mask, h_mask: The dropout masks that have been drawn for the call of a layer, if any.
        in_step: The mask of recurrent dropout in the step that is being computed, or None.
        product: `product(multiply, x, kernel)`, how products with weights are taken.
    """

    x_mask: Tensor = None
    h_mask: Tensor = None
    in_step: Tensor = None
    product: Callable[..., Any] = staticmethod(call_it)


class GatedCell(Explicit, Checked, keras.layers.SimpleRNNCell):
    r"""A recurrent cell made of gates.

    A variant names its `gates` and its `state` and writes its equations in `step`. The linear
    algebra, the same for almost all of them, is here: `net` gives the net input of every gate,

    .. math:: net_k = W_k x_t + R_k h_{t-1} + b_k

    as a named tuple, so that `step` reads as the paper does: `i = self.sigma(net.i)`.

    It inherits from `keras.layers.SimpleRNNCell` for one reason: that is the public class through
    which `keras.layers.RNN` draws dropout masks once per sequence instead of once per step.
    Weights, equations and states are its own.

    Once it is built, several threads may call it at the same time: what holds during a call is kept
    by thread.

    Args:
        units: Number of cells, the size of the output.
        activation: g and h, the functions that squash the candidate and the cell state.
        recurrent_activation: sigma, the function that squashes the gates.
        use_bias: Whether the net inputs have biases b.
        kernel_initializer: Initializer of W, all gates in one matrix.
        recurrent_initializer: Initializer of R, all gates in one matrix.
        bias_initializer: Initializer of the biases that nothing below sets.
        unit_forget_bias: Start the biases of the forget gate at one. Cells with a forget gate only;
            default True.
        kernel_regularizer: Regularizer of W.
        recurrent_regularizer: Regularizer of R.
        bias_regularizer: Regularizer of b.
        kernel_constraint: Constraint on W.
        recurrent_constraint: Constraint on R.
        bias_constraint: Constraint on b.
        dropout: Share of x_t that is dropped in training; the same components at all steps of a
            call.
        recurrent_dropout: Share of h_{t-1} that is dropped in training where the recurrent kernel
            multiplies it; the same components at all steps of a call.
        seed: Seed of the two kinds of dropout.
        gate_bias: Initial biases by gate, such as `{"i": -1.0}`: one number for all of a gate's
            units or a list with one for each. They come before `unit_forget_bias` and
            `bias_initializer`.
        gradient: `"full"`: error flows back through all that step t takes from step t-1.
            `"truncated"`: none flows back in time through the products with R or through peepholes,
            only through what the equations carry on. This is the rule of Hochreiter & Schmidhuber
            1997, with peepholes that of Gers, Schraudolph & Schmidhuber 2002. The weights still
            learn from the values that were cut off.
        clip_net_gradient: The derivatives of the loss with respect to the net inputs, before the
            functions are applied, are clipped to [-clip_net_gradient, clip_net_gradient] at every
            step (Graves 2013). They are the derivatives for each sequence, so a loss that averages
            over a batch makes them smaller by its size. None: they are not clipped.
        heads: R is block-diagonal: this many heads of `units / heads` units each, of which none
            sees the others' h_{t-1}.
        name: Name of the cell.
        dtype: The dtype, or the dtype policy, of weights and computation.
        trainable: Whether training changes the weights.

    Call arguments:
        inputs: x_t, of shape (batch, features).
        states: The states at t-1 in the order of `state`, each of shape (batch, size).
        training: Whether dropout is on.

    Returns:
        h_t, and the list of the states at t.

    In mixed precision the products are computed in half precision; states, sums and functions stay
    in float32, so that what a cell accumulates does not drift.

    Attributes:
        gates: Names of the gates, in the order of the columns of the weights.
        state: Names of the states handed to the next time step, the output first.
        paper: Where the equations are from.
        second_opinion: What else computes the cell, independently, in the tests, perhaps with a
            part of it silent; empty if nothing else does.
        cudnn_layer: The layer of Keras that calls cuDNN for these equations, which a class that
            inherits need not have; None if there is none.
    """

    gates: tuple[str, ...] = ()
    state: tuple[str, ...] = ("h",)
    paper = ""
    second_opinion = ""
    cudnn_layer: Any = None
    forget_gate: str | None = "f"  # the gate whose bias starts at one, in cells that have it
    default_gradient: str = "full"
    fed_back: tuple[str, ...] = ("h",)  # the states that R multiplies
    equations: tuple[str, ...] = ("step",)  # the methods that assign the paper's letters

    already: ClassVar[Mapping[str, Any]] = {
        "recurrent_regularizer": None,
        "recurrent_constraint": None,
        "recurrent_dropout": 0.0,
        "gradient": None,
        "heads": 1,
    }

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.Net = namedtuple("Net", cls.net_fields())  # type: ignore[misc]

    @classmethod
    def _arguments(cls) -> dict[str, Parameter]:
        arguments = super()._arguments() or {}
        if not cls._forgets():
            arguments.pop("unit_forget_bias", None)
        return arguments

    @classmethod
    def _forgets(cls) -> bool:
        """Whether one of the gates is the forget gate."""
        return cls.forget_gate in cls.gates

    @classmethod
    def _documentation(cls) -> str:
        if not cls.gates:  # a base of several variants, which has no equations
            return cls._as_written
        return joined(
            sections(cls._as_written)[""],
            section_of_arguments(cls, cls),
            titled("Call arguments", nearest(cls, "Call arguments")),
            titled("Returns", nearest(cls, "Returns")),
            f"Source: {cls.paper}." if cls.paper else "",
        )

    def __init__(
        self,
        units: int,
        activation: Activation = "tanh",
        recurrent_activation: Activation = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal",
        bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        *,
        gate_bias: GateBias = None,
        gradient: Literal["full", "truncated"] | None = None,
        clip_net_gradient: float | None = None,
        heads: int = 1,
        name: str | None = None,
        dtype: DType = None,
        trainable: bool = True,
        **kwargs: Any,
    ) -> None:
        backend.name()  # or an error that says which there are
        self.check_sizes(units=units, heads=heads)
        if gradient not in (None, "full", "truncated"):
            self.wrong("gradient", "'full' or 'truncated'", gradient)
        if clip_net_gradient is not None:
            must_be = "a positive number or None"
            self.check_number("clip_net_gradient", clip_net_gradient, must_be, positive)
        if units % heads:
            self.wrong("units", f"a multiple of heads, which is {heads}", units)
        super().__init__(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            name=name,
            dtype=dtype,
            trainable=trainable,
            **kwargs,
        )
        self.recurrent_activation = keras.activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias if self._forgets() else None
        self.gate_bias = {
            gate: np.asarray(bias).tolist() for gate, bias in (gate_bias or {}).items()
        }
        if unknown := sorted(set(self.gate_bias) - set(self.gates)):
            raise ValueError(
                f"{type(self).__name__} has no gate {unknown[0]!r}; its gates are {self.gates}."
            )
        self.gradient = gradient or self.default_gradient
        self.clip_net_gradient = clip_net_gradient
        self.heads = heads
        self.state_size = [self.size_of(name) for name in self.state]
        self.output_size = self.state_size[0]
        self._now = _PerThread()
        self._drawing = threading.Lock()

    # The letters of the equations.

    def sigma(self, net: Tensor) -> Tensor:
        return self.recurrent_activation(self.clip(net))

    def g(self, net: Tensor) -> Tensor:
        return self.activation(self.clip(net))

    def h(self, c: Tensor) -> Tensor:
        return self.activation(c)

    # What a variant says.

    def step(self, net: Any, *states: Tensor) -> tuple[Tensor, ...]:
        """The variant's equations: the states at t, from the net inputs and the states at t-1."""
        raise NotImplementedError(
            f"{type(self).__name__} does not write its equations: define step()."
        )

    @classmethod
    def net_fields(cls) -> tuple[str, ...]:
        """The names of what `net` gives: one for each gate."""
        return cls.gates

    def size_of(self, name: str) -> int:
        """How many units the gate or state `name` has: one for each cell, unless cells share it."""
        return self.units

    def kernel_shape(self, features: int | None) -> Shape:
        """The shape of W: what x_t has, by the columns of the gates."""
        return features, sum(self.size_of(gate) for gate in self.gates)

    def recurrent_shape(self) -> tuple[int, ...]:
        """The shape of R: what is fed back, by the columns of the gates."""
        return self.units, sum(self.size_of(gate) for gate in self.gates)

    def feedback(self, *states: Tensor) -> Tensor:
        """What R multiplies."""
        return states[0]

    # What all variants share.

    def build(self, input_shape: Shape) -> None:
        widths = [self.size_of(gate) for gate in self.gates]
        self.gate_ends = np.cumsum(widths)[:-1].tolist()
        self.kernel = self.add_weight(
            self.kernel_shape(input_shape[-1]),
            self.kernel_initializer,
            name="kernel",
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_recurrent_kernel(
            self.recurrent_shape(), self.recurrent_initializer, "recurrent_kernel"
        )
        self.bias = self.add_bias(self.initial_biases(self.gates)) if self.use_bias else None
        self.built = True

    def add_weight(self, *args: Any, **kwargs: Any) -> Any:
        """As that of Keras' layers, but in mixed precision nothing rounds the weight.

        A layer reads the weights of its cell in its own precision, which is enough for products,
        which round for themselves, but not for biases, peepholes, decays or periods.
        """
        policy = self.dtype_policy
        mixed = policy.compute_dtype != policy.variable_dtype
        return super().add_weight(*args, **{"autocast": not mixed, **kwargs})

    def add_recurrent_kernel(self, shape: tuple[int, ...], initializer: Any, name: str) -> Any:
        """Makes a matrix that multiplies h; with heads, one block for each of them."""

        def each_block(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
            return ops.stack([fresh(initializer)(shape[1:], dtype=dtype) for _ in range(shape[0])])

        if self.heads > 1:
            shape = self.heads, *(size // self.heads for size in shape)
        return self.add_weight(
            shape,
            initializer if self.heads == 1 else each_block,
            name=name,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )

    def initial_biases(self, gates: Iterable[str]) -> np.ndarray:
        """The initial biases of `gates` as one vector; NaN where `bias_initializer` decides."""
        unset = 1.0 if self.unit_forget_bias else np.nan
        values = []
        for gate in gates:
            default = unset if gate == self.forget_gate else np.nan
            bias = np.asarray(self.gate_bias.get(gate, default), "float64")
            if bias.shape not in ((), (self.size_of(gate),)):
                raise ValueError(
                    f"{type(self).__name__}: gate_bias[{gate!r}] must be one number or "
                    f"{self.size_of(gate)} of them, not {bias.tolist()}."
                )
            values.append(np.broadcast_to(bias, (self.size_of(gate),)))
        return np.concatenate(values)

    def add_bias(self, values: np.ndarray, name: str = "bias") -> Any:
        def initializer(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
            rest = self.bias_initializer(shape, dtype=dtype)
            return ops.where(np.isnan(values), rest, ops.cast(np.nan_to_num(values), rest.dtype))

        return self.add_weight(
            values.shape,
            initializer,
            name=name,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )

    def split(self, columns: Tensor) -> list[Tensor]:
        """The columns of each gate, in the order of `gates`."""
        if not self.gate_ends:
            return [columns]
        # By a number rather than by ends, of which TensorFlow would make a dozen operations a step.
        number, size = len(self.gate_ends) + 1, self.gate_ends[0]
        even = columns.shape[-1] == number * size and self.gate_ends[-1] == (number - 1) * size
        return ops.split(columns, number if even else self.gate_ends, axis=-1)

    def biases(self) -> Tensor | None:
        """b, for all columns; None without biases."""
        return self.bias

    @property
    def compute_dtype(self) -> str:
        """float32 even in half precision, in which only products are computed, see `dot`."""
        dtype = super().compute_dtype
        return "float32" if dtype in ("float16", "bfloat16") else dtype

    def dot(self, x: Tensor, kernel: Tensor) -> Tensor:
        """x times a weight, in the precision of the dtype policy."""
        return self._now.product(self.multiply, x, kernel)

    @contextmanager
    def multiplying_by(self, product: Callable[..., Any] | None) -> Iterator[None]:
        """Within it, `product(multiply, x, kernel)` takes this thread's products with weights.

        None leaves them as they are.
        """
        usual = self._now.product
        self._now.product = product or usual
        try:
            yield
        finally:
            self._now.product = usual

    def multiply(self, x: Tensor, kernel: Tensor) -> Tensor:
        dtype = self.dtype_policy.compute_dtype
        if dtype == self.compute_dtype:
            return ops.matmul(x, kernel)
        return ops.cast(ops.matmul(ops.cast(x, dtype), ops.cast(kernel, dtype)), self.compute_dtype)

    def recur(self, h: Tensor, R: Tensor) -> Tensor:
        """h times R, or times some gates' columns of it; with heads, each head by its own block."""
        if self.heads == 1:
            return self.dot(h, R)
        units = self.units // self.heads
        by_head = ops.transpose(ops.reshape(h, (-1, self.heads, units)), (1, 0, 2))
        by_head = self.multiply(by_head, R)  # (heads, batch, gates * units of a head)
        gates = R.shape[-1] // units
        by_head = ops.reshape(by_head, (self.heads, -1, gates, units))
        return ops.reshape(ops.transpose(by_head, (1, 2, 0, 3)), (-1, gates * self.units))

    def recurrent_parts(self) -> list[Tensor]:
        """R by gates, for cells of which not all gates multiply the same."""
        return ops.split(self.recurrent_kernel, self.recurrent_shape()[-1] // self.units, axis=-1)

    def net_of_x(self, x: Tensor) -> Any:
        """What x_t alone gives, which layers may compute for all steps at once: W x_t + b.

        A tensor for all columns, or a tuple of tensors.
        """
        net, biases = self.dot(x, self.kernel), self.biases()
        return net if biases is None else net + biases

    def net(self, of_x: Any, *states: Tensor) -> Any:
        """The net inputs at t, from `net_of_x` and the states at t-1.

        The states are those after recurrent dropout.
        """
        fed_back = self.recur(self.feedback(*states), self.recurrent_kernel)
        return self.Net(*self.split(of_x + fed_back))

    def cut(self, state: Tensor) -> Tensor:
        """A state on its way into a net input: without gradient, if that is truncated."""
        return ops.stop_gradient(state) if self.gradient == "truncated" else state

    def drop(self, h: Tensor) -> Tensor:
        """h on its way into a product with R: in training, with recurrent dropout."""
        mask = self._now.in_step
        return h if mask is None else h * mask

    def clip(self, net: Tensor) -> Tensor:
        """A net input, whose gradient is clipped if `clip_net_gradient` says so."""
        bound = self.clip_net_gradient
        return net if bound is None else clip_gradient(net, bound)

    # Keras keeps the masks of a call as attributes of the cell, where another thread finds them.

    def get_dropout_mask(self, step_input: Tensor) -> Tensor:
        if self._now.x_mask is None and self.dropout > 0:
            # Keras asks for it with the inputs of the layer, which are in half precision in mixed.
            self._now.x_mask = self.drawn_mask(
                ops.cast(step_input, self.compute_dtype), self.dropout
            )
        return self._now.x_mask

    def get_recurrent_dropout_mask(self, step_input: Tensor) -> Tensor:
        if self._now.h_mask is None and self.recurrent_dropout > 0:
            self._now.h_mask = self.drawn_mask(step_input, self.recurrent_dropout)
        return self._now.h_mask

    def reset_dropout_mask(self) -> None:
        self._now.x_mask = None

    def reset_recurrent_dropout_mask(self) -> None:
        self._now.h_mask = None

    def drawn_mask(self, like: Tensor, rate: float) -> Tensor:
        return self.draw(keras.random.dropout, ops.ones_like(like), rate)

    def draw(self, function: Callable[..., Tensor], *arguments: Any) -> Tensor:
        """What a function of `keras.random` draws with the cell's seed.

        Threads draw one after the other, or two could draw the same.
        """
        with self._drawing:
            return function(*arguments, seed=self.seed_generator)

    @in_two_halves
    def call(
        self,
        inputs: Tensor,
        states: Sequence[Tensor] | None = None,
        training: bool = False,
        of_x: Any = None,
        h_mask: Tensor = None,
    ) -> Any:
        # Layers take the two halves apart: the first for all steps at once, then, with its of_x and
        # with the mask that they hold, the second step by step.
        if states is None:
            return self.see(inputs, training)
        if of_x is None:
            of_x = self.see(inputs, training)
            h_mask = self.get_recurrent_dropout_mask(states[0]) if training else None
        states = self.advance(of_x, states, h_mask)
        return states[0], states

    def see(self, x: Tensor, training: bool) -> Any:
        """`net_of_x`, of what dropout leaves of x_t."""
        x = ops.cast(x, self.compute_dtype)  # integers are not cast by themselves
        mask = self.get_dropout_mask(x) if training else None
        return self.net_of_x(x if mask is None else x * mask)

    def advance(self, of_x: Any, states: Sequence[Tensor], h_mask: Tensor) -> list[Tensor]:
        """The states at t, from `net_of_x` and the states at t-1."""
        self._now.in_step = h_mask
        try:
            dropped = [
                self.drop(state) if name in self.fed_back else state
                for name, state in zip(self.state, states, strict=True)
            ]
            return list(self.step(self.net(of_x, *map(self.cut, dropped)), *states))
        finally:
            self._now.in_step = None  # a tensor of a graph must not stay behind

    def quantize(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuses, as Keras' cells do; `keras.Model.quantize` then warns and leaves it as it is."""
        raise NotImplementedError(not_quantized(self))

    def get_initial_state(self, batch_size: int | None = None) -> list[Tensor]:
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in self.state_size]

    def get_config(self) -> dict[str, Any]:
        config = {
            **super().get_config(),
            "recurrent_activation": keras.activations.serialize(self.recurrent_activation),
            "gate_bias": dict(self.gate_bias),
            "gradient": self.gradient,
            "clip_net_gradient": self.clip_net_gradient,
            "heads": self.heads,
            "unit_forget_bias": self.unit_forget_bias,
        }
        return accepted(type(self), config)


def clip_gradient(x: Tensor, bound: float) -> Tensor:
    """x, whose gradient is clipped to [-bound, bound] in the backward pass."""

    @ops.custom_gradient
    def identity(x: Tensor) -> Any:
        def gradient(*args: Tensor, upstream: Tensor = None) -> Tensor:
            upstream = args[0] if upstream is None else upstream
            return ops.clip(upstream, -bound, bound)

        return x, gradient

    return identity(x)


def fresh(initializer: Any) -> Any:
    """A copy of an initializer for a further weight: one and the same repeats its numbers."""
    return initializer.clone() if isinstance(initializer, keras.Initializer) else initializer
