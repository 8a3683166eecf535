"""What holds for steps of differential equations only."""

import inspect

import numpy as np
import pytest

import oracles
from cases import (
    BATCH,
    FEATURES,
    UNITS,
    all_close,
    build,
    close,
    initial_states,
    numbers,
    own_layer,
    sequences,
    weights_by_gate,
)
from keras_lstm_variants import CELLS

pytestmark = pytest.mark.ci

OPEN = 100.0
RETURNS = {"return_sequences": True, "return_state": True}


def cell(name, rng, **options):
    return build(own_layer(name, **RETURNS, **options), rng)


@pytest.mark.parametrize("name", ["antisymmetric_rnn", "cornn", "lem", "clockwork_rnn"])
def test_starts_from_the_numbers_of_the_paper(name):
    parameters = inspect.signature(getattr(oracles, name)).parameters.values()
    usual = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    assert usual
    config = CELLS[name](UNITS).get_config()
    for option, value in usual.items():
        assert config[option] == (list(value) if option == "periods" else value)


@pytest.mark.parametrize(
    "name, options",
    [
        ("antisymmetric_rnn", {"epsilon": 0.25, "gamma": 2.0}),
        ("cornn", {"dt": 0.25, "gamma": 2.0, "epsilon": 0.5}),
        ("cornn", {"dt": 0.25, "gamma": 2.0, "epsilon": 0.5, "implicit": True}),
        ("lem", {"dt": 0.25}),
        ("clockwork_rnn", {"periods": [1, 2, 4]}),
        ("clockwork_rnn", {"periods": [2, 3]}),
        ("clockwork_rnn", {"periods": [1, 1]}),
    ],
)
def test_its_options_are_those_of_its_equations(name, options, rng):
    layer = cell(name, rng, **options)
    x, states = rng.normal(size=(BATCH, 9, FEATURES)), initial_states(name, rng)
    hs, *finals = layer(x, initial_state=states)
    weights = weights_by_gate(name, layer.get_weights())
    for n in range(BATCH):
        row = x[n], *(state[n] for state in states)
        expected_hs, expected = getattr(oracles, name)(*row, *weights, **options)
        close(hs[n], expected_hs)
        all_close([final[n] for final in finals], expected)


@pytest.mark.parametrize("heads", [1, 2])
def test_only_the_antisymmetric_part_of_r_counts(heads, rng):
    layer = cell("antisymmetric_rnn", rng, heads=heads)
    W, R, b = layer.get_weights()
    S = rng.normal(size=R.shape)
    x, states = sequences(rng), initial_states("antisymmetric_rnn", rng)
    before = layer(x, initial_state=states)
    layer.set_weights([W, R + S + np.swapaxes(S, -1, -2), b])
    all_close(layer(x, initial_state=states), before)
    layer.set_weights([W, R + S, b])
    assert np.abs(numbers(layer(x, initial_state=states)[1] - before[1])).max() > 1e-3


@pytest.mark.parametrize("gamma", [0.0, 0.5])
def test_only_diffusion_takes_from_the_size_of_the_state(gamma, rng):
    """Without input and with open gates, d|h|^2 = 2 h . M h is -2 gamma |h|^2 of a small h."""
    layer = cell("antisymmetric_rnn", rng, epsilon=1.0, gamma=gamma, recurrent_activation="linear")
    W, R, b = layer.get_weights()
    b = np.repeat([1.0, 0.0], UNITS)  # the gate is 1 + M h
    layer.set_weights([0 * W, R, b])
    h = 1e-6 * rng.normal(size=(BATCH, UNITS))
    moved = numbers(layer(np.zeros((BATCH, 1, FEATURES)), initial_state=[h])[1]) - h
    np.testing.assert_allclose(
        np.sum(h * moved, axis=-1), -gamma * np.sum(h * h, axis=-1), atol=1e-16
    )


def distance_to_the_differential_equation(dt, implicit, rng):
    """Of critically damped oscillators that nothing drives, a time of one after their start."""
    options = {"dt": dt, "gamma": 1.0, "epsilon": 2.0, "implicit": implicit}
    layer = cell("cornn", rng, **options)
    layer.set_weights([0 * weight for weight in layer.get_weights()])
    y, z = np.ones((1, UNITS)), np.full((1, UNITS), -3.0)
    ys, *_ = layer(np.zeros((1, round(1 / dt), FEATURES)), initial_state=[y, z])
    return np.abs(numbers(ys)[:, -1] - (y + (z + y)) * np.exp(-1)).max()


@pytest.mark.parametrize("implicit", [False, True])
def test_half_the_step_comes_twice_as_near_to_the_oscillator(implicit, rng):
    far, near = (distance_to_the_differential_equation(dt, implicit, rng) for dt in (0.01, 0.005))
    assert 0.001 < far < 0.03
    assert near / far == pytest.approx(0.5, abs=0.03)


def test_lem_with_open_gates_is_a_deep_transition_rnn(rng):
    """Its y then sees the input through z only, if W_y is zero."""
    layer, deep = cell("lem", rng), cell("deep_transition_rnn", rng, depth=2)
    W, R, b, U = layer.get_weights()
    z, gates, last = (slice(2 * UNITS, 3 * UNITS), slice(2 * UNITS), slice(3 * UNITS, None))
    W[:, gates], R[:, gates], b[gates], W[:, last] = 0, 0, OPEN, 0
    layer.set_weights([W, R, b, U])
    deep.set_weights([W[:, z], R[:, z], b[z], U, b[last]])
    x, states = sequences(rng), initial_states("lem", rng)
    close(layer(x, initial_state=states)[0], deep(x, initial_state=states[:1])[0])


def test_lem_with_closed_gates_stands_still(rng):
    layer = cell("lem", rng)
    W, R, b, U = layer.get_weights()
    W[:, : 2 * UNITS], R[:, : 2 * UNITS], b[: 2 * UNITS] = 0, 0, -OPEN
    layer.set_weights([W, R, b, U])
    states = initial_states("lem", rng)
    all_close(layer(sequences(rng), initial_state=states)[1:], states)
