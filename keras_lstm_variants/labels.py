"""What comes with a chain into its loss and its metric: right, or refused in a sentence.

What is known before a graph runs is a ValueError. In a graph, what is wrong with a *value* is known
only when it runs: TensorFlow's then ends with the same sentence. JAX and XLA can end with none, so
that whoever uses this makes NaN of the result as well.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from .backend import Tensor, is_known, name
from .calls import fits, tensor
from .portability import in_xla

MUST_BE = "must be what a Chain or a CRF gives"
OF_CLASSES = (
    "Weights of shape (batch,) come of class_weight, too, for which Keras takes steps for classes: "
    "CRFLoss(label_weights=[...]) weighs tags."
)


def chain_of(of: str, y_pred: Any, dtype: str) -> tuple[Tensor, Tensor]:
    """A chain as a tensor, and whether it is one, where that is not known yet.

    Args:
        of: The name of the class that asks.
        y_pred: What is taken for a chain.
        dtype: That of the tensor.

    Returns:
        (batch, steps + tags + 1, tags + 1); and a truth value.

    Raises:
        ValueError: It is none.
    """
    chain, what = ops.convert_to_tensor(y_pred, dtype), f"{of}: y_pred"
    check_chain(what, chain)
    tags = chain.shape[-1] - 1
    right = ops.all(are_marks(what, chain[:, : -tags - 1, tags:]))
    demand(right, lambda: f"{what} {MUST_BE}, not scores.")
    return chain, right


def are_marks(what: str, marks: Tensor) -> Tensor:
    """Whether what says that a step is there is 0 or 1, as that of a chain."""
    right = (marks == 0) | (marks == 1)
    if is_known(right) and not bool(ops.all(right)):
        raise ValueError(f"{what} {MUST_BE}, not scores.")
    return right


def check_chain(what: str, chain: Any) -> None:
    """Refuses what does not have the shape of a chain."""
    shape = tuple(chain.shape)
    columns = shape[2] if len(shape) == 3 else None
    if columns is None or columns < 2 or (shape[1] is not None and shape[1] <= columns):
        raise ValueError(
            f"{what} {MUST_BE}, (batch, steps + tags + 1, tags + 1), not of shape {shape}."
        )


def labels_of(of: str, y_true: Any, real: Tensor, tags: int) -> tuple[Tensor, Tensor]:
    """Labels as tags, and whether they are: both (batch, steps).

    Args:
        of: The name of the class that asks.
        y_true: (batch, steps), or (batch, steps, 1) as Keras' own losses take it.
        real: Whether each step of the chain is there: (batch, steps).
        tags: K.

    Returns:
        Tags, int32, 0 where the label is none or the step is not there; and whether a step has a
        label, or is not there.

    Raises:
        ValueError: They are of another shape, or a label is none of the tags.
    """
    labels = ops.convert_to_tensor(tensor(of, "y_true", y_true))
    labels, rows = of_steps(f"{of}: y_true", labels)
    shape, expected = tuple(labels.shape), tuple(real.shape)
    if len(shape) == 3 and shape[2] == 1:
        labels, shape = labels[:, :, 0], shape[:2]
    if len(shape) != 2:
        also = "; for labels one-hot, take their argmax over the last axis" * (len(shape) == 3)
        raise ValueError(f"{of}: y_true must be of shape (batch, steps), not {shape}{also}.")
    if not fits(shape, expected):
        raise ValueError(
            f"{of}: y_true must be of shape {expected}, (batch, steps) of y_pred, not {shape}."
        )
    dtype = keras.backend.standardize_dtype(labels.dtype)
    if dtype == "bool":
        labels = ops.cast(labels, "int32")
    whole = ops.floor(labels) == labels if "float" in dtype else ops.ones_like(real)
    fit = same_shape(f"{of}: y_true", labels, real)
    right = (whole & (labels >= 0) & (labels < tags)) | ops.logical_not(real)

    def sentence() -> Any:
        row, step, label = first_of(ops.logical_not(right), labels)
        return said(
            f"{of}: y_true[{{}}, {{}}] is {{}}, which is none of the {tags} tags, from 0 to "
            f"{tags - 1}. Mask the step if it has no tag.",
            row,
            step,
            label,
        )

    demand(ops.all(right), sentence)
    tag = ops.where(right & real, labels, ops.zeros_like(labels))
    return ops.cast(tag, "int32"), right & fit & rows


def weights_of(of: str, sample_weight: Any, real: Tensor, dtype: str) -> tuple[Tensor, Tensor]:
    """A weight for each step, (batch, steps), 0 where it is not there; and whether they fit.

    Args:
        of: The name of the class that asks.
        sample_weight: (batch, 1) for sequences, (batch, steps), (batch, steps, 1) for steps; a
            number; None.
        real: Whether each step of the chain is there: (batch, steps).
        dtype: Of the weights.

    Raises:
        ValueError: They are of another shape. (batch,) is one of these: Keras makes such weights
            out of `class_weight`, and takes the step with the highest label for the class.
    """
    ones = ops.cast(real, dtype)
    if sample_weight is None:
        return ones, ops.convert_to_tensor(True)
    if isinstance(sample_weight, (int, float)):
        sample_weight = np.asarray(sample_weight)
    weights = ops.convert_to_tensor(tensor(of, "sample_weight", sample_weight), dtype)
    weights, rows = of_steps(f"{of}: sample_weight", weights, OF_CLASSES)
    shape, expected = tuple(weights.shape), tuple(real.shape)
    if not shape:
        weights, shape = ones * weights, expected
    if len(shape) == 3 and shape[2] == 1:
        weights, shape = weights[:, :, 0], shape[:2]
    if len(shape) == 1:
        raise ValueError(
            f"{of}: sample_weight must be (batch, 1) for a weight of each sequence, or (batch, "
            f"steps) for one of each step, not {shape}. {OF_CLASSES}"
        )
    if not fits(shape, expected) and not fits(shape, (expected[0], 1)):
        raise ValueError(
            f"{of}: sample_weight must be of shape {expected}, (batch, steps) of y_pred, or "
            f"({expected[0]}, 1), not {shape}."
        )
    fit = same_shape(f"{of}: sample_weight", weights, real, of_sequences=True)
    return ops.where(real, weights, ops.zeros_like(ones)), fit & rows


def of_steps(what: str, values: Tensor, hint: str = "") -> tuple[Tensor, Tensor]:
    """The values as (batch, steps), if not even the number of their axes is known yet; if they fit.

    Where batches have had two axes and then three, TensorFlow traces one graph for any number.
    """
    if getattr(values.shape, "rank", 2) is not None:
        return values, ops.convert_to_tensor(True)
    import tensorflow as tf

    axes = tf.rank(values)
    sizes = tf.concat([tf.shape(values), [1, 1, 1]], 0)
    right = (axes == 2) | ((axes == 3) & (sizes[2] == 1))
    sentence = f"{what} must be of shape (batch, steps), not {{}}. {hint}".rstrip()
    demand(right, lambda: said(sentence, tf.shape(values)))
    rows = tf.reshape(values, [sizes[0], sizes[1], tf.reduce_prod(sizes[2:])])
    return rows[:, :, 0], right


def same_shape(what: str, one: Tensor, other: Tensor, of_sequences: bool = False) -> Tensor:
    """Whether sizes that were not known before are the same: nothing is broadcast by mistake.

    Args:
        what: The name of the first.
        one: (batch, steps).
        other: Likewise.
        of_sequences: Whether the first may be (batch, 1) as well.
    """
    if None not in (*one.shape, *other.shape):
        return ops.convert_to_tensor(True)  # `fits` has looked at them
    import tensorflow as tf  # the only backend where sizes are not known

    sizes = tf.shape(one), tf.shape(other)
    right = tf.reduce_all((sizes[0] == sizes[1]) | [False, of_sequences] & (sizes[0] == 1))
    sentence = f"{what} must be of shape {{}}, (batch, steps) of y_pred, not {{}}."
    demand(right, lambda: said(sentence, *reversed(sizes)))
    return right


def demand(right: Tensor, sentence: Callable[[], Any]) -> None:
    """Ends with a sentence where a condition does not hold, or in the graph when it runs.

    Raises:
        ValueError: It is known not to hold.
    """
    if is_known(right):
        if not bool(right):
            raise ValueError(sentence())
    elif name() == "tensorflow" and not in_xla():
        import tensorflow as tf

        def fail() -> Any:
            tf.debugging.Assert(right, [sentence()])
            return True

        tf.cond(right, lambda: True, fail)


def first_of(wrong: Tensor, values: Tensor) -> tuple[Any, ...]:
    """Row and column of the first that is wrong, and its value."""
    if is_known(wrong):
        row, column = np.argwhere(ops.convert_to_numpy(wrong))[0].tolist()
        return row, column, ops.convert_to_numpy(values)[row, column]
    import tensorflow as tf

    place = tf.where(wrong)[0]
    return place[0], place[1], tf.gather_nd(values, place)


def said(template: str, *values: Any) -> Any:
    """The sentence, with these values in its places; in a graph it is a tensor."""
    if all(not ops.is_tensor(value) or is_known(value) for value in values):
        return template.format(*(np.asarray(value).tolist() for value in values))
    import tensorflow as tf

    return tf.strings.format(template, values)
