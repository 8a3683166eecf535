"""Sweeps: every trial is a run, the table is what the runs say, and a kill costs one epoch."""

import json
import shutil
import signal
import time

import pytest
import tensorflow as tf
from stand_ins import GRID, Killed, assert_honest, table, trials_of

from pipelines.config.loading import vary
from pipelines.config.sweep_loading import load_sweep
from pipelines.errors import InputError
from pipelines.serving.taggers import load
from pipelines.sweeping import search, taggers
from pipelines.sweeping.journal import JOURNAL
from pipelines.sweeping.results import SWEEP
from pipelines.sweeping.search import BEST, LEADERBOARD, TRIALS, run_sweep
from pipelines.sweeping.space import expected_trials
from pipelines.training import runs
from pipelines.training.trainer import train

pytestmark = pytest.mark.timeout(300)  # a search that does not end fails soon


@pytest.fixture(scope="module")
def grid(write_sweep):
    """A sweep over two cells and two seeds. Its folder is not to be written to."""
    path = write_sweep(GRID)
    folder = path.parent / "grid"
    return load_sweep(path), folder, run_sweep(load_sweep(path), folder)


@pytest.mark.ci
def test_every_choice_is_tried_with_every_other(grid):
    config, folder, result = grid
    assert_honest(config, folder, result)
    assert sorted(tuple(trial.values.values()) for trial in trials_of(result).values()) == [
        ("gru", 1), ("gru", 2), ("simple_rnn", 1), ("simple_rnn", 2)]  # fmt: skip
    assert expected_trials(config) == 4
    assert result.failed == []


@pytest.mark.ci
def test_a_trial_is_the_run_that_train_makes(grid, tmp_path):
    config, folder, _ = grid
    run = sorted((folder / TRIALS).iterdir())[-1]
    again = train(runs.finished(run), tmp_path / "again")
    scores = json.loads((run / runs.SCORES).read_text())
    assert scores["dev"] == pytest.approx(again["dev"], abs=1e-5)
    assert {path.name for path in run.iterdir()} == {p.name for p in (tmp_path / "again").iterdir()}


@pytest.mark.ci
def test_the_leaderboard_says_what_the_runs_say(grid):
    _, folder, _ = grid
    rows = table(folder)
    assert [row["rank"] for row in rows] == ["1", "2"]
    assert float(rows[0]["dev"]) >= float(rows[1]["dev"])
    assert {row["model.cell"] for row in rows} == {"gru", "simple_rnn"}
    for row in rows:
        members = [folder / TRIALS / name for name in row["trials"].split(",")]
        assert int(row["runs"]) == len(members) == 2
        scores = [json.loads((run / runs.SCORES).read_text()) for run in members]
        assert {runs.finished(run).model.cell for run in members} == {row["model.cell"]}
        assert {runs.finished(run).training.seed for run in members} == {1, 2}
        devs = [score["dev"] for score in scores]
        assert float(row["dev"]) == pytest.approx(sum(devs) / 2, abs=1e-6)
        # The deviation of a sample of two is their distance over the root of two.
        assert float(row["deviation"]) == pytest.approx(abs(devs[0] - devs[1]) / 2**0.5, abs=1e-6)
        assert {int(row["parameters"])} == {score["parameters"] for score in scores}
        speeds = [score["tokens_per_second"] for score in scores]
        assert float(row["tokens_per_second"]) == pytest.approx(sum(speeds) / 2, abs=0.06)


@pytest.mark.nightly
def test_the_best_run_of_the_best_setting_is_exported_and_tags(grid):
    _, folder, _ = grid
    names = table(folder)[0]["trials"].split(",")
    best = max(names, key=lambda name: runs.scores(folder / TRIALS / name)["dev"])
    text = tf.constant(["Peter Lind works for Global Airways in London.", "It rained."])
    exported, run = load(folder / BEST).text(text), load(folder / TRIALS / best).text(text)
    assert exported["tags"].numpy().tolist() == run["tags"].numpy().tolist()
    assert exported["scores"].numpy() == pytest.approx(run["scores"].numpy(), abs=1e-5)
    others = [name for row in table(folder) for name in row["trials"].split(",") if name != best]
    for name in others:
        other = load(folder / TRIALS / name).text(text)
        assert exported["scores"].numpy() != pytest.approx(other["scores"].numpy(), abs=1e-5)


