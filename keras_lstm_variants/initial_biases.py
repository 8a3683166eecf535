"""Initial biases of gates by the time that a cell should remember."""

from collections.abc import Mapping

import numpy as np


def chrono(
    units: int,
    longest: int,
    *,
    forget: str = "f",
    input: str | None = "i",
    seed: int | None = None,
) -> Mapping[str, list[float]]:
    """The chrono initialization, for the argument `gate_bias` of a cell or layer.

    A unit whose forget gate is at :math:`\\sigma(b)` forgets within about :math:`1 + e^b` steps. So
    that units remember for times spread evenly up to the longest one, the biases of the forget gate
    start at the logarithms of numbers drawn uniformly from [1, longest - 1], those of the input
    gate at their negatives: `LSTM(64, gate_bias=chrono(64, longest=200))`.

    Args:
        units: How many units a gate has.
        longest: The longest dependency, in steps; at least 3.
        forget: The gate that keeps the state where it is open: `"f"`, in a `GRU` `"u"`.
        input: The gate that lets the input in; None for cells without one.
        seed: Of the numbers.

    Returns:
        For each of the two gates the biases of its units.

    Raises:
        ValueError: There is no unit, or the longest dependency is shorter than 3 steps.

    Source: Tallec & Ollivier, "Can recurrent neural networks warp time?", 2018.
    """
    if units < 1:
        raise ValueError(f"chrono: units must be a positive integer, not {units!r}.")
    if longest < 3:
        raise ValueError(f"chrono: longest must be at least 3 steps, not {longest!r}.")
    biases = np.log(np.random.default_rng(seed).uniform(1, longest - 1, units))
    found = {forget: biases.tolist()}
    return found if input is None else {input: (-biases).tolist(), **found}
