"""One trial: a net is trained on a task until it has solved it or its budget is spent."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from .definition import Arm, Protocol, Result
from .long_lags import last_only
from .measures import of_task
from .nets import Built
from .tasks import Batch, Task

Tell = Callable[[float, str], None]  # the share of the budget that is spent, and a line about it
AT_ONCE = 512  # sequences that are tested together


def nobody(share: float, line: str) -> None:
    """Is told of the progress and does nothing."""


def train(arm: Arm, protocol: Protocol, seed: int, tell: Tell = nobody) -> Result:
    """Trains an arm's net: `trained` without the net."""
    return trained(arm, protocol, seed, tell)[1]


def trained(
    arm: Arm, protocol: Protocol, seed: int, tell: Tell = nobody
) -> tuple["Trainer", Result]:
    """Trains an arm's net.

    Every `check` sequences it answers the same `test` sequences, and has solved the task when the
    required share of the answers is right. What is reported of it is measured on other sequences,
    which decided nothing.

    Args:
        arm: The net and its task.
        protocol: How it is trained.
        seed: Of the weights and of all sequences.
        tell: Is called after every test.

    Returns:
        What has the net, which the next training of the same arm starts anew, and the result.
    """
    trainer = _trainer(_Key(arm, protocol))
    trainer.start(seed)
    draw, draw_test, draw_final = (np.random.default_rng([seed, n]) for n in range(3))
    task = arm.task
    tested = replace(task, longest=task.tested) if task.continual else task  # type: ignore
    sets = task.sets(draw, protocol.test)
    watched = sets[1] if sets else tested.batch(draw_test, protocol.test)
    curve: list[tuple[float, float]] = []
    best = _Best(trainer) if protocol.patience else None
    count, solved, note = 0, False, ""
    while count < protocol.budget and not solved:
        if sets:
            rows = draw.integers(len(sets[0].x), size=protocol.check)
            batch = _taken(sets[0], rows)
        else:
            batch = _training_batch(task, protocol, draw)
        loss = trainer.update(batch)
        count += protocol.check
        if not math.isfinite(loss):
            note = f"diverged within {count:,} sequences"
            break
        if best:
            loss = best.look(watched)
            curve.append((count, loss))
            tell(count / protocol.budget, f"{count:,} sequences, loss {loss:.4g}")
            if best.age >= protocol.patience:
                break
            continue
        share = float(task.correct(watched, trainer.outputs(watched)).mean())
        if sets and share >= protocol.required:  # the paper asks it of the training strings, too
            share = min(share, float(task.correct(sets[0], trainer.outputs(sets[0])).mean()))
        solved = share >= protocol.required
        curve.append((count, share))
        tell(count / protocol.budget, f"{count:,} sequences, {share:.1%} right")
    measures: dict[str, float] = {"weights": trainer.built.count()}
    if not note:
        if best:
            best.restore()
        final = sets[2] if sets else tested.batch(draw_final, protocol.test)
        outputs = trainer.outputs(final)
        measures["share right"] = float(task.correct(final, outputs).mean())
        measures |= of_task(task, final, outputs)
    judged = None if best else solved
    return trainer, Result(measures, judged, count if solved else None, {"": curve}, note=note)


class _Best:
    """The weights with the lowest loss so far, and how many looks ago that was."""

    def __init__(self, trainer: "Trainer") -> None:
        self.trainer, self.lowest, self.age = trainer, math.inf, 0

    def look(self, watched: Batch) -> float:
        loss = self.trainer.loss(watched)
        self.age += 1
        if loss < self.lowest:
            self.lowest, self.age = loss, 0
            self.weights = [tf.identity(v.value) for v in self.trainer.built.variables]
        return loss

    def restore(self) -> None:
        for variable, value in zip(self.trainer.built.variables, self.weights, strict=True):
            variable.assign(value)


def _training_batch(task: Task, protocol: Protocol, rng: np.random.Generator) -> Batch:
    """`check` sequences; of a continual task, the pieces of `batch` streams, piece after piece."""
    if not task.continual:
        return task.batch(rng, protocol.check)
    pieces = protocol.check // protocol.batch
    steps = task.longest
    streams = replace(task, longest=steps * pieces).batch(rng, protocol.batch)  # type: ignore

    def in_pieces(part: np.ndarray) -> np.ndarray:
        cut = part.reshape(protocol.batch, pieces, steps, *part.shape[2:])
        return cut.swapaxes(0, 1).reshape(-1, steps, *part.shape[2:])

    x, y, weight = map(in_pieces, streams[:3])
    return Batch(x, y, weight, None, np.full(len(x), steps))


def _taken(batch: Batch, rows: np.ndarray) -> Batch:
    return Batch(*(None if part is None else part[rows] for part in batch))  # type: ignore[arg-type]


