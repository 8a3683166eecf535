"""Which trial has which folder, what is known of it, and what of that the journal has."""

import json
from pathlib import Path
from typing import Any

from ..config.loading import vary
from ..config.schema import Experiment, Sweep
from ..errors import InputError
from ..training import runs
from . import results
from .journal import Journal
from .proposals import Proposal
from .results import FOLDERS, Phase, Trial
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
                if (resolved := runs.config(run)) is not None:
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
        last = self._config.sweep.finals
        splits = ("dev", "test")[: 1 + last.test] if last and phase == "final" else ()
        return Job(phase, name, experiment, self._folder / FOLDERS[phase] / name, splits)

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
            found: Any = self._experiment(values).model_dump()
        except InputError:
            found = values
        return json.dumps(found, sort_keys=True)

    def _experiment(self, values: Values) -> Experiment:
        return vary(self._base, values)
