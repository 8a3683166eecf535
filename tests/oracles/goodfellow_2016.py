"""Goodfellow, Bengio and Courville 2016, section 10.10, as the book prints it."""

import numpy as np

from .core import sigmoid


def goodfellow_lstm(xs, h, c, W, R, b, kept=1.0):
    """Equations 10.40 to 10.44: what comes in is squashed by the logistic function, not by tanh."""
    hs = []
    for x in xs:
        y = kept * h
        f = sigmoid(x @ W["f"] + y @ R["f"] + b["f"])
        i = sigmoid(x @ W["i"] + y @ R["i"] + b["i"])
        z = sigmoid(x @ W["z"] + y @ R["z"] + b["z"])
        c = f * c + i * z
        o = sigmoid(x @ W["o"] + y @ R["o"] + b["o"])
        h = np.tanh(c) * o
        hs.append(h)
    return np.stack(hs), (h, c)


def goodfellow_gru(xs, h, u, r, W, R, b, kept=1.0):
    """Equations 10.45 to 10.47: the gates of step t, from x_t and h_t, act at step t+1.

    u keeps the old state. Recurrent dropout is in the gates too: h_t is what is fed back to t+1.
    """
    hs = []
    for x in xs:
        z = sigmoid(x @ W["z"] + (r * kept * h) @ R["z"] + b["z"])
        h = u * h + (1 - u) * z
        u = sigmoid(x @ W["u"] + (kept * h) @ R["u"] + b["u"])
        r = sigmoid(x @ W["r"] + (kept * h) @ R["r"] + b["r"])
        hs.append(h)
    return np.stack(hs), (h, u, r)
