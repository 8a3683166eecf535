"""Groups: parts of a step that need nothing of each other, which are programs of their own.

trace -> intermediate form -> pieces -> GROUPS -> code of the loop -> call

Where a cell has heads, each multiplies its h by its own block of R. What the heads then do is the
same, with other numbers; so one program is written, and runs once for each of them.
"""

from dataclasses import dataclass

import numpy as np

from .ir import reachable
from .pieces import Piece, padded

SHARED = "constant", "row"  # and leaves of weights: what any group may have


@dataclass(frozen=True)
class Layout:
    """How some rows lie in an array (groups, ..., width) that kernels read and write.

    Attributes:
        starts: For each group, where in its row each piece starts.
        sizes: How many numbers each piece has; it is in the array with zeros behind it.
    """

    starts: tuple[tuple[int, ...], ...]
    sizes: tuple[int, ...]

    @property
    def offsets(self):
        return [0, *np.cumsum([padded(size) for size in self.sizes]).tolist()]

    @property
    def width(self):
        return self.offsets[-1]

    def as_it_is(self, size):
        """Whether the row itself, of that size, lies as it should."""
        return (
            len(self.starts) == 1
            and self.width == size
            and self.starts[0] == tuple(self.offsets[:-1])
        )


class Groups:
    """The groups of a step.

    Args:
        outputs: All pieces that are wanted.
        together: Lists of pieces that must be in one group.

    Attributes:
        members: For each group, what stands in it for a piece of the first one.
    """

    def __init__(self, outputs, together):
        order = reachable([*(piece for same in together for piece in same), *outputs])
        parent = {piece: piece for piece in order}

        def root(piece):
            while parent[piece] is not piece:
                piece = parent[piece]
            return piece

        for piece in order:
            for one in piece.inputs:
                if not shared(one) and not shared(piece):
                    parent[root(one)] = root(piece)
        for same in together:
            first, *rest = [piece for piece in same if not shared(piece)]
            for one in rest:
                parent[root(one)] = root(first)
        parts: dict[Piece, list[Piece]] = {}
        for piece in order:
            if not shared(piece):
                parts.setdefault(root(piece), []).append(piece)
        own = list(parts.values())
        first = signature(own[0])
        self.members: list[dict[Piece, Piece]] = [{}]
        if all(signature(part) == first for part in own[1:]):
            self.members = [counterparts(own[0], part) for part in own]
        if not self.fit(together):
            everything = [piece for piece in order if not shared(piece)]
            self.members = [counterparts(everything, everything)]
        self.number = len(self.members)

    def fit(self, together):
        """Whether what must be together in the first group is so in each, in the same places."""
        among = {same[0]: same for same in together}
        return self.members[0] and all(
            other.get(one, one) is another or told_alike(one, another)
            for other in self.members
            for first, same in among.items()
            if first in self.members[0]
            for one, another in zip(same, among[other[first]], strict=True)
        )

    def layout(self, pieces, start):
        """The layout of pieces of which those of the first group are taken.

        Args:
            pieces: The pieces, of all groups, in order.
            start: A function from a piece to where it starts in its row.

        Returns:
            The layout, and the pieces of the first group that are in it.
        """
        mine = [piece for piece in pieces if piece in self.members[0]]
        starts = tuple(tuple(start(other[piece]) for piece in mine) for other in self.members)
        return Layout(starts, tuple(piece.size for piece in mine)), mine


def shared(piece):
    return piece.op in SHARED or (piece.op == "leaf" and piece.detail[0] == "weights")


def told_alike(one, other):
    return one.op == "constant" == other.op and (one.size, one.detail) == (other.size, other.detail)


def counterparts(first, other):
    """What stands in one group for a piece of another, for what both share, too."""
    found = dict(zip(first, other, strict=True))
    for one, another in zip(first, other, strict=True):
        found.update(zip(one.inputs, another.inputs, strict=True))
    return found


def signature(pieces):
    """What tells whether groups do the same."""
    numbers = {piece: n for n, piece in enumerate(pieces)}

    def told(piece):
        if piece.op == "leaf":
            return piece.detail[:2]
        if piece.op == "row":
            return piece.detail.tobytes()
        if piece.op == "mix":
            return tuple((matrix.shape, matrix.tobytes()) for matrix in piece.detail)
        if piece.op == "dot":
            return tuple((tile.weights, tile.sizes, tile.transposed) for tile in piece.detail)
        return piece.detail

    def one(piece):
        inputs = tuple(
            numbers[i] if i in numbers else (i.op, i.size, told(i)) for i in piece.inputs
        )
        return piece.op, piece.size, piece.truth, told(piece), inputs

    return tuple(map(one, pieces))
