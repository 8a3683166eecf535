"""From the file of a sweep to its checked values."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import InputError
from . import cell_presets
from .forecast_schema import Forecast
from .loading import of_either_kind, vary
from .sweep_schema import Range, Sweep
from .toml_files import explain, loaded, place_in, read, resolve_choices, shipped

SERIES_VARIED = "series.window"  # the only key of a series that leaves what is scored as it is


def load_sweep(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Sweep:
    """Reads a sweep: `base` (an experiment's file), `[sweep]` and `[space]`.

    Args:
        path: The file.
        overrides: Lines of TOML for the base experiment.

    Raises:
        InputError: As `load`; or the space names a key or a value that no experiment may have.
    """
    path = shipped(path)
    values = read(path)
    place = place_in(path)
    if not isinstance(values.get("base"), str):
        raise InputError(f"{place(('base',))}: base: give the file of the experiment to vary")
    base = of_either_kind(*loaded(path.parent / values["base"], overrides))
    resolve_choices(values.get("space"), path.parent)
    values = _with_preset(values, place)
    try:
        # Choices of numbers and tables are checked against the experiment below.
        sweep = Sweep.model_validate({**values, "base": base})
    except ValidationError as error:
        raise InputError(explain(error, Sweep, place)) from None
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


def _check_choices(choices: list[Any], at: str) -> None:
    if not choices:
        raise InputError(f"{at}: no choices")
    kinds = {_kind(choice) for choice in choices}
    if (len(kinds) > 1 and kinds != {"str", "list"}) or "table" in kinds:
        raise InputError(
            f"{at}: choices must be numbers, strings, booleans or lists, all of one type"
        )
    for choice in choices:
        if choices.count(choice) > 1:  # 0 and 0.0 are one, too
            raise InputError(f"{at}: {choice!r} appears more than once")


def _kind(choice: Any) -> str:
    if isinstance(choice, bool | str | list):
        return type(choice).__name__
    return "number" if isinstance(choice, int | float) else "table"
