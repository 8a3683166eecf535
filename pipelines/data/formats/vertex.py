"""Vertex AI and AutoML JSON lines: a text and segments of it, with names.

Whether ends are included differs from tool to tool, and is left to what fits the text.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ...text.sentences import Reading
from ..options import Options
from ..source import Source
from .json_records import field, is_document, label_of, most, read_texts
from .labelled_text import Label, Text

NAME = "Vertex AI JSON lines"


def recognises(source: Source) -> bool:
    return most(source, lambda r: "textSegmentAnnotations" in r or "text_snippet" in r)


def read(source: Source, options: Options) -> Reading:
    return read_texts(source, options, NAME, _texts)


def _texts(record: Any, where: str, skipped: Counter[str]) -> Iterator[Text]:
    if isinstance(record, dict) and "text_snippet" in record:
        text = field(field(record, "text_snippet", dict), "content", str, "'text_snippet'")
        labels = [_of_automl(one) for one in field(record, "annotations", list)]
    else:
        if isinstance(record, dict) and "textContent" not in record and "textGcsUri" in record:
            raise ValueError(
                "its text is elsewhere, at 'textGcsUri'; write it into the record as 'textContent'"
            )
        text = field(record, "textContent", str)
        labels = [_label(one) for one in field(record, "textSegmentAnnotations", list)]
    yield Text(text, labels, where, is_document(text))


def _label(one: Any) -> Label:
    type = field(one, "displayName", str, "a segment")
    # A start of 0 is left out where protocol buffers are written as JSON.
    return label_of(type, one.get("startOffset", 0), field(one, "endOffset", object, "a segment"))


def _of_automl(one: Any) -> Label:
    type = field(one, "display_name", str, "an annotation")
    extraction = field(one, "text_extraction", dict, "an annotation")
    segment = field(extraction, "text_segment", dict, "an extraction")
    end = field(segment, "end_offset", object, "a segment")
    return label_of(type, segment.get("start_offset", 0), end)
