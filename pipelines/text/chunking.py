"""Tag schemes: how the tags of single tokens spell spans.

A chunk tag is `O` or a letter and a type, `B-PER`; types may contain hyphens, and tags without
types (`B`, `I`) have the type "". Which tag may follow which is for `keras_lstm_variants.schemes`
to say, from where the tagger's decoders take their constraints too.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from keras_lstm_variants.schemes import (
    SCHEMES,
    allowed,
    belongs,
    continues,
    is_chunk_tag,
    join,
    letters,
    objection,
    parse,
)

__all__ = ["SCHEMES", "allowed", "belongs", "is_chunk_tag"]  # of the library

ALIASES = {"BIO": "IOB2", "BIO2": "IOB2", "BIO1": "IOB1", "BIOES": "IOBES",
           "BILUO": "BILOU", "BMEOS": "BMES", "BMESO": "BMES"}  # fmt: skip

_CHUNK_SHARE = 0.95  # parts of speech hardly ever look like chunk tags
_WITH_OUTSIDE = 0.5  # is enough where O and types are there, which parts of speech have not


class Span(NamedTuple):
    """An entity: its type and its tokens, from `start` up to but not including `end`."""

    type: str
    start: int
    end: int


def are_chunk_tags(counts: Counter[str]) -> bool:
    """Whether counted tags are chunk tags on the whole, mistyped ones aside."""
    chunk_tags = {tag: count for tag, count in counts.items() if is_chunk_tag(tag)}
    share = sum(chunk_tags.values()) / max(1, counts.total())
    is_typed = "O" in chunk_tags and any("-" in tag for tag in chunk_tags)
    return share >= (_WITH_OUTSIDE if is_typed else _CHUNK_SHARE)


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
    pairs = chain.from_iterable(pairwise([None, *sequence, None]) for sequence in sequences)
    transitions: Counter[tuple[str | None, str | None]] = Counter(pairs)
    tags: Counter[str] = Counter()
    for (_, tag), count in transitions.items():
        if tag is not None:
            tags[tag] += count
    if not are_chunk_tags(tags):
        return None

    def illegal(scheme: str) -> int:
        return sum(n for pair, n in transitions.items() if not allowed(*pair, scheme))

    return min(SCHEMES, key=illegal)


def named(name: str) -> str:
    """The scheme of a name that people use: BIO is IOB2.

    Raises:
        ValueError: If there is no such scheme.
    """
    name = ALIASES.get(name.upper(), name.upper())
    letters(name)
    return name


def violations(tags: Sequence[str], scheme: str) -> list[tuple[int, str]]:
    """Where tags break the rules of their scheme.

    Returns:
        For each illegal transition, the index of the token that does not fit and why. A span
        left open at the end of the sentence is reported at the last token.

    Raises:
        ValueError: If there is no such scheme.
    """
    result = []
    for index, (previous, tag) in enumerate(pairwise([None, *tags, None])):
        if fault := objection(previous, tag, scheme):
            result.append((min(index, len(tags) - 1), fault))
    return result


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
    letters(scheme)
    result: list[Span] = []
    for index, (before, tag) in enumerate(pairwise([None, *tags])):
        letter, type = parse(tag)
        if letter != "O":
            start = result.pop().start if continues(before, tag) else index
            result.append(Span(type, start, index + 1))
    if strict:
        return [s for s in result if list(tags[s.start : s.end]) == _spell(s, tags, scheme)]
    return result


def encode(spans: Iterable[Span], length: int, scheme: str) -> list[str]:
    """The tags of a sentence of `length` tokens that spell the spans.

    Raises:
        ValueError: If there is no such scheme, spans overlap or lie outside the sentence, or
            two spans of one type touch and the scheme is IO, which would make them one.
    """
    letters(scheme)
    tags = ["O"] * length
    reached = 0
    for span in sorted(spans, key=lambda span: span.start):
        if not reached <= span.start < span.end <= length:
            raise ValueError(f"{_named(span)} overlaps another span or leaves the {length} tokens")
        reached = span.end
        if scheme == "IO" and _touches(span, tags):
            raise ValueError(
                f"{_named(span)} touches another of its type; IO cannot tell them apart"
            )
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


def _named(span: Span) -> str:
    """How an error names a span: tokens are counted from one."""
    first, last = span.start + 1, span.end
    where = f"token {first}" if first == last else f"tokens {first} to {last}"
    return f"the {span.type or 'span'} of {where}"


def _spell(span: Span, tags: Sequence[str], scheme: str) -> list[str]:
    """How the scheme spells a span in a sentence whose tags before the span are given."""
    begin, inside, end, single = letters(scheme)
    if scheme == "IOB1" and _touches(span, tags):
        begin = single = "B"
    length = span.end - span.start
    spelled = [single] if length == 1 else [begin, *[inside] * (length - 2), end]
    return [join(letter, span.type) for letter in spelled]


def _touches(span: Span, tags: Sequence[str]) -> bool:
    """Whether the token before the span is in an entity of the same type."""
    letter, type = parse(tags[span.start - 1]) if span.start else ("O", "")
    return letter != "O" and type == span.type
