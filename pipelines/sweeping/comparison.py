"""Which settings differ: paired by seed and by sentence, corrected for many comparisons.

A setting's score depends on the luck of the seed and on which sentences happen to be in the data.
Both are drawn at random here, so that what is said holds for other seeds and other sentences. The
difference of two settings is the mean over seeds of the differences of runs with the same seed. Its
variance has two parts: that of the seeds, s^2 / n over the n differences; and that of sentences,
the covariance between the differences of two different seeds when sentences are drawn anew, which
is what all seeds have in common (the variance of a sentence within one seed is in s^2 already).

Three to ten seeds say little about s. Therefore the s of all pairs are drawn towards a common one,
the more, the more alike they are (Smyth 2004, "Linear models and empirical Bayes methods"), and the
test is Student's t with the degrees of freedom that this gives. A permutation of n pairs of seeds
alone has no p below 2^(1 - n), so that with few seeds it finds nothing, whatever the difference;
it is given beside the other. `tests/pipelines/sweeping/test_sweep_comparison.py` has simulations of
both.
"""

import functools
import itertools
import math
from typing import NamedTuple

import numpy as np
from scipy import optimize, special, stats

from .letters import letters
from .moderation import moderated
from .resampling import Resampled

LEVEL = 0.95  # of the confidence intervals
ALPHA = 1 - LEVEL  # the chance of finding any difference where there is none
MOST_PERMUTED = 12  # seeds whose signs are all tried


class Estimate(NamedTuple):
    """The mean score of a setting, as a share of 1.

    Attributes:
        mean: Over its seeds.
        deviation: Standard deviation over its seeds; None for a single one.
        margin: Half of the confidence interval over seeds and sentences; None for a single seed.
        seeds: How many there are.
        least: The lowest score that there may be; None if there is none.
    """

    mean: float
    deviation: float | None
    margin: float | None
    seeds: int
    least: float | None = 0.0

    @property
    def low(self) -> float | None:
        """The lower end of the interval, but no score is below the lowest."""
        if self.margin is None:
            return None
        low = self.mean - self.margin
        return low if self.least is None else max(self.least, low)

    @property
    def high(self) -> float | None:
        """The upper end of the interval, but no score is above 1."""
        return None if self.margin is None else min(1.0, self.mean + self.margin)


class Chance(NamedTuple):
    """A chance with its confidence interval."""

    value: float
    low: float
    high: float


class Tested(NamedTuple):
    """A mean over seeds, tested against 0.

    Attributes:
        mean: As a share of 1; None without seeds.
        low: Of the confidence interval; None with fewer than two seeds, or if they do not vary.
        high: Likewise.
        p: Of the t test; None likewise.
        seeds: How many there are.
        of_seeds: The part of the variance of the mean that is due to seeds.
        of_sentences: The part due to sentences; 0 where there are no counts per sentence.
        freedom: Degrees of freedom of the t test.
    """

    mean: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    seeds: int = 0
    of_seeds: float = 0.0
    of_sentences: float = 0.0
    freedom: float = 0.0


class Pair(NamedTuple):
    """Two settings, compared on the seeds that both have.

    Attributes:
        first: The number of one setting.
        second: The number of the other one.
        difference: Mean of first minus second, as a share of 1; None if they share no seed.
        low: Of the confidence interval of this difference; None with fewer than two seeds.
        high: Likewise.
        p: Of the t test; None if the seeds cannot tell.
        holm: The same, corrected for all comparisons; a difference is found if it is below `ALPHA`.
        permutation: p of the exact test that exchanges the settings within seeds; None likewise.
        beats: The chance that a run of first with a fresh seed scores better than one of second;
            None without runs.
        seeds: How many seeds both have.
        of_seeds: The part of the variance of the difference that is due to seeds.
        of_sentences: The part due to sentences; 0 where there are no counts per sentence.
        freedom: Degrees of freedom of the t test.
        weight: Its share of `ALPHA` in the correction.
    """

    first: int
    second: int
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    holm: float | None
    permutation: float | None
    beats: Chance | None
    seeds: int
    of_seeds: float
    of_sentences: float
    freedom: float
    weight: float

    @property
    def found(self) -> bool:
        return self.holm is not None and self.holm < ALPHA


