"""What a sweep plans: cells by preset, units by weights, finals by rank; and how it is extended."""

import json
import math

import pytest

from pipelines.config.cell_presets import NAMES, PRESETS, cells
from pipelines.config.loading import vary
from pipelines.config.sweep_loading import load_sweep
from pipelines.errors import InputError
from pipelines.sweeping import finals, plan, results, search, taggers
from pipelines.sweeping.budget import Budget
from pipelines.sweeping.ranking import Setting, median_run
from pipelines.sweeping.results import CHOSEN, FINALS, TRIALS, Trial
from pipelines.sweeping.search import run_sweep
from pipelines.tagger.model import build_tagger
from pipelines.training.trainer import prepare_training


@pytest.fixture
def write_sweep(tmp_path, tiny_toml):
    def to(search, space="", base=""):
        text = tiny_toml.read_text().replace("epochs = 8", "epochs = 2")
        (tmp_path / "base.toml").write_text(text.replace("[model]", f"[model]\n{base}"))
        path = tmp_path / "sweep.toml"
        path.write_text(f'base = "base.toml"\n[sweep]\n{search}\n[space]\n{space}\n')
        return path

    return to


@pytest.fixture
def stand_in(monkeypatch):
    """Training in no time: the score is the learning rate, and a hundredth of the seed."""
    trained = []

    def train(experiment, run, *args, **of_sweep):
        from pipelines.training import runs

        runs.start(run, experiment, {"data": {}, "backend": "tensorflow"})
        trained.append(run)
        rate, seed = experiment.training.learning_rate, experiment.training.seed
        scores = {"measure": "f1", "dev": rate + seed % 1000 / 1e5, "best_epoch": 1, "epochs": 1,
                  "parameters": 9, "seconds_per_epoch": 1.0, "tokens_per_second": 1.0}  # fmt: skip
        runs.write_json(run / runs.SCORES, scores)

    def evaluate(run, split):
        assert split in ("dev", "test") and run.parent.name == FINALS
        assert not (run / f"scores.{split}.json").exists(), "scored once"
        score = json.loads((run / "scores.json").read_text())["dev"] / 2
        (run / f"scores.{split}.json").write_text(
            json.dumps({"accuracy": 1.0, "total": {"f1": score}})
        )

    monkeypatch.setattr(taggers, "train", train)
    monkeypatch.setattr(taggers, "evaluate", evaluate)
    monkeypatch.setattr(search, "can_export", lambda: False)
    return trained


def test_presets_name_cells_and_have_those_that_they_say():
    from keras_lstm_variants import CELLS, LAYERS
    from keras_lstm_variants.catalogue import entry
    from keras_lstm_variants.cells.parts.parallel import Parallel

    for name in NAMES:
        found = cells(name)
        assert len(found) == len(set(found)) and "lstm" in found and set(found) <= set(CELLS)
    assert cells("all") == [name for name in CELLS if name != "esn"]
    parallel = {name for name in CELLS if issubclass(LAYERS[name], Parallel)}
    assert set(PRESETS["parallel"]) == {"lstm", *parallel}
    half = entry("lstm").parameters / 2
    assert all(entry(name).parameters <= half for name in PRESETS["small"] if name != "lstm")


def test_a_preset_stands_for_the_cells_of_the_space(write_sweep):
    config = load_sweep(write_sweep('cells = "parallel"\nmethod = "grid"'))
    assert config.space == {"model.cell": list(PRESETS["parallel"])}


@pytest.mark.parametrize(
    ("sweep", "space", "message"),
    [
        ('cells = "best"', "", "sweep.cells: unknown 'best'; known are core, small"),
        ('cells = "core"', '"model.cell" = ["gru"]', "the space has model.cell, too"),
        ('baseline = "lstm"', '"model.cell" = ["gru"]', "'lstm' is none of the cells: gru"),
        ("budget = { weights = 9 }", '"model.layers" = [1]', "is for equal = 'weights'"),
        ('budget = { equal = "seconds" }', '"model.layers" = [1]', "needs 'seconds'"),
        ('budget = { equal = "weights", weights = 9 }', '"model.units" = [1]', "are solved for"),
    ],
)
def test_what_does_not_go_together_is_refused(sweep, space, message, write_sweep):
    with pytest.raises(InputError, match=r"sweep\.toml:\d: ") as caught:
        load_sweep(write_sweep(f'method = "grid"\n{sweep}', space))
    assert message in str(caught.value)


