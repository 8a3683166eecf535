"""The first cells: papers from 1990 to 2018."""

import numpy as np


def sigmoid(a):
    with np.errstate(over="ignore"):  # e^-a may be too large, which makes it 0
        return 1 / (1 + np.exp(-a))


def simple_rnn(xs, h, W, R, b):
    """Elman 1990, with tanh."""
    hs = []
    for x in xs:
        h = np.tanh(x @ W["h"] + h @ R["h"] + b["h"])
        hs.append(h)
    return np.stack(hs), (h,)


def memoryless(xs, h, W, R, b):
    """A layer of plain units: nothing is fed back, so h goes nowhere and R is empty."""
    hs = np.stack([np.tanh(x @ W["h"] + b["h"]) for x in xs])
    return hs, (hs[-1],)


def lstm(xs, h, c, W, R, b):
    """Gers, Schmidhuber and Cummins 2000: the forget gate; squashed by tanh, as is usual now."""
    hs = []
    for x in xs:
        i = sigmoid(x @ W["i"] + h @ R["i"] + b["i"])
        f = sigmoid(x @ W["f"] + h @ R["f"] + b["f"])
        z = np.tanh(x @ W["z"] + h @ R["z"] + b["z"])
        c = f * c + i * z
        o = sigmoid(x @ W["o"] + h @ R["o"] + b["o"])
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)


def peephole_lstm(xs, h, c, W, R, b, p):
    """Graves 2013, equations 7 to 11."""
    hs = []
    for x in xs:
        i = sigmoid(x @ W["i"] + h @ R["i"] + p["i"] * c + b["i"])
        f = sigmoid(x @ W["f"] + h @ R["f"] + p["f"] * c + b["f"])
        z = np.tanh(x @ W["z"] + h @ R["z"] + b["z"])
        c = f * c + i * z
        o = sigmoid(x @ W["o"] + h @ R["o"] + p["o"] * c + b["o"])
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)


def memory_block_lstm(xs, h, c, W, R, b, p):
    """Graves 2012, equations 4.2 to 4.10: p[gate][block, cell] is the peephole of one cell."""
    blocks, cells = p["i"].shape
    hs = []
    for x in xs:
        net = {gate: x @ W[gate] + h @ R[gate] + b[gate] for gate in "ifzo"}
        h_next, c_next = [], []
        for block in range(blocks):
            own = range(block * cells, (block + 1) * cells)  # its cells, among those of the layer
            s = [c[k] for k in own]
            i = sigmoid(net["i"][block] + sum(p["i"][block, v] * s[v] for v in range(cells)))
            f = sigmoid(net["f"][block] + sum(p["f"][block, v] * s[v] for v in range(cells)))
            s = [f * c[k] + i * np.tanh(net["z"][k]) for k in own]
            o = sigmoid(net["o"][block] + sum(p["o"][block, v] * s[v] for v in range(cells)))
            c_next += s
            h_next += [o * np.tanh(s[v]) for v in range(cells)]
        c, h = np.array(c_next), np.array(h_next)
        hs.append(h)
    return np.stack(hs), (h, c)


