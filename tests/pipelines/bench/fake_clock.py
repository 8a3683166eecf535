"""A clock for benchmarks that nobody has to wait for."""

from pipelines.bench import (
    timing,
)
from pipelines.bench.contenders import Contender


class Machine:
    """A clock, and calls that take its time: each later one takes a little longer than before."""

    def __init__(self, drift=0.0):
        self.now, self.drift, self.paused, self.calls = 0.0, drift, 0.0, []

    def clock(self):
        return self.now

    def pause(self, seconds):
        self.paused += seconds

    def call(self, name, seconds):
        def run():
            takes = next(seconds) if hasattr(seconds, "__next__") else seconds
            self.now += takes * (1 + self.drift * len(self.calls))
            self.calls.append(name)

        return run

    def time(self, calls, deadline=1e9):
        calls = {name: self.call(name, seconds) for name, seconds in calls.items()}
        return timing.interleaved(calls, deadline, self.clock, self.pause)

    def contender(self, name, seconds, shared=None):
        return Contender(name, lambda pass_: self.call(name, seconds[pass_]), shared or (name,))
