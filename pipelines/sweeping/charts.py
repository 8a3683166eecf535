"""Pictures of a sweep as SVG in the colours of its page, each with its text alternative.

They are drawn here and not by matplotlib because they take the colours of the page, light or dark,
and because a sweep draws them anew after each of its trials.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import NamedTuple

WIDTH = 720
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 10, 44  # around the axes
ROW = 24  # height of a row of a strip
LETTER = 7.6  # width of a character of a wide font, about
WIDE = 5  # times the smallest cost: of more, the scale is logarithmic
LONGEST = 34  # characters of a name beside an axis
INK, FAINT, LINE = "var(--ink)", "var(--faint)", "var(--line)"
HUE = "hsl(var(--hue) var(--shade))"
COLOURS = 12  # of style.css


class Strip(NamedTuple):
    """A row of points, each a run.

    Attributes:
        name: What the row is.
        points: The values of its runs.
        mean: Their mean.
        low: Of its interval; None without one.
        high: Likewise.
        colour: A class of style.css.
    """

    name: str
    points: Sequence[float]
    mean: float
    low: float | None
    high: float | None
    colour: str


class Curve(NamedTuple):
    """The values of a run after each epoch, from 1."""

    values: Sequence[float]
    colour: str
    strong: bool


class Mark(NamedTuple):
    """A setting by its cost and score; on the front if none is better in both."""

    name: str
    x: float
    y: float
    low: float | None
    high: float | None
    colour: str
    front: bool


def colour(number: int) -> str:
    """The class of style.css of a setting, by its rank."""
    return f"t{number % COLOURS}"


def strips(rows: Sequence[Strip], label: str, title: str, description: str) -> str:
    """Rows of runs with their means and intervals, over one scale."""
    names = [
        row.name if len(row.name) <= LONGEST else row.name[: LONGEST - 1] + "…" for row in rows
    ]
    left = 16 + LETTER * max(map(len, names), default=0)
    height = TOP + ROW * len(rows) + BOTTOM
    ends = [v for row in rows for v in (*row.points, row.low, row.high) if v is not None]
    x = _Linear(ends, left, WIDTH - RIGHT)
    parts = [_grid_of_x(x, height, label, left)]
    for n, (row, name) in enumerate(zip(rows, names, strict=True)):
        y = TOP + ROW * (n + 0.5)
        parts.append(_text(left - 8, y + 4, name, "end"))
        marks = []
        if row.low is not None and row.high is not None:
            marks.append(_line(x(row.low), y, x(row.high), y, HUE, 3))
        # Runs stand a little above and below the line, so that equal ones are seen.
        for m, point in enumerate(row.points):
            marks.append(_dot(x(point), y + (m % 3 - 1) * 4, 3.2, hollow=True))
        marks.append(_line(x(row.mean), y - 8, x(row.mean), y + 8, HUE, 3))
        parts.append(_group(row.colour, marks, f"{row.name}: mean {row.mean:.2f}"))
    return _svg(height, parts, title, description)


def curves(lines: Sequence[Curve], x_label: str, y_label: str, title: str, description: str) -> str:
    """Values over epochs; strong lines above the others."""
    height = 320
    longest = max((len(line.values) for line in lines), default=1)
    x = _Linear([1, max(2, longest)], LEFT, WIDTH - RIGHT, exact=True, whole=True)
    y = _Linear([v for line in lines for v in line.values], height - BOTTOM, TOP)
    parts = [_grid_of_x(x, height, x_label, LEFT), _grid_of_y(y, y_label, height)]
    for line in sorted(lines, key=lambda line: line.strong):
        points = " ".join(f"{x(n):.1f},{y(v):.1f}" for n, v in enumerate(line.values, 1))
        style = f"stroke:{HUE};stroke-width:{2.5 if line.strong else 1}"
        faint = "" if line.strong else ' opacity="0.45"'
        path = f'<polyline points="{points}" fill="none" style="{style}"{faint}/>'
        parts.append(_group(line.colour, [path]))
    return _svg(height, parts, title, description)


def scatter(marks: Sequence[Mark], x_label: str, y_label: str, title: str, description: str) -> str:
    """Costs against scores, with the front of the best compromises."""
    height = 340
    x = _scale_of_costs([mark.x for mark in marks])
    ends = [v for mark in marks for v in (mark.y, mark.low, mark.high) if v is not None]
    y = _Linear(ends, height - BOTTOM, TOP)
    parts = [_grid_of_x(x, height, x_label, LEFT), _grid_of_y(y, y_label, height)]
    front = sorted((mark.x, mark.y) for mark in marks if mark.front)
    if front:
        path = f"M{x(front[0][0]):.1f},{y(front[0][1]):.1f}"
        path += "".join(f"H{x(a):.1f}V{y(b):.1f}" for a, b in front[1:])
        parts.append(
            f'<path d="{path}" fill="none" style="stroke:{FAINT}" stroke-dasharray="5 4"/>'
        )
    for mark in marks:
        drawn = []
        if mark.low is not None and mark.high is not None:
            drawn.append(_line(x(mark.x), y(mark.low), x(mark.x), y(mark.high), HUE, 1.5))
        drawn.append(_dot(x(mark.x), y(mark.y), 5, hollow=not mark.front))
        tip = f"{mark.name}: {mark.y:.2f} for {mark.x:.3g}"
        parts.append(_group(mark.colour, drawn, tip))
    parts += _names(marks, x, y)
    return _svg(height, parts, title, description)


def _names(marks: Sequence[Mark], x: "_Scale", y: "_Scale") -> Iterable[str]:
    """The names beside the marks, moved up or down where they would cover each other."""
    taken: list[tuple[float, float, float]] = []
    for mark in sorted(marks, key=lambda mark: -mark.y):
        name = mark.name if len(mark.name) <= LONGEST else mark.name[: LONGEST - 1] + "…"
        width = LETTER * len(name)
        right = x(mark.x) + 10 + width < WIDTH
        begin = x(mark.x) + 9 if right else x(mark.x) - 9 - width
        place = y(mark.y) - 7
        for shift in (0, -13, 13, -26, 26, -39, 39, -52, 52):
            if all(
                abs(place + shift - other) > 12 or begin > b or begin + width < a
                for other, a, b in taken
            ):
                place += shift
                break
        taken.append((place, begin, begin + width))
        yield _text(begin, place, name, "start", 12)


class _Linear:
    """Values to places, with round ticks."""

    def __init__(
        self,
        values: Iterable[float],
        begin: float,
        end: float,
        exact: bool = False,
        whole: bool = False,
    ) -> None:
        known = [value for value in values if math.isfinite(value)] or [0.0]
        low, high = min(known), max(known)
        if low == high:
            low, high = low - 0.5, high + 0.5
        margin = 0 if exact else 0.04 * (high - low)
        self._low, self._high, self._begin, self._end = low - margin, high + margin, begin, end
        step = _round_step((self._high - self._low) / 6)
        if whole:
            step = max(1.0, round(step))
        first = math.ceil(self._low / step - 1e-9)
        last = math.floor(self._high / step + 1e-9)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        self.ticks = [(n * step, f"{n * step:,.{digits}f}") for n in range(first, last + 1)]

    def __call__(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return self._begin + share * (self._end - self._begin)


class _Log:
    """Positive values to places by their logarithms; ticks at 1, 2 and 5 of each power of ten."""

    def __init__(self, values: Iterable[float], begin: float, end: float) -> None:
        known = list(values)
        self._low = math.log10(min(known)) - 0.06
        self._high = max(math.log10(max(known)) + 0.06, self._low + 0.5)
        self._begin, self._end = begin, end
        powers = range(math.floor(self._low) - 1, math.ceil(self._high) + 1)
        candidates = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
        self.ticks = [(v, f"{v:g}") for v in candidates if self._low <= math.log10(v) <= self._high]

    def __call__(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return self._begin + share * (self._end - self._begin)


_Scale = _Linear | _Log


def _scale_of_costs(values: Sequence[float]) -> _Scale:
    """Logarithmic where the costs are of different orders."""
    wide = bool(values) and min(values) > 0 and max(values) > WIDE * min(values)
    make: Callable[..., _Scale] = _Log if wide else _Linear
    return make(values, LEFT, WIDTH - RIGHT)


def _round_step(step: float) -> float:
    """The next of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= step * (1 - 1e-9))


