"""What a sweep has to know of what it trains; `taggers` and `forecasts` are such.

Whatever is trained, a configuration has `model.cell`, `model.units`, `training.epochs` and
`training.seed`; a run folder has an origin, a history and scores; and scores are shares of 1, the
higher the better. What reads a sweep's folder needs no module of these, and no TensorFlow.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol


class Probe(NamedTuple):
    """What a few batches of a cell took.

    Attributes:
        compile_seconds: Until the first batch was done.
        epoch_seconds: Of training an epoch, once compiled; of a tagger, scoring dev is not in it.
        cpu_seconds: The same in seconds of CPU.
        other_load: Cores that other processes kept busy meanwhile; None where not known.
    """

    compile_seconds: float
    epoch_seconds: float
    cpu_seconds: float
    other_load: float | None = None


class Task(Protocol):
    """What is trained."""

    def files(self, experiment: Any) -> list[str]:
        """The files that a trial reads."""

    def reads(self, experiment: Any) -> dict[str, Any]:
        """The part of the experiment on which it depends what `read` returns."""

    def read(self, experiment: Any) -> Any:
        """What training begins with, with an `origin`; InputError if files cannot be used."""

    def check_model(self, experiment: Any, reading: Callable[[Any], Any]) -> None:
        """Raises InputError if the cell does not take its options or units.

        `reading` is `read`, which does not read again what it has just read.
        """

    def weights(self, experiment: Any, prepared: Any) -> int:
        """How many numbers training changes; InputError as `check_model`."""

    def probe(self, experiment: Any, prepared: Any, like: Any) -> tuple[Probe, Any]:
        """Times a few batches; and what the next call may take as `like`."""

    def train(
        self,
        experiment: Any,
        run: Path,
        watcher: Any = None,
        callbacks: Sequence[Any] = (),
        shorter: Path | None = None,
        keep: bool = False,
        wait: float = 0.0,
    ) -> dict[str, Any]:
        """Trains a run folder to its end, also one that was interrupted; returns its scores."""

    def evaluate(self, run: Path, split: Any) -> Any:
        """Writes scores.SPLIT.json, and beside it what its items' scores are computed from."""

    def config(self, run: Path) -> dict[str, Any] | None:
        """The experiment of a run folder as plain values; None if it is no run."""

    def export(self, run: Path, directory: Path, version: int = 1) -> Any:
        """Writes a model for use elsewhere, of a finished run."""
