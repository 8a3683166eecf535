"""Runs that are killed, stopped or moved to other devices go on as if nothing had happened."""

import os

import keras
import numpy as np
import pytest
from run_checks import DROPPED, EVERYTHING, FILES, Killed, Resumed, assert_same, weights

from pipelines.errors import InputError
from pipelines.training import runs
from pipelines.training.trainer import Watcher, train


@pytest.mark.nightly
def test_the_best_epoch_outlives_a_kill_after_it(tmp_path, tiny, dev_scores):
    class KilledAfterThree(Watcher):
        def epoch(self, epoch):
            if epoch.row["epoch"] == 3:
                raise Killed

    experiment = tiny(**{"training.epochs": 4, **DROPPED})
    at_epoch = dev_scores(experiment)(0.2, 0.8, 0.5, 0.6)
    with pytest.raises(Killed):
        train(experiment, tmp_path / "run", KilledAfterThree())
    result = train(experiment, tmp_path / "run")
    assert len(at_epoch) == 4
    assert (result["best_epoch"], result["epochs"]) == (2, 4)
    for saved, best in zip(weights(tmp_path / "run"), at_epoch[1], strict=True):
        np.testing.assert_array_equal(saved, best)


# Each file of a run, killed just before it would be there: (file, how many of it were written).
@pytest.mark.ci
@pytest.mark.parametrize(
    ("file", "times"),
    [pytest.param("config.json", 0, marks=pytest.mark.nightly),
     pytest.param("origin.json", 0, marks=pytest.mark.nightly),
     ("checkpoint.npz", 1), pytest.param("history.tsv", 1, marks=pytest.mark.nightly),
     ("history.tsv", 2),  # the checkpoint of the last epoch is there, its line is not
     pytest.param("model.keras", 0, marks=pytest.mark.nightly),
     pytest.param("scores.json", 0, marks=pytest.mark.nightly)],
)  # fmt: skip
def test_a_run_killed_at_any_file_goes_on_and_ends_as_if_it_had_not_been(
    file, times, uninterrupted, tmp_path, tiny, monkeypatch
):
    experiment, run = tiny(**{"training.epochs": 3, **DROPPED}), tmp_path / "run"
    replace, seen = os.replace, []

    def killed(source, target):
        if os.path.basename(target) == file:
            if len(seen) == times:
                raise Killed
            seen.append(target)
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(runs.os, "replace", killed)
        with pytest.raises(Killed):
            train(experiment, run)
    assert not runs.is_finished(run)

    watcher = Resumed()
    train(experiment, run, watcher)
    assert_same(run, uninterrupted)
    epochs = {"checkpoint.npz": 1, "history.tsv": times + 1, "model.keras": 3, "scores.json": 3}
    assert watcher.first_epoch == epochs.get(file, 0) + 1
    assert {path.name for path in run.iterdir() if not path.name.endswith(".part")} == FILES


@pytest.mark.nightly
def test_a_killed_run_goes_on_as_it_was_with_every_way_to_train(tmp_path, tiny):
    class KilledAfterOne(Watcher):
        def epoch(self, epoch):
            if epoch.row["epoch"] == 1:
                raise Killed

    experiment = tiny(**{"training.epochs": 3, **EVERYTHING})
    with pytest.raises(Killed):
        train(experiment, tmp_path / "run", KilledAfterOne())
    train(experiment, tmp_path / "run")
    train(experiment, tmp_path / "whole")
    assert_same(tmp_path / "run", tmp_path / "whole")


@pytest.mark.ci
@pytest.mark.parametrize(
    "when",
    [
        *(
            pytest.param(one, marks=pytest.mark.nightly)
            for one in ("on_train_begin", "on_epoch_begin")
        ),
        "on_train_batch_begin",
    ],
)
def test_training_can_be_stopped_at_any_moment(when, tmp_path, tiny):
    class Stopping(keras.callbacks.Callback):
        pass

    def stop(self, *args, **logs):
        self.model.stop_training = True

    setattr(Stopping, when, stop)
    experiment = tiny(**{"training.epochs": 3, **DROPPED})
    assert train(experiment, tmp_path / "run", callbacks=[Stopping()])["epochs"] == 1


