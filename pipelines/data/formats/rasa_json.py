"""Rasa's training data in JSON: examples of texts and their entities."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ...errors import InputError
from ...text.sentences import Reading
from ..options import Options
from ..source import Source
from .json_records import Record, field, label_of, read_texts, shown
from .labelled_text import Label, Text

NAME = "Rasa JSON"


def recognises(source: Source) -> bool:
    return isinstance(source.value, dict) and "rasa_nlu_data" in source.value


def read(source: Source, options: Options) -> Reading:
    try:
        examples = field(field(source.value, "rasa_nlu_data", dict), "common_examples", list)
    except ValueError as error:
        raise InputError(f"{source.path}: {NAME}: {error}") from None
    among = (Record(one, f"{source.path}:example {n}") for n, one in enumerate(examples, 1))
    return read_texts(source, options, NAME, _texts, among)


def _texts(example: Any, where: str, skipped: Counter[str]) -> Iterator[Text]:
    text = field(example, "text", str, "the example")
    entities = example.get("entities") or []
    if not isinstance(entities, list):
        raise ValueError(f"'entities' is {shown(entities)}, not a list")
    yield Text(text, list(map(_label, entities)), where)


def _label(entity: Any) -> Label:
    # Its "value" need not be what stands in the text: synonyms are replaced there.
    type = field(entity, "entity", str, "an entity")
    start, end = (field(entity, key, object, "an entity") for key in ("start", "end"))
    return label_of(type, start, end)
