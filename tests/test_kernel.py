"""The loop in compiled code against Keras' loop, and what happens where it cannot be."""

import numpy as np
import pytest

from cases import (
    BATCH,
    CASES,
    MASK,
    STEPS,
    UNITS,
    build,
    initial_states,
    layer_gradients,
    numbers,
    of_tensorflow,
    own_layer,
    padded,
    sequences,
    taken,
)
from keras_lstm_variants import CELLS

pytestmark = of_tensorflow
every_cell = pytest.mark.parametrize("name", CELLS)
DROPOUT = {"dropout": 0.3, "recurrent_dropout": 0.3, "seed": 1}


def pair(name, rng, dtype, **options):
    """A layer with the compiled loop and one with Keras', of equal weights."""
    options = {"return_sequences": True, "return_state": True, **options}
    ours, plain = (
        build(own_layer(name, dtype=dtype, scan=scan, **options), rng)
        for scan in ("compiled", "plain")
    )
    plain.set_weights(ours.get_weights())
    return ours, plain


def near(actual, expected, rounding):
    """Up to rounding in the size of the largest number."""
    for one, other in zip(actual, expected, strict=True):
        one, other = numbers(one), numbers(other)
        np.testing.assert_allclose(one, other, rtol=0, atol=rounding * max(1, np.abs(other).max()))


@every_cell
@pytest.mark.parametrize(
    "dtype, masked, options",
    [("float64", True, {}), ("float32", False, {"go_backwards": True}), ("float64", True, DROPOUT)],
    ids=["masked", "backwards, in float32", "masked, with dropout"],
)
@pytest.mark.parametrize("graph", [False, True])
def test_gives_the_values_and_gradients_of_keras_loop(name, dtype, masked, options, graph, rng):
    draws = "seed" in options
    if draws and CASES[name].draws:
        pytest.skip("Keras' loop draws at other times")
    ours, plain = pair(name, rng, dtype, **taken(name, options))
    x, states = sequences(rng).astype(dtype), [s.astype(dtype) for s in initial_states(name, rng)]
    mask = MASK if masked else None
    x = padded(x) if masked else x
    shapes = [(BATCH, STEPS, UNITS), *[state.shape for state in states]]
    directions = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    exact = dtype == "float64"
    call = {"initial_state": states, "mask": mask, "training": draws}
    near(ours(x, **call), plain(x, **call), 1e-12 if exact else 1e-6)
    assert ours.why_not_compiled == ""
    both = (
        layer_gradients(one, directions, x, states, mask, training=draws, graph=graph)
        for one in (ours, plain)
    )
    near(*both, 1e-10 if exact else 1e-5)
