"""Training: a run says everything about itself, survives being killed, and is written once."""

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_lstm_variants
from cases import of_tensorflow
from pipelines import versions
from pipelines.config.loading import load
from pipelines.data.reader import read
from pipelines.encoding import vocabulary
from pipelines.encoding.batching import batches
from pipelines.encoding.encoder import Encoder
from pipelines.errors import InputError
from pipelines.scoring.metrics import scores
from pipelines.tagger.embedding_table import Table
from pipelines.tagger.model import decoded
from pipelines.tagger.model import load as load_model
from pipelines.tagger.prediction import batched, predict
from pipelines.training import program, runs, trainer
from pipelines.training.trainer import COLUMNS, TrainingFailed, Watcher, train

FILES = {"config.json", "vocabulary.json", "origin.json", "history.tsv", "model.keras",
         "scores.json"}  # fmt: skip
# With dropout, a schedule and an average, so that their states have to be restored, too.
DROPPED = {
    "model.cell": "simple_rnn",
    "model.units": 4,
    "model.dropout": 0.3,
    "model.recurrent_dropout": 0.2,
    "model.characters": "none",
    "training.average": 0.9,
    "training.schedule": "inverse",
}


# Everything that leaves a state behind between steps: accumulated gradients, the scale of the loss.
EVERYTHING = {
    **DROPPED,
    "training.precision": "mixed_float16",
    "training.gradient_accumulation_steps": 4,
    "training.steps_per_execution": 3,
}


class Killed(BaseException):
    """As rude as a signal: nobody catches it."""


class Resumed(Watcher):
    """Remembers with which epoch training began."""

    def begin(self, experiment, measure, batches, first_epoch):
        self.first_epoch = first_epoch


def history(run):
    lines = [line.split("\t") for line in (run / runs.HISTORY).read_text().splitlines()]
    assert tuple(lines[0]) == COLUMNS
    return [dict(zip(COLUMNS, map(float, line), strict=True)) for line in lines[1:]]


def weights(run):
    return load_model(run / runs.MODEL).get_weights()


def written(run):
    return json.loads((run / runs.SCORES).read_text())


def assert_same(run, other):
    """Two runs had the same epochs and ended with the same weights."""
    for column in ("epoch", "loss", "dev"):
        np.testing.assert_allclose(
            [row[column] for row in history(run)], [row[column] for row in history(other)],
            rtol=0, atol=1e-5,
        )  # fmt: skip
    for one, another in zip(weights(run), weights(other), strict=True):
        np.testing.assert_allclose(one, another, rtol=0, atol=1e-5)
    assert [written(run)[key] for key in ("dev", "best_epoch", "epochs")] == [
        written(other)[key] for key in ("dev", "best_epoch", "epochs")
    ]


@pytest.fixture
def dev_scores(monkeypatch):
    """Makes the dev score of each epoch what is asked for; gives the weights at each."""
    seen = []

    def be(*wanted):
        def tagged(model, words, sentences):
            seen.append(model.get_weights())
            share = wanted[len(seen) - 1]
            gold = [s.tags for s in read(load_tiny.dev).sentences]
            return gold[: int(share * len(gold))] + [
                ["O"] * len(tags) for tags in gold[int(share * len(gold)) :]
            ]

        monkeypatch.setattr(trainer, "predict", tagged)
        return seen

    def load_tiny(experiment):
        load_tiny.dev = experiment.data.dev
        return be

    return load_tiny


def test_a_run_folder_holds_what_decided_its_result_and_the_result(trained, tiny):
    assert {path.name for path in trained.iterdir()} == FILES
    assert load(trained / runs.CONFIG) == tiny()
    origin = json.loads((trained / runs.ORIGIN).read_text())
    assert origin["packages"]["keras"] == keras.__version__
    for split in ("train", "dev"):
        found, path = origin["data"][split], getattr(tiny().data, split)
        text = Path(path).read_text()
        assert found["file"] == path
        assert found["tokens"] == sum(1 for line in text.split("\n") if line)
        assert found["sentences"] == len(text.strip().split("\n\n"))
        assert found["sha256"] == runs.checksum(read(path).sentences)


