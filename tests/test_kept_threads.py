"""The threads that compiled loops keep from call to call, without TensorFlow and without a loop."""

import os
import subprocess
from importlib import resources
from pathlib import Path

import pytest

from keras_lstm_variants.kernel import compiler

HERE = Path(__file__).parent
WAYS = {  # sanitizers take processes that are forked while threads run for errors
    "plain": ["-DFORKS=1"],
    "patient": ["-DFORKS=1", "-DWORTH_THREADS=0"],
    "races": ["-DFORKS=0", "-fsanitize=thread"],
    "patient, races": ["-DFORKS=0", "-DWORTH_THREADS=0", "-fsanitize=thread"],
    "addresses": ["-DFORKS=0", "-fsanitize=address,undefined"],
}


@pytest.mark.ci
@pytest.mark.parametrize(
    "way",
    [way if way == "patient" else pytest.param(way, marks=pytest.mark.nightly) for way in WAYS],
)
def test_they_serve_many_callers_and_processes_that_are_forked(way, tmp_path):
    try:
        command, _, _ = compiler.find_compiler(os.environ.get("PATH"), os.environ.get("CXX"))
    except compiler.NoCompiler as error:
        pytest.skip(str(error))
    header = resources.files("keras_lstm_variants.kernel").joinpath("threads.h").read_text()
    source, program = tmp_path / "program.cpp", tmp_path / "program"
    source.write_text(header + (HERE / "kept_threads.cpp").read_text())
    options = ["-std=c++14", "-O1", "-g", "-frounding-math", "-Wall", "-Wextra", "-pthread"]
    made = subprocess.run(
        [*command, *options, *WAYS[way], str(source), "-o", str(program)],
        capture_output=True,
        text=True,
    )
    if made.returncode and "fsanitize" in str(WAYS[way]):
        pytest.skip(f"there is no such sanitizer: {made.stderr.splitlines()[-1]}")
    assert made.returncode == 0 and not made.stderr, made.stderr
    done = subprocess.run([str(program)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr or done.returncode
    assert not done.stderr
