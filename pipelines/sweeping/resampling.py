"""Micro F1 of many runs from counts per sentence, over sentences drawn anew."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..scoring.metrics import correct_tags, entities

SAMPLES = 1000  # of the bootstrap
_AT_ONCE = 100  # samples


class Resampled(NamedTuple):
    """Scores of settings by runs; NaN where a setting lacks the run.

    Attributes:
        scores: F1 on the sentences as they are, (settings, runs).
        samples: F1 on sentences drawn with replacement, the same ones for all runs in each sample,
            (samples, settings, runs). None where there are no counts per sentence.
        sentences: How many there are; None where there are no counts.
        gold: How many entities, or tags, they have; None likewise.
    """

    scores: np.ndarray
    samples: np.ndarray | None = None
    sentences: int | None = None
    gold: int | None = None


def count(
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], scheme: str | None
) -> np.ndarray:
    """The numbers of gold, predicted and correct entities of each sentence, (sentences, 3).

    Without a scheme they are numbers of tags, and F1 is the accuracy.
    """
    if scheme is None:
        lengths = [len(tags) for tags in gold]
        right = correct_tags(gold, predicted, None, None)
        return np.stack([lengths, lengths, right], axis=-1)
    pair = entities(gold, scheme), entities(predicted, scheme)
    counts = np.zeros((len(gold), 3), int)
    for column, some in enumerate((*pair, pair[0] & pair[1])):
        for sentence, _ in some:
            counts[sentence, column] += 1
    return counts


def resample(
    counts: Sequence[Sequence[np.ndarray | None]], samples: int = SAMPLES, seed: int = 1
) -> Resampled:
    """Scores runs on their sentences, and on sentences drawn with replacement.

    Every sample weighs the sentences alike for all runs, so that two runs can be compared within a
    sample: a hard sentence that is drawn twice is hard for both.

    Args:
        counts: For each setting and run what `count` returns, of the same sentences in the same
            order; None for runs that are not there.
        samples: How many times sentences are drawn.
        seed: Of the drawing.

    Raises:
        ValueError: Two runs have other numbers of sentences.
    """
    known = [(s, r, c) for s, row in enumerate(counts) for r, c in enumerate(row) if c is not None]
    shape = len(counts), max(map(len, counts), default=0)
    if not known:
        return Resampled(np.full(shape, np.nan))
    sizes = {len(c) for _, _, c in known}
    if len(sizes) > 1:
        raise ValueError(f"runs were scored on {sorted(sizes)} sentences")
    sentences = sizes.pop()
    # A row for each sentence: twice the correct ones of every run, then gold and predicted ones.
    columns = np.stack(
        [2 * c[:, 2] for _, _, c in known] + [c[:, 0] + c[:, 1] for _, _, c in known], axis=-1
    ).astype(float)
    random = np.random.default_rng(seed)
    scores, drawn = np.full(shape, np.nan), np.full((samples, *shape), np.nan)
    where = tuple(np.array([(s, r) for s, r, _ in known]).T)
    scores[where] = _ratio(columns.sum(0))
    for begin in range(0, samples, _AT_ONCE):
        size = min(_AT_ONCE, samples - begin)
        places = random.integers(sentences, size=(size, sentences))
        places += sentences * np.arange(size)[:, None]
        weights = np.bincount(places.ravel(), minlength=places.size).reshape(places.shape)
        drawn[begin : begin + size, where[0], where[1]] = _ratio(weights @ columns)
    return Resampled(scores, drawn, sentences, int(known[0][2][:, 0].sum()))


def _ratio(sums: np.ndarray) -> np.ndarray:
    """F1 of each run; 0 of 0 is 0, as in `scores`."""
    correct, all_ = np.split(sums, 2, axis=-1)
    return np.divide(correct, all_, out=np.zeros_like(correct), where=all_ > 0)
