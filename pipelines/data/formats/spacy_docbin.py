"""spaCy's binary format, a DocBin (.spacy), through spaCy where it is installed."""

from collections.abc import Iterator
from typing import Any

from ...errors import InputError
from ...text.sentences import Fault, How, Reading
from ..options import Options
from ..source import Source, is_docbin
from .labelled_text import Label, Text, reading_of

NAME = "spaCy DocBin"


def recognises(source: Source) -> bool:
    return not source.lines and is_docbin(source.path)


def read(source: Source, options: Options) -> Reading:
    try:
        import spacy
        from spacy.tokens import DocBin
    except ImportError:
        raise InputError(
            f"{source.path}: is spaCy's binary format, which takes spaCy to read: pip install "
            "spacy, or write its documents as JSON pairs [text, {'entities': [[start, end, type]]}]"
        ) from None
    try:
        documents = list(DocBin().from_disk(source.path).get_docs(spacy.blank("xx").vocab))
    except Exception as error:  # whatever spaCy finds in a damaged file
        raise InputError(f"{source.path}: spaCy cannot read it: {error}") from None
    if not documents:
        raise InputError(f"{source.path}: {NAME} without a document")
    texts: list[Text] = []
    unknown: list[str] = []
    for number, document in enumerate(documents, 1):
        texts += _sentences(document, f"{source.path}:document {number}", unknown)
    faults = []
    if unknown:
        groups = {name: None for document in documents for name in document.spans}
        hint = f" (there are groups of spans: {', '.join(groups)})" if groups else ""
        message = (
            "not every word says whether it is in an entity; the sentence is left out, as "
            f"{len(unknown)} are{hint}"
        )
        faults.append(Fault(unknown[0], message, "warning" if texts else "error"))
    how = How(
        NAME, "", "its tokens", "its entities", f"{len(unknown)} unclear sentences" * bool(unknown)
    )
    return reading_of(texts, faults, how, options)


def _sentences(document: Any, where: str, unknown: list[str]) -> Iterator[Text]:
    """The sentences of a document, or itself where it has none marked."""
    marked = document.has_annotation("SENT_START")
    for number, part in enumerate(document.sents if marked else [document[:]]):
        base = part.start_char
        words = [
            (token.idx - base, token.idx - base + len(token.text))
            for token in part
            if not token.is_space
        ]
        if any(token.ent_iob == 0 for token in part if not token.is_space):
            unknown.append(where)
        elif words:
            labels = [
                Label(entity.label_, entity.start_char - base, entity.end_char - base, entity.text)
                for entity in document.ents
                if part.start <= entity.start < part.end
            ]
            yield Text(part.text, labels, where, True, words, continues=number > 0)
