"""Chung et al., "Gated feedback recurrent neural networks", 2015.

Layers upon each other in one cell, where every layer also feeds back into every other.
"""

from typing import Any, NamedTuple

import keras
from keras import ops

from ..recurrent import Recurrent
from .parts.base import GatedCell, fresh

PAPER = "Chung et al. 2015"


class Weights(NamedTuple):
    """What one layer has; R is None where only the gated feedback recurs."""

    W: Any
    R: Any
    b: Any
    F: Any
    w: Any
    u: Any


class GatedFeedback(GatedCell):
    """A stack whose feedback from layer i to layer j passes a gate, one number for each pair.

    Args:
        units: Number of units of every layer.
        depth: Number of layers.
        unit_forget_bias: Start the biases of the forget gates of all layers at one.
        gate_bias: Initial biases by gate, such as `{"i": -1.0}`, which hold for every layer.
    """

    paper = PAPER
    # No second opinion: no library feeds layers back into each other.
    refuses: tuple[str, ...] = ("heads",)
    fed_back_by_layer: tuple[str, ...] = ()  # the gates that see their own layer's h_{t-1} only
    states_of_layer: tuple[str, ...] = ("h",)
    equations = ("step_of_layer",)

    def __init__(self, units, *args, depth: int = 2, **kwargs):
        self.check_sizes(depth=depth)
        self.depth = depth  # before Keras' __init__, which asks for the states
        numbers = range(depth, 0, -1)
        self.state = tuple(f"{name}_{n}" for name in self.states_of_layer for n in numbers)
        self.fed_back = self.state[:depth]
        super().__init__(units, *args, **kwargs)

    @classmethod
    def net_fields(cls):
        return ("of_x", "h_seen")

    def build(self, input_shape):
        self.gate_ends = [self.units * n for n in range(1, len(self.gates))]
        self.layer_weights = []
        for number in range(1, self.depth + 1):
            inputs = input_shape[-1] if number == 1 else self.units
            self.layer_weights.append(self.add_layer(inputs, "" if number == 1 else f"_{number}"))
        self.built = True

    def add_layer(self, inputs, suffix):
        def add_kernel(shape, name):
            return self.add_weight(
                shape,
                fresh(self.kernel_initializer),
                name=name + suffix,
                regularizer=self.kernel_regularizer,
                constraint=self.kernel_constraint,
            )

        def add_recurrent(shape, name):
            initializer = fresh(self.recurrent_initializer)
            return self.add_recurrent_kernel(shape, initializer, name + suffix)

        def add_feedback(name):
            return add_recurrent((self.depth * self.units, self.units), name)

        only_gated = not self.fed_back_by_layer
        W = add_kernel((inputs, self.units * len(self.gates)), "kernel")
        if only_gated:
            R, F = None, add_feedback("recurrent_kernel")
        else:
            columns = self.units * len(self.fed_back_by_layer)
            R, F = add_recurrent((self.units, columns), "recurrent_kernel"), None
        values = self.initial_biases(self.gates)
        b = self.add_bias(values, "bias" + suffix) if self.use_bias else None
        F = F if only_gated else add_feedback("feedback_kernel")
        w = add_kernel((inputs, self.depth), "feedback_gate_kernel")
        u = add_recurrent((self.depth * self.units, self.depth), "feedback_gate_recurrent_kernel")
        return Weights(W, R, b, F, w, u)

    def net_of_x(self, x):
        return self.net_of_below(self.layer_weights[0], x)

    def net_of_below(self, weights, below):
        """What the layer below gives to a layer's gates and to the gates of its feedback."""
        net = self.dot(below, weights.W)
        return net if weights.b is None else net + weights.b, self.dot(below, weights.w)

    def net(self, of_x, *states):
        return self.Net(of_x, list(reversed(states[: self.depth])))  # layer 1 first

    def net_of_layer(self, weights, of_below, h_seen, own_h_seen):
        """The net inputs of a layer's gates, and the sum of all gated feedback."""
        net, gates = of_below
        seen = ops.concatenate(h_seen, axis=-1)
        gates = self.sigma(gates + self.dot(seen, weights.u))
        gated = [
            gate * h for gate, h in zip(ops.split(gates, self.depth, axis=-1), h_seen, strict=True)
        ]
        feedback = self.dot(ops.concatenate(gated, axis=-1), weights.F)
        net = dict(zip(self.gates, self.split(net), strict=True))
        if weights.R is not None:
            of_h = ops.split(self.dot(own_h_seen, weights.R), len(self.fed_back_by_layer), axis=-1)
            for gate, part in zip(self.fed_back_by_layer, of_h, strict=True):
                net[gate] = net[gate] + part
        return net, feedback

    def step(self, net, *states):
        by_name = [
            list(reversed(states[start : start + self.depth]))
            for start in range(0, len(states), self.depth)
        ]
        new: list = []
        for weights, own_h_seen, *own in zip(self.layer_weights, net.h_seen, *by_name, strict=True):
            of_below = self.net_of_below(weights, new[-1][0]) if new else net.of_x
            nets, feedback = self.net_of_layer(weights, of_below, net.h_seen, own_h_seen)
            new.append(self.step_of_layer(nets, feedback, *own))
        return tuple(state for states in zip(*new, strict=True) for state in reversed(states))

    def get_config(self):
        return {**super().get_config(), "depth": self.depth}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GatedFeedbackRNNCell(GatedFeedback):
    r"""Simple RNNs upon each other, each fed back into all through gates.

    .. math::

        g^{i \to j}_t &= \sigma(w^{i \to j} \cdot h^{j-1}_t + u^{i \to j} \cdot h^*_{t-1}) \\
        h^j_t &= g(W^j h^{j-1}_t + \sum_i g^{i \to j}_t F^{i \to j} h^i_{t-1} + b^j)

    for the layers :math:`j = 1 \dots L`, where :math:`h^0 = x` and :math:`h^*` are the outputs of
    all layers. A gate is one number. The states are :math:`h^L, \dots, h^1`.
    """

    gates = ("h",)
    refuses = (*GatedFeedback.refuses, "gradient")

    def step_of_layer(self, net, feedback, h_prev):
        h = self.g(net["h"] + feedback)
        return (h,)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GatedFeedbackRNN(Recurrent):
    """Layer of `GatedFeedbackRNNCell`."""

    cell_class = GatedFeedbackRNNCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GatedFeedbackLSTMCell(GatedFeedback):
    r"""LSTMs upon each other, each fed back into all candidates through gates.

    .. math::

        g^{i \to j}_t &= \sigma(w^{i \to j} \cdot h^{j-1}_t + u^{i \to j} \cdot h^*_{t-1}) \\
        i^j_t &= \sigma(W^j_i h^{j-1}_t + R^j_i h^j_{t-1} + b^j_i) \\
        f^j_t &= \sigma(W^j_f h^{j-1}_t + R^j_f h^j_{t-1} + b^j_f) \\
        z^j_t &= g(W^j_z h^{j-1}_t + \sum_i g^{i \to j}_t F^{i \to j} h^i_{t-1} + b^j_z) \\
        c^j_t &= f^j_t \odot c^j_{t-1} + i^j_t \odot z^j_t \\
        o^j_t &= \sigma(W^j_o h^{j-1}_t + R^j_o h^j_{t-1} + b^j_o) \\
        h^j_t &= o^j_t \odot h(c^j_t)

    for the layers :math:`j = 1 \dots L`, where :math:`h^0 = x` and :math:`h^*` are the outputs of
    all layers. The states are :math:`h^L, \dots, h^1, c^L, \dots, c^1`.
    """

    gates = ("i", "f", "z", "o")
    fed_back_by_layer = ("i", "f", "o")
    states_of_layer = ("h", "c")

    def step_of_layer(self, net, feedback, h_prev, c_prev):
        i = self.sigma(net["i"])
        f = self.sigma(net["f"])
        z = self.g(net["z"] + feedback)
        c = f * c_prev + i * z
        o = self.sigma(net["o"])
        h = o * self.h(c)
        return h, c


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GatedFeedbackLSTM(Recurrent):
    """Layer of `GatedFeedbackLSTMCell`."""

    cell_class = GatedFeedbackLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GatedFeedbackGRUCell(GatedFeedback):
    r"""GRUs upon each other, each fed back into all candidates through gates.

    .. math::

        g^{i \to j}_t &= \sigma(w^{i \to j} \cdot h^{j-1}_t + u^{i \to j} \cdot h^*_{t-1}) \\
        u^j_t &= \sigma(W^j_u h^{j-1}_t + R^j_u h^j_{t-1} + b^j_u) \\
        r^j_t &= \sigma(W^j_r h^{j-1}_t + R^j_r h^j_{t-1} + b^j_r) \\
        z^j_t &= g(W^j_z h^{j-1}_t + r^j_t \odot \sum_i g^{i \to j}_t F^{i \to j} h^i_{t-1}
            + b^j_z) \\
        h^j_t &= u^j_t \odot h^j_{t-1} + (1 - u^j_t) \odot z^j_t

    for the layers :math:`j = 1 \dots L`, where :math:`h^0 = x` and :math:`h^*` are the outputs of
    all layers. The states are :math:`h^L, \dots, h^1`. (The update gate keeps the old, as in
    `GRUCell`.)
    """

    gates = ("u", "r", "z")
    fed_back_by_layer = ("u", "r")

    def step_of_layer(self, net, feedback, h_prev):
        u = self.sigma(net["u"])
        r = self.sigma(net["r"])
        z = self.g(net["z"] + r * feedback)
        h = u * h_prev + (1 - u) * z
        return (h,)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GatedFeedbackGRU(Recurrent):
    """Layer of `GatedFeedbackGRUCell`."""

    cell_class = GatedFeedbackGRUCell
