"""spaCy's training data in JSON: pairs of a text and its entities; documents of tokens.

Pairs are `[text, {"entities": [[start, end, type]]}]`, alone or as the "annotations" of annotators
in browsers. Documents have paragraphs of sentences of tokens, with BILUO tags, of which "-" means
that nobody knows.
"""

import contextlib
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ...errors import InputError
from ...text.sentences import Fault, How, Reading, Sentence
from ..options import Options
from ..source import SAMPLE, Source
from .faults import LEFT_OUT, first_unfit
from .json_records import (
    Record,
    field,
    is_document,
    is_json,
    label_of,
    most,
    read_texts,
    records,
    shown,
)
from .labelled_text import Label, Text, cause_of

NAME = "spaCy JSON"
_MISSING = "-"


def recognises(source: Source) -> bool:
    if not is_json(source):
        return False
    pairs = list(islice(_pairs(source), SAMPLE))
    found = sum(_is_pair(one.value) for one in pairs)
    if found and 2 * found >= len(pairs):
        return True
    return _is_document(source.value) or most(source, _is_document)


def _is_document(record: Any) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("paragraphs"), list):
        return False
    return any(isinstance(one, dict) and "sentences" in one for one in record["paragraphs"])


def _pairs(source: Source) -> Iterator[Record]:
    value = source.value
    if isinstance(value, dict):
        value = value.get("annotations") if {*value} <= {"classes", "annotations"} else None
        for number, one in enumerate(value if isinstance(value, list) else [], 1):
            if one is not None:
                yield Record(one, f"{source.path}:text {number}")
        return
    with contextlib.suppress(InputError):
        yield from records(source)


def _is_pair(value: Any) -> bool:
    match value:
        case [str(), {"entities": list()}] | [str(), {"spans": dict()}]:
            return True
        case [str(), list(entities)]:
            return all(isinstance(one, list) and len(one) == 3 for one in entities)
    return False


def read(source: Source, options: Options) -> Reading:
    if not (_is_document(source.value) or most(source, _is_document)):
        return read_texts(source, options, NAME, _texts, _pairs(source))
    if _is_document(source.value):
        return _of_documents(source, [Record(source.value, f"{source.path}:document 1")])
    return _of_documents(source, list(records(source)))


def _texts(pair: Any, where: str, skipped: Counter[str]) -> Iterator[Text]:
    match pair:
        case [str(text), {"entities": list(entities)}]:
            pass
        case [str(text), list(entities)]:
            pass
        case [str(), {"spans": _}]:
            raise ValueError("the pair has groups of spans and no 'entities'")
        case _:
            raise ValueError(f"{shown(pair)} is no pair of a text and its 'entities'")
    yield Text(text, list(map(_label, entities)), where, is_document(text))


def _label(entity: Any) -> Label:
    if not isinstance(entity, list) or len(entity) < 3:
        raise ValueError(f"an entity is {shown(entity)}, not a start, an end and a type")
    return label_of(entity[2], entity[0], entity[1])


def _of_documents(source: Source, documents: list[Record]) -> Reading:
    sentences: list[Sentence] = []
    faults: list[Fault] = []
    unknown: list[str] = []
    for number, document in enumerate(documents):
        try:
            paragraphs = field(document.value, "paragraphs", list, "the document")
            some = [s for p in paragraphs for s in field(p, "sentences", list, "a paragraph")]
        except ValueError as error:
            faults.append(Fault(document.where, f"{error}; the document is left out", "error"))
            continue
        for place, sentence in enumerate(some, 1):
            where = f"{document.where}, sentence {place}"
            try:
                tokens, tags = _tokens(sentence)
                message = first_unfit(tokens, tags)
                if message or not tokens:
                    raise ValueError(message or "the sentence has no token")
                if _MISSING in tags:
                    unknown.append(where)
                else:
                    sentences.append(Sentence(tokens, tags, where, [], number))
            except ValueError as error:
                message = f"{error}{LEFT_OUT}"
                faults.append(Fault(where, message, "error", cause_of(message)))
    if unknown:
        message = (
            "not every word says whether it is in an entity ('ner' is missing or '-')"
            f"{LEFT_OUT}, as {len(unknown)} are"
        )
        faults.append(Fault(unknown[0], message, "warning"))
    if not sentences and not faults:
        raise InputError(f"{source.path}: {NAME} without a sentence")
    how = How(NAME, "", "'orth'", "'ner'", f"{len(unknown)} unclear sentences" if unknown else "")
    return Reading(sentences, faults, how)


def _tokens(sentence: Any) -> tuple[list[str], list[str]]:
    """The tokens of a sentence that are not whitespace, and their tags."""
    tokens, tags = [], []
    for token in field(sentence, "tokens", list, "a sentence"):
        orth = field(token, "orth", str, "a token")
        tag = token.get("ner")
        tag = _MISSING if tag is None else field(token, "ner", str, "a token")
        if orth.strip():
            tokens.append(orth)
            tags.append(tag)
    return tokens, tags
