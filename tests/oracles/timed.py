"""Cells that see the time since the step before: the last column of xs; below zero it counts as 0.

W has rows for the other columns only.
"""

import numpy as np

from .core import sigmoid


def not_below_zero(a):
    return np.where(np.real(a) > 0, a, 0)


def t_lstm(xs, h, c, W, R, b, W_d, b_d, kept=1.0):
    """Baytas et al. 2017, "Patient subtyping via time-aware LSTM networks", section 3.1.

    Gates (i, f, z, o), states (h, c). Own: W_d [units, units], b_d [units]: c's short-term part is
    tanh(c W_d + b_d). It is discounted by g(dt) = 1 / log(e + dt), the paper's for long times.
    """
    hs = []
    for row in xs:
        x, dt = row[:-1], not_below_zero(row[-1])
        short = np.tanh(c @ W_d + b_d)
        c = c - short + short / np.log(np.e + dt)
        i = sigmoid(x @ W["i"] + (kept * h) @ R["i"] + b["i"])
        f = sigmoid(x @ W["f"] + (kept * h) @ R["f"] + b["f"])
        z = np.tanh(x @ W["z"] + (kept * h) @ R["z"] + b["z"])
        o = sigmoid(x @ W["o"] + (kept * h) @ R["o"] + b["o"])
        c = f * c + i * z
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)


def phased_lstm(xs, h, c, t, W, R, b, *own, kept=1.0, leak=0.001):
    """Neil, Pfeiffer and Liu 2016, "Phased LSTM", equations 2 to 10.

    Gates (i, f, z, o), states (h, c, t [1]): t is the time, of which the paper takes what is given.
    Own: peepholes p_i, p_f, p_o; period tau, shift s, ratio r [units]. o sees the proposed c. The
    paper's leak is zero outside training.
    """
    p_i, p_f, p_o, tau, s, r = own
    hs = []
    for row in xs:
        x, dt = row[:-1], not_below_zero(row[-1])
        t = t + dt
        turns = (t - s) / tau
        phase = turns - np.floor(np.real(turns))
        rising, falling = np.real(phase) < np.real(r) / 2, np.real(phase) < np.real(r)
        k = np.where(rising, 2 * phase / r, np.where(falling, 2 - 2 * phase / r, leak * phase))
        i = sigmoid(x @ W["i"] + (kept * h) @ R["i"] + p_i * c + b["i"])
        f = sigmoid(x @ W["f"] + (kept * h) @ R["f"] + p_f * c + b["f"])
        z = np.tanh(x @ W["z"] + (kept * h) @ R["z"] + b["z"])
        c_new = f * c + i * z
        o = sigmoid(x @ W["o"] + (kept * h) @ R["o"] + p_o * c_new + b["o"])
        c, h = k * c_new + (1 - k) * c, k * o * np.tanh(c_new) + (1 - k) * h
        hs.append(h)
    return np.stack(hs), (h, c, t)


def cfc(xs, h, W, R, b, W_head, b_head):
    """Hasani et al. 2022, "Closed-form continuous-time neural networks", equation 10.

    Gates (b: the backbone's units), states (h). Own: W_head [backbone, 4 units], b_head [4 units]:
    of the candidates z and z', and of the gate's slope a and offset. One layer as backbone, with
    the function of the authors' code, whose default mode this is.
    """
    hs = []
    for row in xs:
        x, dt = row[:-1], not_below_zero(row[-1])
        backbone = 1.7159 * np.tanh(0.666 * (x @ W["b"] + h @ R["b"] + b["b"]))
        z, z_late, slope, offset = np.split(backbone @ W_head + b_head, 4)
        gate = sigmoid(slope * dt + offset)
        h = (1 - gate) * np.tanh(z) + gate * np.tanh(z_late)
        hs.append(h)
    return np.stack(hs), (h,)


def ltc(xs, h, W, R, b, log_tau, A, kept=1.0, *, unfolds=6):
    """Hasani et al. 2021, "Liquid time-constant networks", equation 1 by algorithm 1.

    Gates (f), states (h). Own: log_tau, A [units]. f = sigma(W x + R h + b). dt is divided into
    `unfolds` steps of the fused solver.

    Others: ncps has a sigmoid for each synapse, and a leak and a capacity in place of tau.
    """
    hs = []
    for row in xs:
        x, dt = row[:-1], not_below_zero(row[-1]) / unfolds
        for _ in range(unfolds):
            f = sigmoid(x @ W["f"] + (kept * h) @ R["f"] + b["f"])
            h = (h + dt * f * A) / (1 + dt * (np.exp(-log_tau) + f))
        hs.append(h)
    return np.stack(hs), (h,)


def gru_d(xs, h, last, waited, W, R, b, V, W_h, b_h, w_x, b_x, kept=1.0, *, means=0.0):
    """Che et al. 2018, "Recurrent neural networks for multivariate time series", 4 and 10 to 15.

    xs has n values, then n numbers that are one where a value has been
    observed and zero elsewhere, then the time. Gates (u, r, z), u takes the new value; states (h,
    last [n]: the last value observed, less its mean;
    waited [n]: the time since then but for the last step's).
    Own: V [n, 3 units] of the mask; W_h [n, units], b_h [units]: the decay of h; w_x, b_x [n]: that
    of the values. Where m is zero the value is not looked at.
    """
    n = len(last)
    hs = []
    for row in xs:
        x, m, dt = row[:n], row[n : 2 * n], not_below_zero(row[-1])
        x = np.where(m == 0, 0, x)
        delta = dt + waited
        gamma_h = np.exp(-not_below_zero(delta @ W_h + b_h))
        gamma_x = np.exp(-not_below_zero(w_x * delta + b_x))
        last = m * (x - means) + (1 - m) * last
        value = last + means
        x_hat = m * x + (1 - m) * (gamma_x * value + (1 - gamma_x) * means)
        waited = (1 - m) * delta
        h = gamma_h * h
        u, r, z = np.split(m @ V, 3)
        u = sigmoid(x_hat @ W["u"] + (kept * h) @ R["u"] + u + b["u"])
        r = sigmoid(x_hat @ W["r"] + (kept * h) @ R["r"] + r + b["r"])
        z = np.tanh(x_hat @ W["z"] + (kept * r * h) @ R["z"] + z + b["z"])
        h = (1 - u) * h + u * z
        hs.append(h)
    return np.stack(hs), (h, last, waited)
