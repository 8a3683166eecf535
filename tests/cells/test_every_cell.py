"""What holds for every cell in CELLS, under its own layer and under Keras' loop."""

import itertools
import json

import keras
import numpy as np
import pytest

from cases import (
    BACKEND,
    BATCH,
    CASES,
    FEATURES,
    FLOAT,
    MASK,
    ROUNDING,
    STEPS,
    UNITS,
    all_close,
    build,
    check_gradient,
    close,
    compiled,
    equal,
    initial_states,
    keras_rnn,
    kinds,
    layer_gradients,
    numbers,
    own_layer,
    padded,
    sequences,
    solve,
    taken,
    varied,
    weights_by_gate,
)
from keras_lstm_variants import CELLS

every_cell = pytest.mark.parametrize("name", CELLS)
both_ways = pytest.mark.parametrize("wrap", [own_layer, keras_rnn])


def differs(one, other):
    return np.abs(numbers(one) - numbers(other)).max() > 1e-3


def dtype_of(tensor):
    return keras.backend.standardize_dtype(tensor.dtype)


@every_cell
def test_names_its_gates_and_states_in_order(name):
    cell, case = own_layer(name).cell, CASES[name]
    assert type(cell) is CELLS[name]
    assert tuple(cell.gates) == tuple(case.gates)
    assert tuple(cell.state) == tuple(case.states)
    assert list(cell.state_size) == list(case.states.values())
    assert cell.output_size == UNITS


@every_cell
def test_starts_from_zeros_of_its_dtype(name):
    states = own_layer(name).cell.get_initial_state(batch_size=BATCH)
    for state, size in zip(states, CASES[name].states.values(), strict=True):
        assert dtype_of(state) == FLOAT
        equal(state, np.zeros((BATCH, size)))


@every_cell
@both_ways
@pytest.mark.parametrize("unroll", [False, True])
def test_computes_its_equations(name, wrap, unroll, rng):
    layer = wrap(name, return_sequences=True, return_state=True, unroll=unroll)
    build(layer, rng)
    x, states = sequences(rng), initial_states(name, rng)
    hs, *finals = layer(x, initial_state=states)
    expected_hs, expected_finals = solve(name, layer.get_weights(), x, states)
    close(hs, expected_hs)
    all_close(finals, expected_finals)


@every_cell
@both_ways
def test_takes_the_gradients_of_its_equations(name, wrap, rng):
    options = CASES[name].full_gradient
    layer = build(wrap(name, return_sequences=True, return_state=True, **options), rng)
    x, states = sequences(rng), initial_states(name, rng)
    weights = layer.get_weights()
    direct = [rng.normal(size=(BATCH, STEPS, UNITS)), *map(rng.normal, map(np.zeros_like, states))]

    def loss(*arguments):
        weights, x, states = arguments[:n], arguments[n], arguments[n + 1 :]
        hs, finals = solve(name, weights, x, states)
        return sum(np.sum(y * d) for y, d in zip([hs, *finals], direct, strict=True))

    n = len(weights)
    arguments = [*weights, x, *states]
    actual = layer_gradients(layer, direct, x, states, graph=wrap is own_layer)
    for place, gradient in enumerate(actual):
        check_gradient(gradient, loss, arguments, place, rng)


@every_cell
def test_every_weight_matters(name, rng):
    layer = build(own_layer(name, return_sequences=True), rng, scale=0.5)
    many = 50  # rectified units rest at times
    x, direction = (rng.normal(size=(many, STEPS, size)) for size in (FEATURES, UNITS))
    weights = layer.trainable_variables
    assert len(weights) == len(layer.weights)
    # Not from zeros: a memory that starts empty is not changed by the bias of sLSTM's input gate.
    states = [np.resize(state, (many, state.shape[1])) for state in initial_states(name, rng)]
    gradients = layer_gradients(layer, [direction], x, states)[: len(weights)]
    for place, (weight, gradient) in enumerate(zip(weights, gradients, strict=True)):
        idle = CASES[name].idle.get(place, np.zeros(weight.shape))
        np.testing.assert_array_equal(gradient == 0, idle == 1, weight.path)


@every_cell
@pytest.mark.parametrize("options", [{}, {"go_backwards": True}, {"zero_output_for_mask": True}])
def test_the_layer_is_keras_rnn_over_the_cell(name, options, rng):
    options = {"return_sequences": True, "return_state": True, **options}
    ours, theirs = own_layer(name, **options), build(keras_rnn(name, **options), rng)
    build(ours, rng).set_weights(theirs.get_weights())
    x, states = padded(sequences(rng)), initial_states(name, rng)
    directions = [rng.normal(size=(BATCH, STEPS, UNITS)), *([1.0] * len(states))]
    all_close(*(layer(x, initial_state=states, mask=MASK) for layer in (ours, theirs)))
    all_close(
        *(layer_gradients(layer, directions, x, states, MASK) for layer in (ours, theirs)),
        atol=1e-11,
    )


