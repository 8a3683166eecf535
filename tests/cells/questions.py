"""What is asked of other implementations, and what they answer, for `test_second_opinions.py`."""

from typing import NamedTuple

import numpy as np


class Question(NamedTuple):
    """A cell and its arguments, all arrays float64: the weights as the layer has them."""

    name: str
    options: dict
    weights: list
    x: np.ndarray
    states: list
    lengths: np.ndarray
    backwards: bool
    directions: list  # of the derivative, for each output


class Answer(NamedTuple):
    """h at every step and the final states; the gradients of weights, x and states, if any.

    None for a state that the other one does not have.
    """

    outputs: list
    gradients: list | None = None
