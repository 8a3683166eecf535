"""Texts with labelled parts, taken apart into words: what all formats with offsets share.

Words and sentences are made by the tokenizer that the served model has. A label counts for every
word that it touches; where it begins or ends inside a word, that is said.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from ...quiet import import_tensorflow
from ...text.chunking import Span, encode
from ...text.sentences import Fault, How, Reading, Sentence
from .faults import LEFT_OUT, unfit


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
    """

    text: str
    labels: Sequence[Label]
    where: str
    is_document: bool = False


def reading_of(texts: Iterable[Text], faults: Iterable[Fault], how: How) -> Reading:
    """The sentences of texts, and their faults after those found so far."""
    faults = list(faults)
    sentences: list[Sentence] = []
    some = list(texts)
    is_document = any(text.is_document for text in some)
    for document, (text, found) in enumerate(zip(some, _in_words(some), strict=True)):
        last = text.where.rpartition(":")[2]
        if not found.sentences:
            faults.append(Fault(text.where, f"{text.text!r} has no word{LEFT_OUT}", "warning"))
        faults += [Fault(text.where, note, "warning") for note in found.notes]
        for tokens, tags in found.sentences:
            if message := next(filter(None, map(unfit, tokens, tags)), ""):
                faults.append(Fault(text.where, f"{message}{LEFT_OUT}", "error"))
                continue
            numbers = [int(last)] * len(tokens) if last.isdecimal() else []
            number = document if is_document else 0
            sentences.append(Sentence(tokens, tags, text.where, numbers, number))
    return Reading(sentences, faults, how)


class _Found(NamedTuple):
    """The sentences of a text, tokens and tags in IOB2; and what to know about them."""

    sentences: list[tuple[list[str], list[str]]]
    notes: list[str]


def _in_words(texts: Sequence[Text]) -> list[_Found]:
    if not texts:
        return []
    import_tensorflow()
    import tensorflow as tf

    from ...text.tokenizer import tokenize

    words, starts, ends = tokenize(tf.constant([text.text for text in texts], tf.string), True)
    # Not RaggedTensor.to_list(), which slices every row: 10 ms for a text.
    of_texts, of_sentences = (splits.numpy() for splits in words.nested_row_splits)
    flat = [token.decode() for token in words.flat_values.numpy().tolist()]
    begins, stops = (ragged.flat_values.numpy().tolist() for ragged in (starts, ends))
    result = []
    for text, (first, last) in zip(texts, pairwise(of_texts), strict=True):
        splits = of_sentences[first : last + 1].tolist()
        part = slice(splits[0], splits[-1])
        lengths = [end - start for start, end in pairwise(splits)]
        result.append(_tagged(text, flat[part], begins[part], stops[part], lengths))
    return result


def _tagged(
    text: Text, tokens: list[str], starts: list[int], ends: list[int], lengths: list[int]
) -> _Found:
    """Gives the words of a text the tags that its labels spell.

    Words that two labels touch are those of the first. Where a label reaches over the end of a
    sentence that the tokenizer found, there is no end.
    """
    notes, spans = _spans(text, tokens, starts, ends)
    tags = encode(spans, len(tokens), "IOB2")
    if not text.is_document:
        return _Found([(tokens, tags)] if tokens else [], notes)
    sentences, first = [], 0
    for reached in accumulate(lengths):
        if reached == len(tags) or not tags[reached].startswith("I-"):
            sentences.append((tokens[first:reached], tags[first:reached]))
            first = reached
    return _Found(sentences, notes)


def _spans(
    text: Text, tokens: list[str], starts: list[int], ends: list[int]
) -> tuple[list[str], list[Span]]:
    """What to know about the labels of a text, and the words that they cover."""
    notes, word_spans = [], []
    labels = sorted(text.labels, key=lambda label: (label.start, label.end))
    for one, other in pairwise(labels):
        if other.start < one.end:
            notes.append(f"{other.type} overlaps {one.type}; a word has one tag, that of the first")
    reached = 0
    for label in labels:
        touched = [n for n in range(len(tokens)) if starts[n] < label.end and ends[n] > label.start]
        mine = [n for n in touched if n >= reached]
        written = text.text[label.start : label.end]
        name = f"{label.type} {written!r}"
        if not mine:
            notes.append(f"{name} has no word of its own and is left out")
            continue
        first, last = mine[0], mine[-1]
        if written != written.strip():
            notes.append(f"{name} has leading or trailing whitespace, which is ignored")
        if starts[touched[0]] < label.start or ends[touched[-1]] > label.end:
            whole = " ".join(tokens[first : last + 1])
            notes.append(f"{name} ends inside a word; it is {whole!r} now")
        word_spans.append(Span(label.type, first, last + 1))
        reached = last + 1
    return notes, word_spans
