"""Places in a text, as formats of entities beside their text write them."""

import re
from functools import lru_cache

from .labelled_text import Label

_NUMBER = re.compile("[0-9]{1,9}")
IN_PIECES = "an entity in several pieces cannot be spelled by tags of words and is left out"


def number(text: str) -> int | None:
    """An offset or a length; None if it is no number of a size that texts have."""
    return int(text) if _NUMBER.fullmatch(text.strip()) else None


def is_outside(label: Label, text: str) -> bool:
    """Whether offsets leave the text, in whatever units they count."""
    if not 0 <= label.start < label.end:
        return True
    return label.end > len(text) and label.end > _size(text)


@lru_cache(maxsize=1)
def _size(text: str) -> int:
    """The bytes of a text, which many labels may be compared with."""
    return len(text.encode("utf-8", "surrogatepass"))
