"""Pretrained word vectors: files side by side, the rows that are kept, how much they cover."""

import gzip
import hashlib
import importlib.util
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..config.schema import PACKAGES, Vectors
from ..errors import InputError
from ..text.sentences import Sentence

LINES = 10_000  # between two reports of progress

# Called with a file and the share of it that has been read, from 0 to 1.
Progress = Callable[[str, float], None]


class WordVectors(NamedTuple):
    """Words and their vectors, those of several files side by side: zeros where a file lacks one.

    Attributes:
        words: The words.
        rows: Of shape (words, numbers).
    """

    words: list[str]
    rows: np.ndarray


class Coverage(NamedTuple):
    """How many words of a split have a vector: as written, in lower case only, and of how many."""

    types: tuple[int, int, int]
    tokens: tuple[int, int, int]


def table(
    config: Vectors, train: Iterable[Sentence], progress: Progress = lambda name, share: None
) -> WordVectors | None:
    """The vectors that a tagger keeps; None if it is to have none.

    Of each file these are its first rows, for files begin with the most frequent words, and those
    of all training words. Words of dev and test choose nothing: the tagger that is scored has the
    vectors that it would have for any other text.

    Args:
        config: The part of the experiment.
        train: The training sentences.
        progress: Told of each file how far it has been read.

    Raises:
        InputError: A file is missing or is not what its name says.
    """
    if not config.files:
        return None
    words = {word for sentence in train for word in sentence.tokens}
    wanted = words | {word.lower() for word in words}
    tables = [_read(file, wanted, config.most_frequent, progress) for file in config.files]
    if len(tables) == 1:
        return tables[0]
    union = list(dict.fromkeys(word for one in tables for word in one.words))
    return WordVectors(union, np.concatenate([_rows_of(union, one) for one in tables], axis=1))


def coverage(table: WordVectors, sentences: Iterable[Sentence]) -> Coverage:
    """How many of the words have a vector."""
    known = set(table.words)
    counts = Counter(word for sentence in sentences for word in sentence.tokens)
    exact = {word for word in counts if word in known}
    lower = {word for word in counts if word not in known and word.lower() in known}
    tokens = tuple(sum(counts[word] for word in some) for some in (exact, lower, counts))
    return Coverage((len(exact), len(lower), len(counts)), tokens)  # type: ignore[arg-type]


def checksum(table: WordVectors) -> str:
    """Of words and rows, wherever they were read from."""
    digest = hashlib.sha256("\n".join(table.words).encode())
    digest.update(np.ascontiguousarray(table.rows).data)
    return digest.hexdigest()


def _rows_of(words: list[str], one: WordVectors) -> np.ndarray:
    """The rows of one file for words of several: of a word it lacks, that of its lower case."""
    places = {word: n for n, word in enumerate(one.words)}
    chosen = [places.get(word, places.get(word.lower(), len(places))) for word in words]
    zeros = np.zeros((1, one.rows.shape[1]), "float32")
    return np.concatenate([one.rows, zeros])[chosen]


def _read(name: str, wanted: set[str], most_frequent: int, progress: Progress) -> WordVectors:
    words: dict[str, Any] = {}
    try:
        for n, (word, row) in enumerate(_source(name, progress)):
            if (n < most_frequent or word in wanted) and word and word not in words:
                words[word] = row()
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"vectors.files: {name}: cannot be read: {reason}") from None
    progress(name, 1.0)
    if not words:
        raise InputError(f"{name}: there is no word vector in it")
    return WordVectors(list(words), np.array(list(words.values()), "float32"))


def _source(name: str, progress: Progress) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Each word with a function that makes its row: most rows of a large file are not wanted."""
    if name in PACKAGES:
        return _of_arrays(*_of_package(name))
    path = Path(name)
    return _of_arrays(*_of_npy(path)) if path.suffix == ".npy" else _of_text(path, progress)


def _of_arrays(words: list[str], rows: np.ndarray) -> Iterator[tuple[str, Callable[[], Any]]]:
    return ((word, lambda n=n: rows[n]) for n, word in enumerate(words))  # type: ignore[misc]


def _of_package(name: str) -> tuple[list[str], np.ndarray]:
    module, words, rows = PACKAGES[name]
    spec = importlib.util.find_spec(module)
    if spec is None or importlib.util.find_spec("pyarrow") is None:
        raise InputError(
            f"vectors.files: {name!r} is not installed: pip install 'keras-lstm-variants[glove]'"
        )
    from pyarrow import parquet

    [folder] = spec.submodule_search_locations or []
    column = parquet.read_table(Path(folder, words)).column(0)
    return column.to_pylist(), np.load(Path(folder, rows), mmap_mode="r")


def _of_npy(path: Path) -> tuple[list[str], np.ndarray]:
    beside = path.with_suffix(".txt")
    try:
        rows = np.load(path, mmap_mode="r")
    except ValueError as error:
        raise InputError(f"{path}: not a NumPy array: {error}") from None
    try:
        words = beside.read_text("utf-8").removesuffix("\n").split("\n")
    except FileNotFoundError:
        raise InputError(
            f"{beside}: no such file: it should have the words of {path.name}, one per line"
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"{beside}: not UTF-8") from None
    if rows.ndim != 2 or len(rows) != len(words) or rows.dtype.kind != "f":
        raise InputError(
            f"{path}: should have a row of numbers for each of the {len(words)} words in "
            f"{beside.name}; it has the shape {rows.shape} and holds {rows.dtype}"
        )
    return words, rows


def _of_text(path: Path, progress: Progress) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Lines of a word and its numbers, as of GloVe; word2vec and fastText have a line before."""
    length = max(1, path.stat().st_size)
    numbers = 0
    with path.open("rb") as raw, gzip.open(raw) if path.suffix == ".gz" else raw as file:
        for at, line in enumerate(file, 1):
            if at == 1:
                fields = line.split()
                numbers = len(fields) - 1
                if len(fields) == 2 and all(field.isdigit() for field in fields):
                    numbers = int(fields[1])
                    continue
            if at % LINES == 0:
                progress(str(path), raw.tell() / length)
            word, *values = line.rstrip().rsplit(None, numbers)  # words may contain whitespace
            if len(values) != numbers or not numbers:
                raise InputError(
                    f"{path}:{at}: expected a word and {numbers or 'its'} numbers; is the file "
                    "truncated, or not a text file of word vectors?"
                )

            def row(values: list[bytes] = values, at: int = at) -> np.ndarray:
                try:
                    return np.array(values, "float32")
                except ValueError:
                    raise InputError(
                        f"{path}:{at}: what follows the word is not a number"
                    ) from None

            yield word.decode("utf-8", "replace"), row
