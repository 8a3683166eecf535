"""The arrays of a fused loop: where its kernels find pieces, and tiles of weights, in memory.

trace -> intermediate form -> pieces -> groups -> CODE OF THE LOOP -> call

Rows are packed piece by piece, with zeros behind each up to the side of a tile; where pieces fill
their tiles, as those of a power of two of units do, a row lies as it is.
"""

import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.experimental import pallas as pl

from .groups import Groups
from .ir import Unsupported, reachable
from .pieces import Cutter, padded
from .registers import ROWS, stored

ON_CHIP = 2**17  # bytes of weights: half of a multiprocessor's registers, on GPUs since 2014


@dataclass(frozen=True)
class Array:
    """An array of a kernel.

    Attributes:
        axes: What its axes before the last ones are: "g" groups, "t" steps, "b" the batch.
        shape: Its last axes, which each program has all of.
        layout: Where pieces of rows are in it; None if it is no array of rows.
        pieces: Those of the first group that are in it.
    """

    axes: str
    shape: tuple[int, ...]
    layout: Any = None
    pieces: tuple = ()

    def sizes(self, groups, steps, batch):
        return [{"g": groups, "t": steps, "b": batch}[axis] for axis in self.axes]

    def spec(self, steps):
        block = [{"g": None, "t": steps, "b": ROWS}[axis] for axis in self.axes]
        zeros = (0,) * len(self.shape)

        def place(group, tile):
            at = {"g": group, "t": 0, "b": tile}
            return *(at[axis] for axis in self.axes), *zeros

        return pl.BlockSpec((*block, *self.shape), place)


