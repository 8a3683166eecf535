"""The tokenizer: text to words with their offsets, in TensorFlow operations only.

The served model contains it, and everything else that tokenizes text calls it. Offsets count code
points, as Python's strings do: `text[start:end]` is the word.

Words are separated by whitespace (Unicode's White_Space). Punctuation at the end of a word is split
off, and so are opening brackets and quotes at its beginning: "(in Paris)." becomes ( in Paris ) .
while @user, e-mail, 3.5, Mr. and U.S. stay whole; Anna's becomes Anna 's. In scripts without
whitespace, each character is a word, if the tagger was trained on such words: see `by_character`.
Combining marks stay with their character.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

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
_ABBREVIATIONS = """
Mr Mrs Ms Messrs Mme Mlle Dr Drs Prof St Sr Jr Rev Hon Gov Sen Rep Gen Col Capt Lt Sgt Maj Cmdr Adm
Pres Supt Inc Ltd Co Corp Bros Dept Univ Assn vs cf etc al Vol Fig Figs Eq Sec Ch pp ed eds
approx est Mt Ft Ave Blvd Rd Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Mon Tue Wed Thu Fri
Sat Sun Nr Str Hr Fr bzw ca usw Sra Dra Ud Uds Sig Avv Ing Dott
""".split()  # noqa: SIM905


class Words(NamedTuple):
    """The words of texts.

    Attributes:
        words: Strings, ragged: (texts, sentences, words). Each text has all its sentences, and none
            if it has no word.
        starts: Where each begins in its text, in code points.
        ends: Where each ends: the place after it.
    """

    words: tf.RaggedTensor
    starts: tf.RaggedTensor
    ends: tf.RaggedTensor


def by_character(words: Iterable[str]) -> bool:
    """Whether words of scripts without whitespace are single characters, nearly all of them.

    This is so in Chinese and Japanese data that were labelled character by character. It also holds
    if there are no such words at all, as whole sentences are no words.
    """
    lengths = [len(word) for word in words if any(properties(ord(c)) & SINGLE for c in word)]
    return sum(length == 1 for length in lengths) >= 0.95 * len(lengths)


def tokenize(texts: Any, single: bool) -> Words:
    """Takes texts apart.

    Args:
        texts: A string tensor (texts,), UTF-8; bytes that are none count as U+FFFD each.
        single: Whether each character of a script without whitespace is a word.
    """
    codes = tf.strings.unicode_decode(texts, "UTF-8", errors="replace")
    chars, rows = codes.flat_values, codes.value_rowids()
    count = tf.size(chars, tf.int64)
    begins, values = _table()
    kinds = tf.gather(values, tf.searchsorted(begins, chars, side="right") - 1)
    if not single:
        kinds = tf.bitwise.bitwise_and(kinds, ~SINGLE)

    def have(bits: int) -> Any:
        return tf.not_equal(tf.bitwise.bitwise_and(kinds, bits), 0)

    places = tf.range(count)
    row_starts, row_ends = (tf.gather(x, rows) for x in (codes.row_starts(), codes.row_limits()))
    space, extending = have(SPACE), have(EXTENDING)
    chunk_starts = tf.maximum(_last(space, places) + 1, row_starts)
    chunk_ends = tf.minimum(next_marked(space, places, count), row_ends)
    opening, closing = have(OPENING), have(CLOSING)
    leading = opening & (_last(~(opening | extending), places) < chunk_starts)
    trailing = closing & (next_marked(~(closing | extending), places, count) >= chunk_ends)
    alone = leading | trailing | have(SINGLE)
    # A mark belongs to the character before it, and what follows it follows that character.
    bases = tf.minimum(tf.maximum(_last(~extending, places), chunk_starts), places)
    after_alone = tf.gather(alone, tf.gather(bases, tf.maximum(places - 1, 0)))
    first = tf.equal(places, chunk_starts)
    # So is the 's of a word: "Anna's" is Anna 's.
    following = tf.concat([chars[1:], [0]], 0)[: tf.size(chars)]
    last = tf.concat([trailing[2:], [True, True]], 0)[: tf.size(chars)] | (places + 2 >= chunk_ends)
    of_word = _one_of(chars, "'’") & _one_of(following, "sS") & last & (places + 1 < chunk_ends)
    of_word &= ~after_alone
    opens = ~space & (first | (~extending & (alone | after_alone)) | of_word)

    starts = tf.boolean_mask(places, opens)
    ends = tf.minimum(
        tf.concat([starts[1:], [count]], 0)[: tf.size(starts)], tf.gather(chunk_ends, starts)
    )
    word_rows, offsets = tf.gather(rows, starts), tf.gather(row_starts, starts)
    spelled = tf.RaggedTensor.from_row_lengths(tf.boolean_mask(chars, ~space), ends - starts)
    words = tf.strings.unicode_encode(spelled, "UTF-8", errors="replace")

    # The full stop of an abbreviation is part of it.
    before = tf.concat([[""], words[:-1]], 0)[: tf.size(words)]
    touching = tf.equal(starts, tf.concat([[-1], ends[:-1]], 0)[: tf.size(words)])
    dots = tf.equal(words, ".") & touching & _is_abbreviation(before)
    # A word ends where its last part ends, which is the one before the next word that is kept.
    kept, last = tf.boolean_mask(tf.range(tf.size(starts)), ~dots), tf.size(starts) - 1
    lasts = tf.concat([kept[1:] - 1, [last]], 0)[: tf.size(kept)]
    words = tf.gather(words, kept) + tf.where(tf.gather(dots, lasts), ".", "")
    starts, ends = tf.gather(starts, kept), tf.gather(ends, lasts)
    word_rows, offsets = tf.gather(word_rows, kept), tf.gather(offsets, kept)

    lines = tf.concat([[0], tf.cumsum(tf.cast(have(NEWLINE), tf.int32))], 0)
    breaks = _sentence_starts(tf.gather(kinds, starts), starts, ends, word_rows, lines)
    sentences = tf.cumsum(tf.cast(breaks, tf.int64)) - 1
    sentence_rows = tf.boolean_mask(word_rows, breaks)
    texts_count, sentence_count = codes.nrows(), tf.size(sentence_rows, tf.int64)

    def ragged(values: Any) -> Any:
        inner = tf.RaggedTensor.from_value_rowids(values, sentences, sentence_count)
        return tf.RaggedTensor.from_value_rowids(inner, sentence_rows, texts_count)

    return Words(*map(ragged, (words, starts - offsets, ends - offsets)))


def _one_of(chars: Any, some: str) -> Any:
    return tf.reduce_any(tf.equal(chars[:, None], tf.constant([ord(c) for c in some])), -1)


def _is_abbreviation(words: Any) -> Any:
    """Whether a full stop after a word belongs to it: Mr, J, U.S, e.g."""
    known = tf.reduce_any(tf.equal(words[:, None], tf.constant(_ABBREVIATIONS)), -1)
    return known | tf.strings.regex_full_match(words, r"\p{Lu}|(\p{L}\.)+\p{L}")


def _sentence_starts(kinds: Any, starts: Any, ends: Any, rows: Any, lines: Any) -> Any:
    """Which words are the first of a sentence.

    Args:
        kinds: The properties of the first character of each word, those of the texts one after the
            other.
        starts: The places of their first characters, in all texts together.
        ends: Likewise, after their last.
        rows: The text of each.
        lines: How many line breaks there are before each place.
    """

    def have(bits: int) -> Any:
        return tf.not_equal(tf.bitwise.bitwise_and(kinds, bits), 0)

    count = tf.size(starts, tf.int64)
    places = tf.range(count)
    before = tf.maximum(places - 1, 0)  # the word before; the first of a text needs none
    first = tf.equal(places, 0) | tf.not_equal(rows, tf.gather(rows, before))
    touching = tf.equal(starts, tf.gather(ends, before)) & ~first
    line, line_before = tf.gather(lines, starts), tf.gather(lines, tf.gather(ends, before))
    paragraph = line - line_before >= 2
    short = tf.equal(ends - starts, 1)
    full_stop, stop = have(FULL_STOP), have(STOP) & short
    closer = have(CLOSING) & ~full_stop & ~have(STOP) & touching & short  # a bracket or quote
    # The last word that is no closing sign after the end of a sentence: the end itself, or none.
    end = tf.maximum(tf.gather(_last(~closer, places), before), 0)
    follows = tf.gather(stop, end) & ~touching & have(OPENS_SENTENCE | OPENING | SINGLE)
    goes_on = (closer | full_stop | stop) & touching
    return first | paragraph | ((tf.gather(full_stop, end) | follows) & ~goes_on)


def _last(marks: Any, places: Any) -> Any:
    """For each place the last that is marked, up to and with itself; -1 if there is none."""
    marked = tf.concat([[tf.constant(-1, tf.int64)], tf.boolean_mask(places, marks)], 0)
    return tf.gather(marked, tf.cumsum(tf.cast(marks, tf.int64)))


def next_marked(marks: Any, places: Any, count: Any) -> Any:
    """For each place the next that is marked, from itself on; `count` if there is none."""
    marked = tf.concat([tf.boolean_mask(places, marks), [count]], 0)
    return tf.gather(marked, tf.cumsum(tf.cast(marks, tf.int64), exclusive=True))


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
def _table() -> tuple[np.ndarray, np.ndarray]:
    """The first code points of runs of characters with the same properties; these properties."""
    bits = np.zeros(0x110000, np.int32)
    for code in chain(range(0x32000), range(0xE0100, 0xE01F0)):  # elsewhere nothing is assigned
        bits[code] = properties(code)
    begins = np.flatnonzero(np.diff(bits, prepend=-1))
    return begins.astype(np.int32), bits[begins]
