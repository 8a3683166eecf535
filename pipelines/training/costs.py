"""What training costs in seconds of CPU, which other programs on the machine hardly change."""

import os
import time
from pathlib import Path
from typing import NamedTuple

_STAT = Path("/proc/stat")


class Cost(NamedTuple):
    """What was spent between two moments.

    Attributes:
        seconds: As a clock on the wall counts them.
        cpu_seconds: Of all threads of this process together.
        other_load: Cores that other processes kept busy, on average; None where not known.
    """

    seconds: float
    cpu_seconds: float
    other_load: float | None


class Meter:
    """Measures from when it is made, or was read last."""

    def __init__(self) -> None:
        self._began = self._now()

    def read(self) -> Cost:
        before, self._began = self._began, self._now()
        wall, cpu = (now - then for now, then in zip(self._began[:2], before[:2], strict=True))
        busy, was_busy = self._began[2], before[2]
        if busy is None or was_busy is None or wall <= 0:
            return Cost(wall, cpu, None)
        return Cost(wall, cpu, max(0.0, (busy - was_busy - cpu) / wall))

    @staticmethod
    def _now() -> tuple[float, float, float | None]:
        return time.perf_counter(), time.process_time(), _busy()


def _busy() -> float | None:
    """CPU seconds that all processes have spent since the machine started, where Linux says it."""
    try:
        # cpu user nice system idle iowait irq softirq steal guest ..., guests counted in user
        numbers = [int(n) for n in _STAT.read_text("ascii").split("\n", 1)[0].split()[1:]]
        ticks = os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):
        return None
    return (sum(numbers[:3]) + sum(numbers[5:7])) / ticks
