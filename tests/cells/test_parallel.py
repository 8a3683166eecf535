"""What holds for cells whose layers compute all steps at once only."""

import keras
import numpy as np
import pytest

from cases import (
    BATCH,
    FEATURES,
    FLOAT,
    MASK,
    UNITS,
    all_close,
    build,
    close,
    compiled,
    layer_gradients,
    numbers,
    of_tensorflow,
    padded,
    sequences,
)
from keras_lstm_variants import MinGRU, MinLSTM
from keras_lstm_variants.cells.parts.parallel import BLOCK

pytestmark = pytest.mark.ci

both_layers = pytest.mark.parametrize("layer_class", [MinGRU, MinLSTM])


def at_once(layer_class, **options):
    return layer_class(UNITS, dtype=FLOAT, scan="graph", **options)


def loop(layer_class, **options):
    """Keras' own loop over the same cell."""
    return keras.layers.RNN(layer_class.cell_class(UNITS, dtype=FLOAT), dtype=FLOAT, **options)


def pair(layer_class, rng, batch=None, **options):
    options = {"return_sequences": True, "return_state": True, **options}
    layer = build(at_once(layer_class, **options), rng, batch=batch)
    other = build(loop(layer_class, **options), rng, batch=batch)
    other.set_weights(layer.get_weights())
    return layer, other


def outputs_and_gradients(layer, x, initial, mask=None):
    outputs = [numbers(y) for y in layer(x, initial_state=[initial], mask=mask)]
    directions = map(np.cos, outputs)  # the loss is the sum of sines
    return [*outputs, *layer_gradients(layer, directions, x, [initial], mask)]


# From one step to more than a block of blocks, just below, at and above whole blocks.
LENGTHS = [
    *(1, 2, BLOCK - 1, BLOCK, BLOCK + 1, BLOCK**2, BLOCK**2 + 1),
    pytest.param(BLOCK**2 * 2 + 3, marks=pytest.mark.nightly),
]


@both_layers
@pytest.mark.parametrize("steps", LENGTHS)
def test_all_steps_at_once_are_the_steps_one_by_one(layer_class, steps, rng):
    layer, other = pair(layer_class, rng)
    x, h = rng.normal(size=(BATCH, steps, FEATURES)), rng.normal(size=(BATCH, UNITS))
    mask = rng.uniform(size=(BATCH, steps)) < 0.7
    for each in None, mask:
        ours, theirs = (outputs_and_gradients(one, x, h, each) for one in (layer, other))
        all_close(ours, theirs, atol=1e-12 * max(1, steps))  # gradients are sums over steps


@of_tensorflow
@pytest.mark.parametrize("layer_class", [MinGRU, pytest.param(MinLSTM, marks=pytest.mark.nightly)])
def test_an_unknown_number_of_steps_changes_nothing(layer_class, rng):
    import tensorflow as tf

    layer, other = pair(layer_class, rng, return_state=False)
    unknown = [tf.TensorSpec((None, None, FEATURES), FLOAT)]

    def gradient(layer, x):
        with tf.GradientTape() as tape:
            hs = layer(x)
            loss = tf.reduce_sum(tf.sin(hs))
        return [hs, *tape.gradient(loss, layer.trainable_variables)]

    graph = tf.function(lambda x: gradient(layer, x), input_signature=unknown)
    for batch, steps in [(1, 1), (3, 1), (2, BLOCK + 1), (2, BLOCK**2 + 1)]:
        x = tf.constant(rng.normal(size=(batch, steps, FEATURES)))
        all_close(graph(x), gradient(other, x), atol=1e-12 * max(1, steps))


@both_layers
def test_compiles_where_the_number_of_steps_is_unknown(layer_class, rng):
    layer, other = pair(layer_class, rng, return_state=False)
    graph = compiled(layer, shape=(None, None, FEATURES), xla=True)
    x = rng.normal(size=(BATCH, BLOCK + 1, FEATURES))
    close(graph(x), other(x), atol=1e-6)  # XLA has a sigmoid of its own


@both_layers
@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"go_backwards": True},
        {"zero_output_for_mask": True},
        {"return_sequences": False},
        {"return_sequences": False, "zero_output_for_mask": True, "go_backwards": True},
        {"unroll": True},
    ],
)
def test_masked_steps_are_as_in_the_loop(layer_class, options, given, rng):
    layer, other = pair(layer_class, rng, **options)
    x, h = padded(sequences(rng)), rng.normal(size=(BATCH, UNITS))
    states = [h] if given else None
    ours, theirs = (one(x, initial_state=states, mask=MASK) for one in (layer, other))
    all_close(ours, theirs)


