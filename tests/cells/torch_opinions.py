"""Opinions of torch, for `test_second_opinions.py`: float64, with gradients."""

import pytest
from plain_cells import OPEN, with_one_bias
from questions import Answer

from cases import CASES, FEATURES, STEPS, UNITS, weights_by_gate


def in_torch(run, question):
    """run gets tensors laid out as our arrays, so that torch's gradients are, too."""
    torch = pytest.importorskip("torch")
    arrays = [*question.weights, question.x, *question.states]
    leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
    many = len(question.weights)
    weights, x, states = leaves[:many], leaves[many], leaves[many + 1 :]
    outputs = run(torch, question, weights_by_gate(question.name, weights), x, states)
    loss = sum(
        (output * torch.tensor(direction)).sum()
        for output, direction in zip(outputs, question.directions, strict=True)
        if output is not None
    )
    gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
    return Answer(
        [None if output is None else output.detach().numpy() for output in outputs],
        [None if gradient is None else gradient.numpy() for gradient in gradients],
    )


def rows(torch, of, gates):
    return torch.concatenate([of[gate] for gate in gates], -1).t()


def torch_rnn(torch, question, weights, x, states, nonlinearity="tanh"):
    W, R, b = weights
    of = {"weight_ih_l0": rows(torch, W, "h"), "weight_hh_l0": rows(torch, R, "h"),
          "bias_ih_l0": b["h"], "bias_hh_l0": 0 * b["h"]}  # fmt: skip
    layer = torch.nn.RNN(
        FEATURES, UNITS, nonlinearity=nonlinearity, batch_first=True, dtype=torch.float64
    )
    hs, h = run_packed(torch, layer, of, x, states[0][None], question.lengths)
    return [hs, h[0]]


def torch_units(torch, question, weights, x, states):
    """A simple RNN into which nothing is fed back."""
    W, _, b = weights
    R = {"h": torch.zeros(UNITS, UNITS, dtype=torch.float64)}
    return torch_rnn(torch, question, [W, R, b], x, states)


