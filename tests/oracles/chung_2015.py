"""Chung et al. 2015: layers that all feed back to all, through a gate for each pair of layers.

In layer j, below is x_t or h^{j-1}_t, and h* are all layers' h_{t-1}, the first layer's first. The
gate from layer i is one number, sigma(below . w[:, i] + h* . u[:, i]). F is U^{i->j} for all i, one
above the other. Weights of the first layer that the plain cell has too are dicts, the others arrays
with the gates' columns in the order given; recurrent dropout takes the same components of every
layer's h.
"""

import numpy as np

from .core import sigmoid


def _states_and_weights(arguments):
    """Their border is the first dict, W."""
    count = next(k for k, a in enumerate(arguments) if isinstance(a, dict))
    return arguments[:count], arguments[count:]


def _by_gate(columns, gates):
    return dict(zip(gates, np.split(columns, len(gates), axis=-1), strict=True))


def _fed_back(below, h_prev, F, w, u):
    """The sum over the layers i of g^{i->j} h^i_{t-1} U^{i->j}."""
    g = sigmoid(below @ w + np.concatenate(h_prev) @ u)
    U = np.split(F, len(h_prev))
    return sum(g[i] * (h_prev[i] @ U[i]) for i in range(len(h_prev)))


def gated_feedback_rnn(xs, *arguments, kept=1.0):
    """h_L, ..., h_1; W, R (is F), b; w, u; then W, F, b, w, u of the second layer, and so on."""
    states, (W, R, b, w, u, *own) = _states_and_weights(arguments)
    layers = [(W["h"], R["h"], b["h"], w, u)]
    layers += [own[k : k + 5] for k in range(0, len(own), 5)]
    h = states[::-1]
    tops = []
    for x in xs:
        below, h_prev, h = x, [kept * of_layer for of_layer in h], []
        for W, F, b, w, u in layers:
            below = np.tanh(below @ W + _fed_back(below, h_prev, F, w, u) + b)
            h.append(below)
        tops.append(below)
    return np.stack(tops), tuple(h[::-1])


def gated_feedback_lstm(xs, *arguments, kept=1.0):
    """h_L, ..., h_1, c_L, ..., c_1; W, R, b; F, w, u; then the second layer's W, R, b, F, w, u, ...

    Gates i, f, z, o. R has no z: what is fed back to it comes from all layers, through F. The gates
    i, f and o see the layer's own h_{t-1} only.
    """
    states, (W, R, b, F, w, u, *own) = _states_and_weights(arguments)
    layers = [(W, R, b, F, w, u)]
    for k in range(0, len(own), 6):
        W, R, b, F, w, u = own[k : k + 6]
        layers.append((_by_gate(W, "ifzo"), _by_gate(R, "ifo"), _by_gate(b, "ifzo"), F, w, u))
    h, c = states[: len(layers)][::-1], list(states[len(layers) :][::-1])
    tops = []
    for x in xs:
        below, h_prev, h = x, [kept * of_layer for of_layer in h], []
        for j, (W, R, b, F, w, u) in enumerate(layers):
            i = sigmoid(below @ W["i"] + h_prev[j] @ R["i"] + b["i"])
            f = sigmoid(below @ W["f"] + h_prev[j] @ R["f"] + b["f"])
            z = np.tanh(below @ W["z"] + _fed_back(below, h_prev, F, w, u) + b["z"])
            c[j] = f * c[j] + i * z
            o = sigmoid(below @ W["o"] + h_prev[j] @ R["o"] + b["o"])
            below = o * np.tanh(c[j])
            h.append(below)
        tops.append(below)
    return np.stack(tops), (*h[::-1], *c[::-1])


def gated_feedback_gru(xs, *arguments, kept=1.0):
    """h_L, ..., h_1; W, R, b; F, w, u; then W, R, b, F, w, u of the second layer, and so on.

    Gates u, r, z; R has no z. The gate u keeps the old state; r comes after the products with F.
    """
    states, (W, R, b, F, w, u, *own) = _states_and_weights(arguments)
    layers = [(W, R, b, F, w, u)]
    for k in range(0, len(own), 6):
        W, R, b, F, w, u = own[k : k + 6]
        layers.append((_by_gate(W, "urz"), _by_gate(R, "ur"), _by_gate(b, "urz"), F, w, u))
    h = states[::-1]
    tops = []
    for x in xs:
        below, old, h = x, h, []
        h_prev = [kept * of_layer for of_layer in old]
        for j, (W, R, b, F, w, u) in enumerate(layers):
            keep = sigmoid(below @ W["u"] + h_prev[j] @ R["u"] + b["u"])
            r = sigmoid(below @ W["r"] + h_prev[j] @ R["r"] + b["r"])
            z = np.tanh(below @ W["z"] + r * _fed_back(below, h_prev, F, w, u) + b["z"])
            below = keep * old[j] + (1 - keep) * z
            h.append(below)
        tops.append(below)
    return np.stack(tops), tuple(h[::-1])
