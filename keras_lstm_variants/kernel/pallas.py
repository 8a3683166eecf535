"""The loop over time as GPU kernels in JAX's Pallas: one launch for all steps of a direction.

trace -> intermediate form -> pieces -> CODE OF THE LOOP -> call

A program of a kernel has a tile of the batch and a group of the cell (`groups`: a head, or all of
it). It loads R once, before its loop, carries the states in registers and stores them for the
backward pass, which is a loop of the same kind from the last step to the first. What does not wait
for a step, the products with x and the gradients of weights, is not in it.

What is written here keeps to what the lowering to Triton has: sides of tiles are powers of two, and
those of products at least 16; nothing in registers is indexed or cut, only arrays in memory are, by
`pl.ds`; no scratch memory; products of two axes; no constant arrays, which are arguments instead.
Mosaic GPU would want the blocks copied to shared memory, which sequences do not fit in.
"""

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton

from .groups import Groups
from .ir import Unsupported, reachable
from .pieces import Cutter, padded

ROWS = 16  # sequences of a tile, at least the side of a product
ON_CHIP = 2**17  # bytes of weights: half of a multiprocessor's registers, on GPUs since 2017
MOST_NUMBERS = 2**31  # of an array, which Triton counts in 32 bits
HIGHEST = jax.lax.Precision.HIGHEST


def rounded(x):
    """To the nearest integer, and from the middle to the even one: Triton has no `round`."""
    up = jnp.floor(x + 0.5)
    odd = up - 2 * jnp.floor(up / 2) == 1
    return jnp.where((up - x == 0.5) & odd, up - 1, up)


def remainder(x, y):
    """What C calls fmod."""
    share = x / y
    return x - y * jnp.where(share < 0, -jnp.floor(-share), jnp.floor(share))


IN_JAX = {  # what the intermediate form has as C++
    "{0} + {1}": jnp.add,
    "{0} - {1}": jnp.subtract,
    "{0} * {1}": jnp.multiply,
    "{0} / {1}": jnp.divide,
    "-{0}": jnp.negative,
    "abs_({0})": jnp.abs,
    "sign({0})": lambda x: jnp.where(x > 0, 1.0, jnp.where(x < 0, -1.0, x)),
    "{0} * {0}": lambda x: x * x,
    "sqrt_({0})": jnp.sqrt,
    "1 / sqrt_({0})": jax.lax.rsqrt,
    "exp_({0})": jnp.exp,
    "expm1_({0})": jnp.expm1,
    "log({0})": jnp.log,
    "log1p({0})": jnp.log1p,
    "sin({0})": jnp.sin,
    "cos({0})": jnp.cos,
    "pow({0}, {1})": jnp.power,
    "fmod({0}, {1})": remainder,
    "rint({0})": rounded,
    "floor({0})": jnp.floor,
    "sigmoid({0})": jax.nn.sigmoid,
    "tanh_({0})": jnp.tanh,
    "larger({0}, {1})": jnp.maximum,
    "smaller({0}, {1})": jnp.minimum,
    "({0} ? {1} : {2})": jnp.where,
    "T({0})": lambda x: jnp.where(x, 1.0, 0.0),
    "{0} == {1}": lambda x, y: x == y,
    "{0} != {1}": lambda x, y: x != y,
    "{0} < {1}": lambda x, y: x < y,
    "{0} <= {1}": lambda x, y: x <= y,
    "{0} > {1}": lambda x, y: x > y,
    "{0} >= {1}": lambda x, y: x >= y,
    "{0} && {1}": jnp.logical_and,
    "{0} || {1}": jnp.logical_or,
    "!{0}": jnp.logical_not,
}


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


