"""Finding the columns of a file: what separates them, which holds the words and which the tags.

Columns are chosen by what they hold and not by where they stand. Words are many different values;
tags are few, and chunk tags show themselves. What numbers sentences or tokens, names documents or
says places in a text holds neither.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from ..errors import InputError
from ..text.chunking import are_chunk_tags, is_chunk_tag, parse
from ..text.spelling import looks_like_entities
from .header_names import meaning
from .options import Options
from .source import Source

# The first that gives the most lines the same number of columns is the separator.
_SEPARATORS: dict[str, Callable[[str], list[str]]] = {
    "TAB": lambda line: line.split("\t"),
    # not str.split(): it would also split at no-break and ideographic spaces inside tokens
    "whitespace": lambda line: re.split(r"[ \t]+", line.strip(" \t")),
    ";": lambda line: line.split(";"),
    ",": lambda line: line.split(","),
    "|": lambda line: line.split("|"),
}
_NUMBER = re.compile("[0-9]{1,6}")
_REFERENCE = re.compile(r"[-+]?\d+([-.:,/_]\d+)*")  # 12, 1-1, 3.14, 0:5
_NUMERIC = re.compile(r"[-+]?\d+([.,:/_-]\d+)*%?")
# A number, a tag spelled in some way, or bytes that could not be decoded.
_UNLIKE_NAMES = re.compile(
    r"^[-+]?\d|^[BIOESLUM][-_:/.]|^[oO0_*.-]$|[\udc80-\udcff]", re.IGNORECASE
)
_RULE = re.compile(r"\s*(:?-{3,}:?|\|)?\s*")  # a cell of the line below a header in Markdown
_EMPTY_CELLS = re.compile(r"\s*(;*|,*|\|*)\s*")
# What models and corpora put where a sentence begins or ends, and what fills it up.
_MARKER = r"""(?:</?(?:s|bos|eos|sos|pad|cls|sep|start|end|p|text|doc|body|sentence)>
              |\[(?:cls|sep|pad|bos|eos|start|end)\]|<\|endoftext\|>)"""
_MARKER_LINE = re.compile(
    rf"""[ \t]*(?:[0-9]+[ \t;,|]+)?{_MARKER}
        (?:[ \t;,|]+(?:[O0oX_-]|-X-|None|null|[A-Z]{{2,5}}(?=[ \t;,|])|{_MARKER}))*[ \t]*""",
    re.VERBOSE | re.IGNORECASE,
)
_RULER = re.compile(r"(-{4,}|={4,}|_{4,}|\*{4,}|#{4,})[ \t]*")
_OF_MARKERS = ("EOS", "----", "====", "____", "****", "####")
# A line of a vertical file, which has structure between its rows: <text id="1">.
_STRUCTURE = re.compile(
    r"""</?[A-Za-z][\w.-]*(?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*/?>\s*"""
)
_SAMPLE = 5000  # lines looked at
_ENOUGH = 0.7  # of the lines have the same number of columns in any file of columns
_MOST = 0.95  # of the lines show what a column is: one bad line must not change how a file is read
_MANY = 200  # words among which one at least stands twice
_COMPARED = 1000  # words whose number of different ones is compared: it grows slower than the text
_DISTINCT = 0.05  # of these at least are different in any text
_LIKE_WORDS = 0.3  # of the most different values that a column has, others that are words have

WORD_NAMES = ("word", "words", "token", "tokens", "form", "text")
TAG_NAMES = ("tag", "tags", "label", "labels", "ner", "ner_tag", "ner_tags", "entity", "bio",
              "iob", "chunk", "pos", "upos", "slot", "slots")  # fmt: skip


_KNOWN_NAMES = frozenset((*WORD_NAMES, *TAG_NAMES))


class Columns(NamedTuple):
    """How to take token and tag from a line.

    Attributes:
        separator: What stands between columns, a name for `splitter`.
        width: How many columns lines have.
        token: Index of the column of words.
        tag: Index of the column of tags.
        chunk_tags: Whether the tags are chunk tags.
        any_width: Whether a line may have another width, since both columns were named.
        names: What each column is called.
        numbered: Whether the first column must be a number.
        empty_tag: What stands for no tag, which is a fault.
        header: The number of the line that names the columns; 0 if there is none.
        besides: What to know about other columns that could hold the tags.
        numbering: The numbers that divide the sentences, in a file without empty lines.
        ends: The column that says `EndOfSentence`, as those of HIPE do; None if there is none.
    """

    separator: str
    width: int
    token: int
    tag: int
    chunk_tags: bool
    any_width: bool
    names: tuple[str, ...]
    numbered: bool = False
    empty_tag: str = ""
    header: int = 0
    besides: str = ""
    numbering: "Numbering | None" = None
    ends: int | None = None


def splitter(columns: Columns) -> Callable[[str], list[str]]:
    """The function that takes a line apart."""
    return _SEPARATORS[columns.separator]


def is_blank(line: str, separator: str, width: int) -> bool:
    """Whether a line is blank, or all its cells are, as spreadsheets write a blank row."""
    text = line.strip()  # a break may be a TAB
    return not text or (text[0] in ";,|" and text == separator * (width - 1))


def is_marker(line: str) -> bool:
    """Whether a line is no token but says that a sentence begins or ends, such as `</s> O`.

    So do the rows that models add (`[CLS] O`) and the structure in vertical files (`<s>`). None has
    a tag of its own: a row such as `<s> B-TAG` is a token.
    """
    if ">" not in line and "]" not in line and not line.startswith(_OF_MARKERS):
        return False  # as nearly always
    if line.rstrip() == "EOS" or _RULER.fullmatch(line):  # MeCab's; in a row it may be a word
        return True
    return bool(_MARKER_LINE.fullmatch(line) or _STRUCTURE.fullmatch(line))


def says_end(cell: str) -> bool:
    """Whether a cell of notes says that a sentence ends here: `NoSpaceAfter|EndOfSentence`."""
    return "EndOfSentence" in cell and "EndOfSentence" in cell.split("|")


def is_rule(cells: Sequence[str]) -> bool:
    """Whether this is the line below the header of a table in Markdown."""
    return bool(cells) and all(_RULE.fullmatch(cell) for cell in cells)


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


def find_columns(source: Source, options: Options) -> Columns:
    """Finds the separator and the columns of words and tags.

    Raises:
        InputError: If there are no lines of tokens, no columns, not those that were named, none
            that can be words, or several that can be the tags with equal right.
    """
    path = source.path
    rows = (
        (number, line)
        for number, line in enumerate(source.lines, 1)
        if not line.startswith(("-DOCSTART-", "-X-", "# "))
    )
    some = islice(rows, 2 * _SAMPLE)  # blank lines among them are breaks
    numbered = [
        (n, "" if _EMPTY_CELLS.fullmatch(line) or is_marker(line) else line) for n, line in some
    ]
    filled = [(number, line) for number, line in numbered if line][:_SAMPLE]
    sample = [line for _, line in filled]
    if not sample:
        raise InputError(f"{path}: holds no sentence; is it the right file?")
    any_width = options.token_column is not None and options.tag_column is not None
    separator = max(_SEPARATORS, key=lambda separator: _uniformity(separator, sample)[0])
    count, width = _uniformity(separator, sample)
    if not width or (count < _ENOUGH * len(sample) and not any_width):
        bare = [number for number, line in filled if len(line.split()) == 1]
        if separator == "TAB" and 0.1 * len(sample) < len(bare) < len(sample):
            raise InputError(
                f"{path}:{bare[0]}: {len(bare):,} of {len(sample):,} lines hold a word alone, and "
                "others a word with more, as if only what is annotated had a tag: write a tag in "
                "each line, such as O"
            )
        raise InputError(
            f"{path}: no columns found; expected lines of a token, a TAB and its tag, "
            "and an empty line after each sentence (or set token_column and tag_column)"
        )
    cells = [row for row in map(_SEPARATORS[separator], sample) if len(row) == width]
    names = tuple(cell.strip().lower() for cell in cells[0])
    meanings = [meaning(cell, _KNOWN_NAMES) for cell in cells[0]]
    header = 0
    tells = {*meanings} & {*WORD_NAMES} and {*meanings} & {*TAG_NAMES}
    wishes = (options.token_column, options.tag_column)
    wished = any(isinstance(wish, str) and wish.lower() in names for wish in wishes)
    if (tells or wished) and len(cells) > 1:
        header, cells = filled[0][0], cells[2 if is_rule(cells[1]) and len(cells) > 2 else 1 :]
    columns = [[cell.strip() for cell in column] for column in zip(*cells, strict=True)]
    named = names if header else ()
    token, tag = (
        None if column is None else index_of(path, column, width, named)
        for column in (options.token_column, options.tag_column)
    )
    first_of_names = [
        next((meanings.index(name) for name in some if name in meanings), None) if header else None
        for some in (WORD_NAMES, TAG_NAMES)
    ]
    constant = _constant_columns(numbered, separator, width)
    if not header and _are_names(columns):
        rest = [column[1:] for column in columns]
        token = _words(path, rest, tag, constant, []) if token is None else token
        tag = _tags(path, rest, token)[0] if tag is None else tag
        raise InputError(
            f"{path}:{filled[0][0]}: looks like the names of the columns: say which of them are to "
            f"be read, token_column = {names[token]!r} and tag_column = {names[tag]!r} by what "
            "they hold; if it is a token, repair its tag"
        )
    if token is None:
        token = first_of_names[0]
    if token is None:
        different = _different_rows(numbered, separator, width)
        token = _words(path, columns, tag, constant, different)
        _refuse_texts(path, columns[token], token)
    besides = ""
    if tag is None:
        tag, besides = _tags(path, columns, token, first_of_names[1])
    are_divided = any(not line.strip() for _, line in numbered[: numbered.index(filled[-1])])
    others = [n for n in range(width) if n not in (token % width, tag % width)]
    numbering = None if are_divided else _numbering(columns, others)
    shown = named or tuple(f"column {i} of {width}" for i in range(width))
    return Columns(
        separator=separator,
        width=width,
        token=token,
        tag=tag,
        chunk_tags=are_chunk_tags(Counter(columns[tag])),
        any_width=any_width,
        names=shown,
        header=header,
        besides=besides,
        numbering=numbering,
        ends=next((n for n in others if any(map(says_end, columns[n]))), None),
    )


def _are_names(columns: list[list[str]]) -> bool:
    """Whether the first line looks like the names of the columns, in whatever language.

    No cell of it is a number or like a tag, and all others of some column are.
    """
    first = [cells[0] for cells in columns]
    if len(columns[0]) < 3 or len({*first}) < len(first):
        return False
    if any(map(_UNLIKE_NAMES.search, first)) or not any(first):
        return False

    def is_of_others(cells: list[str]) -> bool:
        numbers = all(map(_NUMERIC.fullmatch, cells)) and len({*cells}) > 1
        return numbers or (are_chunk_tags(Counter(cells)) and {*cells} != {"O"})

    return any(cells[0] and is_of_others(cells[1:]) for cells in columns)


class Numbering(NamedTuple):
    """A column of numbers that divides the sentences of a file without empty lines.

    Attributes:
        column: Its index.
        of_tokens: Whether it numbers the tokens of each sentence, and not the sentences.
    """

    column: int
    of_tokens: bool

    def is_new(self, before: str, cell: str) -> bool:
        """Whether a sentence begins, by the cells of the token before and of this one."""
        if not self.of_tokens or not (before.isdecimal() and cell.isdecimal()):
            return before != cell
        return int(cell) <= int(before)


def _numbering(columns: list[list[str]], others: Iterable[int]) -> Numbering | None:
    for n in others:
        numbers = [int(cell) if _NUMBER.fullmatch(cell) else -1 for cell in columns[n]]
        steps = [now - last for last, now in pairwise(numbers)]
        several = not {*numbers} <= {0, 1}  # which would be a mark, such as of the last token
        several = several and len(set(numbers)) > 1
        if several and _only_counts(columns[n]) and any(step <= 0 for step in steps):
            return Numbering(n, True)
        runs = sum(step == 0 for step in steps)
        if several and 2 * runs >= len(steps) and _most(step in (0, 1) for step in steps):
            return Numbering(n, False)
    return None


def index_of(path: str, column: int | str, width: int, names: tuple[str, ...] = ()) -> int:
    """The index of a column that was given by its index or its name.

    Raises:
        InputError: There is no such column.
    """
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


def _uniformity(separator: str, lines: Sequence[str]) -> tuple[int, int]:
    """How many lines have the most common number of columns, two or more; this number."""
    widths = Counter(map(len, map(_SEPARATORS[separator], lines)))
    return max(((count, width) for width, count in widths.items() if width > 1), default=(0, 0))


def _constant_columns(lines: Sequence[tuple[int, str]], separator: str, width: int) -> set[int]:
    """The columns that have one value in each sentence, such as its number."""
    varying: set[int] = set()
    several = False
    before: list[str] = []
    for _, line in lines:
        cells = _SEPARATORS[separator](line) if line.strip() else []
        if len(cells) == width == len(before):
            several = True
            varying.update(n for n in range(width) if cells[n] != before[n])
        before = cells
    return set(range(width)) - varying if several else set()


def _different_rows(
    lines: Sequence[tuple[int, str]], separator: str, width: int
) -> list[list[str]]:
    """The rows of sentences that differ: what is repeated says nothing of how varied words are."""
    sentences: dict[tuple[str, ...], None] = {}
    sentence: list[str] = []
    for _, line in (*lines, (0, "")):
        if line.strip():
            sentence.append(line)
        elif sentence:
            sentences[tuple(sentence)] = None
            sentence = []
    rows = (_SEPARATORS[separator](line) for lines_of in sentences for line in lines_of)
    return [row for row in rows if len(row) == width]


def _words(
    path: str,
    columns: list[list[str]],
    tag: int | None,
    constant: set[int],
    different: list[list[str]],
) -> int:
    """The column of the words: the first of those that hold many different values.

    Raises:
        InputError: No column can be that of words.
    """
    others = [n for n in range(len(columns)) if tag is None or n != tag % len(columns)]
    candidates = [
        n
        for n in others
        if not _is_of_entities(columns[n]) and not _is_reference(columns, n) and n not in constant
    ]
    # Made-up words may be as different as ids are, so this alone does not make a column one.
    candidates = [n for n in candidates if not _are_ids(columns[n])] or candidates
    distinct = {n: len(set(columns[n][:_COMPARED])) for n in candidates}
    most = max(distinct.values(), default=0)
    chosen = next((n for n in candidates if distinct[n] >= _LIKE_WORDS * most), None)
    if chosen is not None:
        chosen = _in_full(columns, chosen, distinct)
    rows = len(columns[0])
    if chosen is None and rows < _MANY:  # too few to tell numbers that are words from others
        chosen = next((n for n in others if not _is_of_entities(columns[n])), others[0])
    if chosen is None:
        raise InputError(
            f"{path}: no column can be that of the words: they hold "
            f"{', '.join(_described(columns, n, constant) for n in range(len(columns)))}; "
            "name it with token_column"
        )
    looked_at = different[:_COMPARED]
    values = len({row[chosen].strip() for row in looked_at})
    if len(looked_at) >= _MANY and values < _DISTINCT * len(looked_at):
        raise InputError(
            f"{path}: column {chosen}, which should be the words, has {values} different values in "
            f"{len(looked_at):,} lines, {columns[chosen][0]!r} first, as tags have: if they are "
            f"words, such as letters of DNA, moves or commands, say token_column = {chosen}; if "
            "not, name the column of the words"
        )
    return chosen


def _refuse_texts(path: str, cells: list[str], index: int) -> None:
    """Refuses rows that hold texts and not tokens, so that the whole text would be one word.

    Raises:
        InputError: Most cells hold several words.
    """
    texts = [cell for cell in cells if len(cell.split()) > 1]
    if 2 * len(texts) > len(cells):
        shown = texts[0] if len(texts[0]) <= 60 else f"{texts[0][:57]}..."
        raise InputError(
            f"{path}: column {index} holds texts of several words, {shown!r} first, and not a "
            "token to a line: write each word and its tag on a line of its own, or JSON lines of "
            "'text' and 'entities' with 'start', 'end' and 'label'"
        )


def _in_full(columns: list[list[str]], chosen: int, distinct: dict[int, int]) -> int:
    """The column of the words where the chosen one has their lemmas or their small letters.

    Half of these are the words, but for capitals; and words are more different than they are.
    """
    for other, count in distinct.items():
        pairs = list(zip(columns[chosen], columns[other], strict=True))
        same = sum(one.lower() == another.lower() for one, another in pairs)
        is_lower = all(one == another.lower() for one, another in pairs)
        more = count > distinct[chosen] or (is_lower and columns[chosen] != columns[other])
        if more and 2 * same >= len(pairs):
            chosen = other
    return chosen


def _tags(
    path: str, columns: list[list[str]], token: int, named: int | None = None
) -> tuple[int, str]:
    """The column of the tags, and what to know about others that could hold them.

    Args:
        path: The file.
        columns: Its columns.
        token: That of the words.
        named: That which the header calls one of tags, to be preferred.

    Raises:
        InputError: Several have equal right.
    """
    others = [n for n in reversed(range(len(columns))) if n != token % len(columns)]
    filled = [n for n in others if any(columns[n])] or others  # lines may end in whitespace
    of_entities = [n for n in filled if _is_of_entities(columns[n])]
    if not of_entities:
        # Lemmas are no tags, though they are in the last column where words are parsed.
        tags = [n for n in filled if not _are_lemmas(columns[n], columns[token])]
        return (named if named in filled else (tags or filled)[0]), ""
    # A column of nothing but O, as of inner entities where there are none, says nothing.
    of_entities = [n for n in of_entities if {*columns[n]} != {"O"}] or of_entities
    of_entities.sort(key=lambda n: n != named)
    chosen = of_entities[0]
    types = {n: {parse(tag)[1] for tag in columns[n] if is_chunk_tag(tag)} for n in of_entities}
    counts = {n: sum(parse(tag)[0] in "BSU" for tag in columns[n]) for n in of_entities}
    shared = [n for n in of_entities[1:] if (types[n] & types[chosen]) - {""}]
    if shared:
        ways = " and ".join(f"column {n} ({counts[n]:,} begin)" for n in sorted([chosen, *shared]))
        raise InputError(
            f"{path}: {ways} hold entities of the same types, such as outer and inner ones or gold "
            "and predicted ones: name one with tag_column"
        )
    besides = [f"column {n} {', '.join(sorted(types[n])[:3])}" for n in of_entities[1:]]
    return chosen, f" ({'; '.join(reversed(besides))} spans, too)" if besides else ""


def _are_lemmas(cells: Sequence[str], words: Sequence[str]) -> bool:
    """Whether a column has words for words, as lemmas are: half of them the same but for capitals.

    Or nearly as many different ones, in a text in which words recur.
    """
    pairs = zip(cells, words, strict=True)
    same = sum(one.lower() == another.lower() for one, another in pairs)
    many = len(cells) >= _MANY and 2 * len({*cells}) > len({*words})
    return 2 * same >= len(cells) or many


def _is_of_entities(cells: Sequence[str]) -> bool:
    counts = Counter(cells)
    return are_chunk_tags(counts) or looks_like_entities(counts)


def _is_reference(columns: list[list[str]], index: int) -> bool:
    """Whether a column numbers sentences or tokens, names them, or says places in a text."""
    cells = columns[index]
    if len(columns) > 2 and (_only_counts(cells) or _most(map(_REFERENCE.fullmatch, cells))):
        return True
    return len(cells) >= _MANY and _most(map(_REFERENCE.fullmatch, cells))


def _are_ids(cells: Sequence[str]) -> bool:
    return len(set(cells)) == len(cells) >= _MANY and _most(map(_NUMBER.search, cells))


def _described(columns: list[list[str]], index: int, constant: set[int]) -> str:
    cells = columns[index]
    if _is_of_entities(cells):
        what = "tags"
    elif _is_reference(columns, index):
        what = "numbers or ids"
    elif index in constant:
        what = "one value per sentence"
    else:
        what = "few different values"
    return f"{what} in column {index} ({cells[0]!r})"


def _only_counts(cells: Sequence[str]) -> bool:
    """Whether a column numbers the tokens of each sentence."""
    numbers = [int(cell) if _NUMBER.fullmatch(cell) else -1 for cell in cells]
    return _most(now in (0, 1) or 0 < now == last + 1 for last, now in pairwise([0, *numbers]))


def _most(matches: Iterable[object]) -> bool:
    truths = [bool(match) for match in matches]
    return sum(truths) >= _MOST * len(truths) > 0
