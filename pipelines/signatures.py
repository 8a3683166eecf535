"""Strings in, tags out, in TensorFlow alone: what a run computes and what its export contains."""

from typing import Any

import keras
import tensorflow as tf

from .model import decoded
from .vocabulary import Vocabulary, lookup, word_ids

TOKENS, TEXT = "serving_default", "text"
# A sign at the end of a word stands alone, and an opening bracket or quote at its beginning; so
# "(in Paris)." is ( in Paris ) . while @user, e-mail and 3.5 stay whole.
OPENING = r"(^|\s)([\p{Ps}\p{Pi}\"'])"
CLOSING = r"([\p{Pe}\p{Pf}\p{Po}])(\s|$)"
NESTED = 4  # signs in a row that are taken apart


class Signatures:
    """The two functions of a tagger, both for any number of sentences of any length.

    `tokens(tokens)` takes sentences of words, a string tensor (batch, steps) in which "" pads.
    `text(text)` takes sentences as they are written, a string tensor (batch,), and splits them at
    white space and before and after punctuation.

    Both return a dict: `tags` (batch, steps), strings, "" for padding; `scores` (batch, steps), the
    probability of each tag, 0 for padding; `lengths` (batch,), the number of words; `text` also
    `tokens` (batch, steps), the words.
    """

    def __init__(
        self, model: keras.Model, vocabulary: Vocabulary, constrained: bool = True
    ) -> None:
        self.model = model
        self.decoder = decoded(model, vocabulary, constrained)
        self.vocabulary = vocabulary
        self.lookup = lookup(vocabulary)
        self.lookup(tf.constant([[""]]))  # a layer can be exported once it has been called

    @property
    def endpoints(self) -> dict[str, tuple[Any, tf.TensorSpec]]:
        """Each function with what it takes, by the name of its signature."""
        return {
            TOKENS: (self.tokens, tf.TensorSpec([None, None], tf.string, "tokens")),
            TEXT: (self.text, tf.TensorSpec([None], tf.string, "text")),
        }

    def tokens(self, tokens: Any) -> dict[str, Any]:
        ids = word_ids(self.vocabulary, self.lookup, tokens)
        real = tf.not_equal(tokens, "")
        # One more step of padding, cut off again: a recurrent layer cannot take zero steps.
        found = self.decoder(tf.pad(ids, [[0, 0], [0, 1]]), training=False)
        names = tf.gather(tf.constant(self.vocabulary.tags), tf.maximum(found["tags"][:, :-1], 0))
        return {
            "tags": tf.where(real, names, ""),
            "scores": tf.where(real, found["scores"][:, :-1], 0.0),
            "lengths": tf.reduce_sum(tf.cast(real, tf.int32), axis=-1),
        }

    def text(self, text: Any) -> dict[str, Any]:
        for _ in range(NESTED):
            text = tf.strings.regex_replace(text, OPENING, r"\1\2 ")
            text = tf.strings.regex_replace(text, CLOSING, r" \1\2")
        tokens = tf.strings.split(text).to_tensor("")
        return {"tokens": tokens, **self.tokens(tokens)}
