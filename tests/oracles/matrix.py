"""Memories that are matrices of keys by values, one a head, written to and read by products.

S is head after head, key after key. W has columns head after head. There is no R. Written per head
and per step, as the papers' recurrences, without the normalisation, gate, convolution and
projection that their blocks add before and after.
"""

import numpy as np

from .core import sigmoid


def log1p_exp(a):
    positive = np.real(a) > 0
    return np.where(positive, a, 0) + np.log1p(np.exp(np.where(positive, -a, a)))


def silu(a):
    return a * sigmoid(a)


def unit(a):
    """Of length one; with squares, so that a may be complex. The papers have no 1e-6."""
    return a / np.sqrt((a**2).sum() + 1e-6)


def head_count(q, v, S):
    return len(q) * len(v) // len(S)


def by_head(heads, *rows):
    return zip(*(row.reshape(heads, -1) for row in rows), strict=True)


def gla(xs, h, S, W, R, b, *, tau=16.0):
    """Yang et al. 2024, "Gated linear attention transformers", equations 3 and 4.

    Gates (q, k, a: keys of all heads; v: units), states (h, S). alpha = sigma(a)^(1 / tau). The
    paper's W_a is a product of two; its code divides q by the root of the size of a key.
    """
    hs = []
    for x in xs:
        q, k, v, a = (x @ W[g] + b[g] for g in "qkva")
        heads = head_count(q, v, S)
        alpha = sigmoid(a) ** (1 / tau)
        S_heads, o = [], []
        for S_n, q_n, k_n, v_n, a_n in by_head(heads, S, q, k, v, alpha):
            S_n = a_n[:, None] * S_n.reshape(len(k_n), -1) + np.outer(k_n, v_n)
            S_heads.append(S_n.ravel())
            o.append(q_n @ S_n)
        S, h = np.concatenate(S_heads), np.concatenate(o)
        hs.append(h)
    return np.stack(hs), (h, S)


def delta_net(xs, h, S, W, R, b):
    """Schlag et al. 2021, with q and k as in Yang et al. 2024, "Parallelizing linear transformers".

    Gates (q, k: keys; v: units; beta: heads), states (h, S).
    S_t = (I - beta k k') S_{t-1} + beta k v'.
    """
    hs = []
    for x in xs:
        q, k, v, beta = (x @ W[g] + b[g] for g in ("q", "k", "v", "beta"))
        heads, S_heads, o = len(beta), [], []
        for S_n, q_n, k_n, v_n, beta_n in by_head(heads, S, silu(q), silu(k), v, sigmoid(beta)):
            q_n, k_n = unit(q_n), unit(k_n)
            S_n = S_n.reshape(len(k_n), -1)
            S_n = (np.eye(len(k_n)) - beta_n * np.outer(k_n, k_n)) @ S_n
            S_n = S_n + beta_n * np.outer(k_n, v_n)
            S_heads.append(S_n.ravel())
            o.append(q_n @ S_n)
        S, h = np.concatenate(S_heads), np.concatenate(o)
        hs.append(h)
    return np.stack(hs), (h, S)


def gated_delta_net(xs, h, S, W, R, b, decay):
    """Yang, Kautz and Hatamizadeh 2025, "Gated delta networks", equation 10.

    Gates (q, k: keys; v: units; alpha, beta: heads), states (h, S). Own: decay [heads]:
    alpha = exp(-exp(decay) softplus(W_alpha x + b_alpha)), as Mamba-2's.
    S_t = alpha (I - beta k k') S_{t-1} + beta k v'.
    """
    hs = []
    for x in xs:
        q, k, v, a, beta = (x @ W[g] + b[g] for g in ("q", "k", "v", "alpha", "beta"))
        alpha = np.exp(-np.exp(decay) * log1p_exp(a))
        heads, S_heads, o = len(beta), [], []
        rows = by_head(heads, S, silu(q), silu(k), v, alpha, sigmoid(beta))
        for S_n, q_n, k_n, v_n, alpha_n, beta_n in rows:
            q_n, k_n = unit(q_n), unit(k_n)
            S_n = S_n.reshape(len(k_n), -1)
            S_n = alpha_n * (np.eye(len(k_n)) - beta_n * np.outer(k_n, k_n)) @ S_n
            S_n = S_n + beta_n * np.outer(k_n, v_n)
            S_heads.append(S_n.ravel())
            o.append(q_n @ S_n)
        S, h = np.concatenate(S_heads), np.concatenate(o)
        hs.append(h)
    return np.stack(hs), (h, S)


