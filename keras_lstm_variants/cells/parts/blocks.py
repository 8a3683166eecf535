"""Memory blocks: cells that stand together and share their gates."""

from keras import ops

from .base import GatedCell


class Blocks(GatedCell):
    """A cell whose units stand in blocks: unit k belongs to block k // cells_per_block.

    Args:
        blocks: Number of blocks, which is the width of a gate.
        cells_per_block: Number of cells in each block.
    """

    refuses: tuple[str, ...] = ("units", "heads")
    advice = {"units": "give blocks and cells_per_block, the product of which it is"}
    shared = ("i", "f", "o")  # one for each block; everything else is one for each cell

    def __init__(self, blocks: int, cells_per_block: int = 1, **kwargs):
        self.check_sizes(blocks=blocks, cells_per_block=cells_per_block)
        self.blocks = blocks  # before Keras' __init__, which asks for the sizes
        self.cells_per_block = cells_per_block
        super().__init__(blocks * cells_per_block, **kwargs)

    def size_of(self, name):
        return self.blocks if name in self.shared else self.units

    def share(self, gate):
        """Each block's gate, once for each of its cells: (batch, blocks) to (batch, units)."""
        # Not ops.repeat: XLA cannot compile its gradient inside the loop over time.
        columns = ops.stack([gate] * self.cells_per_block, axis=-1)
        return ops.reshape(columns, (-1, self.units))

    def get_config(self):
        own = {"blocks": self.blocks, "cells_per_block": self.cells_per_block}
        return {**super().get_config(), **own}
