"""The code of a step, from its expressions: which numbers are stored where, and in which order.

trace -> intermediate form -> CODE OF A STEP -> code of the loop -> compile and cache -> call

Pointwise expressions are fused: a *fusion* runs over the places of a row and computes several of
them in registers, in one loop or in several (`stages`). They are stored only if something needs
them as a whole: a product, a sum, the next step, the backward pass. What has to be ready before a
fusion starts makes its level: the products of what fusions of level n store are computed before the
fusions of level n + 1.
"""

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from .ir import (
    Along,
    Constant,
    Expression,
    Leaf,
    Pointwise,
    Product,
    Reduction,
    Unsupported,
    View,
    reachable,
)
from .stages import LONG, Line, held, stages

CHEAP = 3  # so many operations are rather done again than stored


class Target(NamedTuple):
    """Where the rows of an expression go."""

    expression: Expression
    pointer: str  # to the row of a sequence
    add: bool = False  # to what is there


class Part(NamedTuple):
    """A piece of a target, from its place `at` on, which a fusion computes."""

    target: Target
    at: int
    own: bool  # it is this fusion that stores the expression


class StepCode:
    """The code of one step for the rows of a thread.

    Args:
        targets: What is computed.
        pointers: Of each leaf, by role and index: the pointer to the row of sequence r.
        matrices: Of leaves that products may read as they are: the pointer to all rows and their
            distance.
        given: Expressions that are not computed but given: each with the leaf to read instead.
        letters: The `Letter` of each expression that has one, for comments.
        weights: What to call the weights in comments.

    Attributes:
        lines: The code.
        scratch: The thread's own rows: names and sizes, in C++.
        held: Names and sizes of what one row needs, from loop to loop.
        packs: The matrices that are multiplied by, as `product` needs them: names by (weights,
            transposed, blocks, rows, columns).
        tables: Names of constants by their numbers, as bytes, and type in C++.
    """

    def __init__(self, targets, pointers, matrices, given, letters, weights):
        self.pointers, self.matrices, self.given = pointers, matrices, given
        self.letters, self.weights = letters, weights
        self.scratch, self.held, self.packs, self.tables = {}, {}, {}, {}
        self.stored = {}  # the names of the rows of expressions
        self.everything = reachable([t.expression for t in targets], self.given)
        for one in self.everything:
            if isinstance(one, Leaf) and one.role == "unknown":
                raise Unsupported("a gradient that is a product of two states")
            self.store_around(one)
        self.fuse(targets)
        while again := self.needed_twice():
            self.store(again)
            self.fuse(targets)
        self.lines = self.code()

    def leaf(self, one):
        return one if isinstance(one, Leaf) else self.given.get(one)

    def is_end(self, one):
        return isinstance(one, Constant | Leaf) or one in self.given

    def is_barrier(self, one):
        """Whether it is computed between fusions."""
        if self.is_end(one):
            return False
        return isinstance(one, Product | Reduction | Along) or (
            isinstance(one, View) and one.spans is None
        )

    # What is stored.

    def store_around(self, one):
        """Stores what is computed between fusions, and what that needs."""
        if not self.is_barrier(one):
            return
        for source in one.inputs:
            if isinstance(one, View) and self.is_end(source):
                continue
            if self.matrix(source) is None:
                self.store(source)
        self.store(one)

    def store(self, one):
        if one in self.stored:
            return
        if one.kind == "truth":
            raise Unsupported("truths that are needed as a whole")
        self.stored[one] = name = f"s{len(self.stored)}"
        self.scratch[name] = str(one.size)
        if isinstance(one, Product):  # products are written in whole panels
            self.scratch[name] = f"{(one.blocks - 1) * one.columns} + PANELS({one.columns})"

    def needed_twice(self):
        """What several fusions would compute: it is rather stored by the first."""
        for one in self.everything:
            if len(self.needed_by[one]) > 1 and self.work(one) > CHEAP:
                return one
        return None

    def work(self, one):
        """About how many operations it is, as far as that matters."""
        done, stack = 0, [one]
        while stack and done <= CHEAP:
            one = stack.pop()
            if not self.is_end(one) and one not in self.stored:
                if isinstance(one, Pointwise):
                    done += 1 + CHEAP * bool(LONG.search(one.code))
                stack.extend(one.inputs)
        return done

    # In which order.

    def fuse(self, targets):
        made = {}  # the level in which something is computed
        level: dict = {}  # and from which on it can be read
        for one in self.everything:
            before = () if self.is_end(one) else one.inputs
            made[one] = level[one] = max((level[i] for i in before), default=0)
            if one in self.stored and not self.is_barrier(one):
                level[one] += 1
        self.made = made
        by_fusion = [one for one in self.stored if not self.is_barrier(one)]
        all_targets = [*targets, *(Target(one, self.row(one)) for one in by_fusion)]
        self.fusions, self.needed_by = defaultdict(list), defaultdict(set)
        for target in all_targets:
            one = target.expression
            own = one in by_fusion
            for a, b in pairs({0, one.size} | self.cuts(one, own)):
                key = made[one], b - a
                self.fusions[key].append(Part(target, a, own))
                self.visit(one, a, own, key)

    def row(self, one):
        return f"{self.stored[one]} + r * LD_{self.stored[one]}"

    def visit(self, one, at, own, key):
        """Marks what a fusion computes."""
        seen, stack = set(), [(one, at, 1, own)]
        while stack:
            one, at, stride, own = here = stack.pop()
            if here in seen or self.is_end(one) or (one in self.stored and not own):
                continue
            seen.add(here)
            if isinstance(one, View):
                stack.append((*through(one, at, stride, key[1]), False))
            else:
                if one.kind == "number":
                    self.needed_by[one].add(key)
                stack.extend((i, at, stride, False) for i in one.inputs)

    def cuts(self, one, own=False):
        """Where a fusion over its places has to end and another to begin."""
        if self.is_end(one) or (one in self.stored and not own):
            return set()
        if not isinstance(one, View):
            return set().union(*(self.cuts(i) for i in one.inputs))
        cuts = set()
        for a, b, stride in one.spans:
            cuts |= {a, b}
            if stride:
                first = int(one.place[a])
                inner = self.cuts(one.inputs[one.source[a]])
                cuts |= {a + n - first for n in inner if first < n < first + b - a}
        return cuts - {0, one.size}

    # The code.

    def code(self):
        lines: list[str] = []
        rows: list[str] = []  # what is still to be done, row by row
        barriers = [one for one in self.everything if one in self.stored and self.is_barrier(one)]
        levels = {level for level, _ in self.fusions} | {self.made[one] for one in barriers}
        for level in sorted(levels):
            for one in barriers:
                if self.made[one] == level and isinstance(one, Product):
                    lines += [*by_row(rows), *self.product(one)]
                    rows = []
                elif self.made[one] == level:
                    rows += self.barrier(one)
            for (at, n), parts in self.fusions.items():
                rows += self.fusion(n, parts) if at == level else []
        return [*lines, *by_row(rows)]

    def matrix(self, one):
        """(pointer, distance of rows) of an expression that is stored as it is; else None."""
        at = 0
        while isinstance(one, View) and one not in self.given and one not in self.stored:
            if len(one.inputs) != 1 or np.any(np.diff(one.place) != 1):
                return None
            at, one = at + int(one.place[0]), one.inputs[0]
        if one in self.stored:
            return f"{self.stored[one]} + {at}", f"LD_{self.stored[one]}"
        leaf = self.leaf(one)
        if leaf is None or (leaf.role, leaf.index) not in self.matrices:
            return None
        pointer, distance = self.matrices[leaf.role, leaf.index]
        return f"{pointer} + {at}", distance

    def product(self, one):
        """A product, of all rows at once."""
        left, distance = self.matrix(one.inputs[0])
        pack, name = self.pack(one), self.stored[one]
        return [
            *self.comment_on(one, self.factors(one)),
            f"for (int block = 0; block < {one.blocks}; ++block)",
            f"  product(rows, {left} + block * {one.rows}, {distance}, "
            f"{pack}.block(block, {one.rows}, {one.columns}), {one.rows}, {one.columns}, "
            f"Into{{{name} + block * {one.columns}, LD_{name}}}, PANELS({one.columns}));",
        ]

    def barrier(self, one):
        """What is computed between fusions, in a row."""
        out = self.row(one)
        said = ["  " + line for line in self.comment_on(one)]
        if isinstance(one, View):
            return said + self.copies(one, out)
        left, distance = self.matrix(one.inputs[0])
        left = f"{left} + r * {distance}"
        if isinstance(one, Reduction):
            sizes = f"{one.outer}, {one.length}, {one.inner}"
            return [*said, f"  reduce_{one.how}<{sizes}>({left}, {out});"]
        return [
            *said,
            f"  for (int n = 0; n < {one.size}; n += {one.length}) "
            f"{one.how}<{one.length}>({left} + n, {out} + n);",
        ]

    def comment_on(self, one, *more):
        letter = self.letters.get(one)
        return comment(*[letter.text()] if letter else [], *more)

    def factors(self, product):
        """What a product multiplies, for a comment."""
        letter = self.letters.get(product.inputs[0])
        transposed = "^T" if product.transposed else ""
        return f"{letter.name if letter else '...'} * {self.weights[product.weights]}{transposed}"

    def pack(self, one):
        """The name of the matrix of a product."""
        key = one.weights, one.transposed, one.blocks, one.rows, one.columns
        return self.packs.setdefault(key, f"pack{len(self.packs)}")

    def copies(self, view, out):
        """A view that fusions cannot read in place, because it is of many pieces."""
        lines = []
        for n, source in enumerate(view.inputs):
            here = np.flatnonzero(view.source == n)
            if not len(here):  # what a slice of a concatenation leaves out
                continue
            place = view.place[here]
            straight = np.array_equal(here, np.arange(view.size))
            to = "u" if straight else f"{self.table(here, 'int')}[u]"
            distinct = len(np.unique(place))
            repeats = len(here) // distinct
            if isinstance(source, Constant):
                value = self.constant(source) if source.uniform is not None else None
                value = value or f"{self.table(source.value[place], 'T')}[u]"
                lines.append(f"  for (int u = 0; u < {len(here)}; ++u) ({out})[{to}] = {value};")
                continue
            matrix = None if self.is_end(source) else self.matrix(source)
            read = f"{matrix[0]} + r * {matrix[1]}" if matrix else self.pointer(self.leaf(source))
            counted, pattern = np.arange(len(here)), place - place[0]
            if straight and np.array_equal(pattern, counted // repeats):
                call = f"repeat<{repeats}, {distinct}>"
            elif straight and np.array_equal(pattern, counted % distinct):
                call = f"cycle<{repeats}, {distinct}>"
            else:
                read = f"({read})[{self.table(place, 'int')}[u]]"
                lines.append(f"  for (int u = 0; u < {len(here)}; ++u) ({out})[{to}] = {read};")
                continue
            lines.append(f"  {call}({read} + {place[0]}, {out});")
        return lines

    def pointer(self, leaf):
        return self.pointers[leaf.role, leaf.index]

    def table(self, numbers, kind):
        numbers = np.asarray(numbers, "int32" if kind == "int" else "float64")
        return self.tables.setdefault((numbers.tobytes(), kind), f"table{len(self.tables)}")

    def constant(self, one, at=0, stride=0):
        if one.uniform is None and stride:
            return f"{self.table(one.value, 'T')}[{at} + u]"
        value = one.value[at]
        return literal(value) if one.kind == "number" else str(bool(value)).lower()

    def fusion(self, length, parts):
        """The loops over places that compute and store all of its parts."""
        known: dict = {}
        lines: list[Line] = []
        variables: dict[str, int] = {}  # the line of each
        letters: dict[str, dict[str, None]] = defaultdict(dict)  # of variables and pointers
        pointers: dict[str, str] = {}

        def row(text):
            return pointers.setdefault(text, f"p{len(pointers)}")

        def value(one, at, stride, own=False):
            key = one, at, stride
            if key not in known:
                known[key] = name = computed(one, at, stride, own)
                if letter := self.letters.get(one):
                    pointer, read, _ = name.partition("[")
                    letters[pointer][letter.name if read else letter.text()] = None
            return known[key]

        def line(kind, code, *values):
            lines.append(Line(kind, code, tuple(variables[v] for v in values if v in variables)))

        def computed(one, at, stride, own):
            if isinstance(one, Constant):
                return self.constant(one, at, stride)
            leaf, place = self.leaf(one), f"[{at} + u]" if stride else f"[{at}]"
            if leaf is not None:
                pointer = row(self.pointer(leaf))
                if leaf.role == "weights":
                    letters[pointer][self.weights[leaf.index]] = None
                return pointer + place
            if one in self.stored and not own:
                return row(self.row(one)) + place
            if isinstance(one, View):
                return value(*through(one, at, stride, length))
            values = [value(i, at, stride) for i in one.inputs]
            line("bool" if one.kind == "truth" else "T", one.code.format(*values), *values)
            variables[name := f"v{len(lines) - 1}"] = len(lines) - 1
            return name

        new = [value(part.target.expression, part.at, 1, part.own) for part in parts]
        written = set()
        for part, v in zip(parts, new, strict=True):
            written.add(name := row(part.target.pointer))
            if letter := self.letters.get(part.target.expression):
                letters[name][letter.name] = None
            line("", f"{name}[{part.at} + u] {'+=' if part.target.add else '='} {v}", v)
        return [
            "  {",
            *(
                "  ".join(
                    [
                        f"    {'' if name in written else 'const '}T* {name} = {text};",
                        *comment(*letters[name]),
                    ]
                )
                for text, name in pointers.items()
            ),
            *("    " + one for one in self.loops(length, lines, letters)),
            "  }",
        ]

    def loops(self, length, lines, letters):
        """The lines of a fusion in their loops; what is read in a later one is held till then."""
        stage = stages(lines, length)
        rows = {n: f"held{k}" for k, n in enumerate(held(lines, stage))}
        for name in rows.values():
            self.held[name] = max(length, self.held.get(name, 0))
        text = []
        for at in sorted(set(stage)):
            here = [n for n, other in enumerate(stage) if other == at]
            text.append(f"SIMD for (int u = 0; u < {length}; ++u) {{")
            needed = {m for n in here for m in lines[n].uses}
            for n in sorted(needed - set(here)):
                text.append(f"  {lines[n].kind} v{n} = {rows[n]}[u];")
            for n in here:
                kind, code, _ = lines[n]
                assigned = f"{kind} v{n} = {code};" if kind else f"{code};"
                text.append("  ".join(["  " + assigned, *comment(*letters[f"v{n}"])]))
                if n in rows:
                    text.append(f"  {rows[n]}[u] = v{n};")
            text.append("}")
        return text


def comment(*parts):
    """The line of a comment; none if there is nothing to say."""
    said = "; ".join(filter(None, parts))
    return [f"// {said}"] if said else []


def through(view, at, stride, length):
    """What a fusion of this length that begins at this place of a view reads, and where."""
    place = int(view.place[at])
    if stride and length > 1:
        stride = int(view.place[at + 1]) - place
    return view.inputs[view.source[at]], place, stride


def pairs(cuts):
    cuts = sorted(cuts)
    return zip(cuts, cuts[1:], strict=False)


def by_row(body):
    """A loop over the sequences that have not ended, or begun, at this step."""
    if not body:
        return []
    return ["for (long r = 0; r < rows; ++r) {", "  if (!on[r]) continue;", *body, "}"]


def literal(value):
    if np.isfinite(value):
        return f"T({float(value)!r})"
    return "T(NAN)" if np.isnan(value) else f"T({'-' if value < 0 else ''}INFINITY)"
