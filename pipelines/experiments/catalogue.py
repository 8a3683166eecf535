"""Every experiment by its name."""

import difflib
from pathlib import Path

from ..errors import InputError
from . import claim_experiments, lag_experiments, theory_experiments
from .definition import Experiment

ALL = "all"
EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for module in (lag_experiments, claim_experiments, theory_experiments)
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
    for one in chosen:
        if one.needs_file and data is None:
            raise InputError(f"{one.name}: needs data: {one.remark.splitlines()[0]}")
    return [one.reading(str(data)) if one.needs_file else one for one in chosen]


def _named(name: str) -> Experiment:
    if name not in EXPERIMENTS:
        near = difflib.get_close_matches(name, EXPERIMENTS, n=1)
        hint = f"did you mean {near[0]}?" if near else "`lstm-variants reproduce` lists them"
        raise InputError(f"reproduce: there is no experiment {name!r}: {hint}")
    return EXPERIMENTS[name]
