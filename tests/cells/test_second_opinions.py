"""What others compute from the same weights: every cell beside an independent implementation.

An opinion is a function that runs somebody else's code on a `Question` and returns an `Answer`. Few
have our cells as they are, but many cells can be written as another one: a gate that is missing is
one that is always open, a gate that is fed back is the output of a unit of its own.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import keras
import linear_opinions
import numpy as np
import pytest
import tensorflow as tf
import test_against_keras

from cases import (
    AT_NIGHT,
    BATCH,
    BLOCKS,
    CASES,
    CELLS_PER_BLOCK,
    FEATURES,
    STEPS,
    UNITS,
    build,
    initial_states,
    layer_gradients,
    of_tensorflow,
    one_each,
    own_layer,
    sequences,
    weights_by_gate,
)
from keras_lstm_variants import CELLS, TIMED_LAYERS

OPEN = 100.0  # as the net input of a gate: it is one; as its negative: it is nothing
FULL = 1000.0  # as a cell state: it is squashed to one
SAME_BLOCK = np.arange(UNITS) // CELLS_PER_BLOCK  # the block of each cell
LENGTHS = np.array([5, 3, 1, 4])

pytestmark = [
    of_tensorflow,  # elsewhere Keras computes in float32
    pytest.mark.filterwarnings("ignore:CUDA initialization"),  # torch, without a GPU
]


class Question(NamedTuple):
    """A cell and its arguments, all arrays float64: the weights as the layer has them."""

    name: str
    options: dict
    weights: list
    x: np.ndarray
    states: list
    lengths: np.ndarray
    backwards: bool
    directions: list  # of the derivative, for each output


class Answer(NamedTuple):
    """h at every step and the final states; the gradients of weights, x and states, if any.

    None for a state that the other one does not have.
    """

    outputs: list
    gradients: list | None = None


# Cells as plain LSTMs: i, f, z, o, logistic gates, perhaps peepholes. All of this works on the
# arrays of NumPy and of torch, whose `concatenate` is given as join.


class Plain(NamedTuple):
    """Weights by gate, states, and the map from the plain LSTM's outputs to those of the cell."""

    W: dict
    R: dict
    b: dict
    p: dict | None
    h: np.ndarray
    c: np.ndarray
    back: Callable = lambda hs, h, c: [hs, h, c]


def as_it_is(join, W, R, b, h, c):
    return Plain(W, R, b, None, h, c)


def with_peepholes(join, W, R, b, p, h, c):
    return Plain(W, R, b, p, h, c)


def with_open_gate(gate, join, W, R, b, p, h, c):
    none = 0 * b["z"]
    return Plain(
        {**W, gate: 0 * W["z"]}, {**R, gate: 0 * R["z"]}, {**b, gate: none + OPEN},
        {**p, gate: none}, h, c,
    )  # fmt: skip


def with_opposed_gates(join, *weights_and_states):
    """The logistic function of -a is one minus that of a."""
    *weights, h, c = weights_and_states
    return Plain(*({**of, "f": -of["i"]} for of in weights), h, c)


def with_tied_gates(join, W, R, b, p, h, c):
    """The blocks' gates, once for each cell; peepholes of zero, since these cannot be tied."""
    W, R, b = ({g: of[g] if g == "z" else of[g][..., SAME_BLOCK] for g in "ifzo"}
               for of in (W, R, b))  # fmt: skip
    return Plain(W, R, b, None, h, c)


def with_tanh_for_output_gate(join, W, R, b, h, c):
    """tanh a = 2 sigma(2a) - 1, so h is twice a unit's output less that of one with open gate."""
    twice = [{g: join([of[g], of[g]], -1) for g in "ifz"} for of in (W, R, b)]
    for of, new, bias in zip((W, R, b), twice, (0, 0, OPEN), strict=True):
        new["o"] = join([2 * of["o"], 0 * of["o"] + bias], -1)
    W, R, b = twice
    R = {g: join([2 * R[g], -R[g]], 0) for g in R}

    def back(hs, h, c):
        return [*(2 * of[..., :UNITS] - of[..., UNITS:] for of in (hs, h)), c[..., :UNITS]]

    return Plain(W, R, b, None, join([h, h], -1), join([c, c], -1), back)


def with_units_for_gates(join, of, gates, bias):
    """The columns of the cells, and of a unit for each gate that is fed back.

    The cell state of such a unit is full and stays so: its output is its output gate.
    """
    none = 0 * gates
    extra = {"i": none - bias, "f": none + bias, "z": none, "o": gates}
    return {g: join([of[g], extra[g]], -1) for g in "ifzo"}


