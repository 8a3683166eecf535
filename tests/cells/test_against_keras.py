"""Cells that Keras has too: with the same weights, the same layer."""

import keras
import pytest

from cases import (
    BATCH,
    CASES,
    FEATURES,
    FLOAT,
    MASK,
    STEPS,
    UNITS,
    all_close,
    build,
    equal,
    initial_states,
    layer_gradients,
    own_layer,
    padded,
    sequences,
)

THEIRS = {
    "simple_rnn": (keras.layers.SimpleRNN, {}),
    "lstm": (keras.layers.LSTM, {}),
    "gru": (keras.layers.GRU, {"reset_after": True}),
    "gru_reset_before": (keras.layers.GRU, {"reset_after": False}),
}
shared_with_keras = pytest.mark.parametrize("name", THEIRS)


def pair(name, **options):
    """Our layer and Keras', not yet built."""
    theirs, version = THEIRS[name]
    return own_layer(name, **options), theirs(UNITS, **version, **options, dtype=FLOAT)


@shared_with_keras
@pytest.mark.parametrize("chosen", [False, True])
def test_equals_the_layer_of_keras_on_masked_sequences(name, chosen, rng):
    options = {"use_bias": False, "go_backwards": True, **CASES[name].choices} if chosen else {}
    ours, theirs = pair(name, return_sequences=True, return_state=True, **options)
    build(ours, rng).set_weights(build(theirs, rng).get_weights())
    x, states = padded(sequences(rng)), initial_states(name, rng)
    directions = [rng.normal(size=(BATCH, STEPS, UNITS)), *([1.0] * len(states))]
    all_close(*(layer(x, initial_state=states, mask=MASK) for layer in (ours, theirs)))
    all_close(
        *(layer_gradients(layer, directions, x, states, MASK) for layer in (ours, theirs)),
        atol=1e-11,
    )


@shared_with_keras
def test_starts_from_the_weights_of_keras(name):
    layers = [
        pair(
            name,
            kernel_initializer=keras.initializers.GlorotUniform(seed=1),
            recurrent_initializer=keras.initializers.Orthogonal(seed=2),
        )[place]
        for place in (0, 1)
    ]
    for layer in layers:
        layer.build((None, None, FEATURES))
    ours, theirs = (layer.get_weights() for layer in layers)
    for one, other in zip(ours, theirs, strict=True):
        equal(one, other)
