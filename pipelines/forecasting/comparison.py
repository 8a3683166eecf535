"""How far forecasts were off, and how sure that is: RMSE and MASE over rolling origins.

The interval of a number is from a bootstrap: blocks of neighbouring origins are drawn with
replacement, because errors of neighbours are alike, and of a net also seeds. Intervals of
differences draw the same origins for both.
"""

from typing import NamedTuple

import numpy as np

from .plan import Plan

DRAWS, LEVEL = 2000, 0.95


class Interval(NamedTuple):
    """A number with the interval that covers it with a probability of 95 %."""

    value: float
    low: float
    high: float


class Score(NamedTuple):
    """The errors of one model.

    Attributes:
        name: A baseline or a cell.
        seeds: How many trainings; 0 of a baseline.
        weights: Weights of the net; 0 of a baseline.
        rmse: Root mean squared error over origins and steps, in the unit of the series; of a net,
            the mean over seeds.
        deviation: The standard deviation over seeds; 0 of a baseline.
        mase: Mean absolute error, divided by that of the seasonal naive forecast (without a season,
            of persistence) one step ahead in training: Hyndman & Koehler 2006.
        difference: Of a net, its RMSE less that of the best baseline; covers it with 95 % for all
            nets together (Bonferroni). None of a baseline.
        by_step: RMSE of each step ahead.
    """

    name: str
    seeds: int
    weights: int
    rmse: Interval
    deviation: float
    mase: Interval
    difference: Interval | None
    by_step: list[Interval]


class Comparison(NamedTuple):
    """All models.

    Attributes:
        baseline: The best baseline, by its RMSE.
        origins: From how many origins forecasts were made.
        block: Origins that the bootstrap draws together.
        scores: Of all models, baselines first.
    """

    baseline: str
    origins: int
    block: int
    scores: list[Score]

    def verdict(self, score: Score) -> str:
        """What the interval of the difference from the best baseline says."""
        if score.difference is None:
            return ""
        if score.difference.high < 0:
            return f"better than {self.baseline}"
        if score.difference.low > 0:
            return f"worse than {self.baseline}"
        return f"no clear difference from {self.baseline}"


def compare(
    errors: dict[str, np.ndarray],
    weights: dict[str, int],
    training: np.ndarray,
    plan: Plan,
) -> Comparison:
    """Scores of forecasts.

    Args:
        errors: Forecast less actual of each model, (seeds, origins, horizon); NaN where nothing was
            observed. Baselines have one seed and no entry in `weights`.
        weights: Weights of each net.
        training: The values of the training part, whose changes are the unit of MASE.
        plan: The season and the horizon.
    """
    origins = next(iter(errors.values())).shape[1]
    block = block_length(origins, plan)
    random = np.random.default_rng(0)
    draws = _blocks(origins, block, random)
    unit = float(np.abs(training[plan.season :] - training[: -plan.season]).mean())
    drawn = {
        name: _Drawn(of_model, draws, _seeds(len(of_model), random))
        for name, of_model in errors.items()
    }
    untrained = [name for name in errors if name not in weights]  # of equal ones the first
    baseline = min(untrained, key=lambda name: drawn[name].rmse()[0])
    level = 1 - (1 - LEVEL) / max(1, len(weights))
    scores = []
    for name, one in drawn.items():
        is_net = name in weights
        value, of_draws = one.rmse()
        best, of_best = drawn[baseline].rmse()
        scores.append(
            Score(
                name,
                len(errors[name]) if is_net else 0,
                weights.get(name, 0),
                _interval(value, of_draws),
                float(one.of_seeds().std(ddof=1)) if is_net and len(errors[name]) > 1 else 0.0,
                _interval(*one.mean_absolute(unit)),
                _interval(value - best, of_draws - of_best, level) if is_net else None,
                [_interval(*one.rmse(step)) for step in range(plan.horizon)],
            )
        )
    observed = int(np.isfinite(errors[baseline][0]).any(axis=1).sum())
    return Comparison(baseline, observed, block, scores)


def block_length(origins: int, plan: Plan) -> int:
    """How many neighbouring origins, whose errors are alike, are drawn together."""
    return min(origins, max(plan.horizon, plan.season, round(origins ** (1 / 3))))


def _blocks(origins: int, block: int, random: np.random.Generator) -> np.ndarray:
    """Draws of as many origins, in blocks of neighbours; the first follows the last."""
    starts = random.integers(origins, size=(DRAWS, -(-origins // block)))
    drawn = (starts[..., None] + np.arange(block)) % origins
    return drawn.reshape(DRAWS, -1)[:, :origins]


def _seeds(seeds: int, random: np.random.Generator) -> np.ndarray:
    return random.integers(seeds, size=(DRAWS, seeds))


class _Drawn:
    """The errors of a model, and those of every draw of the bootstrap."""

    def __init__(self, errors: np.ndarray, origins: np.ndarray, seeds: np.ndarray) -> None:
        self.errors, self.origins, self.seeds = errors, origins, seeds

    def of_seeds(self) -> np.ndarray:
        """The RMSE of each seed."""
        return np.sqrt(np.nanmean(self.errors**2, axis=(1, 2)))

    def rmse(self, step: int | None = None) -> tuple[float, np.ndarray]:
        """The RMSE, of one step ahead or of all; and that of every draw."""
        chosen = self.errors if step is None else self.errors[..., step : step + 1]
        sums, counts = np.nansum(chosen**2, axis=2), np.isfinite(chosen).sum(axis=2)
        return self._mean(sums, counts, root=True)

    def mean_absolute(self, unit: float) -> tuple[float, np.ndarray]:
        sums = np.nansum(np.abs(self.errors), axis=2) / unit
        return self._mean(sums, np.isfinite(self.errors).sum(axis=2), root=False)

    def _mean(self, sums: np.ndarray, counts: np.ndarray, root: bool) -> tuple[float, np.ndarray]:
        """The mean over seeds of the (root of the) mean over origins; and that of every draw.

        Of a draw in which nothing was observed it is NaN.
        """
        transform = np.sqrt if root else np.asarray
        value = transform(sums.sum(axis=1) / counts.sum(axis=1)).mean()
        per_seed = np.stack(
            [
                _ratios(one[self.origins].sum(axis=1), number[self.origins].sum(axis=1))
                for one, number in zip(sums, counts, strict=True)
            ],
            axis=1,
        )
        drawn = np.take_along_axis(transform(per_seed), self.seeds, axis=1).mean(axis=1)
        return float(value), drawn


def _ratios(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)


def _interval(value: float, draws: np.ndarray, level: float = LEVEL) -> Interval:
    low, high = np.nanquantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(value), float(low), float(high))
