"""How weights move: loss, optimizer, learning rate of each epoch, average of weights."""

import math
from typing import Any

import keras
from keras import ops

from ..config.schema import Training
from .optimizers import SGD, AdamW, LazyAdam, Nadam, RMSprop

OPTIMIZERS = {
    "adam": LazyAdam,
    "adamw": AdamW,
    "nadam": Nadam,
    "rmsprop": RMSprop,
    "sgd": SGD,
}


def optimizer(training: Training) -> keras.optimizers.Optimizer:
    """The optimizer with its gradient clipped by its norm, which averages weights if asked to."""
    accumulated = training.gradient_accumulation_steps
    return OPTIMIZERS[training.optimizer](
        training.learning_rate,
        global_clipnorm=training.clip_norm,
        gradient_accumulation_steps=accumulated if accumulated > 1 else None,
        use_ema=training.average > 0,
        # Keras' average moves at every batch, also where several make one step.
        ema_momentum=training.average ** (1 / accumulated) if training.average else None,
        **({"momentum": 0.9} if training.optimizer == "sgd" else {}),
    )


def learning_rate(training: Training, scores: list[float]) -> float:
    """The rate of the next epoch. It follows from the past alone, so a resumed run has the same.

    Args:
        training: What the experiment says.
        scores: The dev score of every epoch so far.
    """
    done, rate = len(scores), training.learning_rate
    if done < training.warmup:
        return rate * (done + 1) / (training.warmup + 1)
    done -= training.warmup
    if training.schedule == "inverse":
        return rate / (1 + training.decay * done)
    share = done / max(1, training.epochs - training.warmup)
    if training.schedule == "linear":
        return rate * (1 - share)
    if training.schedule == "cosine":
        return rate * (1 + math.cos(math.pi * share)) / 2
    if training.schedule == "plateau":
        return rate / 2 ** _plateaus(scores, training.plateau)
    return rate


def _plateaus(scores: list[float], length: int) -> int:
    """How many times so many epochs in a row were no better than the best before them."""
    best, since, found = -math.inf, 0, 0
    for score in scores:
        since = 0 if score > best else since + 1
        best = max(best, score)
        if since == length:
            found, since = found + 1, 0
    return found


class RawWeights(keras.callbacks.Callback):
    """Keeps the weights that an epoch ended with, for the next one to start from.

    `fit` ends by overwriting the weights with their average, if the optimizer averages. These are
    to be scored, but not to be trained on.
    """

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.values = [ops.copy(variable) for variable in self.model.trainable_variables]

    def restore(self) -> None:
        for variable, value in zip(self.model.trainable_variables, self.values, strict=True):
            variable.assign(value)


class SmoothedCrossentropy(keras.losses.Loss):
    """Cross-entropy to tags of which a share is given to all tags alike, from scores; summed."""

    def __init__(self, smoothing: float, **kwargs: Any) -> None:
        super().__init__(**{"reduction": "sum", **kwargs})
        self.smoothing = smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        sparse = keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        uniform = ops.logsumexp(y_pred, axis=-1) - ops.mean(y_pred, axis=-1)
        return (1 - self.smoothing) * sparse + self.smoothing * uniform