def with_gates_fed_back_and_tied(scale, join, W, R, b, h, c, *gates):
    """The cells of 1997; scale is what their cell states and their input are multiplied by.

    A gate that the cell does not have is open.
    """
    own = [g for g in "io" if g in W]
    columns = []
    for of, bias in (W, 0), (R, 0), (b, OPEN):
        none = 0 * of["z"]
        tied = {g: of[g][..., SAME_BLOCK] if g in own else none + bias for g in "io"}
        cells = {**tied, "z": scale * of["z"], "f": none + bias}
        fed_back = join([of[g] for g in own], -1) if own else none[..., :0]
        columns.append(with_units_for_gates(join, cells, fed_back, bias))

    def back(hs, h, c):
        gates = [h[..., UNITS + BLOCKS * k : UNITS + BLOCKS * (k + 1)] for k in range(len(own))]
        return [hs[..., :UNITS], h[..., :UNITS], c[..., :UNITS] / scale, *gates]

    full = [0 * gate + FULL for gate in gates]
    return Plain(*columns, None, join([h, *gates], -1), join([scale * c, *full], -1), back)


def with_tied_gates_and_plain_units(join, W, R, b, p, y, c):
    """Peepholes of zero. A plain unit is a full cell: tanh a is twice its output gate, less one."""
    cells = c.shape[-1]
    b = {g: b[g] - R[g][cells:].sum(0) for g in b}
    R = {g: join([R[g][:cells], 2 * R[g][cells:]], 0) for g in R}
    columns = []
    for of, bias in (W, 0), (R, 0), (b, OPEN):
        tied = {g: of[g][..., SAME_BLOCK[:cells]] for g in "ifo"}
        columns.append(with_units_for_gates(join, {**tied, "z": of["z"]}, 2 * of["a"], bias))

    def halved(y):
        return join([y[..., :cells], (y[..., cells:] + 1) / 2], -1)

    def back(hs, h, c):
        ys = [join([of[..., :cells], 2 * of[..., cells:] - 1], -1) for of in (hs, h)]
        return [*ys, c[..., :cells]]

    full = 0 * y[..., cells:] + FULL
    return Plain(*columns, None, halved(y), join([c, full], -1), back)


def with_projection_in_weights(join, W, R, b, P, *p_and_states):
    """R P multiplies the outputs m. Further units put out the first h, and nothing from then on."""
    *p, h, c = p_and_states
    cells, n = P.shape
    rows = {g: join([P @ R[g], R[g]], 0) for g in R}
    columns = []
    for of, bias in (W, 0), (rows, 0), (b, -OPEN):
        none = 0 * of["z"][..., :n]
        extra = {"i": none, "f": none, "z": none, "o": none + bias}
        columns.append({g: join([of[g], extra[g]], -1) for g in "ifzo"})
    p = {g: join([of, 0 * of[:n]], -1) for g, of in zip("ifo", p, strict=True)} if p else None

    def back(hs, h, c):
        return [hs[..., :cells] @ P, h[..., :cells] @ P, c[..., :cells]]

    return Plain(*columns, p, join([0 * c, h], -1), join([c, 0 * h], -1), back)


def with_units_for_highway(join, W, R, b, v_f, v_r, h, c):
    """Units without squashing: one with opposed gates, and one whose cell state is the input.

    v_r is zero, since the output gate sees the new cell state.
    """
    none, no_row = 0 * W["z"], 0 * b["f"]
    units = [
        {"i": [-W["f"], none], "f": [W["f"], none], "z": [W["z"], W["x"]], "o": [W["r"], -W["r"]]},
        {
            "i": [-b["f"], no_row + OPEN],
            "f": [b["f"], no_row - OPEN],
            "z": [no_row, no_row],
            "o": [b["r"], -b["r"]],
        },
        {"i": [-v_f, no_row], "f": [v_f, no_row], "o": [v_r, no_row]},
    ]
    W, b, p = ({g: join(of[g], -1) for g in of} for of in units)
    R = {g: 0 * join([W[g]] * 2, 0)[: 2 * UNITS] for g in W}

    def back(hs, h, c):
        return [*(of[..., :UNITS] + of[..., UNITS:] for of in (hs, h)), c[..., :UNITS]]

    return Plain(W, R, b, p, join([h, 0 * h], -1), join([c, 0 * c], -1), back)


