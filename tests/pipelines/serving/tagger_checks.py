"""What tests of taggers share: sentences, and how results are looked at."""

import numpy as np
import tensorflow as tf

SENTENCES = [
    ["Peter", "Lind", "works", "for", "Global", "Airways", "in", "London", "."],
    ["Acme", "Corporation", "opened", "an", "office", "in", "Berlin", "."],
    ["It", "rained", "."],
]
TEXT = [" ".join(sentence) for sentence in SENTENCES]


def plain(outputs):
    return {key: value.numpy() for key, value in outputs.items()}


def tokens(*rows):
    return tf.ragged.constant(rows, tf.string, ragged_rank=1).to_tensor("")


def assert_same(one, other):
    one, other = plain(one), plain(other)
    assert one.keys() == other.keys()
    for key in one:
        assert one[key].shape == other[key].shape
        if key == "scores":
            np.testing.assert_allclose(one[key], other[key], rtol=0, atol=1e-5)
        else:
            np.testing.assert_array_equal(one[key], other[key])


def tags_of(tagger, sentence):
    return [tag.decode() for tag in plain(tagger.tokens(tokens(sentence)))["tags"][0]]