def test_finals_without_test_sentences_cannot_be_scored_on_them(write_sweep, tmp_path):
    path = write_sweep('method = "grid"\nfinals = { test = true }', '"model.layers" = [1]')
    base = tmp_path / "base.toml"
    lines = [line for line in base.read_text().splitlines() if not line.startswith("test =")]
    base.write_text("\n".join(lines))
    with pytest.raises(InputError, match="finals.test: the data has no test sentences"):
        load_sweep(path)


def of_weights(config, values):
    """The weights of the tagger that trials with these values train, counted by making it."""
    experiment = vary(config.base, values)
    model = build_tagger(prepare_training(experiment).words, experiment.model)
    return sum(math.prod(v.shape) for v in model.trainable_variables)


@pytest.mark.ci
def test_units_are_solved_for_so_that_weights_are_as_equal_as_can_be(write_sweep):
    some = ["gru", "lstm", "memory_block_lstm"]
    space = f'"model.cell" = {json.dumps(some)}\n"model.layers" = [1, 2]'
    path = write_sweep('method = "grid"\nbudget = { equal = "weights" }', space)
    config = load_sweep(path)
    budget = Budget(config)
    for cell, layers in (("gru", 2), ("memory_block_lstm", 1), ("lstm", 2)):
        wanted = of_weights(config, {"model.cell": "lstm", "model.layers": layers})
        values = budget.completed({"model.cell": cell, "model.layers": layers})
        step = 2 if cell == "memory_block_lstm" else 1
        units = values["model.units"]
        near, *others = (
            abs(of_weights(config, {**values, "model.units": u}) - wanted)
            for u in (units, units - step, units + step)
        )
        assert near <= min(others)
        if cell == "lstm":
            assert (units, near) == (config.base.model.units, 0)
    rows = plan.plan(config, budget).rows
    assert [row.cell for row in rows] == some
    assert all(row.weights == of_weights(config, {"model.cell": row.cell, "model.units": row.units})
               for row in rows)  # fmt: skip


def test_weights_that_no_units_have_are_refused_before_any_trial(write_sweep):
    line = 'method = "grid"\nbudget = { equal = "weights", weights = 9 }'
    config = load_sweep(write_sweep(line, '"model.layers" = [1]'))
    with pytest.raises(InputError, match="with 1 units already, and 9 are wanted"):
        plan.check(config, Budget(config))


def setting(mean, **values):
    return Setting({k.replace("_", "."): v for k, v in values.items()}, [], mean, 0, 9, 1.0, 1.0)


@pytest.mark.parametrize("of", ["sweep", "cell"])
@pytest.mark.parametrize("seeds", ["", '\n"training.seed" = [1, 2, 3]'])
def test_there_are_no_more_finals_than_settings(write_sweep, of, seeds):
    space = '"model.cell" = ["gru", "lstm"]\n"model.layers" = [1, 2]' + seeds
    line = f'method = "grid"\nfinals = {{ of = "{of}", settings = 9, seeds = 5 }}'
    config = load_sweep(write_sweep(line, space))
    assert finals.expected(config) == 4 * 5
    one = load_sweep(write_sweep(line.replace("9", "1"), space))
    assert finals.expected(one) == 2 * 5


def test_the_best_settings_and_that_of_the_baseline_are_in_the_finals(write_sweep):
    space = '"model.cell" = ["gru", "lstm", "ran"]\n"model.layers" = [1, 2]'
    ranked = [
        setting(0.9, model_cell="gru", model_layers=2),
        setting(0.8, model_cell="gru", model_layers=1),
        setting(0.7, model_cell="ran", model_layers=1),
        setting(0.6, model_cell="lstm", model_layers=2),
        setting(0.5, model_cell="lstm", model_layers=1),
    ]

    def chosen(line):
        config = load_sweep(write_sweep(f'method = "grid"\n{line}', space))
        found = finals.choose(config, ranked)
        assert len(found) * config.sweep.finals.seeds <= finals.expected(config)
        return [(s["model.cell"], s["model.layers"]) for s in found]

    assert chosen("finals = { settings = 2 }") == [("gru", 2), ("gru", 1), ("lstm", 2)]
    assert len(chosen("finals = { settings = 9 }")) == 5
    assert chosen("finals = { settings = 4 }") == [
        ("gru", 2), ("gru", 1), ("ran", 1), ("lstm", 2)]  # fmt: skip
    assert chosen('baseline = "ran"\nfinals = { settings = 1 }') == [("gru", 2), ("ran", 1)]
    assert chosen('finals = { of = "cell" }') == [("gru", 2), ("ran", 1), ("lstm", 2)]


