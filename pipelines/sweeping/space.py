"""The values that a sweep chooses from, as they are and as keras-tuner takes them."""

import itertools
import json
import math
from collections.abc import Iterator
from typing import Any

from ..config.sweep_schema import Range, Sweep
from ..errors import InputError
from .results import CELL, REPEATED

Choices = list[Any] | Range
HYPERBAND_FACTOR = 3


def cells(config: Sweep) -> list[str]:
    """The cells that are compared."""
    choices = config.space.get(CELL, [config.base.model.cell])
    assert isinstance(choices, list)
    return choices


def of_each_cell(config: Sweep) -> dict[str, Choices]:
    """The rest of the space, in which the search looks for each cell by itself."""
    return {key: choices for key, choices in config.space.items() if key != CELL}


def expected_trials(config: Sweep) -> int:
    """How many trials the search will have at most: there are fewer if proposals run out."""
    if config.sweep.method == "hyperband":
        each: float = sum(map(sum, hyperband_rounds(config.base.training.epochs)))
    else:
        each = min(config.sweep.trials or math.inf, settings(config))
    return int(each) * len(cells(config))


def settings(config: Sweep) -> float:
    """How many settings each cell has, seeds included."""
    return math.prod(size(choices) for choices in of_each_cell(config).values())


def expected_settings(config: Sweep) -> int:
    """How many settings of each cell the search will have at most, whatever their seeds."""
    trials = expected_trials(config) // len(cells(config))
    there = (size(choices) for key, choices in of_each_cell(config).items() if key not in REPEATED)
    return int(min(trials, math.prod(there)))


def listed(choices: Choices) -> list[Any]:
    """The values of a list, or of a range with steps."""
    if isinstance(choices, list):
        return choices
    assert choices.step is not None
    count = int((choices.max - choices.min) / choices.step + 1e-9) + 1
    values = [choices.min + n * choices.step for n in range(count)]
    whole = all(isinstance(value, int) for value in values)
    return values if whole else [round(float(value), 12) for value in values]


def ends(choices: Choices) -> list[Any]:
    """The values of a list; of a range, those between which all others are."""
    return choices if isinstance(choices, list) else [choices.min, choices.max]


def size(choices: Choices) -> float:
    """How many values there are to choose from."""
    if isinstance(choices, list) or choices.step is not None:
        return len(listed(choices))
    whole = isinstance(choices.min, int) and isinstance(choices.max, int)
    return choices.max - choices.min + 1 if whole else math.inf


def combinations(config: Sweep) -> Iterator[dict[str, Any]]:
    """The settings of a cell in a grid, the last key changing first."""
    space = of_each_cell(config)
    for values in itertools.product(*map(listed, space.values())):
        yield dict(zip(space, values, strict=True))


def own(value: Any, choices: Choices) -> Any:
    """The value as the space has it, of what keras-tuner has proposed."""
    if not isinstance(choices, list):
        return value
    return next((c for c in choices if proposed(c, choices) == value), value)


def proposed(choice: Any, choices: Choices) -> Any:
    """The value as keras-tuner takes it: it knows no lists, and numbers of one type only."""
    if isinstance(choices, list) and any(isinstance(c, list) for c in choices):
        return json.dumps(choice)
    if isinstance(choices, list) and any(isinstance(c, float) for c in choices):
        return float(choice)
    return choice


def hyperband_rounds(epochs: int) -> list[list[int]]:
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


def rungs(config: Sweep) -> list[int]:
    """The epochs after which Hyperband chooses which trials go on, and those of a whole run."""
    if config.sweep.method != "hyperband":
        return [config.base.training.epochs]
    most = config.base.training.epochs
    brackets = len(hyperband_rounds(most))
    return [math.ceil(most / HYPERBAND_FACTOR**left) for left in reversed(range(brackets))]


def check_hyperband(config: Sweep) -> None:
    """Raises InputError if the settings run out before any of them is trained to the end."""
    wanted = sum(rounds[0] for rounds in hyperband_rounds(config.base.training.epochs))
    if settings(config) < wanted:
        raise InputError(
            f"the sweep: hyperband starts {wanted} settings for training.epochs = "
            f"{config.base.training.epochs}, and the space has {settings(config)}: use method = "
            "'grid'"
        )
