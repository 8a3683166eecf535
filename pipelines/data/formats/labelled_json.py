"""JSON of labelled texts: in pieces, as SNIPS has it, or texts with labels at offsets.

A label is an object with a start, an end and a type, under the names that tools give them, or a
list of the three. So are most exports of doccano, LightTag and UBIAI, and what people write by
themselves. Offsets count code points, and the end is the place after the last; where the labels say
what they cover, that decides.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ...errors import InputError
from ...text.sentences import Fault, How, Reading
from ..options import Options
from ..source import UNDECODABLE, Source, as_json
from .json_lines import TOKEN_KEYS
from .json_records import field, is_document, is_json, label_of, most, read_texts, sample, shown
from .labelled_text import Label, Text, reading_of

NAME = "JSON of labelled texts"
TEXTS = ("text", "content", "document", "sentence")
SPANS = ("entities", "spans", "label", "labels", "annotations", "annotation", "ents")
_STARTS = ("start", "start_offset", "startOffset", "begin", "start_char", "startPos")
_ENDS = ("end", "end_offset", "endOffset", "stop", "end_char", "endPos")
_TYPES = ("label", "type", "entity", "tag", "entity_type", "entity_group", "category")
_WRITTEN = ("text", "value", "word")


def recognises(source: Source) -> bool:
    if not is_json(source):
        return False
    return most(source, _has_offsets) or _pieces(source) is not None


def _has_offsets(record: dict[str, Any]) -> bool:
    if any(key in record and not _are_objects(record[key]) for key in TOKEN_KEYS):
        return _is_of_argilla(record)
    if any(isinstance(record.get(key), list) for key in TEXTS):
        return False  # of tokens, whatever their key
    return bool({*TEXTS} & {*record} and {*SPANS} & {*record}) or "text" in record


def _is_of_argilla(record: dict[str, Any]) -> bool:
    """Whether a record has tokens, and labels at offsets into its text: `["PER", 0, 4]`."""
    labels = record.get("annotation")
    return "prediction" in record and isinstance(record.get("text"), str) and (
        labels is None or (isinstance(labels, list) and all(isinstance(x, list) for x in labels))
    )  # fmt: skip


def _are_objects(tokens: Any) -> bool:
    """Whether tokens are objects, as spaCy's and UBIAI's, beside the text that counts."""
    return isinstance(tokens, list) and bool(tokens) and isinstance(tokens[0], dict)


def read(source: Source, options: Options) -> Reading:
    if most(source, _has_offsets):
        _refuse_others(source)
        return read_texts(source, options, NAME, _texts)
    faults = []
    if _joined(source.text) != source.text:
        message = "characters are encoded as surrogate pairs (CESU-8); decoded as single characters"
        faults.append(Fault(f"{source.path}:1", message, "warning"))
    how = How(NAME, "", "from 'text'", "from the labels", "")
    return reading_of(_pieces(source) or [], faults, how, options)


def _refuse_others(source: Source) -> None:
    """Refuses texts that have no labels with offsets, in one line and not in one for each.

    Raises:
        InputError: No record has any.
    """
    found = sample(source)
    if any(isinstance(record.get(key), list) for record in found for key in SPANS):
        strings = [r[key] for r in found for key in SPANS if isinstance(r.get(key), list)]
        if any(strings) and all(isinstance(one, str) for some in strings for one in some):
            raise InputError(
                f"{source.path}: its labels, {shown(next(filter(None, strings))[0])} first, are of "
                "whole texts (classification): a tagger needs labels of parts, with their offsets"
            )
        return
    keys = list(dict.fromkeys(key for record in found for key in record))
    raise InputError(
        f"{source.path}: JSON of texts without labels of parts of them: the objects have the keys "
        f"{', '.join(map(shown, keys[:12]))}; expected a list {' or '.join(map(repr, SPANS))}"
    )


def _texts(record: Any, where: str, skipped: Counter[str]) -> Iterator[Text]:
    """The text and labels of `{"text": ..., "entities": [...]}`."""
    if not isinstance(record, dict):
        raise ValueError("not a JSON object on one line" if record is None else f"{shown(record)} "
                         "is not an object with a text and its labels")  # fmt: skip
    key = next((key for key in TEXTS if key in record), None)
    lists = [key for key in SPANS if isinstance(record.get(key), list)]
    labels_key = next((key for key in lists if record[key]), next(iter(lists), None))
    if key is None or not isinstance(record[key], str) or labels_key is None:
        raise ValueError(f"no 'text' with a list {' or '.join(map(repr, SPANS))}")
    text = record[key]
    if not text.strip():
        raise ValueError("the text is empty")
    labels = [_label(one, text) for one in record[labels_key]]
    yield Text(text, labels, where, is_document(text))


def _label(one: Any, text: str) -> Label:
    match one:
        case [str(type), int(start), int(end)]:
            return label_of(type, start, end)
        case [start, end, type]:
            return label_of(type, start, end)
        case dict():
            values = [_value(one, keys) for keys in (_STARTS, _ENDS, _TYPES)]
            written = next((one[key] for key in _WRITTEN if isinstance(one.get(key), str)), None)
            if written is not None and "text" not in one and written not in text:
                written = None  # a synonym, or the like
            start, end, type = values
            return label_of(type, start, end, written)
    raise ValueError(f"a label is {shown(one)}, not a start, an end in the text and a type")


def _value(label: dict[str, Any], keys: tuple[str, ...]) -> Any:
    key = next((key for key in keys if key in label), keys[0])
    return field(label, key, object, "a label")


def _pieces(source: Source) -> list[Text] | None:
    """The utterances in `{intent: [{"data": [{"text": ..., "entity": ...}]}]}`."""
    value = as_json(_joined(source.text), source.path)
    if not isinstance(value, dict) or not all(isinstance(some, list) for some in value.values()):
        return None
    try:
        return list(_utterances(value, source.path)) or None
    except (TypeError, KeyError, AttributeError):
        return None


def _utterances(value: dict[str, Any], path: str) -> Iterator[Text]:
    for intent, utterances in value.items():
        for number, utterance in enumerate(utterances, 1):
            labels, text = [], ""
            for piece in utterance["data"]:
                start, text = len(text), text + piece["text"]
                if type := piece.get("entity"):
                    labels.append(Label(type, start, len(text)))
            yield Text(text, labels, f"{path}:{intent} {number}")


def _joined(text: str) -> str:
    """Text whose characters beyond U+FFFF were written as halves, each in UTF-8, made whole."""
    if not UNDECODABLE.search(text):
        return text
    try:
        halves = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogatepass")
        return halves.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeError:
        return text
