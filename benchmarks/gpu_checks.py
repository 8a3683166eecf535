"""What `gpu.py` measures by itself: numbers against the CPU's, a profile, and seeds side by side.

    KERAS_BACKEND=jax python benchmarks/gpu_checks.py cells|curve|profile|seeds [--small]

Prints one line of JSON at the end.
"""

import argparse
import collections
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

CELLS = ("simple_rnn", "lstm_1997", "lstm", "peephole_lstm", "memory_block_lstm", "gru")
COMMAND = [sys.executable, "-c", "from pipelines.cli.main import run; run()"]
CURVE = ("train", "configs/tagging/quickstart.toml", "--set", "training.patience=16")
DTYPES = {"float32": "float32", "mixed_bfloat16": "bfloat16"}
SEEDS = 5
KERNELS = 5


def cells(small: bool) -> dict[str, Any]:
    """Outputs and gradients of the core cells on the device, against the CPU's in float32.

    Products of float32 are made in full precision, not in TensorFloat-32. Each cell runs as
    scan="auto" does and in fused kernels, or it is said why not.
    """
    import jax
    import keras

    from keras_lstm_variants import LAYERS

    batch, steps, features, units = (2, 5, 3, 8) if small else (16, 64, 64, 128)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch, steps, features)).astype("float32")
    mask = np.arange(steps) < rng.integers(1, steps + 1, size=(batch, 1))
    found: dict[str, Any] = {}
    for name in CELLS:
        sizes = (units // 4, 4) if "block" in name else (units,)
        layer = LAYERS[name](*sizes, return_sequences=True)
        layer.build(x.shape)
        weights = [np.asarray(variable.value) for variable in layer.trainable_variables]
        upstream = rng.normal(size=layer.compute_output_shape(x.shape)).astype("float32")
        exact = None
        ways = [(policy, scan) for scan in ("auto", "fused") for policy in DTYPES]
        for where, policy, scan in [("cpu", "float32", "auto"), *(("", *way) for way in ways)]:
            keras.config.set_dtype_policy(policy)
            made = type(layer)(*sizes, return_sequences=True, scan=scan)
            made.build(x.shape)
            others = [variable.value for variable in made.non_trainable_variables]
            device = jax.devices(where or None)[0]

            def forward(weights, x, made=made, others=others, mask=mask):
                y, _ = made.stateless_call(weights, others, x, mask=mask, training=True)
                return y.astype("float32")

            def both(weights, x, upstream, forward=forward):
                y, gradients = jax.vjp(forward, weights, x)
                of_weights, of_x = gradients(upstream)
                return [y, of_x, *of_weights]

            with (
                jax.default_device(device),
                jax.default_matmul_precision("float32"),
                warnings.catch_warnings(),
            ):
                warnings.simplefilter("ignore", UserWarning)  # why_not_fused says the same
                arguments = jax.device_put((weights, x, upstream), device)
                got = [np.asarray(one, "float64") for one in jax.jit(both)(*arguments)]
            keras.config.set_dtype_policy("float32")
            if exact is None:
                exact = got
                continue
            way = DTYPES[policy] + (", fused" if scan == "fused" else "")
            if scan == "fused" and made.why_not_fused:
                found[name][way] = {"why_not": made.why_not_fused}
                continue
            errors = [
                float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-6))
                for a, b in zip(got, exact, strict=True)
            ]
            found.setdefault(name, {})[way] = {"outputs": errors[0], "gradients": max(errors[1:])}
    return {"device": jax.devices()[0].device_kind, "cells": found}


def curve(small: bool) -> dict[str, Any]:
    """The losses of the quickstart's epochs: on the device, on the CPU, and in bfloat16."""
    epochs = "2" if small else "16"
    ways = {
        "device": {},
        "cpu": {"JAX_PLATFORMS": "cpu"},
        "bfloat16": {"precision": "mixed_bfloat16"},
    }
    found: dict[str, Any] = {}
    for name, way in ways.items():
        precision = way.pop("precision", "float32")
        words = [*CURVE, "--set", f"training.epochs={epochs}"]
        words += ["--set", f"training.precision={precision}"]
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder) / "run"
            command = [*COMMAND, *words, "--out", str(run)]
            subprocess.run(command, check=True, env={**os.environ, **way}, stdout=sys.stderr)
            lines = (run / "history.tsv").read_text("utf-8").splitlines()
        columns = lines[0].split("\t")
        rows = [dict(zip(columns, line.split("\t"), strict=True)) for line in lines[1:]]
        found[name] = {key: [float(row[key]) for row in rows] for key in ("loss", "dev")}
    return found


def profile(small: bool) -> dict[str, Any]:
    """How busy the device is in training steps of the default tagger, with what, and its memory."""
    import jax

    make, batches = _tagger(32, sentences=64 if small else 1280)
    model = make()
    for ids, tags, weights in batches:  # compiles
        model.train_on_batch(ids, tags, sample_weight=weights)
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder, create_perfetto_trace=False):
            began = time.perf_counter()
            for ids, tags, weights in batches:
                model.train_on_batch(ids, tags, sample_weight=weights)
            seconds = time.perf_counter() - began
        (path,) = Path(folder).rglob("*.trace.json.gz")
        trace = json.loads(gzip.decompress(path.read_bytes()))
    busy, kernels = _kernels(trace["traceEvents"])
    memory = jax.devices()[0].memory_stats() or {}
    return {
        "steps": len(batches),
        "seconds": seconds,
        "busy": busy / seconds,
        "kernels": kernels,
        "peak_bytes": memory.get("peak_bytes_in_use"),
    }


