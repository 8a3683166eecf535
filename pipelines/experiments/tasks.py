"""What a task is: sequences with targets, and when the answer to a sequence is right."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

NO_SYMBOL = -1  # padding after the end of a sequence of symbols: all inputs are zero


class Sequence(NamedTuple):
    """One sequence with its targets.

    Attributes:
        x: Symbols, of shape (steps,), or numbers, of shape (steps, features).
        y: Targets, of shape (steps, outputs); NaN where there is none.
        allowed: Where several answers are right, all of them, of the shape of `y`, as booleans.
    """

    x: np.ndarray
    y: np.ndarray
    allowed: np.ndarray | None = None


class Batch(NamedTuple):
    """Sequences of one length: shorter ones are padded at their end, where nothing is asked.

    Attributes:
        x: Symbols, int32 of shape (batch, steps), or numbers, (batch, steps, features).
        y: Targets, float32 of shape (batch, steps, outputs); zero where there is none.
        weight: One where there is a target, else zero; of shape (batch, steps).
        allowed: As in a `Sequence`, of the shape of `y`; None if only `y` is right.
        lengths: Steps of each sequence before the padding.
    """

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    allowed: np.ndarray | None
    lengths: np.ndarray


@dataclass(frozen=True)
class Task:
    """A generator of sequences with a criterion; its fields are what a protocol may choose.

    Attributes:
        continual: The sequences are endless streams, of which `steps` are taken; a net carries its
            state from one piece to the next.
    """

    continual: ClassVar[bool] = False

    @property
    def features(self) -> int:
        """Numbers in an input, or how many symbols there are."""
        raise NotImplementedError

    @property
    def outputs(self) -> int:
        raise NotImplementedError

    @property
    def longest(self) -> int:
        """The steps of the longest sequence, to which all are padded."""
        raise NotImplementedError

    def sequence(self, rng: np.random.Generator) -> Sequence:
        raise NotImplementedError

    def batch(self, rng: np.random.Generator, count: int) -> Batch:
        """`count` sequences, drawn one after the other."""
        return padded([self.sequence(rng) for _ in range(count)], self.longest)

    def sets(self, rng: np.random.Generator, count: int) -> tuple[Batch, ...] | None:
        """A training set, `count` sequences to watch, and others to test; None: all are drawn."""
        return None

    def correct(self, batch: Batch, outputs: np.ndarray) -> np.ndarray:
        """Of each sequence, whether the outputs, of the shape of `batch.y`, are right."""
        raise NotImplementedError


def padded(sequences: list[Sequence], steps: int) -> Batch:
    """Sequences as one batch of `steps` steps."""
    first = sequences[0]
    symbols = first.x.ndim == 1
    x = np.full((len(sequences), steps, *first.x.shape[1:]), NO_SYMBOL if symbols else 0.0)
    y = np.full((len(sequences), steps, first.y.shape[1]), np.nan)
    allowed = None if first.allowed is None else np.zeros(y.shape, bool)
    for n, sequence in enumerate(sequences):
        x[n, : len(sequence.x)] = sequence.x
        y[n, : len(sequence.y)] = sequence.y
        if allowed is not None:
            allowed[n, : len(sequence.y)] = sequence.allowed
    asked = ~np.isnan(y).any(axis=-1)
    lengths = np.array([len(sequence.x) for sequence in sequences])
    y = np.where(asked[..., None], y, 0.0)
    x = x.astype("int32" if symbols else "float32")
    return Batch(x, y.astype("float32"), asked.astype("float32"), allowed, lengths)


def one_hot(symbols: np.ndarray | list[int], count: int) -> np.ndarray:
    """Rows of zeros with a one in the place of each symbol: (steps,) to (steps, count)."""
    return np.eye(count)[np.asarray(symbols)]


def at_the_end(steps: int, target: np.ndarray | list[float]) -> np.ndarray:
    """Targets of a sequence that is asked about at its last step only."""
    y = np.full((steps, len(target)), np.nan)
    y[-1] = target
    return y


def within(batch: Batch, outputs: np.ndarray, largest: float) -> np.ndarray:
    """Of each sequence, whether every output that is asked for is off by less than `largest`."""
    error = np.abs(outputs - batch.y).max(axis=-1) * batch.weight
    return error.max(axis=1) < largest


def most_active_class(batch: Batch, outputs: np.ndarray) -> np.ndarray:
    """Of each sequence, whether the right class is the most active one wherever one is asked."""
    right = outputs.argmax(axis=-1) == batch.y.argmax(axis=-1)
    return (right | (batch.weight == 0)).all(axis=1)


def most_active(batch: Batch, outputs: np.ndarray) -> np.ndarray:
    """Of each sequence, whether at every step the allowed outputs are the most active ones.

    Where n symbols may follow, they must be the n most active outputs (Hochreiter & Schmidhuber
    1997, experiment 1).
    """
    return mistakes(batch, outputs).sum(axis=1) == 0


def mistakes(batch: Batch, outputs: np.ndarray) -> np.ndarray:
    """The steps at which an output that is not allowed is as active as one that is."""
    assert batch.allowed is not None
    weakest_right = np.where(batch.allowed, outputs, np.inf).min(axis=-1)
    strongest_wrong = np.where(batch.allowed, -np.inf, outputs).max(axis=-1)
    return (batch.weight > 0) & (strongest_wrong >= weakest_right)
