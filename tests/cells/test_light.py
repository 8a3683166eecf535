"""What holds for STAR, LiGRU and FastGRNN only."""

import numpy as np
import pytest

from cases import UNITS, all_close, build, close, initial_states, own_layer, sequences

OPEN = 100.0


def cell(name, rng, **options):
    options = {"return_sequences": True, "return_state": True, **options}
    return build(own_layer(name, **options), rng)


@pytest.mark.parametrize("li_gru, ugrnn", [({}, "relu"), ({"activation": "tanh"}, "tanh")])
def test_li_gru_is_the_ugrnn_that_rectifies_unless_told(li_gru, ugrnn, rng):
    layer, plain = cell("li_gru", rng, **li_gru), cell("ugrnn", rng, activation=ugrnn)
    plain.set_weights(layer.get_weights())
    x, states = sequences(rng), initial_states("li_gru", rng)
    all_close(layer(x, initial_state=states), plain(x, initial_state=states))


def test_fast_grnn_of_full_weight_is_the_ugrnn_whose_gate_and_candidate_share_their_products(rng):
    layer, ugrnn = cell("fast_grnn", rng), cell("ugrnn", rng)
    W, R, b, zeta, nu = layer.get_weights()
    layer.set_weights([W, R, b, 0 * zeta + OPEN, 0 * nu - OPEN])
    ugrnn.set_weights([np.hstack([W, W]), np.hstack([R, R]), b])
    x, states = sequences(rng), initial_states("fast_grnn", rng)
    all_close(layer(x, initial_state=states), ugrnn(x, initial_state=states))


@pytest.mark.parametrize(
    "options, expected", [({}, [1, -4]), ({"initial_zeta": 3.0, "initial_nu": -3.0}, [3, -3])]
)
def test_fast_grnn_starts_from_the_two_numbers(options, expected):
    layer = own_layer("fast_grnn", **options)
    layer.build((None, None, 1))
    np.testing.assert_array_equal(np.ravel(layer.get_weights()[-2:]), expected)


@pytest.mark.parametrize("k", [0, 1])
def test_star_squashes_the_old_state_and_the_new_one_alike(k, rng):
    layer = cell("star", rng)
    W, R, b = layer.get_weights()
    b[:UNITS] = OPEN * (2 * k - 1)
    layer.set_weights([W, R, b])
    x, (h,) = sequences(rng)[:, :1], initial_states("star", rng)
    z = np.tanh(x[:, 0] @ W[:, UNITS:] + b[UNITS:])
    close(layer(x, initial_state=[h])[1], np.tanh(z if k else h))
