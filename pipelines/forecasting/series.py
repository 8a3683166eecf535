"""A column of a CSV file as a series in even steps; what is missing or uneven is named."""

import csv
import hashlib
import importlib.util
import re
import warnings
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from ..errors import InputError

Fill = Literal["linear", "previous"]
NAMED = 3  # places, where there are several
NEARLY = 0.9  # share of the rows that count upwards, or downwards, if all are meant to
FEWEST_KNOWN = 0.1  # share of the steps; with fewer, it is what fills in that is forecast
DAYS_OF = {"month": (28, 31), "quarter": (90, 92), "year": (365, 366)}
SEASONS = {"month": 12, "quarter": 4, "week": 52, "business day": 5, "day": 7, "hour": 24}
NO_TIMES = "none"  # for `time`: rows are even steps, whatever the other columns look like
NOTHING = {"", "na", "n/a", "#n/a", "nan", "null", "none"}  # how pandas' files write it
OF_TIMES = {"date", "dates", "datetime", "day", "hour", "index", "minute", "month", "period"}
OF_TIMES |= {"quarter", "second", "time", "times", "timestamp", "week", "year", "years"}
# 31.5.2024, 5/31/2024, 2024Q2, 2024-W22, 08:15.
WRITTEN_TIME = re.compile(r"\d{1,4}\s?[-/.:QqWw][-/.:QqWw\d ]*\d.*")
OFFSET = re.compile(r"(Z|[+-]\d{2}:\d{2}|(?<=:\d{2})[+-]\d{2,4})$")
DAY = 86_400_000_000  # in microseconds


class Series(NamedTuple):
    """A series in even steps.

    Attributes:
        name: The column.
        values: Numbers (steps,), all finite, in float64.
        observed: Whether each was in the file, (steps,); the others have been filled in.
        labels: The time of each step as the file writes it, (steps,); "" where it has none.
        step: What lies between two steps, such as "month"; "row" if the file has no times.
        season: Steps of a usual season, such as 12 of months; None if there is no usual one.
    """

    name: str
    values: np.ndarray
    observed: np.ndarray
    labels: list[str]
    step: str
    season: int | None

    @property
    def checksum(self) -> str:
        digest = hashlib.sha256(self.values.tobytes())
        digest.update(self.observed.tobytes())
        digest.update(f"{self.step} {self.season}".encode())  # on which forecasts depend
        return digest.hexdigest()


class _Steps(NamedTuple):
    """Where rows stand in even steps: `places` from 0; `unit` as people call it."""

    places: np.ndarray
    unit: str


def path_of(source: str) -> Path:
    """A file, or by its name the file of a data set that comes with statsmodels.

    Raises:
        InputError: There is neither.
    """
    path = Path(source)
    if path.exists():
        return path
    if source.isidentifier() and (found := importlib.util.find_spec("statsmodels")):
        (package,) = found.submodule_search_locations or [""]
        shipped = Path(package) / "datasets" / source / f"{source}.csv"
        if shipped.exists():
            return shipped
    raise InputError(f"{source}: no such file, and no data set of statsmodels, such as sunspots")


def read(source: str, column: str | None, time: str | None, fill: Fill | None) -> Series:
    """Reads a column.

    Args:
        source: A CSV file with a header, or the name of a data set of statsmodels.
        column: The column; None if there is but one besides that of the times.
        time: The column of the times; by default the first one of dates, or the first of all if it
            counts upwards. If there is none, or it is "none", rows count as even steps.
        fill: What takes the place of missing values and steps: "linear" draws a line between the
            neighbours, "previous" repeats the value before; None refuses them. What is missing at
            the beginning and at the end is cut off.

    Raises:
        InputError: The file cannot be read, there is no such column, its values are no numbers,
            something is missing and `fill` is None, or the times are not in even steps.
    """
    path = path_of(source)
    table = _table(path)
    if table.empty:
        raise InputError(f"{path}: has no rows")
    rows_count = time == NO_TIMES and NO_TIMES not in table.columns
    for name in (column, None if rows_count else time):
        if name is not None and name not in table.columns:
            columns = ", ".join(table.columns)
            raise InputError(f"{path}: has no column {name!r}; its columns are {columns}")
    where = _Rows(path)
    time = None if rows_count else time or _time_column(table, column)
    others = [name for name in table.columns if name != time]
    if column is None and len(others) != 1:
        raise InputError(f"{path}: has the columns {', '.join(others)}: choose one with --column")
    column = column or others[0]
    if column == time:
        raise InputError(f"{path}: {column!r} cannot be the times and the values: see --time")
    numbers = _numbers(table[column], where)
    if time is None:
        steps, labels = _Steps(np.arange(len(table)), "row"), [""] * len(table)
    else:
        labels = table[time].fillna("").str.strip().tolist()
        steps = _steps(labels, time, where)
    return _in_even_steps(column, numbers, steps, labels, fill, where)


