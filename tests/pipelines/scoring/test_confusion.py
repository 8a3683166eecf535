"""The confusion matrix: every entity stands in one cell of its row and one of its column."""

import random

import pytest

from pipelines.scoring.analysis import analyse
from pipelines.scoring.confusion import NOTHING, confusion


def of(gold, predicted, scheme="IOB2"):
    tokens = [["w"] * len(tags) for tags in gold]
    analysis = analyse(tokens, gold, predicted, scheme, samples=1)
    return analysis, confusion(analysis)


def test_each_kind_of_mistake_has_its_cell():
    gold = [["B-PER", "O", "B-LOC", "I-LOC", "O", "B-ORG", "B-ORG", "O"]]
    predicted = [["B-PER", "O", "B-LOC", "O", "O", "B-PER", "O", "B-LOC"]]
    analysis, matrix = of(gold, predicted)
    assert matrix.types == ["LOC", "ORG", "PER"]
    counts = {place: (count.correct, count.wrong) for place, count in matrix.counts.items()}
    assert counts == {
        ("PER", "PER"): (1, 0),
        ("LOC", "LOC"): (0, 1),
        ("ORG", "PER"): (0, 1),
        ("ORG", NOTHING): (0, 1),
        (NOTHING, "LOC"): (0, 1),
    }
    [tally] = matrix.counts["ORG", "PER"].tallies
    assert analysis.mistakes[tally].kind == "type"


def test_entities_without_a_type_are_not_taken_for_nothing():
    _, matrix = of([["B", "O", "B"]], [["B", "B", "O"]])
    assert matrix.types == [""]
    counts = {place: (count.correct, count.wrong) for place, count in matrix.counts.items()}
    assert counts == {("", ""): (1, 0), ("", NOTHING): (0, 1), (NOTHING, ""): (0, 1)}


@pytest.mark.parametrize("scheme", ["IOB2", None])
def test_rows_sum_to_gold_and_columns_to_what_was_predicted(scheme):
    draw = random.Random(3)
    tags = ["O", "B-A", "I-A", "B-B", "I-B", "B-C", "I-C"]
    gold, predicted = ([draw.choices(tags, k=9) for _ in range(40)] for _ in range(2))
    analysis, matrix = of(gold, predicted, scheme)
    assert set(matrix.types) == set(analysis.scores.by_type)
    counts = matrix.counts.values()
    for type, row in analysis.scores.by_type.items():
        assert sum(c.correct + c.wrong for c in counts if c.gold == type) == row.gold
        assert sum(c.correct + c.wrong for c in counts if c.predicted == type) == row.predicted
    numbers = [n for count in counts for n in count.tallies]
    assert sorted(numbers) == list(range(len(analysis.mistakes))), "each mistake is in one cell"
