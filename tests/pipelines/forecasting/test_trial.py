"""One net of a sweep: what its skill is computed from, by NumPy alone."""

import json

import keras
import numpy as np
import pytest

from pipelines.config.forecast_schema import Forecast
from pipelines.errors import InputError
from pipelines.forecasting import trial
from pipelines.training import runs

STEPS, PERIOD, HORIZON, WINDOW = 120, 8, 2, 6
# Of 120 steps the last 36 are the test part, and of the 84 before it the last 21 are dev.
SHARES = {"test": 0.3, "dev": 0.25}
TEST, DEV = 84, 63
HOLE = 100  # a step of the test part that nobody observed


@pytest.fixture(scope="module")
def values():
    noise = np.random.default_rng(3).normal(size=STEPS)
    found = 10 + 5 * np.sin(2 * np.pi * np.arange(STEPS) / PERIOD) + noise
    found[TEST:] += 4  # what is scored on the wrong part has other errors
    return np.round(found, 3)


@pytest.fixture(scope="module")
def forecast(values, tmp_path_factory):
    path = tmp_path_factory.mktemp("series") / "wave.csv"
    rows = [f"{n},{'' if n == HOLE else value}" for n, value in enumerate(values)]
    path.write_text("hour,x\n" + "\n".join(rows) + "\n")
    series = {"file": str(path), "fill": "previous", "horizon": HORIZON, "window": WINDOW,
              "season": PERIOD, **SHARES}  # fmt: skip
    training = {"epochs": 6, "learning_rate": 0.02, "batch_size": 16}
    return Forecast.model_validate(
        {"series": series, "model": {"cell": "gru", "units": 4}, "training": training}
    )


@pytest.fixture(scope="module")
def scored(forecast, tmp_path_factory):
    """A run that was trained and scored on both parts. Not to be written to."""
    run = tmp_path_factory.mktemp("trial") / "run"
    scores = trial.train(forecast, run, lambda epoch: None)
    for split in ("dev", "test"):
        trial.evaluate(run, split)
    return run, scores


def observed(values):
    return np.where(np.arange(STEPS) == HOLE, np.nan, values)


def windows(row, first, last, width, offset):
    """`width` steps of each origin from `first` on, all of whose forecasts end before `last`."""
    return np.array(
        [row[n + offset : n + offset + width] for n in range(first, last - HORIZON + 1)]
    )


def rmse(given, truth):
    return np.sqrt(np.nanmean((given - truth) ** 2))


def part(values, split):
    """What came, what was there before each origin, and the two naive forecasts of it."""
    first, last = (DEV, TEST) if split == "dev" else (TEST, STEPS)
    filled = values.copy()
    filled[HOLE] = values[HOLE - 1]
    truth = windows(observed(values), first, last, HORIZON, 0)
    seen = windows(filled, first, last, WINDOW, -WINDOW)
    naive = np.repeat(windows(filled, first, last, 1, -1), HORIZON, axis=1)
    return truth, seen, naive, windows(filled, first, last, HORIZON, -PERIOD)


@pytest.mark.ci
@pytest.mark.parametrize("split", ["dev", "test"])
def test_skill_is_1_less_the_rmse_over_that_of_the_best_forecast_without_training(
    split, scored, values
):
    run, of_training = scored
    scores = json.loads((run / f"scores.{split}.json").read_text())
    truth, seen, *naive = part(values, split)
    with np.load(run / f"forecasts.{split}.npz") as arrays:
        np.testing.assert_allclose(arrays["truth"], truth)
        reference = arrays["reference"]
        forecasts = arrays["forecasts"]
    model = keras.models.load_model(run / runs.MODEL)
    np.testing.assert_allclose(forecasts, model(seen[..., None].astype("float32")), rtol=1e-5)
    assert scores["rmse"] == pytest.approx(rmse(forecasts, truth))
    assert scores["reference_rmse"] == pytest.approx(rmse(reference, truth))
    assert scores["skill"] == pytest.approx(1 - rmse(forecasts, truth) / rmse(reference, truth))
    assert scores["reference_rmse"] <= min(rmse(one, truth) for one in naive) * (1 + 1e-9)
    assert scores["origins"] == len(truth)
    assert scores["block"] == PERIOD  # the longest of horizon, season and the root of origins
    if split == "dev":
        assert of_training["dev"] == pytest.approx(scores["skill"])


@pytest.mark.ci
def test_the_curve_is_the_skill_on_dev_and_the_best_epoch_is_kept(scored):
    run, scores = scored
    rows = [line.split("\t") for line in (run / runs.HISTORY).read_text().splitlines()]
    dev = [float(row[rows[0].index("dev")]) for row in rows[1:]]
    assert len(dev) == scores["epochs"] == 6
    assert scores["best_epoch"] == int(np.argmax(dev)) + 1
    assert scores["dev"] == pytest.approx(max(dev), abs=1e-4)


@pytest.mark.parametrize("split", ["dev", "test"])
def test_the_reference_is_the_best_and_the_same_for_every_window(split, forecast, values):
    truth, _, *naive = part(values, split)
    found = []
    for window in (2, 24):
        longer = forecast.model_copy(
            update={"series": forecast.series.model_copy(update={"window": window})}
        )
        prepared = trial.prepare(longer)
        found.append(trial.reference(prepared.series, prepared.plan, longer, split))
    np.testing.assert_array_equal(found[0].forecasts, found[1].forecasts)
    names = {"persistence": naive[0], "seasonal naive": naive[1]}
    if found[0].name in names:
        np.testing.assert_allclose(found[0].forecasts, names[found[0].name])
    assert found[0].rmse == pytest.approx(rmse(found[0].forecasts, truth))
    assert found[0].rmse <= min(rmse(one, truth) for one in naive) * (1 + 1e-9)


@pytest.mark.parametrize(("split", "end"), [("dev", TEST), ("test", STEPS)])
def test_the_reference_has_learned_nothing_from_what_it_is_scored_on(
    split, end, forecast, values, tmp_path
):
    """The last value of a part is before no origin of it, so that no forecast knows it."""
    found = []
    for n, last in enumerate((values[end - 1], values[end - 1] + 0.5)):
        path = tmp_path / f"{n}.csv"
        row = [*values[: end - 1], last, *values[end:]]
        path.write_text("hour,x\n" + "".join(f"{k},{x}\n" for k, x in enumerate(row)))
        series = forecast.series.model_copy(update={"file": str(path)})
        other = forecast.model_copy(update={"series": series})
        prepared = trial.prepare(other)
        found.append(trial.reference(prepared.series, prepared.plan, other, split))
    np.testing.assert_array_equal(found[0].forecasts, found[1].forecasts)
    assert found[0].rmse != found[1].rmse


@pytest.mark.ci
def test_a_series_that_has_changed_since_is_not_scored(scored, contents, monkeypatch):
    run, _ = scored
    before, read = contents(run), trial.series.read

    def changed(*arguments):
        found = read(*arguments)
        return found._replace(values=found.values + (np.arange(STEPS) == 5))

    monkeypatch.setattr(trial.series, "read", changed)
    with pytest.raises(InputError, match="wave.csv: has changed since"):
        trial.evaluate(run, "test")
    assert contents(run) == before


def test_an_error_names_keys_and_leaves_names_of_files_and_columns_alone():
    said = trial.in_keys("a--test.csv: has no column '--fill'; see `--fill linear`, --time", "b")
    wanted = "has no column '--fill'; see `series.fill = \"linear\"`, series.time"
    assert said == f"b: a--test.csv: {wanted}"
