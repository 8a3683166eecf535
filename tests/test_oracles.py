"""The oracles agree with each other wherever one paper's equations contain another's."""

import numpy as np
import pytest

import oracles

STEPS, FEATURES, BLOCKS, CELLS, UNITS = 5, 4, 3, 2, 6
OPEN, CLOSED = 50.0, -50.0  # net inputs that make a gate one, or zero, to rounding
BLOCK_GATES = {"i": BLOCKS, "f": BLOCKS, "z": UNITS, "o": BLOCKS}


def close(actual, expected, atol=1e-13):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)


def all_close(actual, expected):
    for one, other in zip(actual, expected, strict=True):
        close(one, other)


def normal(rng, *shapes):
    return [rng.normal(size=shape) for shape in shapes]


def by_gate(rng, widths, *rows):
    return {gate: rng.normal(size=(*rows, width)) for gate, width in widths.items()}


def weights(rng, widths, fed_back=UNITS, features=FEATURES):
    """Random W, R, b."""
    return by_gate(rng, widths, features), by_gate(rng, widths, fed_back), by_gate(rng, widths)


def inputs(rng):
    return rng.normal(size=(STEPS, FEATURES))


def saturate(gate, at, W, R, b):
    """Makes the gate a constant, whatever comes in."""
    W[gate], R[gate], b[gate] = 0 * W[gate], 0 * R[gate], 0 * b[gate] + at


def derivative(function, arrays, directions):
    """By a complex step: exact to rounding."""
    tiny = 1e-30
    moved = [a + 1j * tiny * d for a, d in zip(arrays, directions, strict=True)]
    return np.imag(function(*moved)) / tiny


# Hochreiter and Schmidhuber 1997.


@pytest.mark.parametrize(
    "oracle, gates", [("cec", ""), ("lstm_1997_input_gate", "i"), ("lstm_1997_output_gate", "o")]
)
def test_a_carousel_with_fewer_gates_is_the_lstm_of_1997_with_the_others_open(oracle, gates, rng):
    widths = {"i": BLOCKS, "z": UNITS, "o": BLOCKS}
    W, R, b = weights(rng, widths, fed_back=UNITS + 2 * BLOCKS)
    rows = {"i": range(UNITS, UNITS + BLOCKS), "o": range(UNITS + BLOCKS, UNITS + 2 * BLOCKS)}
    gone = [row for gate in "io" if gate not in gates for row in rows[gate]]
    for gate in widths:
        R[gate][gone] = 0
    for gate in set("io") - set(gates):
        saturate(gate, OPEN, W, R, b)
    xs, (h, c), states = inputs(rng), normal(rng, UNITS, UNITS), by_gate(rng, {"i": 3, "o": 3})
    expected, (*_, i, o) = oracles.lstm_1997(xs, h, c, *states.values(), W, R, b)
    fewer = [{gate: a for gate, a in of.items() if gate in ("z", *gates)} for of in (W, R, b)]
    fewer[1] = {gate: np.delete(a, gone, axis=0) for gate, a in fewer[1].items()}
    own = [states[gate] for gate in gates]
    hs, (_, _, *finals) = getattr(oracles, oracle)(xs, h, c, *own, *fewer)
    close(hs, expected)
    all_close(finals, [{"i": i, "o": o}[gate] for gate in gates])


def test_the_error_in_a_carousel_is_constant_where_nothing_is_fed_back(rng):
    W, R, b = weights(rng, {"z": UNITS})
    R["z"] *= 0
    xs, (h, c, direction) = inputs(rng), normal(rng, UNITS, UNITS, UNITS)

    def last_state(c):
        return oracles.cec(xs, h, c, W, R, b)[1][1]

    close(derivative(last_state, [c], [direction]), direction)


# Goodfellow, Bengio and Courville 2016.


def test_the_lstm_of_the_book_is_the_usual_one_where_the_candidate_is_one(rng):
    W, R, b = weights(rng, dict.fromkeys("ifzo", UNITS))
    saturate("z", OPEN, W, R, b)
    xs, states = inputs(rng), normal(rng, UNITS, UNITS)
    arguments = xs, *states, W, R, b
    close(oracles.goodfellow_lstm(*arguments)[0], oracles.lstm(*arguments)[0])