@pytest.mark.ci
def test_the_same_sweep_again_trains_nothing_and_gives_the_same_table(
    grid, tmp_path, contents, stand_in
):
    config, folder, result = grid
    copy = shutil.copytree(folder, tmp_path / "copy")
    before = contents(copy / TRIALS), contents(copy / BEST)
    again = run_sweep(config, copy)
    assert stand_in.trained == []
    assert (contents(copy / TRIALS), contents(copy / BEST)) == before
    assert (copy / LEADERBOARD).read_text() == (folder / LEADERBOARD).read_text()
    assert again == result


@pytest.mark.ci
def test_half_a_line_at_the_end_of_the_journal_costs_nothing(grid, tmp_path, contents, stand_in):
    config, folder, result = grid
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / LEADERBOARD).unlink()
    journal = copy / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-20])
    before = contents(copy / TRIALS)
    assert run_sweep(config, copy) == result
    assert stand_in.trained == []
    assert contents(copy / TRIALS) == before
    assert (copy / LEADERBOARD).read_text() == (folder / LEADERBOARD).read_text()


@pytest.mark.nightly
def test_a_sweep_killed_by_a_signal_goes_on_and_repeats_no_finished_trial(
    grid, write_sweep, start, cli, contents
):
    _, folder, _ = grid
    path = write_sweep(GRID)
    out = path.parent / "out"
    process = start("sweep", path, "--out", out)
    deadline = time.monotonic() + 120
    # In the middle: trials are finished, and another one has an epoch behind it.
    while not (
        len(list(out.glob(f"{TRIALS}/*/{runs.SCORES}"))) >= 1
        and list(out.glob(f"{TRIALS}/*/{runs.CHECKPOINT}"))
    ):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    finished = [run for run in (out / TRIALS).iterdir() if runs.is_finished(run)]
    assert 1 <= len(finished) < 4
    before = {run.name: contents(run) for run in finished}

    outcome = cli("sweep", path, "--out", out)
    assert outcome.status == 0
    assert {name: contents(out / TRIALS / name) for name in before} == before
    for row, whole in zip(table(out), table(folder), strict=True):
        assert float(row["dev"]) == pytest.approx(float(whole["dev"]), abs=1e-5)
        for key in ("rank", "model.cell", "runs", "parameters", "trials"):
            assert row[key] == whole[key]


def test_trials_that_fail_are_listed_with_their_reason_and_the_others_run(
    write_sweep, cli, stand_in, monkeypatch
):
    def train(experiment, run, *args, **of_sweep):
        if experiment.model.units in (5, 7):
            raise ValueError(f"no {experiment.model.units} units\nhere")
        return stand_in.train(experiment, run, *args, **of_sweep)

    monkeypatch.setattr(taggers, "train", train)
    monkeypatch.setattr(search, "can_export", lambda: False)
    path = write_sweep('"model.units" = [5, 4, 7]')
    out = path.parent / "out"
    outcome = cli("sweep", path, "--out", out)
    assert outcome.status == 1
    assert "2 trials failed" in outcome.err.splitlines()[-1]
    done, *failed = table(out)
    assert (done["rank"], done["model.units"], done["failed"]) == ("1", "4", "")
    for row, units in zip(failed, "57", strict=True):
        assert (row["rank"], row["runs"], row["dev"], row["model.units"]) == ("", "0", "", units)
        assert row["failed"] == f"no {units} units here"
        assert f"no {units} units here" in outcome.out.replace("\n", " ")
    # The next time, they are tried again, and the others are not.
    monkeypatch.setattr(taggers, "train", stand_in.train)
    assert cli("sweep", path, "--out", out).status == 0
    assert len(stand_in.trained) == 3 and [row["failed"] for row in table(out)] == [""] * 3


