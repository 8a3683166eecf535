"""Scores: as conlleval has them, by its rules and by seqeval's default mode."""

import json
import random
import re

import pytest
from seqeval.metrics import accuracy_score
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support as default_mode
from seqeval.metrics.v1 import precision_recall_fscore_support as strict_mode
from seqeval.scheme import IOB2, IOBES

from oracles.conlleval import conlleval
from pipelines.scoring.metrics import Row, as_dict, scores
from pipelines.text.chunking import convert, encode, spans


def random_pairs(letters, number=300):
    """Gold and predicted tags of small data sets, much of it invalid, some of it the same."""
    choose = random.Random(0)
    tags = ["O", "O", *(f"{letter}-{type}" for letter in letters for type in ("A", "b-c", "D"))]
    for _ in range(number):
        gold = [choose.choices(tags, k=choose.randint(1, 9)) for _ in range(3)]
        yield (
            gold,
            [[t if choose.random() < 0.7 else choose.choice(tags) for t in row] for row in gold],
        )


@pytest.mark.parametrize("scheme", ["IOB1", "IOB2"])
def test_scores_are_those_of_seqeval_valid_or_not(scheme):
    for gold, predicted in random_pairs("BI"):
        ours = scores(gold, predicted, scheme)
        *micro, _ = default_mode(gold, predicted, average="micro", zero_division=0)
        assert (ours.precision, ours.recall, ours.f1) == pytest.approx(tuple(micro))
        each = default_mode(gold, predicted, average=None, zero_division=0)
        rows = [(r.precision, r.recall, r.f1, r.gold) for r in ours.by_type.values()]
        assert rows == [pytest.approx(row) for row in zip(*each, strict=True)]
        assert ours.accuracy == pytest.approx(accuracy_score(gold, predicted))


@pytest.mark.parametrize("scheme", ["IOB1", "IOB2"])
def test_scores_are_printed_as_conlleval_prints_them(scheme):
    for gold, predicted in random_pairs("BI"):
        ours, theirs = scores(gold, predicted, scheme), conlleval(gold, predicted)
        rows = {**ours.by_type, "all": ours.total}
        assert (ours.tokens, f"{100 * ours.accuracy:.2f}") == (
            theirs.pop("tokens"), theirs.pop("accuracy"))  # fmt: skip
        assert {type: (*r[:3], *(f"{100 * x:.2f}" for x in r[3:])) for type, r in rows.items()} == (
            theirs
        )


@pytest.mark.parametrize("letters", ["BIES", "BILU"])
def test_entities_in_other_schemes_score_as_conlleval_scores_them_in_bio(letters):
    for gold, predicted in random_pairs(letters, 100):
        ours = scores(gold, predicted, "IOBES")
        bio = ([convert(tags, "IOBES", "IOB2") for tags in s] for s in (gold, predicted))
        theirs = conlleval(*bio)["all"]
        assert theirs == (*ours.total[:3], *(f"{100 * x:.2f}" for x in ours.total[3:]))


def test_predicted_tags_may_be_in_another_scheme_than_gold():
    for gold, predicted in random_pairs("BI", 50):
        expected = scores(gold, predicted, "IOB2")
        iobes = [convert(tags, "IOB2", "IOBES") for tags in predicted]
        result = scores(gold, iobes, "IOB2", "IOBES")
        assert (result.by_type, result.invalid_predicted) == (expected.by_type, 0)
    gold, predicted = [["B-A", "I-A", "O", "O"]], [["B-A", "E-A", "S-A", "O"]]
    assert scores(gold, predicted, "IOB2", "IOBES").accuracy == 3 / 4


@pytest.mark.parametrize(("scheme", "letters"), [(IOB2, "BI"), (IOBES, "BIES")])
def test_strict_scores_are_those_of_strict_seqeval(scheme, letters):
    for gold, predicted in random_pairs(letters):
        ours = scores(gold, predicted, scheme.__name__).strict
        theirs = strict_mode(gold, predicted, average="micro", scheme=scheme, zero_division=0)
        assert (ours.precision, ours.recall, ours.f1) == pytest.approx(theirs[:3])


