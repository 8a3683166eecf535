"""What is forecast from what: the split by time, the windows, the season."""

from typing import Any, NamedTuple

import numpy as np
from statsmodels.tsa.stattools import acf

from ..errors import InputError
from .series import Fill, Series

FEWEST_ORIGINS, FEWEST_WINDOWS = 10, 20  # on which errors are averaged, and a net is trained
SHORTEST = 24  # steps of a window, unless another is asked for
LEAST, MOST = 1e-30, 1e30  # deviation, and value, that float32, as a net reads them, can scale
FINEST = 100  # distinct values within a deviation, at least, that float32 tells apart
CLEAR = 0.3  # autocorrelation from which a season that nobody named is taken for one
ROUNDING = 1e-9  # of changes, beside the values' deviation, from which they are not all the same


class Request(NamedTuple):
    """What was asked for.

    Attributes:
        cells: Names of cells; each is trained.
        seeds: Trainings of each, with the seeds 1, 2 and so on.
        horizon: Steps that are forecast at once.
        window: Steps that a forecast is made from; None for two seasons, and at least 24.
        season: Steps of a season; None for the usual one of these times, or the one that the
            training part shows; 1 for none.
        test: Share of the series, its end, on which forecasts are scored.
        validation: Share of what is before that, its end, which says when training stops.
        units: Of each recurrent layer.
        dropout: After each recurrent layer.
        epochs: Of a training, at most.
        patience: Epochs without a smaller validation error after which a training ends.
        batch_size: Windows of a step.
        learning_rate: Of RMSprop.
        relative: Whether a net sees and forecasts differences from the last value of the window.
        fill: What takes the place of missing values; None if nothing may.
    """

    cells: tuple[str, ...] = ("lstm",)
    seeds: int = 5
    horizon: int = 1
    window: int | None = None
    season: int | None = None
    test: float = 0.33
    validation: float = 0.1
    units: tuple[int, ...] = (50, 100)
    dropout: float = 0.2
    epochs: int = 200
    patience: int = 20
    batch_size: int = 50
    learning_rate: float = 1e-3
    relative: bool = False
    fill: Fill | None = None


class Plan(NamedTuple):
    """How a series is taken apart. Steps count from 0; each part ends where the next begins.

    Attributes:
        window: Steps that a forecast is made from.
        horizon: Steps that it is made for.
        season: Steps of a season; 1 if there is none.
        why_season: Where it is from.
        validation: The first step of the validation part, on which training stops.
        test: The first step of the test part.
        mean, deviation: Of the training part, with which values are scaled.
    """

    window: int
    horizon: int
    season: int
    why_season: str
    validation: int
    test: int
    mean: float
    deviation: float


def plan(series: Series, request: Request) -> Plan:
    """Splits a series by time; everything that is learned of it comes from before the test part.

    Raises:
        InputError: The series is too short for it, or there is nothing to learn from it.
    """
    if (largest := np.abs(series.values).max()) > MOST:
        raise InputError(
            f"{series.name}: values up to {largest:.3g} are too large for a net: write them in "
            "another unit"
        )
    steps = len(series.values)
    test = steps - round(request.test * steps)
    validation = test - max(round(request.validation * test), request.horizon)
    known = series.values[:validation] if validation > 0 else series.values[:0]
    if request.season is not None and 2 * request.season > validation:
        raise InputError(
            f"--season {request.season}: the {max(0, validation):,} steps to train on are fewer "
            "than two seasons"
        )
    season, why = _season(series, request, known)
    window = request.window or min(max(SHORTEST, 2 * season), max(2, validation // 3))
    windows = validation - window - request.horizon + 1
    origins = steps - test - request.horizon + 1
    if windows < FEWEST_WINDOWS or origins < FEWEST_ORIGINS:
        raise InputError(
            f"{series.name}: {steps:,} {'steps leave' if steps > 1 else 'step leaves'} "
            f"{max(0, windows):,} windows of {window} to train on and {max(0, origins):,} origins "
            f"to test on, and at least {FEWEST_WINDOWS} and {FEWEST_ORIGINS} are needed: use a "
            "longer series, or another --window, --horizon or --test"
        )
    seen = np.lib.stride_tricks.sliding_window_view(series.observed[test:], request.horizon)
    if (observed := int(seen.any(axis=1).sum())) < FEWEST_ORIGINS:
        raise InputError(
            f"{series.name}: of the {origins:,} origins to test on only {observed:,} have a step "
            f"that was observed, and at least {FEWEST_ORIGINS} are needed, as nothing is scored on "
            "what was filled in: use another --test"
        )
    deviation = float(known.std())
    naive = np.abs(known[season:] - known[:-season]).mean() if len(known) > season else 0.0
    if deviation and not naive:
        raise InputError(
            f"{series.name}: repeats every {season} steps without a change in the {validation:,} "
            "steps to train on: what was before is a forecast without error, and nothing is left "
            "to learn"
        )
    if not deviation:
        raise InputError(
            f"{series.name}: does not vary in the {validation:,} steps to train on, from which "
            "nothing can be learned"
        )
    if deviation < LEAST:
        raise InputError(
            f"{series.name}: values that deviate by {deviation:.3g} only are too small for a net: "
            "write them in another unit"
        )
    largest = np.abs(known).max()
    if np.spacing(np.float32(largest)) * FINEST > deviation:
        raise InputError(
            f"{series.name}: values up to {largest:.6g} that deviate by {deviation:.3g} only: in "
            "float32, as a net reads them, they are all but the same: subtract a constant"
        )
    return Plan(
        window, request.horizon, season, why, validation, test, float(known.mean()), deviation
    )


def _season(series: Series, request: Request, known: np.ndarray) -> tuple[int, str]:
    if request.season is not None:
        return request.season, "as given" if request.season > 1 else "none, as given"
    if series.season is not None and 2 * series.season < len(known):
        return series.season, f"the usual one, as a step is a {series.step}"
    most = len(known) // 3
    changes = np.diff(known)
    if most > 3 and changes.std() > ROUNDING * known.std():  # a line's changes are all the same
        correlation = acf(changes, nlags=most, fft=True)
        inner = correlation[2:-1]
        peaks = np.flatnonzero((inner > correlation[1:-2]) & (inner > correlation[3:])) + 2
        if len(peaks):
            best = int(peaks[np.argmax(correlation[peaks])])
            if correlation[best] > CLEAR:
                why = f"autocorrelation of the changes {correlation[best]:.2f} in training"
                return best, why
    return 1, "none found"


def windows(values: np.ndarray, first: int, last: int, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """The windows whose forecasts are for steps from `first` on and before `last`.

    Returns:
        The steps that they cover, as `timeseries_dataset_from_array` takes them, and the targets
        (windows, horizon).
    """
    count = last - first - plan.horizon + 1
    targets = np.lib.stride_tricks.sliding_window_view(values[first:last], plan.horizon)[:count]
    return values[first - plan.window : last - plan.horizon], targets


def contexts(values: np.ndarray, plan: Plan, width: int) -> np.ndarray:
    """The last values before each origin of the test part, (origins, width)."""
    steps = values[plan.test - width : len(values) - plan.horizon]
    return np.lib.stride_tricks.sliding_window_view(steps, width)


def actual(values: Any, plan: Plan) -> np.ndarray:
    """What came after each origin, (origins, horizon)."""
    return np.lib.stride_tricks.sliding_window_view(np.asarray(values)[plan.test :], plan.horizon)
