"""The intermediate form: what one step computes for one sequence, as expressions.

trace -> INTERMEDIATE FORM -> code of a step -> code of the loop -> compile and cache -> call

`trace` makes it of TensorFlow's graph, `rematerialise`, `step_codegen` and `loop_codegen` read it.
Every expression is a row of numbers, flat, whatever shape its tensor has in the graph. Equal
expressions are one object.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

MOST_PIECES = 12  # a view of more pieces is not read in place but copied


class Unsupported(Exception):
    """The step has something in it that is not translated; the message says what."""


@dataclass(frozen=True, eq=False)
class Expression:
    inputs: tuple
    size: int
    kind: str = "number"  # or "truth"

    def __repr__(self):
        return f"{type(self).__name__}[{self.size}]"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Leaf(Expression):
    """A row that is given: part of what x gives, a state, weights..."""

    role: str
    index: int


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Constant(Expression):
    value: np.ndarray

    @cached_property
    def uniform(self):
        """The one number of which it consists; None if there are several."""
        first = self.value.flat[0]
        return first if np.all((self.value == first) | (self.value != self.value)) else None


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Pointwise(Expression):
    """A function of the numbers at the same place of all inputs, written in C++."""

    code: str


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class View(Expression):
    """The same numbers elsewhere: place n has number `place[n]` of input `source[n]`."""

    source: np.ndarray
    place: np.ndarray

    @cached_property
    def spans(self):
        """(first place, end, stride) of the pieces that can be read in place; None if too many."""
        link = np.where(np.diff(self.source) == 0, np.diff(self.place), -1)
        link = np.where((link == 0) | (link == 1), link, -1)
        turns = [*(np.flatnonzero(np.diff(link)) + 1).tolist(), len(link)]
        pieces: list = []
        at = 0
        while at < self.size:
            if len(pieces) == MOST_PIECES:
                return None
            if at == len(link) or link[at] == -1:
                end, stride = at + 1, 1
            else:
                end, stride = next(n for n in turns if n > at) + 1, int(link[at])
            pieces.append((at, end, stride))
            at = end
        return pieces


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Product(Expression):
    """The input times a matrix of weights; with several blocks, each part by its own."""

    weights: int  # which of the weights' tensors
    blocks: int
    rows: int
    columns: int
    transposed: bool  # as it is stored: (columns, rows)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Reduction(Expression):
    """From (outer, length, inner) to (outer, inner)."""

    how: str
    outer: int
    length: int
    inner: int


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Along(Expression):
    """A function of a whole row: softmax or cumulative sums."""

    how: str
    length: int


class Expressions:
    """Makes expressions, each once."""

    def __init__(self):
        self.known = {}

    def make(self, of, *inputs, **fields):
        key = of, tuple(map(id, inputs)), tuple(map(self.key, fields.items()))
        if key not in self.known:
            self.known[key] = of(tuple(inputs), **fields)
        return self.known[key]

    @staticmethod
    def key(item):
        name, value = item
        array = isinstance(value, np.ndarray)
        return name, (value.tobytes(), value.dtype.str, value.shape) if array else value

    def leaf(self, role, index, size):
        return self.make(Leaf, role=role, index=index, size=size)

    def constant(self, value):
        value = np.asarray(value)
        kind = "truth" if value.dtype == bool else "number"
        return self.make(
            Constant, value=value.astype("float64").ravel(), size=value.size, kind=kind
        )

    def pointwise(self, code, *inputs, kind="number"):
        if code == "{0} + {1}":
            for one, other in (inputs, inputs[::-1]):
                if isinstance(one, Constant) and one.uniform == 0:
                    return other
        return self.make(Pointwise, *inputs, code=code, size=inputs[0].size, kind=kind)

    def view(self, inputs, source, place):
        """A view; of views, it is one of what they are views of."""
        flat: list = []
        sources, places = np.empty_like(source), np.empty_like(place)
        for n, one in enumerate(inputs):
            here = source == n
            if not here.any():
                continue
            if isinstance(one, View):
                new = np.array([self.number(i, flat) for i in one.inputs])
                sources[here] = new[one.source[place[here]]]
                places[here] = one.place[place[here]]
            else:
                sources[here] = self.number(one, flat)
                places[here] = place[here]
        if not flat:
            return self.constant(np.zeros(0))
        if len(flat) == 1:
            (only,) = flat
            if isinstance(only, Constant):
                value = only.value[places]
                return self.constant(value.astype(bool) if only.kind == "truth" else value)
            if only.size == len(places) and np.array_equal(places, np.arange(only.size)):
                return only
        kind = flat[0].kind
        return self.make(View, *flat, source=sources, place=places, size=len(places), kind=kind)

    @staticmethod
    def number(one, flat):
        if one not in flat:
            flat.append(one)
        return flat.index(one)

    def reduced(self, row, shape, axes, how):
        """The reduction of a row, which has that shape, over axes without others between them."""
        axes = sorted(axis % len(shape) for axis in axes if shape[axis] != 1)
        if not axes:
            return row
        first, end = axes[0], axes[-1] + 1
        if any(shape[n] != 1 for n in set(range(first, end)) - set(axes)):
            raise Unsupported(f"a {how} over axes that are apart")
        outer, length, inner = (
            int(np.prod(part)) for part in (shape[:first], shape[first:end], shape[end:])
        )
        sizes = {"outer": outer, "length": length, "inner": inner, "size": outer * inner}
        return self.make(Reduction, row, how=how, **sizes)

    def moved(self, rows, shapes, move):
        """Views of rows by what only moves numbers: seen from moving their places.

        Args:
            rows: Expressions.
            shapes: Those that the rows have for `move`.
            move: A function from an array of integers for each row to an array, or several. What
                it puts in places of its own accord is zero.
        """
        firsts = np.cumsum([0, *[row.size for row in rows]])
        places = [  # which count from one
            np.arange(first + 1, first + 1 + row.size, dtype="int32").reshape(shape)
            for first, row, shape in zip(firsts[:-1], rows, shapes, strict=True)
        ]
        views = []
        for moved in move(places):
            at = np.asarray(moved).ravel().astype("int64") - 1
            source = np.searchsorted(firsts, at, side="right") - 1
            inputs, zeros = list(rows), at < 0
            if zeros.any():
                source[zeros] = len(rows)
                inputs.append(self.constant(np.zeros(1)))
            place = np.where(zeros, 0, at - firsts[np.clip(source, 0, len(rows) - 1)])
            views.append(self.view(inputs, source, place))
        return views


class Letter(NamedTuple):
    """What a value is called in the cell's equations, and the line that assigns it, if one does."""

    name: str
    equation: str = ""

    def text(self):
        return self.equation or self.name


