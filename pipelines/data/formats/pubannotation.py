"""PubAnnotation JSON: a text and its denotations, objects at spans of it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ...text.sentences import Reading
from ..options import Options
from ..source import Source
from . import offsets
from .faults import warning
from .json_records import field, label_of, most, read_texts
from .labelled_text import Label, Text

NAME = "PubAnnotation JSON"


def recognises(source: Source) -> bool:
    return most(source, lambda record: "denotations" in record or "tracks" in record)


def read(source: Source, options: Options) -> Reading:
    in_pieces: list[str] = []

    def texts(record: Any, where: str, skipped: Counter[str]) -> Iterator[Text]:
        text = field(record, "text", str)
        if "denotations" not in record and len(record.get("tracks") or []) == 1:
            record = record["tracks"][0]
        elif "denotations" not in record and "tracks" in record:
            raise ValueError("it has the annotations of several projects; save one project's only")
        denotations = field(record, "denotations", list)
        whole = [one for one in denotations if not _is_in_pieces(one)]
        in_pieces.extend([where] * (len(denotations) - len(whole)))
        yield Text(text, list(map(_label, whole)), where, True)

    reading = read_texts(source, options, NAME, texts)
    reading.faults.extend(warning(where, offsets.IN_PIECES) for where in in_pieces)
    return reading


def _is_in_pieces(denotation: Any) -> bool:
    return isinstance(denotation, dict) and isinstance(denotation.get("span"), list)


def _label(denotation: Any) -> Label:
    span = denotation.get("span") if isinstance(denotation, dict) else None
    field(denotation, "span", dict, "a denotation")
    begin, end = (field(span, key, int, "a span") for key in ("begin", "end"))
    return label_of(field(denotation, "obj", str, "a denotation"), begin, end)
