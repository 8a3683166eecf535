"""LSTMs that hand on fewer numbers than they have cells."""

import numpy as np

from .core import sigmoid


def projected_lstm(xs, h, c, W, R, b, P, kept=1.0):
    """Sak, Senior and Beaufays 2014, without peepholes: h is a projection of the cells' outputs.

    Gates (i, f, z, o) of units columns, R[gate] [projection, units]; states (h [projection],
    c [units]). Own: P [units, projection]. The paper's r is h; it has a second projection p, to
    the output layer only: that is a dense layer here. Others: torch.nn.LSTM(proj_size) is this.
    """
    hs = []
    for x in xs:
        i = sigmoid(x @ W["i"] + (kept * h) @ R["i"] + b["i"])
        f = sigmoid(x @ W["f"] + (kept * h) @ R["f"] + b["f"])
        z = np.tanh(x @ W["z"] + (kept * h) @ R["z"] + b["z"])
        c = f * c + i * z
        o = sigmoid(x @ W["o"] + (kept * h) @ R["o"] + b["o"])
        m = o * np.tanh(c)
        h = m @ P
        hs.append(h)
    return np.stack(hs), (h, c)


def projected_peephole_lstm(xs, h, c, W, R, b, P, p_i, p_f, p_o, kept=1.0):
    """The same with the peepholes of the paper; the output gate sees the new c.

    Own: P [units, projection], then p_i, p_f, p_o [units]. Others: TensorFlow 1's
    LSTMCell(use_peepholes=True, num_proj=...) is this.
    """
    hs = []
    for x in xs:
        i = sigmoid(x @ W["i"] + (kept * h) @ R["i"] + p_i * c + b["i"])
        f = sigmoid(x @ W["f"] + (kept * h) @ R["f"] + p_f * c + b["f"])
        z = np.tanh(x @ W["z"] + (kept * h) @ R["z"] + b["z"])
        c = f * c + i * z
        o = sigmoid(x @ W["o"] + (kept * h) @ R["o"] + p_o * c + b["o"])
        m = o * np.tanh(c)
        h = m @ P
        hs.append(h)
    return np.stack(hs), (h, c)
