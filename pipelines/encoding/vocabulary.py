"""The strings a tagger knows, counted on its training sentences."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

UNKNOWN = "\0unknown"  # no word can contain NUL, so this name for unknown ones meets none of them


class Vocabulary(NamedTuple):
    """What strings mean to a tagger. String n of a list has id n + 2: 0 pads, 1 is any other.

    Attributes:
        words: Known words, the most frequent first.
        tags: Tags; tag n has id n.
        scheme: The tags' scheme, "IOB2", or None if they are not entities (such as POS).
        lowercase: Whether words are compared in lower case.
        counts: How often each of the words stands in the training sentences.
        characters: Known characters; none if the tagger reads no characters.
        features: The values of each feature of words that the tagger reads.
        vectors: The words that have a vector; none if the tagger has no vectors.
    """

    words: list[str]
    tags: list[str]
    scheme: str | None
    lowercase: bool
    counts: list[int] = []
    characters: list[str] = []
    features: Mapping[str, list[str]] = {}
    vectors: list[str] = []


def count(
    tokens: Iterable[list[str]],
    tags: Iterable[list[str]],
    scheme: str | None,
    min_count: int,
    lowercase: bool,
    characters: bool = False,
    features: Iterable[str] = (),
) -> Vocabulary:
    """Counts the words, tags, characters and features of the training sentences.

    Every entity type gets both its tags, whether or not training sentences use both.

    Args:
        tokens: The words of each sentence.
        tags: Their tags.
        scheme: The tags' scheme.
        min_count: Rarer words, characters and features are unknown ones, to learn what to do then.
        lowercase: Whether words are compared in lower case.
        characters: Whether to count characters.
        features: Names of the features to count.
    """
    written = Counter(word for sentence in tokens for word in sentence)
    words: Counter[str] = Counter()
    for word, n in written.items():
        words[word.lower() if lowercase else word] += n
    known = _frequent(words, min_count)
    letters: Counter[str] = Counter()
    for word, n in written.items() if characters else ():
        for character in word:
            letters[character] += n
    seen = {tag for sentence in tags for tag in sentence}
    if scheme is not None:
        types = {tag.partition("-")[2] for tag in seen if tag != "O"}
        seen = {"O"} | {f"{prefix}-{kind}".rstrip("-") for kind in types for prefix in "BI"}
    return Vocabulary(
        known,
        sorted(seen, key=lambda tag: (tag != "O", tag)),
        scheme,
        lowercase,
        [words[word] for word in known],
        _frequent(letters, min_count),
        {name: _frequent(_values(name, written), min_count) for name in features},
    )


def extended(known: Vocabulary, counted: Vocabulary) -> Vocabulary:
    """A vocabulary and after it what another one has besides; what was known keeps its ids.

    Args:
        known: The vocabulary of a tagger.
        counted: That of other training sentences, with the same scheme and case.
    """
    counts = dict(zip(known.words, known.counts, strict=True))
    for word, n in zip(counted.words, counted.counts, strict=True):
        counts[word] = max(n, counts.get(word, 0))
    return known._replace(
        words=list(counts),
        counts=list(counts.values()),
        tags=_union(known.tags, counted.tags),
        characters=_union(known.characters, counted.characters),
        features={
            name: _union(values, counted.features[name]) for name, values in known.features.items()
        },
        vectors=_union(known.vectors, counted.vectors),
    )


def _union(known: list[str], others: list[str]) -> list[str]:
    return list(dict.fromkeys([*known, *others]))


def _values(feature: str, words: Counter[str]) -> Counter[str]:
    from ..text.features import feature_values

    values: Counter[str] = Counter()
    for value, n in zip(feature_values(feature, list(words)), words.values(), strict=True):
        values[value] += n
    return values


def _frequent(counts: Counter[str], min_count: int) -> list[str]:
    kept = [string for string, n in counts.items() if n >= min_count]
    return sorted(kept, key=lambda string: (-counts[string], string))


def size(strings: list[str]) -> int:
    """How many ids there are for the strings of a list; a lookup wants at least one string."""
    return max(1, len(strings)) + 2


def save(vocabulary: Vocabulary, path: Path) -> None:
    path.write_text(json.dumps(vocabulary._asdict(), ensure_ascii=False, indent=1), "utf-8")


def load(path: Path) -> Vocabulary:
    return Vocabulary(**json.loads(path.read_text("utf-8")))
