"""Scoring files: the same words or an error that says where they are not."""

import json

import pytest

from pipelines.data.options import Options
from pipelines.errors import InputError
from pipelines.scoring.files import score_files

GOLD = "Rome\tB-LOC\nwins\tO\n\nAnna\tB-PER\nBerg\tI-PER\nsings\tO\n\n"
PREDICTED = GOLD.replace("B-PER", "O")


@pytest.fixture
def file(tmp_path):
    """Writes a text file and gives its path."""

    def write(name, text):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_two_files_are_scored_and_so_is_one_with_both_columns(file):
    both = "".join(
        f"{line}\t{other.rpartition(chr(9))[2]}\n" if line else "\n"
        for line, other in zip(GOLD.splitlines(), PREDICTED.splitlines(), strict=True)
    )
    two = score_files(file("gold", GOLD), file("predicted", PREDICTED))
    total = two.analysis.scores.total
    assert total[:3] == (2, 2, 1)
    assert two.analysis.scores.invalid_predicted == 1
    wider = "\n".join(line.replace("\t", "\tx\t", 1) for line in both.split("\n"))
    for text in (both, both.replace("\t", " "), wider):
        assert score_files(file("both", text)).analysis == two.analysis


def test_columns_of_one_file_can_be_chosen(file):
    text = "Rome\tB-LOC\tO\tx\nAnna\tB-PER\tB-PER\tx\n"
    path = file("both", text)
    for column in (2, -2):
        assert score_files(path, options=Options(tag_column=column)).analysis.scores.total[:3] == (
            2,
            1,
            1,
        )


def test_every_format_can_be_scored_against_every_other(file):
    expected = score_files(file("gold", GOLD), file("predicted", PREDICTED)).analysis
    lines = ['{"tokens": ["Rome", "wins"], "tags": ["B-LOC", "O"]}',
             '{"tokens": ["Anna", "Berg", "sings"], "tags": ["O", "I-PER", "O"]}']  # fmt: skip
    assert score_files(file("gold", GOLD), file("p.jsonl", "\n".join(lines))).analysis == expected


def test_predicted_tags_are_taken_for_the_scheme_they_are_in(file):
    gold = file("gold", GOLD)
    iobes = GOLD.replace("B-LOC", "S-LOC").replace("I-PER", "E-PER")
    found = score_files(gold, file("iobes", iobes))
    assert found.predicted_scheme == "IOBES" and found.analysis.scores.invalid_predicted == 0
    assert found.analysis.scores.strict.f1 == found.analysis.scores.f1 == 1
    # a tagger's slips are no scheme of their own
    rows = [("a B-A", "a B-A"), ("b B-A", "b B-A"), ("", ""), ("c B-A", "c I-A"), ("", ""),
            ("d B-A", "d I-A"), ("e O", "e O")]  # fmt: skip
    right, found = ("\n".join(column) for column in zip(*rows, strict=True))
    slips = score_files(file("right", right), file("slips", found))
    assert slips.predicted_scheme == "IOB2" and slips.analysis.scores.invalid_predicted == 2
    named = score_files(
        gold, file("again", GOLD), options=Options(scheme="bio"), predicted_scheme="IOB1"
    )
    assert named.analysis.scores.invalid_predicted == 2


def test_gold_without_entities_has_the_scheme_of_the_predicted_tags(file):
    found = score_files(file("gold", "a\tO\nb\tO\n"), file("p", "a\tB-A\nb\tE-A\n"))
    assert found.analysis.scores.scheme == "IOBES"
    assert found.analysis.scores.total[:3] == (0, 1, 0)


def test_entities_that_were_learned_are_scored_apart(file):
    train = file("train", "x\tO\nRome\tB-LOC\n")
    found = score_files(file("gold", GOLD), file("predicted", PREDICTED), train).analysis
    assert (found.seen[:3], found.unseen[:3]) == ((1, 1, 1), (1, 1, 0))


def test_tags_that_no_scheme_has_are_named(file):
    predicted = file("predicted", GOLD * 20 + GOLD.replace("O", "<pad>"))
    [note] = score_files(file("gold", GOLD * 21), predicted).notes
    assert note.where == f"{predicted}:142"
    assert note.message == "'<pad>' is not an entity tag and counts as O; there are 2 such tags"


