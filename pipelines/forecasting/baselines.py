"""Forecasts without a net: what a net has to be better than."""

import warnings
from collections.abc import Callable

import numpy as np
from statsmodels.tsa.ar_model import AutoReg, ar_select_order

from .plan import Plan

Baseline = Callable[[np.ndarray], np.ndarray]  # (origins, values before) -> (origins, horizon)
PERSISTENCE, SEASONAL = "persistence", "seasonal naive"


def baselines(training: np.ndarray, plan: Plan) -> dict[str, Baseline]:
    """Each baseline by its name, fitted on what comes before the test part.

    They take as many values before each origin as a window and a season have.
    """
    found: dict[str, Baseline] = {PERSISTENCE: lambda seen: repeated(seen, 1, plan.horizon)}
    if plan.season > 1:
        found[SEASONAL] = lambda seen: repeated(seen, plan.season, plan.horizon)
    name, line = autoregression(training, plan)
    return {**found, name: line}


def repeated(seen: np.ndarray, season: int, horizon: int) -> np.ndarray:
    """The last season again and again; with a season of 1, the last value."""
    return seen[:, -season + np.arange(horizon) % season]


def autoregression(training: np.ndarray, plan: Plan) -> tuple[str, Baseline]:
    """The linear autoregression whose order, within the window, has the least BIC.

    Its forecasts are fed back in for the steps after the first.
    """
    most = max(1, min(plan.window, len(training) // 4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of orders that a series without noise cannot tell apart
        lags = ar_select_order(training, most, ic="bic").ar_lags or [1]
        constant, *weights = AutoReg(training, lags).fit().params
    order = len(weights)

    def forecast(seen: np.ndarray) -> np.ndarray:
        past = seen[:, -order:]
        steps = []
        for _ in range(plan.horizon):
            following = constant + past[:, ::-1] @ np.asarray(weights)
            steps.append(following)
            past = np.concatenate([past[:, 1:], following[:, None]], axis=1)
        return np.stack(steps, axis=1)

    return f"autoregression ({order})", forecast
