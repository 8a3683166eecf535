"""Training of tables of word vectors, of which a batch uses few rows; Keras' optimizers for it."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops


class SummedGradients(keras.optimizers.Optimizer):
    """Puts two things right in one of Keras' optimizers, and watches the gradient.

    A class of Keras' inherits from both.

    A word that is in the batch more than once is one row, whose gradient is the sum: Keras 3.15
    squares the parts before it adds them, for the second moment and for the norm to clip by. And
    gradients are clipped after they have been summed over the devices of a strategy, not each
    device's part before: several devices make the step that one makes.

    Attributes:
        finite_batches: How many batches since it was set to 0 had a gradient of finite norm, until
            one has none: from then on minus the number of that batch, counted from 1. The norm is
            computed for clipping anyway, so that this costs nothing, whatever runs the step.
    """

    def __init__(
        self, learning_rate, global_clipnorm=None, gradient_accumulation_steps=None, **kwargs
    ):
        # Keras clips after it has accumulated, and makes a whole table of the rows in doing so.
        accumulates = gradient_accumulation_steps is not None
        super().__init__(
            learning_rate,
            global_clipnorm=global_clipnorm if accumulates else None,
            gradient_accumulation_steps=gradient_accumulation_steps,
            **kwargs,
        )
        self.max_norm = None if accumulates else global_clipnorm

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.finite_batches = self.add_variable(
            (), dtype="int32", aggregation="only_first_replica", name="finite_batches"
        )

    def apply(self, grads, trainable_variables=None):
        if not self.built:
            self.build(trainable_variables)
        grads = list(grads)
        if keras.backend.backend() != "tensorflow":
            super().apply(self.watched(grads, _global_norm(grads), _clipped), trainable_variables)
            return
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        if replicas > 1:
            context = tf.distribute.get_replica_context()
            grads = context.all_reduce(tf.distribute.ReduceOp.SUM, grads)
        grads = [summed(g)[0] if isinstance(g, tf.IndexedSlices) else g for g in grads]
        grads = self.watched(
            grads,
            tf.linalg.global_norm(grads),
            lambda grads, norm, most: tf.clip_by_global_norm(grads, most, use_norm=norm)[0],
        )
        if replicas > 1:  # Keras sums over the devices once more
            grads = [_over(g, replicas) for g in grads]
        super().apply(grads, trainable_variables)

    def watched(self, grads, norm, clip):
        """The gradients, clipped by `clip(gradients, norm, most)` if they shall be; counts."""
        count = ops.convert_to_tensor(self.finite_batches)
        counted = ops.where(ops.isfinite(norm), count + 1, -count - 1)
        self.finite_batches.assign(ops.where(count < 0, count, counted))
        return clip(grads, norm, self.max_norm) if self.max_norm else grads

    def get_config(self):
        return {**super().get_config(), "global_clipnorm": self.max_norm or self.global_clipnorm}


class LazyAdam(SummedGradients, keras.optimizers.Adam):
    """Adam whose step leaves alone the rows of a table that have no gradient.

    On TensorFlow a `Table` gives its gradient as `tf.IndexedSlices`: a row for each word of the
    batch. On other backends, the rows of zeros in its gradient are those of other words.
    `keras.optimizers.Adam` adds these into a table of zeros and updates every row of the table and
    of both moments. This one does so with the rows of the batch only. So

    - a row that is not in the batch keeps its value and its moments; with Adam its moments decay
      and it still moves on, by ever less;
    - a row that is in the batch gets exactly Adam's step from its moments as it last left them;
    - dense gradients get Adam's step, without a difference.

    PyTorch's SparseAdam and the LazyAdam of TensorFlow Addons do the same. Weight decay, Keras'
    moving average and its gradient accumulation work on whole tables: with accumulation, tables get
    Adam's step, too.
    """

    def update_step(self, gradient, variable, learning_rate):
        sparse = isinstance(gradient, tf.IndexedSlices)
        if self.amsgrad or not (sparse or self.has_rows(variable)):
            super().update_step(gradient, variable, learning_rate)
            return
        dtype = variable.dtype
        index = self._get_variable_index(variable)  # as in Keras' guide to optimizers of one's own
        step = ops.cast(self.iterations + 1, dtype)
        rate = ops.cast(learning_rate, dtype)
        rate *= ops.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        moments = self._momentums[index], self._velocities[index]
        if sparse:
            self.update_rows(gradient, variable, moments, rate)
        else:
            self.update_rows_that_have_a_gradient(gradient, variable, moments, rate)

    def has_rows(self, variable):
        """Whether a gradient of zeros says that a row is not in the batch.

        TensorFlow says which rows are; its dense gradients are of other variables. Accumulated
        gradients are dense on all backends.
        """
        if keras.backend.backend() == "tensorflow" or self.gradient_accumulation_steps:
            return False
        return getattr(variable, "has_rows", False)

    def update_rows_that_have_a_gradient(self, gradient, variable, moments, rate):
        there = ops.any(gradient != 0, axis=-1, keepdims=True)
        m, v = (
            old + ops.where(there, (towards - old) * (1 - beta), 0)
            for old, towards, beta in zip(
                map(ops.convert_to_tensor, moments),
                (gradient, ops.square(gradient)),
                (self.beta_1, self.beta_2),
                strict=True,
            )
        )
        for moment, value in zip(moments, (m, v), strict=True):
            self.assign(moment, value)
        change = rate * m / (ops.sqrt(v) + self.epsilon)
        self.assign_sub(variable, ops.where(there, change, 0))

    def update_rows(self, gradient, variable, moments, rate):
        gradient, first = summed(gradient)
        rows = gradient.indices

        def moved(moment, towards, beta):
            """The moment's rows after the step; the moment itself makes it, too."""
            old = tf.gather(moment.value, rows)
            change = (towards - old) * (1 - beta)
            self.assign_add(moment, tf.IndexedSlices(tf.where(first, change, 0), rows))
            return old + change

        m = moved(moments[0], gradient.values, self.beta_1)
        v = moved(moments[1], tf.square(gradient.values), self.beta_2)
        change = rate * m / (tf.sqrt(v) + self.epsilon)
        self.assign_sub(variable, tf.IndexedSlices(tf.where(first, change, 0), rows))


