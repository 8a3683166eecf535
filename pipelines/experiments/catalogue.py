"""Every experiment by its name."""

import difflib

from ..errors import InputError
from . import lag_experiments, theory_experiments
from .definition import Experiment

ALL = "all"
EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for module in (lag_experiments, theory_experiments)
    for experiment in module.EXPERIMENTS
}


def named(names: list[str]) -> list[Experiment]:
    """The experiments of these names; all of them for the one name `all`.

    Raises:
        InputError: There is no experiment of a name.
    """
    if names == [ALL]:
        return list(EXPERIMENTS.values())
    for name in names:
        if name not in EXPERIMENTS:
            near = difflib.get_close_matches(name, EXPERIMENTS, n=1)
            hint = f"did you mean {near[0]}?" if near else "`lstm-variants reproduce` lists them"
            raise InputError(f"reproduce: there is no experiment {name!r}: {hint}")
    return [EXPERIMENTS[name] for name in dict.fromkeys(names)]
