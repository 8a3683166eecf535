"""What holds for RAN, CFN and ATR only."""

import numpy as np
import pytest

import oracles
from cases import (
    BATCH,
    FEATURES,
    build,
    close,
    initial_states,
    numbers,
    own_layer,
    sequences,
    weights_by_gate,
)

pytestmark = pytest.mark.ci

OPEN = 100.0


def cell(name, rng, **options):
    options = {"return_sequences": True, "return_state": True, **options}
    return build(own_layer(name, **options), rng)


def test_the_second_version_of_ran_puts_out_its_cell_state(rng):
    layer = cell("ran", rng, activation="linear")
    x, states = sequences(rng), initial_states("ran", rng)
    hs, *finals = layer(x, initial_state=states)
    close(finals[0], finals[1])
    for n in range(BATCH):
        weights = weights_by_gate("ran", layer.get_weights())
        row = x[n], *(state[n] for state in states)
        close(hs[n], oracles.ran(*row, *weights, activation=lambda c: c)[0])


def test_without_input_cfn_decays(rng):
    layer = cell("cfn", rng)
    (h,) = initial_states("cfn", rng)
    hs, _ = layer(np.zeros((BATCH, 500, FEATURES)), initial_state=[h])
    sizes = np.abs(np.concatenate([h[:, None], numbers(hs)], axis=1))
    assert np.all(np.diff(sizes[:, :10], axis=1) < 0)
    assert np.all(np.diff(sizes, axis=1) <= 0)
    assert np.all(sizes[:, -1] < 0.1)


def test_the_gates_of_atr_are_twins(rng):
    """Without a state they are one gate; where it pushes one open, it pushes the other closed."""
    layer = cell("atr", rng)
    W, R, b = layer.get_weights()
    x, states = sequences(rng), initial_states("atr", rng)
    h, p = states[0], x[:, 0] @ W + b
    layer.set_weights([W, R * OPEN, b])
    pushed_open = h @ R > 0
    assert np.any(pushed_open) and not np.all(pushed_open)
    close(layer(x[:, :1], initial_state=states)[1], np.where(pushed_open, p, h), atol=1e-3)
    gate = 1 / (1 + np.exp(-p))
    close(layer(x[:, :1])[1], gate * p)


@pytest.mark.parametrize("name, gate", [("ran", "z"), ("cfn", "z"), ("atr", "q")])
def test_refuses_a_bias_for_a_gate_that_has_none(name, gate):
    with pytest.raises(ValueError, match=f"'{gate}' has no bias"):
        own_layer(name, gate_bias={gate: 1.0})
