"""`bench serve`: every kind of request is asked through a server and in this process."""

import json
import sys

import pytest

from pipelines.bench import report, server_speed, servers
from pipelines.errors import InputError


@pytest.fixture(scope="module")
def asked(exported):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server_speed, "COLD", 1)
        return server_speed.measure(exported, requests=20)


@pytest.mark.nightly
def test_every_kind_of_request_is_asked_both_ways(asked):
    kinds = ["5 tokens", "20 tokens", "80 tokens", "32 sentences of 20 tokens"]
    assert [(r["way"], r["kind"]) for r in asked["results"]] == [
        (way, kind) for way in ("HTTP", "function") for kind in kinds
    ]
    for result in asked["results"]:
        latency = list(result["latency"].values())
        assert result["requests"] == 20
        assert latency[0] > 0 and latency == sorted(latency)
    of = {(r["way"], r["kind"]): r for r in asked["results"]}
    for way in ("HTTP", "function"):  # together they are faster than one by one
        together, alone = of[way, kinds[-1]], of[way, kinds[1]]
        assert together["sentences_per_second"] > 2 * alone["sentences_per_second"]
    # Starting a process and loading the model takes longer than any answer.
    assert asked["cold"][0] > max(r["latency"]["p99"] for r in asked["results"])


@pytest.mark.nightly
def test_its_table_has_a_row_for_each(asked, tmp_path):
    [table] = server_speed.tables(asked)
    assert len(table.rows) == 8 and any("Cold start" in note for note in table.notes)
    report.write(asked, [table], tmp_path / "a.json", None)
    assert server_speed.tables(json.loads((tmp_path / "a.json").read_text())) == [table]


def test_a_server_that_does_not_start_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(servers, "COMMAND", [sys.executable, "-c", "exit('error: no such thing')"])
    with pytest.raises(InputError, match="^no such thing$"), servers.started(tmp_path):
        pass
