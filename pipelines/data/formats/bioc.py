"""BioC XML: documents in passages or sentences, each with its offset, text and annotations."""

import re
from collections.abc import Iterator

from ...errors import InputError
from ...text.sentences import Fault, How, Reading
from ..options import Options
from ..source import Source
from . import offsets
from .faults import error, unfit, warning
from .labelled_text import Label, Text, reading_of
from .xml_tree import Element, parsed

NAME = "BioC XML"
_ROOT = re.compile(r"<!DOCTYPE\s+collection\b|<collection\b[^>]*>\s*(<source|<date|<key|<document)")
_TYPE_KEYS = ("type", "label", "semantic_type")
_LEFT_OUT = "; the passage is left out"


def recognises(source: Source) -> bool:
    start = "\n".join(source.head[:10])[:5000]
    return start.lstrip().startswith("<") and bool(_ROOT.search(start))


def read(source: Source, options: Options) -> Reading:
    root = parsed(source)
    faults: list[Fault] = []
    texts: list[Text] = []
    for document in root.all("document"):
        parts = (_text(part, source.path, faults) for part in _parts(document))
        of_document = [part for part in parts if part]
        texts += [text._replace(continues=n > 0) for n, text in enumerate(of_document)]
    if not texts and not faults:
        raise InputError(f"{source.path}: holds no document with a text")
    how = How(NAME, "", "the text", "the annotations", "")
    return reading_of(texts, faults, how, options)


def _parts(document: Element) -> Iterator[Element]:
    """Its passages, or the sentences in them where those have the texts."""
    for passage in document.all("passage"):
        sentences = list(passage.all("sentence"))
        if sentences and not passage.first("text"):
            yield from sentences
        else:
            yield passage


def _text(part: Element, path: str, faults: list[Fault]) -> Text | None:
    """The text of a part with its labels; None if it has none, or a fault."""
    where = f"{path}:{part.line}"
    offset, text = part.first("offset"), part.first("text")
    if text is None or not text.text.strip():
        if any(_annotations(part)):
            faults.append(error(where, f"annotations without a text{_LEFT_OUT}"))
        return None
    begin = offsets.number(offset.text) if offset else None
    if begin is None:
        faults.append(error(where, f"no offset{_LEFT_OUT}"))
        return None
    labels = []
    for annotation in _annotations(part):
        here = f"{path}:{annotation.line}"
        try:
            label = _label(annotation, begin)
        except ValueError as problem:
            faults.append(error(here, f"{problem}{_LEFT_OUT}"))
            return None
        if label is None:
            message = offsets.IN_PIECES
            faults.append(warning(here, message))
        elif offsets.is_outside(label, text.text):
            name = f"{label.type} {label.written or ''!r} at {label.start + begin}"
            faults.append(error(here, f"{name} is outside of its text{_LEFT_OUT}"))
            return None
        else:
            labels.append(label)
    return Text(text.text, labels, where, is_document=True)


def _annotations(part: Element) -> Iterator[Element]:
    """The annotations of a part, and those of the sentences in it."""
    yield from part.all("annotation")
    for sentence in part.all("sentence"):
        yield from sentence.all("annotation")


def _label(annotation: Element, offset: int) -> Label | None:
    """The label of an annotation; None if it has several places.

    Raises:
        ValueError: It has no type or no place.
    """
    infons = {
        infon.attributes.get("key", ""): infon.text.strip() for infon in annotation.all("infon")
    }
    type = next((infons[key] for key in _TYPE_KEYS if infons.get(key)), "")
    if unfit("-", type):
        raise ValueError("an annotation without <infon key='type'>")
    places = []
    for location in annotation.all("location"):
        start, length = (
            offsets.number(location.attributes.get(key, "")) for key in ("offset", "length")
        )
        if start is None or length is None:
            raise ValueError(f"the location of an annotation is {location.attributes}")
        places.append((start - offset, length))
    if not places:
        raise ValueError("an annotation without a location")
    if len(places) > 1:
        return None
    [(start, length)] = places
    written = annotation.first("text")
    return Label(type, start, start + length, written.text if written else None)