def test_a_value_that_a_cell_does_not_take_is_refused_before_any_trial(write_sweep, cli):
    space = '"model.units" = [5, 4, 7]\n"model.cell" = ["gru", "memory_block_lstm"]'
    path = write_sweep(space + '\n"model.cell_options.use_bias" = [true]')
    outcome = cli("sweep", path, "--out", path.parent / "out")
    assert outcome.status == 2
    where = "error: the space: model.cell = 'memory_block_lstm', model.units = {}, "
    assert [line.partition("model.cell_options")[0] for line in outcome.err.splitlines()] == [
        where.format(5), where.format(7)]  # fmt: skip
    assert "cannot stand in blocks of 2" in outcome.err
    assert not (path.parent / "out").exists()


def test_on_a_backend_that_cannot_export_it_says_how_to(write_sweep, cli, stand_in, monkeypatch):
    monkeypatch.setattr(search, "can_export", lambda: False)
    monkeypatch.setattr(taggers, "export", None)
    path = write_sweep('"model.units" = [4, 6]')
    out = path.parent / "out"
    outcome = cli("sweep", path, "--out", out)
    assert outcome.status == 0 and not (out / BEST).exists()
    best = next(row["trials"] for row in table(out) if row["rank"] == "1")
    expected = f"KERAS_BACKEND=tensorflow lstm-variants export {out / TRIALS / best} {out / BEST}"
    assert outcome.out.splitlines()[-1] == f"best run: {expected}"


def test_an_export_that_was_deleted_is_made_once_more(write_sweep, stand_in, monkeypatch):
    def export(run, directory, version):
        (directory / str(version)).mkdir(parents=True)
        made.append((run.name, version))

    made = []
    monkeypatch.setattr(taggers, "export", export)
    path = write_sweep('"model.units" = [4, 6]')
    out = path.parent / "out"
    for _ in range(2):
        run_sweep(load_sweep(path), out)
    [(best, _)] = made
    shutil.rmtree(out / BEST)
    run_sweep(load_sweep(path), out)
    assert made == [(best, 1)] * 2
    assert json.loads((out / "best.json").read_text())["version"] == 1


def test_what_was_found_is_one_json_object(write_sweep, cli, stand_in):
    path = write_sweep('"model.units" = [4, 6]')
    done = cli("sweep", path, "--out", path.parent / "out", "--json", "--quiet")
    assert (done.status, done.err) == (0, "")
    found = json.loads(done.out)
    assert {setting["values"]["model.units"] for setting in found["settings"]} == {4, 6}
    assert found["best"] == found["settings"][0]["trials"][0]
    assert found["best"]["scores"]["measure"] == "f1"


def test_a_sweep_in_which_every_trial_fails_says_so(write_sweep, cli, monkeypatch):
    monkeypatch.setattr(taggers, "train", None)
    path = write_sweep('"model.units" = [5]')
    outcome = cli("sweep", path, "--out", path.parent / "out")
    assert outcome.status == 1
    assert outcome.err.splitlines()[-1].startswith("error: ")
    assert "no trial succeeded" in outcome.err.splitlines()[-1]
    assert not (path.parent / "out" / BEST).exists()


@pytest.mark.ci
def test_another_sweep_or_other_things_in_the_folder_are_refused_and_left(
    grid, write_sweep, contents, tmp_path, cli
):
    config, folder, _ = grid
    before = contents(folder)
    other = write_sweep('"model.cell" = ["lstm"]')
    with pytest.raises(InputError, match="another sweep"):
        run_sweep(load_sweep(other), folder)
    with pytest.raises(InputError, match="another sweep"):
        run_sweep(config.model_copy(update={"base": vary(config.base, {"model.units": 3})}), folder)
    assert contents(folder) == before

    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "love.txt").write_text("dear")
    before = contents(tmp_path)
    with pytest.raises(InputError, match="not a sweep"):
        run_sweep(config, tmp_path / "letters")
    with pytest.raises(InputError, match="cannot be written"):
        run_sweep(config, tmp_path / "letters" / "love.txt" / "out")
    assert contents(tmp_path) == before


