"""Cells of which not every gate sees both x_t and h_{t-1}, or has a bias."""

from typing import Any

from keras import ops

from .base import GatedCell


class PartlyConnected(GatedCell):
    """A cell whose W, R and b have columns for some of the gates only.

    Attributes:
        of_x: The gates that have columns in W, in their order.
        of_h: The gates that have columns in R.
        biased: The gates that have a bias.
    """

    of_x: tuple[str, ...] = ()
    of_h: tuple[str, ...] = ()
    biased: tuple[str, ...] = ()

    def __init__(self, *args, gate_bias=None, **kwargs):
        super().__init__(*args, gate_bias=gate_bias, **kwargs)
        if without := sorted(set(self.gate_bias) - set(self.biased)):
            raise ValueError(f"{type(self).__name__}: gate {without[0]!r} has no bias.")

    def kernel_shape(self, features):
        return features, self.units * len(self.of_x)

    def recurrent_shape(self):
        return self.units, self.units * len(self.of_h)

    def initial_biases(self, gates):
        return super().initial_biases(self.biased)

    def biases(self):
        """b for the columns of W; zeros where a gate has none."""
        if self.bias is None:
            return None
        b = self.by_gate(self.biased, ops.cast(self.bias, self.compute_dtype))
        none = ops.zeros((self.units,), self.compute_dtype)
        return ops.concatenate([b.get(gate, none) for gate in self.of_x])

    def by_gate(self, gates, columns):
        return dict(zip(gates, ops.split(columns, len(gates), axis=-1), strict=True))

    def net(self, of_x, *states):
        return self.Net(**self.nets(of_x, *states))

    def nets(self, of_x, *states):
        """The net input of each gate by its name: the sum of what the gate has of W, R and b."""
        parts = [self.by_gate(self.of_x, of_x)]
        if self.of_h:
            fed_back = self.recur(self.feedback(*states), self.recurrent_kernel)
            parts.append(self.by_gate(self.of_h, fed_back))
        if self.bias is not None:
            b = self.by_gate(self.biased, self.bias)
            parts.append({gate: b[gate] for gate in self.biased if gate not in self.of_x})
        nets: dict[str, Any] = {}
        for part in parts:
            nets.update({k: nets[k] + part[k] if k in nets else part[k] for k in part})
        return nets
