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

    def net(self, x, *states):
        return self.Net(**self.nets(x, *states))

    def nets(self, x, *states):
        """The net input of each gate by its name: the sum of what the gate has of the three."""
        parts = [(self.of_x, self.dot(x, self.kernel))]
        if self.of_h:
            fed_back = self.recur(self.feedback(x, *states), self.recurrent_kernel)
            parts.append((self.of_h, fed_back))
        if self.bias is not None:
            parts.append((self.biased, self.bias))
        nets: dict[str, Any] = {}
        for gates, columns in parts:
            for gate, part in zip(gates, ops.split(columns, len(gates), axis=-1), strict=True):
                nets[gate] = nets[gate] + part if gate in nets else part
        return nets
