"""As many weights for every cell: the units that give them are solved for."""

import itertools
import json
import math
from typing import Any

from numpy.polynomial import Polynomial

from ..config.loading import vary
from ..config.sweep_loading import baseline
from ..config.sweep_schema import AnyExperiment, Sweep
from ..errors import InputError
from .kinds import task_of
from .results import CELL

UNITS = "model.units"
MOST = 1 << 14  # units beyond which no solution is looked for
LARGEST = 1 << 28  # weights, of which a model is still made here to count them
GUESSES = 8  # after which the bracket is halved instead, whatever the weights are like
COARSEST = 64  # units between which a cell in blocks has one number that it can stand in


class Budget:
    """Completes the values of trials by what the budget of a sweep says."""

    def __init__(self, config: Sweep) -> None:
        self._config, self._task = config, task_of(config.base)
        self._counts: dict[str, int] = {}
        self._prepared: tuple[str, Any] | None = None  # the last: data are rarely varied

    def completed(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values of a trial, with the units that its weights allow where they are equal.

        Raises:
            InputError: The cell does not take the other values, or cannot have so many weights.
        """
        if self._config.sweep.budget.equal != "weights":
            return values
        base = self._config.base
        cell = values.get(CELL, base.model.cell)
        wanted = self._config.sweep.budget.weights or self.weights(
            vary(base, {**values, CELL: baseline(self._config)})
        )
        return {**values, UNITS: self._units(vary(base, values), cell, wanted)}

    def weights(self, experiment: AnyExperiment) -> int:
        """How many numbers training changes.

        Raises:
            InputError: The cell does not take these options or units.
        """
        key = json.dumps(experiment.model_dump(exclude={"training"}), sort_keys=True)
        if key not in self._counts:
            self._counts[key] = self._task.weights(experiment, self.read(experiment))
        return self._counts[key]

    def read(self, experiment: AnyExperiment) -> Any:
        """What training of the experiment begins with, kept as long as it is asked for again.

        Raises:
            InputError: The data, or what else training begins with, cannot be used.
        """
        key = json.dumps(self._task.reads(experiment), sort_keys=True)
        if self._prepared is None or self._prepared[0] != key:
            self._prepared = key, self._task.read(experiment)
        return self._prepared[1]

    def _units(self, experiment: AnyExperiment, cell: str, wanted: int) -> int:
        """The units whose weights come nearest to what is wanted."""

        def at(units: int) -> tuple[int, int]:
            """The first number of units from here on that the cell can have, and its weights."""
            for possible in range(units, units + COARSEST):
                try:
                    return possible, self.weights(vary(experiment, {UNITS: possible}))
                except InputError as error:
                    refused = error
            raise refused

        if wanted > LARGEST:
            raise InputError(
                f"sweep.budget: {wanted:,} weights are wanted, and at most {LARGEST:,} can be: "
                "lower sweep.budget.weights"
            )
        low, high = at(1), at(experiment.model.units)
        if low[1] >= wanted:
            if low[1] > wanted:
                raise InputError(
                    f"sweep.budget: {cell} has {low[1]:,} weights with {low[0]} units already, and "
                    f"{wanted:,} are wanted: raise model.units or sweep.budget.weights"
                )
            return low[0]
        while high[1] < wanted:
            if high[0] > MOST:
                raise InputError(
                    f"sweep.budget: {cell} has {high[1]:,} weights with {high[0]:,} units, and "
                    f"{wanted:,} are wanted: lower sweep.budget.weights"
                )
            low, high = high, at(2 * high[0])
        # Weights are near to a polynomial of the second degree: a few points say where to look.
        points, tries = [low, high], itertools.count()
        while high[0] - low[0] > 1:
            units = _crossing(points, wanted) if next(tries) < GUESSES else 0
            middle = at(min(max(units, low[0] + 1), high[0] - 1)) if units else high
            if middle[0] == high[0]:  # no guess, or one beyond which there is none before the end
                middle = at((low[0] + high[0]) // 2)
            if middle[0] in (low[0], high[0]):
                break
            points.append(middle)
            low, high = (middle, high) if middle[1] < wanted else (low, middle)
        return min(low, high, key=lambda found: abs(found[1] - wanted))[0]


def _crossing(points: list[tuple[int, int]], wanted: int) -> int:
    """The units at which the polynomial through the nearest points has the wanted weights."""
    near = sorted(points, key=lambda point: abs(point[1] - wanted))[:3]
    units, weights = zip(*near, strict=True)
    beyond = [weight - wanted for weight in weights]
    found = Polynomial.fit(units, beyond, len(near) - 1).roots()
    roots = [float(root.real) for root in found if abs(root.imag) < 1e-6]
    low, high = min(units), max(units)
    inside = [root for root in roots if low - 1 < root < high + 1]
    return math.floor(inside[0] + 1e-6) if inside else 0