def with_units_for_lanes(join, W, R, b, h, c):
    """Each lane is a unit, and each R multiplies the sum of them."""

    def summed(of):
        return of[..., :UNITS] + of[..., UNITS:]

    def back(hs, h, c):
        return [summed(hs), summed(h), c]

    R = {g: join([R[g], R[g]], 0) for g in R}
    return Plain(W, R, b, None, join([h, 0 * h], -1), c, back)


def with_gates_fed_back(join, W, R, b, G, p, h, c, i, f, o):
    """Full gate recurrence; peepholes of zero, since the gates' units have other cell states."""
    rows = {g: join([R[g], *(G[g][of] for of in "ifo")], 0) for g in "ifo"}
    rows["z"] = join([R["z"], *[0 * R["z"]] * 3], 0)
    columns = [
        with_units_for_gates(join, of, join([of[g] for g in "ifo"], -1), bias)
        for of, bias in ((W, 0), (rows, 0), (b, OPEN))
    ]

    def back(hs, h, c):
        return [hs[..., :UNITS], h[..., :UNITS], c[..., :UNITS],
                *(h[..., k * UNITS : (k + 1) * UNITS] for k in (1, 2, 3))]  # fmt: skip

    gates = join([i, f, o], -1)
    return Plain(*columns, None, join([h, gates], -1), join([c, 0 * gates + FULL], -1), back)


# Where others have not all of a cell, what they lack is silent, or turned off.
WITHOUT_PEEPHOLES = {  # how many of the last weights these are
    "memory_block_lstm": 3,
    "mixed_block_lstm": 3,
    "full_gate_recurrence_lstm": 3,
    "sru": 1,  # that of the gate r
}
WITHOUT_A_PRODUCT = ("nas",)  # its n3
OPTIONS = {  # with which they are asked
    "zoneout_lstm": {"zoneout_c": 0.0, "zoneout_h": 0.0},
    "min_gru": {"activation": "tanh"},
    "antisymmetric_rnn": {"epsilon": 0.5, "gamma": 0.25},
    "cornn": {"dt": 0.5, "gamma": 0.25, "epsilon": 0.75},
}


# Cells as GRUs with update, reset, candidate u, r, z: W, R, the biases of the inputs, and of h.


def with_two_biases(W, R, b):
    return W, R, *({g: b[g][k] for g in b} for k in (0, 1))


def with_one_bias(W, R, b):
    return W, R, b, {g: 0 * b[g] for g in b}


def with_nothing_fed_back(W, R, b):
    """min_gru, whose u is the share of the new."""
    W, b = ({"u": -of["u"], "r": 0 * of["u"], "z": of["z"]} for of in (W, b))
    return with_one_bias(W, {g: 0 * W[g][:UNITS] for g in W}, b)


# onnxruntime: float32, no gradients. Gates come in the order i o f z, u r z.

ONNX_FUNCTIONS = {  # by Keras' name: onnxruntime's, alpha and beta
    "tanh": ("Tanh",),
    "relu": ("Relu",),
    "sigmoid": ("Sigmoid",),
    "softsign": ("Softsign",),
    "hard_sigmoid": ("HardSigmoid", 1 / 6, 0.5),
    "linear": ("Affine", 1.0, 0.0),
    "g of 1997": ("ScaledTanh", 2.0, 0.5),
    "h of 1997": ("ScaledTanh", 1.0, 0.5),
}


def columns_first(of, gates):
    return np.concatenate([of[gate].T for gate in gates])


class Node(NamedTuple):
    """An operator of ONNX that does what a layer does, in one direction."""

    kind: str
    weights: dict
    states: dict
    functions: tuple
    attributes: dict
    back: Callable


def functions(question, *names):
    """Keras' names of the cell's own functions, by their argument; other names stay."""
    own = {"activation": "tanh", "recurrent_activation": "sigmoid", **question.options}
    return [own.get(name, name) for name in names]


def onnx_lstm(question, arrange, g="activation", h="activation", **attributes):
    weights = weights_by_gate(question.name, question.weights)
    plain = arrange(np.concatenate, *weights, *question.states)
    bias = columns_first(plain.b, "iofz")
    arrays = {
        "W": columns_first(plain.W, "iofz"),
        "R": columns_first(plain.R, "iofz"),
        "B": np.concatenate([bias, np.zeros_like(bias)]),
    }
    if plain.p:
        arrays["P"] = np.concatenate([plain.p[gate] for gate in "iof"])
    chosen = functions(question, "recurrent_activation", g, h)
    states = {"initial_h": plain.h, "initial_c": plain.c}
    return Node("LSTM", arrays, states, chosen, attributes, plain.back)


