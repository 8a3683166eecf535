"""Memory blocks: mixed with plain units, and how they learn in 2002 and in 2012.

p[gate][block, cell] is the peephole of one cell. The two functions of gradients take errors[t], the
derivative of the loss with respect to h at t, and return those with respect to W, R, b and p.
"""

import numpy as np

from .core import sigmoid


def mixed_block_lstm(xs, h, c, W, R, b, p, kept=1.0):
    """Graves 2012, section 4.2: blocks and plain units in one layer. h: the cells, then the units.

    Gates i, f, z, o as in a memory block; a is the plain units.
    """
    blocks, cells = p["i"].shape
    hs = []
    for x in xs:
        net = {gate: x @ W[gate] + (kept * h) @ R[gate] + b[gate] for gate in "ifzoa"}
        h_next, c_next = [], []
        for block in range(blocks):
            own = range(block * cells, (block + 1) * cells)
            s = [c[k] for k in own]
            i = sigmoid(net["i"][block] + sum(p["i"][block, v] * s[v] for v in range(cells)))
            f = sigmoid(net["f"][block] + sum(p["f"][block, v] * s[v] for v in range(cells)))
            s = [f * c[k] + i * np.tanh(net["z"][k]) for k in own]
            o = sigmoid(net["o"][block] + sum(p["o"][block, v] * s[v] for v in range(cells)))
            c_next += s
            h_next += [o * np.tanh(s[v]) for v in range(cells)]
        c, h = np.array(c_next), np.concatenate([h_next, np.tanh(net["a"])])
        hs.append(h)
    return np.stack(hs), (h, c)


def gers_2002_truncated_gradients(xs, errors, h, c, W, R, b, p):
    """Gers, Schraudolph and Schmidhuber 2002: traces, carried forward in time.

    Errors go back in time through the cell states only: not through h_{t-1}, and not through any
    peephole, that of the output gate at t included. A weight's source is an input, something fed
    back, the constant 1, or, for a gate, a cell of its block. tanh squashes here.
    """
    blocks, cells = p["i"].shape
    units, plain = blocks * cells, len(xs[0]) + blocks * cells + 1
    sources = plain + cells
    trace_i, trace_f = np.zeros((units, sources)), np.zeros((units, sources))
    trace_z = np.zeros((units, plain))
    d = {gate: np.zeros((sources, blocks)) for gate in "ifo"}
    d["z"] = np.zeros((plain, units))
    for x, error in zip(xs, errors, strict=True):
        source = np.concatenate([x, h, [1.0]])
        net = {gate: x @ W[gate] + h @ R[gate] + b[gate] for gate in "ifzo"}
        c_prev, c, h = c, np.zeros(units), np.zeros(units)
        for block in range(blocks):
            own = range(block * cells, (block + 1) * cells)
            with_old = np.concatenate([source, c_prev[own]])
            i = sigmoid(net["i"][block] + p["i"][block] @ c_prev[own])
            f = sigmoid(net["f"][block] + p["f"][block] @ c_prev[own])
            for k in own:
                z = np.tanh(net["z"][k])
                c[k] = f * c_prev[k] + i * z
                trace_i[k] = f * trace_i[k] + z * i * (1 - i) * with_old
                trace_f[k] = f * trace_f[k] + c_prev[k] * f * (1 - f) * with_old
                trace_z[k] = f * trace_z[k] + i * (1 - z**2) * source
            with_new = np.concatenate([source, c[own]])
            o = sigmoid(net["o"][block] + p["o"][block] @ c[own])
            for k in own:
                h[k] = o * np.tanh(c[k])
                error_s = error[k] * o * (1 - np.tanh(c[k]) ** 2)
                d["i"][:, block] += error_s * trace_i[k]
                d["f"][:, block] += error_s * trace_f[k]
                d["z"][:, k] += error_s * trace_z[k]
                d["o"][:, block] += error[k] * np.tanh(c[k]) * o * (1 - o) * with_new
    first, one = len(xs[0]), plain - 1
    return (
        {gate: rows[:first] for gate, rows in d.items()},
        {gate: rows[first:one] for gate, rows in d.items()},
        {gate: rows[one] for gate, rows in d.items()},
        {gate: d[gate][plain:].T for gate in "ifo"},
    )


