"""The two cells of Beck et al. 2024, "xLSTM: extended long short-term memory".

Both have exponential input gates. What would overflow is kept over exp(m), which changes no output.
"""

import numpy as np

from .core import sigmoid


def larger(a, b):
    """The larger one by its real part: a and b may be complex."""
    return np.where(np.real(a) > np.real(b), a, b)


def log_sigmoid(a):
    negative = np.real(a) < 0
    return np.where(negative, a, 0) - np.log1p(np.exp(np.where(negative, a, -a)))


LOG_FORGET = {"sigmoid": log_sigmoid, "exp": lambda a: a}


def slstm(xs, h, c, n, m, W, R, b, kept=1.0, *, forget_activation="sigmoid"):
    """sLSTM, equations 8 to 17: the cells' average input, weighted by exponential gates.

    Gates (i, f, z, o), states (h, c, n, m), no own weights. forget_activation is "sigmoid" or
    "exp": the paper allows both, the reference code has the former. R is full here; several heads
    are an R with zeros between them. Where n_{t-1} is zero, nothing has been seen yet: m = i~ then,
    and f' is at most one. From zero states n is at least one after every step.

    Others: NX-AI/xlstm does this only when all n of all sequences are zero, and caps i' too;
    FlashRNN keeps n at one or above. From zero states all of them are equal.
    """
    hs = []
    for x in xs:
        i_net = x @ W["i"] + (kept * h) @ R["i"] + b["i"]
        f_net = x @ W["f"] + (kept * h) @ R["f"] + b["f"]
        z = np.tanh(x @ W["z"] + (kept * h) @ R["z"] + b["z"])
        o = sigmoid(x @ W["o"] + (kept * h) @ R["o"] + b["o"])
        log_f = LOG_FORGET[forget_activation](f_net)
        m_prev, m = m, np.where(n == 0, i_net, larger(log_f + m, i_net))
        i = np.exp(i_net - m)
        f = np.exp(-larger(m - (log_f + m_prev), 0))
        c = f * c + i * z
        n = f * n + i
        h = o * c / n
        hs.append(h)
    return np.stack(hs), (h, c, n, m)


def slstm_unstabilised(xs, h, c, n, m, W, R, b, kept=1.0, *, forget_activation="sigmoid"):
    """Equations 8 to 14, before the paper introduces m. Finally c and n are times exp(m), m is 0.

    Equal to `slstm` in every h, if n is not zero, or c and n both are.
    """
    c, n = c * np.exp(m), n * np.exp(m)
    hs = []
    for x in xs:
        i = np.exp(x @ W["i"] + (kept * h) @ R["i"] + b["i"])
        f_net = x @ W["f"] + (kept * h) @ R["f"] + b["f"]
        f = sigmoid(f_net) if forget_activation == "sigmoid" else np.exp(f_net)
        z = np.tanh(x @ W["z"] + (kept * h) @ R["z"] + b["z"])
        o = sigmoid(x @ W["o"] + (kept * h) @ R["o"] + b["o"])
        c = f * c + i * z
        n = f * n + i
        h = o * c / n
        hs.append(h)
    return np.stack(hs), (h, c, n, np.zeros_like(m))


def mlstm(xs, h, C, n, m, W, R, b, *, forget_activation="sigmoid"):
    """mLSTM, equations 19 to 27: a matrix as memory, read by a query; one for each head.

    Gates (q, k, v, i, f, o): q, k, v, o of units columns, i and f of one for each head. R is empty:
    nothing is fed back, so recurrent dropout has nothing to drop. With d units in each head, states
    (h, C [heads * d * d], n [units], m [heads]): C is head after head, row after row, the row is
    v's and the column k's. No own weights. forget_activation is "sigmoid" or "exp"; the reference
    code has the former. The key is (W_k x + b_k) / sqrt(d), as in the reference code; the paper
    prints b_k outside.

    m starts at zero like the rest, without an exception for the first step: no h depends on that.

    Others: NX-AI/xlstm adds 1e-6 to the denominator, and stores C transposed.
    """
    heads = len(b["i"])
    d = len(b["v"]) // heads
    C, n = C.reshape(heads, d, d), n.reshape(heads, d)
    hs = []
    for x in xs:
        q = (x @ W["q"] + b["q"]).reshape(heads, d)
        k = (x @ W["k"] + b["k"]).reshape(heads, d) / np.sqrt(d)
        v = (x @ W["v"] + b["v"]).reshape(heads, d)
        i_net = x @ W["i"] + b["i"]
        log_f = LOG_FORGET[forget_activation](x @ W["f"] + b["f"])
        o = sigmoid(x @ W["o"] + b["o"])
        m_prev, m = m, larger(log_f + m, i_net)
        i = np.exp(i_net - m)
        f = np.exp(log_f + m_prev - m)
        new = []
        for head in range(heads):
            C_new = f[head] * C[head] + i[head] * np.outer(v[head], k[head])
            n_new = f[head] * n[head] + i[head] * k[head]
            weight = n_new @ q[head]
            read = C_new @ q[head] / larger(larger(weight, -weight), np.exp(-m[head]))
            new.append((C_new, n_new, read))
        C, n, read = map(np.stack, zip(*new, strict=True))
        h = o * read.ravel()
        hs.append(h)
    return np.stack(hs), (h, C.ravel(), n.ravel(), m)


def mlstm_unstabilised(xs, h, C, n, m, W, R, b, *, forget_activation="sigmoid"):
    """The same before the paper introduces m. Finally C and n are times exp(m), and m is 0."""
    units = len(b["v"])
    C, n = C.reshape(units, units) * np.exp(m), n * np.exp(m)
    hs = []
    for x in xs:
        q = x @ W["q"] + b["q"]
        k = (x @ W["k"] + b["k"]) / np.sqrt(units)
        v = x @ W["v"] + b["v"]
        i = np.exp(x @ W["i"] + b["i"])
        f_net = x @ W["f"] + b["f"]
        f = sigmoid(f_net) if forget_activation == "sigmoid" else np.exp(f_net)
        o = sigmoid(x @ W["o"] + b["o"])
        C = f * C + i * np.outer(v, k)
        n = f * n + i * k
        weight = n @ q
        h = o * (C @ q) / larger(larger(weight, -weight), 1)
        hs.append(h)
    return np.stack(hs), (h, C.reshape(-1), n, np.zeros_like(m))
