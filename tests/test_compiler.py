"""The cache of compiled code: what is damaged, foreign, hanging or too much."""

import os
import subprocess
import sys
import time

import pytest

from cases import of_tensorflow
from keras_lstm_variants.kernel import compiler

pytestmark = [of_tensorflow, pytest.mark.ci]
OPTIONS = "-O0", "-fPIC", "-shared"
SOURCE = 'extern "C" int forward() { return 1; } extern "C" int backward() { return 2; }'


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(compiler, "hung", {})
    compiler.find_compiler.cache_clear()
    yield
    compiler.find_compiler.cache_clear()


def program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_library_that_was_cut_off_is_compiled_again(tmp_path):
    path = compiler.library(SOURCE, OPTIONS)
    whole = path.read_bytes()
    os.truncate(path, 4096)
    code = (
        "import sys; from keras_lstm_variants.kernel import compiler;"
        "print(compiler.load(sys.argv[1], tuple(sys.argv[2:])).backward(0,0,0,None,None,None,0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, SOURCE, *OPTIONS],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
    assert path.read_bytes() == whole


def test_a_library_that_others_can_write_to_is_not_loaded():
    path = compiler.library(SOURCE, OPTIONS)
    path.chmod(0o777)
    assert compiler.library(SOURCE, OPTIONS).stat().st_mode & 0o022 == 0


@pytest.mark.parametrize("cxx", ["c++ -O1", "'c++' \"-DX=a b\"", "", " "])
def test_cxx_may_have_arguments_or_be_empty(cxx):
    command, _ = compiler.find_compiler(os.environ["PATH"], cxx)
    assert ("-O1" in command, "-DX=a b" in command) == ("-O1" in cxx, "-DX" in cxx)


def test_an_open_quote_in_cxx_is_named():
    with pytest.raises(compiler.NoCompiler, match="CXX=.*quotation"):
        compiler.find_compiler(os.environ["PATH"], "'c++")


def test_a_compiler_that_hangs_is_given_up_once(monkeypatch, tmp_path):
    monkeypatch.setattr(compiler.run, "__defaults__", (1,))
    monkeypatch.setattr(compiler, "PROBE_SECONDS", 1)
    cxx = program(tmp_path / "slow", f"echo started >> {tmp_path}/log; sleep 60")
    start = time.monotonic()
    for _ in range(3):
        with pytest.raises(compiler.NoCompiler, match="slow has not ended after 1 seconds"):
            compiler.find_compiler(os.environ["PATH"], cxx)
    assert time.monotonic() - start < 5
    assert (tmp_path / "log").read_text() == "started\n"


def test_the_libraries_not_used_for_longest_are_removed(monkeypatch):
    first, second = (compiler.library(SOURCE + f"// {i}", OPTIONS) for i in range(2))
    os.utime(second, (1, 1))
    assert compiler.library(SOURCE + "// 0", OPTIONS) == first
    monkeypatch.setattr(compiler, "BYTES", 2 * first.stat().st_size)
    third = compiler.library(SOURCE + "// 2", OPTIONS)
    assert (first.exists(), second.exists(), third.exists()) == (True, False, True)


def test_no_home_is_made(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/nowhere/at/all")
    with pytest.raises(FileNotFoundError):
        compiler.cache()
    assert not os.path.exists("/nowhere")
