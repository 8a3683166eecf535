"""Scores of many runs from counts per item, over items drawn anew.

Items are the sentences of a tagger, whose score is micro F1; or the origins of a forecast, whose
score is its skill, and whose neighbours are drawn together, as their errors are alike.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ..scoring.metrics import correct_tags, entities

SAMPLES = 1000  # of the bootstrap
_AT_ONCE = 100  # samples


class Measure(NamedTuple):
    """How a score follows from sums over items.

    Attributes:
        item: What an item is called.
        columns: Of an item's counts, the two numbers that are summed.
        score: Of sums of the first and of the second.
        least: The lowest score; None if there is none.
    """

    item: str
    columns: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    score: Callable[[np.ndarray, np.ndarray], np.ndarray]
    least: float | None = 0.0


class Resampled(NamedTuple):
    """Scores of settings by runs; NaN where a setting lacks the run.

    Attributes:
        scores: F1 on the sentences as they are, (settings, runs).
        samples: F1 on sentences drawn with replacement, the same ones for all runs in each sample,
            (samples, settings, runs). None where there are no counts per sentence.
        sentences: How many items there are; None where there are no counts.
        gold: How many entities, or tags, they have; None likewise, and of forecasts.
        least: The lowest score that there may be; None if there is none.
    """

    scores: np.ndarray
    samples: np.ndarray | None = None
    sentences: int | None = None
    gold: int | None = None
    least: float | None = 0.0


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


def _ratio(correct: np.ndarray, all_: np.ndarray) -> np.ndarray:
    """F1 of each run; 0 of 0 is 0, as in `scores`."""
    return np.divide(correct, all_, out=np.zeros_like(correct), where=all_ > 0)


def _skill(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """1 less the ratio of two root mean squared errors; NaN where the other makes none."""
    return 1 - np.sqrt(np.divide(own, other, out=np.full_like(own, np.nan), where=other > 0))


# Twice the correct ones; the gold and predicted ones.
F1 = Measure("sentence", lambda counts: (2 * counts[:, 2], counts[:, 0] + counts[:, 1]), _ratio)
# Squared errors of the forecast, and of the best one without training.
SKILL = Measure("origin", lambda counts: (counts[:, 0], counts[:, 1]), _skill, None)
MEASURES = {"f1": F1, "accuracy": F1, "skill": SKILL}  # by the measure of scores.json


def resample(
    counts: Sequence[Sequence[np.ndarray | None]],
    samples: int = SAMPLES,
    seed: int = 1,
    measure: Measure = F1,
    block: int = 1,
) -> Resampled:
    """Scores runs on their sentences, and on sentences drawn with replacement.

    Every sample weighs the sentences alike for all runs, so that two runs can be compared within a
    sample: a hard sentence that is drawn twice is hard for both.

    Args:
        counts: For each setting and run what `count` returns, of the same sentences in the same
            order; None for runs that are not there.
        samples: How many times sentences are drawn.
        seed: Of the drawing.
        measure: How scores follow from counts.
        block: How many neighbours are drawn together, the first one after the last.

    Raises:
        ValueError: Two runs have other numbers of sentences.
    """
    known = [(s, r, c) for s, row in enumerate(counts) for r, c in enumerate(row) if c is not None]
    shape = len(counts), max(map(len, counts), default=0)
    if not known:
        return Resampled(np.full(shape, np.nan), least=measure.least)
    sizes = {len(c) for _, _, c in known}
    if len(sizes) > 1:
        raise ValueError(f"runs were scored on {sorted(sizes)} {measure.item}s")
    sentences = sizes.pop()
    # A row for each sentence: the first number of every run, then the second one of every run.
    first, second = zip(*(measure.columns(c) for _, _, c in known), strict=True)
    columns = np.stack([*first, *second], axis=-1).astype(float)

    def score(sums: np.ndarray) -> np.ndarray:
        return measure.score(*np.split(sums, 2, axis=-1))

    random = np.random.default_rng(seed)
    scores, drawn = np.full(shape, np.nan), np.full((samples, *shape), np.nan)
    where = tuple(np.array([(s, r) for s, r, _ in known]).T)
    scores[where] = score(columns.sum(0))
    for begin in range(0, samples, _AT_ONCE):
        size = min(_AT_ONCE, samples - begin)
        starts = random.integers(sentences, size=(size, -(-sentences // block)))
        places = (starts[..., None] + np.arange(block)) % sentences
        places = places.reshape(size, -1)[:, :sentences]
        places += sentences * np.arange(size)[:, None]
        weights = np.bincount(places.ravel(), minlength=places.size).reshape(places.shape)
        drawn[begin : begin + size, where[0], where[1]] = score(weights @ columns)
    # In some draws of a series with holes nothing was observed, of which there is no skill.
    drawn = drawn[np.isfinite(drawn[:, where[0], where[1]]).all(axis=1)]
    gold = int(known[0][2][:, 0].sum()) if measure is F1 else None
    return Resampled(scores, drawn, sentences, gold, measure.least)
