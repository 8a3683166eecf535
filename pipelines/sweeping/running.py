"""One trial, wherever it runs: an ordinary `train`, and for a final the scores of its sentences."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ..config.schema import Experiment
from ..errors import InputError
from ..evaluation.evaluator import evaluate
from ..training import locks, runs
from ..training.trainer import Watcher, train
from .results import Phase

Share = Callable[[float, str], None]  # told how much of a trial is done, and what it does


class Job(NamedTuple):
    """A trial to run.

    Attributes:
        phase: Whether it is of the search or of the finals.
        name: The name of its folder.
        experiment: What is trained.
        run: Its run folder.
        splits: What is scored sentence by sentence afterwards: "dev", "test".
    """

    phase: Phase
    name: str
    experiment: Experiment
    run: Path
    splits: tuple[str, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return runs.is_finished(self.run) and not self.unscored

    @property
    def unscored(self) -> list[str]:
        return [s for s in self.splits if not (self.run / f"scores.{s}.json").exists()]


def perform(job: Job, share: Share) -> str:
    """Does what is left of a trial.

    Returns:
        Why it failed; empty if it has not. A sweep outlives its trials, whatever they die of.
    """
    try:
        if not runs.is_finished(job.run):
            train(job.experiment, job.run, _Shares(share))
        for split in job.unscored:
            with locks.writing(job.run, wait=runs.DYING):
                evaluate(job.run, split)
    except InputError as error:
        return str(error)
    except Exception as error:
        return " ".join(str(error).split()) or type(error).__name__
    return ""


class _Shares(Watcher):
    """What of a training is done, as a share of 1."""

    def __init__(self, share: Share) -> None:
        self._share = share

    def begin(self, experiment: Any, measure: str, batches: int, first_epoch: int) -> None:
        self._epochs, self._batches = experiment.training.epochs, batches

    def step(self, epoch: int, batch: int) -> None:
        done = (epoch - 1 + batch / self._batches) / self._epochs
        self._share(done, f"epoch {epoch}/{self._epochs}")