@both_layers
def test_a_stateful_layer_carries_on_as_the_loop_does(layer_class, rng):
    layer, other = pair(layer_class, rng, batch=BATCH, stateful=True)
    x = sequences(rng)
    for half in x[:, :2], x[:, 2:]:
        all_close(layer(half), other(half))


@both_layers
def test_a_step_that_keeps_nothing_hides_what_was_before(layer_class, rng):
    """No number that was multiplied with zero, however large, is left."""
    layer, _ = pair(layer_class, rng)
    weights = [np.zeros_like(weight) for weight in layer.get_weights()]
    weights[0][0] = 1000.0  # the first feature opens and shuts all gates
    weights[1][-UNITS:] = rng.normal(size=UNITS)
    if layer_class is MinLSTM:
        weights[0][0, UNITS : 2 * UNITS] = -1000.0
    weights[0][0, -UNITS:] = 0
    layer.set_weights(weights)
    x = np.ones((BATCH, 2 * BLOCK, FEATURES))
    hs, h = layer(x, initial_state=[np.full((BATCH, UNITS), np.finfo(FLOAT).max / 10)])
    close(hs, np.broadcast_to(weights[1][-UNITS:], hs.shape))


def test_min_lstm_shares_between_gates_that_are_as_good_as_closed(rng):
    layer = MinLSTM(UNITS)
    layer.build((None, None, FEATURES))
    kernel, bias = layer.get_weights()
    bias[: 2 * UNITS] = -200.0  # nothing in float32
    bias[2 * UNITS :] = 1.0
    layer.set_weights([0 * kernel, bias])
    close(layer(np.ones((1, 1, FEATURES)), initial_state=[np.full((1, UNITS), 3.0)]), 2.0, 1e-6)


def test_min_gru_is_a_running_mean_of_its_candidates_and_does_not_squash_them(rng):
    layer, _ = pair(MinGRU, rng)
    kernel, bias = layer.get_weights()
    kernel[:, :UNITS], bias[:UNITS] = 0, np.log(1 / 3)  # u is a quarter
    layer.set_weights([kernel, bias])
    x, h = sequences(rng), rng.normal(size=(BATCH, UNITS))
    z = x @ kernel[:, UNITS:] + bias[UNITS:]
    hs, _ = layer(x, initial_state=[h])
    for t in range(x.shape[1]):
        h = 0.75 * h + 0.25 * z[:, t]
        close(hs[:, t], h)


@both_layers
def test_drops_the_same_inputs_at_all_steps(layer_class, rng, monkeypatch):
    layer = build(at_once(layer_class, return_sequences=True, dropout=0.5, seed=1), rng)
    steady = np.repeat(rng.normal(size=(BATCH, 1, FEATURES)), 200, axis=1)
    hs = numbers(layer(steady, training=True))
    assert np.abs(hs - numbers(layer(steady))).max() > 1e-3
    monkeypatch.setattr(type(layer.cell), "all_steps", lambda cell, net, *rest: list(net))
    nets = layer.cell(steady, [np.zeros((BATCH, UNITS))], training=True)
    for each in map(numbers, nets):
        close(each, np.repeat(each[:, :1], 200, axis=1), atol=0)


@both_layers
def test_half_precision_does_not_lose_small_steps(layer_class):
    """A sum of 600 in 16 bits would stop at 256."""
    layer = layer_class(1, dtype="mixed_bfloat16", return_state=True)
    layer.build((None, None, 1))
    kernel, bias = layer.get_weights()
    bias[:-1] = 0.0
    bias[0] = -np.log(1023)  # u = 1 / 1024, as good as
    bias[-1] = 1024.0
    if layer_class is MinLSTM:
        bias[1] = 40.0
    layer.set_weights([0 * kernel, bias])
    share = 1 / 1024
    _, h = layer(np.zeros((1, 600, 1)), initial_state=[np.zeros((1, 1))])
    assert float(numbers(h)[0, 0]) == pytest.approx(1024 * (1 - (1 - share) ** 600), rel=1e-2)


@both_layers
def test_takes_nothing_that_is_about_a_recurrent_kernel(layer_class):
    for options in {"heads": 2}, {"recurrent_dropout": 0.5}, {"gradient": "truncated"}:
        with pytest.raises(ValueError, match=next(iter(options))):
            layer_class(UNITS, **options)
    layer = layer_class(UNITS, heads=1, recurrent_dropout=0.0, gradient=None)
    layer.build((None, None, FEATURES))
    assert [weight.name for weight in layer.weights] == ["kernel", "bias"]
