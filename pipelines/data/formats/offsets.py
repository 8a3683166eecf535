"""Places in a text, as formats of entities beside their text write them."""

import re

from .labelled_text import Label

_NUMBER = re.compile("[0-9]{1,9}")
IN_PIECES = "an entity in several pieces cannot be spelled by tags of words and is left out"


def number(text: str) -> int | None:
    """An offset or a length; None if it is no number of a size that texts have."""
    return int(text) if _NUMBER.fullmatch(text.strip()) else None


def is_outside(label: Label, text: str) -> bool:
    """Whether offsets leave the text, in whatever units they count."""
    return not 0 <= label.start < label.end <= len(text.encode("utf-8", "surrogatepass"))
