"""Opinions of torchrecurrent, for `test_second_opinions.py`: float64, with torch's gradients."""

from functools import partial

import pytest
from plain_cells import FULL, OPEN
from torch_opinions import rows

from cases import STEPS, UNITS


def run_torchrecurrent(torch, kind, weights, x, states, units=UNITS, **options):
    """The layer of that name; states are one tensor, or h and c."""
    torchrecurrent = pytest.importorskip("torchrecurrent")
    layer = getattr(torchrecurrent, kind)(
        x.shape[-1], units, batch_first=True, dtype=torch.float64, **options
    )
    theirs = dict(layer.named_parameters())
    none = {name: torch.zeros_like(of) for name, of in theirs.items() if "bias" in name}
    weights = {**none, **{f"cells.0.{name}": of for name, of in weights.items()}}
    assert theirs.keys() - weights.keys() <= {"cells.0.beta"}  # everything else is ours
    assert all(of.shape == theirs[name].shape for name, of in weights.items())
    return torch.func.functional_call(layer, weights, (x, states))


def recurrent_layer(kind, arrange, torch, question, weights, x, states, **options):
    """A layer of torchrecurrent that has our equations; arrange gives it its weights."""
    of = arrange(partial(rows, torch), *weights)
    options = {**question.options, **options}
    states = tuple(state[None] for state in states)
    given = states if len(states) > 1 else states[0]
    hs, finals = run_torchrecurrent(torch, kind, of, x, given, **options)
    finals = finals if len(states) > 1 else (finals,)
    return [hs, *(final[0] for final in finals)]


def by_columns(of_x, of_h, biased):
    """The gates of the matrices of x and of h, and of the bias, in the order of theirs."""
    return lambda rows, W, R, b: {
        "weight_ih": rows(W, of_x),
        "weight_hh": rows(R, of_h),
        "bias_ih": rows(b, biased),
    }


def cfn_weights(rows, W, R, b):
    """Theirs has a bias in z."""
    gates = ("theta", "eta", "z")
    return by_columns(gates, gates[:2], gates)(rows, W, R, {**b, "z": 0 * b["eta"]})


def minimal_rnn_weights(rows, W, R, b, U_z):
    return {
        "weight_ih": rows(W, "z"),
        "bias_ih": b["z"],
        "weight_hh": rows(R, "u"),
        "weight_mm": U_z.t(),
        "bias_hh": b["u"],
    }


def fast_grnn_weights(rows, W, R, b, zeta, nu):
    return {**by_columns("z", "z", "uz")(rows, W, R, b), "zeta": zeta, "nu": nu}


def cornn_weights(rows, W, R, b, W_z):
    return {**by_columns("z", "z", "z")(rows, W, R, b), "weight_ch": W_z.t()}


def recurrent_h(kind, gates, torch, question, weights, x, states, turned="", **options):
    """A cell of torchrecurrent whose only state is h, with its gates in that order."""
    W, R, b = ({g: -of[g] if g in turned else of[g] for g in of} for of in weights)
    of = {"weight_ih": rows(torch, W, gates), "bias_ih": rows(torch, b, gates)}
    if kind == "IndRNN":
        of["vector_u"] = R["h"]
    else:
        of["weight_hh"] = rows(torch, R, [gate for gate in gates if gate in R])
    if kind == "MUT1":  # it squashes the candidate's bias too, unless it is that of h
        of["bias_ih"] = rows(torch, {**b, "z": 0 * b["z"]}, gates)
        of["bias_hh"] = rows(torch, {"r": 0 * b["r"], "z": b["z"]}, "rz")
    hs, h = run_torchrecurrent(torch, kind, of, x, states[0][None], **options)
    return [hs, h[0]]


