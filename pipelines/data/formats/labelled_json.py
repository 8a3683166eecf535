"""JSON of labelled texts: in pieces, as SNIPS has it, or JSON lines with offsets."""

from collections.abc import Iterator
from typing import Any

from ...text.sentences import Fault, How, Reading
from ..options import Options
from ..source import UNDECODABLE, Source, as_json
from .faults import LEFT_OUT
from .json_lines import TOKEN_KEYS
from .labelled_text import Label, Text, reading_of

NAME = "JSON of labelled texts"
SPANS = ("entities", "spans", "label", "labels")  # keys of lists of labels with offsets
_TYPES = ("label", "type", "entity")
_HOW = How(NAME, "", "from 'text'", "from the labels", "")


def recognises(source: Source) -> bool:
    if not source.is_json_lines:
        return False
    return _has_offsets(source) or _pieces(source) is not None


def read(source: Source, options: Options) -> Reading:
    if _has_offsets(source):
        return _of_offsets(source)
    faults = []
    if _joined(source.text) != source.text:
        message = "characters are encoded as surrogate pairs (CESU-8); decoded as single characters"
        faults.append(Fault(f"{source.path}:1", message, "warning"))
    return reading_of(_pieces(source) or [], faults, _HOW)


def _has_offsets(source: Source) -> bool:
    records = [record for record in source.records.values() if isinstance(record, dict)]
    with_text = [record for record in records if {"text", *SPANS} & {*record}]
    return bool(with_text) and not any({*TOKEN_KEYS} & {*record} for record in with_text)


def _of_offsets(source: Source) -> Reading:
    texts, faults = [], []
    for number, record in source.records.items():
        where = f"{source.path}:{number}"
        try:
            texts.append(_text(record, where))
        except ValueError as error:
            faults.append(Fault(where, f"{error}{LEFT_OUT}", "error"))
    return reading_of(texts, faults, _HOW)


def _text(record: Any, where: str) -> Text:
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
                labels.append(Label(type, start, end))
            case _:
                raise ValueError(
                    f"a label is {label!r}, not a start, an end in the text and a type"
                )
    return Text(text, labels, where)


def _pieces(source: Source) -> list[Text] | None:
    """The utterances in `{intent: [{"data": [{"text": ..., "entity": ...}]}]}`."""
    value = as_json(_joined(source.text))
    if not isinstance(value, dict) or not all(isinstance(some, list) for some in value.values()):
        return None
    try:
        return list(_utterances(value, source.path)) or None
    except (TypeError, KeyError, AttributeError):
        return None


def _utterances(value: dict[str, Any], path: str) -> Iterator[Text]:
    for intent, utterances in value.items():
        for number, utterance in enumerate(utterances, 1):
            labels, text = [], ""
            for piece in utterance["data"]:
                start, text = len(text), text + piece["text"]
                if type := piece.get("entity"):
                    labels.append(Label(type, start, len(text)))
            yield Text(text, labels, f"{path}:{intent} {number}")


def _joined(text: str) -> str:
    """Text whose characters beyond U+FFFF were written as halves, each in UTF-8, made whole."""
    if not UNDECODABLE.search(text):
        return text
    try:
        halves = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogatepass")
        return halves.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeError:
        return text
