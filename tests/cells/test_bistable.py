"""What holds for BRC and NBRC only."""

import numpy as np
import pytest

from cases import (
    UNITS,
    all_close,
    build,
    initial_states,
    numbers,
    own_layer,
    sequences,
    weights_by_gate,
)

pytestmark = pytest.mark.ci

FOREVER = 300  # steps


def alone(name, a):
    """The cell without input and feedback, of which every unit has this a."""
    layer = own_layer(name, gate_bias={"a": float(np.arctanh(a - 1))})
    layer.build((None, None, 1))
    kernel, recurrent_kernel, bias = layer.get_weights()
    layer.set_weights([0 * kernel, 0 * recurrent_kernel, bias])
    return layer


@pytest.mark.parametrize("name", ["brc", "nbrc"])
def test_with_a_above_one_a_unit_falls_into_one_of_two_states(name):
    starts = np.array([[-1.0, -0.5, -0.01, 0.01, 0.5, 1.0]])
    nothing = np.zeros((1, FOREVER, 1))
    h = numbers(alone(name, a=1.5)(nothing, initial_state=[starts]))
    high = h[0, -1]
    assert high > 0.5 and np.tanh(1.5 * high) == pytest.approx(high)
    np.testing.assert_allclose(h, np.sign(starts) * high, atol=1e-6)


@pytest.mark.parametrize("name", ["brc", "nbrc"])
def test_with_a_below_one_a_unit_forgets_its_state(name):
    starts = np.array([[-1.0, -0.5, -0.01, 0.01, 0.5, 1.0]])
    h = alone(name, a=0.5)(np.zeros((1, FOREVER, 1)), initial_state=[starts])
    np.testing.assert_allclose(numbers(h), 0, atol=1e-6)


def test_brc_is_the_nbrc_with_diagonal_recurrent_matrices(rng):
    options = {"return_sequences": True, "return_state": True}
    brc, nbrc = (build(own_layer(name, **options), rng) for name in ("brc", "nbrc"))
    kernel, _, bias = brc.get_weights()
    _, r, _ = weights_by_gate("brc", brc.get_weights())
    nbrc.set_weights([kernel, np.hstack([np.diag(r["a"]), np.diag(r["c"])]), bias])
    x, states = sequences(rng), initial_states("brc", rng)
    all_close(brc(x, initial_state=states), nbrc(x, initial_state=states))


def test_brc_starts_with_gates_that_follow_their_unit():
    layer = own_layer("brc")
    layer.build((None, None, 1))
    np.testing.assert_array_equal(layer.get_weights()[1], np.ones(2 * UNITS))
