"""A plan becomes a folder of runs: proposals are made, trials run, tables compare them."""

import json
import math
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from ..config.forecast_schema import Forecast
from ..config.sweep_schema import Sweep
from ..errors import InputError
from ..serving.exporter import can_export
from ..training import locks, runs, stored
from ..training.devices import refuse_clusters
from . import finals, logs, plan, ranking, report
from .budget import Budget
from .cluster import Cluster
from .kinds import task_of
from .ledger import Ledger
from .proposals import Proposals
from .ranking import LEADERBOARD, Result, Setting
from .results import CELL, FOLD, FOLDERS, SEED, SWEEP, TRIALS, Phase, Trial, load
from .running import Job
from .space import expected_trials
from .workers import Workers, start

__all__ = [
    "BEST",
    "FOLD",
    "FOLDERS",
    "LEADERBOARD",
    "TRIALS",
    "Result",
    "Setting",
    "SweepWatcher",
    "Trial",
    "run_sweep",
]

BEST = "best"  # the export of the best run
SELDOM = 10  # times as long as a report takes, if more than a second, is the pause to the next
WINNER = "best.json"  # which trial that is


class _Winner(stored.Stored):
    trial: str
    version: int
    folder: str = TRIALS


class SweepWatcher:
    """Told how a sweep goes, in the process that runs it."""

    def begin(self, trials: int, finished: int) -> None:
        """How many runs there will be at most, those of the finals included."""

    def trial(self, phase: Phase, name: str, values: dict[str, Any]) -> None:
        """A trial begins, or goes on."""

    def progress(self, phase: Phase, name: str, share: float, note: str) -> None:
        """How much of a trial is done, as a share of 1, and what it does."""

    def end(self, trial: Trial, again: bool) -> None:
        """`again`: the trial had been finished before the sweep was interrupted."""


def run_sweep(
    config: Sweep,
    folder: Path,
    watcher: SweepWatcher | None = None,
    workers: int | Literal["ray"] = 1,
    tensorboard: bool = False,
    ray_address: str | None = None,
) -> Result:
    """Runs all trials of a sweep, writes its tables and exports the best run, unless of folds.

    Nor is a run exported on a backend that cannot; `export` does so on TensorFlow afterwards.

    An interrupted sweep goes on where it was: finished trials are kept, those under way resume from
    their last epochs, and what had been proposed is what is run. Trials that fail are kept apart,
    with their reason, and are tried again when the sweep is. A sweep that asks for more trials,
    cells, seeds or finals than the one in the folder goes on from that.

    Args:
        config: What to vary and how.
        folder: The sweep's folder; a new one, or that of the same sweep.
        watcher: Told about every trial.
        workers: How many trials run side by side, in processes of their own if more than one; or
            "ray", for as many as the machines of a Ray cluster have cores.
        tensorboard: Whether logs for TensorBoard are written beside the tables.
        ray_address: Of the cluster; by default RAY_ADDRESS, or the one of this machine.

    Raises:
        InputError: The folder holds another sweep, is being written, or cannot be; or something
            that trials would read or combine is wrong; nothing is written then.
    """
    refuse_clusters()
    if workers != "ray" and workers < 1:
        raise InputError(f"--workers: {workers}: give a number from 1")
    if isinstance(config.base, Forecast) and (tensorboard or workers == "ray"):
        what = "--tensorboard" if tensorboard else "--workers: ray"
        raise InputError(f"{what}: is for sweeps of taggers: leave it out for forecasts")
    if tensorboard:
        logs.check()
    known = _known(folder, config)
    budget = Budget(config)
    if not known:
        plan.check(config, budget)
    with locks.writing(folder, wait=runs.DYING):
        _known(folder, config)  # another process may have been quicker
        # It reads the journal: of a damaged one, the folder stays as it is.
        conductor = _Conductor(config, folder, watcher or SweepWatcher(), budget, tensorboard)
        conductor.check_data()
        try:
            runs.write_json(folder / SWEEP, config.model_dump())
            pool: Workers
            if workers == "ray":
                pool = Cluster(ray_address, folder, conductor.told, plan.files(config))
            else:
                pool = start(workers, folder, conductor.told)
            with closing(pool):
                conductor.search(pool)
                if config.sweep.finals:
                    conductor.finals(pool)
            report.write(folder, over=True)
            if tensorboard:
                logs.write(folder)
            result = ranking.of_folder(folder)
            # A run of a fold is none to be used: it has not seen the fold, and others had easier
            # ones.
            if result.best is not None and FOLD not in config.space and can_export():
                _export_best(config, folder, result.best)
        except OSError as error:
            where = error.filename or folder
            raise InputError(f"{where}: cannot be written: {error.strerror or error}") from None
    return result


