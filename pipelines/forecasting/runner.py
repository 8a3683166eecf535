"""A forecast as a run folder: every cell with every seed, the baselines, tables and pictures.

The folder grows by a file for each training, so that a run that was killed goes on with the next
one, and ends as it would have.
"""

import json
import math
import shutil
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

import keras_lstm_variants

from ..errors import InputError
from ..training.runs import PACKAGES, replacing, write_json
from ..versions import installed
from . import pictures
from .baselines import baselines
from .comparison import Comparison, compare
from .net import check_cell, fit, predict
from .plan import Plan, Request, actual, contexts, plan
from .series import Series

CONFIG = "forecast.json"  # what was asked for, of which series, with which versions
FITS = "fits"  # of each training, its model and its forecasts
FORECASTS, FUTURE = "forecasts.tsv", "future.tsv"
SERIES_PICTURE, ERROR_PICTURE = "forecast.png", "error.png"
SCORES = "scores.json"  # written last: a run that has it is finished
EXPORT = "export"


class Trained(NamedTuple):
    """One training.

    Attributes:
        name: Its cell and its seed.
        cell: The cell.
        loss: The least validation error.
        weights: Number of weights.
        forecasts: For the test part, (origins, horizon).
        future: For the steps after the end of the series, (horizon,).
    """

    name: str
    cell: str
    loss: float
    weights: int
    forecasts: np.ndarray
    future: np.ndarray


class Result(NamedTuple):
    """What a run found.

    Attributes:
        series: The series.
        plan: How it was taken apart.
        comparison: The errors of all models on the test part.
        best: The training with the least validation error: it is drawn and exported.
        future: Of each model, what it forecasts after the end of the series; of a cell, the mean
            over seeds.
    """

    series: Series
    plan: Plan
    comparison: Comparison
    best: str
    future: dict[str, list[float]]


class Watcher:
    """Told how it goes."""

    def begin(self, series: Series, plan: Plan, trainings: int, finished: int) -> None: ...

    def epoch(self, name: str, epoch: int, epochs: int) -> None: ...

    def end(self, trained: Trained) -> None: ...


def run(series: Series, request: Request, folder: Path, watcher: Watcher | None = None) -> Result:
    """Trains, scores and draws.

    Args:
        series: What is forecast.
        request: How.
        folder: A new one, or that of the same run interrupted.
        watcher: Told after each epoch and training.

    Raises:
        InputError: The series is too short, there is no such cell, or the folder holds something
            else; nothing is written then.
        TrainingFailed: A loss is not finite.
    """
    watcher = watcher or Watcher()
    for cell in request.cells:
        check_cell(cell)
    planned = plan(series, request)
    start(folder, series, request)
    jobs = [(cell, seed) for seed in range(1, request.seeds + 1) for cell in request.cells]
    finished = sum(_file(folder, *job).exists() for job in jobs)
    watcher.begin(series, planned, len(jobs), finished)
    trained = [_trained(folder, *job, series, request, planned, watcher) for job in jobs]
    result = _scored(series, request, planned, trained)
    _write(folder, series, result, trained, request)
    return result


