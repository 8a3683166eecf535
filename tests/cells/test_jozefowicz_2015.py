"""What holds for the cells of Jozefowicz, Zaremba and Sutskever only."""

import numpy as np
import pytest

from cases import (
    FEATURES,
    UNITS,
    all_close,
    build,
    close,
    initial_states,
    own_layer,
    sequences,
    softer,
    weights_by_gate,
)

OPEN = 100.0  # tanh and either squashing function of a gate make one of this
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


@either_way
def test_with_its_output_gate_open_it_is_the_lstm(options, rng):
    layer, plain = (
        cell(name, rng, return_state=True, **options) for name in ("jozefowicz_lstm", "lstm")
    )
    W, R, b = weights_by_gate("lstm", plain.get_weights())
    W["o"], R["o"], b["o"] = 0 * W["o"], 0 * R["o"], np.full(UNITS, OPEN)
    for one in layer, plain:
        one.set_weights([fused(of, "ifzo") for of in (W, R, b)])
    x, states = sequences(rng), initial_states("lstm", rng)
    all_close(layer(x, initial_state=states), plain(x, initial_state=states))


def test_its_output_gate_is_odd(rng):
    """Turned round, it turns h round and leaves c as it was."""
    layer, other = (cell("jozefowicz_lstm", rng, return_state=True) for _ in range(2))
    W, R, b = weights_by_gate("lstm", layer.get_weights())
    W_turned, b_turned = ({**of, "o": -of["o"]} for of in (W, b))
    R_turned = {gate: of_h if gate == "o" else -of_h for gate, of_h in R.items()}
    other.set_weights([fused(of, "ifzo") for of in (W_turned, R_turned, b_turned)])
    x, (h, c) = sequences(rng), initial_states("lstm", rng)
    hs, h_last, c_last = layer(x, initial_state=[h, c])
    all_close(other(x, initial_state=[-h, c]), [-hs, -h_last, c_last])
