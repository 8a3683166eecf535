"""What is read of a word besides the word: its casing, its shape, its characters."""

import numpy as np
import pytest
import tensorflow as tf

from pipelines.encoding.encoder import HEAD, TAIL, Encoder, padded
from pipelines.encoding.vocabulary import Vocabulary, count
from pipelines.text.features import FEATURES, feature_values

# Word: its casing, its shape.
WORDS = {
    "": ("", ""),
    "a": ("lower", "x"),
    "A": ("upper", "X"),
    "USA": ("upper", "X"),
    "U.S.": ("upper", "X.X."),
    "Rome": ("title", "Xx"),
    "#Rome": ("title", "#Xx"),
    "Éa": ("title", "Xx"),
    "iPhone": ("mixed", "xXx"),
    "McDonald's": ("mixed", "XxXx'x"),
    "3.5": ("number", "0.0"),
    "²": ("number", "0"),
    "B52": ("code", "X0"),
    "@user_1": ("code", "@x_0"),
    "привет": ("lower", "x"),
    "ǅ": ("upper", "X"),
    "東京": ("letters", "c"),
    "東京に": ("letters", "ch"),
    "ラーメン": ("letters", "k"),
    "مرحبا": ("letters", "l"),
    "...": ("signs", "..."),
    "\n": ("signs", "\n"),
    "a\nb": ("lower", "x\nx"),
    "\0": ("signs", "\0"),
    "😀": ("signs", "😀"),
}


@pytest.mark.parametrize(("feature", "place"), [("casing", 0), ("shape", 1)])
def test_a_word_has_the_casing_and_the_shape_that_one_would_say(feature, place):
    found = dict(zip(WORDS, feature_values(feature, list(WORDS)), strict=True))
    assert found == {word: values[place] for word, values in WORDS.items()}


@pytest.mark.parametrize("feature", FEATURES)
def test_bytes_that_are_no_text_have_features_too(feature):
    assert FEATURES[feature](tf.constant([b"\xff\xfe"])).shape == (1,)


def test_features_and_characters_are_counted_as_words_are():
    words = count([["Ab", "Cd", "ab", "7"]], [["O"] * 4], "IOB2", 2, False, True, ["shape"])
    assert words.features == {"shape": ["Xx"]}
    assert words.characters == ["b"]
    assert words.words == words.counts == []
    assert count([["a", "a", "A"]], [["O"] * 3], None, 1, True).counts == [3]


def characters_of(*tokens, known="abc"):
    words = Vocabulary(["x"], ["O"], None, False, characters=list(known))
    return Encoder(words)(tf.constant(tokens))["characters"].numpy().tolist()


def test_characters_have_ids_as_words_have():
    assert characters_of("ab", "", "caz", known="abc") == [[2, 3, 0], [0, 0, 0], [4, 2, 1]]
    assert characters_of("日é", "\0é", known="é") == [[1, 2], [1, 2]]
    assert characters_of("", "") == [[0], [0]]


def test_of_a_long_word_the_beginning_and_the_end_are_read():
    for length in (1, HEAD, HEAD + 1, HEAD + TAIL, HEAD + TAIL + 1, 10 * HEAD):
        word = "a" * HEAD + "b" * (length - HEAD - 1) + "c" if length > HEAD else "a" * length
        [found] = characters_of(word)
        read = word if length <= HEAD + TAIL else word[:HEAD] + word[-TAIL:]
        assert found == ["abc".index(character) + 2 for character in read]


@pytest.mark.parametrize("shape", [(0,), (3,), (0, 0), (0, 4), (4, 0), (2, 3)])
def test_tensors_of_any_shape_are_encoded(shape):
    features = {"casing": ["lower"], "shape": ["x"]}
    words = Vocabulary(["x"], ["O"], None, False, [1], ["x"], features, ["y"])
    for name, ids in Encoder(words)(tf.fill(shape, "")).items():
        assert ids.shape == ((*shape, 1) if name == "characters" else shape)
        assert not ids.numpy().any()


def test_a_sentence_is_encoded_alike_alone_and_with_others():
    features = {"casing": ["lower", "title"], "shape": ["x", "Xx"]}
    words = Vocabulary(["in"], ["O"], None, False, [9], list("inRome"), features, ["rome"])
    encoder = Encoder(words)
    alone = encoder(tf.constant([["in", "Rome"]]))
    both = encoder(tf.constant([["in", "Rome", ""], ["far", "farther", "away"]]))
    for name, ids in alone.items():
        ids, others = ids.numpy()[0], both[name].numpy()[0]
        assert np.array_equal(others[:2, :4] if name == "characters" else others[:2], ids)
        assert others[2:].sum() == 0


@pytest.mark.parametrize(
    ("sentences", "sizes", "wanted"),
    [
        ([["a", "bc"], [], ["d"]], (), [[b"a", b"bc"], [b"", b""], [b"d", b""]]),
        ([[b"a"], ["\u00e9"]], (3, 3), [[b"a", b"", b""], [b"\xc3\xa9", b"", b""], [b""] * 3]),
        ([[b"a", b"b"]], (2, 1), [[b"a", b"b"]]),
        ([], (2, 2), [[b"", b""], [b"", b""]]),
    ],
)
def test_sentences_become_rows_of_one_length(sentences, sizes, wanted):
    assert padded(sentences, *sizes).numpy().tolist() == wanted


@pytest.mark.parametrize(
    ("sentences", "sizes", "shape"),
    [([], (), (0, 0)), ([[], []], (), (2, 0)), ([], (3, 0), (0, 3)), ([], (0, 2), (2, 0))],
)
def test_rows_may_be_empty_or_none(sentences, sizes, shape):
    found = padded(sentences, *sizes)
    assert tuple(found.shape) == shape and found.dtype == tf.string
