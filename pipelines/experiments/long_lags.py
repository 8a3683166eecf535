"""The tasks with long time lags of Hochreiter & Schmidhuber 1997, experiments 2 to 6.

Section 5 of the paper; the modern form of the adding problem is that of Le, Jaitly & Hinton 2015.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from .tasks import Batch, Sequence, Task, at_the_end, one_hot, within


@dataclass(frozen=True)
class NoiseFree(Task):
    """Experiments 2a and 2b: the last symbol is the first one, p steps before.

    (y, a_1 .. a_{p-1}, y) and (x, a_1 .. a_{p-1}, x) over the symbols a_1 .. a_{p-1}, x, y. Every
    next symbol is predicted.

    Attributes:
        p: The lag.
        random: 2b: the symbols between are drawn from the a's, and only the last symbol of all can
            be predicted. Otherwise (2a) all of them can.
    """

    p: int = 100
    random: bool = False

    @property
    def features(self) -> int:
        return self.p + 1

    outputs = features

    @property
    def longest(self) -> int:
        return self.p

    def symbols(self, rng: np.random.Generator) -> np.ndarray:
        """The p + 1 symbols; 0 .. p-2 are the a's, p-1 is x, p is y."""
        ends = self.p - 1 + rng.integers(2)
        between = np.arange(self.p - 1)
        if self.random:
            between = rng.integers(self.p - 1, size=self.p - 1)
        return np.array([ends, *between, ends])

    def sequence(self, rng: np.random.Generator) -> Sequence:
        symbols = self.symbols(rng)
        return Sequence(symbols[:-1], one_hot(symbols[1:], self.features))

    def correct(self, batch: Batch, outputs: np.ndarray) -> np.ndarray:
        """All that can be predicted is off by less than 0.25."""
        if self.random:
            batch = batch._replace(weight=last_only(batch.weight))
        return within(batch, outputs, 0.25)


def last_only(weight: np.ndarray) -> np.ndarray:
    """The weight of each sequence's last target alone."""
    only = np.zeros_like(weight)
    last = weight.shape[1] - 1 - (weight[:, ::-1] > 0).argmax(axis=1)
    only[np.arange(len(weight)), last] = 1.0
    return only


@dataclass(frozen=True)
class Distractors(Task):
    """Experiment 2c: (b, x or y, q or more distractors, e); then whether it was x or y.

    Each distractor after the q-th comes with probability 0.9.

    Attributes:
        p: How many different distractors there are.
        q: The shortest lag.
    """

    p: int = 50
    q: int = 50
    outputs = 2

    @property
    def features(self) -> int:
        return self.p + 4

    @property
    def longest(self) -> int:
        return self.q + 3 + 100  # a hundred further ones: a chance of 3 in 100,000

    def sequence(self, rng: np.random.Generator) -> Sequence:
        count = self.q
        while rng.random() < 0.9:
            count += 1
        count = min(count, self.q + 100)
        e, b, x, y = range(self.p, self.p + 4)
        which = rng.integers(2)
        symbols = np.array([b, (x, y)[which], *rng.integers(self.p, size=count), e])
        return Sequence(symbols, at_the_end(len(symbols), np.eye(2)[which]))

    def correct(self, batch: Batch, outputs: np.ndarray) -> np.ndarray:
        return within(batch, outputs, 0.2)


