"""Finding the columns of a file: what separates them, which holds the words and which the tags."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from ..errors import InputError
from ..text.chunking import are_chunk_tags

# The first that gives the most lines the same number of columns is the separator.
_SEPARATORS: dict[str, Callable[[str], list[str]]] = {
    "TAB": lambda line: line.split("\t"),
    # not str.split(): it would also split at no-break and ideographic spaces inside tokens
    "whitespace": lambda line: re.split(r"[ \t]+", line.strip(" \t")),
    ";": lambda line: line.split(";"),
    ",": lambda line: line.split(","),
    "|": lambda line: line.split("|"),
}
CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_CONLLU_ROW = re.compile(r"\d+([-.]\d+)?(\t[^\t]*){9}$")
_NUMBER = re.compile("[0-9]{1,6}")
_SAMPLE = 5000  # lines looked at
_ENOUGH = 0.7  # of the lines have the same number of columns in any file of columns
_MOST = 0.95  # of the lines show what a column is: one bad line must not change how a file is read


class Columns(NamedTuple):
    """How to take token and tag from a line.

    Attributes:
        separator: What stands between columns, a name for `split`.
        width: How many columns lines have.
        token: Index of the column of words.
        tag: Index of the column of tags.
        chunk_tags: Whether the tags are chunk tags.
        any_width: Whether a line may have another width, since both columns were named.
        names: What each column is called.
        conllu: Whether this is CoNLL-U.
    """

    separator: str
    width: int
    token: int
    tag: int
    chunk_tags: bool
    any_width: bool
    names: tuple[str, ...]
    conllu: bool


def splitter(columns: Columns) -> Callable[[str], list[str]]:
    """The function that takes a line apart."""
    return _SEPARATORS[columns.separator]


def with_cell(line: str, columns: Columns, index: int, cell: str) -> str:
    """The line with another cell in a column; all else stays, whitespace around the cell too."""
    if columns.separator == "whitespace":
        match = list(re.finditer(r"[^ \t]+", line))[index]
        return line[: match.start()] + cell + line[match.end() :]
    character = "\t" if columns.separator == "TAB" else columns.separator
    cells = line.split(character)
    old = cells[index].strip()
    cells[index] = cells[index].replace(old, cell, 1) if old else cell
    return character.join(cells)


def find_columns(
    path: str, lines: Iterable[str], token: int | str | None, tag: int | str | None
) -> Columns:
    """Finds the separator and the columns of words and tags.

    Args:
        path: The name of the file, for what it says and for errors.
        lines: Its lines.
        token: The column of the words, if the user named it: an index or a name in CoNLL-U.
        tag: The column of the tags, likewise.

    Raises:
        InputError: If there are no lines of tokens, no columns, or not those that were named.
    """
    rows = (line for line in lines if line.strip() and not line.startswith(("-DOCSTART-", "# ")))
    sample = list(islice(rows, _SAMPLE))
    if not sample:
        raise InputError(f"{path}: holds no sentence; is it the right file?")
    any_width = token is not None and tag is not None
    if path.lower().endswith(".conllu") or _most(map(_CONLLU_ROW.match, sample)):
        token = _index(path, "form" if token is None else token, 10, CONLLU)
        tag = _index(path, "upos" if tag is None else tag, 10, CONLLU)
        return Columns("TAB", 10, token, tag, False, False, CONLLU, True)

    separator = max(_SEPARATORS, key=lambda separator: _uniformity(separator, sample)[0])
    count, width = _uniformity(separator, sample)
    if not width or (count < _ENOUGH * len(sample) and not any_width):
        raise InputError(
            f"{path}: no columns found; expected lines of a token, a TAB and its tag, "
            "and an empty line after each sentence (or set token_column and tag_column)"
        )
    cells = [row for row in map(_SEPARATORS[separator], sample) if len(row) == width]
    columns = [[cell.strip() for cell in column] for column in zip(*cells, strict=True)]
    if token is None:
        token = 1 if width > 2 and _only_counts(columns[0]) else 0
    token = _index(path, token, width)
    if tag is None:
        others = [i for i in reversed(range(width)) if i != token % width]
        filled = [i for i in others if any(columns[i])] or others  # lines may end in whitespace
        tag = next((i for i in filled if are_chunk_tags(Counter(columns[i]))), filled[0])
    tag = _index(path, tag, width)
    chunk_tags = are_chunk_tags(Counter(columns[tag]))
    names = tuple(f"column {i} of {width}" for i in range(width))
    return Columns(separator, width, token, tag, chunk_tags, any_width, names, False)


def _uniformity(separator: str, lines: Sequence[str]) -> tuple[int, int]:
    """How many lines have the most common number of columns, two or more; this number."""
    widths = Counter(map(len, map(_SEPARATORS[separator], lines)))
    return max(((count, width) for width, count in widths.items() if width > 1), default=(0, 0))


def _only_counts(cells: Sequence[str]) -> bool:
    """Whether a column numbers the tokens of each sentence."""
    numbers = [int(cell) if _NUMBER.fullmatch(cell) else -1 for cell in cells]
    return _most(now in (0, 1) or 0 < now == last + 1 for last, now in pairwise([0, *numbers]))


def _most(matches: Iterable[object]) -> bool:
    truths = [bool(match) for match in matches]
    return sum(truths) >= _MOST * len(truths) > 0


def _index(path: str, column: int | str, width: int, names: tuple[str, ...] = ()) -> int:
    """The index of a column that was given by its index or its name."""
    if isinstance(column, str) and column.lower() in names:
        return names.index(column.lower())
    try:
        index = int(column)
    except ValueError:
        index = width
    if not -width <= index < width:
        known = f"its columns are 0 to {width - 1}" + (f" or {', '.join(names)}" if names else "")
        raise InputError(f"{path}: no column {column!r}; {known}")
    return index
