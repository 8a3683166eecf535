"""The page of a probed text: what was found, the table of colours, the text as units see it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..pages.page import data_uri, render

HEADINGS = ("stands for", "unit", "r", "p", "best r untrained")
SHOWN = 1_500  # characters of the text for each unit
SHADES = 4  # of a colour, in probe.html


def page(
    source: str, request: Any, found: Any, best: Sequence[dict[str, Any]], folder: Path
) -> str:
    """A page that needs no other file.

    Args:
        source: The text.
        request: What was trained.
        found: What was found.
        best: The best unit for each feature; its `unit` is None if chance does as well.
        folder: Where the pictures are.
    """
    facts = {
        "text": Path(source).name,
        "cell": request.cell,
        "units": f"{found.values.shape[1]}, state {found.state}",
        "held-out error": f"{found.bits:.2f} bits per character; by frequency {found.chance:.2f}",
    }
    rows = [
        {
            "name": one["feature"],
            "together": False,
            "cells": [
                "none" if one["unit"] is None else str(one["unit"]),
                f"{one['score']:+.2f}",
                "<0.001" if one["p"] < 0.001 else f"{one['p']:.3f}",
                f"{one['untrained']:+.2f}",
            ],
        }
        for one in best
    ]
    sections = [
        (one, pieces(found.text[:SHOWN], found.values[:SHOWN, one["unit"]]))
        for one in best
        if one["unit"] is not None
    ]
    address = data_uri(folder / "units.png")
    return render(
        Path(__file__).with_name("probe.html"),
        f"What units of {request.cell} stand for in {Path(source).name}",
        facts,
        headings=HEADINGS,
        rows=rows,
        sections=sections,
        address=address,
        probed=found.trained,
        characters=f"{len(found.text):,}",
    )


def pieces(text: str, values: np.ndarray) -> list[tuple[str, str]]:
    """A text in pieces of one colour: (class, piece). `n0` to `n3` are below the median, `p` above.

    Of each side the largest values, 98 in 100, have the strongest colour.
    """
    centred = values - np.median(values)
    scale = float(np.percentile(np.abs(centred), 98)) or 1.0
    strength = np.minimum(SHADES - 1, np.floor(np.abs(centred) / scale * SHADES)).astype(int)
    found: list[tuple[str, str]] = []
    for character, value, shade in zip(text, centred, strength, strict=True):
        style = f"{'p' if value > 0 else 'n'}{shade}"
        if found and found[-1][0] == style:
            found[-1] = (style, found[-1][1] + character)
        else:
            found.append((style, character))
    return found
