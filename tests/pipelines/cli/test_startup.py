"""What a command imports before it can answer: seconds that a user waits for nothing."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

import keras_lstm_variants
from pipelines.config.toml_files import shipped

DATA = Path(__file__).parents[2] / "data"
TRAIN, DEV = DATA / "tiny.train.conll", DATA / "tiny.dev.conll"
PROGRAM = """
import json, sys
from pipelines.cli.main import run
try:
    run()
except SystemExit as stop:
    roots = sorted({name.partition(".")[0] for name in sys.modules})
    print(json.dumps([stop.code or 0, roots]), file=sys.stderr)
"""
# The peak is asked for here, since `ru_maxrss` of a child begins with that of its parent.
MEASURED = """
import json, re, sys, time
from pathlib import Path
from pipelines.cli.main import run
try:
    run()
except SystemExit as stop:
    peak = re.search(r"VmHWM:\\s*([0-9]+) kB", Path("/proc/self/status").read_text())
    print(json.dumps([stop.code or 0, time.process_time(), int(peak[1])]), file=sys.stderr)
"""


def imported(*arguments):
    """How a command ends, and the packages that it has imported, in a process of its own."""
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    status, roots = json.loads(done.stderr.splitlines()[-1])
    return status, set(roots), done.stdout


@pytest.mark.parametrize(
    "command, said",
    [
        (["--help"], "Usage"),
        (["data", "check", "--help"], "Usage"),
        (["config", "schema"], "additionalProperties"),
        (["config", "schema", "sweep"], "hyperband"),
        (["config", "keys"], "learning_rate"),
        (["init", TRAIN, DEV, "--out", "OUT.toml"], "written"),
        (["data", "check", TRAIN, DEV], "IOB2"),
        (["data", "convert", TRAIN, "OUT.jsonl", "--to", "IOBES"], "IOB2 in CoNLL columns"),
        (["data", "score", DEV, DEV], "100.00"),
    ],
)
def test_what_is_about_files_and_tags_imports_neither_keras_nor_tensorflow(command, said, tmp_path):
    command = [tmp_path / part if str(part).startswith("OUT.") else part for part in command]
    status, roots, out = imported(*command)
    assert status == 0
    assert said in out
    assert not roots & {"keras", "tensorflow", "jax", "torch", "tensorflow_datasets", "sklearn"}


def texts(path, count):
    """A file of texts with a label at offsets."""
    choose = random.Random(0)
    words = ["".join(choose.choices("abcdefgh", k=choose.randint(2, 9))) for _ in range(20_000)]
    with path.open("w") as file:
        for _ in range(count):
            text = " ".join(choose.choices(words, k=14)) + "."
            label = {"start": 0, "end": text.index(" "), "label": "PER"}
            file.write(json.dumps({"text": text, "spans": [label]}) + "\n")
    return path


def test_texts_are_taken_apart_without_tensorflow(tmp_path):
    status, roots, out = imported("data", "check", texts(tmp_path / "texts.jsonl", 10))
    assert (status, "tensorflow" in roots) == (0, False)
    assert "10 sentences with 10 entities" in out


@pytest.mark.nightly
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is asked of Linux")
def test_a_hundred_thousand_texts_are_checked_in_seconds_and_in_less_than_a_gigabyte(tmp_path):
    path = texts(tmp_path / "texts.jsonl", 100_000)
    command = [sys.executable, "-c", MEASURED, "data", "check", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    status, seconds, kilobytes = json.loads(done.stderr.splitlines()[-1])
    assert (status, "100,000 sentences with 100,000 entities" in done.stdout) == (0, True)
    # 6 s of a processor by itself; twice of the 10 that it may take, as others may use the machine
    assert seconds < 20
    assert kilobytes < 1e6


@pytest.mark.parametrize("command", [["--help"], ["data", "convert", TRAIN, "OUT.jsonl"]])
def test_what_computes_nothing_does_without_numpy(command, tmp_path):
    command = [tmp_path / part if part == "OUT.jsonl" else part for part in command]
    status, roots, _ = imported(*command)
    assert status == 0
    assert "numpy" not in roots


@pytest.mark.parametrize("start", [["-m", "pipelines"], ["-m", "pipelines.cli.main"]], ids=str)
def test_the_version_is_that_of_the_package(start):
    done = subprocess.run(
        [sys.executable, *start, "--version"], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"lstm-variants {keras_lstm_variants.__version__}\n"


def test_the_configurations_of_the_package_are_found_in_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = shipped("configs/sweeps/quickstart.toml")
    assert found.is_file() and found.is_absolute()
    assert shipped("configs/none.toml") == Path("configs/none.toml")
    own = tmp_path / "configs" / "sweeps" / "quickstart.toml"
    own.parent.mkdir(parents=True)
    own.write_text("")
    assert shipped("configs/sweeps/quickstart.toml").resolve() == own  # the user's come first
