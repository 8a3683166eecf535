"""The machine that a benchmark runs on: its name, its threads, its memory."""

import functools
import os
import platform
import re
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from ..errors import InputError
from ..versions import installed

PACKAGES = ("keras-lstm-variants", "keras", "tensorflow", "jax", "torch", "numpy")
MIB = 1 << 20
BUSY = 0.1  # share of the CPUs that others may use unnoticed
# The widest first: a flag of the CPU -> the vector instructions of matrix products, which look for
# it when they run; and of compiled loops, unless CXX or their flags say otherwise.
INSTRUCTIONS = {"avx512f": "AVX-512", "avx2": "AVX2", "avx": "AVX", "asimd": "NEON"}


def cpus() -> int:
    """How many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def limit_threads(threads: int | None) -> int:
    """Leaves this process and those it starts so many CPUs. Before any library is imported.

    Every library makes as many threads as it finds CPUs, so all of them get the same.

    Args:
        threads: How many; None for two, or one where there is one.

    Returns:
        How many there are now.

    Raises:
        InputError: There are not as many.
    """
    there = cpus()
    if threads is None:
        threads = min(2, there)
    if threads > there:
        raise InputError(f"--threads {threads}: this machine has {there}")
    if threads < there:
        for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
            os.environ[name] = str(threads)
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    return threads


def describe(threads: int) -> dict[str, Any]:
    """What somebody needs to know of the machine who reads the numbers."""
    from ..training.devices import gpu  # imports TensorFlow, after threads have been limited

    name, instructions = _cpu()
    return {
        "cpu": name,
        "instructions": instructions,
        "loops": _instructions_of_loops(),
        "cpus": os.cpu_count(),
        "threads": threads,
        "gpu": gpu(),
        "python": platform.python_version(),
        "versions": installed(PACKAGES),
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY"),
    }


def line(machine: dict[str, Any], packages: tuple[str, ...] = PACKAGES) -> str:
    """The same in one line."""
    device = f"{machine['gpu']}, host {machine['cpu']}" if machine["gpu"] else machine["cpu"]
    versions = [f"{name} {found}" for name, found in machine["versions"].items()]
    named = [text for text in versions if text.split()[0] in packages]
    threads = f"{machine['threads']} thread{'s' * (machine['threads'] > 1)}"
    vectors = f" with {machine['instructions']}" if machine["instructions"] else ""
    if machine["loops"] not in (None, machine["instructions"]):
        vectors += f", compiled loops with {machine['loops'] or 'no vectors'}"
    return f"{device}, {threads} of {machine['cpus']} CPUs{vectors}; {', '.join(named)}"


class Others:
    """Watches how many CPUs processes other than this one use."""

    def __init__(self) -> None:
        self.began = self._seconds()

    def running(self) -> float:
        """CPUs used by others, on average since the beginning."""
        now = self._seconds()
        elapsed, used, own = (after - before for before, after in zip(self.began, now, strict=True))
        return max(0.0, used - own) / elapsed if elapsed > 0 else 0.0

    def _seconds(self) -> tuple[float, float, float]:
        """Now, CPU time used by all processes, and by this one and those it has waited for."""
        times = psutil.cpu_times()._asdict()
        # Linux counts what guests use as the user's already, and waiting for disks as idle.
        idle = ("idle", "iowait", "guest", "guest_nice")
        used = sum(seconds for kind, seconds in times.items() if kind not in idle)
        own = psutil.Process().cpu_times()
        return time.monotonic(), used, sum(own[:4])


def busy(machine: dict[str, Any]) -> str:
    """A warning if other processes ran beside the benchmark, or ""."""
    if machine["others"] < BUSY * machine["cpus"]:
        return ""
    return f"Other work used {machine['others']:.1f} CPUs meanwhile: times are too long."


def peak_memory() -> int:
    """The most memory that this process has used so far, in bytes.

    psutil 7 knows it on Windows only. On Linux `ru_maxrss` is no help: a process starts with that
    of the one which started it.
    """
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text("utf-8")
        return 1024 * int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _instructions_of_loops() -> str | None:
    """The vector instructions of compiled loops, or None if there is no compiler for them."""
    from keras_lstm_variants.kernel import compiler

    try:
        return compiler.instructions()
    except compiler.NoCompiler:
        return None


@functools.cache
def _cpu() -> tuple[str, str | None]:
    """The name of the CPU and its widest vector instructions. Asking takes a second."""
    import cpuinfo

    told = cpuinfo.get_cpu_info()
    name = told.get("brand_raw") or platform.processor() or platform.machine()
    flags = told.get("flags", ())
    return name, next((text for flag, text in INSTRUCTIONS.items() if flag in flags), None)
