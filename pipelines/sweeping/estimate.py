"""How long a sweep takes and how much memory, estimated from a few batches of each cell."""

import resource
import statistics
import sys
from typing import Any, NamedTuple

import psutil

from ..config.schema import Experiment
from ..config.sweep_schema import Sweep
from ..training.takeover import begins_alike
from . import space
from .budget import Budget
from .kinds import task_of
from .plan import Plan, Told, first_experiment, nobody
from .task import Probe


class Estimate(NamedTuple):
    """What a sweep takes.

    Attributes:
        probes: By cell.
        cpu_seconds: Of all runs, if each is trained for all its epochs.
        seconds: The same by the clock, with so many workers on this machine.
        memory: Bytes that the workers take together.
        available: Bytes that this machine has left.
        other_load: Cores that other processes kept busy while cells were timed, which makes
            `seconds` too many; None where not known.
    """

    probes: dict[str, Probe]
    cpu_seconds: float
    seconds: float
    memory: int
    available: int
    other_load: float | None = None


def estimate(
    config: Sweep, plan: Plan, budget: Budget, workers: int, cores: int, told: Told = nobody
) -> Estimate:
    """Times a few batches of each cell, at the values of the base, and multiplies.

    Args:
        config: The sweep.
        plan: What it will do.
        budget: Which has the data that were read for the plan.
        workers: How many trials run side by side.
        cores: How many cores they have together.
        told: Told of each cell that has been timed.
    """
    probes: dict[str, Probe] = {}
    read: Any = None
    made: Any = None
    for row in plan.rows:
        experiment = first_experiment(config, row.cell, budget)
        prepared = budget.read(experiment)
        # Cells rarely have data of their own.
        like = made if prepared is read else None
        probes[row.cell], made = task_of(experiment).probe(experiment, prepared, like)
        read = prepared
        told(row.cell)
    cpu = wall = 0.0
    final_runs = sum(row.finals for row in plan.rows)
    for row in plan.rows:
        probe = probes[row.cell]
        # Where the best of all cells are chosen, each is as likely to have the places as another.
        share = row.finals * plan.finals / final_runs if final_runs else 0.0
        epochs = _epochs(config, row.trials, probe) + share * _length(config, probe)
        cpu += epochs * probe.cpu_seconds + (row.trials + share) * probe.compile_seconds
        wall += epochs * probe.epoch_seconds + (row.trials + share) * probe.compile_seconds
    # Side by side, trials share the cores: no faster than their CPU time on all of them.
    seconds = wall if workers == 1 else max(wall / workers, cpu / cores)
    memory = workers * _peak_memory()
    loads = [probe.other_load for probe in probes.values() if probe.other_load is not None]
    load = statistics.median(loads) if loads else None
    return Estimate(probes, cpu, seconds, memory, psutil.virtual_memory().available, load)


def _epochs(config: Sweep, trials: int, probe: Probe) -> float:
    """Epochs of so many trials of a cell together."""
    if config.sweep.method != "hyperband" or not isinstance(config.base, Experiment):
        return trials * _length(config, probe)
    rungs, total = [0, *space.rungs(config)], 0
    for rounds in space.hyperband_rounds(rungs[-1]):
        for place, count in enumerate(reversed(rounds), 1):
            before = rungs[-place - 1] if place < len(rounds) else 0
            goes_on = begins_alike(config.base.training)
            total += count * (rungs[-place] - (before if goes_on else 0))
    return total


def _length(config: Sweep, probe: Probe) -> float:
    """Epochs of a run, at most."""
    epochs = config.base.training.epochs
    seconds = config.sweep.budget.seconds
    return epochs if seconds is None else min(epochs, 1 + seconds / probe.cpu_seconds)


def _peak_memory() -> int:
    """Bytes that this process has had at most: what a worker takes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
