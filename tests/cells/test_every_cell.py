"""What holds for every cell in CELLS, under its own layer and under Keras' loop.

What holds for any cell, yours as well, is in `keras_lstm_variants.testing`. Here are what a case
says of its cell, and the arguments that all cells have.
"""

import json

import keras
import numpy as np
import pytest

from cases import (
    BATCH,
    CASES,
    CELLS,
    FEATURES,
    MECHANISMS,
    TIER,
    UNITS,
    all_close,
    build,
    close,
    equal,
    few,
    in_tier,
    keras_rnn,
    kinds,
    numbers,
    one_each,
    own_layer,
    sequences,
    subject,
    taken,
    varied,
    weights_by_gate,
)
from keras_lstm_variants import testing
from keras_lstm_variants.testing import CHECKS

every_cell = pytest.mark.parametrize("name", in_tier())
both_ways = pytest.mark.parametrize("wrap", [own_layer, keras_rnn])
each_mechanism = pytest.mark.parametrize("name", one_each())

# Of all cells in CI; the other checks of one for each mechanism. Padding compares every loop with
# the oracle, on sequences of several lengths.
EXACT = "equations", "every_weight_matters", "padding"
FILES = "saved_model", "onnx", "litert"  # in CI: test_exports.py


# What is costly, and about layers and models as well.
OF_MODELS = (
    "graphs",
    "any_sizes",
    "compiled_dropout",
    "compiled_training",
    "dropout_draws_in_graphs",
    "mixed_precision_training",
    "reload",
)


def of_layers(check, kind):
    """The cells of a check that is costly or a matter of layers."""
    return few() if kind == "layer" or check in OF_MODELS else one_each()


def battery():
    """The checks of each cell; what is costly for one of each mechanism, or for a few in layers."""
    return [
        (name, check)
        for name in in_tier()
        for check, (_, _, kind) in CHECKS.items()
        if kind == "contract"
        or (kind == "cell" and (check in EXACT or name in one_each() or TIER == "newcomer"))
        or (name in of_layers(check, kind) and TIER != "newcomer" and check not in FILES)
        or TIER == "nightly"
    ]


@pytest.mark.parametrize("name, check", battery())
def test_passes(name, check):
    try:
        subject(name).run(CHECKS[check])
    except testing.NotApplicable as reason:
        pytest.skip(str(reason))


def test_mechanisms_are_shown_by_cells():
    assert MECHANISMS.keys() <= CELLS.keys()


def test_every_check_runs_on_some_cell_in_ci():
    if TIER == "newcomer":
        pytest.skip("a newcomer's tier leaves out what takes long")
    assert {check for _, check in battery()} >= CHECKS.keys() - set(FILES)


@every_cell
def test_names_its_gates_and_states_in_order(name):
    cell, case = own_layer(name).cell, CASES[name]
    assert type(cell) is CELLS[name]
    assert tuple(cell.gates) == tuple(case.gates)
    assert tuple(cell.state) == tuple(case.states)
    assert list(cell.state_size) == list(case.states.values())
    assert cell.output_size == UNITS


@every_cell
def test_starts_from_zeros(name):
    for state, size in zip(subject(name).zeros, CASES[name].states.values(), strict=True):
        equal(state, np.zeros((BATCH, size)))


@every_cell
def test_recurrent_dropout_takes_rows_from_the_recurrent_weights(name, rng):
    """That layers draw such masks, and keep them for a sequence, is in the battery."""
    case, of = CASES[name], subject(name)
    if "recurrent_dropout" in case.refuses:
        pytest.skip("there is nothing to drop")
    kept = rng.choice([0.0, 2.0], size=(BATCH, UNITS))
    hs, finals = of.by_the_step(of.x, of.states, h_mask=keras.ops.convert_to_tensor(kept, of.dtype))
    for n in range(BATCH):
        weights = [weight.astype("float64") for weight in of.weights]
        for place in case.rows_of_h:
            weights[place][:UNITS] = (weights[place][:UNITS].T * kept[n]).T
        options = {} if case.rows_of_h else {"kept": kept[n]}
        states = [state[n] for state in of.states]
        with np.errstate(over="ignore"):  # rectified outputs grow, and sigma of them is 0
            expected_hs, expected = case.oracle(
                of.x[n], *states, *weights_by_gate(name, weights), **options
            )
        close(hs[n], expected_hs)
        all_close([final[n] for final in finals], expected)


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
    pairs = [(kind, w) for kind, w in zip(kind_of, layer.weights, strict=False) if kind]
    for kind, weight in pairs:
        weight = numbers(weight)
        if f"{kind}_initializer" in options:
            of_all = set(weight.flat)
            # The ESN has few that are not zero, if any, and scales them.
            assert len(of_all - {0}) <= 1 if name == "esn" else of_all == {factors[kind]}
    assert [w.constraint for _, w in pairs] == [constraints[kind] for kind, _ in pairs]
    build(layer, rng)
    expected = [factors[kind] * np.sum(numbers(w) ** 2) for kind, w in pairs]
    close(sorted(map(numbers, layer.losses)), sorted(expected), 1e-3)


@pytest.mark.parametrize("name", few())
def test_without_a_bias_it_has_none(name, rng):
    layer, biased = build(own_layer(name, use_bias=False), rng), build(own_layer(name), rng)
    weights = {w.name: numbers(w) for w in layer.weights}  # some have a decay_bias even so
    assert {w.name for w in biased.weights} > set(weights)
    biased.set_weights([weights.get(w.name, np.zeros(w.shape)) for w in biased.weights])
    x = sequences(rng)
    close(layer(x), biased(x))


@pytest.mark.parametrize("name", few())
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
