"""A search space becomes a folder of runs: keras-tuner proposes, `train` runs, a table compares."""

import json
import math
import statistics
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras_tuner
from sklearn.exceptions import ConvergenceWarning

from ..config.loading import vary
from ..config.schema import PACKAGES, Experiment, Range, Sweep
from ..errors import InputError
from ..serving.exporter import can_export, export
from ..training import runs
from ..training.trainer import Watcher, prepare_training, train

SWEEP = "sweep.json"  # the resolved sweep: a folder belongs to one
TRIALS = "trials"  # a run folder for each trial
TUNER = "tuner"  # keras-tuner's own notes
BEST = "best"  # the export of the best run
WINNER = "best.json"  # which trial that is
LEADERBOARD = "leaderboard.tsv"
FOLD = "data.fold"
FILES = ("data.train", "data.dev", "data.test", "vectors.files")
REPEATED = ("training.seed", FOLD)  # runs that differ in these are runs of one setting
HYPERBAND_FACTOR = 3


class Trial(NamedTuple):
    """One run of a sweep.

    Attributes:
        name: Its folder in the sweep's trials.
        values: The keys that the sweep varies, with the trial's values.
        scores: The run's scores.json; None if it failed.
        reason: Why it failed.
    """

    name: str
    values: dict[str, Any]
    scores: dict[str, Any] | None
    reason: str = ""


class Setting(NamedTuple):
    """A row of the leaderboard: the runs that differ in their seed or fold only."""

    values: dict[str, Any]
    trials: list[Trial]
    mean: float
    deviation: float | None  # over its runs; None for a single run
    parameters: int
    seconds_per_epoch: float
    tokens_per_second: float


class Result(NamedTuple):
    settings: list[Setting]  # the best first
    failed: list[Trial]
    best: Trial | None


class SweepWatcher:
    """Told how a sweep goes. `training` is given to each run."""

    training: Watcher | None = None

    def begin(self, trials: int, finished: int) -> None: ...

    def trial(self, values: dict[str, Any]) -> None: ...

    def end(self, trial: Trial, again: bool) -> None:
        """`again`: the trial had been finished before the sweep was interrupted."""


def run_sweep(config: Sweep, folder: Path, watcher: SweepWatcher | None = None) -> Result:
    """Runs all trials of a sweep, writes the leaderboard and exports the best run, unless of folds.

    Nor is a run exported on a backend that cannot; `export` does so on TensorFlow afterwards.

    An interrupted sweep goes on where it was: finished trials are kept, the one under way resumes
    from its last epoch. Trials that fail are kept apart, with their reason.

    Args:
        config: What to vary and how.
        folder: The sweep's folder; a new one, or that of the same sweep.
        watcher: Told about every trial.

    Raises:
        InputError: The folder holds another sweep or cannot be written, or Hyperband has too few
            settings to choose from.
    """
    watcher = watcher or SweepWatcher()
    if config.sweep.method == "hyperband":
        _check_hyperband(config)
    _check_files(config)
    _start(folder, config)
    watcher.begin(expected_trials(config), len(list(folder.glob(f"{TRIALS}/*/{runs.SCORES}"))))
    tuner = _Tuner(config, folder, watcher)
    with warnings.catch_warnings():
        # Few trials are too few for the model of the Bayesian search, and it says so every time.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "All-NaN", RuntimeWarning)  # the score of a failed trial
        tuner.search(verbose=0)
    result = compare(tuner.finished)
    _write_leaderboard(folder / LEADERBOARD, config, result)
    # A run of a fold is none to be used: it has not seen the fold, and others had easier ones.
    if result.best is not None and FOLD not in config.space and can_export():
        _export_best(folder, result.best.name)
    return result


def expected_trials(config: Sweep) -> int:
    """How many trials a sweep will have at most: there are fewer if proposals run out."""
    if config.sweep.method == "hyperband":
        return sum(map(sum, _hyperband_rounds(config.base.training.epochs)))
    sizes = [_size(choices) for choices in config.space.values()]
    return int(min(config.sweep.trials or math.inf, math.prod(sizes)))


