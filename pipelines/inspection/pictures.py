"""Pictures of recorded layers."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ft2font import FT2Font

from keras_lstm_variants.probing import Saturation

from .. import figures
from ..figures import COLOURS, SHAPES

# Inches. A longer sentence gets narrower columns and a label for every few of them only.
WIDEST, LARGEST_SQUARE, LABEL = 50, 18, 0.16
LONGEST = 16  # characters of a label
USUAL = 98  # percent of a letter's values that its colours tell apart
FAINTEST = 1e-3  # of the largest sensitivity: what is less is as dark


class Picture(NamedTuple):
    path: Path
    title: str


def fonts(characters: Iterable[str]) -> tuple[list[str], list[str]]:
    """The families of fonts to draw with, and the characters that no installed font has."""
    chosen = [str(matplotlib.rcParamsDefault["font.sans-serif"][0])]  # comes with matplotlib
    entries = {
        font.name: font.fname
        for font in fontManager.ttflist
        if font.style == "normal" and not font.name.startswith("Last Resort")  # has only boxes
    }
    missing = set(characters) - _covered(entries[chosen[0]])
    while missing:
        covered = {name: missing & _covered(path) for name, path in sorted(entries.items())}
        best = max(covered, key=lambda name: len(covered[name]))
        if not covered[best]:
            break
        chosen.append(best)
        missing -= covered[best]
    return chosen, sorted(missing)


def _covered(path: str) -> set[str]:
    try:
        return {chr(code) for code in FT2Font(path).get_charmap()}
    except (OSError, RuntimeError):
        return set()


def save(figure: Any, path: Path, title: str, scalable: bool) -> Picture:
    """Writes a PNG, and an SVG if the page should show that because a browser has more fonts."""
    for suffix in (".png", ".svg")[: 1 + scalable]:
        picture = path.with_name(path.name + suffix)
        figures.save(figure, picture)
    return Picture(picture, title)


def heatmaps(
    title: str, letters: dict[str, np.ndarray], labels: list[str], order: np.ndarray | None = None
) -> Any:
    """One panel for each letter: units by words; what lies between zero and one on one scale.

    Args:
        title: Of the figure.
        letters: Values (steps, units), by name.
        labels: Of the steps.
        order: The units from top to bottom; letters of another width keep theirs.
    """
    width = max(4.0, min(WIDEST, 0.22 * len(labels)))
    figure = Figure((width + 2, 1.0 + 1.45 * len(letters)), layout="constrained")
    figure.suptitle(title, fontweight="bold")
    figure.supylabel("unit")
    panels = figure.subplots(len(letters), 1, sharex=True, squeeze=False)[:, 0]
    for panel, (name, values) in zip(panels, letters.items(), strict=True):
        if np.nanmin(values) >= 0 and np.nanmax(values) <= 1:  # NaN is masked
            colours, limits, extend = "viridis", (0.0, 1.0), "neither"
        else:
            largest = float(f"{np.nanpercentile(np.abs(values), USUAL):.2g}") or 1.0
            beyond = np.nanmax(np.abs(values)) > largest
            colours, limits, extend = (
                "cividis",
                (-largest, largest),
                "both" if beyond else "neither",
            )
        rows = np.arange(values.shape[1])
        if order is not None and len(order) == len(rows):
            rows = order
        image = panel.imshow(
            values.T[rows].astype("float32"),
            cmap=colours,
            norm=Normalize(*limits),
            aspect="auto",
            interpolation="nearest",
        )
        ticks = [limits[0], sum(limits) / 2, limits[1]]
        figure.colorbar(image, ax=panel, ticks=ticks, extend=extend, pad=0.01, aspect=10)
        panel.set_ylabel(name, rotation=0, fontsize=13, fontweight="bold", labelpad=14, va="center")
        shown = np.linspace(0, len(rows) - 1, min(4, len(rows))).round().astype(int)
        panel.set_yticks(shown, rows[shown])
        panel.tick_params(axis="x", length=0)
    _name_steps(panels[-1].xaxis, labels, width, rotation=90)
    return figure


def reach(title: str, directions: dict[str, np.ndarray], labels: list[str]) -> Any:
    """Sensitivities: each output (row) by each input (column), and how they fall with distance."""
    side = max(3.0, min(LARGEST_SQUARE, 0.19 * len(labels)))
    figure = Figure((side + 6.4, side + 1.2), layout="constrained")
    figure.suptitle(title, fontweight="bold")
    matrix, curves = figure.subplots(1, 2, width_ratios=[side + 1.8, 4])
    sizes = np.maximum.reduce(list(directions.values())).astype("float64")
    largest = sizes.max() or 1.0
    image = matrix.imshow(
        np.ma.masked_equal(sizes, 0),
        cmap="viridis",
        norm=LogNorm(FAINTEST * largest, largest),
        interpolation="nearest",
    )
    matrix.set_facecolor("0.9")
    figure.colorbar(image, ax=matrix, extend="min", shrink=3 / side, label="|∂ output / ∂ input|")
    matrix.set_xlabel("input")
    matrix.set_ylabel("output")
    _name_steps(matrix.xaxis, labels, side, rotation=90)
    _name_steps(matrix.yaxis, labels, side)
    for (direction, values), colour, shape in zip(
        directions.items(), COLOURS, SHAPES, strict=False
    ):
        of_distance = values if direction == "forward" else values.T
        distances = np.arange(len(labels))
        means = [np.diagonal(of_distance, -distance).mean() for distance in distances]
        if any(means):
            curves.semilogy(distances, means, color=colour, marker=shape, ms=3, label=direction)
    curves.set_xlabel("distance in words")
    curves.set_ylabel("mean |∂ output / ∂ input|")
    curves.locator_params(axis="x", integer=True)
    curves.grid(alpha=0.3)
    curves.set_box_aspect(1)
    if curves.lines:
        curves.legend()
    return figure


def saturation(
    title: str,
    directions: dict[str, dict[str, Saturation]],
    closed: float,
    opened: float,
) -> Any:
    """Every unit of every gate, by how often it is closed and how often it is open."""
    figure = Figure((0.8 + 4.2 * len(directions), 4.6), layout="constrained")
    figure.suptitle(title, fontweight="bold")
    panels = figure.subplots(1, len(directions), sharey=True, squeeze=False)[0]
    for panel, (direction, gates) in zip(panels, directions.items(), strict=True):
        panel.plot([0, 1], [1, 0], color="0.7", lw=1, zorder=0)
        for n, (gate, one) in enumerate(gates.items()):
            style = {"color": COLOURS[n % len(COLOURS)], "marker": SHAPES[n % len(SHAPES)]}
            panel.scatter(one.closed, one.open, s=22, alpha=0.6, linewidths=0, label=gate, **style)
        panel.set_title(direction)
        panel.set_xlabel(f"share of steps below {closed}")
        panel.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
        panel.grid(alpha=0.3)
        panel.legend(title="gate", loc="upper right")
    panels[0].set_ylabel(f"share of steps above {opened}")
    return figure


def _name_steps(axis: Any, labels: list[str], inches: float, **style: Any) -> None:
    every = math.ceil(LABEL * len(labels) / inches)
    short = [word if len(word) <= LONGEST else word[: LONGEST - 1] + "…" for word in labels]
    places = range(0, len(labels), every)
    # "$5 or $6" is no formula.
    axis.set_ticks(places, short[::every], fontsize=8, parse_math=False, **style)
