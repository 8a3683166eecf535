"""Strings to numbers, in TensorFlow alone: the one place, in training, tagging and the export."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ..text.features import FEATURES
from .vocabulary import UNKNOWN, Vocabulary

# Of a longer word its beginning and its end are read: a link would make a whole batch as wide.
HEAD, TAIL = 40, 24
WIDTH = 16  # there are four widths


class Encoder:
    """Turns words into the ids that a tagger reads, by the vocabulary of its run.

    `encoder(tokens)` takes a string tensor of any shape, in which "" pads, and returns a dict of
    integer tensors; which of them are there depends on the vocabulary. In all of them 0 pads and 1
    is anything unknown.

    - `words`: the ids of the words, of the shape of the tokens.
    - `vectors`: the rows of the words in the table of word vectors, likewise. A word that has no
      row as it is written is looked for in lower case.
    - `characters`: the ids of the characters of each word, with one axis more. Of a word of more
      than 64 characters these are the first 40 and the last 24.
    - `casing`, `shape`: the ids of the features of the words.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._graph: Any = None
        self.words = _lookup(vocabulary.words, "lookup")
        self.vectors = _lookup(vocabulary.vectors, "vector_lookup")
        self.features = {
            name: _lookup(values, f"{name}_lookup") for name, values in vocabulary.features.items()
        }
        self.codes = keras.layers.IntegerLookup(
            vocabulary=[ord(character) for character in vocabulary.characters] or [-2],
            mask_token=0,
            name="character_lookup",
        )
        for layer in self.layers:  # a layer can be exported once it has been called
            layer(tf.constant([[1]], tf.int64) if layer is self.codes else tf.constant([[""]]))

    @property
    def layers(self) -> list[keras.Layer]:
        """The layers that hold tables, for an export to track."""
        used = [self.words, *self.features.values()]
        used += [self.vectors] if self.vocabulary.vectors else []
        used += [self.codes] if self.vocabulary.characters else []
        return used

    def __call__(self, tokens: Any) -> dict[str, Any]:
        # A third of the words of a batch are different ones; padding is a word, too.
        distinct, places = tf.unique(tf.reshape(tokens, [-1]))

        def of_all(values: Any) -> Any:
            shape = tf.concat([tf.shape(tokens), tf.shape(values)[1:]], axis=0)
            static = [*tokens.shape, *[None] * (values.shape.rank - 1)]
            return tf.ensure_shape(tf.reshape(tf.gather(values, places), shape), static)

        return {name: of_all(values) for name, values in self._ids(distinct).items()}

    def _ids(self, words: Any) -> dict[str, Any]:
        """The ids of words, (words,) or (words, characters)."""
        lower = tf.strings.lower(words, encoding="utf-8")
        ids = {"words": self.words(lower if self.vocabulary.lowercase else words)}
        if self.vocabulary.vectors:
            exact = self.vectors(words)
            ids["vectors"] = tf.where(tf.equal(exact, 1), self.vectors(lower), exact)
        if self.vocabulary.characters:
            ids["characters"] = self._characters(words)
        for name, lookup in self.features.items():
            ids[name] = lookup(FEATURES[name](words))
        return ids

    def arrays(self, tokens: Any, compiled: bool = False) -> dict[str, Any]:
        """The same for a model to take: tensors, or arrays where the backend is another one.

        Where a model is compiled for each shape of what it takes, as it is on other backends, the
        number of characters is one of few; see `few_widths`.
        """
        # A graph takes a quarter of the time of its operations one by one, and layers of Keras on
        # other backends hand out tensors of TensorFlow in its graphs only.
        if self._graph is None:
            specification = tf.TensorSpec([None, None], tf.string)
            self._graph = tf.function(self, input_signature=[specification], autograph=False)
        ids = self._graph(tokens)
        tensors = keras.backend.backend() == "tensorflow"
        if tensors and not compiled:
            return dict(ids)
        few = {name: few_widths(values) for name, values in ids.items()}
        return few if tensors else {name: values.numpy() for name, values in few.items()}

    def _characters(self, words: Any) -> Any:
        codes = tf.strings.unicode_decode(words, "UTF-8")
        # NUL is a character like others, and only padding has id 0.
        codes = tf.ragged.map_flat_values(lambda c: tf.maximum(tf.cast(c, tf.int64), 1), codes)
        codes = tf.concat([codes[:, :HEAD], codes[:, HEAD:][:, -TAIL:]], axis=1)
        ids = tf.ragged.map_flat_values(self.codes, codes).to_tensor(0)
        return tf.pad(ids, [[0, 0], [0, tf.cast(tf.equal(tf.shape(ids)[1], 0), tf.int32)]])


def padded(
    sentences: Sequence[Sequence[str | bytes]], steps: int | None = None, rows: int | None = None
) -> Any:
    """Sentences as the string tensor that an encoder takes, with "" where there is no word.

    Args:
        sentences: The words of each.
        steps: Words in a row; by default those of the longest sentence.
        rows: How many there are; by default one for each sentence.
    """
    steps = max(map(len, sentences), default=0) if steps is None else steps
    rows = len(sentences) if rows is None else rows
    if not steps or not rows:
        return tf.zeros((rows, steps), tf.string)
    # Lists of one length: TensorFlow takes them in a twentieth of the time of a ragged tensor, and
    # in half of that of a flat list with a shape, which it reshapes in an operation of its own.
    full = [[*row, *[""] * (steps - len(row))] for row in sentences]
    return tf.constant(full + [[""] * steps] * (rows - len(sentences)), tf.string)


def few_widths(ids: Any) -> Any:
    """Ids of characters, padded to one of few widths; other ids as they are."""
    if ids.shape.rank < 3:
        return ids
    return tf.pad(ids, [[0, 0], [0, 0], [0, -tf.shape(ids)[2] % WIDTH]])


def _lookup(strings: list[str], name: str) -> keras.layers.StringLookup:
    return keras.layers.StringLookup(
        vocabulary=strings or [f"{UNKNOWN}none"],  # it wants at least one
        mask_token="",
        oov_token=UNKNOWN,
        name=name,
    )
