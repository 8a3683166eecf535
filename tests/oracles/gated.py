"""Small gated cells: fewer gates, fewer weights, or another candidate than the GRU's."""

import numpy as np

from .core import sigmoid


def ran(xs, h, c, W, R, b, kept=1.0, *, activation=np.tanh):
    """Lee, Levy and Zettlemoyer 2017, "Recurrent additive networks": the candidate is linear in x.

    Gates (i, f, z); R and b have i and f only; states (h, c); no own weights. h = tanh(c), or c
    itself in the paper's other version. Others: torchrecurrent's RAN is this.
    """
    hs = []
    for x in xs:
        z = x @ W["z"]
        i = sigmoid(x @ W["i"] + (kept * h) @ R["i"] + b["i"])
        f = sigmoid(x @ W["f"] + (kept * h) @ R["f"] + b["f"])
        c = i * z + f * c
        h = activation(c)
        hs.append(h)
    return np.stack(hs), (h, c)


def cfn(xs, h, W, R, b, kept=1.0):
    """Laurent and von Brecht 2017, "A recurrent neural network without chaos".

    Gates (theta, eta, z); R and b have theta and eta only; states (h); no own weights. The old h is
    squashed by tanh. Others: torchrecurrent's CFN has a bias in z too.
    """
    hs = []
    for x in xs:
        theta = sigmoid(x @ W["theta"] + (kept * h) @ R["theta"] + b["theta"])
        eta = sigmoid(x @ W["eta"] + (kept * h) @ R["eta"] + b["eta"])
        h = theta * np.tanh(h) + eta * np.tanh(x @ W["z"])
        hs.append(h)
    return np.stack(hs), (h,)


def minimal_rnn(xs, h, W, R, b, U_z, kept=1.0):
    """Chen 2017, "MinimalRNN": u keeps the old state.

    Gates (u, z): W has z only, R has u only, b has both; states (h). Own: U_z [units, units], from
    z to u. The gate sees z, not x. Others: torchrecurrent's MinimalRNN is this.
    """
    hs = []
    for x in xs:
        z = np.tanh(x @ W["z"] + b["z"])
        u = sigmoid((kept * h) @ R["u"] + z @ U_z + b["u"])
        h = u * h + (1 - u) * z
        hs.append(h)
    return np.stack(hs), (h,)


def li_gru(xs, h, W, R, b, kept=1.0):
    """Ravanelli et al. 2018, "Light gated recurrent units", without batch normalisation.

    Gates (u, z), states (h), no own weights. u keeps the old state; z is rectified; no reset gate.
    The paper normalises W x over the batch, in place of b. Others: torchrecurrent's LiGRU is this.
    """
    hs = []
    for x in xs:
        u = sigmoid(x @ W["u"] + (kept * h) @ R["u"] + b["u"])
        net = x @ W["z"] + (kept * h) @ R["z"] + b["z"]
        z = np.where(np.real(net) > 0, net, 0)
        h = u * h + (1 - u) * z
        hs.append(h)
    return np.stack(hs), (h,)


def atr(xs, h, W, R, b, kept=1.0):
    """Zhang et al. 2018, "Simplifying neural machine translation with addition-subtraction".

    Gates (p, q): W and b have p only, R has q only; states (h); no own weights. The two gates are
    made of the same two products. The paper writes no bias; b is ours. Others: torchrecurrent's ATR
    has a second bias, in q, which b cannot stand for.
    """
    hs = []
    for x in xs:
        p = x @ W["p"] + b["p"]
        q = (kept * h) @ R["q"]
        i = sigmoid(p + q)
        f = sigmoid(p - q)
        h = i * p + f * h
        hs.append(h)
    return np.stack(hs), (h,)


def star(xs, h, W, R, b, kept=1.0):
    """Turkoglu et al. 2021, "Gating revisited": k takes the new state, and the sum is squashed.

    Gates (k, z); R has k only, b has both; states (h); no own weights.

    Others: torchrecurrent's STAR is this.
    """
    hs = []
    for x in xs:
        k = sigmoid(x @ W["k"] + (kept * h) @ R["k"] + b["k"])
        z = np.tanh(x @ W["z"] + b["z"])
        h = np.tanh((1 - k) * h + k * z)
        hs.append(h)
    return np.stack(hs), (h,)


def brc(xs, h, W, R, b, kept=1.0):
    """Vecoven, Ernst and Drion 2021, "A bio-inspired bistable recurrent cell".

    Gates (a, c, z); R has a and c only, vectors [units]: a unit's gates see that unit. b has all
    three; the paper writes none. States (h), no own weights. a is between 0 and 2; c keeps the old
    state. a multiplies h as it is: `kept` is for what R multiplies. Others: torchrecurrent's BR is
    this.
    """
    hs = []
    for x in xs:
        a = 1 + np.tanh(x @ W["a"] + R["a"] * (kept * h) + b["a"])
        c = sigmoid(x @ W["c"] + R["c"] * (kept * h) + b["c"])
        z = np.tanh(x @ W["z"] + a * h + b["z"])
        h = c * h + (1 - c) * z
        hs.append(h)
    return np.stack(hs), (h,)


def nbrc(xs, h, W, R, b, kept=1.0):
    """The same, neuromodulated: R["a"], R["c"] [units, units], a unit's gates see all units.

    Others: torchrecurrent's NBR is this.
    """
    hs = []
    for x in xs:
        a = 1 + np.tanh(x @ W["a"] + (kept * h) @ R["a"] + b["a"])
        c = sigmoid(x @ W["c"] + (kept * h) @ R["c"] + b["c"])
        z = np.tanh(x @ W["z"] + a * h + b["z"])
        h = c * h + (1 - c) * z
        hs.append(h)
    return np.stack(hs), (h,)


def fast_grnn(xs, h, W, R, b, zeta, nu, kept=1.0):
    """Kusupati et al. 2018, "FastGRNN", full rank: gate and candidate share their products.

    Gates (u, z): W and R have z only, which serves both; b has both; states (h). Own: zeta, nu [1],
    the paper's two scalars before sigma keeps them between 0 and 1; its code starts them at 1 and
    -4. u keeps the old state.

    Others: torchrecurrent's FastGRNN squashes the gate by tanh unless told otherwise, and starts
    zeta and nu at 3 and -3.
    """
    hs = []
    for x in xs:
        shared = x @ W["z"] + (kept * h) @ R["z"]
        u = sigmoid(shared + b["u"])
        z = np.tanh(shared + b["z"])
        h = (sigmoid(zeta) * (1 - u) + sigmoid(nu)) * z + u * h
        hs.append(h)
    return np.stack(hs), (h,)