def _kernels(events: list[dict[str, Any]]) -> tuple[float, list[tuple[str, float]]]:
    """Seconds in which the device did something, and the kernels that took longest in all.

    On a CPU there is no device in a profile: its threads stand for it.
    """
    names = {
        (event["pid"], event.get("tid")): event["args"]["name"]
        for event in events
        if event.get("name") in ("process_name", "thread_name")
    }
    processes = {pid: name for (pid, tid), name in names.items() if tid is None}
    devices = {pid for pid, name in processes.items() if "/device:GPU" in name}
    streams = {
        place
        for place, name in names.items()
        if (place[0] in devices and "Stream" in name) or (not devices and "XLA" in name)
    }
    taken = collections.Counter[str]()
    spans = []
    for event in events:
        here = (event.get("pid"), event.get("tid")) in streams
        if event.get("ph") == "X" and here and not event["name"].startswith("ThunkExecutor"):
            taken[event["name"]] += event["dur"]
            spans.append((event["ts"], event["ts"] + event["dur"]))
    busy = end = 0.0
    for start, stop in sorted(spans):
        busy += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return busy / 1e6, [(name, us / 1e6) for name, us in taken.most_common(KERNELS)]


def seeds(small: bool) -> dict[str, Any]:
    """Training steps of several seeds as one program, beside those of one."""
    import jax
    import keras

    batch, rounds = (8, 3) if small else (32, 20)
    make, (data, *_) = _tagger(batch, sentences=4 * batch)

    def state(seed: int) -> Any:
        keras.utils.set_random_seed(seed)
        model = make()
        model.optimizer.build(model.trainable_variables)
        variables = (
            model.trainable_variables,
            model.non_trainable_variables,
            model.optimizer.variables,
            model.metrics_variables,
        )
        return tuple([variable.value for variable in part] for part in variables)

    model = make()
    model.train_on_batch(data[0], data[1], sample_weight=data[2])  # makes its metrics
    states = [state(seed) for seed in range(SEEDS)]
    many = jax.tree.map(lambda *values: jax.numpy.stack(values), *states)
    programs = {
        "one": (jax.jit(model.train_step), states[0]),
        "all": (jax.jit(jax.vmap(model.train_step, in_axes=(0, None))), many),
    }
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for n in range(rounds + 1):
        for name, (program, given) in programs.items():
            began = time.perf_counter()
            jax.block_until_ready(program(given, data))
            if n:
                seconds[name].append(time.perf_counter() - began)
    one, all_ = (statistics.median(seconds[name]) for name in programs)
    return {"seeds": SEEDS, "one": one, "all": all_, "ratio": all_ / one}


def _tagger(batch: int, sentences: int) -> tuple[Callable[[], Any], list[Any]]:
    """What makes the default tagger, compiled; and batches of generated sentences."""
    import keras

    from pipelines.config.loading import load
    from pipelines.training.program import program, seed_of
    from pipelines.training.trainer import prepare_training

    with tempfile.TemporaryDirectory() as folder:
        path = corpus(Path(folder), sentences, batch)
        experiment = load(path, [])
        data, words, rows, *_ = prepare_training(experiment)

    def made() -> Any:
        return program(data["train"], words, rows, experiment, epochs=[1])

    found = made().batches(seed_of(experiment, 1))
    return lambda: made().model, [keras.tree.map_structure(np.asarray, one) for one in found]


def corpus(folder: Path, sentences: int, batch: int) -> Path:
    """Writes sentences like those of a news corpus, and an experiment on them; gives its file.

    Lengths are about those of CoNLL 2003 (14.5 tokens on average, some of over 40), words follow
    Zipf's law, and one in six is of an entity.
    """
    rng = np.random.default_rng(0)
    letters = list("etaoinshrdlucmfw")
    known = ["".join(rng.choice(letters, size=rng.integers(2, 11))) for _ in range(20_000)]
    rank = 1 / np.arange(1, len(known) + 1)

    def lines(count: int) -> Iterator[str]:
        for _ in range(count):
            length = int(min(100, 1 + rng.gamma(1.6, 8.5)))
            for word in rng.choice(len(known), size=length, p=rank / rank.sum()):
                kind = ("PER", "LOC", "ORG", "MISC")[word % 4]
                yield f"{known[word].title()} B-{kind}\n" if word % 6 == 5 else f"{known[word]} O\n"
            yield "\n"

    for name, count in (("train", sentences), ("dev", max(20, sentences // 4))):
        (folder / f"{name}.txt").write_text("".join(lines(count)), "utf-8")
    path = folder / "experiment.toml"
    path.write_text(
        f'[data]\ntrain = "train.txt"\ndev = "dev.txt"\n[training]\nbatch_size = {batch}\n', "utf-8"
    )
    return path


def main() -> None:
    measures = {measure.__name__: measure for measure in (cells, curve, profile, seeds)}
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("measure", choices=measures)
    parser.add_argument("--small", action="store_true", help="sizes for a CPU, to see it work")
    arguments = parser.parse_args()
    print(json.dumps(measures[arguments.measure](arguments.small)))


if __name__ == "__main__":
    main()
