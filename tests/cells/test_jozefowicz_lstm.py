"""What holds for the LSTM of Jozefowicz, Zaremba and Sutskever only."""

import numpy as np
import pytest

from cases import (
    FEATURES,
    UNITS,
    all_close,
    build,
    initial_states,
    own_layer,
    sequences,
    softer,
    weights_by_gate,
)

pytestmark = pytest.mark.ci

OPEN = 100.0  # tanh and either squashing function of a gate make one of this
either_way = pytest.mark.parametrize("options", [{}, softer])


def cell(name, rng, features=FEATURES, **options):
    return build(own_layer(name, return_sequences=True, **options), rng, features)


def fused(by_gate, gates="urz"):
    return np.concatenate([by_gate[gate] for gate in gates], axis=-1)


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
