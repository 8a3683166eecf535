"""The embedded Reber grammar: strings and what may follow at each of their places.

Hochreiter & Schmidhuber 1997, experiment 1; as one endless stream, Gers, Schmidhuber & Cummins
2000.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

import numpy as np

from .tasks import Batch, Sequence, Task, most_active, one_hot, padded

SYMBOLS = "BTPSXVE"
# Node -> the symbols that lead away from it, each with the node that it leads to. Both ways of a
# fork are taken as often.
GRAMMAR: dict[int, tuple[tuple[str, int | None], ...]] = {
    0: (("B", 1),),
    1: (("T", 2), ("P", 3)),
    2: (("S", 2), ("X", 4)),
    3: (("T", 3), ("V", 5)),
    4: (("X", 3), ("S", 6)),
    5: (("P", 4), ("V", 6)),
    6: (("E", None),),
}


def reber(rng: np.random.Generator) -> tuple[str, list[str]]:
    """A string of the Reber grammar, and for each place the symbols that may stand there."""
    node: int | None = 0
    string, allowed = "", []
    while node is not None:
        ways = GRAMMAR[node]
        symbol, node = ways[rng.integers(len(ways))] if len(ways) > 1 else ways[0]
        string += symbol
        allowed.append("".join(one for one, _ in ways))
    return string, allowed


def embedded(rng: np.random.Generator) -> tuple[str, list[str]]:
    """A string of the embedded grammar: B, T or P, a Reber string, the same T or P, E."""
    outer = "TP"[rng.integers(2)]
    inner, allowed = reber(rng)
    return f"B{outer}{inner}{outer}E", ["B", "TP", *allowed, outer, "E"]


def continual(rng: np.random.Generator) -> Iterator[tuple[str, str]]:
    """Embedded strings without end: each symbol, with those that may stand in its place."""
    while True:
        string, allowed = embedded(rng)
        yield from zip(string, allowed, strict=True)


def predicting(string: str, allowed: list[str]) -> Sequence:
    """A string whose next symbol is asked for at each place but the last."""
    symbols = np.array([SYMBOLS.index(symbol) for symbol in string])
    legal = np.array([[one in may for one in SYMBOLS] for may in allowed[1:]])
    return Sequence(symbols[:-1], one_hot(symbols[1:], len(SYMBOLS)), legal)


class _Reber(Task):
    features = outputs = len(SYMBOLS)  # type: ignore[assignment]

    def correct(self, batch: Batch, outputs: np.ndarray) -> np.ndarray:
        return most_active(batch, outputs)


@dataclass(frozen=True)
class EmbeddedReber(_Reber):
    """Strings of the embedded grammar, the state reset before each.

    Attributes:
        longest: Symbols that are read of a string; longer strings, one of some thousands, are
            drawn again.
        strings: Training draws from so many strings, as in the paper, from which those of tests
            differ; 0: from all that there are.
    """

    longest: int = 40
    strings: int = 0

    def sequence(self, rng: np.random.Generator) -> Sequence:
        return predicting(*self.draw(rng))

    def draw(self, rng: np.random.Generator) -> tuple[str, list[str]]:
        while True:
            string, allowed = embedded(rng)
            if len(string) <= self.longest + 1:
                return string, allowed

    def sets(self, rng: np.random.Generator, count: int) -> tuple[Batch, ...] | None:
        """The paper's training set, its test set of strings that are not in it, and any strings."""
        if not self.strings:
            return None
        training = [self.draw(rng) for _ in range(self.strings)]
        seen = {string for string, _ in training}
        others: list[tuple[str, list[str]]] = []
        while len(others) < count:
            drawn = self.draw(rng)
            if drawn[0] not in seen:
                others.append(drawn)
        some = training, others, [self.draw(rng) for _ in range(count)]
        return tuple(padded([predicting(*one) for one in part], self.longest) for part in some)


@dataclass(frozen=True)
class ContinualReber(_Reber):
    """Pieces of endless streams: nothing says where a string ends but its E and B.

    Attributes:
        longest: Symbols of a piece.
        tested: Symbols of a stream in a test.
        required: Which share of the outer symbols has to be foreseen in a stream that is right.
            None: every symbol of a stream has to be, as in the paper.
    """

    continual: ClassVar[bool] = True
    longest: int = 60
    tested: int = 1_000
    required: float | None = 0.95

    def correct(self, batch: Batch, outputs: np.ndarray) -> np.ndarray:
        if self.required is None:
            return most_active(batch, outputs)
        places = outer_places(batch)
        right = (outputs.argmax(axis=-1) == batch.y.argmax(axis=-1)) & places
        return right.sum(axis=1) >= self.required * places.sum(axis=1)

    def sequence(self, rng: np.random.Generator) -> Sequence:
        symbols, allowed = zip(*islice(continual(rng), self.longest + 1), strict=True)
        return predicting("".join(symbols), list(allowed))


def outer_places(batch: Batch) -> np.ndarray:
    """The steps whose next symbol is the second T or P, which only memory of the first tells.

    It follows the E of the inner string: one symbol may stand there, a T or a P. No other place of
    the grammar has a T or a P and nothing else.
    """
    assert batch.allowed is not None
    t, p = (batch.allowed[..., SYMBOLS.index(symbol)] for symbol in "TP")
    return (batch.allowed.sum(axis=-1) == 1) & (t | p) & (batch.weight > 0)
