"""The words and tags a tagger knows, counted on its training sentences; strings to ids and back."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple


class Vocabulary(NamedTuple):
    """What strings mean to a tagger.

    Attributes:
        words: Known words, the most frequent first; word n has id n + 2 (0 pads, 1 is any other).
        tags: Tags by id.
        scheme: The tags' scheme, "IOB2", or None if they are not entities (such as POS).
        lowercase: Whether words are compared in lower case.
    """

    words: list[str]
    tags: list[str]
    scheme: str | None
    lowercase: bool


def count(
    tokens: Iterable[list[str]],
    tags: Iterable[list[str]],
    scheme: str | None,
    min_count: int,
    lowercase: bool,
) -> Vocabulary:
    """Counts the words and tags of the training sentences.

    Every entity type gets both its tags, whether or not training sentences use both.
    """
    words = Counter(w.lower() if lowercase else w for sentence in tokens for w in sentence)
    kept = [word for word, n in words.items() if n >= min_count]
    seen = {tag for sentence in tags for tag in sentence}
    if scheme is not None:
        types = {tag.partition("-")[2] for tag in seen if tag != "O"}
        seen = {"O"} | {f"{prefix}-{kind}".rstrip("-") for kind in types for prefix in "BI"}
    return Vocabulary(
        sorted(kept, key=lambda word: (-words[word], word)),
        sorted(seen, key=lambda tag: (tag != "O", tag)),
        scheme,
        lowercase,
    )


def size(vocabulary: Vocabulary) -> int:
    """How many ids there are for words; the lookup wants at least one word."""
    return max(1, len(vocabulary.words)) + 2


def lookup(vocabulary: Vocabulary) -> Any:
    """The layer that turns words into ids; training, tagging and the served model use this one."""
    import keras

    # No word can contain NUL, so this name for unknown words meets none of them.
    return keras.layers.StringLookup(
        vocabulary=vocabulary.words or ["\0none"],
        mask_token="",
        oov_token="\0unknown",
        name="lookup",
    )


def word_ids(vocabulary: Vocabulary, words_to_ids: Any, tokens: Any) -> Any:
    """The ids of a tensor of words; the empty string, which pads, becomes 0."""
    import tensorflow as tf

    if vocabulary.lowercase:
        tokens = tf.strings.lower(tokens, encoding="utf-8")
    return words_to_ids(tokens)


def save(vocabulary: Vocabulary, path: Path) -> None:
    path.write_text(json.dumps(vocabulary._asdict(), ensure_ascii=False, indent=1), "utf-8")


def load(path: Path) -> Vocabulary:
    return Vocabulary(**json.loads(path.read_text("utf-8")))
