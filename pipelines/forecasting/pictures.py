"""Two pictures: the series with its forecast, and how errors grow with the distance."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..figures import COLOURS, PLAIN, SHAPES, drawn_with, save
from ..training.runs import replacing
from .comparison import Comparison, Score
from .plan import Plan
from .series import Series

SERIES, FORECAST, BASELINE = "#E69F00", "#0072B2", "#009E73"  # yellow and blue as in the source
LABELS, CLOSE = 7, 120  # labels of an axis; steps of the second panel, at most


def draw_series(
    path: Path,
    series: Series,
    plan: Plan,
    cell: str,
    forecasts: np.ndarray,
    future: dict[str, list[float]],
) -> None:
    """The series in yellow, forecasts in blue.

    Above all of it, below its last steps. What is blue for a step was forecast as many steps
    before as the horizon has, from values up to there only.

    Args:
        path: Where to.
        series: The series.
        plan: Its parts.
        cell: Whose forecasts these are.
        forecasts: (seeds, origins, horizon).
        future: Of each model, after the end.
    """
    ahead = plan.horizon
    places = plan.test + np.arange(forecasts.shape[1]) + ahead - 1
    last = forecasts[..., -1]
    steps = len(series.values)
    beyond = steps - 1 + np.arange(ahead + 1)
    with drawn_with(PLAIN):
        figure = Figure((9, 5.6), layout="constrained")
        how_far = "one step" if ahead == 1 else f"{ahead} steps"
        seeds = f"mean of {len(forecasts)} seeds" if len(forecasts) > 1 else "one seed"
        figure.suptitle(
            f"{series.name}: forecast by {cell} {how_far} ahead, {seeds}", fontweight="bold"
        )
        for n, panel in enumerate(figure.subplots(2, 1)):
            first = 0 if n == 0 else max(plan.test, steps - CLOSE)
            panel.axvspan(plan.test - 0.5, steps - 0.5, color="0.94", zorder=0)
            panel.plot(series.values, color=SERIES, lw=1.6, label="series")
            if not series.observed.all():
                gaps = np.flatnonzero(~series.observed)
                panel.plot(gaps, series.values[gaps], "x", color="0.4", ms=4, label="filled in")
            panel.fill_between(
                places, last.min(axis=0), last.max(axis=0), color=FORECAST, alpha=0.25, lw=0
            )
            panel.plot(places, last.mean(axis=0), color=FORECAST, lw=1.2, label=f"{cell}")
            after = np.array([series.values[-1], *future[cell]])
            panel.plot(beyond, after, ":", color=FORECAST, marker=".", ms=4, label="after the end")
            panel.set_xlim(first - 0.5, steps + ahead + 0.5)
            _name_steps(panel, series, first)
            panel.grid(alpha=0.3)
        panels = figure.axes
        panels[0].set_ylabel(series.name)
        panels[0].legend(loc="upper left", ncols=4, framealpha=0.9)
        panels[1].set_ylabel("the end of it")
        _fit(panels[1], series, last, max(plan.test, steps - CLOSE), plan.test)
        figure.supxlabel("white: trained on; grey: not seen in training")
        _write(figure, path)


def _fit(panel: Any, series: Series, last: np.ndarray, first: int, test: int) -> None:
    shown = [*series.values[first:], *last[:, max(0, first - test) :].ravel()]
    low, high = float(np.min(shown)), float(np.max(shown))
    panel.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))


def _name_steps(panel: Any, series: Series, first: int) -> None:
    places = np.linspace(first, len(series.values) - 1, LABELS).round().astype(int)
    labels = [series.labels[place] or str(place) for place in places]
    panel.set_xticks(places, labels, parse_math=False)


def draw_errors(path: Path, series: Series, comparison: Comparison) -> None:
    """The RMSE of each model by the steps ahead, with the intervals; of one step, side by side."""
    with drawn_with(PLAIN):
        figure = Figure((6.4, 4.2), layout="constrained")
        figure.suptitle(
            f"{series.name}: error on {comparison.origins:,} rolling origins", fontweight="bold"
        )
        panel = figure.subplots()
        horizon = len(comparison.scores[0].by_step)
        if horizon > 1:
            _draw_curves(panel, comparison.scores, horizon)
        else:
            _draw_points(panel, comparison.scores)
        panel.grid(alpha=0.3)
        figure.supxlabel(
            f"95 % intervals: blocks of {comparison.block} origins and seeds drawn again",
            fontsize=8,
        )
        _write(figure, path)


def _draw_curves(panel: Any, scores: list[Score], horizon: int) -> None:
    ahead = np.arange(1, horizon + 1)
    for n, score in enumerate(scores):
        values, low, high = np.array(score.by_step).T
        style = {"color": COLOURS[n % len(COLOURS)]}
        marker = SHAPES[n % len(SHAPES)]
        line = "-" if score.seeds else "--"
        panel.plot(ahead, values, line, marker=marker, ms=4, label=score.name, **style)
        panel.fill_between(ahead, low, high, alpha=0.12, lw=0, **style)
    panel.set_xlabel("steps ahead")
    panel.set_ylabel("RMSE")
    panel.set_ylim(bottom=0)
    panel.locator_params(axis="x", integer=True)
    panel.legend(title="dashed: baselines")


def _draw_points(panel: Any, scores: list[Score]) -> None:
    for n, score in enumerate(scores):
        value, low, high = score.rmse
        style = {"color": COLOURS[n % len(COLOURS)], "fmt": SHAPES[n % len(SHAPES)]}
        panel.errorbar(value, n, xerr=[[value - low], [high - value]], capsize=3, **style)
    names = [score.name if score.seeds else f"{score.name} (baseline)" for score in scores]
    panel.set_yticks(range(len(scores)), names)
    panel.set_ylim(len(scores) - 0.5, -0.5)
    panel.set_xlim(left=0)
    panel.set_xlabel("RMSE one step ahead")


def _write(figure: Any, path: Path) -> None:
    with replacing(path) as part:
        save(figure, part.with_suffix(".png")).replace(part)
