"""Entities as elements in running text: `<PER>Anna</PER>`, `<ENAMEX TYPE="PERSON">Anna</ENAMEX>`.

A line is a text of its own. Elements of MUC (ENAMEX, NUMEX, TIMEX) have their type as an attribute;
others are called as their type is. `<s>` and `<p>` around lines are no entities.
"""

import html
import re
from collections import Counter
from typing import NamedTuple

from ...errors import InputError
from ...text.sentences import Fault, How, Reading
from ..options import Options
from ..source import Source
from .faults import LEFT_OUT, error, undecodable
from .labelled_text import Label, Text, reading_of

NAME = "text with inline tags"
_TAG = re.compile(r"<(?P<end>/)?(?P<name>[A-Za-z][\w.-]*)(?P<attributes>(?:\s[^<>]*)?/?)>")
_ELEMENT = re.compile(r"<([A-Za-z][\w.-]*)(?:\s[^<>]*)?>[^<>]+</\1>")
_TYPE = re.compile(r"""\btype\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_OF_MUC = ("ENAMEX", "NUMEX", "TIMEX")
_STRUCTURE = ("S", "P", "SENTENCE", "TEXT", "BODY", "DOC", "DOCUMENT")
_OF_HTML = ("A", "B", "I", "U", "P", "EM", "BR", "HR", "TD", "TR", "TH", "LI", "UL", "OL",
            "H1", "H2", "H3", "DIV", "PRE", "SUB", "SUP", "SPAN", "CODE", "FONT", "STRONG",
            "HTML")  # fmt: skip
_USUAL = ("PER", "PERS", "PERSON", "LOC", "LOCATION", "ORG", "ORGANIZATION", "ORGANISATION",
          "MISC", "GPE", "DATE", "TIME", "MONEY", "FAC", "PRODUCT", "EVENT")  # fmt: skip
_LEFT_OUT = "; the line is left out"


class _Open(NamedTuple):
    name: str
    type: str
    start: int


def recognises(source: Source) -> bool:
    text = "\n".join(source.head)
    if "<" not in text or re.match(r"\s*(<\?xml|<!DOCTYPE|<html)", text, re.IGNORECASE):
        return False
    names = [match[1] for match in _ELEMENT.finditer(text)]
    entities = [name for name in names if _is_entity(name)]
    words = re.sub(r"<[^<>]*>", "", text).split()
    return bool(entities) and 2 * len(entities) >= len(names) and len(words) > len(source.head)


def read(source: Source, options: Options) -> Reading:
    path = source.path
    faults: list[Fault] = []
    texts: list[Text] = []
    structure: Counter[str] = Counter()
    for number, line in enumerate(source.lines, 1):
        where = f"{path}:{number}"
        if message := undecodable(line, source):
            faults.append(error(where, f"{message}{LEFT_OUT}"))
            continue
        try:
            text, labels = _taken_apart(line, structure)
        except ValueError as problem:
            faults.append(error(where, f"{problem}{_LEFT_OUT}"))
            continue
        if text.strip():
            texts.append(Text(text, labels, where, is_document=True, continues=bool(texts)))
    if not texts and not faults:
        raise InputError(f"{path}: holds no text")
    counts = ", ".join(f"{n} <{name}>" for name, n in structure.items())
    how = How(NAME, "", "the text", "the elements", counts)
    return reading_of(texts, faults, how, options)


def _is_entity(name: str) -> bool:
    upper = name.upper()
    if upper in _OF_MUC or upper in _USUAL:
        return True
    return name == upper and len(name) > 1 and upper not in (*_STRUCTURE, *_OF_HTML)


def _taken_apart(line: str, structure: Counter[str]) -> tuple[str, list[Label]]:
    """The text of a line without its tags, and what these label.

    Raises:
        ValueError: An element is not closed, or not opened, or has no type.
    """
    text, labels = "", []
    opened: list[_Open] = []
    reached = 0
    for match in _TAG.finditer(line):
        text += html.unescape(line[reached : match.start()])
        reached = match.end()
        name, tag = match["name"], match[0]
        if name.upper() in _STRUCTURE:
            structure[name] += not match["end"]
        elif match["attributes"].endswith("/"):
            raise ValueError(f"{tag} is empty and labels nothing")
        elif not match["end"]:
            type = name
            if name.upper() in _OF_MUC:
                found = _TYPE.search(match["attributes"])
                if not found:
                    raise ValueError(f"{tag} has no TYPE")
                type = found[1]
            opened.append(_Open(name, type, len(text)))
        elif not opened or opened[-1].name != name:
            raise ValueError(f"{tag} closes what is not open on this line")
        else:
            first = opened.pop()
            if len(text) > first.start:
                labels.append(Label(first.type, first.start, len(text)))
    if opened:
        raise ValueError(f"<{opened[-1].name}> is not closed on its line")
    return text + html.unescape(line[reached:]), labels
