"""A column becomes a series in even steps, or a sentence says which lines stand in the way."""

import numpy as np
import pandas as pd
import pytest

from pipelines.errors import InputError
from pipelines.forecasting.series import read


@pytest.fixture
def csv(tmp_path):
    """Writes a file: csv("x\n1\n2\n") -> its path."""

    def written(text):
        path = tmp_path / "series.csv"
        path.write_text(text, "utf-8")
        return str(path)

    return written


def dates(labels, values=None):
    values = range(1, len(labels) + 1) if values is None else values
    rows = (f"{label},{value}" for label, value in zip(labels, values, strict=True))
    return "day,x\n" + "\n".join(rows) + "\n"


def test_a_single_column_counts_its_rows(csv):
    series = read(csv("x\n1\n2.5\n-3e2\n"), None, None, None)
    assert series.name == "x" and series.values.tolist() == [1, 2.5, -300]
    assert (series.step, series.season, series.labels) == ("row", None, [""] * 3)


@pytest.mark.parametrize(
    ("labels", "step", "season"),
    [
        (["2023-11", "2023-12", "2024-01", "2024-02"], "month", 12),
        (["2023-11-30", "2023-12-31", "2024-01-31", "2024-02-29"], "month", 12),
        (["202311", "202312", "202401"], "month", 12),
        (["2023-07-01", "2023-10-01", "2024-01-01"], "quarter", 4),
        (["20231225", "20240101", "20240108"], "week", 52),
        (["2024-02-28", "2024-02-29", "2024-03-01"], "day", 7),
        (["2024-03-01T22:00", "2024-03-01T23:00", "2024-03-02T00:00"], "hour", 24),
        (["2024-03-30T00:00+01:00", "2024-03-31T00:00+01:00"], "day", 7),
        (["2020-01-01", "2021-01-01", "2022-01-01"], "year", None),
        (["1700", "1701", "1702"], "step", None),
        (["0", "0.1", "0.2", "0.3"], "step", None),
        (["0", "1e-12", "2e-12", "3e-12"], "step", None),
        (["2024-01-01", "2024-01-29", "2024-02-26", "2024-03-25"], "step", None),
        (["2021-07-01", "2021-08-01", "2021-09-01"], "month", 12),
        (["2019-03-01", "2020-02-29", "2021-02-28"], "step", None),
        (["2021-03-01", "2022-03-01", "2023-03-01"], "year", None),
        (["2024-03-30T00:00+01:00", "2024-03-31T00:00+01:00", "2024-04-01T00:00+02:00"], "day", 7),
        (["2024-03-01T00:00+0000", "2024-04-01T00:00+0100", "2024-05-01T00:00+0100"], "month", 12),
        (
            ["2024-03-31T01:00+01:00", "2024-03-31T03:00+02:00", "2024-03-31T04:00+02:00"],
            "hour",
            24,
        ),
    ],
)
def test_the_times_say_what_a_step_is(csv, labels, step, season):
    series = read(csv(dates(labels)), "x", None, None)
    assert (series.step, series.season, series.labels) == (step, season, labels)
    assert series.values.tolist() == list(range(1, len(labels) + 1))


def test_weekends_are_no_gap_between_business_days(csv):
    two_weeks = [f"2024-01-{day:02}" for day in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12)]
    series = read(csv(dates(two_weeks)), None, None, None)
    assert (series.step, len(series.values)) == ("business day", 10)
    with pytest.raises(InputError, match="a business day is missing"):
        read(csv(dates([d for d in two_weeks if d != "2024-01-08"])), None, None, None)


GAPS = "day,x\n2024-01-01,\n2024-01-02,1\n2024-01-04,3\n2024-01-05,NA\n2024-01-06,7\n"


