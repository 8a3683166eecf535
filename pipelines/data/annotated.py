"""Texts with labelled parts: JSON of pieces, as SNIPS has it, and JSON lines with offsets.

Words are made by the tokenizer that the served model has. A label counts for every word that it
touches; where it begins or ends inside a word, that is said.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from ..quiet import import_tensorflow
from ..text.chunking import Span, encode

SPANS = ("entities", "spans", "label", "labels")  # keys of lists of labels with offsets
_TYPES = ("label", "type", "entity")


class Annotated(NamedTuple):
    """A text and its labelled parts: (type, start, end), in code points."""

    text: str
    labels: list[Span]


class Worded(NamedTuple):
    """The words of a text and their tags, in IOB2; and what to know about them."""

    tokens: list[str]
    tags: list[str]
    notes: list[str]


def of_pieces(value: Any) -> Iterator[tuple[str, Annotated]]:
    """The utterances in `{intent: [{"data": [{"text": ..., "entity": ...}]}]}`, by name.

    Raises:
        ValueError: If the value is something else.
    """
    if not isinstance(value, dict) or not all(isinstance(some, list) for some in value.values()):
        raise ValueError("no object of lists of utterances")
    for intent, utterances in value.items():
        for number, utterance in enumerate(utterances, 1):
            try:
                pieces = [(piece["text"], piece.get("entity")) for piece in utterance["data"]]
                text = "".join(text for text, _ in pieces)
            except (TypeError, KeyError, AttributeError):
                raise ValueError(f"utterance {number} of {intent} has no texts") from None
            labels, reached = [], 0
            for part, type in pieces:
                if type:
                    labels.append(Span(type, reached, reached + len(part)))
                reached += len(part)
            yield f"{intent} {number}", Annotated(text, labels)


def of_offsets(record: Any) -> Annotated:
    """The text and labels of `{"text": ..., "entities": [...]}`.

    A label is an object with "start", "end" and "label" (or "type", "entity"), or a list of these
    three. Offsets count code points; the end is the place after the last.

    Raises:
        ValueError: If the record is something else, or a label lies outside the text.
    """
    text = record.get("text") if isinstance(record, dict) else None
    entries = next((record[key] for key in SPANS if key in record), None) if text else None
    if not isinstance(text, str) or not isinstance(entries, list):
        raise ValueError(f"no 'text' with a list {' or '.join(map(repr, SPANS))}")
    labels = []
    for label in entries:
        if isinstance(label, dict):
            type = next((label[key] for key in _TYPES if key in label), None)
            label = (label.get("start"), label.get("end"), type)
        match label:
            case [int(start), int(end), str(type)] if 0 <= start < end <= len(text):
                labels.append(Span(type, start, end))
            case _:
                raise ValueError(
                    f"a label is {label!r}, not a start, an end in the text and a type"
                )
    return Annotated(text, labels)


def in_words(annotated: Iterable[Annotated]) -> list[Worded]:
    """The words of texts with tags; a text without words has none."""
    import_tensorflow()
    import tensorflow as tf

    from ..text.tokenizer import tokenize

    texts = list(annotated)
    words = tokenize(tf.constant([text for text, _ in texts], tf.string), single=True)
    columns = [ragged.merge_dims(1, 2).to_list() for ragged in words]
    return [
        _tagged(text, [token.decode() for token in tokens], starts, ends)
        for text, tokens, starts, ends in zip(texts, *columns, strict=True)
    ]


def _tagged(text: Annotated, tokens: list[str], starts: list[int], ends: list[int]) -> Worded:
    """Gives the words of a text the tags that its labels spell.

    Words that two labels touch are those of the first.
    """
    notes, word_spans = [], []
    labels = sorted(text.labels, key=lambda label: (label.start, label.end))
    for one, other in pairwise(labels):
        if other.start < one.end:
            notes.append(f"{other.type} overlaps {one.type}; a word has one tag, that of the first")
    reached = 0
    for type, start, end in labels:
        touched = [n for n in range(len(tokens)) if starts[n] < end and ends[n] > start]
        mine = [n for n in touched if n >= reached]
        written = text.text[start:end]
        if not mine:
            notes.append(f"{type} {written!r} has no word of its own and is left out")
            continue
        first, last = mine[0], mine[-1]
        if written != written.strip():
            notes.append(f"{type} {written!r} has leading or trailing whitespace, which is ignored")
        if starts[touched[0]] < start or ends[touched[-1]] > end:
            whole = " ".join(tokens[first : last + 1])
            notes.append(f"{type} {written!r} ends inside a word; it is {whole!r} now")
        word_spans.append(Span(type, first, last + 1))
        reached = last + 1
    return Worded(tokens, encode(word_spans, len(tokens), "IOB2"), notes)
