"""What every gated cell shares: weights, the products with them, dropout, saving."""

from collections import namedtuple

import keras
import numpy as np
from keras import ops


class GatedCell(keras.layers.SimpleRNNCell):
    r"""A recurrent cell made of gates.

    A variant names its `gates` and its `state` and writes its equations in `step`. The linear
    algebra, the same for almost all of them, is here: `net` gives the net input of every gate,

    .. math:: net_k = W_k x_t + R_k h_{t-1} + b_k

    as a named tuple, so that `step` reads as the paper does: `i = self.sigma(net.i)`.

    It inherits from `keras.layers.SimpleRNNCell` for one reason: that is the public class through
    which `keras.layers.RNN` draws dropout masks once per sequence instead of once per step.
    Weights, equations and states are its own.

    Args:
        units: Number of cells, the size of the output.
        activation: g and h, the functions that squash the candidate and the cell state.
        recurrent_activation: sigma, the function that squashes the gates.
        use_bias: Whether the net inputs have biases b.
        kernel_initializer: Initializer of W, all gates in one matrix.
        recurrent_initializer: Initializer of R, all gates in one matrix.
        bias_initializer: Initializer of the biases that nothing below sets.
        unit_forget_bias: Start the biases of the forget gate at one. Cells with a forget gate only;
            default True.
        gate_bias: Initial biases by gate, such as `{"i": -1.0}`: one number for all of a gate's
            units or a list with one for each. They come before `unit_forget_bias` and
            `bias_initializer`.
        dropout: Share of x_t that is dropped in training; the same components at all steps of a
            call.
        recurrent_dropout: Share of h_{t-1} that is dropped in training where the recurrent kernel
            multiplies it; the same components at all steps of a call.
        seed: Seed of the two kinds of dropout.
        **kwargs: `kernel_`, `recurrent_` and `bias_` `_regularizer` and `_constraint`, and the
            arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: x_t, of shape (batch, features).
        states: The states at t-1 in the order of `state`, each of shape (batch, size).
        training: Whether dropout is on.

    Returns:
        h_t, and the list of the states at t.

    Attributes:
        gates: Names of the gates, in the order of the columns of the weights.
        state: Names of the states handed to the next time step, the output first.
        paper: Where the equations are from.
    """

    gates: tuple[str, ...] = ()
    state: tuple[str, ...] = ("h",)
    paper = ""
    forget_gate: str | None = "f"  # the gate whose bias starts at one, in cells that have it

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.Net = namedtuple("Net", cls.net_fields())  # type: ignore[misc]

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        *,
        gate_bias=None,
        **kwargs,
    ):
        if not isinstance(units, int) or units < 1:
            raise ValueError(
                f"{type(self).__name__}: units must be a positive integer, not {units!r}."
            )
        forgets = self.forget_gate in self.gates
        unit_forget_bias = kwargs.pop("unit_forget_bias", True) if forgets else None
        super().__init__(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            **kwargs,
        )
        self.recurrent_activation = keras.activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.gate_bias = {
            gate: np.asarray(bias).tolist() for gate, bias in (gate_bias or {}).items()
        }
        if unknown := sorted(set(self.gate_bias) - set(self.gates)):
            raise ValueError(
                f"{type(self).__name__} has no gate {unknown[0]!r}; its gates are {self.gates}."
            )
        self.state_size = [self.size_of(name) for name in self.state]

    # The letters of the equations.

    def sigma(self, net):
        return self.recurrent_activation(net)

    def g(self, net):
        return self.activation(net)

    def h(self, c):
        return self.activation(c)

    # What a variant says.

    def step(self, net, *states):
        """The variant's equations: the states at t, from the net inputs and the states at t-1."""
        raise NotImplementedError(
            f"{type(self).__name__} does not write its equations: define step()."
        )

    @classmethod
    def net_fields(cls):
        """The names of what `net` gives: one for each gate."""
        return cls.gates

    def size_of(self, name):
        """How many units the gate or state `name` has: one for each cell, unless cells share it."""
        return self.units

    def recurrent_shape(self):
        """The shape of R: what is fed back, by the columns of the gates."""
        return self.units, sum(self.size_of(gate) for gate in self.gates)

    def feedback(self, x, h_prev, *states):
        """What R multiplies."""
        return h_prev

    # What all variants share.

    def build(self, input_shape):
        widths = [self.size_of(gate) for gate in self.gates]
        self.gate_ends = np.cumsum(widths)[:-1].tolist()
        self.kernel = self.add_weight(
            (input_shape[-1], sum(widths)),
            self.kernel_initializer,
            name="kernel",
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_weight(
            self.recurrent_shape(),
            self.recurrent_initializer,
            name="recurrent_kernel",
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        self.bias = self.add_bias(self.initial_biases(self.gates)) if self.use_bias else None
        self.built = True

    def initial_biases(self, gates):
        """The initial biases of `gates` as one vector; NaN where `bias_initializer` decides."""
        unset = 1.0 if self.unit_forget_bias else np.nan
        values = []
        for gate in gates:
            default = unset if gate == self.forget_gate else np.nan
            bias = np.asarray(self.gate_bias.get(gate, default), "float64")
            if bias.shape not in ((), (self.size_of(gate),)):
                raise ValueError(
                    f"{type(self).__name__}: gate_bias[{gate!r}] must be one number or "
                    f"{self.size_of(gate)} of them, not {bias.tolist()}."
                )
            values.append(np.broadcast_to(bias, (self.size_of(gate),)))
        return np.concatenate(values)

    def add_bias(self, values):
        def initializer(shape, dtype=None):
            rest = self.bias_initializer(shape, dtype=dtype)
            return ops.where(np.isnan(values), rest, ops.cast(np.nan_to_num(values), rest.dtype))

        return self.add_weight(
            values.shape,
            initializer,
            name="bias",
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )

    def split(self, columns):
        """The columns of each gate, in the order of `gates`."""
        return ops.split(columns, self.gate_ends, axis=-1) if self.gate_ends else [columns]

    def biases(self):
        """b, for all columns; None without biases."""
        return self.bias

    def net(self, x, h_prev, *states):
        """The net inputs at t, from x_t and the states at t-1; h_{t-1} after recurrent dropout."""
        net = x @ self.kernel + self.feedback(x, h_prev, *states) @ self.recurrent_kernel
        biases = self.biases()
        return self.Net(*self.split(net if biases is None else net + biases))

    def call(self, inputs, states, training=False):
        h_prev, *rest = states
        x_mask = self.get_dropout_mask(inputs)
        h_mask = self.get_recurrent_dropout_mask(h_prev)
        x = inputs * x_mask if training and x_mask is not None else inputs
        h_seen = h_prev * h_mask if training and h_mask is not None else h_prev
        states = self.step(self.net(x, h_seen, *rest), h_prev, *rest)
        return states[0], list(states)

    def get_initial_state(self, batch_size=None):
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in self.state_size]

    def get_config(self):
        config = {
            **super().get_config(),
            "recurrent_activation": keras.activations.serialize(self.recurrent_activation),
            "gate_bias": dict(self.gate_bias),
        }
        if self.unit_forget_bias is not None:
            config["unit_forget_bias"] = self.unit_forget_bias
        return config


def fresh(initializer):
    """A copy of an initializer for a further weight: one and the same repeats its numbers."""
    return initializer.clone() if isinstance(initializer, keras.Initializer) else initializer