@every_cell
@both_ways
def test_padding_changes_nothing(name, wrap, rng):
    layer = build(wrap(name, return_sequences=True, return_state=True), rng)
    x, states = sequences(rng), initial_states(name, rng)
    hs, *finals = map(numbers, layer(padded(x), initial_state=states, mask=MASK))
    assert np.all(np.isfinite(hs))
    for n in range(BATCH - 1):
        row = [state[n : n + 1] for state in states]
        expected_hs, expected = solve(name, layer.get_weights(), x[n : n + 1, MASK[n]], row)
        close(hs[n][MASK[n]], expected_hs[0])
        all_close([final[n] for final in finals], [final[0] for final in expected])
    for final, state in zip(finals, states, strict=True):
        equal(final[-1], state[-1])


@every_cell
@pytest.mark.parametrize("return_sequences", [False, True])
def test_padding_changes_nothing_in_both_directions(name, return_sequences, rng):
    layer = keras.layers.Bidirectional(
        own_layer(name, return_sequences=return_sequences), dtype=FLOAT
    )
    build(layer, rng)
    x = sequences(rng)
    y = numbers(layer(padded(x), mask=MASK))
    assert np.all(np.isfinite(y))
    for n in range(BATCH - 1):
        alone = layer(x[n : n + 1, MASK[n]])[0]
        close(y[n][MASK[n]] if return_sequences else y[n], alone)


@every_cell
def test_batch_order_changes_nothing(name, rng):
    layer = build(own_layer(name), rng)
    x, states, order = sequences(rng), initial_states(name, rng), [2, 0, 3, 1]
    shuffled = layer(x[order], initial_state=[state[order] for state in states])
    close(shuffled, numbers(layer(x, initial_state=states))[order])


@every_cell
@both_ways
def test_two_halves_are_the_whole(name, wrap, rng):
    layer = build(wrap(name, return_sequences=True, return_state=True), rng)
    x = sequences(rng)
    whole, *finals = layer(x)
    first, *between = layer(x[:, :2])
    second, *last = layer(x[:, 2:], initial_state=between)
    close(keras.ops.concatenate([first, second], axis=1), whole)
    all_close(last, finals)


@every_cell
def test_a_stateful_layer_carries_on_until_it_is_reset(name, rng):
    layer = build(own_layer(name, return_sequences=True, stateful=True), rng, batch=BATCH)
    plain = own_layer(name, return_sequences=True)
    build(plain, rng).set_weights(layer.get_weights())
    x = sequences(rng)
    close(keras.ops.concatenate([layer(x[:, :2]), layer(x[:, 2:])], axis=1), plain(x))
    layer.reset_state()
    close(layer(x), plain(x))


@every_cell
def test_going_backwards_is_reading_backwards(name, rng):
    layer = build(own_layer(name, return_sequences=True, go_backwards=True), rng)
    x, zeros = sequences(rng), [0 * state for state in initial_states(name, rng)]
    close(layer(x), solve(name, layer.get_weights(), x[:, ::-1], zeros)[0])


@every_cell
def test_without_sequences_only_the_last_output_is_returned(name, rng):
    layer = build(own_layer(name, return_state=True), rng)
    x, states = sequences(rng), initial_states(name, rng)
    last, *finals = layer(x, initial_state=states)
    hs, expected = solve(name, layer.get_weights(), x, states)
    close(last, hs[:, -1])
    all_close(finals, expected)


@every_cell
def test_takes_any_batch_and_any_number_of_steps(name, rng):
    layer = build(own_layer(name, return_sequences=True), rng)
    graph = compiled(layer, shape=(None, None, FEATURES))
    for batch, steps in (1, 1), (3, 1), (2, 6):
        x = rng.normal(size=(batch, steps, FEATURES))
        zeros = [np.zeros((batch, size)) for size in CASES[name].states.values()]
        close(graph(x), solve(name, layer.get_weights(), x, zeros)[0])


@every_cell
def test_stacked_cells_are_stacked_layers(name, rng):
    lower, upper = own_layer(name, return_sequences=True), own_layer(name, return_sequences=True)
    build(lower, rng), build(upper, rng, features=UNITS)
    cells = [CELLS[name](**CASES[name].size, dtype=FLOAT) for _ in range(2)]
    stack = keras.layers.StackedRNNCells(cells, dtype=FLOAT)
    layer = keras.layers.RNN(stack, return_sequences=True, dtype=FLOAT)
    build(layer, rng).set_weights([*lower.get_weights(), *upper.get_weights()])
    x = sequences(rng)
    close(layer(x), upper(lower(x)))


def without(name, argument):
    if argument in CASES[name].refuses:
        pytest.skip("there is nothing to drop")


