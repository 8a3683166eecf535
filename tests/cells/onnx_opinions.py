"""Opinions of onnxruntime, for `test_second_opinions.py`: float32, no gradients.

Gates come in the order i o f z, u r z.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest
from questions import Answer

from cases import weights_by_gate

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
