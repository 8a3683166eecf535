"""What holds for the variants of Greff et al. only: what each is a peephole LSTM with."""

import keras
import numpy as np
import pytest

from cases import (
    FEATURES,
    UNITS,
    all_close,
    build,
    close,
    initial_states,
    numbers,
    own_layer,
    sequences,
    softer,
    weights_by_gate,
)

pytestmark = pytest.mark.ci

OPEN = 100.0  # either squashing function of a gate makes one of this
either_way = pytest.mark.parametrize(
    "options", [pytest.param({}, marks=pytest.mark.nightly), softer]
)

WITHOUT_GATE = {
    "no_input_gate_lstm": "i",
    "no_forget_gate_lstm": "f",
    "no_output_gate_lstm": "o",
}


def fused(W, R, b, p):
    """The weights of a peephole LSTM, by gate, as its layer takes them."""
    columns = [np.concatenate([of[gate] for gate in "ifzo"], axis=-1) for of in (W, R, b)]
    return [*columns, *(p[gate] for gate in "ifo")]


def with_open_gate(gate, W, R, b, p):
    """The same weights, and those of a gate that is open whatever it sees."""
    W[gate], R[gate] = np.zeros((FEATURES, UNITS)), np.zeros((UNITS, UNITS))
    b[gate], p[gate] = np.full(UNITS, OPEN), np.zeros(UNITS)
    return W, R, b, p


def variant(name, rng, **options):
    return build(own_layer(name, return_sequences=True, return_state=True, **options), rng)


def peephole_lstm(rng, weights, options):
    layer = variant("peephole_lstm", rng, **options)
    layer.set_weights(weights)
    return layer


@either_way
@pytest.mark.parametrize("name, gate", WITHOUT_GATE.items())
def test_without_a_gate_it_is_the_peephole_lstm_with_that_gate_open(name, gate, options, rng):
    layer = variant(name, rng, **options)
    by_gate = with_open_gate(gate, *weights_by_gate(name, layer.get_weights()))
    plain = peephole_lstm(rng, fused(*by_gate), options)
    x, states = sequences(rng), initial_states(name, rng)
    all_close(layer(x, initial_state=states), plain(x, initial_state=states))


@either_way
def test_with_coupled_gates_it_is_the_peephole_lstm_whose_forget_gate_opposes_the_other(
    options, rng
):
    name = "coupled_gate_lstm"
    layer = variant(name, rng, **options)
    by_gate = weights_by_gate(name, layer.get_weights())
    for of in by_gate:
        of["f"] = -of["i"]
    plain = peephole_lstm(rng, fused(*by_gate), options)
    x, states = sequences(rng), initial_states(name, rng)
    all_close(layer(x, initial_state=states), plain(x, initial_state=states))


@either_way
@pytest.mark.parametrize("name", ["no_input_activation_lstm", "no_output_activation_lstm"])
def test_without_an_activation_it_is_the_peephole_lstm_if_neither_squashes(name, options, rng):
    options = {**options, "activation": "linear"}
    layer, plain = (variant(n, rng, **options) for n in (name, "peephole_lstm"))
    plain.set_weights(layer.get_weights())
    x, states = sequences(rng), initial_states(name, rng)
    all_close(layer(x, initial_state=states), plain(x, initial_state=states), atol=1e-11)


FGR = "full_gate_recurrence_lstm"


@either_way
def test_without_gate_recurrence_it_is_the_peephole_lstm_that_shows_its_gates(options, rng):
    layer = variant(FGR, rng, **options)
    W, R, b, G, *p = layer.get_weights()
    layer.set_weights([W, R, b, np.zeros_like(G), *p])
    plain = peephole_lstm(rng, [W, R, b, *p], options)
    x, states = sequences(rng), initial_states(FGR, rng)
    hs, h, c, *_, o = map(numbers, layer(x, initial_state=states))
    all_close([hs, h, c], plain(x, initial_state=states[:2]))
    close(h, o * numbers(layer.activation(keras.ops.convert_to_tensor(c))))


def test_gates_see_all_gates_and_the_block_input_sees_none(rng):
    layer = variant(FGR, rng)
    assert layer.get_weights()[3].size == 9 * UNITS**2
    x, (h, c, *gates) = sequences(rng)[:, :1], initial_states(FGR, rng)
    c = np.zeros_like(c)  # so that c at the first step is i * z

    def first_step(gates):
        _, _, c_1, *gates_1 = map(numbers, layer(x, initial_state=[h, c, *gates]))
        return c_1 / gates_1[0], gates_1

    z, before = first_step(gates)
    for place in range(3):
        moved = [gate + (n == place) for n, gate in enumerate(gates)]
        z_moved, after = first_step(moved)
        close(z_moved, z, atol=1e-11)
        for one, other in zip(before, after, strict=True):
            assert np.all(one != other)


@pytest.mark.parametrize("name", ["peephole_lstm", "coupled_gate_lstm", FGR])
def test_no_two_gates_start_with_the_same_peepholes(name):
    layer = own_layer(name)
    layer.build((None, None, FEATURES))
    *_, one, other = layer.get_weights()
    assert one.shape == other.shape == (UNITS,) and np.all(one != other)