# Dropout. To drop an input, or a unit on its way into the recurrent kernel, is to drop its row of
# the weights: the tests try every mask and look for the one that explains the whole sequence.


def masks_that_explain(name, weights, places, rows, x, states, hs, factor):
    """The masks over the rows of the weights at places with which one sequence x gives hs.

    Without places, it is the oracle that takes the mask.
    """
    found = []
    x, *states = (value.astype("float64") for value in (x, *states))
    for mask in itertools.product([0.0, factor], repeat=rows):
        masked = [w.astype("float64") for w in weights]
        for place in places:
            masked[place][:rows] = (masked[place][:rows].T * mask).T
        by_gate = weights_by_gate(name, masked)
        options = {} if places else {"kept": np.array(mask)}
        for steps in (1, STEPS):  # most masks fail at the first step
            expected, _ = CASES[name].oracle(x[:steps], *states, *by_gate, **options)
            if not np.allclose(hs[:steps], expected, rtol=ROUNDING, atol=min(100 * ROUNDING, 1e-5)):
                break
        else:
            found.append(mask)
    return found


@every_cell
@both_ways
@pytest.mark.parametrize("kind", ["dropout", "recurrent_dropout"])
def test_a_sequence_keeps_one_dropout_mask(name, wrap, kind, rng):
    without(name, kind)
    if CASES[name].draws:
        pytest.skip("in training it draws more than this: tests/cells/test_zoneout_lstm.py")
    layer = build(wrap(name, return_sequences=True, seed=1, **{kind: 0.5}), rng)
    x, states, weights = sequences(rng), initial_states(name, rng), layer.get_weights()
    y = numbers(layer(x, initial_state=states, training=True))
    case = CASES[name]
    dropped = {
        "dropout": (case.rows_of_x, FEATURES),
        "recurrent_dropout": (case.rows_of_h, UNITS),
    }[kind]
    found = [
        masks_that_explain(name, weights, *dropped, x[n], [s[n] for s in states], y[n], factor=2.0)
        for n in range(BATCH)
    ]
    assert all(found)
    assert not set.intersection(*map(set, found)), "every sequence has its own mask"


@every_cell
@both_ways
@pytest.mark.parametrize("kind", ["dropout", "recurrent_dropout"])
def test_every_call_draws_another_mask(name, wrap, kind, rng):
    without(name, kind)
    layer = build(wrap(name, seed=1, **{kind: 0.5}), rng)
    again = build(wrap(name, seed=1, **{kind: 0.5}), rng)
    again.set_weights(layer.get_weights())
    x, states = sequences(rng), initial_states(name, rng)

    def train(layer):
        return layer(x, initial_state=states, training=True)

    drawn = [train(layer), train(layer), train(layer)]
    if wrap is own_layer:
        graph = compiled(layer, training=True)
        drawn += [graph(x, initial_state=states), graph(x, initial_state=states), train(layer)]
    for one, other in itertools.combinations(drawn, 2):
        assert differs(one, other)
    all_close([train(again), train(again)], drawn[:2])


@every_cell
@both_ways
def test_dropout_does_nothing_at_inference(name, wrap, rng):
    rates = taken(name, {"dropout": 0.5, "recurrent_dropout": 0.5})
    layer = build(wrap(name, **rates), rng)
    plain = build(wrap(name), rng)
    plain.set_weights(layer.get_weights())
    x, states = sequences(rng), initial_states(name, rng)
    expected = plain(x, initial_state=states)
    equal(layer(x, initial_state=states), expected)
    equal(layer(x, initial_state=states, training=False), expected)


@every_cell
@pytest.mark.parametrize("policy, atol", [("mixed_float16", 1e-2), ("mixed_bfloat16", 5e-2)])
def test_computes_in_mixed_precision(name, policy, atol, rng):
    layer = build(own_layer(name, dtype=policy, return_sequences=True), rng, scale=0.3)
    plain = build(own_layer(name, dtype="float32", return_sequences=True), rng)
    plain.set_weights(layer.get_weights())
    x = sequences(rng).astype("float32")
    y = layer(x)
    assert dtype_of(y) == policy.removeprefix("mixed_")
    assert {w.dtype for w in layer.weights} == {"float32"}
    close(keras.ops.cast(y, "float32"), plain(x), atol)


@every_cell
def test_trains_in_mixed_precision(name, rng):
    layer = build(own_layer(name, dtype="mixed_float16", return_sequences=True), rng, scale=0.3)
    model = keras.Sequential([keras.Input((None, FEATURES)), layer])
    model.compile("sgd", "mse", jit_compile=BACKEND == "jax")
    before = layer.get_weights()
    model.fit(sequences(rng), np.ones((BATCH, STEPS, UNITS)), verbose=0)
    for old, new in zip(before, layer.get_weights(), strict=True):
        assert np.all(np.isfinite(new)) and np.any(new != old)


