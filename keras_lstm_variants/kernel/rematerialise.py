"""Rematerialisation: what the forward pass keeps so that the backward pass takes the least memory.

trace -> intermediate form -> code of a step -> CODE OF THE LOOP -> compile and cache -> call

All else that the backward pass reads it computes a second time. `loop_codegen` asks for the choice.
"""

from collections import defaultdict, deque

from .ir import Leaf, Product, reachable

FREE = "x", "state", "h_mask", "weights"  # what the backward pass has anyway


def to_keep(new, needed):
    """The expressions to keep: from them, all those needed follow by pointwise operations.

    They are the cheapest such set, a minimum cut between what cannot be computed again (products)
    and what is needed; of several, the one nearest to what is needed, so that the least is computed
    twice.

    Args:
        new: The states at t, which are kept anyway.
        needed: What the backward pass reads.
    """
    forward = reachable(needed, stop=new)
    capacity: defaultdict = defaultdict(float)
    edges: defaultdict = defaultdict(dict)

    def connect(a, b, room):
        capacity[a, b] += room
        edges[a][b] = None
        edges[b][a] = None

    unlimited = float("inf")
    costly = [
        one
        for one in forward
        if one not in new and not (isinstance(one, Leaf) and one.role in FREE)
    ]
    for one in costly:
        connect((one, "in"), (one, "out"), one.size if one.kind == "number" else unlimited)
        if isinstance(one, Product):
            connect("source", (one, "in"), unlimited)
        else:
            for i in one.inputs:
                connect((i, "out"), (one, "in"), unlimited)
        if one in needed:
            connect((one, "out"), "sink", unlimited)
    while path := shortest_path(capacity, edges, "source", "sink"):
        room = min(capacity[step] for step in path)
        for a, b in path:
            capacity[a, b] -= room
            capacity[b, a] += room
    near = reaches(capacity, edges, "sink")
    return [one for one in costly if (one, "out") in near and (one, "in") not in near]


def shortest_path(capacity, edges, start, end):
    came, queue = {start: None}, deque([start])
    while queue and end not in came:
        a = queue.popleft()
        for b in edges[a]:
            if b not in came and capacity[a, b] > 0:
                came[b] = a
                queue.append(b)
    path = []
    while end in came and came[end] is not None:
        path.append((came[end], end))
        end = came[end]
    return path


def reaches(capacity, edges, end):
    """All from which there is room left on a way to the end."""
    reached, queue = {end}, deque([end])
    while queue:
        b = queue.popleft()
        for a in edges[b]:
            if a not in reached and capacity[a, b] > 0:
                reached.add(a)
                queue.append(a)
    return reached
