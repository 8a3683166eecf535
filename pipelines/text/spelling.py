"""How tags are spelled: as the schemes have it, as entities otherwise, or as no entities at all.

Three verdicts. Tags that are chunk tags are in a scheme. Tags in which nothing looks like entities,
such as parts of speech, are taken one by one. What lies between, `B_PER`, `b-per`, bare types or
another word for O, is refused with the nearest reading and how to ask for it, since either of the
other two verdicts would make a wrong model of it without a word.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, product
from typing import Literal, NamedTuple

from . import chunking
from .chunking import is_chunk_tag

ONE_BY_ONE = "none"  # the scheme of tags that spell no entities
SPELLING = "spelling"  # the cause of the fault that an `Objection` makes
Order = Literal["letter first", "type first"]

# What stands for "no entity" in data that people have made, besides O.
_OUTSIDE = ("o", "0", "_", "-", "--", "X", "OTHER", "NONE", "NULL", "NIL", "OUT", "OUTSIDE", "N/A")
_SPECIAL = re.compile(r"\[?(PAD|CLS|SEP)\]?|</?s>|<pad>")  # what tokenizers of language models add
_LETTER_FIRST = re.compile(r"(?P<letter>[BIESMLUbiesmlu])(?P<joiner>[^\w]+|_+)(?P<type>\S.*)")
_TYPE_FIRST = re.compile(r"(?P<type>.*\S)(?P<joiner>[^\w]+|_+)(?P<letter>[BIESMLUbiesmlu])")
_LAYERS = re.compile(r"[|,;/+]")
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")
_QUOTED = re.compile(r"""(["'`])(.+)\1""")
_STRAY = 0.05  # of the tags: data of any size has a mistyped one somewhere
_MOST = 0.6  # of the tags: no part of speech is as frequent, and "no entity" nearly always is
_FEW = 30  # tags from which nothing follows about how frequent they are
_LONGEST = 100  # characters of a tag
_SHOWN = 3


class Spelling(NamedTuple):
    """How tags are written; what is None or empty is as the schemes have it.

    Attributes:
        scheme: One of `chunking.SCHEMES`, or `ONE_BY_ONE`.
        outside: Tags that mean O.
        joiner: What stands between letter and type.
        order: Which of the two comes first.
    """

    scheme: str | None = None
    outside: tuple[str, ...] = ()
    joiner: str | None = None
    order: Order | None = None

    def standard(self, tag: str) -> str:
        """The tag as the schemes spell it; what this spelling does not explain stays as it is."""
        if self.scheme == ONE_BY_ONE:
            return tag
        if tag in self.outside:
            return "O"
        if self == (None, self.outside, None, None):
            return tag
        if tag in ("O", "o"):
            return "O"
        letter, type = self._parts(tag)
        if letter in "BIESMLU":
            return f"{letter}-{type}" if type else letter
        return f"I-{tag}" if self.scheme == "IO" else tag

    def _parts(self, tag: str) -> tuple[str, str]:
        """Letter and type of a tag; "?" for the letter if it has none."""
        joiner = self.joiner or "-"
        if self.order == "type first":
            type, found, letter = tag.rpartition(joiner)
        else:
            letter, found, type = tag.partition(joiner)
        if found and not type:
            return "?", tag
        # With a scheme that was asked for, a letter without a type is one, too, except in IO, where
        # it is a type.
        if not found:
            letter, type = (type or letter, "") if self.scheme not in (None, "IO") else ("?", tag)
        letter = letter.upper()
        return (letter, type) if len(letter) == 1 else ("?", tag)

    @property
    def wish(self) -> str:
        """How to ask for this spelling."""
        outside = self.outside[0] if len(self.outside) == 1 else list(self.outside)
        values = {**self._asdict(), "outside": outside}
        return " and ".join(f"{name} = {value!r}" for name, value in values.items() if value)


class Objection(NamedTuple):
    """Why tags are refused.

    Attributes:
        tag: One of those it is about.
        message: What they look like and how to ask for the nearest reading.
    """

    tag: str
    message: str


def objection(sequences: Sequence[Sequence[str]], spelling: Spelling) -> Objection | None:
    """Why the tags of sentences, in their standard spelling, must not be taken as they are.

    Args:
        sequences: The tags of each sentence, as `spelling.standard` gives them.
        spelling: What was asked for.

    Returns:
        None where they are in a scheme, a few mistyped ones aside; where nothing in them looks like
        entities; and where the scheme `ONE_BY_ONE` was asked for.
    """
    if spelling.scheme == ONE_BY_ONE:
        return None
    tags = _Tags(sequences, spelling)
    if found := _of_layers(tags):
        return found
    finds = (_of_quotes, _spelled_otherwise, _partly, _bare, _numbers) if tags.odd else ()
    return next(filter(None, (find(tags) for find in finds)), None)


def looks_like_entities(counts: Counter[str]) -> bool:
    """Whether counted tags are letters and types in another spelling than the schemes'."""
    return _spelled_otherwise(_Tags([[*counts.elements()]], Spelling())) is not None


def meaning(tag: str) -> str:
    """What a tag was perhaps meant to be that no scheme has, among tags of one; "" if unknown."""
    for candidate in () if is_chunk_tag(tag) else _candidates([tag], Spelling()):
        if is_chunk_tag(standard := candidate.standard(tag)):
            return f"perhaps {standard} is meant"
    if tag.upper() in _OUTSIDE or _SPECIAL.fullmatch(tag):
        return f"if it means O, say outside = {tag!r}"
    return ""


_Found = Objection | None


class _Tags:
    """Tags that are judged.

    Attributes:
        sequences: Those of each sentence.
        spelling: What was asked for.
        counts: How often each occurs.
        odd: Likewise, of those that are no chunk tags.
    """

    def __init__(self, sequences: Sequence[Sequence[str]], spelling: Spelling) -> None:
        self.sequences, self.spelling = sequences, spelling
        self.counts = Counter(chain.from_iterable(sequences))
        self.odd = Counter({tag: n for tag, n in self.counts.items() if not is_chunk_tag(tag)})

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def few_are_odd(self) -> bool:
        """Whether no more are no chunk tags than people mistype."""
        return self.odd.total() <= _STRAY * self.total

    @property
    def typed(self) -> int:
        """How many are chunk tags with a type."""
        return sum(n for tag, n in self.counts.items() if "-" in tag and is_chunk_tag(tag))


def _of_layers(tags: _Tags) -> _Found:
    """`B-PER|B-ORG`: the tags of entities that lie within each other."""
    several = [tag for tag in tags.counts if _is_of_layers(tag)]
    if not several:
        return None
    number = sum(tags.counts[tag] for tag in several)
    return Objection(
        several[0],
        f"{several[0]!r} is several tags in one, as {number:,} tags are: a word has one tag, so "
        "say which layer of entities to read, layer = 1 for the first",
    )


def _is_of_layers(tag: str) -> bool:
    parts = _LAYERS.split(tag)
    typed = [part for part in parts if part != "O"]
    # A letter alone would make two layers of the type "A/B".
    return len(parts) > 1 and bool(typed) and all("-" in p and is_chunk_tag(p) for p in typed)


def layer_of(tag: str, layer: int) -> str:
    """One of the tags that stand in a tag of several layers, counted from 1; O if it has fewer."""
    parts = _LAYERS.split(tag) if _is_of_layers(tag) else [tag]
    return parts[layer - 1] if layer <= len(parts) else "O"


def _of_quotes(tags: _Tags) -> _Found:
    quoted = [tag for tag in tags.odd if _QUOTED.fullmatch(tag)]
    if sum(tags.odd[tag] for tag in quoted) <= _STRAY * tags.total:
        return None
    return Objection(
        quoted[0],
        f"the tags stand in quotation marks, the first is {quoted[0]}: write them without "
        "(a table of a spreadsheet is read with its quotes if it has a header)",
    )


def _spelled_otherwise(tags: _Tags) -> _Found:
    """Tags that are a scheme's with another joiner, order, case or word for O."""
    counts, odd = tags.counts, tags.odd
    best: tuple[int, Spelling, str] | None = None
    for candidate in _candidates(odd, tags.spelling):
        standard = {tag: candidate.standard(tag) for tag in counts}
        letters = Counter[str]()
        types: dict[str, set[str]] = {}
        for tag, n in counts.items():
            letter, _, type = standard[tag].partition("-")
            if type and is_chunk_tag(standard[tag]):
                letters[letter] += n
                types.setdefault(type, set()).add(letter)
        left = Counter({t: n for t, n in counts.items() if not is_chunk_tag(standard[t])})
        outside = tuple(tag for tag in left if _means_outside(tag, left, counts))
        for tag in outside:
            del left[tag]
        has_outside = bool(outside) or "O" in standard.values()
        has_pairs = any(len(letters_of) > 1 for letters_of in types.values())
        if not letters or not (has_outside or has_pairs) or left.total() > _STRAY * tags.total:
            continue
        explained = tags.total - left.total()
        if best is None or explained > best[0]:
            outside = tuple(tag for tag in outside if tag != "o" or not candidate.scheme)
            example = next((t for t in odd if is_chunk_tag(standard[t]) and t != "o"), "")
            example = example or next(iter(outside), next(iter(odd)))
            best = (explained, candidate._replace(outside=tags.spelling.outside + outside), example)
    # As many as a person mistypes are mistyped, in tags that are otherwise in a scheme.
    if best is None or best[0] <= tags.total - odd.total() or tags.few_are_odd:
        return None
    _, found, example = best
    if found.scheme:  # stands for "whichever": letters are in lower case
        read = [[found.standard(tag) for tag in sentence] for sentence in tags.sequences]
        found = found._replace(scheme=chunking.detect(read) or "IOB2")
    means = found.standard(example)
    return Objection(
        example,
        f"the tags look like entities, but {example!r} stands for {means}: say {found.wish} to "
        f"read them so{_OR_ONE_BY_ONE}",
    )


_OR_ONE_BY_ONE = ", or scheme = 'none' to take every tag by itself"


def _candidates(odd: Iterable[str], spelling: Spelling) -> Iterator[Spelling]:
    """The ways in which some of the tags would be a letter and a type."""
    found = {"letter first": {"-"}, "type first": set[str]()}
    lower = False
    for tag in odd:
        if len(tag) > _LONGEST:  # no tag, and the patterns take time that grows with its square
            continue
        for order, pattern in (("letter first", _LETTER_FIRST), ("type first", _TYPE_FIRST)):
            if match := pattern.fullmatch(tag):
                found[order].add(match["joiner"])
                lower = lower or match["letter"].islower()
    for order, joiners in found.items():
        for joiner, any_case in product(sorted(joiners), (False, True)[: 1 + lower]):
            yield Spelling(
                "IOB2" if any_case else spelling.scheme,
                spelling.outside,
                None if joiner == "-" else joiner,
                None if order == "letter first" else "type first",
            )


def _means_outside(tag: str, left: Counter[str], counts: Counter[str]) -> bool:
    """Whether what no candidate explains stands for O."""
    if tag.upper() in _OUTSIDE or tag in _OUTSIDE or _SPECIAL.fullmatch(tag):
        return True
    return len(left) == 1 and counts[tag] == max(counts.values())


def _partly(tags: _Tags) -> _Found:
    """Many tags in no scheme among tags that are in one."""
    if chunking.are_chunk_tags(tags.counts) or not tags.typed:
        return None
    if "O" not in tags.counts and tags.typed < _STRAY * tags.total:
        return None  # a few tags that look like chunk tags, among parts of speech
    return Objection(
        next(iter(tags.odd)),
        f"{tags.odd.total():,} of {tags.total:,} tags are in no tag scheme while the others are: "
        f"{_some(tags.odd)}; repair them, or say outside = ... for those that mean "
        f"O{_OR_ONE_BY_ONE}",
    )


def _bare(tags: _Tags) -> _Found:
    """Types without letters, and something that stands for no entity."""
    counts, odd, total = tags.counts, tags.odd, tags.total
    if tags.typed and (tags.typed > odd.total() or tags.few_are_odd):
        return None
    first, most = counts.most_common(1)[0]
    outside: str | None = None
    if "O" in counts:
        outside = "O"
    elif len(counts) > 1 and total >= _FEW and most >= _MOST * total:
        outside = first
    elif len(counts) > 1 and first != "X" and first.upper() in _OUTSIDE and 2 * most >= total:
        outside = first  # X is a part of speech, too
    if outside is None:
        return None
    bare = Counter({tag: n for tag, n in odd.items() if tag != outside})
    if not bare:
        return None
    found = Spelling("IO", tags.spelling.outside + ((outside,) if outside != "O" else ()))
    return Objection(
        next(iter(bare)),
        f"the tags look like types of entities without letters (B-, I-), {_some(bare)}, and "
        f"{outside!r} like the tag of all other words: say {found.wish} to read them "
        f"so{_OR_ONE_BY_ONE}",
    )


def _numbers(tags: _Tags) -> _Found:
    numbers = [tag for tag in tags.odd if _NUMBER.fullmatch(tag)]
    if sum(tags.odd[tag] for tag in numbers) <= (1 - _STRAY) * tags.total:
        return None
    return Objection(
        numbers[0],
        f"the tags are numbers ({_some(tags.odd)}), which may be ids or places in the text: name "
        "the right tag_column, or say scheme = 'none' if they are labels",
    )


def _some(tags: Counter[str]) -> str:
    named = ", ".join(repr(tag) for tag, _ in tags.most_common(_SHOWN))
    return f"{named} and {len(tags) - _SHOWN} more" if len(tags) > _SHOWN else named
