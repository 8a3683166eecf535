"""Bach's chorales, whose next chord is predicted: Boulanger-Lewandowski et al. 2012."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from .tasks import Batch, Sequence, Task, padded

LOWEST, KEYS = 21, 88  # of a piano
SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Chorales(Task):
    """The keys that sound at the next step, from those that sounded so far.

    Attributes:
        file: JSON with train, valid and test: lists of pieces, which are lists of steps, which are
            lists of MIDI numbers.
        checksum: Of what is in it, by which results are told apart: not by where it is.
    """

    file: str = field(default="", repr=False)
    checksum: str = ""
    features = outputs = KEYS  # type: ignore[assignment]

    @classmethod
    def of(cls, file: Path) -> "Chorales":
        """The task with the pieces of a file.

        Raises:
            InputError: It cannot be read.
        """
        try:
            return cls(str(file), hashlib.sha256(file.read_bytes()).hexdigest()[:16])
        except OSError as error:
            raise InputError(f"{file}: cannot be read: {error.strerror}") from None

    @property
    def longest(self) -> int:
        return max(len(piece) for pieces in self.pieces().values() for piece in pieces) - 1

    def pieces(self) -> dict[str, list[list[list[int]]]]:
        """The pieces of each split.

        Raises:
            InputError: The file cannot be read or has something else.
        """
        try:
            found = json.loads(Path(self.file).read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"{self.file}: cannot be read as JSON: {error}") from None
        for split in SPLITS:
            pieces = found.get(split) if isinstance(found, dict) else None
            if not isinstance(pieces, list) or not pieces:
                raise InputError(f"{self.file}: has no pieces under {split!r}")
            for n, piece in enumerate(pieces):
                if not _is_piece(piece):
                    raise InputError(
                        f"{self.file}: {split}[{n}] should be two or more lists of MIDI numbers "
                        f"from {LOWEST} to {LOWEST + KEYS - 1}"
                    )
        return found

    def sets(self, rng: np.random.Generator, count: int) -> tuple[Batch, ...]:
        """Training, validation and test set, whole."""
        found = self.pieces()
        return tuple(
            padded([predicting(piece) for piece in found[split]], self.longest) for split in SPLITS
        )

    def correct(self, batch: Batch, outputs: np.ndarray) -> np.ndarray:
        """A piece is below 9 nats a step, as LSTM and GRU are on average (Chung et al. 2014)."""
        return nats(batch, outputs) < 9.0


def _is_piece(piece: Any) -> bool:
    """Whether it is two or more lists of the keys of a piano."""
    return (
        isinstance(piece, list)
        and len(piece) >= 2
        and all(isinstance(step, list) for step in piece)
        and all(type(key) is int for step in piece for key in step)
        and all(LOWEST <= key < LOWEST + KEYS for step in piece for key in step)
    )


def predicting(piece: list[list[int]]) -> Sequence:
    """A piece as rolls of keys, whose next step is asked for."""
    roll = np.zeros((len(piece), KEYS))
    for t, keys in enumerate(piece):
        roll[t, [key - LOWEST for key in keys]] = 1
    return Sequence(roll[:-1], roll[1:])


def nats(batch: Batch, outputs: np.ndarray) -> np.ndarray:
    """Of each piece, the negative log-likelihood of a step: the sum over its keys."""
    return _per_step(batch, outputs).sum(axis=1) / batch.weight.sum(axis=1)


def nats_of_all(batch: Batch, outputs: np.ndarray) -> float:
    """Of all steps of all pieces."""
    return float(_per_step(batch, outputs).sum() / batch.weight.sum())


def _per_step(batch: Batch, outputs: np.ndarray) -> np.ndarray:
    p = np.clip(outputs.astype("float64"), 1e-7, 1 - 1e-7)
    log = np.where(batch.y > 0, np.log(p), np.log1p(-p))
    return -log.sum(axis=-1) * batch.weight
