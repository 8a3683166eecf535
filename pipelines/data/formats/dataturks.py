"""Dataturks JSON lines: a content, and annotations at points whose ends are included."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ...text.sentences import Reading
from ..options import Options
from ..source import Source
from .json_records import field, is_document, label_of, most, offset, read_texts
from .labelled_text import Label, Text

NAME = "Dataturks"


def recognises(source: Source) -> bool:
    return most(source, _is_one)


def _is_one(record: dict[str, Any]) -> bool:
    if "content" not in record or "annotation" not in record:
        return False
    some = record["annotation"]
    return some is None or isinstance(some, list) and (
        not some or any(isinstance(one, dict) and "points" in one for one in some)
    )  # fmt: skip


def read(source: Source, options: Options) -> Reading:
    return read_texts(source, options, NAME, _texts)


def _texts(record: Any, where: str, skipped: Counter[str]) -> Iterator[Text]:
    text = field(record, "content", str)
    annotations = record.get("annotation")
    if annotations is None and "annotation" in record:
        annotations = []  # as it writes a text in which nothing was labelled
    else:
        annotations = field(record, "annotation", list)
    labels = [label for annotation in annotations for label in _labels(annotation)]
    yield Text(text, labels, where, is_document(text))


def _labels(annotation: Any) -> Iterator[Label]:
    types = annotation.get("label") if isinstance(annotation, dict) else None
    types = [types] if isinstance(types, str) else field(annotation, "label", list, "an annotation")
    if not types:
        raise ValueError("an annotation has no label: its list 'label' is empty")
    for point in field(annotation, "points", list, "an annotation"):
        for key in ("start", "end"):
            field(point, key, object, "a point")
        end = offset(point["end"], "the end") + 1
        yield from (label_of(type, point["start"], end, point.get("text")) for type in types)
