"""The machine that a benchmark runs on: its name, its threads, its memory."""

import os
import platform
import re
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..errors import InputError

PACKAGES = ("keras-lstm-variants", "keras", "tensorflow", "jax", "torch", "numpy")
MIB = 1 << 20
BUSY = 0.1  # share of the CPUs that others may use unnoticed


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
    return {
        "cpu": _cpu(),
        "cpus": os.cpu_count(),
        "threads": threads,
        "gpu": gpu(),
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY"),
    }


def line(machine: dict[str, Any], packages: tuple[str, ...] = PACKAGES) -> str:
    """The same in one line."""
    device = f"{machine['gpu']}, host {machine['cpu']}" if machine["gpu"] else machine["cpu"]
    versions = [f"{name} {found}" for name, found in machine["versions"].items()]
    named = [text for text in versions if text.split()[0] in packages]
    threads = f"{machine['threads']} thread{'s' * (machine['threads'] > 1)}"
    return f"{device}, {threads} of {machine['cpus']} CPUs; {', '.join(named)}"


class Others:
    """Watches, where the system says it, how many CPUs processes other than this one use."""

    def __init__(self) -> None:
        self.began = self._seconds()

    def running(self) -> float | None:
        """CPUs used by others, on average since the beginning."""
        if self.began is None or (now := self._seconds()) is None:
            return None
        elapsed, used, own = (after - before for before, after in zip(self.began, now, strict=True))
        return max(0.0, used - own) / elapsed if elapsed > 0 else None

    def _seconds(self) -> tuple[float, float, float] | None:
        """Now, CPU time used by all processes, and by this one and those it has waited for."""
        try:
            line = Path("/proc/stat").read_text("utf-8").splitlines()[0]
        except OSError:
            return None
        user, nice, system, _, _, irq, softirq, steal = map(int, line.split()[1:9])
        ticks = user + nice + system + irq + softirq + steal
        return time.monotonic(), ticks / os.sysconf("SC_CLK_TCK"), sum(os.times()[:4])


def busy(machine: dict[str, Any]) -> str:
    """A warning if other processes ran beside the benchmark, or ""."""
    if machine["others"] is None or machine["others"] < BUSY * machine["cpus"]:
        return ""
    return f"Other work used {machine['others']:.1f} CPUs meanwhile: times are too long."


def gpu() -> str | None:
    """The name of the GPU that Keras' backend uses, or None."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        device = jax.devices()[0]
        return None if device.platform == "cpu" else device.device_kind
    import tensorflow as tf

    devices = tf.config.list_physical_devices("GPU")
    if not devices:
        return None
    return tf.config.experimental.get_device_details(devices[0]).get("device_name", "GPU")


def peak_memory() -> int:
    """The most memory that this process has used so far, in bytes.

    Not `ru_maxrss` where there is something else: on Linux a process starts with that of the one
    which started it.
    """
    try:
        status = Path("/proc/self/status").read_text("utf-8")
        return 1024 * int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])
    except (OSError, IndexError):
        import resource  # not on Windows

        unit = 1 if sys.platform == "darwin" else 1024
        return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _cpu() -> str:
    try:
        found = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        found = []
    return found[0] if found else platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
