"""The page of an inspection: all its pictures in one file, and how often gates are saturated."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_lstm_variants.probing import Probe, Saturation

from ..pages.page import data_uri, render, share
from .pictures import Picture
from .words import Words

HEADINGS = ("layer", "gate", "units", "words", "values", "closed", "open", "units always closed",
            "units always open")  # fmt: skip
PROBE_HEADINGS = ("layer", "stands for", "unit", "r", "p")
Gates = Mapping[str, Saturation]


def page(
    title: str,
    facts: Mapping[str, str],
    first: Sequence[Picture],
    sections: Sequence[tuple[Any, Sequence[Picture]]],
    saturated: Mapping[str, Gates],
    limits: tuple[float, float],
    nouns: tuple[str, str] = ("sentence", "words"),
    words: Words | None = None,
) -> str:
    """A page that needs no other file.

    Args:
        title: Of the page.
        facts: What was inspected.
        first: The pictures of all sentences together.
        sections: The sentences with their pictures.
        saturated: For the gates of each layer and direction, by its name for people, how often each
            unit is closed and open.
        limits: Below the first a gate is closed, above the second open.
        nouns: What a section is called, and its steps.
        words: What units stand for, where steps are words.
    """
    drawn = [*first, *(picture for _, pictures in sections for picture in pictures)]
    return render(
        Path(__file__).with_name("page.html"),
        title,
        facts,
        first=first,
        sections=sections,
        addresses={picture.path: data_uri(picture.path) for picture in drawn},
        headings=[nouns[1] if heading == "words" else heading for heading in HEADINGS],
        section=nouns[0],
        steps=nouns[1],
        warnings=sorted(
            {one.warning for gates in saturated.values() for one in gates.values()} - {""}
        ),
        rows=[
            {"name": layer, "cells": _cells(gate, one), "together": False}
            for layer, gates in saturated.items()
            for gate, one in gates.items()
        ],
        words=words,
        probe_headings=PROBE_HEADINGS,
        probed=[
            {"name": where, "cells": _best(probed, feature), "together": False}
            for where, probed in (words.probed.items() if words else ())
            for feature in probed.features
        ],
        closed=limits[0],
        opened=limits[1],
    )


def _best(probed: Probe, feature: str) -> list[str]:
    """A row of the table of words."""
    unit, score, p = probed.best(feature)
    found = str(unit) if p < 0.05 else "none"
    return [feature, found, f"{score:+.2f}", "<0.001" if p < 0.001 else f"{p:.3f}"]


def _cells(gate: str, one: Saturation) -> list[str]:
    """A row of the table; shares come with what they are of."""
    closed, opened, words = one.closed, one.open, one.steps
    units = len(closed)
    values = units * words
    counts = [round(float(shares.sum()) * words) for shares in (closed, opened)]
    return [
        gate,
        f"{units:,}",
        f"{words:,}",
        f"{values:,}",
        *(share(count, values) for count in counts),
        *(share(int((shares == 1).sum()), units) for shares in (closed, opened)),
    ]
