"""Peepholes: the weights from the cell states of a block to its gates."""

import keras

from .base import GatedCell


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

    def add_peephole(self, gate, shape):
        return self.add_weight(shape, self.peephole_initializer, name=f"peephole_{gate}")

    def get_config(self):
        return {
            **super().get_config(),
            "peephole_initializer": keras.initializers.serialize(self.peephole_initializer),
        }
