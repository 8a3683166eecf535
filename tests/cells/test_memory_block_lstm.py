"""What holds for the LSTM of memory blocks only."""

import numpy as np
import pytest

from cases import (
    BLOCKS,
    CASES,
    CELLS_PER_BLOCK,
    UNITS,
    build,
    close,
    initial_states,
    numbers,
    own_layer,
    sequences,
    weights_by_gate,
)

NAME = "memory_block_lstm"


def blocks_of(rng, **options):
    return build(own_layer(NAME, return_sequences=True, **options), rng)


def fused(by_gate):
    return np.concatenate([by_gate[gate] for gate in "ifzo"], axis=-1)


@pytest.mark.parametrize("options", [{}, CASES[NAME].choices])
def test_with_one_cell_per_block_it_is_the_peephole_lstm(options, rng):
    layer = blocks_of(rng, blocks=UNITS, cells_per_block=1, **options)
    plain = build(own_layer("peephole_lstm", return_sequences=True, **options), rng)
    *fused_weights, p_i, p_f, p_o = plain.get_weights()
    layer.set_weights([*fused_weights, p_i[:, None], p_f[:, None], p_o[:, None]])
    x, states = sequences(rng), initial_states(NAME, rng)
    close(layer(x, initial_state=states), plain(x, initial_state=states))


def test_without_peepholes_it_is_the_lstm_with_tied_gates(rng):
    layer = blocks_of(rng)
    weights = layer.get_weights()
    weights[3:] = [np.zeros_like(p) for p in weights[3:]]
    layer.set_weights(weights)
    tied = [
        {g: w if g == "z" else np.repeat(w, CELLS_PER_BLOCK, axis=-1) for g, w in by_gate.items()}
        for by_gate in weights_by_gate(NAME, weights)[:3]
    ]
    plain = build(own_layer("lstm", return_sequences=True), rng)
    plain.set_weights([fused(by_gate) for by_gate in tied])
    x, states = sequences(rng), initial_states(NAME, rng)
    close(layer(x, initial_state=states), plain(x, initial_state=states))


def test_cells_may_change_places_within_their_block(rng):
    layer, other = blocks_of(rng), blocks_of(rng)
    order = np.arange(UNITS).reshape(BLOCKS, CELLS_PER_BLOCK)
    order[1] = order[1, ::-1]
    order = order.ravel()
    W, R, b, p = weights_by_gate(NAME, layer.get_weights())
    W, R, b = ({**by_gate, "z": by_gate["z"][..., order]} for by_gate in (W, R, b))
    peepholes = [p[gate].ravel()[order].reshape(BLOCKS, CELLS_PER_BLOCK) for gate in "ifo"]
    other.set_weights([fused(W), fused(R)[order], fused(b), *peepholes])
    x, (h, c) = sequences(rng), initial_states(NAME, rng)
    hs = numbers(layer(x, initial_state=[h, c]))
    close(other(x, initial_state=[h[:, order], c[:, order]]), hs[..., order])


def test_a_block_sees_the_cell_states_of_others_through_their_outputs_only(rng):
    layer = blocks_of(rng)
    x, (h, c) = sequences(rng), initial_states(NAME, rng)
    first, rest = slice(0, CELLS_PER_BLOCK), slice(CELLS_PER_BLOCK, UNITS)
    moved = c.copy()
    moved[:, first] += 1.0

    def changes():
        before, after = (numbers(layer(x, initial_state=[h, s])) for s in (c, moved))
        return np.abs(after - before)

    assert np.all(changes()[:, 0, first] > 0)
    assert np.all(changes()[:, 0, rest] == 0)
    assert np.all(changes()[:, 1, rest] > 0)
    kernel, recurrent_kernel, *others = layer.get_weights()
    recurrent_kernel[first] = 0.0
    layer.set_weights([kernel, recurrent_kernel, *others])
    assert np.all(changes()[..., rest] == 0)


def test_each_block_may_start_with_its_own_bias():
    layer = own_layer(NAME, gate_bias={"f": [0.5, 1.0, 1.5], "i": [-0.5, -1.0, -1.5]})
    layer.build((None, None, 2))
    b = weights_by_gate(NAME, layer.get_weights())[2]
    np.testing.assert_array_equal(b["f"], [0.5, 1.0, 1.5])
    np.testing.assert_array_equal(b["i"], [-0.5, -1.0, -1.5])
    assert not np.any(b["z"]) and not np.any(b["o"])
