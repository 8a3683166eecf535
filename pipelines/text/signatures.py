"""What a file is by its first bytes, whatever its name says; and reading it decompressed."""

import bz2
import codecs
import contextlib
import gzip
import io
import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

from ..errors import InputError

HEAD = 4096  # bytes that are enough to tell what a file is
MOST = 2**30  # bytes that `read_bytes` puts into memory
_PART = 2**20  # of these, at a time

# What reading a compressed file raises when it is damaged. `zipfile` raises errors of `struct`
# and of values where a directory has been overwritten, RuntimeError for a password, and
# NotImplementedError, which is a RuntimeError, for a method of compression that it lacks.
DAMAGE = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError, ValueError,
          OverflowError, struct.error, gzip.BadGzipFile)  # fmt: skip


class Signature(NamedTuple):
    """What a file is that is not plain text.

    Attributes:
        name: As in "data.txt is ...", with its article.
        advice: What to do to get text out of it.
        opener: Makes a stream of what was compressed from an open file; None if this is not
            something compressed that can be read here.
    """

    name: str
    advice: str
    opener: Callable[[BinaryIO], IO[bytes]] | None = None


def _member(file: BinaryIO) -> IO[bytes]:
    """The one file of a zip archive.

    Raises:
        InputError: There is none or more than one; the text lacks the path.
    """
    archive = zipfile.ZipFile(file)
    members = [
        one.filename
        for one in archive.infolist()
        if not one.is_dir() and not re.search(r"(^|/)(__MACOSX/|\.DS_Store$)", one.filename)
    ]
    if len(members) != 1:
        some = ", ".join(members[:3]) + ", ..." * (len(members) > 3)
        raise InputError(
            f"is a zip archive with {len(members)} files ({some}): unpack it and give the file "
            "that you mean"
            if members
            else "is an empty zip archive"
        )
    return archive.open(members[0])


GZIP = Signature("gzip-compressed", "unpack it with `gunzip`", cast(Callable, gzip.open))
BZIP2 = Signature("bzip2-compressed", "unpack it with `bunzip2`", cast(Callable, bz2.open))
XZ = Signature("xz-compressed", "unpack it with `unxz`", cast(Callable, lzma.open))
ZIP = Signature("a zip archive", "unpack it with `unzip`", _member)
NPY = Signature("a NumPy array (.npy)", "write its content as text")
FASTTEXT = Signature("a fastText model (.bin)", "export its vectors as text, a .vec file")
BINARY = Signature("binary data, not text", "check that this is the file that you mean")

_TABLE = "write it as text, for instance with pandas' `to_csv`"
_OFFICE = "save it as text, for instance as CSV or TSV in UTF-8"
_PAGE = "download the raw file instead (on GitHub, the button Raw)"
_POINTER = "a {} pointer, not the file itself"
_MODEL = "give a text file"

# In this order: of two that fit, the first is right.
_MAGIC: list[tuple[bytes, Signature]] = [
    (rb"\x1f\x8b", GZIP),
    (rb"BZh[1-9](1AY&SY|\x17\x72\x45\x38\x50\x90)", BZIP2),
    (rb"\xfd7zXZ\x00", XZ),
    (rb"\x28\xb5\x2f\xfd", Signature("zstd-compressed", "unpack it with `zstd -d`")),
    (rb"7z\xbc\xaf\x27\x1c", Signature("a 7z archive", "unpack it with `7z x`")),
    (rb"Rar!\x1a\x07", Signature("a RAR archive", "unpack it with `unrar x`")),
    (rb".{257}ustar", Signature("a tar archive", "unpack it with `tar -xf`")),
    (rb"%PDF-", Signature("a PDF document", "extract its text first")),
    (rb"%!PS", Signature("a PostScript document", "extract its text first")),
    (rb"\{\\rtf", Signature("an RTF document", "save it as plain text")),
    (
        rb"version https://git-lfs\.github\.com/spec/",
        Signature(_POINTER.format("git-LFS"), "run `git lfs pull`"),
    ),
    (
        rb"(\.\./)*(\.git/annex|/annex)/objects/",
        Signature(_POINTER.format("git-annex"), "run `git annex get`"),
    ),
    (rb"(?i)(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?<(!doctype\s+html|html\b|head\b)",
     Signature("a web page (HTML)", _PAGE)),
    (rb"\s*(<\?xml[^>]*>\s*)?<Error>\s*<Code>", Signature("an error page, not the file", _PAGE)),
    (rb"40[0-9]: [A-Z][A-Za-z ]+\s*\Z", Signature("an error page, not the file", _PAGE)),
    (rb"PAR1", Signature("a Parquet table", _TABLE)),
    (rb"ARROW1\x00\x00|FEA1", Signature("an Arrow (Feather) table", _TABLE)),
    (rb"\xff{4}..\x00\x00", Signature("an Arrow table", _TABLE)),
    (rb"SQLite format 3\x00", Signature("an SQLite database", "export the table as text")),
    (rb"\x93NUMPY", NPY),
    (rb"\x89HDF\r\n\x1a\n", Signature("an HDF5 file", "write its content as text")),
    (rb"\x80[\x02-\x05]", Signature(
        "a Python pickle", "it is not opened, for that could run any code: save it as text")),
    (struct.pack("<i", 793712314), FASTTEXT),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Signature("an old Office document (.xls, .doc)",
                                                     _OFFICE)),
    (rb"\x7fELF|MZ.{0,60}\x00", Signature("a program", _MODEL)),
    (rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a", Signature("an image", _MODEL)),
]  # fmt: skip
_PATTERNS = [(re.compile(magic, re.DOTALL), signature) for magic, signature in _MAGIC]

