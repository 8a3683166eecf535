"""What enters a call of a recurrent layer: taken as Keras takes it, or refused in a sentence.

First whatever counts as a tensor becomes one (`given`); Keras then builds the layer; then dtypes
and shapes are checked: what is known before the graph runs with an error that names the argument
(`check_shapes`), what is known later by operations that fail (`in_full`).
"""

import contextlib
import re
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from .backend import Tensor

ARGUMENTS = ("sequences", "initial_state", "mask")


class Uncast:
    """Hides a value from Keras, which casts the tensors in a call to the layer's dtype.

    In half precision that would round the states from one call to the next.
    """

    def __init__(self, value: Any) -> None:
        self.value = value


def in_two_halves(call: Callable[..., Any]) -> Callable[..., Any]:
    """Marks the `call` of a cell that may be taken apart: what x gives, then step by step."""
    call.in_two_halves = True  # type: ignore[attr-defined]
    return call


def why_plain(layer: Any) -> str:
    """Why only the loop of `keras.layers.RNN` gives what the cell gives; "" if others do."""
    cell = layer.cell
    if layer.scan == "plain":
        return "it was made with scan='plain'"
    if not hasattr(cell, "net_of_x"):
        return f"{type(cell).__name__} has no net_of_x"
    if not getattr(cell.call, "in_two_halves", False):
        return f"{type(cell).__name__} has its own call(), of which only its equations are compiled"
    return ""


