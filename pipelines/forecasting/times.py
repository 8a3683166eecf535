"""Which column has the times of rows, and the even steps on which they stand."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import InputError

NAMED = 3  # places, where there are several
NEARLY = 0.9  # share of the rows that count upwards, or downwards, if all are meant to
DAYS_OF = {"month": (28, 31), "quarter": (90, 92), "year": (365, 366)}
SEASONS = {"month": 12, "quarter": 4, "week": 52, "business day": 5, "day": 7, "hour": 24}
NO_TIMES = "none"  # for `time`: rows are even steps, whatever the other columns look like
OF_TIMES = {"date", "dates", "datetime", "day", "hour", "index", "minute", "month", "period"}
OF_TIMES |= {"quarter", "second", "time", "times", "timestamp", "week", "year", "years"}
# 31.5.2024, 5/31/2024, 2024Q2, 2024-W22, 08:15.
WRITTEN_TIME = re.compile(r"\d{1,4}\s?[-/.:QqWw][-/.:QqWw\d ]*\d.*")
OFFSET = re.compile(r"(Z|[+-]\d{2}:\d{2}|(?<=:\d{2})[+-]\d{2,4})$")
DAY = 86_400_000_000  # in microseconds


class Steps(NamedTuple):
    """Where rows stand in even steps: `places` from 0; `unit` as people call it."""

    places: np.ndarray
    unit: str


class Rows(NamedTuple):
    """Names rows of a file by their lines; a header stands before them."""

    path: Path

    def at(self, rows: Any) -> str:
        rows = [int(row) for row in np.atleast_1d(rows)]
        shown = ", ".join(str(row + 2) for row in rows[:NAMED])
        more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
        return f"{self.path}:{shown}{more}"


def column_of(table: pd.DataFrame, column: str | None) -> str | None:
    """The column of the times, also if something is wrong with them: that is said later.

    The first one of dates; else the first of all if it counts upwards; else the first one that
    looks as if it should.
    """
    if len(table.columns) == 1:
        return None
    given = {name: table[name].dropna().str.strip() for name in table.columns if name != column}
    given = {name: labels for name, labels in given.items() if len(labels)}
    by_name = {name: parsed(labels.tolist()) for name, labels in given.items()}
    for name, times in by_name.items():
        if times is not None and times.dtype.kind == "M":
            return str(name)
    first = table.columns[0]
    times = by_name.get(first)
    # A number that is no date may be any quantity.
    if times is not None and len(times) == len(table) and (np.diff(times) > 0).all():
        return str(first)
    for name, labels in given.items():
        if _should_be_times(str(name), labels, name == first):
            return str(name)
    return None


def _should_be_times(name: str, labels: pd.Series, first: bool) -> bool:
    """Whether a column is of times by its name, by how most are written, or as it nearly counts."""
    numbers = pd.to_numeric(labels, errors="coerce")
    words = set(re.findall("[a-z]{3,}", name.lower()))  # without units, as in "Time (s)"
    if words and words <= OF_TIMES:
        return True
    written = sum(bool(WRITTEN_TIME.fullmatch(label)) for label in labels[numbers.isna()])
    if 2 * written >= len(labels):
        return True
    known = numbers.dropna()
    moved = np.sign(np.diff(known))
    if not first or len(moved) < NAMED or (known % 1 != 0).any():
        return False
    return bool(max((moved > 0).mean(), (moved < 0).mean()) >= NEARLY)


def parsed(labels: list[str]) -> np.ndarray | None:
    """Times as datetime64 or as numbers; None if they are neither.

    Eight digits are a date, six a month, if all of them can be.
    """
    for digits, form in ((8, "%Y%m%d"), (6, "%Y%m")):
        if all(len(label) == digits and label.isdigit() for label in labels):
            dates = pd.to_datetime(pd.Series(labels), format=form, errors="coerce")
            if dates.notna().all():
                return dates.to_numpy("datetime64[us]")
    numbers = pd.to_numeric(pd.Series(labels), errors="coerce").to_numpy("float64")
    if np.isfinite(numbers).all():
        return numbers
    dates = _dates(labels)
    clocks = [OFFSET.sub("", label) for label in labels]
    if dates is None or clocks == labels:
        return dates
    if any(clock == label for clock, label in zip(clocks, labels, strict=True)):
        return None  # some with a time zone and some without are in no order
    local = _dates(clocks)
    if local is None or len(set(local - local.astype("datetime64[D]"))) > 1:
        return dates
    return local  # days and months are those of the place, whose clocks may have changed


def _dates(labels: list[str]) -> np.ndarray | None:
    """Times as ISO 8601 writes them, in UTC; None if one is not."""
    try:
        dates = pd.to_datetime(pd.Series(labels), format="ISO8601", utc=True)
    except (ValueError, OverflowError):
        return None
    return None if dates.isna().any() else dates.dt.tz_localize(None).to_numpy("datetime64[us]")


def _first_strange(labels: list[str]) -> int:
    """The first label that is no time, if most are; else the first."""
    text = pd.Series(labels)
    numbers = pd.to_numeric(text, errors="coerce")
    dates = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce").where(numbers.isna())
    strange = min((numbers.isna(), dates.isna()), key=np.sum)
    return int(np.argmax(strange)) if 2 * strange.sum() < len(labels) else 0


OTHERS = f"or choose another column with --time; with --time {NO_TIMES} rows are even steps"


def _zero(times: np.ndarray) -> Any:
    return np.diff(times[:1]).sum() if times.dtype.kind == "f" else np.timedelta64(0, "us")


def steps_of(labels: list[str], column: str, where: Rows) -> Steps:
    """The even steps on which all rows stand.

    Raises:
        InputError: There are none.
    """
    if "" in labels:
        raise InputError(
            f"{where.at(labels.index(''))}: no time in column {column!r}: fill it in, {OTHERS}"
        )
    times = parsed(labels)
    if times is None:
        row = _first_strange(labels)
        raise InputError(
            f"{where.at(row)}: column {column!r}: {labels[row]!r} is no time: all have to be "
            "numbers, or dates as ISO 8601 writes them, such as 2024-05-31, with a time zone or "
            f"without: rewrite them, {OTHERS}"
        )
    backwards = np.flatnonzero(np.diff(times) <= _zero(times)) + 1
    if len(backwards):
        label = labels[backwards[0]]
        raise InputError(
            f"{where.at(backwards)}: column {column!r}: the time {label!r} is not after the one "
            f"before it: sort the rows, and keep one for each time, {OTHERS}"
        )
    steps = _calendar(times) if times.dtype.kind == "M" else _multiples(times, "step")
    uneven = np.flatnonzero(np.diff(steps.places) <= 0) + 1
    whole = np.flatnonzero(np.abs(steps.places - np.round(steps.places)) > 0.01)
    if len(odd := np.union1d(uneven, whole)):
        unit = "of one size" if steps.unit == "step" else f"of one {steps.unit}"
        raise InputError(
            f"{where.at(odd)}: column {column!r}: {labels[odd[0]]!r} is not a whole number of "
            f"steps after {labels[0]!r}, if most steps are {unit}: resample the series to even "
            f"steps, {OTHERS}"
        )
    return Steps(np.round(steps.places).astype("int64"), steps.unit)


def _calendar(times: np.ndarray) -> Steps:
    """Months and years are no fixed number of days, and business days leave some out."""
    days = times.astype("datetime64[D]")
    since = (times - times[0]).astype("int64")  # microseconds, in which no step is rounded
    gaps = np.diff(since)
    usual = int(_usual(gaps))
    gap = usual / DAY
    months = days.astype("datetime64[M]").astype("int64")
    for (unit, (least, most)), size in zip(DAYS_OF.items(), (1, 3, 12), strict=True):
        if least <= gap <= most:
            places = (months - months[0]) / size
            fixed = not (gaps % usual).any()  # such as four weeks or 365 days
            steady = (np.diff(places) == gaps // usual).all() and _same_day(days)
            if fixed and not steady:
                break
            return Steps(places, unit)
    if gap == 1 and np.is_busday(days).all() and len(days) > SEASONS["business day"]:
        return Steps(np.busday_count(days[0], days).astype("float64"), "business day")
    units = {1.0: "day", 7.0: "week", 1 / 24: "hour"}
    unit = next((name for size, name in units.items() if abs(gap - size) < 1e-6), "step")
    return _multiples(since, unit)


def _same_day(days: np.ndarray) -> bool:
    """Whether all are of one day of a month, or the last ones of months."""
    of_month = days - days.astype("datetime64[M]").astype("datetime64[D]")
    following = days + 1
    last = following == following.astype("datetime64[M]").astype("datetime64[D]")
    return bool((of_month == of_month[0]).all() or last.all())


def _multiples(times: np.ndarray, unit: str) -> Steps:
    return Steps((times - times[0]) / _usual(np.diff(times)), unit)


def _usual(differences: np.ndarray) -> float:
    """The most frequent one; of several the smallest."""
    if not len(differences):
        return 1.0
    scale = 1 if differences.dtype.kind == "i" else np.median(differences)
    sizes, counts = np.unique(np.round(differences / scale, 9), return_counts=True)
    return float(sizes[np.argmax(counts)] * scale)