def onnx_gru(question, arrange, reset_after):
    W, R, b_x, b_h = arrange(*weights_by_gate(question.name, question.weights))
    arrays = {
        "W": columns_first(W, "urz"),
        "R": columns_first(R, "urz"),
        "B": np.concatenate([columns_first(b_x, "urz"), columns_first(b_h, "urz")]),
    }
    chosen = functions(question, "recurrent_activation", "activation")
    attributes = {"linear_before_reset": int(reset_after)}
    return Node("GRU", arrays, {"initial_h": question.states[0]}, chosen, attributes, two_outputs)


def onnx_rnn(question, function="activation"):
    W, R, b = question.weights
    arrays = {"W": W.T, "R": R.T, "B": np.concatenate([b, np.zeros_like(b)])}
    chosen = functions(question, function)
    return Node("RNN", arrays, {"initial_h": question.states[0]}, chosen, {}, two_outputs)


def two_outputs(hs, h):
    return [hs, h]


def run_onnx(nodes, direction, x, lengths):
    """What the operator gives: Y of shape (steps, directions, batch, units), Y_h and Y_c."""
    onnx = pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    first = nodes[0]
    arguments = {"X": x.transpose(1, 0, 2)}
    for of in ("weights", "states"):
        for name in getattr(first, of):
            arguments[name] = np.stack([getattr(node, of)[name] for node in nodes])
    arguments = {name: value.astype("float32") for name, value in arguments.items()}
    arguments["sequence_lens"] = lengths.astype("int32")
    chosen = [ONNX_FUNCTIONS[name] for node in nodes for name in node.functions]
    scaled = [function for function in chosen if len(function) == 3]
    order = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"]
    outputs = ["Y", "Y_h", "Y_c"][: 1 + len(first.states)]
    node = onnx.helper.make_node(
        first.kind,
        [name for name in order if name in arguments],  # only last ones are ever missing
        outputs,
        hidden_size=first.weights["R"].shape[-1],
        direction=direction,
        activations=[function[0] for function in chosen],
        activation_alpha=[alpha for _, alpha, _ in scaled] or None,
        activation_beta=[beta for _, _, beta in scaled] or None,
        **first.attributes,
    )
    types = {np.dtype("float32"): onnx.TensorProto.FLOAT, np.dtype("int32"): onnx.TensorProto.INT32}
    graph = onnx.helper.make_graph(
        [node],
        "layer",
        [
            onnx.helper.make_tensor_value_info(name, types[value.dtype], value.shape)
            for name, value in arguments.items()
        ],
        [
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            for name in outputs
        ],
    )
    model = onnx.helper.make_model(
        graph, ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 14)]
    )
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, arguments)


def in_onnxruntime(node_of, question):
    node = node_of(question)
    direction = "reverse" if question.backwards else "forward"
    Y, *finals = run_onnx([node], direction, question.x, question.lengths)
    outputs = node.back(Y[:, 0].transpose(1, 0, 2), *(final[0] for final in finals))
    return Answer([output.astype("float32") for output in outputs])


def onnx_opinion(node_of, *arguments, **keywords):
    def ask(question):
        return node_of(question, *arguments, **keywords)

    return partial(in_onnxruntime, ask)


# torch and torchrecurrent: float64, with gradients.


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


# TensorFlow's kernel: float32, with gradients. Time first, columns i z f o.


def in_block_lstm(question):
    arrays = [*question.weights, question.x, *question.states]
    leaves = [tf.constant(array, "float32") for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(leaves)
        kernel, recurrent_kernel, bias, *p, x, h, c = leaves

        def reordered(columns):
            i, f, z, o = tf.split(columns, 4, axis=-1)
            return tf.concat([i, z, f, o], axis=-1)

        p_i, p_f, p_o = p or [tf.zeros(UNITS)] * 3
        given = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.constant(STEPS, "int64"),
            x=tf.transpose(x, (1, 0, 2)),
            cs_prev=c,
            h_prev=h,
            w=reordered(tf.concat([kernel, recurrent_kernel], axis=0)),
            wci=p_i,
            wcf=p_f,
            wco=p_o,
            b=reordered(bias),
            forget_bias=0.0,
            cell_clip=-1.0,
            use_peephole=bool(p),
        )
        outputs = [tf.transpose(given.h, (1, 0, 2)), given.h[-1], given.cs[-1]]
        loss = sum(
            tf.reduce_sum(output * tf.cast(direction, "float32"))
            for output, direction in zip(outputs, question.directions, strict=True)
        )
    return Answer([output.numpy() for output in outputs], tape.gradient(loss, leaves))