def torch_stacked_rnn(torch, question, weights, x, states):
    """Layers upon each other; those of a deep output are layers without R."""
    W, R, b, *own = weights
    if question.name == "deep_output_rnn":
        own = [weight for U, d in zip(own[::2], own[1::2], strict=True) for weight in (U, 0 * U, d)]
        y, h = states
        states = [y] * (len(own) // 3) + [h]
    layers = [(W["h"], R["h"], b["h"]), *zip(own[::3], own[1::3], own[2::3], strict=True)]
    of = {}
    for k, (W_k, R_k, b_k) in enumerate(layers):
        of |= {f"weight_ih_l{k}": W_k.t(), f"weight_hh_l{k}": R_k.t(),
               f"bias_ih_l{k}": b_k, f"bias_hh_l{k}": 0 * b_k}  # fmt: skip
    layer = torch.nn.RNN(FEATURES, UNITS, len(layers), batch_first=True, dtype=torch.float64)
    hs, h = run_packed(torch, layer, of, x, torch.stack(states[::-1]), question.lengths)
    finals = reversed(h.unbind())
    return [hs, h[-1], h[0]] if question.name == "deep_output_rnn" else [hs, *finals]


def torch_rnn_cells(torch, question, weights, x, states):
    """A cell of torch for each layer of a deep transition; those between do not see h_{t-1}."""
    W, R, b, *own = weights
    V = own.pop() if question.name == "deep_transition_shortcut_rnn" else 0 * R["h"]
    layers = [(W["h"], R["h"], b["h"])]
    layers += [(U, 0 * U, d) for U, d in zip(own[::2], own[1::2], strict=True)]
    layers[-1] = layers[-1][0], V, layers[-1][2]
    (h,), hs = states, []
    for a in x.unbind(1):
        for W_l, R_l, b_l in layers:
            cell = torch.nn.RNNCell(a.shape[-1], UNITS, dtype=torch.float64)
            of = {"weight_ih": W_l.t(), "weight_hh": R_l.t(), "bias_ih": b_l, "bias_hh": 0 * b_l}
            a = torch.func.functional_call(cell, of, (a, h))
        h = a
        hs.append(h)
    return [torch.stack(hs, 1), h]


def torch_gru(arrange, torch, question, weights, x, states):
    W, R, b_x, b_h = arrange(*weights)
    of = {"weight_ih_l0": rows(torch, W, "ruz"), "weight_hh_l0": rows(torch, R, "ruz"),
          "bias_ih_l0": rows(torch, b_x, "ruz"), "bias_hh_l0": rows(torch, b_h, "ruz")}  # fmt: skip
    layer = torch.nn.GRU(x.shape[-1], UNITS, batch_first=True, dtype=torch.float64)
    hs, h = run_packed(torch, layer, of, x, states[0][None], question.lengths)
    return [hs, h[0]]


def torch_clockwork_rnn(torch, question, weights, x, states):
    """A GRU whose update gates keep a group until its period is over."""
    W, R, b = (of["h"] for of in weights)
    h, t = states
    period = torch.tensor([1, 2]).repeat_interleave(UNITS // 2)
    rests = (t[:, :, None] + torch.arange(STEPS)[:, None]) % period != 0
    x = torch.concatenate([x, OPEN * (2.0 * rests - 1)], -1)
    none, no_row = 0 * R, 0 * b
    identity = torch.eye(UNITS, dtype=torch.float64)
    arranged = [
        {"u": torch.concatenate([0 * W, identity]), "r": torch.concatenate([0 * W, none]),
         "z": torch.concatenate([W, none])},
        {"u": none, "r": none, "z": R * (period[:, None] >= period)},
        {"u": no_row, "r": no_row + OPEN, "z": b},
    ]  # fmt: skip
    hs, h = torch_gru(with_one_bias, torch, question, arranged, x, [h])
    return [hs, h, None]


def torch_projected_lstm(torch, question, weights, x, states):
    W, R, b, P = weights
    of = {"weight_ih_l0": rows(torch, W, "ifzo"), "weight_hh_l0": rows(torch, R, "ifzo"),
          "bias_ih_l0": rows(torch, b, "ifzo"), "bias_hh_l0": 0 * rows(torch, b, "ifzo"),
          "weight_hr_l0": P.t()}  # fmt: skip
    cells, projection = P.shape
    layer = torch.nn.LSTM(
        FEATURES, cells, proj_size=projection, batch_first=True, dtype=torch.float64
    )
    h, c = states
    hs, (h, c) = run_packed(torch, layer, of, x, (h[None], c[None]), question.lengths)
    return [hs, h[0], c[0]]


def torch_lstm(arrange, torch, question, weights, x, states):
    plain = arrange(torch.concatenate, *weights, *states)
    of = {
        "weight_ih_l0": rows(torch, plain.W, "ifzo"),
        "weight_hh_l0": rows(torch, plain.R, "ifzo"),
        "bias_ih_l0": rows(torch, plain.b, "ifzo"),
        "bias_hh_l0": 0 * rows(torch, plain.b, "ifzo"),
    }
    size = FEATURES, plain.h.shape[-1]
    if question.options.get("gradient") != CASES[question.name].full_gradient.get("gradient"):
        cell = torch.nn.LSTMCell(*size, dtype=torch.float64)
        of = {name.removesuffix("_l0"): value for name, value in of.items()}
        hs, h, c = [], plain.h, plain.c
        for x_t in x.unbind(1):
            h, c = torch.func.functional_call(cell, of, (x_t, (h.detach(), c)))
            hs.append(h)
        return plain.back(torch.stack(hs, 1), h, c)
    layer = torch.nn.LSTM(*size, batch_first=True, dtype=torch.float64)
    states = plain.h[None], plain.c[None]
    hs, (h, c) = run_packed(torch, layer, of, x, states, question.lengths)
    return plain.back(hs, h[0], c[0])


def run_packed(torch, layer, weights, x, states, lengths):
    pack, pad = torch.nn.utils.rnn.pack_padded_sequence, torch.nn.utils.rnn.pad_packed_sequence
    packed = pack(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    hs, finals = torch.func.functional_call(layer, weights, (packed, states))
    return pad(hs, batch_first=True, total_length=STEPS)[0], finals
