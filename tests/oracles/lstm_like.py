"""LSTMs whose net inputs, or gates, are made in another way."""

import numpy as np

from .core import sigmoid


def mi_lstm(xs, h, c, W, R, b, alpha, beta_1, beta_2, kept=1.0):
    """Wu et al. 2016, "On multiplicative integration with recurrent neural networks", equation 4.

    Gates (i, f, z, o), states (h, c). Own: alpha, beta_1, beta_2 [4 units], gates in that order:
    alpha for the product of W x and R h, beta_1 for R h, beta_2 for W x. Each of the three starts
    at one number, which the paper chooses by task; ones are a fair default. alpha zero and betas
    one are an LSTM.
    """
    gates = "ifzo"
    alpha, beta_1, beta_2 = (
        dict(zip(gates, np.split(rows, 4), strict=True)) for rows in (alpha, beta_1, beta_2)
    )
    hs = []
    for x in xs:
        net = {}
        for k in gates:
            from_x, from_h = x @ W[k], (kept * h) @ R[k]
            net[k] = alpha[k] * from_x * from_h + beta_1[k] * from_h + beta_2[k] * from_x + b[k]
        i, f, o = (sigmoid(net[k]) for k in "ifo")
        z = np.tanh(net["z"])
        c = f * c + i * z
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)


def mogrifier_lstm(xs, h, c, W, R, b, *own, kept=1.0):
    """Melis, Kocisky and Blunsom 2020, "Mogrifier LSTM", equations 1 and 2, full rank.

    x and h_{t-1} gate each other in turn before an LSTM sees them. Gates (i, f, z, o), states
    (h, c). Own, one for each round, five by default: Q_1 [units, features], R_2 [features, units],
    Q_3, R_4, Q_5. No rounds are an LSTM. Recurrent dropout comes before the first round.

    Others: common copies give Q and R a bias, which the paper has not.
    """
    hs = []
    for x in xs:
        seen = kept * h
        for place, weights in enumerate(own):
            if place % 2 == 0:  # rounds 1, 3, 5: h gates x
                x = 2 * sigmoid(seen @ weights) * x
            else:
                seen = 2 * sigmoid(x @ weights) * seen
        i = sigmoid(x @ W["i"] + seen @ R["i"] + b["i"])
        f = sigmoid(x @ W["f"] + seen @ R["f"] + b["f"])
        z = np.tanh(x @ W["z"] + seen @ R["z"] + b["z"])
        c = f * c + i * z
        o = sigmoid(x @ W["o"] + seen @ R["o"] + b["o"])
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)


def cumax(a):
    """The running sum of softmax(a): the probability that the split is here or before."""
    e = np.exp(a - np.max(np.real(a)))
    return np.cumsum(e / e.sum())


def on_lstm(xs, h, c, W, R, b, kept=1.0):
    """Shen et al. 2019, "Ordered neurons".

    Gates (i, f, z, o, master_f, master_i), the master gates of `levels` columns, the others of
    units; states (h, c); no own weights. levels divides units (by default it is units): each entry
    of a master gate holds for units / levels neighbouring cells, the paper's chunk size C. The
    master forget gate rises from the first cell to the last, the master input gate falls.

    Others: the authors' code is this, with the gates in the order master_i, master_f, o, z, i, f.
    """
    chunk = len(h) // len(b["master_f"])
    hs = []
    for x in xs:
        net = {k: x @ W[k] + (kept * h) @ R[k] + b[k] for k in W}
        i, f, o = (sigmoid(net[k]) for k in "ifo")
        z = np.tanh(net["z"])
        master_f = np.repeat(cumax(net["master_f"]), chunk)
        master_i = np.repeat(1 - cumax(net["master_i"]), chunk)
        overlap = master_f * master_i
        f_hat = f * overlap + (master_f - overlap)
        i_hat = i * overlap + (master_i - overlap)
        c = f_hat * c + i_hat * z
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)
