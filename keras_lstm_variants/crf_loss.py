"""The loss of a chain: how improbable it makes the right tags."""

import inspect
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from .arguments import DType
from .backend import Tensor, outside_of_graphs
from .chains import log_conditionals, parts
from .labels import chain_of, labels_of, weights_of

ACCURACIES = (
    "acc",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
)  # of Keras


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class CRFLoss(keras.losses.Loss):
    r"""The negative log-likelihood of the right tags, :math:`-\log P(y \mid x)`, of a chain.

    It is the sum over the steps of :math:`-\log P(y_t \mid y_{t-1}, x)`, and weights multiply it:
    `sample_weight` has a weight for each sequence, or one for each step. A step whose right tag is
    against the constraints, after the tag before it or before the end, is left out, as no weight
    could make it more likely.

    Args:
        label_weights: A weight for each tag, of the steps where it is right. All the same if not
            given.
        reduction: "sum_over_batch_size" or "mean", over sequences; "sum"; None, a loss for each
            sequence; or "mean_with_sample_weight", over the steps by their weights.
        name: As for `keras.losses.Loss`.
        dtype: Likewise.

    Call arguments:
        y_true: Tags, from 0 to K - 1, of shape (batch, steps) or (batch, steps, 1), integers of
            whatever dtype; anything where the mask is False.
        y_pred: What a `Chain` or a `CRF` gives.
        sample_weight: Of shape (batch, 1) for sequences, or (batch, steps). Not (batch,), which is
            what Keras makes of `class_weight` as if steps were classes: for weights by tag, give
            `label_weights`.

    Returns:
        The loss. Without sequences it is 0, as Keras' own, and so is that of a sequence without
        steps.

    Raises:
        ValueError: The shapes do not fit, `y_pred` is no chain, or a label is no tag. What is known
            only when a graph runs, ends that of TensorFlow with an InvalidArgumentError of the
            same sentence; JAX and XLA end with none: there the loss is NaN.
    """

    def __init__(
        self,
        label_weights: Sequence[float] | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str = "crf_loss",
        dtype: DType = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=in_float32(dtype))
        if label_weights is not None:
            label_weights = [float(weight) for weight in label_weights]
            if not np.isfinite(label_weights).all():
                raise ValueError(f"CRFLoss: label_weights must be finite, not {label_weights}.")
        self.label_weights = label_weights

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> Tensor:
        # In place of Keras', which would take the mean over padding as well.
        refuse_accuracy_of_keras()
        chain, is_chain = chain_of("CRFLoss", y_pred, self.dtype)
        tags = chain.shape[-1] - 1
        _, real, _ = parts(chain)
        path, are_tags = labels_of("CRFLoss", y_true, real, tags)
        weights, fit = weights_of("CRFLoss", sample_weight, real, self.dtype)
        if self.label_weights is not None:
            if len(self.label_weights) != tags:
                raise ValueError(
                    f"CRFLoss: label_weights must be {tags}, one for each tag, not "
                    f"{len(self.label_weights)}."
                )
            by_tag = ops.convert_to_tensor(self.label_weights, self.dtype)
            weights = weights * ops.take(by_tag, path, axis=0)
        right = are_tags & is_chain & fit
        losses = self.call(path, chain)

        # Last: XLA takes NaN x 0 for 0 where the 0 was a truth value, as those of weights are.
        def checked(loss: Tensor, axis: int | None) -> Tensor:
            return ops.where(ops.all(right, axis=axis), loss, ops.full_like(loss, np.nan))

        if self.reduction == "mean_with_sample_weight":
            return checked(reduced(losses, weights, self.reduction, self.dtype), None)
        by_sequence = checked(ops.sum(losses * weights, axis=1), 1)
        if self.reduction in (None, "none"):
            return by_sequence
        return reduced(by_sequence[:, None], None, self.reduction, self.dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The loss of each step, (batch, steps), before weights."""
        return -log_conditionals(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "label_weights": self.label_weights}


class Reduction(keras.losses.Loss):
    """What Keras makes of losses that are given."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return y_pred


def reduced(losses: Tensor, weights: Tensor, reduction: str, dtype: str) -> Tensor:
    """The sum or the mean as Keras has it, of no losses and on several devices too."""
    return Reduction(reduction=reduction, dtype=dtype)(losses, losses, weights)


def refuse_accuracy_of_keras() -> None:
    """Looks whether the model that is trained now has a metric that can make nothing of a chain.

    Keras would compare labels with the argmax over scores, mask and transitions.

    Raises:
        ValueError: It has.
    """
    caller: Any = inspect.unwrap(keras.Model.compute_loss).__code__
    model: Any = None
    frame = inspect.currentframe()
    while frame is not None and model is None:
        model = frame.f_locals.get("self") if frame.f_code is caller else None
        frame = frame.f_back
    if model is None or not isinstance(model.loss, CRFLoss):
        return
    try:
        with warnings.catch_warnings(), outside_of_graphs():
            warnings.simplefilter("ignore")  # that a lambda cannot be saved
            config = model.get_compile_config() or {}
    except Exception:  # of an optimizer within a JAX program, or of whatever the user has given
        return
    for kind in ("metrics", "weighted_metrics"):
        found = [one for one in names(config.get(kind)) if one.lower() in ACCURACIES]
        if found:
            raise ValueError(
                f"CRFLoss: {kind}=[{found[0]!r}] of Keras cannot read what a Chain or a CRF gives: "
                f"compile the model with {kind}=[keras_lstm_variants.CRFAccuracy()]."
            )


def names(metrics: Any) -> Iterator[str]:
    """The metrics that are named, and not given, in what `compile` was called with."""
    if isinstance(metrics, str):
        yield metrics
    elif isinstance(metrics, dict) and "class_name" not in metrics:  # by the names of outputs
        metrics = list(metrics.values())
    if isinstance(metrics, list | tuple):
        for one in metrics:
            yield from names(one)


def in_float32(dtype: Any) -> str:
    """The dtype of a loss or a metric: that which is asked for, but no half precision."""
    name = keras.dtype_policies.get(dtype or keras.config.floatx()).compute_dtype
    return "float32" if name in ("float16", "bfloat16") else str(name)
