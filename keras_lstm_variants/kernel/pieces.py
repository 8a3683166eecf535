"""Pieces: rows cut so that a GPU's registers, which nobody indexes, hold each piece as a whole.

trace -> intermediate form -> PIECES -> code of the loop -> call

A tile in registers cannot be cut, and its sides are powers of two. So every row of the intermediate
form is cut where a view begins or ends, as the net inputs where a gate ends; what moves numbers
then only says which piece is meant. Where cuts would be too many, numbers move by a product with a
matrix of zeros and ones, which a GPU has units for.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .ir import Along, Constant, Leaf, Pointwise, Product, Reduction, Unsupported, View, reachable

SMALLEST = 16  # the least side of a product's tile, in Triton
FEW_RUNS, MOST_RUNS = 4, 64  # of a view; many must be as long as a tile, or a product moves them
MOST_PIECES = 2048
ACROSS = "sum", "max", "min"  # what is taken of all numbers of a row


@dataclass(frozen=True, eq=False)
class Piece:
    """A part of a row.

    Attributes:
        op: What it is: "leaf", "constant" (one number), "row" (numbers that are known),
            "pointwise", "spread" (one number, many times), "dot" (products with weights), "mix"
            (products with matrices that are known), one of `ACROSS`, of all inputs; or of a piece
            that is cut further while it is computed, into parts of a few numbers: "repeat" (each
            number a few times), "every" (one number of each part), "sums" (of each part).
        inputs: The pieces that it is made of.
        size: How many numbers it has.
        detail: What else is to be known, by op: (role, index, start) of a leaf; the number; the
            row; the code; a `Tile` for each input; a matrix for each input; how many numbers are
            in a part, and which of them.
    """

    op: str
    inputs: tuple
    size: int
    detail: Any = None
    truth: bool = False


@dataclass(frozen=True)
class Tile:
    """A part of weights by which a piece is multiplied; `transposed` as it is stored."""

    weights: int
    block: int
    first: tuple[int, int]
    sizes: tuple[int, int]
    transposed: bool


def padded(size):
    """The side of the tile that a piece of this size is in."""
    return 1 if size == 1 else max(SMALLEST, 1 << (size - 1).bit_length())


def runs(view):
    """The parts of a view that can be pieces: (start, end, source, first place, stride).

    The stride is 1, or 0 for one number many times. None if there are too many of them.
    """
    found: list = []
    most = most_parts(view.size)
    at = 0
    while at < view.size:
        if len(found) == most:
            return None
        source, first = view.source[at], view.place[at]
        rest = np.arange(view.size - at)
        here = view.source[at:] == source
        lengths = []
        for stride in (1, 0):
            fits = here & (view.place[at:] == first + stride * rest)
            lengths.append(len(rest) if fits.all() else int(np.argmin(fits)))
        stride = int(lengths[0] >= lengths[1])
        end = at + max(lengths)
        found.append((at, end, view.inputs[source], int(first), stride))
        at = end
    return found


def most_parts(size):
    """Into how many parts a row of that size may be cut."""
    return max(FEW_RUNS, min(MOST_RUNS, size // SMALLEST))


class Cutter:
    """Cuts the rows that some expressions are made of, and those expressions.

    Args:
        outputs: The expressions.
        alike: Lists of expressions that are cut at the same places.
    """

    def __init__(self, outputs, alike):
        self.made: dict = {}
        self.of_rows: dict = {}
        self.order = list(
            dict.fromkeys([*(e for same in alike for e in same), *reachable(outputs)])
        )
        self.runs = {one: runs(one) for one in self.order if isinstance(one, View)}
        self.cuts = {one: {0, one.size} for one in self.order}
        self.tied = [
            [one, *(i for i in one.inputs if i.size == one.size and not uniform(i))]
            for one in self.order
            if isinstance(one, Pointwise)
        ]
        self.tied += [list(same) for same in alike]
        while self.cut_further():
            if sum(map(len, self.cuts.values())) > MOST_PIECES * 4:
                raise Unsupported("a step that falls into too many pieces")

    def cut_further(self):
        """Cuts each row where one is cut that must be cut alike; whether anything changed."""
        before = sum(map(len, self.cuts.values()))
        for same in self.tied:
            together = set().union(*(self.cuts[one] for one in same))
            for one in same:
                self.cuts[one] |= together
        for view, parts in self.runs.items():
            for start, end, source, first, stride in parts or ():
                here, there = self.cuts[view], self.cuts[source]
                here |= {start, end}
                there |= {first, first + (end - start if stride else 1)}
                if stride:
                    there |= {at - start + first for at in here if start <= at <= end}
                    here |= {at - first + start for at in there if 0 <= at - first <= end - start}
        for one in self.order:
            if isinstance(one, Reduction) and self.in_parts(one):
                self.cuts[one.inputs[0]] |= set(range(0, one.inputs[0].size, one.length))
                self.cuts[one] |= set(range(one.size))
            if isinstance(one, Product) and one.blocks > 1:
                self.cuts[one] |= set(range(0, one.size, one.columns))
                self.cuts[one.inputs[0]] |= set(range(0, one.blocks * one.rows, one.rows))
        return sum(map(len, self.cuts.values())) > before

    @staticmethod
    def in_parts(one):
        """Whether a reduction is taken of whole pieces; else it is a product."""
        if one.how not in ACROSS:
            raise Unsupported(f"the reduction {one.how}")
        few = one.outer <= most_parts(one.inputs[0].size)
        if one.how != "sum" and not (few and one.inner == 1):
            raise Unsupported(f"a {one.how} of many parts")
        return few and one.inner == 1

    def pieces(self, row):
        """The pieces of a row, in order."""
        if row not in self.of_rows:
            ends = sorted(self.cuts[row])
            spans = zip(ends[:-1], ends[1:], strict=True)
            self.of_rows[row] = [self.piece(row, start, end) for start, end in spans]
        return self.of_rows[row]

    def make(self, op, inputs, size, detail, truth=False):
        array = isinstance(detail, np.ndarray)
        several = isinstance(detail, tuple) and any(isinstance(m, np.ndarray) for m in detail)
        key = id(detail) if array or several else detail
        key = op, tuple(map(id, inputs)), size, key
        if key not in self.made:
            self.made[key] = Piece(op, inputs, size, detail, truth)
        return self.made[key]

    def piece(self, row, start, end):
        """The piece of a row from start to end, between two cuts."""
        size = end - start
        if isinstance(row, Leaf):
            return self.make("leaf", (), size, (row.role, row.index, start))
        if isinstance(row, Constant):
            return self.constant(row.value[start:end], row.kind == "truth")
        if isinstance(row, Pointwise):
            inputs = [self.part(one, start, end) for one in row.inputs]
            truth = row.kind == "truth"
            return self.make("pointwise", tuple(inputs), size, row.code, truth=truth)
        if isinstance(row, View):
            return self.viewed(row, start, end)
        if isinstance(row, Product):
            return self.product(row, start, end)
        if isinstance(row, Reduction) and self.in_parts(row):
            first, end = start * row.length, end * row.length
            inputs = [p for p, a, b in self.spans(row.inputs[0]) if first <= a and b <= end]
            return self.make(row.how, tuple(inputs), 1, None)
        if isinstance(row, Reduction) and (row.how, row.inner) == ("sum", 1):
            whole = self.in_tiles(row, start, end, row.inputs[0], 0, row.length * row.size)
            if whole and even(row.length):
                return self.make("sums", (whole,), end, row.length)
        return self.mixed(row.inputs, [matrix_of(row)], start, end)

    def in_tiles(self, row, start, end, of, first, last):
        """The piece of another row from first to last, if it and all of this one fill tiles."""
        if (start, end) != (0, row.size) or not tight(row.size) or not tight(last - first):
            return None
        return next((piece for piece, a, b in self.spans(of) if (a, b) == (first, last)), None)

    def spans(self, row):
        ends = sorted(self.cuts[row])
        return list(zip(self.pieces(row), ends[:-1], ends[1:], strict=True))

    def part(self, row, start, end):
        """Exactly that part of a row, which is a piece of it."""
        if uniform(row):
            return self.constant(row.value[start:end], row.kind == "truth")
        for piece, a, b in self.spans(row):
            if (a, b) == (start, end):
                return piece
        raise AssertionError("a row that is not cut as what is made of it")

    def constant(self, value, truth):
        if (value == value[0]).all() or len(value) == 1:
            return self.make("constant", (), len(value), float(value[0]), truth=truth)
        return self.make("row", (), len(value), value, truth=truth)

    def viewed(self, view, start, end):
        parts = self.runs[view]
        if parts is None:
            if piece := self.regular(view, start, end):
                return piece
            if view.kind == "truth":
                raise Unsupported("truths that are moved one by one")
            matrices = []
            for n, one in enumerate(view.inputs):
                matrix = np.zeros((one.size, view.size))
                here = np.flatnonzero(view.source == n)
                matrix[view.place[here], here] = 1
                matrices.append(matrix)
            return self.mixed(view.inputs, matrices, start, end)
        (run,) = [run for run in parts if run[0] <= start and end <= run[1]]
        first, _, source, place, stride = run
        if stride:
            return self.part(source, place + start - first, place + end - first)
        one = self.part(source, place, place + 1)
        return self.make("spread", (one,), end - start, None, truth=one.truth)

    def regular(self, view, start, end):
        """A piece that has each number of another a few times, or one of a few; or None."""
        if len(view.inputs) > 1:
            return None
        (of,), size, numbers = view.inputs, view.size, np.arange(view.size)
        first, step = int(view.place[0]), int(view.place[1] - view.place[0])
        times = int(np.argmax(view.place != first))
        if even(times) and (view.place == first + numbers // times).all():
            whole = self.in_tiles(view, start, end, of, first, first + size // times)
            if whole:
                return self.make("repeat", (whole,), size, times, truth=whole.truth)
        if even(step) and (view.place == first + numbers * step).all():
            begin = first - first % step
            whole = self.in_tiles(view, start, end, of, begin, begin + size * step)
            if whole and not whole.truth:
                return self.make("every", (whole,), size, (step, first % step))
        return None

    def product(self, row, start, end):
        """Some of the columns of a product, which may lie in several blocks."""
        (of,) = row.inputs
        block, column = divmod(start, row.columns)
        inputs, tiles = [], []
        for piece, a, b in self.spans(of):
            low, high = block * row.rows, (block + 1) * row.rows
            if b <= low or a >= high:
                continue
            first, sizes = (a - low, column), (b - a, end - start)
            if row.transposed:
                first, sizes = first[::-1], sizes[::-1]
            inputs.append(piece)
            tiles.append(Tile(row.weights, block, first, sizes, row.transposed))
        return self.make("dot", tuple(inputs), end - start, tuple(tiles))

    def mixed(self, rows, matrices, start, end):
        """Some of the sums of rows times matrices that are known; zeros are left out."""
        inputs, parts = [], []
        for row, matrix in zip(rows, matrices, strict=True):
            for piece, a, b in self.spans(row):
                if matrix[a:b, start:end].any():
                    inputs.append(piece)
                    parts.append(matrix[a:b, start:end])
        return self.make("mix", tuple(inputs), end - start, tuple(parts))


def even(number):
    """Whether a tile may have an axis of that length, with others."""
    return number > 1 and not number & (number - 1)


def tight(size):
    """Whether a piece of this size has nothing behind its end."""
    return padded(size) == size


def uniform(row):
    return isinstance(row, Constant) and row.uniform is not None


def matrix_of(row):
    """What a row is multiplied by, for its sums along an axis or its cumulative sums."""
    if isinstance(row, Reduction):
        one = np.eye(row.outer)[:, None, None, :, None] * np.eye(row.inner)[None, None, :, None]
        ones = np.ones((1, row.length, 1, 1, 1))
        return (one * ones).reshape(row.inputs[0].size, row.size)
    if not isinstance(row, Along) or not row.how.startswith("cumsum"):
        raise Unsupported(f"the operation {getattr(row, 'how', type(row).__name__)}")
    ones = np.ones((row.length, row.length))
    triangle = np.tril(ones) if row.how == "cumsum_reverse" else np.triu(ones)
    return np.kron(np.eye(row.size // row.length), triangle)
