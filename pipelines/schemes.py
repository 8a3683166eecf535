"""Tag schemes: how the tags of single tokens spell spans.

A chunk tag is `O` or a letter and a type, `B-PER`; types may contain hyphens, and tags without
types (`B`, `I`) have the type "". In every scheme here the legality of a tag depends on the tag
before it alone, which `allowed` states; the tagger's decoders take their constraints from it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

# What opens a span, continues it, closes it, and spells a span of one token. In IOB1 a span
# opens with I, and with B only where it touches another of its type: see `_opening`.
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
# Data of any size has a mistyped tag somewhere; parts of speech hardly ever look like chunk tags.
_CHUNK_SHARE = 0.95


class Span(NamedTuple):
    """An entity: its type and its tokens, from `start` up to but not including `end`."""

    type: str
    start: int
    end: int


def is_chunk_tag(tag: str) -> bool:
    """Whether a tag is `O` or a scheme's letter with a type, in whichever scheme."""
    return _CHUNK_TAG.fullmatch(tag) is not None


def are_chunk_tags(counts: Counter[str]) -> bool:
    """Whether counted tags are chunk tags on the whole, a few mistyped ones aside."""
    chunk_tags = sum(count for tag, count in counts.items() if is_chunk_tag(tag))
    return chunk_tags >= _CHUNK_SHARE * counts.total() > 0


def detect(sequences: Iterable[Sequence[str]]) -> str | None:
    """The scheme the tags are written in: the one with the fewest illegal transitions.

    What the tags leave open is decided by the order of SCHEMES: `O` alone is called IOB2; tags
    without any `B` are called IOB1 and not IO, which is IOB1 in which no two entities of a type
    happen to touch; spans of at most two tokens IOBES and not BMES.

    Args:
        sequences: The tags of each sentence.

    Returns:
        One of SCHEMES, or None if these are no chunk tags (parts of speech, for example).
    """
    tags: Counter[str] = Counter()
    transitions: Counter[tuple[str | None, str | None]] = Counter()
    for sequence in sequences:
        tags.update(sequence)
        transitions.update(pairwise([None, *sequence, None]))
    if not are_chunk_tags(tags):
        return None

    def illegal(scheme: str) -> int:
        return sum(n for pair, n in transitions.items() if not allowed(*pair, scheme))

    return min(SCHEMES, key=illegal)


def belongs(tag: str, scheme: str) -> bool:
    """Whether a tag can occur in a scheme at all.

    Raises:
        ValueError: If there is no such scheme.
    """
    return is_chunk_tag(tag) and _parse(tag)[0] in _known(scheme)


def allowed(previous: str | None, tag: str | None, scheme: str) -> bool:
    """Whether `tag` may follow `previous`; None is the edge of the sentence, on either side.

    Raises:
        ValueError: If there is no such scheme.
    """
    return _objection(previous, tag, scheme) is None


def violations(tags: Sequence[str], scheme: str) -> list[tuple[int, str]]:
    """Where tags break the rules of their scheme.

    Returns:
        For each illegal transition, the index of the token that does not fit and why. A span
        left open at the end of the sentence is reported at the last token.

    Raises:
        ValueError: If there is no such scheme.
    """
    found = []
    for index, (previous, tag) in enumerate(pairwise([None, *tags, None])):
        if objection := _objection(previous, tag, scheme):
            found.append((min(index, len(tags) - 1), objection))
    return found


@lru_cache(maxsize=100_000)  # a file has millions of transitions and a few hundred different ones
def _objection(previous: str | None, tag: str | None, scheme: str) -> str | None:
    """Why `tag` may not follow `previous`, or None if it may."""
    begin, inside, end, single = _letters(scheme)
    letter, type = _parse(tag)
    letter_before, type_before = _parse(previous)
    if tag is not None and not belongs(tag, scheme):
        return f"{tag!r} is no tag of {scheme}, whose letters are {' '.join(_known(scheme))}"
    after = f"after {previous}" if previous is not None else "at the start of the sentence"

    if scheme == "IO":
        return None
    if scheme == "IOB1":
        if letter == "B" and (letter_before == "O" or type_before != type):
            return f"{tag} {after}: in IOB1 only an entity that touches another of its type has B"
        return None
    if scheme == "IOB2":
        if letter == "I" and (letter_before == "O" or type_before != type):
            return f"{tag} {after}: in IOB2 an entity opens with {_tag('B', type)}"
        return None
    if letter_before in (begin, inside):
        if letter in (inside, end) and type_before == type:
            return None
        wanted = f"{_tag(inside, type_before)} or {_tag(end, type_before)} must follow {previous}"
        return f"{tag or 'the end of the sentence'} after {previous}: in {scheme} {wanted}"
    if letter in (inside, end):
        wanted = f"opens with {_tag(begin, type)} or is {_tag(single, type)}"
        return f"{tag} {after}: in {scheme} an entity {wanted}"
    return None


