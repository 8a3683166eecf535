"""What the runs of a sweep say: settings, how they compare, what they cost."""

import functools
import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from ..config.sweep_loading import baseline
from ..config.sweep_schema import Sweep
from ..errors import InputError
from ..training import runs, stored
from . import power, ranking, resampling
from .comparison import Comparison, Estimate, Pair, compare
from .ranking import Setting
from .resampling import Resampled
from .results import AGAIN, CELL, FOLD, REPEATED, Phase, Trial

MOST = 100  # settings that have a row
BUSY = 0.1  # share of the cores that others may use before a time is marked
Split = Literal["dev", "test"]


class _Scored(stored.Stored):
    scheme: str | None


class _Forecast(stored.Stored):
    block: int


class Cost(NamedTuple):
    """What a setting costs: medians over its runs; None where it was not measured.

    Attributes:
        weights: How many numbers training changes.
        megabytes: Of the file of the model, in 10^6 bytes.
        cpu_seconds_per_epoch: Of training, all cores together, without compiling.
        compile_seconds: CPU seconds that the first epoch took more.
        cpu_ms_per_sentence: Milliseconds of CPU for tagging a sentence of dev.
        beside_load: Whether others kept cores busy while one of its runs was timed.
    """

    weights: int
    megabytes: float | None
    cpu_seconds_per_epoch: float | None
    compile_seconds: float | None
    cpu_ms_per_sentence: float | None
    beside_load: bool


class Row(NamedTuple):
    """A setting on the leaderboard.

    Attributes:
        setting: The setting and its runs.
        cost: What it costs.
        dev: Its score on dev.
        test: Its score on test; None where that was not scored.
        group: The letters of the settings that it cannot be told apart from.
        against: The comparison with the reference, as this setting minus the reference; None for
            the reference itself.
    """

    setting: Setting
    cost: Cost
    dev: Estimate
    test: Estimate | None
    group: str
    against: Pair | None


class Board(NamedTuple):
    """The leaderboard of a sweep.

    Attributes:
        phase: Whether its runs are those of the finals, or of the search if there are no finals.
        measure: "f1", "accuracy", or "skill" of forecasts.
        split: Where settings are compared: test if it was scored, or else dev.
        rows: The settings, that with the best score on dev first.
        reference: The number of the row that the others are compared with: the baseline, or the
            best one if the baseline is not among them; None without rows.
        of_baseline: Whether that is the baseline.
        comparison: Every two settings, by the number of their row.
        design: How exact the comparisons are; None with fewer than two seeds.
        sentences: How many sentences, or origins of forecasts, they are compared on; None if
            only seeds are compared.
        gold: How many entities these have, or tags where tags are scored; None likewise.
        trials: All trials.
        expected: How many runs there will be at most.
        hidden: How many settings of a large search have no row: the worst ones.
    """

    phase: Phase
    measure: str
    split: Split
    rows: list[Row]
    reference: int | None
    of_baseline: bool
    comparison: Comparison
    design: power.Design | None
    sentences: int | None
    gold: int | None
    trials: list[Trial]
    expected: int
    hidden: int

    @property
    def failed(self) -> list[Trial]:
        return [trial for trial in self.trials if trial.status == "failed"]

    @property
    def ended(self) -> int:
        return sum(trial.status != "unfinished" for trial in self.trials)


def board(config: Sweep, trials: list[Trial], expected: int) -> Board:
    """The leaderboard of the finals; of the search as long as no final has finished.

    Args:
        config: The sweep.
        trials: All of its trials.
        expected: How many runs there will be at most.
    """
    finals = [trial for trial in trials if trial.phase == "final" and trial.scores]
    phase: Phase = "final" if finals else "search"
    every = ranking.compare(finals or [t for t in trials if t.phase == "search"]).settings
    settings = _shown(every, _reference(config, every))
    last = config.sweep.finals
    of: dict[str, Resampled] = {"dev": _resampled(settings, "dev")}
    if finals and last is not None and last.test:
        of["test"] = _resampled(settings, "test")
    split: Split = "test" if "test" in of and np.isfinite(of["test"].scores).any() else "dev"
    known = _reference(config, settings)
    comparison = compare(of[split], known)
    measured = {"dev": compare(of["dev"]).estimates, split: comparison.estimates}
    reference = known if known is not None else 0 if settings else None
    rows = [
        Row(
            setting,
            cost(setting.trials),
            measured["dev"][n],
            measured["test"][n] if "test" in measured else None,
            comparison.groups[n],
            comparison.pair(n, reference) if reference is not None and n != reference else None,
        )
        for n, setting in enumerate(settings)
    ]
    measure = next((t.scores["measure"] for t in trials if t.scores), "f1")
    return Board(
        phase,
        measure,
        split,
        rows,
        reference,
        known is not None,
        comparison,
        power.design(comparison.pairs, known),
        of[split].sentences,
        of[split].gold,
        trials,
        expected,
        len(every) - len(settings),
    )


