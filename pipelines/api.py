"""The commands as functions. Nothing heavy is imported before one of them is called."""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from .errors import InputError
from .quiet import import_tensorflow
from .tagging import Tagger

if TYPE_CHECKING:
    from .config import schema, sweep_schema
    from .scoring.analysis import Analysis
    from .sweeping.search import Setting, SweepWatcher, Trial
    from .training.trainer import Watcher

AnyPath = str | os.PathLike[str]
Overrides = Mapping[str, Any] | Sequence[str]
Format = Literal["saved_model", "onnx", "litert"]


@dataclass(frozen=True)
class Run:
    """A finished run; a path to its folder for whatever takes one.

    Attributes:
        folder: The run folder.
        scores: Its `scores.json`: "dev", the score on dev as a share of 1; "measure", "f1" or
            "accuracy"; "best_epoch", "epochs", "parameters", "seconds_per_epoch" and others.
    """

    folder: Path
    scores: dict[str, Any]

    def __fspath__(self) -> str:
        return str(self.folder)


@dataclass(frozen=True)
class Sweep:
    """A finished sweep.

    Attributes:
        folder: Its folder.
        settings: What was compared, the best first.
        failed: The trials that failed, with the reason.
        best: The export of the best run; None if no trial succeeded or each lacks a fold.
    """

    folder: Path
    settings: "list[Setting]"
    failed: "list[Trial]"
    best: Path | None


def load(model: AnyPath | Run) -> Tagger:
    """The tagger of a run folder, of an export, or of one version of an export.

    Args:
        model: The folder.

    Returns:
        A function of texts.

    Raises:
        InputError: The folder is none of these, or its weights are not finite.
    """
    path = _path(model, "model")
    _begin()
    from .serving import taggers

    return Tagger(taggers.load(path))


def train(
    config: "AnyPath | Mapping[str, Any] | schema.Experiment | None" = None,
    out: AnyPath | None = None,
    *,
    start: AnyPath | Run | None = None,
    vocabulary: Literal["frozen", "extended"] | None = None,
    overrides: Overrides = (),
    callbacks: Iterable[Any] = (),
    watcher: "Watcher | None" = None,
) -> Run:
    """Trains a tagger into a run folder; the same call resumes a training that was killed.

    Args:
        config: An experiment: a TOML file, its content as a dict (paths in it are relative to the
            current directory), or an `Experiment`. With `start` it says what is different from
            that run, and may be left out.
        out: The run folder; by default runs/NAME for a file, RUN-continued without a config.
        start: A finished run, to start from its weights.
        vocabulary: With `start`: "frozen" keeps the words, characters and tags of the run (as by
            default); "extended" adds those of the training sentences.
        overrides: Keys that come before those of the config: {"training.epochs": 3}, or lines of
            TOML.
        callbacks: Of Keras; see `pipelines.training.trainer.train`.
        watcher: Told how training goes, which otherwise is silent.

    Returns:
        The run.

    Raises:
        InputError: The config or the data are wrong, or the folder holds something else.
        TrainingFailed: Training cannot go on, as the loss is not finite, for example.
    """
    _check_told("watcher", watcher, "epoch")
    if isinstance(callbacks, str) or not isinstance(callbacks, Iterable):
        raise InputError(f"callbacks: expected a list of callbacks (got {callbacks!r:.40})")
    experiment, folder = planned(config, out, start, vocabulary, overrides)
    from .training import trainer

    return Run(folder, trainer.train(experiment, folder, watcher, list(callbacks)))


def planned(
    config: "AnyPath | Mapping[str, Any] | schema.Experiment | None",
    out: AnyPath | None,
    start: AnyPath | Run | None,
    vocabulary: str | None,
    overrides: Overrides,
) -> "tuple[schema.Experiment, Path]":
    """What `train` would train, and the folder that it would write.

    Raises:
        InputError: As `train` does, before it reads any data.
    """
    _begin()
    from .config.loading import given, lines
    from .training import runs

    of_start = None if start is None else _path(start, "start")
    told = lines(overrides)
    if of_start is not None:
        runs.finished(of_start)
        told.append(f"start.run = {json.dumps(str(of_start.resolve()), ensure_ascii=False)}")
    if vocabulary is not None:
        told.append(f"start.vocabulary = {json.dumps(vocabulary)}")
    folder = None if out is None else _path(out, "out")
    if config is not None:
        experiment = given(config, told)
        if folder is None and not isinstance(config, str | os.PathLike):
            raise InputError("train: out: give the run folder, as the config is not a file")
        folder = folder or Path("runs") / Path(config).stem  # type: ignore[arg-type]
    elif of_start is not None:
        experiment = given(of_start / runs.CONFIG, told)
        folder = folder or of_start.resolve().with_name(f"{of_start.resolve().name}-continued")
    else:
        raise InputError(
            "train: give a config, an experiment in TOML; or a run to start from (--from)"
        )
    if vocabulary is not None and experiment.start.run is None:
        raise InputError("vocabulary is about that of a run: give one to start from, too (--from)")
    return experiment, folder