@pytest.mark.parametrize(
    ("fill", "values"), [("linear", [1, 2, 3, 5, 7]), ("previous", [1, 1, 3, 3, 7])]
)
def test_what_is_missing_is_filled_in_on_demand_and_remembered(csv, fill, values):
    series = read(csv(GAPS), None, None, fill)
    assert series.values.tolist() == values, "the beginning without a value is cut off"
    assert series.observed.tolist() == [True, False, True, False, True]
    assert series.labels == ["2024-01-02", "", "2024-01-04", "2024-01-05", "2024-01-06"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GAPS, "series.csv:2, 5: 2 values are missing in column 'x': `--fill linear`"),
        (
            dates(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-06"]),
            "series.csv:5: 2 days are missing, the first after '2024-01-03'",
        ),
        (
            dates(["1700", "1701", "1703"]),
            "series.csv:4: a step is missing, the first after '1701'",
        ),
        (
            dates(["2024-01-01", "2024-01-02", "2024-01-02"]),
            "series.csv:4: column 'day': the time '2024-01-02' is not after the one before",
        ),
        (
            dates(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-03T05:00"]),
            "series.csv:5: column 'day': '2024-01-03T05:00' is not a whole number of steps",
        ),
        ("x\n1\n1,5\n", "no CSV file with a header"),
        ("x\n1\ntwo\n3\n", "series.csv:3: 'two' is no finite number"),
        ("x\n1\ninf\n", "series.csv:3: 'inf' is no finite number"),
        ("x\n1,5\n2,5\n", "has rows of more cells than the header has names"),
        ("x\n\n\n", "series.csv: has no rows"),
        ("t,x\n1,\n2,\n", "column 'x' has no numbers"),
        ("x\n1\n\n3\n", "series.csv:3: a value is missing in column 'x'"),
        ("x\n1\nTrue\n3\n", "series.csv:3: 'True' is no finite number"),
        ("a,b,c\n1,2,3\n2,3,4\n", "has the columns b, c: choose one with --column"),
        ("", "no CSV file with a header"),
    ],
)
def test_what_stands_in_the_way_is_named_with_its_line(csv, text, words):
    with pytest.raises(InputError, match=words):
        read(csv(text), None, None, None)


@pytest.mark.parametrize(
    ("column", "time", "words"),
    [
        ("y", None, "has no column 'y'; its columns are day, x"),
        ("x", "t", "has no column 't'"),
        ("x", "x", "cannot be the times and the values"),
    ],
)
def test_columns_are_checked(csv, column, time, words):
    with pytest.raises(InputError, match=words):
        read(csv(dates(["1", "2"])), column, time, None)


def test_dates_that_can_be_read_in_two_ways_are_refused(csv):
    with pytest.raises(InputError, match="ISO 8601"):
        read(csv(dates(["03/04/2024", "04/04/2024"])), "x", "day", None)


def test_a_column_of_numbers_is_no_time_unless_it_is_the_first(csv):
    text = "name,level,x\na,1.5,1\nb,2.5,2\nc,2.7,3\n"
    assert read(csv(text), "x", None, None).step == "row"


def test_steps_of_31_days_are_no_months(csv):
    times = pd.date_range("2020-01-01", periods=50, freq="31D")  # each in another month
    assert read(csv(dates([f"{time:%Y-%m-%d}" for time in times])), None, None, None).step == "step"
    ends = pd.date_range("2020-01-31", periods=50, freq="ME")
    assert read(csv(dates([f"{time:%Y-%m-%d}" for time in ends])), None, None, None).step == "month"


def test_the_checksum_is_also_of_what_a_step_is(csv):
    years = read(csv(dates(["1990", "1991", "1992"])), None, None, None).checksum
    assert read(csv(dates(["1990", "1991", "1992"])), None, None, None).checksum == years
    months = read(csv(dates(["1990-01", "1990-02", "1990-03"])), None, None, None)
    assert months.checksum != years


@pytest.mark.parametrize("step", ["s", "min", "100ms"])
def test_short_steps_are_even_however_many_there_are(csv, step):
    times = pd.date_range("2024-01-01", periods=20_000, freq=step)
    series = read(csv(dates([time.isoformat() for time in times])), None, None, None)
    assert series.values.tolist() == list(range(1, 20_001))


