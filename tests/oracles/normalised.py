"""LSTMs whose states are kept in range: by normalisation, by keeping some of them as they were."""

import numpy as np

from .core import sigmoid


def normalised(a, epsilon):
    """a, less its mean, over its standard deviation; with squares, so that a may be complex."""
    centred = a - a.mean()
    return centred / np.sqrt((centred**2).mean() + epsilon)


def layer_norm_lstm(
    xs, h, c, W, R, b, alpha_x, alpha_h, alpha_c, beta_c, kept=1.0, *, epsilon=1e-3
):
    """Ba, Kiros and Hinton 2016, "Layer normalization", equations 20 to 22.

    Gates (i, f, z, o), states (h, c). Own: alpha_x, alpha_h [4 units], the gains of W x and of
    R h, gates in that order; alpha_c, beta_c [units], gain and shift of c on its way out. Gains
    start at one, shifts at zero. One mean and one variance for all four gates together, as in the
    paper. The paper has no epsilon inside its root, and a shift beside each gain, which b makes
    superfluous for the first two.

    Others: TensorFlow's LayerNormBasicLSTMCell and Addons' LayerNormLSTMCell keep the normalised
    c as the state; the former has a mean and a variance for each gate.
    """
    gates = "ifzo"
    hs = []
    for x in xs:
        from_x = alpha_x * normalised(np.concatenate([x @ W[k] for k in gates]), epsilon)
        from_h = alpha_h * normalised(np.concatenate([(kept * h) @ R[k] for k in gates]), epsilon)
        net = dict(zip(gates, np.split(from_x + from_h, 4), strict=True))
        i = sigmoid(net["i"] + b["i"])
        f = sigmoid(net["f"] + b["f"])
        z = np.tanh(net["z"] + b["z"])
        c = f * c + i * z
        o = sigmoid(net["o"] + b["o"])
        h = o * np.tanh(alpha_c * normalised(c, epsilon) + beta_c)
        hs.append(h)
    return np.stack(hs), (h, c)


def layer_norm_simple_rnn(xs, h, W, R, b, alpha, kept=1.0, *, epsilon=1e-5, activation=np.tanh):
    """Ba, Kiros and Hinton 2016, equation 4: h = f(g / sigma (a - mu) + b).

    Gates (h), states (h). Own: alpha [units], the gain. The paper has no epsilon.

    Others: Addons' LayerNormSimpleRNNCell is this, with this epsilon.
    """
    hs = []
    for x in xs:
        a = x @ W["h"] + (kept * h) @ R["h"]
        h = activation(alpha * normalised(a, epsilon) + b["h"])
        hs.append(h)
    return np.stack(hs), (h,)


def layer_norm_gru(xs, h, W, R, b, alpha_x, alpha_h, beta_h, kept=1.0, *, epsilon=1e-3):
    """The same paper's GRU, in its supplement: the reset gate acts on the normalised product.

    Gates (u, r, z), states (h). Own: alpha_x, alpha_h [3 units], the gains of W x and of R h;
    beta_h [units], the shift of the candidate's R h, within the reset gate. u and r have one mean
    and one variance, the candidate has its own. u takes the new value. The paper writes z for u,
    and shifts beside the other gains, which b makes superfluous.
    """
    hs = []
    units = len(h)
    for x in xs:
        gates_x = normalised(np.concatenate([x @ W["u"], x @ W["r"]]), epsilon)
        gates_h = normalised(np.concatenate([(kept * h) @ R["u"], (kept * h) @ R["r"]]), epsilon)
        gates = alpha_x[: 2 * units] * gates_x + alpha_h[: 2 * units] * gates_h
        u = sigmoid(gates[:units] + b["u"])
        r = sigmoid(gates[units:] + b["r"])
        z_x = alpha_x[2 * units :] * normalised(x @ W["z"], epsilon) + b["z"]
        z_h = alpha_h[2 * units :] * normalised((kept * h) @ R["z"], epsilon) + beta_h
        h = (1 - u) * h + u * np.tanh(z_x + r * z_h)
        hs.append(h)
    return np.stack(hs), (h,)


def zoneout_lstm(xs, h, c, W, R, b, kept=1.0, *, zoneout_c=0.5, zoneout_h=0.05):
    """Krueger et al. 2017, "Zoneout", in inference: what is expected of a unit.

    Gates (i, f, z, o), states (h, c), no own weights. zoneout_c and zoneout_h are the
    probabilities with which a unit of c and of h stays as it was; the defaults are the paper's for
    characters of Penn Treebank. The new h is made from the new c as it is before zoneout.

    Others: haste zones h out only. To zone the c that h is made from is another cell.
    """
    hs = []
    for x in xs:
        i = sigmoid(x @ W["i"] + (kept * h) @ R["i"] + b["i"])
        f = sigmoid(x @ W["f"] + (kept * h) @ R["f"] + b["f"])
        z = np.tanh(x @ W["z"] + (kept * h) @ R["z"] + b["z"])
        o = sigmoid(x @ W["o"] + (kept * h) @ R["o"] + b["o"])
        c_new = f * c + i * z
        h_new = o * np.tanh(c_new)
        c = zoneout_c * c + (1 - zoneout_c) * c_new
        h = zoneout_h * h + (1 - zoneout_h) * h_new
        hs.append(h)
    return np.stack(hs), (h, c)


def zoneout_lstm_training(xs, h, c, W, R, b, masks_c, masks_h, kept=1.0):
    """The same in training: masks_c, masks_h [steps, units] are true where a unit stays."""
    hs = []
    for x, mask_c, mask_h in zip(xs, masks_c, masks_h, strict=True):
        i = sigmoid(x @ W["i"] + (kept * h) @ R["i"] + b["i"])
        f = sigmoid(x @ W["f"] + (kept * h) @ R["f"] + b["f"])
        z = np.tanh(x @ W["z"] + (kept * h) @ R["z"] + b["z"])
        o = sigmoid(x @ W["o"] + (kept * h) @ R["o"] + b["o"])
        c_new = f * c + i * z
        h_new = o * np.tanh(c_new)
        c = np.where(mask_c, c, c_new)
        h = np.where(mask_h, h, h_new)
        hs.append(h)
    return np.stack(hs), (h, c)
