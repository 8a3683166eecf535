"""Entities as elements in running text."""

import pytest

from pipelines.data.options import Options
from pipelines.data.reader import read

PLAIN = "<PER>Anna Berg</PER> saw <LOC>Rome</LOC>. It &amp; she won.\nNo <ORG>UN</ORG>!\n"
MUC = (
    '<s><ENAMEX TYPE="PERSON">Anna Berg</ENAMEX> saw <ENAMEX TYPE="LOC">Rome</ENAMEX>. '
    "It &amp; she won.</s>\n<s>No <enamex type='ORG'>UN</enamex>!</s>\n"
)
EXPECTED = ["Anna/B-PER Berg/I-PER saw/O Rome/B-LOC ./O", "It/O &/O she/O won/O ./O",
            "No/O UN/B-ORG !/O"]  # fmt: skip


@pytest.mark.parametrize("content", [PLAIN, MUC.replace("PERSON", "PER")])
@pytest.mark.parametrize("name", ["some.txt", "some.sgml", "some.conll"])
def test_elements_are_entities(content, name, file, pairs):
    reading = read(file(content, name))
    assert reading.how.format == "text with inline tags"
    assert pairs(reading) == EXPECTED
    assert [sentence.lines[0] for sentence in reading.sentences] == [1, 1, 2]
    assert {sentence.document for sentence in reading.sentences} == {0}
    assert reading.faults == []


def test_elements_around_lines_are_counted_and_no_entities(file):
    assert read(file(MUC)).how.skipped == "2 <s>"


def test_inner_entities_are_another_layer(file, pairs):
    path = file("The <ORG><LOC>Rome</LOC> Bank</ORG> is here.\nAnd <LOC>Rome</LOC> is there.\n")
    assert pairs(read(path))[0] == "The/O Rome/B-ORG Bank/I-ORG is/O here/O ./O"
    inner = read(path, Options(layer=2))
    assert pairs(inner)[0] == "The/O Rome/B-LOC Bank/O is/O here/O ./O"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("The <PER>Anna", "<PER> is not closed on its line"),
        ("Anna</PER> sings", "</PER> closes what is not open on this line"),
        ("<PER>Anna</LOC> sings", "</LOC> closes what is not open on this line"),
        ("<ENAMEX>Anna</ENAMEX> sings", "<ENAMEX> has no TYPE"),
        ("Anna <PER/> sings", "<PER/> is empty and labels nothing"),
    ],
)
def test_a_damaged_line_is_left_out(line, message, file, faults, pairs):
    reading = read(file(PLAIN + line + "\n"))
    assert pairs(reading) == EXPECTED
    assert faults(reading) == [f"error some.txt:3 {message}; the line is left out"]


@pytest.mark.parametrize("text", ["<URL> O\nAnna B-PER\n", "<b>x</b> O\nAnna B-PER\n"])
def test_columns_with_such_words_are_columns(text, file):
    assert read(file(text)).how.format == "CoNLL columns"


def test_it_can_be_converted(file, is_kept_by_conversion):
    assert is_kept_by_conversion(file(PLAIN))
