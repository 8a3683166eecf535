"""The layers' own loop against Keras', over the same cell: values and gradients."""

import keras
import numpy as np
import pytest

from cases import (
    BACKEND,
    BATCH,
    CASES,
    FEATURES,
    FLOAT,
    MASK,
    STEPS,
    UNITS,
    alike,
    compiled,
    distance,
    few,
    initial_states,
    layer_gradients,
    padded,
    sequences,
    taken,
)
from keras_lstm_variants import CELLS, GRU, LSTM, scan
from keras_lstm_variants.backend import vjp

every_cell = pytest.mark.parametrize("name", few())
DROPOUT = {"dropout": 0.3, "recurrent_dropout": 0.3, "seed": 1}


def pair(name, rng, dtype=FLOAT, **options):
    """A layer with its own loop and one with Keras', of equal weights."""
    return alike(name, rng, dtype, ["graph", "plain"], **options)


@pytest.fixture
def of_many_rows(monkeypatch):
    """Has few sequences treated as many are: what x gives is computed in the loop."""
    monkeypatch.setattr(scan, "FEW", 0)


@every_cell
@pytest.mark.parametrize(
    "dtype, masked, options, many",
    [
        (FLOAT, False, {}, False),
        ("float32", True, {"go_backwards": True}, True),
        (FLOAT, True, DROPOUT, False),
        (FLOAT, True, DROPOUT, True),
    ],
    ids=["plainly", "masked, backwards, in float32", "masked, with dropout", "many, with dropout"],
)
def test_gives_the_values_and_gradients_of_keras_loop(
    name, dtype, masked, options, many, rng, request
):
    if many:
        request.getfixturevalue("of_many_rows")
    draws = "seed" in options
    if draws and CASES[name].draws:
        pytest.skip("Keras' loop draws at other times")
    ours, plain = pair(name, rng, dtype, **taken(name, options))
    x, states = sequences(rng).astype(dtype), [s.astype(dtype) for s in initial_states(name, rng)]
    mask = MASK if masked else None
    x = padded(x) if masked else x
    shapes = [(BATCH, STEPS, UNITS), *[state.shape for state in states]]
    directions = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    exact = dtype == "float64"  # in float32, cells without gates make rounding grow with the steps
    call = {"initial_state": states, "mask": mask, "training": draws}
    assert distance(ours(x, **call), plain(x, **call)) <= (1e-12 if exact else 1e-5)
    both = (
        layer_gradients(one, directions, x, states, mask, training=draws) for one in (ours, plain)
    )
    assert distance(*both) <= (1e-10 if exact else 1e-4)


@every_cell
def test_the_number_of_sequences_and_of_steps_may_be_unknown(name, rng):
    ours, plain = pair(name, rng, return_state=False)
    if BACKEND != "tensorflow":
        pytest.skip("only TensorFlow has unknown sizes")
    graph = compiled(ours, shape=(None, None, FEATURES))
    for batch, steps in (1, 1), (3, 4):
        x = rng.normal(size=(batch, steps, FEATURES))
        assert distance([graph(x)], [plain(x)]) <= 1e-12


def test_the_gradient_has_a_gradient(rng):
    if BACKEND != "tensorflow":
        pytest.skip("of the gradient that is the library's own")
    import tensorflow as tf

    found = []
    for layer in pair("peephole_lstm", rng, return_state=False):
        x = tf.constant(sequences(np.random.default_rng(1)))
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                loss = tf.reduce_sum(layer(x) ** 2)
            loss = tf.reduce_sum(inner.gradient(loss, x) ** 2)
        found.append(outer.gradient(loss, [x, *[w.value for w in layer.trainable_weights]]))
    assert distance(*found) <= 1e-9


@pytest.mark.ci
def test_in_a_graph_too_when_the_loop_keeps_its_products(rng):
    if BACKEND != "tensorflow":
        pytest.skip("of the gradient that is the library's own")
    import tensorflow as tf

    x = tf.constant(sequences(np.random.default_rng(1)))
    found = []
    for layer in pair("peephole_lstm", rng, return_state=False):
        d = tf.ones_like(layer(x))

        @tf.function(autograph=False)
        def second(x, d, layer=layer):
            def first(x, d):
                return vjp(lambda x: layer(x, training=True), [x])[1](d)[0] ** 2

            return vjp(first, [x, d])[1](tf.ones_like(x))

        found.append(second(x, d))
    assert distance(*found) <= 1e-9


def test_frozen_weights_have_no_gradient(rng):
    ours, _ = pair("lstm", rng, return_state=False)
    ours.trainable = False
    assert not ours.trainable_variables
    (of_x,) = layer_gradients(ours, [np.ones((BATCH, STEPS, UNITS))], sequences(rng))
    assert np.any(of_x != 0)


def products(monkeypatch, call):
    """(rows, features) of all that a call multiplies."""
    sizes = []
    usual = CELLS["lstm"].multiply

    def multiply(cell, x, kernel):
        sizes.append((x.shape[0], kernel.shape[0]))
        return usual(cell, x, kernel)

    monkeypatch.setattr(CELLS["lstm"], "multiply", multiply)
    call()
    monkeypatch.setattr(CELLS["lstm"], "multiply", usual)
    return sizes


def test_the_loop_holds_only_what_waits_for_the_step_before(rng, monkeypatch):
    ours, plain = pair("lstm", rng)
    sizes = products(monkeypatch, lambda: ours(sequences(rng)))
    assert sizes.count((STEPS * BATCH, FEATURES)) == 1
    assert (BATCH, FEATURES) not in sizes and (BATCH, UNITS) in sizes
    assert (BATCH, FEATURES) in products(monkeypatch, lambda: plain(sequences(rng)))


@pytest.mark.usefixtures("of_many_rows")
def test_it_holds_the_products_of_many_rows_but_their_gradients_are_taken_once(rng, monkeypatch):
    if BACKEND == "torch":
        pytest.skip("it takes gradients of a loop as well as we could")
    ours, _ = pair("lstm", rng)
    sizes = products(monkeypatch, lambda: ours(sequences(rng)))
    assert (BATCH, FEATURES) in sizes and (STEPS * BATCH, FEATURES) not in sizes
    directions = [np.ones((BATCH, STEPS, UNITS)), *[np.ones((BATCH, UNITS))] * 2]
    sizes = products(
        monkeypatch, lambda: layer_gradients(ours, directions, sequences(rng), training=True)
    )
    assert sizes.count((STEPS * BATCH, FEATURES)) == 1


def test_refuses_a_loop_that_it_does_not_know():
    with pytest.raises(ValueError, match="one of auto, graph, fused, plain, not 'fast'"):
        LSTM(3, scan="fast")


def test_the_loop_is_saved_with_the_layer():
    layer = GRU.from_config(GRU(3, scan="plain").get_config())
    assert layer.scan == "plain"
    assert isinstance(layer, keras.layers.RNN)
