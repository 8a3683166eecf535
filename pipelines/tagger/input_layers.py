"""The layers that read ids: of words, and of their characters.

Those of characters take ids (batch, steps, characters), 0 for padding, and return (batch, steps,
size), zeros for words without characters. What a word gets depends on its characters only, so that
each distinct word of a batch needs to be read once only: they also take a list of such ids, the
blocks of `encoding.spelling`, and the places of words among the words in it.

Where XLA compiles the step, all shapes have to be known, and padding is computed as well; in other
graphs of TensorFlow only real characters are.
"""

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_lstm_variants.portability import in_xla

from .embedding_table import Table

register = keras.saving.register_keras_serializable(package="keras_lstm_variants.pipelines")


def embedding(ids: int, size: int, **kwargs: Any) -> Table:
    """A table of learned numbers, which start with the variance 1 / size, as in Ma & Hovy 2016."""
    limit = math.sqrt(3 / size)
    uniform = keras.initializers.RandomUniform(-limit, limit)
    return Table(ids, size, embeddings_initializer=uniform, **kwargs)


def densely() -> bool:
    """Whether shapes must not depend on what is padding: what is made now is compiled by XLA."""
    return keras.backend.backend() != "tensorflow" or in_xla()


def at_places(read: Callable[[Any], Any], blocks: Any, places: Any) -> Any:
    """What `read` gives for the words of all blocks, for the words at the places among them."""
    found = [read(block) for block in blocks]
    rows = [ops.reshape(of_block, (-1, of_block.shape[-1])) for of_block in found]
    return ops.take(ops.concatenate(rows, axis=0), places, axis=0)


