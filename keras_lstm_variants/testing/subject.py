"""A cell under test: its layers, all with the same weights, and what runs and compares them."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import keras
import numpy as np
from keras import ops

from ..cells.parts.base import GatedCell
from ..recurrent import Recurrent

# Sizes that differ, so that no axis can pass for another.
BATCH, STEPS, FEATURES, UNITS = 4, 5, 7, 6

# Padded on the right, on the left, with holes, and nothing but padding.
MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [1, 0, 1, 0, 1], [0, 0, 0, 0, 0]], bool)
NONSENSE = 99.0  # stands where a sequence is padded

SEED = 20
MOST_MASKS = 2**10  # of recurrent dropout, that are tried

LOOPS = {
    "keras": "keras.layers.RNN over the cell",
    "unrolled": "the unrolled layer",
    "graph": "the layer with scan='graph'",
    "auto": "the layer with scan='auto'",
}

numbers = ops.convert_to_numpy


def backend() -> str:
    return keras.backend.backend()


def float_type() -> str:
    """The most precise type in which the backend computes everything."""
    # Elsewhere Keras turns float64 into float32 in some operations: in tanh on JAX, for one.
    return "float64" if backend() == "tensorflow" else "float32"


def rounding() -> float:
    return 1e-12 if float_type() == "float64" else 1e-4


class Violation(AssertionError):
    """What one check has found: what was expected, what was seen, what to do."""


class NotApplicable(Exception):
    """Why a check has nothing to check."""


Oracle = Callable[[np.ndarray, list, list], tuple[Any, Sequence]]


@dataclass(eq=False)
class Subject:
    """A cell under test: its layers, all with the same random weights, and input for them.

    Args:
        cell_class: The cell.
        layer_class: Its layer; made if not given.
        arguments: What its constructor needs, such as its size.
        choices: Other values of arguments, away from the defaults.
        oracle: The equations in NumPy, for one sequence: `oracle(x, states, weights)` gives the
            outputs (steps, units) and the last states, from x (steps, features), the states before
            the first step and the weights in the order of `get_weights()`.
        full_gradient: The arguments with which no gradient is cut.
        draws: Whether training draws more than dropout masks.
        positive: The states that are never negative.
        idle: Entries of the weights on which nothing depends, as ones in an array, by the place of
            the weight.
    """

    cell_class: type[GatedCell]
    layer_class: Any = None
    arguments: Mapping[str, Any] = field(default_factory=lambda: {"units": UNITS})
    choices: Mapping[str, Any] = field(default_factory=dict)
    oracle: Oracle | None = None
    full_gradient: Mapping[str, Any] | None = None
    draws: bool = False
    positive: Sequence[str] = ()
    idle: Mapping[int, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.own_layer = self.layer_class is not None
        if self.layer_class is None:
            name = self.cell_class.__name__.removesuffix("Cell") or "Layer"
            self.layer_class = type(name, (Recurrent,), {"cell_class": self.cell_class})
        if self.full_gradient is None:
            cuts = self.cell_class.default_gradient == "truncated" and self.takes("gradient")
            self.full_gradient = {"gradient": "full"} if cuts else {}
        self._layers: dict = {}

    def run(self, check: Any) -> None:
        """Raises `Violation` or `NotApplicable`, or whatever the cell raises."""
        made = {} if self.own_layer else {self.layer_class.__name__: self.layer_class}
        with keras.saving.custom_object_scope(made):
            check.run(self)

    def takes(self, argument: str) -> bool:
        """Whether an argument of all cells means something to this one."""
        return argument not in self.cell_class.refuses

    def taken(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in options.items() if self.takes(name)}

    def new_cell(self, dtype: str | None = None, **options: Any) -> Any:
        return self.cell_class(**{**self.arguments, **options}, dtype=dtype or float_type())

    @cached_property
    def cell(self) -> Any:
        """The cell by itself, built, with the weights of all layers; without a cut gradient."""
        cell = self.new_cell(**(self.full_gradient or {}))
        cell.build((None, FEATURES))
        cell.set_weights(self.weights)
        return cell

    @cached_property
    def weights(self) -> list[np.ndarray]:
        cell, rng = self.new_cell(), np.random.default_rng(SEED)
        cell.build((None, FEATURES))
        return [rng.normal(size=weight.shape).astype(float_type()) for weight in cell.weights]

    @property
    def dtype(self) -> str:
        return float_type()

    @property
    def sizes(self) -> list[int]:
        return list(self.cell.state_size)

    def layer(self, loop: str, dtype: str | None = None, **options: Any) -> Any:
        """A layer with one of the LOOPS over the cell, built; the same one for the same options."""
        key = repr((loop, dtype, sorted(options.items())))
        if key not in self._layers:
            self._layers[key] = self.new_layer(loop, dtype, **options)
        return self._layers[key]

    def new_layer(self, loop: str, dtype: str | None = None, **options: Any) -> Any:
        layer = self.unbuilt(loop, dtype, **options)
        layer.build((BATCH if options.get("stateful") else None, None, FEATURES))
        layer.set_weights(self.weights)
        return layer

    def unbuilt(self, loop: str, dtype: str | None = None, **options: Any) -> Any:
        dtype = dtype or float_type()
        options = {"return_sequences": True, "return_state": True, **options}
        if loop == "keras":
            of_loop = {name: options.pop(name) for name in OF_LOOP if name in options}
            return keras.layers.RNN(self.new_cell(dtype, **options), **of_loop, dtype=dtype)
        how = {"unroll": True} if loop == "unrolled" else {"scan": loop}
        return self.layer_class(**{**self.arguments, **options}, **how, dtype=dtype)

    def loops(self, *names: str) -> list[str]:
        """Those of the loops that there are on this backend."""
        compiles = backend() == "tensorflow"
        return [name for name in names or LOOPS if name != "auto" or compiles]

    @property
    def ours(self) -> list[str]:
        """The fastest of the loops of our layers, alone."""
        return self.loops("auto", "graph")[:1]

    @cached_property
    def x(self) -> np.ndarray:
        return (
            np.random.default_rng(SEED + 1)
            .normal(size=(BATCH, STEPS, FEATURES))
            .astype(float_type())
        )

    @cached_property
    def states(self) -> list[np.ndarray]:
        """Random states before the first step."""
        rng = np.random.default_rng(SEED + 2)
        states = [rng.normal(size=(BATCH, size)).astype(float_type()) for size in self.sizes]
        pairs = zip(self.cell.state, states, strict=True)
        return [np.abs(state) if name in self.positive else state for name, state in pairs]

    @property
    def zeros(self) -> list[np.ndarray]:
        return [numbers(state) for state in self.cell.get_initial_state(batch_size=BATCH)]

    @cached_property
    def directions(self) -> list[np.ndarray]:
        """Random derivatives of a loss by the outputs and by the last states."""
        rng = np.random.default_rng(SEED + 3)
        shapes = [(BATCH, STEPS, self.sizes[0]), *((BATCH, size) for size in self.sizes)]
        return [rng.normal(size=shape).astype(float_type()) for shape in shapes]

    # The reference.

    def solve(self, x: Any, states: Sequence, weights: Sequence | None = None) -> tuple:
        """The outputs at all steps and the last states, by the oracle or by the cell itself."""
        weights = self.weights if weights is None else list(weights)
        if self.oracle is None:
            return self.by_the_step(x, states, weights)
        rows = [self.oracle(row[0], list(row[1:]), weights) for row in zip(x, *states, strict=True)]
        hs, finals = zip(*rows, strict=True)
        return np.stack(hs), [np.stack(final) for final in zip(*finals, strict=True)]

    def by_the_step(
        self, x: Any, states: Sequence, weights: Sequence | None = None, h_mask: Any = None
    ) -> tuple:
        """The same by the cell, called for one step after the other: no loop of any layer."""
        cell = self.cell
        cell.set_weights(self.weights if weights is None else weights)
        states, outputs = [ops.convert_to_tensor(state) for state in states], []
        for x_t in np.moveaxis(np.asarray(x), 1, 0):
            of_x = None if h_mask is None else cell.net_of_x(ops.convert_to_tensor(x_t))
            output, states = cell.call(
                ops.convert_to_tensor(x_t), states, training=False, of_x=of_x, h_mask=h_mask
            )
            outputs.append(numbers(output))
        cell.set_weights(self.weights)
        return np.stack(outputs, axis=1), [numbers(state) for state in states]

    def slopes(self, loss: Callable, arguments: Sequence, directions: Sequence) -> tuple:
        """For each argument: the loss's derivative in its direction, and how exact that is."""
        return _slopes(loss, arguments, directions, self.oracle is not None)

    def close(self, actual: Any, expected: Any, says: str, do: str = "", atol: float = 0) -> None:
        _close(actual, expected, says, do, max(atol, rounding()))


