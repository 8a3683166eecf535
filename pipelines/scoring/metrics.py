"""Scores of predicted tags against gold tags: precision, recall and F1 as conlleval gives them."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from ..text.chunking import Span, encode, spans, violations

Entity = tuple[int, Span]  # the number of its sentence, its place in it


class Row(NamedTuple):
    """The counts and the scores of a kind of entity; what is undefined, 0 of 0, is 0."""

    gold: int
    predicted: int
    correct: int
    precision: float
    recall: float
    f1: float


class Scores(NamedTuple):
    """Scores of a set of sentences, as fractions between 0 and 1.

    Attributes:
        scheme: The scheme of the tags; None for tags that spell no entities, such as parts of
            speech, which are counted one by one in place of entities.
        accuracy: Share of tokens with the right tag, `O` included.
        total: All entities. One is correct if its first token, its last and its type are. Spans
            spelled with invalid tags count as conlleval reads them.
        strict: As `total`, but spans that their tags do not spell exactly are not there.
        by_type: The row of each type in gold or predicted tags; of each tag without a scheme.
        strict_by_type: As `by_type`, of the spans that `strict` counts.
        sentences: How many were scored.
        tokens: How many were scored.
        invalid_gold: Illegal transitions in the gold tags.
        invalid_predicted: Illegal transitions in the predicted tags.
    """

    scheme: str | None
    accuracy: float
    total: Row
    strict: Row
    by_type: dict[str, Row]
    strict_by_type: dict[str, Row]
    sentences: int
    tokens: int
    invalid_gold: int
    invalid_predicted: int

    @property
    def precision(self) -> float:
        """Of all entities."""
        return self.total.precision

    @property
    def recall(self) -> float:
        """Of all entities."""
        return self.total.recall

    @property
    def f1(self) -> float:
        """Of all entities; the accuracy where there is no scheme."""
        return self.total.f1


def scores(
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    scheme: str | None,
    predicted_scheme: str | None = None,
) -> Scores:
    """Scores predicted tags against gold tags.

    Args:
        gold: The right tags of each sentence.
        predicted: The tags to score, sentence by sentence.
        scheme: The scheme of both, or None to score tag per token.
        predicted_scheme: The scheme of the predicted tags if it is another one; the accuracy is
            then that of the same entities in IOB2.

    Raises:
        ValueError: If the numbers of sentences or of tags in a sentence differ, or there is no
            such scheme.
    """
    if len(gold) != len(predicted):
        raise ValueError(f"{len(gold)} sentences of gold tags but {len(predicted)} of predicted")
    for number, (one, other) in enumerate(zip(gold, predicted, strict=True), 1):
        if len(one) != len(other):
            raise ValueError(f"sentence {number}: {len(one)} gold tags but {len(other)} predicted")
    other_scheme = predicted_scheme or scheme
    pair = entities(gold, scheme), entities(predicted, other_scheme)
    strict = entities(gold, scheme, True), entities(predicted, other_scheme, True)
    right = correct_tags(gold, predicted, scheme, other_scheme)
    tokens = sum(map(len, gold))
    return Scores(
        scheme=scheme,
        accuracy=_ratio(sum(right), tokens),
        total=row(*pair),
        strict=row(*strict),
        by_type=rows(*pair),
        strict_by_type=rows(*strict),
        sentences=len(gold),
        tokens=tokens,
        invalid_gold=_invalid(gold, scheme),
        invalid_predicted=_invalid(predicted, other_scheme),
    )


def as_dict(scores: Scores) -> dict[str, Any]:
    """The scores as plain values, for JSON."""
    return {
        **scores._asdict(),
        "total": scores.total._asdict(),
        "strict": scores.strict._asdict(),
        "by_type": {type: row._asdict() for type, row in scores.by_type.items()},
        "strict_by_type": {type: row._asdict() for type, row in scores.strict_by_type.items()},
    }


def entities(
    sequences: Sequence[Sequence[str]], scheme: str | None, strict: bool = False
) -> set[Entity]:
    """Every entity with the number of its sentence; every token without a scheme."""
    if scheme is None:
        return {
            (n, Span(tag, i, i + 1))
            for n, tags in enumerate(sequences)
            for i, tag in enumerate(tags)
        }
    return {(n, span) for n, tags in enumerate(sequences) for span in spans(tags, scheme, strict)}


def correct_tags(
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    scheme: str | None,
    predicted_scheme: str | None,
) -> list[int]:
    """How many tags of each sentence are right."""
    if scheme != predicted_scheme and scheme and predicted_scheme:
        gold = [encode(spans(tags, scheme), len(tags), "IOB2") for tags in gold]
        predicted = [encode(spans(tags, predicted_scheme), len(tags), "IOB2") for tags in predicted]
    return [
        sum(one == other for one, other in zip(*both, strict=True))
        for both in zip(gold, predicted, strict=True)
    ]


def rows(gold: Collection[Entity], predicted: Collection[Entity]) -> dict[str, Row]:
    """The row of each type, in alphabetical order."""
    counts = [
        Counter(span.type for _, span in some)
        for some in (gold, predicted, set(gold) & set(predicted))
    ]
    return {
        type: row_of(*(count[type] for count in counts)) for type in sorted(set().union(*counts))
    }


def row(gold: Collection[Any], predicted: Collection[Any]) -> Row:
    """The row of everything in both collections together (the micro average)."""
    return row_of(len(gold), len(predicted), len(set(gold) & set(predicted)))


def row_of(gold: int, predicted: int, correct: int) -> Row:
    """The row of three counts."""
    precision, recall = _ratio(correct, predicted), _ratio(correct, gold)
    return Row(gold, predicted, correct, precision, recall, _ratio(2 * correct, gold + predicted))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _invalid(sequences: Sequence[Sequence[str]], scheme: str | None) -> int:
    return sum(len(violations(tags, scheme)) for tags in sequences) if scheme else 0
