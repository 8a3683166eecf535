"""What a sweep can find: how large a difference has to be, and how many seeds that takes."""

import math
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from scipy import optimize, special

from .comparison import ALPHA, Pair

POWER = 0.8  # the chance of finding a difference that is called detectable
LARGEST = 1.0  # difference of two scores
MOST_SEEDS = 1000


class Design(NamedTuple):
    """How exact the comparisons of a sweep are: the median over its pairs.

    Attributes:
        seeds: Runs of each setting.
        comparisons: How many there are.
        level: Below which p has to be to be found as the first of them; with a baseline, that of
            the comparisons with it.
        seed_variance: Of the difference of two runs with the same seed; as likely too large as too
            small, while a sample variance of few seeds is too small more often than not.
        sentence_variance: Of the difference of two settings over sentences drawn anew.
        freedom: Degrees of freedom of the t test.
    """

    seeds: int
    comparisons: int
    level: float
    seed_variance: float
    sentence_variance: float
    freedom: float

    def with_seeds(self, seeds: int) -> "Design":
        """The same with another number of seeds."""
        freedom = self.freedom * (seeds - 1) / (self.seeds - 1)
        return self._replace(seeds=seeds, freedom=freedom)


def design(pairs: Sequence[Pair], baseline: int | None = None) -> Design | None:
    """How exact these comparisons are; None if none of them has an error to tell.

    Args:
        pairs: Every two settings.
        baseline: The one that was given to `compare`.
    """
    known = [pair for pair in pairs if pair.p is not None]
    if not known:
        return None
    freedom = median(pair.freedom for pair in known)
    weights = [(pair.weight, baseline in (pair.first, pair.second)) for pair in pairs]
    return Design(
        round(median(pair.seeds for pair in known)),
        len(pairs),
        ALPHA * next(w for w, of_baseline in weights if of_baseline or baseline is None),
        median(pair.of_seeds * pair.seeds for pair in known)
        * freedom
        / special.chdtri(freedom, 0.5),
        median(pair.of_sentences for pair in known),
        freedom,
    )


def power(difference: float, of: Design) -> float:
    """The chance that a true difference is found, as the first of all that are tested.

    It may be found later, at a weaker correction, so that this is a lower bound.

    Args:
        difference: As a share of 1.
        of: How exact the comparison is.
    """
    error = math.sqrt(of.seed_variance / of.seeds + of.sentence_variance)
    limit = special.stdtrit(of.freedom, 1 - of.level / 2)
    effect = abs(difference) / error
    missed = special.nctdtr(of.freedom, effect, limit)
    wrong = special.nctdtr(of.freedom, -effect, limit)  # found with the other sign
    return float(1 - missed + 1 - wrong) if math.isfinite(missed + wrong) else 1.0


def detectable(of: Design) -> float | None:
    """The smallest difference that is found with `POWER`; None if none is."""
    if power(LARGEST, of) < POWER:
        return None
    return float(optimize.brentq(lambda d: power(d, of) - POWER, 0.0, LARGEST, xtol=1e-5))


def seeds_for(difference: float, of: Design) -> int | None:
    """How many seeds it takes to find a difference with `POWER`.

    Returns:
        The number; None if no number of seeds is enough, as it takes more sentences.
    """
    if power(difference, of.with_seeds(MOST_SEEDS)) < POWER:
        return None
    low, high = 2, MOST_SEEDS
    while low < high:
        middle = (low + high) // 2
        if power(difference, of.with_seeds(middle)) >= POWER:
            high = middle
        else:
            low = middle + 1
    return low


def seeds_of_permutation(of: Design) -> int:
    """How many seeds an exact permutation test needs to find anything as the first comparison.

    Its smallest p over n pairs of seeds is 2^(1 - n).
    """
    return math.floor(1 - math.log2(of.level)) + 1
