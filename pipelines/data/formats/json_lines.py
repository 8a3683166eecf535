"""JSON lines: an object to a sentence, with a list of tokens and a list of tags."""

from collections.abc import Iterable
from typing import Any

from ...errors import InputError
from ...text.sentences import Fault, How, Reading, Sentence
from ..options import Options
from ..source import Source
from .faults import LEFT_OUT, unfit

NAME = "JSON lines"
TOKEN_KEYS, TAG_KEYS = ("tokens", "words"), ("tags", "labels", "ner_tags")


def recognises(source: Source) -> bool:
    return source.is_json_lines


def read(source: Source, options: Options) -> Reading:
    token_key, tag_key = keys(source.path, source.records.values(), options)
    sentences, faults = [], []
    for number, record in source.records.items():
        where = f"{source.path}:{number}"
        fault = _record_fault(record, token_key, tag_key)
        if fault:
            faults.append(Fault(where, f"{fault}{LEFT_OUT}", "error"))
        else:
            tokens, tags = record[token_key], record[tag_key]
            sentences.append(Sentence(tokens, tags, where, [number] * len(tokens)))
    return Reading(sentences, faults, How(NAME, "", repr(token_key), repr(tag_key), ""))


def keys(path: str, records: Iterable[Any], options: Options) -> tuple[str, str]:
    """The keys of the words and of their tags in JSON objects.

    Raises:
        InputError: If none is an object, or they have no such keys.
    """
    objects = [record for record in records if isinstance(record, dict)]
    if not objects:
        raise InputError(f"{path}: no line is a JSON object; write one object per line")
    found = {key: None for record in objects for key in record}
    chosen = []
    wishes = ((options.token_column, TOKEN_KEYS), (options.tag_column, TAG_KEYS))
    for wanted_key, usual in wishes:
        wanted = usual if wanted_key is None else (wanted_key,)
        key = next((key for key in wanted if key in found), None)
        if key is None:
            raise InputError(f"{path}: no key {_or(wanted)} in its objects; they have {_or(found)}")
        chosen.append(str(key))
    return chosen[0], chosen[1]


def _record_fault(record: Any, token_key: int | str, tag_key: int | str) -> str:
    """What is wrong with the object of a sentence, or ""."""
    if not isinstance(record, dict):
        return "not a JSON object on one line"
    for key in (token_key, tag_key):
        values = record.get(key)
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            return f"{key!r} is not a list of strings; tags must be names, not numbers"
    tokens, tags = record[token_key], record[tag_key]
    if len(tokens) != len(tags) or not tokens:
        return f"{len(tokens)} tokens and {len(tags)} tags"
    found = enumerate(map(unfit, tokens, tags), 1)
    return next((f"{fault} in place {place} of the lists" for place, fault in found if fault), "")


def _or(keys: Iterable[object]) -> str:
    return " or ".join(map(repr, keys)) or "none"
