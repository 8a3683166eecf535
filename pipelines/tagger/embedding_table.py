"""A table of word vectors, of which a batch uses few rows."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_lstm_variants.pipelines")
class Table(keras.layers.Embedding):
    """An embedding that gathers its rows from the variable.

    `keras.layers.Embedding` reads the whole variable first. That makes a copy of it as soon as an
    optimizer updates single rows, and another one, cast, in mixed precision.

    Attributes:
        embeddings: The variable; its attribute `has_rows` tells optimizers that a batch uses few of
            its rows, where the gradient does not say so itself.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, autocast=False, **kwargs)

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        self.embeddings.has_rows = True

    def call(self, inputs: Any) -> Any:
        if keras.backend.backend() != "tensorflow":  # the compiler of the step makes no copies
            return ops.cast(ops.take(self.embeddings, inputs, axis=0), self.compute_dtype)
        import tensorflow as tf

        return tf.cast(tf.gather(self.embeddings.value, inputs), self.compute_dtype)
