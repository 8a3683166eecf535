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
        cause: What faults have in common that are shown as one; the message by default.
        places: For how many it stands, once `folded`.
    """

    where: str
    message: str
    severity: Literal["error", "warning"]
    cause: str = ""
    places: int = 1


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
        layer: Which of several layers of entities was read, if the format has chosen it; None if
            tags such as `B-PER|B-ORG` are to be chosen from.
    """

    sentences: list[Sentence]
    faults: list[Fault]
    how: How
    scheme: str | None = None
    layer: int | str | None = None


def place(sentence: Sentence, index: int) -> str:
    """Where a token stands, "path:line"."""
    if not sentence.lines:
        return sentence.where
    return f"{sentence.where.rpartition(':')[0]}:{sentence.lines[index]}"


def folded(faults: Iterable[Fault]) -> list[Fault]:
    """One fault for each cause in a file, at its first place, with the number of all."""
    groups: dict[tuple[str, str, str], list[Fault]] = {}
    for fault in faults:
        path = fault.where.rpartition(":")[0]
        groups.setdefault((path, fault.severity, fault.cause or fault.message), []).append(fault)
    return [_as_one(group) for group in groups.values()]


def _as_one(faults: list[Fault]) -> Fault:
    first = faults[0]
    count = sum(fault.places for fault in faults)
    if len(faults) == 1:
        return first
    lines = [fault.where.rpartition(":")[2] for fault in faults]
    few = len(lines) <= SHOWN and all(line.isdecimal() for line in lines)
    lines_of_all = f": lines {', '.join(lines)}" if few else ""
    return first._replace(message=f"{first.message} ({count:,} times{lines_of_all})", places=count)


def refuse_errors(faults: Iterable[Fault]) -> None:
    """Raises InputError with the first errors, a line for each cause, if there are any."""
    errors = folded(fault for fault in faults if fault.severity == "error")
    if errors:
        lines = [f"{fault.where}: {fault.message}" for fault in errors[:SHOWN]]
        if len(errors) > SHOWN:
            lines.append(f"and {len(errors) - SHOWN} more: `lstm-variants data check` shows all")
        raise InputError("\n".join(lines))