@pytest.mark.ci
def test_a_checksum_tells_whether_a_word_a_tag_or_a_border_of_sentences_has_changed(tmp_path):
    def checksum(text):
        (tmp_path / "data").write_text(text)
        return runs.checksum(read(tmp_path / "data").sentences)

    text = "a\tO\nb\tB-X\n\nc\tO\n"
    assert checksum(text) == checksum(text.replace("\n", "\r\n"))
    others = [text.replace("c", "d"), text.replace("X", "Y"), text.replace("\n\n", "\n")]
    assert len({checksum(text), *map(checksum, others)}) == 4


def test_the_scores_of_a_run_are_those_of_its_history(trained, tiny):
    rows, result = history(trained), written(trained)
    assert [row["epoch"] for row in rows] == list(range(1, tiny().training.epochs + 1))
    assert result["epochs"] == len(rows)
    assert result["measure"] == "f1"
    assert result["dev"] == pytest.approx(max(row["dev"] for row in rows), rel=1e-5)
    assert rows[result["best_epoch"] - 1]["dev"] == max(row["dev"] for row in rows)
    assert result["seconds_per_epoch"] == pytest.approx(
        np.median([row["seconds"] for row in rows[1:]]), rel=1e-5
    )


@pytest.mark.ci
def test_the_model_that_is_saved_has_the_score_that_is_written(trained, tiny):
    words = vocabulary.load(trained / runs.VOCABULARY)
    model = load_model(trained / runs.MODEL)
    dev = read(tiny().data.dev).sentences
    tokens = [s.tokens for s in dev]
    found = predict(decoded(model, words), words, batched(Encoder(words), tokens, 3))
    score = scores([s.tags for s in dev], found, "IOB2")
    assert score.f1 == pytest.approx(written(trained)["dev"], abs=1e-12)
    assert 0.1 < score.f1 < 1
    assert model.count_params() == written(trained)["parameters"]


def test_training_learns(trained):
    rows = history(trained)
    assert rows[-1]["loss"] < rows[0]["loss"] / 2


@pytest.mark.ci
def test_the_weights_of_the_best_epoch_are_saved_and_not_the_last(tmp_path, tiny, dev_scores):
    experiment = tiny(**{"training.epochs": 4})
    at_epoch = dev_scores(experiment)(0.2, 0.8, 0.5, 0.7)
    result = train(experiment, tmp_path / "run")
    assert len(at_epoch) == 4
    assert result["best_epoch"] == 2
    assert result["dev"] == pytest.approx(history(tmp_path / "run")[1]["dev"], rel=1e-5)
    for saved, best, last in zip(weights(tmp_path / "run"), at_epoch[1], at_epoch[3], strict=True):
        np.testing.assert_array_equal(saved, best)
        assert np.abs(saved - last).max() > 1e-4


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


@pytest.mark.ci
def test_every_epoch_reads_all_sentences_in_an_order_of_its_own(tmp_path, tiny, monkeypatch):
    orders = []

    def recorded(*args):
        made = batches(*args)
        orders.append(
            [row.tolist() for ids, *_ in made.as_numpy_iterator() for row in ids["words"]]
        )
        return made

    monkeypatch.setattr(program, "batches", recorded)
    train(tiny(**{"training.epochs": 3, **DROPPED}), tmp_path / "run")
    sets = [sorted([i for i in row if i] for row in order) for order in orders]
    assert sets[0] == sets[1] == sets[2] and len(sets[0]) == 24
    assert orders[0] != orders[1] != orders[2] != orders[0]


