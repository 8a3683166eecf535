r"""WebAnno TSV 3, which INCEpTION writes as well: a token to a line, a column to a feature.

The header names layers and their features (`#T_SP=...NamedEntity|identifier|value`). A token is
`1-1`, and a part of it that is annotated for itself `1-1.1`. A feature is `_` where nothing is
annotated, `*` where the annotation has no value; `PER[3]` is that of annotation 3, which may cover
several tokens, and `|` stands between annotations of one token. A backslash escapes.
"""

import re
from collections import Counter
from typing import NamedTuple

from ...errors import InputError
from ...text.chunking import Span, encode
from ...text.sentences import Fault, How, Reading, Sentence
from ..options import Options
from ..source import Source
from . import layers
from .faults import LEFT_OUT, error, undecodable, unfit, warning

NAME = "WebAnno TSV 3"
_FORMAT = re.compile(r"#FORMAT=WebAnno TSV (\d+)(\.\d+)?")
_LAYER = re.compile(r"#T_(?P<kind>SP|RL|CH)=(?P<name>[^|]+)(\|(?P<features>.*))?")
_ID = re.compile(r"(?P<sentence>[0-9]{1,9})-(?P<token>[0-9]{1,9})(?P<part>\.[0-9]+)?")
_PLACE = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")
_NUMBERED = re.compile(r"(?P<value>.*)\[(?P<number>\d+)\]", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class _Feature(NamedTuple):
    """A feature of a layer of spans.

    Attributes:
        layer: The name of the layer in full.
        name: Its own.
        column: Where it stands in a row.
    """

    layer: str
    name: str
    column: int

    @property
    def short(self) -> str:
        return f"{self.layer.rpartition('.')[2]}.{self.name}" if self.name else self.layer

    def is_called(self, name: str) -> bool:
        names = (self.short, self.layer, f"{self.layer}.{self.name}", f"{self.layer}|{self.name}",
                 self.layer.rpartition(".")[2], self.name)  # fmt: skip
        return name.lower() in [known.lower() for known in names]


class _Row(NamedTuple):
    number: int
    cells: list[str]


def recognises(source: Source) -> bool:
    return bool(source.head) and source.head[0].startswith("#FORMAT=WebAnno TSV")


def read(source: Source, options: Options) -> Reading:
    path = source.path
    match = _FORMAT.match(source.head[0])
    if not match or match[1] != "3":
        raise InputError(
            f"{path}: is {source.head[0].removeprefix('#FORMAT=')!r}; export it as WebAnno TSV 3"
        )
    features, width = _features(source)
    faults: list[Fault] = []
    blocks = _blocks(source, width, faults)
    feature = _chosen(path, features, blocks, options)
    one_by_one = _is_one_by_one(blocks, feature)
    sentences = []
    for rows in blocks:
        try:
            sentence = _sentence(rows, feature, path, one_by_one, faults)
        except _Fault as fault:
            faults.append(error(f"{path}:{fault.number}", f"{fault}{LEFT_OUT}"))
        else:
            sentences.append(sentence)
    if not blocks and not faults:
        raise InputError(f"{path}: holds no sentence")
    how = How(NAME, "TAB", "the token", feature.short, "")
    return Reading(sentences, faults, how, layer=options.layer)


class _Fault(ValueError):
    """What is wrong with the sentence that has a line."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


def _features(source: Source) -> tuple[list[_Feature], int]:
    """The features of spans that the header names, and how many columns all features make."""
    features, column = [], 3
    for line in source.lines:
        if not line.startswith("#") or line.startswith("#Text="):
            if line.strip():
                break
            continue
        if not (match := _LAYER.fullmatch(line.rstrip())):
            continue
        for name in (match["features"] or "").split("|"):
            if match["kind"] == "SP" and not name.startswith("ROLE_"):
                features.append(_Feature(match["name"], name, column))
            column += 1
    if not features:
        raise InputError(f"{source.path}: its header names no layer of spans (#T_SP=...)")
    return features, column


def _blocks(source: Source, width: int, faults: list[Fault]) -> list[list[_Row]]:
    """The rows of each sentence; one with a fault is left out."""
    blocks: list[list[_Row]] = []
    rows: list[_Row] = []
    broken = False
    for number, line in enumerate([*source.lines, ""], 1):
        if not line.strip() or line.startswith("#Text="):
            if rows and not broken:
                blocks.append(rows)
            rows, broken = [], False
        elif not line.startswith("#") or _ID.match(line):
            cells = line.split("\t")
            if len(cells) == width + 1 and not cells[-1].strip():
                cells.pop()  # rows end in a TAB
            if message := _row_fault(line, cells, width, rows, source):
                faults.append(error(f"{source.path}:{number}", f"{message}{LEFT_OUT}"))
                broken = True
            rows.append(_Row(number, cells))
    return blocks


def _row_fault(line: str, cells: list[str], width: int, rows: list[_Row], source: Source) -> str:
    if not line.isascii() and (message := undecodable(line, source)):
        return message
    if len(cells) != width:
        return f"{len(cells)} columns instead of the {width} that the header names"
    here = _ID.fullmatch(cells[0])
    place = _PLACE.fullmatch(cells[1])
    if not here or not place:
        return f"{cells[0]!r} and {cells[1]!r} are no token and its place, such as '1-1' and '0-4'"
    if rows and (before := _ID.fullmatch(rows[-1].cells[0])):
        follows = int(here["token"]) == int(before["token"]) + (not here["part"])
        if here["sentence"] != before["sentence"] or not follows:
            return f"the token {cells[0]} follows {rows[-1].cells[0]}"
    elif here["part"]:
        return f"the part {cells[0]} follows no token"
    if _text(cells[2], int(place[2]) - int(place[1])) is None:
        return f"the places {cells[1]} are not those of {cells[2]!r}"
    return ""


def _text(cell: str, length: int) -> str | None:
    """The text of a cell, which escapes some characters or not; None if its length is another.

    Lengths count UTF-16 units, as Java does.
    """
    if len(cell) == length:  # as nearly always
        return cell
    for text in (cell, _unescaped(cell)):
        if length in (len(text.encode("utf-16-le", "surrogatepass")) // 2, len(text)):
            return text
    return None


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    text = text.replace("\\->", "->")
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text)


def _chosen(
    path: str, features: list[_Feature], blocks: list[list[_Row]], options: Options
) -> _Feature:
    """The feature to read: the one that was asked for, or the only one that has values.

    Raises:
        InputError: There is no such feature, or several have values.
    """
    counts = {
        feature: Counter(
            value
            for rows in blocks
            for row in rows
            for value, _ in _annotations(row.cells[feature.column])
            if value != "*"
        )
        for feature in features
    }
    wish = options.layer if options.layer is not None else options.tag_column
    listed = "; ".join(
        f"{n}: {feature.short} ({counts[feature].total():,} values, {_some(counts[feature])})"
        for n, feature in enumerate(features, 1)
        if counts[feature]
    )
    listed = listed or ", ".join(feature.short for feature in features)
    if wish is not None:
        if str(wish).isdecimal() and 1 <= int(wish) <= len(features):
            return features[int(wish) - 1]
        called = [feature for feature in features if feature.is_called(str(wish))]
        filled = [feature for feature in called if counts[feature]]
        if len(filled or called) == 1:
            return (filled or called)[0]
        problem = "several features are" if called else "no layer or feature is"
        raise InputError(f"{path}: {problem} called {wish!r}; layer is one of {listed}")
    filled = [feature for feature in features if counts[feature]]
    if len(filled) > 1:
        raise InputError(
            f"{path}: several layers have tags: say layer = the number of one: {listed}"
        )
    if not filled and any(
        _annotations(r.cells[f.column]) for f in features for b in blocks for r in b
    ):
        raise InputError(f"{path}: its annotations have no value, so there is no type of entity")
    return (filled or features)[0]


def _some(counts: Counter[str]) -> str:
    named = [repr(value) for value, _ in counts.most_common(3)]
    return ", ".join([*named, *(["..."] if len(counts) > 3 else [])])


def _annotations(cell: str) -> list[tuple[str, str]]:
    """Value and number of each annotation in a cell; "" for the number of one that has none."""
    if cell == "_":
        return []
    result = []
    for value in _parts(cell):
        match = _NUMBERED.fullmatch(value)
        number = match["number"] if match and not match["value"].endswith("\\") else ""
        value = match["value"] if match and number else value
        result.append((_unescaped(value), number))
    return result


def _parts(cell: str) -> list[str]:
    """A cell, taken apart at the bars that are not escaped."""
    if "|" not in cell:
        return [cell]
    return re.findall(r"(?:[^|\\]|\\.?)+", cell)


def _is_one_by_one(blocks: list[list[_Row]], feature: _Feature) -> bool:
    """Whether each token has one annotation of its own, as with parts of speech."""
    cells = (_annotations(row.cells[feature.column]) for rows in blocks for row in rows)
    return bool(blocks) and all(len(cell) == 1 and not cell[0][1] for cell in cells)


def _sentence(
    rows: list[_Row], feature: _Feature, path: str, one_by_one: bool, faults: list[Fault]
) -> Sentence:
    """The sentence of rows.

    Raises:
        _Fault: It is none.
    """
    tokens: list[str] = []
    numbers: list[int] = []
    spans: list[Span] = []
    reached: dict[str, tuple[str, int, int]] = {}
    for row in rows:
        begin, end = map(int, row.cells[1].split("-"))
        is_part = "." in row.cells[0]
        if not is_part:
            tokens.append(_text(row.cells[2], end - begin) or "")
            numbers.append(row.number)
        index = len(tokens) - 1
        if message := unfit(tokens[index], "O"):
            raise _Fault(row.number, message)
        for value, annotation in _annotations(row.cells[feature.column]):
            if value == "*":
                message = f"annotations without a value of {feature.short} are left out"
                faults.append(warning(f"{path}:{row.number}", message))
                continue
            if message := unfit("-", value):
                raise _Fault(row.number, message)
            if is_part:
                message = "an annotation of a part of a token is that of the token now"
                faults.append(warning(f"{path}:{row.number}", message))
            if not annotation:
                spans.append(Span(value, index, index + 1))
                continue
            type, start, last = reached.get(annotation, (value, index, index))
            if type != value or index > last + 1:
                raise _Fault(row.number, f"annotation {annotation} is not one stretch of one value")
            reached[annotation] = (value, start, index)
    if one_by_one:
        tags = [span.type for span in spans]
    else:
        spans += [Span(type, start, last + 1) for type, start, last in reached.values()]
        found = layers.in_layers(set(spans))
        for span in (span for layer in found[1:] for span in layer):
            message = "a word has one tag: an entity within or across another one is not read"
            faults.append(warning(f"{path}:{numbers[span.start]}", message))
        tags = encode(found[0] if found else [], len(tokens), "IOB2")
    return Sentence(tokens, tags, f"{path}:{numbers[0]}", numbers)
