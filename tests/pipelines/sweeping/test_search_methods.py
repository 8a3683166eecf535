"""Methods of search: which trials they make, how many, and the same after any kill."""

import pytest
from stand_ins import GRID, RATES, UNITS, Killed, assert_honest, trials_of

from pipelines.config.sweep_loading import load_sweep
from pipelines.errors import InputError
from pipelines.sweeping.estimate import _epochs
from pipelines.sweeping.ledger import Ledger
from pipelines.sweeping.results import TRIALS
from pipelines.sweeping.search import run_sweep
from pipelines.sweeping.space import expected_trials
from pipelines.training import runs

pytestmark = pytest.mark.timeout(300)  # a search that does not end fails soon


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("method", "trials"),
    [
        ("random", 2),
        pytest.param("bayesian", 2, marks=pytest.mark.nightly),
        pytest.param("hyperband", None, marks=pytest.mark.nightly),
    ],
)
def test_every_method_runs_the_trials_it_says_it_will(method, trials, write_sweep):
    config = load_sweep(write_sweep(RATES, method, trials, epochs=3))
    folder = write_sweep(RATES).parent / "out"
    result = run_sweep(config, folder)
    assert_honest(config, folder, result)
    assert result.failed == []
    assert len(trials_of(result)) == expected_trials(config)
    rates = {trial.values["training.learning_rate"] for trial in trials_of(result).values()}
    assert len(rates) > 1 and all(1e-3 <= rate <= 1e-1 for rate in rates)
    if method == "hyperband":
        epochs = [run.training.epochs for run in map(runs.finished, (folder / TRIALS).iterdir())]
        assert set(epochs) == {1, 3}
        best = max(trials_of(result).values(), key=lambda trial: trial.scores["dev"])
        assert set(best.values) == {"training.learning_rate", "training.epochs"}


SPACES = [
    ("grid", None, UNITS, 3),
    ("grid", None, '"model.units" = { min = 4, max = 10, step = 4 }', 2),
    ("grid", None, '"model.units" = { min = 4, max = 12, step = 4 }', 3),
    ("grid", None, '"model.dropout" = { min = 0.1, max = 0.3, step = 0.1 }', 3),
    ("grid", None, f'{UNITS}\n"model.dropout" = [0.1, 0.2]', 6),
    ("grid", None, f'{UNITS}\n"data.lowercase" = [true, false]', 6),
    ("grid", None, '"model.cell_options.use_bias" = [true, false]', 2),
    ("grid", 4, f'{UNITS}\n"model.layers" = [1, 2]', 4),
    ("random", 4, RATES, 4),
    ("random", 9, UNITS, 3),
    ("random", 3, f'{UNITS}\n"data.lowercase" = [true, false]', 3),
    ("random", 9, '"model.units" = { min = 1, max = 4 }', 4),
    ("random", 9, '"model.dropout" = { min = 0.1, max = 0.3, step = 0.1 }', 3),
    ("bayesian", 6, RATES, 6),
]


@pytest.mark.parametrize(
    ("method", "trials", "space", "number"), SPACES, ids=[f"{m}-{t}-{s}" for m, t, s, _ in SPACES]
)
def test_the_number_of_trials_is_known_before_they_run(
    method, trials, space, number, write_sweep, stand_in, tmp_path
):
    config = load_sweep(write_sweep(space, method, trials, epochs=4))
    result = run_sweep(config, tmp_path / "out")
    assert_honest(config, tmp_path / "out", result)
    assert result.failed == []
    assert len(stand_in.trained) == expected_trials(config) == len(trials_of(result)) == number


