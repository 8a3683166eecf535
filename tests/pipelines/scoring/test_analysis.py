"""What is behind a score: every mistake once, the words seen, intervals that hold."""

import json
import random

import numpy as np
import pytest

from pipelines.scoring.analysis import Learned, Tally, analyse, as_dict, compare, mistakes
from pipelines.scoring.metrics import row, scores
from pipelines.text.chunking import Span, encode


def span(text):
    """PER0-1 -> PER over the tokens 0 and 1."""
    type, _, places = text.partition(":")
    first, _, last = places.partition("-")
    return Span(type, int(first), int(last or first) + 1)


def spans(text):
    return [span(word) for word in text.split()]


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ("A:0-1", "A:0-1", []),
        ("A:0-1", "", ["missed A:0-1 -"]),
        ("", "A:0", ["spurious - A:0"]),
        ("A:0", "B:0", ["type A:0 B:0"]),
        ("A:0-1", "A:0-2", ["boundary A:0-1 A:0-2"]),
        ("A:0-1", "B:1-2", ["type_and_boundary A:0-1 B:1-2"]),
        ("A:0 B:2", "A:1", ["missed A:0 -", "spurious - A:1", "missed B:2 -"]),
        # each entity in one pair at most: that of the same words, of most words, of the same type
        ("A:0-3", "A:0 A:2-3", ["spurious - A:0", "boundary A:0-3 A:2-3"]),
        ("A:0-3", "A:0 B:2-3", ["spurious - A:0", "type_and_boundary A:0-3 B:2-3"]),
        ("A:0-3", "B:0 A:2", ["spurious - B:0", "boundary A:0-3 A:2"]),
        ("A:0-1 B:2-3", "C:0-3", ["type_and_boundary A:0-1 C:0-3", "missed B:2-3 -"]),
        ("A:0-1 B:2-3", "B:1-3", ["missed A:0-1 -", "boundary B:2-3 B:1-3"]),
    ],
)  # fmt: skip
def test_every_entity_that_is_not_correct_is_in_one_mistake(gold, predicted, expected):
    found = compare(spans(gold), spans(predicted))
    want = [
        (kind.replace("_", " "), *(None if place == "-" else span(place) for place in places))
        for kind, *places in map(str.split, expected)
    ]
    assert found == want


def random_sentences(number, seed=0):
    choose = random.Random(seed)
    tags = ["O", "O", "B-A", "I-A", "B-B", "I-B"]
    gold = [choose.choices(tags, k=choose.randint(1, 9)) for _ in range(number)]
    predicted = [[t if choose.random() < 0.7 else choose.choice(tags) for t in s] for s in gold]
    return [[f"w{choose.randint(1, 9)}" for _ in s] for s in gold], gold, predicted


def test_mistakes_and_correct_entities_are_all_there_are():
    _, gold, predicted = random_sentences(300)
    result = scores(gold, predicted, "IOB2")
    found = [m for some in mistakes(gold, predicted, "IOB2") for m in some]
    assert result.total.gold - result.total.correct == sum(m.gold is not None for m in found)
    assert result.total.predicted - result.total.correct == sum(
        m.predicted is not None for m in found
    )


def test_mistakes_are_counted_by_kind_and_types_the_most_frequent_first():
    gold = [["B-A", "O"], ["B-A", "O"], ["B-B", "O"]]
    predicted = [["O", "O"], ["O", "O"], ["B-A", "B-A"]]
    result = analyse([["x", "y"]] * 3, gold, predicted, "IOB2")
    assert result.mistakes == [
        Tally("missed", "A", "", 2), Tally("spurious", "", "A", 1), Tally("type", "B", "A", 1)
    ]  # fmt: skip


def test_tags_that_spell_no_entities_are_confused_one_by_one():
    result = analyse([["a", "b"]], [["X", "Y"]], [["X", "Z"]], None)
    assert result.mistakes == [Tally("tag", "Y", "Z", 1)]
    assert result.surface_forms is None


LEARNED = Learned([["in", "New", "York"], ["Rome"]], [["O", "B-LOC", "I-LOC"], ["B-PER"]])


def test_entities_are_seen_if_their_words_are_an_entity_of_any_type_in_training():
    tokens = [["Rome", "and", "New", "York", "or", "York", "in"]]
    gold = [["B-LOC", "O", "B-LOC", "I-LOC", "O", "B-LOC", "O"]]
    predicted = [["B-LOC", "O", "B-LOC", "I-LOC", "O", "O", "B-LOC"]]
    result = analyse(tokens, gold, predicted, "IOB2", learned=LEARNED)
    assert result.seen[:3] == (2, 2, 2)
    assert result.unseen[:3] == (1, 1, 0)  # York is a part of one only, and "in" is none


