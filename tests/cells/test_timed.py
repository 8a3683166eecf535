"""What holds for cells that see how much time has passed."""

import keras
import numpy as np
import pytest

from cases import BATCH, FEATURES, MASK, STEPS, UNITS, build, close, equal, numbers, sequences
from keras_lstm_variants import GRUD, LTC, TIMED_LAYERS, TLSTM, CfC, PhasedLSTM

pytestmark = pytest.mark.ci
PLAIN = {name: layer for name, layer in TIMED_LAYERS.items() if name != "gru_d"}


def made(layer_class, rng, **options):
    options = {"return_sequences": True, "scan": "graph", "dtype": "float32", **options}
    options |= {"features": 3} if layer_class is GRUD else {}
    return build(layer_class(UNITS, **options), rng, scale=0.5)


@pytest.mark.parametrize(
    "name", ["cfc", *(pytest.param(n, marks=pytest.mark.nightly) for n in PLAIN)]
)
def test_times_are_a_second_tensor_or_the_last_column(name, rng):
    layer = made(PLAIN[name], rng)
    x = sequences(rng).astype("float32")
    x[..., -1] = np.abs(x[..., -1])
    expected = numbers(layer(x))
    for elapsed in x[..., -1], x[..., -1:]:
        equal(layer(x[..., :-1], elapsed=elapsed), expected)
    assert np.abs(expected - numbers(layer(x[..., :-1], elapsed=2 * elapsed))).max() > 1e-4


def test_a_model_of_two_inputs_keeps_the_mask_of_x(rng, tmp_path):
    x, times = keras.Input((STEPS, FEATURES - 1)), keras.Input((STEPS,))
    masked = keras.layers.Masking(mask_value=0.0)(x)
    layer = TLSTM(UNITS, return_sequences=True)
    model = keras.Model([x, times], layer(masked, elapsed=times))
    values = rng.normal(size=(BATCH, STEPS, FEATURES - 1)).astype("float32")
    values = np.where(MASK[..., None], values, 0.0)
    elapsed = rng.uniform(size=(BATCH, STEPS)).astype("float32")
    expected = layer(values, elapsed=elapsed, mask=MASK)
    close(model([values, elapsed]), expected, 1e-6)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    close(again([values, elapsed]), expected, 1e-6)


def test_a_time_that_is_skipped_does_not_count(rng):
    layer = made(PhasedLSTM, rng, return_state=True)
    x = sequences(rng).astype("float32")
    x[..., -1] = 1.0
    *_, t = layer(x, mask=MASK)
    equal(t[:, 0], MASK.sum(axis=1))


def test_times_that_do_not_fit_are_refused(rng):
    layer = made(CfC, rng)
    x = sequences(rng)[..., :-1]
    with pytest.raises(ValueError, match=r"CfC: elapsed must be \(batch, steps\)"):
        layer(x, elapsed=np.ones((BATCH, STEPS + 1)))
    with pytest.raises(ValueError, match="inputs must be features of x and, as the last column"):
        CfC(UNITS).build((None, None, 1))
    with pytest.raises(ValueError, match=r"CfC: elapsed must be .* not \(4, 5, 2\)"):
        CfC(UNITS)(x, elapsed=np.ones((BATCH, STEPS, 2)))
    with pytest.raises(ValueError, match=r"GRUD: observed must be \(\.\.\., 3\)"):
        GRUD(UNITS, features=3)(
            np.ones((BATCH, STEPS, 4)),  # as many columns in all as there should be
            observed=np.ones((BATCH, STEPS, 2)),
            elapsed=np.ones((BATCH, STEPS)),
        )


@pytest.mark.nightly
@pytest.mark.parametrize("dtype", ["float32", "mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("numbers_of_x", ["int32", "float16"])
def test_times_are_not_rounded_to_the_type_of_x(dtype, numbers_of_x):
    layer = PhasedLSTM(UNITS, return_state=True, dtype=dtype)
    x = np.ones((BATCH, STEPS, 2), numbers_of_x)
    *_, t = layer(x, elapsed=np.full((BATCH, STEPS), 70000.25, "float32"))
    equal(t, np.full((BATCH, 1), STEPS * 70000.25))


def test_dropout_drops_no_time(rng):
    cell = TLSTM(UNITS, dropout=0.9, seed=1).cell
    mask = numbers(cell.get_dropout_mask(np.ones((50, FEATURES), "float32")))
    equal(mask[:, -1], 1.0)
    assert (mask[:, :-1] == 0).mean() > 0.5


def test_what_is_missing_is_not_looked_at_and_decays_to_the_mean(rng):
    layer = made(GRUD, rng, means=[1.0, 2.0, 3.0])
    x = rng.normal(size=(BATCH, STEPS, 3)).astype("float32")
    observed = np.zeros_like(x)
    observed[:, 0] = 1.0
    elapsed = np.full((BATCH, STEPS), 1e6, "float32")
    weights = layer.get_weights()
    weights[-2:] = [np.ones(3), np.zeros(3)]  # values decay with the time
    layer.set_weights(weights)
    missing = np.where(observed == 1, x, np.nan)
    found = numbers(layer(missing, observed=observed, elapsed=elapsed))
    assert np.isfinite(found).all()
    at_mean = np.where(observed == 1, x, np.float32([1.0, 2.0, 3.0]))
    layer.set_weights([*weights[:3], 0 * weights[3], *weights[4:]])  # the mask itself is not seen
    found = numbers(layer(missing, observed=observed, elapsed=elapsed))
    elapsed[:] = 1e6
    expected = numbers(layer(at_mean, observed=np.ones_like(x), elapsed=elapsed))
    close(found[:, :2], expected[:, :2], 1e-5)
    with pytest.raises(ValueError, match="give observed and elapsed, or neither"):
        layer(x, observed=observed)


@pytest.mark.nightly
def test_what_was_never_observed_is_at_the_mean(rng):
    layer = made(GRUD, rng, means=[1.0, 2.0, 3.0])
    none, no_time = np.zeros((BATCH, STEPS, 3), "float32"), np.zeros((BATCH, STEPS), "float32")
    weights = layer.get_weights()
    layer.set_weights([*weights[:3], 0 * weights[3], *weights[4:]])  # the mask itself is not seen
    found = layer(np.nan * none, observed=none, elapsed=no_time)
    at_mean = none + np.float32([1.0, 2.0, 3.0])
    close(found, layer(at_mean, observed=none + 1, elapsed=no_time), 1e-6)


def test_no_time_changes_nothing_in_a_liquid_network(rng):
    layer = made(LTC, rng)
    h = rng.normal(size=(BATCH, UNITS)).astype("float32")
    x = sequences(rng).astype("float32")
    x[..., -1] = 0.0
    hs = layer(x, initial_state=[h])
    close(hs, np.repeat(h[:, None], STEPS, axis=1), 1e-6)
