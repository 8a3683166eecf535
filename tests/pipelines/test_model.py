"""The model: a sentence gets the scores of its own words, whatever stands beside it."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_lstm_variants import CELLS
from pipelines.batches import batches
from pipelines.config import Experiment, Model, Training
from pipelines.errors import InputError
from pipelines.model import decoded, tagger
from pipelines.predict import batched, predict
from pipelines.train import compile_model
from pipelines.vocabulary import Vocabulary

WORDS, TAGS = 20, 5
VOCABULARY = Vocabulary(
    [chr(97 + n) for n in range(WORDS - 2)], [f"T{n}" for n in range(TAGS)], None, False
)
EVERY = [(name, 1) for name in CELLS] + [("peephole_lstm", 2), ("gru", 3)]
every_model = pytest.mark.parametrize(("cell", "layers"), EVERY)


def made(rng, cell, layers=1, **options):
    """A model with random weights, far enough from zero for states to matter."""
    sizes = {"units": 6, "cells_per_block": 2, "embedding": 5, "layers": layers}
    model = tagger(WORDS, TAGS, Model(cell=cell, **sizes, **options))
    model.set_weights([rng.normal(size=weight.shape) for weight in model.get_weights()])
    return model


def sentences(rng, lengths):
    return [rng.integers(1, WORDS, length) for length in lengths]


def padded(rows, steps=0):
    steps = max([steps, *map(len, rows)])
    return np.stack([np.pad(row, (0, steps - len(row))) for row in rows]).astype("int32")


def scores(model, ids):
    return np.asarray(model(ids, training=False))


def close(actual, expected, atol=1e-5):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)


def assert_independent(model, rows):
    """Each sentence has the scores that it has alone."""
    together = scores(model, padded(rows, steps=11))
    shuffled = scores(model, padded(rows[::-1]))[::-1]
    for n, row in enumerate(rows):
        alone = scores(model, row[None])[0]
        close(together[n, : len(row)], alone)
        close(shuffled[n, : len(row)], alone)


@every_model
def test_padding_and_neighbours_never_change_the_scores_of_a_sentence(cell, layers, rng):
    assert_independent(made(rng, cell, layers), sentences(rng, [1, 3, 8, 2, 8]))


def test_no_layer_relies_on_keras_to_hand_on_the_mask(rng, monkeypatch):
    # Keras does so up to version 3.15, in this method.
    monkeypatch.setattr(keras.Layer, "_set_mask_metadata", lambda *_: None, raising=False)
    assert_independent(made(rng, "lstm", 3), sentences(rng, [1, 3, 8, 2, 8]))


@every_model
def test_every_score_depends_on_words_before_and_after_it(cell, layers, rng):
    model, ids = made(rng, cell, layers), rng.integers(1, WORDS, (8, 5))
    whole = scores(model, ids)
    assert np.abs(whole[:, :3] - scores(model, ids[:, :3])).max() > 1e-3
    assert np.abs(whole[:, 3:] - scores(model, ids[:, 3:])).max() > 1e-3


def test_the_model_has_the_cell_and_the_layers_that_are_asked_for(rng):
    for cell, layers in EVERY:
        found = [
            type(layer.forward_layer.cell)
            for layer in made(rng, cell, layers).layers
            if isinstance(layer, keras.layers.Bidirectional)
        ]
        assert found == [CELLS[cell]] * layers


@pytest.mark.parametrize("cell", CELLS)
def test_units_are_the_width_of_each_direction_in_blocks_or_not(cell):
    model = tagger(9, 3, Model(cell=cell, units=12, cells_per_block=3, embedding=5))
    layer = model.get_layer("bidirectional_1").forward_layer
    other_widths = {
        "projected_lstm": 6,
        "projected_peephole_lstm": 6,
        "scrn": 12 + 40,
        "mixed_block_lstm": 12 + 1,
    }
    assert layer.cell.output_size == other_widths.get(cell, 12)
    if "blocks" in inspect.signature(CELLS[cell].__init__).parameters:
        assert (layer.cell.blocks, layer.cell.cells_per_block) == (4, 3)


def test_options_reach_the_cell_in_both_directions():
    options = {"gradient": "full", "use_bias": "gates"}
    model = tagger(9, 3, Model(cell="lstm_1997", units=4, recurrent_dropout=0.25,
                               cell_options=options))  # fmt: skip
    layer = model.get_layer("bidirectional_1")
    for direction in (layer.forward_layer, layer.backward_layer):
        config = direction.cell.get_config()
        assert (config["gradient"], config["use_bias"]) == ("full", "gates")
        assert config["recurrent_dropout"] == 0.25


@pytest.mark.parametrize("kind", ["dropout", "recurrent_dropout"])
def test_each_dropout_acts_in_training_and_only_then(kind, rng):
    options = {"dropout": 0.0, "recurrent_dropout": 0.0, kind: 0.5}
    model, ids = made(rng, "lstm", **options), padded(sentences(rng, [6, 4]))
    close(scores(model, ids), scores(model, ids), atol=0)
    assert np.abs(np.asarray(model(ids, training=True)) - scores(model, ids)).max() > 1e-2
    without = made(rng, "lstm", dropout=0.0)
    close(without(ids, training=True), scores(without, ids), atol=1e-6)


def test_recurrent_dropout_adds_nothing_to_a_step_once_training_is_over():
    def steps(training, **options):
        """The operations in the loops over the words of a sentence."""
        model = tagger(9, 3, Model(cell="lstm", units=4, embedding=5, **options))
        call = tf.function(lambda ids: model(ids, training=training))
        graph = call.get_concrete_function(tf.TensorSpec([None, None], tf.int32)).graph
        loops = [
            sorted(node.op for node in function.node_def)
            for function in graph.as_graph_def().library.function
            if "while_body" in function.signature.name
        ]
        assert len(loops) >= 2
        return sorted(loops)

    dropped, plain = {"dropout": 0.5, "recurrent_dropout": 0.5}, {"dropout": 0.0}
    assert steps(False, **dropped) == steps(False, **plain)
    assert steps(True, **dropped) != steps(True, **plain)


def test_gradients_of_several_batches_make_the_step_of_one_large_batch(rng):
    rows = sentences(rng, [2, 9, 2, 3, 9, 1, 4])
    examples = tuple(
        tf.ragged.constant([list(row) for row in part])
        for part in (rows, [rng.integers(0, TAGS, len(row)) for row in rows])
    )
    lengths = [len(row) for row in rows]
    start = made(rng, "lstm", dropout=0.0).get_weights()

    def trained(batch_size, accumulated):
        model = made(rng, "lstm", dropout=0.0)
        model.set_weights(start)
        # The norm of this gradient is larger: what is clipped is that of the whole.
        settings = Training(clip_norm=0.05, gradient_accumulation_steps=accumulated)
        compile_model(model, Experiment.model_construct(training=settings))
        made_of = batches(examples, lengths, batch_size, 1, accumulated)
        model.fit(made_of, verbose=0, shuffle=False)
        return model.get_weights()

    large = trained(len(rows), 1)
    assert any(np.abs(w - s).max() > 1e-3 for w, s in zip(large, start, strict=True))
    for found, expected in zip(trained(2, 4), large, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cell": "memory_block_lstm", "units": 5}, ["5 units", "blocks of 2", "model.units"]),
        ({"cell": "lstm_1997", "units": 8, "cells_per_block": 3}, ["8 units", "cells_per_block"]),
        (
            {"cell": "lstm", "cell_options": {"peephole_initializer": "zeros"}},
            ["cell_options", "peephole_initializer"],
        ),
        ({"cell": "gru", "cell_options": {"activation": "tanhh"}}, ["cell_options", "tanhh"]),
    ],
)
def test_what_a_cell_does_not_take_is_refused_in_one_line(options, words):
    with pytest.raises(InputError) as caught:
        tagger(9, 3, Model(**options))
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_the_loss_of_an_epoch_is_the_mean_over_its_tokens_however_much_padding(rng):
    model = made(rng, "lstm", dropout=0.0)
    compile_model(model, Experiment.model_construct(training=Training()))
    rows = sentences(rng, [2, 9, 2, 3, 9, 1])
    tags = [rng.integers(0, TAGS, len(row)) for row in rows]
    losses = []
    for row, gold in zip(rows, tags, strict=True):
        raw = scores(model, row[None])[0].astype("float64")
        logs = raw - np.log(np.exp(raw).sum(-1, keepdims=True))
        losses += list(-logs[np.arange(len(row)), gold])

    examples = tuple(tf.ragged.constant([list(row) for row in part]) for part in (rows, tags))
    total, padding = 0.0, 0
    for ids, gold, weights in batches(examples, [len(row) for row in rows], len(rows), seed=1):
        model.reset_metrics()
        loss = float(model.test_on_batch(ids, gold, sample_weight=weights))
        total += loss * int(np.count_nonzero(ids))
        padding += int(np.sum(ids == 0))
    assert padding
    assert total / len(losses) == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.parametrize("cell", ["lstm_1997", "gru"])
def test_neither_the_batch_size_nor_the_order_of_sentences_changes_a_tag(cell, rng):
    model = made(rng, cell)
    words = [*VOCABULARY.words, "unknown"]
    given = [[str(w) for w in rng.choice(words, n)] for n in (3, 1, 7, 2, 2, 5, 1, 12)]
    expected = [
        [VOCABULARY.tags[tag] for tag in row.argmax(-1)]
        for row in (
            scores(
                model, np.array([[words.index(w) + 2 if w != "unknown" else 1 for w in tokens]])
            )[0]
            for tokens in given
        )
    ]
    assert len({tag for tags in expected for tag in tags}) > 1
    decoder = decoded(model, VOCABULARY)
    for size in (1, 3, 64):
        assert predict(decoder, VOCABULARY, batched(VOCABULARY, given, size)) == expected
        backwards = predict(decoder, VOCABULARY, batched(VOCABULARY, given[::-1], size))
        assert backwards == expected[::-1]
