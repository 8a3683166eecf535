"""Lines of text from standard input and from the command line."""

import select
import sys
from collections.abc import Iterable, Iterator

from ..errors import InputError


def standard_input() -> Iterator[str]:
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            yield line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise InputError(f"standard input:{number}: not UTF-8") from None


def flushing(lines: Iterable[str]) -> Iterator[str | None]:
    """The lines; before each is waited for, what was made of those before it is written out.

    None says that there is none at the moment, so that what is being made is to come first.
    """
    iterator = iter(lines)
    while True:
        if not _readable():
            yield None
        sys.stdout.flush()
        try:
            line = next(iterator)
        except StopIteration:
            return
        yield line


def _readable() -> bool:
    """Whether standard input has something, or has ended; also if the platform cannot tell."""
    try:
        return bool(select.select([sys.stdin], [], [], 0)[0])
    except (OSError, ValueError):  # it is no file, or Windows, which knows it of sockets alone
        return True


def sentences(text: str) -> list[str]:
    """The lines of a text from the command line, taken apart as those of standard input."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError("the text: not UTF-8") from None
    return [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]
