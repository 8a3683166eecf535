"""The journal of a sweep: what was proposed and how it ended, a line of JSON each, only added to.

A line is on the disk before anything follows from it, so that a kill at any moment leaves a journal
from which the sweep goes on to the same trials.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import FiniteFloat, StringConstraints, model_validator

from ..errors import InputError
from ..training import stored

JOURNAL = "journal.jsonl"
Line = dict[str, Any]


class _Line(stored.Stored):
    """A proposal has "values", and an oracle's "proposed", too; an end has "dev" or "reason"."""

    phase: Literal["search", "final"]
    trial: Annotated[str, StringConstraints(pattern=r"^[0-9]+$")]  # the name of a folder
    values: dict[str, Any] | None = None
    proposed: dict[str, Any] | None = None
    cell: str = ""
    number: int = 0
    dev: FiniteFloat | None = None
    reason: str = ""

    @model_validator(mode="after")
    def of_one_kind(self) -> "_Line":
        given = self.model_fields_set
        if len(given & {"values", "dev", "reason"}) != 1:
            raise ValueError("neither a proposal nor an end")
        if "proposed" in given and not {"cell", "number"} <= given:
            raise ValueError("a proposal of nobody")
        return self


class Journal:
    """A journal that is written to, by one process at a time: the sweep's folder is locked."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / JOURNAL
        self.lines = list(read(folder))
        # What a kill left of a line would otherwise become the beginning of the next one.
        if self.path.exists():
            with self.path.open("rb+") as file:
                content = file.read()
                if (end := content.rfind(b"\n") + 1) < len(content):
                    file.truncate(end)

    def add(self, line: Line) -> None:
        """Writes a line; it survives the process, and the machine, once this returns."""
        text = json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n"
        try:
            with self.path.open("ab") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written: {error.strerror}") from None
        self.lines.append(line)


def read(folder: Path) -> Iterator[Line]:
    """The lines of a sweep's journal, also while it is written; none if there is no journal.

    Raises:
        InputError: A line is damaged, other than by a kill.
    """
    path = folder / JOURNAL
    if not path.exists():
        return
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    *whole, _ = content.split(b"\n")  # after the last newline is nothing, or half a line
    for number, line in enumerate(whole, 1):
        try:
            known = json.loads(line)
            stored.check(known, _Line)
        except (ValueError, RecursionError) as error:
            why = str(error) if not isinstance(error, json.JSONDecodeError) else "not JSON"
            why = "not UTF-8" if isinstance(error, UnicodeDecodeError) else why
            raise InputError(
                f"{path}:{number}: {why}: the journal is damaged: delete this line"
            ) from None
        yield known
