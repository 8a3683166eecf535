"""Cells from differential equations, and one with several clocks."""

import numpy as np

from .core import sigmoid


def antisymmetric_rnn(xs, h, W, R, b, kept=1.0, *, epsilon=0.01, gamma=0.01):
    """Chang et al. 2019, "AntisymmetricRNN", with gating.

    Gates (u, z), W and b have both, R has z only, which serves both; states (h); no own weights. Of
    R only its antisymmetric part matters. epsilon is the step, gamma the diffusion; the paper
    searches both by task. `kept` multiplies h before the antisymmetric matrix does.

    Others: torchrecurrent's GatedAntisymmetricRNN is this; its defaults are epsilon 1, gamma 0.
    """
    M = R["z"] - R["z"].T - gamma * np.eye(len(h))
    hs = []
    for x in xs:
        u = sigmoid(x @ W["u"] + (kept * h) @ M + b["u"])
        z = np.tanh(x @ W["z"] + (kept * h) @ M + b["z"])
        h = h + epsilon * u * z
        hs.append(h)
    return np.stack(hs), (h,)


def cornn(xs, y, z, W, R, b, W_z, kept=1.0, *, dt=0.1, gamma=1.0, epsilon=1.0, implicit=False):
    """Rusch and Mishra 2021, "Coupled oscillatory recurrent neural network".

    Gates (z), states (y, z): places and velocities; y is the output, R["z"] multiplies it. Own: W_z
    [units, units], what multiplies z_{t-1}. y takes the new z. dt, gamma (frequency) and epsilon
    (damping) are fixed; the paper chooses all three by task, its code starts the latter at one.
    The damping is explicit, epsilon z_{t-1}, as in the authors' code; the paper also allows
    epsilon z_t, here implicit=True. `kept` is for the y that R multiplies.

    Others: torchrecurrent's coRNN is the explicit one.
    """
    ys = []
    for x in xs:
        force = np.tanh(x @ W["z"] + (kept * y) @ R["z"] + z @ W_z + b["z"])
        if implicit:
            z = (z + dt * force - dt * gamma * y) / (1 + dt * epsilon)
        else:
            z = z + dt * force - dt * gamma * y - dt * epsilon * z
        y = y + dt * z
        ys.append(y)
    return np.stack(ys), (y, z)


def lem(xs, y, z, W, R, b, W_y, kept=1.0, *, dt=1.0):
    """Rusch et al. 2022, "Long expressive memory".

    Gates (dt, dt_bar, z, y): R has dt, dt_bar and z, for y_{t-1}; W and b have all four; states
    (y, z). Own: W_y [units, units], from the new z to y. dt is the largest step, one by default.

    Others: torchrecurrent's LEM takes z_{t-1} in the last line, not z_t: not the paper's cell, nor
    that of the authors' code.
    """
    ys = []
    for x in xs:
        step = dt * sigmoid(x @ W["dt"] + (kept * y) @ R["dt"] + b["dt"])
        step_bar = dt * sigmoid(x @ W["dt_bar"] + (kept * y) @ R["dt_bar"] + b["dt_bar"])
        z = (1 - step) * z + step * np.tanh(x @ W["z"] + (kept * y) @ R["z"] + b["z"])
        y = (1 - step_bar) * y + step_bar * np.tanh(z @ W_y + x @ W["y"] + b["y"])
        ys.append(y)
    return np.stack(ys), (y, z)


def clockwork_rnn(xs, h, t, W, R, b, kept=1.0, *, periods=(1, 2)):
    """Koutnik et al. 2014, "A clockwork RNN".

    Gates (h), states (h, t [1]): t is how many steps there were before this one. No own weights.
    The units are in as many groups of one size as there are periods, the fastest first; the paper
    has 1, 2, 4, 8, ... A group takes its new h if its period divides t, so all do at the first
    step; else it stays. A group sees itself and the slower ones: of R [from, to], the entries from
    a faster group to a slower one are not used.

    t is rounded, so that it may be any number.
    """
    units, groups = len(h), len(periods)
    group_of = [unit // (units // groups) for unit in range(units)]
    hs = []
    for x in xs:
        now = int(np.rint(np.real(t[0])))
        seen, h_next = kept * h, []
        for to in range(units):
            if now % periods[group_of[to]]:
                h_next.append(h[to])
                continue
            net = x @ W["h"][:, to] + b["h"][to]
            for source in range(units):
                if group_of[source] >= group_of[to]:
                    net = net + seen[source] * R["h"][source, to]
            h_next.append(np.tanh(net))
        h, t = np.array(h_next), t + 1
        hs.append(h)
    return np.stack(hs), (h, t)
