"""The page of an inspection: all its pictures in one file, and how often gates are saturated."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..pages.page import data_uri, render, share
from ..serving.tagging import Tagged
from .pictures import Picture

HEADINGS = ("layer", "gate", "units", "words", "values", "closed", "open", "units always closed",
            "units always open")  # fmt: skip
Gates = Mapping[str, tuple[np.ndarray, np.ndarray]]


def page(
    title: str,
    facts: Mapping[str, str],
    first: Sequence[Picture],
    sections: Sequence[tuple[Tagged, Sequence[Picture]]],
    saturated: Mapping[str, Gates],
    limits: tuple[float, float],
) -> str:
    """A page that needs no other file.

    Args:
        title: Of the page.
        facts: What was inspected.
        first: The pictures of all sentences together.
        sections: The sentences with their pictures.
        saturated: For the gates of each layer and direction, by its name for people, the share of
            words at which each unit is closed, and at which it is open.
        limits: Below the first a gate is closed, above the second open.
    """
    drawn = [*first, *(picture for _, pictures in sections for picture in pictures)]
    words = sum(len(sentence.tokens) for sentence, _ in sections)
    return render(
        Path(__file__).with_name("page.html"),
        title,
        facts,
        first=first,
        sections=sections,
        addresses={picture.path: data_uri(picture.path) for picture in drawn},
        headings=HEADINGS,
        rows=[
            {"name": layer, "cells": _cells(gate, *shares, words), "together": False}
            for layer, gates in saturated.items()
            for gate, shares in gates.items()
        ],
        closed=limits[0],
        opened=limits[1],
    )


def _cells(gate: str, closed: np.ndarray, opened: np.ndarray, words: int) -> list[str]:
    """A row of the table; shares come with what they are of."""
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
