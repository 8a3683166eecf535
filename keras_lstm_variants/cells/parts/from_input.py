"""Cells whose net inputs see x_t only: h_{t-1} is carried on, but no weight multiplies it."""

from .base import GatedCell


class FromInput(GatedCell):
    """A cell without R.

    Args:
        units: Number of units.
        **kwargs: The arguments of `GatedCell`, without those about R: `recurrent_initializer`,
            `recurrent_regularizer`, `recurrent_constraint`, `recurrent_dropout`, `gradient` and
            `heads`.
    """

    refuses: tuple[str, ...] = (
        "recurrent_initializer",
        "recurrent_regularizer",
        "recurrent_constraint",
        "recurrent_dropout",
        "gradient",
        "heads",
    )

    def __init__(self, units, **kwargs):
        # Nothing is asked for with the value that is usual elsewhere.
        usual = {"gradient": None, "heads": 1, "recurrent_dropout": 0.0}
        kwargs = {
            name: kwargs[name]
            for name in kwargs
            if name not in usual or kwargs[name] != usual[name]
        }
        self.refuse(kwargs)
        super().__init__(units, **kwargs)

    def add_recurrent_kernel(self, shape, initializer, name):
        return None

    def net(self, of_x, *states):
        return self.Net(*self.split(of_x))