@every_cell
def test_compiled_training_takes_the_step_of_its_equations(name, rng):
    if CASES[name].draws:
        pytest.skip("its equations are those of inference")
    layer = build(own_layer(name, **CASES[name].full_gradient), rng)
    x, zeros = sequences(rng), [0 * state for state in initial_states(name, rng)]
    model = keras.Sequential([keras.Input((STEPS, FEATURES), dtype=FLOAT), layer])
    model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=BACKEND != "torch")
    before = layer.get_weights()
    model.fit(x, np.ones((BATCH, UNITS)), verbose=0)

    def loss(*weights):
        hs, _ = solve(name, weights, x, zeros)
        return np.mean((hs[:, -1] - 1) ** 2)

    for place, new in enumerate(layer.get_weights()):
        step = (before[place] - new) / 0.5
        check_gradient(step, loss, before, place, rng, rounding=1e-4)


# What the constructor's arguments do.


@every_cell
def test_gate_bias_sets_the_initial_bias_of_one_gate(name):
    def initial_bias(**options):
        layer = own_layer(name, **options)
        layer.build((None, None, FEATURES))
        bias = weights_by_gate(name, layer.get_weights())[2]
        return {gate: np.atleast_2d(b).sum(axis=0) for gate, b in bias.items()}

    forgets = CASES[name].unit_forget_bias
    biased = CASES[name].biased or CASES[name].gates
    at_first = {gate: float(forgets and gate == "f") for gate in biased}
    for gate in at_first:
        for other, bias in initial_bias(gate_bias={gate: -1.5}).items():
            equal(bias, -1.5 if other == gate else at_first[other])
    if forgets and "f" in at_first:
        equal(initial_bias(unit_forget_bias=False)["f"], 0)


@every_cell
def test_refuses_a_bias_for_a_gate_it_does_not_have(name):
    with pytest.raises(ValueError, match="'no gate'"):
        own_layer(name, gate_bias={"no gate": 1.0})


@every_cell
def test_refuses_the_usual_arguments_that_mean_nothing_to_it(name):
    for argument in CASES[name].refuses:
        with pytest.raises(ValueError, match=argument):
            own_layer(name, **{argument: "zeros" if "initializer" in argument else "tanh"})


@every_cell
def test_initializers_regularizers_and_constraints_reach_their_weight(name, rng):
    factors = {"kernel": 1.0, "recurrent": 10.0, "bias": 100.0}
    options, constraints = {}, {}
    for kind, factor in factors.items():
        constraints[kind] = keras.constraints.MaxNorm(factor)
        options |= {
            f"{kind}_initializer": keras.initializers.Constant(factor),
            f"{kind}_regularizer": keras.regularizers.L2(factor),
            f"{kind}_constraint": constraints[kind],
        }
    if "f" in CASES[name].gates and CASES[name].unit_forget_bias:
        options["unit_forget_bias"] = False
    options = taken(name, options)
    layer = own_layer(name, **options)
    layer.build((None, None, FEATURES))
    kind_of = kinds(name)
    for kind, weight in zip(kind_of, layer.get_weights(), strict=False):
        if f"{kind}_initializer" in options:
            assert np.all(weight == factors[kind])
    constraint_of = [w.constraint for w in layer.weights[: len(kind_of)]]
    assert constraint_of == [constraints[kind] for kind in kind_of]
    build(layer, rng)
    weights = zip(kind_of, layer.get_weights(), strict=False)
    expected = [factors[kind] * np.sum(w**2) for kind, w in weights]
    close(sorted(map(numbers, layer.losses)), sorted(expected), 1e-3)


@every_cell
def test_without_a_bias_it_has_none(name, rng):
    layer, biased = build(own_layer(name, use_bias=False), rng), build(own_layer(name), rng)
    weights = iter(layer.get_weights())
    biased.set_weights(
        [np.zeros(w.shape) if "bias" in w.name else next(weights) for w in biased.weights]
    )
    assert not list(weights)
    x = sequences(rng)
    close(layer(x), biased(x))


@every_cell
@both_ways
def test_comes_back_from_its_configuration(name, wrap, rng):
    options = varied(name)
    layer = build(wrap(name, go_backwards=True, **options), rng)
    config = json.dumps(keras.saving.serialize_keras_object(layer))
    again = keras.saving.deserialize_keras_object(json.loads(config))
    assert type(again) is type(layer)
    assert json.dumps(keras.saving.serialize_keras_object(again)) == config
    usual = wrap(name).cell.get_config()
    for key in options:
        assert layer.cell.get_config()[key] != usual[key], f"{key} is forgotten"
    build(again, rng).set_weights(layer.get_weights())
    x = sequences(rng)
    equal(again(x), layer(x))
