"""What may be wrong with a token, a tag or a line, whatever the format."""

import re
from collections.abc import Sequence

from ...text.sentences import Fault
from ..source import UNDECODABLE, Source

LEFT_OUT = "; the sentence is left out"
_UNFIT = re.compile("[\0\t\n\r\ud800-\udfff]")


def unfit(token: str, tag: str) -> str:
    """Why a token or its tag cannot be taken, or ""."""
    if token.isprintable() and tag.isprintable() and token.strip(" ") and tag.strip(" "):
        return ""
    for what, text in (("token", token), ("tag", tag)):
        if not text.strip(" "):
            return f"the {what} is empty"
        if _UNFIT.search(text):
            return f"the {what} {text!r} holds a NUL, TAB, line break or invalid UTF-8"
    return ""


def first_unfit(tokens: Sequence[str], tags: Sequence[str]) -> str:
    """Why one of the tokens or tags of a sentence cannot be taken, or ""."""
    # Nearly all are printable, as what is unfit is not; to look at each for long takes a second.
    are_printable = "".join(tokens).isprintable() and "".join(tags).isprintable()
    if are_printable and all(map(str.strip, tokens)) and all(map(str.strip, tags)):
        return ""
    return next(filter(None, map(unfit, tokens, tags)), "")


def undecodable(line: str, source: Source) -> str:
    """What to do about a line that is no UTF-8; "" if it is."""
    if not UNDECODABLE.search(line):
        return ""
    advice = "save the file as UTF-8"
    if encoding := source.likely_encoding:
        text = line.encode("utf-8", "surrogateescape").decode(encoding, "replace")
        word = next((word for word in text.split() if not word.isascii()), text)
        advice += f", or name its encoding: encoding = {encoding!r} would read {word!r} here"
    return f"not valid UTF-8; {advice}"


def error(where: str, message: str, cause: str = "") -> Fault:
    """What has to be repaired.

    Args:
        where: "path:line".
        message: What is wrong and what to do about it.
        cause: What faults of this kind have in common; by default what stands before a quotation.
    """
    return Fault(where, message, "error", cause or message.partition("'")[0])


def warning(where: str, message: str, cause: str = "") -> Fault:
    """What has to be known."""
    return Fault(where, message, "warning", cause or message.partition("'")[0])
