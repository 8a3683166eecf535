"""Peepholes: the weights from the cell states of a block to its gates."""

import keras

from .base import GatedCell, fresh


class Peepholes(GatedCell):
    """A cell whose gates see the cell state.

    Args:
        peephole_initializer: Initializer of the peephole weights. With `"zeros"` the cell starts as
            the same cell without peepholes.
        **kwargs: The arguments of the cell.
    """

    def __init__(self, *args, peephole_initializer="glorot_uniform", **kwargs):
        super().__init__(*args, **kwargs)
        self.peephole_initializer = keras.initializers.get(peephole_initializer)

    peepholes: tuple[str, ...] = ("i", "f", "o")  # the gates that have them

    def peephole_shape(self):
        return (self.units,)

    def build(self, input_shape):
        super().build(input_shape)
        self.add_peepholes()

    def add_peepholes(self):
        """Makes p_i, p_f and p_o, as far as the cell has these gates."""
        for gate in self.peepholes:
            weight = self.add_weight(
                self.peephole_shape(), fresh(self.peephole_initializer), name=f"peephole_{gate}"
            )
            setattr(self, f"p_{gate}", weight)

    def get_config(self):
        return {
            **super().get_config(),
            "peephole_initializer": keras.initializers.serialize(self.peephole_initializer),
        }
