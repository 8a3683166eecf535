"""What happens inside a layer: every gate and state at every step, and how far inputs reach."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike

from .backend import Tensor, starts_from_zeros, vjp
from .interception import Call, intercept, letters, net_inputs


def record(
    layer: keras.Layer,
    sequences: ArrayLike,
    initial_state: Sequence[Any] | None = None,
    mask: ArrayLike | None = None,
) -> dict[str, Any]:
    """Every letter of a layer's equations at every step, as NumPy arrays.

    The cell runs step by step, as at inference, and what its `step` assigns is read off when it
    returns: nothing is computed a second time, and a letter has the name that it has in the
    equations. A cell without `step` shows its states only.

    Args:
        layer: A layer of this package, a `keras.layers.RNN` over one of its cells or over
            `keras.layers.StackedRNNCells`, or a `keras.layers.Bidirectional` over these. Built.
        sequences: Array (batch, steps, features).
        initial_state: List of the states before the first step, as the layer takes it.
        mask: Boolean array (batch, steps). Where it is False, states stay as they are and
            everything else is NaN.

    Returns:
        A dict from names to arrays (batch, steps, width), step t standing where the layer read x_t
        even if it read backwards: the states and the other letters, such as `i`; `net_i` and so on,
        the net inputs; `output`, what the layer returns with `return_sequences`. Where a cell has
        layers, `i_1` is that of the first. The names of stacked cells begin with `cell_1.`,
        `cell_2.` and so on. For a `Bidirectional`, a dict with such a dict for each of `forward`
        and `backward`, and their `output`.

    Raises:
        TypeError: The layer is none of these.
        ValueError: It has not been built.
    """
    if isinstance(layer, keras.layers.Bidirectional):
        both = _each_way(record, layer, sequences, initial_state, mask)
        outputs = [direction["output"] for direction in both.values()]
        return {**both, "output": MERGE[layer.merge_mode](*outputs)}
    steps: list[dict[str, Any]] = []
    shown: Any = 0.0
    for step in _run(layer, sequences, initial_state, mask):
        values = dict(zip(state_names(layer), step.after, strict=True))
        if not steps and not starts_from_zeros(layer):
            shown = step.before[state_names(layer).index(_output_state(layer))]
        for name, letter in step.letters.items():
            values.setdefault(name, _where(step.real, letter, np.nan))
        shown = _where(step.real, step.output, 0.0 if layer.zero_output_for_mask else shown)
        steps.append({**values, "output": shown})
    if layer.go_backwards:
        steps.reverse()
    return {name: np.stack([step[name] for step in steps], axis=1) for name in steps[0]}


def sensitivity(
    layer: keras.Layer,
    sequences: ArrayLike,
    of: str | None = None,
    to: str = "input",
    initial_state: Sequence[Any] | None = None,
    mask: ArrayLike | None = None,
) -> Any:
    """How much each step depends on each earlier one: the size of the derivative of h_t by x_s.

    The size is the root mean square, over the units of h, of the length of each unit's gradient: so
    it does not grow with the number of units, and that of the identity is one. Gradients are those
    with which the layer learns; a cell that truncates them is shown with what is left.

    Args:
        layer, sequences, initial_state, mask: As in `record`.
        of: What depends: a state, by name; the output if not given.
        to: What it depends on: `"input"`, or a state, by name, as it was before step s.

    Returns:
        Array (batch, steps, steps), with t before s; zero where the layer reads s after t. For a
        `Bidirectional`, a dict with one for `forward` and one for `backward`.

    Raises:
        TypeError, ValueError: As in `record`; or there is no state of that name.
    """
    if isinstance(layer, keras.layers.Bidirectional):
        options = {"of": of, "to": to}
        return _each_way(sensitivity, layer, sequences, initial_state, mask, **options)
    run = list(_run(layer, sequences, initial_state, mask))
    names = state_names(layer)
    of = of or _output_state(layer)
    for name in {of, to} - {"input"}:
        if name not in names:
            raise ValueError(f"{layer.name} has no state {name!r}; its states are {names}.")
    of_input, of_states, ends = _step_derivatives(layer.cell, run)
    columns = {name: slice(a, b) for name, a, b in zip(names, [0, *ends], ends, strict=False)}
    through = of_input if to == "input" else of_states[..., columns[to]]

    steps, batch = of_input.shape[:2]
    result = np.zeros((batch, steps, steps), of_input.dtype)
    rows = np.eye(ends[-1], dtype=of_input.dtype)[columns[of]]
    reach = np.broadcast_to(rows, (steps, batch, *rows.shape))  # of step t by the states lag before
    for lag in range(steps):
        s = np.arange(steps - lag)
        size = np.linalg.norm(reach @ through[s], axis=(-2, -1)) / np.sqrt(len(rows))
        result[:, s + lag, s] = size.T
        reach = (reach @ of_states[s])[1:]
    return np.flip(result, (1, 2)) if layer.go_backwards else result


def state_names(layer: keras.layers.RNN) -> list[str]:
    """The names of a layer's states, in their order."""
    return [
        prefix + name
        for prefix, cell in _cells(layer.cell).items()
        for name in getattr(cell, "state", None)
        or [f"state_{n}" for n, _ in enumerate(keras.tree.flatten(cell.state_size), 1)]
    ]


