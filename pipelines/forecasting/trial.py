"""One net with one seed as a run folder, as sweeps train them, and its skill.

The skill of a forecast is 1 less its RMSE divided by that of the best forecast without training, on
the same origins: 0 is as good as that, 1 is perfect, and below 0 it would have been better not to
train. It is what sweeps compare: higher is better, and it has no unit.

A run that is killed begins again, which takes seconds, and ends as it would have.
"""

import json
import platform
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple
from zipfile import BadZipFile

import keras
import numpy as np

from ..config.forecast_schema import Forecast
from ..config.forecast_schema import Series as SeriesKeys
from ..errors import InputError
from ..training import locks, runs
from ..training.costs import Meter
from ..versions import installed
from . import net, series
from .baselines import baselines
from .comparison import block_length
from .plan import Plan, Request, actual, contexts, plan
from .runner import CONFIG, write_model
from .series import Series

COLUMNS = ("epoch", "loss", "dev", "seconds", "cpu_seconds", "compiled", "other_load")
Split = Literal["dev", "test"]


class Prepared(NamedTuple):
    """What training begins with.

    Attributes:
        series: What is forecast.
        plan: How it is taken apart.
        origin: Where it comes from.
    """

    series: Series
    plan: Plan
    origin: dict[str, Any]


class Reference(NamedTuple):
    """What a forecast has to be better than, and what came.

    Attributes:
        name: Of the forecast without training that has the smallest RMSE on this part.
        forecasts: Of it, (origins, horizon).
        truth: (origins, horizon), NaN where nothing was observed.
        rmse: Its RMSE.
        block: Neighbouring origins whose errors are alike.
    """

    name: str
    forecasts: np.ndarray
    truth: np.ndarray
    rmse: float
    block: int


def request(forecast: Forecast) -> Request:
    """What is asked for, as a run of several cells is."""
    own, model, training = forecast.series, forecast.model, forecast.training
    return Request(
        cells=(model.cell,),
        seeds=1,
        horizon=own.horizon,
        window=own.window,
        season=own.season,
        test=own.test,
        validation=own.dev,
        units=(model.units,) * model.layers,
        dropout=model.dropout,
        epochs=training.epochs,
        patience=training.patience,
        batch_size=training.batch_size,
        learning_rate=training.learning_rate,
        relative=model.relative,
        fill=own.fill,
    )


def prepare(forecast: Forecast) -> Prepared:
    """Reads and divides the series.

    Raises:
        InputError: It cannot be read, or is too short.
    """
    own = forecast.series
    try:
        read = series.read(own.file, own.column, own.time, own.fill)
        planned = plan(read, request(forecast))
        for split in ("dev", "test"):
            reference(read, planned, forecast, split)
    except InputError as error:
        raise InputError(in_keys(str(error), own.file)) from None
    backend = keras.backend.backend()
    origin = {
        "python": platform.python_version(),
        "packages": installed((*runs.PACKAGES, "pandas", "statsmodels")),
        "backend": backend,
        "machine": runs.machine(),
        "data": {
            "series": {
                "file": own.file,
                "column": read.name,
                "steps": len(read.values),
                "sha256": read.checksum,
            }
        },
    }
    return Prepared(read, planned, origin)


def in_keys(message: str, file: str) -> str:
    """What the command `forecast` says of its options, in the words of a configuration."""

    def key(option: re.Match[str]) -> str:
        name, value = option.groups()
        return f'series.{name} = "{value}"' if value else f"series.{name}"

    # Not in the names of files and columns, where anything may stand.
    options = rf"(?<![^\s`])--({'|'.join(SeriesKeys.model_fields)})\b(?: (linear|previous))?"
    keys = re.sub(options, key, message)
    return keys if file in keys else f"{file}: {keys}"


