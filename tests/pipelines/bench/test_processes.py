"""`bench layers --processes`: one report of several processes, in which none of them is lost."""

import copy
import json
import os

import pytest

from pipelines.bench import layer_speed, layer_tables, machine, processes
from pipelines.bench.contenders import Group, Shape
from pipelines.errors import InputError

TINY = Shape(2, 3, 4, 8)


def numbers(median, first=1.0):
    return {"median": median, "quartiles": [median, median], "rounds": 6, "first": first}


def report(cells, others=0.0, left_out=(), **medians):
    """As of one process: the same medians for each cell."""
    named = [{**Group(cell, TINY)._asdict(), "shape": list(TINY)} for cell in cells]
    of = {name.replace("_jit", ", jit"): numbers(median) for name, median in medians.items()}
    ratios = layer_speed.ratios({name: one["median"] for name, one in of.items()})
    about = {"cpu": "a CPU", "instructions": None, "loops": None, "cpus": 2, "threads": 2}
    return {
        "bench": "layers",
        "backend": "tensorflow",
        "machine": {
            **about,
            "gpu": None,
            "versions": {},
            "OMP_WAIT_POLICY": None,
            "others": others,
        },
        "seconds": 10.0,
        "processes": 1,
        "results": [
            {**one, "pass": "forward", "contenders": copy.deepcopy(of), "ratios": ratios}
            for one in named
        ],
        "left_out": [
            {**Group(cell, TINY)._asdict(), "shape": list(TINY), "reason": "no time was left"}
            for cell in left_out
        ],
    }


def test_times_are_medians_of_those_of_the_processes():
    made = processes.merged(
        [
            report(["gru"], ours=1.0, Keras=5.0, Keras_jit=2.0),
            report(["gru"], ours=1.1, Keras=4.0, Keras_jit=9.0, others=1.5),
            report(["gru"], ours=1.4, Keras=5.0, Keras_jit=4.4),
        ]
    )
    [result] = made["results"]
    jit = result["contenders"]["Keras, jit"]
    assert (jit["median"], jit["quartiles"]) == (4.4, pytest.approx([3.2, 6.7]))
    assert (jit["medians"], jit["rounds"], jit["first"]) == ([2.0, 9.0, 4.4], 18, 1.0)
    assert result["ratios"] == {"Keras": 1.1 / 4.4}
    assert (made["processes"], made["seconds"], made["machine"]["others"]) == (3, 30.0, 1.5)
    [table] = layer_tables.tables(made)
    place = table.columns.index("Keras")
    assert table.rows[0][place] == "4400 ±40% (0.25)"
    assert any("of 3 processes" in note for note in table.notes)


def test_what_one_process_had_no_time_for_is_that_of_the_others():
    made = processes.merged(
        [
            report(["gru", "lstm"], ours=1.0, left_out=["irnn"]),
            report(["gru"], ours=3.0, left_out=["lstm", "irnn"]),
        ]
    )
    medians = {one["cell"]: one["contenders"]["ours"]["median"] for one in made["results"]}
    assert medians == {"gru": 2.0, "lstm": 1.0}
    assert [out["cell"] for out in made["left_out"]] == ["irnn"]


@pytest.mark.ci
def test_the_processes_share_the_budget_and_each_gives_its_medians(cli, tmp_path, monkeypatch):
    asked, whole = [], processes._in_process

    def noted(one):
        asked.append(dict(one))
        told = whole(one)
        asked[-1]["ours"] = told["results"][0]["contenders"]["ours"]["median"]
        return told

    monkeypatch.setattr(processes, "_in_process", noted)
    out = tmp_path / "out.json"
    sizes = ("--cell", "irnn", "--shape", "2,3,4,8", "--forward", "--budget", "2")
    threads = ("--threads", str(machine.cpus()))
    outcome = cli("bench", "layers", *sizes, *threads, "--processes", "2", "--json", out)
    assert outcome.status == 0, outcome.err
    told = json.loads(out.read_text())
    [result] = told["results"]
    assert told["processes"] == 2 and result["pass"] == "forward"
    assert result["contenders"]["ours"]["medians"] == [one["ours"] for one in asked]
    assert [one["budget"] for one in asked] == [1, 1]


@pytest.mark.ci
def test_a_process_that_is_killed_is_no_result(monkeypatch):
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    monkeypatch.setattr(processes, "MEASURE", killed)
    with pytest.raises(InputError, match="a process of the benchmark ended with status -9"):
        processes.measure(2, [Group("irnn", TINY)], ("forward",), 1, 1)


@pytest.mark.ci
def test_what_a_process_refuses_is_refused(monkeypatch):
    monkeypatch.setitem(os.environ, "KERAS_BACKEND", "torch")
    with pytest.raises(InputError, match="KERAS_BACKEND=torch: layers are timed on tensorflow"):
        processes.measure(2, [Group("irnn", TINY)], ("forward",), 1, 1)
