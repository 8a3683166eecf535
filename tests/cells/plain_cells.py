"""Cells written as plain LSTMs and GRUs, which others have, for `test_second_opinions.py`.

A gate that is missing is one that is always open, a gate that is fed back is the output of a unit
of its own. All of this works on the arrays of NumPy and of torch.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from cases import BLOCKS, CELLS_PER_BLOCK, UNITS

OPEN = 100.0  # as the net input of a gate: it is one; as its negative: it is nothing
FULL = 1000.0  # as a cell state: it is squashed to one
SAME_BLOCK = np.arange(UNITS) // CELLS_PER_BLOCK  # the block of each cell


# LSTMs: i, f, z, o, logistic gates, perhaps peepholes. `join` is the library's `concatenate`.


class Plain(NamedTuple):
    """Weights by gate, states, and the map from the plain LSTM's outputs to those of the cell."""

    W: dict
    R: dict
    b: dict
    p: dict | None
    h: np.ndarray
    c: np.ndarray
    back: Callable = lambda hs, h, c: [hs, h, c]


def as_it_is(join, W, R, b, h, c):
    return Plain(W, R, b, None, h, c)


def with_peepholes(join, W, R, b, p, h, c):
    return Plain(W, R, b, p, h, c)


def with_open_gate(gate, join, W, R, b, p, h, c):
    none = 0 * b["z"]
    return Plain(
        {**W, gate: 0 * W["z"]}, {**R, gate: 0 * R["z"]}, {**b, gate: none + OPEN},
        {**p, gate: none}, h, c,
    )  # fmt: skip


def with_opposed_gates(join, *weights_and_states):
    """The logistic function of -a is one minus that of a."""
    *weights, h, c = weights_and_states
    return Plain(*({**of, "f": -of["i"]} for of in weights), h, c)


def with_tied_gates(join, W, R, b, p, h, c):
    """The blocks' gates, once for each cell; peepholes of zero, since these cannot be tied."""
    W, R, b = ({g: of[g] if g == "z" else of[g][..., SAME_BLOCK] for g in "ifzo"}
               for of in (W, R, b))  # fmt: skip
    return Plain(W, R, b, None, h, c)


def with_tanh_for_output_gate(join, W, R, b, h, c):
    """tanh a = 2 sigma(2a) - 1, so h is twice a unit's output less that of one with open gate."""
    twice = [{g: join([of[g], of[g]], -1) for g in "ifz"} for of in (W, R, b)]
    for of, new, bias in zip((W, R, b), twice, (0, 0, OPEN), strict=True):
        new["o"] = join([2 * of["o"], 0 * of["o"] + bias], -1)
    W, R, b = twice
    R = {g: join([2 * R[g], -R[g]], 0) for g in R}

    def back(hs, h, c):
        return [*(2 * of[..., :UNITS] - of[..., UNITS:] for of in (hs, h)), c[..., :UNITS]]

    return Plain(W, R, b, None, join([h, h], -1), join([c, c], -1), back)


def with_units_for_gates(join, of, gates, bias):
    """The columns of the cells, and of a unit for each gate that is fed back.

    The cell state of such a unit is full and stays so: its output is its output gate.
    """
    none = 0 * gates
    extra = {"i": none - bias, "f": none + bias, "z": none, "o": gates}
    return {g: join([of[g], extra[g]], -1) for g in "ifzo"}


def with_gates_fed_back_and_tied(scale, join, W, R, b, h, c, *gates):
    """The cells of 1997; scale is what their cell states and their input are multiplied by.

    A gate that the cell does not have is open.
    """
    own = [g for g in "io" if g in W]
    columns = []
    for of, bias in (W, 0), (R, 0), (b, OPEN):
        none = 0 * of["z"]
        tied = {g: of[g][..., SAME_BLOCK] if g in own else none + bias for g in "io"}
        cells = {**tied, "z": scale * of["z"], "f": none + bias}
        fed_back = join([of[g] for g in own], -1) if own else none[..., :0]
        columns.append(with_units_for_gates(join, cells, fed_back, bias))

    def back(hs, h, c):
        gates = [h[..., UNITS + BLOCKS * k : UNITS + BLOCKS * (k + 1)] for k in range(len(own))]
        return [hs[..., :UNITS], h[..., :UNITS], c[..., :UNITS] / scale, *gates]

    full = [0 * gate + FULL for gate in gates]
    return Plain(*columns, None, join([h, *gates], -1), join([scale * c, *full], -1), back)


