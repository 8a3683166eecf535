"""The machine that a trial ran on, as far as results depend on it."""

import functools

from ..bench import machine as bench


@functools.cache
def machine() -> str:
    """Its CPU and the versions of the packages, in a line."""
    return bench.line(bench.describe(1), ("keras-lstm-variants", "keras", "tensorflow"))
