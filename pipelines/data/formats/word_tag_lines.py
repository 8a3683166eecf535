"""A sentence to a line, each word with its tag: `The/DT dog/NN`, `Rome_B-LOC`, `Rome|NNP|B-LOC`."""

from collections import Counter

from ...errors import InputError
from ...text.sentences import Fault, How, Reading, Sentence
from ..column_finder import index_of
from ..options import Options
from ..source import Source
from .faults import LEFT_OUT, error, first_unfit, undecodable

NAME = "lines of words with tags"
_JOINERS = ("/", "_", "|", "\\", "#", "^")
_MOST = 0.95  # of the words have a tag in a file that is meant so
_FEW = 0.5  # tags differ less than words do, unless there are hardly any
_SMALL = 20


def recognises(source: Source) -> bool:
    return _joiner(source) is not None


def read(source: Source, options: Options) -> Reading:
    joiner = _joiner(source) or _JOINERS[0]
    path = source.path
    width = _width(source, joiner)
    token, tag = (
        index_of(path, default if wish is None else wish, width)
        for wish, default in ((options.token_column, 0), (options.tag_column, width - 1))
    )
    faults: list[Fault] = []
    sentences = []
    for number, line in enumerate(source.lines, 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        cells = [word.rsplit(joiner, width - 1) for word in _words(line)]
        odd = next((cell for cell in cells if len(cell) != width or not all(cell)), None)
        if message := undecodable(line, source):
            faults.append(error(where, f"{message}{LEFT_OUT}"))
        elif odd:
            message = f"{joiner.join(odd)!r} is no word, {joiner!r} and its tag"
            faults.append(error(where, f"{message}{LEFT_OUT}", "no tag"))
        else:
            tokens, tags = [c[token] for c in cells], [c[tag] for c in cells]
            if message := first_unfit(tokens, tags):
                faults.append(error(where, f"{message}{LEFT_OUT}"))
            else:
                sentences.append(Sentence(tokens, tags, where, [number] * len(tokens)))
    if not sentences and not faults:
        raise InputError(f"{path}: holds no sentence")
    parts = [f"part {index % width + 1} of {width}" for index in (token, tag)]
    return Reading(sentences, faults, How(NAME, joiner, parts[0], parts[1], ""))


def _words(line: str) -> list[str]:
    """What spaces separate; no other whitespace, which may be in words."""
    return line.replace("\t", " ").strip(" ").split(" ") if "  " not in line else line.split()


def _joiner(source: Source) -> str | None:
    """What stands between words and tags; None if this is another format.

    Of several, the one that makes the fewest different tags.
    """
    lines = [_words(line) for line in source.head]
    words = [word for line in lines for word in line if word]
    # Columns have the same number on each line; so has a sentence on one line of a short file.
    widths = {len(line) for line in lines}
    if not words or max(widths) < 2 or (len(widths) == 1 and len(lines) > 2 and max(widths) < 4):
        return None
    best: tuple[int, str] | None = None
    for joiner in _JOINERS:
        pairs = [word.rpartition(joiner) for word in words]
        paired = [(word, tag) for word, _, tag in pairs if word and tag]
        if len(paired) < _MOST * len(words):
            continue
        distinct = Counter(tag for _, tag in paired)
        tokens = {word for word, _ in paired}
        if len(words) >= _SMALL and len(distinct) > _FEW * len(tokens):
            continue
        if any(tag.isdecimal() for tag in distinct):
            continue  # dates, fractions, page numbers
        if best is None or len(distinct) < best[0]:
            best = (len(distinct), joiner)
    return best[1] if best else None


def _width(source: Source, joiner: str) -> int:
    """How many parts words have: two, or more where all have as many and the joiner is a bar."""
    if joiner != "|":
        return 2
    widths = {word.count(joiner) + 1 for line in source.head for word in _words(line) if word}
    return widths.pop() if len(widths) == 1 else 2
