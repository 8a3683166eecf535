"""What holds for cells whose input multiplies what comes from h_{t-1} only."""

import keras
import numpy as np
import pytest

from cases import (
    CASES,
    FACTORS,
    FEATURES,
    FLOAT,
    UNITS,
    all_close,
    build,
    initial_states,
    own_layer,
    sequences,
)

pytestmark = pytest.mark.ci

PLAIN = {"multiplicative_rnn": "simple_rnn", "multiplicative_lstm": "lstm"}
both_cells = pytest.mark.parametrize("name", PLAIN)


@both_cells
@pytest.mark.parametrize("chosen", [False, True])
def test_for_each_input_it_is_a_plain_cell_with_other_recurrent_weights(name, chosen, rng):
    options = CASES[name].choices if chosen else {}
    options = {**options, "return_sequences": True, "return_state": True}
    layer = build(own_layer(name, **options), rng)
    plain = build(own_layer(PLAIN[name], **options), rng)
    kernel, recurrent_kernel, bias, W_m, R_m = layer.get_weights()
    states = [state[:1] for state in initial_states(name, rng)]
    for x in sequences(rng)[:, :1]:
        again_and_again = np.tile(x, (1, 4, 1))
        chosen = R_m @ np.diag(x[0] @ W_m) @ recurrent_kernel
        plain.set_weights([kernel, chosen, bias])
        all_close(
            layer(again_and_again, initial_state=states),
            plain(again_and_again, initial_state=states),
            atol=1e-11,
        )


@both_cells
def test_has_as_many_factors_as_units_unless_told(name):
    gates = len(own_layer(name).cell.gates)
    for factors, expected in (None, UNITS), (FACTORS, FACTORS):
        layer = own_layer(name, factors=factors)
        layer.build((None, None, FEATURES))
        assert [w.shape for w in layer.weights] == [
            (FEATURES, gates * UNITS),
            (expected, gates * UNITS),
            (gates * UNITS,),
            (FEATURES, expected),
            (UNITS, expected),
        ]


def test_the_two_products_of_x_start_with_different_weights():
    layer = own_layer("multiplicative_rnn", factors=UNITS)
    layer.build((None, None, FEATURES))
    kernel, recurrent_kernel, _, W_m, R_m = layer.get_weights()
    assert np.all(kernel != W_m) and np.all(recurrent_kernel != R_m)


@both_cells
def test_refuses_factors_that_are_no_positive_integer(name):
    for factors in 0, -1, 2.5, "8":
        with pytest.raises(ValueError, match="factors"):
            own_layer(name, factors=factors)


RETURNS = {"return_sequences": True, "return_state": True}


def cell(name, rng, **options):
    return build(own_layer(name, **RETURNS, **options), rng)


def lstm_of_keras(kernel, recurrent_kernel, bias):
    layer = keras.layers.LSTM(UNITS, **RETURNS, dtype=FLOAT)
    layer.build((None, None, FEATURES))
    layer.set_weights([kernel, recurrent_kernel, bias])
    return layer


def test_mi_lstm_without_its_product_is_the_lstm_of_keras(rng):
    layer = cell("mi_lstm", rng)
    *shared, alpha, beta_1, beta_2 = layer.get_weights()
    ones = np.ones_like(alpha)
    layer.set_weights([*shared, 0 * alpha, ones, ones])
    x, states = sequences(rng), initial_states("mi_lstm", rng)
    expected = lstm_of_keras(*shared)(x, initial_state=states)
    all_close(layer(x, initial_state=states), expected)


@pytest.mark.parametrize(
    "options, expected",
    [
        ({}, [1, 1, 1]),
        ({"initial_alpha": 2.0, "initial_beta_1": 0.5, "initial_beta_2": 0.25}, [2, 0.5, 0.25]),
    ],
)
def test_mi_lstm_starts_from_the_three_numbers(options, expected):
    layer = own_layer("mi_lstm", **options)
    layer.build((None, None, 1))
    for vector, number in zip(layer.get_weights()[-3:], expected, strict=True):
        np.testing.assert_array_equal(vector, np.full(4 * UNITS, number))
