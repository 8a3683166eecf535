"""Text in the colours of a unit."""

from collections.abc import Sequence

import numpy as np

SHADES = 4  # of a colour, in parts.html


def pieces(text: Sequence[str], values: np.ndarray) -> list[tuple[str, str]]:
    """A text in pieces of one colour: (class, piece). `n0` to `n3` are below the median, `p` above.

    A text is one of characters, or a list of words with what stands between them. Of each side the
    largest values, 98 in 100, have the strongest colour.
    """
    centred = values - np.median(values)
    scale = float(np.percentile(np.abs(centred), 98)) or 1.0
    strength = np.minimum(SHADES - 1, np.floor(np.abs(centred) / scale * SHADES)).astype(int)
    found: list[tuple[str, str]] = []
    for step, value, shade in zip(text, centred, strength, strict=True):
        style = f"{'p' if value > 0 else 'n'}{shade}"
        if found and found[-1][0] == style:
            found[-1] = (style, found[-1][1] + step)
        else:
            found.append((style, step))
    return found
