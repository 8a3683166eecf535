"""The loop over time as GPU kernels in JAX's Pallas: one launch for all steps of a direction.

trace -> intermediate form -> pieces -> groups -> CODE OF THE LOOP -> call

A program of a kernel has a tile of the batch and a group of the cell (`groups`: a head, or all of
it). It loads R once, before its loop, carries the states in registers and stores them for the
backward pass, which is a loop of the same kind from the last step to the first. What does not wait
for a step, the products with x and the gradients of weights, is not in it.

It is written for the lowering to Triton, which has no scratch memory, and which reads and writes
parts of an array in memory, by `pl.ds`, but none of what is in registers (`registers`). Mosaic GPU
would copy blocks to shared memory, which whole sequences do not fit in.
"""

import math

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton

from .arrays import Arrays, fill_axis
from .pieces import padded
from .registers import ROWS, Values

MOST_NUMBERS = 2**31  # of an array, which Triton counts in 32 bits
EVERY = slice(None)


class FusedLoop(Arrays):
    """The loop over time of one cell, forwards and backwards."""

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
        given |= zip(["saved"], saved, strict=False)
        names = [f"{kind}{n}" for kind in ("d_first", "d_new") for n in range(len(d_last))]
        made = self.run(self.backwards, given, names, parts, interpret)
        d_first, d_new = made[: len(d_last)], made[len(d_last) :]
        return (
            [self.unpack(f"d_new{n}", one, d_last[n]) for n, one in enumerate(d_first)],
            [self.unpack(f"d_new{n}", one, d_last[n]) for n, one in enumerate(d_new)],
        )

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

    def too_long(self, steps, batch):
        """Why sequences cannot be given to a kernel at once, or ""."""
        width = max(math.prod(array.shape) for array in self.arrays.values())
        numbers = self.groups.number * steps * (batch + ROWS) * width
        most = MOST_NUMBERS
        return f"an array would have {numbers} numbers, of {most}" if numbers >= most else ""

    def warps(self):
        """As many as hold R in a part of their registers."""
        size = sum(math.prod(self.arrays[name].shape) for name in self.tiles.values())
        return 1 << min(4, max(2, (size * self.dtype.itemsize // 2**13).bit_length() - 1))

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
        known = {name: refs[name][...] for name in self.known}
        values |= {piece: [known[one] for one in names] for piece, names in self.names.items()}
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
            ref[(EVERY, at) if t is None else (t, EVERY, at)] = known[piece]
