"""What the folder of a sweep holds, read from its files alone."""

import csv
import statistics
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import FiniteFloat, PositiveInt, ValidationError

from ..config.sweep_schema import Sweep
from ..errors import InputError
from ..training import runs, stored, takeover
from . import journal

SWEEP = "sweep.json"  # the resolved sweep: a folder belongs to one
TRIALS = "trials"  # a run folder for each trial of the search
FINALS = "finals"  # a run folder for each setting and fresh seed of the finals
STOPPED = "stopped.json"  # in a run folder: after which epoch the sweep's rule has stopped it
CHOSEN = "finals.json"  # the settings that are in the finals, the best of the search first
FOLD = "data.fold"
CELL = "model.cell"
SEED = "training.seed"
REPEATED = (SEED, FOLD)  # runs that differ in these are runs of one setting

Phase = Literal["search", "final"]
FOLDERS: dict[Phase, str] = {"search": TRIALS, "final": FINALS}
AGAIN = "delete it and run the same `lstm-variants sweep` again"


class _Total(stored.Stored):
    f1: FiniteFloat


class _Tested(stored.Stored):
    accuracy: FiniteFloat
    total: _Total


class _Forecast(stored.Stored):
    skill: FiniteFloat
    rmse: FiniteFloat
    reference: str
    reference_rmse: FiniteFloat


class _Sentences(stored.Stored):
    sentences: PositiveInt | None = None
    tokens: PositiveInt | None = None


class _Machine(stored.Stored):
    cores: PositiveInt | None = None


class _Origin(stored.Stored):
    python: str = ""
    backend: str = ""
    packages: dict[str, str] = {}
    machine: _Machine = _Machine()
    data: dict[str, _Sentences] = {}


class _Stopped(stored.Stored):
    epoch: PositiveInt


class _TakenOver(stored.Stored):
    epochs: PositiveInt


class _Chosen(stored.Stored):
    settings: list[dict[str, Any]]


@dataclass(frozen=True)
class Trial:
    """One run of a sweep.

    Attributes:
        name: The name of its folder in that of its phase.
        values: The keys that the sweep varies with the trial's values, the seed of a final
            included; `model.units` too where the budget has solved for it.
        scores: The run's scores.json, with "dev" and "measure"; None if it is not finished.
        reason: Why it failed; empty if it has not.
        phase: Whether it looks for good settings, or measures one of them on a fresh seed.
        folder: Its run folder; None in tests, and it need not exist if the trial failed early.
        cell: Its recurrent cell.
        seed: Its `training.seed`.
    """

    name: str
    values: dict[str, Any]
    scores: dict[str, Any] | None
    reason: str = ""
    phase: Phase = "search"
    folder: Path | None = field(default=None, compare=False)
    cell: str = ""
    seed: int | None = None

    @property
    def status(self) -> Literal["finished", "failed", "unfinished"]:
        if self.scores is not None:
            return "finished"
        return "failed" if self.reason else "unfinished"

    @property
    def setting(self) -> dict[str, Any]:
        """Its values but for seed and fold: runs of the same setting repeat each other."""
        return {key: value for key, value in self.values.items() if key not in REPEATED}

    @property
    def dev(self) -> float | None:
        """The score on dev, as a share of 1, of the kind that `scores["measure"]` says."""
        return None if self.scores is None else self.scores["dev"]

    @property
    def measure(self) -> str:
        """What its scores are: "f1" or "accuracy" of a tagger, "skill" of a forecast."""
        return "f1" if self.scores is None else self.scores["measure"]

    @cached_property
    def test(self) -> dict[str, Any] | None:
        """scores.test.json, as `evaluate --json` prints it; None if test was not scored."""
        path = self.folder and self.folder / "scores.test.json"
        shape = _Forecast if self.measure == "skill" else _Tested
        return stored.read(path, shape, AGAIN) if path and path.exists() else None

    @cached_property
    def origin(self) -> dict[str, Any]:
        """Where its run comes from; empty if it has not begun."""
        path = self.folder and self.folder / runs.ORIGIN
        if not path or not path.exists():
            return {}
        return stored.read(path, _Origin, "put it back from a copy")

    @cached_property
    def history(self) -> list[dict[str, float]]:
        """A row for each epoch, with the columns of history.tsv that have a value."""
        path = self.folder and self.folder / runs.HISTORY
        return history(path) if path and path.exists() else []

    @cached_property
    def stopped(self) -> int | None:
        """After how many epochs the sweep's rule has stopped it; None if it has not."""
        path = self.folder and self.folder / STOPPED
        if self.scores is None or not path or not path.exists():
            return None
        return stored.read(path, _Stopped, AGAIN)["epoch"]

    @cached_property
    def taken_over(self) -> int:
        """How many of its epochs are those of another trial, with which it began."""
        path = self.folder and self.folder / takeover.NOTE
        if not path or not path.exists():
            return 0
        return stored.read(path, _TakenOver, AGAIN)["epochs"]

    @property
    def weights(self) -> int | None:
        """How many numbers training changes."""
        return None if self.scores is None else self.scores["parameters"]

    @property
    def cpu_seconds_per_epoch(self) -> float | None:
        """The median over epochs that compiled nothing, in seconds of all cores together.

        None for runs from before it was measured, and for those of a single epoch.
        """
        spent = [row["cpu_seconds"] for row in self.history if row.get("compiled") == 0]
        return statistics.median(spent) if spent else None

    @property
    def compile_seconds(self) -> float | None:
        """CPU seconds that the first epoch took beyond the median of the others."""
        usual = self.cpu_seconds_per_epoch
        if usual is None:
            return None
        return max(0.0, self.history[0]["cpu_seconds"] - usual)

    @property
    def cpu_seconds_per_sentence(self) -> float | None:
        """Of tagging dev, the median over epochs that compiled nothing."""
        rows = [row for row in self.history if row.get("compiled") == 0]
        spent = [row["tagging_cpu_seconds"] for row in rows if "tagging_cpu_seconds" in row]
        if not spent or self.folder is None:
            return None
        sentences = self.origin.get("data", {}).get("dev", {}).get("sentences")
        return statistics.median(spent) / sentences if sentences else None

    @property
    def other_load(self) -> float | None:
        """Cores that others kept busy meanwhile, the mean over epochs; None where not known."""
        known = [row["other_load"] for row in self.history if "other_load" in row]
        return statistics.fmean(known) if known else None

    def predictions(self, split: Literal["dev", "test"]) -> Path:
        """Where token, gold and predicted tag of each sentence are: dev and test of finals only.

        The file is there once the split has been scored, and has an empty line after each sentence.
        Of a forecast, it has arrays: forecasts, truth and those of the best one without training.
        """
        assert self.folder is not None
        if self.measure == "skill":
            return self.folder / f"forecasts.{split}.npz"
        return self.folder / f"predictions.{split}.conll"


