"""Decoders that look at a memory: Luong et al. 2015 and Bahdanau et al. 2015, around any cell.

`cell` is a step: (x, states) to (h, states). ms is the memory, an entry a row; only entries that
there are. Written from the papers, one step at a time.
"""

import numpy as np


def softmax(e):
    powers = np.exp(e - e.max())
    return powers / powers.sum()


def luong(xs, ms, cell, states, W_c, score):
    """Section 3.1 with the input feeding of 3.3. W_c: rows of c, then of h. a_0 is zero.

    score: (h, m) to a number.
    """
    a, outputs = np.zeros(W_c.shape[1]), []
    for x in xs:
        h, states = cell(np.concatenate([x, a]), states)
        alpha = softmax(np.array([score(h, m) for m in ms]))
        c = sum(weight * m for weight, m in zip(alpha, ms, strict=True))
        a = np.tanh(np.concatenate([c, h]) @ W_c)
        outputs.append(a)
    return np.stack(outputs), states, a, alpha


def bahdanau(xs, ms, cell, states, W, U, b, v):
    """Appendix A.1.2, but for the first state and with b. The output is h beside c."""
    outputs = []
    for x in xs:
        alpha = softmax(np.array([np.tanh(states[0] @ W + m @ U + b) @ v for m in ms]))
        c = sum(weight * m for weight, m in zip(alpha, ms, strict=True))
        h, states = cell(np.concatenate([x, c]), states)
        outputs.append(np.concatenate([h, c]))
    return np.stack(outputs), states, c, alpha
