"""The code of a step on a GPU: pieces as arrays in registers, computed by JAX's functions.

trace -> intermediate form -> pieces -> CODE OF A STEP -> code of the loop -> call

It keeps to what the lowering to Triton has: sides of tiles are powers of two, and those of products
at least 16; products are of two axes; nothing is indexed or cut; there are no constant arrays.
"""

import jax
import jax.numpy as jnp
import numpy as np

from .ir import Unsupported, reachable
from .pieces import padded

ROWS = 16  # sequences of a tile, at least the side of a product
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


class Values:
    """The values of pieces in a step: arrays (ROWS, size), with anything behind their end.

    Args:
        known: Those that are given, by piece; tiles of weights by `Tile`; arrays of pieces that
            need some, in a list by piece.
        dtype: That of products with weights.
    """

    def __init__(self, known, dtype):
        self.known = {key: one for key, one in known.items() if not isinstance(one, list)}
        self.arrays = {key: one for key, one in known.items() if isinstance(one, list)}
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
        return self.arrays[piece][0]

    def pointwise(self, piece):
        if piece.detail not in IN_JAX:
            raise Unsupported(f"the operation {piece.detail}")
        return IN_JAX[piece.detail](*(self.known[one] for one in piece.inputs))

    def spread(self, piece):
        value = self.known[piece.inputs[0]]
        return jnp.broadcast_to(value, (ROWS, padded(piece.size)))

    def parts(self, piece, number):
        (of,) = piece.inputs
        return jnp.reshape(self.full(of), (ROWS, of.size // number, number))

    def repeat(self, piece):
        few = self.parts(piece, 1)
        many = jnp.broadcast_to(few, (*few.shape[:2], piece.detail))
        return jnp.reshape(many, (ROWS, piece.size))

    def every(self, piece):
        number, which = piece.detail
        parts = self.parts(piece, number)
        places = jax.lax.broadcasted_iota(jnp.int32, parts.shape, 2)
        return jnp.sum(jnp.where(places == which, parts, 0.0), axis=2)

    def sums(self, piece):
        return jnp.sum(self.parts(piece, piece.detail), axis=2)

    def dot(self, piece):
        pairs = zip(piece.inputs, piece.detail, strict=True)
        total = [
            times(self.clean(one), self.known[stored(tile)], tile.transposed, self.dtype)
            for one, tile in pairs
        ]
        return sum(total[1:], start=total[0])

    def mix(self, piece):
        total = [
            times(self.clean(one), matrix, False, jnp.float32, HIGHEST)
            for one, matrix in zip(piece.inputs, self.arrays[piece], strict=True)
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
    return (
        tile
        if not tile.transposed
        else type(tile)(tile.weights, tile.block, tile.first, tile.sizes, False)
    )
