"""Generated loops under the compiler's sanitizers: addresses, undefined behaviour, races.

The source of a loop becomes a program of its own (`sanitized.cpp`), whose arrays end where their
last number ends and are NaN until they are written. So an array that is read or written beyond its
end, a number that is used before it is there, and one that two threads write are all noticed.
"""

import functools
import itertools
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from cases import CASES, FEATURES, MECHANISMS, build, distance, of_tensorflow, own_layer
from keras_lstm_variants import kernel, scan
from keras_lstm_variants.cells.zoneout_lstm import ZoneoutLSTMCell

pytestmark = [of_tensorflow, pytest.mark.nightly, pytest.mark.usefixtures("fresh_loops")]

SANITIZERS = {"addresses": "address,undefined", "races": "thread"}
FLAGS = "-std=c++14 -O1 -g -fopenmp-simd -fno-math-errno -fno-trapping-math -pthread"
ENVIRONMENT = {
    "ASAN_OPTIONS": "malloc_fill_byte=255:max_malloc_fill_size=1073741824",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}
THREADS = (1, 2, 3, 5)
STEPS = 5
BLOCKS = 35  # steps of one sequence, for which other threads do products of x ahead, in blocks
PROBE = """
#include <pthread.h>
static void* run(void* to) { return *(int*)to = 1, to; }
int main() {
  int number = 0;
  pthread_t thread;
  pthread_create(&thread, 0, run, &number);
  pthread_join(thread, 0);
  return number - 1;
}
"""


