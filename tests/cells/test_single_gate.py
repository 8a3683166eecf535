"""What holds for cells with one gate only."""

import numpy as np
import pytest

from cases import (
    UNITS,
    all_close,
    build,
    close,
    initial_states,
    own_layer,
    sequences,
    softer,
    weights_by_gate,
)

pytestmark = pytest.mark.ci

OPEN = 100.0  # either squashing function of a gate makes one of this
either_way = pytest.mark.parametrize("options", [{}, softer])


def cell(name, rng, **options):
    return build(own_layer(name, return_sequences=True, **options), rng)


def fused(by_gate, gates="urz"):
    return np.concatenate([by_gate[gate] for gate in gates], axis=-1)


@either_way
def test_mgu_is_the_gru_whose_gates_share_their_weights(options, rng):
    layer, gru = cell("mgu", rng, **options), cell("gru_reset_before", rng, **options)
    tied = [
        {"u": -of["f"], "r": of["f"], "z": of["z"]}  # the GRU's u keeps what f replaces
        for of in weights_by_gate("mgu", layer.get_weights())
    ]
    gru.set_weights([fused(of) for of in tied])
    x, states = sequences(rng), initial_states("mgu", rng)
    close(layer(x, initial_state=states), gru(x, initial_state=states))


def test_mgu_has_no_forget_bias():
    with pytest.raises(ValueError, match="unit_forget_bias"):
        own_layer("mgu", unit_forget_bias=True)


@either_way
def test_ugrnn_is_the_gru_whose_reset_gate_is_open(options, rng):
    layer, gru = cell("ugrnn", rng, **options), cell("gru_reset_before", rng, **options)
    W, R, b = weights_by_gate("ugrnn", layer.get_weights())
    W["r"], R["r"], b["r"] = 0 * W["u"], 0 * R["u"], np.full(UNITS, OPEN)
    gru.set_weights([fused(of) for of in (W, R, b)])
    x, states = sequences(rng), initial_states("ugrnn", rng)
    close(layer(x, initial_state=states), gru(x, initial_state=states))


@either_way
def test_janet_with_a_beta_of_zero_is_the_ugrnn(options, rng):
    layer, ugrnn = cell("janet", rng, beta=0.0, **options), cell("ugrnn", rng, **options)
    ugrnn.set_weights(layer.get_weights())
    x, states = sequences(rng), initial_states("janet", rng)
    close(layer(x, initial_state=states), ugrnn(x, initial_state=states))


def test_janet_with_a_large_beta_takes_all_of_the_candidate(rng):
    layer = cell("janet", rng, beta=OPEN)
    W, R, b = weights_by_gate("janet", layer.get_weights())
    x, (h,) = sequences(rng), initial_states("janet", rng)
    f = 1 / (1 + np.exp(-(x[:, 0] @ W["f"] + h @ R["f"] + b["f"])))
    z = np.tanh(x[:, 0] @ W["z"] + h @ R["z"] + b["z"])
    close(layer(x, initial_state=[h])[:, 0], f * h + z)


def with_states(name, rng, **options):
    options = {"return_sequences": True, "return_state": True, **options}
    return build(own_layer(name, **options), rng)


@pytest.mark.parametrize("li_gru, ugrnn", [({}, "relu"), ({"activation": "tanh"}, "tanh")])
def test_li_gru_is_the_ugrnn_that_rectifies_unless_told(li_gru, ugrnn, rng):
    layer, plain = with_states("li_gru", rng, **li_gru), with_states("ugrnn", rng, activation=ugrnn)
    plain.set_weights(layer.get_weights())
    x, states = sequences(rng), initial_states("li_gru", rng)
    all_close(layer(x, initial_state=states), plain(x, initial_state=states))


def test_fast_grnn_of_full_weight_is_the_ugrnn_whose_gate_and_candidate_share_their_products(rng):
    layer, ugrnn = with_states("fast_grnn", rng), with_states("ugrnn", rng)
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
    layer = with_states("star", rng)
    W, R, b = layer.get_weights()
    b[:UNITS] = OPEN * (2 * k - 1)
    layer.set_weights([W, R, b])
    x, (h,) = sequences(rng)[:, :1], initial_states("star", rng)
    z = np.tanh(x[:, 0] @ W[:, UNITS:] + b[UNITS:])
    close(layer(x, initial_state=[h])[1], np.tanh(z if k else h))


def test_minimal_rnn_whose_gate_sees_no_candidate_is_a_ugrnn_with_fewer_products(rng):
    layer, ugrnn = with_states("minimal_rnn", rng), with_states("ugrnn", rng)
    W, R, b, U = layer.get_weights()
    layer.set_weights([W, R, b, 0 * U])
    none = np.zeros((UNITS, UNITS))
    ugrnn.set_weights([np.hstack([np.zeros_like(W), W]), np.hstack([R, none]), b])
    x, states = sequences(rng), initial_states("minimal_rnn", rng)
    all_close(layer(x, initial_state=states), ugrnn(x, initial_state=states))