@dataclass
class Step:
    """One step of a cell and its gradients.

    Args:
        make: What makes further expressions.
        new: The states at t.
        products: Those of the step with weights.
        d_x, d_states: The gradients of what the step takes.
        d_products: The gradients of the results of the products.
        d_weights: What one step of one sequence adds to the gradients of the other weights, by
            their numbers.
        sizes: How many numbers there are of what `x`, `state`, `h_mask` and `weights` name.
        shapes: Those of the weights.
        states: Names of the states.
        weights: What the weights are called.
        letters: Those of the cell's equations, by the expression that each stands for.
    """

    make: Expressions
    new: list[Expression]
    products: list[Product]
    d_x: Expression
    d_states: list[Expression | None]
    d_products: list[Expression | None]
    d_weights: dict[int, Expression]
    sizes: dict[str, list[int]]
    shapes: list[tuple]
    states: list[str]
    weights: list[str]
    letters: dict[Expression, Letter] = field(default_factory=dict)


def reachable(expressions, stop=()):
    """All of which they are made, inputs first."""
    order: dict = {}
    stack = [(one, False) for one in reversed(list(expressions))]
    while stack:
        one, done = stack.pop()
        if done:
            order[one] = None
        elif one not in order:
            stack.append((one, True))
            if one not in stop:
                stack.extend((i, False) for i in one.inputs if i not in order)
    return list(order)