class Comparison(NamedTuple):
    """All settings with each other.

    Attributes:
        estimates: Of each setting.
        pairs: Every two settings once, or every one with the baseline.
        groups: For each setting the letters of its groups: what shares a letter cannot be told
            apart. Empty where only some pairs were compared.
    """

    estimates: list[Estimate]
    pairs: list[Pair]
    groups: list[str]

    def pair(self, first: int, second: int) -> Pair:
        """Two settings, with the difference as first minus second.

        Raises:
            KeyError: They were not compared.
        """
        for pair in self.pairs:
            if (pair.first, pair.second) == (first, second):
                return pair
            if (pair.first, pair.second) == (second, first):
                return _reverse(pair)
        raise KeyError((first, second))


def compare(resampled: Resampled, baseline: int | None = None) -> Comparison:
    """Compares every two settings.

    Args:
        resampled: Their scores; run r of all settings has the same seed.
        baseline: The number of a setting, known before any score was, whose comparisons get half
            of `ALPHA`: among many settings, these would else drown among all the others.
    """
    scores, samples = resampled.scores, resampled.samples
    numbers = list(itertools.combinations(range(len(scores)), 2))
    shared = [np.isfinite(scores[a]) & np.isfinite(scores[b]) for a, b in numbers]
    differences = [scores[a, s] - scores[b, s] for (a, b), s in zip(numbers, shared, strict=True)]
    drawn = [
        None if samples is None else samples[:, a][:, s] - samples[:, b][:, s]
        for (a, b), s in zip(numbers, shared, strict=True)
    ]
    spread, freedom = moderated(
        np.array([_variance(d) for d in differences]),
        np.array([max(0, len(d) - 1) for d in differences]),
        most=_freedom(scores),
    )
    pairs = []
    for number, (a, b) in enumerate(numbers):
        found = _tested(differences[number], drawn[number], spread[number], freedom[number])
        pairs.append(
            Pair(
                first=a,
                second=b,
                difference=found.mean,
                low=found.low,
                high=found.high,
                p=found.p,
                holm=None,
                permutation=_permutation(differences[number]),
                beats=superiority(scores[a], scores[b]),
                seeds=found.seeds,
                of_seeds=found.of_seeds,
                of_sentences=found.of_sentences,
                freedom=found.freedom,
                weight=1.0,
            )
        )
    weights = _weights(pairs, baseline)
    corrected = holm([pair.p for pair in pairs], weights)
    pairs = [
        pair._replace(holm=p, weight=weight)
        for pair, p, weight in zip(pairs, corrected, weights, strict=True)
    ]
    estimates = _estimates(resampled)
    order = sorted(range(len(estimates)), key=lambda n: -_mean(estimates[n]))
    told_apart = {(pair.first, pair.second) for pair in pairs if pair.found}
    return Comparison(estimates, pairs, letters(order, told_apart))


def holm(values: list[float | None], weights: list[float] | None = None) -> list[float | None]:
    """Holm's correction (1979) of p values for all of them together; None stays None.

    Those that are None count, as they might have been tests.

    Args:
        values: The p values.
        weights: Their shares of the chance to find anything where nothing is; equal by default.
    """
    weights = weights or [1 / max(1, len(values))] * len(values)
    order = sorted((p / weights[n], n) for n, p in enumerate(values) if p is not None)
    result: list[float | None] = [None] * len(values)
    largest, left = 0.0, sum(weights)
    for ratio, n in order:
        largest = max(largest, min(1.0, ratio * left))
        result[n] = largest
        left -= weights[n]
    return result


def _weights(pairs: list[Pair], baseline: int | None) -> list[float]:
    """Half for the comparisons with the baseline, half for the others, if there are both."""
    with_it = [baseline in (pair.first, pair.second) for pair in pairs]
    kinds = {True: sum(with_it), False: len(pairs) - sum(with_it)}
    share = 1 / sum(count > 0 for count in kinds.values()) if pairs else 1.0
    return [share / kinds[kind] for kind in with_it]


def superiority(first: np.ndarray, second: np.ndarray) -> Chance | None:
    """The chance that a fresh run of one setting beats one of the other, a tie counting half.

    Over all pairs of runs, whatever their seeds; with the interval of Newcombe 2006 (method 5),
    which does not shrink to nothing when all pairs agree.

    Args:
        first: Scores of one setting; NaN stands for a run that is not there.
        second: Scores of the other one.

    Returns:
        The chance; None without runs of both.
    """
    one, other = first[np.isfinite(first)], second[np.isfinite(second)]
    if not len(one) or not len(other):
        return None
    signs = np.sign(one[:, None] - other)
    chance = float((1 + signs.mean()) / 2)
    z, middle = special.ndtri(1 - ALPHA / 2), (len(one) + len(other)) / 2 - 1

    def excess(value: float) -> float:
        spread = 1 + middle * ((1 - value) / (2 - value) + value / (1 + value))
        error = math.sqrt(max(0.0, value * (1 - value) * spread / (len(one) * len(other))))
        return abs(chance - value) - z * error

    # Both ends are beside the chance itself, where nothing is in excess.
    inside = 1e-9
    low = optimize.brentq(excess, 0, chance - inside) if chance > inside else 0.0
    high = optimize.brentq(excess, chance + inside, 1) if chance < 1 - inside else 1.0
    return Chance(chance, float(low), float(high))


