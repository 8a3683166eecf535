"""Texts with labelled parts, taken apart into words: what all formats with offsets share.

Words and sentences are made by the tokenizer that the served model has, unless the format says
where the words are. A label counts for every word that it touches; where it begins or ends inside a
word, that is said. What offsets count is checked: see `_Counting`.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, product
from typing import NamedTuple

from ...errors import InputError
from ...text.chunking import Span, encode, is_chunk_tag
from ...text.sentences import Fault, How, Reading, Sentence
from ..options import AS_FOUND, Options
from . import layers
from .faults import first_unfit

_SURROGATE = re.compile("[\ud800-\udfff]")
_VARYING = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|-?\d+""")
_SURE = 0.9  # of the labels must fit, before offsets are counted in an unusual way


class Label(NamedTuple):
    """A labelled part of a text: `text[start:end]`, in the units of the format.

    Attributes:
        type: Its type.
        start: Where it begins.
        end: The place after its last character.
        written: What it covers, where the format says so; offsets are checked against it.
    """

    type: str
    start: int
    end: int
    written: str | None = None


class Text(NamedTuple):
    """A text and its labels.

    Attributes:
        text: The text.
        labels: Its labels, in any order.
        where: "path:line" or another place in the file.
        is_document: Whether it is a document of several sentences, and not one sentence.
        words: Where its words begin and end, in code points, if the format says so; they are one
            sentence. By default the tokenizer finds words and sentences.
        continues: Whether it belongs to the document of the text before.
    """

    text: str
    labels: Sequence[Label]
    where: str
    is_document: bool = False
    words: Sequence[tuple[int, int]] | None = None
    continues: bool = False


def reading_of(
    texts: Iterable[Text], faults: Iterable[Fault], how: How, options: Options = AS_FOUND
) -> Reading:
    """The sentences of texts, and their faults after those found so far.

    Of labels that overlap, the outer ones are read, layer 1, unless the options name another layer.

    Raises:
        InputError: The options name a layer that labels of texts cannot have.
    """
    faults = list(faults)
    some = []
    for text in texts:
        if _SURROGATE.search(text.text):
            message = f"the text holds invalid UTF-8 or half a character{_left_out(text)}"
            faults.append(Fault(text.where, message, "error"))
        else:
            some.append(text)
    layer = layers.chosen(some[0].where if some else "", options)
    _refuse_tags(some)
    counting = _counting(some)
    if counting != _USUAL:
        faults.append(_unusual(counting, some))
        how = how._replace(token_column=f"{how.token_column}, with {counting.name}")
    converted, numbers, number = [], [], -1
    is_document = any(text.is_document for text in some)
    for text in some:
        number += not text.continues or number < 0
        parts = [_converted(label, text, counting) for label in text.labels]
        if message := next((part for part in parts if isinstance(part, str)), ""):
            message += _left_out(text)
            faults.append(Fault(text.where, message, "error", cause_of(message)))
        else:
            converted.append(text._replace(labels=[p for p in parts if isinstance(p, Label)]))
            numbers.append(number if is_document else 0)
    if options.layer is None:
        faults += _overlapping(converted)
    sentences: list[Sentence] = []
    for number, text, found in zip(numbers, converted, _in_words(converted, layer), strict=True):
        last = text.where.rpartition(":")[2]
        if not found.sentences:
            message = f"{_shown(text.text)} has no word{_left_out(text)}"
            faults.append(Fault(text.where, message, "warning", "no word"))
        faults += [Fault(text.where, note, "warning", cause) for note, cause in found.notes]
        for tokens, tags in found.sentences:
            if message := first_unfit(tokens, tags):
                message += "; the sentence is left out"
                faults.append(Fault(text.where, message, "error", cause_of(message)))
                continue
            lines = [int(last)] * len(tokens) if last.isdecimal() else []
            sentences.append(Sentence(tokens, tags, text.where, lines, number))
    return Reading(sentences, faults, how, layer=options.layer)


def _refuse_tags(texts: Iterable[Text]) -> None:
    """Refuses labels of single words, as models give them out: their types would be `B-PER`.

    Raises:
        InputError: All types are such tags, B among them.
    """
    types = {label.type: text.where for text in texts for label in text.labels}
    begin = next((type for type in types if type.startswith("B-")), None)
    if begin and all("-" in type and is_chunk_tag(type) for type in types):
        raise InputError(
            f"{types[begin]}: the type {begin!r} is the tag of a word, as all types are: write a "
            "label for each entity, or tokens and tags"
        )


def cause_of(message: str) -> str:
    """What faults have in common whose messages quote other texts and numbers."""
    return _VARYING.sub("...", message)


def _left_out(text: Text) -> str:
    return f"; the {'document' if text.is_document else 'sentence'} is left out"