def test_the_schemes_of_training_and_gold_need_not_be_the_same():
    learned = Learned(LEARNED.tokens, [["O", "B-LOC", "E-LOC"], ["S-PER"]])
    tokens, tags = [["New", "York"]], [["B-LOC", "I-LOC"]]
    assert analyse(tokens, tags, tags, "IOB2", learned=learned).seen.gold == 1


def test_words_are_seen_if_they_occur_in_training_where_tags_spell_no_entities():
    learned = Learned([["the", "cat"]], [["DET", "NOUN"]])
    result = analyse([["the", "dog", "the"]], [["DET", "NOUN", "X"]], [["DET", "X", "X"]], None,
                     learned=learned)  # fmt: skip
    assert result.seen[:3] == (2, 2, 2)
    assert result.unseen[:3] == (1, 1, 0)


def test_seen_and_unseen_entities_are_all_entities():
    tokens, gold, predicted = random_sentences(200)
    other = random_sentences(40, seed=1)
    result = analyse(tokens, gold, predicted, "IOB2", learned=Learned(other[0], other[1]))
    parts = zip(result.seen[:3], result.unseen[:3], strict=True)
    assert tuple(a + b for a, b in parts) == result.scores.total[:3]
    assert result.seen.correct and result.unseen.correct


def test_surface_forms_count_once():
    tokens = [["Rome", "x"], ["Rome", "y"], ["Rome"]]
    gold = [["B-LOC", "O"], ["B-LOC", "O"], ["B-PER"]]
    predicted = [["B-LOC", "O"], ["O", "B-LOC"], ["O"]]
    result = analyse(tokens, gold, predicted, "IOB2")
    assert result.surface_forms == row({"LOC Rome", "PER Rome"}, {"LOC Rome", "LOC y"})


def test_intervals_are_those_of_scores_of_drawn_sentences():
    """Drawn and scored anew, sentence by sentence, with other random numbers."""
    tokens, gold, predicted = random_sentences(60)
    found = analyse(tokens, gold, predicted, "IOB2", samples=4000).intervals
    draw, drawn = np.random.default_rng(3), []
    for _ in range(600):
        places = draw.integers(60, size=60)
        result = scores([gold[n] for n in places], [predicted[n] for n in places], "IOB2")
        drawn.append((result.accuracy, result.precision, result.recall, result.f1,
                      result.strict.f1, result.by_type["A"].f1))  # fmt: skip
    expected = np.quantile(drawn, [0.025, 0.975], axis=0).T
    ours = [found.accuracy, found.precision, found.recall, found.f1, found.strict_f1,
            found.by_type["A"]]  # fmt: skip
    np.testing.assert_allclose(ours, expected, atol=0.025)
    assert all(low < high for low, high in ours)


def test_intervals_come_from_the_seed_and_become_points_where_all_sentences_are_alike():
    sentences = random_sentences(30)
    one, again, other = (
        analyse(*sentences, "IOB2", samples=150, seed=seed).intervals for seed in (1, 1, 2)
    )
    assert one == again and one.f1 != other.f1
    same = [["B-A", "O", "B-A"]] * 5, [["B-A", "O", "O"]] * 5
    result = analyse([["x"] * 3] * 5, *same, "IOB2")
    assert result.intervals.f1 == pytest.approx((result.scores.f1,) * 2)


def test_nothing_at_all_has_scores_of_zero():
    result = analyse([], [], [], "IOB2")
    assert result.intervals.f1 == (0, 0) and result.mistakes == []
    assert analyse([["x"]], [["O"]], [["O"]], "IOB2").intervals.f1 == (0, 0)


def test_an_analysis_is_plain_values_for_json():
    tags = [encode(spans("A:0 B:2-3"), 5, "IOB2")]
    result = analyse(
        [list("abcde")], tags, [["O"] * 5], "IOB2", learned=Learned([["a"]], [["B-A"]])
    )
    values = json.loads(json.dumps(as_dict(result)))
    assert values["total"]["gold"] == 2 and values["seen"]["gold"] == values["unseen"]["gold"] == 1
    assert values["mistakes"][0] == {"kind": "missed", "gold": "A", "predicted": "", "times": 1}
    assert values["intervals"]["level"] == 0.95 and values["intervals"]["f1"] == [0, 0]
