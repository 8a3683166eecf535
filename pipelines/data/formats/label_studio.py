"""Label Studio: its JSON, tasks with the results of annotators, and JSON-MIN, without them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from ...errors import InputError
from ...text.sentences import Fault, Reading
from ..options import Options
from ..source import Source
from .json_records import Record, field, is_document, label_of, most, read_texts, records, shown
from .labelled_text import Label, Text

NAME = "Label Studio JSON"
_RESULTS = ("annotations", "completions")  # the second in old versions


def recognises(source: Source) -> bool:
    return most(source, _is_task) or _is_task(source.value) or most(source, _is_minimal)


def _is_task(record: Any) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("data"), dict):
        return False
    return any(isinstance(record.get(key), list) for key in (*_RESULTS, "predictions"))


def _is_minimal(record: dict[str, Any]) -> bool:
    return any(isinstance(one, dict) and _is_region(one) for one in _firsts(record))


def _firsts(record: dict[str, Any]) -> Iterator[Any]:
    return (value[0] for value in record.values() if isinstance(value, list) and value)


def _is_region(region: dict[str, Any]) -> bool:
    return isinstance(region.get("labels"), list) and "start" in region and "end" in region


def read(source: Source, options: Options) -> Reading:
    tasks = list(_tasks(source))
    key = options.token_column
    key = key if isinstance(key, str) else _text_key(tasks, source.path)
    several: list[str] = []  # where there is more than one annotator
    seen: set[Any] = set()

    def texts(record: Any, where: str, skipped: Counter[str]) -> Iterator[Text]:
        if _is_task(record):
            data = record["data"]
            regions = _of_task(record, where, skipped, several)
        elif isinstance(record, dict):
            number = record.get("id")
            if isinstance(number, int) and number in seen:
                several.append(where)
                return
            seen.add(number if isinstance(number, int) else None)
            data, regions = record, _of_minimal(record)
        else:
            raise ValueError(f"the task is {shown(record)}, not an object")
        if regions is not None:
            labels = [label for region in regions for label in _labels(region)]
            text = field(data, key, str, "the data of the task")
            labels = [_with_line_breaks(label, text) for label in labels]
            yield Text(text, labels, where, is_document(text))

    reading = read_texts(source, options, NAME, texts, tasks)
    if several:
        message = (
            "this task was annotated more than once: the first annotation that is complete is read;"
            f" {len(several)} tasks were"
        )
        reading.faults.append(Fault(several[0], message, "warning"))
    return reading


def _tasks(source: Source) -> Iterable[Record]:
    if _is_task(source.value):  # a single one, whose annotations are no records
        return [Record(source.value, f"{source.path}:task {source.value.get('id', 1)}")]
    return records(source)


def _of_task(
    task: dict[str, Any], where: str, skipped: Counter[str], several: list[str]
) -> list[Any] | None:
    """The labelled regions of a task by its first annotator; None if it was not annotated."""
    key = next((key for key in _RESULTS if key in task), None)
    if key is None:
        raise ValueError("the task has only predictions, which nobody has checked")
    found = [
        one
        for one in field(task, key, list)
        if not (isinstance(one, dict) and (one.get("was_cancelled") or one.get("skipped")))
    ]
    if not found:
        skipped["tasks without annotation"] += 1
        return None
    if len(found) > 1:
        several.append(where)
    regions = []
    for result in field(found[0], "result", list, "an annotation"):
        kind = result.get("type") if isinstance(result, dict) else None
        if kind == "labels":
            regions.append(field(result, "value", dict, "a result"))
        elif isinstance(kind, str) and kind.endswith("labels"):
            raise InputError(
                f"{where}: Label Studio's {kind!r} label no plain text: only results of type "
                "'labels' can be read"
            )
    return regions


def _of_minimal(record: dict[str, Any]) -> list[Any]:
    lists = (value for value in record.values() if isinstance(value, list))
    return [one for some in lists if some and _looks_labelled(some[0]) for one in some]


def _looks_labelled(one: Any) -> bool:
    return isinstance(one, dict) and ("labels" in one or ("start" in one and "end" in one))


def _labels(region: Any) -> Iterator[Label]:
    types = field(region, "labels", list, "a region")
    if not types:
        raise ValueError("a region has no label: its list 'labels' is empty")
    start, end = (field(region, key, object, "a region") for key in ("start", "end"))
    return (label_of(type, start, end, region.get("text")) for type in types)


def _text_key(tasks: Iterable[Record], path: str) -> str:
    """The key of the text in the data of tasks: the one in which most labelled parts stand.

    Raises:
        InputError: There is none, or several and no labelled part to tell by.
    """
    counts: Counter[str] = Counter()
    for task, _ in tasks:
        if isinstance(task, dict):
            data = task["data"] if _is_task(task) else task
            strings = {key: value for key, value in data.items() if isinstance(value, str)}
            counts.update(dict.fromkeys(strings, 0))
            for written in _written(task):
                counts.update(key for key, text in strings.items() if written in text)
    best = [key for key, count in counts.items() if count == max(counts.values())]
    if "text" in best or len(best) == 1:
        return "text" if "text" in best else best[0]
    raise InputError(
        f"{path}: which key holds the text of the tasks is not to be seen: name it as the token "
        f"column; there are {shown([*counts])}"
    )


def _written(value: Any, depth: int = 0) -> Iterator[str]:
    """What labelled regions say that they cover."""
    for one in value.values() if isinstance(value, dict) else value:
        if isinstance(one, dict) and _is_region(one) and isinstance(one.get("text"), str):
            yield one["text"].partition("\\n")[0]
        elif isinstance(one, dict | list) and depth < 5:
            yield from _written(one, depth + 1)


def _with_line_breaks(label: Label, text: str) -> Label:
    r"""The label as it is in the text: old versions write line breaks in it as "\n"."""
    if label.written and "\\n" in label.written and label.written not in text:
        return label._replace(written=label.written.replace("\\n", "\n"))
    return label