@pytest.mark.ci
def test_training_stops_when_patience_ends(tmp_path, tiny, dev_scores):
    experiment = tiny(**{"training.epochs": 9, "training.patience": 2})
    at_epoch = dev_scores(experiment)(0.2, 0.4, 0.4, 0.3, 0.9, 0.9, 0.9, 0.9, 0.9)
    result = train(experiment, tmp_path / "run")
    # An epoch that is equal is kept, as the later one, but is no better: patience goes on.
    assert (result["epochs"], result["best_epoch"]) == (4, 3)
    for saved, best in zip(weights(tmp_path / "run"), at_epoch[2], strict=True):
        np.testing.assert_array_equal(saved, best)


def test_of_epochs_with_equal_scores_the_more_accurate_is_kept_and_then_the_later():
    def kept(*rows):
        history = [
            {"epoch": n, "dev": dev, "accuracy": accuracy}
            for n, (dev, accuracy) in enumerate(rows, 1)
        ]
        return trainer.kept(history)["epoch"]

    assert kept((0, 0.1), (0, 0.5), (0, 0.4)) == 2
    assert kept((0, 0.1), (0, 0.1), (0, 0.1)) == 3
    assert kept((0.3, 0.9), (0.3, 0.8), (0.2, 1)) == 1
    assert kept((0, 0.9), (0.1, 0.2), (0, 0.9)) == 2


@pytest.mark.nightly
def test_epochs_before_anything_is_found_try_no_patience(tmp_path, tiny, dev_scores):
    experiment = tiny(**{"training.epochs": 9, "training.patience": 2})
    dev_scores(experiment)(0, 0, 0, 0, 0.4, 0.4, 0, 0.9, 0.9)
    result = train(experiment, tmp_path / "run")
    assert (result["epochs"], result["best_epoch"]) == (7, 6)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, tiny):
    """A run of three epochs that nothing disturbed."""
    run = tmp_path_factory.mktemp("uninterrupted") / "run"
    train(tiny(**{"training.epochs": 3, **DROPPED}), run)
    return run


@pytest.mark.nightly
def test_the_same_seed_gives_the_same_run_and_another_seed_another(uninterrupted, tmp_path, tiny):
    train(tiny(**{"training.epochs": 3, **DROPPED}), tmp_path / "again")
    assert_same(tmp_path / "again", uninterrupted)
    train(tiny(**{"training.epochs": 1, "training.seed": 2, **DROPPED}), tmp_path / "other")
    assert abs(history(tmp_path / "other")[0]["loss"] - history(uninterrupted)[0]["loss"]) > 1e-3


