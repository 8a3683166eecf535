"""CoNLL-U and CoNLL-U Plus: ten columns with names, or those that the file names itself.

Entities may stand in the last column, MISC, in three ways: as tags (`NER=B-PER`), or in brackets
(`Entity=(1-person` and `1)`) whose fields the file names in `# global.Entity`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from ...errors import InputError
from ...text.chunking import Span, are_chunk_tags, encode, parse
from ...text.sentences import Fault, Reading, Sentence, place
from ..column_finder import Columns, index_of
from ..options import Options
from ..source import Source
from . import layers
from .columns import read_rows
from .faults import LEFT_OUT, error, unfit, warning

NAME = "CoNLL-U"
PLUS = "CoNLL-U Plus"
IN_MISC = "CoNLL-U with entities in MISC"
COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_ROW = re.compile(r"\d+([-.]\d+)?(\t[^\t]*){9}$")
_NAMES = re.compile(r"#\s*global\.columns\s*=\s*(.*)", re.IGNORECASE)
_FIELDS = re.compile(r"#\s*global\.Entity\s*=\s*(\S+)", re.IGNORECASE)
_BRACKET = re.compile(r"(?P<opens>\()?(?P<content>[^()]*)(?P<closes>\))?")
_TYPE_FIELDS, _IDENTIFIERS = ("etype", "entity"), ("eid", "grp")
_MISC = "misc."


def recognises(source: Source) -> bool:
    if source.path.lower().endswith(".conllu") or _own_names(source):
        return True
    rows = [line for line in source.head if not line.startswith(("#", "-DOCSTART-"))]
    return bool(rows) and sum(map(bool, map(_ROW.match, rows))) >= 0.95 * len(rows)


def columns(source: Source, options: Options) -> Columns:
    names = _own_names(source) or COLUMNS
    width = len(names)
    token = "form" if options.token_column is None else options.token_column
    tag = options.tag_column
    if tag is None:
        tag = "upos" if names == COLUMNS else _tag_column(source, names)
    tag = index_of(source.path, tag, width, names)
    return Columns(
        separator="TAB",
        width=width,
        token=index_of(source.path, token, width, names),
        tag=tag,
        chunk_tags=False,
        any_width=False,
        names=names,
        numbered=names[0] == "id",
        empty_tag="_" if names[tag] in ("upos", "xpos") else "",
    )


def read(source: Source, options: Options) -> Reading:
    key = _misc_key(options)
    there = columns(source, options._replace(tag_column="misc") if key else options)
    name = NAME if there.names == COLUMNS else PLUS
    if not key:
        there = there._replace(besides=_besides(source, there))
        return read_rows(source, there, name, _skip(there.names))
    return _from_misc(source, read_rows(source, there, IN_MISC, _skip(there.names)), key, options)


def _own_names(source: Source) -> tuple[str, ...]:
    """The names of columns that the file gives itself."""
    for line in source.head:
        if not line.startswith("#"):
            break
        if match := _NAMES.match(line):
            return tuple(match[1].lower().split())
    return ()


def _tag_column(source: Source, names: tuple[str, ...]) -> str:
    """The column of the tags, among columns that the file has named: that of the entities.

    Raises:
        InputError: There are several, or neither entities nor parts of speech.
    """
    counts = [Counter[str]() for _ in names]
    for line in source.lines[:5000]:
        cells = line.split("\t")
        if len(cells) == len(names) and not line.startswith("#"):
            for column, cell in zip(counts, cells, strict=True):
                column[cell] += 1
    found = [
        name
        for name, column in zip(names, counts, strict=True)
        if are_chunk_tags(column) and any(tag != "O" for tag in column)
    ]
    if len(found) > 1:
        ways = " and ".join(found)
        raise InputError(f"{source.path}: {ways} hold entities: name one of them with tag_column")
    if not found and "upos" not in names:
        raise InputError(
            f"{source.path}: no column of entities or UPOS among {', '.join(names)}: name the one "
            "of the tags with tag_column"
        )
    return found[0] if found else "upos"


def _skip(names: tuple[str, ...]) -> Callable[[str, Sequence[str], bool], str]:
    number = names.index("id") if "id" in names else None

    def skipped(line: str, cells: Sequence[str], at_start: bool) -> str:
        if line.startswith("#"):
            return "comments"
        if number is None or number >= len(cells) or cells[number].isdecimal():
            return ""
        # "3-4" is a word written as one that rows 3 and 4 take apart, "8.1" one not written
        kinds = {"-": "multiword tokens", ".": "empty nodes"}
        return kinds.get(cells[number].strip("0123456789"), "")

    return skipped


def _misc_key(options: Options) -> str:
    tag = options.tag_column
    is_key = isinstance(tag, str) and tag.lower().startswith(_MISC)
    return str(tag)[len(_MISC) :] if is_key else ""


def _values(misc: str) -> list[tuple[str, str]]:
    """The keys and values in a cell of MISC."""
    pairs = (part.partition("=") for part in misc.split("|"))
    return [(key, value) for key, found, value in pairs if found]


def _besides(source: Source, there: Columns) -> str:
    """What to know about entities in MISC, as text for people."""
    if "misc" not in there.names:
        return ""
    index = there.names.index("misc")
    lines = (line for line in source.lines if "=" in line and not line.startswith("#"))
    rows = (line.split("\t") for line in lines)
    cells = Counter(row[index] for row in rows if len(row) == there.width)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for cell, number in cells.items():
        for key, value in _values(cell):
            counts[key][value] += number
    found = []
    for key, values in counts.items():
        if key == "Entity" and any("(" in value for value in values):
            number = sum(value.count("(") * n for value, n in values.items())
        elif are_chunk_tags(values):
            number = sum(n for tag, n in values.items() if parse(tag)[0] in "BSU")
        else:
            continue
        found += [f"{number:,} with tag_column = 'misc.{key}'"] if number else []
    return f" (MISC has entities, too: {', '.join(found)})" if found else ""


def _from_misc(source: Source, reading: Reading, key: str, options: Options) -> Reading:
    """The reading of whole cells of MISC, with the tags that stand there under a key."""
    path = source.path
    sentences = [
        s._replace(tags=[dict(_values(tag)).get(key, "") for tag in s.tags])
        for s in reading.sentences
    ]
    values = Counter(tag for s in sentences for tag in s.tags if tag and tag != "_")
    if sentences and not values:
        known = Counter(k for s in reading.sentences for tag in s.tags for k, _ in _values(tag))
        some = ", ".join(name for name, _ in known.most_common(10)) or "no key"
        raise InputError(f"{path}: no {key!r} in MISC; it has {some}")
    if any("(" in value for value in values):
        return _from_brackets(source, reading._replace(sentences=sentences), options)
    faults: list[Fault] = []
    kept = []
    for sentence in sentences:
        tags = [tag if tag and tag != "_" else "O" for tag in sentence.tags]
        odd = next((n for n, tag in enumerate(tags) if unfit(tag, tag)), None)
        if odd is None:
            kept.append(sentence._replace(tags=tags))
        else:
            faults.append(error(place(sentence, odd), f"{key} is no tag{LEFT_OUT}"))
    how = reading.how._replace(tag_column=f"misc.{key}")
    return Reading(kept, reading.faults + faults, how)


def _from_brackets(source: Source, reading: Reading, options: Options) -> Reading:
    """Entities in brackets, whose opening one has an identifier and a type."""
    path = source.path
    index = layers.chosen(path, options)
    match = next(filter(None, map(_FIELDS.match, source.lines[:1000])), None)
    fields = match[1].lower().split("-") if match else []
    type_field = next((fields.index(name) for name in _TYPE_FIELDS if name in fields), None)
    if type_field is None:
        raise InputError(
            f"{path}: its entities stand in brackets, but no comment '# global.Entity = ...' names "
            "'etype' as one of their fields: add it, or convert them to tags"
        )
    identifier = next((fields.index(name) for name in _IDENTIFIERS if name in fields), None)
    faults: list[Fault] = []
    kept: list[Sentence] = []
    overlapping = 0
    for sentence in reading.sentences:
        try:
            spans = _spans(sentence, type_field, identifier, faults)
        except ValueError as problem:
            faults.append(error(sentence.where, f"{problem}{LEFT_OUT}"))
            continue
        found = layers.in_layers(spans)
        mine = found[index] if index < len(found) else []
        overlapping += len(spans) - len(mine)
        kept.append(sentence._replace(tags=encode(mine, len(sentence.tokens), "IOB2")))
    if overlapping:
        faults.append(warning(path, layers.others(overlapping, index)))
    how = reading.how._replace(tag_column="misc.Entity, in brackets")
    return Reading(kept, reading.faults + faults, how, layer=options.layer)


def _spans(
    sentence: Sentence, type_field: int, identifier: int | None, faults: list[Fault]
) -> list[Span]:
    """The spans of entities in brackets.

    Args:
        sentence: Its tags are the cells with the brackets.
        type_field: Which field of an opening bracket is the type.
        identifier: Which field is the identifier that the closing bracket repeats; None if there
            is none, and the innermost entity is closed.

    Raises:
        ValueError: A bracket is not closed, or not opened, or says no type.
    """
    spans: list[Span] = []
    opened: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for n, value in enumerate(sentence.tags):
        for match in _BRACKET.finditer(value if value != "_" else ""):
            fields = match["content"].split("-")
            key = fields[0]
            if match["opens"]:
                if len(fields) <= max(type_field, identifier or 0) or not fields[type_field]:
                    raise ValueError("an entity in brackets has no type or no identifier")
                key = "" if identifier is None else fields[identifier]
                opened[key].append((n, fields[type_field]))
            if match["closes"]:
                key = "" if identifier is None else key
                if not opened[key]:
                    raise ValueError("an entity in brackets ends where none began")
                start, type = opened[key].pop()
                if "[" in key:
                    message = "an entity in several pieces cannot be spelled by tags; not read"
                    faults.append(warning(place(sentence, n), message))
                else:
                    spans.append(Span(type, start, n + 1))
    if any(opened.values()):
        raise ValueError("an entity in brackets does not end in its sentence")
    return spans
