"""`bench serve --batching`: the CPU time of two servers, which the same clients ask in turns."""

import asyncio
import contextlib
from types import SimpleNamespace

import pytest

from pipelines.bench import server_batching
from pipelines.bench.hostile_clients import Address, Answer
from pipelines.errors import InputError


class Servers:
    """Servers of which each takes its own CPU time for an answer; those of a turn are counted."""

    def __init__(self, seconds, status=200):
        self.seconds, self.status, self.turns, self.used = seconds, status, [], {}

    @contextlib.contextmanager
    def started(self, export, *options):
        way = "one by one" if "--no-batching" in options else "together"
        yield SimpleNamespace(address=Address(way, 0, ""), process=SimpleNamespace(pid=way))

    async def closed_loop(self, address, clients, seconds, body):
        await asyncio.sleep(0)
        self.turns.append(address.host)
        taken = 10 * self.seconds[address.host] * (100 if len(self.turns) <= 2 else 1)
        self.used[address.host] = self.used.get(address.host, 0) + taken
        return [Answer(self.status, 0.1)] * 10

    def process(self, pid):
        return SimpleNamespace(
            cpu_times=lambda: SimpleNamespace(
                user=self.used.get(pid, 0) / 2, system=self.used.get(pid, 0) / 2
            )
        )


def measured(servers, monkeypatch, **options):
    monkeypatch.setattr(server_batching, "started", servers.started)
    monkeypatch.setattr(server_batching.clients, "closed_loop", servers.closed_loop)
    monkeypatch.setattr(server_batching, "psutil", SimpleNamespace(Process=servers.process))
    return server_batching.measure("export", **options)


def test_the_ratio_is_that_of_cpu_time_for_an_answer(monkeypatch):
    servers = Servers({"together": 0.001, "one by one": 0.006})
    found = measured(servers, monkeypatch, rounds=3)
    assert servers.turns == ["together", "one by one"] * 4  # the first turns are not counted
    assert found["results"]["one by one"]["cpu"] == pytest.approx(0.006)
    assert found["ratio"] == pytest.approx(6) and len(found["ratios"]) == 3
    [table] = server_batching.tables(found)
    assert [row[:2] for row in table.rows] == [["together", "1.00"], ["one by one", "6.00"]]
    assert any("6.0 times as much" in note for note in table.notes)


def test_answers_that_fail_are_no_speed(monkeypatch):
    with pytest.raises(InputError, match="10 of 10 requests were not answered"):
        measured(Servers({"together": 1, "one by one": 1}, 503), monkeypatch, rounds=1)
