"""Every experiment by its name."""

import difflib
from pathlib import Path

import numpy as np

from ..errors import InputError
from . import (
    claim_experiments,
    context_experiments,
    lag_experiments,
    number_experiments,
    theory_experiments,
    timing_experiments,
)
from .definition import Experiment

ALL = "all"
EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for module in (
        lag_experiments,
        number_experiments,
        timing_experiments,
        claim_experiments,
        context_experiments,
        theory_experiments,
    )
    for experiment in module.EXPERIMENTS
}


def named(names: list[str], data: Path | None = None) -> list[Experiment]:
    """The experiments of these names; for the one name `all`, all that need no file, or have one.

    Args:
        names: Their names.
        data: The file of those that need one.

    Raises:
        InputError: There is no experiment of a name, or no file for it.
    """
    if names == [ALL]:
        chosen = [one for one in EXPERIMENTS.values() if data or not one.needs_file]
    else:
        chosen = [_named(name) for name in dict.fromkeys(names)]
    return [_with_data(one, data) if one.needs_file else one for one in chosen]


def _with_data(experiment: Experiment, data: Path | None) -> Experiment:
    if data is None:
        raise InputError(f"{experiment.name}: needs data: name its file with --data")
    found = experiment.reading(data.resolve())
    found.arms[0].task.sets(np.random.default_rng(), 0)  # what is wrong with it is told at once
    return found


def _named(name: str) -> Experiment:
    if name not in EXPERIMENTS:
        near = difflib.get_close_matches(name, EXPERIMENTS, n=1)
        hint = f"did you mean {near[0]}?" if near else "`lstm-variants reproduce` lists them"
        raise InputError(f"reproduce: there is no experiment {name!r}: {hint}")
    return EXPERIMENTS[name]
