"""Blocks around cells, which add to a sequence what they read in it.

Beck et al. 2024, "xLSTM", appendix A (the sLSTM block with post up-projection, the mLSTM block with
pre up-projection), and De et al. 2024, "Griffin", section 2 (the residual block, the MLP block and
the recurrent block). xs is the whole sequence (steps, width); rows of matrices are what comes in.
Weights are named as in the papers' text, block-diagonal ones are (blocks, in, out).
"""

import math

import numpy as np

from .core import sigmoid
from .parallel import rg_lru
from .xlstm import log_sigmoid, slstm


def swish(a):
    return a * sigmoid(a)


def gelu(a):
    return np.array([x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in a])


def layer_norm(x, scale, epsilon):
    return scale * (x - x.mean()) / np.sqrt(x.var() + epsilon)


def rms_norm(x, scale, epsilon):
    return scale * x / np.sqrt((x**2).mean() + epsilon)


def group_norm(x, heads, scale, epsilon):
    rows = [layer_norm(row, 1.0, epsilon) for row in x.reshape(heads, -1)]
    return scale * np.concatenate(rows)


def block_diagonal(blocks):
    """(blocks, in, out) as one matrix with zeros around the blocks."""
    n, rows, columns = blocks.shape
    dense = np.zeros((n * rows, n * columns))
    for i, block in enumerate(blocks):
        dense[i * rows : (i + 1) * rows, i * columns : (i + 1) * columns] = block
    return dense


def causal_convolution(xs, kernel, bias):
    """Each channel by itself; the last row of the kernel is for the step itself."""
    window = len(kernel)
    ys = []
    for t in range(len(xs)):
        y = bias
        for k in range(window):
            if t - k >= 0:
                y = y + kernel[window - 1 - k] * xs[t - k]
        ys.append(y)
    return np.stack(ys)


def mlstm_block(
    xs, norm, up, conv, conv_bias, qkv, W_gates, b_gates, head_norm, skip, down, *, heads, epsilon
):
    """Normalised, twice as wide, half of it through convolution and mLSTM, gated by the other half.

    qkv: three block-diagonal matrices. W_gates: from (q, k, v) to the input gates and then the
    forget gates of all heads. No output gate: SiLU of the other half is one.
    """
    halves = np.stack([layer_norm(x, norm, epsilon) @ up for x in xs])
    us, zs = np.split(halves, 2, axis=1)
    convolved = swish(causal_convolution(us, conv, conv_bias))
    W_q, W_k, W_v = map(block_diagonal, qkv)
    d = us.shape[1] // heads
    C, n, m = np.zeros((heads, d, d)), np.zeros((heads, d)), np.zeros(heads)
    ys = []
    for x, u, z, c in zip(xs, us, zs, convolved, strict=True):
        q, k, v = c @ W_q, c @ W_k, u @ W_v
        i_net, f_net = np.split(np.concatenate([q, k, v]) @ W_gates + b_gates, 2)
        log_f = log_sigmoid(f_net)
        m_prev, m = m, np.maximum(log_f + m, i_net)
        read = []
        for head in range(heads):
            at = slice(head * d, (head + 1) * d)
            i, f = np.exp(i_net[head] - m[head]), np.exp(log_f[head] + m_prev[head] - m[head])
            key = k[at] / np.sqrt(d)
            C[head] = f * C[head] + i * np.outer(v[at], key)
            n[head] = f * n[head] + i * key
            read.append(C[head] @ q[at] / max(abs(n[head] @ q[at]), np.exp(-m[head])))
        h = group_norm(np.concatenate(read), heads, head_norm, epsilon) + skip * c
        ys.append(x + (h * swish(z)) @ down)
    return np.stack(ys)


def slstm_block(
    xs, norm, conv, conv_bias, W, R, b, head_norm, second_norm, up, down, *, heads, epsilon
):
    """sLSTM, whose gates i and f see the convolution; then a gated MLP, wider than the sequence.

    W: block-diagonal, by gate. R, b: by gate, R (units, units).
    """
    normed = np.stack([layer_norm(x, norm, epsilon) for x in xs])
    convolved = swish(causal_convolution(normed, conv, conv_bias))
    W = {gate: block_diagonal(blocks) for gate, blocks in W.items()}
    width = xs.shape[1]
    none = np.zeros((width, width))
    W = {  # of both, one above the other
        gate: np.concatenate([W[gate], none] if gate in "if" else [none, W[gate]])
        for gate in "ifzo"
    }
    states = [np.zeros(width)] * 4
    hs, _ = slstm(np.concatenate([convolved, normed], axis=1), *states, W, R, b)
    ys = []
    for x, h in zip(xs, hs, strict=True):
        y = x + group_norm(h, heads, head_norm, epsilon)
        gate, value = np.split(layer_norm(y, second_norm, epsilon) @ up, 2)
        ys.append(y + (gelu(gate) * value) @ down)
    return np.stack(ys)


def griffin_block(
    xs, norm, W_gate, b_gate, W_in, b_in, conv, conv_bias, W, b, Lambda, W_out, b_out,
    second_norm, up, b_up, down, b_down, *, epsilon,
):  # fmt: skip
    """The recurrent block: a gate, and a convolution with an RG-LRU; then a gated MLP.

    W, b: of the RG-LRU, by gate.
    """
    normed = np.stack([rms_norm(x, norm, epsilon) for x in xs])
    us = causal_convolution(np.stack([x @ W_in + b_in for x in normed]), conv, conv_bias)
    hs, _ = rg_lru(us, np.zeros(us.shape[1]), W, {}, b, Lambda)
    ys = []
    for x, n, h in zip(xs, normed, hs, strict=True):
        y = x + (gelu(n @ W_gate + b_gate) * h) @ W_out + b_out
        gate, value = np.split(rms_norm(y, second_norm, epsilon) @ up + b_up, 2)
        ys.append(y + (gelu(gate) * value) @ down + b_down)
    return np.stack(ys)
