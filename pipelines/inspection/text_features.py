"""What may be known at each character of a text: what a unit could stand for.

Every feature is a number for each character, and depends on this one and those before it only, as
the states of a model that reads on do.
"""

from collections.abc import Callable

import numpy as np

OPENING, CLOSING = "([{", ")]}"
TAB = 8  # columns


def position(text: str) -> np.ndarray:
    """Characters since the beginning of the line."""
    found, since = [], 0
    for character in text:
        found.append(since)
        since = 0 if character == "\n" else since + 1
    return np.array(found, "float64")


def quotes(text: str) -> np.ndarray:
    """1 within "double quotes" and “curly” ones, 0 elsewhere; an empty line ends what is open.

    The mark that opens counts as within, as it is known then; the one that closes does not.
    """
    found, within, before = [], False, ""
    for character in text:
        if character == '"':
            within = not within
        elif character in "“”":
            within = character == "“"
        elif character == "\n" and before == "\n":
            within = False
        found.append(within)
        before = character
    return np.array(found, "float64")


def brackets(text: str) -> np.ndarray:
    """How many brackets are open; one that closes without need counts as none."""
    found, depth = [], 0
    for character in text:
        depth += (character in OPENING) - (character in CLOSING)
        depth = max(0, depth)
        found.append(depth)
    return np.array(found, "float64")


def indentation(text: str) -> np.ndarray:
    """The columns that the line begins with, as far as they have been read."""
    found, columns, beginning = [], 0, True
    for character in text:
        if beginning and character == " ":
            columns += 1
        elif beginning and character == "\t":
            columns += TAB - columns % TAB
        elif character != "\n":
            beginning = False
        found.append(columns)
        if character == "\n":
            columns, beginning = 0, True
    return np.array(found, "float64")


def case(text: str) -> np.ndarray:
    """1 where the last letter was a capital, 0 where it was not."""
    found, capital = [], False
    for character in text:
        if character.isalpha():
            capital = character.isupper()
        found.append(capital)
    return np.array(found, "float64")


FEATURES: dict[str, Callable[[str], np.ndarray]] = {
    "position in line": position,
    "inside quotes": quotes,
    "bracket depth": brackets,
    "indentation": indentation,
    "capital": case,
}


def features(text: str) -> dict[str, np.ndarray]:
    """Each feature that varies in a text, (characters,)."""
    found = {name: feature(text) for name, feature in FEATURES.items()}
    return {name: values for name, values in found.items() if np.ptp(values) > 0}
