"""Our layers beside Keras' and torch's, and beside the multiplications that all of them need."""

import difflib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import keras

from keras_lstm_variants import LAYERS

from ..errors import InputError
from ..quiet import followed
from . import machine
from .contenders import (
    KERAS,
    OURS,
    PASSES,
    PLAIN,
    PRODUCTS,
    TORCH,
    Contender,
    Group,
    Pass,
    Shape,
    contenders_of,
)
from .timing import Call, Timing, first, interleaved

SHAPES = tuple(
    Shape(*sizes)
    for sizes in (
        (32, 64, 128, 128),
        (32, 256, 128, 256),
        (64, 32, 150, 100),
        (1, 40, 300, 128),
        (16, 1024, 256, 512),
    )
)
REFERENCES = (PLAIN, KERAS, TORCH, PRODUCTS)  # what ours is divided by
REMEMBERED = (OURS, KERAS)  # whose memory is measured
STEPS = 3  # training steps in a process whose memory is measured
Clock = Callable[[], float]


class Warm(NamedTuple):
    """A call that has been made once, and how many seconds that took."""

    call: Call
    first: float


def parse_shape(text: str) -> Shape:
    """Batch, steps, features and units from "32,64,128,128".

    Raises:
        InputError: It is something else.
    """
    numbers = text.split(",")
    if len(numbers) != 4 or not all(n.strip().isdecimal() and int(n) > 0 for n in numbers):
        raise InputError(
            f"--shape {text}: want four positive numbers, batch,steps,features,units, "
            f"such as {','.join(map(str, SHAPES[0]))}"
        )
    return Shape(*map(int, numbers))


