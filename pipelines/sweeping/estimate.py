"""How long a sweep takes and how much memory, estimated from a few batches of each cell."""

import resource
import statistics
import sys
import time
from typing import Any, NamedTuple

import keras
import psutil

from ..config.schema import Sweep
from ..encoding.batching import batch_count
from ..training.costs import Meter
from ..training.program import Program, program, seed_of
from ..training.takeover import begins_alike
from ..training.trainer import Prepared
from . import space
from .budget import Budget
from .plan import Plan, Told, first_experiment, nobody

BATCHES = 6  # that are timed, after the first


class Probe(NamedTuple):
    """What a few batches of a cell took.

    Attributes:
        compile_seconds: Until the first batch was done.
        epoch_seconds: Of training an epoch, once compiled; scoring dev is not in it.
        cpu_seconds: The same in seconds of CPU.
        other_load: Cores that other processes kept busy meanwhile; None where not known.
    """

    compile_seconds: float
    epoch_seconds: float
    cpu_seconds: float
    other_load: float | None = None


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
    probes, read, made = {}, None, None
    for row in plan.rows:
        experiment = first_experiment(config, row.cell, budget)
        prepared = budget.read(experiment)
        # Cells rarely have data of their own.
        probes[row.cell], made = _probe(experiment, prepared, made if prepared is read else None)
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
    if config.sweep.method != "hyperband":
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


class _Times(keras.callbacks.Callback):
    """Measures from the end of the first batch on."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == 0:
            self.meter = Meter()


def _probe(experiment: Any, prepared: Prepared, like: Program | None) -> tuple[Probe, Program]:
    """Times a few batches, of which another program may have the examples."""
    training = experiment.training
    keras.utils.clear_session(free_memory=True)
    sentences = prepared.sentences["train"]
    made = program(sentences, prepared.words, prepared.rows, experiment, [1], like)
    model, lengths = made.model, made.lengths
    accumulated = training.gradient_accumulation_steps
    order = made.batches(seed_of(experiment, 1))
    count = batch_count(len(lengths), training.batch_size, accumulated)
    times, began = _Times(), time.perf_counter()
    # The first batch of each shape is traced: the same ones again are not.
    some = order.take(1 + BATCHES).cache()
    model.fit(some, verbose=0, shuffle=False)
    compiled = time.perf_counter() - began
    model.fit(some, verbose=0, shuffle=False, callbacks=[times])
    cost, timed = times.meter.read(), min(BATCHES, count - 1)
    epoch = count / timed if timed else 1.0  # a single batch is an epoch
    probe = Probe(compiled, cost.seconds * epoch, cost.cpu_seconds * epoch, cost.other_load)
    return probe, made


def _peak_memory() -> int:
    """Bytes that this process has had at most: what a worker takes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
