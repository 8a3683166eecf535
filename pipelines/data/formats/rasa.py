"""Examples of Rasa, in Markdown or YAML: `- from [Berlin](city) to [NY]{"entity": "city"}`.

What stands under `intent` is read; synonyms, lookup tables and regular expressions are no examples.
"""

import re

from ...errors import InputError
from ...text.sentences import Fault, How, Reading
from ..options import Options
from ..source import Source, as_json
from .faults import LEFT_OUT, error, undecodable
from .labelled_text import Label, Text, reading_of

NAME = "Rasa"
_SECTION = re.compile(r"\s*(?:##\s*|-\s+)?(?P<kind>intent|synonym|regex|lookup)\s*:")
_MARKDOWN = re.compile(r"##\s*intent\s*:\s*\S")
_YAML = re.compile(r"\s*-\s+intent\s*:\s*\S")
_EXAMPLE = re.compile(r"\s*[-*+]\s+(?P<text>.*)")
_LABEL = re.compile(
    r"\[(?P<text>[^\[\]]+)\](?:\((?P<type>[^():]+)(?::[^()]*)?\)|(?P<object>\{[^{}]*\}))"
)


def recognises(source: Source) -> bool:
    is_yaml = any(line.startswith("nlu:") for line in source.head)
    pattern = _YAML if is_yaml else _MARKDOWN
    return any(map(pattern.match, source.head))


def read(source: Source, options: Options) -> Reading:
    path = source.path
    is_yaml = any(line.startswith("nlu:") for line in source.head)
    faults: list[Fault] = []
    texts: list[Text] = []
    kind = ""
    for number, line in enumerate(source.lines, 1):
        where = f"{path}:{number}"
        if match := _SECTION.match(line):
            kind = match["kind"]
            continue
        if line.startswith("#") or (line[:1].strip() and is_yaml):
            kind = ""
        match = _EXAMPLE.fullmatch(_without_comments(line)) if kind == "intent" else None
        if not match or not match["text"].strip():
            continue
        if message := undecodable(line, source):
            faults.append(error(where, f"{message}{LEFT_OUT}"))
            continue
        if is_yaml and re.match(r"text\s*:", match["text"]):
            raise InputError(
                f"{where}: examples in several keys are not read: write them as '- ...'"
            )
        try:
            texts.append(_text(match["text"].strip(), where))
        except ValueError as problem:
            faults.append(error(where, f"{problem}{LEFT_OUT}"))
    if not texts and not faults:
        raise InputError(f"{path}: holds no examples under an intent")
    how = How(NAME, "", "the examples", "the labels", "")
    return reading_of(texts, faults, how, options)


def _without_comments(line: str) -> str:
    while (start := line.find("<!--")) >= 0 and (end := line.find("-->", start)) >= 0:
        line = line[:start] + line[end + len("-->") :]
    return line


def _text(line: str, where: str) -> Text:
    """An example without its labels, and these.

    Raises:
        ValueError: A label has no type.
    """
    text, labels, reached = "", [], 0
    for match in _LABEL.finditer(line):
        text += line[reached : match.start()]
        reached = match.end()
        type = match["type"]
        if not type:
            value = as_json(match["object"], where)
            type = value.get("entity") if isinstance(value, dict) else None
        if not isinstance(type, str) or not type.strip():
            raise ValueError(f"{match[0]!r} names no entity")
        labels.append(Label(type.strip(), len(text), len(text) + len(match["text"])))
        text += match["text"]
    text += line[reached:]
    if re.search(r"\]\(|\]\{", text):
        raise ValueError("a label in brackets is not complete")
    return Text(text, labels, where)
