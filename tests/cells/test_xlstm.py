"""What holds for the cells of the xLSTM only."""

import keras
import numpy as np
import pytest

from cases import (
    BATCH,
    FEATURES,
    FLOAT,
    ROUNDING,
    STEPS,
    UNITS,
    build,
    close,
    gradients,
    numbers,
    sequences,
)
from keras_lstm_variants import MLSTM, SLSTM

pytestmark = pytest.mark.ci

usual = {"dtype": FLOAT, "return_sequences": True, "return_state": True}
both_layers = pytest.mark.parametrize("layer_class", [SLSTM, MLSTM])
both_forgets = pytest.mark.parametrize("forget_activation", ["sigmoid", "exp"])
OPEN = 1e3
OVERFLOWING = 5000.0 if FLOAT == "float64" else 100.0  # the exponential of this is no number


def layer_of(layer_class, rng, **options):
    return build(layer_class(UNITS, **usual, **options), rng)


def states(layer, rng):
    """Such as the cell itself has: its sum of weights is at least one."""
    drawn = [rng.normal(size=(BATCH, size)) for size in layer.cell.state_size]
    drawn[2] = 1 + np.abs(drawn[2])
    return drawn


def gate_columns(layer, gate):
    cell = layer.cell
    sizes = [cell.size_of(name) for name in cell.gates]
    start = sum(sizes[: cell.gates.index(gate)])
    return slice(start, start + cell.size_of(gate))


def set_bias(layer, gate, value, alone=True):
    """Sets a gate's bias, and its weights to zero unless they may stay."""
    *matrices, bias = layer.get_weights()
    columns = gate_columns(layer, gate)
    bias[columns] = value
    if alone:
        for matrix in matrices:
            matrix[:, columns] = 0
    layer.set_weights([*matrices, bias])


@both_layers
@both_forgets
def test_the_scale_of_the_states_cancels_from_the_output(layer_class, forget_activation, rng):
    layer = layer_of(layer_class, rng, forget_activation=forget_activation)
    x, (h, c, n, m) = sequences(rng), states(layer, rng)
    hs, *_ = layer(x, initial_state=[h, c, n, m])
    shift = rng.normal(size=m.shape)
    others = [h, c * np.exp(-shift), n * np.exp(-shift), m + shift]
    close(layer(x, initial_state=others)[0], hs, atol=1e-11)


@both_layers
@both_forgets
def test_gates_that_would_overflow_are_ratios_still(layer_class, forget_activation, rng):
    """For the output only the ratio of two input gates counts, once the bound of one is passed."""
    layer = layer_of(layer_class, rng, forget_activation=forget_activation)
    x = sequences(rng)
    set_bias(layer, "i", 60.0, alone=False)
    hs = numbers(layer(x)[0])
    set_bias(layer, "i", OVERFLOWING, alone=False)
    close(layer(x)[0], hs, atol=1e-9)
    assert np.all(np.isfinite(hs))


@both_forgets
def test_slstm_starts_exactly_however_small_its_input_gate_is(forget_activation, rng):
    layer, x = layer_of(SLSTM, rng, forget_activation=forget_activation), sequences(rng)
    expected = numbers(layer(x)[0])
    for bias in -200.0, -5000.0:
        set_bias(layer, "i", bias, alone=False)
        hs, h, c, n, m = map(numbers, layer(x))
        assert all(np.all(np.isfinite(state)) for state in (hs, c, n, m))
        o = hs[:, 0] / expected[:, 0]
        close(o, np.ones_like(o))


def test_slstm_normaliser_is_never_less_than_one(rng):
    x = 10 * rng.normal(size=(BATCH, 50, FEATURES))
    layer = layer_of(SLSTM, rng)
    state = None
    for t in range(50):
        _, *state = layer(x[:, t : t + 1], initial_state=state)
        assert np.min(numbers(state[2])) >= 1 - ROUNDING


@both_layers
def test_a_padded_start_is_no_start(layer_class, rng):
    """A row whose sequence begins later than the others' starts from an empty memory, too."""
    layer, x = layer_of(layer_class, rng), sequences(rng)
    mask = np.ones((BATCH, STEPS), bool)
    mask[0, :2] = False
    set_bias(layer, "i", -100.0, alone=False)
    hs = layer(x, mask=mask)[0]
    close(hs[0, 2:], layer(x[:1, 2:])[0][0])
    close(hs[1:], layer(x[1:])[0])


def test_an_open_slstm_gives_the_mean_of_its_candidates(rng):
    """With gates of one everything is remembered alike."""
    layer, x = layer_of(SLSTM, rng), sequences(rng)
    for gate, bias in {"i": 0.0, "f": OPEN, "o": OPEN}.items():
        set_bias(layer, gate, bias)
    kernel, recurrent_kernel, bias = layer.get_weights()
    layer.set_weights([kernel, 0 * recurrent_kernel, bias])
    columns = gate_columns(layer, "z")
    z = np.tanh(x @ kernel[:, columns] + bias[columns])
    close(layer(x)[0], np.cumsum(z, axis=1) / np.arange(1, STEPS + 1)[:, None])


