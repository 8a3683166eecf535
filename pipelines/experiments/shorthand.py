"""What definitions of experiments have in common: nets of 1997, and what sources say."""

from collections.abc import Iterable
from typing import Any

from .definition import Arm, Expected, Net, Published, units

PAPER = "Hochreiter & Schmidhuber 1997"
RE_RUN = "cybertronai/schmidhuber-problems", "re-run by others"
ON_LINE: dict[str, Any] = {
    "optimizer": "sgd",
    "batch": 1,
    "loss": "squared",
}  # as in 1997: after each sequence


def of_1997(blocks: int, cells: int = 1, **options: Any) -> dict[str, Any]:
    """The size of a net of memory blocks, and what else its layer is given."""
    return {"blocks": blocks, "cells_per_block": cells, **options}


def lstm_1997(blocks: int, cells: int, initial: float = 0.1, **options: Any) -> Net:
    return Net("lstm_1997", of_1997(blocks, cells, **options), initial=initial)


def read(what: str, value: str, source: str = PAPER) -> Published:
    return Published(what, value, source, "read")


def re_run(what: str, value: str) -> Published:
    return Published(what, value, RE_RUN[0], "re-run by others")


def each(task: Any, cells: Iterable[str], width: int, **net: Any) -> tuple[Arm, ...]:
    """One arm for each of some cells."""
    return tuple(Arm(cell, Net(cell, units(width), **net), task) for cell in cells)


def solving(*arms: str) -> tuple[Expected, ...]:
    """That these arms solve their tasks."""
    return tuple(map(Expected, arms))


def failing(*arms: str) -> tuple[Expected, ...]:
    """That they do not."""
    return tuple(Expected(arm, solves=False) for arm in arms)
