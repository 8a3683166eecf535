"""Cells without gates: one net input, squashed."""

from .base import GatedCell


class UngatedCell(GatedCell):
    """A cell whose output is its only state and which has no gates to squash.

    Args:
        units: Number of units.
        activation: g.
    """

    gates: tuple[str, ...] = ("h",)
    state: tuple[str, ...] = ("h",)
    refuses: tuple[str, ...] = ("recurrent_activation", "gradient")

    def step(self, net, *states):
        h = self.g(net.h)
        return (h,)
