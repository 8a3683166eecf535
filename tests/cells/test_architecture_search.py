"""What holds for the cells that searches found only."""

import numpy as np
import pytest

from cases import (
    BATCH,
    FEATURES,
    FLOAT,
    UNITS,
    build,
    close,
    initial_states,
    numbers,
    own_layer,
    sequences,
    softer,
    weights_by_gate,
)
from keras_lstm_variants import NAS

pytestmark = pytest.mark.ci

either_way = pytest.mark.parametrize("options", [{}, softer])


def cell(name, rng, features=FEATURES, **options):
    return build(own_layer(name, return_sequences=True, **options), rng, features)


def fused(by_gate, gates="urz"):
    return np.concatenate([by_gate[gate] for gate in gates], axis=-1)


@either_way
def test_with_learned_inputs_mut2_is_the_gru_whose_update_gate_is_turned_round(options, rng):
    layer, gru = cell("mut2", rng, **options), cell("gru_reset_before", rng, **options)
    turned = weights_by_gate("mut2", layer.get_weights())
    for of in turned:
        of["u"] = -of["u"]
    gru.set_weights([fused(of) for of in turned])
    x, states = sequences(rng), initial_states("mut2", rng)
    close(layer(x, initial_state=states), gru(x, initial_state=states))


@either_way
def test_mut1_is_mut2_that_reads_a_squashed_input_and_feeds_no_update_gate(options, rng):
    layer, other = cell("mut1", rng, **options), cell("mut2", rng, FEATURES + UNITS, **options)
    W, R, b = weights_by_gate("mut1", layer.get_weights())
    from_x = fused({**W, "z": np.zeros((FEATURES, UNITS))})
    no_gate = np.zeros((UNITS, UNITS))
    from_squashed = fused({"u": no_gate, "r": no_gate, "z": np.eye(UNITS)})
    other.set_weights(
        [np.concatenate([from_x, from_squashed]), fused({**R, "u": no_gate}), fused(b)]
    )
    x, states = sequences(rng), initial_states("mut1", rng)
    with_squashed = np.concatenate([x, np.tanh(x @ W["z"])], axis=-1)
    close(layer(x, initial_state=states), other(with_squashed, initial_state=states))


@either_way
def test_of_a_large_state_the_update_gate_of_mut3_sees_the_sign_only(options, rng):
    layer, other = cell("mut3", rng, **options), cell("mut2", rng, **options)
    size = 50.0  # tanh of this is one
    kernel, R, bias = layer.get_weights()
    R_of_sign = R.copy()
    R_of_sign[:, :UNITS] /= size
    other.set_weights([kernel, R_of_sign, bias])
    x, (h,) = sequences(rng)[:, :1], initial_states("mut3", rng)
    states = [size * np.sign(h)]
    close(layer(x, initial_state=states), other(x, initial_state=states))


@either_way
def test_without_feedback_to_their_update_gates_mut2_and_mut3_are_the_same(options, rng):
    layer, other = cell("mut3", rng, **options), cell("mut2", rng, **options)
    kernel, R, bias = layer.get_weights()
    R[:, :UNITS] = 0
    for one in layer, other:
        one.set_weights([kernel, R, bias])
    x, states = sequences(rng), initial_states("mut3", rng)
    close(layer(x, initial_state=states), other(x, initial_state=states))


usual = {"dtype": FLOAT, "return_sequences": True, "return_state": True}


def states(rng, *sizes):
    return [rng.normal(size=(BATCH, size)) for size in sizes]


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
