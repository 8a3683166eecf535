"""The journal has whole lines only, and what was added stays."""

import json

import pytest

from pipelines.errors import InputError
from pipelines.sweeping.journal import JOURNAL, Journal, read


def proposal(number):
    return {"phase": "search", "trial": f"{number:04d}", "values": {"a": 1}}


def end(number):
    return {"phase": "search", "trial": f"{number:04d}", "dev": 0.1}


def test_lines_are_read_back_in_their_order(tmp_path):
    journal = Journal(tmp_path)
    lines = [proposal(0) | {"values": {"a": [1, "é"]}}, end(0)]
    for line in lines:
        journal.add(line)
    assert journal.lines == list(read(tmp_path)) == Journal(tmp_path).lines == lines


def test_a_kill_at_any_byte_leaves_the_lines_before(tmp_path):
    journal = Journal(tmp_path)
    for number in range(3):
        journal.add(end(number))
    content = (tmp_path / JOURNAL).read_bytes()
    for length in range(len(content)):
        (tmp_path / JOURNAL).write_bytes(content[:length])
        whole = content[:length].count(b"\n")
        assert list(read(tmp_path)) == [end(number) for number in range(whole)]
        Journal(tmp_path).add(end(whole))
        assert list(read(tmp_path)) == [end(number) for number in range(whole + 1)]


def test_a_line_is_on_the_disk_before_add_returns(tmp_path, monkeypatch):
    from pipelines.sweeping import journal as module

    synced = []
    monkeypatch.setattr(
        module.os, "fsync", lambda file: synced.append((tmp_path / JOURNAL).read_bytes())
    )
    Journal(tmp_path).add(end(1))
    assert [json.loads(line) for line in synced] == [end(1)]
    assert synced[0].endswith(b"\n")


def test_a_damaged_line_is_named(tmp_path):
    Journal(tmp_path).add(proposal(0))
    path = tmp_path / JOURNAL
    path.write_bytes(path.read_bytes() + b'{"numb\n' + path.read_bytes())
    with pytest.raises(InputError, match=f"{JOURNAL}:2: not JSON"):
        list(read(tmp_path))


@pytest.mark.parametrize(
    "line",
    [
        b"null",
        b"3",
        b'"values"',
        b"\xff",
        json.dumps(end(0) | {"trial": 0}).encode(),
        json.dumps(end(0) | {"trial": "../0"}).encode(),
        json.dumps(end(0) | {"phase": "other"}).encode(),
        json.dumps(end(0) | {"dev": float("nan")}).encode(),
        json.dumps(end(0) | {"values": {}}).encode(),
        json.dumps(proposal(0) | {"values": 3}).encode(),
        json.dumps(proposal(0) | {"proposed": {}}).encode(),
        json.dumps({"phase": "search", "trial": "0000"}).encode(),
    ],
)
def test_a_line_that_says_nothing_of_a_trial_is_named(tmp_path, line):
    (tmp_path / JOURNAL).write_bytes(line + b"\n")
    with pytest.raises(InputError, match=rf"{JOURNAL}:1: .+: the journal is damaged"):
        list(read(tmp_path))
