"""Entities within entities: a word has one tag, so one layer of them is read."""

import re
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from ...errors import InputError
from ..options import Options

NAMES = ("outer", "inner")  # of the first two layers


class _HasPlaces(Protocol):
    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


S = TypeVar("S", bound=_HasPlaces)


def in_layers(spans: Iterable[S]) -> list[list[S]]:
    """Spans in layers, each without overlaps: the outermost first, then those within, and so on.

    Of two that overlap, the one that begins first is in the layer before, or else the longer one.
    """
    layers: list[list[S]] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        free = (layer for layer in layers if layer[-1].end <= span.start)
        layer = next(free, None)
        if layer is None:
            layers.append([span])
        else:
            layer.append(span)
    return layers


def chosen(path: str, options: Options, names: Sequence[str] = NAMES) -> int:
    """The index of the layer that was asked for; 0 by default.

    Raises:
        InputError: It is neither a number from 1 nor one of the names.
    """
    layer = options.layer
    if layer is None:
        return 0
    if str(layer).lower() in names:
        return names.index(str(layer).lower())
    if not re.fullmatch("[1-9][0-9]{0,3}", str(layer)):
        known = " or ".join(map(repr, names))
        raise InputError(f"{path}: no layer {layer!r}; name one by its number from 1, or {known}")
    return int(layer) - 1


def others(count: int, index: int) -> str:
    """What to know about entities in layers that were not read."""
    if not count:
        return ""
    another = 2 if index == 0 else 1
    return (
        f"a word has one tag: {count:,} entities lie within or across those of layer {index + 1} "
        f"and are not read; layer = {another} reads others"
    )