KERAS = "test_against_keras.py"  # the file that asks Keras


def of_torch(run, *arguments):
    return {"torch": partial(in_torch, partial(run, *arguments))}


def of_lstm(arrange, **functions):
    """Whom to ask about a cell that is a plain LSTM with other weights."""
    return {
        **of_torch(torch_lstm, arrange),
        "onnxruntime LSTM": onnx_opinion(onnx_lstm, arrange, **functions),
    }


def of_peephole_lstm(arrange, **attributes):
    """The same about a peephole LSTM."""
    return {
        "onnxruntime LSTM": onnx_opinion(onnx_lstm, arrange, **attributes),
        "torchrecurrent": partial(in_torch, partial(recurrent_peephole_lstm, arrange)),
    }


def of_torchrecurrent(kind, gates, **options):
    run = partial(recurrent_h, kind, gates, **options)
    return {"torchrecurrent": partial(in_torch, run)}


def of_recurrent_layer(kind, arrange, **options):
    run = partial(recurrent_layer, kind, arrange, **options)
    return {"torchrecurrent": partial(in_torch, run)}


IN_1997 = {
    **of_torch(torch_lstm, partial(with_gates_fed_back_and_tied, 0.5)),
    "onnxruntime LSTM": onnx_opinion(
        onnx_lstm, partial(with_gates_fed_back_and_tied, 1.0), g="g of 1997", h="h of 1997"
    ),
}
DEEP_TRANSITION = {"torch RNNCell": partial(in_torch, torch_rnn_cells)}
OPINIONS = {
    "simple_rnn": {
        "Keras": KERAS,
        **of_torch(torch_rnn),
        "onnxruntime RNN": onnx_opinion(onnx_rnn),
    },
    "memoryless": of_torch(torch_units),
    "cec": IN_1997,
    "lstm_1997": IN_1997,
    "lstm_1997_input_gate": IN_1997,
    "lstm_1997_output_gate": IN_1997,
    "lstm": {
        "Keras": KERAS,
        **of_lstm(as_it_is),
        "TensorFlow BlockLSTM": in_block_lstm,
    },
    "peephole_lstm": {
        **of_peephole_lstm(with_peepholes),
        "TensorFlow BlockLSTM": in_block_lstm,
    },
    "memory_block_lstm": of_lstm(with_tied_gates),
    "mixed_block_lstm": of_lstm(with_tied_gates_and_plain_units),
    "gru": {
        "Keras": KERAS,
        **of_torch(torch_gru, with_two_biases),
        "onnxruntime GRU": onnx_opinion(onnx_gru, with_two_biases, reset_after=True),
    },
    "gru_reset_before": {
        "Keras": KERAS,
        "onnxruntime GRU": onnx_opinion(onnx_gru, with_one_bias, reset_after=False),
        **of_torchrecurrent("MUT2", "urz", turned="u"),
    },
    "no_input_gate_lstm": of_peephole_lstm(partial(with_open_gate, "i")),
    "no_forget_gate_lstm": of_peephole_lstm(partial(with_open_gate, "f")),
    "no_output_gate_lstm": of_peephole_lstm(partial(with_open_gate, "o")),
    "no_input_activation_lstm": {
        "onnxruntime LSTM": onnx_opinion(onnx_lstm, with_peepholes, g="linear"),
    },
    "no_output_activation_lstm": {
        "onnxruntime LSTM": onnx_opinion(onnx_lstm, with_peepholes, h="linear"),
    },
    "coupled_gate_lstm": {
        **of_peephole_lstm(with_opposed_gates),
        "onnxruntime LSTM": onnx_opinion(onnx_lstm, partial(with_open_gate, "f"), input_forget=1),
    },
    "full_gate_recurrence_lstm": of_lstm(with_gates_fed_back),
    "jozefowicz_lstm": of_lstm(with_tanh_for_output_gate),
    "mut1": of_torchrecurrent("MUT1", "urz"),
    "mut2": of_torchrecurrent("MUT2", "urz"),
    "mut3": of_torchrecurrent("MUT3", "urz"),
    "mgu": of_torchrecurrent("MGU", "fz"),
    "janet": {"torchrecurrent": partial(in_torch, recurrent_janet)},
    "ugrnn": of_torchrecurrent("UGRNN", "zu"),
    "irnn": {
        "torch": partial(in_torch, partial(torch_rnn, nonlinearity="relu")),
        "onnxruntime RNN": onnx_opinion(onnx_rnn, "relu"),
    },
    "ind_rnn": of_torchrecurrent("IndRNN", "h", nonlinearity="relu"),
    "multiplicative_rnn": {"torchrecurrent": partial(in_torch, recurrent_multiplicative_rnn)},
    "multiplicative_lstm": {"torchrecurrent": partial(in_torch, recurrent_multiplicative_lstm)},
    "deep_transition_rnn": DEEP_TRANSITION,
    "deep_transition_shortcut_rnn": DEEP_TRANSITION,
    "deep_output_rnn": of_torch(torch_stacked_rnn),
    "stacked_rnn": of_torch(torch_stacked_rnn),
    "goodfellow_lstm": {
        "onnxruntime LSTM": onnx_opinion(onnx_lstm, as_it_is, g="recurrent_activation"),
    },
    "goodfellow_gru": {"torchrecurrent": partial(in_torch, recurrent_goodfellow_gru)},
    "projected_lstm": {
        **of_torch(torch_projected_lstm),
        "onnxruntime LSTM": onnx_opinion(onnx_lstm, with_projection_in_weights),
    },
    "projected_peephole_lstm": of_peephole_lstm(with_projection_in_weights),
    "array_lstm": of_lstm(with_units_for_lanes),
    "nas": {"torchrecurrent": partial(in_torch, recurrent_nas)},
    "zoneout_lstm": of_lstm(as_it_is),
    "min_gru": {
        **of_torch(torch_gru, with_nothing_fed_back),
        "onnxruntime GRU": onnx_opinion(onnx_gru, with_nothing_fed_back, reset_after=True),
    },
    "ran": of_recurrent_layer("RAN", by_columns("zif", "if", "if")),
    "cfn": of_recurrent_layer("CFN", cfn_weights),
    "minimal_rnn": of_recurrent_layer("MinimalRNN", minimal_rnn_weights),
    "mi_lstm": {"torchrecurrent": partial(in_torch, recurrent_mi_lstm)},
    "clockwork_rnn": of_torch(torch_clockwork_rnn),
    "antisymmetric_rnn": of_recurrent_layer("GatedAntisymmetricRNN", by_columns("uz", "z", "uz")),
    "brc": of_recurrent_layer("BR", by_columns("acz", "ac", "acz")),
    "nbrc": of_recurrent_layer("NBR", by_columns("acz", "ac", "acz")),
    "star": of_recurrent_layer("STAR", by_columns("zk", "k", "zk")),
    "cornn": of_recurrent_layer("coRNN", cornn_weights),
    "lem": {"torchrecurrent": partial(in_torch, recurrent_lem)},
    "fast_grnn": of_recurrent_layer("FastGRNN", fast_grnn_weights, nonlinearity="sigmoid"),
    "sru": {
        "onnxruntime LSTM": onnx_opinion(onnx_lstm, with_units_for_highway, g="linear", h="linear"),
    },
    "li_gru": of_recurrent_layer("LiGRU", by_columns("uz", "uz", "uz")),
    "atr": of_recurrent_layer("ATR", by_columns("p", "q", "p")),
}


