"""How error flows: the truncated rules of 1997 and 2002, and Graves' clipping."""

import numpy as np
import pytest

import oracles
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
    equal,
    few,
    initial_states,
    kinds,
    layer_gradients,
    one_each,
    own_layer,
    sequences,
    weights_by_gate,
)

# Cells as memory blocks: cells in a block, and the name by which the layer is made.
BLOCKS_OF = {"memory_block_lstm": 2, "peephole_lstm": 1}

takes_gradient = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in (*few(), "gru", "gru_d") else pytest.mark.nightly)
        for name in dict.fromkeys([*one_each(), "gru_d"])  # of which a gate acts within the cut
        if "gradient" not in CASES[name].refuses
    ],
)


def of_the_oracle(rule, name, layer, x, errors, states, *options):
    """The oracle's gradients of all weights over a batch, arranged as the layer's weights."""
    W, R, b, p = weights_by_gate(name, layer.get_weights())
    cells = BLOCKS_OF[name]
    p = {gate: weight.reshape(-1, cells) for gate, weight in p.items()}
    rows = [
        rule(*row, W, R, b, p, *options) for row in zip(x, errors, *states, strict=True)
    ]  # of each sequence: for W, R, b and p, gate -> array
    total = [{gate: sum(row[k][gate] for row in rows) for gate in rows[0][k]} for k in range(4)]
    kernels = [np.concatenate([of[gate] for gate in "ifzo"], axis=-1) for of in total[:3]]
    return [*kernels, *(total[3][gate] for gate in "ifo")]


def compare(actual, expected):
    for one, other in zip(actual, expected, strict=True):
        scale = np.abs(other).max()
        np.testing.assert_allclose(one, other.reshape(one.shape), rtol=0, atol=ROUNDING * scale)


@pytest.mark.parametrize("name", BLOCKS_OF)
def test_the_truncated_gradient_is_that_of_the_papers_traces(name, rng):
    layer = build(own_layer(name, gradient="truncated", return_sequences=True), rng)
    x, states = sequences(rng), initial_states(name, rng)
    errors = rng.normal(size=(BATCH, STEPS, UNITS)).astype(FLOAT)
    actual = layer_gradients(layer, [errors], x, states)[: len(layer.weights)]
    rule = oracles.gers_2002_truncated_gradients
    compare(actual, of_the_oracle(rule, name, layer, x, errors, states))


@pytest.mark.ci
@pytest.mark.parametrize("name", BLOCKS_OF)
@pytest.mark.parametrize(
    "bound", [0.05, *(pytest.param(b, marks=pytest.mark.nightly) for b in (0.5, 1e6))]
)
def test_the_clipped_gradient_is_that_of_graves(name, bound, rng):
    layer = build(own_layer(name, clip_net_gradient=bound, return_sequences=True), rng)
    x, states = sequences(rng), initial_states(name, rng)
    errors = rng.normal(size=(BATCH, STEPS, UNITS)).astype(FLOAT)
    actual = layer_gradients(layer, [errors], x, states)[: len(layer.weights)]
    rule = oracles.graves_clipped_gradients
    compare(actual, of_the_oracle(rule, name, layer, x, errors, states, bound))


@takes_gradient
def test_truncation_leaves_the_outputs_alone_and_what_is_learned_at_the_last_step(name, rng):
    full = build(own_layer(name, gradient="full", return_sequences=True), rng)
    truncated = build(own_layer(name, gradient="truncated", return_sequences=True), rng)
    truncated.set_weights(full.get_weights())
    x, states = sequences(rng), initial_states(name, rng)
    # The peephole of an output gate is cut within its own step.
    within_step = "o" in getattr(full.cell, "peepholes", ())
    for steps, same in (1, not within_step), (STEPS, False):
        errors = np.zeros((BATCH, steps, UNITS), FLOAT)
        errors[:, -1] = 1.0
        found = [
            layer_gradients(layer, [errors], x[:, :steps], states)[: len(layer.weights)]
            for layer in (full, truncated)
        ]
        differences = [np.abs(a - b).max() for a, b in zip(*found, strict=True)]
        assert (max(differences) < 10 * ROUNDING) == same, name
    equal(full(x), truncated(x))


@pytest.mark.parametrize("name", few())
def test_clipping_bounds_the_derivative_of_every_net_input(name, rng):
    bound = 1e-3
    clipped = build(own_layer(name, clip_net_gradient=bound, return_sequences=True), rng)
    plain = build(own_layer(name, return_sequences=True), rng)
    plain.set_weights(clipped.get_weights())
    x = sequences(rng)
    errors = 100 * rng.normal(size=(BATCH, STEPS, UNITS)).astype(FLOAT)
    taken = []
    for layer in (clipped, plain):
        of_bias = layer_gradients(layer, [errors], x)[kinds(name).index("bias")]
        taken.append(np.abs(of_bias).max())
    assert taken[0] <= BATCH * STEPS * bound * (1 + 1e-6) < taken[1]


@pytest.mark.parametrize("wrong", [0, -1.0])
def test_refuses_a_bound_that_is_not_positive(wrong):
    with pytest.raises(ValueError, match="clip_net_gradient must be a positive number"):
        own_layer("lstm", clip_net_gradient=wrong)


def test_refuses_another_kind_of_gradient():
    with pytest.raises(ValueError, match="gradient must be 'full' or 'truncated'"):
        own_layer("lstm", gradient="half")


def test_a_gate_without_peephole_has_no_weight_for_it(rng):
    layer = own_layer("peephole_lstm", peepholes=["f", "i"], return_sequences=True)
    build(layer, rng)
    assert [w.name for w in layer.weights[3:]] == ["peephole_i", "peephole_f"]
    all_of_them = build(own_layer("peephole_lstm", return_sequences=True), rng)
    all_of_them.set_weights([*layer.get_weights(), np.zeros(UNITS)])
    x = rng.normal(size=(BATCH, STEPS, FEATURES)).astype(FLOAT)
    close(layer(x), all_of_them(x))
    with pytest.raises(ValueError, match="peepholes must be some of"):
        own_layer("peephole_lstm", peepholes=["z"])
