"""Models as fastText writes them (.bin): the words of the dictionary and their vectors."""

import re
import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from ..errors import InputError

VERSIONS = (11, 12)
SUPERVISED = 3  # the value of `model` in the arguments
END = b"</s>"  # stands for the end of a sentence; has no subwords
LONGEST = 2**16  # bytes of a word

_HEAD = struct.Struct("<2i 12i d 3i q q")  # magic, version; arguments; sizes of the dictionary
_MATRIX = struct.Struct("<?qq")


class FastText:
    """A model's words, most frequent first, and their vectors.

    A word's vector is the mean of its own row and those of its character n-grams: what fastText's
    `getWordVector` and a .vec file of the same model have.

    Attributes:
        words: The words, as bytes in UTF-8 as a rule.
    """

    def __init__(self, words: list[bytes], rows: np.ndarray, ngrams: "NGrams | None") -> None:
        self.words, self._rows, self._ngrams = words, rows, ngrams

    def vector(self, n: int) -> np.ndarray:
        """The vector of a word, of shape (numbers,)."""
        chosen = [n]
        if self._ngrams and self.words[n] != END:
            chosen += self._ngrams.rows_of(b"<" + self.words[n] + b">")
        return np.add.reduce(self._rows[chosen]) / np.float32(len(chosen))


class NGrams(NamedTuple):
    """The character n-grams of a model, hashed to buckets; each bucket is a row after the words.

    Attributes:
        first: The row of the first bucket.
        buckets: How many there are.
        shortest: The least characters of an n-gram.
        longest: The most.
    """

    first: int
    buckets: int
    shortest: int
    longest: int

    def rows_of(self, word: bytes) -> list[int]:
        """The rows of the n-grams of a word, which stands between "<" and ">".

        Source: `Dictionary::computeSubwords` of fastText. The hash is FNV-1a of 32 bits, to which
        fastText gives the bytes as signed numbers.
        """
        characters = [m.start() for m in re.finditer(rb"[^\x80-\xbf]", word)] + [len(word)]
        signed = [byte if byte < 128 else byte | 0xFFFFFF00 for byte in word]
        found = []
        for start in range(len(characters) - 1):
            hashed = 2166136261
            for end in range(start + 1, min(start + self.longest, len(characters) - 1) + 1):
                for byte in signed[characters[end - 1] : characters[end]]:
                    hashed = (hashed ^ byte) * 16777619 & 0xFFFFFFFF
                bracket = end == start + 1 and (start == 0 or end == len(characters) - 1)
                if end - start >= self.shortest and not bracket:
                    found.append(self.first + hashed % self.buckets)
        return found


def load(path: Path) -> FastText:
    """Reads the dictionary of a model; its vectors stay in the file until they are asked for.

    Raises:
        InputError: It is damaged, quantised, or of a version that is not known.
    """
    with path.open("rb") as file:
        try:
            return _loaded(file, path)
        except (struct.error, EOFError):
            raise _damaged(path, "it ends too early") from None


def _damaged(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path}: a fastText model, cut short or damaged ({reason}): download or copy it again, "
        "or give its .vec file"
    )


def _loaded(file: BinaryIO, path: Path) -> FastText:
    size = path.stat().st_size
    _, version, *values = _HEAD.unpack(file.read(_HEAD.size))
    if version not in VERSIONS:
        raise InputError(
            f"{path}: a fastText model of version {version}; versions 11 and 12 are read: give its "
            ".vec file"
        )
    dim, *_, model, buckets, shortest, longest, _, _ = values[:13]
    entries, n_words, n_labels, _, pruned = values[13:]
    if version == 11 and model == SUPERVISED:
        longest = 0  # as fastText reads them: they were trained without character n-grams
    if dim <= 0 or min(n_words, n_labels) < 0 or n_words + n_labels != entries or entries > size:
        raise _damaged(path, "the sizes in its header cannot be")
    words = _words(file, n_words, n_labels, path)
    # -1 is no pruning, and 0 that no n-gram is left.
    quantised = pruned > 0
    if not quantised:
        quantised, rows, columns = _MATRIX.unpack(file.read(_MATRIX.size))
    if quantised:
        raise InputError(
            f"{path}: a quantised fastText model (.ftz), whose vectors are approximate: give the "
            "model that it was made of, or its .vec file"
        )
    hashed = buckets if longest > 0 and pruned < 0 else 0
    if (
        columns != dim
        or hashed < 0
        or rows < n_words + hashed
        or 4 * rows * columns > size - file.tell()
    ):
        raise _damaged(path, f"it has no {rows:,} rows of {columns:,} numbers")
    # As a plain array, of which rows are taken faster than of a memory map; it stays one.
    matrix = np.asarray(np.memmap(path, "<f4", "r", file.tell(), (rows, columns)))
    ngrams = NGrams(n_words, hashed, shortest, longest) if hashed else None
    return FastText(words, matrix, ngrams)


def _words(file: BinaryIO, n_words: int, n_labels: int, path: Path) -> list[bytes]:
    """The words, before labels, each with a zero after it, its count (8 bytes) and its kind (1)."""
    words, buffer, start = [], b"", 0
    for n in range(n_words + n_labels):
        while (end := buffer.find(b"\0", start)) < 0 or len(buffer) < end + 10:
            if end < 0 and len(buffer) - start > LONGEST:
                raise _damaged(path, "a word in its dictionary does not end")
            if not (more := file.read(2**20)):
                raise EOFError
            buffer, start = buffer[start:] + more, 0
        is_label = buffer[end + 9] == 1
        if is_label != (n >= n_words):
            raise _damaged(path, "words and labels are mixed in its dictionary")
        if not is_label:
            words.append(buffer[start:end])
        start = end + 10
    file.seek(start - len(buffer), 1)
    return words