OF_LOOP = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll",
           "zero_output_for_mask")  # fmt: skip


def _close(actual: Any, expected: Any, says: str, do: str, atol: float) -> None:
    """Violation if some numbers differ: outputs, or lists of them."""
    actual, expected = (v if isinstance(v, (list, tuple)) else [v] for v in (actual, expected))
    rtol = 1e-12 if float_type() == "float64" else rounding()  # rectified outputs grow large
    for place, (one, other) in enumerate(zip(actual, expected, strict=True)):
        one, other = numbers(one), numbers(other)
        which = f" (tensor {place} of {len(actual)})" if len(actual) > 1 else ""
        if one.shape != other.shape:
            raise Violation(f"{says}: the shapes {one.shape} and {other.shape} differ{which}. {do}")
        # What is left of large numbers that cancel is no more exact than they are.
        largest = np.max(np.abs(other[np.isfinite(other)]), initial=0)
        least = max(atol, 32 * np.finfo(float_type()).eps * largest)
        if not np.allclose(one, other, rtol=rtol, atol=least):
            gap = np.abs(one - other) / (least + rtol * np.abs(other))
            worst = np.unravel_index(np.argmax(np.nan_to_num(gap, nan=np.inf)), gap.shape)
            raise Violation(
                f"{says}: {float(one[worst]):.6g} is not {float(other[worst]):.6g}, at "
                f"{tuple(map(int, worst))} of {one.shape}{which}. {do}".rstrip()
            )