_PARTS = rb"(\[Content_Types\]\.xml|_rels/|docProps/|customXml/)"
# Kinds of files that are zip archives of several members, by what stands in the first of them.
_ZIPPED: list[tuple[bytes, Signature]] = [
    (rb"mimetypeapplication/vnd\.oasis", Signature("an OpenDocument file (.odt, .ods)", _OFFICE)),
    (rb"mimetypeapplication/epub", Signature("an e-book (.epub)", "extract its text first")),
    (_PARTS + rb".*\bword/", Signature("a Word document (.docx)", "save it as plain text")),
    (_PARTS + rb".*\bxl/", Signature("an Excel workbook (.xlsx)", _OFFICE)),
    (_PARTS, Signature("an Office document", _OFFICE)),
    (rb"[^/]+\.npy", Signature("several NumPy arrays (.npz)", "write their content as text")),
    (rb"[^/]+/data\.pkl", Signature("a PyTorch file", "write its content as text")),
]
_ZIPPED_PATTERNS = [(re.compile(magic, re.DOTALL), signature) for magic, signature in _ZIPPED]


def kind_of(head: bytes) -> Signature | None:
    """What a file is that begins with these bytes, best `HEAD` of them; None if plain text."""
    if re.match(rb"PK(\x03\x04|\x05\x06|\x07\x08)", head):
        # The name of the first member, which its content follows.
        found = (kind for magic, kind in _ZIPPED_PATTERNS if magic.match(head, 30))
        return next(found, ZIP)
    for pattern, signature in _PATTERNS:
        if pattern.match(head):
            return signature
    return BINARY if _is_binary(head) else None


def _is_binary(head: bytes) -> bool:
    """Whether more control characters are in it than in text of any encoding."""
    if is_wide(head):
        return False
    # Those that text has: tab, line feed, vertical tab, form feed, carriage return, and the escape
    # of ISO 2022.
    controls = len(re.findall(rb"[^\t-\r\x1b\x20-\x7e\x80-\xff]", head))
    if controls <= 8:
        return False
    return controls > 0.05 * len(head) or controls > 0.01 * len(head) and not _is_utf8(head)


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    return True