def graves_clipped_gradients(xs, errors, h, c, W, R, b, p, clip):
    """Graves 2012, equations 4.11 to 4.16, and each delta clipped to [-clip, clip].

    As in his program: delta is clipped when all of step t is known. So the error that the output
    gate's peephole gives to the cell states of t is not clipped, and neither are the errors of cell
    states; everything that goes further back, and every weight, gets the clipped delta.
    """
    blocks, cells = p["i"].shape
    units = blocks * cells
    own = [range(block * cells, (block + 1) * cells) for block in range(blocks)]
    steps = []
    for x in xs:  # forward, 4.2 to 4.10
        net = {gate: x @ W[gate] + h @ R[gate] + b[gate] for gate in "ifzo"}
        i = np.array([sigmoid(net["i"][j] + p["i"][j] @ c[own[j]]) for j in range(blocks)])
        f = np.array([sigmoid(net["f"][j] + p["f"][j] @ c[own[j]]) for j in range(blocks)])
        z = np.tanh(net["z"])
        s = np.array([f[k // cells] * c[k] + i[k // cells] * z[k] for k in range(units)])
        o = np.array([sigmoid(net["o"][j] + p["o"][j] @ s[own[j]]) for j in range(blocks)])
        steps.append((x, h, c, i, f, z, s, o))
        h, c = np.array([o[k // cells] * np.tanh(s[k]) for k in range(units)]), s

    dW, dR, db, dp = ({gate: np.zeros_like(a) for gate, a in of.items()} for of in (W, R, b, p))
    later = {gate: np.zeros_like(b[gate]) for gate in "ifzo"}  # delta of t+1
    f_later, error_s_later = np.zeros(blocks), np.zeros(units)
    for (x, h_prev, c_prev, i, f, z, s, o), error in zip(steps[::-1], errors[::-1], strict=True):
        error_h = error + sum(R[gate] @ later[gate] for gate in "ifzo")  # (4.11)
        delta = {gate: np.zeros_like(b[gate]) for gate in "ifzo"}
        error_s = np.zeros(units)
        for j in range(blocks):
            total = sum(np.tanh(s[k]) * error_h[k] for k in own[j])
            delta["o"][j] = o[j] * (1 - o[j]) * total  # (4.12)
            for v, k in enumerate(own[j]):  # (4.13)
                error_s[k] = o[j] * (1 - np.tanh(s[k]) ** 2) * error_h[k]
                error_s[k] += f_later[j] * error_s_later[k]
                error_s[k] += p["i"][j, v] * later["i"][j] + p["f"][j, v] * later["f"][j]
                error_s[k] += p["o"][j, v] * delta["o"][j]
                delta["z"][k] = i[j] * (1 - z[k] ** 2) * error_s[k]  # (4.14)
            total = sum(c_prev[k] * error_s[k] for k in own[j])
            delta["f"][j] = f[j] * (1 - f[j]) * total  # (4.15)
            total = sum(z[k] * error_s[k] for k in own[j])
            delta["i"][j] = i[j] * (1 - i[j]) * total  # (4.16)
        later = {gate: np.clip(delta[gate], -clip, clip) for gate in "ifzo"}
        f_later, error_s_later = f, error_s
        for gate in "ifzo":
            dW[gate] += np.outer(x, later[gate])
            dR[gate] += np.outer(h_prev, later[gate])
            db[gate] += later[gate]
        for gate, seen in (("i", c_prev), ("f", c_prev), ("o", s)):
            dp[gate] += later[gate][:, None] * seen.reshape(blocks, cells)
    return dW, dR, db, dp
