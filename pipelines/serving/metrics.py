"""Counts and times of requests under TensorFlow Serving's names, in the text format of Prometheus.

The client library of Prometheus is not used, as it ends the names of counters with `_total`.
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import accumulate

BUCKETS = [10 * 1.8**n for n in range(33)]  # microseconds: to half an hour
COUNT = ":tensorflow:serving:request_count"
LATENCY = ":tensorflow:serving:request_latency"
RUNTIME = ":tensorflow:serving:runtime_latency"
WAITING = "lstm_variants_waiting_tokens"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = tuple[tuple[str, str], ...]


class Histogram:
    """How many times were not longer than each of the bounds, and their sum."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.sum = 0.0

    def add(self, microseconds: float) -> None:
        self.counts[bisect_left(BUCKETS, microseconds)] += 1
        self.sum += microseconds


class Metrics:
    """What a server counts. Any thread may add to it.

    Args:
        waiting: Gives the tokens that wait for the model.
    """

    def __init__(self, waiting: Callable[[], int] = lambda: 0) -> None:
        self._waiting = waiting
        self._lock = threading.Lock()
        self._requests: Counter[Labels] = Counter()
        self._times: dict[str, dict[Labels, Histogram]] = {LATENCY: {}, RUNTIME: {}}

    def request(self, model: str, api: str, entry: str, code: str, seconds: float) -> None:
        """Counts a request that has been answered.

        Args:
            model: The model's name; "" for one that is not there, as there is no end of these.
            api: The method, such as "Predict".
            entry: "REST" or "GRPC".
            code: The code of the answer; only times of "OK" are taken.
            seconds: How long it took.
        """
        with self._lock:
            self._requests[("model_name", model), ("status", code)] += 1
        if code == "OK":
            labels = (("model_name", model), ("API", api), ("entrypoint", entry))
            self._time(LATENCY, labels, seconds)

    def ran(self, model: str, seconds: float) -> None:
        """Takes the time that a model took for a batch."""
        self._time(
            RUNTIME, (("model_name", model), ("API", "Predict"), ("runtime", "TF2")), seconds
        )

    def _time(self, name: str, labels: Labels, seconds: float) -> None:
        with self._lock:
            self._times[name].setdefault(labels, Histogram()).add(1e6 * seconds)

    def text(self) -> str:
        """All of it, as Prometheus reads it."""
        with self._lock:
            return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"# TYPE {COUNT} counter"
        for labels, count in self._requests.items():
            yield f"{COUNT}{_braced(labels)} {count}"
        for name, histograms in self._times.items():
            yield f"# TYPE {name} histogram"
            for labels, histogram in histograms.items():
                bounds = [*(f"{bound:g}" for bound in BUCKETS), "+Inf"]
                for bound, count in zip(bounds, accumulate(histogram.counts), strict=True):
                    yield f"{name}_bucket{_braced((*labels, ('le', bound)))} {count}"
                yield f"{name}_sum{_braced(labels)} {histogram.sum:.17g}"
                yield f"{name}_count{_braced(labels)} {sum(histogram.counts)}"
        yield f"# TYPE {WAITING} gauge"
        yield f"{WAITING} {self._waiting()}"


def _braced(labels: Labels) -> str:
    escapes = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
    return "{" + ",".join(f'{name}="{value.translate(escapes)}"' for name, value in labels) + "}"