def test_hyperband_is_refused_where_it_would_train_nothing_to_the_end(write_sweep, tmp_path):
    config = load_sweep(write_sweep(UNITS, "hyperband", None, epochs=4))
    with pytest.raises(InputError, match="the space has 3: use method = 'grid'"):
        run_sweep(config, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.ci
@pytest.mark.parametrize(
    ("method", "trials", "space"),
    [("bayesian", 6, UNITS),
     ("bayesian", 9, '"model.units" = { min = 1, max = 9, sampling = "log" }')],
)  # fmt: skip
def test_what_a_method_proposes_again_is_neither_trained_nor_listed_again(
    method, trials, space, write_sweep, stand_in, tmp_path
):
    config = load_sweep(write_sweep(space, method, trials, epochs=4))
    result = run_sweep(config, tmp_path / "out")
    assert_honest(config, tmp_path / "out", result)
    assert 2 <= len(stand_in.trained) == len(trials_of(result)) <= expected_trials(config)
    assert all(setting.deviation is None for setting in result.settings)


@pytest.mark.parametrize("epochs", [1, 2, 3, 9, 10])
def test_the_rounds_of_hyperband_are_counted_and_the_last_has_all_epochs(
    epochs, write_sweep, stand_in, tmp_path
):
    config = load_sweep(write_sweep(RATES, "hyperband", epochs=epochs))
    result = run_sweep(config, tmp_path / "out")
    assert_honest(config, tmp_path / "out", result)
    assert len(trials_of(result)) == expected_trials(config)
    longest = [t for t in trials_of(result).values() if t.values["training.epochs"] == epochs]
    assert len(longest) >= 1


@pytest.mark.ci
@pytest.mark.parametrize(
    "interruptions", [pytest.param([3], marks=pytest.mark.nightly), [1, 1, 1]], ids=str
)
@pytest.mark.parametrize(
    ("method", "trials", "space"),
    [("grid", None, GRID + "\n" + UNITS), ("bayesian", 7, RATES),
     pytest.param("random", 6, RATES, marks=pytest.mark.nightly),
     ("hyperband", None, RATES)],
    ids=["grid", "bayesian", "random", "hyperband"],
)  # fmt: skip
def test_however_often_it_is_killed_a_sweep_ends_as_if_it_had_not_been(
    method, trials, space, interruptions, write_sweep, stand_in, tmp_path
):
    config = load_sweep(write_sweep(space, method, trials, epochs=9))
    whole = run_sweep(config, tmp_path / "whole")
    stand_in.trained = []
    for stand_in.until_killed in interruptions:
        with pytest.raises(Killed):
            run_sweep(config, tmp_path / "killed")
    stand_in.until_killed = None
    result = run_sweep(config, tmp_path / "killed")
    assert_honest(config, tmp_path / "killed", result)
    assert trials_of(result) == trials_of(whole)
    assert sorted(stand_in.trained) == sorted(trials_of(whole))


@pytest.mark.parametrize("method", ["grid", "random", "bayesian"])
def test_lists_and_numbers_of_two_types_are_varied(method, write_sweep, stand_in, tmp_path):
    space = '"model.features" = [[], ["casing"], ["casing", "shape"]]\n"model.dropout" = [0, 0.25]'
    config = load_sweep(write_sweep(space, method, None if method == "grid" else 6))
    result = run_sweep(config, tmp_path / "sweep")
    settings = [(tuple(s.values["model.features"]), s.values["model.dropout"])
                for s in result.settings]  # fmt: skip
    assert {*settings} == {
        (features, dropout)
        for features in ((), ("casing",), ("casing", "shape"))
        for dropout in (0, 0.25)
    }
    for trial in trials_of(result).values():
        ran = runs.config(tmp_path / "sweep" / TRIALS / trial.name)
        assert ran["model"]["features"] == trial.values["model.features"]
        assert ran["model"]["dropout"] == trial.values["model.dropout"]


@pytest.mark.parametrize("method", ["random", "bayesian", "grid"])
def test_more_trials_of_a_sweep_keep_those_it_has(method, write_sweep, stand_in, tmp_path):
    space = RATES if method == "bayesian" else '"model.units" = [2, 3, 4, 5, 6, 7, 8, 9]'
    config = load_sweep(write_sweep(space, method, 3))
    few = run_sweep(config, tmp_path / "sweep")
    assert len(trials_of(few)) == 3
    more = config.model_copy(update={"sweep": config.sweep.model_copy(update={"trials": 6})})
    result = run_sweep(more, tmp_path / "sweep")
    assert len(trials_of(result)) == 6 and len(stand_in.trained) == 6
    assert trials_of(few).items() <= trials_of(result).items()
    other = more.model_copy(
        update={"sweep": more.sweep.model_copy(update={"trials": 9, "seed": 2})}
    )
    for changed in (config, other):
        with pytest.raises(InputError, match="another sweep"):
            run_sweep(changed, tmp_path / "sweep")


@pytest.mark.ci
def test_on_each_rung_of_hyperband_trials_go_on_from_the_one_below(
    write_sweep, stand_in, monkeypatch, tmp_path
):
    config = load_sweep(write_sweep(RATES, "hyperband", epochs=9))
    result = run_sweep(config, tmp_path / "out")
    assert not list(tmp_path.glob(f"out/**/{runs.CHECKPOINT}"))
    trials, went_on = trials_of(result).values(), stand_in.epochs
    # A bracket of 9, 3 and 1 with 1, 3 and 9 epochs; one of 5 and 2 with 3 and 9; one of 3 with 9.
    assert went_on == 9 * 1 + 3 * 2 + 1 * 6 + 5 * 3 + 2 * 6 + 3 * 9
    assert went_on == round(_epochs(config, len(trials), None))
    assert sorted(trial.taken_over for trial in trials if trial.taken_over) == [1, 1, 1, 3, 3, 3]

    monkeypatch.setattr(Ledger, "_shorter", lambda *_: None)
    stand_in.epochs = 0
    assert trials_of(run_sweep(config, tmp_path / "anew")) == trials_of(result)
    assert stand_in.epochs == went_on + 3 * 1 + 1 * 3 + 2 * 3
