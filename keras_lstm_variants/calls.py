"""What enters a call of a layer: what Keras broadcasts is broadcast, all else is an error.

Compiled code takes the sizes of its arrays on trust, and Keras' own loops say what is wrong in
terms of the operation that failed. So it is looked at here, as far as it is known while a graph is
made; what is known only when a graph runs, is checked then, where compiled code is called.
"""

from collections.abc import Sequence
from typing import Any, NoReturn

from keras import ops

from .backend import Tensor, tensor, with_shape

Shape = Sequence[int | None]


def checked(
    layer: Any, sequences: Tensor, initial_state: Any, mask: Any
) -> tuple[Tensor, list[Tensor] | None, Tensor]:
    """The arguments of a call as tensors of the shapes that the loop over time takes.

    Args:
        layer: A `Recurrent`.
        sequences: (batch, steps, ...).
        initial_state: None, or a state for each of the cell's: (batch, ...), or that of one
            sequence, (1, ...) or (...). A cell's only state need not be in a list.
        mask: None, or (batch, steps), or (1, steps); also with a last axis of 1.

    Raises:
        ValueError: Something is of another shape.
    """
    sequences = tensor(sequences)
    shape = tuple(sequences.shape)
    features = layer.shape_of_step
    if features is not None and not alike(shape[2:], features):
        wrong(layer, "sequences", f"(batch, steps, {', '.join(map(str, features))})", shape)
    if shape[1] == 0:
        raise ValueError(f"{layer.name}: sequences must have a step, not the shape {shape}.")
    if None in shape[2:] and features is not None:
        sequences = with_shape(sequences, (*shape[:2], *features))
    if initial_state is not None and hasattr(layer.cell, "state"):  # and not just any of Keras
        initial_state = states(layer, initial_state, sequences)
    if mask is not None:
        mask = mask_of_steps(layer, tensor(mask), sequences)
    return sequences, initial_state, mask


def states(layer: Any, given: Any, sequences: Tensor) -> list[Tensor]:
    """The states before the first step, (batch, ...) each."""
    names, first = layer.cell.state, layer.cell.get_initial_state(batch_size=1)
    given = list(given) if isinstance(given, list | tuple) else [given]
    if len(given) != len(names):
        raise ValueError(
            f"{layer.name}: initial_state must be a list of {len(names)} "
            f"({', '.join(names)}), not of {len(given)}."
        )
    return [
        broadcast(
            layer,
            f"initial_state[{n}] ({names[n]})",
            tensor(state),
            (sequences.shape[0], *first[n].shape[1:]),
            (ops.shape(sequences)[0], *first[n].shape[1:]),
        )
        for n, state in enumerate(given)
    ]


def mask_of_steps(layer: Any, mask: Tensor, sequences: Tensor) -> Tensor:
    """The mask, (batch, steps)."""
    if len(mask.shape) == 3 and mask.shape[-1] in (1, None):
        mask = ops.reshape(mask, ops.shape(mask)[:2])
    if len(mask.shape) != 2:
        wrong(layer, "mask", "(batch, steps)", tuple(mask.shape))
    mask = ops.cast(mask, "bool")
    sizes = ops.shape(sequences)
    return broadcast(layer, "mask", mask, tuple(sequences.shape[:2]), (sizes[0], sizes[1]))


def broadcast(layer: Any, name: str, value: Tensor, shape: Shape, sizes: tuple[Any, ...]) -> Tensor:
    """The value for all sequences, of which it may be of one; `sizes` are those in a graph."""
    has = tuple(value.shape)
    if None not in has and has == tuple(shape):
        return value
    of_one = has[:1] == (1,) or len(has) == len(shape) - 1
    if not alike(has[-len(shape) + 1 :] if of_one else has, shape[1:] if of_one else shape):
        wrong(layer, name, tuple(shape), has)
    return with_shape(ops.broadcast_to(value, sizes), tuple(shape))


def alike(shape: Shape, expected: Shape) -> bool:
    """Whether two shapes may be the same: None is any size."""
    return len(shape) == len(expected) and all(
        None in (n, of) or n == of for n, of in zip(shape, expected, strict=True)
    )


def wrong(layer: Any, name: str, must_be: Any, shape: Shape) -> NoReturn:
    raise ValueError(f"{layer.name}: {name} must be of shape {must_be}, not {tuple(shape)}.")
