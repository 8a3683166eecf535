"""Opinions on cells whose recurrence is linear, for `test_second_opinions.py`.

The recurrences of flash-linear-attention are what its authors test their GPU kernels against, in
plain torch and float32.
"""

import math
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
from questions import Answer

from cases import CASES, UNITS, by_gate

FLA = "flash-linear-attention"


def reference(file, name):
    """A function of flash-linear-attention.

    Its file is run by itself: the package imports triton, which needs half a gigabyte and ends a
    process that has imported TensorFlow.
    """
    folder = Path(find_spec("fla").origin).parent / "ops"
    spec = spec_from_file_location(f"reference_{file.replace('/', '_')}", folder / f"{file}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


def nets(asks, of_all_heads=()):
    """The net inputs by gate, (batch, steps, heads, size); other weights; the first memories."""
    import torch

    kernel, bias, *own = asks.weights
    heads, gates = CASES[asks.name].size["heads"], CASES[asks.name].gates
    net = by_gate(asks.x @ kernel + bias, gates)
    net |= {gate: np.tile(net[gate], heads) for gate in of_all_heads}
    shape = *asks.x.shape[:2], heads, -1
    S = asks.states[1].reshape(len(asks.x), heads, -1, UNITS // heads)
    return (
        {gate: torch.tensor(x.reshape(shape), dtype=torch.float32) for gate, x in net.items()},
        [torch.tensor(one.reshape(heads, -1), dtype=torch.float32) for one in own],
        torch.tensor(S, dtype=torch.float32),
    )


def answered(o, S):
    o = o.reshape(*o.shape[:2], UNITS).numpy()
    return Answer([o, o[:, -1], S.reshape(len(o), -1).numpy()])


def heads_first(*tensors):
    return [one.transpose(1, 2) for one in tensors]


def of_length_one(x):
    return x / ((x**2).sum(-1, keepdim=True) + 1e-6).sqrt()


def unscaled(q):
    """Their q is divided by the root of its size."""
    return q * math.sqrt(q.shape[-1])


def gla(asks):
    from torch.nn.functional import logsigmoid

    recurrence = reference("gla/naive", "naive_recurrent_gla")
    net, _, S = nets(asks)
    decay = logsigmoid(net["a"]) / 16
    return answered(*recurrence(unscaled(net["q"]), net["k"], net["v"], decay, S, True))


def hgrn2(asks):
    import torch
    from torch.nn.functional import silu

    recurrence = reference("gla/naive", "naive_recurrent_gla")
    net, _, S = nets(asks)
    f = torch.sigmoid(net["f"])
    return answered(*recurrence(unscaled(silu(net["q"])), 1 - f, net["i"], f.log(), S, True))


def delta_net(asks):
    import torch
    from torch.nn.functional import silu

    recurrence = reference("delta_rule/naive", "delta_rule_recurrence")
    net, _, S = nets(asks)
    q, k = (of_length_one(silu(net[gate])) for gate in "qk")
    beta = torch.sigmoid(net["beta"])[..., 0]
    o, S = recurrence(*heads_first(unscaled(q), k, net["v"], beta), S)
    return answered(o.transpose(1, 2), S)


def gated_delta_net(asks):
    import torch
    from torch.nn.functional import silu, softplus

    recurrence = reference("gated_delta_rule/naive", "naive_recurrent_gated_delta_rule")
    net, (decay,), S = nets(asks)
    q, k = (of_length_one(silu(net[gate])) for gate in "qk")
    beta = torch.sigmoid(net["beta"])[..., 0]
    g = -decay[:, 0].exp() * softplus(net["alpha"][..., 0])
    return answered(*recurrence(q, k, net["v"], beta, g, 1.0, S, True))


def rwkv7(asks):
    import torch

    recurrence = reference("generalized_delta_rule/dplr/naive", "dplr_recurrence")
    net, (removal, replacement), S = nets(asks)
    w = -math.exp(-0.5) * torch.sigmoid(net["w"])
    a = torch.sigmoid(net["a"])
    kappa = of_length_one(net["k"] * removal)
    k = net["k"] * (1 + (a - 1) * replacement)
    tensors = heads_first(unscaled(net["r"]), k, net["v"], -kappa, kappa * a, w)
    o, S = recurrence(*tensors, S)
    return answered(o.transpose(1, 2), S)


def mamba2(asks):
    from torch.nn.functional import softplus

    recurrence = reference("simple_gla/naive", "naive_chunk_simple_gla")
    net, (decay, skip), S = nets(asks, of_all_heads="BC")
    dt = softplus(net["dt"])
    g = (-dt * decay.exp())[..., 0]
    o, S = recurrence(unscaled(net["C"]), dt * net["B"], net["u"], g, S, True)
    return answered(o + skip * net["u"], S)


def min_rnn(asks, torch_class, layer, order):
    """Step by step: from all steps at once, minLSTM takes its first state for something else."""
    import torch

    kernel, bias = asks.weights
    features = asks.x.shape[-1]
    theirs = torch_class(features, UNITS / features, proj_out=False).double()
    gates = CASES[asks.name].gates
    linear = torch.nn.Linear(features, len(order) * UNITS, dtype=torch.float64)
    with torch.no_grad():
        for weight, ours in (linear.weight, kernel), (linear.bias, bias):
            columns = by_gate(ours, gates)
            together = np.concatenate([columns[gate] for gate in order], axis=-1)
            weight.copy_(torch.tensor(together.T))
        setattr(theirs, layer, linear)
        h, hs = torch.tensor(asks.states[0])[:, None], []
        for t in range(asks.x.shape[1]):
            h = theirs(torch.tensor(asks.x[:, t : t + 1]), h)
            hs.append(h)
    return Answer([torch.cat(hs, 1).numpy(), h[:, 0].numpy()])


def log_min_gru(asks):
    from minGRU_pytorch.minGRU import minGRU

    return min_rnn(asks, minGRU, "to_hidden_and_gate", "zu")


def log_min_lstm(asks):
    from minGRU_pytorch.minLSTM import minLSTM

    return min_rnn(asks, minLSTM, "to_hidden_and_f_i_gate", "zfi")


def lru(asks):
    import torch
    from LRU_pytorch import LRU

    kernel, bias, nu, theta, gamma, C_re, C_im = map(torch.tensor, asks.weights)
    B_re, B_im, D = torch.split(kernel, [len(nu), len(nu), UNITS], dim=1)
    theirs = LRU(len(kernel), UNITS, len(nu))
    parameters = {
        "nu_log": nu, "theta_log": theta, "gamma_log": gamma, "D": D.T,
        "B": torch.complex(B_re, B_im).T, "C": torch.complex(C_re, C_im).T,
    }  # fmt: skip
    for name, value in parameters.items():
        setattr(theirs, name, torch.nn.Parameter(value))
    _, re, im = map(torch.tensor, asks.states)
    with torch.no_grad():
        ys = [
            theirs(torch.tensor(x), torch.complex(re[n], im[n])) for n, x in enumerate(asks.x)
        ]  # its outputs are float32
    y = (torch.stack(ys) + bias.float()).numpy()
    return Answer([y, y[:, -1], None, None])


OPINIONS = {
    **{
        cell.__name__: {FLA: cell}
        for cell in (gla, delta_net, gated_delta_net, hgrn2, rwkv7, mamba2)
    },
    "log_min_gru": {"minGRU-pytorch": log_min_gru},
    "log_min_lstm": {"minGRU-pytorch": log_min_lstm},
    "lru": {"LRU-pytorch": lru},
}