@register
class CharacterCNN(keras.layers.Layer):
    """Filters over windows of characters, the largest value of each over the word.

    As in Ma & Hovy 2016, with rectified filters. The characters of all words stand in one row, so
    that a long word makes no other word longer.

    Args:
        characters: Number of ids.
        size: Numbers for each character.
        filters: Numbers for each word.
        window: Characters that a filter sees, the middle one being of the word.
    """

    def __init__(
        self, characters: int, size: int, filters: int, window: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.characters, self.size = characters, size
        self.filters, self.window = filters, window
        dtype = self.dtype_policy
        # Id 0 stands before and after each word; its vector is learned as the others are.
        self.embedding = embedding(characters, size, dtype=dtype)
        self.dense = keras.layers.Dense(filters, kernel_initializer="he_uniform", dtype=dtype)

    def build(self, ids_shape: Any, places_shape: Any = None) -> None:
        self.embedding.build((None, self.window))
        self.dense.build((None, self.window * self.size))
        self.built = True

    def call(self, ids: Any, places: Any = None) -> Any:
        if places is not None:
            return at_places(self.call, ids, places)
        if densely():
            return self.call_densely(ids)
        batch, steps, length = tf.unstack(tf.shape(ids))
        before = self.window // 2
        padded = tf.pad(ids, [[0, 0], [0, 0], [before, self.window - 1 - before]])
        windows = tf.stack([padded[:, :, n : n + length] for n in range(self.window)], axis=-1)
        places = tf.where(tf.not_equal(ids, 0))  # (real characters, 3)
        x = self.embedding(tf.gather_nd(windows, places))
        x = self.dense(tf.reshape(x, [-1, self.window * self.size]))
        places = tf.cast(places, tf.int32)
        x = tf.math.unsorted_segment_max(x, places[:, 0] * steps + places[:, 1], batch * steps)
        return tf.reshape(tf.nn.relu(x), [batch, steps, self.filters])  # a word of none has -inf

    def call_densely(self, ids: Any) -> Any:
        """The same, padding computed as well: all shapes are known."""
        before, length = self.window // 2, ops.shape(ids)[2]
        padded = ops.pad(ids, [[0, 0], [0, 0], [before, self.window - 1 - before]])
        x = self.embedding(padded)
        x = [x[:, :, n : n + length] for n in range(self.window)]
        x = ops.relu(self.dense(ops.concatenate(x, axis=-1)))
        real = ops.expand_dims(ids != 0, -1)
        return ops.max(ops.where(real, x, ops.zeros_like(x)), axis=2)

    def compute_output_shape(self, ids_shape: Any, places_shape: Any = None) -> Any:
        return (*(places_shape or ids_shape)[:2], self.filters)

    def get_config(self) -> dict[str, Any]:
        config = {"characters": self.characters, "size": self.size}
        return {**super().get_config(), **config, "filters": self.filters, "window": self.window}


@register
class CharacterRNN(keras.layers.Layer):
    """A recurrent layer over the characters of each word; its last output stands for the word.

    Args:
        characters: Number of ids.
        size: Numbers for each character.
        layer: A layer from (words, characters, numbers) to (words, size), called with a mask, such
            as a `keras.layers.Bidirectional`.
    """

    def __init__(
        self, characters: int, size: int, layer: keras.layers.Layer, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.characters, self.size, self.layer = characters, size, layer
        self.embedding = embedding(characters, size, dtype=self.dtype_policy)

    def build(self, ids_shape: Any, places_shape: Any = None) -> None:
        self.embedding.build((None, None))
        self.layer.build((None, None, self.size))
        self.built = True

    def call(self, ids: Any, places: Any = None, training: bool | None = None) -> Any:
        if places is not None:
            return at_places(lambda block: self.call(block, None, training), ids, places)
        if densely():
            return self.call_densely(ids, training)
        batch, steps, length = tf.unstack(tf.shape(ids))
        rows = tf.reshape(ids, [-1, length])
        words = tf.where(tf.not_equal(rows[:, 0], 0))  # (real words, 1)
        rows = tf.gather_nd(rows, words)
        x = self.layer(self.embedding(rows), mask=tf.not_equal(rows, 0), training=training)
        width = self.compute_output_shape((None, None, None))[-1]
        x = tf.scatter_nd(tf.cast(words, tf.int32), x, [batch * steps, width])
        return tf.reshape(x, [batch, steps, width])

    def call_densely(self, ids: Any, training: bool | None) -> Any:
        """The same, padding computed as well: all shapes are known."""
        batch, steps, length = ops.shape(ids)
        rows = ops.reshape(ids, (-1, length))
        x = self.layer(self.embedding(rows), mask=rows != 0, training=training)
        x = ops.where(rows[:, :1] != 0, x, ops.zeros_like(x))
        return ops.reshape(x, (batch, steps, x.shape[-1]))

    def compute_output_shape(self, ids_shape: Any, places_shape: Any = None) -> Any:
        width = self.layer.compute_output_shape((None, None, self.size))[-1]
        return (*(places_shape or ids_shape)[:2], width)

    def get_config(self) -> dict[str, Any]:
        config = {"characters": self.characters, "size": self.size}
        layer = keras.saving.serialize_keras_object(self.layer)
        return {**super().get_config(), **config, "layer": layer}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "CharacterRNN":
        return cls(**{**config, "layer": keras.saving.deserialize_keras_object(config["layer"])})


@register
class UnknownWords(keras.layers.Layer):
    """In training, words become unknown ones at random, the rare more often than the frequent.

    So the vector of unknown words is learned in many places, and rare words are not relied upon.
    Takes and returns ids.

    Args:
        rates: For each id, the probability with which it becomes 1.
    """

    def __init__(self, rates: list[float], seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rates, self.seed = list(rates), seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, ids: Any, training: bool = False) -> Any:
        if not training:
            return ids
        rates = ops.take(ops.convert_to_tensor(self.rates, "float32"), ids)
        lost = keras.random.uniform(ops.shape(ids), seed=self.seed_generator) < rates
        return ops.where(lost, ops.ones_like(ids), ids)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rates": self.rates, "seed": self.seed}