def test_the_seeds_of_the_finals_are_none_that_the_search_had(write_sweep):
    for seeds, fresh in (
        ("[1, 1002, 1004]", [1001, 1003, 1005]),
        ("{ min = 1, max = 1500 }", [1501, 1502, 1503]),
    ):
        path = write_sweep('method = "random"\ntrials = 2\nfinals = { seeds = 3 }',
                           f'"training.seed" = {seeds}')  # fmt: skip
        assert finals.seeds(load_sweep(path)) == fresh


def test_the_run_to_use_is_that_with_the_median_score():
    def of(*scores):
        trials = [Trial(str(n), {}, {"dev": dev}, seed=n) for n, dev in enumerate(scores)]
        return median_run(Setting({}, trials, 0, 0, 9, 1.0, 1.0)).dev

    assert of(0.9, 0.1, 0.5) == 0.5
    assert of(0.9, 0.1, 0.5, 0.4) == 0.4
    assert of(0.3) == 0.3


RATES = '"training.learning_rate" = [0.1, 0.2, 0.3]'


def test_finals_are_run_on_fresh_seeds_and_only_they_are_scored_on_test(
    write_sweep, stand_in, tmp_path
):
    line = 'method = "grid"\nfinals = { settings = 2, seeds = 3, test = true }'
    path = write_sweep(line, '"model.cell" = ["gru", "lstm"]\n' + RATES)
    result = run_sweep(load_sweep(path), tmp_path / "out")
    trials = results.read(tmp_path / "out")
    assert [t.phase for t in trials] == ["search"] * 6 + ["final"] * 6
    assert {t.seed for t in trials if t.phase == "search"} == {1}
    assert {t.test is not None for t in trials if t.phase == "search"} == {False}
    last = [t for t in trials if t.phase == "final"]
    assert sorted((t.cell, t.seed) for t in last) == [
        (cell, seed) for cell in ("gru", "lstm") for seed in (1001, 1002, 1003)]  # fmt: skip
    assert all(t.values["training.learning_rate"] == 0.3 for t in last)
    assert all(t.test["total"]["f1"] == t.dev / 2 for t in last)
    first = result.finals[0]
    assert first.mean == pytest.approx(0.30002) and first.test == pytest.approx(0.15001)
    assert result.best.phase == "final" and result.best.seed == 1002  # the median, not the luckiest
    assert all(t.folder.parent.name == FINALS and t.status == "finished" for t in last)

    # The same again trains and scores nothing; `evaluate` says so.
    count = len(stand_in)
    assert run_sweep(load_sweep(path), tmp_path / "out") == result
    assert len(stand_in) == count


def test_a_sweep_is_extended_by_cells_trials_seeds_and_finals_and_trains_nothing_twice(
    write_sweep, stand_in, tmp_path
):
    def count(search, space):
        before = len(stand_in)
        run_sweep(load_sweep(write_sweep(search, space)), tmp_path / "out")
        names = [run.name for run in stand_in if run.parent.name == TRIALS]
        assert len(names) == len(set(names))
        return len(stand_in) - before

    assert count('method = "grid"', '"model.cell" = ["gru"]\n"training.seed" = [1, 2]') == 2
    assert count('method = "grid"', '"model.cell" = ["gru"]\n"training.seed" = [3, 1, 2]') == 1
    space = '"model.cell" = ["lstm", "gru"]\n"training.seed" = [3, 1, 2]'
    assert count('method = "grid"', space) == 3
    assert count('method = "grid"\nfinals = { seeds = 2 }', space) == 4
    assert count('method = "grid"\nfinals = { seeds = 3 }', space) == 2
    for less in (
        '"model.cell" = ["lstm", "gru"]\n"training.seed" = [3, 1]',
        '"model.cell" = ["lstm"]\n"training.seed" = [3, 1, 2]',
        space.replace("3, 1, 2", "1, 2, 3, 4") + "\n" + RATES,
    ):
        with pytest.raises(InputError, match="another sweep"):
            count('method = "grid"', less)


