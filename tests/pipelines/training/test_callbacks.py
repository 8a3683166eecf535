"""A user's callbacks in training, and TensorBoard."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from run_checks import DROPPED, FILES, Killed, assert_same, history, written

from pipelines.errors import InputError
from pipelines.training import runs, trainer
from pipelines.training.trainer import Watcher, train


class Recording(keras.callbacks.Callback):
    """Notes when it is called, of which epoch and batch, and with which logs."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def on_train_begin(self, logs=None):
        self.calls.append(("train begins", self.params["epochs"], self.params["steps"]))

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(("epoch begins", epoch))

    def on_train_batch_begin(self, batch, logs=None):
        self.calls.append(("batch begins", batch))

    def on_train_batch_end(self, batch, logs=None):
        assert logs.keys() == {"loss"}
        self.calls.append(("batch ends", batch))

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(("epoch ends", epoch, logs))

    def on_train_end(self, logs=None):
        self.calls.append(("train ends", logs))


class Meddling(Recording):
    """Changes what a callback may: the rate of epochs and batches, weights, when training ends."""

    def __init__(self, last):
        super().__init__()
        self.last = last

    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.03 / (epoch + 1)

    def on_train_batch_end(self, batch, logs=None):
        if batch == 3:
            self.model.optimizer.learning_rate = self.model.optimizer.learning_rate * 0.5

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        kernel = self.model.trainable_variables[-1]
        kernel.assign(kernel * (0.9 + logs["loss"] / 100))
        self.model.stop_training = epoch == self.last


@pytest.mark.ci
def test_callbacks_are_called_as_fit_over_all_epochs_would_call_them(uninterrupted, tmp_path, tiny):
    callback = Recording()
    changes = {"training.epochs": 3, **DROPPED}
    train(tiny(**changes), tmp_path / "run", callbacks=[callback])
    assert_same(tmp_path / "run", uninterrupted)  # they only look
    rows = history(tmp_path / "run")
    expected = [("train begins", 3, 6)]
    for epoch, row in enumerate(rows):
        expected.append(("epoch begins", epoch))
        expected += [(f"batch {when}", n) for n in range(6) for when in ("begins", "ends")]
        logs = {key: pytest.approx(row[column], rel=1e-5)
                for key, column in (("loss", "loss"), ("val_f1", "dev"))}  # fmt: skip
        expected.append(("epoch ends", epoch, logs))
    assert callback.calls == [*expected, ("train ends", logs)]


@pytest.mark.nightly
def test_what_callbacks_do_to_the_model_outlives_a_kill(tmp_path, tiny, uninterrupted):
    class KilledAfter(Watcher):
        def __init__(self, epoch):
            self.last = epoch

        def epoch(self, epoch):
            if epoch.row["epoch"] == self.last:
                raise Killed

    experiment = tiny(**{"training.epochs": 5, **DROPPED})
    train(experiment, tmp_path / "whole", callbacks=[Meddling(last=2)])
    assert written(tmp_path / "whole")["epochs"] == 3  # the callback stopped it
    assert history(tmp_path / "whole")[0]["loss"] != history(uninterrupted)[0]["loss"]
    for killed_after in (1, 3):  # the last of them when it had been stopped already
        run, callback = tmp_path / str(killed_after), Meddling(last=2)
        with pytest.raises(Killed):
            train(experiment, run, KilledAfter(killed_after), [Meddling(last=2)])
        train(experiment, run, callbacks=[callback])
        assert_same(run, tmp_path / "whole")
        assert [call[1] for call in callback.calls if call[0] == "epoch ends"] == [
            epoch for epoch in range(3) if epoch >= killed_after
        ]


@pytest.mark.ci
@pytest.mark.parametrize(
    ("callback", "words"),
    [
        (keras.callbacks.EarlyStopping(), r"EarlyStopping .* training\.patience"),
        (keras.callbacks.ReduceLROnPlateau(), r"ReduceLROnPlateau .* training\.schedule"),
        (keras.callbacks.SwapEMAWeights(), r"SwapEMAWeights .* training\.average"),
        (keras.callbacks.BackupAndRestore("x"), "BackupAndRestore .* its own checkpoint"),
        (print, "print.* is not a keras.callbacks.Callback"),
    ],
    ids=["EarlyStopping", "ReduceLROnPlateau", "SwapEMAWeights", "BackupAndRestore", "function"],
)
def test_callbacks_that_no_run_could_resume_with_are_refused(callback, words, tmp_path, tiny):
    with pytest.raises(InputError, match=words):
        train(tiny(), tmp_path / "run", callbacks=[callback])
    assert not (tmp_path / "run").exists()


@pytest.mark.nightly
def test_tensorboard_shows_what_the_history_says(tmp_path, tiny, uninterrupted):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import plugin_data_pb2

    run = tmp_path / "run"
    train(tiny(**{"training.epochs": 3, "training.tensorboard": True, **DROPPED}), run)
    assert_same(run, uninterrupted)
    assert {path.name for path in run.iterdir()} == FILES | {runs.TENSORBOARD}
    for folder, tag, column in (("train", "loss", "loss"), ("validation", "f1", "dev")):
        events = EventAccumulator(
            str(run / runs.TENSORBOARD / folder), size_guidance={"tensors": 0}
        ).Reload()
        shown = events.Tensors(f"epoch_{tag}")
        assert [event.step for event in shown] == [0, 1, 2]
        values = [tf.make_ndarray(event.tensor_proto) for event in shown]
        np.testing.assert_allclose(values, [row[column] for row in history(run)], rtol=1e-4)
    events = EventAccumulator(str(run / runs.TENSORBOARD / "hparams")).Reload()
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    session = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
    assert session["training.epochs"].number_value == 3
    assert session["model.cell"].string_value == runs.config(run)["model"]["cell"]


@pytest.mark.ci
def test_tensorboard_that_is_missing_is_named_before_anything_is_written(
    tmp_path, tiny, monkeypatch
):
    monkeypatch.setattr(trainer, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"training\.tensorboard: .*pip install tensorboard"):
        train(tiny(**{"training.tensorboard": True}), tmp_path / "run")
    assert not (tmp_path / "run").exists()
