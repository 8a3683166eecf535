"""Lines of words with tags: a sentence to a line."""

import pytest

from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.errors import InputError

WORDS = [["Anna", "saw", "1/2", "a_b", "."], ["Yes", "!"], ["The", "dog", "saw", "Rome"]]
TAGS = [["B-PER", "O", "O", "O", "O"], ["O", "O"], ["O", "O", "O", "B-LOC"]]


def content(joiner, tags=TAGS):
    lines = (
        " ".join(word + joiner + tag for word, tag in zip(*both, strict=True))
        for both in zip(WORDS, tags, strict=True)
    )
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("joiner", ["/", "_", "|", "\\"])
def test_the_tag_stands_after_the_last_joiner(joiner, file, pairs):
    reading = read(file(content(joiner)))
    assert reading.how.format == "lines of words with tags"
    assert reading.how.separator == joiner
    assert [sentence.tokens for sentence in reading.sentences] == WORDS
    assert [sentence.tags for sentence in reading.sentences] == TAGS
    assert reading.sentences[1].lines == [2, 2]
    assert reading.faults == []


def test_parts_of_speech_are_tags_as_well(file):
    tags = [["NNP", "VBD", "CD", "NN", "."], ["UH", "."], ["DT", "NN", "VBD", "NNP"]]
    assert [s.tags for s in read(file(content("/", tags))).sentences] == tags


def test_of_three_parts_the_last_is_the_tag_unless_another_is_named(file, pairs):
    path = file("Anna|NNP|B-PER sings|VBZ|O .|.|O\nYes|UH|O !|.|O\n")
    assert pairs(read(path))[1] == "Yes/O !/O"
    assert pairs(read(path, Options(tag_column=1)))[1] == "Yes/UH !/."


@pytest.mark.parametrize(
    "text",
    [
        "Anna B-PER\nsings O\n",
        "1/2 O\n3/4 O\n5/6 B-X\n",
        "http://a/b O\nhttp://c/d O\nx/y B-X\n",
        "a_b X_Y O\nc_d X_Z O\ne_f X_Y B-PER\n",
    ],
)
def test_columns_are_not_taken_for_it(text, file):
    assert read(file(text)).how.format == "CoNLL columns"


@pytest.mark.parametrize(
    "text", ["It rained on 1/2 of days.\nNobody went.\n", "a/1 b/2 c/3\nd/4\n"]
)
def test_text_is_not_taken_for_it(text, file):
    with pytest.raises(InputError, match="no columns found"):
        read(file(text))


@pytest.mark.parametrize("odd", ["dog", "dog/", "/NN"])
def test_a_word_without_a_tag_leaves_out_its_sentence(odd, file, faults):
    text = content("/") * 8 + content("/").replace("dog/O", odd)
    reading = read(file(text))
    assert len(reading.sentences) == 26
    assert faults(reading) == [
        f"error some.txt:27 {odd!r} is no word, '/' and its tag; the sentence is left out"
    ]


def test_it_can_be_converted(file, is_kept_by_conversion):
    assert is_kept_by_conversion(file(content("/")))
