"""Tokens in one file and their tags in another, a sentence to a line: seq.in and seq.out.

Either file is given, or a folder that holds one such pair; the other is found by its name.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ...errors import InputError
from ...text.sentences import Fault, How, Reading, Sentence
from ..options import Options
from ..source import Source, decoded_text, lines_of
from .faults import LEFT_OUT, error, first_unfit, undecodable

NAME = "parallel files of tokens and tags"
_SURE = (("seq.in", "seq.out"),)  # hardly the name of anything else
_PAIRS = (
    *_SURE,
    *(
        (words, tags)
        for words in ("words", "word", "tokens", "token", "sentences", "sentence", "text", "source",
                      "src", "in")
        for tags in ("tags", "tag", "labels", "label", "ner", "target", "tgt", "out")
    ),
)  # fmt: skip
_FEW_COLUMNS = 8


class _Pair(NamedTuple):
    tokens: Path
    tags: Path


def recognises(source: Source) -> bool:
    path = Path(source.path)
    if source.is_folder:
        return len(_pairs_in(source)) == 1
    if _is_columns(source.head):
        return False
    if pair := _pair_of(path):
        other = pair.tags if path == pair.tokens else pair.tokens
        return bool(_missing(path)) or _have_same_lengths(source, other)
    return bool(_missing(path))


def read(source: Source, options: Options) -> Reading:
    path = Path(source.path)
    pair = _pairs_in(source)[0] if source.is_folder else _pair_of(path)
    if pair is None:
        raise InputError(f"{path}: a file of {_missing(path)} is missing beside it")
    sides = [lines_of(decoded_text(str(one), options.encoding)[0]) for one in pair]
    for lines in sides:
        while lines and not lines[-1].strip():
            lines.pop()
    faults: list[Fault] = []
    if len(sides[0]) != len(sides[1]):
        shorter = min(map(len, sides)) + 1
        counts = f"{len(sides[0]):,} lines, and {pair.tags} {len(sides[1]):,}"
        raise InputError(
            f"{pair.tokens}:{shorter}: has {counts}: each needs a line for each sentence"
        )
    sentences = []
    for number, (left, right) in enumerate(zip(*sides, strict=True), 1):
        where, there = f"{pair.tokens}:{number}", f"{pair.tags}:{number}"
        tokens, tags = _items(left), _items(right)
        if message := undecodable(left, source) or undecodable(right, source):
            faults.append(error(where, f"{message}{LEFT_OUT}"))
        elif len(tokens) != len(tags):
            message = f"{len(tokens)} tokens, but {len(tags)} tags at {there}"
            faults.append(error(where, f"{message}{LEFT_OUT}", "lengths"))
        elif message := first_unfit(tokens, tags):
            faults.append(error(where, f"{message}{LEFT_OUT}"))
        elif tokens:
            sentences.append(Sentence(tokens, tags, where, [number] * len(tokens)))
    if not sentences and not faults:
        raise InputError(f"{pair.tokens}: holds no sentence")
    return Reading(sentences, faults, How(NAME, "whitespace", pair.tokens.name, pair.tags.name, ""))


def _items(line: str) -> list[str]:
    return [item for item in re.split(r"[ \t]+", line) if item]


def _is_columns(lines: Sequence[str]) -> bool:
    """Whether lines have all the same few cells, which many sentences have not."""
    widths = {len(_items(line)) for line in lines}
    return len(lines) > 3 and len(widths) == 1 and 1 < widths.pop() < _FEW_COLUMNS


def _pair_of(path: Path) -> _Pair | None:
    """The two files, of which one is given; None if there is no other."""
    for words, tags in _PAIRS:
        for one, other in ((words, tags), (tags, words)):
            if (name := _renamed(path.name, one, other)) and path.with_name(name).is_file():
                found = path.with_name(name)
                return _Pair(path, found) if one == words else _Pair(found, path)
    return None


def _renamed(name: str, old: str, new: str) -> str:
    """The name with another word in it; "" if that word is not there or stands there twice."""
    parts = re.split(rf"(?<![A-Za-z]){re.escape(old)}(?![A-Za-z])", name)
    return new.join(parts) if len(parts) == 2 else ""


def _missing(path: Path) -> str:
    """What a file, by its name, has its tokens or tags in; "" if the name says nothing."""
    name = path.name
    for tokens, tags in (*_SURE, (".words", ".tags"), (".tokens", ".labels"), (".tokens", ".tags")):
        if name.endswith(tokens):
            return f"tags, {name.removesuffix(tokens)}{tags},"
        if name.endswith(tags):
            return f"tokens, {name.removesuffix(tags)}{tokens},"
    return ""


def _have_same_lengths(source: Source, other: Path) -> bool:
    """Whether the first lines mostly have as many words as those of the other file."""
    try:
        lines = lines_of(decoded_text(str(other))[0])
    except InputError:
        return False
    both = [(a, b) for a, b in zip(source.lines, lines, strict=False) if a.strip()][:100]
    same = sum(len(_items(a)) == len(_items(b)) for a, b in both)
    return any(len(_items(a)) > 1 for a, _ in both) and 2 * same >= len(both)


def _pairs_in(folder: Source) -> list[_Pair]:
    pairs = map(_pair_of, folder.files)
    return list(dict.fromkeys(pair for pair in pairs if pair))
