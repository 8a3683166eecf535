"""Checks of a cell, yours or ours: every way to run it gives the numbers of its equations.

    from keras_lstm_variants.testing import check_cell

    check_cell(MyCell)

runs them all, as scikit-learn's `check_estimator` does for an estimator, and says in sentences what
fails. The reference is the cell itself, called once for each time step, or an oracle: the equations
in NumPy. Gradients are compared with finite differences, or with the oracle's complex step.
"""

import ast
import contextlib
import inspect
import itertools
import json
import os
import tempfile
import textwrap
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib.util import find_spec
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from . import exporting
from .cells.parts.base import GatedCell
from .recurrent import Recurrent

__all__ = ["CHECKS", "CellError", "Report", "Subject", "Violation", "check_cell"]

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
    "compiled": "the layer with scan='compiled'",
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


class CellError(AssertionError):
    """The checks that a cell fails, a line for each.

    Attributes:
        failures: Sentences, by the name of the check.
        report: What was checked.
    """

    def __init__(self, name: str, failures: dict[str, str], report: "Report"):
        self.failures, self.report = failures, report
        lines = [f"{name} fails {len(failures)} of {len(failures) + len(report.passed)} checks:"]
        lines += [f"- {check}: {sentence}" for check, sentence in failures.items()]
        super().__init__("\n".join(lines))


@dataclass
class Report:
    """What `check_cell` has checked.

    Attributes:
        passed: The seconds that each check took, by its name.
        skipped: Why a check did not run, by its name.
    """

    passed: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{name}: {CHECKS[name].says} ({t:.1f} s)" for name, t in self.passed.items()]
        lines += [f"{name}: skipped, {reason}" for name, reason in self.skipped.items()]
        return "\n".join(lines)


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

    def run(self, check: "Check") -> None:
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
        return [name for name in names or LOOPS if name != "compiled" or compiles]

    @property
    def ours(self) -> list[str]:
        """The fastest of the loops of our layers, alone."""
        return self.loops("compiled", "graph")[:1]

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
        if not np.allclose(one, other, rtol=rtol, atol=atol):
            gap = np.abs(one - other)
            worst = np.unravel_index(np.argmax(np.nan_to_num(gap, nan=np.inf)), gap.shape)
            raise Violation(
                f"{says}: {float(one[worst]):.6g} is not {float(other[worst]):.6g}, at "
                f"{tuple(map(int, worst))} of {one.shape}{which}. {do}".rstrip()
            )


def _slopes(loss, arguments, directions, analytic):
    """Derivatives of a loss by a complex step where it can be, else by central differences."""

    def moved(place, by):
        return [a + by * directions[place] if n == place else a for n, a in enumerate(arguments)]

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
            # The oracle drops the imaginary part, by an absolute value for example.
            return _slopes(loss, arguments, directions, analytic=False)
        slopes.append(_difference(loss, moved, place, coarse))
    return slopes, tolerance


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


# The checks.


class Check(NamedTuple):
    """One check.

    Attributes:
        run: Takes a `Subject`; raises `Violation` or `NotApplicable`.
        says: What holds.
        kind: "contract": of the class, and the others wait for it; "cell": of its equations, under
            a second; "layer": of the layer over it, under a second; "expensive": compiles a graph,
            or writes files.
    """

    run: Callable[[Subject], None]
    says: str
    kind: str


CHECKS: dict[str, Check] = {}


def _check(says: str, kind: str = "cell") -> Callable:
    def register(run: Callable[[Subject], None]) -> Callable[[Subject], None]:
        CHECKS[run.__name__] = Check(run, says, kind)
        return run

    return register


# The contract.


@_check("the class is registered with Keras", "contract")
def registered(subject: Subject) -> None:
    classes = [subject.cell_class, *([subject.layer_class] if subject.own_layer else [])]
    for one in classes:
        name = keras.saving.get_registered_name(one)
        if keras.saving.get_registered_object(name) is not one:
            raise Violation(
                f"{one.__name__} must be registered with Keras, or no saved model loads it. Write "
                '@keras.saving.register_keras_serializable(package="...") above the class.'
            )


@_check("the constructor takes the arguments of all cells", "contract")
def constructor(subject: Subject) -> None:
    try:
        subject.new_cell()
    except TypeError as error:
        raise Violation(
            f"{subject.cell_class.__name__}({_shown(subject.arguments)}, dtype=...) must make the "
            f"cell, but raises a TypeError: {error}. Let __init__ take **kwargs and pass them to "
            "super().__init__; pass check_cell the other arguments that it needs."
        ) from None


