"""What a sweep will do, checked before it does any of it."""

import itertools
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..config.loading import vary
from ..config.sweep_loading import baseline
from ..config.sweep_schema import AnyExperiment, Sweep
from ..errors import InputError
from . import finals, space
from .budget import UNITS, Budget
from .kinds import task_of
from .results import CELL

SOURCES = ("data.", "vectors.", "start.", "series.")
MOST_COMBINATIONS = 200  # of the values of the model that are tried with each cell; or one by one
SHOWN = 10  # faults
Told = Callable[[str], None]  # which cell is done


def nobody(cell: str) -> None:
    """Who is told where nobody waits for it."""


class Row(NamedTuple):
    """What is planned for a cell.

    Attributes:
        cell: The cell.
        trials: Trials of the search, at most.
        units: Of a layer, at the other values of the base; solved for where weights are equal.
        weights: How many training changes, at these.
        finals: Runs of the finals, at most, of this cell.
    """

    cell: str
    trials: int
    units: int
    weights: int
    finals: int


class Plan(NamedTuple):
    """What a sweep will do.

    Attributes:
        rows: A row for each cell.
        baseline: The cell that others are compared with.
        trials: Trials of the search, at most.
        finals: Runs of the finals, at most.
        tested: Whether the finals are scored on test.
    """

    rows: list[Row]
    baseline: str
    trials: int
    finals: int
    tested: bool


def first_experiment(config: Sweep, cell: str, budget: Budget) -> AnyExperiment:
    """What trials of a cell are like: the base, or the nearest to it in the space."""
    return vary(config.base, budget.completed(_first(config, cell)))


def plan(config: Sweep, budget: Budget) -> Plan:
    """The plan of a sweep that has been checked."""
    trials = space.expected_trials(config)
    names, last = space.cells(config), config.sweep.finals
    rows = []
    for name in names:
        experiment = first_experiment(config, name, budget)
        runs = 0
        if last is not None:  # where the best of all are chosen, any cell may have all places
            places = min(last.settings, space.expected_settings(config))
            runs = max(places, name == baseline(config)) * last.seeds
        each = trials // len(names)
        rows.append(Row(name, each, experiment.model.units, budget.weights(experiment), runs))
    tested = last is not None and last.test
    return Plan(rows, baseline(config), trials, finals.expected(config), tested)


def check(config: Sweep, budget: Budget, told: Told = nobody) -> None:
    """Checks all that trials will read and all that the space combines, before the first of them.

    Args:
        config: The sweep.
        budget: What completes the values of trials.
        told: Told of each cell whose units are solved for.

    Raises:
        InputError: A line for each fault: a file is missing or has errors, a cell does not take a
            value, or the space is too small for the method.
    """
    if config.sweep.method == "hyperband":
        space.check_hyperband(config)
    faults: list[str] = []
    for values in _sources(config):
        experiment = vary(config.base, values)
        missing = [
            file for file in task_of(experiment).files(experiment) if not Path(file).exists()
        ]
        faults += [f"{file}: no such file" for file in missing]
        if not missing:
            faults += _fault(lambda e=experiment: budget.read(e))  # type: ignore[misc]
    faults = faults or _of_models(config, budget, told)
    if faults:
        faults = list(dict.fromkeys(faults))
        more = [f"and {len(faults) - SHOWN} more faults"] if len(faults) > SHOWN else []
        raise InputError("\n".join(faults[:SHOWN] + more))


def files(config: Sweep) -> list[str]:
    """All files that trials read."""
    trained = task_of(config.base)
    named = [f for values in _sources(config) for f in trained.files(vary(config.base, values))]
    return list(dict.fromkeys(named))


def _of_models(config: Sweep, budget: Budget, told: Told) -> list[str]:
    """What is wrong with the values that the space combines to models."""
    trained, faults = task_of(config.base), []

    def check_model(values: dict[str, Any]) -> None:
        trained.check_model(vary(config.base, values), budget.read)

    for values in _models(config):
        said = ", ".join(f"{key} = {value!r}" for key, value in values.items())
        for fault in _fault(lambda v=values: check_model(v)):  # type: ignore[misc]
            faults.append(f"the space: {said}: {fault}")
    if not faults and config.sweep.budget.equal == "weights":
        for name in space.cells(config):
            faults += _fault(lambda n=name: budget.completed(_first(config, n)))  # type: ignore[misc]
            told(name)
    return faults


def _fault(attempt: Any) -> list[str]:
    try:
        attempt()
    except InputError as error:
        return str(error).splitlines()
    return []


def _first(config: Sweep, cell: str) -> dict[str, Any]:
    """The values of a trial of the cell that is the base but for the units that are varied."""
    values: dict[str, Any] = {CELL: cell}
    if UNITS in config.space and config.base.model.units not in space.ends(config.space[UNITS]):
        values[UNITS] = space.ends(config.space[UNITS])[0]
    return values


def _sources(config: Sweep) -> Iterator[dict[str, Any]]:
    """The values of trials that read different files, one key changed at a time."""
    keys = [key for key in config.space if key.startswith(SOURCES)]
    of_files = [key for key in keys if isinstance(config.space[key], list)]
    if not of_files:
        yield {}
    for key in of_files:
        for value in space.ends(config.space[key]):
            yield {key: value}


def _models(config: Sweep) -> Iterator[dict[str, Any]]:
    """The values of trials that make different models."""
    space_of_models = {k: c for k, c in config.space.items() if k.startswith("model.")}
    keys = {key: space.ends(c) for key, c in space_of_models.items() if key != CELL}
    if config.sweep.budget.equal == "weights":
        keys.pop(UNITS, None)  # those of the baseline, which others need not take
    together = math.prod(map(len, keys.values())) <= MOST_COMBINATIONS
    for cell in space.cells(config):
        first = {CELL: cell} if CELL in config.space else {}
        if together:
            for values in itertools.product(*keys.values()):
                yield {**first, **dict(zip(keys, values, strict=True))}
        else:
            for key, values_of_key in keys.items():
                for value in values_of_key:
                    yield {**first, key: value}
