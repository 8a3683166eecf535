"""Which trials a search makes: each cell has an oracle of its own, and they take turns.

So every cell has as many trials, whatever the method, and cells that are added later change nothing
for those that were there. With a random search, every cell has the same settings. keras-tuner's
oracles are asked and told here, in the process of the sweep; trials run where they may.
"""

import math
import warnings
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, Protocol

import keras_tuner
from sklearn.exceptions import ConvergenceWarning

from ..config.sweep_schema import Sweep
from ..errors import InputError
from . import space
from .results import CELL

Proposed = dict[str, Any]  # by keys; keras-tuner's own beside them


class Answer(NamedTuple):
    """What an oracle says: a proposal, to wait for scores, or that there will be no more."""

    kind: Literal["proposal", "wait", "end"]
    proposed: Proposed = {}


class Oracle(Protocol):
    """What proposes the settings of one cell."""

    def ask(self, again: Proposed | None = None) -> Answer:
        """The next proposal; `again` is what was proposed here before the sweep was interrupted."""

    def tell(self, number: int, score: float | None) -> None:
        """How the proposal of that number, from 0, has ended; None if it failed."""


def oracle(config: Sweep, directory: str) -> Oracle:
    """What proposes the settings of one cell of this sweep.

    Args:
        config: The sweep.
        directory: Where keras-tuner may write notes that nobody reads.
    """
    if config.sweep.method == "grid" or not space.of_each_cell(config):
        return _Grid(config)
    return _Tuned(config, directory)


def values(config: Sweep, cell: str, proposed: Proposed) -> dict[str, Any]:
    """The values of the varied keys, as a configuration has them."""
    found: dict[str, Any] = {}
    for key, choices in config.space.items():
        found[key] = cell if key == CELL else space.own(proposed[key], choices)
    if "tuner/epochs" in proposed:
        # A run of its own on each rung, which can be repeated by itself: `takeover` makes it short.
        found["training.epochs"] = proposed["tuner/epochs"]
    return found


class _Grid:
    """All settings, one after the other: nothing to learn from scores."""

    def __init__(self, config: Sweep) -> None:
        self._left: Iterator[Proposed] = space.combinations(config)
        self._allowed = config.sweep.trials or math.inf

        self._had: list[Proposed] = []

    def ask(self, again: Proposed | None = None) -> Answer:
        if again is not None:  # from a grid that may have had fewer values, in another order
            self._had.append(again)
            return Answer("proposal", again)
        if len(self._had) < self._allowed:
            for proposed in self._left:
                if proposed not in self._had:
                    self._had.append(proposed)
                    return Answer("proposal", proposed)
        return Answer("end")

    def tell(self, number: int, score: float | None) -> None: ...


class _Notes(keras_tuner.Tuner):
    """Gives an oracle the folder that it cannot be without; trials run elsewhere."""

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


class _Tuned:
    """An oracle of keras-tuner."""

    def __init__(self, config: Sweep, directory: str) -> None:
        self._oracle = _of_keras_tuner(config)
        self._oracle.verbose = 0
        _Notes(self._oracle, directory=directory, project_name="oracle", overwrite=True)
        self._trials: list[Any] = []
        self._running: set[int] = set()

    def ask(self, again: Proposed | None = None) -> Answer:
        number = len(self._trials)
        with warnings.catch_warnings():
            # Few trials are too few for the model of the Bayesian search, as it says every time.
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.filterwarnings("ignore", "All-NaN", RuntimeWarning)  # a failed trial's score
            trial = self._oracle.create_trial(f"proposal-{number}")
        if trial.status != "RUNNING":
            # What ends a search may be that nothing is known of the trials under way.
            return Answer("wait" if trial.status == "IDLE" or self._running else "end")
        if again is not None:
            # Another machine, or version, may compute another maximum: what was proposed stands.
            trial.hyperparameters.values = dict(again)
        self._trials.append(trial)
        self._running.add(number)
        return Answer("proposal", dict(trial.hyperparameters.values))

    def tell(self, number: int, score: float | None) -> None:
        trial = self._trials[number]
        if score is None:
            trial.status = "INVALID"
        else:
            self._oracle.update_trial(trial.trial_id, {"dev": score})
            trial.status = "COMPLETED"
        self._oracle.end_trial(trial)
        self._running.discard(number)


def _of_keras_tuner(config: Sweep) -> Any:
    parameters = keras_tuner.HyperParameters()
    for key, choices in space.of_each_cell(config).items():
        if isinstance(choices, list) or choices.step is not None:
            listed = space.listed(choices)
            parameters.Choice(key, [space.proposed(choice, choices) for choice in listed])
        elif isinstance(choices.min, int) and isinstance(choices.max, int):
            parameters.Int(key, choices.min, choices.max, sampling=choices.sampling)
        else:
            parameters.Float(key, float(choices.min), float(choices.max), sampling=choices.sampling)
    common: dict[str, Any] = {
        "objective": keras_tuner.Objective("dev", "max"),
        "hyperparameters": parameters,
        "seed": config.sweep.seed or 2**31 - 1,  # to keras-tuner, 0 is no seed
        # The default of 3 would end the search; failures are reported at the end instead.
        "max_consecutive_failed_trials": 1_000_000,
    }
    if config.sweep.method == "hyperband":
        epochs, factor = config.base.training.epochs, space.HYPERBAND_FACTOR
        return keras_tuner.oracles.HyperbandOracle(max_epochs=epochs, factor=factor, **common)
    kinds = {
        "random": keras_tuner.oracles.RandomSearchOracle,
        "bayesian": keras_tuner.oracles.BayesianOptimizationOracle,
    }
    return kinds[config.sweep.method](max_trials=config.sweep.trials, **common)


class Proposal(NamedTuple):
    """A proposal of the search.

    Attributes:
        cell: Whose oracle has made it.
        number: Its number with this oracle, from 0.
        proposed: What the oracle said, for the journal.
        values: The same, as a configuration has it.
    """

    cell: str
    number: int
    proposed: Proposed
    values: dict[str, Any]


class Proposals:
    """The proposals of a whole search: a trial of each cell, then the next of each."""

    def __init__(self, config: Sweep, directory: str) -> None:
        self._config, cells = config, space.cells(config)
        self._oracles = {cell: oracle(config, f"{directory}/{cell}") for cell in cells}
        self._made = dict.fromkeys(self._oracles, 0)
        self._ended: set[str] = set()

    def again(self, cell: str, proposed: Proposed) -> int:
        """What the journal says was proposed next for a cell.

        Returns:
            Its number, from 0: a higher one in the journal if a damaged line before was deleted.

        Raises:
            InputError: The sweep does not have the cell.
        """
        if cell not in self._oracles:
            raise InputError(f"the journal has trials of {cell!r}, which is no cell of this sweep")
        self._oracles[cell].ask(proposed)
        self._made[cell] += 1
        return self._made[cell] - 1

    def next(self) -> Proposal | None:
        """The next proposal; None if there is none, or none until a score is told."""
        # The cell that has had the fewest: the order does not depend on which trials end first,
        # unless an oracle waits for one.
        for cell in sorted(self._oracles, key=lambda cell: self._made[cell]):
            if cell in self._ended:
                continue
            answer = self._oracles[cell].ask()
            if answer.kind == "end":
                self._ended.add(cell)
            if answer.kind == "proposal":
                number, self._made[cell] = self._made[cell], self._made[cell] + 1
                found = values(self._config, cell, answer.proposed)
                return Proposal(cell, number, answer.proposed, found)
        return None

    def tell(self, cell: str, number: int, score: float | None) -> None:
        self._oracles[cell].tell(number, score)
