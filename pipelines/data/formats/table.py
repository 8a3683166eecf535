"""Tables with a header, as spreadsheets and pandas write them: CSV with commas, semicolons or TABs.

Either a row holds a token, and a column says which sentence it is of; or a row holds a sentence,
its tokens in one cell and its tags in another, separated by whitespace or commas or as Python
prints lists. Quotes and the line breaks in them are read as the `csv` module does.
"""

import ast
import csv
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from ...errors import InputError
from ...text.sentences import Fault, How, Reading, Sentence
from ..column_finder import TAG_NAMES, WORD_NAMES, index_of, is_marker, is_rule
from ..header_names import meaning
from ..options import Options
from ..source import Source
from .faults import LEFT_OUT, error, first_unfit, undecodable, unfit

NAME = "table with a header"
_DELIMITERS = {",": ",", ";": ";", "\t": "TAB", "|": "|"}
_SENTENCE_NAMES = ("sentence #", "sentence_#", "sentence_id", "sent_id", "sentence id",
                   "sentence_idx", "sentenceid", "sent", "sentence no", "sentence_number",
                   "sentence")  # fmt: skip
_TEXT_NAMES = (
    "sentence",
    "text",
    "tokens",
    "words",
    "sentences",
    "utterance",
    "input",
    *WORD_NAMES,
)
_LABEL_NAMES = ("word_labels", "labels", "tags", "ner_tags", "ner", "iob", "bio", *TAG_NAMES)
_KNOWN_NAMES = frozenset((*_SENTENCE_NAMES, *_TEXT_NAMES, *_LABEL_NAMES))
_NUMPY = re.compile(r"'([^']*)'|\"([^\"]*)\"")  # how numpy prints strings: without commas
_SAMPLE = 500


class _Row(NamedTuple):
    number: int
    cells: list[str]


class _Layout(NamedTuple):
    """How the table is to be read.

    Attributes:
        delimiter: What stands between cells.
        quoted: Whether quotes around cells are no part of them.
        names: The names in the header.
        token: The column of tokens.
        tag: The column of tags.
        sentence: The column that says the sentence; None if there is none.
        by_sentence: Whether a row holds a sentence.
        classifies: Whether a row holds a text and one label, which is another task.
    """

    delimiter: str
    quoted: bool
    names: tuple[str, ...]
    token: int
    tag: int
    sentence: int | None
    by_sentence: bool
    classifies: bool


def recognises(source: Source) -> bool:
    """Whether there is a header, and what `columns` does not read: sentence numbers or quotes."""
    layout = _layout(source, Options())
    if layout is None:
        return False
    return bool(
        layout.by_sentence or layout.sentence is not None or layout.quoted or layout.classifies
    )


def read(source: Source, options: Options) -> Reading:
    layout = _layout(source, options)
    if layout is None:
        raise InputError(f"{source.path}: no columns of tokens and tags in its header")
    if layout.classifies:
        raise InputError(
            f"{source.path}: a row holds a text of several words and one label, which is data to "
            "classify texts with; a tagger needs a tag for each word"
        )
    faults: list[Fault] = []
    if layout.by_sentence:
        sentences = list(_by_sentence(source, layout, faults))
    else:
        sentences = list(_by_token(source, layout, faults))
    if not sentences and not faults:
        raise InputError(f"{source.path}: holds no sentence")
    names = layout.names
    how = How(NAME, _DELIMITERS[layout.delimiter], names[layout.token], names[layout.tag], "")
    return Reading(sentences, faults, how)


