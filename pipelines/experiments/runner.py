"""Trials: planned, run beside each other, each kept in a file of its own when it is finished.

A run that was killed goes on with the trials that have no file.
"""

import difflib
import json
import logging
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any, NamedTuple

from keras_lstm_variants.cells import TABLE

from ..errors import InputError
from ..quiet import import_tensorflow
from ..training.runs import replacing
from .definition import Arm, Experiment, Result, fingerprint

LOOK = 0.3  # seconds between two looks at how far the trials are
PARTS = 2  # for each process, at least, where there are trials enough: none idles for long
COMPUTED = "computed"  # what the one arm of an experiment without training is called
Key = tuple[str, str, int]


class Trial(NamedTuple):
    """One net with one seed.

    Attributes:
        experiment: What it is a part of.
        arm: Its net and task; None where something is computed without training.
        seed: Of the weights and the sequences.
        quick: Whether the quick protocol is followed.
    """

    experiment: Experiment
    arm: Arm | None
    seed: int
    quick: bool

    @property
    def label(self) -> str:
        return self.arm.label if self.arm else COMPUTED

    @property
    def title(self) -> str:
        return f"{self.experiment.name}, {self.label}, seed {self.seed}"

    def path(self, out: Path) -> Path:
        """The file of its result."""
        name = re.sub(r"[^a-z0-9.]+", "-", self.label.lower()).strip("-")
        return folder(out, self.experiment, self.quick) / f"{name}.seed-{self.seed}.json"

    def definition(self) -> str:
        if self.arm is None:
            return fingerprint(self.experiment.compute)
        protocol = self.experiment.protocol(self.arm, self.quick)
        return fingerprint(self.arm.net, self.arm.task, protocol)


class Watcher:
    """Is told what happens; this one does nothing about it."""

    def begin(self, trials: int, finished: int) -> None: ...

    def step(self, trial: Trial, share: float, line: str) -> None: ...

    def end(self, trial: Trial, result: Result) -> None: ...


def folder(out: Path, experiment: Experiment, quick: bool) -> Path:
    """Where the results of an experiment are."""
    return out / experiment.name / ("quick" if quick else "full")


def plan(
    experiments: list[Experiment], cells: list[str], seeds: int | None, quick: bool
) -> list[Trial]:
    """The trials of some experiments, seed after seed of every arm.

    Args:
        experiments: What is reproduced.
        cells: The cells whose arms take part, others included, where any may; none: the arms that
            the experiments have.
        seeds: How many seeds; None: as many as the protocol says.
        quick: Whether the quick protocols are followed.

    Raises:
        InputError: A cell is unknown, or an experiment has no place for it.
    """
    trials = []
    for experiment in experiments:
        count = experiment.seeds(quick) if experiment.compute else seeds or experiment.seeds(quick)
        arms = chosen(experiment, cells, quick)
        for arm in arms:
            trials += [Trial(experiment, arm, seed, quick) for seed in range(count)]
    return trials


def chosen(experiment: Experiment, cells: list[str], quick: bool) -> list[Arm | None]:
    if experiment.compute:
        if cells:
            raise InputError(f"--cell: {experiment.name} computes something that has no cell")
        return [None]
    if not cells:
        return list(experiment.nets(quick))
    arms: list[Arm | None] = []
    for cell in cells:
        if cell not in TABLE:
            near = difflib.get_close_matches(cell, TABLE, n=1)
            hint = f"did you mean {near[0]}?" if near else "`lstm-variants cells` lists them"
            raise InputError(f"--cell {cell}: no such cell: {hint}")
        own = [arm for arm in experiment.nets(quick) if arm.net.cell == cell]
        if not own and not experiment.any_cell:
            have = ", ".join(dict.fromkeys(arm.net.cell for arm in experiment.arms))
            raise InputError(f"--cell {cell}: {experiment.name} is about {have} only")
        arms += own or [arm.of_cell(cell) for arm in experiment.any_cell]
    return arms


def finished(trial: Trial, out: Path) -> Result | None:
    """The result of a trial that has been run; None if it has not.

    Raises:
        InputError: The file is another definition's, or is damaged.
    """
    path = trial.path(out)
    try:
        found = json.loads(path.read_text("utf-8"))
        if found["definition"] != trial.definition():
            raise InputError(
                f"{path}: is the result of another definition of {trial.experiment.name}: give "
                "another folder with --out, or delete it"
            )
        result = Result(**found["result"])
        _check(result, [found["cpu_seconds"]], found["machine"], found["date"])
        return result
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise InputError(f"{path}: is no result of a trial: delete it ({error})") from None


def _check(result: Result, numbers: list[Any], *texts: Any) -> None:
    """Raises TypeError if a result from a file is not made of what results are made of."""
    numbers = [
        *numbers,
        *result.measures.values(),
        *(x for line in result.curve.values() for x in line),
    ]
    parts = [(texts, str), ([result.note], str), (result.rows, list), (numbers, int | float | list)]
    for values, kind in parts:
        for value in values:
            if not isinstance(value, kind):
                raise TypeError(f"{value!r} stands where it cannot")


def kept(experiment: Experiment, quick: bool, out: Path) -> list[Trial]:
    """The trials of an experiment's own arms that have a file, whichever seeds they have."""
    arms = [None] if experiment.compute else experiment.nets(quick)
    found = []
    for arm in arms:
        path = Trial(experiment, arm, 0, quick).path(out)
        files = path.parent.glob(path.name.replace(".seed-0.", ".seed-*."))
        seeds = [re.search(r"\.seed-(\d+)\.json$", file.name) for file in files]
        found += [
            Trial(experiment, arm, seed, quick)
            for seed in sorted(int(match[1]) for match in seeds if match)
        ]
    return found


