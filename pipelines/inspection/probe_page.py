"""The page of a probed text: what was found, the table of colours, the text as units see it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..pages.page import data_uri, render
from .coloured import pieces

HEADINGS = ("stands for", "unit", "r", "p", "best r untrained")
SHOWN = 1_500  # characters of the text for each unit


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
