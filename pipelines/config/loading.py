"""Experiments of taggers and forecasts: from files and values, checked, and varied."""

import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from ..errors import InputError
from . import start
from .forecast_schema import Forecast
from .schema import Experiment
from .sweep_schema import AnyExperiment, kind
from .toml_files import explain, loaded, overridden, resolve_paths, set_key

Kind = TypeVar("Kind", bound=AnyExperiment)


def load(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Experiment:
    """Reads an experiment from TOML (or a run's config.json).

    Paths in the file are relative to the file, paths in overrides to the current directory. What
    an experiment with `start.run` leaves out is as in that run.

    Args:
        path: The file.
        overrides: Lines of TOML such as `training.epochs=3`; they come before the file.

    Raises:
        InputError: The file is missing or not TOML, or a key or value is wrong.
    """
    values, place = loaded(path, overrides)
    return experiment(start.completed(values, place), place)


def load_forecast(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Forecast:
    """Reads a forecast from TOML; paths are as those of `load`.

    Raises:
        InputError: The file is missing or not TOML, or a key or value is wrong.
    """
    return forecast(*loaded(path, overrides))


def of_either_kind(values: dict[str, Any], place: Any) -> AnyExperiment:
    """A tagger's experiment or a forecast, whichever the values are of.

    Raises:
        InputError: A line for each wrong key or value.
    """
    if kind(values) is Forecast:
        return forecast(values, place)
    return experiment(start.completed(values, place), place)


def given(config: Any, overrides: list[str] | tuple[str, ...] = ()) -> Experiment:
    """An experiment from whatever says one: a file, its content as a dict, or an Experiment.

    Paths in a dict are relative to the current directory.

    Raises:
        InputError: As `load`; or it is something else.
    """
    if isinstance(config, str | PathLike):
        return load(Path(config), overrides)
    if isinstance(config, Experiment):
        values = config.model_dump()
    elif isinstance(config, Mapping):
        values = _plain(config)
    else:
        raise InputError(f"config: expected a path, a dict or an Experiment (got {config!r:.40})")
    resolve_paths(values, Path.cwd())

    def place(where: tuple[Any, ...]) -> str:
        return "config"

    return experiment(start.completed(overridden(values, overrides), place), place)


def _plain(value: Any) -> Any:
    """A copy in which mappings are dicts and paths strings, as TOML would have them."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, PathLike) else value


def lines(overrides: Mapping[str, Any] | Sequence[str]) -> list[str]:
    """Overrides as lines of TOML: {"training.epochs": 3} is `training.epochs = 3`.

    Raises:
        InputError: They are a str, or a value is none that TOML has.
    """
    if isinstance(overrides, Mapping):
        return [f"{key} = {_toml(key, _plain(value))}" for key, value in overrides.items()]
    if isinstance(overrides, str):
        raise InputError('overrides: expected a dict, such as {"training.epochs": 3} (got a str)')
    if not isinstance(overrides, Sequence) or not all(isinstance(one, str) for one in overrides):
        raise InputError(f"overrides: expected a dict or lines of TOML (got {overrides!r:.40})")
    return list(overrides)


def _toml(key: str, value: Any) -> str:
    # Strings, numbers, booleans and lists of them are written the same in JSON and TOML.
    if isinstance(value, dict):
        raise InputError(f"overrides: {key}: give its keys one by one, as {key}.KEY")
    try:
        if value is None:
            raise ValueError
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        raise InputError(f"overrides: {key}: {value!r:.40} cannot be written in TOML") from None


def vary(base: Kind, changes: Mapping[str, Any]) -> Kind:
    """The experiment with some dotted keys set to other values.

    Raises:
        InputError: A key is unknown or a value out of range.
    """
    values = base.model_dump()
    for key, value in changes.items():
        set_key(values, key, value)
    of_kind: Any = forecast if isinstance(base, Forecast) else experiment
    return of_kind(values, lambda where: "the sweep")


def forecast(values: dict[str, Any], place=lambda where: "config") -> Forecast:
    """Checks the values of a forecast and fills in the defaults.

    Raises:
        InputError: A line for each wrong key or value.
    """
    from keras_lstm_variants import CELLS

    try:
        result = Forecast.model_validate(values)
    except ValidationError as error:
        raise InputError(explain(error, Forecast, place)) from None
    if result.model.cell not in CELLS:
        raise InputError(
            f"{place(('model', 'cell'))}: model.cell: unknown {result.model.cell!r}; "
            f"known are {', '.join(CELLS)}"
        )
    return result


def experiment(values: dict[str, Any], place=lambda where: "config") -> Experiment:
    """Checks the values and fills in the defaults.

    Raises:
        InputError: A line for each wrong key or value: where, what, and what would be right.
    """
    from keras_lstm_variants import CELLS

    try:
        result = Experiment.model_validate(values)
    except ValidationError as error:
        raise InputError(explain(error, Experiment, place)) from None
    for key, others in (("cell", ()), ("characters", ("cnn", "none"))):
        if (name := getattr(result.model, key)) not in (*others, *CELLS):
            raise InputError(
                f"{place(('model', key))}: model.{key}: unknown {name!r}; "
                f"known are {', '.join((*others, *CELLS))}"
            )
    model = result.model
    if not (
        model.embedding != 0 or model.characters != "none" or model.features or result.vectors.files
    ):
        raise InputError(
            f"{place(('model', 'embedding'))}: model.embedding: the tagger would have "
            "no inputs: set embedding, characters, features or vectors"
        )
    if model.decoder == "crf" and result.training.label_smoothing:
        raise InputError(
            f"{place(('training', 'label_smoothing'))}: training.label_smoothing: a CRF's loss has "
            "none: leave it out, or set model.decoder = 'softmax'"
        )
    start.check(result, place)
    return result