def _layout(source: Source, options: Options) -> _Layout | None:
    """How a table is to be read; None if this is none."""
    if not source.head:
        return None
    delimiter = max(_DELIMITERS, key=source.head[0].count)
    if not source.head[0].count(delimiter):
        return None
    first = source.lines.index(source.head[0])
    lines = source.lines[first : first + 2 * _SAMPLE]
    cut = first + len(lines) < len(source.lines)
    plain, _ = _sample(lines, delimiter, False)
    quoted, problem = _sample(lines, delimiter, True)
    has_quotes = any(f'{delimiter}"' in line or line.startswith('"') for line in lines)
    if cut and "unexpected end of data" in problem:
        problem = ""
    # Where quotes are misplaced, they are words or the file is damaged.
    is_quoted = has_quotes and bool(quoted) and not (problem and _is_uniform(plain))
    for quotes, rows in ((True, quoted), (False, plain)):
        if not rows or (quotes and not is_quoted):
            continue
        names = tuple(cell.strip().strip('"').lower() for cell in rows[0])
        token, tag, sentence = _columns(source.path, rows[0], names, options)
        if token is None or tag is None or token == tag:
            return None
        body = [row for row in rows[1:] if len(row) == len(names)]
        by_sentence = _is_by_sentence(body, token, tag)
        if quotes and not by_sentence and _swallows(body, token, tag):
            continue
        classifies = not by_sentence and sentence is None and _classifies(body, token)
        return _Layout(delimiter, quotes, names, token, tag, sentence, by_sentence, classifies)
    return None


def _sample(lines: Sequence[str], delimiter: str, quoted: bool) -> tuple[list[list[str]], str]:
    """The first rows, up to a quote that is misplaced, and what is wrong there."""
    rows = []
    try:
        for row in islice(_rows(lines, delimiter, quoted), _SAMPLE):
            rows.append(row.cells)
    except csv.Error as problem:
        return rows, str(problem)
    return rows, ""


def _is_uniform(rows: list[list[str]]) -> bool:
    """Whether all rows that are not blank have as many cells as the first."""
    return all(len(row) == len(rows[0]) for row in rows if row)


def _columns(
    path: str, header: Sequence[str], names: tuple[str, ...], options: Options
) -> tuple[int | None, int | None, int | None]:
    """The columns of tokens, tags and sentence numbers, by their names."""
    meanings = [meaning(name, _KNOWN_NAMES) for name in header]

    def named(some: Iterable[str], but: int | None = None) -> int | None:
        places = (meanings.index(name) for name in some if name in meanings)
        return next((place for place in places if place != but), None)

    words = named((*WORD_NAMES, *_TEXT_NAMES))
    labels = sorted(_LABEL_NAMES, key=lambda name: "pos" in name)  # those only if nothing else
    wishes = (options.token_column, options.tag_column)
    are_wished = all(isinstance(wish, str) and wish.lower() in names for wish in wishes)
    if not are_wished and (words is None or named(labels, words) is None):
        return None, None, None
    token, tag = (
        found if wish is None else index_of(path, wish, len(names), names) % len(names)
        for wish, found in (
            (options.token_column, words),
            (options.tag_column, named(labels, words)),
        )
    )
    sentence = named(_SENTENCE_NAMES)
    return token, tag, None if sentence in (token, tag) else sentence


def _rows(lines: Sequence[str], delimiter: str, quoted: bool) -> Iterator[_Row]:
    """The rows of a table with the line where each begins; [] for a blank line.

    Raises:
        csv.Error: Quotes are misplaced.
    """
    reader = csv.reader(
        (line + "\n" for line in lines),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        strict=True,
    )
    number = 1
    for cells in reader:
        yield _Row(number, cells)
        number = reader.line_num + 1


def _is_by_sentence(rows: list[list[str]], token: int, tag: int) -> bool:
    """Whether most tags are several, in a table whose rows have several tokens."""
    several = [row for row in rows if len(_items(row[token])) > 1]
    tags = (row[tag] for row in several)
    return 2 * sum("," in cell or len(_items(cell)) > 1 for cell in tags) > len(several) > 0


def _classifies(rows: list[list[str]], token: int) -> bool:
    """Whether most rows have texts where tokens should be."""
    return 2 * sum(len(row[token].split()) > 2 for row in rows) > len(rows)


def _swallows(rows: list[list[str]], token: int, tag: int) -> bool:
    """Whether a quote that is a token has taken the lines after it into its cell."""
    return any("\n" in row[token] or "\n" in row[tag] for row in rows)


@lru_cache(maxsize=4096)
def _items(cell: str) -> tuple[str, ...]:
    """What a cell of several tokens or tags holds; () if it is a list that cannot be read."""
    cell = cell.strip()
    if cell.startswith("[") and cell.endswith("]") and len(cell) > 1:
        return _listed(cell)
    return tuple(cell.split())