@both_layers
def test_a_closed_forget_gate_forgets(layer_class, rng):
    layer, x = layer_of(layer_class, rng), sequences(rng)
    set_bias(layer, "f", -OPEN)
    if layer_class is SLSTM:  # what it sees of h is no memory
        kernel, recurrent_kernel, bias = layer.get_weights()
        layer.set_weights([kernel, 0 * recurrent_kernel, bias])
    hs = layer(x)[0]
    for t in range(STEPS):
        close(hs[:, t], layer(x[:, t : t + 1])[0][:, 0])


def test_the_forget_gates_differ_by_their_function_only(rng):
    """The logarithm of a logistic function is the net input of the exponential one."""
    net = rng.normal(size=UNITS)
    layers = [layer_of(SLSTM, rng, forget_activation=each) for each in ("sigmoid", "exp")]
    weights = layers[0].get_weights()
    for layer, bias in zip(layers, [net, -np.log1p(np.exp(-net))], strict=True):
        layer.set_weights(weights)
        set_bias(layer, "f", bias)
    x, initial = sequences(rng), states(layers[0], rng)
    one, other = (layer(x, initial_state=initial) for layer in layers)
    for a, b in zip(one, other, strict=True):
        close(a, b)


def test_mlstm_finds_a_value_by_its_key(rng):
    """Keys that stand at right angles do not disturb each other."""
    d = 4
    keys, values = np.sqrt(d) * np.eye(d), rng.normal(size=(d, d))
    layer = MLSTM(d, **usual)
    layer.build((None, None, 3 * d))
    x = np.zeros((d, d + 1, 3 * d))  # features: query, key, value
    for n in range(d):
        x[n, :d, d : 2 * d], x[n, :d, 2 * d :] = keys, values
        x[n, d, :d] = np.eye(d)[n]
    kernel = np.zeros((3 * d, 4 * d + 2))
    kernel[:, : 3 * d] = np.eye(3 * d)
    layer.set_weights([kernel, np.repeat([0.0, 0.0, OPEN, OPEN], [3 * d, 1, 1, d])])
    hs, _, C, n, m = layer(x)
    close(hs[:, d], values)
    close(np.reshape(numbers(C[0]), (d, d)), values.T)  # a column for each key
    close(n, 1)
    close(m, 0)


def test_mlstm_output_is_bounded_when_nothing_has_been_stored(rng):
    """The denominator is at least one where the memory has no scale."""
    layer, x = layer_of(MLSTM, rng), sequences(rng)
    set_bias(layer, "i", -50.0)
    close(layer(x)[0], 0, atol=1e-15)


def assert_finite(layer, rng):
    """Of the outputs of a layer in float32 and of the gradients of their sum."""
    x = sequences(rng).astype("float32")
    hs = layer(x)
    found = gradients(lambda: keras.ops.sum(layer(x)), layer.trainable_variables, [])
    assert all(np.all(np.isfinite(each)) for each in [numbers(hs), *found])


def test_float32_survives_a_scale_it_has_no_number_for(rng):
    layer = MLSTM(UNITS, return_sequences=True)
    layer.build((None, None, FEATURES))
    for gate in "if":
        set_bias(layer, gate, -200.0)
    assert_finite(layer, rng)


def test_slstm_gradients_are_finite_from_an_empty_memory(rng):
    layer = SLSTM(UNITS, return_sequences=True)
    layer.build((None, None, FEATURES))
    for bias in -200.0, 200.0:
        set_bias(layer, "i", bias, alone=False)
        assert_finite(layer, rng)


def test_a_half_precision_slstm_counts_far():
    """A sum of ones in 16 bits would stop at 256."""
    layer = SLSTM(1, dtype="mixed_bfloat16", return_state=True)
    layer.build((None, None, 1))
    kernel, recurrent_kernel, bias = layer.get_weights()
    layer.set_weights([0 * kernel, 0 * recurrent_kernel, np.array([0.0, OPEN, 1.0, 0.0])])
    zeros = layer.cell.get_initial_state(1)
    states = zeros
    cell = layer.cell
    for _ in range(600):
        _, states = cell(np.zeros((1, 1), "float32"), states)
    assert float(numbers(states[2])[0, 0]) == pytest.approx(600)


@both_layers
def test_refuses_another_forget_activation(layer_class):
    with pytest.raises(ValueError, match="forget_activation"):
        layer_class(UNITS, forget_activation="tanh")


@pytest.mark.parametrize("options", [{"recurrent_dropout": 0.5}, {"gradient": "truncated"}])
def test_mlstm_takes_nothing_that_is_about_a_recurrent_kernel(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        MLSTM(UNITS, **options)
    assert MLSTM(UNITS, heads=1, recurrent_dropout=0.0, gradient=None).cell.units == UNITS
