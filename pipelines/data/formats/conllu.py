"""CoNLL-U and CoNLL-U Plus: ten columns with names, or those that the file names itself."""

import re
from collections.abc import Sequence

from ...text.sentences import Reading
from ..column_finder import Columns, index_of
from ..options import Options
from ..source import Source
from .columns import read_rows

NAME = "CoNLL-U"
COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_ROW = re.compile(r"\d+([-.]\d+)?(\t[^\t]*){9}$")


def recognises(source: Source) -> bool:
    if source.path.lower().endswith(".conllu"):
        return True
    rows = [line for line in source.head if not line.startswith(("#", "-DOCSTART-"))]
    return bool(rows) and sum(map(bool, map(_ROW.match, rows))) >= 0.95 * len(rows)


def columns(source: Source, options: Options) -> Columns:
    token = "form" if options.token_column is None else options.token_column
    tag = "upos" if options.tag_column is None else options.tag_column
    tag = index_of(source.path, tag, 10, COLUMNS)
    return Columns(
        separator="TAB",
        width=10,
        token=index_of(source.path, token, 10, COLUMNS),
        tag=tag,
        chunk_tags=False,
        any_width=False,
        names=COLUMNS,
        numbered=True,
        empty_tag="_" if COLUMNS[tag] in ("upos", "xpos") else "",
    )


def read(source: Source, options: Options) -> Reading:
    return read_rows(source, columns(source, options), NAME, _skipped)


def _skipped(line: str, cells: Sequence[str], at_start: bool) -> str:
    if line.startswith("#"):
        return "comments"
    # "3-4" is a word written as one that rows 3 and 4 take apart, "8.1" one not written
    return {"-": "multiword tokens", ".": "empty nodes"}.get(cells[0].strip("0123456789"), "")