class _Conductor:
    """Turns proposals into jobs and outcomes into scores; whatever it knows is on the disk, too."""

    def __init__(
        self,
        config: Sweep,
        folder: Path,
        watcher: SweepWatcher,
        budget: Budget,
        tensorboard: bool,
    ) -> None:
        self._tensorboard, self._news = tensorboard, False
        self._shown = self._took = 0.0  # when that was rewritten last, and how long it took
        self._config, self._folder, self._watcher, self._budget = config, folder, watcher, budget
        self._ledger = Ledger(config, folder)
        # Whose scores the oracles wait for: the numbers of proposals, by the trial's name.
        self._untold: dict[str, list[tuple[str, int]]] = {}
        watcher.begin(expected_trials(config) + finals.expected(config), self._ledger.finished())

    def check_data(self) -> None:
        """Refuses data that are others than when trials began: scores could not be compared.

        Raises:
            InputError: They are, or cannot be read.
        """
        task = task_of(self._config.base)
        alike: dict[str, list[Job]] = {}  # by what they read, so that it is read once
        for phase, name in self._ledger.values:
            with suppress(InputError):  # a trial that cannot be done
                job = self._ledger.job(phase, name)
                if (job.run / runs.ORIGIN).exists():
                    key = json.dumps(task.reads(job.experiment), sort_keys=True)
                    alike.setdefault(key, []).append(job)
        for jobs in alike.values():
            origin = self._budget.read(jobs[0].experiment).origin
            for job in jobs:
                runs.check_unchanged(job.run, origin)

    def told(self, job: Job, share: float, note: str) -> None:
        self._watcher.progress(job.phase, job.name, share, note)

    def search(self, pool: Workers) -> None:
        """Runs the trials of the search: those that were proposed before, then new ones."""
        with TemporaryDirectory(prefix="sweep-") as notes:  # of keras-tuner; nobody reads them
            self._proposals = Proposals(self._config, notes)
            self._replay()
            self._run(pool, self._searched())
        for phase, name in self._ledger.values:
            run = self._folder / FOLDERS[phase] / name
            if phase == "search" and runs.is_finished(run):  # none goes on from any of them now
                (run / runs.CHECKPOINT).unlink(missing_ok=True)

    def finals(self, pool: Workers) -> None:
        """Chooses the settings of the finals, and runs them on fresh seeds."""
        ranked = ranking.of_folder(self._folder).settings
        chosen = finals.choose(self._config, ranked)
        finals.write(self._folder, chosen)
        self._run(pool, self._in_finals(chosen))

    def _run(self, pool: Workers, jobs: Iterator[Job | None]) -> None:
        """Runs jobs as long as there are any; None means that there may be more after a score."""
        busy, more = 0, True
        while busy or more:
            while more and pool.free():
                try:
                    job = next(jobs)
                except StopIteration:
                    more = False
                    break
                if job is None:
                    assert busy, "an oracle waits for a score that nobody will tell"
                    break
                values = self._ledger.values[job.phase, job.name]
                self._watcher.trial(job.phase, job.name, values)
                pool.submit(job)
                busy += 1
            self._show()  # while all workers are busy
            if busy:
                outcome = pool.wait()
                busy -= 1
                self._end(outcome.job.phase, outcome.job.name, outcome.reason)

    def _replay(self) -> None:
        """Asks and tells the oracles as it was before the sweep was interrupted."""
        for line in self._ledger.journal.lines:
            if line["phase"] != "search":
                continue
            if "proposed" in line:
                number = self._proposals.again(line["cell"], line["proposed"])
                self._untold.setdefault(line["trial"], []).append((line["cell"], number))
            else:
                self._tell(line["trial"], line.get("dev"))

    def _searched(self) -> Iterator[Job | None]:
        """The jobs of the search; None while the oracles wait for scores."""
        for phase, name in list(self._ledger.values):
            if phase == "search":
                yield from self._to_do(phase, name)
        while (proposal := self._proposals.next()) or self._untold:
            if proposal is None:
                yield None
                continue
            values, reason = proposal.values, ""
            try:
                values = self._budget.completed(values)
            except InputError as error:
                reason = str(error)
            name, new = self._ledger.propose("search", values, proposal)
            self._untold.setdefault(name, []).append((proposal.cell, proposal.number))
            if reason:
                self._end("search", name, reason)
            elif new:
                yield from self._to_do("search", name)
            elif ("search", name) in self._ledger.ended:  # it was proposed before, and has ended
                self._end("search", name, self._ledger.ended["search", name].reason, again=True)

    def _in_finals(self, chosen: list[dict[str, Any]]) -> Iterator[Job | None]:
        """The jobs of the finals: all settings with the first seed, then all with the next."""
        for seed in finals.seeds(self._config):
            for setting in chosen:
                name, _ = self._ledger.propose("final", {**setting, SEED: seed})
                yield from self._to_do("final", name)

    def _to_do(self, phase: Phase, name: str) -> Iterator[Job]:
        """The job of a trial, unless it is finished or cannot be done."""
        try:
            job = self._ledger.job(phase, name)
            if runs.is_finished(job.run):
                runs.check_unchanged(job.run, self._budget.read(job.experiment).origin)
        except InputError as error:
            self._end(phase, name, str(error))
            return
        if job.finished:
            self._end(phase, name, "", again=True)
        else:
            yield job

    def _end(self, phase: Phase, name: str, reason: str, again: bool = False) -> None:
        """Notes how a trial has ended, and tells its score."""
        seen = (phase, name) in self._ledger.ended
        waiting = phase == "search" and name in self._untold
        trial = self._ledger.end(phase, name, reason, noted=again and not waiting)
        if waiting:
            self._tell(name, trial.dev)
        if not seen:
            self._news = True
            self._watcher.end(trial, again)

    def _show(self) -> None:
        """Rewrites what is shown, if there is something new; if that takes long, less often."""
        began = time.monotonic()
        if not self._news or (self._took > 1 and began - self._shown < SELDOM * self._took):
            return
        self._news = False
        # No fault of what is shown on the way ends a sweep; at its end it is said.
        with suppress(Exception):
            report.write(self._folder)
            if self._tensorboard:
                logs.write(self._folder)
        self._shown = time.monotonic()
        self._took = self._shown - began

    def _tell(self, name: str, score: float | None) -> None:
        for cell, number in self._untold.pop(name, []):
            self._proposals.tell(cell, number, score)


