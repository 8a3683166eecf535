"""The journal has whole lines only, and what was added stays."""

import pytest

from pipelines.errors import InputError
from pipelines.sweeping.journal import JOURNAL, Journal, read


def test_lines_are_read_back_in_their_order(tmp_path):
    journal = Journal(tmp_path)
    lines = [{"trial": "0", "values": {"a": [1, "é"]}}, {"trial": "0", "dev": 0.1}]
    for line in lines:
        journal.add(line)
    assert journal.lines == list(read(tmp_path)) == Journal(tmp_path).lines == lines


def test_a_kill_at_any_byte_leaves_the_lines_before(tmp_path):
    journal = Journal(tmp_path)
    for number in range(3):
        journal.add({"number": number})
    content = (tmp_path / JOURNAL).read_bytes()
    for length in range(len(content)):
        (tmp_path / JOURNAL).write_bytes(content[:length])
        whole = content[:length].count(b"\n")
        assert [line["number"] for line in read(tmp_path)] == list(range(whole))
        Journal(tmp_path).add({"number": whole})
        assert [line["number"] for line in read(tmp_path)] == list(range(whole + 1))


def test_a_line_is_on_the_disk_before_add_returns(tmp_path, monkeypatch):
    from pipelines.sweeping import journal as module

    synced = []
    monkeypatch.setattr(
        module.os, "fsync", lambda file: synced.append((tmp_path / JOURNAL).read_bytes())
    )
    Journal(tmp_path).add({"number": 1})
    assert synced == [b'{"number": 1}\n']


def test_a_damaged_line_is_named(tmp_path):
    (tmp_path / JOURNAL).write_bytes(b'{"number": 1}\n{"numb\n{"number": 3}\n')
    with pytest.raises(InputError, match=f"{JOURNAL}:2: not JSON"):
        list(read(tmp_path))
