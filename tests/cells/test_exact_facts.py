"""What the papers say of their cells and what follows from the equations exactly."""

import keras
import numpy as np
import pytest

from cases import (
    BATCH,
    CASES,
    FEATURES,
    FLOAT,
    ROUNDING,
    STEPS,
    UNITS,
    build,
    close,
    few,
    layer_gradients,
    numbers,
    own_layer,
    sequences,
)
from keras_lstm_variants import (
    LAYERS,
    CoupledGateLSTMCell,
    MemoryBlockLSTM,
    PeepholeLSTM,
    PhasedLSTM,
)

OPEN = 1000.0  # a net input at which a logistic gate is one


class Unsquashed(CoupledGateLSTMCell):
    """The coupled-gate LSTM without output activation."""

    def h(self, c):
        return c


def test_a_gru_that_never_resets_is_a_coupled_lstm_without_output_gate_and_peepholes(rng):
    gru = build(own_layer("gru", return_sequences=True), rng)
    kernel, recurrent_kernel, bias = gru.get_weights()
    bias[1] = 0.0
    for_r = slice(UNITS, 2 * UNITS)
    kernel[:, for_r], recurrent_kernel[:, for_r], bias[0, for_r] = 0.0, 0.0, OPEN
    gru.set_weights([kernel, recurrent_kernel, bias])

    lstm = keras.layers.RNN(
        Unsquashed(UNITS, peephole_initializer="zeros", dtype=FLOAT),
        return_sequences=True,
        dtype=FLOAT,
    )
    lstm.build((None, None, FEATURES))

    def coupled(columns, of_o):
        u, _, z = np.split(columns, 3, axis=-1)
        return np.concatenate([-u, z, np.full_like(u, of_o)], axis=-1)  # i = 1 - u

    weights = [coupled(kernel, 0.0), coupled(recurrent_kernel, 0.0), coupled(bias[0], OPEN)]
    lstm.set_weights([*weights, np.zeros(UNITS), np.zeros(UNITS)])
    x = sequences(rng)
    close(lstm(x), gru(x))


@pytest.mark.parametrize("name", ["cec", "lstm_1997", "lstm_1997_input_gate"])
def test_the_error_in_a_cell_of_1997_neither_vanishes_nor_explodes(name, rng):
    layer = build(own_layer(name, return_state=True), rng)
    x = rng.normal(size=(BATCH, 100, FEATURES)).astype(FLOAT)
    states = [rng.normal(size=(BATCH, size)).astype(FLOAT) for size in CASES[name].states.values()]
    direction = rng.normal(size=(BATCH, UNITS)).astype(FLOAT)
    nothing = [np.zeros_like(state) for state in states]
    directions = [np.zeros_like(direction), *nothing]
    directions[2] = direction  # of the derivative with respect to c at the end
    *_, of_h, of_c = layer_gradients(layer, directions, x, states)[: len(layer.weights) + 3]
    np.testing.assert_array_equal(of_c, direction)
    np.testing.assert_array_equal(of_h, 0)


def test_other_blocks_are_not_seen_through_peepholes(rng):
    layer = MemoryBlockLSTM(3, 2, return_sequences=True, dtype=FLOAT)
    build(layer, rng)
    weights = layer.get_weights()
    weights[1] = np.zeros_like(weights[1])  # blocks meet in R only
    layer.set_weights(weights)
    x, states = sequences(rng), [rng.normal(size=(BATCH, 6)).astype(FLOAT) for _ in range(2)]
    direction = np.zeros((BATCH, STEPS, 6), FLOAT)
    direction[:, :, 2:4] = 1.0  # the outputs of the second block
    *_, of_c = layer_gradients(layer, [direction], x, states)
    assert np.all(of_c[:, 2:4] != 0)
    np.testing.assert_array_equal(of_c[:, [0, 1, 4, 5]], 0)


@pytest.mark.parametrize("period", [10, 20, 50])
def test_one_peephole_cell_counts_to_a_spike_and_starts_again(period):
    # Gers, Schraudolph & Schmidhuber 2002: only peepholes tell when the output gate is shut. The
    # cell adds one at each step, is cleared when it has reached the period, and shown just then.
    steep, steps = 40.0, 20 * period
    layer = PeepholeLSTM(1, activation="linear", return_sequences=True, dtype=FLOAT)
    x = np.zeros((1, steps, 1), FLOAT)
    layer.build(x.shape)
    kernel, recurrent_kernel, *_ = map(np.zeros_like, layer.get_weights())
    enough = steep * (period - 0.5)
    bias = np.array([OPEN, enough, 1.0, -enough])
    peepholes = [np.array([p]) for p in (0.0, -steep, steep)]

    def output(peepholes):
        layer.set_weights([kernel, recurrent_kernel, bias, *peepholes])
        return numbers(layer(x))[0, :, 0] / period

    spikes = np.zeros(steps)
    spikes[period - 1 :: period] = 1.0
    close(output(peepholes), spikes, atol=1e-6)
    blind = output([0 * p for p in peepholes])
    assert np.abs(blind - spikes).max() > 0.49  # the paper's measure of a failure