def _grid_of_x(x: _Scale, height: float, label: str, left: float) -> str:
    bottom = height - BOTTOM
    parts = [_line(left, bottom, WIDTH - RIGHT, bottom, FAINT, 1)]
    for value, name in x.ticks:
        parts.append(_line(x(value), TOP, x(value), bottom, LINE, 1))
        parts.append(_text(x(value), bottom + 16, name, "middle", 12))
    parts.append(_text((left + WIDTH - RIGHT) / 2, bottom + 35, label, "middle"))
    return "".join(parts)


def _grid_of_y(y: _Scale, label: str, height: float) -> str:
    parts = []
    for value, name in y.ticks:
        parts.append(_line(LEFT, y(value), WIDTH - RIGHT, y(value), LINE, 1))
        parts.append(_text(LEFT - 6, y(value) + 4, name, "end", 12))
    middle = (TOP + height - BOTTOM) / 2
    turned = f' transform="rotate(-90 12 {middle:.1f})"'
    parts.append(_text(12, middle, label, "middle", more=turned))
    return "".join(parts)


def _svg(height: float, parts: Iterable[str], title: str, description: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'aria-label="{escape(f"{title}. {description}")}" style="width:100%;min-width:40em">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{''.join(parts)}</svg>"
    )


def _group(style: str, parts: Iterable[str], tip: str = "") -> str:
    title = f"<title>{escape(tip)}</title>" if tip else ""
    return f'<g class="{style}">{title}{"".join(parts)}</g>'


def _line(x1: float, y1: float, x2: float, y2: float, stroke: str, width: float) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'style="stroke:{stroke};stroke-width:{width}"/>'
    )


def _dot(x: float, y: float, radius: float, hollow: bool) -> str:
    fill = "var(--paper)" if hollow else HUE
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" '
        f'style="fill:{fill};stroke:{HUE};stroke-width:1.5"/>'
    )


def _text(x: float, y: float, text: str, anchor: str, size: float = 13, more: str = "") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
        f'style="fill:{INK};font-size:{size}px"{more}>{escape(text)}</text>'
    )
