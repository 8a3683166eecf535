"""Trials become settings, the best first."""

import statistics

import pytest

from pipelines.sweeping.ranking import compare
from pipelines.sweeping.search import Trial


def trial(name, dev, **values):
    scores = {"measure": "f1", "dev": dev, "parameters": 10, "seconds_per_epoch": dev,
              "tokens_per_second": 1 / dev}  # fmt: skip
    return Trial(name, {key.replace("_", "."): value for key, value in values.items()}, scores)


def test_settings_are_ranked_by_the_mean_over_their_seeds():
    lucky = [trial("0", 0.9, model_cell="a", training_seed=1),
             trial("1", 0.1, model_cell="a", training_seed=2),
             trial("2", 0.2, model_cell="a", training_seed=3)]  # fmt: skip
    steady = [trial("3", 0.5, model_cell="b", training_seed=1),
              trial("4", 0.8, model_cell="b", training_seed=2)]  # fmt: skip
    single = trial("5", 0.6, model_cell="c", training_seed=1)
    failed = Trial("6", {"model.cell": "d"}, None, "why")
    result = compare([*lucky, single, failed, *steady])
    assert [setting.values for setting in result.settings] == [
        {"model.cell": "b"}, {"model.cell": "c"}, {"model.cell": "a"}]  # fmt: skip
    by_cell = {setting.values["model.cell"]: setting for setting in result.settings}
    assert by_cell["a"].mean == pytest.approx(0.4)
    assert by_cell["a"].deviation == pytest.approx(statistics.stdev([0.9, 0.1, 0.2]))
    assert by_cell["a"].seconds_per_epoch == pytest.approx(0.2)
    assert by_cell["c"].deviation is None
    assert result.failed == [failed]
    assert result.best is steady[1]


def test_folds_are_runs_of_one_setting():
    trials = [
        trial(str(n), n / 10, data_fold=n, training_seed=s) for n in (1, 2, 3) for s in (1, 2)
    ]
    [setting] = compare(trials).settings
    assert (setting.values, len(setting.trials)) == ({}, 6)
    assert setting.mean == pytest.approx(0.2)


def test_without_any_finished_trial_there_is_no_best():
    failed = Trial("0", {"model.cell": "d"}, None, "why")
    assert compare([failed]) == ([], [failed], None, [])
