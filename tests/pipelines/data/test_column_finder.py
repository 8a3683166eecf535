"""Columns are found by what they hold: a wrong one makes a wrong model with exit status 0."""

import random

import pytest

from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.errors import InputError

WORDS = """the of and to in a is that for it was on with as his they at be this from I have or by
one had not but what all were when we there can an your which their said if do will each about
""".split()  # noqa: SIM905


@pytest.fixture
def table(tmp_path):
    """Writes 60 sentences of 5 words, with the cells that a function gives of each word."""

    def write(cells, separator="\t", breaks=True):
        source = random.Random(1)
        lines, number = [], 0
        for sentence in range(60):
            for place in range(5):
                number += 1
                word = source.choice(WORDS) if place != 2 else f"Name{source.randrange(30)}"
                tag = "B-PER" if place == 2 else "O"
                lines.append(separator.join(cells(sentence, place, number, word, tag)))
            if breaks:
                lines.append("")
        path = tmp_path / "some.conll"
        path.write_text("\n".join(lines))
        return path

    return write


def columns(path, options=None):
    how = read(path, options or Options()).how
    return how.token_column[7], how.tag_column[7]


@pytest.mark.parametrize("separator", ["\t", " ", ";"])
@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (lambda s, p, n, word, tag: (word, tag), "01"),
        (lambda s, p, n, word, tag: (tag, word), "10"),
        (lambda s, p, n, word, tag: (str(s), word, tag), "12"),
        (lambda s, p, n, word, tag: (f"{s}-{p}", word, tag), "12"),
        (lambda s, p, n, word, tag: (f"doc{s // 9}", word, tag), "12"),
        (lambda s, p, n, word, tag: (f"doc1.s{s}.t{p}", word, tag), "12"),
        (lambda s, p, n, word, tag: (str(p + 1), word, tag), "12"),
        (lambda s, p, n, word, tag: (str(7 * n), str(7 * n + 5), word, tag), "23"),
        (lambda s, p, n, word, tag: (f"{7 * n}:{7 * n + 5}", word, tag), "12"),
        (lambda s, p, n, word, tag: (word, f"{7 * n}:{7 * n + 5}", tag), "02"),
        (lambda s, p, n, word, tag: ("NN" if p else "DT", word, tag), "12"),
        (lambda s, p, n, word, tag: (tag, "NN" if p else "DT", word), "20"),
        (lambda s, p, n, word, tag: (word, word.lower(), "NN" if p else "DT", tag), "03"),
        (lambda s, p, n, word, tag: (word, tag, "_"), "01"),
        (lambda s, p, n, word, tag: (word.lower(), word, tag), "12"),
        (lambda s, p, n, word, tag: (word.lower()[:4], word, tag), "12"),
        (lambda s, p, n, word, tag: (word, tag, "O"), "01"),
        (lambda s, p, n, word, tag: (word, f"{n / 997:.4f}", tag), "02"),
        (lambda s, p, n, word, tag: (f"{n * 7919 % 65536:08x}", word, tag), "12"),
        (lambda s, p, n, word, tag: ("en", word, "en", tag), "13"),
        (lambda s, p, n, word, tag: (word, tag, str(n)), "01"),
    ],
)
def test_words_are_found_wherever_they_stand(cells, expected, separator, table):
    assert "".join(columns(table(cells, separator))) == expected


def test_words_can_be_numbers_where_that_is_said(table):
    path = table(lambda s, p, n, word, tag: (str(n), word, tag))
    assert columns(path, Options(0)) == ("0", "2")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (lambda s, p, n, word, tag: (f"{s}-{p}", tag), "numbers or ids in column 0 ('0-0')"),
        (lambda s, p, n, word, tag: (str(s), tag), "numbers or ids in column 0 ('0')"),
        (lambda s, p, n, word, tag: (f"d{s}", tag), "one value per sentence in column 0 ('d0')"),
    ],
)
def test_a_file_without_words_is_refused(cells, reason, table):
    with pytest.raises(InputError, match="no column can be that of the words") as caught:
        read(table(cells))
    assert reason in str(caught.value) and "\n" not in str(caught.value)


def test_few_different_values_are_no_words(table):
    source = random.Random(2)
    path = table(lambda s, p, n, word, tag: (f"POS{source.randrange(6)}", tag))
    with pytest.raises(InputError, match="column 0, which .* has 6 different values") as caught:
        read(path)
    assert "say token_column = 0" in str(caught.value)
    assert columns(path, Options(token_column=0)) == ("0", "1")


def test_a_sentence_again_and_again_has_words(tmp_path):
    path = tmp_path / "some.conll"
    path.write_text("Rome\tB-LOC\nwins\tO\n\n" * 500)
    assert columns(path) == ("0", "1")