@pytest.mark.parametrize("heads", [2, 3])
@pytest.mark.parametrize(
    # Those without R have heads for another thing: a memory each.
    "name",
    [n for n in few() if "heads" not in CASES[n].refuses and CASES[n].fed_back is not None],
)
def test_heads_are_a_block_diagonal_recurrent_matrix(name, heads, rng):
    by_head = build(own_layer(name, heads=heads, return_sequences=True), rng)
    whole = build(own_layer(name, return_sequences=True), rng)
    weights = by_head.get_weights()
    for place in np.flatnonzero([w.shape[:1] == (heads,) and w.ndim == 3 for w in weights]):
        blocks, size = weights[place], UNITS // heads
        gates = blocks.shape[-1] // size
        full = np.zeros((UNITS, gates, UNITS))
        for head in range(heads):
            own = slice(head * size, (head + 1) * size)
            full[own, :, own] = blocks[head].reshape(size, gates, size)
        weights[place] = full.reshape(UNITS, gates * UNITS)
    whole.set_weights(weights)
    x = sequences(rng)
    close(by_head(x), whole(x))


def test_every_head_starts_with_an_orthogonal_matrix():
    layer = LAYERS["simple_rnn"](12, heads=3)
    layer.build((None, None, 5))
    for block in numbers(layer.cell.recurrent_kernel):
        close(block @ block.T, np.eye(4), atol=1e-6)
    assert len({float(block[0, 0]) for block in numbers(layer.cell.recurrent_kernel)}) == 3


@pytest.mark.parametrize(
    "policy", [pytest.param("mixed_float16", marks=pytest.mark.nightly), "mixed_bfloat16"]
)
def test_what_a_cell_accumulates_does_not_drift_in_half_precision(policy):
    # In bfloat16 256 + 0.01 is 256: a sum in half precision stops growing long before the end.
    steps, each = 1024, 0.25
    layer = LAYERS["no_forget_gate_lstm"](1, return_sequences=True, return_state=True, dtype=policy)
    layer.build((None, None, 1))
    kernel, recurrent_kernel, _, *peepholes = map(np.zeros_like, layer.get_weights())
    bias = np.array([OPEN, np.arctanh(each), OPEN])
    layer.set_weights([kernel, recurrent_kernel, bias, *peepholes])
    _, _, c = layer(np.zeros((1, steps, 1)))
    close(numbers(keras.ops.cast(c, "float32")), [[steps * each]], atol=ROUNDING + 4.0)
    half = np.dtype(policy.removeprefix("mixed_")).type
    total = half(0)
    for _ in range(steps):
        total = total + half(each)
    assert float(total) < 0.9 * steps * each or policy == "mixed_float16"


@pytest.mark.parametrize("scan", ["auto", "graph", "plain"])
def test_weights_that_multiply_nothing_are_not_rounded_in_half_precision(scan):
    # The bias beside R, which each step adds to the candidate; in half precision it would be one.
    after = 1 + 2.0**-12
    options = {"activation": "linear", "return_state": True, "dtype": "mixed_float16"}
    layer = LAYERS["gru"](1, scan=scan, **options)
    layer.build((None, None, 2))
    *kernels, _ = layer.get_weights()
    bias = np.array([[-OPEN, OPEN, 0.0], [0.0, 0.0, after]])  # nothing is kept, nothing reset
    layer.set_weights([*map(np.zeros_like, kernels), bias])
    _, h = layer(np.zeros((4, 5, 2)))
    np.testing.assert_array_equal(numbers(h), np.full((4, 1), after, "float32"))


@pytest.mark.parametrize("scan", ["graph", "plain"])
def test_the_phase_of_a_phased_lstm_is_exact_in_half_precision(scan):
    x, times = np.ones((1, 20, 3), "float32"), np.full((1, 20), 100.3, "float32")
    options = {"scan": scan, "ratio": 0.5, "return_sequences": True}
    exact = PhasedLSTM(4, dtype="float32", **options)
    expected = numbers(exact(x, elapsed=times))
    layer = PhasedLSTM(4, dtype="mixed_bfloat16", **options)
    layer(x, elapsed=times)
    layer.set_weights(exact.get_weights())
    close(numbers(keras.ops.cast(layer(x, elapsed=times), "float32")), expected, atol=0.02)
    assert np.abs(expected).max() > 0.05
