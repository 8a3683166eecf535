"""Variances of few values each, drawn towards what they have in common."""

import math

import numpy as np
from scipy import optimize, special


def moderated(
    variances: np.ndarray, freedom: np.ndarray, most: float
) -> tuple[np.ndarray, np.ndarray]:
    """Variances drawn towards a common one by how alike they are: Smyth 2004, section 6.2.

    Args:
        variances: Sample variances; those without degrees of freedom are not used.
        freedom: Their degrees of freedom.
        most: The degrees of freedom of all data together, which no result exceeds.

    Returns:
        The variances and their degrees of freedom.
    """
    used = freedom > 0
    if not variances[used].any():
        return variances, freedom.astype(float)
    # A variance of exactly 0 is one too small to be seen on so few sentences.
    smallest = 1e-5 * np.median(variances[used & (variances > 0)])
    d = freedom[used].astype(float)
    logs = np.log(np.maximum(variances[used], smallest)) - special.digamma(d / 2) + np.log(d / 2)
    if len(logs) < 2:
        return variances, freedom.astype(float)
    excess = logs.var(ddof=1) - special.polygamma(1, d / 2).mean()
    if excess > 0:
        prior_freedom = 2 * _inverse_trigamma(excess)
        prior = math.exp(
            logs.mean() + special.digamma(prior_freedom / 2) - math.log(prior_freedom / 2)
        )
        mixed = (prior_freedom * prior + freedom * variances) / (prior_freedom + freedom)
    else:  # they differ no more than samples of one variance do
        prior_freedom = math.inf
        mixed = np.full(len(variances), math.exp(logs.mean()))
    return mixed, np.minimum(prior_freedom + freedom, most)


def _inverse_trigamma(value: float) -> float:
    """The x at which the trigamma function, which falls from infinity to 0, has a value."""
    return float(
        optimize.brentq(lambda x: special.polygamma(1, x) - value, 1e-9, 1e9)
        if special.polygamma(1, 1e9) < value
        else 1e9
    )
