"""Runs the benchmarks one after the other and writes their tables into benchmarks/RESULTS.md.

    python benchmarks/results.py [--budget SECONDS] [TITLE ...]

With titles, only these tables are made anew, the others stay. The budget is that of each table of
layers; configs/tagging/README.md says where the data come from. All of them take up to two hours
on 2 CPUs, on which nothing else should run meanwhile. With KERAS_BACKEND=jax, layers are
timed at the sizes that matter on a GPU, into RESULTS.jax.md.
"""

import argparse
import datetime
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

COMMAND = [sys.executable, "-c", "from pipelines.cli.main import run; run()"]
BUDGET = 600
INTRODUCTION = """\
# Results

`{made_by}` runs the commands below and collects their tables here. Absolute times depend on the
machine and its load; look at the ratios. All of them are of CPUs: no GPU has run any of this yet
(`python benchmarks/gpu.py` is what it would run). Where no more than AVX2 is allowed, XLA takes
Eigen for matrix products: its other library, YNNPACK, takes all that the CPU has.
"""
SHORT, LONG, NARROW, SINGLE, DEEP = (
    "32,64,128,128", "32,256,128,256", "64,32,150,100", "1,40,300,128", "16,1024,256,512"
)  # fmt: skip


def layers(cells: str, shapes: str, rest: str = "") -> str:
    named = [f"--cell {cell}" for cell in cells.split()] + [f"--shape {s}" for s in shapes.split()]
    return " ".join(["layers", *named, *rest.split()])


# How those that look at the CPU when they run, and our compiler, are told to use no more than AVX2.
# YNNPACK, with which XLA multiplies matrices, can only be told not to run: XLA then takes Eigen.
AVX2 = {
    "CXX": "c++ -mno-avx512f",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "ATEN_CPU_CAPABILITY": "avx2",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2 --xla_cpu_experimental_ynn_fusion_type=",
}
# A process of Keras' may take twice the time of the next, see pipelines/bench/processes.py.
OVER = "--processes 5"
BENCHMARKS = {
    "The LSTM with peepholes": layers("peephole_lstm", f"{SHORT} {LONG} {NARROW} {SINGLE}", OVER),
    "LSTMs with AVX2": layers("lstm peephole_lstm", f"{SHORT} {LONG} {NARROW} {SINGLE}", OVER),
    "Long sequences": layers("peephole_lstm", DEEP, "--memory"),
    "LSTM, GRU and memory blocks": layers(
        "lstm gru memory_block_lstm", f"{SHORT} {LONG} {NARROW} {SINGLE}", OVER
    ),
    "Both directions": layers("peephole_lstm", f"{SHORT} {SINGLE}", "--directions both"),
    "Every cell": layers("", SHORT),
    "Training and tagging": "pipeline configs/tagging/quickstart.toml",
    "One layer on WNUT-17": "pipeline configs/tagging/wnut17.toml --set model.layers=1 "
    "--set training.batch_size=32",
    "Serving": "serve EXPORT",
    "Serving in batches": "serve EXPORT --batching",
    "Serving hostile clients": "serve EXPORT --hostile --seconds 600",
}
ON_JAX = {
    dtype: layers(
        "peephole_lstm lstm gru",
        " ".join(f"{b},{t},{h},{h}" for b in (16, 64) for t in (64, 1024) for h in (128, 256, 768)),
        f"--dtype {dtype}",
    )
    for dtype in ("float32", "bfloat16")
}


def run(folder: str, variables: dict[str, str], *arguments: str, check: bool = True) -> None:
    # First calls compile, whatever was compiled before.
    environment = {**os.environ, **variables, "XDG_CACHE_HOME": f"{folder}/cache"}
    subprocess.run([*COMMAND, *arguments], env=environment, check=check, stdout=subprocess.DEVNULL)


def section(title: str, command: str, variables: dict[str, str]) -> str:
    """Runs a benchmark with these environment variables; the part of the page about it."""
    with tempfile.TemporaryDirectory() as folder:
        export, table = f"{folder}/export", Path(folder) / "table.md"
        if "EXPORT" in command:
            run(
                folder,
                variables,
                "train",
                "configs/tagging/quickstart.toml",
                "--out",
                f"{folder}/run",
            )
            run(folder, variables, "export", f"{folder}/run", export)
        words = [export if word == "EXPORT" else word for word in shlex.split(command)]
        # Conditions that are not met are an error, and said in the table.
        check = "--hostile" not in words
        run(folder, variables, "bench", *words, "--markdown", str(table), check=check)
        when = f"Measured in {datetime.date.today():%B %Y}:"
        called = f"```sh\n{before(variables)}lstm-variants bench {command}\n```"
        return "\n\n".join([f"## {title}", when, called, table.read_text("utf-8")])


def before(variables: dict[str, str]) -> str:
    """Environment variables, as they stand before a command."""
    return "".join(f"{name}={shlex.quote(value)} " for name, value in variables.items())


def main() -> None:
    jax = os.environ.get("KERAS_BACKEND") == "jax"
    benchmarks = ON_JAX if jax else BENCHMARKS
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--budget", type=int, default=BUDGET, help="seconds for a table of layers")
    parser.add_argument("titles", nargs="*", metavar="TITLE", help=", ".join(benchmarks))
    options = parser.parse_args()
    if unknown := set(options.titles) - set(benchmarks):
        parser.error(f"no table {unknown.pop()!r}; there are: {', '.join(benchmarks)}")

    page = Path(__file__).parent / ("RESULTS.jax.md" if jax else "RESULTS.md")
    backend = {"KERAS_BACKEND": "jax"} if jax else {}
    text = page.read_text("utf-8") if page.exists() else ""
    parts = {part.partition("\n")[0]: f"## {part}" for part in re.split("^## ", text, flags=re.M)}
    for title, command in benchmarks.items():
        if options.titles and title not in options.titles:
            continue
        if command.startswith("layers"):
            command += f" --budget {options.budget}"
        print(f"{title}: {command}", file=sys.stderr)
        parts[title] = section(title, command, backend | (AVX2 if "AVX2" in title else {}))
        kept = [parts[title].rstrip() for title in benchmarks if title in parts]
        intro = INTRODUCTION.format(made_by=f"{before(backend)}python benchmarks/results.py")
        page.write_text("\n\n".join([intro.rstrip(), *kept]) + "\n", "utf-8")


if __name__ == "__main__":
    main()
