"""PubTator: a title (`1|t|...`), an abstract (`1|a|...`), and lines of annotations in columns.

Offsets count from the beginning of the title, with one character between it and the abstract.
"""

import re

from ...errors import InputError
from ...text.sentences import Fault, How, Reading
from ..options import Options
from ..source import Source
from . import offsets
from .faults import error, unfit
from .labelled_text import Label, Text, reading_of

NAME = "PubTator"
_TEXT = re.compile(r"(?P<id>[^|\t]+)\|(?P<kind>[ta])\|(?P<text>.*)")
_LEFT_OUT = "; the document is left out"


class _Document:
    """A document while its lines are read."""

    def __init__(self, id: str, where: str) -> None:
        self.id = id
        self.where = where
        self.parts: dict[str, str] = {}
        self.labels: list[tuple[str, Label]] = []
        self.broken = False


def recognises(source: Source) -> bool:
    match = _TEXT.fullmatch(source.head[0]) if source.head else None
    return bool(match and match["kind"] == "t")


def read(source: Source, options: Options) -> Reading:
    faults: list[Fault] = []
    documents: list[_Document] = []
    for number, line in enumerate(source.lines, 1):
        where = f"{source.path}:{number}"
        if not line.strip():
            continue
        if match := _TEXT.fullmatch(line):
            if match["kind"] == "t":
                documents.append(_Document(match["id"], where))
            _add_text(documents, match, where, faults)
        else:
            _add_annotation(documents, line, where, faults)
    if not documents:
        raise InputError(f"{source.path}: holds no document")
    finished = (_finished(document, faults) for document in documents)
    how = How(NAME, "", "the text", "the annotations", "")
    return reading_of(list(filter(None, finished)), faults, how, options)


def _add_text(
    documents: list[_Document], match: re.Match[str], where: str, faults: list[Fault]
) -> None:
    last = documents[-1] if documents else None
    if last is None or last.id != match["id"] or match["kind"] in last.parts:
        faults.append(
            error(where, f"{match['id']}|{match['kind']}| does not belong to the title before it")
        )
        if last:
            last.broken = True
        return
    last.parts[match["kind"]] = match["text"]


def _add_annotation(documents: list[_Document], line: str, where: str, faults: list[Fault]) -> None:
    last = documents[-1] if documents else None
    cells = line.split("\t")
    start, end = (offsets.number(cell) for cell in (*cells[1:3], "", "")[:2])
    is_relation = len(cells) >= 3 and start is None
    if last is None or last.id != cells[0]:
        faults.append(
            error(where, f"a line of document {cells[0][:40]!r}, which does not stand here")
        )
    elif is_relation:
        return
    elif len(cells) < 5 or start is None or end is None or unfit("-", cells[4]):
        message = f"{len(cells)} columns that are not id, start, end, mention and type"
        faults.append(error(where, f"{message}{_LEFT_OUT}"))
    else:
        label = Label(cells[4].strip(), start, end, cells[3])
        last.labels.append((where, label))
        return
    if last:
        last.broken = True


def _finished(document: _Document, faults: list[Fault]) -> Text | None:
    """The document, or None if it has a fault."""
    if document.broken:
        return None
    text = "\n".join(document.parts[kind] for kind in "ta" if kind in document.parts)
    for where, label in document.labels:
        if offsets.is_outside(label, text):
            message = f"{label.type} {label.written!r} at {label.start} {label.end} is outside of"
            faults.append(error(where, f"{message} the text{_LEFT_OUT}"))
            return None
    labels = [_with_break(label, text) for _, label in document.labels]
    return Text(text, labels, document.where, is_document=True)


def _with_break(label: Label, text: str) -> Label:
    """A label that reaches from the title into the abstract: which sign is between is not said."""
    covered = text[label.start : label.end]
    same = covered.replace("\n", " ") == label.written
    return label._replace(written=covered) if same else label
