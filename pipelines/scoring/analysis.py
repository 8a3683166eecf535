"""Error analysis: which mistakes, on which words, and confidence intervals of the scores."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..text.chunking import Span, detect, spans
from . import metrics
from .metrics import Entity, Row, Scores, entities

SAMPLES = 1000  # of the bootstrap
LEVEL = 0.95  # of the confidence intervals
_TOGETHER = 100  # samples drawn at a time


class Mistake(NamedTuple):
    """A missed entity, a spurious one, or both where they overlap.

    The kind is "type", "boundary", "type and boundary", "missed" or "spurious"; "tag" where the
    tags have no scheme.
    """

    kind: str
    gold: Span | None
    predicted: Span | None


class Tally(NamedTuple):
    """The count of one kind of mistake between two types; "" stands for no entity."""

    kind: str
    gold: str
    predicted: str
    times: int


class Interval(NamedTuple):
    """A confidence interval at `LEVEL`: percentiles of the bootstrap samples."""

    low: float
    high: float


class Intervals(NamedTuple):
    """Confidence intervals of the scores, by a bootstrap over sentences.

    Each sample draws as many sentences as there are, with replacement, and is scored.

    Attributes:
        samples: Number of samples.
        seed: Seed of the bootstrap.
        accuracy: Of the tags.
        precision: Of all entities.
        recall: Of all entities.
        f1: Of all entities.
        strict_f1: Of all entities, without those that have an invalid tag transition.
        by_type: The F1 of each type.
    """

    samples: int
    seed: int
    accuracy: Interval
    precision: Interval
    recall: Interval
    f1: Interval
    strict_f1: Interval
    by_type: dict[str, Interval]


class Analysis(NamedTuple):
    """Scores, error analysis and confidence intervals.

    Attributes:
        scores: The scores.
        surface_forms: Each entity counted once, however often its words occur with its type: the
            measure of WNUT-17. None without a scheme.
        seen: Entities whose words are an entity, of whichever type, in the training sentences;
            without a scheme, words that occur there. None without training sentences.
        unseen: All others.
        mistakes: The confusions, the most frequent first.
        intervals: Their confidence intervals.
    """

    scores: Scores
    surface_forms: Row | None
    seen: Row | None
    unseen: Row | None
    mistakes: list[Tally]
    intervals: Intervals


class Learned(NamedTuple):
    """What the training sentences say: their words and tags."""

    tokens: Sequence[Sequence[str]]
    tags: Sequence[Sequence[str]]


def analyse(
    tokens: Sequence[Sequence[str]],
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    scheme: str | None,
    predicted_scheme: str | None = None,
    learned: Learned | None = None,
    samples: int = SAMPLES,
    seed: int = 1,
) -> Analysis:
    """Scores predicted tags against gold tags, with an error analysis.

    Args:
        tokens: The words of each sentence.
        gold: As for `scores`.
        predicted: As for `scores`.
        scheme: As for `scores`.
        predicted_scheme: As for `scores`.
        learned: The training sentences, to score seen and unseen entities separately.
        samples: Number of bootstrap samples for the confidence intervals.
        seed: Seed of the bootstrap.

    Raises:
        ValueError: As for `scores`.
    """
    result = metrics.scores(gold, predicted, scheme, predicted_scheme)
    other_scheme = predicted_scheme or scheme
    pair = entities(gold, scheme), entities(predicted, other_scheme)
    surface, seen, unseen = None, None, None
    if scheme is not None:
        surface = metrics.row(
            *({(span.type, _words(tokens, n, span)) for n, span in e} for e in pair)
        )
    if learned is not None:
        known = _known(learned, scheme)
        parts = [[e for e in some if _words(tokens, *e) in known] for some in pair]
        seen = metrics.row(*parts)
        unseen = metrics.row(*(some - set(part) for some, part in zip(pair, parts, strict=True)))
    strict = entities(gold, scheme, True), entities(predicted, other_scheme, True)
    right = metrics.correct_tags(gold, predicted, scheme, other_scheme)
    lengths = [len(tags) for tags in gold]
    intervals = _intervals(pair, strict, right, lengths, list(result.by_type), samples, seed)
    tallies = Counter(
        (m.kind, m.gold.type if m.gold else "", m.predicted.type if m.predicted else "")
        for some in mistakes(gold, predicted, scheme, other_scheme)
        for m in some
    )
    ordered = sorted(tallies.items(), key=lambda item: (-item[1], item[0]))
    return Analysis(
        result, surface, seen, unseen, [Tally(*key, count) for key, count in ordered], intervals
    )


def as_dict(analysis: Analysis) -> dict[str, Any]:
    """The analysis as plain values, for JSON; those of the scores stand at the top."""
    rows = {name: getattr(analysis, name) for name in ("surface_forms", "seen", "unseen")}
    intervals = analysis.intervals._asdict()
    return {
        **metrics.as_dict(analysis.scores),
        **{name: row and row._asdict() for name, row in rows.items()},
        "mistakes": [tally._asdict() for tally in analysis.mistakes],
        "intervals": {"level": LEVEL, **intervals},
    }


def mistakes(
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    scheme: str | None,
    predicted_scheme: str | None = None,
) -> list[list[Mistake]]:
    """The mistakes in each sentence, from left to right."""
    if scheme is None:
        return [
            [
                Mistake("tag", Span(one, i, i + 1), Span(other, i, i + 1))
                for i, (one, other) in enumerate(zip(*both, strict=True))
                if one != other
            ]
            for both in zip(gold, predicted, strict=True)
        ]
    return [
        compare(spans(one, scheme), spans(other, predicted_scheme or scheme))
        for one, other in zip(gold, predicted, strict=True)
    ]


def compare(gold: Iterable[Span], predicted: Iterable[Span]) -> list[Mistake]:
    """The mistakes of a sentence, from left to right.

    What is not correct is paired, each entity at most once: first with that of the same words,
    then with that with which it shares the most words; of the same type, if there is a choice.
    """
    missing = sorted(set(gold) - set(predicted), key=_start)
    wrong = sorted(set(predicted) - set(gold), key=_start)
    pairs = [(_closeness(g, p), g, p) for g in missing for p in wrong if _shared(g, p)]
    result = []
    for _, one, other in sorted(pairs, key=lambda pair: pair[0], reverse=True):
        if one in missing and other in wrong:
            missing.remove(one)
            wrong.remove(other)
            kinds = ["type"] * (one.type != other.type) + ["boundary"] * (one[1:] != other[1:])
            result.append(Mistake(" and ".join(kinds), one, other))
    result += [Mistake("missed", span, None) for span in missing]
    result += [Mistake("spurious", None, span) for span in wrong]
    return sorted(result, key=lambda m: _start(m.gold or m.predicted))


def _start(span: Span | None) -> tuple[int, int]:
    return (span.start, span.end) if span else (0, 0)


def _shared(one: Span, other: Span) -> int:
    return max(0, min(one.end, other.end) - max(one.start, other.start))


def _closeness(one: Span, other: Span) -> tuple[bool, int, bool]:
    return one[1:] == other[1:], _shared(one, other), one.type == other.type


def _words(tokens: Sequence[Sequence[str]], n: int, span: Span) -> tuple[str, ...]:
    return tuple(tokens[n][span.start : span.end])


def _known(learned: Learned, scheme: str | None) -> set[tuple[str, ...]]:
    """The words of every entity, or every word, of the training sentences."""
    own = scheme and detect(learned.tags)
    return {_words(learned.tokens, n, span) for n, span in entities(learned.tags, own)}


def _intervals(
    pair: tuple[Collection[Entity], Collection[Entity]],
    strict: tuple[Collection[Entity], Collection[Entity]],
    right: list[int],
    lengths: list[int],
    types: list[str],
    samples: int,
    seed: int,
) -> Intervals:
    """Draws sentences and scores them, all from counts for each sentence."""
    count = len(lengths)
    # For each sentence the numbers of gold, predicted and correct entities, of all types, of all
    # types strictly and of each type; then the numbers of correct tags and of tags.
    columns = {type: 3 * n for n, type in enumerate(types, 2)}
    counts = np.zeros((count, 3 * (len(types) + 2) + 2))
    for first, (one, other) in ((0, pair), (3, strict)):
        for place, some in enumerate((one, other, set(one) & set(other))):
            for n, span in some:
                counts[n, first + place] += 1
                if first == 0:
                    counts[n, columns[span.type] + place] += 1
    counts[:, -2], counts[:, -1] = right, lengths
    random = np.random.default_rng(seed)
    sums = [np.zeros((0, counts.shape[1]))]
    for begin in range(0, samples if count else 0, _TOGETHER):
        size = min(_TOGETHER, samples - begin)
        sums.append(random.multinomial(count, np.full(count, 1 / count), size) @ counts)
    drawn = np.concatenate(sums).T

    def f1(column: int) -> Interval:
        return _interval(2 * drawn[column + 2], drawn[column] + drawn[column + 1])

    return Intervals(
        samples,
        seed,
        accuracy=_interval(drawn[-2], drawn[-1]),
        precision=_interval(drawn[2], drawn[1]),
        recall=_interval(drawn[2], drawn[0]),
        f1=f1(0),
        strict_f1=f1(3),
        by_type={type: f1(column) for type, column in columns.items()},
    )


def _interval(part: np.ndarray, whole: np.ndarray) -> Interval:
    """The middle of the ratios; 0 of 0 is 0, as in `scores`."""
    if not len(part):
        return Interval(0.0, 0.0)
    ratios = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    low, high = np.quantile(ratios, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))