@pytest.mark.nightly  # in CI runs are killed at each of their files, and sweeps by signals
def test_a_process_killed_by_a_signal_is_resumed_by_the_same_command(
    tmp_path, tiny_toml, tiny, start, cli, killed_in_training
):
    changes = {**DROPPED, "training.epochs": 20, "training.patience": 20}
    overrides = [part for key, value in changes.items() for part in ("--set", f"{key}={value}")]
    command = ["train", tiny_toml, "--out", tmp_path / "killed", *overrides]
    done = killed_in_training(start(*command), tmp_path / "killed")

    outcome = cli(*command)
    assert outcome.status == 0
    [after] = [line for line in outcome.err.splitlines() if line.startswith("resuming after")]
    assert int(after.split()[-1]) >= done >= 3
    train(tiny(**changes), tmp_path / "whole")
    assert_same(tmp_path / "killed", tmp_path / "whole")


@pytest.mark.nightly
def test_a_finished_run_is_never_written_again(trained, tiny, contents, cli, tiny_toml):
    before = contents(trained)
    with pytest.raises(InputError, match="finished run") as caught:
        train(tiny(), trained)
    assert str(trained) in str(caught.value) and "--out" in str(caught.value)
    assert cli("train", tiny_toml, "--out", trained).status == 2
    assert contents(trained) == before


@pytest.mark.ci
def test_a_folder_of_other_things_is_refused_and_left_as_it_is(tmp_path, tiny, contents):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "love.txt").write_text("dear")
    before = contents(tmp_path)
    with pytest.raises(InputError, match="not a run"):
        train(tiny(), tmp_path / "letters")
    assert contents(tmp_path) == before


@pytest.mark.ci
def test_an_unfinished_run_of_another_experiment_is_refused_and_left_as_it_is(
    tmp_path, tiny, contents
):
    runs.start(tmp_path / "run", tiny(), {"data": {}})
    before = contents(tmp_path)
    with pytest.raises(InputError, match="another, unfinished run"):
        train(tiny(**{"model.units": 9}), tmp_path / "run")
    assert contents(tmp_path) == before


@pytest.mark.ci
def test_a_run_is_not_resumed_on_data_that_have_changed(tmp_path, tiny, contents):
    data = tmp_path / "train.conll"
    data.write_text("a\tO\nb\tB-X\n\nc\tO\n\n")
    experiment = tiny(**{"data.train": str(data), "training.epochs": 3})

    class Interrupted(Watcher):
        def epoch(self, epoch):
            raise Killed

    with pytest.raises(Killed):
        train(experiment, tmp_path / "run", Interrupted())
    data.write_text("a\tO\nb\tB-X\n\nd\tO\n\n")
    before = contents(tmp_path / "run")
    with pytest.raises(InputError, match=r"train\.conll"):
        train(experiment, tmp_path / "run")
    assert contents(tmp_path / "run") == before


@pytest.mark.ci
@pytest.mark.parametrize(
    ("damage", "words"),
    [("lacking", "it lacks 'optimizer_2'"),
     *(pytest.param(*one, marks=pytest.mark.nightly)
       for one in [("nan", "in model_1"), ("other", "shape"), ("cut", ""), ("empty", "")])],
)  # fmt: skip
def test_a_checkpoint_that_is_damaged_is_named_and_left(damage, words, tmp_path, tiny, contents):
    class KilledAfterOne(Watcher):
        def epoch(self, epoch):
            raise Killed

    experiment, run = tiny(**{"training.epochs": 3, **DROPPED}), tmp_path / "run"
    with pytest.raises(Killed):
        train(experiment, run, KilledAfterOne())
    path = run / runs.CHECKPOINT
    if damage in ("cut", "empty"):
        path.write_bytes(path.read_bytes()[: 1000 * (damage == "cut")])
    else:
        with np.load(path) as saved:
            arrays = dict(saved)
        if damage == "lacking":
            del arrays["optimizer_2"]
        else:
            nan = arrays["model_1"] * np.nan
            arrays["model_1"] = nan if damage == "nan" else np.zeros((3, 3, 3))
        with path.open("wb") as file:
            np.savez(file, **arrays)
    before = contents(run)
    with pytest.raises(InputError, match=r"checkpoint\.npz: cannot be resumed from") as caught:
        train(experiment, run)
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert contents(run).keys() == before.keys()
    assert contents(run)[runs.CHECKPOINT] == before[runs.CHECKPOINT]
