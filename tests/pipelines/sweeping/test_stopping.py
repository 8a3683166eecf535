"""The median stopping rule: who is stopped, whatever runs beside it."""

import json
import statistics
import threading
import time

import pytest
from stand_ins import RATES, Killed, scores_of, table, trials_of

from pipelines.config.loading import vary
from pipelines.config.sweep_loading import load_sweep
from pipelines.errors import InputError
from pipelines.sweeping import journal, stopping
from pipelines.sweeping.results import STOPPED, TRIALS
from pipelines.sweeping.search import run_sweep
from pipelines.training import runs

RULE = "[sweep.stopping]\ntrials = 2\nepochs = 2\n"


@pytest.fixture
def write_stopping(write_sweep):
    """Writes a sweep with the rule."""

    def to(space=RATES, method="random", trials=12, rule=RULE):
        path = write_sweep(space, method, trials, epochs=6)
        path.write_text(path.read_text().replace("[space]", f"{rule}[space]"))
        return path

    return to


def ends(config, trials):
    """After how many epochs each trial ends: the rule, written once more, over whole curves."""
    found, before = {}, {}
    for trial in sorted(trials, key=lambda trial: trial.name):
        curve = scores_of(vary(config.base, trial.values))
        others = before.setdefault(trial.cell, [])
        end = len(curve)
        for step in range(2, len(curve)):
            averages = [sum(other[:step]) / len(other[:step]) for other in others]
            if len(others) >= 2 and max(curve[:step]) < statistics.median(averages):
                end = step
                break
        others.append(curve[:end])
        found[trial.name] = end
    return found


@pytest.mark.ci
def test_trials_are_stopped_that_the_rule_stops_and_no_others(write_stopping, stand_in, tmp_path):
    path = write_stopping(f'"model.cell" = ["gru", "lstm"]\n{RATES}')
    config, folder = load_sweep(path), tmp_path / "out"
    trials = trials_of(run_sweep(config, folder)).values()
    expected = ends(config, trials)
    assert {trial.name: trial.scores["epochs"] for trial in trials} == expected
    stopped = {trial.name: trial.stopped for trial in trials if trial.stopped}
    assert stopped == {name: end for name, end in expected.items() if end < 6}
    assert 2 <= len(stopped) < len(trials)
    assert stand_in.epochs == sum(expected.values())
    note = json.loads((folder / TRIALS / next(iter(stopped)) / STOPPED).read_text())
    assert note["best"] < note["median"] and note["trials"] >= 2 and note["rule"] == "median"
    assert len(table(folder)) == len(trials)
    page = (folder / "report.html").read_text()
    assert f"{len(stopped)} of the {len(trials)} were stopped by the median stopping rule" in page


@pytest.mark.nightly
def test_a_sweep_that_is_killed_stops_the_same_trials(write_stopping, stand_in, tmp_path):
    config = load_sweep(write_stopping())
    whole = trials_of(run_sweep(config, tmp_path / "whole"))
    for stand_in.until_killed in (3, 1, 2):
        with pytest.raises(Killed):
            run_sweep(config, tmp_path / "killed")
    stand_in.until_killed = None
    assert trials_of(run_sweep(config, tmp_path / "killed")) == whole


def test_hyperband_and_the_rule_are_not_both_had(write_stopping):
    with pytest.raises(InputError, match=r"sweep\.stopping: hyperband stops trials by itself"):
        load_sweep(write_stopping(method="hyperband", trials=None))


@pytest.fixture
def runs_of(tmp_path):
    """Writes what a trial has so far: runs_of(name, scores, finished)."""

    def to(name, scores, finished=False):
        run = tmp_path / TRIALS / name
        run.mkdir(parents=True, exist_ok=True)
        rows = [f"{number}\t{dev}\n" for number, dev in enumerate(scores, 1)]
        (run / runs.HISTORY).write_text("epoch\tdev\n" + "".join(rows))
        if finished:
            (run / runs.SCORES).write_text("{}")
        return run

    return to


def after(run, earlier, own, trials=1, epochs=1, of=9):
    """Whether a trial with these scores is stopped after the last of them."""
    judge = stopping.Judge(stopping.Rule(tuple(earlier), trials, epochs), run)
    return judge.stops(len(own), own[-1], of)


@pytest.mark.parametrize(
    ("own", "others", "stopped"),
    [([0.1, 0.2], [[0.2, 0.3]], True), # 0.2 < 0.25
     ([0.3, 0.1], [[0.2, 0.3]], False), # its best counts, not its last
     ([0.1, 0.25], [[0.2, 0.3]], False), # strictly worse
     ([0.1, 0.2], [[0.2, 0.1, 0.9]], False), # what they score later does not count
     ([0.1, 0.2], [[0.3]], True), # one that has ended counts with what it has
     ([0.1, 0.2], [[0.1, 0.1], [0.2, 0.2], [0.9, 0.9]], False), # the median is no mean
     ([0.1, 0.1], [[0.1, 0.1], [0.2, 0.2], [0.9, 0.9]], True)],
)  # fmt: skip
def test_its_best_is_compared_with_the_median_of_the_means_of_others(own, others, stopped, runs_of):
    for number, scores in enumerate(others):
        runs_of(str(number), scores, finished=True)
    run = runs_of("9", own[:-1])
    assert after(run, map(str, range(len(others))), own) == stopped


def test_few_trials_few_epochs_and_the_last_one_stop_nothing(runs_of):
    for number in range(2):
        runs_of(str(number), [0.9, 0.9, 0.9], finished=True)
    run = runs_of("9", [0.1])
    assert after(run, "01", [0.1, 0.1], trials=2, epochs=2)
    assert not after(run, "01", [0.1, 0.1], trials=3)
    assert not after(run, "01", [0.1, 0.1], epochs=3)
    assert not after(run, "01", [0.1, 0.1], of=2)


def test_it_waits_for_trials_that_are_behind(runs_of, monkeypatch):
    monkeypatch.setattr(stopping, "POLL", 0.01)
    run = runs_of("9", [0.1])
    runs_of("0", [0.0])

    def later():
        time.sleep(0.1)
        runs_of("0", [0.0, 0.9])

    thread = threading.Thread(target=later)
    thread.start()
    assert after(run, "0", [0.1, 0.2])  # after its first epoch alone, it would not
    thread.join()


def test_it_waits_for_no_trial_that_has_failed(runs_of, tmp_path):
    run = runs_of("9", [0.1])
    runs_of("0", [0.9, 0.9], finished=True)
    runs_of("1", [0.1])
    journal.Journal(tmp_path).add({"phase": "search", "trial": "1", "reason": "why"})
    assert after(run, "01", [0.1, 0.2])


def test_a_trial_that_waits_for_long_leaves_its_place(runs_of, monkeypatch):
    monkeypatch.setattr(stopping, "POLL", 0.01)
    monkeypatch.setattr(stopping, "LONGEST", 0.05)
    run = runs_of("9", [0.1])
    with pytest.raises(stopping.Paused):
        after(run, "0", [0.1, 0.2])
