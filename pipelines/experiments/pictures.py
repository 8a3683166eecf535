"""A picture of what an experiment found: curves of all trials, and how many were solved."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from ..figures import COLOURS, PLAIN, drawn_with, save
from ..training.runs import replacing
from .definition import Experiment
from .rows import Results, rows

Line = tuple[str, list[tuple[float, float]]]  # its name, and its points

DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "v", "^", "D")
MOST_LINES = 14  # with more, nobody can tell them apart: each has a row then, and a few points
SHOWN = 3  # points of a row: the first, the last, and one between
ROW = 0.17  # height of a row, in inches


def draw(experiment: Experiment, results: Results, path: Path) -> Path:
    """Writes the picture as SVG and as PNG; gives the path of the PNG."""
    trained = not experiment.compute
    lines = _lines(experiment, results)
    many = len({name for name, _ in lines}) > MOST_LINES
    with drawn_with(PLAIN):
        height = max(4.6, 1 + ROW * len(lines)) if many and not trained else 4.6
        figure = Figure((11 if trained else 7.5, height), layout="constrained")
        figure.suptitle(f"{experiment.name}: {experiment.title}", fontweight="bold")
        panels = figure.subplots(1, 2 if trained else 1, squeeze=False)[0]
        if many and not trained:
            _ranked(panels[0], experiment, lines)
        else:
            _curves(panels[0], experiment, lines, many)
        if trained:
            _rates(panels[1], results)
        for suffix in (".svg", ".png"):
            target = path.with_suffix(suffix)
            with replacing(target) as part:
                named = part.with_suffix(suffix)  # by which the format is chosen
                save(figure, named).rename(part)
    return target


def _lines(experiment: Experiment, results: Results) -> list[Line]:
    """The lines of all trials; where a scale is logarithmic they have gaps in place of zeros."""

    def shown(x: float, y: float) -> tuple[float, float]:
        return x, y if y > 0 or "y" not in experiment.axes.log else np.nan

    return [
        (
            " ".join(filter(None, [label if len(results) > 1 else "", name])),
            [shown(x, y) for x, y in points],
        )
        for label, of_seeds in results.items()
        for result in of_seeds.values()
        for name, points in result.curve.items()
        if points
    ]


def _curves(panel: Any, experiment: Experiment, lines: list[Line], many: bool) -> None:
    """Lines with their legend; too many for one get the colours of a map, by their order."""
    names = list(dict.fromkeys(name for name, _ in lines))
    told = set()
    for name, points in lines:
        n = names.index(name)
        colour = colormaps["viridis"](n / len(names)) if many else COLOURS[n % len(COLOURS)]
        label = None if many or name in told else name
        told.add(name)
        panel.plot(
            *zip(*points, strict=True),
            color=colour,
            linestyle=DASHES[n % len(DASHES)],
            marker="o" if len(points) == 1 else None,
            linewidth=1.2,
            alpha=0.8,
            label=label,
        )
    if names != [""] and not many:
        panel.legend(fontsize=7)
    axes = experiment.axes
    if "x" in axes.log:
        panel.set_xscale("log")
    if "y" in axes.log:
        panel.set_yscale("log")
    panel.set(xlabel=axes.x, ylabel=axes.y)
    panel.grid(alpha=0.3)


def _ranked(panel: Any, experiment: Experiment, lines: list[Line]) -> None:
    """A row for each line, by how high it ends, with its points at a few places."""
    ranked = sorted(lines, key=lambda line: -np.nan_to_num(line[1][-1][1]))
    count = len(ranked[0][1])
    for n, place in enumerate(np.linspace(0, count - 1, SHOWN).round().astype(int)):
        at = [points[place][1] for _, points in ranked]
        colour, marker = COLOURS[n], MARKERS[n]
        label = f"{experiment.axes.x}: {ranked[0][1][place][0]:g}"
        panel.plot(at, range(len(at)), marker, color=colour, markersize=4, label=label)
    panel.set_yticks(range(len(ranked)), [name for name, _ in ranked], fontsize=7)
    panel.set_ylim(len(ranked) - 0.5, -0.5)
    if "y" in experiment.axes.log:
        panel.set_xscale("log")
    panel.set_xlabel(experiment.axes.y)
    panel.legend(fontsize=7, loc="upper left")
    panel.grid(alpha=0.3)


def _rates(panel: Any, results: Results) -> None:
    """The rate of success of each arm, with its interval."""
    found = [row for row in rows(results) if row.interval]
    for n, row in enumerate(found):
        assert row.interval and row.solved is not None
        colour = COLOURS[n % len(COLOURS)]
        panel.plot(row.interval, [n, n], color=colour, linewidth=2)
        panel.plot([row.solved / row.trials], [n], "o", color=colour)
    labels = [f"{row.arm}  ({row.solved}/{row.trials})" for row in found]
    panel.set_yticks(range(len(found)), labels)
    panel.invert_yaxis()
    panel.set(xlim=(-0.03, 1.03), xlabel="rate of success, with its 95% interval")
    panel.grid(alpha=0.3, axis="x")
