"""Checks of a cell, yours or ours: every way to run it gives the numbers of its equations.

    from keras_lstm_variants.testing import check_cell

    check_cell(MyCell)

runs them all, as scikit-learn's `check_estimator` does for an estimator, and says in sentences what
fails. The reference is the cell itself, called once for each time step, or an oracle: the equations
in NumPy. Gradients are compared with finite differences, or with the oracle's complex step.
"""

from .run import CHECKS, CellError, Report, check_cell
from .subject import NotApplicable, Subject, Violation

__all__ = ["CHECKS", "CellError", "NotApplicable", "Report", "Subject", "Violation", "check_cell"]

for public in (CellError, NotApplicable, Report, Subject, Violation, check_cell):
    public.__module__ = __name__  # as tracebacks and help() show it