def test_tags_of_another_scheme_are_named(file):
    gold = file("gold", GOLD * 20 + "Oslo\tS-LOC\n\nRiga\tS-LOC\n")
    predicted = file("predicted", GOLD * 20 + "Oslo\tB-LOC\n\nRiga\tS-LOC\n")
    found = score_files(gold, predicted)
    of_gold, of_predicted = found.notes
    says = "'S-LOC' is no tag of IOB2, and strict scores leave it out; there"
    lines = 20 * len(GOLD.splitlines())
    assert (of_gold.where, of_gold.message) == (f"{gold}:{lines + 1}", f"{says} are 2 such tags")
    assert of_predicted.where == f"{predicted}:{lines + 3}"
    assert of_predicted.message == f"{says} is 1 such tag"
    assert found.analysis.scores.total[:3] == (42, 42, 42)


@pytest.mark.parametrize(
    ("predicted", "where", "message"),
    [
        (GOLD.replace("Berg", "Burg"), "p:5", "'Burg' stands where g:5 has 'Berg': both files"),
        (GOLD.replace("Anna\tB-PER\n", ""), "p:4", "'Berg' stands where g:4 has 'Anna'"),
        (GOLD.replace("sings\tO\n", ""), "p:4", "2 words where g:4 has 3: a sentence was cut"),
        (GOLD.replace("\n\n", "\n", 1), "p:1", "5 words where g:1 has 2"),
        (GOLD.partition("\n\n")[0], "g:4", "this sentence is not in p, which has 1 sentences and"),
        (GOLD + "more\tO\n", "p:8", "this sentence is not in g, which has 2 sentences and not 3"),
        (GOLD + "more\n", "p:8", "1 columns instead of 2"),
        (
            "Rome\tX\nwins\tY\n\nAnna\tX\nBerg\tX\nsings\tX\n",
            "g",
            "the gold tags are entities, the",
        ),
    ],
)
def test_files_that_do_not_fit_are_refused_with_the_line(predicted, where, message, file):
    gold, found = file("g", GOLD), file("p", predicted)
    with pytest.raises(InputError) as caught:
        score_files(gold, found)
    assert str(caught.value).replace(f"{gold.parent}/", "").startswith(f"{where}: {message}")


def test_a_file_with_one_column_of_tags_needs_another(file):
    path = file("gold", GOLD)
    with pytest.raises(InputError, match="has one column of tags; give a file of predictions, too"):
        score_files(path)
    with pytest.raises(InputError, match="no column before column 0"):
        score_files(path, options=Options(tag_column=0))
    with pytest.raises(InputError, match="unknown scheme 'IOBX'"):
        score_files(path, path, options=Options(scheme="IOBX"))


def test_scores_are_shown_and_had_as_json(file, cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    files = file("gold", GOLD), file("predicted", PREDICTED)
    outcome = cli("data", "score", *files, "--train", files[0])
    assert outcome.status == 0 and outcome.err == ""
    lines = [line.split() for line in outcome.out.splitlines()]
    assert ["LOC", "1", "1", "1", "100.00", "100.00", "100.00"] in [line[:7] for line in lines]
    assert "micro average" in outcome.out and "micro, strict" in outcome.out
    assert "invalid tag transitions: 0 in gold, 1 predicted" in outcome.out
    assert ["1", "PER", "with", "wrong", "boundaries"] in lines
    values = json.loads(cli("data", "score", *files, "--json", "--samples", 50).out)
    assert values["total"]["f1"] == 0.5 and values["intervals"]["samples"] == 50
    assert values["seen"] is None


def test_a_page_is_written_on_request_and_never_over_another_file(file, cli, tmp_path):
    files, page = (file("gold", GOLD), file("predicted", PREDICTED)), tmp_path / "page.html"
    assert cli("data", "score", *files, "--html", page).status == 0
    assert "boundary" in page.read_text()
    page.write_text("mine")
    outcome = cli("data", "score", *files, "--html", page)
    assert (outcome.status, outcome.out) == (2, "") and "page.html: exists" in outcome.err
    assert page.read_text() == "mine"


def test_tags_are_scored_one_by_one_where_that_is_asked_for(file):
    scored = score_files(file("g", GOLD), file("p", PREDICTED), options=Options(scheme="none"))
    assert scored.analysis.scores.scheme is None and scored.analysis.scores.accuracy == 4 / 5
    assert set(scored.analysis.scores.by_type) == {"O", "B-LOC", "B-PER", "I-PER"}