def _listed(cell: str) -> tuple[str, ...]:
    quoted = _NUMPY.findall(cell)
    if quoted and "," not in _NUMPY.sub("", cell):  # numpy's, or a list of one
        return tuple(one or other for one, other in quoted)
    try:
        with warnings.catch_warnings(action="ignore"):  # a backslash that escapes nothing
            values = ast.literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return tuple(cell.split())
    if not isinstance(values, list) or not all(isinstance(v, str | int) for v in values):
        return ()
    return tuple(map(str, values))


def _tags(cell: str, count: int) -> tuple[str, ...]:
    """The tags in a cell: separated by commas, if that gives one for each token."""
    if "," in cell and not cell.strip().startswith("["):
        parts = tuple(part.strip() for part in cell.split(","))
        if len(parts) == count:
            return parts
    return _items(cell)


def _checked(source: Source, layout: _Layout, faults: list[Fault]) -> Iterator[_Row]:
    """The rows after the header; those with another width are faults, and have no cells."""
    path, width = source.path, len(layout.names)
    rows = _rows(source.lines, layout.delimiter, layout.quoted)
    number = 0
    try:
        header = False
        for number, cells in rows:
            if not "".join(cells).strip():
                if header and len(cells) <= 1:
                    yield _Row(number, [""] * width)
                elif header and len(cells) == width:
                    yield _Row(number, cells)
                continue
            if not header:
                header = True
                continue
            if number == 2 and is_rule(cells):
                continue
            cause = ""
            fault = ""
            if not source.is_decoded:
                fault = next(filter(None, (undecodable(cell, source) for cell in cells)), "")
            if not fault and len(cells) != width:
                fault, cause = f"{len(cells)} cells in a table of {width} columns", "width"
            if fault:
                faults.append(error(f"{path}:{number}", f"{fault}{LEFT_OUT}", cause))
                cells = []
            yield _Row(number, cells)
    except csv.Error as problem:
        message = f"a quote that does not end, or stands inside a cell ({problem})"
        faults.append(error(f"{path}:{number + 1}", f"{message}; all from there is left out"))
        yield _Row(number + 1, [])


def _by_sentence(source: Source, layout: _Layout, faults: list[Fault]) -> Iterator[Sentence]:
    for number, cells in _checked(source, layout, faults):
        if not any(cells):
            continue
        where = f"{source.path}:{number}"
        tokens = list(_items(cells[layout.token]))
        tags = list(_tags(cells[layout.tag], len(tokens)))
        if len(tokens) != len(tags) or not tokens:
            faults.append(
                error(where, f"{len(tokens)} tokens and {len(tags)} tags{LEFT_OUT}", "lengths")
            )
        elif message := first_unfit(tokens, tags):
            faults.append(error(where, f"{message}{LEFT_OUT}"))
        else:
            yield Sentence(tokens, tags, where, [number] * len(tokens))


def _by_token(source: Source, layout: _Layout, faults: list[Fault]) -> Iterator[Sentence]:
    path = source.path
    tokens: list[str] = []
    tags: list[str] = []
    numbers: list[int] = []
    broken = False
    sentence = ""

    def finished() -> Iterator[Sentence]:
        if tokens and not broken:
            yield Sentence(tokens, tags, f"{path}:{numbers[0]}", numbers)

    for number, cells in _checked(source, layout, faults):
        is_blank = bool(cells) and not "".join(cells).strip()
        if cells and is_marker(f"{cells[layout.token].strip()}\t{cells[layout.tag].strip()}"):
            is_blank = True
        named = cells[layout.sentence].strip() if cells and layout.sentence is not None else ""
        if is_blank or (named and named != sentence):
            yield from finished()
            tokens, tags, numbers, broken = [], [], [], False
            sentence = named
        if is_blank:
            continue
        message = ""
        if cells:
            token, tag = cells[layout.token].strip(" "), cells[layout.tag].strip()
            message = unfit(token, tag)
        if message:
            faults.append(error(f"{path}:{number}", f"{message}{LEFT_OUT}"))
        if message or not cells:
            broken = True
            continue
        tokens.append(token)
        tags.append(tag)
        numbers.append(number)
    yield from finished()