def _shown(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


@_check("gates and states are named, the output first", "contract")
def names(subject: Subject) -> None:
    cls, cell = subject.cell_class, subject.new_cell()
    state = cell.state  # of the cell, as it may depend on arguments
    for attribute in "gates", "state":
        value = getattr(cell, attribute)
        if isinstance(value, str) or not all(isinstance(name, str) for name in value):
            raise Violation(
                f"`{attribute}` must be a tuple of names, but is {value!r}. Of one name it is "
                f"('{value if isinstance(value, str) else 'h'}',), with a comma."
            )
        if not value or len(set(value)) < len(value):
            raise Violation(f"`{attribute}` must name something, each once, but is {value!r}.")
    if state[0] == "c" and "h" in state:
        raise Violation(
            f"The output must be the first state, but `state` is {state!r}: layers would put "
            "out c. Write h first, there and in what `step` returns."
        )
    fed_back = set(cell.fed_back) & set(state) or cls.advance is not GatedCell.advance
    if subject.takes("recurrent_dropout") and cls.feedback is GatedCell.feedback and not fed_back:
        raise Violation(
            "`fed_back` must name the states that R multiplies, which recurrent dropout drops, but "
            f"is {cell.fed_back!r}, and `state` is {state!r}. Write `fed_back = "
            f"({state[0]!r},)`."
        )
    if cls.step is GatedCell.step:
        raise Violation("The cell has no equations. Define step(self, net, *states).")
    parameters = list(inspect.signature(cls.step).parameters.values())
    any_number = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    expected = 2 + len(state)
    if not any_number and len(parameters) != expected:
        raise Violation(
            f"`step` must take self, the net inputs and {len(state)} states, one for each name "
            f"in `state` = {state!r}, but takes ({', '.join(p.name for p in parameters)})."
        )


@_check("the configuration has every argument, and gives the cell back", "contract")
def configuration(subject: Subject) -> None:
    usual = subject.new_cell().get_config()
    for name in _own_arguments(subject):
        if name not in usual:
            raise Violation(
                f"get_config must have every argument of __init__, but lacks {name!r}: a saved "
                f"model would forget it. Return {{**super().get_config(), {name!r}: self.{name}}}."
            )
    for name, value in _other_values(subject).items():
        cell = subject.new_cell(**{name: value})
        config = json.loads(json.dumps(cell.get_config()))
        if config[name] == usual[name] and name not in subject.arguments:
            raise Violation(
                f"get_config must have the value that was given, but {name}={value!r} comes out as "
                f"{config[name]!r}. Keep it in __init__ and return it."
            )
        again = subject.cell_class.from_config(config).get_config()
        if json.loads(json.dumps(again)) != config:
            different = [key for key in config if again.get(key) != config[key]]
            raise Violation(
                f"from_config(get_config()) must give the same cell, but {different} differ. "
                "Let __init__ take what get_config returns."
            )


def _own_arguments(subject: Subject) -> dict[str, Any]:
    """The arguments of `__init__`, also of the classes below, with their defaults."""
    found: dict[str, Any] = {}
    for cls in subject.cell_class.__mro__:
        if "__init__" in vars(cls):
            parameters = list(inspect.signature(vars(cls)["__init__"]).parameters.values())[1:]
            for one in parameters:
                named = one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
                if named and one.name not in found and subject.takes(one.name):
                    found[one.name] = one.default
            passes_on = any(one.kind is one.VAR_KEYWORD for one in parameters)
            if not passes_on or cls is GatedCell:
                break
    config = subject.new_cell().get_config()
    given = subject.arguments

    def accepted(name: str, default: Any) -> bool:
        if name in given or default is inspect.Parameter.empty:
            return name in given
        try:  # a class may set an argument of those below
            subject.new_cell(**{name: default})
        except (TypeError, ValueError):
            return False
        return True

    return {n: d for n, d in found.items() if n in config or accepted(n, d)}


def _other_values(subject: Subject) -> dict[str, Any]:
    """For each argument another value than its default, as far as one is known."""
    values: dict[str, Any] = {}
    for name, default in _own_arguments(subject).items():
        if name in subject.arguments:
            continue
        if name in subject.choices:
            values[name] = subject.choices[name]
        elif name in OTHER_VALUES:
            values[name] = OTHER_VALUES[name]
        elif name == "gate_bias":
            values[name] = {subject.cell_class.gates[0]: -1.5}
        elif type(default) in (bool, int, float):
            other = not default if type(default) is bool else default * 2 or type(default)(1)
            with contextlib.suppress(TypeError, ValueError):
                of_cell: dict[str, Any] = {name: other}
                subject.new_cell(**of_cell)
                values[name] = other
    return values


# Of the arguments that all cells have.
OTHER_VALUES = {
    "activation": "softsign",
    "recurrent_activation": "hard_sigmoid",
    "use_bias": False,
    "kernel_initializer": "he_normal",
    "recurrent_initializer": "random_normal",
    "bias_initializer": "ones",
    "clip_net_gradient": 0.5,
    "gradient": "truncated",
    "heads": 2,
}


@_check("`step` gives a state for each name, of the size and type of the one before", "contract")
def takes_a_step(subject: Subject) -> None:
    cls, cell = subject.cell_class, subject.cell
    state = cell.state
    for name, size, given in zip(
        state, cell.state_size, cell.get_initial_state(batch_size=BATCH), strict=True
    ):
        if tuple(given.shape) != (BATCH, size):
            raise Violation(
                f"get_initial_state must give {name} in the shape (batch, {size}), but for a batch "
                f"of {BATCH} gives {tuple(given.shape)}. size_of({name!r}) says how many units "
                "it has."
            )
    x, states = (
        ops.convert_to_tensor(subject.x[:, 0]),
        list(map(ops.convert_to_tensor, subject.states)),
    )
    net = cell.net(cell.net_of_x(x), *states)
    new = cell.step(net, *states)
    if not isinstance(new, (tuple, list)):
        raise Violation(
            f"`step` must return a tuple of states, but returned one {type(new).__name__}. Of one "
            f"state write `return ({state[0]},)`, with a comma."
        )
    if len(new) != len(state):
        raise Violation(
            f"`step` must return {len(state)} states, one for each name in `state` = {state!r}, "
            f"but returned {len(new)}."
        )
    for name, old, one in zip(state, states, new, strict=True):
        if tuple(one.shape) != tuple(old.shape):
            raise Violation(
                f"The state {name} must keep its shape, but `step` took it in {tuple(old.shape)} "
                f"and returned {tuple(one.shape)}. Return the states in the order of `state` = "
                f"{state!r}, and say in size_of({name!r}) how many units it has."
            )
        dtype = keras.backend.standardize_dtype(one.dtype)
        if dtype != float_type():
            raise Violation(
                f"The state {name} must be of the cell's type, {float_type()}, but `step` returned "
                f"{dtype}. Cast to self.compute_dtype, or leave out the cast."
            )
    _returned_in_order(cls, state)
    output, after = cell.call(x, states, training=False)
    if len(after) != len(new) or not np.array_equal(numbers(output), numbers(after[0])):
        raise Violation(
            "The output must be the first of the new states, but `call` returns another: masks and "
            "the loops of layers take it from there. Leave `call` alone and put the output first "
            "in `state`."
        )
    if cell.output_size != cell.state_size[0]:
        raise Violation(
            f"The output must be the first state, of {cell.state_size[0]} units, but output_size "
            f"is {cell.output_size}. Leave it alone."
        )


def _returned_in_order(cls: type, state: tuple) -> None:
    """Violation if `step` returns states under their names, but not in their order."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls.step)))  # type: ignore[attr-defined]
    except (OSError, SyntaxError, TypeError):  # typed into an interpreter, for example
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            returned = tuple(getattr(item, "id", None) for item in node.value.elts)
            if returned != state and set(returned) == set(state):
                raise Violation(
                    f"`step` must return the states in the order of `state` = {state!r}, but "
                    f"returns ({', '.join(map(str, returned))})."
                )


@_check("a call leaves nothing behind and draws nothing", "contract")
def keeps_nothing(subject: Subject) -> None:
    cell = subject.cell
    x, states = (
        ops.convert_to_tensor(subject.x[:, 0]),
        list(map(ops.convert_to_tensor, subject.states)),
    )

    def call(x, training=False):
        return numbers(cell(x, states, training=training)[0])

    def kept():
        return {
            name: (id(value), len(value) if isinstance(value, (list, dict, set)) else 0)
            for name, value in vars(cell).items()
        }

    expected = call(x)
    weights, before = [numbers(w) for w in cell.weights], kept()
    call(2 * x)
    after = kept()
    changed = sorted(
        name for name in after if after[name] != before.get(name) and not _usual(cell, name)
    )
    if changed:
        raise Violation(
            f"A call must leave the cell as it was, but changes self.{changed[0]}. What a step "
            "hands to the next belongs in `state`: loops may be graphs, in which Python runs once."
        )
    for weight, old in zip(cell.weights, weights, strict=True):
        if not np.array_equal(numbers(weight), old):
            raise Violation(
                f"A call must leave the weights as they were, but assigns {weight.name}. What a "
                "step hands to the next belongs in `state`."
            )
    if not np.array_equal(call(x), expected):
        raise Violation(
            "The same input must give the same output at inference, but gives another at the "
            "second call. `step` draws random numbers or depends on something that it keeps."
        )
    if not subject.draws and not np.array_equal(call(x, training=True), expected):
        raise Violation(
            "Without dropout, training must compute what inference does, but gives another output. "
            "If the equations of training draw random numbers, say so with draws=True."
        )


def _usual(cell: Any, name: str) -> bool:
    """Whether Keras keeps an attribute of this name itself, such as the mask of dropout."""
    return name.startswith("_") and name in _attributes_of_keras()


def _attributes_of_keras() -> set[str]:
    cell = keras.layers.SimpleRNNCell(1)
    cell(np.zeros((1, 1)), [np.zeros((1, 1))])
    return set(vars(cell)) | {"_h_mask"}


# Values.


@_check("`step` computes what the oracle does")
def equations(subject: Subject) -> None:
    if subject.oracle is None:
        raise NotApplicable("there is no oracle")
    hs, finals = subject.solve(subject.x, subject.states)
    for t in range(STEPS):
        ours, last = subject.by_the_step(subject.x[:, : t + 1], subject.states)
        subject.close(
            ours[:, t],
            hs[:, t],
            f"The cell must compute what the oracle does, but at step {t + 1} its output differs",
            "Compare `step` with the oracle line by line, and the order of the weights.",
        )
    subject.close(last, finals, "The last states of the cell must be the oracle's, but differ")


@_check("every loop gives the numbers of the equations")
def values(subject: Subject) -> None:
    expected_hs, expected = subject.solve(subject.x, subject.states)
    for loop in subject.loops():
        hs, *finals = subject.layer(loop)(subject.x, initial_state=subject.states)
        says = f"{LOOPS[loop]} must give the numbers of the equations, but differs"
        subject.close([hs, *finals], [expected_hs, *expected], says, ONE_STEP)


ONE_STEP = "The cell, called step by step, gives the second number: look for what `step` keeps."


@_check("every loop has the gradients of the equations")
def gradients_of_loops(subject: Subject) -> None:
    _check_gradients(subject, subject.loops(), graph=False)


def _check_gradients(subject: Subject, loops: Iterable[str], graph: bool) -> None:
    rng = np.random.default_rng(SEED + 4)
    arguments = [*subject.weights, subject.x, *subject.states]
    n = len(subject.weights)
    along = [rng.normal(size=a.shape).astype(a.dtype) for a in arguments]

    def loss(*moved):
        hs, finals = subject.solve(moved[n], moved[n + 1 :], moved[:n])
        pairs = zip([hs, *finals], subject.directions, strict=True)
        return sum(np.sum(y * d) for y, d in pairs)

    expected, tolerance = subject.slopes(loss, arguments, along)
    names = [w.name for w in subject.cell.weights] + ["x"]
    names += [f"the first {name}" for name in subject.cell.state]
    for loop in loops:
        layer = subject.layer(loop, **(subject.full_gradient or {}))
        # In graphs for inference no loop is compiled: training decides.
        training = graph and loop == "compiled" and not subject.draws
        actual = layer_gradients(
            layer, subject.directions, subject.x, subject.states, graph=graph, training=training
        )
        for name, gradient, d, slope in zip(names, actual, along, expected, strict=True):
            length = np.linalg.norm(gradient) * np.linalg.norm(d)
            exact = 0 if tolerance == rounding() else tolerance * max(1, abs(slope))
            if not abs(np.sum(gradient * d) - slope) <= tolerance * length + exact:
                by = "the oracle's complex step" if exact == 0 else "finite differences"
                raise Violation(
                    f"The gradient of {name} must be that of the equations, but with {LOOPS[loop]}"
                    f"{', in a graph,' if graph else ''} is {np.sum(gradient * d):.6g} in a random "
                    f"direction, where {by} give {slope:.6g}. Compute with keras.ops: NumPy, "
                    "rounding and stop_gradient pass no gradient on."
                )


@_check("every weight and every gate matters")
def every_weight_matters(subject: Subject) -> None:
    many = 50  # rectified units rest at times
    rng = np.random.default_rng(SEED + 5)
    layer = subject.layer(subject.ours[0])
    if len(layer.trainable_variables) != len(layer.weights):
        return  # a frozen weight is the cell's own business
    x = rng.normal(size=(many, STEPS, FEATURES)).astype(float_type())
    directions = [rng.normal(size=(many, STEPS, subject.sizes[0]))]
    directions += [np.zeros((many, size)) for size in subject.sizes]
    # Not from zeros: a memory that starts empty is not changed by the bias of sLSTM's input gate.
    states = [np.resize(state, (many, state.shape[1])) for state in subject.states]
    layer.set_weights([0.5 * weight for weight in subject.weights])
    taken = layer_gradients(layer, directions, x, states)[: len(layer.weights)]
    layer.set_weights(subject.weights)
    for place, (weight, gradient) in enumerate(zip(layer.weights, taken, strict=True)):
        idle = subject.idle.get(place, np.zeros(weight.shape))
        wrong = np.argwhere((gradient == 0) != (idle == 1))
        if len(wrong):
            entry, gate = tuple(map(int, wrong[0])), _gate_of(subject, weight, wrong[0])
            raise Violation(
                f"The output must depend on every entry of {weight.name}, but not on {entry} of "
                f"{tuple(weight.shape)}{gate}. Use the gate in `step` or take its name out of "
                "`gates`; if the entry is meant to be idle, say so with idle={place: ones}."
            )


def _gate_of(subject: Subject, weight: Any, entry: np.ndarray) -> str:
    """Of which gate an entry of the kernel, the recurrent kernel or the bias is."""
    gates = subject.cell_class.gates
    ends = np.cumsum([subject.cell.size_of(gate) for gate in gates])
    if weight.shape[-1] != ends[-1]:
        return ""
    return f", a column of the gate {gates[int(np.searchsorted(ends, entry[-1], 'right'))]!r}"


@_check("masks, reading backwards and zeros for padding are Keras'")
def loops_agree_on_masks(subject: Subject) -> None:
    x = padded(subject.x)
    choices: tuple[dict[str, Any], ...] = {}, {"go_backwards": True, "zero_output_for_mask": True}
    for options in choices:
        theirs = subject.layer("keras", **options)
        expected = theirs(x, initial_state=subject.states, mask=MASK)
        slopes = layer_gradients(theirs, subject.directions, x, subject.states, MASK)
        # Both ours do the second before and after the loop.
        for loop in subject.loops("graph", "compiled") if not options else subject.ours:
            ours = subject.layer(loop, **options)
            actual = ours(x, initial_state=subject.states, mask=MASK)
            says = f"{LOOPS[loop]} must give what keras.layers.RNN does under a mask, but "
            subject.close(actual, expected, says + f"its outputs differ, with {options}")
            actual = layer_gradients(ours, subject.directions, x, subject.states, MASK)
            subject.close(actual, slopes, says + f"its gradients differ, with {options}", "", 1e-11)


# Properties.


@_check("padding changes nothing")
def padding(subject: Subject) -> None:
    x = padded(subject.x)
    for loop in subject.loops("keras", "graph", "compiled"):
        hs, *finals = map(numbers, subject.layer(loop)(x, initial_state=subject.states, mask=MASK))
        says = f"Padding must change nothing, but with {LOOPS[loop]} "
        if not np.all(np.isfinite(hs)):
            raise Violation(says + "makes outputs that are not finite.")
        for n in range(BATCH - 1):
            row = [state[n : n + 1] for state in subject.states]
            expected_hs, expected = subject.solve(subject.x[n : n + 1, MASK[n]], row)
            subject.close(hs[n][MASK[n]], expected_hs[0], says + "outputs differ", MIXED)
            of_n = [final[n] for final in finals]
            subject.close(of_n, [e[0] for e in expected], says + "last states differ", MIXED)
        of_padding = [final[-1] for final in finals]
        unchanged = [state[-1] for state in subject.states]
        subject.close(of_padding, unchanged, says + "states of nothing but padding differ")


MIXED = "Does `step` mix the sequences of a batch, by a mean over the first axis for example?"


@_check("padding changes nothing in both directions", "layer")
def padding_in_both_directions(subject: Subject) -> None:
    loop = subject.ours[0]
    for sequences in True, False:
        one = subject.unbuilt(loop, return_sequences=sequences, return_state=False)
        layer = keras.layers.Bidirectional(one, dtype=float_type())
        layer.build((None, None, FEATURES))
        layer.set_weights(2 * subject.weights)
        y = numbers(layer(padded(subject.x), mask=MASK))
        for n in range(BATCH - 1):
            alone = layer(subject.x[n : n + 1, MASK[n]])[0]
            says = "Padding must change nothing, but in keras.layers.Bidirectional outputs differ"
            subject.close(y[n][MASK[n]] if sequences else y[n], alone, says, MIXED)


@_check("the order of a batch changes nothing")
def batch_order(subject: Subject) -> None:
    order = [2, 0, 3, 1]
    hs, finals = subject.by_the_step(subject.x, subject.states)
    shuffled = subject.by_the_step(subject.x[order], [state[order] for state in subject.states])
    says = "The order of a batch must change nothing, but outputs differ"
    subject.close(
        [shuffled[0], *shuffled[1]], [hs[order], *(f[order] for f in finals)], says, MIXED
    )
    alone = subject.by_the_step(subject.x[:1], [state[:1] for state in subject.states])
    says = "The other sequences of a batch must change nothing, but outputs differ"
    subject.close([alone[0], *alone[1]], [hs[:1], *(f[:1] for f in finals)], says, MIXED)


@_check("two halves are the whole")
def halves(subject: Subject) -> None:
    for loop in subject.loops("keras", "graph", "compiled"):
        layer = subject.layer(loop)
        whole, *finals = layer(subject.x)
        first, *between = layer(subject.x[:, :2])
        second, *last = layer(subject.x[:, 2:], initial_state=between)
        joined = ops.concatenate([first, second], axis=1)
        says = f"Two halves of a sequence must give the whole, but with {LOOPS[loop]} differ"
        do = "All that a step hands to the next belongs in `state`."
        subject.close([joined, *last], [whole, *finals], says, do)


@_check("a stateful layer carries on until it is reset", "layer")
def stateful(subject: Subject) -> None:
    loop = subject.ours[0]
    layer = subject.new_layer(loop, stateful=True)
    whole = subject.layer(loop)(subject.x)[0]
    parts = [layer(subject.x[:, :2])[0], layer(subject.x[:, 2:])[0]]
    says = "A stateful layer must carry on where it stopped, but differs"
    subject.close(ops.concatenate(parts, axis=1), whole, says)
    layer.reset_state()
    subject.close(
        layer(subject.x)[0], whole, "A stateful layer that is reset must start anew, but differs"
    )


@_check("reading backwards is reading the reversed sequence", "layer")
def backwards(subject: Subject) -> None:
    for loop in subject.loops("keras", "graph", "compiled"):
        hs, *finals = subject.layer(loop, go_backwards=True)(subject.x)
        expected_hs, expected = subject.solve(subject.x[:, ::-1], subject.zeros)
        says = f"{LOOPS[loop]} must read backwards with go_backwards, but differs"
        subject.close([hs, *finals], [expected_hs, *expected], says)


@_check("without sequences only the last output is returned", "layer")
def last_output(subject: Subject) -> None:
    loop = subject.ours[0]
    layer = subject.layer(loop, return_sequences=False)
    last, *finals = layer(subject.x, initial_state=subject.states)
    hs, expected = subject.solve(subject.x, subject.states)
    says = "Without return_sequences a layer must return the last output, but differs"
    subject.close([last, *finals], [hs[:, -1], *expected], says)


@_check("stacked cells are stacked layers", "layer")
def stacked(subject: Subject) -> None:
    loop = subject.ours[0]
    rng = np.random.default_rng(SEED + 6)
    lower = subject.layer(loop)
    upper = subject.unbuilt(loop, return_state=False)
    upper.build((None, None, subject.sizes[0]))
    upper.set_weights([rng.normal(size=weight.shape) for weight in upper.weights])
    cells = keras.layers.StackedRNNCells(
        [subject.new_cell(), subject.new_cell()], dtype=float_type()
    )
    both = keras.layers.RNN(cells, return_sequences=True, dtype=float_type())
    both.build((None, None, FEATURES))
    both.set_weights([*lower.get_weights(), *upper.get_weights()])
    says = "keras.layers.StackedRNNCells must give what two layers do, but differs"
    subject.close(both(subject.x), upper(lower(subject.x)[0]), says)


@_check("a layer saved as .keras and loaded gives the same numbers")
def reload(subject: Subject) -> None:
    options = {**subject.choices, **subject.taken({"dropout": 0.5, "recurrent_dropout": 0.25})}
    x = keras.Input((None, FEATURES), dtype=float_type())
    ours = subject.unbuilt(subject.ours[0], return_state=False, **options)
    theirs = subject.unbuilt("keras", return_state=False, **options)
    model = keras.Model(x, [ours(x), theirs(x)])
    rng = np.random.default_rng(SEED + 7)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.weights])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.keras")
        model.save(path)
        again = keras.models.load_model(path)
    do = "Make all weights in `build`, with self.add_weight, and keep all arguments in get_config."
    says = "A saved and loaded layer must give the same numbers, but differs"
    subject.close(again(subject.x), model(subject.x), says, do)


# Dropout.


def _rates(subject: Subject, kind: str) -> dict[str, Any]:
    if not subject.takes(kind):
        raise NotApplicable(f"the cell takes no {kind}")
    return {kind: 0.5}


@_check("dropout keeps one mask of x for a sequence")
def dropout(subject: Subject) -> None:
    _one_mask_of_x(subject, subject.loops("keras", "graph"))


@_check("recurrent dropout keeps one mask of h for a sequence")
def recurrent_dropout(subject: Subject) -> None:
    _one_mask_of_h(subject, subject.loops("keras", "graph"))


@_check("the compiled loop keeps one mask of each kind of dropout", "expensive")
def compiled_dropout(subject: Subject) -> None:
    if "compiled" not in subject.loops():
        raise NotApplicable("nothing is compiled on this backend")
    _one_mask_of_x(subject, ["compiled"])
    if subject.takes("recurrent_dropout"):
        _one_mask_of_h(subject, ["compiled"])


def _one_mask_of_x(subject: Subject, loops: Iterable[str]) -> None:
    masks = _masks(FEATURES)
    many = len(masks)

    def explained(x, states):
        """The outputs with each of the masks."""
        rows = [np.repeat(state[None], many, axis=0) for state in states]
        layer = subject.layer(subject.ours[0])
        return numbers(layer(x * masks[:, None], initial_state=rows)[0])

    _one_mask(subject, loops, "dropout", masks, explained)


def _one_mask_of_h(subject: Subject, loops: Iterable[str]) -> None:
    _rates(subject, "recurrent_dropout")
    if 2 ** subject.sizes[0] > MOST_MASKS:
        raise NotApplicable(f"{subject.sizes[0]} units have too many masks to try")
    masks = _masks(subject.sizes[0])

    def explained(x, states):
        rows = [np.repeat(state[None], len(masks), axis=0) for state in states]
        xs = np.repeat(x[None], len(masks), axis=0)
        return subject.by_the_step(xs, rows, h_mask=ops.convert_to_tensor(masks))[0]

    _one_mask(subject, loops, "recurrent_dropout", masks, explained)


def _masks(size: int) -> np.ndarray:
    """All that dropout may leave, with half of it dropped."""
    return np.array(list(itertools.product([0.0, 2.0], repeat=size)), float_type())


def _one_mask(subject, loops, kind, masks, explained):
    """To drop is to multiply by a mask: looks for the one that explains a whole sequence."""
    rates = _rates(subject, kind)
    if subject.draws:
        raise NotApplicable("in training the cell draws more than this")
    x, states = subject.x, subject.states
    candidates = [explained(x[n], [s[n] for s in states]) for n in range(BATCH)]
    atol = min(100 * rounding(), 1e-5) if float_type() == "float64" else 1e-3
    for loop in loops:
        layer = subject.new_layer(loop, seed=1, **rates)
        hs = numbers(layer(x, initial_state=states, training=True)[0])
        masks_of = []
        for n in range(BATCH):
            fits = np.isclose(candidates[n], hs[n], rtol=rounding(), atol=atol).all(axis=(1, 2))
            masks_of.append({tuple(mask) for mask in masks[fits]})
        says = f"With {kind}, {LOOPS[loop]} must multiply "
        if not all(masks_of):
            raise Violation(
                says + "each sequence by one mask, the same at all steps, but no mask explains its "
                "output. Products of x belong in net_of_x, those of states get what `net` is given."
            )
        if set.intersection(*masks_of):
            raise Violation(says + "each sequence by its own mask, but all have the same.")


@_check("dropout draws another mask at every call, and the seed decides which", "layer")
def dropout_draws(subject: Subject) -> None:
    for kind in "dropout", "recurrent_dropout":
        if not subject.takes(kind):
            continue
        for loop in subject.loops("keras", "graph"):
            layer, again = (
                subject.new_layer(loop, seed=1, **_rates(subject, kind)) for _ in range(2)
            )
            drawn = [_trained(subject, layer) for _ in range(3)]
            _all_differ(drawn, kind, loop)
            same = [_trained(subject, again) for _ in range(2)]
            subject.close(same, drawn[:2], f"With one seed, {kind} must be the same, but differs")


@_check("dropout draws another mask at every call of a graph", "expensive")
def dropout_draws_in_graphs(subject: Subject) -> None:
    for kind in "dropout", "recurrent_dropout":
        if not subject.takes(kind):
            continue
        for loop in subject.loops("graph", "compiled"):
            layer = subject.new_layer(loop, seed=1, **_rates(subject, kind))
            graph = compiled(layer, training=True)
            drawn = [_trained(subject, layer)]
            drawn += [numbers(graph(subject.x, initial_state=subject.states)[0]) for _ in range(2)]
            _all_differ([*drawn, _trained(subject, layer)], kind, loop)


def _trained(subject: Subject, layer: Any) -> np.ndarray:
    return numbers(layer(subject.x, initial_state=subject.states, training=True)[0])


def _all_differ(drawn: list, kind: str, loop: str) -> None:
    for one, other in itertools.combinations(drawn, 2):
        if np.abs(one - other).max() <= 1e-3:
            raise Violation(
                f"With {kind}, {LOOPS[loop]} must draw another mask at every call, but two calls "
                "give the same. Does the cell use what it is given by `see` and `net`?"
            )


@_check("dropout does nothing at inference", "layer")
def dropout_at_inference(subject: Subject) -> None:
    rates = subject.taken({"dropout": 0.5, "recurrent_dropout": 0.5})
    for loop in subject.loops("keras", "graph", "compiled"):
        expected = subject.layer(loop)(subject.x, initial_state=subject.states)
        layer = subject.new_layer(loop, **rates)
        for training in {}, {"training": False}:
            actual = layer(subject.x, initial_state=subject.states, **training)
            says = f"Dropout must do nothing at inference, but with {LOOPS[loop]} outputs differ"
            subject.close(actual, expected, says)


# What compiles a graph.


@_check("graphs have the values and gradients of the equations", "expensive")
def graphs(subject: Subject) -> None:
    _check_gradients(subject, subject.loops("graph", "compiled"), graph=True)


@_check("a graph takes any batch and any number of steps", "expensive")
def any_sizes(subject: Subject) -> None:
    rng = np.random.default_rng(SEED + 8)
    layer = subject.layer("graph")
    graph = compiled(layer, shape=(None, None, FEATURES))
    for batch, steps in (1, 1), (3, 1), (2, 6):
        x = rng.normal(size=(batch, steps, FEATURES)).astype(float_type())
        states = [numbers(s) for s in subject.cell.get_initial_state(batch_size=batch)]
        hs, finals = subject.solve(x, states)
        says = f"A graph must take any sizes, but differs for {batch} sequences of {steps} steps"
        do = "Ask for sizes with ops.shape(x), or write -1."
        subject.close(graph(x), [hs, *finals], says, do)


@_check("a compiled training step goes down the gradient of the equations", "expensive")
def compiled_training(subject: Subject) -> None:
    if subject.draws:
        raise NotApplicable("its equations are those of inference")
    layer = subject.new_layer(
        "graph", return_sequences=False, return_state=False, **(subject.full_gradient or {})
    )
    model = keras.Sequential([keras.Input((STEPS, FEATURES), dtype=float_type()), layer])
    # XLA on TensorFlow and JAX.
    model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=backend() != "torch")
    model.fit(subject.x, np.ones((BATCH, subject.sizes[0])), verbose=0)
    rng = np.random.default_rng(SEED + 9)
    along = [rng.normal(size=w.shape).astype(w.dtype) for w in subject.weights]
    zeros = subject.zeros

    def loss(*weights):
        return np.mean((subject.solve(subject.x, zeros, weights)[0][:, -1] - 1) ** 2)

    slopes, tolerance = subject.slopes(loss, subject.weights, along)
    moved = zip(layer.weights, subject.weights, layer.get_weights(), along, slopes, strict=True)
    for weight, before, after, d, slope in moved:
        step = (before - after) / 0.5
        near = max(1e-4, tolerance) * (np.linalg.norm(step) * np.linalg.norm(d)) + tolerance
        if not abs(np.sum(step * d) - slope) <= near:
            raise Violation(
                f"Compiled training must move {weight.name} down the gradient of the equations, "
                f"but moves it by {np.sum(step * d):.6g} in a random direction instead of "
                f"{slope:.6g}."
            )


@_check("half precision gives the numbers of float32, as near as it can", "expensive")
def mixed_precision(subject: Subject) -> None:
    weights = [0.3 * weight for weight in subject.weights]
    x = subject.x.astype("float32")
    plain = subject.new_layer("graph", "float32")
    plain.set_weights(weights)
    expected = numbers(plain(x)[0])
    for policy, atol in {"mixed_float16": 1e-2, "mixed_bfloat16": 5e-2}.items():
        layer = subject.new_layer("graph", policy)
        layer.set_weights(weights)
        y = layer(x)[0]
        dtype = keras.backend.standardize_dtype(y.dtype)
        if dtype != policy.removeprefix("mixed_"):
            raise Violation(f"With {policy} outputs must be of that type, but are {dtype}.")
        kinds = {weight.dtype for weight in layer.weights}
        if kinds != {"float32"}:
            raise Violation(f"With {policy} weights must be float32, but some are {kinds}.")
        says = f"With {policy} outputs must be near those of float32, but differ"
        do = "Sum, take powers and exponentials in self.compute_dtype; multiply with self.dot."
        subject.close(ops.cast(y, "float32"), expected, says, do, atol)


@_check("it trains in half precision", "expensive")
def mixed_precision_training(subject: Subject) -> None:
    layer = subject.new_layer("graph", "mixed_float16", return_state=False)
    before = [0.3 * weight for weight in subject.weights]
    layer.set_weights(before)
    model = keras.Sequential([keras.Input((None, FEATURES)), layer])
    model.compile("sgd", "mse", jit_compile=backend() == "jax")
    model.fit(subject.x, np.ones((BATCH, STEPS, subject.sizes[0])), verbose=0)
    for weight, old, new in zip(layer.weights, before, layer.get_weights(), strict=True):
        if not np.all(np.isfinite(new)) or np.allclose(new, old, rtol=0, atol=1e-9):
            what = "leaves as it was" if np.all(np.isfinite(new)) else "makes infinite or NaN"
            raise Violation(f"Training in mixed_float16 must move {weight.name}, but {what}.")


# Exports.


def _model(subject: Subject) -> Any:
    """A model in both directions, for any batch and length, with the mask as an input."""
    x = keras.Input((None, FEATURES), name="x")
    mask = keras.Input((None,), dtype="bool", name="mask")
    rates = subject.taken({"dropout": 0.5, "recurrent_dropout": 0.5})
    layer = subject.unbuilt("auto", "float32", return_state=False, **rates)
    model = keras.Model([x, mask], keras.layers.Bidirectional(layer)(x, mask=mask))
    model.set_weights([0.5 * weight for weight in 2 * subject.weights])
    return model


@contextlib.contextmanager
def _exported(subject: Subject, format: exporting.Format):
    if backend() != "tensorflow":
        raise NotApplicable(f"models are exported on TensorFlow, not on {backend()}")
    packages, extra = exporting.FORMATS[format]
    if missing := [package for package in packages if find_spec(package) is None]:
        raise NotApplicable(f"{', '.join(missing)} is not installed (extra {extra})")
    model = _model(subject)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model")
        # An ONNX or LiteRT file is run and compared with the model before it is kept.
        exporting.export(model, path, format, BATCH if format == "litert" else None)
        yield model, path


@_check("a SavedModel runs without this package and gives the same numbers", "expensive")
def saved_model(subject: Subject) -> None:
    with _exported(subject, "tf_saved_model") as (model, path):
        import tensorflow as tf

        serve = tf.saved_model.load(path).signatures["serving_default"]
        functions = serve.graph.as_graph_def().library.function
        nodes = [*serve.graph.as_graph_def().node, *(n for f in functions for n in f.node_def)]
        if foreign := sorted({n.op for n in nodes if "PyFunc" in n.op}):
            raise Violation(
                f"A SavedModel must hold operations of TensorFlow only, but has {foreign}: they "
                "run in this process alone. Compute with keras.ops."
            )
        for steps in STEPS, 2:
            x, mask = padded(subject.x)[:, :steps].astype("float32"), MASK[:, :steps]
            exported = serve(x=tf.constant(x), mask=tf.constant(mask))["output_0"]
            says = f"A SavedModel must give the model's numbers, but differs after {steps} steps"
            subject.close(exported, model([x, mask]), says, "", 1e-5)


@_check("an ONNX file gives the same numbers in onnxruntime", "expensive")
def onnx(subject: Subject) -> None:
    with _exported(subject, "onnx"):
        pass


@_check("a LiteRT file gives the same numbers in LiteRT", "expensive")
def litert(subject: Subject) -> None:
    with _exported(subject, "litert"):
        pass


@_check("the loop is compiled")
def translation(subject: Subject) -> None:
    if "compiled" not in subject.loops():
        raise NotApplicable("nothing is compiled on this backend")
    layer = subject.layer("compiled")
    layer(subject.x)
    if layer.why_not_compiled:
        raise NotApplicable(f"the layer runs as a graph instead: {layer.why_not_compiled}")


# All of them.

BASIC = {"constructor", "names", "takes_a_step"}  # without which no other can be run


def check_cell(
    cell: type,
    arguments: Mapping[str, Any] | None = None,
    *,
    choices: Mapping[str, Any] | None = None,
    oracle: Oracle | None = None,
    full_gradient: Mapping[str, Any] | None = None,
    draws: bool = False,
    positive: Sequence[str] = (),
    idle: Mapping[int, np.ndarray] | None = None,
    only: Iterable[str] | None = None,
    skip: Iterable[str] = (),
) -> Report:
    """Checks that every way to run a cell gives the numbers of its equations.

    That is: values and gradients of every loop, masks and padding, states carried on, the order of
    a batch, dropout, saving and loading, half precision, compiled training, exports. A minute for a
    cell on one core.

    Args:
        cell: A class that inherits from `GatedCell`, or its layer, which inherits from `Recurrent`.
        arguments: What the constructor needs; `{"units": 6}` if not given.
        choices: Another value than the default for arguments of the cell, such as
            `{"mode": "slow"}`: the checks see to it that `get_config` keeps them. Numbers and
            booleans need none.
        oracle: The equations once more, in NumPy: `oracle(x, states, weights)` of one sequence, x
            of shape (steps, features), each state (size,), the weights in the order of
            `get_weights()`; returns the outputs (steps, units) and the list of the last states.
            Given one, values and gradients are compared with it, else with the cell called step by
            step, and with finite differences.
        full_gradient: The arguments with which the cell cuts no gradient, if it does otherwise.
        draws: Whether training draws random numbers other than masks of dropout.
        positive: Names of states that are never negative.
        idle: Entries of the weights on which nothing depends, as ones in an array, by the place of
            the weight.
        only: Names of checks, see `CHECKS`; all if not given. The contract is always checked.
        skip: Names of checks to leave out.

    Returns:
        The checks that passed, and those that were skipped with the reason: a package that is not
        installed, a backend that cannot.

    Raises:
        CellError: Some checks fail; a sentence for each says what was expected, what was seen and
            what to do.
        TypeError: `cell` is neither a cell nor a layer.
        ValueError: There is no check of such a name.
    """
    layer_class = None
    if isinstance(cell, type) and issubclass(cell, Recurrent):
        layer_class, cell = cell, cell.cell_class
    if not (isinstance(cell, type) and issubclass(cell, GatedCell)):
        raise TypeError(
            f"check_cell takes a class that inherits from GatedCell, or its layer, not {cell!r}."
        )
    only, skip = list(CHECKS) if only is None else list(only), set(skip)
    if unknown := sorted(({*only} | skip) - CHECKS.keys()):
        raise ValueError(f"There is no check {unknown[0]!r}; there are {', '.join(CHECKS)}.")
    subject = Subject(
        cell,
        layer_class,
        {"units": UNITS} if arguments is None else dict(arguments),
        choices or {},
        oracle,
        full_gradient,
        draws,
        positive,
        idle or {},
    )
    report = Report()
    failures: dict[str, str] = {}
    for name, check in CHECKS.items():
        if name in skip:
            report.skipped[name] = "as asked"
        elif check.kind == "contract" or name in only:
            kinds = {CHECKS[failure].kind for failure in failures}
            if failures.keys() & BASIC or ("contract" in kinds and check.kind != "contract"):
                report.skipped[name] = "it waits for the contract"
                continue
            start = time.perf_counter()
            if sentence := _sentence(subject, check, report):
                failures[name] = sentence
            elif name not in report.skipped:
                report.passed[name] = time.perf_counter() - start
    if failures:
        raise CellError(cell.__name__, failures, report)
    return report


def _sentence(subject: Subject, check: Check, report: Report) -> str:
    """Runs a check: what is wrong, or "" if nothing is."""
    try:
        subject.run(check)
    except NotApplicable as reason:
        report.skipped[check.run.__name__] = str(reason)
    except Violation as violation:
        return str(violation)
    except Exception as error:  # of the cell's code, wherever it comes up
        return _explained(subject, check, error)
    return ""


def _explained(subject: Subject, check: Check, error: Exception) -> str:
    cls = subject.cell_class
    net = getattr(cls, "Net", ())
    if isinstance(error, AttributeError) and isinstance(error.obj, net):
        return (
            f"`step` reads net.{error.name}, but `gates` is {cls.gates!r}. Add {error.name!r} to "
            "`gates`, at the place of its columns in the weights."
        )
    files = {inspect.getsourcefile(one) for one in cls.__mro__ if one.__module__ != "builtins"}
    lines = traceback.extract_tb(error.__traceback__)
    own = [line for line in lines if line.filename == _file_of(cls)]
    ours = [line for line in lines if line.filename in files]
    where = (own or ours or lines)[-1]
    message = textwrap.shorten(str(error).strip().partition("\n")[0], 200) or "no message"
    return (
        f"{check.says[0].upper()}{check.says[1:]}: this could not be seen, because of a "
        f"{type(error).__name__} in {os.path.basename(where.filename)}, line {where.lineno}, "
        f"`{where.line}`: {message}. In a graph tensors have no values: compute with keras.ops, "
        "without Python's `if`, float() and NumPy."
    )


def _file_of(cls: type) -> str | None:
    try:
        return inspect.getsourcefile(cls)
    except (OSError, TypeError):
        return None