def hgrn2(xs, h, S, W, R, b, *, lower_bound=0.0):
    """Qin et al. 2024, "HGRN2: gated linear RNNs with state expansion".

    Gates (q, f: keys; i: units), states (h, S). The input gate is tied: the key is 1 - f. The
    lower bound of f is learned by layer in the paper; q is its output gate, as its code has it.
    """
    hs = []
    for x in xs:
        q, f, i = (x @ W[g] + b[g] for g in "qfi")
        q, f = silu(q), lower_bound + (1 - lower_bound) * sigmoid(f)
        heads, S_heads, o = head_count(q, i, S), [], []
        for S_n, q_n, f_n, i_n in by_head(heads, S, q, f, i):
            S_n = f_n[:, None] * S_n.reshape(len(f_n), -1) + np.outer(1 - f_n, i_n)
            S_heads.append(S_n.ravel())
            o.append(q_n @ S_n)
        S, h = np.concatenate(S_heads), np.concatenate(o)
        hs.append(h)
    return np.stack(hs), (h, S)


def rwkv7(xs, h, S, W, R, b, xi, alpha):
    """Peng et al. 2025, "RWKV-7 Goose", equations 9 to 17 without token shift.

    Gates (r, w, k, a: keys; v: units), states (h, S). Own: xi, alpha [keys]. The paper's S is
    ours transposed. Its W_w and W_a are products of two, with a tanh between them for w.
    """
    hs = []
    for x in xs:
        r, d, k, v, a = (x @ W[g] + b[g] for g in "rwkva")
        w = np.exp(-np.exp(-0.5) * sigmoid(d))
        a = sigmoid(a)
        kappa = k * xi
        k = k * (1 + (a - 1) * alpha)
        heads, S_heads, o = head_count(r, v, S), [], []
        rows = by_head(heads, S, r, w, k, v, a, kappa)
        for S_n, r_n, w_n, k_n, v_n, a_n, kappa_n in rows:
            kappa_n = unit(kappa_n)
            S_n = S_n.reshape(len(k_n), -1)
            S_n = (np.diag(w_n) - np.outer(a_n * kappa_n, kappa_n)) @ S_n + np.outer(k_n, v_n)
            S_heads.append(S_n.ravel())
            o.append(r_n @ S_n)
        S, h = np.concatenate(S_heads), np.concatenate(o)
        hs.append(h)
    return np.stack(hs), (h, S)


def mamba2(xs, h, S, W, R, b, decay, D):
    """Dao and Gu 2024, "Transformers are SSMs": the selective state space model with a scalar A.

    Gates (u, the paper's x: units; B, C: one key, the same for all heads; dt: heads), states
    (h, S). Own: decay, D [heads]: A = -exp(decay). Delta = softplus(W_dt x + b_dt).
    S_t = exp(Delta A) S_{t-1} + Delta B x'; y = S' C + D x.
    """
    hs = []
    for inputs in xs:
        x, B, C, dt = (inputs @ W[g] + b[g] for g in ("u", "B", "C", "dt"))
        step = log1p_exp(dt)
        heads, S_heads, o = len(dt), [], []
        for S_n, x_n, step_n, decay_n, D_n in by_head(heads, S, x, step, decay, D):
            S_n = S_n.reshape(len(B), -1)
            S_n = np.exp(-step_n * np.exp(decay_n)) * S_n + step_n * np.outer(B, x_n)
            S_heads.append(S_n.ravel())
            o.append(C @ S_n + D_n * x_n)
        S, h = np.concatenate(S_heads), np.concatenate(o)
        hs.append(h)
    return np.stack(hs), (h, S)
