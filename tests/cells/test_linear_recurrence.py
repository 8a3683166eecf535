"""What holds for SRU and RG-LRU only."""

import keras
import numpy as np
import pytest

import oracles
from cases import (
    BATCH,
    FLOAT,
    STEPS,
    UNITS,
    build,
    by_gate,
    close,
    gradients,
    initial_states,
    numbers,
    own_layer,
    sequences,
)
from keras_lstm_variants import MinGRU

pytestmark = pytest.mark.ci

OPEN = 100.0
RETURNS = {"return_sequences": True, "return_state": True}
GATES = {"sru": "frz", "rg_lru": "ri"}


@pytest.mark.parametrize("name", GATES)
def test_takes_what_changes_nothing_about_the_r_that_it_has_not(name):
    cell = own_layer(name, recurrent_dropout=0.0, gradient=None, heads=1).cell
    assert cell.get_config().keys() == own_layer(name).cell.get_config().keys()


@pytest.mark.parametrize(
    "name, options",
    [("sru", {}), ("sru", {"alpha": 0.5}), ("rg_lru", {}), ("rg_lru", {"c": 2.0})],
)
def test_with_as_many_features_as_units_x_comes_through_as_it_is(name, options, rng):
    layer = build(own_layer(name, **RETURNS, **options), rng, features=UNITS)
    W, b, *own = layer.get_weights()
    W = by_gate(W, dict.fromkeys(GATES[name], UNITS))
    b = by_gate(b, dict.fromkeys(GATES[name][:2], UNITS))
    x, states = sequences(rng, features=UNITS), initial_states(name, rng)
    hs, *_ = layer(x, initial_state=states)
    for n in range(BATCH):
        row = x[n], *(state[n] for state in states)
        close(hs[n], getattr(oracles, name)(*row, W, {}, b, *own, **options)[0])


def test_the_cell_state_of_an_sru_that_does_not_see_it_is_a_min_gru(rng):
    layer = build(own_layer("sru", **RETURNS), rng)
    W, b, v_f, v_r = layer.get_weights()
    layer.set_weights([W, b, 0 * v_f, v_r])
    min_gru = build(MinGRU(UNITS, dtype=FLOAT), rng)
    f, z = slice(UNITS), slice(2 * UNITS, 3 * UNITS)
    min_gru.set_weights([np.hstack([-W[:, f], W[:, z]]), np.concatenate([-b[f], 0 * b[f]])])
    x, (h, c) = sequences(rng), initial_states("sru", rng)
    close(layer(x, initial_state=[h, c])[2], min_gru(x, initial_state=[c]))


def test_sru_puts_out_its_cell_state_or_the_input(rng):
    x, states = sequences(rng, features=UNITS), initial_states("sru", rng)
    layer = build(own_layer("sru", **RETURNS, alpha=2.0), rng, features=UNITS)
    W, b, v_f, v_r = layer.get_weights()
    r = slice(UNITS, 2 * UNITS)
    W[:, r] = 0
    for bias in OPEN, -OPEN:
        b[r] = bias
        layer.set_weights([W, b, v_f, 0 * v_r])
        _, h, c = layer(x, initial_state=states)
        close(h, c if bias > 0 else 2 * x[:, -1])


def decay_at_first(rng, **options):
    """The a of many units for an open gate r, as the layer starts."""
    layer = own_layer("rg_lru", units=1000, gate_bias={"r": OPEN}, **RETURNS, **options)
    layer.build((None, None, 1))
    h = np.ones((1, 1000))
    return numbers(layer(np.zeros((1, 1, 1)), initial_state=[h])[1])


@pytest.mark.parametrize("options", [{}, {"c": 2.0}])
def test_rg_lru_starts_with_slow_decays_of_all_speeds(options, rng):
    a = decay_at_first(rng, **options)
    assert np.all((a >= 0.9) & (a <= 0.999))
    assert np.mean(a) == pytest.approx(0.9495, abs=0.005)
    assert np.std(a) == pytest.approx(0.099 / np.sqrt(12), rel=0.1)


def test_rg_lru_keeps_the_size_of_what_comes_in(rng):
    """Of noise of variance one, whatever the decay."""
    layer = own_layer("rg_lru", gate_bias={"r": 0.0, "i": OPEN}, return_sequences=True)
    layer.build((None, None, UNITS))
    kernel, bias, decay = layer.get_weights()
    layer.set_weights([0 * kernel, bias, np.linspace(-4, 2, UNITS)])
    hs = numbers(layer(rng.normal(size=(50, 2000, UNITS)))[:, 1000:])
    np.testing.assert_allclose(hs.std(axis=(0, 1)), np.ones(UNITS), rtol=0.05)


@pytest.mark.parametrize("dtype", sorted({"float32", FLOAT}))
def test_a_closed_gate_of_rg_lru_leaves_its_gradients_finite(dtype):
    """1 - a^2 is zero then, where the root has no derivative."""
    layer = own_layer("rg_lru", dtype, recurrent_activation="hard_sigmoid", gate_bias={"r": -OPEN})
    layer.build((None, None, UNITS))
    x, h = np.ones((BATCH, STEPS, UNITS), dtype), np.ones((BATCH, UNITS), dtype)
    close(layer(x, initial_state=[h]), h)

    def loss(x):
        return keras.ops.sum(layer(keras.ops.cast(x, dtype), initial_state=[h]))

    for gradient in gradients(loss, layer.trainable_variables, [x]):
        assert np.all(np.isfinite(gradient))


def test_the_decays_of_two_layers_differ():
    layers = [own_layer("rg_lru") for _ in range(2)]
    for layer in layers:
        layer.build((None, None, UNITS))
    one, two = (keras.ops.convert_to_numpy(layer.weights[-1]) for layer in layers)
    assert np.all(one != two)