def keras_lmu(asks):
    import keras_lmu

    kernel, recurrent, bias, memory = asks.weights
    size = CASES["lmu"].size
    hidden = keras.layers.SimpleRNNCell(UNITS, dtype="float64")
    cell = keras_lmu.LMUCell(
        1, size["order"], size["theta"], hidden, hidden_to_memory=True, memory_to_memory=True,
        input_to_hidden=True, use_bias=True, dtype="float64",
    )  # fmt: skip
    cell.build((BATCH, asks.x.shape[-1]))
    cell.kernel.assign(np.concatenate([kernel[:, :1], recurrent[:, :1]]))
    cell.recurrent_kernel.assign(memory[:, :1])
    cell.bias.assign(bias[:1])
    hidden.set_weights([np.concatenate([memory[:, 1:], kernel[:, 1:]]), recurrent[:, 1:], bias[1:]])
    hs, (h, m) = [], asks.states
    for t in range(STEPS):
        h, (m, _) = cell.call(tf.constant(asks.x[:, t]), [m, h])
        hs.append(h)
    return Answer([np.stack(hs, axis=1), h, m])


def ncps_cfc(asks):
    import torch
    from ncps.torch.cfc_cell import CfCCell

    kernel, recurrent, bias, heads, head_bias = map(torch.tensor, asks.weights)
    cell = CfCCell(len(kernel), UNITS, backbone_units=len(bias)).double()
    layers = [cell.ff1, cell.ff2, cell.time_a, cell.time_b]
    with torch.no_grad():
        cell.backbone[0].weight.copy_(torch.cat([kernel, recurrent]).T)
        cell.backbone[0].bias.copy_(bias)
        for layer, W, b in zip(layers, heads.T.chunk(4), head_bias.chunk(4), strict=True):
            layer.weight.copy_(W)
            layer.bias.copy_(b)
        x, elapsed = torch.tensor(asks.x[..., :-1]), torch.tensor(asks.x[..., -1:]).clamp(min=0)
        (h,) = map(torch.tensor, asks.states)
        hs = []
        for t in range(STEPS):
            h, _ = cell(x[:, t], h, elapsed[:, t])
            hs.append(h)
    return Answer([torch.stack(hs, 1).numpy(), h.numpy()])


