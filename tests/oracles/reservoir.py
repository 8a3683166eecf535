"""Networks whose recurrence is not learned: a random one, and one that is calculated."""

import numpy as np


def esn(xs, h, W, R, b, kept=1.0, *, leak=1.0, activation=np.tanh):
    """Jaeger 2001, "The 'echo state' approach", equation 1; leaky as in Jaeger et al. 2007.

    Gates (h), states (h), no own weights. No output feedback and no noise. How R is drawn is no
    matter of the equations.

    Others: Addons' ESNCell is this.
    """
    hs = []
    for x in xs:
        z = activation(x @ W["h"] + (kept * h) @ R["h"] + b["h"])
        h = (1 - leak) * h + leak * z
        hs.append(h)
    return np.stack(hs), (h,)


def legendre(order, theta):
    """The paper's A and B of equations 1 and 2, held constant within a step of 1: zero-order hold.

    By the eigenvalues of A, which are distinct: A = V diag(a) V^-1.
    """
    i, j = np.mgrid[:order, :order]
    A = (2 * i + 1) * np.where(i < j, -1.0, (-1.0) ** (i - j + 1))
    B = (2 * np.arange(order) + 1) * (-1.0) ** np.arange(order)
    a, V = np.linalg.eig(A / theta)
    whole = V @ np.diag(np.exp(a)) @ np.linalg.inv(V)
    step = V @ np.diag(np.expm1(a) / a) @ np.linalg.inv(V)
    return whole.real, step.real @ (B / theta)


def lmu(xs, h, m, W, R, b, M, *, theta=10.0, activation=np.tanh):
    """Voelker, Kajic and Eliasmith 2019, "Legendre memory units", equations 1 to 4 and 8 to 10.

    Gates (u, h): u is one number, what is written to the memory. States (h, m [order]). Own: M
    [order, 1 + units]: e_m, through which u sees m_{t-1}, then W_m, through which h sees m_t. The
    paper has no biases.

    Others: keras-lmu's LMUCell is this with a SimpleRNNCell without bias as hidden cell, and all
    three optional connections.
    """
    order = len(m)
    A, B = legendre(order, theta)
    hs = []
    for x in xs:
        u = x @ W["u"] + h @ R["u"] + m @ M[:, :1] + b["u"]
        m = A @ m + B * u
        h = activation(x @ W["h"] + h @ R["h"] + m @ M[:, 1:] + b["h"])
        hs.append(h)
    return np.stack(hs), (h, m)
