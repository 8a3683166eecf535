"""One case per registered cell; how to build, run and take apart a cell.

A cell runs in two ways: `own_layer` is its layer, `keras_rnn` is Keras' own loop over it.
"""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

import oracles
from keras_lstm_variants import CELLS, LAYERS

# All different, so that no axis can pass for another.
BATCH, STEPS, FEATURES, UNITS, BLOCKS, CELLS_PER_BLOCK = 4, 5, 7, 6, 3, 2

# Padded on the right, on the left, with holes, and nothing but padding.
MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [1, 0, 1, 0, 1], [0, 0, 0, 0, 0]], bool)


class Case(NamedTuple):
    """What a cell promises.

    Attributes:
        oracle: Its equations.
        gates: Columns of the weights, by gate, in their order.
        states: Sizes of the states, by name, in their order.
        size: The arguments that give it its size.
        choices: What its paper leaves open, away from the defaults.
        full_gradient: The arguments that leave no gradient out.
    """

    oracle: Callable
    gates: dict[str, int]
    states: dict[str, int]
    size: dict
    choices: dict
    full_gradient: dict = {}


plain = {"units": UNITS}
blocks = {"blocks": BLOCKS, "cells_per_block": CELLS_PER_BLOCK}
h = {"h": UNITS}
hc = {"h": UNITS, "c": UNITS}
ifzo = dict.fromkeys("ifzo", UNITS)
urz = dict.fromkeys("urz", UNITS)
softer = {"activation": "softsign", "recurrent_activation": "hard_sigmoid"}
no_forget_bias = {**softer, "unit_forget_bias": False}
other_peepholes = {**no_forget_bias, "peephole_initializer": "he_uniform"}

CASES = {
    "simple_rnn": Case(oracles.simple_rnn, {"h": UNITS}, h, plain, {"activation": "softsign"}),
    "lstm": Case(oracles.lstm, ifzo, hc, plain, no_forget_bias),
    "peephole_lstm": Case(oracles.peephole_lstm, ifzo, hc, plain, other_peepholes),
    "lstm_1997": Case(
        oracles.lstm_1997,
        {"i": BLOCKS, "z": UNITS, "o": BLOCKS},
        {**hc, "i": BLOCKS, "o": BLOCKS},
        blocks,
        {"use_bias": "gates", "gradient": "full"},
        full_gradient={"gradient": "full"},
    ),
    "memory_block_lstm": Case(
        oracles.memory_block_lstm,
        {"i": BLOCKS, "f": BLOCKS, "z": UNITS, "o": BLOCKS},
        hc,
        blocks,
        other_peepholes,
    ),
    "gru": Case(oracles.gru, urz, h, plain, softer),
    "gru_reset_before": Case(oracles.gru_reset_before, urz, h, plain, softer),
}

LOOP = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll",
        "zero_output_for_mask")  # fmt: skip


def own_layer(name, dtype="float64", **options):
    """The layer of the named cell, not yet built."""
    return LAYERS[name](**{**CASES[name].size, **options}, dtype=dtype)


def keras_rnn(name, dtype="float64", **options):
    """Keras' loop over the named cell, not yet built."""
    loop = {key: options.pop(key) for key in LOOP if key in options}
    cell = CELLS[name](**{**CASES[name].size, **options}, dtype=dtype)
    return keras.layers.RNN(cell, dtype=dtype, **loop)


def build(layer, rng, features=FEATURES, batch=None, scale=1.0):
    """The layer with every weight random, so that no two can be confused."""
    layer.build((batch, None, features))
    layer.set_weights([rng.normal(scale=scale, size=w.shape) for w in layer.weights])
    return layer


def sequences(rng, features=FEATURES):
    return rng.normal(size=(BATCH, STEPS, features))


def padded(x):
    """x with nonsense wherever it is masked."""
    return np.where(MASK[..., None], x, 99.0)


def initial_states(name, rng):
    return [rng.normal(size=(BATCH, size)) for size in CASES[name].states.values()]


def weights_by_gate(name, weights):
    """W, R, b (and p, if the cell has peepholes) as the oracles take them: gate -> array."""
    gates = CASES[name].gates
    ends = np.cumsum(list(gates.values()))[:-1]
    split = [dict(zip(gates, np.split(w, ends, axis=-1), strict=True)) for w in weights[:3]]
    peepholes = dict(zip("ifo", weights[3:], strict=True)) if weights[3:] else None
    return [*split, peepholes] if peepholes else split


def solve(name, weights, x, states):
    """The oracle over a batch: h at every step, and the final states."""
    by_gate = weights_by_gate(name, weights)
    rows = [CASES[name].oracle(*row, *by_gate) for row in zip(x, *states, strict=True)]
    hs, finals = zip(*rows, strict=True)
    return np.stack(hs), [np.stack(final) for final in zip(*finals, strict=True)]


def derivative(function, arguments, direction):
    """The derivative of an oracle's number in a direction, by a complex step: exact to rounding."""
    tiny = 1e-30
    moved = [a + 1j * tiny * d for a, d in zip(arguments, direction, strict=True)]
    return np.imag(function(*moved)) / tiny


def close(actual, expected, atol=1e-12):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)


def all_close(actual, expected, atol=1e-12):
    for one, other in zip(actual, expected, strict=True):
        close(one, other, atol)