def lstm_1997(xs, h, c, i, o, W, R, b):
    """Hochreiter and Schmidhuber 1997, equations 3 to 9: the gates are fed back too."""
    blocks, units = len(b["i"]), len(b["z"])
    block_of = [cell // (units // blocks) for cell in range(units)]
    hs = []
    for x in xs:
        y = np.concatenate([h, i, o])
        i = sigmoid(x @ W["i"] + y @ R["i"] + b["i"])
        o = sigmoid(x @ W["o"] + y @ R["o"] + b["o"])
        net_z = x @ W["z"] + y @ R["z"] + b["z"]
        c = np.array([c[k] + i[block_of[k]] * (4 * sigmoid(net_z[k]) - 2) for k in range(units)])
        h = np.array([o[block_of[k]] * (2 * sigmoid(c[k]) - 1) for k in range(units)])
        hs.append(h)
    return np.stack(hs), (h, c, i, o)


def lstm_1997_truncated_gradients(xs, errors, h, c, i, o, W, R, b):
    """The paper's learning rule, equations 19 to 28 of appendix A.1: traces, carried forward.

    errors[t] is the derivative of the loss with respect to h at t. Returns the derivatives with
    respect to W, R and b. A weight's source is an input, something fed back, or the constant 1.
    """
    blocks, units = len(b["i"]), len(b["z"])
    block_of = [cell // (units // blocks) for cell in range(units)]
    sources = len(xs[0]) + units + 2 * blocks + 1
    trace_in = np.zeros((units, sources))  # (25): ds_k / dw from each source to k's input gate
    trace_z = np.zeros((units, sources))  # (27): ds_k / dw from each source to k itself
    d = {"i": np.zeros((sources, blocks)), "z": np.zeros((sources, units)),
         "o": np.zeros((sources, blocks))}  # fmt: skip
    for x, error in zip(xs, errors, strict=True):
        y = np.concatenate([h, i, o])
        source = np.concatenate([x, y, [1.0]])
        i = sigmoid(x @ W["i"] + y @ R["i"] + b["i"])
        o = sigmoid(x @ W["o"] + y @ R["o"] + b["o"])
        s_z = sigmoid(x @ W["z"] + y @ R["z"] + b["z"])
        c, h = c.copy(), np.zeros(units)
        for k, j in enumerate(block_of):
            g, g_slope = 4 * s_z[k] - 2, 4 * s_z[k] * (1 - s_z[k])
            c[k] = c[k] + i[j] * g
            squashed = 2 * sigmoid(c[k]) - 1
            slope = 2 * sigmoid(c[k]) * (1 - sigmoid(c[k]))
            h[k] = o[j] * squashed
            trace_in[k] += g * i[j] * (1 - i[j]) * source
            trace_z[k] += g_slope * i[j] * source
            error_s = o[j] * slope * error[k]  # (23)
            d["i"][:, j] += error_s * trace_in[k]
            d["z"][:, k] += error_s * trace_z[k]
            d["o"][:, j] += o[j] * (1 - o[j]) * squashed * error[k] * source  # (21)
    first, last = len(xs[0]), sources - 1
    return (
        {gate: rows[:first] for gate, rows in d.items()},
        {gate: rows[first:last] for gate, rows in d.items()},
        {gate: rows[last] for gate, rows in d.items()},
    )


def gru(xs, h, W, R, b):
    """Cho et al. 2014, first version: the reset gate after the product.

    b[gate] has two rows: the bias beside W, and the bias beside R. u keeps the old state.
    """
    hs = []
    for x in xs:
        u = sigmoid(x @ W["u"] + b["u"][0] + h @ R["u"] + b["u"][1])
        r = sigmoid(x @ W["r"] + b["r"][0] + h @ R["r"] + b["r"][1])
        z = np.tanh(x @ W["z"] + b["z"][0] + r * (h @ R["z"] + b["z"][1]))
        h = u * h + (1 - u) * z
        hs.append(h)
    return np.stack(hs), (h,)


def gru_reset_before(xs, h, W, R, b):
    """Cho et al. 2014, last version: the reset gate before the product. u keeps the old state."""
    hs = []
    for x in xs:
        u = sigmoid(x @ W["u"] + h @ R["u"] + b["u"])
        r = sigmoid(x @ W["r"] + h @ R["r"] + b["r"])
        z = np.tanh(x @ W["z"] + (r * h) @ R["z"] + b["z"])
        h = u * h + (1 - u) * z
        hs.append(h)
    return np.stack(hs), (h,)


# Greff et al. 2015: the peephole LSTM, less or more one thing. p has the gates that are left.


def no_input_gate_lstm(xs, h, c, W, R, b, p):
    """NIG: the input gate is one."""
    hs = []
    for x in xs:
        f = sigmoid(x @ W["f"] + h @ R["f"] + p["f"] * c + b["f"])
        z = np.tanh(x @ W["z"] + h @ R["z"] + b["z"])
        c = f * c + z
        o = sigmoid(x @ W["o"] + h @ R["o"] + p["o"] * c + b["o"])
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)


def no_forget_gate_lstm(xs, h, c, W, R, b, p):
    """NFG: the forget gate is one."""
    hs = []
    for x in xs:
        i = sigmoid(x @ W["i"] + h @ R["i"] + p["i"] * c + b["i"])
        z = np.tanh(x @ W["z"] + h @ R["z"] + b["z"])
        c = c + i * z
        o = sigmoid(x @ W["o"] + h @ R["o"] + p["o"] * c + b["o"])
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)


