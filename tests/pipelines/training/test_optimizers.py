"""Sparse training: the rows that are used get Adam's step, and no others are touched."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines.tagger.embedding_table import Table
from pipelines.training.optimizers import LazyAdam
from pipelines.training.schedule import OPTIMIZERS

ROWS, WIDTH = 6, 3
# Row 1 is there three times, so its gradient is a sum; rows 0, 3 and 4 are not there.
IDS = np.array([[1, 2, 1], [5, 1, 2]])


class Model:
    """A table and a dense weight, with their optimizer."""

    def __init__(self, optimizer, table=Table):
        start = np.random.default_rng(0)
        self.embedding = table(ROWS, WIDTH)
        self.embedding.build((None, None))
        self.embedding.set_weights([start.normal(size=(ROWS, WIDTH))])
        self.dense = keras.Variable(start.normal(size=WIDTH).astype("float32"))
        self.weights = [self.embedding.embeddings, self.dense]
        self.optimizer = optimizer
        self.optimizer.build(self.weights)

    def step(self, ids, whole=False):
        """One step on a loss; `whole`: with the gradient of the whole table."""
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sin(self.embedding(tf.constant(ids)) * self.dense.value) ** 2)
        gradients = tape.gradient(loss, self.weights)
        assert isinstance(gradients[0], tf.IndexedSlices)
        if whole:
            gradients[0] = tf.convert_to_tensor(gradients[0])
        self.optimizer.apply(gradients, self.weights)

    def values(self):
        counted = getattr(self.optimizer, "finite_batches", None)  # Keras' own count none
        states = [v for v in self.optimizer.variables if v is not counted]
        return [keras.ops.convert_to_numpy(v) for v in (*self.weights, *states)]


@pytest.mark.parametrize(
    ("clip", "compiled"),
    [
        (None, False),
        (0.1, False),
        pytest.param(None, True, marks=pytest.mark.nightly),
        pytest.param(0.1, True, marks=pytest.mark.ci),
    ],
)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_where_every_step_uses_the_same_rows_the_step_is_that_of_the_whole_table(
    name, clip, compiled
):
    ours = OPTIMIZERS[name]
    theirs = next(kind for kind in ours.__mro__ if kind.__module__.startswith("keras."))
    by_rows = Model(ours(0.1, global_clipnorm=clip))
    whole = Model(theirs(0.1, global_clipnorm=clip))
    step = tf.function(lambda: by_rows.step(IDS), jit_compile=compiled)
    for _ in range(4):
        step()
        whole.step(IDS, whole=True)
    for actual, expected in zip(by_rows.values(), whole.values(), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-6)


def test_a_row_that_is_not_used_keeps_its_value_and_its_moments():
    model = Model(LazyAdam(0.1))
    model.step(IDS)
    before = model.values()
    model.step([[0, 2]])
    changed = [
        np.flatnonzero((old != new).any(axis=1)).tolist()
        for old, new in zip(before, model.values(), strict=True)
        if old.shape == (ROWS, WIDTH)
    ]
    assert changed == [[0, 2]] * 3  # the table and its two moments


def test_a_row_gets_adams_step_from_its_moments_as_it_left_them():
    model = Model(LazyAdam(0.1))
    model.step([[1]])
    before = [value[1] for value in model.values() if value.shape == (ROWS, WIDTH)]
    for _ in range(3):
        model.step([[2]])
    x = before[0] * (dense := keras.ops.convert_to_numpy(model.dense))
    gradient = 2 * np.sin(x) * np.cos(x) * dense
    model.step([[1]])
    m = 0.9 * before[1] + 0.1 * gradient
    v = 0.999 * before[2] + 0.001 * gradient**2
    rate = 0.1 * np.sqrt(1 - 0.999**5) / (1 - 0.9**5)  # the fifth step of the optimizer
    expected = before[0] - rate * m / (np.sqrt(v) + 1e-7)
    np.testing.assert_allclose(model.values()[0][1], expected, rtol=0, atol=1e-6)


def test_the_norm_to_clip_by_counts_a_row_once_however_often_it_is_used():
    table = keras.Variable(np.zeros((2, 1), "float32"))
    optimizer = LazyAdam(1.0, global_clipnorm=1.0, beta_1=0.0)
    optimizer.build([table])
    # The row's gradient is 3 - 3 + 0.5, which needs no clipping.
    optimizer.apply([tf.IndexedSlices([[3.0], [-3.0], [0.5]], [1, 1, 1], (2, 1))], [table])
    moment = next(v for v in optimizer.variables if "momentum" in v.path)
    np.testing.assert_allclose(moment, [[0], [0.5]], atol=1e-6)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_a_table_gives_what_an_embedding_gives(policy):
    table, plain = (layer(ROWS, WIDTH, dtype=policy) for layer in (Table, keras.layers.Embedding))
    plain.build((None, None))
    table.build((None, None))
    table.set_weights(plain.get_weights())
    found, expected = table(IDS), plain(IDS)
    assert found.dtype == expected.dtype == keras.DTypePolicy(policy).compute_dtype
    np.testing.assert_array_equal(tf.cast(found, "float32"), tf.cast(expected, "float32"))


def test_no_step_makes_a_tensor_of_the_size_of_the_table():
    rows = 1000
    layer = Table(rows, 2)
    layer.build((None, None))
    optimizer = LazyAdam(0.1, global_clipnorm=1.0)
    optimizer.build([layer.embeddings])

    @tf.function
    def step(ids):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(ids) ** 2)
        optimizer.apply(tape.gradient(loss, [layer.embeddings.value]), [layer.embeddings])

    graph = step.get_concrete_function(tf.TensorSpec([2, 3], tf.int32)).graph
    large = [
        operation.name
        for operation in graph.get_operations()
        for output in operation.outputs
        if output.shape.rank and output.shape[0] == rows
    ]
    assert large == []


NUMBER, NAN, HUGE = 1.0, np.nan, 1e30  # the square of the last is infinite


@pytest.mark.ci
@pytest.mark.parametrize(
    "options",
    [{}, {"global_clipnorm": 1.0}, {"gradient_accumulation_steps": 2}],
    ids=["", "clipped", "accumulated"],
)
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", [n if n == "adam" else pytest.param(n, marks=pytest.mark.nightly)
                                  for n in OPTIMIZERS])  # fmt: skip
def test_the_first_batch_whose_gradient_is_not_finite_is_remembered(name, compiled, options):
    model = Model(OPTIMIZERS[name](0.1, **options))
    count = model.optimizer.finite_batches

    @tf.function(jit_compile=compiled)
    def step(in_row, in_dense):
        rows = tf.IndexedSlices(
            tf.fill([2, WIDTH], in_row), tf.constant([1, 2]), tf.constant([ROWS, WIDTH])
        )
        model.optimizer.apply([rows, tf.fill([WIDTH], in_dense)], model.weights)

    for bad in [(NAN, NUMBER), (NUMBER, NAN), (NUMBER, np.inf), (HUGE, NUMBER)]:
        count.assign(0)
        found = []
        for values in [(NUMBER, NUMBER), (NUMBER, NUMBER), bad, (NUMBER, NUMBER), bad]:
            step(*map(tf.constant, values))
            found.append(int(count.numpy()))
        assert found == [1, 2, -3, -3, -3]


@pytest.mark.ci
def test_what_overflows_in_float16_is_skipped_and_not_remembered():
    model = Model(OPTIMIZERS["adam"](0.1))
    scaling = keras.optimizers.LossScaleOptimizer(model.optimizer, initial_scale=8.0)
    scaling.build(model.weights)
    before = [v.numpy() for v in model.weights]
    step = tf.function(lambda x: scaling.apply([tf.fill([ROWS, WIDTH], x), tf.fill([WIDTH], x)]))
    step(tf.constant(np.inf))
    assert int(model.optimizer.finite_batches.numpy()) == 0
    assert float(scaling.dynamic_scale.numpy()) == 4.0
    for now, then in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(now.numpy(), then)
    step(tf.constant(1.0))
    assert int(model.optimizer.finite_batches.numpy()) == 1