def _output_state(layer: keras.layers.RNN) -> str:
    """The first state of the last cell, which is the output."""
    last = [*_cells(layer.cell)][-1]
    return next(name for name in state_names(layer) if name.startswith(last))


MERGE: dict[str | None, Callable[..., Any]] = {
    "concat": lambda one, other: np.concatenate([one, other], axis=-1),
    "sum": np.add,
    "mul": np.multiply,
    "ave": lambda one, other: (one + other) / 2,
    None: lambda one, other: [one, other],
}


def _each_way(
    function: Callable[..., Any],
    layer: keras.layers.Bidirectional,
    sequences: ArrayLike,
    initial_state: Sequence[Any] | None,
    mask: ArrayLike | None,
    **options: Any,
) -> dict[str, Any]:
    """What a function gives for both directions of a `Bidirectional`."""
    halves: list[Any] = [None, None]
    if initial_state is not None:
        half = len(initial_state) // 2
        halves = [initial_state[:half], initial_state[half:]]
    return {
        name: function(one, sequences, initial_state=states, mask=mask, **options)
        for name, one, states in zip(
            ("forward", "backward"),
            (layer.forward_layer, layer.backward_layer),
            halves,
            strict=True,
        )
    }


class _Step(NamedTuple):
    """What happened at a step. States are in a flat list, in their order.

    Attributes:
        x: The input.
        before, after: The states.
        output: What the cell put out.
        letters: What `step` was given and assigned, by name.
        real: Which sequences are not masked here; None if there is no mask.
    """

    x: np.ndarray
    before: list[np.ndarray]
    after: list[np.ndarray]
    output: np.ndarray
    letters: dict[str, np.ndarray]
    real: np.ndarray | None


def _run(
    layer: keras.layers.RNN,
    sequences: ArrayLike,
    initial_state: Sequence[Any] | None,
    mask: ArrayLike | None,
) -> Iterator[_Step]:
    """Runs the cell over the steps, in the order in which the layer reads them."""
    if not isinstance(layer, keras.layers.RNN):
        raise TypeError(f"{layer.name}: a {type(layer).__name__} is no recurrent layer.")
    if not layer.built:
        raise ValueError(f"{layer.name} has not been built: call it, or load its model, first.")
    sequences = np.asarray(sequences)
    mask = None if mask is None else np.asarray(mask, bool)
    if initial_state is None:
        initial_state = layer.states if layer.stateful else _zeros(layer.cell, len(sequences))
    states = [_numpy(state) for state in keras.tree.flatten(initial_state)]
    places = range(sequences.shape[1])
    for t in reversed(places) if layer.go_backwards else places:
        x, real = sequences[:, t], None if mask is None else mask[:, t]
        cells = _cells(layer.cell).values()
        with _without_dropout(layer.cell), intercept(*cells) as calls:
            output, after = _call(layer.cell, _tensor(layer.cell, x), *states)
        after = [_where(real, _numpy(a), b) for a, b in zip(after, states, strict=True)]
        of_step = {name: _numpy(value) for name, value in _letters(layer.cell, calls).items()}
        yield _Step(x, states, after, _numpy(output), of_step, real)
        states = after


