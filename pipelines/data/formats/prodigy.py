"""Prodigy JSON lines: a text with its tokens and spans, and the annotator's answer."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ...text.sentences import Reading
from ..options import Options
from ..source import Source
from .json_records import field, is_document, label_of, most, offset, read_texts, shown
from .labelled_text import Label, Text

NAME = "Prodigy"


def recognises(source: Source) -> bool:
    return most(source, _is_one)


def _is_one(record: dict[str, Any]) -> bool:
    if not isinstance(record.get("text"), str):
        return False
    tokens = record.get("tokens")
    first = tokens[0] if isinstance(tokens, list) and tokens else None
    has_tokens = isinstance(first, dict) and ("text" in first or "spans" in record)
    return has_tokens or ("spans" in record and bool({"answer", "_input_hash"} & {*record}))


def read(source: Source, options: Options) -> Reading:
    return read_texts(source, options, NAME, _texts)


def _texts(record: Any, where: str, skipped: Counter[str]) -> Iterator[Text]:
    text = field(record, "text", str)
    if (answer := record.get("answer", "accept")) != "accept":
        if answer not in ("reject", "ignore"):
            raise ValueError(f"'answer' is {shown(answer)}, not 'accept', 'reject' or 'ignore'")
        skipped[f"examples answered {answer!r}"] += 1
        return
    tokens = field(record, "tokens", list) if "tokens" in record else None
    words = _words(tokens, text) if tokens is not None else None
    spans = field(record, "spans", list) if record.get("spans") is not None else []
    labels = [_label(span, words) for span in spans]
    if words is not None:
        words = [(start, end) for start, end in words if text[start:end].strip()]
    yield Text(text, labels, where, words is None and is_document(text), words)


def _words(tokens: list[Any], text: str) -> list[tuple[int, int]]:
    """Where the tokens begin and end.

    Raises:
        ValueError: One is damaged, or is not what the text has there.
    """
    try:  # all at once, which takes a third of the time of looking at each
        words = [(token["start"], token["end"]) for token in tokens]
        are_there = [text[start:end] for start, end in words] == [t["text"] for t in tokens]
        if are_there and min(map(min, words), default=0) >= 0:
            return words
    except (KeyError, TypeError):
        pass  # `_word` says what is wrong
    return [_word(token, text) for token in tokens]


def _word(token: Any, text: str) -> tuple[int, int]:
    written = field(token, "text", str, "a token")
    start, end = (
        offset(field(token, key, object, "a token"), f"the {key}") for key in ("start", "end")
    )
    if start < 0 or text[start:end] != written:
        raise ValueError(
            f"the token {shown(written)} should be at {start} to {end}, where the text has "
            f"{shown(text[max(0, start) : max(0, end)])}"
        )
    return start, end


def _label(span: Any, words: list[tuple[int, int]] | None) -> Label:
    type = field(span, "label", str, "a span")
    start, end = (field(span, key, object, "a span") for key in ("start", "end"))
    label = label_of(type, start, end)
    first, last = span.get("token_start"), span.get("token_end")
    if words is None or not isinstance(first, int) or not isinstance(last, int):
        return label
    if not 0 <= first <= last < len(words):
        raise ValueError(f"the span {shown(type)} has tokens {first} to {last} of {len(words)}")
    if (words[first][0], words[last][1]) != (label.start, label.end):
        raise ValueError(
            f"the span {shown(type)} is at {label.start} to {label.end}, but its tokens, {first} "
            f"to {last}, are at {words[first][0]} to {words[last][1]}"
        )
    return label
