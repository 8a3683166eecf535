"""Scores of predicted tags against gold tags: precision, recall and F1 as conlleval gives them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from .schemes import Span, spans, violations

_Entity = tuple[int, Span]  # the number of its sentence, its place in it


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
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], scheme: str | None
) -> Scores:
    """Scores predicted tags against gold tags.

    Args:
        gold: The right tags of each sentence.
        predicted: The tags to score, sentence by sentence.
        scheme: The scheme of both, or None to score tag by tag.

    Raises:
        ValueError: If the numbers of sentences or of tags in a sentence differ, or there is no
            such scheme.
    """
    if len(gold) != len(predicted):
        raise ValueError(f"{len(gold)} sentences of gold tags but {len(predicted)} of predicted")
    for number, (one, other) in enumerate(zip(gold, predicted, strict=True), 1):
        if len(one) != len(other):
            raise ValueError(f"sentence {number}: {len(one)} gold tags but {len(other)} predicted")
    tags = [pair for both in zip(gold, predicted, strict=True) for pair in zip(*both, strict=True)]
    right = sum(one == other for one, other in tags)
    gold_entities, predicted_entities = _entities(gold, scheme), _entities(predicted, scheme)
    return Scores(
        scheme=scheme,
        accuracy=_ratio(right, len(tags)),
        total=_total(gold_entities, predicted_entities),
        strict=_total(
            _entities(gold, scheme, strict=True), _entities(predicted, scheme, strict=True)
        ),
        by_type=_rows(gold_entities, predicted_entities),
        sentences=len(gold),
        tokens=len(tags),
        invalid_gold=_invalid(gold, scheme),
        invalid_predicted=_invalid(predicted, scheme),
    )


def as_dict(scores: Scores) -> dict[str, Any]:
    """The scores as plain values, for JSON."""
    return {
        **scores._asdict(),
        "total": scores.total._asdict(),
        "strict": scores.strict._asdict(),
        "by_type": {type: row._asdict() for type, row in scores.by_type.items()},
    }


def _entities(
    sequences: Sequence[Sequence[str]], scheme: str | None, strict: bool = False
) -> set[_Entity]:
    """Every entity with the number of its sentence; every token without a scheme."""
    if scheme is None:
        return {
            (n, Span(tag, i, i + 1))
            for n, tags in enumerate(sequences)
            for i, tag in enumerate(tags)
        }
    return {(n, span) for n, tags in enumerate(sequences) for span in spans(tags, scheme, strict)}


def _rows(gold: set[_Entity], predicted: set[_Entity]) -> dict[str, Row]:
    """The row of each type, in alphabetical order."""
    counts = [
        Counter(span.type for _, span in found) for found in (gold, predicted, gold & predicted)
    ]
    return {type: _row(*(count[type] for count in counts)) for type in sorted(set().union(*counts))}


def _total(gold: set[_Entity], predicted: set[_Entity]) -> Row:
    """The row of all types together (the micro average)."""
    return _row(len(gold), len(predicted), len(gold & predicted))


def _row(gold: int, predicted: int, correct: int) -> Row:
    precision, recall = _ratio(correct, predicted), _ratio(correct, gold)
    return Row(gold, predicted, correct, precision, recall, _ratio(2 * correct, gold + predicted))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _invalid(sequences: Sequence[Sequence[str]], scheme: str | None) -> int:
    return sum(len(violations(tags, scheme)) for tags in sequences) if scheme else 0
