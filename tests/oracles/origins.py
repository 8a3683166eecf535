"""Hochreiter and Schmidhuber 1997, sections 3.2 and 4: the constant error carousel, gate by gate.

Everything hidden is fed back: the cells' outputs h, then the gates there are. g and h are scaled as
in the paper's equations 4 and 5. Recurrent dropout leaves the gates that are fed back alone.
"""

import numpy as np

from .core import sigmoid


def cec(xs, h, c, W, R, b, kept=1.0):
    """No gates: what comes in is added up, and all of it goes out."""
    hs = []
    for x in xs:
        net_z = x @ W["z"] + (kept * h) @ R["z"] + b["z"]
        c = c + (4 * sigmoid(net_z) - 2)
        h = 2 * sigmoid(c) - 1
        hs.append(h)
    return np.stack(hs), (h, c)


def lstm_1997_input_gate(xs, h, c, i, W, R, b, kept=1.0):
    """Input gates only, one for each block. R's rows are the cells, then the input gates."""
    blocks, units = len(b["i"]), len(b["z"])
    block_of = [cell // (units // blocks) for cell in range(units)]
    hs = []
    for x in xs:
        y = np.concatenate([kept * h, i])
        i = sigmoid(x @ W["i"] + y @ R["i"] + b["i"])
        net_z = x @ W["z"] + y @ R["z"] + b["z"]
        c = np.array([c[k] + i[block_of[k]] * (4 * sigmoid(net_z[k]) - 2) for k in range(units)])
        h = 2 * sigmoid(c) - 1
        hs.append(h)
    return np.stack(hs), (h, c, i)


def lstm_1997_output_gate(xs, h, c, o, W, R, b, kept=1.0):
    """Output gates only, one for each block. R's rows are the cells, then the output gates."""
    blocks, units = len(b["o"]), len(b["z"])
    block_of = [cell // (units // blocks) for cell in range(units)]
    hs = []
    for x in xs:
        y = np.concatenate([kept * h, o])
        o = sigmoid(x @ W["o"] + y @ R["o"] + b["o"])
        net_z = x @ W["z"] + y @ R["z"] + b["z"]
        c = c + (4 * sigmoid(net_z) - 2)
        h = np.array([o[block_of[k]] * (2 * sigmoid(c[k]) - 1) for k in range(units)])
        hs.append(h)
    return np.stack(hs), (h, c, o)
