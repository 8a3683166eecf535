"""The loop in compiled code against Keras' loop: values and gradients."""

import numpy as np
import pytest

from cases import (
    BATCH,
    CASES,
    FEATURES,
    MASK,
    STEPS,
    UNITS,
    alike,
    compiled,
    distance,
    initial_states,
    layer_gradients,
    of_tensorflow,
    padded,
    sequences,
    taken,
)
from keras_lstm_variants import CELLS, PeepholeLSTM

pytestmark = [of_tensorflow, pytest.mark.usefixtures("optimised", "fresh_loops")]
every_cell = pytest.mark.parametrize("name", list(CELLS))
DROPOUT = {"dropout": 0.3, "recurrent_dropout": 0.3, "seed": 1}


@every_cell
@pytest.mark.parametrize("masked, options", [(False, {"go_backwards": True}), (True, DROPOUT)])
@pytest.mark.parametrize("graph", [False, True])
def test_gives_the_values_and_gradients_of_keras_loop(name, masked, options, graph, rng):
    draws = "seed" in options and not CASES[name].draws
    options = taken(name, options) if draws else {}
    ours, plain = alike(name, rng, "float64", ["compiled", "plain"], **options)
    x, states, mask = sequences(rng), initial_states(name, rng), MASK if masked else None
    x = padded(x) if masked else x
    shapes = [(BATCH, STEPS, UNITS), *[state.shape for state in states]]
    directions = [rng.normal(size=shape) for shape in shapes]
    call = {"initial_state": states, "mask": mask, "training": draws}
    assert distance(ours(x, **call), plain(x, **call)) <= 1e-12
    assert ours.why_not_compiled == ""
    both = (
        layer_gradients(one, directions, x, states, mask, training=draws, graph=graph)
        for one in (ours, plain)
    )
    assert distance(*both) <= 1e-10


@every_cell
def test_is_as_exact_in_float32_as_keras_loop(name, rng):
    exact, ours, plain = (
        alike(name, np.random.default_rng(1), dtype, [scan])[0]
        for dtype, scan in [("float64", "plain"), ("float32", "compiled"), ("float32", "plain")]
    )
    x, states = sequences(rng), initial_states(name, rng)
    weights = exact.get_weights()
    for layer in exact, ours, plain:
        layer.set_weights([w.astype("float32") for w in weights])
    x, states = (
        x.astype("float32"),
        [state.astype("float32") for state in states],
    )
    expected = exact(x, initial_state=states)
    errors = [distance(layer(x, initial_state=states), expected) for layer in (ours, plain)]
    assert errors[0] <= 1e-6 + 3 * errors[1]
    directions = [np.ones((BATCH, STEPS, UNITS)), *map(np.ones_like, states)]
    expected, actual, usual = (
        layer_gradients(layer, directions, x, states) for layer in (exact, ours, plain)
    )
    assert distance(actual, expected) <= 1e-5 + 3 * distance(usual, expected)


@pytest.mark.parametrize("name", ["peephole_lstm", "gru_reset_before", "memory_block_lstm"])
@pytest.mark.parametrize("options", [{"gradient": "truncated"}, {"clip_net_gradient": 0.05}])
def test_keeps_the_rules_of_the_gradient(name, options, rng):
    ours, plain = alike(name, rng, "float64", ["compiled", "plain"], **options)
    x, states = sequences(rng), initial_states(name, rng)
    directions = [rng.normal(size=(BATCH, STEPS, UNITS)), *map(np.ones_like, states)]
    assert distance(*(layer_gradients(one, directions, x, states) for one in (ours, plain))) < 1e-10
    assert ours.why_not_compiled == ""


@pytest.mark.parametrize("heads", [2, 3])
@pytest.mark.parametrize("name", ["lstm", "gru", "slstm"])
def test_has_heads(name, heads, rng):
    ours, plain = alike(name, rng, "float64", ["compiled", "plain"], heads=heads)
    x, states = sequences(rng), initial_states(name, rng)
    directions = [rng.normal(size=(BATCH, STEPS, UNITS)), *map(np.ones_like, states)]
    assert distance(*(layer_gradients(one, directions, x, states) for one in (ours, plain))) < 1e-10
    assert ours.why_not_compiled == ""