def _table(path: Path) -> pd.DataFrame:
    """The file as strings; a row for each line after the header, and NaN where nothing is."""
    _check_header(path)
    try:
        with warnings.catch_warnings():
            # Rows that are all longer than the header: pandas would drop what is left over.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                path,
                dtype=str,
                index_col=False,
                skip_blank_lines=False,
                skipinitialspace=True,
                encoding="utf-8-sig",
            )
    except pd.errors.ParserWarning:
        raise InputError(
            f"{path}: has rows of more cells than the header has names: a comma within a number or "
            "a text has to stand in quotes"
        ) from None
    except (OSError, ValueError, Warning) as error:  # wrong UTF-8, and pandas' own are ValueErrors
        reason = getattr(error, "strerror", None) or str(error).strip().partition("\n")[0]
        raise InputError(f"{path}: no CSV file with a header: {reason}") from None
    table.columns = table.columns.map(str).str.strip()
    filled = np.flatnonzero(table.notna().any(axis=1))
    return table.iloc[: filled[-1] + 1 if len(filled) else 0]  # without empty lines at the end


def _check_header(path: Path) -> None:
    """Refuses a first line of which pandas would make names that nobody has written."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = [name.strip() for name in next(csv.reader(file, skipinitialspace=True), [])]
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: no CSV file with a header: {reason}") from None
    for mark, called in ((";", "semicolons"), ("\t", "tabs")):
        if len(names) == 1 and mark in names[0]:
            raise InputError(
                f"{path}: columns are separated by {called}: write it with commas between columns "
                "and points in numbers"
            )
    if twice := [name for name in names if name and names.count(name) > 1]:
        raise InputError(f"{path}: has more than one column {twice[0]!r}: rename all but one")
    cells = [name for name in names if name.lower() not in NOTHING]
    if names and all(names) and cells and all(_parsed([cell]) is not None for cell in cells):
        raise InputError(
            f"{path}:1: {cells[0]!r} is no name of a column: the first line has to be a header"
        )


class _Rows(NamedTuple):
    """Names rows of a file by their lines; a header stands before them."""

    path: Path

    def at(self, rows: Any) -> str:
        rows = [int(row) for row in np.atleast_1d(rows)]
        shown = ", ".join(str(row + 2) for row in rows[:NAMED])
        more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
        return f"{self.path}:{shown}{more}"


def _numbers(text: pd.Series, where: _Rows) -> np.ndarray:
    values = pd.to_numeric(text, errors="coerce").to_numpy("float64")
    wrong = np.flatnonzero(text.notna() & ~np.isfinite(values))
    if len(wrong):
        found = str(text.iloc[wrong[0]])
        raise InputError(f"{where.at(wrong)}: {found!r} is no finite number")
    if not np.isfinite(values).any():
        raise InputError(f"{where.path}: column {text.name!r} has no numbers")
    return values


def _time_column(table: pd.DataFrame, column: str | None) -> str | None:
    """The column of the times, also if something is wrong with them: that is said later.

    The first one of dates; else the first of all if it counts upwards; else the first one that
    looks as if it should.
    """
    if len(table.columns) == 1:
        return None
    given = {name: table[name].dropna().str.strip() for name in table.columns if name != column}
    given = {name: labels for name, labels in given.items() if len(labels)}
    parsed = {name: _parsed(labels.tolist()) for name, labels in given.items()}
    for name, times in parsed.items():
        if times is not None and times.dtype.kind == "M":
            return str(name)
    first = table.columns[0]
    times = parsed.get(first)
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
    if OF_TIMES & set(re.findall("[a-z]+", name.lower())):
        return True
    written = sum(bool(WRITTEN_TIME.fullmatch(label)) for label in labels[numbers.isna()])
    if 2 * written >= len(labels):
        return True
    known = numbers.dropna()
    moved = np.sign(np.diff(known))
    if not first or len(moved) < NAMED or (known % 1 != 0).any():
        return False
    return bool(max((moved > 0).mean(), (moved < 0).mean()) >= NEARLY)


def _parsed(labels: list[str]) -> np.ndarray | None:
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


def _steps(labels: list[str], column: str, where: _Rows) -> _Steps:
    """The even steps on which all rows stand.

    Raises:
        InputError: There are none.
    """
    if "" in labels:
        raise InputError(
            f"{where.at(labels.index(''))}: no time in column {column!r}: fill it in, {OTHERS}"
        )
    times = _parsed(labels)
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
    return _Steps(np.round(steps.places).astype("int64"), steps.unit)


def _calendar(times: np.ndarray) -> _Steps:
    """Months and years are no fixed number of days, and business days leave some out."""
    days = times.astype("datetime64[D]")
    since = (times - times[0]).astype("int64")  # microseconds, in which no step is rounded
    gaps = np.diff(since)
    gap = _usual(gaps) / DAY
    months = days.astype("datetime64[M]").astype("int64")
    for (unit, (least, most)), size in zip(DAYS_OF.items(), (1, 3, 12), strict=True):
        if least <= gap <= most:
            places = (months - months[0]) / size
            fixed = not (gaps % int(gap * DAY)).any()  # such as four weeks or 365 days
            steady = (np.diff(places) == np.round(gaps / (gap * DAY))).all() and _same_day(days)
            if fixed and not steady:
                break
            return _Steps(places, unit)
    if gap == 1 and np.is_busday(days).all() and len(days) > SEASONS["business day"]:
        return _Steps(np.busday_count(days[0], days).astype("float64"), "business day")
    units = {1.0: "day", 7.0: "week", 1 / 24: "hour"}
    unit = next((name for size, name in units.items() if abs(gap - size) < 1e-6), "step")
    return _multiples(since, unit)


def _same_day(days: np.ndarray) -> bool:
    """Whether all are of one day of a month, or the last ones of months."""
    of_month = days - days.astype("datetime64[M]").astype("datetime64[D]")
    following = days + 1
    last = following == following.astype("datetime64[M]").astype("datetime64[D]")
    return bool((of_month == of_month[0]).all() or last.all())


def _multiples(times: np.ndarray, unit: str) -> _Steps:
    return _Steps((times - times[0]) / _usual(np.diff(times)), unit)


def _usual(differences: np.ndarray) -> float:
    """The most frequent one; of several the smallest."""
    if not len(differences):
        return 1.0
    scale = 1 if differences.dtype.kind == "i" else np.median(differences)
    sizes, counts = np.unique(np.round(differences / scale, 9), return_counts=True)
    return float(sizes[np.argmax(counts)] * scale)


def _in_even_steps(
    name: str,
    numbers: np.ndarray,
    steps: _Steps,
    labels: list[str],
    fill: Fill | None,
    where: _Rows,
) -> Series:
    """Puts each row in its place; what is missing is filled in or named."""
    known = np.flatnonzero(np.isfinite(numbers))
    empty = np.flatnonzero(~np.isfinite(numbers))
    if len(empty) and fill is None:
        raise InputError(
            f"{where.at(empty)}: {_count(len(empty), 'value')} missing in column {name!r}: `--fill "
            "linear` or `--fill previous` fills in"
        )
    after = np.flatnonzero(np.diff(steps.places) > 1)
    if len(after) and fill is None:
        lost = int(np.diff(steps.places)[after].sum() - len(after))
        raise InputError(
            f"{where.at(after + 1)}: {_count(lost, steps.unit)} missing, the first after "
            f"{labels[after[0]]!r}: `--fill linear` or `--fill previous` fills in"
        )
    first, last = steps.places[known[0]], steps.places[known[-1]]
    if len(known) < FEWEST_KNOWN * (last - first + 1):
        raise InputError(
            f"{where.path}: only {len(known):,} of {last - first + 1:,} {steps.unit}s have a value "
            f"in column {name!r}: too few to fill in the others: is a time wrong?"
        )
    places = steps.places[known] - first
    values = np.full(last - first + 1, np.nan)
    values[places] = numbers[known]
    observed = np.isfinite(values)
    names = [""] * len(values)
    for row in np.flatnonzero((steps.places >= first) & (steps.places <= last)):
        names[steps.places[row] - first] = labels[row]
    if not observed.all():
        filled = pd.Series(values)
        values = (filled.interpolate() if fill == "linear" else filled.ffill()).to_numpy()
    return Series(name, values, observed, names, steps.unit, SEASONS.get(steps.unit))


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}s are" if number != 1 else f"a {what} is"
