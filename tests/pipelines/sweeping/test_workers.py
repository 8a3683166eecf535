"""Workers side by side: whatever is killed, and when, the sweep ends as if nothing had been."""

import contextlib
import csv
import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import light_worker
import psutil
import pytest

from pipelines.config.sweep_loading import load_sweep
from pipelines.errors import InputError
from pipelines.sweeping import search, workers
from pipelines.sweeping.journal import JOURNAL
from pipelines.sweeping.ranking import FINALS_TABLE, LEADERBOARD
from pipelines.sweeping.results import FINALS, STOPPED, TRIALS
from pipelines.sweeping.search import SweepWatcher, run_sweep
from pipelines.training import runs

LIGHT = (sys.executable, "-S", str(Path(__file__).with_name("light_worker.py")))
SPACE = '"model.cell" = ["gru", "lstm"]\n"model.units" = [2, 3, 4, 5]\n"training.seed" = [1, 2, 3]'
STOPPING = "[sweep.stopping]\ntrials = 2\n"
FINAL = "[sweep.finals]\nsettings = 2\nseeds = 2\n"
KILLS = 20


@pytest.fixture
def write_sweep(tmp_path, tiny_toml):
    """Writes a sweep of 24 trials over the tiny experiment, smaller still."""

    def to(space=SPACE, search='method = "grid"', more=FINAL, epochs=4):
        smaller = 'units = 4\ncell = "simple_rnn"\ncharacters = "none"'
        base = tiny_toml.read_text().replace("units = 8", smaller)
        (tmp_path / "base.toml").write_text(base.replace("epochs = 8", f"epochs = {epochs}"))
        path = tmp_path / "sweep.toml"
        path.write_text(f'base = "base.toml"\n[sweep]\n{search}\n{more}[space]\n{space}\n')
        return path

    return to


@pytest.fixture
def light(monkeypatch):
    """Workers that start and train in no time."""
    monkeypatch.setattr(workers, "COMMAND", LIGHT)
    monkeypatch.setattr(search, "can_export", lambda: False)


CLOCK = {"seconds_per_epoch", "tokens_per_second", "cpu_seconds_per_epoch", "compile_seconds",
         "cpu_ms_per_sentence", "beside_load"}  # fmt: skip


def rows(path):
    """A table without what depends on the clock."""
    with path.open(encoding="utf-8", newline="") as file:
        found = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [{key: value for key, value in row.items() if key not in CLOCK} for row in found]