def start(folder: Path, series: Series, request: Request) -> None:
    """Makes the folder of a run, or finds the same run that was interrupted.

    Raises:
        InputError: It holds a finished run, another run or other things, or cannot be made.
    """
    asked = json.loads(json.dumps(_config(series, request)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = [path for path in folder.iterdir() if not path.name.startswith(".")]
        if not held:
            (folder / FITS).mkdir(exist_ok=True)
            write_json(folder / CONFIG, asked)
            return
        text = (folder / CONFIG).read_text("utf-8") if (folder / CONFIG).exists() else "null"
        before = json.loads(text)
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: cannot be used: {error}") from None
    if is_finished(folder):
        raise InputError(f"{folder}: holds a finished run, which is never written again: use --out")
    if before is None and [path.name for path in held] != [FITS]:
        raise InputError(f"{folder}: exists and is no forecast: give another folder with --out")
    if before is None:
        write_json(folder / CONFIG, asked)
    elif before != asked:
        known = before if isinstance(before, dict) else {}
        other = ", ".join(key for key in asked if asked[key] != known.get(key))
        raise InputError(
            f"{folder}: holds another, unfinished run (other {other}): give another folder with "
            "--out"
        )


def is_finished(folder: Path) -> bool:
    return (folder / SCORES).exists()


def _config(series: Series, request: Request) -> dict[str, Any]:
    return {
        "column": series.name,
        "steps": len(series.values),
        "sha256": series.checksum,
        **request._asdict(),
        "backend": keras.backend.backend(),
        "packages": installed((*PACKAGES, "pandas", "statsmodels")),
    }


def _file(folder: Path, cell: str, seed: int) -> Path:
    return folder / FITS / f"{cell}-{seed}.npz"


def _trained(
    folder: Path,
    cell: str,
    seed: int,
    series: Series,
    request: Request,
    planned: Plan,
    watcher: Watcher,
) -> Trained:
    """A training, from its file if it has been done before."""
    path, name = _file(folder, cell, seed), f"{cell}-{seed}"
    if path.exists():
        try:
            with np.load(path) as saved:
                loss, weights = float(saved["loss"]), int(saved["weights"])
                return Trained(name, cell, loss, weights, saved["forecasts"], saved["future"])
        except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{path}: is damaged: delete it, and the training runs again ({error})"
            ) from None

    def progress(epoch: int) -> None:
        watcher.epoch(name, epoch, request.epochs)

    done = fit(cell, seed, series.values, request, planned, progress)
    last = series.values[None, -planned.window :]
    before = contexts(series.values, planned, planned.window)
    given = predict(done.model, np.concatenate([before, last]))
    trained = Trained(name, cell, done.loss, done.weights, given[:-1], given[-1])
    with replacing(path.with_suffix(".keras")) as part:
        done.model.save(part.with_suffix(".keras"))
        part.with_suffix(".keras").replace(part)
    arrays: dict[str, Any] = {**trained._asdict(), "epochs": done.epochs}
    with replacing(path) as part, part.open("wb") as file:
        np.savez_compressed(file, **arrays)
    watcher.end(trained)
    return trained


def _scored(series: Series, request: Request, planned: Plan, trained: list[Trained]) -> Result:
    values = series.values
    # What was filled in is forecast from, but is no truth to be scored on.
    truth = np.where(actual(series.observed, planned), actual(values, planned), np.nan)
    width = max(planned.window, planned.season)
    seen, last = contexts(values, planned, width), values[None, -width:]
    errors, future = {}, {}
    for name, forecast in baselines(values[: planned.test], planned).items():
        errors[name] = (forecast(seen) - truth)[None]
        future[name] = forecast(last)[0].tolist()
    for cell in request.cells:
        of_cell = [one for one in trained if one.cell == cell]
        errors[cell] = np.stack([one.forecasts for one in of_cell]) - truth
        future[cell] = np.mean([one.future for one in of_cell], axis=0).tolist()
    weights = {one.cell: one.weights for one in trained}
    comparison = compare(errors, weights, values[: planned.test], planned)
    best = min(trained, key=lambda one: one.loss)
    return Result(series, planned, comparison, best.name, future)


def _write(
    folder: Path, series: Series, result: Result, trained: list[Trained], request: Request
) -> None:
    _write_forecasts(folder / FORECASTS, series, result.plan, trained)
    heads = "\t".join(["step ahead", *result.future])
    rows = zip(*result.future.values(), strict=True)
    lines = ["\t".join([str(n), *(f"{x:.6g}" for x in row)]) for n, row in enumerate(rows, 1)]
    _write_lines(folder / FUTURE, [heads, *lines])
    cell = next(one.cell for one in trained if one.name == result.best)
    of_best = np.stack([one.forecasts for one in trained if one.cell == cell])
    pictures.draw_series(folder / SERIES_PICTURE, series, result.plan, cell, of_best, result.future)
    pictures.draw_errors(folder / ERROR_PICTURE, series, result.comparison)
    write_json(folder / SCORES, as_dict(result))


def _write_forecasts(path: Path, series: Series, planned: Plan, trained: list[Trained]) -> None:
    """A line for each origin and step ahead: what came, and what each training forecast."""
    lines = ["\t".join(["origin", "time", "step ahead", "actual", *(one.name for one in trained)])]
    origins, horizon = trained[0].forecasts.shape
    for origin in range(origins):
        for step in range(horizon):
            place = planned.test + origin + step
            value = f"{series.values[place]:.6g}" if series.observed[place] else ""
            given = [f"{one.forecasts[origin, step]:.6g}" for one in trained]
            row = [str(planned.test + origin - 1), series.labels[place], str(step + 1), value]
            lines.append("\t".join([*row, *given]))
    _write_lines(path, lines)


def _write_lines(path: Path, lines: list[str]) -> None:
    with replacing(path) as part:
        part.write_text("\n".join(lines) + "\n", "utf-8")


def as_dict(result: Result) -> dict[str, Any]:
    """The result as plain values, with what each difference means in words."""
    comparison = result.comparison
    scores = [
        {**_plain(score), "verdict": comparison.verdict(score) or None}
        for score in comparison.scores
    ]
    series = result.series
    return {
        "series": {
            "column": series.name,
            "steps": len(series.values),
            "step": series.step,
            "filled": int((~series.observed).sum()),
        },
        "plan": result.plan._asdict(),
        **comparison._asdict(),
        "scores": scores,
        "best": result.best,
        "future": result.future,
    }


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {key: _plain(item) for key, item in value._asdict().items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def export(folder: Path) -> Path:
    """Writes the net with the least validation error as a SavedModel that needs no code of ours.

    It takes windows, (batch, window, 1), and gives forecasts, (batch, horizon), both in the unit of
    the series; `forecast.json` beside it says so.

    Raises:
        InputError: The run is not finished, was exported before, or cannot be on this backend.
    """
    if not is_finished(folder):
        raise InputError(f"{folder}: the run is not finished: the same command resumes it")
    target = folder / EXPORT / "1"
    if target.exists():
        raise InputError(f"{target}: exists")
    try:
        scores = json.loads((folder / SCORES).read_text("utf-8"))
        config = json.loads((folder / CONFIG).read_text("utf-8"))
        model = keras.models.load_model(folder / FITS / f"{scores['best']}.keras", compile=False)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{folder}: is damaged: {str(error).partition(chr(10))[0]}") from None
    write_model(model, target, config["column"], scores["best"])
    return target


def write_model(model: keras.Model, target: Path, column: str, name: str) -> None:
    """Writes a net as a SavedModel, with what it takes and gives in `forecast.json` beside it.

    Raises:
        InputError: It cannot be exported on this backend, or cannot be written.
    """
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    window, horizon = model.input_shape[1], model.output_shape[1]
    try:
        keras_lstm_variants.export(model, part, "tf_saved_model")
        about = {
            "column": column,
            "net": name,
            "input": f"the last {window} values of the series, float32 (batch, {window}, 1), in "
            "its own unit, the newest last",
            "output": f"the next {horizon} values, float32 (batch, {horizon})",
        }
        write_json(part / "forecast.json", about)
        part.replace(target)
    except (ValueError, RuntimeError, OSError) as error:
        raise InputError(f"{target.parent}: cannot be exported: {error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
