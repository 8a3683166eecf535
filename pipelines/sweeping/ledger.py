"""Which trial has which folder, what is known of it, and what of that the journal has."""

import json
from pathlib import Path
from typing import Any

from ..config.loading import vary
from ..config.schema import Experiment
from ..config.sweep_schema import AnyExperiment, Sweep
from ..errors import InputError
from ..training import runs
from . import results, space, stopping
from .journal import Journal
from .kinds import task_of
from .proposals import Proposal
from .results import CELL, FOLD, FOLDERS, Phase, Trial
from .running import Job

Values = dict[str, Any]
Key = tuple[Phase, str]  # the name of a trial, in its phase


class Ledger:
    """The trials of a sweep. Equal experiments are one trial, however often they are proposed.

    Attributes:
        journal: What was written down.
        values: The values of each trial that was proposed, in that order.
        ended: Those that have ended since the sweep was started, this time.
    """

    def __init__(self, config: Sweep, folder: Path) -> None:
        self._config, self._folder = config, folder
        self._base = config.base
        if config.sweep.budget.seconds is not None:
            self._base = vary(self._base, {"training.seconds": config.sweep.budget.seconds})
        self.journal = Journal(folder)
        self.values: dict[Key, Values] = {}
        self.ended: dict[Key, Trial] = {}
        self._names: dict[tuple[Phase, str], str] = {}  # by the experiment
        self._numbers: dict[Phase, int] = {}  # the first that no folder has
        for phase, of_phase in FOLDERS.items():
            found = sorted(p for p in (folder / of_phase).glob("*") if p.name.isdigit())
            self._numbers[phase] = 1 + max((int(p.name) for p in found), default=-1)
            for run in found:
                if (resolved := task_of(config.base).config(run)) is not None:
                    self._names[phase, json.dumps(resolved, sort_keys=True)] = run.name
        for line in self.journal.lines:
            if "values" in line:
                self._know(line["phase"], line["trial"], line["values"])

    def finished(self) -> int:
        """How many runs of the folder are."""
        return sum(
            runs.is_finished(self._folder / FOLDERS[phase] / name)
            for (phase, _), name in self._names.items()
        )

    def propose(
        self, phase: Phase, values: Values, proposal: Proposal | None = None
    ) -> tuple[str, bool]:
        """Writes down that a trial is wanted, unless it is in the finals and that is known.

        Returns:
            The name of the trial; and whether nobody has wanted it before.
        """
        identity = self._identity(values)
        name = self._names.get((phase, identity), f"{self._numbers[phase]:04d}")
        new = (phase, name) not in self.values
        line: dict[str, Any] = {"phase": phase, "trial": name, "values": values}
        if proposal is not None:
            line |= {"cell": proposal.cell, "number": proposal.number}
            line["proposed"] = proposal.proposed
        if new or proposal is not None:
            self.journal.add(line)
        self._know(phase, name, values)
        return name, new

    def job(self, phase: Phase, name: str) -> Job:
        """What is to be done for a trial.

        Raises:
            InputError: No experiment may have its values.
        """
        experiment = self._experiment(self.values[phase, name])
        run = self._folder / FOLDERS[phase] / name
        if phase == "final":
            last = self._config.sweep.finals
            splits = ("dev", "test") if last and last.test else ("dev",)
            return Job(phase, name, experiment, run, splits)
        keep = experiment.training.epochs < space.rungs(self._config)[-1]
        shorter = self._shorter(experiment)
        return Job(phase, name, experiment, run, (), shorter, keep, self._rule(name))

    def _shorter(self, experiment: AnyExperiment) -> Path | None:
        """The run of the same on the rung below, if there is one."""
        for epochs in reversed(space.rungs(self._config)):
            if epochs < experiment.training.epochs:
                lower = vary(experiment, {"training.epochs": epochs})
                name = self._names.get(("search", _written(lower)))
                if name is not None:
                    return self._folder / FOLDERS["search"] / name
        return None

    def _rule(self, name: str) -> stopping.Rule | None:
        """What stops a trial of the search; it is compared with those that were proposed before."""
        asked = self._config.sweep.stopping
        if asked is None:
            return None
        own = self._kind(self.values["search", name])
        of_search = [(n, values) for (phase, n), values in self.values.items() if phase == "search"]
        before = of_search[: [n for n, _ in of_search].index(name)]
        earlier = [n for n, values in before if self._kind(values) == own]
        return stopping.Rule(tuple(earlier), asked.trials, asked.epochs)

    def _kind(self, values: Values) -> tuple[Any, Any]:
        """What trials that are compared on the way have in common: the cell and the fold."""
        base = self._config.base
        fold = base.data.fold if isinstance(base, Experiment) else None
        return values.get(CELL, base.model.cell), values.get(FOLD, fold)

    def end(self, phase: Phase, name: str, reason: str, noted: bool = False) -> Trial:
        """Writes down how a trial has ended, unless that has been noted before."""
        values = self.values[phase, name]
        trial = results.trial(self._folder, self._config, phase, name, values, reason)
        line: dict[str, Any] = {"phase": phase, "trial": name}
        line |= {"dev": trial.dev} if trial.status == "finished" else {"reason": trial.reason}
        if not noted:
            self.journal.add(line)
        self.ended[phase, name] = trial
        return trial

    def _know(self, phase: Phase, name: str, values: Values) -> None:
        self.values.setdefault((phase, name), values)
        self._names.setdefault((phase, self._identity(values)), name)
        self._numbers[phase] = max(self._numbers[phase], int(name) + 1)

    def _identity(self, values: Values) -> str:
        """What is equal for equal experiments; values that are of none are equal to themselves."""
        try:
            return _written(self._experiment(values))
        except InputError:
            return json.dumps(values, sort_keys=True)

    def _experiment(self, values: Values) -> AnyExperiment:
        return vary(self._base, values)


def _written(experiment: AnyExperiment) -> str:
    return json.dumps(experiment.model_dump(), sort_keys=True)