def spans(tags: Sequence[str], scheme: str, strict: bool = False) -> list[Span]:
    """The spans that tags spell, in order.

    Invalid tags are repaired as conlleval does, for every scheme alike: a span opens at `B`, at
    any letter after `O` or another type, and after a closed span; it need not be closed. What is
    no chunk tag stands outside. Letters of one scheme are understood in another (`L` as `E`,
    `U` as `S`, `M` as `I`).

    Args:
        tags: The tags of one sentence.
        scheme: Their scheme.
        strict: Leave out every span that is not spelled exactly as the scheme has it.

    Raises:
        ValueError: If there is no such scheme.
    """
    _letters(scheme)
    found: list[Span] = []
    letter_before, type_before = "O", ""
    for index, tag in enumerate(tags):
        letter, type = _parse(tag)
        if letter != "O":
            opens = letter in "BSU" or letter_before in "OESLU" or type != type_before
            start = index if opens else found.pop().start
            found.append(Span(type, start, index + 1))
        letter_before, type_before = letter, type
    if strict:
        return [s for s in found if list(tags[s.start : s.end]) == _spell(s, tags, scheme)]
    return found


def encode(spans: Iterable[Span], length: int, scheme: str) -> list[str]:
    """The tags of a sentence of `length` tokens that spell the spans.

    Raises:
        ValueError: If there is no such scheme, spans overlap or lie outside the sentence, or
            two spans of one type touch and the scheme is IO, which would make them one.
    """
    _letters(scheme)
    tags = ["O"] * length
    reached = 0
    for span in sorted(spans, key=lambda span: span.start):
        if not reached <= span.start < span.end <= length:
            raise ValueError(f"{span} overlaps another span or leaves the {length} tokens")
        reached = span.end
        if scheme == "IO" and _touches(span, tags):
            raise ValueError(f"{span} touches another of its type; IO cannot tell them apart")
        tags[span.start : span.end] = _spell(span, tags, scheme)
    return tags


def convert(tags: Sequence[str], source: str, target: str) -> list[str]:
    """The same spans in another scheme; invalid tags are repaired, as by `spans`.

    Raises:
        ValueError: If there is no such scheme, a tag is not a chunk tag, or the target is IO
            and two entities of one type touch.
    """
    for index, tag in enumerate(tags):
        if not is_chunk_tag(tag):
            raise ValueError(f"tag {index + 1}, {tag!r}, is not a chunk tag")
    return encode(spans(tags, source), len(tags), target)


def _spell(span: Span, tags: Sequence[str], scheme: str) -> list[str]:
    """How the scheme spells a span in a sentence whose tags before the span are given."""
    begin, inside, end, single = _letters(scheme)
    if scheme == "IOB1" and _touches(span, tags):
        begin = single = "B"
    length = span.end - span.start
    letters = [single] if length == 1 else [begin, *[inside] * (length - 2), end]
    return [_tag(letter, span.type) for letter in letters]


def _touches(span: Span, tags: Sequence[str]) -> bool:
    """Whether the token before the span is in an entity of the same type."""
    letter, type = _parse(tags[span.start - 1]) if span.start else ("O", "")
    return letter != "O" and type == span.type


def _parse(tag: str | None) -> tuple[str, str]:
    """Letter and type of a tag; the edge of a sentence and what is no chunk tag count as O."""
    if tag is None or not is_chunk_tag(tag):
        return "O", ""
    letter, _, type = tag.partition("-")
    return letter, type


def _tag(letter: str, type: str) -> str:
    return f"{letter}-{type}" if type else letter


def _known(scheme: str) -> list[str]:
    """The letters that occur in a scheme."""
    return list(dict.fromkeys(("O", "B" if scheme == "IOB1" else "O", *_letters(scheme))))


def _letters(scheme: str) -> tuple[str, str, str, str]:
    if scheme not in _LETTERS:
        raise ValueError(f"unknown scheme {scheme!r}; known are {', '.join(SCHEMES)}")
    return _LETTERS[scheme]
