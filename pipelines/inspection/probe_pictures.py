"""Pictures of what units stand for, and of several models side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from keras_lstm_variants.probing import Probe

from ..figures import COLOURS, SHAPES

COLUMNS, LINES = 76, 12  # of the text that is drawn for a unit
NAMED = 40  # units, up to which each has its number
DIVERGING = "RdBu_r"


def in_order(probed: Probe) -> np.ndarray:
    """Units by the feature that each stands for most, and by how much: what they do."""
    sizes = np.abs(probed.scores)
    return np.lexsort((-sizes.max(axis=1), sizes.argmax(axis=1)))


def scores(title: str, probed: Probe) -> Any:
    """Correlations of units (columns) with features (rows); what chance does not do has a dot."""
    order = in_order(probed)
    table = probed.scores[order].T
    figure = Figure((9, 1.6 + 0.36 * len(table)), layout="constrained")
    figure.suptitle(f"{title}: what its units stand for", fontweight="bold")
    panel = figure.subplots()
    image = panel.imshow(table, cmap=DIVERGING, norm=Normalize(-1, 1), aspect="auto")
    rows, columns = np.nonzero(probed.p[order].T < 0.05)
    panel.plot(columns, rows, "k.", ms=4)
    panel.set_yticks(range(len(table)), probed.features)
    every = -(-len(order) // NAMED)
    panel.set_xticks(range(0, len(order), every), order[::every], fontsize=6, rotation=90)
    panel.set_xlabel(
        f"unit, by the feature it stands for most; dots: |r| that {probed.shifts:,} shifts of the "
        f"text\nreach anywhere in less than 5 of 100 cases (from {probed.level:.2f} on)"
    )
    figure.colorbar(image, ax=panel, label="correlation r", pad=0.01)
    return figure


def texts(title: str, text: str, values: np.ndarray, shown: Sequence[Mapping[str, Any]]) -> Any:
    """The text as each of some units sees it: red where it is high, blue where it is low.

    Args:
        title: Of the figure.
        text: Characters.
        values: Of all units, (characters, units).
        shown: For each unit its `unit`, the `feature` and its `score`.
    """
    figure = Figure((9, 0.4 + 2.5 * len(shown)), layout="constrained")
    figure.suptitle(title, fontweight="bold")
    panels = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
    for panel, one in zip(panels, shown, strict=True):
        column = values[:, one["unit"]]
        scale = float(np.percentile(np.abs(column - np.median(column)), 98)) or 1.0
        rows = laid_out(text, LINES)
        grid = np.full((len(rows), COLUMNS), np.nan)
        for n, places in enumerate(rows):
            grid[n, : len(places)] = (column[places] - np.median(column)) / scale
        panel.imshow(
            grid, cmap=DIVERGING, norm=Normalize(-1.4, 1.4), aspect="auto", interpolation="nearest"
        )
        for n, places in enumerate(rows):
            for m, place in enumerate(places):
                letter = {"\n": "↵", "\t": "→"}.get(text[place], text[place])
                panel.text(m, n, letter, ha="center", va="center", fontsize=7,
                           family="DejaVu Sans Mono", parse_math=False)  # fmt: skip
        panel.set_title(
            f"unit {one['unit']}: {one['feature']}, r = {one['score']:.2f}", fontsize=9, loc="left"
        )
        panel.set_axis_off()
    return figure


def laid_out(text: str, lines: int) -> list[list[int]]:
    """The places of the characters of some lines, long ones broken."""
    rows: list[list[int]] = [[]]
    for place, character in enumerate(text):
        if len(rows[-1]) == COLUMNS:
            rows.append([])
        rows[-1].append(place)
        if character == "\n":
            rows.append([])
        if len(rows) > lines:
            break
    return [row for row in rows[:lines] if row]


def side_by_side(title: str, models: Mapping[str, Sequence[np.ndarray]], step: str) -> Any:
    """Several models in one figure: the map of each, and how all of them fall with distance.

    Args:
        title: Of the figure.
        models: Of each model, its sensitivities (steps, steps), and the curve (steps,) of `reach`.
        step: What a step is called, such as "steps".
    """
    figure: Any = Figure((max(6.4, 2.5 * len(models) + 0.8), 6.2), layout="constrained")
    figure.suptitle(title, fontweight="bold")
    above, below = figure.subfigures(2, 1, height_ratios=[1, 1])
    panels = above.subplots(1, len(models), sharey=True, squeeze=False)[0]
    smallest = 1e-6
    for panel, (name, (sizes, _)) in zip(panels, models.items(), strict=True):
        largest = float(sizes.max()) or 1.0
        with np.errstate(divide="ignore"):
            shown = np.log10(np.maximum(sizes / largest, smallest))
        image = panel.imshow(
            np.ma.masked_where(sizes == 0, shown), cmap="viridis", vmin=np.log10(smallest), vmax=0
        )
        panel.set_facecolor("0.9")
        panel.set_title(name)
        panel.set_xlabel("input at step s")
    panels[0].set_ylabel("output at step t")
    above.colorbar(image, ax=list(panels), shrink=0.9, label="log10 of its largest")
    curves = below.subplots()
    for n, (name, (_, curve)) in enumerate(models.items()):
        style = {"color": COLOURS[n % len(COLOURS)], "marker": SHAPES[n % len(SHAPES)]}
        relative = curve / (curve[0] or 1.0)
        curves.semilogy(relative, label=name, ms=3, **style)
    curves.set_ylim(bottom=1e-8)
    curves.set_xlabel(f"{step} between input and output")
    curves.set_ylabel("mean |∂h_t / ∂x_s|; at distance 0: 1")
    curves.locator_params(axis="x", integer=True)
    curves.grid(alpha=0.3)
    curves.legend(loc="lower left")
    return figure
