"""CoNLL columns with any separator: a token to a line, an empty line after each sentence."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Literal

from ...errors import InputError
from ...text.chunking import is_chunk_tag
from ...text.sentences import Fault, How, Reading, Sentence
from ..column_finder import (
    Columns,
    Numbering,
    find_columns,
    is_blank,
    is_marker,
    is_rule,
    says_end,
    splitter,
)
from ..options import Options
from ..source import Source
from .faults import LEFT_OUT, undecodable, unfit

NAME = "CoNLL columns"
BOUNDARY = "-DOCSTART-"

# What a line is instead of a token, or "": called with the line, its cells, and whether a sentence
# would begin with it.
Skip = Callable[[str, Sequence[str], bool], str]


def recognises(source: Source) -> bool:
    return True  # and `find_columns` says why it is none


def read(source: Source, options: Options) -> Reading:
    columns = find_columns(source, options)

    def skip(line: str, cells: Sequence[str], at_start: bool) -> str:
        return _skipped(line, cells, at_start, columns)

    return read_rows(source, columns, NAME, skip)


def read_rows(source: Source, columns: Columns, name: str, skip: Skip) -> Reading:
    """Takes the sentences out of lines of cells."""
    split = splitter(columns)
    path = source.path
    sentences: list[Sentence] = []
    faults: list[Fault] = []
    skipped: Counter[str] = Counter()
    tokens: list[str] = []
    tags: list[str] = []
    numbers: list[int] = []
    before: list[str] = []
    broken = False
    document = 0
    numbering = columns.numbering
    for number, line in enumerate(chain(source.lines, [""]), 1):
        is_boundary = line.startswith((BOUNDARY, "-X-"))
        marks = not columns.numbered and is_marker(line)
        is_break = is_boundary or marks or is_blank(line, columns.separator, columns.width)
        cells = [] if is_break else split(line)
        begins = numbering is not None and numbers and _begins(numbering, before, cells)
        if columns.ends is not None and columns.ends < len(before):
            begins = begins or says_end(before[columns.ends])
        if begins or is_break:
            if numbers and not broken:
                where = f"{path}:{numbers[0]}"
                sentences.append(Sentence(tokens, tags, where, numbers, document))
            tokens, tags, numbers, broken = [], [], [], False
        if is_break:
            skipped["document boundaries"] += is_boundary
            skipped["rows that mark sentences"] += marks
            document += is_boundary
            continue
        before = cells
        if not_a_token := skip(line, cells, not numbers):
            skipped[not_a_token] += 1
            document += line.startswith("# newdoc")
            continue
        if columns.header and (
            number == columns.header or number == columns.header + 1 and is_rule(cells)
        ):
            continue
        numbers.append(number)
        fault = _row_fault(number, line, cells, columns, source)
        if fault:
            faults.append(fault)
            if fault.severity == "error":
                broken = True
                continue
        tokens.append(cells[columns.token].strip(" "))
        tags.append(cells[columns.tag].strip())
    if not sentences and not faults:
        raise InputError(f"{path}: holds no sentence")
    return Reading(sentences, faults, _how(name, columns, skipped))


def _begins(numbering: Numbering, before: list[str], cells: list[str]) -> bool:
    if numbering.column >= min(len(before), len(cells)):
        return False
    return numbering.is_new(before[numbering.column], cells[numbering.column])


def _skipped(line: str, cells: Sequence[str], at_start: bool, columns: Columns) -> str:
    # "#" may be a token, so a comment must fail to be a row, too
    if at_start and line.startswith("# "):
        is_row = len(cells) == columns.width
        if not is_row or (columns.chunk_tags and not is_chunk_tag(cells[columns.tag].strip())):
            return "comments"
    return ""


def _row_fault(
    number: int, line: str, cells: Sequence[str], columns: Columns, source: Source
) -> Fault | None:
    """What is wrong with the row of a token."""
    message, cause = "", ""
    severity: Literal["error", "warning"] = "error"
    if not line.isascii() and (message := undecodable(line, source)):
        cause = "encoding"
    elif len(cells) != columns.width:
        message = f"{len(cells)} columns instead of {columns.width}"
        has_both = all(-len(cells) <= i < len(cells) for i in (columns.token, columns.tag))
        if columns.any_width and has_both:
            message, severity = f"{message}; the two named columns are read", "warning"
        else:
            message += f" separated by {columns.separator}"
    elif columns.numbered and not cells[0].isdecimal():
        message, cause = f"the id {cells[0]!r} is not a number", "id"
    if not message or severity == "warning":
        token, tag = cells[columns.token].strip(" "), cells[columns.tag].strip()
        if wrong := unfit(token, "" if tag == columns.empty_tag else tag):
            message, severity = wrong, "error"
            cause = message.partition("'")[0]  # the message may quote the token
    if not message:
        return None
    left_out = LEFT_OUT * (severity == "error")
    return Fault(f"{source.path}:{number}", f"{message}{left_out}", severity, cause)


def _how(name: str, columns: Columns, skipped: Counter[str]) -> How:
    """How columns were read, for people."""
    parts = [f"{count} {what}" for what, count in skipped.items() if count]
    if columns.numbering:
        parts.append(f"nothing; sentences are divided by column {columns.numbering.column}")
    counts = ", ".join(parts)
    token, tag = columns.names[columns.token], columns.names[columns.tag]
    return How(name, columns.separator, token, f"{tag}{columns.besides}", counts)
