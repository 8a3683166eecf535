"""Converts labelled sentences to another tag scheme, another file format, or both.

Within a format only tags change: comments, further columns, whitespace and line ends are preserved
byte by byte. Between formats everything is kept that the target has a place for, and the rest is
reported. A file is kept only if reading it back gives the same sentences.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ..errors import InputError
from ..text import chunking
from ..text.sentences import Fault, Reading, Sentence, place, refuse_errors
from ..text.spelling import ONE_BY_ONE
from .column_finder import Columns, find_columns, splitter, with_cell
from .formats import columns as conll
from .formats import conllu, json_lines
from .options import AS_FOUND, Options
from .reader import read
from .source import BOM, JSON_SUFFIXES, Source, decoded_text, line_end, lines_of, open_source

_SEPARATORS = {"tab": ("\t", "TAB"), "space": (" ", "whitespace")}  # and what `read` calls them
TOKENS, TAGS, COMMENTS = "tokens", "tags", "comments"
COMPRESSED = {".gz", ".bz2", ".xz", ".zst", ".zip"}
_BOUNDARY = "-DOCSTART-"
# How people write JSON: escaped or not, with whitespace or without.
_STYLES: tuple[dict[str, Any], ...] = tuple(
    {"ensure_ascii": escaped, "separators": separators}
    for escaped in (False, True)
    for separators in ((", ", ": "), (",", ":"))
)


class Converted(NamedTuple):
    """What was written.

    Attributes:
        sentences: How many.
        tokens: How many.
        source: Scheme (None without one) and format of the source.
        target: Scheme and format of the target.
        notes: What was repaired, changed or not kept.
    """

    sentences: int
    tokens: int
    source: tuple[str | None, str]
    target: tuple[str | None, str]
    notes: list[Fault]


class _Block(NamedTuple):
    """A sentence and all that stands around it.

    Attributes:
        before: The comments and document boundaries before it, as lines.
        columns: The cells of each column, token by token; `TOKENS` and `TAGS` are among them.
    """

    before: list[str]
    columns: dict[str, list[str]]


class _Text(NamedTuple):
    """A file as it will be written, and the columns of its words and tags for `read`."""

    text: str
    token: int | str
    tag: int | str


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    to: str | None = None,
    options: Options = AS_FOUND,
    separator: Literal["tab", "space"] | None = None,
) -> Converted:
    """Writes labelled sentences to a new file.

    Args:
        source: A file that `read` reads.
        target: The file to write. Its name says its format: .jsonl for JSON lines, .conllu for
            CoNLL-U, anything else for CoNLL columns.
        to: The scheme to write the tags in; by default that of the source.
        options: As for `read`; the scheme of the source by default is what `chunking.detect` finds.
        separator: What is to stand between columns; by default what stands there now, or TAB.

    Raises:
        InputError: The source has errors, the target exists or has no place for the tags, or what
            would be written could not be read again.
    """
    source, target = os.fspath(source), Path(target)
    if target.exists():
        raise InputError(f"{target}: exists: give another name")
    if target.suffix.lower() in COMPRESSED:
        raise InputError(f"{target}: files are written uncompressed: leave out {target.suffix}")
    if not target.absolute().parent.is_dir():
        raise InputError(f"{target}: cannot be written: there is no such folder")
    reading = read(source, options)
    refuse_errors(reading.faults)
    sentences, notes, own, to = _in_scheme(source, reading, to)
    notes = [*reading.faults, *notes]
    wanted = _format(target)
    if wanted == conllu.NAME and to is not None:
        raise InputError(f"{target}: CoNLL-U has no column for the tags of entities: write .conll")
    other_separator = separator and _SEPARATORS[separator][1] != reading.how.separator
    if reading.how.format == wanted and not (wanted == conll.NAME and other_separator):
        written, more_notes = _same_format(source, sentences, options)
    else:
        blocks, more_notes = _blocks(source, sentences, reading.how.format, options)
        if wanted == json_lines.NAME:
            written = _json_lines(blocks)
        elif wanted == conllu.NAME:
            written = _conllu(blocks, more_notes, source)
        else:
            written = _columns(blocks, more_notes, source, _SEPARATORS[separator or "tab"][0])
    notes += more_notes
    part = target.with_name(f".{target.stem}.part{target.suffix}")
    try:
        try:
            part.write_bytes(written.text.encode("utf-8", "surrogateescape"))
        except UnicodeEncodeError:
            raise InputError(
                f"{source}: contains an unpaired surrogate, which is no character"
            ) from None
        except OSError as error:
            raise InputError(f"{target}: cannot be written: {error.strerror}") from None
        notes += _verified(part, written, sentences, source)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    tokens = sum(len(sentence.tokens) for sentence in sentences)
    return Converted(len(sentences), tokens, (own, reading.how.format), (to, wanted), notes)


def _format(target: Path) -> str:
    """The format that the name of a file says, as `read` calls it."""
    suffix = target.suffix.lower()
    return {".conllu": conllu.NAME, **dict.fromkeys(JSON_SUFFIXES, json_lines.NAME)}.get(
        suffix, conll.NAME
    )


def _in_scheme(
    source: str, reading: Reading, to: str | None
) -> tuple[list[Sentence], list[Fault], str | None, str | None]:
    """The sentences with tags of the scheme wanted; what was repaired; both schemes."""
    try:
        to = to and chunking.named(to)
    except ValueError as error:
        raise InputError(str(error)) from None
    sentences = reading.sentences
    scheme = reading.scheme or chunking.detect(sentence.tags for sentence in sentences)
    scheme = None if scheme == ONE_BY_ONE else scheme
    if to is None:
        return sentences, [], scheme, scheme
    if scheme is None:
        raise InputError(f"{source}: its tags spell no entities, so they have no scheme to convert")
    result, notes = [], []
    for sentence in sentences:
        for index, message in chunking.violations(sentence.tags, scheme):
            where = place(sentence, index)
            if not chunking.is_chunk_tag(sentence.tags[index]):
                raise InputError(f"{where}: {message}; repair it first")
            notes.append(Fault(where, f"{message}; repaired as conlleval reads it", "warning"))
        try:
            tags = chunking.convert(sentence.tags, scheme, to)
        except ValueError as error:
            raise InputError(f"{sentence.where}: {error}") from None
        result.append(sentence._replace(tags=tags))
    return result, notes, scheme, to


def _same_format(
    source: str, sentences: list[Sentence], options: Options
) -> tuple[_Text, list[Fault]]:
    """The source with other tags, and nothing else changed."""
    text, encoding = decoded_text(source, options.encoding)
    lines, end = lines_of(text), line_end(text)
    raw = text.removeprefix(BOM).split(end)
    returns = [line.endswith("\r") and end == "\n" for line in raw]
    notes: list[Fault] = []
    if encoding != "UTF-8":
        notes.append(_changed(source, f"it is {encoding}; UTF-8 is written"))
    opened = Source(source, lines)
    if opened.is_json_lines:
        records = {s.lines[0]: json.loads(lines[s.lines[0] - 1]) for s in sentences}
        token, tag = json_lines.keys(source, records.values(), options)
        for sentence in sentences:
            number = sentence.lines[0]
            line, record = lines[number - 1], records[number]
            record_as_written = (json.dumps(record, **style) for style in _STYLES)
            styles = zip(_STYLES, record_as_written, strict=True)
            style = next((style for style, written in styles if written == line.strip()), None)
            if style is None:
                message = "whitespace and escapes of the JSON are not preserved; the values are"
                notes.append(Fault(f"{source}:{number}", message, "warning"))
            lines[number - 1] = json.dumps({**record, tag: sentence.tags}, **(style or _STYLES[0]))
        columns: tuple[int | str, int | str] = (token, tag)
    else:
        there = _find(opened, options)
        split = splitter(there)
        for sentence in sentences:
            for number, tag in zip(sentence.lines, sentence.tags, strict=True):
                if split(lines[number - 1])[there.tag].strip() != tag:
                    lines[number - 1] = with_cell(lines[number - 1], there, there.tag, tag)
        columns = (there.token, there.tag)
    ended = (line + "\r" * carriage for line, carriage in zip(lines, returns, strict=True))
    return _Text(BOM * text.startswith(BOM) + end.join(ended), *columns), notes


def _find(source: Source, options: Options) -> Columns:
    if conllu.recognises(source):
        return conllu.columns(source, options)
    return find_columns(source, options)


def _blocks(
    source: str, sentences: list[Sentence], format: str, options: Options
) -> tuple[list[_Block], list[Fault]]:
    """Everything in the source, sentence by sentence, and what has no place there."""
    if format not in (conll.NAME, conllu.NAME, json_lines.NAME):
        blocks = [_Block([], {TOKENS: s.tokens, TAGS: s.tags}) for s in sentences]
        return blocks, [_not_kept(source, f"what {format} says besides words and tags")]
    opened = open_source(source, options.encoding)
    lines = list(opened.lines)
    if format == json_lines.NAME:
        return _blocks_of_json(source, lines, sentences, options)
    columns = _find(opened, options)
    split = splitter(columns)
    width = columns.width
    token, tag = columns.token % width, columns.tag % width
    names = list(conllu.COLUMNS) if columns.numbered else [f"column_{i}" for i in range(width)]
    names[token], names[tag] = TOKENS, TAGS
    if columns.any_width and any(
        len(split(lines[number - 1])) != width for s in sentences for number in s.lines
    ):  # only the two columns that were named are sure to be there
        names = [TOKENS, TAGS]
    left_out: Counter[str] = Counter()
    if names == [TOKENS, TAGS] and width > 2:
        left_out["columns of changing number"] = width - 2
    blocks, reached = [], 0
    for sentence in sentences:
        first, last = sentence.lines[0], sentence.lines[-1]
        before = [line for line in lines[reached : first - 1] if line.strip()]
        inner = [lines[n - 1] for n in set(range(first, last + 1)) - set(sentence.lines)]
        if columns.numbered:
            rows = [line for line in before if not line.startswith(("#", _BOUNDARY))]
            before = [line for line in before if line.startswith(("#", _BOUNDARY))]
            left_out["rows of multiword tokens and empty nodes"] += len(rows) + len(inner)
        else:
            left_out["comments inside sentences"] += len(inner)
        if len(names) == width:
            cells = zip(*(split(lines[number - 1]) for number in sentence.lines), strict=True)
            block = {
                name: [cell.strip(" ") for cell in column]
                for name, column in zip(names, cells, strict=True)
            }
        else:
            block = {}
        blocks.append(_Block(before, {**block, TOKENS: sentence.tokens, TAGS: sentence.tags}))
        reached = last
    left_out["lines after the last sentence"] = sum(bool(line.strip()) for line in lines[reached:])
    notes = [_not_kept(source, f"{n} {what}") for what, n in left_out.items() if n]
    return blocks, notes


def _blocks_of_json(
    source: str,
    lines: list[str],
    sentences: list[Sentence],
    options: Options,
) -> tuple[list[_Block], list[Fault]]:
    records = [json.loads(lines[s.lines[0] - 1]) for s in sentences]
    token, tag = json_lines.keys(source, records, options)
    blocks, moved = [], Counter[str]()
    for sentence, record in zip(sentences, records, strict=True):
        before, columns = [], {}
        for key, value in record.items():
            strings = isinstance(value, list) and all(isinstance(cell, str) for cell in value)
            if key in (token, tag):
                columns[TOKENS if key == token else TAGS] = value
            elif key == COMMENTS and strings:
                before += value
            elif strings and len(value) == len(sentence.tokens):
                columns[key] = value
            else:
                plain = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                before.append(f"# {key} = {' '.join(plain.split())}")
                moved[key] += 1
        blocks.append(_Block(before, {**columns, TOKENS: sentence.tokens, TAGS: sentence.tags}))
    notes = [
        _changed(source, f"the value of {key!r} becomes a comment in {n} sentences")
        for key, n in moved.items()
    ]
    return blocks, notes


def _columns(blocks: list[_Block], notes: list[Fault], source: str, separator: str) -> _Text:
    """Lines of cells; the names of columns get lost, and so does the separator."""
    names = list(dict.fromkeys(chain.from_iterable(block.columns for block in blocks)))
    if {"id", "head", "deprel"} <= set(names):  # CoNLL-U: the tags must be where they are found
        filled = [
            name for name in names if any(set(b.columns.get(name, ())) - {"_"} for b in blocks)
        ]
        names = [TOKENS, *(n for n in filled if n not in ("id", TOKENS, TAGS)), TAGS]
    named = [name for name in names if name not in (TOKENS, TAGS) and not _is_numbered(name)]
    if named:
        order = ", ".join(names)
        notes.append(_not_kept(source, f"names of columns, which stand in this order: {order}"))
    lines = []
    for block in blocks:
        for line in block.before:
            boundary = line.startswith(_BOUNDARY)
            lines += [line, ""] if boundary else [_comment(line)]
        gaps = {name: ["_"] * len(block.columns[TOKENS]) for name in names}
        rows = zip(*(block.columns.get(name, gaps[name]) for name in names), strict=True)
        lines += [separator.join(cell or "_" for cell in row) for row in rows]
        lines.append("")
    return _Text("\n".join([*lines, ""]), names.index(TOKENS), names.index(TAGS))


def _conllu(blocks: list[_Block], notes: list[Fault], source: str) -> _Text:
    """CoNLL-U: words in FORM, tags in UPOS, or in XPOS where there are others in UPOS."""
    names = set(chain.from_iterable(block.columns for block in blocks))
    tag = "xpos" if "upos" in names else "upos"
    numbered = [n for n in names if n not in conllu.COLUMNS and n not in (TOKENS, TAGS)]
    notes += [_not_kept(source, f"the column {name!r}") for name in sorted(numbered)]
    boundaries, lines = 0, []
    for block in blocks:
        for line in block.before:
            boundaries += line.startswith(_BOUNDARY)
            lines.append("# newdoc" if line.startswith(_BOUNDARY) else _comment(line))
        length = len(block.columns[TOKENS])
        ids = block.columns.get("id", [str(n) for n in range(1, length + 1)])
        columns = {**block.columns, "id": ids, "form": block.columns[TOKENS]}
        columns[tag] = block.columns[TAGS]
        rows = zip(*(columns.get(name, ["_"] * length) for name in conllu.COLUMNS), strict=True)
        lines += ["\t".join(cell or "_" for cell in row) for row in rows]
        lines.append("")
    if boundaries:
        message = f"{boundaries} document boundaries become comments, '# newdoc'"
        notes.append(_changed(source, message))
    return _Text("\n".join([*lines, ""]), "form", tag)


def _json_lines(blocks: list[_Block]) -> _Text:
    records = ({COMMENTS: b.before, **b.columns} if b.before else b.columns for b in blocks)
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    return _Text("".join(lines), TOKENS, TAGS)


def _verified(
    part: Path, written: _Text, sentences: Sequence[Sentence], source: str
) -> list[Fault]:
    """Reads what was written; a note if that takes naming the columns.

    Raises:
        InputError: Other sentences are read than those that were to be written.
    """
    reread = _attempt(lambda: read(part, Options(written.token, written.tag)))
    sentences_there = reread.sentences if reread else []
    for n, sentence in enumerate(sentences):
        if n >= len(sentences_there) or sentences_there[n][:2] != sentence[:2]:
            raise InputError(
                f"{sentence.where}: this sentence would be read as another one: a word in it "
                "looks like a comment, a boundary or several columns there; choose another format"
            )
    if len(sentences_there) > len(sentences):
        raise InputError(f"{source}: a comment would be read as words; choose another format")
    by_itself = _attempt(lambda: read(part))
    if not by_itself or [s[:2] for s in by_itself.sentences] != [s[:2] for s in sentences_there]:
        options = f"--token-column {written.token} --tag-column {written.tag}"
        return [_changed(source, f"to read what was written, name its columns: {options}")]
    return []


def _attempt(reading: Callable[[], Reading]) -> Reading | None:
    try:
        return reading()
    except InputError:
        return None


def _is_numbered(name: str) -> bool:
    return name.startswith("column_") and name.removeprefix("column_").isdecimal()


def _comment(line: str) -> str:
    """A line as a comment that `read` takes for one."""
    line = " ".join(line.split()) if not line.startswith("# ") else line
    return line if line.startswith("# ") else f"# {line.removeprefix('#')}"


def _not_kept(source: str, what: str) -> Fault:
    return Fault(source, f"not kept: {what}", "warning")


def _changed(source: str, what: str) -> Fault:
    return Fault(source, what, "warning")