def compare(trials: list[Trial]) -> Result:
    """Groups runs by setting and ranks the settings by their mean score on dev."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        if trial.scores is not None:
            values = {key: value for key, value in trial.values.items() if key not in REPEATED}
            groups.setdefault(json.dumps(values, sort_keys=True), []).append(trial)
    settings = []
    for setting, members in groups.items():
        of = {key: [t.scores[key] for t in members if t.scores] for key in members[0].scores or {}}
        settings.append(
            Setting(
                json.loads(setting),
                members,
                statistics.fmean(of["dev"]),
                statistics.stdev(of["dev"]) if len(members) > 1 else None,
                of["parameters"][0],
                statistics.median(of["seconds_per_epoch"]),
                statistics.median(of["tokens_per_second"]),
            )
        )
    settings.sort(key=lambda setting: -setting.mean)
    best = (
        max(settings[0].trials, key=lambda t: t.scores["dev"] if t.scores else 0)
        if settings
        else None
    )
    return Result(settings, [t for t in trials if t.scores is None], best)


class _Tuner(keras_tuner.Tuner):
    """keras-tuner's search over runs: a trial is `train` with other values.

    It always starts from the beginning. What it proposes follows from the seed and the scores, so
    that after an interruption it proposes the same again, and finished runs answer at once. Its own
    state is not reloaded: it is written in place, and a kill can leave half of it.
    """

    def __init__(self, config: Sweep, folder: Path, watcher: SweepWatcher) -> None:
        self.config, self.runs, self.watcher = config, folder / TRIALS, watcher
        self.finished: list[Trial] = []
        oracle = _oracle(config)
        super().__init__(oracle, directory=str(folder), project_name=TUNER, overwrite=True)

    def run_trial(self, trial: Any, **kwargs: Any) -> dict[str, float]:
        values = self.values_of(trial)
        name, scores, reason = trial.trial_id, None, ""
        self.watcher.trial(values)
        try:
            experiment = vary(self.config.base, values)
            run = self.folder_of(experiment, name)
            name = run.name
            again = runs.is_finished(run)
            if again:
                runs.check_unchanged(run, prepare_training(experiment).origin)
                scores = runs.scores(run)
            else:
                scores = train(experiment, run, self.watcher.training)
        except Exception as error:  # a sweep outlives its trials, whatever they die of
            again, reason = False, " ".join(str(error).split()) or type(error).__name__
        done = Trial(name, values, scores, reason)
        if name not in (earlier.name for earlier in self.finished):  # a proposal can come twice
            self.finished.append(done)
        self.watcher.end(done, again)
        # To keras-tuner, a score that is no number is a failed trial.
        return {"dev": math.nan if scores is None else scores["dev"]}

    def values_of(self, trial: Any) -> dict[str, Any]:
        """The trial's values of the varied keys; Hyperband's number of epochs is one of them."""
        proposed = trial.hyperparameters.values
        values = {key: _own(proposed[key], self.config.space[key]) for key in self.config.space}
        if "tuner/epochs" in proposed:
            # Each round trains anew with more epochs, so that every run can be repeated by itself.
            values["training.epochs"] = proposed["tuner/epochs"]
        return values

    def folder_of(self, experiment: Experiment, name: str) -> Path:
        """The run of this experiment, if there is one, or else a new folder, if possible `name`."""
        folders = sorted(path for path in self.runs.glob("*") if path.name.isdigit())
        for run in folders:
            if runs.config(run) == experiment.model_dump():
                return run
        if (self.runs / name).exists():  # by another order of proposals
            name = f"{int(folders[-1].name) + 1:04d}"
        return self.runs / name

    def load_model(self, trial: Any) -> None:
        """Runs keep their own models."""

    def save_model(self, trial_id: str, model: Any, step: int = 0) -> None:
        """Runs keep their own models."""


def _oracle(config: Sweep) -> Any:
    space = keras_tuner.HyperParameters()
    for key, choices in config.space.items():
        if isinstance(choices, list) or choices.step is not None:
            space.Choice(key, [_proposed(choice, choices) for choice in _listed(choices)])
        elif isinstance(choices.min, int) and isinstance(choices.max, int):
            space.Int(key, choices.min, choices.max, sampling=choices.sampling)
        else:
            space.Float(key, float(choices.min), float(choices.max), sampling=choices.sampling)
    common: dict[str, Any] = {
        "objective": keras_tuner.Objective("dev", "max"),
        "hyperparameters": space,
        "seed": config.sweep.seed,
        # The default of 3 would end the search; failures are reported at the end instead.
        "max_consecutive_failed_trials": 1_000_000,
    }
    oracles = keras_tuner.oracles
    if config.sweep.method == "hyperband":
        epochs = config.base.training.epochs
        return oracles.HyperbandOracle(max_epochs=epochs, factor=HYPERBAND_FACTOR, **common)
    kinds = {
        "grid": oracles.GridSearchOracle,
        "random": oracles.RandomSearchOracle,
        "bayesian": oracles.BayesianOptimizationOracle,
    }
    return kinds[config.sweep.method](max_trials=config.sweep.trials, **common)


def _listed(choices: list[Any] | Range) -> list[Any]:
    """The values of a list, or of a range with steps."""
    if isinstance(choices, list):
        return choices
    assert choices.step is not None
    count = int((choices.max - choices.min) / choices.step + 1e-9) + 1
    values = [choices.min + n * choices.step for n in range(count)]
    whole = all(isinstance(value, int) for value in values)
    return values if whole else [round(float(value), 12) for value in values]


def _size(choices: list[Any] | Range) -> float:
    """How many values there are to choose from."""
    if isinstance(choices, list) or choices.step is not None:
        return len(_listed(choices))
    whole = isinstance(choices.min, int) and isinstance(choices.max, int)
    return choices.max - choices.min + 1 if whole else math.inf


def _own(value: Any, choices: list[Any] | Range) -> Any:
    """The value as the space has it, of what keras-tuner has proposed."""
    if not isinstance(choices, list):
        return value
    return next((c for c in choices if _proposed(c, choices) == value), value)


def _proposed(choice: Any, choices: list[Any] | Range) -> Any:
    """The value as keras-tuner takes it: it knows no lists, and numbers of one type only."""
    if isinstance(choice, list):
        return json.dumps(choice)
    if isinstance(choices, list) and any(isinstance(c, float) for c in choices):
        return float(choice)
    return choice


def _start(folder: Path, config: Sweep) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / SWEEP).exists():
            before = Sweep.model_validate_json((folder / SWEEP).read_text("utf-8"))
            if before != config:
                if not _asks_for_more(config, before):
                    raise InputError(
                        f"{folder}: holds another sweep: give another folder with --out"
                    )
                runs.write_json(folder / SWEEP, config.model_dump())
        elif any(folder.iterdir()):
            raise InputError(f"{folder}: exists and is not a sweep: give another folder with --out")
        else:
            runs.write_json(folder / SWEEP, config.model_dump())
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from None


def _asks_for_more(config: Sweep, before: Sweep) -> bool:
    """Whether a sweep is one from before with more trials, whose first ones are those it had."""
    longer = before.sweep.model_copy(update={"trials": config.sweep.trials})
    same = config == before.model_copy(update={"sweep": longer})
    return same and (config.sweep.trials or math.inf) > (before.sweep.trials or math.inf)


def _check_files(config: Sweep) -> None:
    """Raises InputError if a file that trials would read is missing: once, and not in each."""
    changes = [
        {key: choice}
        for key, choices in config.space.items()
        if key in FILES and isinstance(choices, list)
        for choice in choices
    ]
    for change in changes or [{}]:
        experiment = vary(config.base, change)
        files = [
            file for split in ("train", "dev", "test") for file in experiment.data.files(split)
        ]
        files += [file for file in experiment.vectors.files if file not in PACKAGES]
        for file in files:
            if not Path(file).exists():
                raise InputError(f"{file}: no such file")


def _export_best(folder: Path, trial: str) -> None:
    """Exports the best run, as a new version if another one was the best before."""
    note = folder / WINNER
    if note.exists() and json.loads(note.read_text("utf-8"))["trial"] == trial:
        return
    versions = [int(path.name) for path in (folder / BEST).glob("*") if path.name.isdigit()]
    version = max(versions, default=0) + 1
    export(folder / TRIALS / trial, folder / BEST, version)
    runs.write_json(note, {"trial": trial, "version": version})


def _write_leaderboard(path: Path, config: Sweep, result: Result) -> None:
    keys = [key for key in config.space if key not in REPEATED]
    if config.sweep.method == "hyperband" and "training.epochs" not in keys:
        keys.append("training.epochs")
    columns = ["rank", *keys, "runs", "dev", "deviation", "parameters", "seconds_per_epoch"]
    lines = ["\t".join([*columns, "tokens_per_second", "trials", "failed"])]
    for rank, s in enumerate(result.settings, 1):
        names = ",".join(trial.name for trial in s.trials)
        deviation = "" if s.deviation is None else f"{s.deviation:.6f}"
        cells = [rank, *_cells(s.values, keys), len(s.trials), f"{s.mean:.6f}", deviation]
        cells += [
            s.parameters,
            f"{s.seconds_per_epoch:.4f}",
            f"{s.tokens_per_second:.1f}",
            names,
            "",
        ]
        lines.append("\t".join(map(str, cells)))
    for trial in result.failed:
        cells = ["", *_cells(trial.values, keys), 0, "", "", "", "", "", trial.name, trial.reason]
        lines.append("\t".join(map(str, cells)))
    with runs.replacing(path) as part:
        part.write_text("\n".join(lines) + "\n", "utf-8")


def _cells(values: Mapping[str, Any], keys: list[str]) -> list[str]:
    return [str(values.get(key, "")) for key in keys]


def _hyperband_rounds(epochs: int) -> list[list[int]]:
    """The trials of each round of each bracket, as in Li et al., "Hyperband", 2018."""
    brackets = int(math.log(epochs, HYPERBAND_FACTOR) + 1e-9) + 1
    last = math.ceil(1 + math.log(epochs, HYPERBAND_FACTOR))
    return [
        [
            math.ceil(last / (bracket + 1) * HYPERBAND_FACTOR ** (bracket - round_))
            for round_ in range(bracket + 1)
        ]
        for bracket in range(brackets)
    ]


def _check_hyperband(config: Sweep) -> None:
    """Raises InputError if the settings run out before any of them is trained to the end."""
    settings = math.prod(_size(choices) for choices in config.space.values())
    wanted = sum(rounds[0] for rounds in _hyperband_rounds(config.base.training.epochs))
    if settings < wanted:
        raise InputError(
            f"the sweep: hyperband starts {wanted} settings for training.epochs = "
            f"{config.base.training.epochs}, and the space has {settings}: use method = 'grid'"
        )