def answering(opinion):
    return lambda asks: Answer(opinion(asks))


OPINIONS |= {
    name: {label: answering(opinion) for label, opinion in opinions.items()}
    for name, opinions in linear_opinions.OPINIONS.items()
}
OPINIONS["lmu"] = {"keras-lmu": keras_lmu}
OPINIONS["cfc"] = {"ncps": ncps_cfc}


ASKED = [
    (name, label)
    for name, opinions in OPINIONS.items()
    for label, opinion in opinions.items()
    if opinion != KERAS
]
# Those that are asked in CI; of these also gradients, lengths and other functions.
COSTLY = one_each(OPINIONS)
IN_CI = set(COSTLY) - set(AT_NIGHT)


def asked(*kinds):
    """Those whose label starts with one of kinds."""
    return [pair for pair in ASKED if pair[0] in COSTLY and pair[1].startswith(kinds)]


def question(name, rng, lengths=None, backwards=False, **options):
    """The layer and what is asked about it; its weights are numbers that float32 has, too."""
    options = {**OPTIONS.get(name, {}), **options}
    layer = own_layer(
        name, return_sequences=True, return_state=True, go_backwards=backwards, **options
    )
    build(layer, rng, scale=0.5)
    weights = layer.get_weights()
    if name in WITHOUT_A_PRODUCT:
        weights_by_gate(name, weights)[1]["n3"][:] = 0
    if name in WITHOUT_PEEPHOLES:
        for p in weights[-WITHOUT_PEEPHOLES[name] :]:
            p[:] = 0
    x, *states = sequences(rng), *initial_states(name, rng)
    if name == "goodfellow_gru":
        states[1:] = [1 / (1 + np.exp(-gate)) for gate in states[1:]]  # of some net input
    if name == "clockwork_rnn":
        states[1] = np.arange(BATCH)[:, None]  # steps
    weights, (x, *states) = (
        [array.astype("float32").astype("float64") for array in arrays]
        for arrays in (weights, (x, *states))
    )
    layer.set_weights(weights)
    directions = [
        rng.normal(size=(BATCH, STEPS, UNITS)),
        *(rng.normal(size=s.shape) for s in states),
    ]
    lengths = np.full(BATCH, STEPS) if lengths is None else lengths
    return layer, Question(name, options, weights, x, states, lengths, backwards, directions)


def close(actual, expected):
    """To as many digits as the other one counts with."""
    tolerance = {"float32": 1e-6, "float64": 1e-12}[np.asarray(expected).dtype.name]
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)


def all_close(actual, expected):
    for one, other in zip(actual, expected, strict=True):
        if other is not None:
            close(one, other)


def test_cells_say_whose_opinions_there_are():
    cells = {**CELLS, **{name: layer.cell_class for name, layer in TIMED_LAYERS.items()}}
    labels = {name: "; ".join(OPINIONS.get(name, {})) for name in {**cells, **OPINIONS}}
    assert labels == {name: cell.second_opinion for name, cell in cells.items()}


def test_keras_is_asked_where_it_says_so():
    of_keras = {name for name, opinions in OPINIONS.items() if opinions.get("Keras") == KERAS}
    assert of_keras == test_against_keras.THEIRS.keys()


@pytest.mark.ci
@pytest.mark.parametrize(
    "name, label",
    [
        pytest.param(
            *pair,
            marks=() if pair[0] in IN_CI else pytest.mark.nightly,
        )
        for pair in ASKED
    ],
)
def test_others_compute_the_same(name, label, rng):
    layer, asks = question(name, rng)
    answer = OPINIONS[name][label](asks)
    all_close(layer(asks.x, initial_state=asks.states), answer.outputs)