def _shown(text: str) -> str:
    return repr(text) if len(text) <= 60 else f"{text[:57]!r}..."


# What offsets count


class _Counting(NamedTuple):
    """What offsets count.

    Formats say it, and tools do otherwise: editors in browsers count UTF-16 units, others UTF-8
    bytes, and ends are the last character or the place after it. A label fits if it covers what the
    format says, or, where it does not, if it neither cuts a word nor has whitespace at its edges.
    What the format says holds unless nine of ten labels fit, and more than so, otherwise.

    Attributes:
        unit: What one is.
        shift: What is added to the ends that the format gave.
    """

    unit: str
    shift: int

    @property
    def name(self) -> str:
        ends = {0: "", 1: ", ends included", -1: ", ends not included"}[self.shift]
        return f"offsets in {self.unit}{ends}"


_CODE_POINTS, _UTF16, _BYTES = "code points", "UTF-16 units", "UTF-8 bytes"
_COUNTINGS = [_Counting(*way) for way in product((_CODE_POINTS, _UTF16, _BYTES), (0, 1, -1))]
_USUAL = _COUNTINGS[0]


def _counting(texts: Sequence[Text]) -> _Counting:
    """How the offsets of a file count."""
    total = sum(len(text.labels) for text in texts)
    usual = best = _fitting(texts, _USUAL)
    result = _USUAL
    if usual == total:
        return result
    has_others = any(not text.text.isascii() for text in texts)
    for counting in _COUNTINGS[1:]:
        if counting.unit == _CODE_POINTS or has_others:
            fitting = _fitting(texts, counting)
            if fitting > best and fitting >= _SURE * total:
                result, best = counting, fitting
    return result


def _fitting(texts: Iterable[Text], counting: _Counting) -> int:
    """How many labels fit."""
    count = 0
    for text in texts:
        for label in text.labels:
            part = _part(label, text.text, counting)
            count += part is not None and _fits(label, text.text, *part)
    return count


def _fits(label: Label, text: str, start: int, end: int) -> bool:
    if label.written is not None:
        return _same(label.written, text[start:end])
    edges = not text[start].isspace() and not text[end - 1].isspace()
    return edges and not _is_inside(text, start) and not _is_inside(text, end)


def _same(written: str, part: str) -> bool:
    return written == part or written.split() == part.split()


def _is_inside(text: str, place: int) -> bool:
    """Whether a place is inside a word, of a script that has spaces between words."""
    if not 0 < place < len(text):
        return False
    return all(c.isalnum() and (c.isascii() or c.lower() != c.upper())
               for c in text[place - 1 : place + 1])  # fmt: skip


def _part(label: Label, text: str, counting: _Counting) -> tuple[int, int] | None:
    """The label's place in code points; None if it is not in the text, or empty."""
    start = _place(label.start, text, counting.unit)
    end = _place(label.end + counting.shift, text, counting.unit)
    return None if start is None or end is None or start >= end else (start, end)


def _place(offset: int, text: str, unit: str) -> int | None:
    """An offset in code points; None if it is outside the text or inside a character."""
    if unit == _CODE_POINTS or text.isascii():
        return offset if 0 <= offset <= len(text) else None
    index = bisect_left(places := _places(text, unit), offset)
    return index if index < len(places) and places[index] == offset else None


_last_places: list[tuple[str, str, list[int]]] = []


def _places(text: str, unit: str) -> list[int]:
    """Where each character of a text begins, and where the last ends, in units."""
    if _last_places and _last_places[0][0] is text and _last_places[0][1] == unit:
        return _last_places[0][2]
    if unit == _UTF16:
        sizes = (1 + (c > "\uffff") for c in text)
    else:
        sizes = (1 + (c > "\x7f") + (c > "\u07ff") + (c > "\uffff") for c in text)
    places = list(accumulate(sizes, initial=0))
    _last_places[:] = [(text, unit, places)]
    return places


def _unusual(counting: _Counting, texts: Sequence[Text]) -> Fault:
    labels = [(label, text) for text in texts for label in text.labels]
    usual, fitting = _fitting(texts, _USUAL), _fitting(texts, counting)
    where = next(
        text.where
        for label, text in labels
        if not (part := _part(label, text.text, _USUAL)) or not _fits(label, text.text, *part)
    )
    message = (
        f"read with {counting.name}: {fitting:,} of {len(labels):,} labels fit the text so, and "
        f"{usual:,} as the format has it"
    )
    return Fault(where, message, "warning")


