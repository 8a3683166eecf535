"""Cells without gates: one net input, squashed."""

from .base import GatedCell


class UngatedCell(GatedCell):
    """A cell whose output is its only state and which has no gates to squash.

    Args:
        units: Number of units.
        activation: g.
        **kwargs: The other arguments of `GatedCell`, without `recurrent_activation`.
    """

    gates = ("h",)
    state = ("h",)

    def __init__(self, units, activation="tanh", **kwargs):
        if "recurrent_activation" in kwargs:
            raise ValueError(
                f"{type(self).__name__} has no gates, so it takes no recurrent_activation."
            )
        super().__init__(units, activation, **kwargs)

    def step(self, net, h_prev):
        h = self.g(net.h)
        return (h,)

    def get_config(self):
        config = super().get_config()
        del config["recurrent_activation"]
        return config
