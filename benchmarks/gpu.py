"""What to find out on a machine with a GPU, in parts of less than eight minutes.

    KERAS_BACKEND=jax python benchmarks/gpu.py --out DIR [--only TEXT] [--small]

Writes DIR/gpu.json after each part, and DIR/gpu.md of all that is there. The same command goes on
where it was stopped, on another machine, too, if DIR/gpu.json is brought along: what it holds is
not measured again. With --small everything runs on a CPU, to see that it works; there fused kernels
run in Pallas' interpreter.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))  # also where it is not the script that runs

from gpu_checks import CELLS, COMMAND, corpus

LIMIT = 480  # seconds of a part
ROOT = Path(__file__).parents[1]
CHECKS = [sys.executable, str(ROOT / "benchmarks" / "gpu_checks.py")]
CPU = {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": ""}  # compiled loops
CORES = 2  # of the CPU that the device is compared with
SENTENCES = 14_041  # those of CoNLL 2003's training set
BATCHES = 32, 128, 512
SMALL_SWEEP = """
base = '{}/tagging/quickstart.toml'
[sweep]
method = "grid"
[space]
"model.cell" = ["gru"]
"""
PUBLISHED = (
    "Published for the LSTM on an H100, batch 16, 1024 steps, 768 wide, in ms, forward and "
    "training: FlashRNN in Triton, 12 heads of 64, from given W x, bfloat16: 1.99 and 18.94; "
    "torch, float16: 2.01 and 5.19 (Poeppel et al. 2024, the chart of their repository)."
)
TARGETS = (
    "Targets: training at batch 128 at least 10 x two CPU cores; peephole and block cells within "
    "2 x of cuDNN's LSTM at equal shape; tagging at least 50,000 sentences/s; five seeds in less "
    "than twice the time of one."
)


class Part(NamedTuple):
    """Something to find out.

    Attributes:
        name: What it is.
        run: Does it, in other processes; it gets whether sizes are to be small.
        tell: What it found, in Markdown.
    """

    name: str
    run: Callable[[bool], Any]
    tell: Callable[[Any], str]


def parts() -> list[Part]:
    """All of them, in the order in which they are worth their time."""
    layers = [
        Part(f"layers, {units} units, {dtype}", _layers(units, dtype), _text)
        for units in (128, 256, 768)
        for dtype in ("bfloat16", "float32")
    ]
    taggers = [Part(f"tagger, batch {batch}", _pipeline(batch, {}), _text) for batch in BATCHES]
    return [
        Part("cells against the CPU's", _check("cells"), _cells),
        Part("losses against the CPU's", _check("curve"), _curve),
        *layers,
        *taggers,
        Part(f"tagger, batch 128, {CORES} CPU cores", _pipeline(128, CPU), _text),
        Part("profile of training", _check("profile"), _profile),
        Part("sweep", _sweep({}), _seconds),
        Part(f"sweep, {CORES} CPU cores", _sweep(CPU), _seconds),
        Part("seeds as one program", _check("seeds"), _seeds),
    ]


def call(command: list[str], variables: dict[str, str]) -> str:
    """Runs a command, shows what it says, and gives its output."""
    cores = ["taskset", "-c", ",".join(map(str, range(CORES)))] if variables else []
    environment = {**os.environ, **variables, "PYTHONPATH": _path()}
    done = subprocess.run(
        [*cores, *command], env=environment, cwd=ROOT, text=True, stdout=subprocess.PIPE,
        timeout=LIMIT,
    )  # fmt: skip
    print(done.stdout, flush=True)
    done.check_returncode()
    return done.stdout


def _path() -> str:
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))


def _check(name: str) -> Callable[[bool], Any]:
    def run(small: bool) -> Any:
        said = call([*CHECKS, name, *["--small"] * small], {})
        return json.loads(said.splitlines()[-1])

    return run


def _bench(words: list[str], variables: dict[str, str]) -> dict[str, Any]:
    """A report of `lstm-variants bench`, and its table."""
    with tempfile.TemporaryDirectory() as folder:
        report, table = Path(folder) / "report.json", Path(folder) / "table.md"
        files = ["--json", str(report), "--markdown", str(table)]
        call([*COMMAND, "bench", *words, *files], variables)
        return {"report": json.loads(report.read_text("utf-8")), "text": table.read_text("utf-8")}


def _layers(units: int, dtype: str) -> Callable[[bool], Any]:
    def run(small: bool) -> Any:
        sizes = [(2, 4, 8)] if small else [(b, t, units) for b in (16, 64) for t in (64, 1024)]
        shapes = [f"--shape={b},{t},{h},{h}" for b, t, h in sizes]
        cells = [f"--cell={name}" for name in (CELLS[-1:] if small else CELLS)]
        budget = "10" if small else str(LIMIT // 2)
        return _bench(["layers", *cells, *shapes, "--dtype", dtype, "--budget", budget], {})

    return run


def _pipeline(batch: int, variables: dict[str, str]) -> Callable[[bool], Any]:
    def run(small: bool) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            path = corpus(Path(folder), 40 if small else SENTENCES, 8 if small else batch)
            words = ["pipeline", str(path), "--epochs", "1", "--threads", str(CORES)]
            return _bench(words, variables)

    return run


def _sweep(variables: dict[str, str]) -> Callable[[bool], Any]:
    def run(small: bool) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            sweep = ROOT / "configs" / "sweeps" / "quickstart.toml"
            words = ["--out", f"{folder}/sweep"]
            if small:
                sweep = Path(folder, "sweep.toml")
                sweep.write_text(SMALL_SWEEP.format(ROOT / "configs"), "utf-8")
                words += ["--set", "training.epochs=1"]
            words = ["sweep", str(sweep), *words]
            began = time.monotonic()
            call([*COMMAND, *words], variables)
            return time.monotonic() - began

    return run


def _text(found: dict[str, Any]) -> str:
    text: str = found["text"]
    return text


def _seconds(found: float) -> str:
    return f"{found:.0f} s\n"


def _cells(found: dict[str, Any]) -> str:
    lines = ["| cell | precision | outputs | gradients |", "| --- | --- | ---: | ---: |"]
    for name, of_dtypes in found["cells"].items():
        for dtype, error in of_dtypes.items():
            if "why_not" in error:
                numbers = f"not run: {error['why_not']} |"
            else:
                numbers = f"{error['outputs']:.1e} | {error['gradients']:.1e}"
            lines.append(f"| `{name}` | {dtype} | {numbers} |")
    note = (
        f"{found['device']}. The largest difference to the CPU's in float32, relative to the "
        "largest number of the tensor; gradients: the worst of all tensors."
    )
    return "\n".join([*lines, "", note, ""])


def _curve(found: dict[str, Any]) -> str:
    lines = ["| epoch | " + " | ".join(found) + " |", "| --- |" + " ---: |" * len(found)]
    for n, losses in enumerate(zip(*(way["loss"] for way in found.values()), strict=False), 1):
        lines.append(f"| {n} | " + " | ".join(f"{loss:.4f}" for loss in losses) + " |")
    best = ", ".join(f"{name} {100 * max(way['dev']):.2f}" for name, way in found.items())
    return "\n".join(
        [*lines, "", f"Losses of the quickstart's epochs. Best F1 on dev: {best}.", ""]
    )


def _profile(found: dict[str, Any]) -> str:
    lines = [f"- `{name}`: {1e3 * seconds:.1f} ms" for name, seconds in found["kernels"]]
    memory = found["peak_bytes"]
    note = f"{found['steps']} steps in {found['seconds']:.2f} s; idle {1 - found['busy']:.0%}"
    note += "" if memory is None else f"; peak memory {memory / 2**20:.0f} MiB"
    return "\n".join([f"{note}. What took longest in all:", "", *lines, ""])


def _seeds(found: dict[str, Any]) -> str:
    return (
        f"A step of {found['seeds']} seeds takes {1e3 * found['all']:.1f} ms, of one "
        f"{1e3 * found['one']:.1f} ms: {found['ratio']:.2f} x.\n"
    )


def write(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, "utf-8")
    part.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="the folder of the results")
    parser.add_argument("--only", default="", help="parts with this in their name")
    parser.add_argument("--small", action="store_true", help="sizes for a CPU, to see it work")
    arguments = parser.parse_args()
    os.environ.setdefault("KERAS_BACKEND", "jax")
    if arguments.small:
        os.environ.setdefault("KERAS_LSTM_VARIANTS_FUSED", "interpret")
    arguments.out.mkdir(parents=True, exist_ok=True)
    results = arguments.out / "gpu.json"
    found = json.loads(results.read_text("utf-8")) if results.exists() else {}
    wanted = [part for part in parts() if arguments.only in part.name]
    failed = []
    for n, part in enumerate(wanted, 1):
        if part.name in found:
            continue
        print(f"== {n} of {len(wanted)}: {part.name}", flush=True)
        began = time.monotonic()
        try:
            result = part.run(arguments.small)
        except (subprocess.SubprocessError, ValueError) as error:
            failed.append(f"{part.name}: {error}")
            print(f"error: {failed[-1]}", file=sys.stderr, flush=True)
            continue
        found[part.name] = {"seconds": time.monotonic() - began, "found": result}
        write(results, json.dumps(found, indent=1) + "\n")
        told = [f"## {one.name}\n\n{one.tell(found[one.name]['found'])}" for one in parts()
                if one.name in found]  # fmt: skip
        head = f"# On a GPU\n\n{TARGETS}\n\n{PUBLISHED}\n"
        write(arguments.out / "gpu.md", "\n".join([head, *told]))
    if failed:
        sys.exit(f"{len(failed)} parts failed; the same command tries them again")


if __name__ == "__main__":
    main()