def test_a_small_language_has_words(table):
    """UD-ATIS has 869 different words among 48,655: fewer than a twentieth."""
    path = table(lambda s, p, n, word, tag: (WORDS[n % 16], tag))
    assert columns(path) == ("0", "1")


@pytest.mark.parametrize("separator", [";", ",", "|"])
def test_rows_of_empty_cells_divide_sentences(separator, tmp_path):
    rows = [["1", "Rome", "B-LOC"], ["1", "wins", "O"], [""] * 3, ["2", "yes", "O"]]
    path = tmp_path / "some.csv"
    path.write_text("\r\n".join(map(separator.join, rows)))
    assert [s.tokens for s in read(path).sentences] == [["Rome", "wins"], ["yes"]]
    path.write_text(f"{separator * 2}\n" * 9)
    with pytest.raises(InputError, match="holds no sentence"):
        read(path)


def test_a_table_in_markdown_is_read_without_its_rule(tmp_path):
    path = tmp_path / "some.md"
    path.write_text("| Word | Tag |\n| :--- | --- |\n| Rome | B-LOC |\n| wins | O |\n")
    reading = read(path)
    assert [(s.tokens, s.tags) for s in reading.sentences] == [(["Rome", "wins"], ["B-LOC", "O"])]
    assert not reading.faults
    path.write_text("| sentence | word | tag |\n|---|---|---|\n| 1 | Rome | B-LOC |\n")
    assert [s.tokens for s in read(path).sentences] == [["Rome"]]


def test_two_columns_with_the_same_types_have_to_be_chosen_from(table):
    def cells(s, p, n, word, tag):
        return word, tag, tag if s % 10 == 0 else "O"

    path = table(cells)
    with pytest.raises(InputError) as caught:
        read(path)
    assert "column 1 (60 begin) and column 2 (6 begin) hold entities of the same" in str(
        caught.value
    )
    assert columns(path, Options(tag_column=1)) == ("0", "1")


def test_another_kind_of_spans_is_said(table):
    path = table(lambda s, p, n, word, tag: (word, "B-NP" if p else "B-VP", tag))
    how = read(path).how
    assert how.tag_column == "column 2 of 3 (column 1 NP, VP spans, too)"


@pytest.mark.parametrize("header", ["token\tlabel", "Word\tNER", "words\ttags"])
def test_a_line_of_names_is_no_token(header, tmp_path):
    path = tmp_path / "some.tsv"
    path.write_text(f"{header}\nRome\tB-LOC\nwins\tO\n")
    reading = read(path)
    assert [(s.tokens, s.tags) for s in reading.sentences] == [(["Rome", "wins"], ["B-LOC", "O"])]
    token, tag = header.lower().split("\t")
    assert (reading.how.token_column, reading.how.tag_column) == (token, tag)
    assert read(path, Options(tag_column=tag)).sentences == reading.sentences


def test_the_boundaries_of_conlleval_are_no_words(tmp_path):
    path = tmp_path / "some.conll"
    path.write_text("-DOCSTART- -X- O\n\nRome NNP B-LOC\n-X- -X- O\nAnna NNP B-PER\n")
    reading = read(path)
    assert [s.tokens for s in reading.sentences] == [["Rome"], ["Anna"]]
    assert reading.how.skipped == "2 document boundaries"


@pytest.mark.parametrize(
    "cells",
    [
        lambda s, p, n, word, tag: (str(s), word, tag),
        lambda s, p, n, word, tag: (word, str(s + 1), tag),
        lambda s, p, n, word, tag: (str(p + 1), word, tag),
        lambda s, p, n, word, tag: (str(p), word, tag),
    ],
)
def test_numbers_divide_sentences_where_no_empty_line_does(cells, table):
    divided = read(table(cells, breaks=True))
    reading = read(table(cells, breaks=False))
    assert [len(s.tokens) for s in reading.sentences] == [5] * 60
    assert [s[:2] for s in reading.sentences] == [s[:2] for s in divided.sentences]
    assert "sentences are divided by column" in reading.how.skipped
    assert "divided" not in divided.how.skipped


def test_other_numbers_divide_nothing(table):
    path = table(lambda s, p, n, word, tag: (str(7 * n), word, tag), breaks=False)
    assert [len(s.tokens) for s in read(path).sentences] == [300]


def test_a_sentence_of_one_token_is_divided_from_the_next(tmp_path):
    path = tmp_path / "some.conll"
    path.write_text("1\tYes\tO\n1\tRome\tB-LOC\n2\twins\tO\n1\tNo\tO\n1\tOslo\tB-LOC\n2\tdoes\tO\n")
    tokens = [sentence.tokens for sentence in read(path).sentences]
    assert tokens == [["Yes"], ["Rome", "wins"], ["No"], ["Oslo", "does"]]