def _tested(
    values: np.ndarray, samples: np.ndarray | None, spread: float, freedom: float
) -> Tested:
    """A value of each seed, tested.

    Args:
        values: Of each seed.
        samples: The same over sentences drawn anew, (samples, seeds).
        spread: The variance over seeds, moderated.
        freedom: Its degrees of freedom.
    """
    seeds = len(values)
    if not seeds:
        return Tested(None)
    mean = float(values.mean())
    if seeds < 2:
        return Tested(mean, seeds=seeds)
    parts = float(spread) / seeds, _of_sentences(samples)
    error = math.sqrt(sum(parts))
    if not error:  # no seed changed anything: there is nothing to hold the difference against
        return Tested(mean, None, None, None, seeds, *parts, float(freedom))
    margin = error * float(special.stdtrit(freedom, 1 - ALPHA / 2))
    p = 2 * float(special.stdtr(freedom, -abs(mean) / error))
    return Tested(mean, mean - margin, mean + margin, p, seeds, *parts, float(freedom))


def _of_sentences(samples: np.ndarray | None) -> float:
    """What sentences drawn anew change in all seeds alike.

    Args:
        samples: Of at least two seeds, (samples, seeds).
    """
    if samples is None:
        return 0.0
    covariances = np.atleast_2d(np.cov(samples.T))
    seeds = len(covariances)
    between = (covariances.sum() - np.trace(covariances)) / (seeds * (seeds - 1))
    return max(0.0, float(between))


def _permutation(differences: np.ndarray) -> float | None:
    """p of the exact permutation test: each difference might as well have had the other sign.

    Of many seeds the ranks of the differences are permuted (Wilcoxon).
    """
    if len(differences) < 2:
        return None
    if len(differences) <= MOST_PERMUTED:
        sums = np.abs(_signs(len(differences)) @ differences)
        return float((sums >= sums[0] * (1 - 1e-9)).mean())
    return float(stats.wilcoxon(differences).pvalue) if differences.any() else 1.0


@functools.cache
def _signs(count: int) -> np.ndarray:
    return np.array(list(itertools.product((1, -1), repeat=count)))


def _estimates(resampled: Resampled) -> list[Estimate]:
    scores, samples = resampled.scores, resampled.samples
    own = [row[np.isfinite(row)] for row in scores]
    spread, freedom = moderated(
        np.array([_variance(row) for row in own]),
        np.array([max(0, len(row) - 1) for row in own]),
        most=sum(max(0, len(row) - 1) for row in own),
    )
    result = []
    for n, row in enumerate(own):
        drawn = None if samples is None else samples[:, n][:, np.isfinite(scores[n])]
        found = _tested(row, drawn, spread[n], freedom[n])
        mean = math.nan if found.mean is None else found.mean
        deviation = float(row.std(ddof=1)) if len(row) > 1 else None
        margin = None if found.high is None else found.high - mean
        result.append(Estimate(mean, deviation, margin, found.seeds, resampled.least))
    return result


def _variance(values: np.ndarray) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0


def _freedom(scores: np.ndarray) -> float:
    """Of settings by seeds, once each has its mean."""
    there = np.isfinite(scores)
    settings, seeds = there.any(1).sum(), there.any(0).sum()
    return float(max(0, there.sum() - settings - seeds + 1))


def _mean(estimate: Estimate) -> float:
    return -math.inf if math.isnan(estimate.mean) else estimate.mean


def _reverse(pair: Pair) -> Pair:
    def minus(value: float | None) -> float | None:
        return None if value is None else -value

    beats = pair.beats
    return pair._replace(
        first=pair.second,
        second=pair.first,
        difference=minus(pair.difference),
        low=minus(pair.high),
        high=minus(pair.low),
        beats=beats and Chance(1 - beats.value, 1 - beats.high, 1 - beats.low),
    )
