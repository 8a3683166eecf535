"""What a cell's equations compute, letter by letter, read off while its `step` runs.

Nothing is computed a second time, and a letter has the name that it has in the equations. It works
for arrays as for symbolic tensors, so whoever traces a step as a graph can name its tensors.
"""

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

from keras import ops


class Call(NamedTuple):
    """One call of a method that holds equations."""

    cell: Any  # whose method it was
    method: Any  # its code, which tells `step` from the `step` that it calls as super().step
    net: dict[str, Any]  # the net inputs, by gate
    letters: dict[str, Any]  # what it assigned, by name: tensors (batch, size), or lists of them


@contextmanager
def intercept(*cells: Any) -> Iterator[list[Call]]:
    """A list that receives, within the block, every call of the equations of some cells.

    Equations are in the methods that a cell's `equations` names; in `step` if it has none. A
    cell without such a method makes no calls. A call is listed when it returns, so that one that
    is called by another comes before it.

    A profiler of this thread stands still meanwhile.

    Raises:
        RuntimeError: There is a profiler that nobody but itself can go on with.
    """
    methods = {
        inspect.unwrap(vars(parent)[name]).__code__
        for cell in cells
        for name in getattr(cell, "equations", ("step",))
        for parent in type(cell).__mro__
        if name in vars(parent)
    }
    calls: list[Call] = []

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        if event != "return" or frame.f_code not in methods:
            return
        variables = dict(frame.f_locals)
        owner, *given = inspect.getargs(frame.f_code).args
        cell = variables.pop(owner)
        if not any(cell is one for one in cells):
            return
        net = variables[given[0]] if given else None
        letters = {
            name: value
            for name, value in variables.items()
            # Capitals are weights, and _prev is the step before.
            if name not in given and name[0].islower() and not name.endswith("_prev")
        }
        calls.append(Call(cell, frame.f_code, _by_gate(net), letters))

    with _profiling_with(watch):
        yield calls


def why_not() -> str:
    """Why `intercept` would fail in this thread, or ""."""
    profiler = sys.getprofile()
    if profiler is None or callable(profiler) or hasattr(profiler, "enable"):
        return ""
    kind = type(profiler)
    return (
        f"equations are read off with Python's profile hook, which {kind.__module__}."
        f"{kind.__qualname__} holds: end that profiler for it"
    )


@contextmanager
def _profiling_with(function: Callable[[FrameType, str, Any], None]) -> Iterator[None]:
    if why := why_not():
        raise RuntimeError(why)
    before: Any = sys.getprofile()
    by_itself = not (before is None or callable(before))  # as cProfile's, which is no function
    if by_itself:
        before.disable()
    sys.setprofile(function)
    try:
        yield
    finally:
        sys.setprofile(None if by_itself else before)
        if by_itself:
            before.enable()


def letters(calls: Iterable[Call], cell: Any) -> dict[str, Any]:
    """The tensors that the equations of a cell assigned, by name.

    Where the cell has layers, `i_1` is that of the first; `a_1` may also be the first of a list.
    """
    return _numbered(calls, cell, lambda call: call.letters)


def net_inputs(calls: Iterable[Call], cell: Any) -> dict[str, Any]:
    """The net inputs of a cell's gates, by name, with numbers as in `letters`."""
    return _numbered(calls, cell, lambda call: call.net)


def _by_gate(net: Any) -> dict[str, Any]:
    return net if isinstance(net, dict) else getattr(net, "_asdict", dict)()


def _numbered(
    calls: Iterable[Call], cell: Any, part: Callable[[Call], dict[str, Any]]
) -> dict[str, Any]:
    by_method: dict[Any, list[dict[str, Any]]] = {}
    for call in calls:
        if call.cell is cell:
            by_method.setdefault(call.method, []).append(part(call))
    named = {}
    for parts in by_method.values():
        for number, values in enumerate(parts, 1):  # more than one if the cell has layers
            for name, value in values.items():
                listed = isinstance(value, list)
                for place, one in enumerate(value if listed else [value], 1):
                    suffix = f"_{place}" if listed else f"_{number}" if len(parts) > 1 else ""
                    if ops.is_tensor(one) and len(one.shape) > 1:
                        named[name + suffix] = one
    return named
