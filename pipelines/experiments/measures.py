"""What is measured of a trained net besides the share of right answers."""

import numpy as np

from .chorales import Chorales, nats_of_all
from .context import Apple, Cue, Recall
from .long_lags import (
    Arithmetic,
    FirstSymbol,
    ModernAdding,
    NoiseFree,
    TemporalOrder,
    TwoSequences,
    last_only,
)
from .reber import ContinualReber, EmbeddedReber, outer_places
from .tasks import Batch, Task, mistakes
from .timing import MeasuredDelays, PeriodicFunction, TimedSpikes

NUMBERS = (Arithmetic, ModernAdding, TwoSequences, MeasuredDelays, PeriodicFunction, TimedSpikes)


def of_task(task: Task, batch: Batch, outputs: np.ndarray) -> dict[str, float]:
    """Measures by name, from the targets of a batch and the outputs for it."""
    if isinstance(task, EmbeddedReber | ContinualReber):
        found = of_reber(batch, outputs)
        return found | error_free(batch, outputs) if task.continual else found
    if isinstance(task, TemporalOrder | FirstSymbol):
        asked = batch.weight > 0
        guessed, right = outputs[asked].argmax(axis=-1), batch.y[asked].argmax(axis=-1)
        return {"accuracy": float((guessed == right).mean())}
    if isinstance(task, NUMBERS):
        error = (outputs - batch.y)[batch.weight > 0]
        return {
            "mean squared error": float((error**2).mean()),
            "mean error": float(np.abs(error).mean()),
        }
    if isinstance(task, NoiseFree):
        last = last_only(batch.weight) > 0
        off = np.abs(outputs - batch.y).max(axis=-1)
        return {
            "largest error at the end": float(off[last].max()),
            "largest error before": float(off[~last].max()),
        }
    if isinstance(task, Cue):
        return task.by_distance(batch, outputs)
    if isinstance(task, Apple):
        named = (batch.weight > 0) & (batch.y.argmax(axis=-1) > 0)
        right = outputs.argmax(axis=-1) == batch.y.argmax(axis=-1)
        return {"accuracy of names": float(right[named].mean())}
    if isinstance(task, Chorales):
        return {"nats": nats_of_all(batch, outputs)}
    if isinstance(task, Recall):
        error = outputs[:, -1, 0] - batch.y[:, -1, 0]
        rmse = float(np.sqrt((error**2).mean()))
        return {"RMSE": rmse, "lost by down-sampling": task.precision(batch)}
    return {}


def of_reber(batch: Batch, outputs: np.ndarray) -> dict[str, float]:
    """The cross-entropy of a symbol, and how often the second T or P is foreseen.

    Outputs that are no probabilities are made to sum to one.
    """
    assert batch.allowed is not None
    places = outer_places(batch)
    guessed, right = outputs[places].argmax(axis=-1), batch.y[places].argmax(axis=-1)
    p = outputs / np.maximum(outputs.sum(axis=-1, keepdims=True), 1e-7)
    p_right = np.maximum((p * batch.y).sum(axis=-1), 1e-7)
    nats = -(batch.weight * np.log(p_right)).sum() / batch.weight.sum()
    return {"accuracy of the outer symbol": float((guessed == right).mean()), "nats": float(nats)}


def error_free(batch: Batch, outputs: np.ndarray) -> dict[str, float]:
    """How long streams go without a mistake, and the share of those that make none."""
    wrong = mistakes(batch, outputs)
    made = wrong.any(axis=1)
    lengths = np.where(made, wrong.argmax(axis=1), wrong.shape[1])
    return {
        "symbols without mistake": float(lengths.mean()),
        "flawless streams": float(1 - made.mean()),
    }
