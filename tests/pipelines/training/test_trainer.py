"""Training: a run says everything about itself, survives being killed, and is written once."""

import importlib.metadata
import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from run_checks import DROPPED, FILES, assert_same, history, weights, written

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
from pipelines.training.trainer import Watcher, train


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


@pytest.mark.nightly
def test_the_same_seed_gives_the_same_run_and_another_seed_another(uninterrupted, tmp_path, tiny):
    train(tiny(**{"training.epochs": 3, **DROPPED}), tmp_path / "again")
    assert_same(tmp_path / "again", uninterrupted)
    train(tiny(**{"training.epochs": 1, "training.seed": 2, **DROPPED}), tmp_path / "other")
    assert abs(history(tmp_path / "other")[0]["loss"] - history(uninterrupted)[0]["loss"]) > 1e-3


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


def test_it_does_not_matter_who_distributes_a_package(monkeypatch, tiny):
    """`tensorflow-cpu` has the module, and no metadata of the name; a folder has none at all."""

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(versions, "version", missing)
    found = runs.origin({}, tiny(), None)["packages"]
    assert found["tensorflow"] == tf.__version__
    assert found["keras-lstm-variants"] == keras_lstm_variants.__version__
    assert found.keys() == {*runs.PACKAGES, keras.backend.backend()}


@pytest.mark.nightly
def test_a_run_that_finds_nothing_says_once_what_to_try(tmp_path, tiny_toml, tiny, cli, dev_scores):
    dev_scores(tiny())(0, 0)
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