class Spent(NamedTuple):
    """What finished trials ran on and took.

    Attributes:
        machines: Each machine with its days.
        cpu_seconds: Of all trials together.
    """

    machines: list[str]
    cpu_seconds: float


def spent(trials: list[Trial], out: Path) -> Spent:
    """As the files of the trials say."""
    days: dict[str, set[str]] = {}
    seconds = 0.0
    for trial in trials:
        found = json.loads(trial.path(out).read_text("utf-8"))
        days.setdefault(found["machine"], set()).add(found["date"])
        seconds += found["cpu_seconds"]
    lines = [f"{machine}, {' and '.join(sorted(dates))}" for machine, dates in days.items()]
    return Spent(lines, seconds)


def run(
    trials: list[Trial], out: Path, processes: int, watcher: Watcher | None = None
) -> dict[Key, Result]:
    """The results of trials, of which those without a file are run.

    Args:
        trials: What `plan` gave.
        out: The folder of all results.
        processes: How many run beside each other, one thread each.
        watcher: Is told what happens.

    Raises:
        InputError: The folder cannot be written, or holds other results.
    """
    watcher = watcher or Watcher()
    results = {key(trial): found for trial in trials if (found := finished(trial, out))}
    left = [trial for trial in trials if key(trial) not in results]
    for trial in left:
        _make(trial.path(out).parent)
    watcher.begin(len(trials), len(results))
    if processes == 1 or len(left) < 2:
        for trial in left:
            result = attempt(trial, out, lambda share, line, t=trial: watcher.step(t, share, line))
            results[key(trial)] = result
            watcher.end(trial, result)
    else:
        for trial, result in _beside(left, out, min(processes, len(left)), watcher):
            results[key(trial)] = result
            watcher.end(trial, result)
    return {key(trial): results[key(trial)] for trial in trials}


def key(trial: Trial) -> Key:
    """What a trial is found by: experiment, arm, seed."""
    return trial.experiment.name, trial.label, trial.seed


def _make(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be made: {error.strerror}") from None


def attempt(trial: Trial, out: Path, tell: Any) -> Result:
    """Runs one trial and writes its file."""
    import_tensorflow()
    # Every arm has graphs of its own; TensorFlow warns of one that is traced again and again.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    from . import training
    from .machines import machine

    began, busy = time.monotonic(), time.process_time()
    if trial.arm is None:
        result = trial.experiment.computation()(trial.seed)
    else:
        protocol = trial.experiment.protocol(trial.arm, trial.quick)
        result = training.train(trial.arm, protocol, trial.seed, tell)
    found = {
        "experiment": trial.experiment.name,
        "arm": trial.label,
        "seed": trial.seed,
        "definition": trial.definition(),
        "result": result._asdict(),
        "seconds": round(time.monotonic() - began, 2),
        "cpu_seconds": round(time.process_time() - busy, 2),
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(),
    }
    with replacing(trial.path(out)) as part:
        part.write_text(json.dumps(found, indent=1, default=float) + "\n", "utf-8")
    return result


# Trials in processes of their own.


def _beside(
    trials: list[Trial], out: Path, processes: int, watcher: Watcher
) -> Iterator[tuple[Trial, Result]]:
    context = multiprocessing.get_context("spawn")
    news: Any = context.SimpleQueue()
    ends, kept = context.Pipe(duplex=False)  # closes when this process ends, however it does
    with _one_thread_each():
        pool = ProcessPoolExecutor(processes, context, _prepare, (news, ends))
        try:
            futures = {
                pool.submit(_in_process, [(trials[n], n) for n in part], out): part
                for part in parts(trials, processes)
            }
            waiting = set(futures)
            while waiting:
                done, waiting = wait(waiting, LOOK, FIRST_COMPLETED)
                while not news.empty():
                    n, share, line, result = news.get()
                    if result is None:
                        watcher.step(trials[n], share, line)
                    else:
                        yield trials[n], result
                for future in done:
                    future.result()  # raises what has ended its process
            assert news.empty()
        finally:
            kept.close()
            pool.shutdown(wait=False, cancel_futures=True)


def parts(trials: list[Trial], processes: int) -> list[list[int]]:
    """The numbers of the trials that one process runs one after the other.

    The seeds of an arm share what TensorFlow traces, so they stay together as far as there are arms
    enough to keep all processes busy.
    """
    of_arm: dict[tuple[str, str], list[int]] = {}
    for n, trial in enumerate(trials):
        of_arm.setdefault((trial.experiment.name, trial.label), []).append(n)
    pieces = -(-PARTS * processes // len(of_arm))
    return [
        seeds[first::pieces]
        for seeds in of_arm.values()
        for first in range(min(pieces, len(seeds)))
    ]


class _one_thread_each:
    """Within it, processes that start give their libraries one thread."""

    NAMES = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")

    def __enter__(self) -> None:
        self.before = {name: os.environ.get(name) for name in self.NAMES}
        os.environ.update(dict.fromkeys(self.NAMES, "1"))

    def __exit__(self, *error: object) -> None:
        for name, value in self.before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _prepare(news: Any, ends: Any) -> None:
    """Of a process: it leaves Ctrl-C to its parent, and ends when that does."""
    global _news
    _news = news
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stderr.flush()

    def end_with_parent() -> None:
        ends.poll(None)
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
    import_tensorflow()


def _in_process(part: list[tuple[Trial, int]], out: Path) -> None:
    for trial, n in part:

        def tell(share: float, line: str, n: int = n) -> None:
            _news.put((n, share, line, None))

        _news.put((n, 1.0, "", attempt(trial, out, tell)))


_news: Any = None
