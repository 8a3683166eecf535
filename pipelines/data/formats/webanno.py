r"""WebAnno TSV 3, which INCEpTION writes as well: a token to a line, a column to a feature.

The header names layers and their features (`#T_SP=...NamedEntity|identifier|value`). A token is
`1-1`, and a part of it that is annotated for itself `1-1.1`. A feature is `_` where nothing is
annotated, `*` where the annotation has no value; `PER[3]` is that of annotation 3, which may cover
several tokens, and `|` stands between annotations of one token. A backslash escapes.
"""

import re
from collections import Counter
from itertools import chain
from typing import NamedTuple

from ...errors import InputError
from ...text.chunking import Span, encode
from ...text.sentences import Fault, How, Reading, Sentence
from ..options import Options
from ..source import Source
from . import layers
from .faults import LEFT_OUT, error, first_unfit, undecodable, unfit, warning

NAME = "WebAnno TSV 3"
_FORMAT = re.compile(r"#FORMAT=WebAnno TSV (\d+)(\.\d+)?")
_LAYER = re.compile(r"#T_(?P<kind>SP|RL|CH)=(?P<name>[^|]+)(\|(?P<features>.*))?")
_ID = re.compile(r"(?P<sentence>[0-9]{1,9})-(?P<token>[0-9]{1,9})(?P<part>\.[0-9]+)?")
_PLACE = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")
_NUMBERED = re.compile(r"(?P<value>.*)\[(?P<number>\d+)\]", re.DOTALL)
_FIRST = 3  # column of a feature
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
    """A row that is to be looked at.

    Attributes:
        number: Its line.
        token: The index of the token that it is, or is a part of.
        is_part: Whether it is a part of a token.
        features: Its cells of features, as they stand in the line.
    """

    number: int
    token: int
    is_part: bool
    features: str


class _Block(NamedTuple):
    """The rows of a sentence.

    Attributes:
        tokens: Its tokens.
        numbers: The line of each.
        features: The cells of features of each, as they stand in the line; "" if all are empty.
        parts: The rows of parts of tokens.
    """

    tokens: list[str]
    numbers: list[int]
    features: list[str]
    parts: list[_Row]

    @property
    def rows(self) -> list[_Row]:
        """Those in which something is annotated, in their order."""
        tokens = zip(self.numbers, self.features, strict=True)
        rows = [_Row(n, i, False, cells) for i, (n, cells) in enumerate(tokens) if cells]
        return sorted(rows + self.parts) if self.parts else rows


class _Cells:
    """The annotations of one feature: equal cells stand in many rows, and are parsed once."""

    def __init__(self, feature: _Feature) -> None:
        self._index = feature.column - _FIRST
        self._parsed: dict[str, list[tuple[str, str]]] = {"": []}

    def annotations(self, features: str) -> list[tuple[str, str]]:
        """Value and number of each annotation; "" for the number of one that has none."""
        if features not in self._parsed:
            self._parsed[features] = _annotations(features.split("\t")[self._index])
        return self._parsed[features]


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
    blocks = _Blocks(source, width, faults).all()
    feature = _chosen(path, features, blocks, options)
    cells = _Cells(feature)
    one_by_one = _is_one_by_one(blocks, cells)
    sentences = []
    for block in blocks:
        try:
            sentence = _sentence(block, feature, cells, path, one_by_one, faults)
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
    features, column = [], _FIRST
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


class _Blocks:
    """Takes the rows of sentences from lines; a sentence with a fault is left out."""

    def __init__(self, source: Source, width: int, faults: list[Fault]) -> None:
        self._source = source
        self._width = width
        self._faults = faults
        nothing = "\t".join("_" * (width - _FIRST))
        self._known = {nothing: "", f"{nothing}\t": ""}  # rows end in a TAB or not
        self._begin()

    def _begin(self) -> None:
        self._block, self._is_broken = _Block([], [], [], []), False
        self._sentence, self._token = "", 0  # the id of the row before, "" if it has none

    def all(self) -> list[_Block]:
        blocks = []
        known, is_decoded = self._known, self._source.is_decoded
        for number, line in enumerate(chain(self._source.lines, [""]), 1):
            row = line.split("\t", _FIRST)
            # A corpus has millions of rows, nearly all as they should be: they take few steps.
            if (
                row[-1] in known
                and len(row) > _FIRST
                and is_decoded
                and self._sentence
                and row[0] == f"{self._sentence}-{self._token + 1}"
                and _is_as_long(row[2], row[1])
            ):
                self._token += 1
                self._block.tokens.append(row[2])
                self._block.numbers.append(number)
                self._block.features.append(known[row[-1]])
            elif not line.strip() or line.startswith("#Text="):
                if self._block.numbers and not self._is_broken:
                    blocks.append(self._block)
                self._begin()
            elif line.startswith("#"):
                continue
            elif message := self._add(number, line):
                where = f"{self._source.path}:{number}"
                self._faults.append(error(where, f"{message}{LEFT_OUT}"))
                self._is_broken = True
        return blocks

    def _add(self, number: int, line: str) -> str:
        """Adds a row to the sentence, or says what is wrong with it."""
        cells = line.split("\t")
        if len(cells) == self._width + 1 and not cells[-1].strip():
            cells.pop()
        here = _ID.fullmatch(cells[0])
        before = f"{self._sentence}-{self._token}" if self._sentence else ""
        token = self._token + 1 if not (here and here["part"]) else self._token
        self._sentence = here["sentence"] if here else ""
        self._token = int(here["token"]) if here else 0
        if not line.isascii() and (message := undecodable(line, self._source)):
            return message
        if len(cells) != self._width:
            return f"{len(cells)} columns instead of the {self._width} that the header names"
        place = _PLACE.fullmatch(cells[1])
        if not here or not place:
            ids = f"{cells[0]!r} and {cells[1]!r}"
            return f"{ids} are no token and its place, such as '1-1' and '0-4'"
        if before and (before.rpartition("-")[0] != self._sentence or token != self._token):
            return f"the token {cells[0]} follows {before}"
        if not before and here["part"]:
            return f"the part {cells[0]} follows no token"
        text = _text(cells[2], int(place[2]) - int(place[1]))
        if text is None:
            return f"the places {cells[1]} are not those of {cells[2]!r}"
        block = self._block
        features = "\t".join(cells[_FIRST:])
        features = self._known.setdefault(features, features)
        if here["part"]:
            block.parts.append(_Row(number, len(block.tokens) - 1, True, features))
        else:
            block.tokens.append(text)
            block.numbers.append(number)
            block.features.append(features)
            # so that rows with these cells are known, with the TAB and without
            self._known.setdefault(f"{features}\t", features)
        return ""


