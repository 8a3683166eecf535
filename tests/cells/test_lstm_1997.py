"""What holds for the LSTM of 1997 only: its counts, its functions, its truncated gradient."""

import keras
import numpy as np
import pytest

import oracles
from cases import (
    BATCH,
    BLOCKS,
    FLOAT,
    STEPS,
    UNITS,
    all_close,
    build,
    check_gradient,
    close,
    equal,
    initial_states,
    layer_gradients,
    own_layer,
    sequences,
    weights_by_gate,
)
from keras_lstm_variants import LSTM1997Cell, LSTM1997InputGate, LSTM1997InputGateCell

NAME = "lstm_1997"

# The paper's table 10: inputs, outputs, blocks, their size, biases, weights. Biases are "ga" of the
# gates, "b1" of the hidden units, "all" of the output units too.
TABLE_10 = {
    "1-1": (7, 7, 4, 1, "ga", 264),
    "1-2": (7, 7, 3, 2, "ga", 276),
    "2c-1": (54, 2, 2, 1, "none", 364),
    "2c-5": (1004, 2, 2, 1, "none", 6064),
    "3": (1, 1, 3, 1, "b1", 102),
    "4 and 5": (2, 1, 2, 2, "all", 93),
    "6a": (8, 4, 2, 2, "all", 156),
    "6b": (8, 8, 3, 2, "all", 308),
}


@pytest.mark.parametrize("task", TABLE_10)
def test_has_as_many_weights_as_in_the_paper(task):
    inputs, outputs, blocks, size, biases, expected = TABLE_10[task]
    use_bias = {"ga": "gates", "b1": True, "all": True, "none": False}[biases]
    cell = LSTM1997Cell(blocks, size, use_bias=use_bias)
    cell.build((None, inputs))
    output_layer = outputs * blocks * size + (outputs if biases == "all" else 0)
    assert cell.count_params() + output_layer == expected


@pytest.mark.parametrize("p, expected", [(4, 40), (100, 10504)])
def test_has_as_many_weights_as_in_experiments_2a_and_2b(p, expected):
    """One block without output gate, nothing fed back, no biases; outputs see inputs, too."""
    symbols = p + 1
    cell = LSTM1997InputGateCell(1, use_bias=False, recurrence="none")
    cell.build((None, symbols))
    assert cell.count_params() + symbols * (symbols + 1) == expected


def test_without_recurrence_the_state_is_all_that_is_carried(rng):
    """Experiments 2a and 2b: g is logistic, h the identity."""
    functions = {"activation": "sigmoid", "output_activation": "linear"}
    layer = LSTM1997InputGate(
        3, recurrence="none", return_sequences=True, use_bias=False, dtype=FLOAT, **functions
    )
    x = sequences(rng)
    (kernel,) = build(layer, rng).get_weights()
    i, z = np.split(1 / (1 + np.exp(-x @ kernel)), 2, axis=-1)
    close(layer(x), np.cumsum(i * z, axis=1))
    again = LSTM1997InputGate.from_config(layer.get_config())
    build(again, rng).set_weights([kernel])
    close(again(x), layer(x))


def test_g_and_h_of_the_paper_are_those_that_are_not_given(rng):
    usual, given = (
        build(own_layer(NAME, **options), rng)
        for options in ({}, {"activation": lambda net: 2 * keras.ops.tanh(net / 2)})
    )
    given.set_weights(usual.get_weights())
    x = sequences(rng)
    close(given(x), usual(x))


def test_squashes_the_input_of_a_cell_into_two_and_its_output_into_one(rng):
    layer = build(own_layer(NAME, return_state=True), rng)
    sign = np.resize([1.0, -1.0], UNITS)
    open_gates = np.full(BLOCKS, 100.0)
    kernel, recurrent_kernel, _ = map(np.zeros_like, layer.get_weights())
    bias = np.concatenate([open_gates, 100 * sign, open_gates])
    layer.set_weights([kernel, recurrent_kernel, bias])
    x, (h, c, i, o) = sequences(rng)[:, :1], map(np.zeros_like, initial_states(NAME, rng))
    for c_prev, c_expected, h_expected in (
        (c, c + 2 * sign, c + np.tanh(1) * sign),
        (c + 100 * sign, c + 102 * sign, c + sign),
    ):
        _, h_next, c_next, i_next, o_next = layer(x, initial_state=[h, c_prev, i, o])
        all_close([c_next, h_next], [c_expected, h_expected])
        all_close([i_next, o_next], [np.ones_like(i), np.ones_like(o)])


