"""Labelled sentences, what is wrong with them, and where they stand."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from ..errors import InputError

SHOWN = 5  # faults named when data cannot be used; `data check` shows all


class Sentence(NamedTuple):
    """A labelled sentence and where it stands.

    Attributes:
        tokens: Its words.
        tags: Their tags, as written in the file.
        where: "path:line" of its first token.
        lines: The line of each token; empty if it was not read from a file.
        document: The number of its document in the file, from 0; all 0 if none are marked.
    """

    tokens: list[str]
    tags: list[str]
    where: str
    lines: list[int]
    document: int = 0


class Fault(NamedTuple):
    """Something wrong in the data.

    Attributes:
        where: "path:line".
        message: What is wrong and what to do about it.
        severity: An error has to be repaired, a warning to be known.
    """

    where: str
    message: str
    severity: Literal["error", "warning"]


class How(NamedTuple):
    """How a file was read, as text for people."""

    format: str
    separator: str
    token_column: str
    tag_column: str
    skipped: str


class Reading(NamedTuple):
    """What a file holds.

    Attributes:
        sentences: Its sentences.
        faults: What is wrong with it.
        how: How it was read.
        scheme: The tag scheme that was asked for, `spelling.ONE_BY_ONE` among them; None to find it
            out.
    """

    sentences: list[Sentence]
    faults: list[Fault]
    how: How
    scheme: str | None = None


def place(sentence: Sentence, index: int) -> str:
    """Where a token stands, "path:line"."""
    if not sentence.lines:
        return sentence.where
    return f"{sentence.where.rpartition(':')[0]}:{sentence.lines[index]}"


def refuse_errors(faults: Iterable[Fault]) -> None:
    """Raises InputError with the first errors, a line each, if there are any."""
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        lines = [f"{fault.where}: {fault.message}" for fault in errors[:SHOWN]]
        if len(errors) > SHOWN:
            lines.append(f"and {len(errors) - SHOWN} more: `lstm-variants data check` shows all")
        raise InputError("\n".join(lines))