def cost(trials: Sequence[Trial]) -> Cost:
    """What the runs of a setting cost."""

    def middle(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return statistics.median(known) if known else None

    tagging = middle([trial.cpu_seconds_per_sentence for trial in trials])
    return Cost(
        int(statistics.median(trial.weights or 0 for trial in trials)),
        middle([_megabytes(trial) for trial in trials]),
        middle([trial.cpu_seconds_per_epoch for trial in trials]),
        middle([trial.compile_seconds for trial in trials]),
        None if tagging is None else 1000 * tagging,
        any(map(beside_load, trials)),
    )


def beside_load(trial: Trial) -> bool:
    """Whether others kept more of the machine busy than goes unnoticed while it was trained."""
    load = trial.other_load
    return load is not None and load > BUSY * (machine(trial).get("cores") or 1)


def machine(trial: Trial) -> dict[str, Any]:
    """What trained it; empty if that was not written down."""
    return trial.origin.get("machine", {})


def pareto(rows: Sequence[tuple[float, float]]) -> set[int]:
    """Which of (score, cost) are not beaten by another one that is no worse in both."""
    return {
        n
        for n, (score, cost) in enumerate(rows)
        if not any(s >= score and c <= cost and (s, c) != (score, cost) for s, c in rows)
    }


def _megabytes(trial: Trial) -> float | None:
    path = trial.folder and trial.folder / runs.MODEL
    return path.stat().st_size / 1e6 if path and path.exists() else None


def _shown(settings: list[Setting], reference: int | None) -> list[Setting]:
    """The best ones and the reference: every two of them are compared."""
    if reference is None or reference < MOST:
        return settings[:MOST]
    return [*settings[: MOST - 1], settings[reference]]


def _reference(config: Sweep, settings: list[Setting]) -> int | None:
    """The best setting of the baseline cell; where one cell is varied, that of the base."""
    own = config.base.model.cell
    if len({setting.values.get(CELL, own) for setting in settings}) > 1:
        cell = baseline(config)
        return next((n for n, s in enumerate(settings) if s.values.get(CELL, own) == cell), None)
    base = config.base.model_dump()
    for n, setting in enumerate(settings):
        if all(_value(base, key) == value for key, value in setting.values.items()):
            return n
    return None


def _value(values: dict[str, Any], key: str) -> Any:
    """Of nested values that with a dotted key."""
    found: Any = values
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _resampled(settings: list[Setting], split: Split) -> Resampled:
    """The scores of all runs, those of the same seed and fold in one column."""
    keys = sorted({_repetition(trial) for setting in settings for trial in setting.trials}, key=str)
    by_key = [{_repetition(trial): trial for trial in setting.trials} for setting in settings]
    counted = [[_counts(row.get(key), split) for key in keys] for row in by_key]
    # Of finals that are being scored right now there are none yet. Folds have other sentences each.
    folds = any(FOLD in trial.values for setting in settings for trial in setting.trials)
    every = [trial for setting in settings for trial in setting.trials]
    measure = resampling.MEASURES[every[0].measure if every else "f1"]
    if not folds and any(counts is not None for row in counted for counts in row):
        try:
            block = _block(every, split)
            return resampling.resample(counted, measure=measure, block=block)
        except ValueError as error:
            where = settings[0].trials[0].folder
            raise InputError(
                f"{where and where.parent}: {error} of {split}: delete scores.{split}.json of the "
                "others, and sweep again"
            ) from None
    scores = np.full((len(settings), len(keys)), np.nan)
    for n, row in enumerate(by_key):
        for m, key in enumerate(keys):
            value = _score(row.get(key), split)
            scores[n, m] = np.nan if value is None else value
    return Resampled(scores, least=measure.least)


def _block(trials: list[Trial], split: Split) -> int:
    """How many neighbouring items are drawn together: of forecasts, what their series says."""
    for trial in trials:
        path = trial.folder and trial.folder / f"scores.{split}.json"
        if trial.measure == "skill" and path and path.exists():
            return stored.read(path, _Forecast, AGAIN)["block"]
    return 1


def _repetition(trial: Trial) -> tuple[Any, ...]:
    """What makes it a run of its own among those of its setting."""
    return trial.seed, *(trial.values.get(key) for key in REPEATED if key != "training.seed")


def _score(trial: Trial | None, split: Split) -> float | None:
    if trial is None:
        return None
    return trial.dev if split == "dev" else ranking.test_score(trial)


def _counts(trial: Trial | None, split: Split) -> np.ndarray | None:
    """Of each sentence; None where the run was not scored sentence by sentence."""
    if trial is None or trial.folder is None:
        return None
    path = trial.predictions(split)
    scored = path.with_name(f"scores.{split}.json")  # written last
    if not path.exists() or not scored.exists():
        return None
    read = _read_errors if trial.measure == "skill" else _read_counts
    return read(path, os.stat(path).st_mtime_ns, scored)


@functools.lru_cache(maxsize=4096)
def _read_errors(path: Path, changed: int, scored: Path) -> np.ndarray:
    """Squared errors of each origin: of the forecast, and of the best one without training."""
    try:
        with np.load(path) as saved:
            truth = saved["truth"]
            errors = [saved[name] - truth for name in ("forecasts", "reference")]
    except (*runs.DAMAGED, KeyError) as error:
        raise InputError(f"{path}: damaged: {error}: delete {scored}, and sweep again") from None
    return np.stack([np.nansum(of**2, axis=1) for of in errors], axis=-1)


@functools.lru_cache(maxsize=4096)
def _read_counts(path: Path, changed: int, scored: Path) -> np.ndarray:
    """Read once, as a sweep asks after each of its trials."""
    scheme = stored.read(scored, _Scored, AGAIN)["scheme"]
    try:
        gold, predicted = _tags(path.read_text("utf-8"))
        return resampling.count(gold, predicted, scheme)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path}: damaged: {error}: delete {scored}, and sweep again") from None


def _tags(text: str) -> tuple[list[list[str]], list[list[str]]]:
    """Gold and predicted tags of sentences. Raises ValueError if a line has other columns."""
    gold: list[list[str]] = [[]]
    predicted: list[list[str]] = [[]]
    for number, line in enumerate(text.split("\n"), 1):
        if line:
            cells = line.rsplit("\t", 2)
            if len(cells) < 3:
                raise ValueError(f"line {number} has {len(cells)} of 3 columns")
            _, one, other = cells
            gold[-1].append(one)
            predicted[-1].append(other)
        elif gold[-1]:
            gold.append([])
            predicted.append([])
    return gold[:-1], predicted[:-1]
