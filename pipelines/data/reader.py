"""Reading labelled sentences from files: CoNLL columns, CoNLL-U and JSON.

Whatever is wrong with the content is collected as faults and never raised. An error leaves its
sentence out, and says so; a warning keeps it.
"""

import codecs
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from ..errors import InputError
from ..text.chunking import is_chunk_tag
from ..text.sentences import Fault, How, Reading, Sentence
from .columns import Columns, find_columns, splitter

LABELLED = "JSON of labelled texts"
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
BOM = "\ufeff"  # the byte order mark
_UNDECODABLE = re.compile("[\udc80-\udcff]")  # what "surrogateescape" makes of invalid UTF-8
_UNFIT = re.compile("[\0\t\n\r\ud800-\udfff]")
_TOKEN_KEYS, _TAG_KEYS = ("tokens", "words"), ("tags", "labels", "ner_tags")
_LEFT_OUT = "; the sentence is left out"


def read(
    path: str | os.PathLike[str],
    token_column: int | str | None = None,
    tag_column: int | str | None = None,
) -> Reading:
    """Reads a file of labelled sentences, in the format that its name or its content shows.

    Args:
        path: A file of CoNLL columns with any separator, of CoNLL-U, or of JSON lines; or JSON of
            texts with labelled parts, which are taken apart into words: see `annotated`.
        token_column: The column of the words, counted from 0, or from -1 at the end; a name in
            CoNLL-U, a key in JSON lines. By default the first, or the second if the first only
            counts; FORM; "tokens" or "words".
        tag_column: The column of the tags, likewise. By default the last that holds chunk tags,
            else the last; UPOS; "tags", "labels" or "ner_tags".

    Raises:
        InputError: If there is no such file, it cannot be read, it holds no sentence, its format
            cannot be made out, or it has no such column.
    """
    path = os.fspath(path)
    lines = lines_of(text_of(path))
    if is_json(path, lines):
        if token_column is None and tag_column is None:
            labelled = _read_labelled(path, lines)
            if labelled is not None:
                return labelled
        return _read_json(path, lines, token_column, tag_column)
    return _read_columns(path, lines, find_columns(path, lines, token_column, tag_column))


def read_hironsancorpus(split: Literal["train", "test"]) -> Reading:
    """Reads the Japanese corpus in the package hironsancorpus: 450 + 50 sentences, 8 types.

    Persons are tagged PSN in most places and PER in some; both are kept.

    Raises:
        InputError: If the package is not installed or there is no such split.
    """
    if split not in ("train", "test"):
        raise InputError(f"hironsancorpus has no split {split!r}; it has 'train' and 'test'")
    try:
        from hironsan.corpus import hiron2016
    except ImportError as error:
        raise InputError(
            "hironsancorpus is not installed: pip install 'keras-lstm-variants[quickstart]'"
        ) from error
    sentences = []
    for number, rows in enumerate(hiron2016.iob_sents(split), 1):
        # Rows have 10 or 12 columns. Those of 11 began with an ideographic space, the token,
        # which the package strips from the line together with the TAB after it.
        tokens = ["\u3000" if len(row) == 11 else row[0] for row in rows]
        where = f"hironsancorpus:{split}:sentence {number}"
        sentences.append(Sentence(tokens, [row[-1] for row in rows], where, []))
    how = How("package hironsancorpus", "TAB", "the first column", "the last column", "")
    return Reading(sentences, [], how)