def _call(cell: Any, x: Tensor, *states: Tensor) -> tuple[Tensor, list[Tensor]]:
    """The cell's output and its new states, which it takes and gives in a structure of its own."""
    structure = _zeros(cell, 1)
    output, after = cell(x, keras.tree.pack_sequence_as(structure, states), training=False)
    return output, keras.tree.flatten(after)


def _step_derivatives(cell: Any, run: Sequence[_Step]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The derivatives of the states after every step by its input and by the states before it.

    No step needs another one for this, so all of them together are one batch.

    Returns:
        Arrays (steps, batch, states, features) and (steps, batch, states, states), where the units
        of all states stand in one row, and where each state ends in this row.
    """
    steps, batch = len(run), len(run[0].x)
    inputs = [
        _tensor(cell, np.concatenate(values))
        for values in zip(*([step.x, *step.before] for step in run), strict=True)
    ]
    features, *widths = (value.shape[-1] for value in inputs)
    rows = []
    with _without_dropout(cell):
        outputs, pull_back = vjp(lambda x, *states: _call(cell, x, *states)[1], inputs, often=True)
        for place, width in enumerate(widths):
            for unit in range(width):
                directions = [ops.zeros_like(output) for output in outputs]
                one_hot = np.eye(width)[[unit] * (steps * batch)]
                directions[place] = _tensor(cell, one_hot)
                gradients = [_numpy(gradient) for gradient in pull_back(directions)]
                rows.append(np.concatenate(gradients, axis=-1))
    derivatives = np.stack(rows, axis=1).reshape(steps, batch, len(rows), -1)
    of_input, of_states = derivatives[..., :features], derivatives[..., features:]
    if run[0].real is not None:
        real = np.stack([np.asarray(step.real) for step in run])[..., None, None]
        of_input = np.where(real, of_input, 0)
        of_states = np.where(real, of_states, np.eye(len(rows)))
    return of_input, of_states, np.cumsum(widths)


def _letters(cell: Any, calls: Sequence[Call]) -> dict[str, Any]:
    """What the equations were given and assigned: net inputs and letters, by name."""
    return {
        prefix + name: value
        for prefix, one in _cells(cell).items()
        for name, value in {
            **{f"net_{name}": value for name, value in net_inputs(calls, one).items()},
            **letters(calls, one),
        }.items()
    }


@contextmanager
def _without_dropout(cell: Any) -> Iterator[None]:
    """No dropout mask is drawn: the next training step draws the same one as without recording.

    Keras' cells draw at inference, too, so their rates are zero meanwhile, for all threads. Ours
    do not, and may be trained by another thread.
    """
    rates = [
        (one, name, getattr(one, name))
        for one in _cells(cell).values()
        if not hasattr(one, "net_of_x")
        for name in ("dropout", "recurrent_dropout")
        if hasattr(one, name)
    ]
    for one, name, _ in rates:
        setattr(one, name, 0.0)
    try:
        yield
    finally:
        for one, name, rate in rates:
            setattr(one, name, rate)


def _cells(cell: Any) -> dict[str, Any]:
    """The cells of a layer, by what their names begin with."""
    if isinstance(cell, keras.layers.StackedRNNCells):
        return {f"cell_{n}.": one for n, one in enumerate(cell.cells, 1)}
    return {"": cell}


def _zeros(cell: Any, batch: int) -> Any:
    return cell.get_initial_state(batch_size=batch)


def _tensor(cell: Any, value: ArrayLike) -> Tensor:
    return ops.convert_to_tensor(value, dtype=cell.compute_dtype)


def _numpy(tensor: Tensor) -> np.ndarray:
    """As an array, in float32 if in less."""
    array = ops.convert_to_numpy(tensor)
    return array.astype("float32") if array.itemsize < 4 else array


def _where(real: np.ndarray | None, values: np.ndarray, otherwise: Any) -> np.ndarray:
    """The values of the sequences that are not masked; of those that are, something else."""
    if real is None:
        return values
    return np.where(real.reshape(-1, *[1] * (values.ndim - 1)), values, otherwise)