def _known(folder: Path, config: Sweep) -> bool:
    """Whether the folder is that of this very sweep; or of none, or of one that asked for less.

    Raises:
        InputError: It holds another sweep or other things, or cannot be read.
    """
    try:
        if (folder / SWEEP).exists():
            before = load(folder)
            if before == config:
                return True
            if _asks_for_more(config, before):
                return False
            raise InputError(
                f"{folder}: holds another sweep: give another folder with --out; the same one may "
                "have more trials, cells, seeds and finals, and nothing else"
            )
        if folder.exists() and any(not path.name.startswith(".") for path in folder.iterdir()):
            raise InputError(f"{folder}: exists and is not a sweep: give another folder with --out")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from None
    return False


def _asks_for_more(config: Sweep, before: Sweep) -> bool:
    """Whether this sweep is the one before with more trials, cells, seeds or finals."""
    now, then = config.sweep, before.sweep
    free = {"trials", "finals", "cells"}
    if now.model_dump(exclude=free) != then.model_dump(exclude=free):
        return False
    if config.base != before.base or list(config.space) != list(before.space):
        return False
    if (now.trials or math.inf) < (then.trials or math.inf):
        return False
    # Of a grid, every list may grow. What an oracle draws from is another with one choice more.
    grows = config.space if now.method == "grid" else [CELL]
    return all(
        choices == before.space[key] or (key in grows and _longer(choices, before.space[key]))
        for key, choices in config.space.items()
    )


def _longer(choices: Any, before: Any) -> bool:
    both = isinstance(choices, list) and isinstance(before, list)
    return both and all(choice in choices for choice in before)


def _export_best(config: Sweep, folder: Path, best: Trial) -> None:
    """Exports the best run, as a new version if another one was the best before."""
    of_phase = FOLDERS[best.phase]
    note, trial = folder / WINNER, {"trial": best.name, "folder": of_phase}
    if note.exists():
        before = stored.read(note, _Winner, "delete it")
        same = trial == {"trial": before["trial"], "folder": before.get("folder", TRIALS)}
        if same and (folder / BEST / str(before["version"])).exists():
            return
    versions = [int(path.name) for path in (folder / BEST).glob("*") if path.name.isdigit()]
    version = max(versions, default=0) + 1
    task_of(config.base).export(folder / of_phase / best.name, folder / BEST, version)
    runs.write_json(note, {**trial, "version": version})
