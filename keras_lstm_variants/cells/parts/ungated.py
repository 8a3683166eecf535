"""Cells without gates: one net input, squashed."""

from .base import GatedCell


class UngatedCell(GatedCell):
    """A cell whose output is its only state and which has no gates to squash.

    Args:
        units: Number of units.
        activation: g.
        **kwargs: The other arguments of `GatedCell`, without `recurrent_activation` and, since
            nothing but R carries error back in time, without `gradient`.
    """

    gates = ("h",)
    state: tuple[str, ...] = ("h",)
    refuses: tuple[str, ...] = ("recurrent_activation", "gradient")

    def __init__(self, units, activation="tanh", **kwargs):
        self.refuse({"recurrent_activation"} & kwargs.keys())
        super().__init__(units, activation, **kwargs)

    def step(self, net, *states):
        h = self.g(net.h)
        return (h,)
