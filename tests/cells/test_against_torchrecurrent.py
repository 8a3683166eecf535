"""Cells that torchrecurrent has too: with the same weights, the same outputs."""

import numpy as np
import pytest

from cases import (
    FEATURES,
    STEPS,
    UNITS,
    all_close,
    build,
    initial_states,
    own_layer,
    sequences,
    weights_by_gate,
)


def rows(of, gates):
    """The weights of the gates, as torch has them: from below to the right, out of the left."""
    return np.concatenate([of[gate] for gate in gates], axis=-1).T


def plain(of_x, of_h, biased):
    """The gates of their matrices, in their order."""
    return lambda W, R, b: {
        "weight_ih": rows(W, of_x),
        "weight_hh": rows(R, of_h),
        "bias_ih": rows(b, biased),
    }


def cfn(W, R, b):
    """Theirs has a bias in z."""
    gates = ("theta", "eta", "z")
    return plain(gates, gates[:2], gates)(W, R, {**b, "z": np.zeros(UNITS)})


def minimal_rnn(W, R, b, U_z):
    return {
        "weight_ih": W["z"].T,
        "bias_ih": b["z"],
        "weight_hh": R["u"].T,
        "weight_mm": U_z.T,
        "bias_hh": b["u"],
    }


def fast_grnn(W, R, b, zeta, nu):
    return {**plain("z", "z", "uz")(W, R, b), "zeta": zeta, "nu": nu}


def lem(W, R, b, W_y):
    gates = ("dt_bar", "dt", "z", "y")
    return {**plain(gates, gates[:3], gates)(W, R, b), "weight_ch": W_y.T}


def cornn(W, R, b, W_z):
    return {**plain("z", "z", "z")(W, R, b), "weight_ch": W_z.T}


THEIRS = {
    "ran": ("RANCell", {}, plain("zif", "if", "if")),
    "cfn": ("CFNCell", {}, cfn),
    "minimal_rnn": ("MinimalRNNCell", {}, minimal_rnn),
    "atr": ("ATRCell", {}, plain("p", "q", "p")),
    "brc": ("BRCell", {}, plain("acz", "ac", "acz")),
    "nbrc": ("NBRCell", {}, plain("acz", "ac", "acz")),
    "star": ("STARCell", {}, plain("zk", "k", "zk")),
    "li_gru": ("LiGRUCell", {}, plain("uz", "uz", "uz")),
    "fast_grnn": ("FastGRNNCell", {"nonlinearity": "sigmoid"}, fast_grnn),
    "antisymmetric_rnn": (
        "GatedAntisymmetricRNNCell",
        {"epsilon": 0.5, "gamma": 0.25},
        plain("uz", "z", "uz"),
    ),
    "cornn": ("coRNNCell", {"dt": 0.5, "gamma": 0.25, "epsilon": 0.75}, cornn),
    "lem": ("LEMCell", {"dt": 0.5}, lem),
}
OURS = {"fast_grnn": {}}  # whose options are only theirs


def new_states(name, cell, x, states):
    """Their states after one step, the output first."""
    new = cell(x, states if len(states) > 1 else states[0])
    if name == "lem":  # its y takes the z of the step before: so it gets the new z as that
        new = cell(x, (states[0], new[1]))[0], new[1]
    return new if isinstance(new, tuple) else (new,)


@pytest.mark.parametrize("name", THEIRS)
def test_equals_the_cell_of_torchrecurrent(name, rng):
    torch = pytest.importorskip("torch")
    torchrecurrent = pytest.importorskip("torchrecurrent")
    cell_name, options, weights_of = THEIRS[name]
    cell = getattr(torchrecurrent, cell_name)(FEATURES, UNITS, **options, dtype=torch.float64)
    options = {"return_sequences": True, "return_state": True, **OURS.get(name, options)}
    layer = build(own_layer(name, **options), rng)
    given = weights_of(*weights_by_gate(name, layer.get_weights()))
    weights = dict(cell.named_parameters())
    assert given.keys() <= weights.keys()
    x, states = sequences(rng), initial_states(name, rng)
    with torch.no_grad():
        for key, weight in weights.items():
            value = torch.from_numpy(given.get(key, np.zeros(weight.shape)))
            assert value.shape == weight.shape
            weight.copy_(value)
        theirs, hs = tuple(map(torch.from_numpy, states)), []
        for t in range(STEPS):
            theirs = new_states(name, cell, torch.from_numpy(x[:, t]), theirs)
            hs.append(theirs[0])
    expected = [torch.stack(hs, dim=1), *theirs]
    all_close(layer(x, initial_state=states), expected)
