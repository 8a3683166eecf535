"""What units of a tagger stand for, word by word, and the sentences in their colours."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from keras_lstm_variants.probing import FEWEST, Probe, probe

from .coloured import pieces

MOST = 400  # words of the sentences in the colours of a unit


class Unit(NamedTuple):
    """A unit, and the sentences as it sees them.

    Attributes:
        where: Its layer and direction.
        unit: Its number.
        why: The features that it stands for, or that no other unit varies as much.
        text: Pieces of the sentences with their colours, as `pieces` gives them.
    """

    where: str
    unit: int
    why: str
    text: list[tuple[str, str]]


class Words(NamedTuple):
    """What was found in all sentences together.

    Attributes:
        probed: For each layer and direction, its units against the features; empty if there are
            too few words.
        units: Those whose colours are shown.
        words: From how many words.
    """

    probed: dict[str, Probe]
    units: list[Unit]
    words: int


def features(sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]]) -> dict[str, list]:
    """What may be known of each word, for all sentences one after the other."""
    words = [word for sentence in sentences for word in sentence]
    return {
        "position in the sentence": [n for sentence in sentences for n in range(len(sentence))],
        "capital": [word[:1].isupper() for word in words],
        "digit": [any(c.isdigit() for c in word) for word in words],
        "length": [len(word) for word in words],
        "entity, as tagged": [tag != "O" for sentence in tags for tag in sentence],
    }


def look(
    sentences: Sequence[Sequence[str]],
    tags: Sequence[Sequence[str]],
    outputs: Mapping[str, Sequence[np.ndarray]],
) -> Words:
    """Probes the outputs of layers on words.

    Args:
        sentences: Their words.
        tags: Their tags.
        outputs: Of each layer and direction, the outputs (words, units) of each sentence.
    """
    known = {
        name: np.asarray(values, dtype="float64")
        for name, values in features(sentences, tags).items()
        if len({*values}) > 1
    }
    steps = [
        word + (" " if n + 1 < len(sentence) else "\n")
        for sentence in sentences
        for n, word in enumerate(sentence)
    ]
    probed, units = {}, []
    for where, of_sentences in outputs.items():
        values = np.concatenate(list(of_sentences))
        if known and len(values) >= FEWEST:
            probed[where] = probe(values, known)
        shown: dict[int, str] = {}
        found = [(probed[where].best(name), name) for name in known if where in probed]
        for (unit, score, p), name in sorted(found, key=lambda one: -abs(one[0][1])):
            if p < 0.05:
                why = f"{name}, r = {score:+.2f}"
                shown[unit] = f"{shown[unit]}; {why}" if unit in shown else why
        shown.setdefault(int(values.std(axis=0).argmax()), "no other unit varies as much")
        units += [
            Unit(where, unit, why, pieces(steps[:MOST], values[:MOST, unit]))
            for unit, why in sorted(shown.items())
        ]
    return Words(probed, units, len(steps))