def given(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """The arguments of `layer.__call__`, with tensors for arrays, lists and variables."""
    kwargs = {**dict(zip(ARGUMENTS[1:], args[1:], strict=False)), **kwargs}
    first, rest = args[:1], args[len(ARGUMENTS) :]
    first = tuple(of_known_rank(layer, "sequences", one) for one in first)
    for name in "sequences", "mask":
        if kwargs.get(name) is not None:
            kwargs[name] = of_known_rank(layer, name, kwargs[name])
    states = kwargs.get("initial_state")
    if states is None:
        return (*first, *rest), kwargs
    several = isinstance(states, (list, tuple)) and len(layer.state_size) > 0
    states = list(states) if several else [states]
    states = [
        of_known_rank(layer, name, one)
        for name, one in zip(names_of(layer, states), states, strict=True)
    ]
    kwargs["initial_state"] = states
    half = layer.compute_dtype != layer.cell.compute_dtype
    if half and not any(isinstance(one, keras.KerasTensor) for one in states):
        kwargs["initial_state"] = Uncast(states)
        # Keras hands a mask on to layers that are called with one tensor only, which this is not.
        if kwargs.get("mask") is None:
            kwargs["mask"] = Uncast(None)
    return (*first, *rest), kwargs


def uncovered(value: Any) -> Any:
    return value.value if isinstance(value, Uncast) else value


def names_of(layer: Any, states: list[Any]) -> list[str]:
    """What the user knows the initial states by."""
    letters = getattr(layer.cell, "state", ())
    wanted = len(layer.state_size)
    if len(states) != wanted:
        which = f" ({', '.join(letters)})" if letters else ""
        refuse(layer, f"initial_state must be {wanted} tensors{which}, not {len(states)}")
    return [
        f"initial_state[{k}]" + (f" ({letters[k]})" if k < len(letters) else "")
        for k in range(wanted)
    ]


def tensor(layer: Any, name: str, value: Any) -> Any:
    """Whatever counts as a tensor, as something that Keras takes for one.

    Args:
        layer: What takes it, or its name.
        name: Of the argument.
        value: A tensor, an array, a nested list, a variable.

    Raises:
        ValueError: It is none of these, or not of numbers.
    """
    if isinstance(value, (keras.KerasTensor, Uncast)):
        return value
    if isinstance(value, keras.Variable):
        return ops.convert_to_tensor(value)
    if isinstance(value, (list, tuple)):
        leaves = tree.flatten(value)
        if any(isinstance(one, keras.KerasTensor) for one in leaves):
            refuse(layer, f"{name} must be one tensor, not a {type(value).__name__} of them")
        if any(ops.is_tensor(one) for one in leaves):
            return ops.stack([tensor(layer, name, one) for one in value])
        try:
            value = np.asarray(value)
        except ValueError:
            refuse(layer, f"{name} must be one tensor; its rows have different lengths")
    if isinstance(value, np.ndarray) and value.dtype.kind not in "biuf":
        if not numeric(str(value.dtype)):
            refuse(layer, f"{name} must be numbers, not {value.dtype}")
    elif keras.backend.backend() == "tensorflow" and not isinstance(value, np.ndarray):
        import tensorflow as tf

        if isinstance(value, tf.Variable):
            return tf.convert_to_tensor(value)
        if isinstance(value, (tf.RaggedTensor, tf.SparseTensor)):
            refuse(layer, f"{name} must be a dense tensor, not a {type(value).__name__}")
        if tf.is_tensor(value) and not numeric(value.dtype.name):
            refuse(layer, f"{name} must be numbers, not {value.dtype.name}")
    if not hasattr(value, "shape"):
        refuse(layer, f"{name} must be a tensor, not {value!r}")
    return value


def of_known_rank(layer: Any, name: str, value: Any) -> Any:
    """A tensor of which it is known how many axes it has; in some graphs of TensorFlow it is not.

    Raises:
        ValueError: It is not, or there is no tensor.
    """
    value = tensor(layer, name, value)
    if getattr(getattr(value, "shape", ()), "rank", 0) is None:
        refuse(layer, f"{name} must have a number of axes that is known: use tf.ensure_shape first")
    return value


def numeric(dtype: str) -> bool:
    return dtype.startswith(("bool", "int", "uint", "float", "bfloat"))


def refuse(layer: Any, why: str) -> None:
    name = layer if isinstance(layer, str) else type(layer).__name__
    raise ValueError(f"{name}: {why}.")


def check_shapes(layer: Any, sequences: Any, states: Any, mask: Any) -> None:
    """Refuses shapes of which it is known, before anything runs, that they do not fit."""
    spec = layer.input_spec
    shape = tuple(sequences.shape)
    if spec is not None and spec.ndim not in (None, len(shape)):
        refuse(layer, f"sequences must have {spec.ndim} axes, not the shape {shape}")
    features = layer.features
    if features is not None and not fits(shape[2:], features):
        wanted = (*shape[:2], *features)
        refuse(layer, f"sequences must be {wanted}, as the layer was built, not {shape}")
    batch, steps = shape[:2]
    if steps == 0:
        refuse(layer, f"sequences must have at least one step, not the shape {shape}")
    if states is not None:
        for name, one, row in zip(names_of(layer, states), states, layer.rows, strict=True):
            check_dtype(layer, name, one)
            if not fits(tuple(one.shape), row):
                check_shape(layer, name, one, (batch, *row), shape)
    check_dtype(layer, "sequences", sequences)
    if mask is not None:
        check_dtype(layer, "mask", mask)
        one = (1,) * (len(mask.shape) == 3)
        check_shape(layer, "mask", mask, (batch, steps, *one), shape)


def check_shape(
    layer: Any, name: str, value: Any, wanted: tuple[Any, ...], sequences: tuple[Any, ...]
) -> None:
    shape = tuple(value.shape)
    if not fits(shape, wanted) and not fits(shape, (1, *wanted[1:])):
        also = ""
        if name == "mask" and len(shape) == 1:
            also = (
                "; a mask of whole sequences, such as TimeDistributed hands on, must be repeated "
                "over their steps: ops.repeat(mask[..., None], steps, axis=-1)"
            )
        refuse(layer, f"{name} must be {wanted} for sequences {sequences}, not {shape}{also}")


def check_dtype(layer: Any, name: str, value: Any) -> None:
    dtype = keras.backend.standardize_dtype(value.dtype)
    if not numeric(dtype):
        refuse(layer, f"{name} must be numbers, not {dtype}")


def fits(shape: tuple[Any, ...], wanted: tuple[Any, ...]) -> bool:
    """Whether a shape may be the one that is wanted; None is a size not known yet."""
    return len(shape) == len(wanted) and all(
        a is None or b is None or a == b for a, b in zip(shape, wanted, strict=True)
    )


def in_full(layer: Any, sequences: Tensor, states: Any, mask: Tensor) -> tuple[Any, Any, Any]:
    """The arguments with one row for each sequence; one row for all of them is repeated.

    Sizes that are not known yet are checked by the operations that do it.
    """
    features = layer.features
    if features is not None:
        sequences = known_to_be("sequences", sequences, (None, None, *features))
    batch, steps = ops.shape(sequences)[:2]
    if states is not None:
        states = [
            repeated(name, known_to_be(name, as_rows(one, row), (None, *row)), batch, row)
            for name, one, row in zip(names_of(layer, states), states, layer.rows, strict=True)
        ]
    if mask is not None:
        mask = ops.cast(mask, "bool")
        if len(mask.shape) == 3:
            mask = ops.squeeze(known_to_be("mask", mask, (None, None, 1)), -1)
        mask = repeated_mask(mask, batch, steps)
    return sequences, states, mask


def as_rows(value: Tensor, row: tuple[int, ...]) -> Tensor:
    return ops.expand_dims(value, 0) if len(value.shape) == len(row) else value


def repeated(name: str, value: Tensor, batch: Any, row: tuple[int, ...]) -> Tensor:
    if isinstance(batch, int) and value.shape[0] == batch:
        return value
    with named(name):
        return ops.broadcast_to(value, (batch, *row))


def repeated_mask(mask: Tensor, batch: Any, steps: Any) -> Tensor:
    if mask.shape[1] is not None and isinstance(steps, int):
        return repeated("mask", mask, batch, (steps,))
    import tensorflow as tf  # the only backend where sizes are not known yet

    # AddN is the sum that does not broadcast: a mask of one step must not become one of all.
    with named("mask"):
        whole = tf.zeros((batch, steps), "float32")  # of integers, ONNX has no such sum
        mask = tf.broadcast_to(tf.cast(mask, "float32"), (batch, tf.shape(mask)[1]))
        return tf.cast(tf.raw_ops.AddN(inputs=[mask, whole]), "bool")


def known_to_be(name: str, value: Tensor, shape: tuple[Any, ...]) -> Tensor:
    """The tensor, with a shape known at least so far; it is checked when it runs."""
    if keras.backend.backend() != "tensorflow" or all(
        size is not None or wanted is None for size, wanted in zip(value.shape, shape, strict=True)
    ):
        return value
    import tensorflow as tf

    with named(name):
        return tf.ensure_shape(value, shape)


def named(argument: str) -> Any:
    """Names the operations of a graph, whose names are in their errors, for an argument."""
    if keras.backend.backend() != "tensorflow":
        return contextlib.nullcontext()
    import tensorflow as tf

    return tf.name_scope(re.sub(r"[^\w]+", "_", argument).strip("_"))


def with_shape(value: Tensor, shape: tuple[Any, ...]) -> Tensor:
    """A result, with its shape as far as it is known before the graph runs."""
    if keras.backend.backend() == "tensorflow":
        value.set_shape(shape)
    return value
