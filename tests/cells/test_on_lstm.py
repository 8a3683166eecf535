"""What holds for the ON-LSTM only."""

import keras
import numpy as np
import pytest

from cases import (
    BATCH,
    FEATURES,
    FLOAT,
    UNITS,
    build,
    close,
    initial_states,
    numbers,
    own_layer,
    sequences,
)

pytestmark = pytest.mark.ci

OPEN = 100.0
RETURNS = {"return_sequences": True, "return_state": True}


def cell(name, rng, **options):
    return build(own_layer(name, **RETURNS, **options), rng)


def lstm_of_keras(kernel, recurrent_kernel, bias):
    layer = keras.layers.LSTM(UNITS, **RETURNS, dtype=FLOAT)
    layer.build((None, None, FEATURES))
    layer.set_weights([kernel, recurrent_kernel, bias])
    return layer


LEVELS, CHUNK = 3, UNITS // 3


def ordered(rng, of_i, of_f, z, **options):
    """The layer whose i, f and z are constants; the master gates are random."""
    layer = cell("on_lstm", rng, **options)
    W, R, b = layer.get_weights()
    for place, value in enumerate((of_i, of_f, z)):
        columns = slice(place * UNITS, (place + 1) * UNITS)
        W[:, columns], R[:, columns], b[columns] = 0, 0, value
    layer.set_weights([W, R, b])
    return layer


def cell_states(layer, c, rng):
    """The cell states after one step, of c before."""
    x, (h, _) = sequences(rng), initial_states("on_lstm", rng)
    return numbers(layer(x[:, :1], initial_state=[h, np.full((BATCH, UNITS), float(c))])[2])


def test_the_master_forget_gate_of_on_lstm_rises_to_one_in_steps_of_a_level(rng):
    kept = cell_states(ordered(rng, OPEN, OPEN, z=0), 1, rng)
    by_level = kept.reshape(BATCH, LEVELS, CHUNK)
    np.testing.assert_array_equal(by_level, by_level[..., :1] * np.ones(CHUNK))
    assert np.all(by_level > 0) and np.all(np.diff(by_level, axis=1) > 0)
    close(by_level[:, -1], np.ones((BATCH, CHUNK)))


def test_the_master_input_gate_of_on_lstm_falls_to_zero_in_steps_of_a_level(rng):
    let_in = cell_states(ordered(rng, OPEN, OPEN, z=OPEN), 0, rng)
    by_level = let_in.reshape(BATCH, LEVELS, CHUNK)
    np.testing.assert_array_equal(by_level, by_level[..., :1] * np.ones(CHUNK))
    assert np.all(by_level < 1) and np.all(np.diff(by_level, axis=1) < 0)
    close(by_level[:, -1], np.zeros((BATCH, CHUNK)))


@pytest.mark.parametrize("c, z", [(1, 0), (0, OPEN)])
def test_closed_gates_of_on_lstm_act_only_where_both_master_gates_are_open(c, z, rng):
    """What is left is what one master gate lets through and the other does not."""
    layers = [ordered(np.random.default_rng(1), at, at, z) for at in (OPEN, -OPEN)]
    both = [cell_states(layer, c, np.random.default_rng(2)) for layer in layers]
    other = cell_states(
        ordered(np.random.default_rng(1), OPEN, OPEN, OPEN - z), 1 - c, np.random.default_rng(2)
    )
    close(both[1], both[0] * (1 - other))


def test_on_lstm_with_open_master_gates_is_the_lstm_of_keras_but_for_its_last_level(rng):
    layer = cell("on_lstm", rng)
    W, R, b = layer.get_weights()
    masters, used = slice(4 * UNITS, None), UNITS - CHUNK
    W[:, masters], R[:, masters], R[used:] = 0, 0, 0
    b[masters] = [OPEN, 0, 0, 0, 0, OPEN]  # one from the first level on, and up to the last
    layer.set_weights([W, R, b])
    x, states = sequences(rng), initial_states("on_lstm", rng)
    plain = lstm_of_keras(*(weight[..., : 4 * UNITS] for weight in (W, R, b)))
    hs, _, c = layer(x, initial_state=states)
    expected_hs, _, expected_c = plain(x, initial_state=states)
    close(hs[..., :used], expected_hs[..., :used])
    close(c, np.concatenate([numbers(expected_c)[:, :used], states[1][:, used:]], axis=-1))


def test_on_lstm_has_a_level_for_each_cell_unless_told():
    layer = own_layer("on_lstm", levels=None)
    layer.build((None, None, FEATURES))
    assert layer.cell.levels == UNITS
    assert layer.get_weights()[2].shape == (6 * UNITS,)


@pytest.mark.parametrize("levels", [0, 4, 2.0])
def test_on_lstm_refuses_levels_that_do_not_divide_its_cells(levels):
    with pytest.raises(ValueError, match="levels"):
        own_layer("on_lstm", levels=levels)