@pytest.mark.parametrize("r, at", [(0, CLOSED), (1, OPEN)])
def test_the_gru_of_the_book_is_the_usual_one_with_gates_of_the_step_before(r, at, rng):
    """By 2 sigma(a) - 1 = tanh(a / 2), its 2 h - 1 is the h of the usual GRU with these weights."""
    W, R, b = weights(rng, dict.fromkeys("urz", UNITS))
    saturate("r", at, W, R, b)
    (x_0, h), xs = normal(rng, FEATURES, UNITS), inputs(rng)
    u = oracles.sigmoid(x_0 @ W["u"] + h @ R["u"] + b["u"])
    hs, _ = oracles.goodfellow_gru(xs, h, u, np.full(UNITS, float(r)), W, R, b)

    pairs = np.hstack([xs, np.stack([x_0, *xs[:-1]])])  # z sees x_t, the gates see x_{t-1}
    none = np.zeros((FEATURES, UNITS))
    W = {gate: np.vstack([none, W[gate]]) for gate in "ur"} | {"z": np.vstack([W["z"] / 2, none])}
    b["u"] = b["u"] + R["u"].sum(axis=0) / 2
    b["z"] = (b["z"] + r * R["z"].sum(axis=0) / 2) / 2
    R = {"u": R["u"] / 2, "r": R["r"], "z": R["z"] / 4}
    expected, _ = oracles.gru_reset_before(pairs, 2 * h - 1, W, R, b)
    close(2 * hs - 1, expected)


# Pascanu et al. 2013.


def test_a_transition_of_one_layer_is_the_simple_rnn(rng):
    arguments = inputs(rng), *normal(rng, UNITS), *weights(rng, {"h": UNITS})
    close(oracles.deep_transition_rnn(*arguments)[0], oracles.simple_rnn(*arguments)[0])


@pytest.mark.parametrize("depth", [2, 3])
def test_a_shortcut_without_weight_changes_nothing(depth, rng):
    arguments = inputs(rng), *normal(rng, UNITS), *weights(rng, {"h": UNITS})
    layers = normal(rng, *[(UNITS, UNITS), UNITS] * (depth - 1))
    hs, _ = oracles.deep_transition_shortcut_rnn(*arguments, *layers, np.zeros((UNITS, UNITS)))
    close(hs, oracles.deep_transition_rnn(*arguments, *layers)[0])


def test_a_shortcut_past_layers_without_weight_is_an_rnn_of_the_state_alone(rng):
    xs, (h, U, d, V) = inputs(rng), normal(rng, UNITS, (UNITS, UNITS), UNITS, (UNITS, UNITS))
    W, R, b = weights(rng, {"h": UNITS})
    hs, _ = oracles.deep_transition_shortcut_rnn(xs, h, W, R, b, 0 * U, d, V)
    expected, _ = oracles.simple_rnn(xs, h, {"h": 0 * W["h"]}, {"h": V}, {"h": d})
    close(hs, expected)


def test_a_deep_output_leaves_the_recurrence_a_simple_rnn(rng):
    xs, (y, h, U, d) = inputs(rng), normal(rng, UNITS, UNITS, (UNITS, UNITS), UNITS)
    W_R_b = weights(rng, {"h": UNITS})
    ys, (_, last) = oracles.deep_output_rnn(xs, y, h, *W_R_b, U, d)
    hs, _ = oracles.simple_rnn(xs, h, *W_R_b)
    all_close([ys, last], [np.tanh(hs @ U + d), hs[-1]])


def test_a_stacked_rnn_is_an_rnn_over_the_outputs_of_another(rng):
    xs, (top, bottom) = inputs(rng), normal(rng, UNITS, UNITS)
    first, second = weights(rng, {"h": UNITS}), weights(rng, {"h": UNITS}, features=UNITS)
    own = [of["h"] for of in second]
    hs, finals = oracles.stacked_rnn(xs, top, bottom, *first, *own)
    below, _ = oracles.simple_rnn(xs, bottom, *first)
    above, _ = oracles.simple_rnn(below, top, *second)
    all_close([hs, *finals], [above, above[-1], below[-1]])


# Chung et al. 2015. A gate whose weights are zero is one half.


def no_gates(features):
    return [np.zeros((features, 2)), np.zeros((2 * UNITS, 2))]


def columns(of):
    return np.concatenate(list(of.values()), axis=-1)


def only(layer, R):
    """U^{i->j} of a layer that gets its own h only, through a gate that is one half."""
    return np.concatenate([2 * R if i == layer else 0 * R for i in range(2)])