def reference(read: Series, planned: Plan, forecast: Forecast, split: Split) -> Reference:
    """The best forecast without training on a part, fitted on what comes before the part.

    It is the same whatever the window of the net: that of baselines is the usual one.

    Raises:
        InputError: It makes no errors, so that nothing can be better.
    """
    usual = request(forecast)._replace(window=None, season=planned.season)
    values, observed, of_part = _part(read, plan(read, usual), split)
    truth = np.where(actual(observed, of_part), actual(values, of_part), np.nan)
    seen = contexts(values, of_part, max(of_part.window, of_part.season))
    found = baselines(values[: of_part.test], of_part)
    if not np.isfinite(truth).any():
        raise InputError(f"{read.name}: nothing was observed in the {split} part")
    forecasts = {name: of_seen(seen) for name, of_seen in found.items()}
    errors = {name: _rmse(given, truth) for name, given in forecasts.items()}
    best = min(errors, key=lambda name: errors[name])
    if not errors[best]:
        raise InputError(
            f"{read.name}: {best} makes no error in the {split} part: nothing can be better"
        )
    block = block_length(len(truth), of_part)
    return Reference(best, forecasts[best], truth, errors[best], block)


def build(forecast: Forecast, planned: Plan) -> keras.Model:
    """The net.

    Raises:
        InputError: The cell cannot have so many units.
    """
    keras.utils.clear_session()
    try:
        return net.build(forecast.model.cell, request(forecast), planned)
    except InputError as error:
        raise InputError(str(error).removeprefix("--cell ")) from None


def train(
    forecast: Forecast,
    run: Path,
    told: Callable[[int], None],
    callbacks: Sequence[keras.callbacks.Callback] = (),
    wait: float = runs.DYING,
) -> dict[str, Any]:
    """Trains a net into a run folder, or once more if that was interrupted.

    Args:
        forecast: What is trained.
        run: A new folder, or that of the same run.
        told: Told after each epoch.
        callbacks: Called by Keras as well.
        wait: Seconds for a process that writes the folder to end.

    Raises:
        InputError: The series cannot be used, or the folder holds something else.
        TrainingFailed: The loss is not finite.
    """
    prepared = prepare(forecast)
    read, planned = prepared.series, prepared.plan
    with locks.writing(run, wait=wait):
        _start(run, forecast, prepared.origin)
        of_dev = reference(read, planned, forecast, "dev")
        scale = planned.deviation / of_dev.rmse
        history = _History(run / runs.HISTORY, scale)
        done = net.fit(
            forecast.model.cell,
            forecast.training.seed,
            read.values,
            request(forecast),
            planned,
            told,
            [history, *callbacks],
        )
        given = _forecasts(done.model, read, planned, "dev")
        with runs.replacing(run / runs.MODEL) as part:
            whole = part.with_suffix(".keras")
            done.model.save(whole)
            whole.replace(part)
        # The first epoch compiles.
        usual = float(np.median(history.seconds[1:] or history.seconds))
        windows = planned.validation - planned.window - planned.horizon + 1
        scores = {
            "measure": "skill",
            **_scored(given, of_dev),
            "best_epoch": int(np.argmin(history.losses)) + 1,
            "epochs": done.epochs,
            "parameters": trained(done.model),
            "seconds_per_epoch": usual,
            "tokens_per_second": windows * planned.window / usual,  # steps that the cell reads
        }
        scores["dev"] = scores.pop("skill")
        runs.write_json(run / runs.SCORES, scores)
    return scores


def evaluate(run: Path, split: Split) -> None:
    """Scores a finished run origin by origin: `forecasts.SPLIT.npz`, then `scores.SPLIT.json`.

    Raises:
        InputError: The run is damaged, or its series is another one now.
    """
    forecast = config(run)
    if forecast is None or not runs.is_finished(run):
        raise InputError(f"{run}: no finished forecast of a sweep")
    prepared = prepare(forecast)
    runs.check_unchanged(run, prepared.origin)
    found = reference(prepared.series, prepared.plan, forecast, split)
    given = _forecasts(_model(run), prepared.series, prepared.plan, split)
    with runs.replacing(run / f"forecasts.{split}.npz") as part, part.open("wb") as file:
        arrays: dict[str, Any] = {
            "forecasts": given,
            "truth": found.truth,
            "reference": found.forecasts,
        }
        np.savez_compressed(file, **arrays)
    scores = {**_scored(given, found), "origins": len(given), "block": found.block}
    runs.write_json(run / f"scores.{split}.json", scores)


