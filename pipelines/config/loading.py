"""Experiments and sweeps from TOML: read, override, vary, and say what is wrong and where."""

import difflib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ..errors import InputError
from . import cell_presets, start
from .schema import PACKAGES, AnyExperiment, Experiment, Forecast, Range, Sweep, kind

# Keys that name files or folders.
_FILES = {
    "data": ("train", "dev", "test"),
    "vectors": ("files",),
    "start": ("run",),
    "series": ("file",),
}
Kind = TypeVar("Kind", bound=AnyExperiment)
SERIES_VARIED = "series.window"  # the only key of a series that leaves what is scored as it is


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
    return _experiment(*_loaded(path, overrides))


def load_forecast(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Forecast:
    """Reads a forecast from TOML; paths are as those of `load`.

    Raises:
        InputError: The file is missing or not TOML, or a key or value is wrong.
    """
    return forecast(*_loaded(path, overrides))


def _loaded(path: str | Path, overrides: list[str] | tuple[str, ...]) -> tuple[dict[str, Any], Any]:
    """The values of a file, and what finds the lines of its keys."""
    path = shipped(path)
    values = _read(path)
    _resolve_paths(values, path.parent)
    return _overridden(values, overrides), _place(path)


def _experiment(values: dict[str, Any], place: Any) -> Experiment:
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
    _resolve_paths(values, Path.cwd())

    def place(where: tuple[Any, ...]) -> str:
        return "config"

    return experiment(start.completed(_overridden(values, overrides), place), place)


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


def load_sweep(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Sweep:
    """Reads a sweep: `base` (an experiment's file), `[sweep]` and `[space]`.

    Args:
        path: The file.
        overrides: Lines of TOML for the base experiment.

    Raises:
        InputError: As `load`; or the space names a key or a value that no experiment may have.
    """
    path = shipped(path)
    values = _read(path)
    place = _place(path)
    if not isinstance(values.get("base"), str):
        raise InputError(f"{place(('base',))}: base: give the file of the experiment to vary")
    given, place_of_base = _loaded(path.parent / values["base"], overrides)
    of_kind = forecast if kind(given) is Forecast else _experiment
    base: AnyExperiment = of_kind(given, place_of_base)
    _resolve_choices(values.get("space"), path.parent)
    values = _with_preset(values, place)
    try:
        # Choices of numbers and tables are checked against the experiment below.
        sweep = Sweep.model_validate({**values, "base": base})
    except ValidationError as error:
        raise InputError(_explain(error, Sweep, place)) from None
    if not sweep.space:
        raise InputError(f"{place(('space',))}: space: name at least one key to vary")
    _check_search(sweep, place)
    for key, choices in sweep.space.items():
        at = place(("space", key))
        if isinstance(choices, list):
            _check_choices(choices, f"{at}: space.{key!r}")
        if isinstance(choices, Range) and sweep.sweep.method == "grid" and choices.step is None:
            raise InputError(f"{at}: space.{key!r}: a grid needs a list, or a range with a step")
        for value in choices if isinstance(choices, list) else (choices.min, choices.max):
            try:
                vary(base, {key: value})
            except InputError as error:
                raise InputError(f"{at}: {str(error).removeprefix('the sweep: ')}") from None
    return sweep


def _with_preset(values: dict[str, Any], place) -> dict[str, Any]:
    """The values of a sweep with the cells of its preset among the choices of its space."""
    search, space = values.get("sweep"), values.get("space", {})
    preset = search.get("cells") if isinstance(search, dict) else None
    if not isinstance(preset, str) or not isinstance(space, dict):
        return values
    at = f"{place(('sweep', 'cells'))}: sweep.cells"
    if "model.cell" in space:
        raise InputError(f"{at}: the space has model.cell, too: leave one of them out")
    if preset not in cell_presets.NAMES:
        raise InputError(f"{at}: unknown {preset!r}; known are {', '.join(cell_presets.NAMES)}")
    return {**values, "space": {"model.cell": cell_presets.cells(preset), **space}}


def _check_search(sweep: Sweep, place) -> None:
    """Raises InputError if what is asked of the search does not go with the space."""
    search, space = sweep.sweep, sweep.space

    def refuse(key: str, why: str) -> None:
        where = ("space", key) if key in space else ("sweep", *key.split("."))
        name = f"space.{key!r}" if key in space else f"sweep.{key}"
        raise InputError(f"{place(where)}: {name}: {why}")

    if "data.fold" in space and search.method != "grid":
        refuse("data.fold", "only method = 'grid' gives every setting all folds")
    if "data.fold" in space and search.finals:
        refuse("data.fold", "there are no finals of folds, each of which is a test set: leave one")
    cells = space.get("model.cell", [sweep.base.model.cell])
    if not isinstance(cells, list):
        refuse("model.cell", "give a list of cells")
    elif search.baseline is not None and search.baseline not in cells:
        refuse("baseline", f"{search.baseline!r} is none of the cells: {', '.join(cells)}")
    if search.budget.weights is not None and "model.units" in space:
        refuse("model.units", "the units are solved for where budget.weights is given")
    if search.budget.equal == "seconds":
        if "training.seconds" in space:
            refuse("training.seconds", "is equal in all trials by sweep.budget: leave one of them")
        if search.method == "hyperband":
            refuse("budget.equal", "hyperband gives trials epochs: use another method")
    if search.stopping and search.method == "hyperband":
        refuse("stopping", "hyperband stops trials by itself: leave it out, or use another method")
    if isinstance(sweep.base, Forecast):
        _check_search_of_forecasts(sweep, refuse)
    elif search.finals and search.finals.test and not sweep.base.data.test:
        changed = any(key in space for key in ("data.test", "data.name"))
        if not (changed or sweep.base.data.name or sweep.base.data.folds):
            refuse("finals.test", "the data has no test sentences: set data.test")


def _check_search_of_forecasts(sweep: Sweep, refuse) -> None:
    """Raises InputError if something is asked that is for taggers, or changes what is scored."""
    search = sweep.sweep
    if search.method == "hyperband":
        refuse("method", "hyperband is for taggers: forecasts take grid, random and bayesian")
    if search.stopping:
        refuse("stopping", "is for taggers: a forecast ends by training.patience")
    if search.budget.equal == "seconds":
        refuse("budget.equal", "seconds are for taggers: forecasts take units and weights")
    for key in sweep.space:
        if key == "training.epochs":
            refuse(key, "varies for taggers only: a forecast ends by training.patience")
        if key.startswith("series.") and key != SERIES_VARIED:
            refuse(key, f"what is forecast is the same in all trials; {SERIES_VARIED} may vary")


def baseline(sweep: Sweep) -> str:
    """The cell that others are compared with."""
    base = sweep.base.model.cell
    cells = sweep.space.get("model.cell", [base])
    assert isinstance(cells, list)
    if sweep.sweep.baseline is not None:
        return sweep.sweep.baseline
    return next((cell for cell in ("lstm", base) if cell in cells), cells[0])


def shipped(path: str | Path) -> Path:
    """The path; or, where nothing is, the configuration of that name that came with the package.

    So `configs/sweeps/quickstart.toml` works in any folder, as it does in a clone.
    """
    path = Path(path)
    if path.exists() or path.parts[:1] != ("configs",) or ".." in path.parts:
        return path
    package = Path(__file__).parent.parent
    # A wheel has them in the package, a clone beside it.
    root = package if (package / "configs").is_dir() else package.parent
    return root / path if (root / path).is_file() else path


def _check_choices(choices: list[Any], at: str) -> None:
    if not choices:
        raise InputError(f"{at}: no choices")
    kinds = {_kind(choice) for choice in choices}
    if (len(kinds) > 1 and kinds != {"str", "list"}) or "table" in kinds:
        raise InputError(
            f"{at}: choices must be numbers, strings, booleans or lists, all of one type"
        )
    if repeated := next((choice for choice in choices if choices.count(choice) > 1), None):
        raise InputError(f"{at}: {repeated!r} appears more than once")


def _kind(choice: Any) -> str:
    if isinstance(choice, bool | str | list):
        return type(choice).__name__
    return "number" if isinstance(choice, int | float) else "table"


def vary(base: Kind, changes: Mapping[str, Any]) -> Kind:
    """The experiment with some dotted keys set to other values.

    Raises:
        InputError: A key is unknown or a value out of range.
    """
    values = base.model_dump()
    for key, value in changes.items():
        _set(values, key, value)
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
        raise InputError(_explain(error, Forecast, place)) from None
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
        raise InputError(_explain(error, Experiment, place)) from None
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


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a configuration: {error}") from None
    try:
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise InputError(f"{path}: not {path.suffix.lstrip('.').upper()}: {error}") from None


def _resolve_paths(values: dict[str, Any], folder: Path) -> None:
    for section, keys in _FILES.items():
        table = values.get(section)
        if not isinstance(table, dict):
            continue
        for key in keys:
            files = table.get(key)
            if isinstance(files, list):
                table[key] = [_resolved(file, folder) for file in files]
            elif isinstance(files, str) and not _is_named(section, files, folder):
                table[key] = _resolved(files, folder)


def _resolve_choices(space: Any, folder: Path) -> None:
    """Makes the files among the choices of a sweep relative to its file."""
    for key in (f"{section}.{key}" for section, keys in _FILES.items() for key in keys):
        choices = space.get(key) if isinstance(space, dict) else None
        if isinstance(choices, list):
            space[key] = [
                [_resolved(file, folder) for file in choice]
                if isinstance(choice, list)
                else _resolved(choice, folder)
                for choice in choices
            ]


def _resolved(file: Any, folder: Path) -> Any:
    is_path = isinstance(file, str) and file not in PACKAGES
    return str((folder / file).resolve()) if is_path else file


def _is_named(section: str, file: Any, folder: Path) -> bool:
    """Whether it is the name of a data set of statsmodels, such as sunspots, and no file."""
    named = section == "series" and isinstance(file, str) and file.isidentifier()
    return named and not (folder / file).is_file()


def _overridden(values: dict[str, Any], overrides: list[str] | tuple[str, ...]) -> dict[str, Any]:
    for line in overrides:
        try:
            changes = tomllib.loads(line)
        except tomllib.TOMLDecodeError:
            # A bare word is meant as a string: shells eat the quotes of --set model.cell="gru".
            key, _, word = line.partition("=")
            if not re.fullmatch(r"\s*[\w.]+\s*", key) or not word.strip():
                raise InputError(f"--set {line}: write it as section.key=value") from None
            if word.strip()[0] in "[{":
                raise InputError(
                    f"--set {line}: is not TOML; if the shell took its quotes, put all of it in "
                    f"single ones: --set '{key}=[\"...\"]'"
                ) from None
            changes = tomllib.loads(f"{key} = {json.dumps(word.strip())}")
        _resolve_paths(changes, Path.cwd())
        for key, value in _leaves(changes):
            _set(values, key, value)
    return values


def _leaves(values: Mapping[str, Any], prefix: str = ""):
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _set(values: dict[str, Any], dotted: str, value: Any) -> None:
    *sections, key = dotted.split(".")
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise InputError(f"{dotted}: {section} is a value, not a section")
    values[key] = value


def _place(path: Path):
    """Finds the line of a dotted key in a TOML file, for error messages."""

    def place(where: tuple[Any, ...]) -> str:
        section, line_of_section = "", 0
        dotted = ".".join(str(part) for part in where)
        try:
            lines = path.read_text("utf-8").splitlines() if path.suffix == ".toml" else []
        except OSError:
            lines = []
        for number, line in enumerate(lines, 1):
            if header := re.match(r"\s*\[([^\[\]]+)\]", line):
                section = header[1].strip() + "."
                if dotted.startswith(section) or dotted + "." == section:
                    line_of_section = number
            elif key := re.match(r"\s*([\w.\"'-]+)\s*=", line):
                full = section + key[1].replace('"', "").replace("'", "")
                if dotted == full or dotted.startswith(full + "."):
                    return f"{path}:{number}"
        return f"{path}:{line_of_section}" if line_of_section else str(path)

    return place


def _explain(error: ValidationError, schema: type[BaseModel], place) -> str:
    """One line for each fault: where it is, the dotted key, what is wrong with it."""
    messages: dict[tuple[Any, ...], list[str]] = {}
    for fault in error.errors():
        # Where several types are allowed, pydantic appends the one it tried.
        where = tuple(
            part for part in fault["loc"] if part not in ("list", "range", "int", "str", "float")
        )
        if fault["type"] == "extra_forbidden":
            known = list(_keys(schema, where[:-1]))
            near = difflib.get_close_matches(str(where[-1]), known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
            message = f"unknown key; {hint}"
        elif fault["type"] == "missing":
            message = "is missing"
        elif fault["type"] == "model_type":
            message = f"expected a table (got {fault['input']!r})"
        else:
            message = fault["msg"].removeprefix("Value error, ")
            message = message[0].lower() + message[1:]
            if fault["type"] != "value_error":
                message += f" (got {fault['input']!r})"
        messages.setdefault(where, []).append(message)
    lines = []
    for where, parts in messages.items():
        dotted = "".join(f"{'.'.join(str(part) for part in where)}: " * bool(where))
        lines.append(f"{place(where)}: {dotted}{', or '.join(dict.fromkeys(parts))}")
    return "\n".join(lines)


def _keys(schema: Any, where: tuple[Any, ...]):
    """The keys that are known at a place in a configuration."""
    if where[:1] == ("space",):
        return Range.model_fields
    for part in where:
        field = getattr(schema, "model_fields", {}).get(part)
        schema = field.annotation if field else None
    return getattr(schema, "model_fields", {})