class Arrays:
    """The arrays of the loop over time of one cell, and the pieces that are in them.

    Args:
        trace: A `jaxpr.Trace`.
        dtype: That of products with weights.

    Raises:
        Unsupported: Something in the step has no kernel, or its weights do not fit on chip.
    """

    def __init__(self, trace, dtype):
        self.dtype = jnp.dtype(dtype)
        self.prepare = trace.prepare
        make, sizes = trace.make, trace.sizes["state"]
        self.states = sizes
        states = [make.leaf("state", n, size) for n, size in enumerate(sizes)]
        d_new = [make.leaf("d_new", n, size) for n, size in enumerate(sizes)]
        tied = [list(same) for same in zip(states, d_new, trace.new, trace.d_states, strict=True)]
        outputs = [*trace.new, *trace.products, *trace.d_states]
        cutter = Cutter(outputs, tied)
        carried = [same for rows in tied for same in zip(*map(cutter.pieces, rows), strict=True)]
        products = [piece for row in trace.products for piece in cutter.pieces(row)]
        self.groups = Groups([piece for row in outputs for piece in cutter.pieces(row)], carried)
        self.arrays: dict[str, Array] = {}
        where = {
            piece: start
            for row in [*states, *d_new, *trace.products]
            for piece, start, _ in cutter.spans(row)
        }
        for n, (state, d) in enumerate(zip(states, d_new, strict=True)):
            self.add(f"state{n}", cutter.pieces(state), where.get)
            self.add(f"d_new{n}", cutter.pieces(d), where.get)
        if products:
            self.add("saved", products, where.get)
        of_states = {same[0]: same for same in carried}
        mine = [piece for n in range(len(sizes)) for piece in self.arrays[f"state{n}"].pieces]
        self.before = mine
        _, self.d_after, self.after, self.d_before = (
            list(part) for part in zip(*(of_states[piece] for piece in mine), strict=True)
        )
        self.products = list(self.arrays["saved"].pieces) if products else []
        self.add_inputs(reachable([*self.after, *self.products, *self.d_before]))
        self.check_size()

    def add(self, name, pieces, start):
        axes = "gb" if name == "h_mask" else "g" if name.startswith("weights") else "gtb"
        layout, mine = self.groups.layout(pieces, start)
        rows = (1,) if axes == "g" else ()
        self.arrays[name] = Array(axes, (*rows, layout.width), layout, tuple(mine))

    def add_inputs(self, order):
        """What else the steps of the first group take."""
        leaves: dict = {}
        for piece in order:
            if piece.op == "leaf" and piece.detail[0] not in ("state", "d_new"):
                role, index, _ = piece.detail
                leaves.setdefault(role if role == "h_mask" else f"{role}{index}", []).append(piece)
        for name, pieces in leaves.items():
            self.add(name, pieces, lambda piece: piece.detail[2])
        tiles = [tile for piece in order if piece.op == "dot" for tile in piece.detail]
        self.tiles = {tile: f"tile{n}" for n, tile in enumerate(dict.fromkeys(map(stored, tiles)))}
        self.of_groups = {
            stored(tile): [stored(other[piece].detail[n]) for other in self.groups.members]
            for piece in order
            if piece.op == "dot"
            for n, tile in enumerate(piece.detail)
        }
        for tile, name in self.tiles.items():
            self.arrays[name] = Array("g", tuple(map(padded, tile.sizes)))
        self.known: dict = {}  # arrays by names
        self.names: dict = {}  # of those for each piece that needs some, in its order
        named: dict = {}
        for piece in order:
            if piece.op in ("mix", "row"):
                rows = piece.detail if piece.op == "mix" else [piece.detail[None]]
                self.names[piece] = [
                    named.setdefault((one.shape, one.tobytes()), f"known{len(named)}")
                    for one in rows
                ]
                self.known |= zip(self.names[piece], map(fill, rows), strict=True)
        self.arrays |= {name: Array("", one.shape) for name, one in self.known.items()}

    def check_size(self):
        """Refuses weights that no multiprocessor holds."""
        of_tiles = sum(math.prod(self.arrays[name].shape) for name in self.tiles.values())
        size = self.dtype.itemsize * of_tiles
        size += 4 * sum(array.size for array in self.known.values())
        if size > ON_CHIP:
            raise Unsupported(
                f"its recurrent weights take {-(-size // 1024)} KiB on chip in {self.dtype.name}, "
                f"of which it may take {ON_CHIP // 1024}: fewer units, more heads or bfloat16 fit"
            )

    def array(self, name):
        """An array by the name that a kernel has for it."""
        for kind, of in (("first", "state"), ("shown", "d_new"), ("last", "d_new")):
            if name.startswith(kind):
                name = of + name.removeprefix(kind)
                return by_batch(self.arrays[name]) if kind != "shown" else self.arrays[name]
        if name.startswith("d_first"):
            return by_batch(self.arrays["d_new" + name.removeprefix("d_first")])
        return Array("tb", (1,)) if name == "mask" else self.arrays[name]

    def given(self, parts, mask, h_mask, weights):
        """The arrays that both passes take, by their names."""
        given = {f"x{n}": self.pack(f"x{n}", one, 2) for n, one in enumerate(parts)}
        if mask is not None:
            given["mask"] = jnp.asarray(mask, "int32")
        if h_mask is not None:
            given["h_mask"] = self.pack("h_mask", h_mask)
        prepared = self.prepare(weights)
        for name in self.arrays:
            if name.startswith("weights"):
                row = jnp.reshape(prepared[int(name.removeprefix("weights"))], (1, -1))
                given[name] = self.pack(name, row)
        for tile, name in self.tiles.items():
            parts_of = [self.part(prepared[one.weights], one) for one in self.of_groups[tile]]
            given[name] = jnp.stack(parts_of)
        given |= {name: jnp.asarray(array) for name, array in self.known.items()}
        return {name: array for name, array in given.items() if array is not None}

    def part(self, weights, tile):
        """A tile of weights, with zeros at its ends."""
        blocks = jnp.reshape(weights, (-1, *weights.shape[-2:]))
        part = blocks[(tile.block, *map(between, tile.first, tile.sizes))]
        return fill(jnp.asarray(part, self.dtype))

    def pack(self, name, rows, axes=1):
        """Rows as kernels take them, (groups, ..., width); None if they do not.

        Args:
            name: The array.
            rows: Of any shape from the batch axis on.
            axes: How many axes are before those of the rows.
        """
        if name not in self.arrays:
            return None
        layout = self.arrays[name].layout
        rows = jnp.reshape(rows, (*rows.shape[:axes], -1)).astype("float32")
        if layout.as_it_is(rows.shape[-1]):
            return rows[None]
        return jnp.stack(
            [
                jnp.concatenate(
                    [
                        fill_last(rows[..., between(start, size)], padded(size))
                        for start, size in zip(starts, layout.sizes, strict=True)
                    ],
                    axis=-1,
                )
                for starts in layout.starts
            ]
        )

    def unpack(self, name, packed, like):
        """The way back; `like` is a state, (batch, ...)."""
        layout, size = self.arrays[name].layout, math.prod(like.shape[1:])
        if layout.as_it_is(size):
            rows = packed[0]
        else:
            offsets = layout.offsets
            found = sorted(
                (start, group, offset, size)
                for group, starts in enumerate(layout.starts)
                for start, offset, size in zip(starts, offsets, layout.sizes, strict=False)
            )
            rows = jnp.concatenate(
                [packed[g, ..., between(offset, size)] for _, g, offset, size in found], axis=-1
            )
        rows = rows[..., : like.shape[0], :]  # without those that fill a tile
        return jnp.reshape(rows, (*rows.shape[:-2], *like.shape))


def by_batch(array):
    return Array("gb", array.shape, array.layout, array.pieces)


def between(start, size):
    return slice(start, start + size)


def fill(matrix):
    """A matrix with zeros at its ends, as large as its tile."""
    xp = np if isinstance(matrix, np.ndarray) else jnp
    matrix = matrix.astype("float32") if xp is np else matrix
    return xp.pad(matrix, [(0, padded(size) - size) for size in matrix.shape])


def fill_last(rows, width):
    return fill_axis(rows, rows.ndim - 1, width)


def fill_axis(array, axis, size):
    """With zeros at the end of an axis; none if there is no such axis."""
    if axis < 0 or array.shape[axis] == size:
        return array
    ends = [(0, size - array.shape[n] if n == axis else 0) for n in range(array.ndim)]
    return jnp.pad(array, ends)