def _slopes(loss, arguments, directions, analytic):
    """Derivatives of a loss by a complex step where it can be, else by central differences."""

    moved = partial(_moved, arguments, directions)
    coarse, rough = (1e-6, 1e-6) if float_type() == "float64" else (1e-2, 2e-2)
    slopes, tolerance = [], rounding() if analytic else rough
    for place in range(len(arguments)):
        difference = None
        if analytic:
            tiny = 1e-30
            with contextlib.suppress(TypeError), np.errstate(all="ignore"):
                slopes.append(float(np.imag(loss(*moved(place, 1j * tiny))) / tiny))
                if place:  # one suffices to see whether the oracle carries the step
                    continue
                difference = _difference(loss, moved, place, 1e-6)
                close = abs(difference - slopes[0]) <= 1e-4 * max(1, abs(difference))
                if close:
                    continue
            # The oracle drops the imaginary part, by an absolute value for example. It is NumPy, so
            # it computes in float64 whatever the backend does: a step that crosses the bend of a
            # rectifier is none of the gradient.
            arguments = [np.asarray(argument, "float64") for argument in arguments]
            slopes = [
                _difference(loss, partial(_moved, arguments, directions), n, 1e-6)
                for n in range(len(arguments))
            ]
            return slopes, max(1e-6, 2 * rounding())
        slopes.append(_difference(loss, moved, place, coarse))
    return slopes, tolerance


def _moved(arguments, directions, place, by):
    return [a + by * directions[place] if n == place else a for n, a in enumerate(arguments)]


def _difference(loss, moved, place, by):
    return float((loss(*moved(place, by)) - loss(*moved(place, -by))) / (2 * by))


# How to run a layer: what differs between the backends.


def compiled(layer, shape=None, xla=False, **fixed):
    """The layer as a compiled graph, given the call arguments that are no tensors.

    With a shape, TensorFlow makes one graph for all its inputs; only if told so it goes through
    XLA, as JAX always does. Torch has no graphs here.
    """
    if backend() == "tensorflow":
        import tensorflow as tf

        signature = None if shape is None else [tf.TensorSpec(shape, float_type())]
        call = partial(layer, **fixed)
        return tf.function(call, input_signature=signature, jit_compile=xla)
    if backend() == "torch":
        return partial(layer, **fixed)
    import jax

    @jax.jit
    def stateless(trained, others, args, kwargs):
        return layer.stateless_call(trained, others, *args, **kwargs, **fixed)

    def call_it(*args, **kwargs):
        variables = layer.trainable_variables, layer.non_trainable_variables
        trained, others = ([v.value for v in kind] for kind in variables)
        outputs, others = stateless(trained, others, args, kwargs)
        for variable, value in zip(layer.non_trainable_variables, others, strict=True):
            variable.assign(value)
        return outputs

    return call_it


def gradients(loss, variables, inputs, graph=False):
    """The gradients of the number loss(*inputs): for each variable, then for each input.

    JAX takes them in a graph, torch without one, and TensorFlow as told: a graph takes it longer.
    """
    inputs = [ops.convert_to_tensor(value) for value in inputs]
    values = [variable.value for variable in variables]
    if backend() == "tensorflow":
        import tensorflow as tf

        def taken(*inputs):
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                number = loss(*inputs)
            return tape.gradient(number, [*values, *inputs], unconnected_gradients="zero")

        taken_gradients = (tf.function(taken) if graph else taken)(*inputs)
    elif backend() == "jax":
        import jax

        def stateless(values, inputs):
            with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
                return loss(*inputs)

        of_variables, of_inputs = jax.jit(jax.grad(stateless, argnums=(0, 1)))(values, inputs)
        taken_gradients = [*of_variables, *of_inputs]
    else:
        import torch

        inputs = [tensor.requires_grad_() for tensor in inputs]
        taken_gradients = torch.autograd.grad(
            loss(*inputs), [*values, *inputs], materialize_grads=True
        )
    return list(map(numbers, taken_gradients))


def layer_gradients(layer, directions, x, states=(), mask=None, graph=False, training=False):
    """Of the layer's outputs, each in its direction: for its weights, for x, for each state."""

    def loss(x, *states):
        options = {"training": training}
        options |= {"initial_state": list(states)} if states else {}
        options |= {} if mask is None else {"mask": ops.convert_to_tensor(mask)}
        outputs = layer(x, **options)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        pairs = zip(outputs, directions, strict=True)
        return sum(ops.sum(y * ops.convert_to_tensor(d, y.dtype)) for y, d in pairs)

    return gradients(loss, layer.trainable_variables, [x, *states], graph)


def padded(x):
    """x with nonsense wherever it is masked."""
    return np.where(MASK[..., None], x, np.asarray(NONSENSE, x.dtype))