def _is_as_long(text: str, place: str) -> bool:
    """Whether a text is as long as its place says, by its code points."""
    begin, _, end = place.partition("-")
    if not (begin.isdecimal() and end.isdecimal()) or len(place) > 20:
        return False
    return int(end) - int(begin) == len(text)


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
    path: str, features: list[_Feature], blocks: list[_Block], options: Options
) -> _Feature:
    """The feature to read: the one that was asked for, or the only one that has values.

    Raises:
        InputError: There is no such feature, or several have values.
    """
    rows = Counter(cells for block in blocks for cells in block.features)
    rows.update(row.features for block in blocks for row in block.parts)
    del rows[""]
    counts: dict[_Feature, Counter[str]] = {feature: Counter() for feature in features}
    has_annotations = False
    for feature, count in counts.items():
        cells = _Cells(feature)
        for some, times in rows.items():
            for value, _ in cells.annotations(some):
                has_annotations = True
                if value != "*":
                    count[value] += times
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
    if not filled and has_annotations:
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


def _is_one_by_one(blocks: list[_Block], cells: _Cells) -> bool:
    """Whether each token has one annotation of its own, as with parts of speech."""
    kinds = {features for block in blocks for features in block.features}
    found = [cells.annotations(features) for features in kinds]
    return bool(found) and all(len(cell) == 1 and not cell[0][1] for cell in found)


def _sentence(
    block: _Block,
    feature: _Feature,
    cells: _Cells,
    path: str,
    one_by_one: bool,
    faults: list[Fault],
) -> Sentence:
    """The sentence of rows.

    Raises:
        _Fault: It is none.
    """
    tokens, numbers = block.tokens, block.numbers
    if message := first_unfit(tokens, ["O"] * len(tokens)):
        raise _Fault(
            next(n for n, t in zip(numbers, tokens, strict=True) if unfit(t, "O")), message
        )
    spans: list[Span] = []
    reached: dict[str, tuple[str, int, int]] = {}
    for row in block.rows:
        index = row.token
        for value, annotation in cells.annotations(row.features):
            if value == "*":
                message = f"annotations without a value of {feature.short} are left out"
                faults.append(warning(f"{path}:{row.number}", message))
                continue
            if message := unfit("-", value):
                raise _Fault(row.number, message)
            if row.is_part:
                message = "an annotation of a part of a token is that of the token now"
                if one_by_one:
                    message = "a token has one tag: an annotation of a part of it is not read"
                faults.append(warning(f"{path}:{row.number}", message))
            if one_by_one and row.is_part:
                continue
            if not annotation:
                spans.append(Span(value, index, index + 1))
                continue
            type, start, last = reached.get(annotation, (value, index, index))
            if type != value or index > last + 1:
                raise _Fault(row.number, f"annotation {annotation} is not one stretch of one value")
            reached[annotation] = (value, start, index)
    if one_by_one and len(spans) < len(tokens):
        raise _Fault(numbers[0], f"a token has no value of {feature.short}, as all others have")
    if one_by_one:
        tags = [span.type for span in spans]
    elif not spans and not reached:
        tags = ["O"] * len(tokens)
    else:
        spans += [Span(type, start, last + 1) for type, start, last in reached.values()]
        found = layers.in_layers(set(spans))
        for span in (span for layer in found[1:] for span in layer):
            message = "a word has one tag: an entity within or across another one is not read"
            faults.append(warning(f"{path}:{numbers[span.start]}", message))
        tags = encode(found[0] if found else [], len(tokens), "IOB2")
    return Sentence(tokens, tags, f"{path}:{numbers[0]}", numbers)
