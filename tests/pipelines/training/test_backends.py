"""Training on other backends: the same batches, the same steps; runs that every backend reads."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from cases import BACKEND, of_tensorflow
from pipelines.config.loading import load
from pipelines.data.reader import read
from pipelines.encoding import vocabulary
from pipelines.encoding.batching import Shapes, batches, few_lengths
from pipelines.encoding.encoder import Encoder, few_widths
from pipelines.errors import InputError
from pipelines.tagger.input_layers import CharacterCNN, CharacterRNN
from pipelines.tagger.model import build_tagger
from pipelines.tagger.signatures import in_few_shapes
from pipelines.training import runs
from pipelines.training.optimizers import LazyAdam, _clipped, _global_norm
from pipelines.training.program import compile_model
from pipelines.training.trainer import train


def lengths_and_examples(rng, words=30):
    lengths = rng.integers(1, 20, words).tolist()
    ids = tf.ragged.constant([rng.integers(1, 9, n).tolist() for n in lengths], tf.int32)
    return lengths, ({"words": ids}, ids)


# Shapes.


def test_lengths_are_rounded_up_to_few():
    found = [few_lengths(n) for n in range(1, 1025)]
    assert all(n <= length < 1.5 * max(8, n) for n, length in enumerate(found, 1))
    assert sorted(set(found)) == [8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024]


def test_padding_for_few_shapes_is_zeros_after_what_is_there(rng):
    ids = rng.integers(1, 5, (3, 9, 7)).astype("int32")
    wider = few_widths(tf.constant(ids)).numpy()
    assert wider.shape == (3, 9, 16) and not wider[:, :, 7:].any()
    assert few_widths(tf.constant(ids[:, :, 0])).shape == (3, 9)
    padded = in_few_shapes(wider)
    assert padded.shape == (8, 12, 16)
    np.testing.assert_array_equal(padded[:3, :9, :7], ids)
    assert padded.sum() == ids.sum()


@of_tensorflow
def test_compiled_steps_are_given_the_same_batches(rng):
    lengths, examples = lengths_and_examples(rng)
    ours = list(batches(examples, lengths, 4, seed=3))
    theirs = list(batches(examples, lengths, 4, seed=3, shapes=Shapes()))
    assert len(ours) == len(theirs)
    for (ids, tags, weights), (other_ids, other_tags, other_weights) in zip(
        ours, theirs, strict=True
    ):
        rows, steps = ids["words"].shape
        for one, other in (
            (ids["words"], other_ids["words"]),
            (tags, other_tags),
            (weights, other_weights),
        ):
            np.testing.assert_array_equal(other[:rows, :steps], one)
            assert not np.any(other[rows:]) and not np.any(other[:, steps:])
    shapes = {batch[1].shape for batch in map(tuple, theirs)}
    assert len({rows for rows, _ in shapes}) == 1
    assert {few_lengths(steps) for _, steps in shapes} == {steps for _, steps in shapes}


# Layers and steps.


@of_tensorflow
@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_characters_are_read_alike_with_padding_and_without(kind, rng):
    if kind == "cnn":
        layer = CharacterCNN(9, 4, 5, 3)
    else:
        layer = CharacterRNN(9, 4, keras.layers.Bidirectional(keras.layers.LSTM(3)))
    ids = rng.integers(1, 9, (3, 4, 7)).astype("int32")
    ids *= np.arange(7) < np.arange(12).reshape(3, 4, 1) % 8  # two have no characters
    assert (ids[..., 0] == 0).any() and (ids[..., 0] > 0).any()
    given = [] if kind == "cnn" else [False]
    expected = layer(ids)
    assert not np.any(expected[ids[..., 0] == 0]) and np.any(expected[ids[..., 0] > 0])
    np.testing.assert_allclose(layer.call_densely(ids, *given), expected, atol=1e-6)
    wider = few_widths(tf.constant(ids))
    np.testing.assert_allclose(layer.call_densely(wider, *given), expected, atol=1e-6)


@of_tensorflow
def test_rows_without_a_gradient_are_left_alone_as_those_that_are_not_in_the_batch(rng):
    values = rng.normal(size=(6, 3)).astype("float32")
    sparse, dense = keras.Variable(values), keras.Variable(values)
    optimizers = [LazyAdam(0.1), LazyAdam(0.1)]
    for optimizer, variable in zip(optimizers, (sparse, dense), strict=True):
        optimizer.build([variable])
    for rows in ([0, 2, 2], [2, 5, 4], [1, 0, 0]):
        d = rng.normal(size=(3, 3)).astype("float32")
        whole = np.zeros_like(values)
        np.add.at(whole, rows, d)
        slices = tf.IndexedSlices(tf.constant(d), tf.constant(rows), tf.constant([6, 3]))
        optimizers[0].apply([slices])
        one = optimizers[1]
        step = float(one.iterations) + 1
        rate = 0.1 * np.sqrt(1 - one.beta_2**step) / (1 - one.beta_1**step)
        moments = one._momentums[0], one._velocities[0]
        one.update_rows_that_have_a_gradient(tf.constant(whole), dense, moments, rate)
        one.iterations.assign_add(1)
        np.testing.assert_allclose(sparse, dense, atol=1e-5)
    np.testing.assert_array_equal(ops.convert_to_numpy(dense)[3], values[3])


def test_accumulated_gradients_update_whole_tables(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    table = keras.Variable(np.ones((3, 2), "float32"))
    assert not LazyAdam(0.1).has_rows(table)
    table.has_rows = True
    assert LazyAdam(0.1).has_rows(table)
    assert not LazyAdam(0.1, gradient_accumulation_steps=2).has_rows(table)


def test_gradients_are_clipped_by_their_norm(rng):
    gradients = [rng.normal(size=(4, 2)).astype("float32"), rng.normal(size=5).astype("float32")]
    whole = np.concatenate([g.ravel() for g in gradients])
    norm = _global_norm([ops.convert_to_tensor(g) for g in gradients])
    np.testing.assert_allclose(norm, np.linalg.norm(whole), rtol=1e-6)
    for most, factor in ((1.0, 1 / np.linalg.norm(whole)), (100.0, 1.0)):
        for one, other in zip(_clipped(gradients, norm, most), gradients, strict=True):
            np.testing.assert_allclose(one, other * factor, rtol=1e-5)
    assert np.isnan(_clipped(gradients, ops.convert_to_tensor(np.inf), 1.0)[0]).all()


# Whole runs.

# All sentences in one batch: a shape takes seconds to compile.
CHANGES = {"model.recurrent_dropout": 0.2, "training.epochs": 2, "training.batch_size": 24}


@pytest.mark.ci
@pytest.mark.skipif(BACKEND != "jax", reason="TensorFlow's own steps have their own tests")
def test_a_step_goes_down_the_gradient_of_the_loss(tiny):
    """Without dropout, and with SGD, the change of a weight is minus the rate times its slope."""
    experiment = tiny(**{"training.optimizer": "sgd", "training.clip_norm": 1e6,
                         "training.learning_rate": 0.01, "model.dropout": 0.0,
                         "model.unknown": 0.0})  # fmt: skip
    sentences = read(experiment.data.train).sentences
    words = vocabulary.count((s.tokens for s in sentences), (s.tags for s in sentences), "IOB2",
                             1, False, True, [])  # fmt: skip
    model = build_tagger(words, experiment.model)
    compile_model(model, experiment)
    ids = Encoder(words).arrays(tf.constant([["Angela", "Merkel", "in", "Paris"]]))
    tags, weights = np.zeros((1, 4), int), np.full((1, 4), 0.25, "float32")

    def loss():
        return float(model.compute_loss(None, tags, model(ids, training=True), weights))

    layer = model.get_layer("scores")
    place = layer.bias.value[0]
    before, bias = loss(), ops.convert_to_numpy(layer.bias)
    layer.bias.assign(bias + 1e-2 * (np.arange(len(bias)) == 0))
    slope = (loss() - before) / 1e-2
    layer.bias.assign(bias)
    model.train_on_batch(ids, tags, weights)
    assert float(layer.bias.value[0] - place) == pytest.approx(-0.01 * slope, rel=0.05)
    assert loss() < before


@of_tensorflow
@pytest.mark.nightly
def test_a_run_trained_on_jax_is_scored_tagged_and_exported_here(tmp_path, tiny_toml, cli):
    run, page = tmp_path / "run", tmp_path / "in.txt"
    changes = [word for key, value in CHANGES.items() for word in ("--set", f"{key}={value}")]
    command = [sys.executable, "-c", "from pipelines.cli.main import run; run()"]
    surroundings = {**os.environ, "KERAS_BACKEND": "jax"}

    def on_jax(*arguments, stdin=""):
        return subprocess.run(
            [*command, *map(str, arguments)],
            env=surroundings,
            input=stdin,
            capture_output=True,
            text=True,
        )

    trained = on_jax("train", tiny_toml, "--out", run, *changes)
    assert trained.returncode == 0, trained.stderr
    assert "training on CPU, jax, float32" in trained.stderr
    origin = json.loads((run / runs.ORIGIN).read_text())
    assert origin["backend"] == "jax" and origin["packages"]["jax"]

    text = "Angela Merkel met Emmanuel Macron in Paris .\n\nShe left\n"
    page.write_text(text)
    there = on_jax("tag", run, "-", "--json", stdin=text)
    assert there.returncode == 0, there.stderr
    assert cli("export", run, tmp_path / "export").status == 0
    for folder in (run, tmp_path / "export"):
        here = cli("tag", folder, "-", "--json", stdin=text.encode())
        assert here.status == 0, here.err
        pairs = zip(here.out.splitlines(), there.stdout.splitlines(), strict=True)
        for one, other in ((json.loads(a), json.loads(b)) for a, b in pairs):
            np.testing.assert_allclose(one.pop("scores"), other.pop("scores"), atol=1e-5)
            assert one == other
    refused = on_jax("export", run, tmp_path / "other")
    assert refused.returncode == 2 and "KERAS_BACKEND=tensorflow" in refused.stderr
    assert not (tmp_path / "other").exists()


def test_an_unfinished_run_goes_on_on_its_own_backend_only(tmp_path, tiny_toml):
    run, experiment = tmp_path / "run", load(tiny_toml)
    other = {"tensorflow": "jax"}.get(BACKEND, "tensorflow")
    origin = {"backend": other, "data": {}}
    runs.start(run, experiment, origin)
    assert runs.start(run, experiment, origin)
    with pytest.raises(InputError, match=f"was begun on {other}.*KERAS_BACKEND={other}"):
        runs.start(run, experiment, {**origin, "backend": BACKEND})


def test_other_backends_are_refused_by_their_name(tmp_path, tiny, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    message = "KERAS_BACKEND=torch: taggers run on tensorflow and jax only"
    with pytest.raises(InputError, match=message):
        train(tiny(), tmp_path / "run")
    assert not (tmp_path / "run").exists()
