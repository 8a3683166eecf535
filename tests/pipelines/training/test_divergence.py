"""Values that are not finite end training, and the batch that brought them is named."""

import keras
import numpy as np
import pytest
from run_checks import DROPPED, Resumed, assert_same, history, written

from pipelines.data.reader import read
from pipelines.encoding import vocabulary
from pipelines.encoding.batching import batches
from pipelines.errors import InputError
from pipelines.training import program, runs, trainer
from pipelines.training.trainer import TrainingFailed, train


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
