"""What holds for IRNN and IndRNN only."""

import numpy as np
import pytest

from cases import (
    FEATURES,
    STEPS,
    UNITS,
    all_close,
    build,
    close,
    initial_states,
    own_layer,
    sequences,
)


def cell(name, rng, **options):
    return build(own_layer(name, return_sequences=True, **options), rng)


def at_first(name, features=FEATURES, **options):
    """The layer with the weights it starts from."""
    layer = own_layer(name, return_sequences=True, **options)
    layer.build((None, None, features))
    return layer


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_irnn_starts_from_a_multiple_of_the_identity(scale):
    layer = at_first("irnn", units=100, features=100, scale=scale)
    kernel, recurrent_kernel, bias = layer.get_weights()
    np.testing.assert_array_equal(recurrent_kernel, scale * np.eye(100))
    np.testing.assert_array_equal(bias, np.zeros(100))
    assert np.std(kernel) == pytest.approx(0.001, rel=0.05)
    assert np.mean(kernel) == pytest.approx(0, abs=5e-5)


def test_irnn_starts_by_copying_its_state(rng):
    (h,) = (np.abs(state) for state in initial_states("irnn", rng))
    nothing = np.zeros_like(sequences(rng))
    for scale in 1.0, 0.5:
        hs = at_first("irnn", scale=scale)(nothing, initial_state=[h])
        for t in range(STEPS):
            close(hs[:, t], scale ** (t + 1) * h)


def test_irnn_is_the_simple_rnn_that_rectifies(rng):
    layer, plain = cell("irnn", rng), cell("simple_rnn", rng, activation="relu")
    plain.set_weights(layer.get_weights())
    x, states = sequences(rng), initial_states("irnn", rng)
    close(layer(x, initial_state=states), plain(x, initial_state=states))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_ind_rnn_is_the_simple_rnn_with_a_diagonal_recurrent_kernel(activation, rng):
    options = {"activation": activation, "return_state": True}
    layer, plain = (cell(name, rng, **options) for name in ("ind_rnn", "simple_rnn"))
    kernel, r, bias = layer.get_weights()
    assert r.shape == (UNITS,)
    plain.set_weights([kernel, np.diag(r), bias])
    x, states = sequences(rng), initial_states("ind_rnn", rng)
    all_close(layer(x, initial_state=states), plain(x, initial_state=states))


def test_ind_rnn_starts_between_forgetting_and_keeping():
    _, r, _ = at_first("ind_rnn", units=1000).get_weights()
    assert np.all((r >= 0) & (r <= 1))
    assert np.mean(r) == pytest.approx(0.5, abs=0.05)
