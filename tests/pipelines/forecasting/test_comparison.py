"""Baselines and scores, against what they are by definition."""

import numpy as np
import pytest
from statsmodels.tsa.ar_model import AutoReg

from pipelines.forecasting.baselines import autoregression, baselines, repeated
from pipelines.forecasting.comparison import compare
from pipelines.forecasting.plan import Plan

PLAN = Plan(6, 3, 4, "", 100, 120, 0.0, 1.0)


@pytest.fixture
def ar(rng):
    """An autoregression of order 2 that runs in."""
    values = np.zeros(400)
    for t in range(2, 400):
        values[t] = 5 + 1.2 * values[t - 1] - 0.5 * values[t - 2] + rng.normal()
    return values


def test_naive_forecasts_repeat_what_was():
    seen = np.array([[1.0, 2, 3, 4, 5, 6]])
    assert repeated(seen, 1, 3).tolist() == [[6, 6, 6]]
    assert repeated(seen, 2, 5).tolist() == [[5, 6, 5, 6, 5]]
    assert repeated(seen, 4, 3).tolist() == [[3, 4, 5]]


def test_without_a_season_there_is_no_seasonal_forecast(ar):
    assert list(baselines(ar, PLAN)) == ["persistence", "seasonal naive", "autoregression (2)"]
    assert "seasonal naive" not in baselines(ar, PLAN._replace(season=1))


def test_the_autoregression_is_that_of_statsmodels(ar):
    name, forecast = autoregression(ar[:300], PLAN)
    assert name == "autoregression (2)"
    expected = AutoReg(ar[:300], 2).fit().predict(300, 302)
    np.testing.assert_allclose(forecast(ar[None, 294:300])[0], expected, rtol=1e-9)


def test_the_autoregression_of_a_line_goes_on_and_warns_of_nothing():
    line = np.arange(300.0)
    _, forecast = autoregression(line, PLAN)  # a warning would be an error
    np.testing.assert_allclose(forecast(line[None, -6:])[0], [300, 301, 302], rtol=1e-6)


def scored(rng, net, baseline=1.0, seeds=4, origins=80):
    errors = {
        "persistence": baseline * rng.normal(size=(1, origins, 3)),
        "seasonal naive": 3 * rng.normal(size=(1, origins, 3)),
        "lstm": net * rng.normal(size=(seeds, origins, 3)),
    }
    training = np.arange(120.0)  # four steps apart they differ by 4
    return errors, compare(errors, {"lstm": 77}, training, PLAN)


def test_scores_are_what_their_names_say(rng):
    errors, found = scored(rng, 0.5)
    naive, _, lstm = found.scores
    assert found.baseline == "persistence" and found.origins == 80
    np.testing.assert_allclose(naive.rmse.value, np.sqrt((errors["persistence"] ** 2).mean()))
    of_seeds = np.sqrt((errors["lstm"] ** 2).mean(axis=(1, 2)))
    np.testing.assert_allclose([lstm.rmse.value, lstm.deviation],
                               [of_seeds.mean(), of_seeds.std(ddof=1)])  # fmt: skip
    np.testing.assert_allclose(lstm.mase.value, np.abs(errors["lstm"]).mean() / 4)
    of_second = np.sqrt((errors["lstm"][..., 1] ** 2).mean(axis=1)).mean()
    np.testing.assert_allclose(lstm.by_step[1].value, of_second)
    np.testing.assert_allclose(lstm.difference.value, lstm.rmse.value - naive.rmse.value)
    for interval in (naive.rmse, lstm.rmse, lstm.mase, lstm.difference, *lstm.by_step):
        assert interval.low < interval.value < interval.high
    assert (lstm.seeds, lstm.weights, naive.seeds, naive.difference) == (4, 77, 0, None)


@pytest.mark.parametrize(
    ("net", "verdict"),
    [(0.5, "better than"), (2.0, "worse than"), (1.0, "no clear difference from")],
)
def test_the_verdict_is_that_of_the_interval(rng, net, verdict):
    _, found = scored(rng, net)
    assert found.verdict(found.scores[-1]) == f"{verdict} persistence"


def test_what_was_not_observed_does_not_count(rng):
    errors, _ = scored(rng, 0.5)
    holes = {name: one.copy() for name, one in errors.items()}
    for one in holes.values():
        one[:, ::3, 1] = np.nan
    found = compare(holes, {"lstm": 1}, np.arange(120.0), PLAN).scores[0]
    value = np.sqrt(np.nanmean(holes["persistence"] ** 2))
    np.testing.assert_allclose(found.rmse.value, value)
    assert np.isfinite([*found.rmse, *found.mase]).all()


def test_draws_in_which_nothing_was_observed_are_no_draws_without_an_error(rng):
    errors, _ = scored(rng, 2.0)
    for one in errors.values():
        one[:, :68] = np.nan  # all draws of blocks that have none of the last 12 origins
    found = compare(errors, {"lstm": 1}, np.arange(120.0), PLAN)
    assert found.origins == 12
    naive, _, lstm = found.scores
    least = np.sqrt((errors["persistence"][0, 68:] ** 2).mean(axis=1).min())
    assert 0 < least < naive.rmse.low < naive.rmse.value
    assert lstm.difference.low > 0


@pytest.mark.parametrize("first", ["persistence", "seasonal naive"])
def test_of_equal_baselines_the_first_is_the_best(rng, first):
    one = rng.normal(size=(1, 80, 3))
    names = sorted(
        ["persistence", "seasonal naive", "autoregression (1)"], key=lambda n: n != first
    )
    found = compare({name: one for name in names}, {}, np.arange(120.0), PLAN)
    assert found.baseline == first


def test_an_interval_is_wider_where_neighbours_are_alike(rng):
    """The same errors in another order are the same score, but there are more of them to count."""
    alike = np.convolve(rng.normal(size=611), np.ones(12), "valid")
    widths = []
    for one in (alike, rng.permutation(alike)):
        found = compare({"persistence": one[None, :, None]}, {}, np.arange(120.0),
                        PLAN._replace(horizon=1, season=24))  # fmt: skip
        assert found.block == 24
        widths.append(found.scores[0].rmse.high - found.scores[0].rmse.low)
    assert widths[0] > 1.5 * widths[1]
