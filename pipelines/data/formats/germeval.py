"""GermEval 2014: number, word, and the tags of outer and of inner entities, TAB between them.

A line `#`, address, date stands before each sentence. Derivations and parts (`B-LOCderiv`,
`B-ORGpart`) are types of their own, as in the shared task.
"""

import re
from collections.abc import Sequence

from ...text.chunking import is_chunk_tag
from ...text.sentences import Reading
from ..column_finder import Columns, index_of
from ..options import Options
from ..source import Source
from . import layers
from .columns import read_rows

NAME = "GermEval 2014"
COLUMNS = ("number", "word", *layers.NAMES)
_ORIGIN = re.compile(r"#\t\S")


def recognises(source: Source) -> bool:
    if not source.head or not _ORIGIN.match(source.head[0]):
        return False
    rows = [line.split("\t") for line in source.head if not _ORIGIN.match(line)]
    found = [row for row in rows if len(row) == 4 and row[0].isdecimal() and is_chunk_tag(row[3])]
    return bool(found) and 2 * len(found) >= len(rows)


def read(source: Source, options: Options) -> Reading:
    token = "word" if options.token_column is None else options.token_column
    tag = layers.NAMES[0] if options.tag_column is None else options.tag_column
    if options.layer is not None:
        layer = layers.chosen(source.path, options)
        tag = COLUMNS[2 + layer] if layer < 2 else f"of layer {options.layer}"
    index = index_of(source.path, tag, 4, COLUMNS)
    there = Columns(
        separator="TAB",
        width=4,
        token=index_of(source.path, token, 4, COLUMNS),
        tag=index,
        chunk_tags=True,
        any_width=False,
        names=COLUMNS,
        numbered=True,
        besides=_besides(source, index % 4),
    )
    return read_rows(source, there, NAME, _skipped)._replace(layer=options.layer)


def _skipped(line: str, cells: Sequence[str], at_start: bool) -> str:
    return "comments" if at_start and line.startswith("#") else ""


def _besides(source: Source, index: int) -> str:
    """How many entities the other layer has."""
    other = 5 - index
    if other not in (2, 3):
        return ""
    rows = (line.split("\t") for line in source.lines)
    count = sum(len(row) == 4 and row[other].startswith("B-") for row in rows)
    return f" ({count:,} more with layer = {COLUMNS[other]!r})"
