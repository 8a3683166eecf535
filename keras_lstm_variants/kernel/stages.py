"""The loops of a fusion: what waits for long functions is computed in a loop of its own.

A processor looks some hundred instructions ahead. Where h needs a tanh of c, and c the sigmoids of
its gates, that is hardly further than one place: it waits for one function after the other. In two
loops, what it looks at are the same functions of many places, which wait for nothing.
"""

import re
from typing import NamedTuple

LONG = re.compile(r"\b(sigmoid|softplus|tanh_|exp_|expm1_|log|log1p|pow|sin|cos|erf|erfc|fmod)\(")
WORTH = 32  # so many places are worth a second loop


class Line(NamedTuple):
    """A variable, or a number that is stored."""

    kind: str  # the type of the variable; none if it stores
    code: str
    uses: tuple[int, ...]  # which lines it reads

    @property
    def long(self):
        return bool(LONG.search(self.code))


def stages(lines, length):
    """In which loop each line stands: in each, no long function needs another.

    It stands in the first in which it can, but in a later one if it is needed there only, and that
    does not take more to be handed on. A number is stored where it is computed.
    """
    if length < WORTH:
        return [0] * len(lines)
    depth: list[int] = []  # how many long functions it waits for, its own included
    for line in lines:
        depth.append(max((depth[n] for n in line.uses), default=0) + line.long)
    stage = [max(0, one - 1) for one in depth]
    after = [0] * len(lines)  # how many long functions of its own loop wait for it
    users: list[list[int]] = [[] for _ in lines]
    for n, line in enumerate(lines):
        for m in line.uses:
            if line.kind:
                users[m].append(n)
    for n in reversed(range(len(lines))):

        def waiting(at, of=n):
            return max((after[m] + lines[m].long for m in users[of] if stage[m] == at), default=0)

        latest = min((stage[m] for m in users[n]), default=stage[n])
        handed_on = sum(depth[m] > 0 for m in set(lines[n].uses))
        if handed_on <= 1 and lines[n].long + waiting(latest) <= 1:
            stage[n] = latest
        after[n] = waiting(stage[n])
    return [
        at if line.kind or not line.uses else stage[line.uses[0]]
        for line, at in zip(lines, stage, strict=True)
    ]


def held(lines, stage):
    """The lines that are read in a later loop."""
    pairs = zip(lines, stage, strict=True)
    return sorted({n for line, at in pairs for n in line.uses if stage[n] < at})
