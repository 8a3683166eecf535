"""What holds for the peephole LSTM only."""

import keras
import numpy as np
import pytest

from cases import (
    CASES,
    FLOAT,
    UNITS,
    build,
    close,
    initial_states,
    own_layer,
    sequences,
)


@pytest.mark.parametrize("options", [{}, CASES["lstm"].choices])
def test_without_peepholes_it_is_the_lstm(options, rng):
    layer = build(own_layer("peephole_lstm", return_sequences=True, **options), rng)
    plain = build(keras.layers.LSTM(UNITS, return_sequences=True, dtype=FLOAT, **options), rng)
    layer.set_weights([*plain.get_weights(), *[np.zeros(UNITS)] * 3])
    x, states = sequences(rng), initial_states("peephole_lstm", rng)
    close(layer(x, initial_state=states), plain(x, initial_state=states))


def test_starts_without_peepholes_if_their_initial_weights_are_zero():
    layer = own_layer("peephole_lstm", peephole_initializer="zeros")
    layer.build((None, None, 2))
    assert not np.any(layer.get_weights()[3:])
