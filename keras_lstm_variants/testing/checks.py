"""What a check is."""

from collections.abc import Callable
from typing import NamedTuple

from .subject import Subject

Run = Callable[[Subject], None]


class Check(NamedTuple):
    """One check.

    Attributes:
        run: Takes a `Subject`; raises `Violation` or `NotApplicable`.
        says: What holds.
        kind: "contract": of the class, and the others wait for it; "cell": of its equations, under
            a second; "layer": of the layer over it, under a second; "expensive": compiles a graph,
            or writes files.
    """

    run: Run
    says: str
    kind: str


def check(says: str, kind: str = "cell") -> Callable[[Run], Run]:
    """Makes a function the check of its name: `run.CHECKS` collects them module by module."""

    def marked(run: Run) -> Run:
        run.check = Check(run, says, kind)  # type: ignore[attr-defined]
        return run

    return marked
