"""The split by time: nothing of the test part is used before it is scored."""

import numpy as np
import pytest

from pipelines.errors import InputError
from pipelines.forecasting.plan import Request, actual, contexts, plan, windows
from pipelines.forecasting.series import Series


def series(values, season=None):
    values = np.asarray(values, "float64")
    return Series("x", values, np.isfinite(values), [""] * len(values), "step", season)


def wave(steps=300, period=11):
    noise = np.random.default_rng(0).normal(size=steps)
    return np.sin(2 * np.pi * np.arange(steps) / period) + 0.1 * noise


def test_parts_follow_each_other():
    made = plan(series(wave()), Request(horizon=3))
    assert (made.validation, made.test) == (181, 201)
    np.testing.assert_allclose(made.mean, wave()[:181].mean())
    np.testing.assert_allclose(made.deviation, wave()[:181].std())


def test_nothing_that_is_learned_depends_on_the_test_part():
    changed = wave()
    changed[201:] = 1e6
    assert plan(series(changed), Request()) == plan(series(wave()), Request())


def test_windows_end_where_their_targets_begin():
    made = plan(series(wave()), Request(window=5, horizon=3))
    steps = np.arange(300.0)
    covered, targets = windows(steps, made.validation, made.test, made)
    assert covered[0] == made.validation - 5 and covered[5 - 1] + 1 == targets[0, 0]
    assert targets[0].tolist() == [181, 182, 183] and targets[-1, -1] == made.test - 1
    assert len(covered) - 5 + 1 == len(targets)
    seen, came = contexts(steps, made, 5), actual(steps, made)
    assert len(seen) == len(came) == 300 - 201 - 3 + 1
    assert seen[0].tolist() == [196, 197, 198, 199, 200] and came[0].tolist() == [201, 202, 203]
    assert seen[-1, -1] + 1 == came[-1, 0] and came[-1, -1] == 299


@pytest.mark.parametrize(
    ("values", "usual", "asked", "season"),
    [
        (wave(), None, None, 11),
        (wave(), 12, None, 12),
        (wave(), None, 5, 5),
        (np.random.default_rng(1).normal(size=300).cumsum(), None, None, 1),
        (np.arange(300.0) + np.random.default_rng(2).normal(size=300), None, None, 1),
        (np.arange(300.0), None, None, 1),
        (np.arange(300.0) * 0.1, None, None, 1),
    ],
    ids=["found", "usual", "asked", "random walk", "trend", "line", "rounded line"],
)
def test_the_season(values, usual, asked, season):
    assert plan(series(values, usual), Request(season=asked)).season == season


def test_a_test_part_that_was_filled_in_is_refused():
    whole = series(wave())
    observed = np.ones(300, bool)
    observed[205:295] = False
    few = whole._replace(observed=observed)
    with pytest.raises(InputError, match="of the 99 origins .* only 9 have a step that was obse"):
        plan(few, Request())
    assert plan(few, Request(test=0.5)) == plan(whole, Request(test=0.5))


@pytest.mark.parametrize(
    ("values", "request_", "words"),
    [
        (wave(40), Request(), "windows of"),
        (wave(300), Request(horizon=95), "origins to test on"),
        (wave(300), Request(window=200), "0 windows of 200"),
        (np.ones(300), Request(), "does not vary"),
        (np.tile(np.arange(7.0), 40), Request(), "repeats every 7 steps"),
        (np.tile(np.arange(7.0), 40), Request(season=14), "repeats every 14 steps"),
        (wave(300), Request(season=150), "fewer than two seasons"),
        (wave(4), Request(), "windows of"),
    ],
)
def test_too_little_is_refused(values, request_, words):
    with pytest.raises(InputError, match=words):
        plan(series(values), request_)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (wave() * 1e200, "too large"),
        (wave() * 1e-60, "too small"),
        (wave() + 1e12, "subtract a constant"),
    ],
)
def test_what_float32_cannot_hold_is_refused(values, words):
    with pytest.raises(InputError, match=words):
        plan(series(values), Request())