def history(path: Path) -> list[dict[str, float]]:
    """The rows of a history.tsv, with the columns that have a value.

    Raises:
        InputError: It is damaged, or cannot be read.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [_epoch(row) for row in csv.DictReader(file, delimiter="\t")]
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, csv.Error) as error:
        raise InputError(
            f"{path}: damaged: {error}: put it back from a copy, or delete it"
        ) from None


def _epoch(row: dict[str, Any]) -> dict[str, float]:
    """A row of a history. Raises ValueError if it is not that of an epoch."""
    if None in row:
        raise ValueError("a line has more cells than the heading")
    found = {key: float(value) for key, value in row.items() if value}
    needed = ["epoch", "dev", *["cpu_seconds"] * ("compiled" in found)]
    if missing := [key for key in needed if key not in found]:
        raise ValueError(f"a line has no {missing[0]}")
    return found


def load(folder: Path) -> Sweep:
    """The sweep of a folder.

    Raises:
        InputError: The folder is none of a sweep; or of one that another version has made, or whose
            file is damaged.
    """
    path = folder / SWEEP
    try:
        return Sweep.model_validate_json(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"{folder}: not a sweep's folder (it has no {SWEEP}); `lstm-variants sweep` makes one"
        ) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        said = fault["msg"][0].lower() + fault["msg"][1:]
        why = f"{where}: {said}" if where else said
    except ValueError as error:
        why = str(error)
    raise InputError(
        f"{path}: damaged, or of another version: {' '.join(why.split())}: put it back from a "
        "copy, or run the sweep in another folder"
    )


def read(folder: Path) -> list[Trial]:
    """All trials of a sweep that have been proposed, in that order; also while it runs.

    Finals of settings that are not among the chosen ones any more, because the search went on and
    found better ones, are left out.

    Raises:
        InputError: The folder is none of a sweep, or its journal is damaged.
    """
    config = load(folder)
    proposed: dict[tuple[Phase, str], dict[str, Any]] = {}
    reasons: dict[tuple[Phase, str], str] = {}
    for line in journal.read(folder):
        if "values" in line:
            proposed.setdefault((line["phase"], line["trial"]), line["values"])
        elif "reason" in line:
            reasons[line["phase"], line["trial"]] = line["reason"]
    trials = [
        trial(folder, config, phase, name, values, reasons.get((phase, name), ""))
        for (phase, name), values in proposed.items()
    ]
    chosen = chosen_settings(folder)
    return [t for t in trials if t.phase == "search" or t.setting in chosen]


def trial(
    folder: Path, config: Sweep, phase: Phase, name: str, values: dict[str, Any], reason: str
) -> Trial:
    """A trial as its run folder has it; the reason counts if that is not finished."""
    run = folder / FOLDERS[phase] / name
    scores = None
    if runs.is_finished(run):
        try:
            scores, reason = runs.scores(run), ""
        except InputError as error:
            reason = str(error)
    base = config.base
    cell = values.get(CELL, base.model.cell)
    seed = values.get(SEED, base.training.seed)
    return Trial(name, values, scores, reason, phase, run, cell, seed)


def chosen_settings(folder: Path) -> list[dict[str, Any]]:
    """The settings in the finals, the best of the search first; none before it has ended."""
    path = folder / CHOSEN
    return stored.read(path, _Chosen, AGAIN)["settings"] if path.exists() else []
