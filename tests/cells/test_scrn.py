"""What holds for the SCRN only."""

import numpy as np
import pytest

from cases import (
    BATCH,
    FLOAT,
    STEPS,
    UNITS,
    build,
    close,
    layer_gradients,
    numbers,
    sequences,
)
from keras_lstm_variants import SCRN, SimpleRNN

pytestmark = pytest.mark.ci

CONTEXT = 3
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
