"""Characters as the tokenizer sees them: spaces, signs, and those that are a word by themselves."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

import numpy as np

# Properties of a character, bits of a number.
SPACE, NEWLINE, OPENING, CLOSING, SINGLE, EXTENDING, OPENS_SENTENCE, STOP, FULL_STOP = (
    1 << n for n in range(9)
)
_SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_NEWLINES = "\n\x85\u2028\u2029"
_STOPS = ".!?…"  # end a sentence if whitespace and the beginning of another one follow
_FULL_STOPS = "。！？｡।॥۔؟։።"  # end a sentence in any case
_WITHOUT_WHITESPACE = (  # names in Unicode
    "CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH", "HIRAGANA ", "KATAKANA ",
    "HALFWIDTH KATAKANA ", "KATAKANA-HIRAGANA ", "BOPOMOFO ", "IDEOGRAPHIC ITERATION MARK",
    "IDEOGRAPHIC CLOSING MARK", "IDEOGRAPHIC NUMBER ZERO", "VERTICAL KANA ",
)  # fmt: skip
# After these a full stop is part of the word, as it is in data that people have taken apart.
ABBREVIATIONS = """
Mr Mrs Ms Messrs Mme Mlle Dr Drs Prof St Sr Jr Rev Hon Gov Sen Rep Gen Col Capt Lt Sgt Maj Cmdr Adm
Pres Supt Inc Ltd Co Corp Bros Dept Univ Assn vs cf etc al Vol Fig Figs Eq Sec Ch pp ed eds
approx est Mt Ft Ave Blvd Rd Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Mon Tue Wed Thu Fri
Sat Sun Nr Str Hr Fr bzw ca usw Sra Dra Ud Uds Sig Avv Ing Dott
""".split()  # noqa: SIM905
_KNOWN = frozenset(ABBREVIATIONS)


def by_character(words: Iterable[str]) -> bool:
    """Whether words of scripts without whitespace are single characters, nearly all of them.

    This is so in Chinese and Japanese data that were labelled character by character. It also holds
    if there are no such words at all, as whole sentences are no words.
    """
    lengths = [len(word) for word in words if any(properties(ord(c)) & SINGLE for c in word)]
    return sum(length == 1 for length in lengths) >= 0.95 * len(lengths)


def is_abbreviation(word: str) -> bool:
    """Whether a full stop after a word belongs to it: Mr, J, U.S, e.g."""
    if len(word) == 1:
        return unicodedata.category(word) == "Lu"
    letters, stops = word[::2], word[1::2]
    is_dotted = len(word) % 2 == 1 and not stops.strip(".")
    return word in _KNOWN or (
        is_dotted and all(unicodedata.category(letter)[0] == "L" for letter in letters)
    )


def properties(code: int) -> int:
    """The bits of a character."""
    c = chr(code)
    category = unicodedata.category(c)
    bits = 0
    if c in _SPACES:
        return SPACE | (NEWLINE if c in _NEWLINES else 0)
    if category in ("Ps", "Pi") or c in "\"'":
        bits |= OPENING
    if category in ("Pe", "Pf", "Po"):
        bits |= CLOSING
    if category[0] == "M":
        bits |= EXTENDING
    if category in ("Lu", "Lt", "Lo"):
        bits |= OPENS_SENTENCE
    # Punctuation of these scripts stands between their characters.
    wide = 0x3000 <= code <= 0x303F or 0xFF00 <= code <= 0xFFEF
    if unicodedata.name(c, "").startswith(_WITHOUT_WHITESPACE) or (wide and category[0] == "P"):
        bits |= SINGLE
    if c in _STOPS:
        bits |= STOP
    if c in _FULL_STOPS:
        bits |= FULL_STOP
    return bits


@lru_cache(maxsize=1)
def table() -> np.ndarray:
    """The bits of all characters, by code point."""
    bits = np.zeros(0x110000, np.int32)
    for code in chain(range(0x32000), range(0xE0100, 0xE01F0)):  # elsewhere nothing is assigned
        bits[code] = properties(code)
    return bits
