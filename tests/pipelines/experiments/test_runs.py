"""Trials end to end: what they learn, what is kept of them, and what goes on after a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from pipelines.errors import InputError
from pipelines.experiments import page, reproduction, runner
from pipelines.experiments.catalogue import EXPERIMENTS
from pipelines.experiments.definition import Arm, Expected, Net, Protocol
from pipelines.experiments.long_lags import FirstSymbol
from pipelines.experiments.training import train

EASY = Arm("lstm", Net("lstm", {"units": 6}, output="softmax"), FirstSymbol(3))
PROTOCOL = Protocol("adam", 0.05, loss="entropy", budget=6_400, check=640, test=64, seeds=2)
HARD = replace(EASY, label="memoryless", net=replace(EASY.net, cell="memoryless"))
SMALL = replace(
    EXPERIMENTS["temporal-order"],
    name="small",
    arms=(EASY, HARD),
    any_cell=(EASY,),
    quick=replace(PROTOCOL, budget=2_560),
    expected=(Expected("lstm"), Expected("memoryless"), Expected("gru")),
    why="It has no memory.",
)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """The folder of an experiment that has been run."""
    folder = tmp_path_factory.mktemp("out")
    done = list(reproduction.reproduce([SMALL], folder, [], None, True, 1))
    return folder, done[0]


@pytest.mark.ci
def test_a_net_with_memory_solves_what_one_without_cannot(out):
    _, done = out
    ours = {row["arm"]: row for row in done.found["ours"]}
    assert (ours["lstm"]["solved"], ours["memoryless"]["solved"]) == (2, 0)
    assert ours["lstm"]["sequences"] <= 2_560 and ours["memoryless"]["sequences"] is None
    assert ours["lstm"]["measures"]["share right"] > 0.95
    assert 0.3 < ours["memoryless"]["measures"]["accuracy"] < 0.7
    assert [row[1] for row in done.tables[0].rows] == ["2/2", "0/2"]


@pytest.mark.ci
def test_the_picture_and_the_page_are_there(out, tmp_path):
    folder, done = out
    assert done.picture.stat().st_size > 10_000
    assert done.picture.with_suffix(".svg").read_text("utf-8").lstrip().startswith("<?xml")
    target = tmp_path / "REPRODUCTIONS.md"
    page.write(target, folder, [SMALL])
    text = target.read_text("utf-8")
    assert "| lstm | 2/2 | 34% to 100% |" in text
    assert "| small | memoryless solves it | **no** | 0 of 2 seeds |" in text
    assert "- `small`: not found: memoryless solves it (0 of 2 seeds). It has no memory." in text
    assert "| small | lstm solves it | yes | 2 of 2 seeds |" in text
    assert str(folder) not in text and str(tmp_path) not in text
    assert not [*folder.rglob(".*")]


@pytest.mark.nightly
def test_the_same_seed_learns_the_same_whatever_was_trained_before():
    brief = replace(PROTOCOL, rate=0.005, budget=1_280, required=1.1)
    first, other, again = (train(EASY, brief, seed) for seed in (3, 4, 3))
    assert first == again and first.curve != other.curve


@pytest.mark.ci
def test_what_is_finished_is_not_run_again(out, monkeypatch):
    folder, _ = out
    trials = runner.plan([SMALL], [], None, True)
    ran = []
    monkeypatch.setattr(runner, "attempt", lambda trial, *_: ran.append(trial.title))
    missing = trials[1].path(folder)
    kept = missing.read_bytes()
    missing.unlink()
    runner.run(trials, folder, 1)
    missing.write_bytes(kept)
    assert ran == [trials[1].title]


@pytest.mark.ci
@pytest.mark.parametrize(
    "change, said",
    [
        (lambda found: {**found, "definition": "0"}, "another definition"),
        (lambda found: {}, "is no result of a trial"),
        (lambda found: {**found, "machine": None}, "is no result of a trial"),
        *(
            (lambda found, of=of: {**found, "result": {**found["result"], of: 5}}, "is no result")
            for of in ("measures", "curve", "rows", "note")
        ),
    ],
)
def test_results_of_something_else_are_refused(change, said, out, tmp_path):
    folder, _ = out
    trial = runner.plan([SMALL], [], 1, True)[0]
    copy = trial.path(tmp_path)
    copy.parent.mkdir(parents=True)
    copy.write_text(json.dumps(change(json.loads(trial.path(folder).read_text("utf-8")))))
    with pytest.raises(InputError, match=said):
        runner.run([trial], tmp_path, 1)


@pytest.mark.ci
def test_a_cell_that_does_not_take_the_options_is_told(tmp_path):
    arm = replace(EASY, net=replace(EASY.net, options={"units": 6, "depth": 2}))
    with pytest.raises(InputError, match="--cell lstm: LSTM has no argument 'depth'"):
        list(reproduction.reproduce([replace(SMALL, arms=(arm,))], tmp_path, [], 1, True, 1))
    assert not [*tmp_path.rglob("*.json")]


@pytest.mark.nightly
def test_a_loss_that_is_no_number_ends_the_trial():
    wild = replace(PROTOCOL, optimizer="sgd", rate=1e38, clip=None)
    result = train(replace(EASY, net=replace(EASY.net, output="linear")),
                   replace(wild, loss="squared"), 0)  # fmt: skip
    assert result.note.startswith("diverged within") and not result.solved


@pytest.mark.nightly
def test_a_run_that_is_killed_goes_on_and_leaves_no_process(tmp_path):
    command = [
        sys.executable, "-m", "pipelines", "reproduce", "temporal-order", "--quick", "--seeds", "3",
        "--processes", "2", "--out", str(tmp_path), "--json",
    ]  # fmt: skip
    run = partial(subprocess.Popen, command, stderr=subprocess.DEVNULL)
    first = run(start_new_session=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (done := [*tmp_path.rglob("*.json")]):
        assert first.poll() is None and time.monotonic() < deadline
        time.sleep(0.2)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert len(done) < 6, "it was killed too late to show anything"
    deadline = time.monotonic() + 30
    while _alive(first.pid) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not _alive(first.pid)
    kept = {path: path.stat().st_mtime_ns for path in done}
    second = run(stdout=subprocess.PIPE)
    found = json.loads(second.communicate()[0])
    assert second.returncode == 0
    assert [row["trials"] for row in found["experiments"][0]["ours"]] == [3, 3]
    assert all(path.stat().st_mtime_ns == then for path, then in kept.items())


def _alive(session):
    """Whether a process of the session runs."""
    listed = subprocess.run(["ps", "-eo", "sid="], capture_output=True, text=True).stdout
    return str(session) in listed.split()


# Computations: seconds each, and each says whether it found what the source says.
QUICK = ("path-sums", "gradient-bound", "saturating-weight", "bptt", "gate-schedule")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(one.name, marks=pytest.mark.ci if one.name in QUICK else pytest.mark.nightly)
        for one in EXPERIMENTS.values()
        if one.compute
    ],
)
def test_computations_find_what_the_source_says(name):
    result = EXPERIMENTS[name].computation()(0)
    assert result.solved is True
    heading, *rows = result.rows
    assert all(len(row) == len(heading) for row in rows)


def test_the_paths_of_a_small_net_by_hand():
    from pipelines.experiments.theory import over_paths, slope

    R = np.array([[0.5, -1.0], [2.0, 0.25]])
    nets = [np.array([0.0, 1.0]), np.array([-1.0, 0.5])]
    by_hand = slope(nets[1][1]) * (R[0, 1] * slope(nets[0][1]) * R[1, 1] +
                                   R[0, 0] * slope(nets[0][0]) * R[0, 1])  # fmt: skip
    total, paths = over_paths(R, nets, 0, 1)
    np.testing.assert_allclose(total, by_hand)
    assert paths == 2