class FusedLoop:
    """The loop over time of one cell, forwards and backwards.

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
        carried = [
            same for rows in tied for same in zip(*map(cutter.pieces, rows), strict=True)
        ]
        products = [piece for row in trace.products for piece in cutter.pieces(row)]
        self.groups = Groups([piece for row in outputs for piece in cutter.pieces(row)], carried)
        self.arrays = {}
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
        carried = {same[0]: same for same in carried}
        mine = [piece for n in range(len(sizes)) for piece in self.arrays[f"state{n}"].pieces]
        self.before = mine
        _, self.d_after, self.after, self.d_before = (
            list(part) for part in zip(*(carried[piece] for piece in mine), strict=True)
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
        self.known = {}
        for piece in order:
            if piece.op in ("mix", "row"):
                for n, one in enumerate(piece.detail if piece.op == "mix" else [piece.detail[None]]):
                    name = f"known{len(self.known)}"
                    self.known[piece, n] = name, fill(one)
                    self.arrays[name] = Array("", fill(one).shape)

    def check_size(self):
        """Refuses weights that no multiprocessor holds."""
        of_tiles = sum(math.prod(self.arrays[name].shape) for name in self.tiles.values())
        size = self.dtype.itemsize * of_tiles
        size += 4 * sum(array.size for _, array in self.known.values())
        if size > ON_CHIP:
            raise Unsupported(
                f"its recurrent weights take {-(-size // 1024)} KiB on chip in {self.dtype.name}, "
                f"of which it may take {ON_CHIP // 1024}: fewer units, more heads or bfloat16 fit"
            )

    def forward(self, parts, first, mask, h_mask, weights, keep, interpret):
        """The states at all steps and, with `keep`, the array of what the backward pass is given.

        Args:
            parts: What x gives for all steps, in a list: (steps, batch, ...) each.
            first: The states before the first step, (batch, ...) each.
            mask: Booleans (steps, batch, 1), or None.
            h_mask: That of recurrent dropout, (batch, size), or None.
            weights: The cell's.
            keep: Whether the backward pass will follow.
            interpret: Whether Pallas' interpreter runs it, on any device.
        """
        given = self.given(parts, mask, h_mask, weights)
        given |= {f"first{n}": self.pack(f"state{n}", one) for n, one in enumerate(first)}
        names = [f"state{n}" for n in range(len(first))] + ["saved"] * bool(keep and self.products)
        made = self.run(self.forwards, given, names, parts, interpret)
        states = [
            self.unpack(name, array, one)
            for name, array, one in zip(names, made, first, strict=False)
        ]
        return states, made[len(first) :]

    def backward(self, parts, before, mask, h_mask, weights, saved, d_shown, d_last, interpret):
        """The gradients of the first states, and of the states that each step makes.

        Args:
            parts, mask, h_mask, weights, interpret: As in the forward pass.
            before: The states before each step, (steps, batch, ...) each.
            saved: What the forward pass kept; may be empty.
            d_shown: The directions of the first of the states at all steps.
            d_last: Those of the states after the last step.
        """
        given = self.given(parts, mask, h_mask, weights)
        given |= {f"state{n}": self.pack(f"state{n}", one, 2) for n, one in enumerate(before)}
        given |= {f"shown{n}": self.pack(f"d_new{n}", one, 2) for n, one in enumerate(d_shown)}
        given |= {f"last{n}": self.pack(f"d_new{n}", one) for n, one in enumerate(d_last)}
        given |= {"saved": one for one in saved}
        names = [f"d_first{n}" for n in range(len(d_last))] + [
            f"d_new{n}" for n in range(len(d_last))
        ]
        made = self.run(self.backwards, given, names, parts, interpret)
        d_first, d_new = made[: len(d_last)], made[len(d_last) :]
        return (
            [self.unpack(f"d_new{n}", one, d_last[n]) for n, one in enumerate(d_first)],
            [self.unpack(f"d_new{n}", one, d_last[n]) for n, one in enumerate(d_new)],
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
        given |= {name: jnp.asarray(array) for name, array in self.known.values()}
        return {name: array for name, array in given.items() if array is not None}

    def part(self, weights, tile):
        """A tile of weights, with zeros at its ends."""
        blocks = jnp.reshape(weights, (-1, *weights.shape[-2:]))
        part = blocks[(tile.block, *map(between, tile.first, tile.sizes))]
        return fill(part.astype(self.dtype))

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

    def run(self, kernel, given, names, parts, interpret):
        """Runs a kernel on arrays, by their names; it gives those of `names`."""
        steps, batch = jax.tree.leaves(parts)[0].shape[:2]
        tiles = -(-batch // ROWS)
        taken = {name: self.array(name) for name in given}
        made = {name: self.array(name) for name in names}
        shapes = [
            (*one.sizes(self.groups.number, steps, tiles * ROWS), *one.shape)
            for one in made.values()
        ]
        if max(map(math.prod, shapes)) >= MOST_NUMBERS:
            raise ValueError("The fused loop takes fewer steps or sequences: 2^31 numbers an array.")
        arguments = [
            fill_axis(array, taken[name].axes.find("b"), tiles * ROWS)
            for name, array in given.items()
        ]

        def named(*refs):
            kernel(dict(zip([*taken, *made], refs, strict=True)), steps)

        return pl.pallas_call(
            named,
            out_shape=[jax.ShapeDtypeStruct(shape, "float32") for shape in shapes],
            grid=(self.groups.number, tiles),
            in_specs=[one.spec(steps) for one in taken.values()],
            out_specs=[one.spec(steps) for one in made.values()],
            compiler_params=triton.CompilerParams(num_warps=self.warps(), num_stages=1),
            interpret=interpret,
            name=kernel.__name__,
        )(*arguments)

    def warps(self):
        """As many as hold R in a part of their registers."""
        size = sum(math.prod(self.arrays[name].shape) for name in self.tiles.values())
        return min(16, max(4, size * self.dtype.itemsize // 2**13))

    def forwards(self, refs, steps):
        """The kernel of the forward pass: reads and writes `refs`, arrays by names."""
        fixed = self.resident(refs)
        mask = refs.get("mask")

        def body(t, states):
            values = {**fixed, **dict(zip(self.before, states, strict=True))}
            self.load(refs, "x", t, values)
            wanted = [*self.after, *(self.products if "saved" in refs else ())]
            results = Values(values, self.dtype).of(wanted)
            new = results[: len(states)]
            if mask is not None:
                new = [jnp.where(mask[t] != 0, *both) for both in zip(new, states, strict=True)]
            self.store(refs, "state", t, self.before, new)
            self.store(refs, "saved", t, self.products, results[len(states) :])
            return tuple(new)

        first = self.loaded(refs, "first", self.before)
        jax.lax.fori_loop(0, steps, body, tuple(first))

    def backwards(self, refs, steps):
        """The kernel of the backward pass, from the last step to the first."""
        fixed = self.resident(refs)
        mask = refs.get("mask")

        def body(n, d_states):
            t = steps - 1 - n
            values = dict(fixed)
            for role in ("x", "state", "saved"):
                self.load(refs, role, t, values)
            shown: dict = {}
            self.load(refs, "shown", t, shown)
            d_states = [
                d + shown[piece] if piece in shown else d
                for piece, d in zip(self.d_after, d_states, strict=True)
            ]
            d_new = d_states
            if mask is not None:
                d_new = [jnp.where(mask[t] != 0, d, 0.0) for d in d_states]
            values |= zip(self.d_after, d_new, strict=True)
            self.store(refs, "d_new", t, self.d_after, d_new)
            d_before = Values(values, self.dtype).of(self.d_before)
            if mask is not None:
                kept = [jnp.where(mask[t] != 0, 0.0, d) for d in d_states]
                d_before = [d + one for d, one in zip(d_before, kept, strict=True)]
            return tuple(d_before)

        last = self.loaded(refs, "last", self.d_after)
        d_first = jax.lax.fori_loop(0, steps, body, tuple(last))
        self.store(refs, "d_first", None, self.d_after, d_first)

    def resident(self, refs):
        """What is loaded once, before the loop."""
        values: dict = {}
        self.load(refs, "h_mask", None, values)
        self.load(refs, "weights", None, values)
        values |= {tile: refs[name][...] for tile, name in self.tiles.items() if name in refs}
        values |= {key: refs[name][...] for key, (name, _) in self.known.items()}
        return values

    def places(self, refs, role):
        """The pieces in the arrays of a role: of which array, and where."""
        for name, ref in refs.items():
            if name.rstrip("0123456789") == role:
                array = self.array(name)
                pieces = zip(array.pieces, array.layout.offsets, strict=False)
                yield from ((ref, piece, offset) for piece, offset in pieces)

    def load(self, refs, role, t, values):
        for ref, piece, offset in self.places(refs, role):
            at = pl.ds(offset, padded(piece.size))
            values[piece] = ref[:, at] if t is None else ref[t, :, at]

    def loaded(self, refs, role, order):
        values: dict = {}
        self.load(refs, role, None, values)
        return [values[piece] for piece in order]

    def store(self, refs, role, t, pieces, values):
        known = dict(zip(pieces, values, strict=False))
        for ref, piece, offset in self.places(refs, role):
            at = pl.ds(offset, padded(piece.size))
            ref[(at_all, at) if t is None else (t, at_all, at)] = known[piece]


at_all = slice(None)


class Values:
    """The values of pieces in a step: arrays (ROWS, size), with anything behind their end.

    Args:
        known: Those that are given, by piece; tiles of weights by `Tile`, others by (piece, place).
        dtype: That of products with weights.
    """

    def __init__(self, known, dtype):
        self.known = known
        self.dtype = dtype

    def of(self, pieces):
        """The values of some pieces, as wide as their arrays."""
        for piece in reachable(pieces, stop=self.known):
            if piece not in self.known:
                self.known[piece] = getattr(self, piece.op)(piece)
        return [self.full(piece) for piece in pieces]

    def full(self, piece):
        value = jnp.asarray(self.known[piece])
        return jnp.broadcast_to(value, (ROWS, padded(piece.size)))

    def clean(self, piece, nothing=0.0):
        """With zeros, or else, behind the end: what is there may not be a number."""
        value, width = self.full(piece), padded(piece.size)
        if width == piece.size:
            return value
        lanes = jax.lax.broadcasted_iota(jnp.int32, (ROWS, width), 1)
        return jnp.where(lanes < piece.size, value, nothing)

    def constant(self, piece):
        return bool(piece.detail) if piece.truth else np.float32(piece.detail)

    def row(self, piece):
        return self.known[piece, 0]

    def pointwise(self, piece):
        if piece.detail not in IN_JAX:
            raise Unsupported(f"the operation {piece.detail}")
        return IN_JAX[piece.detail](*(self.known[one] for one in piece.inputs))

    def spread(self, piece):
        value = self.known[piece.inputs[0]]
        return jnp.broadcast_to(value, (ROWS, padded(piece.size)))

    def dot(self, piece):
        pairs = zip(piece.inputs, piece.detail, strict=True)
        total = [
            times(self.clean(one), self.known[stored(tile)], tile.transposed, self.dtype)
            for one, tile in pairs
        ]
        return sum(total[1:], start=total[0])

    def mix(self, piece):
        total = [
            times(self.clean(one), self.known[piece, n], False, jnp.float32, HIGHEST)
            for n, one in enumerate(piece.inputs)
        ]
        return sum(total[1:], start=total[0]) if total else np.float32(0)

    def sum(self, piece):
        parts = [jnp.sum(self.clean(one), axis=1, keepdims=True) for one in piece.inputs]
        return sum(parts[1:], start=parts[0])

    def max(self, piece):
        return self.extreme(piece, jnp.max, jnp.maximum, -jnp.inf)

    def min(self, piece):
        return self.extreme(piece, jnp.min, jnp.minimum, jnp.inf)

    def extreme(self, piece, within, between, nothing):
        first, *rest = [
            within(self.clean(one, nothing), axis=1, keepdims=True) for one in piece.inputs
        ]
        for one in rest:
            first = between(first, one)
        return first


def times(x, tile, transposed, dtype, precision=None):
    """x times a tile; with a side of one, which products do not have, number by number."""
    if 1 not in tile.shape:
        numbers = (((1,), (int(transposed),)), ((), ()))
        return jax.lax.dot_general(
            x.astype(dtype), tile, numbers, precision, preferred_element_type=jnp.float32
        )
    x, tile = x.astype(dtype).astype("float32"), tile.astype("float32")
    rows, columns = tile.shape[::-1] if transposed else tile.shape
    row = tile if tile.shape[0] == 1 else jnp.reshape(tile, (1, -1))
    return x * row if rows == 1 else jnp.sum(x * row, axis=1, keepdims=True)


def stored(tile):
    """A tile as the part of weights that it is, however it multiplies."""
    return tile if not tile.transposed else type(tile)(
        tile.weights, tile.block, tile.first, tile.sizes, False
    )


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