def no_output_gate_lstm(xs, h, c, W, R, b, p):
    """NOG: the output gate is one."""
    hs = []
    for x in xs:
        i = sigmoid(x @ W["i"] + h @ R["i"] + p["i"] * c + b["i"])
        f = sigmoid(x @ W["f"] + h @ R["f"] + p["f"] * c + b["f"])
        z = np.tanh(x @ W["z"] + h @ R["z"] + b["z"])
        c = f * c + i * z
        h = np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)


def no_input_activation_lstm(xs, h, c, W, R, b, p):
    """NIAF: the block input is not squashed."""
    hs = []
    for x in xs:
        i = sigmoid(x @ W["i"] + h @ R["i"] + p["i"] * c + b["i"])
        f = sigmoid(x @ W["f"] + h @ R["f"] + p["f"] * c + b["f"])
        z = x @ W["z"] + h @ R["z"] + b["z"]
        c = f * c + i * z
        o = sigmoid(x @ W["o"] + h @ R["o"] + p["o"] * c + b["o"])
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)


def no_output_activation_lstm(xs, h, c, W, R, b, p):
    """NOAF: the cell state is not squashed on its way out."""
    hs = []
    for x in xs:
        i = sigmoid(x @ W["i"] + h @ R["i"] + p["i"] * c + b["i"])
        f = sigmoid(x @ W["f"] + h @ R["f"] + p["f"] * c + b["f"])
        z = np.tanh(x @ W["z"] + h @ R["z"] + b["z"])
        c = f * c + i * z
        o = sigmoid(x @ W["o"] + h @ R["o"] + p["o"] * c + b["o"])
        h = o * c
        hs.append(h)
    return np.stack(hs), (h, c)


def coupled_gate_lstm(xs, h, c, W, R, b, p):
    """CIFG: what is not taken from the input is kept."""
    hs = []
    for x in xs:
        i = sigmoid(x @ W["i"] + h @ R["i"] + p["i"] * c + b["i"])
        f = 1 - i
        z = np.tanh(x @ W["z"] + h @ R["z"] + b["z"])
        c = f * c + i * z
        o = sigmoid(x @ W["o"] + h @ R["o"] + p["o"] * c + b["o"])
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)


def full_gate_recurrence_lstm(xs, h, c, i, f, o, W, R, b, G, p):
    """FGR: the gates see all three gates of the step before. G[to][from] is one of the nine."""
    hs = []
    for x in xs:
        of_gates = {to: i @ G[to]["i"] + f @ G[to]["f"] + o @ G[to]["o"] for to in "ifo"}
        i = sigmoid(x @ W["i"] + h @ R["i"] + of_gates["i"] + p["i"] * c + b["i"])
        f = sigmoid(x @ W["f"] + h @ R["f"] + of_gates["f"] + p["f"] * c + b["f"])
        z = np.tanh(x @ W["z"] + h @ R["z"] + b["z"])
        c = f * c + i * z
        o = sigmoid(x @ W["o"] + h @ R["o"] + of_gates["o"] + p["o"] * c + b["o"])
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c, i, f, o)


# Jozefowicz, Zaremba and Sutskever 2015. The paper's bare x is x @ W here. u takes the new state.


def jozefowicz_lstm(xs, h, c, W, R, b):
    """The LSTM as the paper prints it: the output gate is squashed by tanh."""
    hs = []
    for x in xs:
        i = sigmoid(x @ W["i"] + h @ R["i"] + b["i"])
        f = sigmoid(x @ W["f"] + h @ R["f"] + b["f"])
        z = np.tanh(x @ W["z"] + h @ R["z"] + b["z"])
        o = np.tanh(x @ W["o"] + h @ R["o"] + b["o"])
        c = f * c + i * z
        h = np.tanh(c) * o
        hs.append(h)
    return np.stack(hs), (h, c)


def mut1(xs, h, W, R, b):
    """MUT1: nothing is fed back to u, so R has no column for it."""
    hs = []
    for x in xs:
        u = sigmoid(x @ W["u"] + b["u"])
        r = sigmoid(x @ W["r"] + h @ R["r"] + b["r"])
        z = np.tanh((r * h) @ R["z"] + np.tanh(x @ W["z"]) + b["z"])
        h = u * z + (1 - u) * h
        hs.append(h)
    return np.stack(hs), (h,)


