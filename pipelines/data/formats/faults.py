"""What may be wrong with a token, a tag or a line, whatever the format."""

import re

from ..source import UNDECODABLE

LEFT_OUT = "; the sentence is left out"
_UNFIT = re.compile("[\0\t\n\r\ud800-\udfff]")


def unfit(token: str, tag: str) -> str:
    """Why a token or its tag cannot be taken, or ""."""
    for what, text in (("token", token), ("tag", tag)):
        if not text.strip(" "):
            return f"the {what} is empty"
        if _UNFIT.search(text):
            return f"the {what} {text!r} holds a NUL, TAB, line break or invalid UTF-8"
    return ""


def undecodable(line: str) -> str:
    """What to do about a line that is no UTF-8; "" if it is."""
    if not UNDECODABLE.search(line):
        return ""
    advice = "save the file as UTF-8"
    if guess := _guess(line.encode("utf-8", "surrogateescape")):
        advice += f", or name its encoding: with encoding = {guess[0]!r} this reads {guess[1]!r}"
    return f"not valid UTF-8; {advice}"


def _guess(line: bytes) -> tuple[str, str] | None:
    """An encoding that the line may be in, and the first word with a letter outside ASCII in it."""
    from charset_normalizer import from_bytes

    for encoding in dict.fromkeys(filter(None, (_best(from_bytes(line)), "cp1252", "latin-1"))):
        try:
            text = line.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        return encoding, next(word for word in text.split() if not word.isascii())
    return None


def _best(matches: object) -> str | None:
    best = matches.best()  # type: ignore[attr-defined]
    return best.encoding if best else None
