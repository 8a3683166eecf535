"""Where words and sentences begin and end: the rules of the tokenizer, written once.

The served model follows them in TensorFlow, `tokenizer`; reading texts with labels does so in
NumPy, `text_words`, without the seconds and the memory that importing TensorFlow takes. Both call
the functions here with their `Arrays`; operators are the same in both.

All texts stand one after the other. A place is the index of a character among those of all.
"""

from typing import Any, NamedTuple, Protocol

from .characters import (
    CLOSING,
    EXTENDING,
    FULL_STOP,
    NEWLINE,
    OPENING,
    OPENS_SENTENCE,
    SINGLE,
    SPACE,
    STOP,
)


class Arrays(Protocol):
    """What an array library has to have."""

    def size(self, array: Any) -> Any: ...

    def range(self, count: Any) -> Any: ...

    def take(self, array: Any, indices: Any) -> Any: ...

    def select(self, array: Any, marks: Any) -> Any: ...

    def concat(self, parts: list[Any]) -> Any: ...

    def running_count(self, marks: Any) -> Any:
        """How many are marked up to each place and with it."""

    def minimum(self, one: Any, other: Any) -> Any: ...

    def maximum(self, one: Any, other: Any) -> Any: ...


class Parts(NamedTuple):
    """Places where something begins, and after its last character."""

    starts: Any
    ends: Any


def parts_of_chunks(xp: Arrays, chars: Any, kinds: Any, row_starts: Any, row_ends: Any) -> Parts:
    """What stands between whitespace, taken apart: words and signs.

    The full stop of an abbreviation is a part by itself; see `joined`.

    Args:
        xp: The array library.
        chars: The code points of all texts.
        kinds: Their properties, without SINGLE if such characters are not to stand alone.
        row_starts: Where the text of each character begins.
        row_ends: Where it ends.
    """
    count = xp.size(chars)
    places = xp.range(count)
    space, extending = _have(kinds, SPACE), _have(kinds, EXTENDING)
    chunk_starts = xp.maximum(_last(xp, space, places) + 1, row_starts)
    chunk_ends = xp.minimum(next_marked(xp, space, places, count), row_ends)
    opening, closing = _have(kinds, OPENING), _have(kinds, CLOSING)
    leading = opening & (_last(xp, ~(opening | extending), places) < chunk_starts)
    trailing = closing & (next_marked(xp, ~(closing | extending), places, count) >= chunk_ends)
    alone = leading | trailing | _have(kinds, SINGLE)
    # A mark belongs to the character before it, and what follows it follows that character.
    bases = xp.minimum(xp.maximum(_last(xp, ~extending, places), chunk_starts), places)
    after_alone = xp.take(alone, xp.take(bases, xp.maximum(places - 1, 0)))
    first = places == chunk_starts
    # So is the 's of a word: "Anna's" is Anna 's.
    following = xp.concat([chars[1:], [0]])[:count]
    last = xp.concat([trailing[2:], [True, True]])[:count] | (places + 2 >= chunk_ends)
    of_word = _one_of(chars, "'’") & _one_of(following, "sS") & last & (places + 1 < chunk_ends)
    of_word &= ~after_alone
    opens = ~space & (first | (~extending & (alone | after_alone)) | of_word)
    starts = xp.select(places, opens)
    next_starts = xp.concat([starts[1:], [count]])[: xp.size(starts)]
    return Parts(starts, xp.minimum(next_starts, xp.take(chunk_ends, starts)))


def touching_stops(xp: Arrays, chars: Any, parts: Parts, row_starts: Any) -> Any:
    """Which parts are a full stop that touches the part before, in the same text."""
    starts, ends = parts
    ends_before = xp.concat([[-1], ends[:-1]])[: xp.size(starts)]
    touching = (starts == ends_before) & (starts > xp.take(row_starts, starts))
    return touching & (ends - starts == 1) & _one_of(xp.take(chars, starts), ".")


def joined(xp: Arrays, parts: Parts, stops: Any) -> Parts:
    """The words: parts, with the full stops of abbreviations joined to what is before them."""
    last = xp.size(parts.starts) - 1
    kept = xp.select(xp.range(last + 1), ~stops)
    # A word ends where its last part ends, which is the one before the next word that is kept.
    lasts = xp.concat([kept[1:] - 1, [last]])[: xp.size(kept)]
    return Parts(xp.take(parts.starts, kept), xp.take(parts.ends, lasts))


def sentence_starts(xp: Arrays, kinds: Any, words: Parts, row_starts: Any) -> Any:
    """Which words are the first of a sentence.

    Args:
        xp: The array library.
        kinds: The properties of all characters.
        words: All words.
        row_starts: Where the text of each word begins.
    """
    starts, ends = words
    lines = xp.concat([[0], xp.running_count(_have(kinds, NEWLINE))])
    kinds = xp.take(kinds, starts)
    places = xp.range(xp.size(starts))
    before = xp.maximum(places - 1, 0)  # the word before; the first of a text needs none
    first = (places == 0) | (xp.take(starts, before) < row_starts)
    touching = (starts == xp.take(ends, before)) & ~first
    line, line_before = xp.take(lines, starts), xp.take(lines, xp.take(ends, before))
    paragraph = line - line_before >= 2
    short = ends - starts == 1
    full_stop, stop = _have(kinds, FULL_STOP), _have(kinds, STOP) & short
    closer = _have(kinds, CLOSING) & ~full_stop & ~_have(kinds, STOP) & touching & short
    # The last word that is no closing sign after the end of a sentence: the end itself, or none.
    end = xp.maximum(xp.take(_last(xp, ~closer, places), before), 0)
    opens = _have(kinds, OPENS_SENTENCE | OPENING | SINGLE)
    follows = xp.take(stop, end) & ~touching & opens
    goes_on = (closer | full_stop | stop) & touching
    return first | paragraph | ((xp.take(full_stop, end) | follows) & ~goes_on)


def next_marked(xp: Arrays, marks: Any, places: Any, count: Any) -> Any:
    """For each place the next that is marked, from itself on; `count` if there is none."""
    marked = xp.concat([xp.select(places, marks), [count]])
    counts = xp.concat([[0], xp.running_count(marks)])  # of those before each place
    return xp.take(marked, counts[:-1])


def _last(xp: Arrays, marks: Any, places: Any) -> Any:
    """For each place the last that is marked, up to and with itself; -1 if there is none."""
    marked = xp.concat([[-1], xp.select(places, marks)])
    return xp.take(marked, xp.running_count(marks))


def _have(kinds: Any, bits: int) -> Any:
    return (kinds & bits) > 0


def _one_of(chars: Any, some: str) -> Any:
    first, *others = (chars == ord(c) for c in some)
    for other in others:
        first |= other
    return first
