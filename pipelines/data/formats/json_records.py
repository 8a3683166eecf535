"""JSON files as records, however they are laid out, and what their fields must be.

Records are the lines of JSON lines; the elements of an array; the elements of the one list of
objects in an object, as in `{"version": 1, "data": [...]}`; or the one object that a file holds.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from reprlib import Repr
from typing import Any, NamedTuple

from ...errors import InputError
from ...text.sentences import Fault, How, Reading
from ..options import Options
from ..source import SAMPLE, Source
from .faults import LEFT_OUT
from .labelled_text import Label, Text, cause_of, reading_of

_JSON = re.compile(r'\s*(\[\s*[\[{"]|\{\s*(\n\s*)*"|[\[{]\s*$)')  # how a file of JSON may begin
_OF_ONE = ("text", "content", "data", "document")  # has one record, as a string or an object
_LISTS_OF_ONE = ("tokens", "words", "paragraphs")  # it may have as a list
_short = Repr()
_short.maxstring = _short.maxother = _short.maxlong = 60


class Record(NamedTuple):
    """A JSON value in a file and its place, "path:line" or "path:record number"."""

    value: Any
    where: str


def is_json(source: Source) -> bool:
    """Whether a file holds JSON, be it damaged."""
    begins = source.head and _JSON.match(source.head[0])
    return source.is_json_lines or source.value is not None or (
        bool(begins) and _JSON.match("\n".join(source.head)) is not None
        and not _is_table(source.head)
    )  # fmt: skip


def _is_table(lines: list[str]) -> bool:
    """Whether a file that begins with a bracket has columns: most lines end in a tag, not JSON."""
    ends = [line.rstrip()[-1] in '{}[],:"' for line in lines]
    return sum(ends) < len(ends) / 2


def records(source: Source) -> Iterator[Record]:
    """The records of a file; None is the value where a line of JSON lines is no JSON.

    Raises:
        InputError: The file is no JSON, or holds several lists of records.
    """
    value = source.value
    if isinstance(value, dict):
        key = _list_in(source, value)
        if key is None:
            first = next(n for n, line in enumerate(source.lines, 1) if line.strip())
            yield Record(value, f"{source.path}:{first}")
            return
        value = value[key]
    if isinstance(value, list):
        for number, element in enumerate(value, 1):
            yield Record(element, f"{source.path}:record {number}")
        return
    if source.first_record is not None:
        for number, element in source.records:
            yield Record(element, f"{source.path}:{number}")
        return
    raise InputError(not_json(source))


def _list_in(source: Source, value: dict[str, Any]) -> str | None:
    """The key of the only list of objects in an object that is no record itself."""
    if any(isinstance(value.get(key), str | dict) for key in _OF_ONE):
        return None
    lists = [k for k, v in value.items() if isinstance(v, list) and v and _are_objects(v)]
    if len(lists) > 1:
        known = {*_OF_ONE, *_LISTS_OF_ONE}
        lists = [k for k in lists if any(isinstance(v, dict) and known & {*v} for v in value[k])]
    if len(lists) > 1 and not any(isinstance(value.get(key), list) for key in _LISTS_OF_ONE):
        raise InputError(
            f"{source.path}: holds several lists of records, {_names(lists)}: write each into a "
            "file of its own"
        )
    return lists[0] if len(lists) == 1 else None


def _are_objects(values: list[Any]) -> bool:
    return sum(isinstance(value, dict) for value in values) > len(values) / 2


def not_json(source: Source) -> str:
    """Why a file that should hold JSON holds none."""
    path = source.path
    try:
        json.loads(source.text)
    except json.JSONDecodeError as error:
        where = f"{path}:{error.lineno}"
        if error.pos >= len(source.text.rstrip()):
            return f"{where}: the JSON is cut off here: {error.msg}"
        return f"{where}: is not JSON from column {error.colno} on: {error.msg}"
    except (ValueError, RecursionError):
        return f"{path}: is JSON that cannot be read: nested too deeply, or with too long a number"
    return f"{path}: is JSON without a record in it; expected objects, one to a sentence or text"


def sample(source: Source) -> list[dict[str, Any]]:
    """The first hundred records that are objects; none if the file has no records."""
    if not is_json(source):
        return []
    try:
        return [r.value for r in islice(records(source), SAMPLE) if isinstance(r.value, dict)]
    except InputError:
        return []


def most(source: Source, predicate: Callable[[dict[str, Any]], bool]) -> bool:
    """Whether a predicate holds for at least half of the first records, and for one at least."""
    found = sample(source)
    return 2 * sum(map(predicate, found)) >= max(1, len(found))


def read_texts(
    source: Source,
    options: Options,
    name: str,
    texts: Callable[[Any, str, Counter[str]], Iterable[Text]],
    among: Iterable[Record] | None = None,
) -> Reading:
    """The labelled texts of all records.

    Args:
        source: The file.
        options: How it is to be read.
        name: What the format is called.
        texts: Gives the texts of a record at a place; counts by name what it skips. Raises
            ValueError for a record that is damaged.
        among: The records, if they are not those of the file as a whole.
    """
    skipped: Counter[str] = Counter()
    found: list[Text] = []
    faults: list[Fault] = []
    for value, where in records(source) if among is None else among:
        try:
            found += texts(value, where, skipped)
        except ValueError as error:
            message = f"{error}{LEFT_OUT}"
            faults.append(Fault(where, message, "error", cause_of(message)))
    if not found and not faults:
        held = ", ".join(f"{n} {what}" for what, n in skipped.items()) or "no record"
        raise InputError(f"{source.path}: {name} without a sentence: it holds {held}")
    what = ", ".join(f"{n} {what}" for what, n in skipped.items())
    how = How(name, "", "from the text", "from the labels", what)
    return reading_of(found, faults, how, options)


def shown(value: Any) -> str:
    """A JSON value for a message, shortened."""
    return _short.repr(value)


def field(record: Any, key: str, kind: type, what: str = "the record") -> Any:
    """The value of a key.

    Raises:
        ValueError: The record is no object, lacks the key, or its value is of another kind.
    """
    if not isinstance(record, dict):
        return _refuse(f"{what} is {shown(record)}, not an object")
    if key not in record:
        return _refuse(f"{what} has no key {key!r}; it has {_names(record)}")
    value = record[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        return _refuse(f"{key!r} is {shown(value)}, not {_KINDS[kind]}")
    return value


_KINDS = {str: "a string", list: "a list", dict: "an object", int: "a whole number"}


def _refuse(message: str) -> Any:
    raise ValueError(message)


def offset(value: Any, what: str) -> int:
    """A number of characters, which some tools write as a string or with a decimal point.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, str) and value.isdecimal() and len(value) < 12:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"{what} of a label is {shown(value)}, not a number of characters")


def label_of(type: Any, start: Any, end: Any, written: Any = None) -> Label:
    """A label of JSON values.

    Raises:
        ValueError: They are no such thing.
    """
    if not isinstance(type, str):
        raise ValueError(f"the type of a label is {shown(type)}, not a string")
    text = written if isinstance(written, str) else None
    return Label(type, offset(start, "the start"), offset(end, "the end"), text)


def is_document(text: str) -> bool:
    """Whether a text has several lines: it is no single sentence then."""
    return "\n" in text.strip()


def _names(keys: Iterable[object], most: int = 8) -> str:
    shown_keys = list(map(shown, keys))
    more = f" and {len(shown_keys) - most} more" if len(shown_keys) > most else ""
    return (", ".join(shown_keys[:most]) or "none") + more
