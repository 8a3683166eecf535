"""Pretrained word vectors: files side by side, the rows that are kept, how much they cover."""

import contextlib
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

import numpy as np

from ..config.schema import Vectors
from ..errors import InputError
from ..text.sentences import Fault, Sentence
from .vector_files import Notes, Progress, rows

# Of the tokens, with a vector: less is low. Of six English corpora GloVe covers 89 % and more, and
# its 5,000 most frequent words alone 70 % and more.
LOW = 0.6
FEW = 5_000  # words of vectors that are few


class WordVectors(NamedTuple):
    """Words and their vectors, those of several files side by side: zeros where a file lacks one.

    Attributes:
        words: The words.
        rows: Of shape (words, numbers).
        notes: What was found in the files that has to be known.
    """

    words: list[str]
    rows: np.ndarray
    notes: tuple[Fault, ...] = ()


class Coverage(NamedTuple):
    """How many words of a split have a vector: as written, in lower case only, and of how many.

    Attributes:
        types: Each word counted once.
        tokens: Each as often as it occurs.
        warning: If these are few, the likely cause; empty otherwise.
    """

    types: tuple[int, int, int]
    tokens: tuple[int, int, int]
    warning: str = ""


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
        InputError: A file is missing, is no file of word vectors, or has none for any of the words.
    """
    if not config.files:
        return None
    train = list(train)
    words = {word for sentence in train for word in sentence.tokens}
    wanted = words | {word.lower() for word in words}
    tables = [_read(file, wanted, config.most_frequent, progress) for file in config.files]
    for file, one in zip(config.files, tables, strict=True):
        if words and wanted.isdisjoint(one.words):
            raise InputError(
                f"{file}: has a vector for none of the {len(words):,} training words: "
                f"{_cause(one.words, _counts(train))}"
            )
    if len(tables) == 1:
        return tables[0]
    union = list(dict.fromkeys(word for one in tables for word in one.words))
    side_by_side = np.concatenate([_rows_of(union, one) for one in tables], axis=1)
    notes = [note for one in tables for note in one.notes]
    for file, one in zip(config.files, tables, strict=True):
        # The coverage of all files together, which is what training shows, says nothing of it.
        if found := coverage(one, train).warning:
            notes.append(Fault(file, f"low coverage of the training words: {found}", "warning"))
    return WordVectors(union, side_by_side, tuple(notes))


def coverage(table: WordVectors, sentences: Iterable[Sentence]) -> Coverage:
    """How many of the words have a vector."""
    known = set(table.words)
    counts = _counts(sentences)
    exact = {word for word in counts if word in known}
    lower = {word for word in counts if word not in known and word.lower() in known}
    types = len(exact), len(lower), len(counts)
    tokens = tuple(sum(counts[word] for word in some) for some in (exact, lower, counts))
    missing = Counter({w: n for w, n in counts.items() if w not in exact and w not in lower})
    low = tokens[0] + tokens[1] < LOW * tokens[2]
    return Coverage(types, tokens, _cause(known, missing) if low else "")  # type: ignore[arg-type]


def _counts(sentences: Iterable[Sentence]) -> Counter[str]:
    return Counter(word for sentence in sentences for word in sentence.tokens)


def _cause(known: Collection[str], missing: Counter[str]) -> str:
    """Why words have no vector, judged by what of them the vectors have otherwise.

    Args:
        known: The words that have one.
        missing: How often others occur.
    """
    known = set(known)
    all_ = missing.total()
    for found_as, cause in _VARIANTS:
        if sum(n for word, n in missing.items() if found_as(word) & known) > all_ / 4:
            return cause
    # Decorated as in "/c/en/house", "house_NOUN" or "\u2581house".
    decorated = [word for word in known if not word.isalnum() and re.search(r"\w", word)]
    if len(decorated) > len(known) / 2:
        plain = {part: word for word in decorated for part in re.findall(r"[^\W_]+", word)}
        found = [w for w in missing if not {w, w.lower()}.isdisjoint(plain)]
        if sum(missing[word] for word in found) > all_ / 4:
            like = plain.get(found[0]) or plain[found[0].lower()]
            return f"the vectors have words written otherwise, such as {like!r} for {found[0]!r}"
    scripts = _script(missing), _script(Counter(dict.fromkeys(known, 1)))
    if None not in scripts and scripts[0] != scripts[1]:
        return f"the words are in another script ({scripts[0]}) than the vectors ({scripts[1]})"
    if len(known) < FEW:
        return f"the vectors are of few words ({len(known):,})"
    words = ", ".join(repr(word) for word, _ in missing.most_common(3))
    return f"are the vectors of another language? Without one are for instance {words}"


def _mojibake(word: str) -> set[str]:
    """What the word becomes when its UTF-8 is read as Latin-1 or Windows-1252, and the reverse."""
    found = set()
    for wrong in ("latin-1", "cp1252"):
        for encoding, decoding in (("utf-8", wrong), (wrong, "utf-8")):
            with contextlib.suppress(UnicodeError):
                found.add(word.encode(encoding).decode(decoding))
    return found - {word}


# How the vectors may have a word that they lack as it is written, and what that means.
_VARIANTS: list[tuple[Callable[[str], set[str]], str]] = [
    (
        lambda word: {word.upper(), word.capitalize(), word.title(), word.casefold()},
        "the vectors have the words in another case, such as capitals only",
    ),
    (_mojibake, "is one of the files in another encoding than UTF-8?"),
    (
        lambda word: {unicodedata.normalize(f, word) for f in ("NFC", "NFD", "NFKC", "NFKD")},
        "the vectors have the words in another Unicode normalisation",
    ),
    (
        lambda word: {part for part in re.split(r"[_\W]+", word) if part and part != word},
        "the words are joined, as by '_' or '-', where the vectors have their parts",
    ),
]


def _script(words: Counter[str]) -> str | None:
    """The script of most letters, as Unicode names it ("LATIN"); None without letters."""
    found: Counter[str] = Counter()
    for word, n in words.items():
        letter = next((character for character in word if character.isalpha()), "")
        if letter:
            found[unicodedata.name(letter, "unknown").split()[0]] += n
    return found.most_common(1)[0][0] if found else None


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
    notes = Notes(name)
    found: dict[str, Any] = {}
    places: list[int] = []
    again: list[tuple[int, str]] = []
    # Numbers too large for 32 bits become infinite, and sums of such may be none: refused below.
    with np.errstate(over="ignore", invalid="ignore"):
        for n, (at, word, numbers) in enumerate(rows(name, notes, progress)):
            if n >= most_frequent and word not in wanted:
                continue
            if word in found:
                again.append((at, word))
                continue
            try:
                found[word] = numbers()
            except ValueError:
                notes.rows -= 1
                notes.left_out("what follows the word is not all numbers", at)
                continue
            places.append(at)
        notes.refuse_many()
        if not found:
            raise InputError(f"{name}: there is no word vector in it that is wanted")
        matrix = np.array(list(found.values()), "float32")
    progress(name, 1.0)
    words = list(found)
    _refuse_infinite(matrix, words, places, notes)
    if again:
        at, word = again[0]
        notes.warn(
            f"{word!r} is there again; of {len(again):,} such rows the first of each word is used",
            at,
        )
    return WordVectors(words, matrix, tuple(notes.faults()))


def _refuse_infinite(matrix: np.ndarray, words: list[str], places: list[int], notes: Notes) -> None:
    bad = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
    if len(bad):
        first = bad[0]
        [value, *_] = matrix[first][~np.isfinite(matrix[first])]
        more = f", and so have {len(bad) - 1:,} more words" * (len(bad) > 1)
        raise InputError(
            f"{notes.where(places[first])}: the vector of {words[first]!r} has a number that is "
            f"not finite, or not in 32 bits ({value}){more}: correct or remove the row"
        )
