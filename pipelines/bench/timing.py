"""Timing calls against each other: in turns, warm, until the medians stand still."""

import math
import random
import statistics
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple, TypeVar

Call = Callable[[], Any]
Key = TypeVar("Key", bound=Hashable)

FEWEST, MOST = 3, 40  # rounds of each call
STILL = 0.01  # the standard error, about, of the median relative to it, at which a call is done
SETTLE = 0.005  # seconds: so long may threads of the library before spin while they find no work
WARM = 0.005  # seconds in which a short call is made again and again before it is timed
SLOW = 10 * WARM  # a call of this length does not notice what was before it


class Timing(NamedTuple):
    """What is known of a call.

    Attributes:
        first: Seconds of the first call, in which functions are traced and compiled.
        seconds: Of every timed call after it.
    """

    first: float
    seconds: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def quartiles(self) -> tuple[float, float]:
        return quantile(self.seconds, 0.25), quantile(self.seconds, 0.75)


def quantile(values: list[float], share: float) -> float:
    """The value below which a share of the values is, interpolated between the two next to it."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def first(call: Call, clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds of a call."""
    began = clock()
    call()
    return clock() - began


def interleaved(
    calls: Mapping[Key, Call],
    deadline: float,
    clock: Callable[[], float] = time.perf_counter,
    pause: Callable[[float], None] = time.sleep,
) -> dict[Key, list[float]]:
    """Seconds of calls that have been made once before, timed in rounds.

    Every round has each call once, in an order drawn anew, so that whatever else the machine does
    falls on all alike. A short call is made for a while before it is timed, as caches, clock rates
    and spinning threads are still those of the call before: the first takes three times as long as
    the sixth. A call that stands still is not called again.

    Args:
        calls: What to time.
        deadline: The time on the clock after which no round begins; a few are run in any case.
        clock: Gives seconds.
        pause: Waits for seconds.
    """
    order = random.Random(0)
    seconds: dict[Key, list[float]] = {key: [] for key in calls}
    for number in range(MOST):
        left = [key for key in calls if not _stands_still(seconds[key])]
        if not left or (number >= FEWEST and clock() >= deadline):
            break
        order.shuffle(left)
        for key in left:
            pause(SETTLE)
            if not seconds[key] or seconds[key][-1] < SLOW:
                warm_until = clock() + WARM
                calls[key]()
                while clock() < warm_until:
                    calls[key]()
            seconds[key].append(first(calls[key], clock))
    return seconds


def _stands_still(seconds: list[float]) -> bool:
    if len(seconds) < 2 * FEWEST:
        return False
    low, high = quantile(seconds, 0.25), quantile(seconds, 0.75)
    return (high - low) / math.sqrt(len(seconds)) < STILL * statistics.median(seconds)
