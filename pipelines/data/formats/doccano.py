"""doccano's JSON with ids instead of names of labels; its other exports are labelled texts.

`{"text": ..., "annotations": [{"label": 3, "start_offset": 0, "end_offset": 4, "user": 1}]}`. The
names are in the file of labels, which doccano exports separately.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...text.sentences import Fault, Reading
from ..options import Options
from ..source import Source, as_json
from .json_records import field, is_document, label_of, most, read_texts, sample
from .labelled_text import Label, Text

NAME = "doccano JSON with label ids"
_NAMES = ("label_config.json", "labels.json", "label.json")  # files of labels, as people keep them


def recognises(source: Source) -> bool:
    return most(source, _is_one) and any(map(_has_ids, sample(source)))


def _is_one(record: dict[str, Any]) -> bool:
    some = record.get("annotations")
    return isinstance(some, list) and isinstance(record.get("text"), str) and all(
        isinstance(one, dict) and ("label" in one or "start_offset" in one) for one in some
    )  # fmt: skip


def _has_ids(record: dict[str, Any]) -> bool:
    some = record.get("annotations")
    return isinstance(some, list) and any(
        isinstance(one, dict) and isinstance(one.get("label"), int) for one in some
    )


def read(source: Source, options: Options) -> Reading:
    names = _names(source.path)
    several: list[str] = []

    def texts(record: Any, where: str, skipped: Counter[str]) -> Iterator[Text]:
        text = field(record, "text", str)
        annotations = field(record, "annotations", list)
        users = {one.get("user"): None for one in annotations if isinstance(one, dict)}
        if len(users) > 1:
            several.append(where)
            annotations = [one for one in annotations if one.get("user") == next(iter(users))]
        labels = [_label(one, names) for one in annotations]
        yield Text(text, labels, where, is_document(text))

    reading = read_texts(source, options, NAME, texts)
    if several:
        message = (
            "several people labelled this text: the labels of the first are read, as in "
            f"{len(several)} texts"
        )
        reading.faults.append(Fault(several[0], message, "warning"))
    return reading


def _names(path: str) -> dict[int, str]:
    """The names of labels by id, from a file beside.

    Raises:
        InputError: There is none.
    """
    for name in _NAMES:
        file = Path(path).parent / name
        try:
            value = as_json(file.read_text("utf-8-sig"), str(file))
        except (OSError, UnicodeDecodeError):
            continue
        entries = value if isinstance(value, list) else []
        found = {
            entry["id"]: entry["text"]
            for entry in entries
            if isinstance(entry, dict)
            and isinstance(entry.get("id"), int)
            and isinstance(entry.get("text"), str)
        }
        if found:
            return found
    raise InputError(
        f"{path}: its labels are ids, whose names are not in it: export as JSONL with the text of "
        f"the labels, or put the exported file of labels beside it as {_NAMES[0]}"
    )


def _label(one: Any, names: dict[int, str]) -> Label:
    number = field(one, "label", int, "an annotation")
    if number not in names:
        raise ValueError(f"the label {number} is none of the {len(names)} in the file of labels")
    start, end = (
        field(one, key, object, "an annotation") for key in ("start_offset", "end_offset")
    )
    return label_of(names[number], start, end)