@pytest.mark.parametrize("kind, gates, states", [("lstm", "ifzo", 2), ("gru", "urz", 1)])
def test_layers_that_are_not_fed_back_to_each_other_are_a_stack(kind, gates, states, rng):
    xs, widths = inputs(rng), dict.fromkeys(gates, UNITS)
    first, second = weights(rng, widths), weights(rng, widths, features=UNITS)
    tops, bottoms = (normal(rng, *[UNITS] * states) for _ in range(2))
    both = [state for pair in zip(tops, bottoms, strict=True) for state in pair]

    def arguments(layer, W, R, b):
        others = {gate: a for gate, a in R.items() if gate != "z"}
        return W, others, b, only(layer, R["z"]), *no_gates([FEATURES, UNITS][layer])

    W, R, b, *own = arguments(1, *second)
    own = [*arguments(0, *first), columns(W), columns(R), columns(b), *own]
    hs, finals = getattr(oracles, f"gated_feedback_{kind}")(xs, *both, *own)

    def plain(xs, states, W, R, b):
        if kind == "gru":  # it resets after the product, where b has a second row
            b = {gate: np.stack([a, 0 * a]) for gate, a in b.items()}
        return getattr(oracles, kind)(xs, *states, W, R, b)

    below, bottoms = plain(xs, bottoms, *first)
    above, tops = plain(below, tops, *second)
    expected = [state for pair in zip(tops, bottoms, strict=True) for state in pair]
    all_close([hs, *finals], [above, *expected])


def feedback_rnn(rng):
    """Two layers: x's last component and the last unit of the first are one, all gates a half."""
    xs = inputs(rng)
    xs[:, -1] = 1
    W, R, b = weights(rng, {"h": UNITS}, fed_back=2 * UNITS)
    for a, value in ((W, 0), (R, 0), (b, OPEN)):
        a["h"][..., -1] = value
    second = normal(rng, (UNITS, UNITS), (2 * UNITS, UNITS), UNITS)
    top, bottom = normal(rng, UNITS, UNITS)
    bottom[-1] = 1
    layers = [[W["h"], R["h"], b["h"], *no_gates(FEATURES)], [*second, *no_gates(UNITS)]]

    def run():
        W, R, b, *gates = layers[0]
        first = {"h": W}, {"h": R}, {"h": b}, *gates
        return oracles.gated_feedback_rnn(xs, top, bottom, *first, *layers[1])

    return xs, (top, bottom), layers, run


@pytest.mark.parametrize("i", [0, 1])
@pytest.mark.parametrize("j", [0, 1])
@pytest.mark.parametrize("place, one", [(3, -1), (4, UNITS - 1)], ids=["w", "u"])
def test_a_closed_gate_cuts_one_layer_off_from_one_layer(i, j, place, one, rng):
    _, _, layers, run = feedback_rnn(rng)
    layers[j][place][one, i] = CLOSED
    closed, _ = run()
    layers[j][place][one, i] = 0
    layers[j][1][i * UNITS : (i + 1) * UNITS] = 0
    close(closed, run()[0])


def test_layers_that_only_feed_back_are_the_modules_of_one_rnn(rng):
    xs, (top, bottom), layers, run = feedback_rnn(rng)
    layers[1][0] *= 0
    (W_1, F_1, b_1, *_), (W_2, F_2, b_2, *_) = layers
    _, finals = run()
    none = np.zeros((FEATURES, UNITS))
    flat = np.hstack([W_1, none]), np.hstack([F_1, F_2]) / 2, np.concatenate([b_1, b_2])
    W, R, b = ({"h": a} for a in flat)
    expected, _ = oracles.simple_rnn(xs, np.concatenate([bottom, top]), W, R, b)
    close(np.concatenate(finals[::-1]), expected[-1])


# Memory blocks.


def block_case(rng, steps=STEPS):
    xs, errors, h, c = normal(rng, (steps, FEATURES), (steps, UNITS), UNITS, UNITS)
    p = {gate: rng.normal(size=(BLOCKS, CELLS)) for gate in "ifo"}
    return xs, errors, h, c, *weights(rng, BLOCK_GATES), p


