"""One process writes a folder at a time, on one machine and on a disk that several share.

The lock is the operating system's, which lets go of it when its holder dies, however rudely. Some
shared disks do not carry such locks from machine to machine; therefore the holder leaves a note
beside it that says who it is, and touches it as long as it lives.
"""

import json
import os
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..errors import InputError

LOCK = ".lock"
NOTE = ".writer.json"
BEAT = 5.0  # seconds between two signs of life
DEAD = 60.0  # seconds without one after which a holder on another machine has died


@contextmanager
def writing(folder: Path, wait: float = 0.0) -> Iterator[None]:
    """Holds the lock of a folder, which is made if there is none.

    Args:
        folder: The folder that is written to.
        wait: Seconds to wait for another process to end.

    Raises:
        InputError: Another process is writing it, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            raise InputError(_held(folder)) from None
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from None
    try:
        deadline = time.monotonic() + wait
        while (age := _seen_elsewhere(folder)) is not None:
            if time.monotonic() >= deadline:
                raise InputError(f"{_held(folder)}, whose last sign of life is {age:.0f} s old")
            time.sleep(0.2)
        with _noted(folder):
            yield
    finally:
        # While it is held: who waits for this file sees that it is gone, and makes another.
        with suppress(OSError):
            (folder / LOCK).unlink()
        lock.release()


def writer(folder: Path) -> dict[str, Any] | None:
    """Who has noted that it writes the folder: host, pid and when it began; it may be dead."""
    try:
        who = json.loads((folder / NOTE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return who if isinstance(who, dict) and {"host", "pid", "since"} <= who.keys() else None


def _held(folder: Path) -> str:
    who = writer(folder)
    if who is None:
        return f"{folder}: another process is writing it: wait for it, or use another folder"
    return (
        f"{folder}: process {who['pid']} on {who['host']} has been writing it since "
        f"{who['since']}: wait for it, or use another folder"
    )


def _seen_elsewhere(folder: Path) -> float | None:
    """Seconds since a living process on another machine gave its last sign; None if there is none.

    The lock is ours. Where the other one runs on this kernel, it therefore is dead.
    """
    who = writer(folder)
    if who is None or who.get("boot") == _boot() or who["host"] == platform.node():
        return None
    # By the clock of the disk, as those of two machines may differ.
    now = folder / f"{NOTE}.{platform.node()}.{os.getpid()}"
    try:
        now.touch()
        age = now.stat().st_mtime - (folder / NOTE).stat().st_mtime
    except OSError:
        return None
    finally:
        with suppress(OSError):
            now.unlink()
    return age if age < DEAD else None


@contextmanager
def _noted(folder: Path) -> Iterator[None]:
    note = folder / NOTE
    who = {
        "host": platform.node(),
        "pid": os.getpid(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        "boot": _boot(),
    }
    try:
        note.write_text(json.dumps(who), "utf-8")
    except OSError as error:
        with suppress(OSError):
            note.unlink()
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from None
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT):
            with suppress(OSError):
                os.utime(note)

    thread = threading.Thread(target=beat, name="lock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        with suppress(OSError):
            note.unlink()


def _boot() -> str:
    """Which start of which kernel this is: processes of the same one see each other's locks."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return platform.node()
