"""What holds for the array LSTM only."""

import numpy as np
import pytest

from cases import (
    BATCH,
    FLOAT,
    UNITS,
    all_close,
    build,
    close,
    numbers,
    sequences,
)
from keras_lstm_variants import LSTM, ArrayLSTM

pytestmark = pytest.mark.ci

LANES = 2
usual = {"dtype": FLOAT, "return_sequences": True, "return_state": True}


def states(rng, *sizes):
    return [rng.normal(size=(BATCH, size)) for size in sizes]


def test_an_array_of_one_lane_is_the_lstm(rng):
    layer, plain = build(ArrayLSTM(UNITS, lanes=1, **usual), rng), build(LSTM(UNITS, **usual), rng)
    plain.set_weights(layer.get_weights())
    x, initial = sequences(rng), states(rng, UNITS, UNITS)
    all_close(layer(x, initial_state=initial), plain(x, initial_state=initial))


def array(rng):
    layer = build(ArrayLSTM(UNITS, lanes=LANES, **usual), rng)
    return layer, sequences(rng), states(rng, UNITS, LANES * UNITS)


def swapped(columns):
    """The two lanes of everything in the other order."""
    by_lane = columns.reshape(*columns.shape[:-1], -1, LANES, UNITS)
    return by_lane[..., ::-1, :].reshape(columns.shape)


def test_the_order_of_the_lanes_means_nothing(rng):
    layer, x, (h, c) = array(rng)
    hs, _, c_last = layer(x, initial_state=[h, c])
    layer.set_weights([swapped(weight) for weight in layer.get_weights()])
    other_hs, _, other_c = layer(x, initial_state=[h, swapped(c)])
    all_close([other_hs, swapped(numbers(other_c))], [hs, c_last])


def test_lanes_have_gates_of_their_own(rng):
    layer, x, (h, c) = array(rng)
    kernel, recurrent_kernel, bias = layer.get_weights()
    bias.reshape(4, LANES, UNITS)[:2, 0] = [[-1e3], [1e3]]  # the first lane keeps all, takes none
    layer.set_weights([kernel, recurrent_kernel, bias])
    *_, last = layer(x, initial_state=[h, c])
    close(last[:, :UNITS], c[:, :UNITS])
    assert np.abs(numbers(last)[:, UNITS:] - c[:, UNITS:]).max() > 1e-3


def test_refuses_lanes_that_are_no_positive_integer():
    with pytest.raises(ValueError, match="lanes"):
        ArrayLSTM(UNITS, lanes=0)


def test_heads_of_an_array_do_not_see_each_other(rng):
    layer = build(ArrayLSTM(UNITS, lanes=LANES, heads=2, **usual), rng)
    x, (h, c) = sequences(rng)[:, :1], states(rng, UNITS, LANES * UNITS)
    other = h.copy()
    other[:, : UNITS // 2] = 0
    one, two = (numbers(layer(x, initial_state=[each, c])[1]) for each in (h, other))
    np.testing.assert_array_equal(one[:, UNITS // 2 :], two[:, UNITS // 2 :])
    assert np.all(one[:, : UNITS // 2] != two[:, : UNITS // 2])