def finished(folder):
    """When each run was finished: a file that is written again is another one."""
    return {
        path: (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.glob(f"*/*/{runs.SCORES}")
    }


def assert_equal(folder, whole):
    """The same tables, and a run for each trial and no other."""
    for table in (LEADERBOARD, FINALS_TABLE):
        assert rows(folder / table) == rows(whole / table)
    for phase in (TRIALS, FINALS):
        assert {p.name for p in (folder / phase).iterdir()} == {
            p.name for p in (whole / phase).iterdir()
        }


class Ended(BaseException):
    """The sweep's process dies; its workers see no more than that their input ends."""


class Dying(SweepWatcher):
    """Ends the sweep when so many trials have ended."""

    def __init__(self, after):
        self.after = after

    def end(self, trial, again):
        if not again:
            self.after -= 1
        if self.after == 0:
            raise Ended


def killing(rng, seconds, killed):
    """Kills a worker of this process now and then, until `killed` has had enough or ends."""
    while len(killed) < KILLS and None not in killed:
        time.sleep(rng.uniform(0, seconds))
        if children := psutil.Process().children():
            victim = rng.choice(children)
            with contextlib.suppress(psutil.Error):  # it has just ended
                if "light_worker.py" in " ".join(victim.cmdline()):
                    victim.kill()
                    killed.append(victim.pid)


def run_killed(config, folder, deaths, seconds, monkeypatch):
    """Runs a sweep to its end that is killed after so many trials each time, and its workers."""
    monkeypatch.setattr(workers, "DEATHS", KILLS + 1)  # all of which may be of the same one
    killed, before, result = [], {}, None
    thread = threading.Thread(target=killing, args=(random.Random(1), seconds, killed))
    thread.start()
    try:
        for after in deaths:
            with pytest.raises(Ended):
                run_sweep(config, folder, Dying(after), workers=2)
            now = finished(folder)
            assert before.items() <= now.items()
            before = now
        result = run_sweep(config, folder, workers=2)
    finally:
        killed.append(None)
        thread.join()
    assert len(killed) > 3  # with the None at the end; on a busy machine they come seldom
    assert before.items() <= finished(folder).items()
    return result


@pytest.mark.ci
def test_workers_and_sweeps_that_are_killed_lose_and_repeat_nothing(
    write_sweep, light, tmp_path, monkeypatch
):
    config = load_sweep(write_sweep())
    run_sweep(config, tmp_path / "whole", workers=2)
    assert len(rows(tmp_path / "whole" / LEADERBOARD)) == 8
    assert all(row["runs"] == "3" for row in rows(tmp_path / "whole" / LEADERBOARD))
    run_killed(config, tmp_path / "killed", (1, 7, 9, 4), 0.2, monkeypatch)
    assert_equal(tmp_path / "killed", tmp_path / "whole")


@pytest.mark.nightly
def test_kills_change_nothing_about_which_trials_are_stopped(
    write_sweep, light, tmp_path, monkeypatch
):
    monkeypatch.setattr(workers, "COMMAND", (LIGHT[0], *LIGHT[2:]))  # the rule needs packages
    config = load_sweep(write_sweep(more=STOPPING + FINAL, epochs=6))
    run_sweep(config, tmp_path / "whole", workers=3)
    run_killed(config, tmp_path / "killed", (1, 7, 9), 1.0, monkeypatch)
    assert_equal(tmp_path / "killed", tmp_path / "whole")
    notes = [
        {p.parent.name: json.loads(p.read_text()) for p in (tmp_path / name).glob(f"*/*/{STOPPED}")}
        for name in ("whole", "killed")
    ]
    assert notes[0] == notes[1] and 3 <= len(notes[0]) < 24


@pytest.mark.ci
def test_hyperband_that_is_killed_goes_on_and_so_do_the_trials_of_each_rung(
    write_sweep, light, tmp_path, monkeypatch
):
    space = '"training.learning_rate" = { min = 0.001, max = 0.1 }'
    config = load_sweep(write_sweep(space, 'method = "hyperband"', more="", epochs=9))
    result = run_killed(config, tmp_path / "out", (1, 7, 9), 0.2, monkeypatch)
    trials = [trial for setting in result.settings for trial in setting.trials]
    assert len(trials) == search.expected_trials(config) and result.failed == []
    # Nine of a bracket, then three, then one; five, then two; and three.
    assert sorted(t.taken_over for t in trials if t.taken_over) == [1, 1, 1, 3, 3, 3]
    for trial in trials:
        experiment = runs.finished(trial.folder).model_dump()
        assert [row["dev"] for row in trial.history] == pytest.approx(
            light_worker.scores_of(experiment), abs=1e-6
        )
    assert not list(tmp_path.glob(f"out/**/{runs.CHECKPOINT}"))


@pytest.mark.ci
def test_a_trial_whose_workers_always_die_fails_and_the_others_do_not(
    write_sweep, light, tmp_path, monkeypatch
):
    deadly = tmp_path / "deadly.py"
    source = Path(LIGHT[-1]).read_text()
    deadly.write_text(
        source.replace(
            "def perform(task):",
            "def perform(task):\n    if task['experiment']['model']['units'] == 3: os._exit(9)",
        )
    )
    monkeypatch.setattr(workers, "COMMAND", (*LIGHT[:-1], str(deadly)))
    config = load_sweep(write_sweep('"model.units" = [2, 3, 4]', more=""))
    result = run_sweep(config, tmp_path / "out", workers=2)
    assert {s.values["model.units"] for s in result.settings} == {2, 4}
    [failed] = result.failed
    assert failed.values == {"model.units": 3}
    assert f"its process died {workers.DEATHS} times after 0 epochs" in failed.reason
    assert "status 9" in failed.reason


@pytest.mark.ci
def test_workers_that_cannot_begin_are_said_to_be_so(write_sweep, light, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "COMMAND", (sys.executable, "-c", "raise SystemExit(3)"))
    with pytest.raises(InputError, match="ended before it could begin, 5 times, with status 3"):
        run_sweep(load_sweep(write_sweep()), tmp_path / "out", workers=1 + 1)


@pytest.mark.ci
@pytest.mark.parametrize("method", ["random", "bayesian"])
def test_side_by_side_or_not_each_cell_has_as_many_trials(method, write_sweep, light, tmp_path):
    space = '"model.cell" = ["gru", "lstm"]\n"training.learning_rate" = { min = 0.001, max = 0.1 }'
    path = write_sweep(space, f'method = "{method}"\ntrials = 5', more="")
    result = run_sweep(load_sweep(path), tmp_path / "out", workers=3)
    cells = [setting.values["model.cell"] for setting in result.settings]
    assert sorted(cells) == ["gru"] * 5 + ["lstm"] * 5
    if method == "random":  # nobody is luckier than others
        rates = {cell: {s.values["training.learning_rate"] for s in result.settings
                        if s.values["model.cell"] == cell} for cell in ("gru", "lstm")}  # fmt: skip
        assert rates["gru"] == rates["lstm"]


def test_hyperband_waits_for_the_scores_of_a_round(write_sweep, light, tmp_path):
    space = '"training.learning_rate" = { min = 0.001, max = 0.1 }'
    path = write_sweep(space, 'method = "hyperband"', more="", epochs=9)
    config = load_sweep(path)
    result = run_sweep(config, tmp_path / "out", workers=3)
    trials = [trial for setting in result.settings for trial in setting.trials]
    assert len(trials) == search.expected_trials(config)
    assert {trial.values["training.epochs"] for trial in trials} == {1, 3, 9}


def test_cores_are_divided_among_workers(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 2, 4, 5, 7}, raising=False)
    assert workers.shares_of_cores(1) == [[1, 2, 4, 5, 7]]
    assert workers.shares_of_cores(2) == [[1, 4, 7], [2, 5]]
    assert workers.shares_of_cores(5) == [[1], [2], [4], [5], [7]]
    assert workers.shares_of_cores(7) == [[1], [2], [4], [5], [7], [1], [2]]


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("more", [FINAL, STOPPING + FINAL], ids=["all", "stopping"])
def test_after_twenty_random_kills_the_table_is_that_of_an_uninterrupted_sweep(
    more, write_sweep, start, tmp_path
):
    path, whole, folder = write_sweep(more=more), tmp_path / "whole", tmp_path / "killed"
    command = ("sweep", path, "--workers", "2", "--quiet", "--out")
    assert start(*command, whole).wait() == 0
    rng, before, victims = random.Random(1), {}, {"sweep": 0, "worker": 0}
    process = start(*command, folder)
    while sum(victims.values()) < KILLS:
        # Some while processes start; some when one more run is finished, and others are on the way.
        delay = rng.choice((rng.uniform(0, 12), 600))
        deadline = time.monotonic() + delay
        while time.monotonic() < deadline and len(finished(folder)) == len(before):
            assert process.poll() is None, (victims, process.communicate())
            time.sleep(0.05)
        time.sleep(rng.uniform(0, 0.5))
        children = psutil.Process(process.pid).children()
        kind = rng.choice(("sweep", "worker"))
        if kind == "worker" and children:
            with contextlib.suppress(psutil.Error):  # it has just ended
                rng.choice(children).kill()
                victims[kind] += 1
        elif kind == "sweep":
            process.send_signal(signal.SIGKILL)
            process.wait()
            victims[kind] += 1
            process = start(*command, folder)
        now = finished(folder)
        assert before.items() <= now.items()
        before = now
    assert process.wait() == 0, process.communicate()
    assert min(victims.values()) >= 5, victims
    assert before.items() <= finished(folder).items()
    assert_equal(folder, whole)
    lines = [json.loads(line) for line in (folder / JOURNAL).read_text().splitlines()]
    asked = [line["trial"] for line in lines if "proposed" in line]
    assert sorted(asked) == sorted(set(asked)) and len(asked) == 24