def with_tied_gates_and_plain_units(join, W, R, b, p, y, c):
    """Peepholes of zero. A plain unit is a full cell: tanh a is twice its output gate, less one."""
    cells = c.shape[-1]
    b = {g: b[g] - R[g][cells:].sum(0) for g in b}
    R = {g: join([R[g][:cells], 2 * R[g][cells:]], 0) for g in R}
    columns = []
    for of, bias in (W, 0), (R, 0), (b, OPEN):
        tied = {g: of[g][..., SAME_BLOCK[:cells]] for g in "ifo"}
        columns.append(with_units_for_gates(join, {**tied, "z": of["z"]}, 2 * of["a"], bias))

    def halved(y):
        return join([y[..., :cells], (y[..., cells:] + 1) / 2], -1)

    def back(hs, h, c):
        ys = [join([of[..., :cells], 2 * of[..., cells:] - 1], -1) for of in (hs, h)]
        return [*ys, c[..., :cells]]

    full = 0 * y[..., cells:] + FULL
    return Plain(*columns, None, halved(y), join([c, full], -1), back)


def with_projection_in_weights(join, W, R, b, P, *p_and_states):
    """R P multiplies the outputs m. Further units put out the first h, and nothing from then on."""
    *p, h, c = p_and_states
    cells, n = P.shape
    rows = {g: join([P @ R[g], R[g]], 0) for g in R}
    columns = []
    for of, bias in (W, 0), (rows, 0), (b, -OPEN):
        none = 0 * of["z"][..., :n]
        extra = {"i": none, "f": none, "z": none, "o": none + bias}
        columns.append({g: join([of[g], extra[g]], -1) for g in "ifzo"})
    p = {g: join([of, 0 * of[:n]], -1) for g, of in zip("ifo", p, strict=True)} if p else None

    def back(hs, h, c):
        return [hs[..., :cells] @ P, h[..., :cells] @ P, c[..., :cells]]

    return Plain(*columns, p, join([0 * c, h], -1), join([c, 0 * h], -1), back)


def with_units_for_highway(join, W, R, b, v_f, v_r, h, c):
    """Units without squashing: one with opposed gates, and one whose cell state is the input.

    v_r is zero, since the output gate sees the new cell state.
    """
    none, no_row = 0 * W["z"], 0 * b["f"]
    units = [
        {"i": [-W["f"], none], "f": [W["f"], none], "z": [W["z"], W["x"]], "o": [W["r"], -W["r"]]},
        {
            "i": [-b["f"], no_row + OPEN],
            "f": [b["f"], no_row - OPEN],
            "z": [no_row, no_row],
            "o": [b["r"], -b["r"]],
        },
        {"i": [-v_f, no_row], "f": [v_f, no_row], "o": [v_r, no_row]},
    ]
    W, b, p = ({g: join(of[g], -1) for g in of} for of in units)
    R = {g: 0 * join([W[g]] * 2, 0)[: 2 * UNITS] for g in W}

    def back(hs, h, c):
        return [*(of[..., :UNITS] + of[..., UNITS:] for of in (hs, h)), c[..., :UNITS]]

    return Plain(W, R, b, p, join([h, 0 * h], -1), join([c, 0 * c], -1), back)


def with_units_for_lanes(join, W, R, b, h, c):
    """Each lane is a unit, and each R multiplies the sum of them."""

    def summed(of):
        return of[..., :UNITS] + of[..., UNITS:]

    def back(hs, h, c):
        return [summed(hs), summed(h), c]

    R = {g: join([R[g], R[g]], 0) for g in R}
    return Plain(W, R, b, None, join([h, 0 * h], -1), c, back)


def with_gates_fed_back(join, W, R, b, G, p, h, c, i, f, o):
    """Full gate recurrence; peepholes of zero, since the gates' units have other cell states."""
    rows = {g: join([R[g], *(G[g][of] for of in "ifo")], 0) for g in "ifo"}
    rows["z"] = join([R["z"], *[0 * R["z"]] * 3], 0)
    columns = [
        with_units_for_gates(join, of, join([of[g] for g in "ifo"], -1), bias)
        for of, bias in ((W, 0), (rows, 0), (b, OPEN))
    ]

    def back(hs, h, c):
        return [hs[..., :UNITS], h[..., :UNITS], c[..., :UNITS],
                *(h[..., k * UNITS : (k + 1) * UNITS] for k in (1, 2, 3))]  # fmt: skip

    gates = join([i, f, o], -1)
    return Plain(*columns, None, join([h, gates], -1), join([c, 0 * gates + FULL], -1), back)


# GRUs: update, reset, candidate u, r, z: W, R, the biases of the inputs, and of h.


def with_two_biases(W, R, b):
    return W, R, *({g: b[g][k] for g in b} for k in (0, 1))


def with_one_bias(W, R, b):
    return W, R, b, {g: 0 * b[g] for g in b}


def with_nothing_fed_back(W, R, b):
    """min_gru, whose u is the share of the new."""
    W, b = ({"u": -of["u"], "r": 0 * of["u"], "z": of["z"]} for of in (W, b))
    return with_one_bias(W, {g: 0 * W[g][:UNITS] for g in W}, b)
