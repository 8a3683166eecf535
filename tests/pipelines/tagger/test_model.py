"""The model: a sentence gets the scores of its own words, whatever stands beside it."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from cases import few, one_each
from keras_lstm_variants import CELLS, LAYERS, portable
from pipelines.config.schema import Experiment, Model, Training
from pipelines.encoding.batching import batches
from pipelines.encoding.encoder import Encoder
from pipelines.encoding.vocabulary import Vocabulary
from pipelines.errors import InputError
from pipelines.tagger.input_layers import CharacterCNN, CharacterRNN
from pipelines.tagger.model import build_tagger, decoded, load
from pipelines.tagger.prediction import batched, predict
from pipelines.training.program import compile_model

LETTERS = "abcdefghij"
WORDS = [
    *LETTERS,
    *LETTERS.upper(),
    "Ab",
    "bA",
    "a1",
    "7.5",
    "é",
    "漢字",
    "x" * 30,
    "Jab" * 5,
    "?!",
]
TAGS = [f"T{n}" for n in range(5)]
PLAIN = Vocabulary(WORDS[:18], TAGS, None, False, [2] * 18)
FULL = PLAIN._replace(
    characters=[*LETTERS, "A", "J", "é", "."],
    features={"casing": ["lower", "upper", "title"], "shape": ["x", "X", "Xx", "c"]},
)
# Everything that a model may read of a word.
READING = [
    (FULL, {"characters": "cnn"}),
    (FULL, {"characters": "cnn", "character_window": 4, "embedding": 0, "word_dropout": 0.1}),
    (FULL, {"characters": "gru"}),
    (FULL, {"characters": "memory_block_lstm"}),
]
EVERY = [(name, 1) for name in few() if name in LAYERS]  # not those that take the time, too
EVERY += [("peephole_lstm", 2), ("gru", 3)]
SOFTMAX = Model(decoder="softmax")
NO_DROPOUT = {"dropout": 0.0, "recurrent_dropout": 0.0, "word_dropout": 0.0, "unknown": 0.0}
every_model = pytest.mark.parametrize(("cell", "layers"), EVERY)


def readings(by_day):
    """Of these so many by day, and the others at night."""
    marks = [()] * by_day + [pytest.mark.nightly] * (len(READING) - by_day)
    return pytest.mark.parametrize(
        ("vocabulary", "options"),
        [pytest.param(*one, marks=when) for one, when in zip(READING, marks, strict=True)],
        ids=lambda value: str(value) if type(value) is dict else "",
    )


every_reading = readings(3)


def made(rng, cell, layers=1, vocabulary=PLAIN, **options):
    """A model with random weights, far enough from zero for states to matter."""
    sizes = {"units": 6, "cells_per_block": 2, "embedding": 5, "layers": layers}
    sizes |= {"character_embedding": 4, "character_units": 4, "feature_embedding": 3}
    options = {"decoder": "softmax", **options}
    model = build_tagger(vocabulary, Model(**{"cell": cell, **sizes, **options}))
    model.set_weights([rng.normal(size=weight.shape) for weight in model.get_weights()])
    return model


def sentences(rng, lengths):
    return [rng.choice(WORDS, length).tolist() for length in lengths]


def padded(rows, steps=0, vocabulary=PLAIN):
    """The ids of sentences, with "" after their ends."""
    steps = max([steps, *map(len, rows)])
    return Encoder(vocabulary)(tf.constant([[*row, *[""] * (steps - len(row))] for row in rows]))


def examples_of(rows, tags):
    """Sentences and their tags as they are encoded for training."""
    encoder = Encoder(PLAIN)
    ids = [encoder(tf.constant(row))["words"].numpy().tolist() for row in rows]
    return {"words": tf.ragged.constant(ids)}, tf.ragged.constant([list(row) for row in tags])


def scores(model, ids):
    return np.asarray(model(ids, training=False))


def close(actual, expected, atol=1e-5):
    np.testing.assert_allclose(actual, expected, rtol=1e-6 if atol else 0, atol=atol)


def assert_independent(model, rows, vocabulary=PLAIN):
    """Each sentence has the scores that it has alone."""
    together = scores(model, padded([*rows, []], 11, vocabulary))
    shuffled = scores(model, padded(rows[::-1], 0, vocabulary))[::-1]
    for n, row in enumerate(rows):
        alone = scores(model, padded([row], 0, vocabulary))[0]
        close(together[n, : len(row)], alone)
        close(shuffled[n, : len(row)], alone)


@pytest.mark.ci
@every_model
def test_padding_and_neighbours_never_change_the_scores_of_a_sentence(cell, layers, rng):
    assert_independent(made(rng, cell, layers), sentences(rng, [1, 3, 8, 2, 8]))


@pytest.mark.nightly
@every_reading
def test_nor_do_they_whatever_is_read_of_a_word(vocabulary, options, rng):
    model = made(rng, "lstm", vocabulary=vocabulary, **options)
    rows = [*sentences(rng, [1, 3, 8, 2]), ["a"], ["Jab" * 5, "é"], ["7.5"], ["漢字"]]
    assert_independent(model, rows, vocabulary)


@pytest.mark.ci
@pytest.mark.parametrize(("direction", "seen"), [("forward", "before"), ("backward", "after")])
def test_a_tagger_of_one_direction_sees_nothing_of_what_it_has_not_read(direction, seen, rng):
    model = made(rng, "lstm", 2, direction=direction)
    row, middle = list("abcdefgh"), 3
    usual = scores(model, padded([row]))[0]
    changed = scores(model, padded([[*row[:middle], "j", *row[middle + 1 :]]]))[0]
    moved = np.flatnonzero(np.abs(changed - usual).max(axis=-1) > 1e-3).tolist()
    assert moved == {"before": [3, 4, 5, 6, 7], "after": [0, 1, 2, 3]}[seen]
    assert_independent(model, sentences(rng, [1, 3, 8, 2]))


@pytest.mark.ci
def test_no_layer_relies_on_keras_to_hand_on_the_mask(rng, monkeypatch):
    # Keras does so up to version 3.15, in this method.
    monkeypatch.setattr(keras.Layer, "_set_mask_metadata", lambda *_: None, raising=False)
    model = made(rng, "lstm", 2, FULL, characters="gru")
    assert_independent(model, sentences(rng, [1, 3, 8, 2, 8]), FULL)


@every_reading
def test_sentences_without_words_are_computed_too(vocabulary, options, rng):
    model = made(rng, "lstm", vocabulary=vocabulary, **options)
    for rows in ([[""]], [["", ""], ["", ""]]):
        assert np.isfinite(scores(model, padded(rows, 0, vocabulary))).all()


@pytest.mark.nightly
@pytest.mark.parametrize(("cell", "layers"), [one for one in EVERY if one[0] != "memoryless"])
def test_every_score_depends_on_words_before_and_after_it(cell, layers, rng):
    model, rows = made(rng, cell, layers), [rng.choice(WORDS[:18], 5).tolist() for _ in range(8)]
    whole = scores(model, padded(rows))
    assert np.abs(whole[:, :3] - scores(model, padded([row[:3] for row in rows]))).max() > 1e-3
    assert np.abs(whole[:, 3:] - scores(model, padded([row[3:] for row in rows]))).max() > 1e-3


@pytest.mark.ci
@pytest.mark.parametrize(
    ("vocabulary", "options", "one", "other"),
    [
        (FULL, {"characters": "cnn"}, "aa", "bb"),  # all of them unknown words
        (FULL, {"characters": "cnn"}, "abj", "jba"),
        (FULL, {"characters": "gru"}, "abj", "jba"),
        (FULL, {"characters": "cnn"}, "j" * 30 + "a" + "j" * 9, "j" * 40),
        (FULL._replace(characters=[]), {}, "xyz", "Xyz"),
        (FULL._replace(characters=[]), {}, "Xyz", "xYZ"),
    ],
)
def test_words_that_are_unknown_are_told_apart(vocabulary, options, one, other, rng):
    model = made(rng, "lstm", vocabulary=vocabulary, character_units=8, **options)
    of_one, of_other = (scores(model, padded([[w]], 0, vocabulary)) for w in (one, other))
    assert np.abs(of_one - of_other).max() > 1e-4


@pytest.mark.parametrize("characters", ["cnn", "gru"])
def test_a_word_costs_its_own_characters_and_padding_nothing(characters, rng):
    """The layers inside see as many rows as there are characters, or words."""
    model = made(rng, "lstm", vocabulary=FULL, characters=characters)
    layer = model.get_layer(f"character_{'cnn' if characters == 'cnn' else 'rnn'}")
    seen = []
    inner = layer.embedding
    embed = inner.call
    inner.call = lambda ids: seen.append(tuple(ids.shape)) or embed(ids)
    layer(padded([["ab", "abc"], ["a"], []], 9, FULL)["characters"])
    assert seen == [(6, 3) if characters == "cnn" else (3, 3)]


def test_a_filter_is_a_convolution_and_the_largest_value_of_the_word(rng):
    """By the plain rule, with two zeros for the ids around the word."""
    layer = CharacterCNN(characters=7, size=3, filters=5, window=4)
    layer.build((None, None, None))
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    vectors, kernel, bias = layer.get_weights()

    def by_hand(word):
        around = [0, 0, *word, 0]
        windows = [
            np.concatenate([vectors[c] for c in around[n : n + 4]]) for n in range(len(word))
        ]
        return np.maximum(np.max([window @ kernel + bias for window in windows], axis=0), 0)

    long, short = [2, 6, 3, 1, 5], [4, 2]
    found = layer(np.array([[long, [*short, 0, 0, 0]], [[0] * 5, long]]))
    close(found[0], [by_hand(long), by_hand(short)])
    close(found[1], [np.zeros(5), by_hand(long)])


def test_a_cell_reads_the_characters_of_a_word_from_both_ends(rng):
    bidirectional = keras.layers.Bidirectional(LAYERS["gru"](4))
    layer = CharacterRNN(7, 3, bidirectional)
    layer.build((None, None, None))
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    word = np.array([2, 6, 3, 1, 5])
    found = layer(np.array([[[0] * 8, [*word, 0, 0, 0]], [[*word[:2], *[0] * 6], [0] * 8]]))
    vectors = layer.embedding.get_weights()[0]
    close(found[0, 1], bidirectional(vectors[word][None])[0])
    close(found[1, 0], bidirectional(vectors[word[:2]][None])[0])
    close(np.stack([found[0, 0], found[1, 1]]), np.zeros((2, 8)), atol=0)


@pytest.mark.ci
@every_reading
def test_a_model_comes_back_from_its_file(vocabulary, options, rng, tmp_path):
    model = made(rng, "lstm", vocabulary=vocabulary, **options)
    model.save(tmp_path / "model.keras")
    ids = padded(sentences(rng, [3, 5]), 0, vocabulary)
    close(scores(load(tmp_path / "model.keras"), ids), scores(model, ids), atol=1e-6)


@pytest.mark.ci
def test_the_model_has_the_cell_and_the_layers_that_are_asked_for(rng):
    for cell, layers in EVERY:
        found = [
            type(layer.forward_layer.cell)
            for layer in made(rng, cell, layers).layers
            if isinstance(layer, keras.layers.Bidirectional)
        ]
        assert found == [CELLS[cell]] * layers


@pytest.mark.parametrize("cell", one_each())
def test_units_are_the_width_of_each_direction_in_blocks_or_not(cell):
    model = build_tagger(PLAIN, Model(cell=cell, units=12, layers=1, cells_per_block=3, embedding=5,
                                decoder="softmax"))  # fmt: skip
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
    model = build_tagger(PLAIN, Model(cell="lstm_1997", units=4, layers=1, recurrent_dropout=0.25,
                               cell_options=options))  # fmt: skip
    layer = model.get_layer("bidirectional_1")
    for direction in (layer.forward_layer, layer.backward_layer):
        config = direction.cell.get_config()
        assert (config["gradient"], config["use_bias"]) == ("full", "gates")
        assert config["recurrent_dropout"] == 0.25


@pytest.mark.ci
@pytest.mark.parametrize(
    "kind", ["dropout", "recurrent_dropout", "word_dropout", "unknown", "dropout, not variational"]
)
def test_each_dropout_acts_in_training_and_only_then(kind, rng):
    name, _, plain = kind.partition(", ")
    keras.utils.set_random_seed(1)  # by chance no word of a few would be made unknown
    model = made(rng, "lstm", **{**NO_DROPOUT, name: 0.5, "variational": not plain})
    ids = padded([["a", "b", "a", "c", "b", "c"], ["b", "a", "c", "d"]])
    close(scores(model, ids), scores(model, ids), atol=0)
    assert np.abs(np.asarray(model(ids, training=True)) - scores(model, ids)).max() > 1e-2
    without = made(rng, "lstm", **NO_DROPOUT)
    close(without(ids, training=True), scores(without, ids), atol=1e-6)


@pytest.mark.ci
def test_recurrent_dropout_adds_nothing_to_a_step_once_training_is_over():
    def steps(training, **options):
        """The operations in the loops over the words of a sentence."""
        model = build_tagger(
            PLAIN, Model(units=4, layers=1, embedding=5, unknown=0, decoder="softmax", **options)
        )
        call = tf.function(lambda ids: model({"words": ids}, training=training))
        with portable():  # TensorFlow's own loops, whose operations can be seen
            graph = call.get_concrete_function(tf.TensorSpec([None, None], tf.int32)).graph
        loops = [
            sorted(node.op for node in function.node_def)
            for function in graph.as_graph_def().library.function
            if "while_body" in function.signature.name
        ]
        assert len(loops) >= 2
        return sorted(loops)

    dropped, plain = (
        {"dropout": 0.5, "recurrent_dropout": 0.5},
        {"dropout": 0.0, "recurrent_dropout": 0.0},
    )
    assert steps(False, **dropped) == steps(False, **plain)
    assert steps(True, **dropped) != steps(True, **plain)


@pytest.mark.ci
def test_gradients_of_several_batches_make_the_step_of_one_large_batch(rng):
    rows = sentences(rng, [2, 9, 2, 3, 9, 1, 4])
    examples = examples_of(rows, [rng.integers(0, len(TAGS), len(row)) for row in rows])
    lengths = [len(row) for row in rows]
    start = made(rng, "lstm", **NO_DROPOUT).get_weights()

    def trained(batch_size, accumulated):
        model = made(rng, "lstm", **NO_DROPOUT)
        model.set_weights(start)
        # The norm of this gradient is larger: what is clipped is that of the whole.
        settings = Training(clip_norm=0.05, gradient_accumulation_steps=accumulated)
        compile_model(model, Experiment.model_construct(training=settings, model=SOFTMAX))
        made_of = batches(examples, lengths, batch_size, 1, accumulated)
        model.fit(made_of, verbose=0, shuffle=False)
        return model.get_weights()

    large = trained(len(rows), 1)
    assert any(np.abs(w - s).max() > 1e-3 for w, s in zip(large, start, strict=True))
    for found, expected in zip(trained(2, 4), large, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("variational", [True, False])
def test_variational_dropout_drops_the_same_numbers_of_all_words(variational, rng):
    model = made(rng, "lstm", variational=variational, dropout=0.5)
    for name in ("dropout", "dropout_1"):
        kept = np.asarray(model.get_layer(name)(np.ones((4, 50, 12)), training=True)) != 0
        assert (kept == kept[:, :1]).all() == variational
        assert len({row.tobytes() for row in kept[:, 0]}) > 1  # of each sentence its own


def test_word_dropout_drops_whole_words(rng):
    layer = made(rng, "lstm", word_dropout=0.5).get_layer("word_dropout")
    kept = np.asarray(layer(np.ones((4, 50, 12)), training=True)) != 0
    assert (kept == kept[..., :1]).all() and 0.3 < kept.mean() < 0.7


def test_the_rarer_a_word_the_more_often_training_takes_it_for_an_unknown_one(rng):
    counts = [30, 3, 1]
    words = Vocabulary(["a", "b", "c"], TAGS, None, False, counts)
    layer = build_tagger(words, Model(unknown=0.5)).get_layer("unknown")
    ids = np.tile(np.arange(5, dtype="int32"), (5000, 1))
    found = np.asarray(layer(ids, training=True))
    assert (found[:, 0] == 0).all() and ((found == ids) | (found == 1)).all()
    shares = (found == 1).mean(axis=0)
    close(shares[2:], [0.5 / (0.5 + n) for n in counts], atol=0.03)
    assert (np.asarray(layer(ids, training=False)) == ids).all()


@pytest.mark.ci
def test_with_skip_every_layer_reads_the_words_too(rng):
    for skip, width in ((False, 12), (True, 12 + 5)):
        model = made(rng, "lstm", 3, skip=skip)
        for n in (2, 3):
            assert model.get_layer(f"bidirectional_{n}").input[0].shape[-1] == width
    assert_independent(model, sentences(rng, [1, 3, 8, 2]))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cell": "memory_block_lstm", "units": 5}, ["5 units", "blocks of 2", "model.units"]),
        ({"cell": "lstm_1997", "units": 8, "cells_per_block": 3}, ["8 units", "cells_per_block"]),
        ({"characters": "lstm_1997", "character_units": 9}, ["9 units", "character_units"]),
        (
            {"cell": "lstm", "cell_options": {"peephole_initializer": "zeros"}},
            ["cell_options", "peephole_initializer"],
        ),
        ({"cell": "gru", "cell_options": {"activation": "tanhh"}}, ["cell_options", "tanhh"]),
    ],
)
def test_what_a_cell_does_not_take_is_refused_in_one_line(options, words):
    with pytest.raises(InputError) as caught:
        build_tagger(FULL, Model(**options))
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.ci
def test_the_loss_of_an_epoch_is_the_mean_over_its_tokens_however_much_padding(rng):
    model = made(rng, "lstm", dropout=0.0)
    compile_model(model, Experiment.model_construct(training=Training(), model=SOFTMAX))
    rows = sentences(rng, [2, 9, 2, 3, 9, 1])
    tags = [rng.integers(0, len(TAGS), len(row)) for row in rows]
    losses = []
    for row, gold in zip(rows, tags, strict=True):
        raw = scores(model, padded([row]))[0].astype("float64")
        logs = raw - np.log(np.exp(raw).sum(-1, keepdims=True))
        losses += list(-logs[np.arange(len(row)), gold])

    examples = examples_of(rows, tags)
    total, padding = 0.0, 0
    for ids, gold, weights in batches(examples, [len(row) for row in rows], len(rows), seed=1):
        model.reset_metrics()
        loss = float(model.test_on_batch(ids, gold, sample_weight=weights))
        total += loss * int(np.count_nonzero(ids["words"]))
        padding += int(np.sum(ids["words"] == 0))
    assert padding
    assert total / len(losses) == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.ci
@readings(1)
def test_neither_the_batch_size_nor_the_order_of_sentences_changes_a_tag(vocabulary, options, rng):
    model, encoder = made(rng, "gru", vocabulary=vocabulary, **options), Encoder(vocabulary)
    given = sentences(rng, (3, 1, 7, 2, 2, 5, 1, 12))
    expected = [
        [TAGS[tag] for tag in scores(model, padded([row], 0, vocabulary))[0].argmax(-1)]
        for row in given
    ]
    assert len({tag for tags in expected for tag in tags}) > 1
    decoder = decoded(model, vocabulary)
    for size in (1, 3, 64):
        assert predict(decoder, vocabulary, batched(encoder, given, size)) == expected
        backwards = predict(decoder, vocabulary, batched(encoder, given[::-1], size))
        assert backwards == expected[::-1]
