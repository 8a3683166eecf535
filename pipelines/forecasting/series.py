"""A column of a CSV file as a series in even steps; what is missing or uneven is named."""

import csv
import hashlib
import importlib.util
import warnings
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from ..errors import InputError
from .times import NO_TIMES, SEASONS, Rows, Steps, column_of, parsed, steps_of

Fill = Literal["linear", "previous"]
FEWEST_KNOWN = 0.1  # share of the steps; with fewer, it is what fills in that is forecast
NOTHING = {"", "na", "n/a", "#n/a", "nan", "null", "none"}  # how pandas' files write it


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
    where = Rows(path)
    time = None if rows_count else time or column_of(table, column)
    others = [name for name in table.columns if name != time]
    if column is None and len(others) != 1:
        raise InputError(f"{path}: has the columns {', '.join(others)}: choose one with --column")
    column = column or others[0]
    if column == time:
        raise InputError(f"{path}: {column!r} cannot be the times and the values: see --time")
    numbers = _numbers(table[column], where)
    if time is None:
        steps, labels = Steps(np.arange(len(table)), "row"), [""] * len(table)
    else:
        labels = table[time].fillna("").str.strip().tolist()
        steps = steps_of(labels, time, where)
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
    if names and all(names) and cells and all(parsed([cell]) is not None for cell in cells):
        raise InputError(
            f"{path}:1: {cells[0]!r} is no name of a column: the first line has to be a header"
        )


def _numbers(text: pd.Series, where: Rows) -> np.ndarray:
    values = pd.to_numeric(text, errors="coerce").to_numpy("float64")
    wrong = np.flatnonzero(text.notna() & ~np.isfinite(values))
    if len(wrong):
        found = str(text.iloc[wrong[0]])
        raise InputError(f"{where.at(wrong)}: {found!r} is no finite number")
    if not np.isfinite(values).any():
        raise InputError(f"{where.path}: column {text.name!r} has no numbers")
    return values


def _in_even_steps(
    name: str,
    numbers: np.ndarray,
    steps: Steps,
    labels: list[str],
    fill: Fill | None,
    where: Rows,
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