def is_wide(head: bytes) -> bool:
    """Whether this is text in UTF-16 or UTF-32: it has their mark, or every other byte is 0 and the
    rest printable.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        return True
    halves = head[0::2], head[1::2]
    for zeros, others in (halves, halves[::-1]):
        if zeros.count(0) > 0.4 * len(zeros) and others.count(0) < 0.05 * len(others):
            controls = len(re.findall(rb"[^\t-\r\x20-\x7e\x80-\xff]", others))
            return controls <= 0.01 * len(others)
    return False


def refusal(path: Path | str, signature: Signature, within: Signature | None = None) -> InputError:
    """The error that says what a file is instead of text.

    Args:
        path: The file.
        signature: What it is.
        within: What it is compressed as, if it is.
    """
    inside = f" ({within.name})" if within else ""
    return InputError(f"{path}: is {signature.name}{inside}: {signature.advice}")


class Stream(io.BufferedReader):
    """A file, decompressed while it is read. Damage raises InputError, from any way of reading.

    Attributes:
        signature: What its content, decompressed, is; None for text.
        compressed: What it is compressed as; None if it is not.
    """

    signature: Signature | None
    compressed: Signature | None
    _raw_file: BinaryIO
    _length: int

    @property
    def share(self) -> float:
        """How much of the file has been read, from 0 to 1."""
        return min(1.0, self._raw_file.tell() / max(1, self._length))


class _Checked(io.RawIOBase):
    """Reads from a stream; what goes wrong is an InputError that names the file."""

    def __init__(self, path: Path, inner: IO[bytes], kind: Signature | None) -> None:
        super().__init__()
        self.path, self.inner, self.kind = path, inner, kind

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def, override]
        try:
            data = self.inner.read(len(buffer))
        except DAMAGE as error:
            assert self.kind is not None
            raise damaged(self.path, self.kind, error) from None
        except OSError as error:
            # bz2 raises a plain OSError, without a number, for damaged data.
            if self.kind is not None and error.errno is None:
                raise damaged(self.path, self.kind, error) from None
            raise unreadable(self.path, error) from None
        buffer[: len(data)] = data
        return len(data)


def damaged(path: Path | str, signature: Signature, error: BaseException) -> InputError:
    """The error for a compressed file that cannot be decompressed."""
    if "password" in str(error) or "encrypted" in str(error):
        return InputError(f"{path}: is {signature.name} with a password: {signature.advice}")
    reason = " ".join(str(error).split()) or type(error).__name__
    return InputError(
        f"{path}: cannot be read: is {signature.name} and damaged or cut short ({reason}): "
        "download or copy it again"
    )


def unreadable(path: Path | str, error: OSError) -> InputError:
    """The error for a file that cannot be opened or read."""
    return InputError(f"{path}: cannot be read: {error.strerror or error}")


@contextlib.contextmanager
def open_bytes(path: Path | str, allow: Collection[Signature] = ()) -> Iterator[Stream]:
    """Opens a file for reading as bytes; decompressed, whatever its suffix, if it is gzip, bzip2,
    xz or a zip archive of one file.

    It is decompressed as it is read, so that memory is bounded for whoever reads it in parts:
    with `readline(limit)`, for lines have no bound.

    Args:
        path: The file.
        allow: What the content may be besides plain text.

    Raises:
        InputError: The file cannot be read, is damaged, or is neither plain text nor allowed.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_dir() and not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{path}: is a pipe or a device: write its content to a file")
        raw: BinaryIO = path.open("rb")
    except (OSError, ValueError) as error:
        if isinstance(error, OSError):
            raise unreadable(path, error) from None
        raise InputError(f"{path!r}: cannot be the path of a file") from None  # a NUL in it
    with raw:
        head = _peeked(_Checked(path, raw, None))
        raw.seek(0)
        kind = kind_of(head)
        inner: IO[bytes] = raw
        if kind is not None and kind.opener is not None:
            try:
                inner = kind.opener(raw)
            except InputError as error:
                raise InputError(f"{path}: {error}") from None
            except (*DAMAGE, OSError) as error:
                raise damaged(path, kind, error) from None
        with inner:
            stream = Stream(_Checked(path, inner, kind if inner is not raw else None), 1 << 16)
            stream._raw_file, stream._length = raw, path.stat().st_size
            stream.compressed = kind if inner is not raw else None
            stream.signature = kind_of(stream.peek(HEAD)[:HEAD])
            if stream.signature is not None and stream.signature not in allow:
                raise refusal(path, stream.signature, stream.compressed)
            yield stream


def _peeked(file: io.RawIOBase) -> bytes:
    return file.read(HEAD) or b""


def read_bytes(path: Path | str, allow: Collection[Signature] = (), most: int = MOST) -> bytes:
    """The whole content of a file, opened by `open_bytes`.

    Args:
        path: The file.
        allow: What the content may be besides plain text.
        most: The bytes that it may have.

    Raises:
        InputError: As of `open_bytes`, or it is larger.
    """
    parts, length = [], 0
    with open_bytes(path, allow) as stream:
        while part := stream.read(_PART):  # read(most) would allocate all of it first
            parts.append(part)
            length += len(part)
            if length > most:
                raise InputError(f"{path}: has more than {most / 2**20:,.0f} MiB: divide it")
    return b"".join(parts)
