"""Rows that mark where sentences begin and end: no tokens, and none that has a tag is lost."""

import pytest

from pipelines.data.reader import read

EXPECTED = ["Anna/B-PER saw/O Rome/B-LOC", "Bob/B-PER ran/O"]
ROWS = [["Anna B-PER", "saw O", "Rome B-LOC"], ["Bob B-PER", "ran O"]]


def written(begin, end, blank):
    lines = []
    for rows in ROWS:
        lines += [*begin, *rows, *end, *([""] if blank else [])]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("blank", [True, False], ids=["blank lines", "no blank lines"])
@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ([], ["<EOS> O"]),
        (["<s> O"], ["</s> O"]),
        (["[CLS] [CLS]"], ["[SEP] [SEP]", "[PAD] [PAD]", "[PAD] X"]),
        (["<bos> O"], ["<eos> O", "<pad> O"]),
        (['<s id="1">'], ["</s>"]),
        (['<text title="A b">', "<p>", "<s>"], ["</s>", "</p>", "</text>"]),
        ([], ["EOS"]),
    ],
)
def test_rows_that_mark_sentences_are_breaks(begin, end, blank, file, pairs, is_kept_by_conversion):
    path = file(written(begin, end, blank))
    reading = read(path)
    assert pairs(reading) == EXPECTED
    assert reading.faults == []
    count = 2 * len(begin + end)
    assert f"{count} rows that mark sentences" in reading.how.skipped
    assert is_kept_by_conversion(path)


def test_rows_with_other_columns_and_numbers_mark_sentences_too(file, pairs):
    content = "1\t[CLS]\tX\tO\n2\tAnna\tNNP\tB-PER\n3\tran\tVBD\tO\n4\t[SEP]\tSYM\tO\n"
    assert pairs(read(file(content))) == ["Anna/B-PER ran/O"]


@pytest.mark.parametrize("row", ["<s> B-MISC", "[CLS] I-PER", "EOS O", "EOS B-ORG", "<3 O", "> O"])
def test_a_token_that_is_tagged_or_a_word_is_kept(row, file, pairs):
    content = f"Anna B-PER\nsaw O\n{row}\n. O\n\nBob B-PER\nran O\n"
    expected = row.replace(" ", "/")
    assert pairs(read(file(content))) == [f"Anna/B-PER saw/O {expected} ./O", "Bob/B-PER ran/O"]


def test_rows_of_a_table_mark_sentences_too(file, pairs):
    rows = ["n,word,pos,tag", '1,"[CLS]",X,O', '1,"Anna",NNP,B-PER', '1,"[SEP]",X,O', '2,"a",DT,O']
    assert pairs(read(file("\n".join(rows) + "\n", "a.csv"))) == ["Anna/B-PER", "a/O"]