def mut2(xs, h, W, R, b):
    """MUT2."""
    hs = []
    for x in xs:
        u = sigmoid(x @ W["u"] + h @ R["u"] + b["u"])
        r = sigmoid(x @ W["r"] + h @ R["r"] + b["r"])
        z = np.tanh((r * h) @ R["z"] + x @ W["z"] + b["z"])
        h = u * z + (1 - u) * h
        hs.append(h)
    return np.stack(hs), (h,)


def mut3(xs, h, W, R, b, kept=1.0):
    """MUT3: u sees the state squashed. Recurrent dropout comes before that; kept is its mask."""
    hs = []
    for x in xs:
        u = sigmoid(x @ W["u"] + np.tanh(kept * h) @ R["u"] + b["u"])
        r = sigmoid(x @ W["r"] + (kept * h) @ R["r"] + b["r"])
        z = np.tanh((r * kept * h) @ R["z"] + x @ W["z"] + b["z"])
        h = u * z + (1 - u) * h
        hs.append(h)
    return np.stack(hs), (h,)


def mgu(xs, h, W, R, b):
    """Zhou et al. 2016: one gate resets and updates; it takes the new state."""
    hs = []
    for x in xs:
        f = sigmoid(x @ W["f"] + h @ R["f"] + b["f"])
        z = np.tanh(x @ W["z"] + (f * h) @ R["z"] + b["z"])
        h = (1 - f) * h + f * z
        hs.append(h)
    return np.stack(hs), (h,)


def janet(xs, h, W, R, b, beta=1.0):
    """Van der Westhuizen and Lasenby 2018: just the forget gate. h is the cell state."""
    hs = []
    for x in xs:
        s = x @ W["f"] + h @ R["f"] + b["f"]
        z = np.tanh(x @ W["z"] + h @ R["z"] + b["z"])
        h = sigmoid(s) * h + (1 - sigmoid(s - beta)) * z
        hs.append(h)
    return np.stack(hs), (h,)


def ugrnn(xs, h, W, R, b):
    """Collins, Sohl-Dickstein and Sussillo 2017: an update gate only; it keeps the old state."""
    hs = []
    for x in xs:
        u = sigmoid(x @ W["u"] + h @ R["u"] + b["u"])
        z = np.tanh(x @ W["z"] + h @ R["z"] + b["z"])
        h = u * h + (1 - u) * z
        hs.append(h)
    return np.stack(hs), (h,)


def irnn(xs, h, W, R, b):
    """Le, Jaitly and Hinton 2015: rectified."""
    hs = []
    for x in xs:
        h = np.maximum(x @ W["h"] + h @ R["h"] + b["h"], 0)
        hs.append(h)
    return np.stack(hs), (h,)


def ind_rnn(xs, h, W, R, b):
    """Li et al. 2018: each unit is fed back to itself only."""
    hs = []
    for x in xs:
        h = np.maximum(x @ W["h"] + R["h"] * h + b["h"], 0)
        hs.append(h)
    return np.stack(hs), (h,)


def multiplicative_rnn(xs, h, W, R, b, W_m, R_m):
    """Sutskever, Martens and Hinton 2011: the input chooses the recurrent weights."""
    hs = []
    for x in xs:
        m = (x @ W_m) * (h @ R_m)
        h = np.tanh(x @ W["h"] + m @ R["h"] + b["h"])
        hs.append(h)
    return np.stack(hs), (h,)


def multiplicative_lstm(xs, h, c, W, R, b, W_m, R_m):
    """Krause et al. 2016: m in place of h."""
    hs = []
    for x in xs:
        m = (x @ W_m) * (h @ R_m)
        i = sigmoid(x @ W["i"] + m @ R["i"] + b["i"])
        f = sigmoid(x @ W["f"] + m @ R["f"] + b["f"])
        z = np.tanh(x @ W["z"] + m @ R["z"] + b["z"])
        c = f * c + i * z
        o = sigmoid(x @ W["o"] + m @ R["o"] + b["o"])
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)