def _converted(label: Label, text: Text, counting: _Counting) -> Label | str:
    """The label with its place in code points, or what is wrong with it."""
    name = f"the label {_shown(label.type)}"
    if not label.type.strip():
        return "a label has no type"
    part = _part(label, text.text, counting)
    if part is None and label.start >= label.end + counting.shift:
        return f"{name} covers nothing: it begins at {label.start} and ends at {label.end}"
    if part is None:
        size = _places(text.text, counting.unit)[-1] if text.text else 0
        size = len(text.text) if counting.unit == _CODE_POINTS else size
        return (
            f"{name}, {label.start} to {label.end}, is not in the text, which has {size} "
            f"{counting.unit}"
        )
    covered = text.text[slice(*part)]
    if label.written is not None and not _same(label.written, covered):
        return (
            f"{name}, {label.start} to {label.end}, covers {_shown(covered)}, but "
            f"{_shown(label.written)} is written for it"
        )
    return Label(label.type, *part)


# Words


class _Found(NamedTuple):
    """The sentences of a text, tokens and tags; and what to know about them, with its cause."""

    sentences: list[tuple[list[str], list[str]]]
    notes: list[tuple[str, str]]


def _in_words(texts: Sequence[Text], layer: int) -> Iterator[_Found]:
    untold = [text.text for text in texts if text.words is None]
    words: Iterator[tuple[list[int], list[int], list[int]]] = iter(())
    if untold:
        from ...text.text_words import words_of  # which needs NumPy

        words = words_of(untold)
    for text in texts:
        if text.words is None:
            starts, ends, lengths = next(words)
        else:
            starts, ends = [start for start, _ in text.words], [end for _, end in text.words]
            lengths = [len(starts)]
        tokens = [text.text[start:end] for start, end in zip(starts, ends, strict=True)]
        yield _tagged(text, tokens, starts, ends, lengths, layer)


def _tagged(
    text: Text,
    tokens: list[str],
    starts: list[int],
    ends: list[int],
    lengths: list[int],
    layer: int,
) -> _Found:
    """Gives the words of a text the tags that its labels spell.

    Words that two labels touch are those of the first. Where a label reaches over the end of a
    sentence that the tokenizer found, there is no end.
    """
    if not tokens:
        return _Found([], [])
    labels = _in_layers(text.labels)[layer : layer + 1]
    notes, spans = _spans(labels[0] if labels else [], text, tokens, starts, ends)
    tags = encode(spans, len(tokens), "IOB2")
    if not text.is_document:
        return _Found([(tokens, tags)], notes)
    sentences, first = [], 0
    for reached in accumulate(lengths):
        if reached == len(tags) or not tags[reached].startswith("I-"):
            sentences.append((tokens[first:reached], tags[first:reached]))
            first = reached
    return _Found(sentences, notes)


def _in_layers(labels: Iterable[Label]) -> list[list[Label]]:
    return layers.in_layers(dict.fromkeys(labels))  # a label that is there twice counts once


def _overlapping(texts: Iterable[Text]) -> Iterator[Fault]:
    """A warning at the first label that is in another or crosses it."""
    counts: Counter[int] = Counter()
    first: tuple[str, str] | None = None
    for text in texts:
        found = _in_layers(text.labels)
        counts.update({number: len(layer) for number, layer in enumerate(found, 1)})
        if len(found) > 1:
            inner = found[1][0]
            outer = next(label for label in found[0] if label.end > inner.start)
            name = f"{inner.type} {_shown(text.text[inner.start : inner.end])}"
            there = f"{outer.type} {_shown(text.text[outer.start : outer.end])}"
            first = first or (text.where, f"{name} overlaps {there}")
    if first:
        where, example = first
        of_layers = ", ".join(f"{n:,} in layer {number}" for number, n in sorted(counts.items()))
        message = (
            f"{example}: a word has one tag, so the outer labels are read, layer = 1 "
            f"({of_layers}); layer = 2 reads the labels in them"
        )
        yield Fault(where, message, "warning")


def _spans(
    labels: Iterable[Label],
    text: Text,
    tokens: list[str],
    starts: list[int],
    ends: list[int],
) -> tuple[list[tuple[str, str]], list[Span]]:
    """What to know about labels of a text that do not overlap, and the words that they cover."""
    notes, spans = [], []
    reached = 0
    for label in labels:
        first, stop = bisect_right(ends, label.start), bisect_left(starts, label.end)
        mine = max(first, reached)
        written = text.text[label.start : label.end]
        name = f"{label.type} {_shown(written)}"
        if mine >= stop:
            notes.append((f"{name} has no word of its own and is left out", "no word of its own"))
            continue
        if written != written.strip():
            message = f"{name} has leading or trailing whitespace, which is ignored"
            notes.append((message, "whitespace"))
        if starts[first] < label.start or ends[stop - 1] > label.end:
            whole = " ".join(tokens[mine:stop])
            message = f"{name} ends inside a word; it is {_shown(whole)} now"
            notes.append((message, "inside a word"))
        spans.append(Span(label.type, mine, stop))
        reached = stop
    return notes, spans