def plan(
    cells: Iterable[str], shapes: Iterable[Shape], directions: Iterable[int], dtype: str
) -> list[Group]:
    """What to time: every cell at every shape. All cells if none is named, at one shape.

    Raises:
        InputError: There is no such cell.
    """
    cells, shapes = list(cells), list(shapes)
    for name in cells:
        if name not in LAYERS:
            near = difflib.get_close_matches(name, LAYERS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else "`lstm-variants cells` lists them"
            raise InputError(f"--cell: there is no cell '{name}': {hint}")
    shapes = shapes or list(SHAPES if cells else SHAPES[:1])
    return [
        Group(cell, shape, count, dtype)
        for shape in shapes
        for count in directions
        for cell in cells or LAYERS
    ]


def measure(
    groups: list[Group],
    passes: tuple[Pass, ...] = PASSES,
    budget: float = 600,
    threads: int = 1,
    memory: bool = False,
    clock: Clock = time.perf_counter,
) -> dict[str, Any]:
    """Times groups one after the other, each with its share of the time that is left.

    Args:
        groups: What `plan` gave.
        passes: "forward", "training" or both.
        budget: Seconds for everything. Groups for which there is no time are named in the report.
        threads: What `limit_threads` gave.
        memory: Measure the peak memory of training steps as well, each in a process of its own.
        clock: Gives seconds.

    Returns:
        The report: plain values, times in seconds, memory in bytes.

    Raises:
        InputError: None of the cells comes in these sizes; the backend cannot be timed, or memory
            not be measured.
    """
    backend = keras.backend.backend()
    if backend not in ("tensorflow", "jax"):
        raise InputError(f"KERAS_BACKEND={backend}: layers are timed on tensorflow and jax only")
    about, others = machine.describe(threads), machine.Others()
    if memory and about["gpu"]:
        raise InputError("--memory: measures that of the CPU only, and layers run on a GPU here")
    began = clock()
    results: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    warm: dict[Any, Warm] = {}
    for n, group in followed(list(enumerate(groups)), "timing"):
        now, end = clock(), began + budget
        if now >= end:
            left_out.append(
                {**_named(group), "reason": "no time was left; more can be given with --budget"}
            )
            continue
        try:
            found = contenders_of(group, threads)
        except InputError as error:
            left_out.append({**_named(group), "reason": str(error)})
            continue
        if n and groups[n - 1][1:] != group[1:]:
            warm.clear()  # contenders of other sizes are not met again
        deadline = now + (end - now) / (len(groups) - n)
        for pass_, timings in time_group(found, passes, deadline, warm, clock).items():
            results.append(
                {
                    **_named(group),
                    "pass": pass_,
                    "contenders": {name: _numbers(timing) for name, timing in timings.items()},
                    "ratios": ratios({name: of.median for name, of in timings.items()}),
                }
            )
        # Others of the same size meet Keras' and torch's layers again, but not ours.
        warm = {key: call for key, call in warm.items() if group not in key[0]}
        if memory:
            results[-1]["memory"] = {name: peak(group, name, threads) for name in REMEMBERED}
    if not results:
        raise InputError("\n".join(f"--shape: {left['reason']}" for left in left_out))
    return {
        "bench": "layers",
        "backend": backend,
        "machine": {**about, "others": others.running()},
        "seconds": clock() - began,
        "processes": 1,
        "results": results,
        "left_out": left_out,
    }


def time_group(
    found: list[Contender],
    passes: tuple[Pass, ...],
    deadline: float,
    warm: dict[Any, Warm] | None = None,
    clock: Clock = time.perf_counter,
) -> dict[Pass, dict[str, Timing]]:
    """Times contenders in turns.

    Args:
        found: The contenders.
        passes: Which of their passes.
        deadline: The time on the clock after which no round begins.
        warm: Calls that have been made before; those made here are added.
        clock: Gives seconds.
    """
    warm = {} if warm is None else warm
    firsts = {}
    for contender in found:
        for pass_ in passes:
            key = contender.shared, pass_
            if key not in warm:
                call = contender.make(pass_)
                warm[key] = Warm(call, first(call, clock))
            firsts[contender.name, pass_] = warm[key]
    seconds = interleaved({key: one.call for key, one in firsts.items()}, deadline, clock)
    return {
        pass_: {
            contender.name: Timing(
                firsts[contender.name, pass_].first, seconds[contender.name, pass_]
            )
            for contender in found
        }
        for pass_ in passes
    }


def fastest(medians: dict[str, float], name: str) -> str | None:
    """Which way of a contender has the least median; it may be run in several: "name, way"."""
    ways = [full for full in medians if full.partition(", ")[0] == name]
    return min(ways, key=medians.__getitem__, default=None)


def ratios(medians: dict[str, float]) -> dict[str, float]:
    """The median of our layer divided by those of the others, each in its fastest way."""
    return {
        name: medians[OURS] / medians[way] for name in REFERENCES if (way := fastest(medians, name))
    }


def _named(group: Group) -> dict[str, Any]:
    return {**group._asdict(), "shape": list(group.shape)}


def _numbers(timing: Timing) -> dict[str, Any]:
    low, high = timing.quartiles
    return {
        "median": timing.median,
        "quartiles": [low, high],
        "rounds": len(timing.seconds),
        "first": timing.first,
    }


# Memory.

PEAK = "from pipelines.bench.layer_speed import main; main()"


def peak(group: Group, name: str, threads: int) -> int | None:
    """What training steps add to the memory of a process that has made the layer and its input.

    Returns:
        Bytes, those for tracing and compiling included; None if there is no such contender.
    """
    asked = json.dumps({**_named(group), "name": name, "threads": threads})
    done = subprocess.run([sys.executable, "-c", PEAK, asked], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"measuring the memory of {name} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    asked = json.loads(sys.argv[1])
    name, threads = asked.pop("name"), asked.pop("threads")
    group = Group(**{**asked, "shape": Shape(*asked["shape"])})
    named = [contender for contender in contenders_of(group, threads) if contender.name == name]
    before = after = None
    if named:
        call = named[0].make("training")
        before = machine.peak_memory()
        for _ in range(STEPS):
            call()
        after = machine.peak_memory()
    print(json.dumps(None if after is None or before is None else after - before))
