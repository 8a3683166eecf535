"""Files of word vectors: the formats in use, row by row, and what is wrong with them."""

import codecs
import importlib.util
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..config.schema import PACKAGES
from ..errors import InputError
from ..text.sentences import Fault
from ..text.signatures import (
    BINARY,
    FASTTEXT,
    HEAD,
    NPY,
    Stream,
    is_wide,
    open_bytes,
    read_bytes,
)
from . import fasttext_model

LINES = 10_000  # between two reports of progress
SAMPLE = 200  # rows that decide how many numbers a row has
LONGEST = 2**20  # bytes of a line
WIDEST = 2**16  # numbers of a row
BAD = 0.05  # of the rows: a file with more that cannot be read is refused

# Called with a file and the share of it that has been read, from 0 to 1.
Progress = Callable[[str, float], None]

_NUMBER = re.compile(rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?(?i:nan|inf|infinity)")
_FIRST_IS_NUMBER = re.compile(rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?(\s|$)")
_LAST_IS_NUMBER = re.compile(rb"\s[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")
_DECIMAL_COMMA = re.compile(rb"\s[-+]?\d*,\d+(?=\s|$)")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f]")


class Row(NamedTuple):
    """A word and its vector.

    Attributes:
        at: The line of the file, or the row where it has no lines; from 1.
        word: The word.
        numbers: Makes the vector, of shape (numbers,); most rows of a large file are not wanted.
            Raises ValueError if what follows the word is not numbers.
    """

    at: int
    word: str
    numbers: Callable[[], np.ndarray]


class Notes:
    """What is found in a file that has to be known, each kind once with its count.

    Attributes:
        rows: The rows that could be read.
    """

    def __init__(self, name: str, unit: str = ":") -> None:
        self.name, self.unit, self.rows = name, unit, 0
        self._bad: dict[str, list[int]] = {}  # of each kind, its count and first place
        self._faults: list[Fault] = []

    def where(self, at: int) -> str:
        """The place of a row for messages."""
        return f"{self.name}{self.unit}{at}"

    def left_out(self, reason: str, at: int) -> None:
        """A row that cannot be read, and why."""
        self._bad.setdefault(reason, [0, at])[0] += 1

    def warn(self, message: str, at: int | None = None) -> None:
        """Something that was read nevertheless."""
        where = self.name if at is None else self.where(at)
        self._faults.append(Fault(where, message, "warning"))

    def refuse_many(self) -> None:
        """Raises InputError if so many rows cannot be read that the file is something else."""
        bad = sum(count for count, _ in self._bad.values())
        rows = bad + self.rows
        if bad and (bad > max(1, BAD * rows) or 2 * bad >= rows):
            reason, (count, first) = max(self._bad.items(), key=lambda item: item[1][0])
            raise InputError(
                f"{self.where(first)}: {reason}; so {'does' if count == 1 else 'do'} "
                f"{_counted(count, 'row')} of {rows:,}: not a usable file of word vectors"
            )

    def faults(self) -> list[Fault]:
        """All of them, as warnings."""
        return self._faults + [
            Fault(self.where(first), f"{reason}; {_counted(count, 'row')} left out", "warning")
            for reason, (count, first) in self._bad.items()
        ]


def rows(name: str, notes: Notes, progress: Progress) -> Iterator[Row]:
    """The rows of a file or package, in its order.

    Args:
        name: The path of a file, or the name of a package.
        notes: Told of rows that are left out.
        progress: Told how far it has been read.

    Raises:
        InputError: It cannot be read, or is not a file of word vectors.
    """
    if name in PACKAGES:
        notes.unit = ", row "
        yield from _of_arrays(*_of_package(name), notes)
        return
    path = Path(name)
    with open_bytes(path, (NPY, FASTTEXT, BINARY)) as stream:
        head = stream.peek(HEAD)[:HEAD]
        if stream.signature in (NPY, FASTTEXT):
            _refuse_compressed(stream, path)
            notes.unit = ", row "
            if stream.signature == NPY:
                yield from _of_arrays(*_of_npy(path), notes)
            else:
                yield from _of_fasttext(path, notes, progress)
        elif is_wide(head):
            raise InputError(f"{path}: is text in UTF-16 or UTF-32: write it in UTF-8")
        elif _is_word2vec_binary(head):
            notes.unit = ", row "
            yield from _of_word2vec_binary(stream, notes, progress)
        elif stream.signature == BINARY:
            raise InputError(f"{path}: is binary data, but not as of word2vec or fastText")
        else:
            yield from _of_text(stream, notes, progress)


def _refuse_compressed(stream: Stream, path: Path) -> None:
    if stream.compressed is not None:
        assert stream.signature is not None
        raise InputError(
            f"{path}: is {stream.signature.name}, which is read in place, and "
            f"{stream.compressed.name}: {stream.compressed.advice} first"
        )


def _decoded(word: bytes, at: int, notes: Notes) -> str | None:
    """The word as text; None, and a note, if it is none."""
    if _CONTROL.search(word):
        notes.left_out("there are control characters in the word", at)
        return None
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError:
        notes.left_out("the word is not UTF-8 (write the file in UTF-8, as with `iconv`)", at)
        return None


def _of_arrays(words: list[str], vectors: np.ndarray, notes: Notes) -> Iterator[Row]:
    for at, word in enumerate(words, 1):
        if not word or word.isspace():
            notes.left_out("the word is blank", at)
            continue
        notes.rows += 1
        yield Row(at, word, partial(vectors.__getitem__, at - 1))


def _of_package(name: str) -> tuple[list[str], np.ndarray]:
    module, words, vectors = PACKAGES[name]
    spec = importlib.util.find_spec(module)
    if spec is None or importlib.util.find_spec("pyarrow") is None:
        raise InputError(
            f"vectors.files: {name!r} is not installed: pip install 'keras-lstm-variants[glove]'"
        )
    from pyarrow import parquet

    [folder] = spec.submodule_search_locations or []
    column = parquet.read_table(Path(folder, words)).column(0)
    return column.to_pylist(), np.load(Path(folder, vectors), mmap_mode="r")


def _of_npy(path: Path) -> tuple[list[str], np.ndarray]:
    if path.suffix != ".npy":
        raise InputError(
            f"{path}: is a NumPy array: name it .npy, with its words beside it in a .txt file"
        )
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # the header is Python, and NumPy lets all errors of it through
        raise InputError(f"{path}: a damaged NumPy array: {_line(error)}") from None
    beside = path.with_suffix(".txt")
    if not beside.exists():
        raise InputError(
            f"{beside}: no such file: it should have the words of {path.name}, one per line"
        )
    try:
        text = read_bytes(beside).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{beside}: not UTF-8") from None
    words = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if (
        vectors.ndim != 2
        or len(vectors) != len(words)
        or vectors.dtype.kind != "f"
        or not vectors.shape[1]
    ):
        raise InputError(
            f"{path}: should have a row of numbers for each of the {len(words)} words in "
            f"{beside.name}; it has the shape {vectors.shape} and holds {vectors.dtype}"
        )
    return words, vectors


def _of_fasttext(path: Path, notes: Notes, progress: Progress) -> Iterator[Row]:
    model = fasttext_model.load(path)
    for at, raw in enumerate(model.words, 1):
        if at % LINES == 0:
            progress(str(path), at / len(model.words))
        word = _decoded(raw, at, notes)
        if word is None:
            continue
        notes.rows += 1
        yield Row(at, word, partial(model.vector, at - 1))


def _header(line: bytes) -> tuple[int, int] | None:
    """Rows and numbers per row, of the line that word2vec and fastText write first."""
    fields = line.split()
    if len(fields) != 2 or not all(re.fullmatch(rb"\d{1,12}", field) for field in fields):
        return None
    return int(fields[0]), int(fields[1])


def _is_word2vec_binary(head: bytes) -> bool:
    """Whether after the header there is what no text has, and no text of numbers."""
    first, newline, rest = head.partition(b"\n")
    if not newline or _header(first) is None or not re.search(rb"[\x00-\x08\x0e-\x1f]", rest):
        return False
    lines = rest.splitlines()[:10]
    return 2 * sum(_numbers_at_end(line) > 0 for line in lines) < len(lines)


def _of_word2vec_binary(stream: Stream, notes: Notes, progress: Progress) -> Iterator[Row]:
    """After the header for each row the word, a blank, 32-bit numbers and perhaps a line break."""
    header = _header(stream.readline(HEAD))
    assert header is not None
    count, width = header
    if not 0 < width <= WIDEST:
        raise InputError(f"{notes.name}: damaged: the header says {width:,} numbers per word")
    size, buffer, start = 4 * width, b"", 0
    for at in range(1, count + 1):
        while (end := buffer.find(b" ", start)) < 0 or len(buffer) <= end + size:
            if end < 0 and len(buffer) - start > LONGEST:
                raise InputError(f"{notes.where(at)}: damaged: no word, after which is a blank")
            if not (more := stream.read(LONGEST)):
                raise InputError(
                    f"{notes.name}: cut short, or damaged: the header says {count:,} words of "
                    f"{width:,} numbers, and the file ends in word {at:,}: download or copy it "
                    "again"
                )
            buffer, start = buffer[start:] + more, 0
        raw, numbers = buffer[start:end].lstrip(b"\n"), buffer[end + 1 : end + 1 + size]
        start = end + 1 + size
        if at % LINES == 0:
            progress(notes.name, stream.share)
        if not raw:
            notes.left_out("the word is blank", at)
            continue
        word = _decoded(raw, at, notes)
        if word is None:
            continue
        notes.rows += 1
        yield Row(at, word, partial(np.frombuffer, numbers, "<f4"))
    rest = buffer[start:] + stream.read(HEAD)
    if rest.strip():
        notes.warn(f"there is more after the {count:,} words that the header says; left out")


def _lines(stream: Stream, name: str) -> Iterator[tuple[int, bytes]]:
    """The lines with their numbers, without a byte order mark."""
    at = 0
    while line := stream.readline(LONGEST):
        at += 1
        if len(line) == LONGEST and not line.endswith(b"\n"):
            raise InputError(
                f"{name}:{at}: a line of more than {LONGEST:,} bytes: not a file of word vectors"
            )
        yield at, line.removeprefix(codecs.BOM_UTF8) if at == 1 else line


def _of_text(stream: Stream, notes: Notes, progress: Progress) -> Iterator[Row]:
    """Lines of a word and its numbers, as of GloVe; word2vec and fastText have a header before."""
    lines = _lines(stream, notes.name)
    first = list(itertools.islice(lines, SAMPLE))
    sample = [(at, line) for at, line in first if line.strip()]
    if not sample:
        raise InputError(f"{notes.name}: there is no word vector in it")
    header = _header(sample[0][1])
    width = _width(sample if header is None else sample[1:], header, notes)
    if header is not None and width == 1 != header[1]:
        header = None  # a word that is a number, in a file of one number per word
    if header is not None:
        first = first[first.index(sample[0]) + 1 :]

    blank: list[int] = []
    numeric: list[int] = []  # rows that begin with a number
    data = last = 0
    for at, line in itertools.chain(first, lines):
        if at % LINES == 0:
            progress(notes.name, stream.share)
        if line.isspace():
            blank.append(at)
            continue
        data, last = data + 1, at
        raw, *values = line.rsplit(None, width)  # words may contain blanks
        raw = raw.lstrip()
        reason = _why_not(line, raw, values, width)
        if reason:
            notes.left_out(reason, at)
        elif (word := _decoded(raw, at, notes)) is not None:
            if _FIRST_IS_NUMBER.match(raw):
                numeric.append(at)
            notes.rows += 1
            yield Row(at, word, partial(_numbers, values))

    if len(numeric) > max(1, notes.rows / 2):
        raise InputError(
            f"{notes.where(numeric[0])}: begins with a number where a word was expected; so do "
            f"{len(numeric):,} of {notes.rows:,} rows: remove that column, or give a file with "
            "words"
        )
    inner = [at for at in blank if at < last]
    if inner:
        notes.warn(f"a blank line; {len(inner):,} in all, skipped", inner[0])
    if header is not None and header != (data, width):
        notes.warn(
            f"the header says {header[0]:,} words of {header[1]:,} numbers, and there are "
            f"{data:,} of {width:,}: is the file cut short?",
            sample[0][0],
        )


def _why_not(line: bytes, word: bytes, values: list[bytes], width: int) -> str | None:
    """Why a line is not a word and its numbers; None if it is."""
    if len(values) == width:
        if _LAST_IS_NUMBER.search(word):
            return f"there are more than {width} numbers after the word"
        return None
    if len(values) == width - 1 and line[:1].isspace() and _NUMBER.fullmatch(word):
        return "the word is blank"
    return f"there are fewer than {width} numbers after the word"


def _numbers(values: list[bytes]) -> np.ndarray:
    if b"_" in b" ".join(values):  # Python reads 1_0 as 10
        raise ValueError
    return np.array([float(value) for value in values], "float32")


def _width(sample: list[tuple[int, bytes]], header: tuple[int, int] | None, notes: Notes) -> int:
    """How many numbers follow a word in most of the first rows.

    Raises:
        InputError: They do not agree, or have no numbers.
    """
    if not sample:
        raise InputError(f"{notes.name}: there is no word vector in it, only a header")
    widths = [_numbers_at_end(line) for _, line in sample]
    [(width, count)] = Counter(widths).most_common(1)
    if header is not None and 2 * widths.count(header[1]) >= len(widths):
        width, count = header[1], widths.count(header[1])
    if 0 < width <= WIDEST and 2 * count > len(widths):
        return width
    other = next((n for n, one in enumerate(widths) if one != width), 0) if width else 0
    at, line = sample[other]
    if len(_DECIMAL_COMMA.findall(line)) > len(line.split()) / 2:
        raise InputError(
            f"{notes.where(at)}: the numbers have decimal commas: write them with points"
        )
    for separator in (b",", b";", b"|"):
        fields = line.strip().split(separator)
        if len(fields) > 2 and all(_NUMBER.fullmatch(one.strip()) for one in fields[1:]):
            raise InputError(
                f"{notes.where(at)}: the columns are separated by {separator.decode()!r}: write "
                "them with blanks between"
            )
    shown = line.strip()[:40].decode("utf-8", "replace")
    if width > WIDEST:
        raise InputError(f"{notes.where(at)}: has {width:,} numbers: not a file of word vectors")
    if not width:
        raise InputError(
            f"{notes.where(at)}: expected a word and its numbers, found {shown!r}: not a text file "
            "of word vectors"
        )
    raise InputError(
        f"{notes.where(at)}: expected a word and {width} numbers, as in {count} of the first "
        f"{len(widths)} rows, found {widths[other]}: the rows do not agree; is the file damaged?"
    )


def _numbers_at_end(line: bytes) -> int:
    """How many numbers a line ends in, after at least a word."""
    fields = line.split()
    for n, field in enumerate(reversed(fields[1:])):
        if not _NUMBER.fullmatch(field):
            return n
    return len(fields) - 1


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
