"""The tasks of Gers, Schraudolph & Schmidhuber, "Learning precise timing with LSTM", 2002."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from .tasks import Batch, Sequence, Task, within


@dataclass(frozen=True)
class MeasuredDelays(Task):
    """Measuring spike delays (MSD): at each spike, how many steps too late did it come.

    The n-th spike comes F + I(n) steps after the one before, the first at step F + I(1); the target
    at it is I(n).

    Attributes:
        F: The shortest delay.
        I: What may be added to it.
        spikes: Spikes of a sequence.
    """

    F: int = 10
    I: tuple[int, ...] = (0, 1)
    spikes: int = 10
    features = outputs = 1

    @property
    def longest(self) -> int:
        return self.spikes * (self.F + max(self.I))

    def sequence(self, rng: np.random.Generator) -> Sequence:
        x: list[float] = []
        y: list[float] = []
        for _ in range(self.spikes):
            delay = self.I[rng.integers(len(self.I))]
            before = self.F + delay - 1
            x += [0.0] * before + [1.0]
            y += [np.nan] * before + [delay]
        return Sequence(np.array(x)[:, None], np.array(y)[:, None])

    def correct(self, batch: Batch, outputs: np.ndarray) -> np.ndarray:
        return within(batch, outputs, 0.49)


class _WithoutInput(Task):
    """A stream that has to be made out of nothing: all inputs are zero."""

    continual: ClassVar[bool] = True
    features = outputs = 1  # type: ignore[assignment]
    largest: ClassVar[float]

    def made(self) -> np.ndarray:
        """The stream, of `longest` steps."""
        raise NotImplementedError

    def sequence(self, rng: np.random.Generator) -> Sequence:
        return Sequence(np.zeros((self.longest, 1)), self.made()[:, None])

    def correct(self, batch: Batch, outputs: np.ndarray) -> np.ndarray:
        return within(batch, outputs, self.largest)


@dataclass(frozen=True)
class TimedSpikes(_WithoutInput):
    """Generating timed spikes (GTS): a spike every F steps.

    Attributes:
        F: Steps from spike to spike.
        longest: Steps of a piece.
        tested: Steps of a stream in a test.
    """

    F: int = 10
    longest: int = 100
    tested: int = 1_000
    largest: ClassVar[float] = 0.49

    def made(self) -> np.ndarray:
        spikes = np.zeros(self.longest)
        spikes[self.F - 1 :: self.F] = 1.0
        return spikes


@dataclass(frozen=True)
class PeriodicFunction(_WithoutInput):
    """Periodic function generation (PFG), between 0 and 1.

    The triangle is the continuous one: the paper's formula, as usually printed, has its two
    branches exchanged and reaches 2.

    Attributes:
        kind: Its form.
        F: Its period in steps.
        longest: Steps of a piece.
        tested: Steps of a stream in a test.
    """

    kind: Literal["cosine", "triangle", "rectangle"] = "cosine"
    F: int = 10
    longest: int = 100
    tested: int = 1_000
    largest: ClassVar[float] = 0.3

    def made(self) -> np.ndarray:
        t = np.arange(self.longest)
        phase = t % self.F
        if self.kind == "cosine":
            return 0.5 * (1 - np.cos(2 * np.pi * t / self.F))
        if self.kind == "triangle":
            return np.where(phase > self.F / 2, 2 - 2 * phase / self.F, 2 * phase / self.F)
        return (phase > self.F / 2).astype(float)