@pytest.mark.ci
@pytest.mark.parametrize(
    "name, label, options",
    [
        (name, label, options)
        for name, label in asked("torch", "TensorFlow")
        for options in ([{}, CASES[name].full_gradient] if CASES[name].full_gradient else [{}])
    ],
)
def test_others_take_the_same_gradients(name, label, options, rng):
    layer, asks = question(name, rng, **options)
    answer = OPINIONS[name][label](asks)
    directions = [
        0 * direction if output is None else direction
        for output, direction in zip(answer.outputs, asks.directions, strict=True)
    ]
    ours = layer_gradients(layer, directions, asks.x, asks.states)
    if name in WITHOUT_PEEPHOLES:
        many = len(asks.weights)
        peepholes = slice(many - WITHOUT_PEEPHOLES[name], many)
        assert not any(answer.gradients[peepholes])
        ours[peepholes] = [np.zeros_like(one) for one in ours[peepholes]]
    for one, other in zip(ours, answer.gradients, strict=True):
        close(one, np.zeros_like(one) if other is None else other)


@pytest.mark.ci
@pytest.mark.parametrize(
    "name, label, backwards",
    [
        *((*asks, backwards) for asks in asked("onnxruntime") for backwards in (False, True)),
        *((name, label, False) for name, label in asked("torch") if label == "torch"),
    ],
)
def test_others_stop_where_a_sequence_ends_as_a_mask_does(name, label, backwards, rng):
    options = CASES[name].full_gradient
    layer, asks = question(name, rng, LENGTHS, backwards, **options)
    mask = np.arange(STEPS) < LENGTHS[:, None]
    x = np.where(mask[..., None], asks.x, 99.0)
    hs, *finals = layer(x, initial_state=asks.states, mask=tf.constant(mask))
    hs = hs[:, ::-1] if backwards else hs
    their_hs, *their_finals = OPINIONS[name][label](asks._replace(x=x)).outputs
    close(hs[mask], their_hs[mask])
    all_close(finals, their_finals)


# Their functions are the paper's, or needed where they are written as a plain LSTM.
FIXED_FUNCTIONS = (
    "cec", "lstm_1997", "lstm_1997_input_gate", "lstm_1997_output_gate", "mixed_block_lstm",
    "full_gate_recurrence_lstm", "jozefowicz_lstm", "irnn",
)  # fmt: skip


def other_functions(name):
    choices = CASES[name].choices
    return {of: choices[of] for of in ("activation", "recurrent_activation") if of in choices}


@pytest.mark.ci
@pytest.mark.parametrize(
    "name, label, options",
    [
        *(
            (name, label, other_functions(name))
            for name, label in asked("onnxruntime")
            if name not in FIXED_FUNCTIONS
        ),
        ("janet", "torchrecurrent", {"beta": 2.0}),
        ("lstm_1997", "torch", {"gradient": "full"}),
        ("min_gru", "onnxruntime GRU", {"activation": "linear"}),
    ],
)
def test_others_compute_the_same_with_other_functions(name, label, options, rng):
    layer, asks = question(name, rng, **options)
    answer = OPINIONS[name][label](asks)
    all_close(layer(asks.x, initial_state=asks.states), answer.outputs)


@pytest.mark.ci
@pytest.mark.parametrize(
    "name, label", [("simple_rnn", "onnxruntime RNN"), ("peephole_lstm", "onnxruntime LSTM"),
                    ("gru", "onnxruntime GRU")],
)  # fmt: skip
def test_others_read_in_both_directions(name, label, rng):
    asks = [question(name, rng, LENGTHS, backwards) for backwards in (False, True)]
    (forward, one), (backward, other) = asks
    layer = keras.layers.Bidirectional(forward, backward_layer=backward)
    layer.build(one.x.shape)
    layer.set_weights([*one.weights, *other.weights])  # it makes copies of the layers
    mask = np.arange(STEPS) < LENGTHS[:, None]
    states = [tf.constant(state) for state in (*one.states, *other.states)]
    hs, *finals = layer(one.x, initial_state=states, mask=tf.constant(mask))
    node_of = OPINIONS[name][label].args[0]
    nodes = [node_of(each) for each in (one, other)]
    Y, *their_finals = run_onnx(nodes, "bidirectional", one.x, LENGTHS)
    close(hs[mask], np.concatenate([Y[:, 0], Y[:, 1]], -1).transpose(1, 0, 2)[mask])
    all_close(finals, [final[way] for way in (0, 1) for final in their_finals])
