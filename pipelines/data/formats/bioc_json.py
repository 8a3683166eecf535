"""BioC JSON: documents of passages, whose annotations are at offsets from the document's beginning.

A passage has its text, or sentences that have it, with the annotations beside. Each annotation has
one location, or several where the entity is in pieces, which tags of words cannot spell.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ...text.sentences import Reading
from ..options import Options
from ..source import Source
from . import offsets
from .faults import warning
from .json_records import field, label_of, most, read_texts, shown
from .labelled_text import Label, Text

NAME = "BioC JSON"
_TYPES = ("type", "class", "entity_type", "NE")


def recognises(source: Source) -> bool:
    return most(source, lambda record: isinstance(record.get("passages"), list))


def read(source: Source, options: Options) -> Reading:
    in_pieces: list[str] = []

    def texts(document: Any, where: str, skipped: Counter[str]) -> Iterator[Text]:
        name = document.get("id") if isinstance(document, dict) else None
        if isinstance(name, str | int):
            where = f"{source.path}:document {name}"
        continues = False
        for passage in field(document, "passages", list, "the document"):
            if isinstance(passage, dict) and not passage.get("text") and passage.get("sentences"):
                parts = field(passage, "sentences", list)
            else:
                parts = [passage]
            for part in parts:
                text = field(part, "text", str, "a passage") if part is not passage else _text(part)
                if text.strip():
                    labels = list(_labels(part, where, in_pieces))
                    yield Text(text, labels, where, True, continues=continues)
                    continues = True

    reading = read_texts(source, options, NAME, texts)
    reading.faults.extend(warning(where, offsets.IN_PIECES) for where in in_pieces)
    return reading


def _text(passage: Any) -> str:
    """The text of a passage; without a text it must not have annotations either."""
    if isinstance(passage, dict) and passage.get("text") is None and not passage.get("annotations"):
        return ""
    text: str = field(passage, "text", str, "a passage")
    return text


def _labels(part: dict[str, Any], where: str, in_pieces: list[str]) -> Iterator[Label]:
    begin = field(part, "offset", int, "a passage")
    for annotation in part.get("annotations") or []:
        infons = field(annotation, "infons", dict, "an annotation")
        type = next((infons[key] for key in _TYPES if key in infons), None)
        if type is None:
            raise ValueError(f"an annotation has no type among its infons, {shown(infons)}")
        locations = field(annotation, "locations", list, "an annotation")
        if not locations:
            raise ValueError(f"an annotation of type {shown(type)} has no location")
        places = [
            (field(location, "offset", int, "a location") - begin, field(location, "length", int))
            for location in locations
        ]
        if len(places) > 1:
            in_pieces.append(where)
            continue
        [(start, length)] = places
        yield label_of(type, start, start + length, annotation.get("text"))
