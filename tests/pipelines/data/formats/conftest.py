"""What the tests of formats share: files, and what a file of a format becomes in others."""

import pytest

from pipelines.data.converter import convert
from pipelines.data.options import AS_FOUND
from pipelines.data.reader import read


@pytest.fixture
def file(tmp_path):
    """Writes a file, of text or bytes, and gives its path."""

    def write(content, name="some.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


@pytest.fixture
def pairs():
    """The words and tags of each sentence of a reading, as text: `Anna/B-PER sings/O`."""

    def joined(reading):
        return [
            " ".join(f"{token}/{tag}" for token, tag in zip(s.tokens, s.tags, strict=True))
            for s in reading.sentences
        ]

    return joined


@pytest.fixture
def faults(tmp_path):
    """The faults of a reading, a line each: `error some.txt:3 what is wrong`."""

    def lines(reading):
        return [
            f"{fault.severity} {fault.where.removeprefix(f'{tmp_path}/')} {fault.message}"
            for fault in reading.faults
        ]

    return lines


@pytest.fixture
def is_kept_by_conversion(tmp_path, pairs):
    """Whether columns and JSON lines that are made of a file hold the same sentences."""

    def is_kept(path, options=AS_FOUND):
        expected = pairs(read(path, options))
        for name in ("converted.conll", "converted.jsonl"):
            convert(path, tmp_path / name, options=options)
            assert pairs(read(tmp_path / name)) == expected
        return bool(expected)

    return is_kept
