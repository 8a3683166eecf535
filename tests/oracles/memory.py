"""Cells with another memory than one c for each unit, or another way to it."""

import numpy as np

from .core import sigmoid


def rectified(a):
    """The larger of a and zero; a may be complex."""
    return np.where(np.real(a) > 0, a, 0)


def scrn(xs, o, W, R, b, B, P, kept=1.0, *, alpha=0.95):
    """Mikolov et al. 2014, "Learning longer memory in recurrent neural networks".

    Gates (a), units columns, R[a] [units, units]; states (o [units + context]): the hidden units a,
    then the slow context units s, because the paper's output layer sees both. Own:
    B [features, context], P [context, units]. s has no bias in the paper, nor has a: b is ours.
    alpha is fixed, 0.95 in the paper. The new s goes into a. `kept` has units + context entries; R
    multiplies the first of them only, and s is carried.

    Others: torchrecurrent's SCRN feeds the output layer's y back in place of a, learns alpha, and
    has as many context units as hidden ones.
    """
    units = len(b["a"])
    outputs = []
    for x in xs:
        a_prev, s_prev = (kept * o)[:units], o[units:]
        s = (1 - alpha) * (x @ B) + alpha * s_prev
        a = sigmoid(s @ P + x @ W["a"] + a_prev @ R["a"] + b["a"])
        o = np.concatenate([a, s])
        outputs.append(o)
    return np.stack(outputs), (o,)


def array_lstm(xs, h, c, W, R, b, kept=1.0):
    """Rocki 2016, "Recurrent memory array structures": every unit has a row of cells, the lanes.

    Gates (i, f, z, o), each lanes * units columns, lane after lane; states (h [units],
    c [lanes * units], lane after lane). No own weights. Every lane has its own four gates; h sums
    the lanes. This is the paper's deterministic array-LSTM, without pooling or attention. One lane
    is an LSTM.
    """
    units = len(h)
    lanes = len(c) // units
    hs = []
    for x in xs:
        h_next, c_next = 0, []
        for lane in range(lanes):
            own = slice(lane * units, (lane + 1) * units)
            i = sigmoid(x @ W["i"][:, own] + (kept * h) @ R["i"][:, own] + b["i"][own])
            f = sigmoid(x @ W["f"][:, own] + (kept * h) @ R["f"][:, own] + b["f"][own])
            z = np.tanh(x @ W["z"][:, own] + (kept * h) @ R["z"][:, own] + b["z"][own])
            o = sigmoid(x @ W["o"][:, own] + (kept * h) @ R["o"][:, own] + b["o"][own])
            c_lane = f * c[own] + i * z
            h_next = h_next + o * np.tanh(c_lane)
            c_next.append(c_lane)
        h, c = h_next, np.concatenate(c_next)
        hs.append(h)
    return np.stack(hs), (h, c)


def nas(xs, h, c, W, R, b, kept=1.0):
    """Zoph and Le 2017, "Neural architecture search with reinforcement learning", the new cell.

    Gates (n0, ..., n7), states (h, c), no own weights. The fourth branch multiplies what comes from
    x and what comes from h; the others add. b goes to the part from x, which matters there.

    Others: TensorFlow's NASCell adds the bias, off by default, to the part from h. torchrecurrent's
    NASCell adds in the fourth branch too: not the same cell.
    """
    hs = []
    for x in xs:
        from_x = [x @ W[f"n{k}"] + b[f"n{k}"] for k in range(8)]
        from_h = [(kept * h) @ R[f"n{k}"] for k in range(8)]
        n0 = sigmoid(from_x[0] + from_h[0])
        n1 = rectified(from_x[1] + from_h[1])
        n2 = sigmoid(from_x[2] + from_h[2])
        n3 = rectified(from_x[3] * from_h[3])
        n4 = np.tanh(from_x[4] + from_h[4])
        n5 = sigmoid(from_x[5] + from_h[5])
        n6 = np.tanh(from_x[6] + from_h[6])
        n7 = sigmoid(from_x[7] + from_h[7])
        with_memory = np.tanh(np.tanh(n0 * n1) + c)
        c = with_memory * np.tanh(n2 + n3)
        h = np.tanh(c * np.tanh(np.tanh(n4 * n5) + sigmoid(n6 + n7)))
        hs.append(h)
    return np.stack(hs), (h, c)
