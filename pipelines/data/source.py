"""A file as text: what its bytes say, in which encoding, line by line."""

import codecs
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..text.signatures import read_bytes
from ..text.strict_json import RepeatedKey, parse

BOM = "\ufeff"  # the byte order mark
UNDECODABLE = re.compile("[\udc80-\udcff]")  # what "surrogateescape" makes of invalid UTF-8
SAMPLE = 100  # lines or records that are enough to know a format by
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
# Those that files are in today if not in Unicode; others are as likely to be found by chance.
_ENCODINGS = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1256", "koi8_r", "gb18030",
              "big5", "shift_jis", "euc_jp", "euc_kr"]  # fmt: skip
_LOOKED_AT = 100_000  # characters
_MARKS = (  # the longer first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Source:
    """A file that is to be read.

    Attributes:
        path: Its name.
        lines: Its lines, without their ends and without a byte order mark; undecodable bytes are
            lone surrogates. None in a folder and in a binary format, which a library reads.
        encoding: How it was decoded.
    """

    path: str
    lines: Sequence[str]
    encoding: str = "UTF-8"

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines)

    @cached_property
    def head(self) -> list[str]:
        """The first lines that are not blank."""
        return list(islice((line for line in self.lines if line.strip()), SAMPLE))

    @cached_property
    def value(self) -> Any:
        """The one JSON value that the file holds; None if it holds no such thing."""
        looks_so = self.head and self.head[0].lstrip()[:1] in "[{"
        return as_json(self.text, self.path) if looks_so else None

    @property
    def records(self) -> Iterator[tuple[int, Any]]:
        """The JSON value in each line that is not blank, with its number; None where there is none.

        They are made as they are asked for: together they are several times as large as the file.
        """
        yield from self._first_records.items()
        number = max(self._first_records, default=0)
        for n, line in enumerate(islice(self.lines, number, None), number + 1):
            if line.strip():
                yield n, as_json(line, f"{self.path}:{n}")

    @cached_property
    def _first_records(self) -> dict[int, Any]:
        """Those that each format looks at to know whether the file is in it."""
        filled = ((n, line) for n, line in enumerate(self.lines, 1) if line.strip())
        return {n: as_json(line, f"{self.path}:{n}") for n, line in islice(filled, SAMPLE)}

    @cached_property
    def first_record(self) -> Any:
        """The first JSON object or list that a line holds; None if there is none."""
        return next((v for _, v in self.records if isinstance(v, dict | list) and v), None)

    @cached_property
    def is_json_lines(self) -> bool:
        """Whether the name or the first line says that each line holds a JSON object."""
        named = self.path.lower().endswith(JSON_SUFFIXES)
        return named or (bool(self.head) and isinstance(as_json(self.head[0], self.path), dict))

    @cached_property
    def is_decoded(self) -> bool:
        """Whether all bytes could be decoded."""
        return not any(UNDECODABLE.search(line) for line in self.lines if not line.isascii())

    @cached_property
    def likely_encoding(self) -> str | None:
        """What the lines may be encoded in that are no UTF-8, to suggest it; None if unknown."""
        from charset_normalizer import from_bytes

        lines = [line for line in self.lines if not line.isascii() and UNDECODABLE.search(line)]
        data = "\n".join(lines)[:_LOOKED_AT].encode("utf-8", "surrogateescape")
        if len(lines) < len([line for line in self.lines if not line.isascii()]) / 2:
            return None  # most is UTF-8, so these lines are damaged
        best = from_bytes(data, cp_isolation=_ENCODINGS).best()
        if not best:
            return None
        # The commonest first: many encodings have the same letters in the same places.
        same = (name for name in _ENCODINGS if _decodes(data, name) == str(best))
        return next(same, best.encoding)

    @property
    def is_folder(self) -> bool:
        return os.path.isdir(self.path)

    @cached_property
    def files(self) -> list[Path]:
        """The files in a folder, by name.

        Raises:
            InputError: It cannot be read.
        """
        try:
            return sorted(file for file in Path(self.path).iterdir() if file.is_file())
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read: {error.strerror}") from None


def open_source(path: str, encoding: str | None = None) -> Source:
    """Reads a file.

    Raises:
        InputError: There is no such file, it cannot be read, is empty, or is not in the encoding.
    """
    if os.path.isdir(path) or is_docbin(path):
        return Source(path, [])
    text, decoded = decoded_text(path, encoding)
    return Source(path, lines_of(text), decoded)


def is_docbin(path: str) -> bool:
    """Whether a file is of spaCy's binary format: compressed by zlib, beginning with its keys."""
    try:
        with open(path, "rb") as file:
            head = file.read(4096)
        begin = zlib.decompressobj().decompress(head, 200) if head[:1] == b"\x78" else b""
    except (OSError, zlib.error):
        return False
    return b"attrs" in begin and b"tokens" in begin


def decoded_text(path: str, encoding: str | None = None) -> tuple[str, str]:
    """What a file says, its byte order mark included, and how it was decoded.

    What is compressed is decompressed, by what it holds and not by its suffix.

    Raises:
        InputError: As `open_source`.
    """
    if not os.path.lexists(path):
        raise InputError(f"{path}: no such file")
    data = read_bytes(path)
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    encoding = encoding or marked
    if encoding is None:
        if data[:2000].count(b"\0") > len(data[:2000]) // 4:
            raise InputError(
                f"{path}: every other byte is NUL: if it is UTF-16, say so with encoding = "
                "'utf-16-le' or 'utf-16-be'"
            )
        text, encoding = data.decode("utf-8", "surrogateescape"), "UTF-8"
    else:
        try:
            text = data.decode(encoding)
        except LookupError:
            raise InputError(f"{path}: there is no encoding {encoding!r}") from None
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise InputError(f"{path}:{line}: is not {encoding}: {error.reason}") from None
    if not text.removeprefix(BOM) or text.removeprefix(BOM).isspace():
        raise InputError(f"{path}: is empty; expected a file of labelled sentences")
    return text, encoding


def line_end(text: str) -> str:
    """What divides a text into lines: a carriage return only if there is nothing else."""
    # not splitlines(): it would also split at characters that tokens contain
    return "\n" if "\n" in text else "\r"


def lines_of(text: str) -> list[str]:
    """The lines of a text, without their ends and without its byte order mark."""
    text = text.removeprefix(BOM).replace("\r\n", "\n")
    return text.split(line_end(text))


def _decodes(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def as_json(text: str, where: str) -> Any:
    """A JSON value, or None.

    Raises:
        InputError: A key comes twice in one object; it says where.
    """
    try:
        return parse(text)
    except RepeatedKey as error:
        raise InputError(f"{where}: {error}") from None
    except (ValueError, RecursionError):
        return None
