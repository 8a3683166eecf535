"""The tokenizer: text to words with their offsets, in TensorFlow operations only.

The served model contains it, and everything else that tokenizes text calls it. Offsets count code
points, as Python's strings do: `text[start:end]` is the word.

Words are separated by whitespace (Unicode's White_Space). Punctuation at the end of a word is split
off, and so are opening brackets and quotes at its beginning: "(in Paris)." becomes ( in Paris ) .
while @user, e-mail, 3.5, Mr. and U.S. stay whole; Anna's becomes Anna 's. In scripts without
whitespace, each character is a word, if the tagger was trained on such words: see `by_character`.
Combining marks stay with their character.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from . import word_rules
from .characters import ABBREVIATIONS, SINGLE, SPACE, by_character, table
from .word_rules import joined, parts_of_chunks, sentence_starts, touching_stops

__all__ = ["Words", "by_character", "next_marked", "tokenize"]


class Words(NamedTuple):
    """The words of texts.

    Attributes:
        words: Strings, ragged: (texts, sentences, words). Each text has all its sentences, and none
            if it has no word.
        starts: Where each begins in its text, in code points.
        ends: Where each ends: the place after it.
    """

    words: tf.RaggedTensor
    starts: tf.RaggedTensor
    ends: tf.RaggedTensor


def tokenize(texts: Any, single: bool) -> Words:
    """Takes texts apart.

    Args:
        texts: A string tensor (texts,), UTF-8; bytes that are none count as U+FFFD each.
        single: Whether each character of a script without whitespace is a word.
    """
    codes = tf.strings.unicode_decode(texts, "UTF-8", errors="replace")
    chars, rows = codes.flat_values, codes.value_rowids()
    begins, values = _runs()
    kinds = tf.gather(values, tf.searchsorted(begins, chars, side="right") - 1)
    if not single:
        kinds = tf.bitwise.bitwise_and(kinds, ~SINGLE)
    row_starts, row_ends = (tf.gather(x, rows) for x in (codes.row_starts(), codes.row_limits()))
    parts = parts_of_chunks(_arrays, chars, kinds, row_starts, row_ends)

    visible = tf.boolean_mask(chars, tf.bitwise.bitwise_and(kinds, SPACE) == 0)
    spelled = _ragged(visible, parts.ends - parts.starts)
    touching = touching_stops(_arrays, chars, parts, row_starts)
    stops = tf.boolean_mask(tf.range(tf.size(touching, tf.int64)), touching)
    before = tf.strings.unicode_encode(tf.gather(spelled, stops - 1), "UTF-8", errors="replace")
    found = tf.boolean_mask(stops, _is_abbreviation(before))
    marks = tf.scatter_nd(found[:, None], tf.ones_like(found), tf.shape(parts.starts, tf.int64))
    places = joined(_arrays, parts, marks > 0)
    spelled = _ragged(visible, places.ends - places.starts)
    words = tf.strings.unicode_encode(spelled, "UTF-8", errors="replace")

    offsets = tf.gather(row_starts, places.starts)
    breaks = sentence_starts(_arrays, kinds, places, offsets)
    sentences = tf.cumsum(tf.cast(breaks, tf.int64)) - 1
    sentence_rows = tf.gather(rows, tf.boolean_mask(places.starts, breaks))
    texts_count, sentence_count = codes.nrows(), tf.size(sentence_rows, tf.int64)

    def ragged(values: Any) -> Any:
        inner = tf.RaggedTensor.from_value_rowids(values, sentences, sentence_count, validate=False)
        return tf.RaggedTensor.from_value_rowids(inner, sentence_rows, texts_count, validate=False)

    return Words(*map(ragged, (words, places.starts - offsets, places.ends - offsets)))


def _ragged(values: Any, lengths: Any) -> Any:
    """Rows of such lengths; without checks, which would make most of the graph."""
    return tf.RaggedTensor.from_row_lengths(values, lengths, validate=False)


def next_marked(marks: Any, places: Any, count: Any) -> Any:
    """For each place the next that is marked, from itself on; `count` if there is none."""
    return word_rules.next_marked(_arrays, marks, places, count)


def _is_abbreviation(words: Any) -> Any:
    """As `characters.is_abbreviation`, of each."""
    known = tf.reduce_any(tf.equal(words[:, None], tf.constant(ABBREVIATIONS)), -1)
    return known | tf.strings.regex_full_match(words, r"\p{Lu}|(\p{L}\.)+\p{L}")


@lru_cache(maxsize=1)
def _runs() -> tuple[np.ndarray, np.ndarray]:
    """The first code points of runs of characters with the same properties; these properties."""
    bits = table()
    begins = np.flatnonzero(np.diff(bits, prepend=-1))
    return begins.astype(np.int32), bits[begins]


class _Arrays:
    """TensorFlow as the rules need it. Places are of 64 bits."""

    def size(self, array: Any) -> Any:
        return tf.size(array, tf.int64)

    def range(self, count: Any) -> Any:
        return tf.range(count)

    def take(self, array: Any, indices: Any) -> Any:
        return tf.gather(array, indices)

    def select(self, array: Any, marks: Any) -> Any:
        return tf.boolean_mask(array, marks)

    def concat(self, parts: list[Any]) -> Any:
        dtype = next(part.dtype for part in parts if tf.is_tensor(part))
        return tf.concat([tf.cast(part, dtype) for part in parts], 0)

    def running_count(self, marks: Any) -> Any:
        return tf.cumsum(tf.cast(marks, tf.int64))

    def minimum(self, one: Any, other: Any) -> Any:
        return tf.minimum(one, other)

    def maximum(self, one: Any, other: Any) -> Any:
        return tf.maximum(one, other)


_arrays = _Arrays()
