"""What a command imports before it can answer: seconds that a user waits for nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("command", [["--help"], ["data", "convert", TRAIN, "OUT.jsonl"]])
def test_what_computes_nothing_does_without_numpy(command, tmp_path):
    command = [tmp_path / part if part == "OUT.jsonl" else part for part in command]
    status, roots, _ = imported(*command)
    assert status == 0
    assert "numpy" not in roots