def recurrent_janet(torch, question, weights, x, states):
    """It has h and c, which are the same; its beta is learned, here it is fixed."""
    W, R, b = weights
    of = {"weight_ih": rows(torch, W, "fz"), "weight_hh": rows(torch, R, "fz"),
          "bias_ih": rows(torch, b, "fz")}  # fmt: skip
    beta = question.options.get("beta", 1.0)
    h = states[0][None]
    hs, (h, _) = run_torchrecurrent(torch, "JANET", of, x, (h, h), beta=beta)
    return [hs, h[0]]


def recurrent_peephole_lstm(arrange, torch, question, weights, x, states):
    plain = arrange(torch.concatenate, *weights, *states)
    of = {
        "weight_ih": rows(torch, plain.W, "ifzo"),
        "weight_hh": rows(torch, plain.R, "ifzo"),
        "weight_ph": rows(torch, plain.p, "ifo"),
        "bias_ih": rows(torch, plain.b, "ifzo"),
    }
    states = plain.h[None], plain.c[None]
    units = plain.h.shape[-1]
    hs, (h, c) = run_torchrecurrent(torch, "PeepholeLSTM", of, x, states, units)
    return plain.back(hs, h[0], c[0])


def recurrent_multiplicative(torch, weights, x, h, c, b_m):
    """Its h has as many units as m has factors: ours, and units without weights."""
    W, R, b, W_m, R_m = weights

    def padded(tensor, rows=0, columns=0):
        return torch.nn.functional.pad(tensor, (0, columns, 0, rows))

    factors = W_m.shape[-1]
    more = factors - UNITS
    W = {"m": W_m, **{g: padded(W[g], columns=more) for g in W}}
    R = {g: padded(R[g], columns=more) for g in R}
    b = {"m": 0 * b_m, **{g: padded(b[g][None], columns=more)[0] for g in b}}
    of = {
        "weight_ih": rows(torch, W, "mifzo"),
        "bias_ih": rows(torch, b, "mifzo"),
        "weight_hh": padded(R_m, rows=more).t(),
        "bias_hh": b_m,
        "weight_mh": rows(torch, R, "ifzo"),
    }
    states = padded(h, columns=more)[None], padded(c, columns=more)[None]
    hs, (h, c) = run_torchrecurrent(
        torch, "MultiplicativeLSTM", of, x, states, units=factors, multiplicative_bias=False
    )
    return hs[..., :UNITS], h[0][..., :UNITS], c[0][..., :UNITS]


def recurrent_multiplicative_lstm(torch, question, weights, x, states):
    W_m = weights[3]
    return list(recurrent_multiplicative(torch, weights, x, *states, b_m=0 * W_m[0]))


def recurrent_multiplicative_rnn(torch, question, weights, x, states):
    """The multiplicative LSTM with full cells, whose h is sigma(2a): tanh a is 2 sigma(2a) - 1."""
    W, R, b, W_m, R_m = weights
    W, R, b = ({"o": 2 * of["h"], **dict.fromkeys("ifz", 0 * of["h"])} for of in (W, R, b))
    b = {**b, "i": b["i"] - OPEN, "f": b["f"] + OPEN}
    of = W, R, b, W_m, 2 * R_m
    h = (states[0] + 1) / 2
    hs, h, _ = recurrent_multiplicative(torch, of, x, h, 0 * h + FULL, b_m=-R_m.sum(0))
    return [2 * hs - 1, 2 * h - 1]


def recurrent_mi_lstm(torch, question, weights, x, states):
    """A multiplicative LSTM, whose factors are R h times W x, and R h times one."""
    W, R, b, alpha, beta_1, beta_2 = weights
    W_all, R_all = (torch.concatenate([of[g] for g in "ifzo"], -1) for of in (W, R))
    row = 0 * W_all[:1]
    W_m = torch.concatenate(
        [torch.concatenate([W_all, row]), torch.concatenate([0 * W_all, row + 1])], -1
    )
    from_m = torch.concatenate([torch.diag(alpha), torch.diag(beta_1)])
    W_all = torch.concatenate([beta_2 * W_all, row])
    W, from_m = (dict(zip("ifzo", of.split(UNITS, -1), strict=True)) for of in (W_all, from_m))
    x = torch.concatenate([x, 0 * x[..., :1] + 1], -1)
    of = W, from_m, b, W_m, torch.concatenate([R_all, R_all], -1)
    return list(recurrent_multiplicative(torch, of, x, *states, b_m=0 * W_m[0]))