def test_biases_of_the_gates_only_leave_the_cells_without(rng):
    gates_only, biased = (
        build(own_layer(NAME, use_bias=use_bias), rng) for use_bias in ("gates", True)
    )
    kernel, recurrent_kernel, bias = gates_only.get_weights()
    b_i, b_o = np.split(bias, 2)
    biased.set_weights([kernel, recurrent_kernel, np.concatenate([b_i, np.zeros(UNITS), b_o])])
    x = sequences(rng)
    close(gates_only(x), biased(x))


@pytest.mark.parametrize("use_bias", [True, "gates"])
def test_each_block_starts_with_the_bias_of_the_paper(use_bias):
    layer = own_layer(NAME, use_bias=use_bias, gate_bias={"i": [-1, -3, -5], "o": [-2, -4, -6]})
    layer.build((None, None, 2))
    bias = layer.get_weights()[2]
    equal(bias[:BLOCKS], [-1, -3, -5])
    equal(bias[-BLOCKS:], [-2, -4, -6])
    assert not np.any(bias[BLOCKS:-BLOCKS])


def test_truncating_the_gradient_changes_no_value(rng):
    truncated = build(own_layer(NAME, return_sequences=True), rng)
    full = build(own_layer(NAME, return_sequences=True, gradient="full"), rng)
    full.set_weights(truncated.get_weights())
    x, states = sequences(rng), initial_states(NAME, rng)
    equal(truncated(x, initial_state=states), full(x, initial_state=states))


def gradients(layer, x, states, place, direction):
    """Of one of the outputs in a direction: for the weights, for x, for each initial state."""
    directions = [0.0] * (1 + len(states))
    directions[place] = direction
    *weights, of_x, h, c, i, o = layer_gradients(layer, directions, x, states)
    return weights, of_x, dict(h=h, c=c, i=i, o=o)


def test_error_flows_back_unchanged_through_cell_states_and_nothing_else(rng):
    layer = build(own_layer(NAME, return_state=True), rng)
    direction = rng.normal(size=(BATCH, UNITS)).astype(FLOAT)
    c_place = 2  # the output, then the states h, c, i, o
    _, _, of = gradients(layer, sequences(rng), initial_states(NAME, rng), c_place, direction)
    equal(of["c"], direction)
    for state in "hio":
        equal(of[state], 0)


def test_weights_learn_by_the_traces_of_the_paper(rng):
    layer = build(own_layer(NAME, return_sequences=True, return_state=True), rng)
    x, states = sequences(rng), initial_states(NAME, rng)
    errors = rng.normal(size=(BATCH, STEPS, UNITS))
    actual, _, _ = gradients(layer, x, states, 0, errors)
    W_R_b = weights_by_gate(NAME, layer.get_weights())
    rows = [
        oracles.lstm_1997_truncated_gradients(*row, *W_R_b)
        for row in zip(x, errors, *states, strict=True)
    ]
    for place, by_gate in enumerate(weights_by_gate(NAME, actual)):
        for gate, gradient in by_gate.items():
            close(gradient, sum(row[place][gate] for row in rows), atol=1e-10)


def test_inputs_get_the_gradient_of_a_cell_whose_feedback_is_constant(rng):
    layer = build(own_layer(NAME, return_sequences=True, return_state=True), rng)
    x, states = sequences(rng)[:1], [state[:1] for state in initial_states(NAME, rng)]
    errors = rng.normal(size=(1, STEPS, UNITS))
    _, of_x, of = gradients(layer, x, states, 0, errors)
    W_R_b = weights_by_gate(NAME, layer.get_weights())
    fed_back, s = [], [state[0] for state in states]
    for step in x[0]:
        fed_back.append(s)
        _, s = oracles.lstm_1997([step], *s, *W_R_b)

    def loss(xs, c):
        total = 0
        for step, error, (h, _, i, o) in zip(xs, errors[0], fed_back, strict=True):
            _, (h_next, c, *_) = oracles.lstm_1997([step], h, c, i, o, *W_R_b)
            total += np.sum(error * h_next)
        return total

    at = [x[0], states[1][0]]
    for place, gradient in enumerate([of_x[0], of["c"][0]]):
        check_gradient(gradient, loss, at, place, rng)
