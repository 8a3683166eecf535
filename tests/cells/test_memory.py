"""What holds for SCRN, array LSTM and NAS cell only."""

import numpy as np
import pytest

from cases import (
    BATCH,
    FEATURES,
    FLOAT,
    STEPS,
    UNITS,
    all_close,
    build,
    close,
    layer_gradients,
    numbers,
    sequences,
)
from keras_lstm_variants import LSTM, NAS, SCRN, ArrayLSTM, SimpleRNN

CONTEXT, LANES = 3, 2
usual = {"dtype": FLOAT, "return_sequences": True, "return_state": True}


def scrn(rng, **options):
    return build(SCRN(UNITS, context_units=CONTEXT, **usual, **options), rng)


def states(rng, *sizes):
    return [rng.normal(size=(BATCH, size)) for size in sizes]


def test_scrn_without_context_is_a_logistic_simple_rnn(rng):
    layer = scrn(rng)
    plain = build(SimpleRNN(UNITS, activation="sigmoid", **usual), rng)
    B, P = layer.get_weights()[3:]
    layer.set_weights([*plain.get_weights(), B, 0 * P])
    x, (h,) = sequences(rng), states(rng, UNITS + CONTEXT)
    a = layer(x, initial_state=[h])[0][:, :, :UNITS]
    close(a, plain(x, initial_state=[h[:, :UNITS]])[0])


def test_context_units_of_an_scrn_are_a_running_mean(rng):
    layer, x = scrn(rng, alpha=0.9), sequences(rng)
    (h,) = states(rng, UNITS + CONTEXT)
    of_x = x @ layer.get_weights()[3]
    s = layer(x, initial_state=[h])[0][:, :, UNITS:]
    for t in range(STEPS):
        share = 0.1 * 0.9 ** np.arange(t, -1, -1)
        mean = np.einsum("k,bks->bs", share, of_x[:, : t + 1])
        close(s[:, t], 0.9 ** (t + 1) * h[:, UNITS:] + mean)


def test_a_truncated_scrn_remembers_by_its_context_only(rng):
    layer, x = scrn(rng, gradient="truncated"), sequences(rng)
    nothing = np.zeros((BATCH, UNITS + CONTEXT))
    directions = [np.ones((BATCH, STEPS, UNITS + CONTEXT)), nothing]
    *_, gradient = layer_gradients(layer, directions, x, states(rng, UNITS + CONTEXT))
    np.testing.assert_array_equal(gradient[:, :UNITS], 0)
    assert np.all(gradient[:, UNITS:] != 0)


@pytest.mark.parametrize("options", [{"alpha": 1.0}, {"alpha": -0.1}, {"context_units": 0}])
def test_scrn_refuses_sizes_and_shares_out_of_range(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        SCRN(UNITS, **options)


def test_a_half_precision_scrn_keeps_its_slow_memory():
    """With 16 bits, 1e-4 of what comes in would be lost beside what is there."""
    layer = SCRN(1, context_units=1, alpha=1 - 1e-4, dtype="mixed_bfloat16")
    layer.build((None, None, 1))
    layer.set_weights([np.zeros_like(w) for w in layer.get_weights()[:3]] + [np.ones((1, 1))] * 2)
    half_full = np.array([[0.0, 0.5]], "float32")
    h = layer(np.ones((1, 1000, 1)), initial_state=[half_full])
    assert float(numbers(h)[0, 1]) == pytest.approx(1 - 0.5 * (1 - 1e-4) ** 1000, abs=4e-3)


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


def test_nas_multiplies_the_two_products_of_its_fourth_branch(rng):
    """Without x or without h that branch is shut: its weights on the other side mean nothing."""
    layer = build(NAS(UNITS, use_bias=False, **usual), rng, features=FEATURES)
    kernel, recurrent_kernel = layer.get_weights()
    other_kernel, other_recurrent = kernel.copy(), recurrent_kernel.copy()
    for weight in other_kernel, other_recurrent:
        weight[:, 3 * UNITS : 4 * UNITS] = rng.normal(size=(len(weight), UNITS))
    x, (h, c) = sequences(rng)[:, :1], states(rng, UNITS, UNITS)

    def with_weights(kernel, recurrent_kernel, x, h):
        layer.set_weights([kernel, recurrent_kernel])
        return numbers(layer(x, initial_state=[h, c])[0])

    nothing = with_weights(kernel, recurrent_kernel, x, 0 * h)
    close(with_weights(other_kernel, recurrent_kernel, x, 0 * h), nothing)
    nothing = with_weights(kernel, recurrent_kernel, 0 * x, h)
    close(with_weights(kernel, other_recurrent, 0 * x, h), nothing)
    both = with_weights(kernel, recurrent_kernel, x, h)
    assert np.abs(with_weights(other_kernel, recurrent_kernel, x, h) - both).max() > 1e-3
