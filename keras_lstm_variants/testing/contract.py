"""Checks of the class itself: names, arguments, configuration. All others wait for them."""

import ast
import contextlib
import inspect
import json
import textwrap
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from ..cells.parts.base import GatedCell
from .checks import check
from .subject import BATCH, Subject, Violation, float_type, numbers


@check("the class is registered with Keras", "contract")
def registered(subject: Subject) -> None:
    classes = [subject.cell_class, *([subject.layer_class] if subject.own_layer else [])]
    for one in classes:
        name = keras.saving.get_registered_name(one)
        if keras.saving.get_registered_object(name) is not one:
            raise Violation(
                f"{one.__name__} must be registered with Keras, or no saved model loads it. Write "
                '@keras.saving.register_keras_serializable(package="...") above the class.'
            )


@check("the constructor takes the arguments of all cells", "contract")
def constructor(subject: Subject) -> None:
    try:
        subject.new_cell()
    except (TypeError, ValueError) as error:
        raise Violation(
            f"{subject.cell_class.__name__}({_shown(subject.arguments)}, dtype=...) must make the "
            f"cell, but raises a {type(error).__name__}: {str(error).rstrip('.')}. Let __init__ "
            "take **kwargs and pass them to super().__init__; pass check_cell the other arguments "
            "that it needs."
        ) from None


def _shown(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


@check("gates and states are named, the output first", "contract")
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


@check("the configuration has every argument, and gives the cell back", "contract")
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
            biased = getattr(subject.cell_class, "biased", ()) or subject.cell_class.gates
            values[name] = {biased[0]: -1.5}
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


@check("`step` gives a state for each name, of the size and type of the one before", "contract")
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


@check("a call leaves nothing behind and draws nothing", "contract")
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
    return set(vars(cell))
