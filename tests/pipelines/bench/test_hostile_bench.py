"""`bench serve --hostile`: each of its conditions can fail, and does where the server is spoilt."""

import copy
import sys

import pytest

from pipelines.bench import hostile, machine, servers


def borne():
    """What is found of a server that bears everything."""
    phase = {
        "probes": 9,
        "probes_failed": 0,
        "slowest_probe": 0.01,
        "answers": 20,
        "admitted": 10,
        "refused": 10,
        "errors": 0,
        "lost": 0,
        "dishonest": 0,
        "p50": 0.1,
        "p99": 9.9,
        "seconds": 5.0,
        "memory": [1000 << 20, 1020 << 20],
    }
    names = ("200 mute", f"{hostile.OVER} x capacity")
    phases = {name: copy.deepcopy(phase) for name in names}
    return {"deadline": 10.0, "capacity": 100.0, "exit": 0, "phases": phases}


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({"probes_failed": 1}, "2 x capacity: a probe was not answered with 200"),
        ({"errors": 1}, "2 x capacity: a status of 5xx"),
        ({"lost": 1}, "2 x capacity: an answer was lost"),
        ({"dishonest": 1}, "2 x capacity: an answer says no reason"),
        ({"p99": 10.0}, "2 x capacity: p99"),
        ({"memory": [1000 << 20, 1021 << 20]}, "memory grew from 1000 to 1021 MiB"),
        ({"refused": 0}, "no overload"),
        ({"admitted": 0}, "no overload"),
        ({"exit": 143}, "ended with status 143"),
    ],
)
def test_each_condition_of_a_hostile_suite_can_fail(change, failure):
    report = borne()
    assert hostile.failures(report) == []
    (report if "exit" in change else report["phases"]["2 x capacity"]).update(change)
    [found] = hostile.failures(report)
    assert failure in found


@pytest.mark.parametrize("failures", [[], ["the server ended with status 143"]])
def test_a_hostile_suite_that_failed_has_exit_status_1(failures, cli, monkeypatch, tmp_path):
    report = {**borne(), "failures": failures, "machine": machine.describe(1)}
    monkeypatch.setattr(hostile, "measure", lambda *_: report)
    outcome = cli("bench", "serve", tmp_path, "--hostile")
    assert outcome.status == (1 if failures else 0)
    assert "9/9" in outcome.out and all(failure in outcome.out for failure in failures)


@pytest.mark.parametrize(("late", "said"), [(0.2, False), (3.8, True)])
def test_clients_that_were_late_themselves_are_said_to_have_been(late, said):
    report = {**borne(), "failures": [], "machine": machine.describe(1)}
    report["phases"]["2 x capacity"]["late"] = late
    [table] = hostile.tables(report)
    assert any("up to 3.8 s late" in note for note in table.notes) == said


@pytest.mark.nightly
def test_our_server_bears_hostile_clients_and_one_that_does_not_is_found_out(exported, monkeypatch):
    found = hostile.measure(exported, seconds=5)
    # Memory needs minutes to settle; the other conditions hold at once.
    assert [f for f in found["failures"] if not f.startswith("memory")] == []
    assert found["phases"]["2 x capacity"]["refused"] > 0 < found["capacity"]

    spoilt = "from pipelines.serving import connections; c = connections; "
    spoilt += "c.Connection.shutdown = lambda self: self.abort(); "
    command = [sys.executable, "-c", spoilt + "from pipelines.cli.main import run; run()"]
    monkeypatch.setattr(servers, "COMMAND", command)
    monkeypatch.setattr(hostile.clients, "PATIENCE", 15.0)
    failures = hostile.measure(exported, seconds=1)["failures"]
    assert any("SIGTERM" in failure and "lost" in failure for failure in failures)
