"""Cells whose net inputs see x_t only: h_{t-1} is carried on, but no weight multiplies it."""

from .base import GatedCell


class FromInput(GatedCell):
    """A cell without R.

    Args:
        units: Number of units.
    """

    refuses: tuple[str, ...] = (
        "recurrent_initializer",
        "recurrent_regularizer",
        "recurrent_constraint",
        "recurrent_dropout",
        "gradient",
        "heads",
    )

    def add_recurrent_kernel(self, shape, initializer, name):
        return None

    def net(self, of_x, *states):
        return self.Net(*self.split(of_x))
