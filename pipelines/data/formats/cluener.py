"""CLUENER: JSON lines of a text and, by type and by what they cover, the places of its entities.

`{"text": ..., "label": {"name": {"Anna": [[0, 3]]}}}`; the last character is included.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ...text.sentences import Reading
from ..options import Options
from ..source import Source
from .json_records import field, is_document, label_of, most, offset, read_texts, shown
from .labelled_text import Label, Text

NAME = "CLUENER"


def recognises(source: Source) -> bool:
    return most(
        source,
        lambda record: (
            isinstance(record.get("text"), str)
            and isinstance(record.get("label"), dict)
            and all(isinstance(covered, dict) for covered in record["label"].values())
        ),
    )


def read(source: Source, options: Options) -> Reading:
    return read_texts(source, options, NAME, _texts)


def _texts(record: Any, where: str, skipped: Counter[str]) -> Iterator[Text]:
    text = field(record, "text", str)
    labels = field(record, "label", dict)
    yield Text(text, list(_labels(labels)), where, is_document(text))


def _labels(labels: dict[str, Any]) -> Iterator[Label]:
    for type in labels:
        covered = field(labels, type, dict)
        for written in covered:
            for place in field(covered, written, list):
                if not isinstance(place, list) or len(place) != 2:
                    raise ValueError(f"the place of {written!r} is {shown(place)}, not two numbers")
                yield label_of(type, place[0], offset(place[1], "the end") + 1, written)
