"""Tasks of the notes on LSTM: what a word is, by its context; what came first; what was read."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .tasks import Batch, Sequence, Task, at_the_end, most_active_class

# "I like eating apple!" and "The Apple is a great company!", with other words in their places. The
# word itself is the same in both, as in text without capitals.
FRUIT = (
    ("i", "you", "we", "they"),
    ("like", "love", "hate", "enjoy"),
    ("eating", "buying", "peeling", "cooking"),
)
COMPANY = (
    ("is", "was", "became", "remains"),
    ("a", "the", "one"),
    ("great", "rich", "new", "famous"),
    ("company", "firm", "brand"),
)
NAMES = ("apple", "orange", "blackberry")  # each is a fruit and a company
WORDS = ("the", "!", *NAMES, *(word for place in (*FRUIT, *COMPANY) for word in place))
VOCABULARY = tuple(dict.fromkeys(WORDS))
TAGS = ("O", "FRUIT", "ORG")


@dataclass(frozen=True)
class Apple(Task):
    """Tags of sentences in which only the context tells a fruit from a company.

    The verb of a fruit stands before it, so what was read tells; all that tells a company from a
    fruit comes after it. A third kind of sentence names both.
    """

    longest = 12
    features = len(VOCABULARY)  # type: ignore[assignment]
    outputs = len(TAGS)  # type: ignore[assignment]

    def words(self, rng: np.random.Generator) -> tuple[list[str], list[str]]:
        """A sentence and its tags."""

        def one(of: tuple[str, ...]) -> str:
            return of[rng.integers(len(of))]

        eaten = [(one(place), "O") for place in FRUIT] + [(one(NAMES), "FRUIT")]
        praised = [("the", "O"), (one(NAMES), "ORG")] + [(one(place), "O") for place in COMPANY]
        parts = (eaten, praised, eaten + praised)[rng.integers(3)]
        words, tags = zip(*parts, ("!", "O"), strict=True)
        return list(words), list(tags)

    def sequence(self, rng: np.random.Generator) -> Sequence:
        words, tags = self.words(rng)
        x = np.array([VOCABULARY.index(word) for word in words])
        return Sequence(x, np.eye(len(TAGS))[[TAGS.index(tag) for tag in tags]])

    def correct(self, batch: Batch, outputs: np.ndarray) -> np.ndarray:
        """All tags of a sentence are right."""
        return most_active_class(batch, outputs)


@dataclass(frozen=True)
class Cue(Task):
    """Which of two cues was read, somewhere in a sentence of other words.

    Attributes:
        steps: Words of a sentence; the cue is at any distance from its end.
        words: How many other words there are.
    """

    steps: int = 60
    words: int = 8
    outputs = 2  # type: ignore[assignment]
    bins: ClassVar[tuple[int, ...]] = (0, 5, 10, 20, 40)  # distances at which accuracies begin

    @property
    def features(self) -> int:
        return self.words + 2

    @property
    def longest(self) -> int:
        return self.steps

    def sequence(self, rng: np.random.Generator) -> Sequence:
        x = rng.integers(self.words, size=self.steps)
        which = rng.integers(2)
        x[rng.integers(self.steps)] = self.words + which
        return Sequence(x, at_the_end(self.steps, np.eye(2)[which]))

    def correct(self, batch: Batch, outputs: np.ndarray) -> np.ndarray:
        return most_active_class(batch, outputs)

    def by_distance(self, batch: Batch, outputs: np.ndarray) -> dict[str, float]:
        """The accuracy by how many words stand between the cue and the end."""
        distance = self.steps - 1 - (batch.x >= self.words).argmax(axis=1)
        right = self.correct(batch, outputs)
        ends = (*(min(end, self.steps) for end in self.bins[1:]), self.steps)
        return {
            f"accuracy, {first} to {end - 1} back": float(right[inside].mean())
            for first, end in zip(self.bins, ends, strict=True)
            if (inside := (distance >= first) & (distance < end)).any()
        }


@dataclass(frozen=True)
class Recall(Task):
    """The value that a slow signal had at a mark, early in the sequence, asked for at its end.

    Attributes:
        steps: Steps at full rate.
        period: Of the signal, a sine of any phase.
        every: The sequence is down-sampled before a net reads it: means over so many steps, and a
            mark where there was one among them. The value asked for is that at full rate, so some
            of its precision is lost.
    """

    steps: int = 60
    period: float = 40.0
    every: int = 1
    features = 2  # type: ignore[assignment]
    outputs = 1  # type: ignore[assignment]

    @property
    def longest(self) -> int:
        return self.steps // self.every

    def sequence(self, rng: np.random.Generator) -> Sequence:
        t = np.arange(self.steps)
        signal = np.sin(2 * np.pi * (t / self.period + rng.random()))
        at = rng.integers(self.steps // 4)
        marks = (t == at).astype(float)
        x = np.stack([signal, marks], axis=-1).reshape(self.longest, self.every, 2)
        x = np.stack([x[..., 0].mean(axis=1), x[..., 1].max(axis=1)], axis=-1)
        return Sequence(x, at_the_end(self.longest, [signal[at]]))

    def correct(self, batch: Batch, outputs: np.ndarray) -> np.ndarray:
        """The value is missed by less than 0.2; a guess of zero misses it by 0.71."""
        return np.abs(outputs[:, -1, 0] - batch.y[:, -1, 0]) < 0.2

    def precision(self, batch: Batch) -> float:
        """The error that down-sampling alone leaves: that of the mean in which the mark is."""
        marked = batch.x[..., 1].argmax(axis=1)
        read = batch.x[np.arange(len(batch.x)), marked, 0]
        return float(np.sqrt(((read - batch.y[:, -1, 0]) ** 2).mean()))