@dataclass(frozen=True)
class TwoSequences(Task):
    """Experiments 3a to 3c: which class a sequence is of, by its first N numbers.

    Attributes:
        T: The shortest sequence; the longest has a tenth more.
        N: How many numbers tell: +1 for the first class, -1 for the second. The others are noise of
            variance 0.2.
        variant: a: as above, targets 1 and 0. b: the first N are noisy, too. c: as a, but targets
            are 0.2 and 0.8 with noise of variance 0.1.
    """

    T: int = 100
    N: int = 3
    variant: Literal["a", "b", "c"] = "a"
    features = outputs = 1

    @property
    def longest(self) -> int:
        return self.T + self.T // 10

    def sequence(self, rng: np.random.Generator) -> Sequence:
        steps = int(rng.integers(self.T, self.T + self.T // 10 + 1))
        second = rng.integers(2)
        x = rng.normal(0, np.sqrt(0.2), steps)
        tells = -1.0 if second else 1.0
        noise = rng.normal(0, np.sqrt(0.2), self.N) if self.variant == "b" else 0.0
        x[: self.N] = tells + noise
        if self.variant == "c":
            target = (0.8 if second else 0.2) + rng.normal(0, np.sqrt(0.1))
        else:
            target = 0.0 if second else 1.0
        return Sequence(x[:, None], at_the_end(steps, [target]))

    def correct(self, batch: Batch, outputs: np.ndarray) -> np.ndarray:
        """The class's target, without its noise, is missed by less than 0.2; in 3c by 0.1."""
        if self.variant != "c":
            return within(batch, outputs, 0.2)
        second = batch.x[:, 0] < 0
        target = np.where(second, 0.8, 0.2)[:, None, :] * batch.weight[..., None]
        return within(batch._replace(y=target), outputs, 0.1)


@dataclass(frozen=True)
class Arithmetic(Task):
    """Experiments 4 and 5: the sum or the product of two marked numbers.

    Inputs are pairs of a number and a marker: one of the first ten pairs and one of the first T / 2
    are marked by 1; the first and the last pair of all by -1. A marked first pair counts as 0, in
    the product as 1.

    Attributes:
        T: The shortest sequence; the longest has a tenth more.
        operation: "sum": of numbers in [-1, 1], the target is 0.5 + (X1 + X2) / 4. "product": of
            numbers in [0, 1].
    """

    T: int = 100
    operation: Literal["sum", "product"] = "sum"
    features = 2
    outputs = 1

    @property
    def longest(self) -> int:
        return self.T + self.T // 10

    def sequence(self, rng: np.random.Generator) -> Sequence:
        product = self.operation == "product"
        steps = int(rng.integers(self.T, self.T + self.T // 10 + 1))
        values = rng.uniform(0 if product else -1, 1, steps)
        first = rng.integers(10)
        second = first
        while second == first:
            second = rng.integers(self.T // 2)
        neutral = 1.0 if product else 0.0
        one, other = (neutral if n == 0 else values[n] for n in (first, second))
        markers = np.zeros(steps)
        markers[[first, second]] = 1
        markers[[0, -1]] = -1
        target = one * other if product else 0.5 + (one + other) / 4
        return Sequence(np.stack([values, markers], axis=-1), at_the_end(steps, [target]))

    def correct(self, batch: Batch, outputs: np.ndarray) -> np.ndarray:
        return within(batch, outputs, 0.04)


@dataclass(frozen=True)
class ModernAdding(Task):
    """The adding problem since 2015: numbers in [0, 1], one marked in each half, their sum.

    Attributes:
        T: Steps.
    """

    T: int = 100
    features = 2
    outputs = 1

    @property
    def longest(self) -> int:
        return self.T

    def sequence(self, rng: np.random.Generator) -> Sequence:
        values, markers = rng.random(self.T), np.zeros(self.T)
        places = rng.integers(self.T // 2), rng.integers(self.T // 2, self.T)
        markers[list(places)] = 1
        target = values[places[0]] + values[places[1]]
        return Sequence(np.stack([values, markers], axis=-1), at_the_end(self.T, [target]))

    def correct(self, batch: Batch, outputs: np.ndarray) -> np.ndarray:
        return within(batch, outputs, 0.04)


@dataclass(frozen=True)
class TemporalOrder(Task):
    """Experiments 6a and 6b: in which order X and Y stood, far apart among other symbols.

    The symbols are a, b, c, d, X, Y, B, E: 0 to 7. A sequence has 100 to 110 of them, begins with E
    and ends with B; each of its few places below has X or Y.

    Attributes:
        three: 6b: three places, eight classes. Otherwise (6a) two and four.
    """

    three: bool = False
    features = 8
    longest = 110

    @property
    def outputs(self) -> int:
        return 2 ** len(self.places)

    @property
    def places(self) -> tuple[tuple[int, int], ...]:
        """Where the first, the second ... X or Y may stand, ends included."""
        return ((10, 20), (33, 43), (66, 76)) if self.three else ((10, 20), (50, 60))

    def sequence(self, rng: np.random.Generator) -> Sequence:
        steps = int(rng.integers(100, 111))
        symbols = rng.integers(4, size=steps)
        symbols[0], symbols[-1] = 7, 6
        at = [rng.integers(first, last + 1) for first, last in self.places]
        which = rng.integers(2, size=len(at))
        symbols[at] = 4 + which
        label = int("".join(map(str, which)), 2)
        return Sequence(symbols, at_the_end(steps, np.eye(self.outputs)[label]))

    def correct(self, batch: Batch, outputs: np.ndarray) -> np.ndarray:
        return within(batch, outputs, 0.3)


@dataclass(frozen=True)
class FirstSymbol(Task):
    """Which of two symbols came first, after `lag` symbols that tell nothing.

    Attributes:
        lag: Steps from the symbol to the question.
        distractors: How many different symbols stand between.
    """

    lag: int = 10
    distractors: int = 4
    outputs = 2

    @property
    def features(self) -> int:
        return self.distractors + 2

    @property
    def longest(self) -> int:
        return self.lag + 1

    def sequence(self, rng: np.random.Generator) -> Sequence:
        which = rng.integers(2)
        between = rng.integers(self.distractors, size=self.lag)
        symbols = np.array([self.distractors + which, *between])
        return Sequence(symbols, at_the_end(len(symbols), np.eye(2)[which]))

    def correct(self, batch: Batch, outputs: np.ndarray) -> np.ndarray:
        """The right class is the more active one."""
        return (outputs[:, -1].argmax(axis=-1)) == batch.y[:, -1].argmax(axis=-1)