@pytest.mark.parametrize(
    ("name", "times", "line", "words"),
    [
        ("year", ["1900", "1901", "1902", "1902"], 5, "'year': the time '1902' is not after"),
        ("Time (s)", ["3", "2", "1"], 3, "sort the rows"),
        ("day", ["1900", "", "1902"], 3, "no time in column 'day'"),
        ("x1", ["2024-01-01", "2024-01-02", "2024-13-01", ""], 5, "no time in column"),
        ("x1", ["2024-01-01", "2024-01-02", "2024-13-01"], 4, "'2024-13-01' is no time"),
        ("x1", ["2024-01-01", "2024-01-02", "2024-01-03", "Total"], 5, "'Total' is no time"),
        ("x1", ["31.1.2024", "1.2.2024"], 2, "ISO 8601"),
        ("x1", ["2024Q1", "2024Q2"], 2, "ISO 8601"),
        ("x1", ["2024-01-01T00:00Z", "2024-01-02T00:00"], 2, "with a time zone or without"),
        ("x1", [*map(str, range(30)), "29"], 32, "the time '29' is not after"),
        ("x1", [*map(str, range(30, 0, -1))], 3, "sort the rows"),
    ],
)
def test_times_with_mistakes_are_not_left_aside(csv, name, times, line, words):
    text = dates(times).replace("day", name, 1)
    with pytest.raises(InputError, match=words) as error:
        read(csv(text), "x", None, None)
    assert f"series.csv:{line}" in str(error.value)
    assert read(csv(text), "x", "none", None).step == "row"


def test_dates_are_the_times_whatever_stands_first(csv):
    rows = [f"{n},2024-01-0{day},{n}" for n, day in enumerate((1, 2, 5))]
    for first in "id", "":
        text = f"{first},day,x\n" + "\n".join(rows) + "\n"
        with pytest.raises(InputError, match="2 days are missing"):
            read(csv(text), "x", None, None)
        assert read(csv(text), "x", None, "previous").values.tolist() == [0, 1, 1, 1, 2]


def test_a_quantity_with_a_word_of_times_in_its_name_is_none(csv):
    for name in "price index", "day length", "sales per year":
        assert read(csv(f"{name},x\n3,1\n1,2\n2,3\n"), "x", None, None).step == "row"


def test_a_column_that_is_called_none_is_a_column(csv):
    with pytest.raises(InputError, match="none': the time '1' is not after"):
        read(csv("none,x\n1,2\n1,3\n2,4\n"), "x", "none", None)


def test_a_column_that_rises_and_is_alone_is_the_series(csv):
    assert read(csv("x\n1\n2\n4\n"), None, None, None).values.tolist() == [1, 2, 4]


def test_series_of_statsmodels_are_known_by_name():
    series = read("sunspots", None, None, None)
    assert (series.name, len(series.values), series.labels[-1]) == ("SUNACTIVITY", 309, "2008")
    with pytest.raises(InputError, match="59 values|3 and 56 more"):
        read("co2", None, None, None)
    filled = read("co2", None, None, "linear")
    assert (filled.step, (~filled.observed).sum()) == ("week", 59)
    assert np.isfinite(filled.values).all()


def test_there_is_no_such_file():
    with pytest.raises(InputError, match="nowhere.csv: no such file"):
        read("nowhere.csv", None, None, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("day;x\n2024-01-01;1,5\n2024-01-02;2,5\n", "semicolons"),
        ("day\tx\n2024-01-01\t1\n", "tabs"),
        ("day,x,x\n2024-01-01,1,2\n", "more than one column 'x'"),
        ("2024-01-01,1\n2024-01-02,2\n", "has to be a header"),
        ("2024-01-01,NA\n2024-01-02,2\n", "has to be a header"),
        ("t,x\n0,1\n1,2\n2,3\n1000000000000,4\n", "only 4 of 1,000,000,000,001 steps"),
        ("day,x\n2024-01-01,1\n,2\n2024-01-03,3\n", "no time in column 'day'"),
    ],
)
def test_what_would_be_read_as_something_else_is_refused(text, words, csv):
    with pytest.raises(InputError, match=words):
        read(csv(text), "x", None, "linear")
