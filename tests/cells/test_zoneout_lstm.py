"""What holds for the zoneout LSTM only."""

import itertools

import keras
import numpy as np
import pytest

from cases import (
    BACKEND,
    BATCH,
    FEATURES,
    FLOAT,
    STEPS,
    UNITS,
    all_close,
    build,
    close,
    compiled,
    numbers,
    of_tensorflow,
    sequences,
)
from keras_lstm_variants import LSTM, ZoneoutLSTM, ZoneoutLSTMCell

pytestmark = pytest.mark.ci

MANY = 200  # units, enough to see a rate
LOOP = {"dtype": FLOAT, "return_sequences": True, "return_state": True}


def own(units=UNITS, **options):
    return ZoneoutLSTM(units, **LOOP, **options)


def plain(units=UNITS, **options):
    return keras.layers.RNN(ZoneoutLSTMCell(units, dtype=FLOAT, **options), **LOOP)


not_on_jax = pytest.mark.skipif(BACKEND == "jax", reason="on JAX, Keras' loop cannot draw")
both_ways = pytest.mark.parametrize("wrap", [own, pytest.param(plain, marks=not_on_jax)])


def states(rng, units=UNITS):
    return [rng.normal(size=(BATCH, units)).astype(FLOAT) for _ in "hc"]


@both_ways
@pytest.mark.parametrize("training", [False, True])
def test_without_zoneout_it_is_the_lstm(wrap, training, rng):
    layer, lstm = build(wrap(zoneout_c=0.0, zoneout_h=0.0), rng), build(LSTM(UNITS, **LOOP), rng)
    lstm.set_weights(layer.get_weights())
    x, initial = sequences(rng), states(rng)
    all_close(layer(x, initial_state=initial, training=training), lstm(x, initial_state=initial))


@both_ways
@pytest.mark.parametrize("training", [False, True])
def test_with_nothing_but_zoneout_the_states_stay(wrap, training, rng):
    layer, initial = build(wrap(zoneout_c=1.0, zoneout_h=1.0), rng), states(rng)
    _, *finals = layer(sequences(rng), initial_state=initial, training=training)
    all_close(finals, initial, atol=0)


def one_step(layer, x, initial, training):
    """The states after one step."""
    return [numbers(s) for s in layer(x[:, :1], initial_state=initial, training=training)[1:]]


@both_ways
def test_a_unit_keeps_its_state_or_takes_the_lstms(wrap, rng):
    layer = build(wrap(MANY, zoneout_c=0.7, zoneout_h=0.2), rng)
    lstm = build(LSTM(MANY, **LOOP), rng)
    lstm.set_weights(layer.get_weights())
    x, initial = sequences(rng), states(rng, MANY)
    new = one_step(lstm, x, initial, False)
    shares, kept = [], []
    for state, old, next_state in zip(one_step(layer, x, initial, True), initial, new, strict=True):
        kept.append(state == old)
        close(np.where(kept[-1], old, next_state), state)
        shares.append(kept[-1].mean())
    assert shares == pytest.approx([0.2, 0.7], abs=0.06)  # h, c
    assert not np.array_equal(*kept)


@both_ways
def test_inference_is_what_training_is_on_average(wrap, rng):
    layer = build(wrap(zoneout_c=0.5, zoneout_h=0.3), rng)
    x, initial = sequences(rng)[:1], [state[:1] for state in states(rng)]
    often = 4000
    many_x, many = np.repeat(x, often, axis=0), [np.repeat(s, often, axis=0) for s in initial]
    for drawn, expected in zip(
        one_step(layer, many_x, many, True), one_step(layer, x, initial, False), strict=True
    ):
        close(drawn.mean(axis=0), expected[0], atol=5 * drawn.std() / np.sqrt(often))


def zones(call, x):
    """Which outputs are kept, at each step but the first."""
    hs = numbers(call(x)[0])
    return hs[:, 1:] == hs[:, :-1]


@both_ways
@pytest.mark.parametrize("xla", [False, pytest.param(True, marks=of_tensorflow)])
def test_each_step_each_sequence_and_each_call_draws_anew(wrap, xla, rng):
    layer = build(wrap(MANY, zoneout_c=0.0, zoneout_h=0.5, seed=1), rng, batch=BATCH)
    graph, x = compiled(layer, xla=xla, training=True), sequences(rng)
    one, other = zones(graph, x), zones(graph, x)
    drawn = [each[n, t] for each in (one, other) for n in range(BATCH) for t in range(STEPS - 1)]
    for a, b in itertools.combinations(drawn, 2):
        assert 0.3 < np.mean(a == b) < 0.7


@both_ways
def test_the_seed_decides(wrap, rng):
    layers = [build(wrap(seed=seed), rng) for seed in (1, 1, 2)]
    for layer in layers:
        layer.set_weights(layers[0].get_weights())
    x = sequences(rng)
    one, same, other = (numbers(layer(x, training=True)[0]) for layer in layers)
    close(one, same, atol=0)
    assert np.abs(one - other).max() > 1e-3


def test_dropout_leaves_what_is_drawn_alone(rng):
    """All of x dropped, nothing kept: what the biases alone give."""
    layer = build(own(zoneout_c=0.0, zoneout_h=0.0, dropout=1 - 1e-9), rng)
    lstm = build(LSTM(UNITS, **LOOP), rng)
    lstm.set_weights(layer.get_weights())
    x = sequences(rng)
    all_close(layer(x, training=True), lstm(0 * x))
    all_close(layer(x, training=False), lstm(x))


def test_trains_in_half_precision_with_dropout(rng):
    layer = ZoneoutLSTM(UNITS, dropout=0.5, recurrent_dropout=0.5, dtype="mixed_float16")
    model = keras.Sequential([keras.Input((None, FEATURES)), layer])
    model.compile("sgd", "mse")
    before = layer.get_weights()
    model.fit(sequences(rng), np.ones((BATCH, UNITS)), verbose=0)
    for old, new in zip(before, layer.get_weights(), strict=True):
        assert np.all(np.isfinite(new)) and np.any(new != old)


@pytest.mark.parametrize("name", ["zoneout_c", "zoneout_h"])
def test_refuses_a_rate_out_of_range(name):
    for rate in -0.1, 1.1:
        with pytest.raises(ValueError, match=name):
            ZoneoutLSTM(UNITS, **{name: rate})