def recurrent_lem(torch, question, weights, x, states):
    """Their y sees the z of the step before: each step is taken again, from the new z."""
    W, R, b, W_y = weights
    of = {
        "weight_ih": rows(torch, W, ("dt_bar", "dt", "z", "y")),
        "weight_hh": rows(torch, R, ("dt_bar", "dt", "z")),
        "weight_ch": W_y.t(),
        "bias_ih": rows(torch, b, ("dt_bar", "dt", "z", "y")),
    }
    (y, z), ys = ([state[None] for state in states], [])
    for step in x.split(1, 1):
        _, (_, z) = run_torchrecurrent(torch, "LEM", of, step, (y, z))
        _, (y, _) = run_torchrecurrent(torch, "LEM", of, step, (y, z))
        ys.append(y[0])
    return [torch.stack(ys, 1), y[0], z[0]]


def recurrent_nas(torch, question, weights, x, states):
    """Its n3 is a sum; ours is a product, of which one factor is silent here."""
    of = {
        name: rows(torch, {**columns, "n3": 0 * columns["n3"]}, [f"n{k}" for k in range(8)])
        for name, columns in zip(("weight_ih", "weight_hh", "bias_ih"), weights, strict=True)
    }
    h, c = states
    hs, (h, c) = run_torchrecurrent(torch, "NAS", of, x, (h[None], c[None]))
    return [hs, h[0], c[0]]


def recurrent_goodfellow_gru(torch, question, weights, x, states):
    """A GRU whose gates see the x of the step before; in the first step, what they start from.

    sigma(a) = (tanh(a/2) + 1) / 2, so h is (g + 1) / 2 where g are units with tanh. The products
    with R are those with g and with units that are ones, and are reset like g.
    """
    W, R, b = weights
    h, *gates = states
    none, no_row = 0 * R["z"], 0 * b["z"]
    identity = torch.eye(UNITS, dtype=torch.float64)
    first = [torch.logit(gate) - h @ R[g] - b[g] for g, gate in zip("ur", gates, strict=True)]

    def in_first_step(values):
        return torch.nn.functional.pad(values[:, None], (0, 0, 0, STEPS - 1))

    before = torch.nn.functional.pad(x[:, :-1], (0, 0, 1, 0))
    seen = torch.concatenate([x, before, *map(in_first_step, first)], -1)
    late = {g: torch.concatenate([0 * W[g], W[g]]) for g in "ur"}
    of_x = {
        "u": torch.concatenate([late["u"], identity, none]),
        "r": torch.concatenate([late["r"], none, identity]),
        "z": torch.concatenate([W["z"] / 2, 0 * W["z"], none, none]),
    }
    beside = {"u": torch.zeros_like(of_x["u"]), "r": of_x["r"], "z": torch.zeros_like(of_x["z"])}
    of_h = {"u": [R["u"] / 2, none], "r": [R["r"] / 2] * 2, "z": [R["z"] / 4, none]}
    biases = {"u": [b["u"], no_row + OPEN], "r": [b["r"]] * 2, "z": [b["z"] / 2, no_row]}
    as_mut2 = [
        {g: torch.concatenate([of_x[g], beside[g]], -1) for g in "urz"},
        {g: torch.concatenate(of_h[g], -1).repeat(2, 1) for g in "urz"},
        {g: torch.concatenate(biases[g]) for g in "urz"},
    ]
    start = torch.concatenate([2 * h - 1, 0 * h + 1], -1)
    hs, h = recurrent_h(
        "MUT2", "urz", torch, question, as_mut2, seen, [start], turned="u", units=2 * UNITS
    )
    return [(hs[..., :UNITS] + 1) / 2, (h[..., :UNITS] + 1) / 2, None, None]