def text_of(path: str) -> str:
    """What a file says, its byte order mark included; undecodable bytes become lone surrogates.

    Raises:
        InputError: There is no such file, it cannot be read, is empty or is UTF-16.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a directory; name a file in it") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(f"{path}: is UTF-16; save it as UTF-8")
    text = data.decode("utf-8", "surrogateescape")
    if not text.removeprefix(BOM).strip():
        raise InputError(f"{path}: is empty; expected a file of labelled sentences")
    return text


def line_end(text: str) -> str:
    """What divides a text into lines: a carriage return only if there is nothing else."""
    # not splitlines(): it would also split at characters that tokens contain
    return "\n" if "\n" in text else "\r"


def lines_of(text: str) -> list[str]:
    """The lines of a text, without their ends and without its byte order mark."""
    text = text.removeprefix(BOM).replace("\r\n", "\n")
    return text.split(line_end(text))


def _read_columns(path: str, lines: Sequence[str], columns: Columns) -> Reading:
    """Takes the sentences out of the lines of a file of columns."""
    split = splitter(columns)
    sentences: list[Sentence] = []
    faults: list[Fault] = []
    skipped: Counter[str] = Counter()
    tokens: list[str] = []
    tags: list[str] = []
    numbers: list[int] = []
    broken = False
    document = 0
    for number, line in enumerate(chain(lines, [""]), 1):
        is_boundary = line.startswith("-DOCSTART-")
        if is_boundary or not line.strip():  # a break may be a TAB, so "\n" is not enough
            skipped["document boundaries"] += is_boundary
            if numbers and not broken:
                where = f"{path}:{numbers[0]}"
                sentences.append(Sentence(tokens, tags, where, numbers, document))
            tokens, tags, numbers, broken = [], [], [], False
            document += is_boundary
            continue
        cells = split(line)
        if not_a_token := _not_a_token(line, cells, columns, at_start=not numbers):
            skipped[not_a_token] += 1
            document += line.startswith("# newdoc")
            continue
        numbers.append(number)
        fault = _row_fault(f"{path}:{number}", line, cells, columns)
        if fault:
            faults.append(fault)
            if fault.severity == "error":
                broken = True
                continue
        tokens.append(cells[columns.token].strip(" "))
        tags.append(cells[columns.tag].strip())
    if not sentences and not faults:
        raise InputError(f"{path}: holds no sentence")
    return Reading(sentences, faults, _how(columns, skipped))


def _not_a_token(line: str, cells: Sequence[str], columns: Columns, at_start: bool) -> str:
    """What a line is instead of a token, or ""."""
    if columns.conllu:
        if line.startswith("#"):
            return "comments"
        # "3-4" is a word written as one that rows 3 and 4 take apart, "8.1" one not written
        return {"-": "multiword tokens", ".": "empty nodes"}.get(cells[0].strip("0123456789"), "")
    # "#" may be a token, so a comment must fail to be a row, too
    if at_start and line.startswith("# "):
        is_row = len(cells) == columns.width
        if not is_row or (columns.chunk_tags and not is_chunk_tag(cells[columns.tag].strip())):
            return "comments"
    return ""


def _row_fault(where: str, line: str, cells: Sequence[str], columns: Columns) -> Fault | None:
    """What is wrong with the row of a token."""
    if not line.isascii() and _UNDECODABLE.search(line):
        return Fault(where, f"not valid UTF-8; save the file as UTF-8{_LEFT_OUT}", "error")
    if len(cells) != columns.width:
        widths = f"{len(cells)} columns instead of {columns.width}"
        has_both = all(-len(cells) <= i < len(cells) for i in (columns.token, columns.tag))
        if columns.any_width and has_both:
            return Fault(where, f"{widths}; the two named columns are read", "warning")
        return Fault(where, f"{widths} separated by {columns.separator}{_LEFT_OUT}", "error")
    if columns.conllu and not cells[0].isdecimal():
        return Fault(where, f"the id {cells[0]!r} is not a number{_LEFT_OUT}", "error")
    token, tag = cells[columns.token].strip(" "), cells[columns.tag].strip()
    if columns.conllu and tag == "_" and columns.tag in (3, 4):
        tag = ""
    if unfit := _unfit(token, tag):
        return Fault(where, f"{unfit}{_LEFT_OUT}", "error")
    return None


def _unfit(token: str, tag: str) -> str:
    """Why a token or its tag cannot be taken, or ""."""
    for what, text in (("token", token), ("tag", tag)):
        if not text.strip(" "):
            return f"the {what} is empty"
        if _UNFIT.search(text):
            return f"the {what} {text!r} holds a NUL, TAB, line break or invalid UTF-8"
    return ""


def _how(columns: Columns, skipped: Counter[str]) -> How:
    """How columns were read, for people."""
    counts = ", ".join(f"{count} {what}" for what, count in skipped.items() if count)
    kind = "CoNLL-U" if columns.conllu else "CoNLL columns"
    token, tag = columns.names[columns.token], columns.names[columns.tag]
    return How(kind, columns.separator, token, tag, counts)


def _read_json(
    path: str, lines: Sequence[str], token_key: int | str | None, tag_key: int | str | None
) -> Reading:
    """Takes the sentences out of lines that hold a JSON object each."""
    records = {n: _json(line) for n, line in enumerate(lines, 1) if line.strip()}
    token_key, tag_key = json_keys(path, records.values(), token_key, tag_key)

    sentences, faults = [], []
    for number, record in records.items():
        where = f"{path}:{number}"
        fault = _record_fault(record, token_key, tag_key)
        if fault:
            faults.append(Fault(where, f"{fault}{_LEFT_OUT}", "error"))
        else:
            tokens, tags = record[token_key], record[tag_key]
            sentences.append(Sentence(tokens, tags, where, [number] * len(tokens)))
    how = How("JSON lines", "", repr(token_key), repr(tag_key), "")
    return Reading(sentences, faults, how)


def _read_labelled(path: str, lines: Sequence[str]) -> Reading | None:
    """Takes the sentences out of texts with labelled parts, if that is what the file holds."""
    from .annotated import SPANS, in_words, of_offsets, of_pieces

    records = {n: _json(line) for n, line in enumerate(lines, 1) if line.strip()}
    faults: list[Fault] = []
    places, texts = [], []
    with_text = [r for r in records.values() if isinstance(r, dict) and {"text", *SPANS} & {*r}]
    if with_text and not any({*_TOKEN_KEYS} & {*r} for r in with_text):
        for number, record in records.items():
            try:
                texts.append(of_offsets(record))
                places.append(f"{path}:{number}")
            except ValueError as error:
                faults.append(Fault(f"{path}:{number}", f"{error}{_LEFT_OUT}", "error"))
    elif len(records) == 1 or not any(isinstance(record, dict) for record in records.values()):
        text = _joined("\n".join(lines))
        if text != "\n".join(lines):
            message = (
                "characters are encoded as surrogate pairs (CESU-8); decoded as single characters"
            )
            faults.append(Fault(f"{path}:1", message, "warning"))
        try:
            for name, utterance in of_pieces(_json(text)):
                texts.append(utterance)
                places.append(f"{path}:{name}")
        except ValueError:
            return None
    if not texts and not faults:
        return None
    sentences = []
    for (text, _), (tokens, tags, notes), where in zip(texts, in_words(texts), places, strict=True):
        unfit = next(filter(None, map(_unfit, tokens, tags)), "")
        if not tokens or unfit:
            message = unfit or f"{text!r} has no word"
            faults.append(Fault(where, f"{message}{_LEFT_OUT}", "error" if unfit else "warning"))
            continue
        faults += [Fault(where, note, "warning") for note in notes]
        last = where.rpartition(":")[2]
        numbers = [int(last)] * len(tokens) if last.isdecimal() else []
        sentences.append(Sentence(tokens, tags, where, numbers))
    return Reading(sentences, faults, How(LABELLED, "", "from 'text'", "from the labels", ""))


def _joined(text: str) -> str:
    """Text whose characters beyond U+FFFF were written as halves, each in UTF-8, made whole."""
    if not _UNDECODABLE.search(text):
        return text
    try:
        halves = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogatepass")
        return halves.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeError:
        return text


def is_json(path: str, lines: Sequence[str]) -> bool:
    """Whether the name or the first line of a file says that it holds JSON lines."""
    first = next((line for line in lines if line.strip()), "")
    return path.lower().endswith(JSON_SUFFIXES) or isinstance(_json(first), dict)


def json_keys(
    path: str, records: Iterable[Any], token_key: int | str | None, tag_key: int | str | None
) -> tuple[str, str]:
    """The keys of the words and of their tags in JSON objects.

    Raises:
        InputError: If none is an object, or they have no such keys.
    """
    objects = [record for record in records if isinstance(record, dict)]
    if not objects:
        raise InputError(f"{path}: no line is a JSON object; write one object per line")
    keys = {key: None for record in objects for key in record}
    chosen = []
    for wanted_key, usual in ((token_key, _TOKEN_KEYS), (tag_key, _TAG_KEYS)):
        wanted = usual if wanted_key is None else (wanted_key,)
        key = next((key for key in wanted if key in keys), None)
        if key is None:
            raise InputError(f"{path}: no key {_or(wanted)} in its objects; they have {_or(keys)}")
        chosen.append(str(key))
    return chosen[0], chosen[1]


def _json(text: str) -> Any:
    """A JSON value, or None."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _record_fault(record: Any, token_key: int | str, tag_key: int | str) -> str:
    """What is wrong with the object of a sentence, or ""."""
    if not isinstance(record, dict):
        return "not a JSON object on one line"
    for key in (token_key, tag_key):
        values = record.get(key)
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            return f"{key!r} is not a list of strings; tags must be names, not numbers"
    tokens, tags = record[token_key], record[tag_key]
    if len(tokens) != len(tags) or not tokens:
        return f"{len(tokens)} tokens and {len(tags)} tags"
    unfit = enumerate(map(_unfit, tokens, tags), 1)
    return next((f"{fault} in place {place} of the lists" for place, fault in unfit if fault), "")


def _or(keys: Iterable[object]) -> str:
    return " or ".join(map(repr, keys)) or "none"
