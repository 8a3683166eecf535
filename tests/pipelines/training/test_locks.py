"""Folders are written by one process at a time, on one machine and on a disk that several share."""

import json
import os
import subprocess
import sys
import time

import pytest

from pipelines.errors import InputError
from pipelines.training import locks

HOLD = """
import sys, time
from pathlib import Path
from pipelines.training import locks
with locks.writing(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of a folder."""
    pipes = {"stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", HOLD, tmp_path / "run"], **pipes) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def hidden(folder):
    return {path.name for path in folder.iterdir()}


def test_a_folder_that_is_written_is_refused_and_one_whose_writer_was_killed_is_not(
    holder, tmp_path
):
    with pytest.raises(InputError) as caught, locks.writing(tmp_path / "run"):
        raise AssertionError
    assert f"process {holder.pid} on {os.uname().nodename} has been writing it" in str(caught.value)
    assert locks.writer(tmp_path / "run")["pid"] == holder.pid
    holder.kill()
    holder.wait()
    assert hidden(tmp_path / "run") == {locks.LOCK, locks.NOTE}
    with locks.writing(tmp_path / "run"):
        assert locks.writer(tmp_path / "run")["pid"] == os.getpid()
    assert hidden(tmp_path / "run") == set()


def test_who_waits_gets_it_when_the_other_ends(holder, tmp_path):
    subprocess.Popen(["sh", "-c", f"sleep 0.5; kill -9 {holder.pid}"]).wait()
    with locks.writing(tmp_path / "run", wait=10):
        pass


def note(folder, age, **who):
    """Leaves the note of a writer on another machine, whose last sign of life is so old."""
    folder.mkdir()
    path = folder / locks.NOTE
    path.write_text(json.dumps({"host": "other", "pid": 7, "since": "today", "boot": "b"} | who))
    os.utime(path, (time.time() - age,) * 2)


def test_a_live_writer_on_another_machine_is_respected_and_a_dead_one_is_not(tmp_path):
    note(tmp_path / "live", age=20)
    with (
        pytest.raises(InputError, match=r"process 7 on other .* last sign of life is 20 s old"),
        locks.writing(tmp_path / "live"),
    ):
        raise AssertionError
    assert json.loads((tmp_path / "live" / locks.NOTE).read_text())["pid"] == 7
    assert hidden(tmp_path / "live") == {locks.NOTE}
    note(tmp_path / "dead", age=locks.DEAD + 1)
    with locks.writing(tmp_path / "dead"):
        pass
    # Of this machine, the lock itself says it: whoever left the note has died.
    note(tmp_path / "rebooted", age=0, host=os.uname().nodename)
    with locks.writing(tmp_path / "rebooted"):
        pass


def test_the_holder_gives_signs_of_life(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "BEAT", 0.01)
    with locks.writing(tmp_path / "run"):
        path = tmp_path / "run" / locks.NOTE
        os.utime(path, (0, 0))
        deadline = time.monotonic() + 10
        while path.stat().st_mtime == 0:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_what_cannot_be_a_folder_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(InputError, match="cannot be written"),
        locks.writing(tmp_path / "file" / "run"),
    ):
        raise AssertionError
