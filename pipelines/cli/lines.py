"""Lines of text from standard input and from the command line."""

import sys
from collections.abc import Iterable, Iterator

from ..errors import InputError


def standard_input() -> Iterator[str]:
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            yield line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise InputError(f"standard input:{number}: not UTF-8") from None


def flushing(lines: Iterable[str]) -> Iterator[str]:
    """The lines; before each is waited for, what was made of those before it is written out."""
    iterator = iter(lines)
    while True:
        sys.stdout.flush()
        try:
            line = next(iterator)
        except StopIteration:
            return
        yield line


def sentences(text: str) -> list[str]:
    """The lines of a text from the command line, taken apart as those of standard input."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError("the text: not UTF-8") from None
    return [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]