# Each file of a run, killed just before it would be there: (file, how many of it were written).
@pytest.mark.ci
@pytest.mark.parametrize(
    ("file", "times"),
    [pytest.param("config.json", 0, marks=pytest.mark.nightly),
     pytest.param("origin.json", 0, marks=pytest.mark.nightly),
     ("checkpoint.npz", 1), pytest.param("history.tsv", 1, marks=pytest.mark.nightly),
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
    epochs = {"checkpoint.npz": 1, "history.tsv": 2, "model.keras": 3, "scores.json": 3}
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


@pytest.mark.nightly
def test_a_tagger_trained_in_mixed_precision_is_saved_in_float32(tmp_path, tiny):
    losses = {}
    # Dropout's masks are drawn in the precision of the layer, so they would differ.
    undropped = {"model.dropout": 0.0, "model.recurrent_dropout": 0.0, "training.average": 0.0}
    for precision in ("float32", "mixed_bfloat16", "mixed_float16"):
        run = tmp_path / precision
        changes = {"training.precision": precision, "training.epochs": 3}
        train(tiny(**DROPPED | changes | undropped), run)
        assert keras.config.dtype_policy().name == "float32"
        model = keras.models.load_model(run / runs.MODEL, compile=False)
        assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
        losses[precision] = [row["loss"] for row in history(run)]
    for precision in ("mixed_bfloat16", "mixed_float16"):
        np.testing.assert_allclose(losses[precision], losses["float32"], rtol=0.01)
        assert losses[precision] != losses["float32"]  # it was computed in another precision


@pytest.mark.nightly
def test_several_steps_in_one_execution_are_the_same_steps(uninterrupted, tmp_path, tiny):
    class Counting(Watcher):
        steps: list[int] = []

        def begin(self, experiment, measure, batches, first_epoch):
            self.batches = batches

        def step(self, epoch, batch):
            self.steps.append(batch)

    changes = {"training.epochs": 3, "training.steps_per_execution": 4, **DROPPED}
    train(tiny(**changes), tmp_path / "run", watcher := Counting())
    assert_same(tmp_path / "run", uninterrupted)
    assert watcher.steps == [4, watcher.batches] * 3


@of_tensorflow
@pytest.mark.ci
def test_no_epoch_after_the_first_traces_anything(tmp_path, tiny, monkeypatch):
    traced, after = [], []
    call = Table.call

    class Noting(Watcher):
        def epoch(self, epoch):
            after.append(len(traced))

    monkeypatch.setattr(Table, "call", lambda layer, ids: (traced.append(ids), call(layer, ids))[1])
    train(tiny(**{"training.epochs": 3, **DROPPED}), tmp_path / "run", Noting())
    assert 0 < after[0] == after[1] == after[2] < 8


@pytest.mark.ci
def test_batches_can_be_no_more_to_a_step_than_there_are_sentences(tmp_path, tiny):
    with pytest.raises(InputError, match=r"training\.gradient_accumulation_steps"):
        train(tiny(**{"training.gradient_accumulation_steps": 25}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.ci
def test_devices_that_are_not_there_are_refused(tmp_path, tiny):
    message = (
        r"training\.devices: 99 (are wanted; \d+ .PU found|devices .* TensorFlow backend only)"
    )
    with pytest.raises(InputError, match=message):
        train(tiny(**{"training.devices": 99}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


ON_TWO_DEVICES = """
import sys
import tensorflow as tf
[cpu] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from pathlib import Path
from pipelines.config.loading import load
from pipelines.training.trainer import Watcher, train

class Killed(Watcher):
    def epoch(self, epoch):
        if epoch.row["epoch"] == 1:
            raise KeyboardInterrupt

folder = Path(sys.argv[2])
one, two = (load(sys.argv[1], [*sys.argv[3:], f"training.devices={n}"]) for n in (1, 2))
train(one, folder / "one")
train(two, folder / "two")
try:
    train(two, folder / "killed", Killed())
except KeyboardInterrupt:
    train(two, folder / "killed")
"""


DIVERGING_ON_TWO_DEVICES = (
    ON_TWO_DEVICES.partition("class Killed")[0]
    + """
train(load(sys.argv[1], [*sys.argv[3:], "training.devices=2"]), Path(sys.argv[2]))
"""
)


@of_tensorflow
@pytest.mark.nightly
def test_on_two_devices_too_the_batch_that_is_not_finite_is_named(tmp_path, tiny_toml):
    changes = ["training.learning_rate=1e38", "model.characters=none", "model.decoder=crf"]
    command = [sys.executable, "-c", DIVERGING_ON_TWO_DEVICES, tiny_toml, tmp_path / "run"]
    done = subprocess.run([*map(str, command), *changes], capture_output=True, text=True)
    assert done.returncode == 1
    assert "TrainingFailed" in done.stderr and "epoch 1, batch 2 of 6: " in done.stderr


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


def test_it_does_not_matter_who_distributes_a_package(monkeypatch, tiny):
    """`tensorflow-cpu` has the module, and no metadata of the name; a folder has none at all."""

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(versions, "version", missing)
    found = runs.origin({}, tiny(), None)["packages"]
    assert found["tensorflow"] == tf.__version__
    assert found["keras-lstm-variants"] == keras_lstm_variants.__version__
    assert found.keys() == set(runs.PACKAGES)


@pytest.mark.nightly
@pytest.mark.parametrize("decoder", [pytest.param("softmax", marks=pytest.mark.nightly), "crf"])
def test_two_devices_end_with_the_weights_of_one_even_after_a_kill(decoder, tmp_path, tiny_toml):
    # Odd batches, which two devices cannot share equally, and gradients that have to be clipped.
    changes = ["training.epochs=2", "training.batch_size=5", "training.clip_norm=0.05",
               "model.dropout=0.0", "model.unknown=0.0", "model.units=4",
              "training.average=0.9", "training.learning_rate=0.01", "model.characters=none",
              f"model.decoder={decoder}"]  # fmt: skip
    command = [sys.executable, "-c", ON_TWO_DEVICES, str(tiny_toml), str(tmp_path), *changes]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for other in ("two", "killed"):
        for found, expected in zip(
            weights(tmp_path / other), weights(tmp_path / "one"), strict=True
        ):
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.ci
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


class Breaking(keras.callbacks.Callback):
    """Puts NaN into weights when a batch begins, or when an epoch ends; both counted from 0."""

    def __init__(self, epoch, batch=None):
        super().__init__()
        self.epoch, self.batch = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self.now, batch) == (self.epoch, self.batch):
            self.break_weights()

    def on_epoch_end(self, epoch, logs=None):
        if (epoch, None) == (self.epoch, self.batch):
            self.break_weights()

    def break_weights(self):
        weight = self.model.trainable_variables[-1]
        weight.assign(weight.numpy() * np.nan)


def is_finite(checkpoint):
    with np.load(checkpoint) as saved:
        arrays = {key: saved[key] for key in saved if key != "history"}
    return all(np.isfinite(array).all() for array in arrays.values()) and len(arrays) > 5


@pytest.mark.ci
@pytest.mark.parametrize(
    "changes",
    [
        {"model.decoder": "crf", "training.average": 0.9},
        *(
            pytest.param(changes, marks=pytest.mark.nightly)
            for changes in (
                {},
                {"training.precision": "mixed_float16"},
                {"training.precision": "mixed_bfloat16"},
                {"training.gradient_accumulation_steps": 2},
                {"training.optimizer": "sgd"},
                {"training.label_smoothing": 0.1},
            )
        ),
    ],
    ids=str,
)
def test_training_stops_at_the_batch_that_is_not_finite_names_it_and_keeps_the_last_checkpoint(
    changes, tmp_path, tiny, monkeypatch
):
    seen = []

    def recorded(*args):
        made = batches(*args)
        seen.append([ids["words"] for ids, *_ in made.as_numpy_iterator()])
        return made

    monkeypatch.setattr(program, "batches", recorded)
    experiment = tiny(**{**DROPPED, "training.epochs": 3, "training.average": 0.0, **changes})
    with pytest.raises(TrainingFailed) as caught:
        train(experiment, tmp_path / "run", callbacks=[Breaking(epoch=1, batch=3)])
    message = str(caught.value)
    assert "\n" not in message and "epoch 2, batch 4 of 6: the loss is nan" in message
    assert "lower training.learning_rate (now 0.05)" in message
    words = ["", "<unknown>", *vocabulary.load(tmp_path / "run" / runs.VOCABULARY).words]
    train_sentences = read(experiment.data.train).sentences
    expected = []
    for row in seen[1][3][:3]:  # the first three sentences of the batch
        tokens = [words[n] for n in row if n]
        expected.append(next(s.where for s in train_sentences if s.tokens == tokens))
    assert f"(sentences {', '.join(expected)} and 1 more)" in message

    assert is_finite(tmp_path / "run" / runs.CHECKPOINT)
    assert len(history(tmp_path / "run")) == 1
    resumed = Resumed()
    train(experiment, tmp_path / "run", resumed)  # without what broke it
    assert resumed.first_epoch == 2
    assert written(tmp_path / "run")["epochs"] == 3


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")  # of NumPy, within JAX
@pytest.mark.parametrize(
    "changes",
    [
        {"training.steps_per_execution": 4, "model.decoder": "crf"},
        *(
            pytest.param(changes, marks=pytest.mark.nightly)
            for changes in (
                {},
                {"training.optimizer": "sgd", "training.learning_rate": 1e300},
                {"training.average": 0.9},
            )
        ),
    ],
    ids=str,
)
def test_a_learning_rate_that_overflows_is_blamed_at_the_second_batch(
    changes, tmp_path, cli, tiny_toml
):
    options = {"training.learning_rate": 1e38, **changes}
    overrides = [part for key, value in options.items() for part in ("--set", f"{key}={value}")]
    outcome = cli("train", tiny_toml, "--out", tmp_path / "run", *overrides)
    assert outcome.status == 1
    line = outcome.err.splitlines()[-1]
    assert line.startswith(f"error: {tmp_path / 'run'}: epoch 1, batch 2 of 6: ")
    assert "not finite" in line or "the loss is nan" in line
    assert f"lower training.learning_rate (now {options['training.learning_rate']:g})" in line
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "config.json", "origin.json", "vocabulary.json"}  # fmt: skip


@pytest.mark.nightly
def test_before_the_first_update_the_learning_rate_is_not_blamed(tmp_path, tiny):
    with pytest.raises(TrainingFailed, match="epoch 1, batch 1 of 6") as caught:
        train(tiny(**DROPPED), tmp_path / "run", callbacks=[Breaking(epoch=0, batch=0)])
    assert "it is not the learning rate" in str(caught.value)
    assert "lower training.learning_rate" not in str(caught.value)


@pytest.mark.nightly
def test_no_checkpoint_is_written_that_is_not_finite_and_the_last_one_is_resumed_from(
    uninterrupted, tmp_path, tiny
):
    experiment, run = tiny(**{"training.epochs": 3, **DROPPED}), tmp_path / "run"
    with pytest.raises(TrainingFailed, match=r"checkpoint\.npz: not written after epoch 2: model_"):
        train(experiment, run, callbacks=[Breaking(epoch=1)])
    assert is_finite(run / runs.CHECKPOINT)
    train(experiment, run, resumed := Resumed())
    assert resumed.first_epoch == 2
    assert_same(run, uninterrupted)


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


class Scaled(keras.callbacks.Callback):
    """Begins with this scale of the loss."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def on_train_begin(self, logs=None):
        self.model.optimizer.dynamic_scale.assign(self.scale)

    def on_train_end(self, logs=None):
        self.last = float(self.model.optimizer.dynamic_scale.numpy())


@pytest.mark.nightly
def test_overflow_in_float16_however_small_the_loss_is_scaled_ends_training(tmp_path, tiny):
    experiment = tiny(**{**DROPPED, "training.precision": "mixed_float16"})
    with pytest.raises(TrainingFailed, match="epoch 1, batch 1 of 6: float16 overflows") as caught:
        train(experiment, tmp_path / "run", callbacks=[Scaled(2.0**-30)])
    assert "mixed_bfloat16" in str(caught.value)


@pytest.mark.nightly
def test_overflow_in_float16_at_first_skips_steps_and_training_goes_on(tmp_path, tiny):
    changes = {**DROPPED, "training.precision": "mixed_float16", "training.epochs": 3}
    result = train(tiny(**changes), tmp_path / "run", callbacks=[scaled := Scaled(2.0**24)])
    assert scaled.last < 2.0**24 and result["epochs"] == 3


@pytest.mark.ci
def test_vectors_that_are_not_finite_are_refused_before_anything_is_written(
    tmp_path, tiny, monkeypatch
):
    """Reading refuses them, too; they might come by another way."""
    rows = np.ones((2, 3), "float32")
    rows[1, 2] = np.inf
    table = trainer.WordVectors(["Oslo", "London"], rows)
    monkeypatch.setattr(trainer.vectors, "table", lambda *_: table)
    with pytest.raises(
        InputError, match=r"NaN or infinity in .*before training: see vectors\.files"
    ):
        train(tiny(**DROPPED), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.ci
def test_a_run_that_finds_nothing_says_once_what_to_try(tmp_path, tiny_toml, cli):
    options = ["--set", "training.learning_rate=1e-9", "--set", "training.epochs=2"]
    outcome = cli("train", tiny_toml, "--out", tmp_path / "run", *options)
    assert outcome.status == 0
    [hint] = [line for line in outcome.err.splitlines() if line.startswith("hint: ")]
    entities = sum(tag.startswith("B-") for s in read(
        load(tiny_toml).data.train).sentences for tag in s.tags)  # fmt: skip
    for words in (f"had {entities} entities in 24 sentences", "training.epochs (now 2)",
                  "training.learning_rate (now 1e-09)", "data check"):  # fmt: skip
        assert words in hint
    assert "hint" not in outcome.out


def test_a_run_that_finds_something_gives_no_hint(training):
    assert training.status == 0 and "hint" not in training.err


@pytest.mark.nightly
def test_a_dev_set_without_entities_is_what_the_hint_is_about(tiny, tmp_path):
    class Hinted(Watcher):
        def hint(self, line):
            self.line = line

    (tmp_path / "train").write_text("a\tO\nb\tB-X\n\n" * 8)
    (tmp_path / "dev").write_text("a\tO\n\nc\tO\n\n")
    files = {f"data.{split}": str(tmp_path / split) for split in ("train", "dev")}
    train(tiny(**files, **{**DROPPED, "training.epochs": 1}), tmp_path / "run", hinted := Hinted())
    assert "dev has no entity" in hinted.line and "epochs" not in hinted.line


@pytest.mark.ci
def test_bad_data_leave_nothing_behind(tmp_path, tiny):
    data = tmp_path / "train.conll"
    data.write_text("a\tO\nb\tB-X\n\n" * 5 + "c\n")
    with pytest.raises(InputError, match=rf"{data}:16: "):
        train(tiny(**{"data.train": str(data)}), tmp_path / "run")
    assert list(tmp_path.iterdir()) == [data]


@pytest.mark.ci
def test_what_a_cell_does_not_take_leaves_nothing_behind(tmp_path, tiny):
    with pytest.raises(InputError, match="blocks of 2"):
        train(tiny(**{"model.cell": "lstm_1997", "model.units": 3}), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.nightly
def test_tags_that_only_dev_has_count_as_missed(tmp_path, tiny):
    (tmp_path / "train").write_text("a\tO\nb\tB-X\nb\tB-X\n\n" * 8)
    (tmp_path / "dev").write_text("b\tB-X\n\na\tB-Y\n\n")
    files = {f"data.{split}": str(tmp_path / split) for split in ("train", "dev")}
    result = train(
        tiny(**files, **{"model.cell": "simple_rnn", "training.epochs": 6}), tmp_path / "run"
    )
    assert result["dev"] == pytest.approx(2 / 3)  # B-X found, B-Y not: precision 1, recall 1/2


@pytest.mark.nightly
def test_entities_without_a_type_are_learned(tmp_path, tiny):
    (tmp_path / "train").write_text("a\tO\nb\tB\nc\tI\n\n" * 8)
    files = {f"data.{split}": str(tmp_path / "train") for split in ("train", "dev")}
    result = train(
        tiny(**files, **{"model.cell": "simple_rnn", "training.epochs": 12}), tmp_path / "run"
    )
    assert result["dev"] == 1


@pytest.mark.nightly
def test_parts_of_speech_are_measured_by_accuracy(tmp_path, tiny):
    (tmp_path / "train").write_text("the\tDET\ndog\tNOUN\nruns\tVERB\n\n" * 8)
    (tmp_path / "dev").write_text("the\tDET\ndog\tNOUN\nruns\tNOUN\nruns\tVERB\n\n")
    files = {f"data.{split}": str(tmp_path / split) for split in ("train", "dev")}
    files["data.test"] = None
    result = train(
        tiny(**files, **{"model.cell": "simple_rnn", "training.epochs": 12}), tmp_path / "run"
    )
    assert (result["measure"], result["dev"]) == ("accuracy", 0.75)
