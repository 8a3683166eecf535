"""JSON lines: an object to a sentence, with a list of tokens and a list of tags."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...errors import InputError
from ...text.sentences import Fault, How, Reading, Sentence
from ..options import Options
from ..source import Source
from .faults import LEFT_OUT, first_unfit, unfit
from .json_records import is_json, records, sample, shown

NAME = "JSON lines"
TOKEN_KEYS, TAG_KEYS = ("tokens", "words"), ("tags", "labels", "ner_tags")


def recognises(source: Source) -> bool:
    """Whether it is JSON, which no other format has recognised."""
    return is_json(source)


def read(source: Source, options: Options) -> Reading:
    _refuse_known(source)
    rows = list(records(source))
    token_key, tag_key = keys(source.path, (row.value for row in rows), options)
    sentences, faults = [], []
    for record, where in rows:
        fault = record_fault(record, token_key, tag_key)
        if fault:
            faults.append(Fault(where, f"{fault}{LEFT_OUT}", "error"))
        else:
            tokens, tags = record[token_key], record[tag_key]
            last = where.rpartition(":")[2]
            lines = [int(last)] * len(tokens) if last.isdecimal() else []
            sentences.append(Sentence(tokens, tags, where, lines))
    faults += other_tags([row.value for row in rows], tag_key, rows[0].where, options)
    return Reading(sentences, faults, How(NAME, "", repr(token_key), repr(tag_key), ""))


# JSON of tools that has no texts, by its keys; what to do about it.
_KNOWN = (
    ({"projectFileVersion", "assets"}, "labels of Azure AI Language", "the files of its documents"),
    ({"Entities", "File"}, "output of Amazon Comprehend", "the lines of the file that it names"),
    ({"annotatable", "anncomplete"}, "annotations of tagtog", "the page that they belong to"),
)


def _refuse_known(source: Source) -> None:
    for one in [source.value, *sample(source)[:1]]:
        for signature, name, texts in _KNOWN:
            if isinstance(one, dict) and signature <= {*one}:
                raise InputError(
                    f"{source.path}: is {name}, which has no texts that can be read: join it with "
                    f"{texts} to JSON lines of 'text' and 'entities' with 'start', 'end' and "
                    "'label'"
                )


def keys(path: str, records: Iterable[Any], options: Options) -> tuple[str, str]:
    """The keys of the words and of their tags in JSON objects.

    Raises:
        InputError: If none is an object, or they have no such keys.
    """
    objects = [record for record in records if isinstance(record, dict)]
    if not objects:
        raise InputError(
            f"{path}: JSON without an object to a sentence; write one object per line, with "
            f"{_or(TOKEN_KEYS)} and {_or(TAG_KEYS)}"
        )
    found = {key: None for record in objects for key in record}
    chosen = []
    wishes = ((options.token_column, TOKEN_KEYS), (options.tag_column, TAG_KEYS))
    for wanted_key, usual in wishes:
        wanted = usual if wanted_key is None else (wanted_key,)
        key = next((key for key in wanted if key in found), None)
        if key is None:
            raise InputError(
                f"{path}: no key {_or(wanted)} in its objects; they have {_or(found)}, which is no "
                "format that is known: name the keys of words and tags, or write a text and labels "
                "with offsets, {'text': ..., 'entities': [{'start': 0, 'end': 4, 'label': 'PER'}]}"
            )
        chosen.append(str(key))
    return chosen[0], chosen[1]


def record_fault(record: Any, token_key: int | str, tag_key: int | str) -> str:
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
    if not first_unfit(tokens, tags):
        return ""
    found = enumerate(map(unfit, tokens, tags), 1)
    return next(f"{fault} in place {place} of the lists" for place, fault in found if fault)


def other_tags(
    records: Sequence[Any], tag_key: str, where: str, options: Options
) -> Iterator[Fault]:
    """A warning if there are other tags, too, and nobody has said which to read."""
    if options.tag_column is not None:
        return
    objects = [record for record in records if isinstance(record, dict)]
    for key in TAG_KEYS:
        have = [r for r in objects if isinstance(r.get(key), list) and r[key] != r.get(tag_key)]
        if key != tag_key and 2 * len(have) > len(objects):
            message = (
                f"there are tags in {key!r}, too; those in {tag_key!r} are read unless you name "
                "the tag column"
            )
            yield Fault(where, message, "warning")


def _or(keys: Iterable[object], most: int = 12) -> str:
    names = list(map(shown, keys))
    return " or ".join(names[:most]) + " ..." * (len(names) > most) or "none"
