"""What a file is: said by its bytes, whatever its name; read decompressed, or refused in a line."""

import bz2
import gzip
import io
import lzma
import pickle
import random
import tarfile
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import InputError
from pipelines.text.signatures import BINARY, HEAD, NPY, kind_of, open_bytes, read_bytes

TEXT = b"Oslo\tB-LOC\n.\tO\n\n" * 3
NOISE = random.Random(0).randbytes(3000)


def zipped(members, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def office(member):
    return zipped({"[Content_Types].xml": b"<x/>", member: b"<x/>"})


def tarred(mode):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        member = tarfile.TarInfo("a.txt")
        member.size = len(TEXT)
        archive.addfile(member, io.BytesIO(TEXT))
    return file.getvalue()


def saved(save, content):
    file = io.BytesIO()
    save(file, content)
    return file.getvalue()


PACKED = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda text: zipped({"a.txt": text}),
}


@pytest.mark.parametrize("kind", PACKED)
def test_what_is_compressed_is_read_whatever_its_name(kind, tmp_path):
    (tmp_path / "data.txt").write_bytes(PACKED[kind](TEXT))
    assert read_bytes(tmp_path / "data.txt") == TEXT


def test_what_macos_adds_to_an_archive_is_no_file_of_it(tmp_path):
    members = {"b/": b"", "b/a.txt": TEXT, "__MACOSX/b/._a.txt": b"x", "b/.DS_Store": b"x"}
    (tmp_path / "data").write_bytes(zipped(members))
    assert read_bytes(tmp_path / "data") == TEXT


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("cut", [12, 40, -30, -5])
def test_what_is_cut_short_is_said(kind, cut, tmp_path):
    (tmp_path / "data").write_bytes(PACKED[kind](NOISE)[:cut])
    with pytest.raises(InputError, match=f"data: cannot be read: is .*{kind}.* damaged or cut"):
        read_bytes(tmp_path / "data", [BINARY])


@pytest.mark.parametrize("kind", PACKED)
def test_what_is_damaged_is_said(kind, tmp_path):
    content = bytearray(PACKED[kind](NOISE))
    content[1500] ^= 255
    (tmp_path / "data").write_bytes(content)
    with pytest.raises(InputError, match="data: cannot be read: .* damaged"):
        read_bytes(tmp_path / "data", [BINARY])


@pytest.mark.parametrize("text", [
    TEXT, b"", b"\n", "\ufeffOslo\n".encode(), "Zürich B-LOC\n".encode("latin-1") * 9,
    ("Zürich O\n" * 40).encode("utf-16"), ("Zürich O\n" * 40).encode("utf-16-le"),
    ("Zürich O\n" * 40).encode("utf-32"), ("東京 O\n" * 40).encode("iso-2022-jp"),
    ("東京 O\n" * 40).encode("euc-jp"), ("北京 O\n" * 40).encode("gb18030"),
    ("東京 O\n" * 999).encode()[:HEAD], b"a\0b O\n", b"<doc>\n", b"version https\n", b"PK O\n",
    b"BZh O\n", b"{\"text\": 1}\n",
])  # fmt: skip
def test_text_is_text_in_any_encoding(text):
    assert kind_of(text) is None


@pytest.mark.parametrize(("content", "message"), [
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
     "is a git-LFS pointer, not the file itself: run `git lfs pull`"),
    (b"../.git/annex/objects/a/b", "a git-annex pointer"),
    (b"\n <!DOCTYPE html>\n<html>", r"is a web page \(HTML\): download the raw file"),
    (b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code>', "is an error page"),
    (b"404: Not Found", "is an error page"),
    (b"%PDF-1.7\n", "is a PDF document"), (b"PAR1" + NOISE, "is a Parquet table"),
    (b"ARROW1\0\0", "is an Arrow"), (b"\xff\xff\xff\xff\x10\x02\0\0", "is an Arrow"),
    (b"SQLite format 3\0", "is an SQLite database"), (b"\x89HDF\r\n\x1a\n", "is an HDF5 file"),
    (b"\x28\xb5\x2f\xfd" + NOISE, "is zstd-compressed: unpack it with `zstd -d`"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"), (b"Rar!\x1a\x07\0", "RAR archive"),
    (tarred("w"), "is a tar archive: unpack it with `tar -xf`"),
    (tarred("w:gz"), r"is a tar archive \(gzip-compressed\)"),
    (gzip.compress(gzip.compress(TEXT)), r"is gzip-compressed \(gzip-compressed\)"),
    (saved(np.save, np.zeros(3)), r"is a NumPy array \(.npy\)"),
    (saved(lambda file, array: np.savez(file, a=array), np.zeros(3)), r"NumPy arrays \(.npz\)"),
    (pickle.dumps([1], 4), "is a Python pickle"), (b"\xba\x16\x4f\x2f" + NOISE, "fastText model"),
    (office("word/document.xml"), "a Word document"), (office("xl/a.xml"), "an Excel workbook"),
    (office("ppt/a.xml"), "an Office document"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Off"),
    (zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "a": b""}, zipfile.ZIP_STORED),
     "is an OpenDocument file"),
    (b"\x7fELF\2", "a program"), (b"\x89PNG\r\n", "an image"),
    (zipped({"a": TEXT, "b": TEXT}), r"is a zip archive with 2 files \(a, b\): unpack it"),
    (zipped({}), "is an empty zip archive"), (NOISE, "is binary data"), (bytes(99), "binary data"),
])  # fmt: skip
def test_what_is_no_text_is_named_with_what_to_do(content, message, tmp_path):
    (tmp_path / "data.txt").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_bytes(tmp_path / "data.txt")
    assert str(caught.value).startswith(f"{tmp_path}/data.txt: ") and "\n" not in str(caught.value)


def test_what_is_allowed_is_read(tmp_path):
    array = saved(np.save, np.arange(3.0))
    (tmp_path / "a").write_bytes(gzip.compress(array))
    with open_bytes(tmp_path / "a", [NPY]) as stream:
        assert stream.signature is NPY and stream.read() == array and stream.share == 1


def test_places_without_a_file_are_named(tmp_path):
    for path, message in [
        (tmp_path, "Is a directory"),
        (tmp_path / "missing", "No such file"),
        ("/dev/zero", "a pipe or a device"),
        ("a\0b", "cannot be the path"),
    ]:
        with pytest.raises(InputError, match=message):
            read_bytes(path)


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz"])
def test_what_unpacks_to_very_much_does_not_fill_the_memory(kind, tmp_path):
    (tmp_path / "bomb").write_bytes(PACKED[kind](b"x" * 10**8))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="has more than 1 MiB"):
            read_bytes(tmp_path / "bomb", most=2**20)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=300), st.sampled_from([b"", *(f(TEXT)[:30] for f in PACKED.values())]))
def test_any_bytes_are_read_or_refused_in_a_line(tmp_path_factory, tail, head):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(head + tail)
    try:
        read_bytes(path)
    except InputError as error:
        assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
