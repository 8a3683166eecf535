"""Tokens and tags in JSON as Hugging Face's tools write them, beyond JSON lines of names.

Arrays of records; columns, `{"tokens": [[...]], "ner_tags": [[...]]}`; rows of the viewer's
interface; and tags that are numbers, whose names are in the file or in one beside it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...text.sentences import Fault, How, Reading, Sentence
from ..options import Options
from ..source import Source, as_json
from .faults import LEFT_OUT
from .json_lines import TAG_KEYS, TOKEN_KEYS, keys, other_tags, record_fault
from .json_records import Record, is_json, records, sample, shown
from .labelled_text import cause_of

NAME = "Hugging Face JSON"
# Where names of tags are looked for, beside the file and in the folder above.
_BESIDE = ("dataset_info.json", "dataset_infos.json", "label2id.json", "id2label.json",
           "label.json", "labels.json", "config.json")  # fmt: skip
Names = dict[int, str]


def recognises(source: Source) -> bool:
    if not is_json(source):
        return False
    value = source.value
    if isinstance(value, dict) and (_columns(value) or _is_of_rows(value)):
        return True
    found = [r for r in sample(source) if {*TOKEN_KEYS} & {*r} and {*TAG_KEYS} & {*r}]
    if not any(isinstance(r[key], list) for r in found for key in TOKEN_KEYS if key in r):
        return False
    if isinstance(value, list) or (isinstance(value, dict) and len(source.head) > 1):
        return True
    if isinstance(value, dict) and found != [value]:
        return True  # records in an object, on one line
    numbers = sum(any(_are_numbers(record.get(key)) for key in TAG_KEYS) for record in found)
    return bool(found) and 2 * numbers >= len(found)


def _are_numbers(tags: Any) -> bool:
    return isinstance(tags, list) and bool(tags) and all(
        isinstance(tag, int) and not isinstance(tag, bool) for tag in tags
    )  # fmt: skip


def _is_of_rows(value: dict[str, Any]) -> bool:
    rows = value.get("rows")
    return isinstance(rows, list) and bool(rows) and isinstance(rows[0], dict) and "row" in rows[0]


def _columns(value: dict[str, Any]) -> bool:
    """Whether an object holds columns: a list of words in a place of each list, or under a key."""
    for name in TOKEN_KEYS:
        cells: Any = value.get(name)
        if isinstance(cells, dict):
            cells = [*cells.values()] if all(map(str.isdecimal, cells)) else []
        if isinstance(cells, list) and cells:
            return isinstance(cells[0], list)
    return False


def read(source: Source, options: Options) -> Reading:
    faults: list[Fault] = []
    rows = list(_rows(source, faults))
    token_key, tag_key = keys(source.path, (row.value for row in rows), options)
    names: Names | None = None
    sentences = []
    for record, where in rows:
        tags: Any = record.get(tag_key) if isinstance(record, dict) else None
        if _are_numbers(tags):
            names = names or _names(source, tag_key, tags[0])
            unknown = next((tag for tag in tags if tag not in names), None)
            if unknown is not None:
                message = f"{_no_name(unknown, names)}{LEFT_OUT}"
                faults.append(Fault(where, message, "error", "no name"))
                continue
            record = {**record, tag_key: [names[tag] for tag in tags]}
        if fault := record_fault(record, token_key, tag_key):
            message = f"{fault}{LEFT_OUT}"
            faults.append(Fault(where, message, "error", cause_of(message)))
            continue
        last = where.rpartition(":")[2]
        lines = [int(last)] * len(record[token_key]) if last.isdecimal() else []
        sentences.append(Sentence(record[token_key], record[tag_key], where, lines))
    faults += other_tags([row.value for row in rows], tag_key, rows[0].where, options)
    how = How(NAME, "", repr(token_key), repr(tag_key), "")
    return Reading(sentences, faults, how)


def _no_name(tag: int, names: Names) -> str:
    if tag == -100:
        return (
            "the tag -100 marks pieces of words that are not counted; write the data as it was "
            "before it was taken apart for a language model"
        )
    return f"the tag {tag} is none of the {len(names)} that have names"


def _rows(source: Source, faults: list[Fault]) -> Iterator[Record]:
    value, path = source.value, source.path
    if isinstance(value, dict) and _is_of_rows(value):
        rows, total = value["rows"], value.get("num_rows_total")
        if isinstance(total, int) and total > len(rows):
            message = f"the file holds {len(rows):,} of the {total:,} rows of the data set"
            faults.append(Fault(f"{path}:row 1", message, "warning"))
        for number, row in enumerate(rows, 1):
            where = f"{path}:row {number}"
            if isinstance(row, dict) and row.get("truncated_cells"):
                message = f"cells were cut off: {shown(row['truncated_cells'])}{LEFT_OUT}"
                faults.append(Fault(where, message, "error", "cells"))
            else:
                yield Record(row.get("row") if isinstance(row, dict) else row, where)
    elif isinstance(value, dict) and _columns(value):
        yield from _of_columns(value, path)
    else:
        yield from records(source)


def _of_columns(value: dict[str, Any], path: str) -> Iterator[Record]:
    """The records whose values stand in columns.

    Raises:
        InputError: The columns are of different lengths.
    """
    columns: dict[str, dict[Any, Any]] = {}
    for name, cells in value.items():
        if isinstance(cells, list):
            columns[name] = dict(enumerate(cells))
        elif isinstance(cells, dict) and all(map(str.isdecimal, cells)):  # as pandas writes them
            columns[name] = cells
    tokens = next(columns[name] for name in TOKEN_KEYS if columns.get(name))
    for name, cells in columns.items():
        if name in TAG_KEYS and cells.keys() != tokens.keys():
            raise InputError(
                f"{path}: the columns are of different lengths: {len(tokens)} lists of words, and "
                f"{len(cells)} in {name!r}"
            )
    kept = {name: cells for name, cells in columns.items() if cells.keys() == tokens.keys()}
    for number, row in enumerate(tokens, 1):
        record = {name: cells[row] for name, cells in kept.items()}
        yield Record(record, f"{path}:record {number}")


# Names of tags that are numbers


def _names(source: Source, key: str, tag: int) -> Names:
    """The names of the tags of a key, from the file or from one beside it.

    Raises:
        InputError: There are none, or different ones.
    """
    if isinstance(source.value, dict) and (inside := _names_in(source.value, key)):
        return _one_of(inside, source.path, key)
    folder = Path(source.path).absolute().parent
    for file in (folder / name for folder in (folder, folder.parent) for name in _BESIDE):
        try:
            value = as_json(file.read_text("utf-8-sig"), str(file))
        except (OSError, UnicodeDecodeError):
            continue
        found = _names_in(value, key)
        if file.stem in ("label2id", "id2label", "label", "labels"):
            found += _of_mapping(value)
        if found:
            return _one_of(found, str(file), key)
    raise InputError(
        f"{source.path}: the tags in {key!r} are numbers, {tag} first, without names: put the data "
        "set's dataset_info.json beside the file, or label2id.json with the number of each name; "
        "or write names. Looked for: 'features', 'id2label', 'label2id' in the file; "
        f"{', '.join(_BESIDE)} in its folder and the one above"
    )


def _one_of(found: list[Names], path: str, key: str) -> Names:
    if any(names != found[0] for names in found):
        raise InputError(
            f"{path}: has different names for the tags in {key!r}, as of several configurations: "
            "keep those of this file's"
        )
    return found[0]


def _names_in(value: Any, key: str, depth: int = 0) -> list[Names]:
    """The names of tags in a description of a data set, of each of its configurations."""
    if not isinstance(value, dict):
        return []
    found: list[Names] = []
    features = value.get("features")
    if isinstance(features, list):
        some = [f for f in features if isinstance(f, dict) and isinstance(f.get("name"), str)]
        features = {feature["name"]: feature.get("type", feature) for feature in some}
    if isinstance(features, dict):
        found += _of_feature(features.get(key))
    for name in ("id2label", "label2id"):
        found += _of_mapping(value.get(name))[:1]
    if not found and depth < 2:
        for inner in value.values():
            found += _names_in(inner, key, depth + 1)
    return found


def _of_feature(feature: Any, depth: int = 0) -> list[Names]:
    """The names in a feature, which may stand in others: a sequence of classes."""
    if depth > 5:
        return []
    if isinstance(feature, list):
        return _of_feature(feature[0], depth + 1) if feature else []
    if not isinstance(feature, dict):
        return []
    if found := _of_mapping(feature.get("names")):
        return found
    inner = (feature.get(name) for name in ("feature", "sequence", "class_label", "list"))
    return [names for one in inner for names in _of_feature(one, depth + 1)]


def _of_mapping(value: Any) -> list[Names]:
    """`["O", "B-PER"]`, `{"O": 0, "B-PER": 1}` or `{"0": "O", "1": "B-PER"}`."""
    if isinstance(value, list) and value and all(isinstance(name, str) for name in value):
        return [dict(enumerate(value))]
    if not isinstance(value, dict) or not value:
        return []
    if all(isinstance(n, int) and not isinstance(n, bool) for n in value.values()):
        names = {number: name for name, number in value.items()}
        return [names] if len(names) == len(value) else []
    if all(isinstance(v, str) and k.isdecimal() and len(k) < 6 for k, v in value.items()):
        return [{int(number): name for number, name in value.items()}]
    return []
