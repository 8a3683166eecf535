"""What an argument must be, and the sentence that refuses another value."""

import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, NoReturn


def is_size(value: Any) -> bool:
    """Whether it is a positive integer, NumPy's as well, but no truth value."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) > 0


class Checked:
    """A class whose arguments are checked one by one."""

    def wrong(self, argument: str, must_be: str, value: Any) -> NoReturn:
        raise ValueError(f"{type(self).__name__}: {argument} must be {must_be}, not {value!r}.")

    def check_sizes(self, **sizes: Any) -> None:
        for name, value in sizes.items():
            if not is_size(value):
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
