"""Whether a step computes each sequence apart from the others, as compiled code does.

A trace of one sequence cannot show it: over its batch axis a mean is nothing, and a flip neither.
So the step itself is tried with two.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .ir import Unsupported

Arrays = list[np.ndarray]


def check_apart(
    step: Callable[[Arrays, Arrays], Sequence[Any]],
    rows: Sequence[Any],
    weights: Sequence[Any],
) -> None:
    """Raises Unsupported unless a step gives each of two sequences what it gives it alone.

    Args:
        step: `step(rows, weights)` takes arrays, and gives arrays, (batch, ...).
        rows: What has the shapes and dtypes of all that sequences have, each as one row: (1, ...).
        weights: What has those of the weights.
    """
    random = np.random.default_rng(0)
    unlike = np.array([0.1, 1.0])  # what is a mean, or the largest, of both is that of neither
    both = [
        unlike.reshape(2, *[1] * (len(one.shape) - 1)) * random.uniform(0.5, 1, (2, *one.shape[1:]))
        for one in rows
    ]
    values = [random.normal(size=one.shape) / 2 for one in weights]
    halves = any("16" in str(getattr(one.dtype, "name", one.dtype)) for one in (*rows, *weights))
    within = 0.02 if halves else 1e-3
    together = step(both, values)
    for n in range(2):
        alone = step([one[n : n + 1] for one in both], values)
        for one, other in zip(alone, together, strict=True):
            pair = np.asarray(one[0], "float64"), np.asarray(other[n], "float64")
            if not np.allclose(*pair, rtol=within, atol=within, equal_nan=True):
                raise Unsupported("a step that computes something of several sequences together")
