"""How sure a rate of success is that was seen in a few trials."""

import math
from statistics import NormalDist


def wilson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of Wilson 1927 for a rate of success.

    Unlike the usual one it stays within [0, 1] and is not empty where all trials end alike.

    Args:
        successes: How many trials succeeded.
        trials: Of how many; at least one.
        confidence: The share of such intervals that hold the true rate, about.

    Returns:
        Its lower and its upper end.

    Raises:
        ValueError: There is no trial, or there are more successes than trials.
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"wilson: {successes} successes in {trials} trials cannot be")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate, spread = successes / trials, z * z / trials
    centre = (rate + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(rate * (1 - rate) / trials + spread / (4 * trials))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high
