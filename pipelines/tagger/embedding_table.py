"""A table of word vectors, of which a batch uses few rows."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="keras_lstm_variants.pipelines")
class Table(keras.layers.Embedding):
    """An embedding that gathers its rows from the variable.

    `keras.layers.Embedding` reads the whole variable first. That makes a copy of it as soon as an
    optimizer updates single rows, and another one, cast, in mixed precision.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, autocast=False, **kwargs)

    def call(self, inputs):
        return tf.cast(tf.gather(self.embeddings.value, inputs), self.compute_dtype)
