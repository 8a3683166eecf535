"""Cells whose gates do not see h_{t-1}, so that a scan can run them in parallel.

R is empty: no weight multiplies h_{t-1}, and recurrent dropout has nothing to drop.
"""

import numpy as np

from .core import sigmoid


def min_gru(xs, h, W, R, b, *, activation=lambda a: a):
    """Feng et al. 2024, "Were RNNs all we needed?", section 3.1: u takes the new state.

    Gates (u, z), states (h), no own weights. The candidate is linear in the vanilla form. Others:
    the paper's log-space form, and minGRU-pytorch, squash the candidate by g(a) = a + 1/2 where
    a >= 0, sigma(a) elsewhere.
    """
    hs = []
    for x in xs:
        u = sigmoid(x @ W["u"] + b["u"])
        z = activation(x @ W["z"] + b["z"])
        h = (1 - u) * h + u * z
        hs.append(h)
    return np.stack(hs), (h,)


def min_lstm(xs, h, W, R, b, *, activation=lambda a: a):
    """The same, section 3.2: the two gates share out one.

    Gates (i, f, z), states (h), no own weights. No output gate, no second state.
    """
    hs = []
    for x in xs:
        i = sigmoid(x @ W["i"] + b["i"])
        f = sigmoid(x @ W["f"] + b["f"])
        z = activation(x @ W["z"] + b["z"])
        h = f / (f + i) * h + i / (f + i) * z
        hs.append(h)
    return np.stack(hs), (h,)


def sru(xs, h, c, W, R, b, v_f, v_r, *, alpha=1.0):
    """Lei et al. 2018, "Simple recurrent units for highly parallelizable recurrence".

    Gates (f, r, z) without b for z; states (h, c): h is output, not fed back. Own: v_f, v_r
    [units], through which the gates see c_{t-1}. The highway carries x itself, times alpha: one by
    default; the paper also has the constant sqrt(1 + 2 exp(b_r)), of the initial b_r. If there are
    not as many features as units, W has a fourth gate, x, without b, and the highway carries x W_x,
    without alpha.

    Others: asappresearch/sru is this. Its early versions, and the paper's first one, have no v and
    may squash c on its way out.
    """
    hs = []
    for x in xs:
        f = sigmoid(x @ W["f"] + v_f * c + b["f"])
        r = sigmoid(x @ W["r"] + v_r * c + b["r"])
        highway = x @ W["x"] if "x" in W else alpha * x
        c = f * c + (1 - f) * (x @ W["z"])
        h = r * c + (1 - r) * highway
        hs.append(h)
    return np.stack(hs), (h, c)


def rg_lru(xs, h, W, R, b, Lambda, *, c=8.0):
    """De et al. 2024, "Griffin", equations 1 to 4: the real-gated linear recurrent unit.

    Gates (r, i), states (h). Own: Lambda [units], which the paper starts so that a, for r = 1, is
    between 0.9 and 0.999. c is fixed. If there are not as many features as units, W has a third
    gate, z, without b, and x W_z takes the place of x in the last line; the gates see x itself.

    a = exp(-c softplus(Lambda) r), as in the paper's appendix and in recurrentgemma. This is
    sigma(-Lambda) to the power c r, where the paper's main text says sigma(Lambda).

    Others: recurrentgemma leaves out the square root at a sequence's first step, has
    block-diagonal W, and starts a ** (1 / c) where the paper starts a.
    """
    hs = []
    for x in xs:
        r = sigmoid(x @ W["r"] + b["r"])
        i = sigmoid(x @ W["i"] + b["i"])
        a = np.exp(-c * np.log1p(np.exp(Lambda)) * r)
        h = a * h + np.sqrt(1 - a**2) * (i * (x @ W["z"] if "z" in W else x))
        hs.append(h)
    return np.stack(hs), (h,)
