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


def positive(a):
    """The paper's g, appendix B.3: a + 1/2 from zero on, sigma(a) below."""
    return np.where(np.real(a) >= 0, a + 0.5, sigmoid(a))


def log_min_gru(xs, h, W, R, b, *, recurrent_activation=sigmoid):
    """The same, appendix B.3: what the paper trains, with candidates made positive.

    Gates (u, z), states (h), no own weights. That the paper computes log h is no matter of the
    equations, nor is its first state, g of zero: here it is what is given, at first zero.
    """
    hs = []
    for x in xs:
        u = recurrent_activation(x @ W["u"] + b["u"])
        h = (1 - u) * h + u * positive(x @ W["z"] + b["z"])
        hs.append(h)
    return np.stack(hs), (h,)


def log_min_lstm(xs, h, W, R, b):
    """The same of the minimal LSTM: gates (i, f, z), states (h), no own weights."""
    hs = []
    for x in xs:
        i = sigmoid(x @ W["i"] + b["i"])
        f = sigmoid(x @ W["f"] + b["f"])
        h = f / (f + i) * h + i / (f + i) * positive(x @ W["z"] + b["z"])
        hs.append(h)
    return np.stack(hs), (h,)


def qrnn(xs, h, c, *rest, recurrent_activation=sigmoid, activation=np.tanh):
    """Bradbury et al. 2017, "Quasi-recurrent neural networks", section 2, fo-pooling.

    Gates (z, f, o), no own weights. W has three further gates for each step that the window reaches
    back: z_1, f_1, o_1 of the last step, and so on. States (h, c, p_1, ...): what earlier inputs
    add to the net inputs to come: p_1 [3 units] to the next one's, p_2 to the one's after that.
    Before the first step the paper has zeros, which are zeros in p. f keeps.
    """
    *p, W, R, b = rest
    hs = []
    for x in xs:
        gates = [x @ W[k] for k in "zfo"]
        net = np.concatenate(gates) + (p[0] if p else 0)
        later = [np.concatenate([x @ W[f"{k}_{n + 1}"] for k in "zfo"]) for n in range(len(p))]
        p = [a + after for a, after in zip(later, [*p[1:], 0 * net], strict=True)]
        z, f, o = np.split(net, 3)
        z = activation(z + b["z"])
        f = recurrent_activation(f + b["f"])
        o = recurrent_activation(o + b["o"])
        c = f * c + (1 - f) * z
        h = o * c
        hs.append(h)
    return np.stack(hs), (h, c, *p)


def lru(xs, y, re, im, W, R, b, nu, theta, gamma, C_re, C_im):
    """Orvieto et al. 2023, "Resurrecting recurrent neural networks", equations 1 and 5 to 7.

    "Gates" (B_re, B_im, D): the columns of B, and of D, which has a bias, the paper's has not.
    States (y, re, im [states]): the output, and x of the paper in its parts. Own: nu, theta, gamma
    [states]: lambda = exp(-exp(nu) + i exp(theta)), B times exp(gamma); C_re, C_im [states, units].

    The paper's D, as in its code, may be diagonal; here it is a matrix.
    """
    length, angle = np.exp(-np.exp(nu)), np.exp(theta)
    ys = []
    for x in xs:
        # Real numbers throughout: a complex step must pass.
        new_re = np.exp(gamma) * (x @ W["B_re"])
        new_im = np.exp(gamma) * (x @ W["B_im"])
        re, im = (
            length * (np.cos(angle) * re - np.sin(angle) * im) + new_re,
            length * (np.sin(angle) * re + np.cos(angle) * im) + new_im,
        )
        y = re @ C_re - im @ C_im + x @ W["D"] + b["D"]
        ys.append(y)
    return np.stack(ys), (y, re, im)


def s5(xs, y, re, im, W, R, b, decay, frequency, log_step, C_re, C_im):
    """Smith, Warrington and Linderman 2023, "Simplified state space layers", equations 2 to 6.

    "Gates" (B_re, B_im, D), states (y, re, im [states]) as in `lru`. Own, for each state: decay and
    frequency: Lambda = -exp(decay) + i frequency; log_step, the logarithm of Delta; C_re, C_im
    [states, units]. Zero-order hold. States stand for themselves and their conjugates: y is twice
    the real part. D is a matrix with a bias; the paper's is diagonal, without.
    """
    step = np.exp(log_step)
    a, w = -np.exp(decay), frequency
    length = np.exp(a * step)
    kept_re, kept_im = length * np.cos(w * step), length * np.sin(w * step)
    # (kept - 1) / Lambda
    norm = a * a + w * w
    in_re = ((kept_re - 1) * a + kept_im * w) / norm
    in_im = (kept_im * a - (kept_re - 1) * w) / norm
    ys = []
    for x in xs:
        B_re, B_im = x @ W["B_re"], x @ W["B_im"]
        re, im = (
            kept_re * re - kept_im * im + in_re * B_re - in_im * B_im,
            kept_im * re + kept_re * im + in_im * B_re + in_re * B_im,
        )
        y = 2 * (re @ C_re - im @ C_im) + x @ W["D"] + b["D"]
        ys.append(y)
    return np.stack(ys), (y, re, im)


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
