"""What holds for the layer-normalised LSTM only."""

import keras
import numpy as np
import pytest

from cases import (
    BATCH,
    FEATURES,
    FLOAT,
    UNITS,
    all_close,
    build,
    close,
    numbers,
    sequences,
)
from keras_lstm_variants import LSTM, LayerNormLSTM

pytestmark = pytest.mark.ci

EXACT = {"epsilon": 1e-30}  # with an epsilon, a scale does not cancel quite


def cell(rng, **options):
    options = {"return_sequences": True, "return_state": True, **options}
    return build(LayerNormLSTM(UNITS, dtype=FLOAT, **options), rng)


def states(rng):
    return [rng.normal(size=(BATCH, UNITS)) for _ in "hc"]


@pytest.mark.parametrize("place", [0, 1])
def test_scaling_or_shifting_all_net_inputs_of_x_or_of_h_changes_nothing(place, rng):
    layer, x, initial = cell(rng, **EXACT), sequences(rng), states(rng)
    expected = layer(x, initial_state=initial)
    weights = layer.get_weights()
    rows = len(weights[place])
    weights[place] = 3 * weights[place] + rng.normal(size=(rows, 1))  # the same to every column
    layer.set_weights(weights)
    all_close(layer(x, initial_state=initial), expected, atol=1e-11)


def test_the_net_inputs_of_one_gate_do_not_scale_alone(rng):
    layer, x = cell(rng, **EXACT), sequences(rng)
    expected = numbers(layer(x)[0])
    kernel, *rest = layer.get_weights()
    kernel[:, :UNITS] *= 3
    layer.set_weights([kernel, *rest])
    assert np.abs(numbers(layer(x)[0]) - expected).max() > 1e-3


def test_the_cell_state_is_carried_on_as_it_is(rng):
    layer, x, (h, c) = cell(rng), sequences(rng)[:, :1], states(rng)
    kernel, recurrent_kernel, _, *own = layer.get_weights()
    open_or_closed = np.repeat([-1e3, 1e3, 0.0, 0.0], UNITS)  # i, f, z, o
    layer.set_weights([kernel, recurrent_kernel, open_or_closed, *own])
    *_, c_next = layer(x, initial_state=[h, c])
    close(c_next, c)


def test_the_output_sees_the_normalised_cell_state(rng):
    layer, x = cell(rng, activation="linear"), sequences(rng)[:, :1]
    kernel, recurrent_kernel, bias, alpha_x, alpha_h, alpha_c, beta_c = layer.get_weights()
    bias[3 * UNITS :] = 1e3  # an open output gate
    layer.set_weights([kernel, recurrent_kernel, bias, alpha_x, alpha_h, alpha_c, beta_c])
    _, h, c = map(numbers, layer(x, initial_state=states(rng)))
    normalised = (h - beta_c) / alpha_c
    close(normalised.mean(axis=-1), 0)
    close(normalised.var(axis=-1), c.var(axis=-1) / (c.var(axis=-1) + 1e-3))


def test_net_inputs_that_are_normal_already_make_it_the_lstm(rng):
    """With one net input of each sign there is nothing to normalise."""
    signs = np.tile([1.0, -1.0], 2 * UNITS)[None]
    x, nothing = np.ones((BATCH, 1, 1)), np.zeros((UNITS, 4 * UNITS))
    layer = LayerNormLSTM(UNITS, dtype=FLOAT, return_state=True, **EXACT)
    plain = LSTM(UNITS, dtype=FLOAT, return_state=True)
    for each in layer, plain:
        each.build((None, None, 1))
    bias = rng.normal(size=4 * UNITS)
    layer.set_weights([signs, nothing, bias, *layer.get_weights()[3:]])
    plain.set_weights([signs, nothing, bias])
    initial = states(rng)
    _, _, c = layer(x, initial_state=initial)
    close(c, plain(x, initial_state=initial)[2])


def test_starts_with_scales_of_one_and_a_shift_of_zero():
    layer = LayerNormLSTM(UNITS)
    layer.build((None, None, FEATURES))
    *_, alpha_x, alpha_h, alpha_c, beta_c = layer.get_weights()
    for alpha in alpha_x, alpha_h, alpha_c:
        np.testing.assert_array_equal(alpha, 1)
    np.testing.assert_array_equal(beta_c, 0)


def test_equal_net_inputs_have_finite_gradients(rng):
    layer = LayerNormLSTM(UNITS)
    layer.build((None, None, FEATURES))
    model = keras.Sequential([keras.Input((None, FEATURES)), layer])
    model.compile("sgd", "mse")
    model.fit(np.zeros((BATCH, 2, FEATURES)), np.ones((BATCH, UNITS)), verbose=0)
    assert all(np.all(np.isfinite(weight)) for weight in layer.get_weights())


def test_refuses_an_epsilon_that_is_not_positive():
    with pytest.raises(ValueError, match="epsilon"):
        LayerNormLSTM(UNITS, epsilon=0)