class _Key:
    """An arm and a protocol, by what they say: their options are dicts and have no hash."""

    def __init__(self, arm: Arm, protocol: Protocol) -> None:
        self.arm, self.protocol = arm, protocol
        self.said = repr((arm.net, arm.task, protocol))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.said == other.said

    def __hash__(self) -> int:
        return hash(self.said)


@lru_cache(maxsize=1)
def _trainer(key: _Key) -> "Trainer":
    """The seeds of an arm share what TensorFlow traces, which takes longer than to train some."""
    return Trainer(key.arm, key.protocol)


class Trainer:
    """A net with an optimizer, and the loop over many updates as one graph."""

    def __init__(self, arm: Arm, protocol: Protocol) -> None:
        self.arm, self.protocol = arm, protocol
        self.built = Built(arm.net, arm.task)
        if protocol.optimizer == "adam":
            self.optimizer = keras.optimizers.Adam(protocol.rate, global_clipnorm=protocol.clip)
        else:
            self.optimizer = keras.optimizers.SGD(
                protocol.rate, protocol.momentum, global_clipnorm=protocol.clip
            )
        self.optimizer.build(self.built.variables)
        self._fresh = [tf.identity(v.value) for v in self.optimizer.variables]
        self._updates = tf.function(self._many_updates)
        self._outputs = tf.function(self._all_outputs)

    def start(self, seed: int) -> None:
        """New weights."""
        keras.utils.set_random_seed(seed)
        fresh = Built(self.arm.net, self.arm.task)
        for variable, value in zip(self.built.variables, fresh.variables, strict=True):
            variable.assign(value.value)
        for variable, value in zip(self.optimizer.variables, self._fresh, strict=True):
            variable.assign(value)

    def update(self, batch: Batch) -> float:
        """Trains on sequences, `protocol.batch` at a time; the mean loss of a sequence.

        The pieces of a continual task follow one another within each of the streams, whose states
        start at zero.
        """
        size = self.protocol.batch
        valid = np.arange(batch.weight.shape[1]) < batch.lengths[:, None]
        parts = [batch.x, batch.y, self._weighted(batch.weight), valid]
        x, y, weight, valid = (p.reshape(-1, size, *p.shape[1:]) for p in parts)
        return float(self._updates(x, y, weight, valid))

    def _weighted(self, weight: np.ndarray) -> np.ndarray:
        extra = self.protocol.last_weight - 1
        return weight + extra * last_only(weight) if extra else weight

    def _many_updates(self, x: Any, y: Any, weight: Any, valid: Any) -> Any:
        zeros = self.built.zero_states(self.protocol.batch)
        states, total = zeros, tf.zeros(())
        for n in tf.range(tf.shape(x)[0]):
            with tf.GradientTape() as tape:
                outputs, after = self.built(x[n], states, valid[n])
                loss = self._loss(y[n], outputs, weight[n])
            gradients = tape.gradient(loss, self.built.variables)
            self.optimizer.apply(gradients, self.built.variables)
            total += loss
            if self.arm.task.continual:
                states = after
        return total / tf.cast(tf.shape(x)[0], "float32")

    def _loss(self, y: Any, outputs: Any, weight: Any) -> Any:
        """Of a sequence, on average over the batch."""
        if self.protocol.loss == "squared":
            losses = tf.reduce_sum((outputs - y) ** 2, axis=-1) / 2
        else:
            losses = entropy(y, outputs, self.arm.net.output)
        return tf.reduce_sum(weight * losses) / self.protocol.batch

    def outputs(self, batch: Batch) -> np.ndarray:
        """The answers to all sequences."""
        valid = np.arange(batch.weight.shape[1]) < batch.lengths[:, None]
        pieces = [
            self._outputs(batch.x[n : n + AT_ONCE], valid[n : n + AT_ONCE]).numpy()
            for n in range(0, len(batch.x), AT_ONCE)
        ]
        return np.concatenate(pieces)

    def loss(self, batch: Batch) -> float:
        """The mean over all steps that are asked about."""
        outputs = self.outputs(batch)
        if self.protocol.loss == "squared":
            losses = ((outputs - batch.y) ** 2).sum(axis=-1) / 2
        else:
            losses = entropy(batch.y, outputs, self.arm.net.output).numpy()
        return float((losses * batch.weight).sum() / batch.weight.sum())

    def _all_outputs(self, x: Any, valid: Any) -> Any:
        outputs, _ = self.built(x, self.built.zero_states(tf.shape(x)[0]), valid)
        return outputs


def entropy(y: Any, outputs: Any, kind: str) -> Any:
    """The cross-entropy of each step in nats, from probabilities."""
    small = 1e-7
    p = tf.clip_by_value(outputs, small, 1 - small)
    losses = y * tf.math.log(p)
    if kind == "logistic":
        losses += (1 - y) * tf.math.log(1 - p)
    return -tf.reduce_sum(losses, axis=-1)
