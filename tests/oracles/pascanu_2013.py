"""Pascanu et al. 2013: four ways to make an RNN deep. The layers' weights are plain arrays."""

import numpy as np


def deep_transition_rnn(xs, h, W, R, b, *layers, kept=1.0):
    """DT-RNN: several layers from h_{t-1} to h_t. layers: U_2, d_2, U_3, d_3, ..."""
    hs = []
    for x in xs:
        a = np.tanh(x @ W["h"] + (kept * h) @ R["h"] + b["h"])
        for U, d in zip(layers[::2], layers[1::2], strict=True):
            a = np.tanh(a @ U + d)
        h = a
        hs.append(h)
    return np.stack(hs), (h,)


def deep_transition_shortcut_rnn(xs, h, W, R, b, *own, kept=1.0):
    """DT(S)-RNN: the last layer sees h_{t-1} as well. own: U_2, d_2, U_3, d_3, ..., V."""
    *between, U_last, d_last, V = own
    hs = []
    for x in xs:
        a = np.tanh(x @ W["h"] + (kept * h) @ R["h"] + b["h"])
        for U, d in zip(between[::2], between[1::2], strict=True):
            a = np.tanh(a @ U + d)
        h = np.tanh(a @ U_last + d_last + (kept * h) @ V)
        hs.append(h)
    return np.stack(hs), (h,)


def deep_output_rnn(xs, y, h, W, R, b, *layers, kept=1.0):
    """DO-RNN: several layers from h_t to what comes out. layers: U_1, d_1, U_2, d_2, ..."""
    ys = []
    for x in xs:
        h = np.tanh(x @ W["h"] + (kept * h) @ R["h"] + b["h"])
        y = h
        for U, d in zip(layers[::2], layers[1::2], strict=True):
            y = np.tanh(y @ U + d)
        ys.append(y)
    return np.stack(ys), (y, h)


def stacked_rnn(xs, *states_and_weights, kept=1.0):
    """sRNN: h_depth, ..., h_1, then W, R, b of the first layer, then W_2, R_2, b_2, ...

    Each layer loses the same components of its h to recurrent dropout.
    """
    depth = next(k for k, a in enumerate(states_and_weights) if isinstance(a, dict))
    h = list(reversed(states_and_weights[:depth]))  # the first layer first
    W, R, b, *own = states_and_weights[depth:]
    layers = [(W["h"], R["h"], b["h"])]
    layers += zip(own[::3], own[1::3], own[2::3], strict=True)
    tops = []
    for x in xs:
        below = x
        for j, (W, R, b) in enumerate(layers):
            h[j] = np.tanh(below @ W + (kept * h[j]) @ R + b)
            below = h[j]
        tops.append(h[-1])
    return np.stack(tops), tuple(reversed(h))