def test_blocks_and_plain_units_that_do_not_see_each_other_are_two_layers(rng):
    xs, _, h, c, W, R, b, p = block_case(rng)
    plain = weights(rng, {"h": 4}, fed_back=4)
    a = rng.normal(size=4)
    W_a, R_a, b_a = (of["h"] for of in plain)
    R_both = {gate: np.vstack([of, np.zeros((4, of.shape[1]))]) for gate, of in R.items()}
    R_both["a"] = np.vstack([np.zeros((UNITS, 4)), R_a])
    hs, (_, c_last) = oracles.mixed_block_lstm(
        xs, np.concatenate([h, a]), c, W | {"a": W_a}, R_both, b | {"a": b_a}, p
    )
    of_blocks, (_, c_expected) = oracles.memory_block_lstm(xs, h, c, W, R, b, p)
    of_units, _ = oracles.simple_rnn(xs, a, *plain)
    all_close([hs, c_last], [np.hstack([of_blocks, of_units]), c_expected])


def random_direction(rng, *dicts):
    return [{key: rng.normal(size=a.shape) for key, a in of.items()} for of in dicts]


def along(gradients, directions):
    return sum(
        np.sum(gradient[key] * direction[key])
        for gradient, direction in zip(gradients, directions, strict=True)
        for key in direction
    )


def moved(at, directions):
    """The weights a complex step away."""
    return [
        {key: a + 1e-30j * direction[key] for key, a in of.items()}
        for of, direction in zip(at, directions, strict=True)
    ]


def loss_slope(hs, errors):
    return np.sum(errors * np.imag(hs)) / 1e-30


def test_without_a_clip_graves_has_the_whole_gradient(rng):
    xs, errors, h, c, *at = block_case(rng)
    directions = random_direction(rng, *at)
    hs, _ = oracles.memory_block_lstm(xs, h, c, *moved(at, directions))
    actual = oracles.graves_clipped_gradients(xs, errors, h, c, *at, clip=np.inf)
    close(along(actual, directions), loss_slope(hs, errors), atol=1e-11)


def clipping_case(rng, steps):
    """A one in x for each step, so that row t of the derivative of W is delta of t; and a clip."""
    _, errors, h, c, _, R, b, p = block_case(rng, steps)
    W = by_gate(rng, BLOCK_GATES, steps)
    p["i"] *= 0
    p["f"] *= 0
    return [np.eye(steps), errors, h, c, W, R, b, p], 0.05


def deltas(case, clip=np.inf):
    return columns(oracles.graves_clipped_gradients(*case, clip=clip)[0])


def test_graves_clips_deltas_and_not_the_errors_of_cell_states(rng):
    case, clip = clipping_case(rng, STEPS)
    for R in case[5].values():
        R *= 0  # all that goes back in time goes through the cell states
    close(deltas(case, clip), np.clip(deltas(case), -clip, clip))


def test_graves_feeds_back_clipped_deltas(rng):
    case, clip = clipping_case(rng, steps=2)
    xs, errors, h, c, W, R, b, p = case
    saturate("f", CLOSED, W, R, b)  # nothing that goes back in time goes through the cell states
    first, last = deltas(case, clip)
    fed_back = errors[:1] + columns(R) @ last
    whole = deltas([xs[:1], fed_back, h, c, W, R, b, p])
    close(first, np.clip(whole[0], -clip, clip))


def test_gers_truncates_to_what_is_left_when_feedback_and_peepholes_see_constants(rng):
    """h_{t-1}, c_{t-1} and c_t come in as inputs, whose weights are those that saw them."""
    xs, errors, h, c, *at = block_case(rng)
    directions = random_direction(rng, *at)
    seen, state = [], (h, c)
    for x in xs:
        _, after = oracles.memory_block_lstm([x], *state, *at)
        seen.append(np.concatenate([x, *state, after[1]]))
        state = after
    W, R, b, p = moved(at, directions)
    mine = np.repeat(np.eye(BLOCKS), CELLS, axis=0)  # which cells are in which block
    of_cells = {gate: mine * p[gate].reshape(-1, 1) for gate in "ifo"}
    nothing = {gate: np.zeros((UNITS, width)) for gate, width in BLOCK_GATES.items()}
    of_old = nothing | {gate: of_cells[gate] for gate in "if"}
    of_new = nothing | {"o": of_cells["o"]}
    W = {gate: np.vstack([W[gate], R[gate], of_old[gate], of_new[gate]]) for gate in "ifzo"}
    no_p = {gate: np.zeros((BLOCKS, CELLS)) for gate in "ifo"}
    hs, _ = oracles.memory_block_lstm(seen, h, c, W, nothing, b, no_p)
    actual = oracles.gers_2002_truncated_gradients(xs, errors, h, c, *at)
    close(along(actual, directions), loss_slope(hs, errors), atol=1e-11)