@pytest.mark.parametrize("batch, steps", [(1, 1), (1, 9), (3, 1), (37, 3), (70, 2)])
@pytest.mark.parametrize("threads", ["1", "2", "5"])
def test_any_number_of_sequences_steps_and_threads(batch, steps, threads, rng, monkeypatch):
    monkeypatch.setenv("KERAS_LSTM_VARIANTS_THREADS", threads)
    options = {"return_state": False}
    ours, plain = alike("peephole_lstm", rng, "float64", ["compiled", "plain"], **options)
    x = rng.normal(size=(batch, steps, FEATURES))
    mask = rng.uniform(size=(batch, steps)) < 0.7
    graph = compiled(ours, shape=(None, None, FEATURES))
    assert distance([graph(x)], [plain(x)]) < 1e-12
    both = [
        layer_gradients(one, [np.ones((batch, steps, UNITS))], x, mask=mask)
        for one in (ours, plain, ours)
    ]
    assert distance(*both[:2]) < 1e-10
    for one, again in zip(both[0], both[2], strict=True):
        np.testing.assert_array_equal(one, again)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("features, units", [(1, 1), (33, 8), (20, 25), (16, 12)])
def test_any_number_of_features_and_units(features, units, dtype, rng):
    # Products are computed by columns of 8, 16 or 32, the sums over steps in blocks of 128.
    ours, plain = (
        PeepholeLSTM(units, return_sequences=True, dtype=dtype, scan=scan)
        for scan in ("compiled", "plain")
    )
    x = rng.normal(size=(9, 20, features)).astype(dtype)
    for layer in ours, plain:
        layer.build(x.shape)
    ours.set_weights([rng.normal(size=w.shape) / 2 for w in ours.get_weights()])
    plain.set_weights(ours.get_weights())
    within = {"float32": 1e-5, "float64": 1e-12}[dtype]
    assert distance([ours(x)], [plain(x)]) < within
    direction = [rng.normal(size=(9, 20, units))]
    both = (layer_gradients(one, direction, x) for one in (ours, plain))
    assert distance(*both) < within


@pytest.mark.parametrize("name", ["mlstm", "min_lstm"])
def test_without_products_sequences_go_through_their_steps_one_by_one(name, rng):
    # Of more steps than are summed up at once, and with matrices in more pieces than are read in
    # place.
    batch, steps, units = 3, 70, 14
    options = {"units": units, "return_state": False}
    ours, plain = alike(name, rng, "float64", ["compiled", "plain"], **options)
    x, mask = rng.normal(size=(batch, steps, FEATURES)), rng.uniform(size=(batch, steps)) < 0.8
    assert distance([ours(x, mask=mask)], [plain(x, mask=mask)]) < 1e-12
    direction = [rng.normal(size=(batch, steps, units))]
    both = (layer_gradients(one, direction, x, mask=mask) for one in (ours, plain))
    assert distance(*both) < 1e-10
    assert ours.why_not_compiled == ""


FUNCTIONS = ["relu", "relu6", "softsign", "softplus", "elu", "hard_sigmoid", "gelu", "silu"]


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_other_functions(activation, rng):
    ours, plain = alike(
        "lstm", rng, "float64", ["compiled", "plain"], activation=activation, return_state=False
    )
    x = sequences(rng)
    direction = [np.ones((BATCH, STEPS, UNITS))]
    assert distance(*(layer_gradients(one, direction, x) for one in (ours, plain))) < 1e-10
    assert ours.why_not_compiled == ""


@pytest.mark.parametrize("activation", ["tanh", "softplus", "elu", "relu6"])
def test_functions_at_their_ends(activation, rng):
    options = {"activation": activation, "return_state": False}
    ours, plain = alike("lstm", rng, "float32", ["compiled", "plain"], **options)
    for layer in ours, plain:
        layer.set_weights([np.ones_like(w) for w in layer.get_weights()])
    ends = [0.0, -0.0, 1e-40, 20.0, -20.0, 89.0, -89.0, 1e30, -1e30, np.inf, -np.inf, np.nan]
    x = np.zeros((len(ends), 1, FEATURES), "float32")
    x[:, 0, 0] = ends
    inexact = 1e-15 if activation == "elu" else 1e-30  # TensorFlow's, near zero
    np.testing.assert_allclose(ours(x), plain(x), rtol=1e-5, atol=inexact)
