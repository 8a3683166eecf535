"""Parallel files: tokens in one, tags in the other."""

import pytest

from pipelines.data.reader import read
from pipelines.errors import InputError

TOKENS = "Anna sings in Rome\nYes .\n"
TAGS = "B-PER O O B-LOC\nO O\n"
EXPECTED = ["Anna/B-PER sings/O in/O Rome/B-LOC", "Yes/O ./O"]
NAMES = [
    ("seq.in", "seq.out"),
    ("sentences.txt", "labels.txt"),
    ("train.words.txt", "train.tags.txt"),
    ("train.words", "train.tags"),
    ("dev_tokens", "dev_labels"),
    ("words-test.txt", "tags-test.txt"),
]


@pytest.mark.parametrize("names", NAMES)
def test_given_one_file_the_other_is_found(names, file, pairs, tmp_path):
    file(TOKENS, f"x/{names[0]}")
    file(TAGS, f"x/{names[1]}")
    file("intent\nintent\n", "x/label")
    for path in (tmp_path / "x" / names[0], tmp_path / "x" / names[1], tmp_path / "x"):
        reading = read(path)
        assert pairs(reading) == EXPECTED
        assert (reading.how.token_column, reading.how.tag_column) == names
        assert reading.sentences[1].where == f"{tmp_path / 'x' / names[0]}:2"


def test_the_file_that_is_missing_is_named(file):
    with pytest.raises(InputError, match="seq.in: a file of tags, seq.out, is missing beside it"):
        read(file(TOKENS, "seq.in"))
    with pytest.raises(InputError, match="a file of tokens, x.words, is missing beside it"):
        read(file(TAGS, "x.tags"))


def test_files_of_different_lengths_are_refused(file):
    file(TAGS + "O O O\n", "seq.out")
    with pytest.raises(InputError, match=r"seq.in:3: has 2 lines, and .*seq.out 3"):
        read(file(TOKENS + "\n\n", "seq.in"))


def test_sentences_of_different_lengths_name_both_places(file, faults, pairs):
    file(TAGS.replace("O O B-LOC", "O B-LOC"), "seq.out")
    reading = read(file(TOKENS, "seq.in"))
    assert pairs(reading) == EXPECTED[1:]
    [fault] = faults(reading)
    assert fault.startswith("error seq.in:1 4 tokens, but 3 tags at ")
    assert fault.endswith("seq.out:1; the sentence is left out")


def test_columns_with_such_names_are_columns(file, pairs):
    columns = "Anna B-PER\nsings O\n\nin O\nRome B-LOC\n"
    file(columns, "x.tags")
    assert read(file(columns, "x.words")).how.format == "CoNLL columns"


def test_it_can_be_converted(file, is_kept_by_conversion):
    file(TAGS, "seq.out")
    assert is_kept_by_conversion(file(TOKENS, "seq.in"))