def test_a_random_search_of_more_cells_keeps_its_trials(write_sweep, stand_in, tmp_path):
    rates = '"training.learning_rate" = { min = 0.1, max = 0.9 }'
    for some, trials, new in (('"gru"', 2, 2), ('"gru", "lstm"', 2, 2), ('"gru", "lstm"', 3, 2)):
        before = len(stand_in)
        space = f'"model.cell" = [{some}]\n{rates}'
        path = write_sweep(f'method = "random"\ntrials = {trials}', space)
        run_sweep(load_sweep(path), tmp_path / "out")
        assert len(stand_in) - before == new
    of = {"gru": set(), "lstm": set()}
    for trial in results.read(tmp_path / "out"):
        of[trial.cell].add(trial.values["training.learning_rate"])
    assert of["gru"] == of["lstm"] and len(of["gru"]) == 3


def test_finals_that_the_extended_search_has_overtaken_are_not_in_the_table(
    write_sweep, stand_in, tmp_path
):
    line, out = 'method = "grid"\nfinals = { seeds = 2 }', tmp_path / "o"
    run_sweep(load_sweep(write_sweep(line, '"training.learning_rate" = [0.1, 0.2]')), out)
    result = run_sweep(load_sweep(write_sweep(line, RATES)), out)
    [only] = result.finals
    assert only.values == {"training.learning_rate": 0.3}
    assert json.loads((out / CHOSEN).read_text()) == {"settings": [only.values]}
    assert len(list((out / FINALS).iterdir())) == 4


def test_equal_seconds_are_those_of_each_run(write_sweep, stand_in, tmp_path):
    line = 'method = "grid"\nbudget = { equal = "seconds", seconds = 2.5 }'
    run_sweep(load_sweep(write_sweep(line, RATES)), tmp_path / "out")
    for trial in results.read(tmp_path / "out"):
        config = json.loads((trial.folder / "config.json").read_text())
        assert config["training"]["seconds"] == 2.5


@pytest.mark.parametrize("name", ["TF_CONFIG", "KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP"])
def test_clusters_are_refused_with_what_to_use(name, write_sweep, monkeypatch, tmp_path):
    config = load_sweep(write_sweep('method = "grid"', RATES))
    monkeypatch.setenv(name, "chief")
    with pytest.raises(InputError, match=f"{name} is set and has no meaning here.*--workers"):
        run_sweep(config, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_workers_are_a_number(write_sweep, cli):
    path = write_sweep('method = "grid"', RATES)
    for given in ("0", "-1", "many", "ray"):
        outcome = cli("sweep", path, "--workers", given)
        assert outcome.status == 2 and outcome.err.startswith(f"error: --workers: {given}: ")


@pytest.mark.ci
def test_a_dry_run_checks_and_writes_nothing(write_sweep, cli, tmp_path, contents):
    line = 'method = "grid"\nbudget = { equal = "weights" }\nfinals = { seeds = 2, test = true }'
    path = write_sweep(line, '"model.cell" = ["gru", "lstm"]\n"training.seed" = [1, 2, 3]')
    before = contents(tmp_path)
    outcome = cli("sweep", path, "--dry-run", "--json", "--workers", "2", "--out", tmp_path / "out")
    assert outcome.status == 0 and contents(tmp_path) == before
    said = json.loads(outcome.out)
    assert (said["trials"], said["finals"], said["tested"]) == (6, 4, True)
    gru, lstm = said["rows"]
    assert (gru["cell"], gru["trials"], lstm["cell"], said["baseline"]) == (
        "gru", 3, "lstm", "lstm")  # fmt: skip
    assert lstm["units"] == 8 and abs(gru["weights"] - lstm["weights"]) < lstm["weights"] / 20
    guess = said["estimate"]
    assert guess["cpu_seconds"] > 0 and guess["seconds"] > 0 and guess["memory"] > 2 * 2**28
    assert set(guess["probes"]) == {"gru", "lstm"}
    (tmp_path / "base.toml").write_text("nonsense")
    assert cli("sweep", path, "--dry-run").status == 2
