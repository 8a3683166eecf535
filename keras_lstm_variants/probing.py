"""Numbers about recorded layers: how gates saturate, how far inputs reach, what units stand for.

Arrays in, arrays out, as `record` and `sensitivity` give them; all of it is NumPy.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

CLOSED, OPEN = 0.1, 0.9  # a gate below and above is saturated: Karpathy et al. 2015
FEWEST = 40  # steps on which units can be probed
FEW = 100  # steps: from fewer, a share is uncertain by a tenth and more
NORMAL = 1.96  # standard deviations of a 95 % interval


class Saturation(NamedTuple):
    """How often the units of a gate are saturated.

    Attributes:
        closed: Of each unit, the share of steps at which it is below 0.1, (units,).
        open: At which it is above 0.9, (units,).
        closed_interval: 95 % intervals of these shares (Wilson), (units, 2), as if steps were
            independent: neighbours are alike, so they are narrower than they should be.
        open_interval: Those of the others, (units, 2).
        steps: From how many steps.
        warning: What to know before these shares are read; "" if there is nothing.
    """

    closed: np.ndarray
    open: np.ndarray
    closed_interval: np.ndarray
    open_interval: np.ndarray
    steps: int
    warning: str


def saturation(gate: ArrayLike) -> Saturation:
    """How often the units of a gate are nearly closed and nearly open.

    Args:
        gate: The values of a gate, (..., units), such as `record(layer, x)["f"]`; what is NaN is
            masked and left out.

    Raises:
        ValueError: The values are not between 0 and 1, or there are none.
    """
    values = np.asarray(gate)
    values = values.reshape(-1, values.shape[-1])
    values = values[np.isfinite(values).all(axis=1)]
    if not len(values):
        raise ValueError("there is no step that is not masked.")
    if values.min() < 0 or values.max() > 1:
        raise ValueError(
            f"a gate is between 0 and 1, and these values between {values.min():.4g} and "
            f"{values.max():.4g}."
        )
    steps = len(values)
    closed, opened = (values < CLOSED).mean(axis=0), (values > OPEN).mean(axis=0)
    warning = ""
    if steps < FEW:
        half = np.ptp(_wilson(np.array([0.5]), steps)) / 2
        warning = (
            f"from {steps} step{'s' * (steps > 1)} only: a share of one half is uncertain by "
            f"±{half:.2f} at best"
        )
    return Saturation(
        closed, opened, _wilson(closed, steps), _wilson(opened, steps), steps, warning
    )


def _wilson(shares: np.ndarray, steps: int) -> np.ndarray:
    z = NORMAL**2 / steps
    middle = (shares + z / 2) / (1 + z)
    half = NORMAL / (1 + z) * np.sqrt(shares * (1 - shares) / steps + z / (4 * steps))
    return np.stack([np.maximum(0, middle - half), np.minimum(1, middle + half)], axis=-1)


def reach(sensitivities: ArrayLike) -> np.ndarray:
    """How the dependence on an input falls with its distance.

    Args:
        sensitivities: What `sensitivity` gives, (batch, steps, steps) or (steps, steps).

    Returns:
        Array (steps,): the mean over all pairs of steps that are n apart, for n = 0, 1, and so on.
        Of a layer that reads backwards, give the transposed sensitivities.
    """
    sizes = np.asarray(sensitivities)
    sizes = sizes.reshape(-1, *sizes.shape[-2:])
    return np.array(
        [np.diagonal(sizes, -n, axis1=1, axis2=2).mean() for n in range(sizes.shape[-1])]
    )


class Probe(NamedTuple):
    """What units stand for.

    Attributes:
        features: Their names.
        scores: The correlation of each unit with each feature, (units, features), from -1 to 1.
        p: For each, how often chance does as well *anywhere*, (units, features): the share of
            shifts of the features against the units in which any unit has as large a score with any
            feature. So to say of all below 0.05 that they stand for something is wrong in 5 of 100
            texts, however many units and features there are.
        level: The size of a score from which p is below 0.05.
        shifts: By how many shifts.
    """

    features: list[str]
    scores: np.ndarray
    p: np.ndarray
    level: float
    shifts: int

    def best(self, feature: str) -> tuple[int, float, float]:
        """The unit with the largest score with a feature, this score, and its p."""
        column = self.features.index(feature)
        unit = int(np.argmax(np.abs(self.scores[:, column])))
        return unit, float(self.scores[unit, column]), float(self.p[unit, column])


def probe(units: ArrayLike, features: Mapping[str, ArrayLike]) -> Probe:
    """Correlates every unit with every feature of what it read, and guards against chance.

    Units and features of one text both go on in time, so that ordinary tests of a correlation find
    far too much. Here the features are shifted against the units around the whole text, by every
    number of steps from a twentieth of it on: their course stays what it is, and what they have to
    do with the units is lost. The largest score of every shift, over all units and features, is
    what chance can do.

    Args:
        units: Values (steps, units), such as the state `c` of a sequence.
        features: Arrays (steps,) by name. What is constant scores 0.

    Raises:
        ValueError: The lengths differ, something is not finite, or there are fewer than 40 steps.
    """
    values = np.asarray(units, "float64")
    steps = len(values)
    table = {name: np.asarray(feature, "float64") for name, feature in features.items()}
    for name, feature in table.items():
        if feature.shape != (steps,):
            raise ValueError(f"{name} has the shape {feature.shape}, and the units {steps} steps.")
    if steps < FEWEST:
        raise ValueError(f"{steps} steps are too few to tell what units stand for.")
    of_features = np.stack(list(table.values()), axis=1)
    if not (np.isfinite(values).all() and np.isfinite(of_features).all()):
        raise ValueError("units and features have to be finite.")
    spectra = np.fft.rfft(_standard(values), axis=0)
    gap = max(1, steps // 20)
    largest = np.zeros(steps - 2 * gap + 1)
    scores = []
    for feature in _standard(of_features).T:
        product = np.conj(np.fft.rfft(feature))[:, None] * spectra
        shifted = np.fft.irfft(product, steps, axis=0) / steps  # by 0, 1, 2, ...
        scores.append(shifted[0])
        largest = np.maximum(largest, np.abs(shifted[gap : steps - gap + 1]).max(axis=1))
    table_of_scores = np.stack(scores, axis=1)
    ordered = np.sort(largest)
    above = len(ordered) - np.searchsorted(ordered, np.abs(table_of_scores) - 1e-12)
    p = (1 + above) / (1 + len(ordered))
    level = float(np.quantile(largest, 0.95))
    return Probe(list(table), table_of_scores, p, level, len(largest))


def _standard(values: np.ndarray) -> np.ndarray:
    """With mean 0 and deviation 1; zeros of what is constant."""
    centred = values - values.mean(axis=0)
    deviation = centred.std(axis=0)
    constant = deviation < 1e-9 * (1 + np.abs(values).max(axis=0))
    return np.where(constant, 0.0, centred / np.where(constant, 1.0, deviation))


def similar_together(values: ArrayLike) -> np.ndarray:
    """An order of units in which those that do alike stand beside each other.

    Args:
        values: Values (steps, units); steps with NaN, which are masked, are left out.

    Returns:
        The numbers of the units, (units,): by the angle of each in the plane of the two directions
        in which the units, each scaled to length one, differ most.
    """
    steps = np.asarray(values, "float64")
    scaled = _standard(steps[np.isfinite(steps).all(axis=1)])
    if scaled.shape[1] < 3 or not scaled.any():
        return np.arange(scaled.shape[1])
    _, _, axes = np.linalg.svd(scaled, full_matrices=False)
    if len(axes) < 2:
        return np.argsort(axes[0], kind="stable")
    angles = np.arctan2(axes[1], axes[0])
    return np.argsort(angles, kind="stable")
