"""What holds for the Mogrifier LSTM only."""

import keras
import pytest

import oracles
from cases import (
    BATCH,
    CASES,
    FEATURES,
    FLOAT,
    UNITS,
    all_close,
    build,
    by_gate,
    close,
    initial_states,
    own_layer,
    sequences,
)

pytestmark = pytest.mark.ci

RETURNS = {"return_sequences": True, "return_state": True}


def cell(name, rng, **options):
    return build(own_layer(name, **RETURNS, **options), rng)


def lstm_of_keras(kernel, recurrent_kernel, bias):
    layer = keras.layers.LSTM(UNITS, **RETURNS, dtype=FLOAT)
    layer.build((None, None, FEATURES))
    layer.set_weights([kernel, recurrent_kernel, bias])
    return layer


def test_mogrifier_lstm_without_rounds_is_the_lstm_of_keras(rng):
    layer = cell("mogrifier_lstm", rng, rounds=0)
    x, states = sequences(rng), initial_states("mogrifier_lstm", rng)
    expected = lstm_of_keras(*layer.get_weights())(x, initial_state=states)
    all_close(layer(x, initial_state=states), expected)


@pytest.mark.parametrize("rounds", [1, 2, 3, 4])
def test_mogrifier_lstm_gates_as_often_as_told(rounds, rng):
    layer = cell("mogrifier_lstm", rng, rounds=rounds)
    W, R, b, *Q = layer.get_weights()
    assert [q.shape for q in Q] == [(UNITS, FEATURES), (FEATURES, UNITS)] * (rounds // 2) + [
        (UNITS, FEATURES)
    ] * (rounds % 2)
    x, states = sequences(rng), initial_states("mogrifier_lstm", rng)
    hs, *_ = layer(x, initial_state=states)
    gates = CASES["mogrifier_lstm"].gates
    weights = [by_gate(columns, gates) for columns in (W, R, b)]
    for n in range(BATCH):
        row = x[n], *(state[n] for state in states)
        close(hs[n], oracles.mogrifier_lstm(*row, *weights, *Q)[0])


@pytest.mark.parametrize("rounds", [-1, 2.5, "5", None])
def test_mogrifier_lstm_refuses_rounds_that_are_no_number_of_them(rounds):
    with pytest.raises(ValueError, match="rounds"):
        own_layer("mogrifier_lstm", rounds=rounds)