def built(source, program, sanitizer):
    """Compiles a program with a sanitizer."""
    from keras_lstm_variants.kernel import compiler

    command, _, _ = compiler.find_compiler(os.environ.get("PATH"), os.environ.get("CXX"))
    text = program.with_suffix(".cpp")
    text.write_text(source)
    options = [*FLAGS.split(), "-DWORTH_THREADS=0", f"-fsanitize={SANITIZERS[sanitizer]}"]
    options += ["-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
    return subprocess.run(
        [*command, *options, str(text), "-o", str(program)], capture_output=True, text=True
    )


def run(program, *arguments):
    return subprocess.run(
        [str(program), *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **ENVIRONMENT},
        timeout=600,
    )


@functools.cache
def why_not(sanitizer, folder):
    """Why a sanitizer cannot be had here, or ""."""
    program = Path(folder, f"probe-{sanitizer}")
    made = built(PROBE, program, sanitizer)
    done = made if made.returncode else run(program)
    said = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    return f"no sanitizer of {sanitizer} works: {said}" if done.returncode else ""


@pytest.fixture
def program_of(tmp_path, tmp_path_factory):
    def make(loop, sanitizer):
        if why := why_not(sanitizer, str(tmp_path_factory.getbasetemp())):
            pytest.skip(why)
        program = tmp_path / sanitizer
        made = built(source_of(loop), program, sanitizer)
        assert made.returncode == 0, made.stderr
        return program

    return make


def source_of(loop):
    """The program: the loop, the tables of its arrays, and what runs it."""
    forward, backward = loop.signature.forward, loop.signature.backward
    taken = [array.name for array in forward.takes]
    given = [array.name for array in forward.gives]

    def size(array):
        row = int(np.prod(array.row, dtype=int))
        flags = ["batch" in array.of, "steps" in array.of, row, array.kept]
        return "{" + ", ".join(str(int(one)) for one in flags) + "}"

    def origin(array):
        if array.name in taken:
            return f"TAKEN, {taken.index(array.name)}"
        return f"GIVEN, {given.index(array.name)}" if array.name in given else "DIRECTION, 0"

    tables = [
        ("Size", "forward_takes", map(size, forward.takes)),
        ("Size", "forward_gives", map(size, forward.gives)),
        ("Source", "backward_takes", (f"{{{origin(a)}, {size(a)}}}" for a in backward.takes)),
        ("Size", "backward_gives", map(size, backward.gives)),
    ]
    lines = []
    for kind, name, entries in tables:
        entries = list(entries)
        lines.append(f"enum {{ {name.upper()} = {len(entries)} }};")
        lines.append(f"static const {kind} {name}[] = {{{', '.join(entries)}}};")
    main = Path(__file__).with_name("sanitized.cpp").read_text()
    return loop.source + main.replace("@tables@", "\n".join(lines))


def loop_of(name, dtype, rng):
    """The compiled loop of a cell, with recurrent dropout if it takes that; and its weights.

    It is not called here: what is wrong with it is for the sanitizer to say.
    """
    layer = build(own_layer(name, dtype=dtype), rng, scale=0.5)
    cell = layer.cell
    x, states = ops.zeros((1, 2, FEATURES), dtype), cell.get_initial_state(1)
    if isinstance(cell, ZoneoutLSTMCell):
        x = cell.drawn(x)
    h_mask = None if "recurrent_dropout" in CASES[name].refuses else ops.ones_like(states[0])
    weights = [ops.copy(weight) for weight in cell.weights]
    advance = scan.stateless(cell, from_x=True)
    loop = kernel.compiled_loop(cell, advance, x, states, h_mask, weights)
    assert not isinstance(loop, str), loop
    return loop, [ops.convert_to_numpy(one) for one in loop.prepare(weights)]


def masks(batch, steps):
    """By name: none, padding on the right, on the left, holes, nothing but padding in some rows."""
    lengths = 1 + np.arange(batch) % steps
    right = np.arange(steps) < lengths[:, None]
    holes = (np.arange(steps) + np.arange(batch)[:, None]) % 3 > 0
    empty = right & (np.arange(batch)[:, None] % 2 == 1)
    return {
        "none": None,
        "right": right,
        "left": right[:, ::-1],
        "holes": holes,
        "empty": empty,
        "all empty": np.zeros((batch, steps), bool),
    }


def calls(name, loop, weights, rng):
    """Calls of all kinds: the number of threads, the mask, and all arrays by name."""
    for threads, long in itertools.product(THREADS, (False, True)):
        # Fewer sequences than threads, as many, and more, which they do not share evenly; and more
        # than go through the steps together.
        for batch in sorted({0, 1, threads, 2 * threads + 1, 34 * threads - 1}):
            steps = 1 if not long else BLOCKS if batch == 1 else STEPS
            for mask in masks(batch, steps).values():
                if batch > 20 and mask is not None and mask.all():
                    continue
                arrays = {}
                functions = loop.signature.forward, loop.signature.backward
                for array in (one for function in functions for one in function.takes):
                    values = rng.normal(size=array.shape(batch, steps))
                    if array.name == "h_mask":
                        values = 2 * (values > 0)
                    state = array.name.removeprefix("first")
                    if state.isdecimal() and [*CASES[name].states][int(state)] in (
                        CASES[name].positive
                    ):
                        values = np.abs(values)
                    arrays[array.name] = values.astype(loop.dtype)
                arrays |= {f"w{k}": weight for k, weight in enumerate(weights)}
                yield threads, mask, arrays


def written(all_calls, loop, path):
    forward, backward = loop.signature.forward, loop.signature.backward
    made = {array.name for array in (*forward.takes, *forward.gives)}
    with path.open("wb") as file:
        for threads, mask, arrays in all_calls:
            batch, steps, _ = arrays["x"].shape
            np.array([batch, steps, threads, mask is not None], "long").tofile(file)
            if mask is not None:
                mask.astype("uint8").tofile(file)
            for array in (
                *forward.takes,
                *(one for one in backward.takes if one.name not in made),
            ):
                arrays[array.name].astype(loop.dtype).tofile(file)


def read(all_calls, loop, path):
    """What each call gave: the numbers of threads, and arrays by name of the three passes."""
    forward, backward = loop.signature.forward, loop.signature.backward
    passes = (
        [one for one in forward.gives if not one.kept],
        list(forward.gives),
        list(backward.gives),
    )
    with path.open("rb") as file:
        for _, _, arrays in all_calls:
            batch, steps, _ = arrays["x"].shape
            ran = np.fromfile(file, "long", 3).tolist()
            results = []
            for gives in passes:
                shapes = {one.name: one.shape(batch, steps) for one in gives}
                results.append(
                    {
                        name: np.fromfile(file, loop.dtype, int(np.prod(shape))).reshape(shape)
                        for name, shape in shapes.items()
                    }
                )
            yield ran, results
        assert not file.read(1)


def by_the_library(loop, mask, arrays):
    """What the ordinary library gives for a call: the outputs and states, and the gradients."""
    masks = [] if mask is None else [mask]
    forward, backward = loop.signature.forward, loop.signature.backward
    given = [arrays[one.name] for one in forward.takes]
    made = loop.compute(forward, given, masks, keep=True)
    arrays = arrays | dict(zip((one.name for one in forward.gives), made, strict=True))
    known = [arrays[one.name] for one in backward.takes]
    d = loop.compute(backward, known, masks, keep=True)
    returned = [one.name for one in backward.gives if one.returned]
    outputs = {n: one for n, one in arrays.items() if n.startswith(("all", "last"))}
    return outputs, dict(zip(returned, d, strict=True))


@pytest.mark.parametrize(
    "sanitizer, dtype", [("addresses", "float32"), ("addresses", "float64"), ("races", "float32")]
)
@pytest.mark.parametrize("name", MECHANISMS)
def test_sanitizers_find_nothing(name, sanitizer, dtype, rng, tmp_path, program_of, monkeypatch):
    monkeypatch.setenv("KERAS_LSTM_VARIANTS_THREADS", "1")
    loop, weights = loop_of(name, dtype, rng)
    program = program_of(loop, sanitizer)
    all_calls = list(calls(name, loop, weights, rng))
    written(all_calls, loop, tmp_path / "calls")
    done = run(program, tmp_path / "calls", tmp_path / "results")
    assert done.returncode == 0 and not done.stderr, done.stderr[:4000]
    within = {"float32": 1e-4, "float64": 1e-10}[dtype]
    most = 0
    for call, (ran, results) in zip(
        all_calls, read(all_calls, loop, tmp_path / "results"), strict=True
    ):
        threads, mask, arrays = call
        batch = len(arrays["x"])
        each = max(1, -(-batch // threads))
        shared = batch == 1 and arrays["x"].shape[1] == BLOCKS and "product(now, x" in loop.source
        if shared and threads > 1:
            assert 1 < ran[0] == ran[1] <= threads and ran[2] == 1
        else:
            assert ran == [max(1, -(-batch // each))] * 3
        most = max(most, *ran)
        if sanitizer == "races":  # which sees no array that is overrun, as the library would be
            continue
        outputs, gradients = by_the_library(loop, mask, arrays)
        briefly, made, d = results
        assert outputs.keys() <= made.keys() and gradients.keys() <= d.keys()
        for actual, expected in (
            (briefly, {n: one for n, one in outputs.items() if n in briefly}),
            (made, outputs),
            (d, gradients),
        ):
            for key, one in expected.items():
                if one.size:
                    assert distance([actual[key]], [one]) <= within, (key, threads, batch, mask)
    assert most == max(THREADS)