@pytest.mark.parametrize(("fold", "exports"), [(None, 1), (1, 0)])
def test_a_run_of_a_fold_is_not_exported(
    fold, exports, write_sweep, stand_in, monkeypatch, tmp_path
):
    done = []
    monkeypatch.setattr(taggers, "export", lambda *arguments: done.append(arguments))
    space = '"data.fold" = [1, 2]' if fold else '"training.seed" = [1, 2]'
    path = write_sweep('"training.seed" = [1, 2]')
    base = path.parent / "base.toml"
    lines = [line for line in base.read_text().splitlines() if not line.startswith("test =")]
    folds = f"[data]\nfolds = 2\nfold = {fold}" if fold else "[data]"
    base.write_text("\n".join(lines).replace("[data]", folds))
    path.write_text(path.read_text().replace('"training.seed" = [1, 2]', space))
    [setting] = run_sweep(load_sweep(path), tmp_path / "sweep").settings
    assert len(setting.trials) == 2
    assert len(done) == exports


def test_a_sweep_from_before_a_key_existed_goes_on(write_sweep, stand_in, tmp_path):
    config = load_sweep(write_sweep(GRID))
    stand_in.until_killed = 2
    with pytest.raises(Killed):
        run_sweep(config, tmp_path / "sweep")
    for path in tmp_path.glob(f"sweep/**/{runs.CONFIG}"):
        values = json.loads(path.read_text())
        del values["data"]["folds"], values["data"]["fold"]
        path.write_text(json.dumps(values))
    values = json.loads((tmp_path / "sweep" / SWEEP).read_text())
    del values["base"]["data"]["folds"]
    (tmp_path / "sweep" / SWEEP).write_text(json.dumps(values))
    stand_in.until_killed, before = None, stand_in.trained
    run_sweep(config, tmp_path / "sweep")
    assert len(stand_in.trained) == 4 and stand_in.trained[: len(before)] == before


def test_a_trial_whose_score_is_not_finite_has_failed_and_is_no_rank(
    write_sweep, stand_in, tmp_path
):
    config, folder = load_sweep(write_sweep(GRID)), tmp_path / "sweep"
    best = run_sweep(config, folder).best.name
    path = folder / TRIALS / best / runs.SCORES
    path.write_text(json.dumps({**json.loads(path.read_text()), "dev": float("nan")}))
    result = run_sweep(config, folder)
    assert [trial.name for trial in result.failed] == [best] and result.best.name != best
    [row] = [row for row in table(folder) if row["failed"]]
    assert (row["trials"], row["rank"], row["dev"]) == (best, "", "")
    assert f"{path}: damaged: dev: input should be a finite number" in row["failed"]


@pytest.mark.nightly
def test_a_trial_that_diverges_has_failed_and_the_best_of_the_others_is_exported(write_sweep, cli):
    space = '"training.learning_rate" = [0.05, 1e38]'
    path = write_sweep(space, epochs=1)
    out = path.parent / "out"
    outcome = cli("sweep", path, "--out", out)
    assert outcome.status == 1 and "a trial failed" in outcome.err.splitlines()[-1]
    done, failed = table(out)
    assert (done["rank"], done["training.learning_rate"], done["failed"]) == ("1", "0.05", "")
    assert (failed["rank"], failed["dev"]) == ("", "")
    assert "epoch 1, batch 2 of 6" in failed["failed"]
    assert json.loads((out / "best.json").read_text())["trial"] == done["trials"]


def test_a_missing_file_is_said_once_and_before_any_trial(write_sweep, stand_in, tmp_path):
    for space in ('"vectors.files" = [[], ["nowhere.txt"]]', '"data.dev" = ["nowhere.conll"]'):
        path = write_sweep(space)
        with pytest.raises(InputError) as caught:
            run_sweep(load_sweep(path), tmp_path / "sweep")
        name = space.split('"')[-2]
        assert str(caught.value) == f"{path.parent / name}: no such file"
        assert not (tmp_path / "sweep").exists() and stand_in.trained == []
