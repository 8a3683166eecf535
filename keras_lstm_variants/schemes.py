"""Tag schemes: which tag may follow which where the tags of single tokens spell spans.

A chunk tag is `O` or a letter and a type, `B-PER`; types may contain hyphens, and tags without
types (`B`, `I`) have the type "". In every scheme here the legality of a tag depends on the tag
before it alone, which `allowed` states.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# What opens a span, continues it, closes it, and spells a span of one token. In IOB1 a span
# opens with I, and with B only where it touches another of its type: see `objection`.
_LETTERS = {
    "IOB2": ("B", "I", "I", "B"),
    "IOB1": ("I", "I", "I", "I"),
    "IOBES": ("B", "I", "E", "S"),
    "BILOU": ("B", "I", "L", "U"),
    "BMES": ("B", "M", "E", "S"),
    "IO": ("I", "I", "I", "I"),
}
SCHEMES = tuple(_LETTERS)

_CHUNK_TAG = re.compile(r"O|[BIESMLU](-.+)?")


def is_chunk_tag(tag: str) -> bool:
    """Whether a tag is `O` or a scheme's letter with a type, in whichever scheme."""
    return _CHUNK_TAG.fullmatch(tag) is not None


def belongs(tag: str, scheme: str) -> bool:
    """Whether a tag can occur in a scheme at all.

    Raises:
        ValueError: If there is no such scheme.
    """
    return is_chunk_tag(tag) and parse(tag)[0] in known_letters(scheme)


def allowed(previous: str | None, tag: str | None, scheme: str) -> bool:
    """Whether `tag` may follow `previous`; None is the edge of the sentence, on either side.

    Raises:
        ValueError: If there is no such scheme.
    """
    return objection(previous, tag, scheme) is None


def transitions(tags: Sequence[str], scheme: str) -> np.ndarray:
    """Which of the tags may follow which, as the constraints of a `Chain` or a `CRF`.

    Args:
        tags: The K tags, in the order of their numbers.
        scheme: Their scheme.

    Returns:
        Truth values, (K + 1, K + 1). Row i is about what follows tag i, the last row about what
        begins a sequence; the last column is about what ends one.

    Raises:
        ValueError: If there is no such scheme, or a tag does not belong to it.
    """
    if strange := [tag for tag in tags if not belongs(tag, scheme)]:
        raise ValueError(f"{strange[0]!r} is no tag of {scheme}")
    import numpy as np  # here, as checking and converting files can do without

    edges = [*tags, None]
    return np.array([[allowed(before, tag, scheme) for tag in edges] for before in edges])


def continuations(tags: Sequence[str]) -> tuple[list[int], np.ndarray]:
    """What spans consist of, as `SpanMarginals` takes it, in whichever scheme.

    Args:
        tags: The K tags, in the order of their numbers.

    Returns:
        A number for the type of each tag, and which tag continues the span of which: truth values
        (K, K), from rows to columns. Illegal tags are read as by `continues`.
    """
    import numpy as np

    parsed = [parse(tag) for tag in tags]
    kinds = [("O", "") if letter == "O" else ("", type) for letter, type in parsed]
    table = [[continues(before, tag) for tag in tags] for before in tags]
    return [kinds.index(kind) for kind in kinds], np.array(table)


def continues(previous: str | None, tag: str | None) -> bool:
    """Whether a tag goes on with the span of the tag before it, in whichever scheme.

    Invalid tags are read as conlleval does: a span opens at `B`, at any letter after `O` or another
    type, and after a closed span.
    """
    (letter_before, type_before), (letter, type) = parse(previous), parse(tag)
    closed = letter_before in "OESLU"
    return letter not in "OBSU" and not closed and type == type_before


@lru_cache(maxsize=100_000)  # a file has millions of transitions and a few hundred different ones
def objection(previous: str | None, tag: str | None, scheme: str) -> str | None:
    """Why `tag` may not follow `previous`, or None if it may."""
    begin, inside, end, single = letters(scheme)
    letter, type = parse(tag)
    letter_before, type_before = parse(previous)
    if tag is not None and not belongs(tag, scheme):
        return f"{tag!r} is no tag of {scheme}, whose letters are {' '.join(known_letters(scheme))}"
    after = f"after {previous}" if previous is not None else "at the start of the sentence"

    if scheme == "IO":
        return None
    if scheme == "IOB1":
        if letter == "B" and (letter_before == "O" or type_before != type):
            return f"{tag} {after}: in IOB1 only an entity that touches another of its type has B"
        return None
    if scheme == "IOB2":
        if letter == "I" and (letter_before == "O" or type_before != type):
            return f"{tag} {after}: in IOB2 an entity opens with {join('B', type)}"
        return None
    if letter_before in (begin, inside):
        if letter in (inside, end) and type_before == type:
            return None
        wanted = f"{join(inside, type_before)} or {join(end, type_before)} must follow {previous}"
        return f"{tag or 'the end of the sentence'} after {previous}: in {scheme} {wanted}"
    if letter in (inside, end):
        wanted = f"opens with {join(begin, type)} or is {join(single, type)}"
        return f"{tag} {after}: in {scheme} an entity {wanted}"
    return None


@lru_cache(maxsize=10_000)
def parse(tag: str | None) -> tuple[str, str]:
    """Letter and type of a tag; the edge of a sentence and what is no chunk tag count as O."""
    if tag is None or not is_chunk_tag(tag):
        return "O", ""
    letter, _, type = tag.partition("-")
    return letter, type


def join(letter: str, type: str) -> str:
    """The tag of a letter and a type."""
    return f"{letter}-{type}" if type else letter


def known_letters(scheme: str) -> list[str]:
    """The letters that occur in a scheme."""
    return list(dict.fromkeys(("O", "B" if scheme == "IOB1" else "O", *letters(scheme))))


def letters(scheme: str) -> tuple[str, str, str, str]:
    """What opens a span, continues it, closes it, and spells a span of one token."""
    if scheme not in _LETTERS:
        raise ValueError(f"unknown scheme {scheme!r}; known are {', '.join(SCHEMES)}")
    return _LETTERS[scheme]
