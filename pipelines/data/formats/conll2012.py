"""CoNLL-2012, the columns of OntoNotes: entities in brackets, further columns for predicates.

Of each row the words and one column of tags are read: `ner`, entities in brackets (`(PERSON*`, `*`,
`*)`, `(GPE)`), or `pos`, as they are.
"""

import re

from ...errors import InputError
from ...text.chunking import Span, encode
from ...text.sentences import Fault, How, Reading, Sentence
from ..column_finder import index_of
from ..options import Options
from ..source import Source
from .faults import LEFT_OUT, error, undecodable, unfit

NAME = "CoNLL-2012"
COLUMNS = ("document", "part", "number", "word", "pos", "parse", "lemma", "frameset", "sense",
           "speaker", "ner")  # fmt: skip
FEWEST = len(COLUMNS) + 1  # coreference is the last, and arguments of predicates come before it
_BEGIN, _END = "#begin document", "#end document"
_BRACKETS = re.compile(r"(?:\((?P<type>[^()*\s]+))?\*?(?P<end>\))?")
_EMPTY = ("-", "_")  # in all cells of a column that is not annotated
_MISSING = "[WORD]"  # in the files as they are distributed, without the words of OntoNotes


def recognises(source: Source) -> bool:
    return any(line.startswith(_BEGIN) for line in source.head[:5])


def read(source: Source, options: Options) -> Reading:
    path = source.path
    token, tag = (
        index_of(path, default if wish is None else wish, len(COLUMNS), COLUMNS)
        for wish, default in ((options.token_column, "word"), (options.tag_column, "ner"))
    )
    name = COLUMNS[tag]
    if name not in ("ner", "pos"):
        raise InputError(f"{path}: the column {name!r} has no tags; tag_column is 'ner' or 'pos'")
    if options.layer is not None and str(options.layer) != "1":
        raise InputError(f"{path}: {NAME} has one layer of entities")
    faults: list[Fault] = []
    sentences: list[Sentence] = []
    rows: list[list[str]] = []
    numbers: list[int] = []
    annotated = False
    document, begun = -1, 0  # its number, and the line where it began; 0 outside
    for number, line in enumerate([*source.lines, ""], 1):
        where = f"{path}:{number}"
        if line.startswith(_BEGIN):
            if begun:
                faults.append(error(where, f"the document before has no {_END!r}"))
            document, begun = document + 1, number
        elif line.startswith("#") and not rows:
            begun = 0 if line.startswith(_END) else begun
        elif line.strip():
            rows.append(line.split())
            numbers.append(number)
        elif rows:
            fault = _fault(rows, numbers, source, begun)
            tags = [] if fault else _tags([row[tag] for row in rows], name)
            if fault or tags is None:
                place, message = fault or (numbers[0], "the brackets of its entities do not match")
                faults.append(error(f"{path}:{place}", f"{message}{LEFT_OUT}"))
            else:
                tokens = [row[token] for row in rows]
                where = f"{path}:{numbers[0]}"
                sentences.append(Sentence(tokens, tags, where, numbers, max(document, 0)))
            annotated = annotated or any(row[tag] not in _EMPTY for row in rows if len(row) > tag)
            rows, numbers = [], []
    if sentences and not annotated:
        raise InputError(f"{path}: its column {name!r} is empty: it holds other annotations")
    if begun:
        last = max(n for n, line in enumerate(source.lines, 1) if line.strip())
        message = f"no {_END!r}: the file is cut off"
        if sentences and len(source.lines) - sentences[-1].lines[-1] < 2:  # no line after it
            sentences.pop()
            message += LEFT_OUT
        faults.append(error(f"{path}:{last}", message))
    if not sentences and not faults:
        raise InputError(f"{path}: holds no sentence")
    how = How(NAME, "whitespace", COLUMNS[token], name, f"{document + 1} document boundaries")
    return Reading(sentences, faults, how)


def _fault(
    rows: list[list[str]], numbers: list[int], source: Source, begun: int
) -> tuple[int, str] | None:
    """The line of the first fault in the rows of a sentence, and what it is."""
    if not begun:
        return numbers[0], f"a sentence outside of {_BEGIN!r} and {_END!r}"
    for row, number in zip(rows, numbers, strict=True):
        if message := undecodable(source.lines[number - 1], source):
            return number, message
        if len(row) < FEWEST:
            return number, f"{len(row)} columns instead of {FEWEST} or more"
        if len(row) != len(rows[0]):
            return number, f"{len(row)} columns in a sentence of {len(rows[0])}"
        if row[3] == _MISSING:
            return number, f"the words are not in the file but {_MISSING}: add them from OntoNotes"
        if message := unfit(row[3], row[4]):
            return number, message
    return None


def _tags(cells: list[str], name: str) -> list[str] | None:
    """The tags that the cells of a column spell; None if brackets do not match."""
    if name == "pos":
        return cells
    spans: list[Span] = []
    cells = ["*" if cell in _EMPTY else cell for cell in cells]
    opened: tuple[str, int] | None = None
    for n, cell in enumerate(cells):
        match = _BRACKETS.fullmatch(cell)
        if not match or not cell or (opened is None) < bool(match["type"]):
            return None
        if match["type"]:
            opened = (match["type"], n)
        if match["end"]:
            if opened is None:
                return None
            spans.append(Span(opened[0], opened[1], n + 1))
            opened = None
    return None if opened else encode(spans, len(cells), "IOB2")