def test_every_number_is_right_on_sentences_scored_by_hand():
    gold = [["B-PER", "I-PER", "O", "B-LOC"], ["B-ORG", "O", "O"]]
    predicted = [["B-PER", "I-LOC", "I-PER", "B-LOC"], ["B-ORG", "O", "I-LOC"]]
    result = scores(gold, predicted, "IOB2")
    assert result.total == Row(3, 6, 2, precision=2 / 6, recall=2 / 3, f1=4 / 9)
    assert result.strict == Row(3, 3, 2, precision=2 / 3, recall=2 / 3, f1=2 / 3)
    assert result.by_type == {
        "LOC": Row(1, 3, 1, precision=1 / 3, recall=1, f1=2 / 4),
        "ORG": Row(1, 1, 1, precision=1, recall=1, f1=1),
        "PER": Row(1, 2, 0, precision=0, recall=0, f1=0),
    }
    assert {type: row[:3] for type, row in result.strict_by_type.items()} == {
        "LOC": (1, 1, 1), "ORG": (1, 1, 1), "PER": (1, 1, 0)}  # fmt: skip
    assert (result.sentences, result.tokens, result.accuracy) == (2, 7, 4 / 7)
    assert (result.invalid_gold, result.invalid_predicted) == (0, 3)


def test_an_entity_with_the_wrong_type_or_end_is_wrong():
    gold = [["B-PER", "I-PER"]]
    for predicted in (["B-LOC", "I-LOC"], ["B-PER", "O"], ["O", "B-PER"], ["B-PER", "B-PER"]):
        assert scores(gold, [predicted], "IOB2").total.correct == 0


def test_entities_of_other_sentences_do_not_count():
    gold, predicted = [["B-PER"], ["O"]], [["O"], ["B-PER"]]
    assert scores(gold, predicted, "IOB2").total.correct == 0


def test_touching_singletons_are_not_one_entity_in_iobes():
    # conlleval, which does not know S, gives 100 here
    assert scores([["S-PER", "S-PER"]], [["B-PER", "E-PER"]], "IOBES").f1 == 0


def test_valid_tags_score_the_same_in_every_scheme():
    for gold, predicted in random_pairs("BI", 50):
        both = [
            [encode(spans(tags, "IOB2"), len(tags), "IOB2") for tags in s]
            for s in (gold, predicted)
        ]
        expected = scores(*both, "IOB2")
        for scheme in ("IOB1", "IOBES", "BILOU", "BMES"):
            converted = [[convert(tags, "IOB2", scheme) for tags in s] for s in both]
            result = scores(*converted, scheme)
            assert result.by_type == expected.by_type
            assert result.strict == result.total


def test_a_missing_end_counts_in_iobes_unless_strict():
    result = scores([["B-PER", "E-PER", "O"]], [["B-PER", "I-PER", "O"]], "IOBES")
    assert (result.f1, result.strict.f1, result.invalid_predicted) == (1, 0, 1)


def test_tags_that_spell_no_entities_are_scored_one_by_one():
    result = scores([["DET", "NOUN"], ["NOUN"]], [["DET", "VERB"], ["NOUN"]], None)
    assert result.accuracy == result.f1 == result.precision == result.recall == 2 / 3
    assert result.by_type == {
        "DET": Row(1, 1, 1, precision=1, recall=1, f1=1),
        "NOUN": Row(2, 1, 1, precision=1, recall=1 / 2, f1=2 / 3),
        "VERB": Row(0, 1, 0, precision=0, recall=0, f1=0),
    }
    assert (result.invalid_gold, result.invalid_predicted) == (0, 0)


def test_nothing_to_find_scores_zero():
    for gold, predicted in ([], []), ([["O"]], [["O"]]):
        result = scores(gold, predicted, "IOB2")
        assert result.total == Row(0, 0, 0, 0.0, 0.0, 0.0)


def test_tags_that_do_not_match_up_are_refused():
    with pytest.raises(ValueError, match="2 sentences of gold tags but 1 of predicted"):
        scores([["O"], ["O"]], [["O"]], "IOB2")
    with pytest.raises(ValueError, match=re.escape("sentence 2: 3 gold tags but 1 predicted")):
        scores([["O"], ["O"] * 3], [["O"], ["O"]], "IOB2")


def test_scores_are_plain_values_for_json():
    result = scores([["B-PER", "O"]], [["B-PER", "O"]], "IOB2")
    values = json.loads(json.dumps(as_dict(result)))
    assert values["by_type"]["PER"] == values["total"] == result.total._asdict()
    assert values["strict_by_type"] == values["by_type"]
    assert values["accuracy"] == 1 and values["scheme"] == "IOB2"
