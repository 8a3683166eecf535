"""What an argument must be, and the sentence that refuses another value."""

import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, NoReturn


class Checked:
    """A class whose arguments are checked one by one."""

    def wrong(self, argument: str, must_be: str, value: Any) -> NoReturn:
        raise ValueError(f"{type(self).__name__}: {argument} must be {must_be}, not {value!r}.")

    def check_sizes(self, **sizes: Any) -> None:
        for name, value in sizes.items():
            # Whatever is an integer, NumPy's as well, but no truth value.
            if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
                self.wrong(name, "a positive integer", value)

    def check_number(
        self,
        name: str,
        value: Any,
        must_be: str,
        holds: Callable[[float], bool] = lambda value: True,
    ) -> None:
        """Refuses what is not a finite number, or not one for which `holds`."""
        if not (isinstance(value, Real) and math.isfinite(value) and holds(float(value))):
            self.wrong(name, must_be, value)


def positive(value: float) -> bool:
    return value > 0
