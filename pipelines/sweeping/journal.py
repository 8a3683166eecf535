"""The journal of a sweep: what was proposed and how it ended, a line of JSON each, only added to.

A line is on the disk before anything follows from it, so that a kill at any moment leaves a journal
from which the sweep goes on to the same trials.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import InputError

JOURNAL = "journal.jsonl"
Line = dict[str, Any]


class Journal:
    """A journal that is written to, by one process at a time: the sweep's folder is locked."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / JOURNAL
        self.lines = list(read(folder))
        # What a kill left of a line would otherwise become the beginning of the next one.
        if self.path.exists():
            with self.path.open("rb+") as file:
                content = file.read()
                file.truncate(content.rfind(b"\n") + 1)

    def add(self, line: Line) -> None:
        """Writes a line; it survives the process, and the machine, once this returns."""
        text = json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n"
        with self.path.open("ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        self.lines.append(line)


def read(folder: Path) -> Iterator[Line]:
    """The lines of a sweep's journal, also while it is written; none if there is no journal.

    Raises:
        InputError: A line is damaged, other than by a kill.
    """
    path = folder / JOURNAL
    if not path.exists():
        return
    *whole, _ = path.read_bytes().split(b"\n")  # after the last newline is nothing, or half a line
    for number, line in enumerate(whole, 1):
        try:
            yield json.loads(line)
        except ValueError:
            raise InputError(
                f"{path}:{number}: not JSON: the journal is damaged: delete this line"
            ) from None