def evaluate(run: AnyPath | Run, split: str = "test", batch_size: int = 64) -> "Analysis":
    """Scores a run as conlleval does; writes predictions, errors and a page into its folder.

    Args:
        run: The run folder.
        split: "train", "dev" or "test".
        batch_size: Sentences tagged together; the scores do not depend on it.

    Returns:
        The scores and the error analysis.

    Raises:
        InputError: The run is not finished, its data has no such split, or train or dev are not
            what they were when it was trained; or its scores are not finite.
    """
    folder = _path(run, "run")
    _check_positive("batch_size", batch_size)
    _begin()
    from .evaluation import evaluator

    return evaluator.evaluate(folder, split, batch_size)


def sweep(
    config: "AnyPath | sweep_schema.Sweep",
    out: AnyPath | None = None,
    *,
    overrides: Overrides = (),
    watcher: "SweepWatcher | None" = None,
    workers: int | Literal["ray"] = 1,
) -> Sweep:
    """Trains many variants, compares them and exports the best; the same call resumes.

    Args:
        config: A sweep: a TOML file, or a `pipelines.config.sweep_schema.Sweep`.
        out: The sweep's folder; sweeps/NAME by default for a file.
        overrides: Keys of the base experiment, as in `train`; only with a file.
        watcher: Told about every trial; silent without.
        workers: How many trials run side by side, in processes of their own if more than one; or
            "ray", for the machines of the Ray cluster at RAY_ADDRESS, or of this machine's.

    Returns:
        The settings, the failed trials and where the best one is exported.

    Raises:
        InputError: The config is wrong, or the folder holds another sweep or cannot be written.
    """
    _check_told("watcher", watcher, "trial")
    if workers != "ray":
        _check_positive("workers", workers)
    _begin()
    from .config.loading import lines
    from .config.sweep_loading import load_sweep
    from .config.sweep_schema import Sweep as Config
    from .sweeping import search

    folder = None if out is None else _path(out, "out")
    if isinstance(config, Config):
        if overrides:
            raise InputError("sweep: overrides: are for a file; vary the base of the config")
        if folder is None:
            raise InputError("sweep: out: give the sweep's folder, as the config is not a file")
        loaded = config
    else:
        path = _path(config, "config")
        loaded, folder = load_sweep(path, lines(overrides)), folder or Path("sweeps") / path.stem
    result = search.run_sweep(loaded, folder, watcher, workers)
    best = folder / search.BEST
    return Sweep(folder, result.settings, result.failed, best if best.exists() else None)


def export(
    run: AnyPath | Run,
    directory: AnyPath,
    version: int = 1,
    format: Format = "saved_model",
    batch_size: int = 1,
    license: str | None = None,
) -> Path:
    """Writes a SavedModel that takes text or tokens, for TensorFlow Serving and for `serve`.

    Args:
        run: A finished run.
        directory: Where to write: a folder per version.
        version: The version, from 1.
        format: "onnx" and "litert" models take and return ids instead of strings; files beside
            them say what the ids mean.
        batch_size: Of a "litert" model; others take any number of sentences.
        license: Of the model, for its card: an SPDX identifier, such as "CC-BY-4.0".

    Returns:
        The folder of the version.

    Raises:
        InputError: The run is not finished, the version exists, the directory cannot be written, a
            package is missing, or the backend cannot export.
    """
    folder, target = _path(run, "run"), _path(directory, "directory")
    _check_positive("version", version)
    _check_positive("batch_size", batch_size)
    if format not in get_args(Format):
        raise InputError(f"format: unknown {format!r}; known are {', '.join(get_args(Format))}")
    if license is not None and not isinstance(license, str):
        raise InputError(f"license: expected a text, such as 'CC-BY-4.0' (got {license!r:.40})")
    _begin()
    from .serving import exporter

    return exporter.export(folder, target, version, format, batch_size, license)


def _path(value: Any, name: str) -> Path:
    if not isinstance(value, str | os.PathLike):
        raise InputError(f"{name}: expected a path (got {value!r:.40})")
    return Path(value)


def _check_positive(name: str, value: Any) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise InputError(f"{name}: expected a whole number from 1 (got {value!r:.40})")


def _check_told(name: str, value: Any, method: str) -> None:
    if value is not None and not hasattr(value, method):
        raise InputError(f"{name}: expected an object with the method {method} (got {value!r:.40})")


def _begin() -> None:
    """Imports TensorFlow quietly, unless the user has: devices and backend are theirs then."""
    if "keras" not in sys.modules:
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # pipelines are tf.data throughout
    if "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import_tensorflow()