class AdamW(SummedGradients, keras.optimizers.AdamW):
    """Keras' own, with rows and devices summed."""


class Nadam(SummedGradients, keras.optimizers.Nadam):
    """Keras' own, with rows and devices summed."""


class RMSprop(SummedGradients, keras.optimizers.RMSprop):
    """Keras' own, with rows and devices summed."""


class SGD(SummedGradients, keras.optimizers.SGD):
    """Keras' own, with rows and devices summed."""


def summed(slices: tf.IndexedSlices) -> tuple[tf.IndexedSlices, Any]:
    """The same gradient with the sum of each row where the row is first, and zeros elsewhere.

    The shapes stay, so that XLA can compile it.

    Returns:
        The gradient; and where rows are first, as booleans of shape (rows, 1).
    """
    order = tf.argsort(slices.indices, stable=True)
    rows = tf.gather(slices.indices, order)
    new = tf.concat([tf.ones_like(rows[:1], bool), rows[1:] != rows[:-1]], 0)
    group = tf.cumsum(tf.cast(new, tf.int32)) - 1
    sums = tf.math.unsorted_segment_sum(tf.gather(slices.values, order), group, tf.shape(rows)[0])
    back = tf.argsort(order)
    first = tf.gather(new, back)[:, None]
    values = tf.where(first, tf.gather(sums, tf.gather(group, back)), 0)
    return tf.IndexedSlices(values, slices.indices, slices.dense_shape), first


def _over(gradient: Any, number: int) -> Any:
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(gradient.values / number, gradient.indices, gradient.dense_shape)
    return gradient / number


def _global_norm(gradients: list[Any]) -> Any:
    return ops.sqrt(sum(ops.sum(ops.square(ops.cast(g, "float32"))) for g in gradients))


def _clipped(gradients: list[Any], norm: Any, most: float) -> list[Any]:
    """As `tf.clip_by_global_norm`, which gives NaN where the norm is not finite."""
    scale = ops.where(ops.isfinite(norm), most / ops.maximum(norm, most), np.nan)
    return [g * ops.cast(scale, g.dtype) for g in gradients]
