"""Running all checks of a cell, and saying in sentences what fails."""

import inspect
import os
import textwrap
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..cells.parts.base import GatedCell
from ..recurrent import Recurrent
from . import compilation, contract, dropping, exports, numerics, properties
from .checks import Check
from .subject import (
    UNITS,
    NotApplicable,
    Oracle,
    Subject,
    Violation,
)

# In the order in which they run.
CHECKS: dict[str, Check] = {
    name: function.check
    for module in (contract, numerics, properties, dropping, compilation, exports)
    for name, function in vars(module).items()
    if isinstance(getattr(function, "check", None), Check)
    and function.__module__ == module.__name__
}


class CellError(AssertionError):
    """The checks that a cell fails, a line for each.

    Attributes:
        failures: Sentences, by the name of the check.
        report: What was checked.
    """

    def __init__(self, name: str, failures: dict[str, str], report: "Report"):
        self.failures, self.report = failures, report
        lines = [f"{name} fails {len(failures)} of {len(failures) + len(report.passed)} checks:"]
        lines += [f"- {check}: {sentence}" for check, sentence in failures.items()]
        super().__init__("\n".join(lines))


@dataclass
class Report:
    """What `check_cell` has checked.

    Attributes:
        passed: The seconds that each check took, by its name.
        skipped: Why a check did not run, by its name.
    """

    passed: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{name}: {CHECKS[name].says} ({t:.1f} s)" for name, t in self.passed.items()]
        lines += [f"{name}: skipped, {reason}" for name, reason in self.skipped.items()]
        return "\n".join(lines)


BASIC = {"constructor", "names", "takes_a_step"}  # without which no other can be run


def check_cell(
    cell: type,
    arguments: Mapping[str, Any] | None = None,
    *,
    choices: Mapping[str, Any] | None = None,
    oracle: Oracle | None = None,
    full_gradient: Mapping[str, Any] | None = None,
    draws: bool = False,
    positive: Sequence[str] = (),
    idle: Mapping[int, np.ndarray] | None = None,
    only: Iterable[str] | None = None,
    skip: Iterable[str] = (),
) -> Report:
    """Checks that every way to run a cell gives the numbers of its equations.

    That is: values and gradients of every loop, masks and padding, states carried on, the order of
    a batch, dropout, saving and loading, half precision, compiled training, exports. A minute for a
    cell on one core.

    Args:
        cell: A class that inherits from `GatedCell`, or its layer, which inherits from `Recurrent`.
        arguments: What the constructor needs; `{"units": 6}` if not given.
        choices: Another value than the default for arguments of the cell, such as
            `{"mode": "slow"}`: the checks see to it that `get_config` keeps them. Numbers and
            booleans need none.
        oracle: The equations once more, in NumPy: `oracle(x, states, weights)` of one sequence, x
            of shape (steps, features), each state (size,), the weights in the order of
            `get_weights()`; returns the outputs (steps, units) and the list of the last states.
            Given one, values and gradients are compared with it, else with the cell called step by
            step, and with finite differences.
        full_gradient: The arguments with which the cell cuts no gradient, if it does otherwise.
        draws: Whether training draws random numbers other than masks of dropout.
        positive: Names of states that are never negative.
        idle: Entries of the weights on which nothing depends, as ones in an array, by the place of
            the weight.
        only: Names of checks, see `CHECKS`; all if not given. The contract is always checked.
        skip: Names of checks to leave out.

    Returns:
        The checks that passed, and those that were skipped with the reason: a package that is not
        installed, a backend that cannot.

    Raises:
        CellError: Some checks fail; a sentence for each says what was expected, what was seen and
            what to do.
        TypeError: `cell` is neither a cell nor a layer.
        ValueError: There is no check of such a name.
    """
    layer_class = None
    if isinstance(cell, type) and issubclass(cell, Recurrent):
        layer_class, cell = cell, cell.cell_class
    if not (isinstance(cell, type) and issubclass(cell, GatedCell)):
        raise TypeError(
            f"check_cell takes a class that inherits from GatedCell, or its layer, not {cell!r}."
        )
    only, skip = list(CHECKS) if only is None else list(only), set(skip)
    if unknown := sorted(({*only} | skip) - CHECKS.keys()):
        raise ValueError(f"There is no check {unknown[0]!r}; there are {', '.join(CHECKS)}.")
    subject = Subject(
        cell,
        layer_class,
        {"units": UNITS} if arguments is None else dict(arguments),
        choices or {},
        oracle,
        full_gradient,
        draws,
        positive,
        idle or {},
    )
    report = Report()
    failures: dict[str, str] = {}
    for name, check in CHECKS.items():
        if name in skip:
            report.skipped[name] = "as asked"
        elif check.kind == "contract" or name in only:
            kinds = {CHECKS[failure].kind for failure in failures}
            if failures.keys() & BASIC or ("contract" in kinds and check.kind != "contract"):
                report.skipped[name] = "it waits for the contract"
                continue
            start = time.perf_counter()
            if sentence := _sentence(subject, check, report):
                failures[name] = sentence
            elif name not in report.skipped:
                report.passed[name] = time.perf_counter() - start
    if failures:
        raise CellError(cell.__name__, failures, report)
    return report


def _sentence(subject: Subject, check: Check, report: Report) -> str:
    """Runs a check: what is wrong, or "" if nothing is."""
    try:
        subject.run(check)
    except NotApplicable as reason:
        report.skipped[check.run.__name__] = str(reason)
    except Violation as violation:
        return str(violation)
    except Exception as error:  # of the cell's code, wherever it comes up
        return _explained(subject, check, error)
    return ""


def _explained(subject: Subject, check: Check, error: Exception) -> str:
    cls = subject.cell_class
    net = getattr(cls, "Net", ())
    if isinstance(error, AttributeError) and isinstance(error.obj, net):
        return (
            f"`step` reads net.{error.name}, but `gates` is {cls.gates!r}. Add {error.name!r} to "
            "`gates`, at the place of its columns in the weights."
        )
    files = {inspect.getsourcefile(one) for one in cls.__mro__ if one.__module__ != "builtins"}
    lines = traceback.extract_tb(error.__traceback__)
    own = [line for line in lines if line.filename == _file_of(cls)]
    ours = [line for line in lines if line.filename in files]
    where = (own or ours or lines)[-1]
    message = textwrap.shorten(str(error).strip().partition("\n")[0], 200) or "no message"
    return (
        f"{check.says[0].upper()}{check.says[1:]}: this could not be seen, because of a "
        f"{type(error).__name__} in {os.path.basename(where.filename)}, line {where.lineno}, "
        f"`{where.line}`: {message}. In a graph tensors have no values: compute with keras.ops, "
        "without Python's `if`, float() and NumPy."
    )


def _file_of(cls: type) -> str | None:
    try:
        return inspect.getsourcefile(cls)
    except (OSError, TypeError):
        return None