def config(run: Path) -> Forecast | None:
    """The forecast of a run folder; None if it is none."""
    try:
        return Forecast.model_validate(json.loads((run / CONFIG).read_text("utf-8")))
    except (OSError, ValueError):
        return None


def export(run: Path, directory: Path, version: int = 1) -> Path:
    """Writes the net of a run as a SavedModel.

    Raises:
        InputError: The run is damaged, the version exists, or the backend cannot export.
    """
    target = directory / str(version)
    if target.exists():
        raise InputError(f"{target}: exists")
    directory.mkdir(parents=True, exist_ok=True)
    column = runs.origin_of(run)["data"]["series"]["column"]
    write_model(_model(run), target, column, run.name)
    return target


def trained(model: keras.Model) -> int:
    """How many numbers training changes."""
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_variables)


def _start(run: Path, forecast: Forecast, origin: dict[str, Any]) -> None:
    """Makes the folder, or finds the same run that was interrupted.

    Raises:
        InputError: It holds something else, or the series or the backend are others now.
    """
    if runs.is_new(run):
        runs.write_json(run / runs.ORIGIN, origin)
        runs.write_json(run / CONFIG, forecast.model_dump())
        return
    if runs.is_finished(run) or config(run) != forecast:
        raise InputError(f"{run}: holds another run: give another folder with --out")
    runs.check_unchanged(run, origin)
    if (began := runs.origin_of(run)["backend"]) != origin["backend"]:
        raise InputError(f"{run}: was begun on {began}: set KERAS_BACKEND={began}")


def _model(run: Path) -> keras.Model:
    try:
        return keras.models.load_model(run / runs.MODEL, compile=False)
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        why = str(error).partition("\n")[0]
        raise InputError(f"{run / runs.MODEL}: damaged: {why}: delete {run}") from None


def _part(read: Series, planned: Plan, split: Split) -> tuple[np.ndarray, np.ndarray, Plan]:
    """Values, which of them were observed, and a plan whose test part is the one to score."""
    if split == "test":
        return read.values, read.observed, planned
    end = planned.test
    return read.values[:end], read.observed[:end], planned._replace(test=planned.validation)


def _forecasts(model: keras.Model, read: Series, planned: Plan, split: Split) -> np.ndarray:
    values, _, of_part = _part(read, planned, split)
    return net.predict(model, contexts(values, of_part, of_part.window))


def _scored(given: np.ndarray, found: Reference) -> dict[str, Any]:
    rmse = _rmse(given, found.truth)
    return {
        "skill": 1 - rmse / found.rmse,
        "rmse": rmse,
        "reference": found.name,
        "reference_rmse": found.rmse,
    }


def _rmse(given: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.nanmean((given - truth) ** 2)))


class _History(keras.callbacks.Callback):
    """Writes a row for each epoch; validation is in its times.

    The skill in it counts what was filled in, too, as the error that training stops by does.
    """

    def __init__(self, path: Path, scale: float) -> None:
        super().__init__()
        self._path, self._scale = path, scale
        self.losses: list[float] = []
        self.seconds: list[float] = []
        path.write_text("\t".join(COLUMNS) + "\n", "utf-8")
        self._meter = Meter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        assert logs is not None
        cost = self._meter.read()
        self.losses.append(float(logs["val_loss"]))
        self.seconds.append(cost.seconds)
        skill = 1 - self._scale * self.losses[-1] ** 0.5
        load = "" if cost.other_load is None else f"{cost.other_load:.3g}"
        row = [epoch + 1, f"{logs['loss']:.6g}", f"{skill:.6g}", f"{cost.seconds:.4g}"]
        row += [f"{cost.cpu_seconds:.4g}", int(epoch == 0), load]
        with self._path.open("a", encoding="utf-8") as file:
            file.write("\t".join(map(str, row)) + "\n")
