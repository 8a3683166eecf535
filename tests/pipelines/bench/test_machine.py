"""What benchmarks say of the machine, and how they write what they found."""

import subprocess
import sys

import numpy as np
import psutil
import pytest

from pipelines.bench import (
    machine,
    report,
)
from pipelines.bench.report import Table


@pytest.mark.parametrize(
    ("flags", "instructions"),
    [
        (["sse2", "avx", "avx2", "avx512f", "avx512vl"], "AVX-512"),
        (["sse2", "avx", "avx2"], "AVX2"),
        (["sse2", "avx"], "AVX"),
        (["asimd", "fp"], "NEON"),
        (["sse2"], None),
        (None, None),  # py-cpuinfo leaves out what it cannot find
    ],
    ids=str,
)
def test_the_widest_instructions_of_the_cpu_are_named(flags, instructions, monkeypatch):
    told = {"brand_raw": "Some CPU", **({} if flags is None else {"flags": flags})}
    monkeypatch.setattr("cpuinfo.get_cpu_info", lambda: told)
    monkeypatch.setattr(machine, "_instructions_of_loops", lambda: instructions)
    machine._cpu.cache_clear()
    about = machine.describe(1)
    machine._cpu.cache_clear()
    assert (about["cpu"], about["instructions"]) == ("Some CPU", instructions)
    with_them = f" with {instructions}" if instructions else ""
    assert machine.line(about).startswith(f"Some CPU, 1 thread of {about['cpus']} CPUs{with_them};")


def test_compiled_loops_with_other_instructions_are_named(monkeypatch):
    monkeypatch.setenv("CXX", "c++ -march=x86-64 -mavx2")
    about = machine.describe(1) | {"instructions": "AVX-512"}
    monkeypatch.setenv("CXX", "no-such-compiler")
    without = machine.describe(1) | {"instructions": "AVX-512"}
    if about["loops"] is None:
        pytest.skip("no compiler for x86")
    assert "CPUs with AVX-512, compiled loops with AVX2; " in machine.line(about)
    assert "CPUs with AVX-512; " in machine.line(without)


def test_memory_once_used_is_remembered():
    used = machine.peak_memory() + 64 * machine.MIB - psutil.Process().memory_info().rss
    held = np.ones(used, "uint8")  # more in all than this process has had so far
    del held
    assert machine.peak_memory() >= psutil.Process().memory_info().rss + used // 2


def test_markdown_has_the_title_all_rows_and_all_notes():
    table = Table("title", ["a", "b"], [["1", "2|3"], ["4", "5"]], ["note", "more"])
    assert report.markdown([table]) == (
        "**title**\n\n| a | b |\n| --- | ---: |\n| 1 | 2\\|3 |\n| 4 | 5 |\n\nnote\n\nmore\n"
    )


def test_two_cpus_are_used_or_all_if_there_are_fewer(monkeypatch):
    for there, used in ((1, 1), (2, 2)):
        monkeypatch.setattr(machine, "cpus", lambda there=there: there)
        assert machine.limit_threads(None) == used


def test_fewer_threads_are_fewer_cpus_for_every_library():
    code = (
        "from pipelines.bench.machine import cpus, limit_threads; print(limit_threads(1), cpus())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "1 1\n", done.stderr
