"""A picture of what an experiment found: curves of all trials, and how many were solved."""

from pathlib import Path
from typing import Any

from matplotlib import colormaps
from matplotlib.figure import Figure

from ..figures import COLOURS, PLAIN, drawn_with, save
from ..training.runs import replacing
from .definition import Experiment
from .rows import Results, rows

DASHES = ("-", "--", "-.", ":")
MOST_LINES = 14  # with more, the legend is left out, and a colour map shows their order


def draw(experiment: Experiment, results: Results, path: Path) -> Path:
    """Writes the picture as SVG and as PNG; gives the path of the PNG."""
    trained = not experiment.compute
    with drawn_with(PLAIN):
        figure = Figure((11 if trained else 7.5, 4.6), layout="constrained")
        figure.suptitle(f"{experiment.name}: {experiment.title}", fontweight="bold")
        panels = figure.subplots(1, 2 if trained else 1, squeeze=False)[0]
        _curves(panels[0], experiment, results)
        if trained:
            _rates(panels[1], results)
        for suffix in (".svg", ".png"):
            target = path.with_suffix(suffix)
            with replacing(target) as part:
                named = part.with_suffix(suffix)  # by which the format is chosen
                save(figure, named).rename(part)
    return target


def _curves(panel: Any, experiment: Experiment, results: Results) -> None:
    lines = [
        (" ".join(filter(None, [label if len(results) > 1 else "", name])), points)
        for label, of_seeds in results.items()
        for result in of_seeds.values()
        for name, points in result.curve.items()
        if points
    ]
    names = list(dict.fromkeys(name for name, _ in lines))
    many = len(names) > MOST_LINES
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
