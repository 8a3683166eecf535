"""One trial, wherever it runs: a training, and for a final the scores of its items."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras

from ..config.sweep_schema import AnyExperiment, kind
from ..errors import InputError
from ..training import locks, runs
from ..training.trainer import Watcher
from . import stopping
from .kinds import task_of
from .results import Phase

PAUSED = "\n"  # the reason of a trial that has not ended and has left its place to others
Share = Callable[[float, str], None]  # told how much of a trial is done, and what it does


class Job(NamedTuple):
    """A trial to run.

    Attributes:
        phase: Whether it is of the search or of the finals.
        name: The name of its folder.
        experiment: What is trained.
        run: Its run folder.
        splits: What is scored item by item afterwards: "dev", "test".
        shorter: The run of the same with fewer epochs, from whose end it goes on.
        keep: Whether a run with more epochs may go on from its own end.
        rule: What stops it early; None if nothing does.
    """

    phase: Phase
    name: str
    experiment: AnyExperiment
    run: Path
    splits: tuple[str, ...] = ()
    shorter: Path | None = None
    keep: bool = False
    rule: stopping.Rule | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return runs.is_finished(self.run) and not self.unscored

    @property
    def unscored(self) -> list[str]:
        return [s for s in self.splits if not (self.run / f"scores.{s}.json").exists()]


def task(job: Job) -> dict[str, Any]:
    """A job in plain values, for another process: what `of_task` takes."""
    return {
        **job._asdict(),
        "experiment": job.experiment.model_dump(),
        "run": str(job.run.absolute()),
        "shorter": job.shorter and str(job.shorter.absolute()),
    }


def of_task(values: dict[str, Any]) -> Job:
    """The job of plain values, after their way through JSON."""
    return Job(
        **{
            **values,
            "experiment": kind(values["experiment"]).model_validate(values["experiment"]),
            "run": Path(values["run"]),
            "splits": tuple(values["splits"]),
            "shorter": values["shorter"] and Path(values["shorter"]),
            "rule": values["rule"] and stopping.Rule(tuple(values["rule"][0]), *values["rule"][1:]),
        }
    )


def perform(job: Job, share: Share, wait: float = runs.DYING) -> str:
    """Does what is left of a trial.

    Args:
        job: The trial.
        share: Told how much is done.
        wait: Seconds for a process that has its run folder to die.

    Returns:
        Why it failed; empty if it has not, and PAUSED if it is to go on later. A sweep outlives its
        trials, whatever they die of.
    """
    try:
        if not runs.is_finished(job.run):
            _train(job, share, wait)
        for split in job.unscored:
            with locks.writing(job.run, wait=wait):
                task_of(job.experiment).evaluate(job.run, split)
    except InputError as error:
        return str(error)
    except stopping.Paused:
        return PAUSED
    except Exception as error:
        return " ".join(str(error).split()) or type(error).__name__
    return ""


def _train(job: Job, share: Share, wait: float) -> None:
    callbacks = [_Stopping(job.rule, job.run)] if job.rule else []
    task_of(job.experiment).train(
        job.experiment,
        job.run,
        _Shares(share),
        callbacks,
        shorter=job.shorter,
        keep=job.keep,
        wait=wait,
    )


class _Stopping(keras.callbacks.Callback):
    """Stops the training of a trial as soon as the rule does."""

    def __init__(self, rule: stopping.Rule, run: Path) -> None:
        super().__init__()
        self._judge = stopping.Judge(rule, run)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        [score] = [value for name, value in (logs or {}).items() if name.startswith("val_")]
        if self._judge.stops(epoch + 1, score, self.params["epochs"]):
            self.model.stop_training = True


class _Shares(Watcher):
    """What of a training is done, as a share of 1."""

    def __init__(self, share: Share) -> None:
        self._share = share

    def begin(self, experiment: Any, measure: str, batches: int, first_epoch: int) -> None:
        self._epochs, self._batches = experiment.training.epochs, batches

    def step(self, epoch: int, batch: int) -> None:
        done = (epoch - 1 + batch / self._batches) / self._epochs
        self._share(done, f"epoch {epoch}/{self._epochs}")
