"""CoNLL-2012: entities in brackets, rows of different widths."""

import pytest

from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.errors import InputError


def row(n, word, pos, entity, *arguments):
    cells = ["nw/x/00", "0", str(n), word, pos, "*", "-", "-", "-", "-", entity, *arguments, "-"]
    return "   ".join(cells)


FIRST = [
    row(0, "Anna", "NNP", "(PERSON*", "*", "(ARG0*"),
    row(1, "Berg", "NNP", "*)", "*", "*)"),
    row(2, "likes", "VBZ", "*", "(V*)", "(V*)"),
    row(3, "Rome", "NNP", "(GPE)", "*", "(ARG1*)"),
]
SECOND = [row(0, "Yes", "UH", "*"), row(1, "/.", ".", "*")]
THIRD = [row(0, "#", "NN", "(CARDINAL)", "*")]
BEGIN, END = "#begin document (nw/x/00); part 000", "#end document"


def content(*documents):
    blocks = ["\n\n".join("\n".join(rows) for rows in document) for document in documents]
    return "".join(f"{BEGIN}\n{block}\n\n{END}\n" for block in blocks)


CONTENT = content([FIRST, SECOND], [THIRD])


@pytest.mark.parametrize("name", ["x.gold_conll", "x.v4_gold_conll", "x.conll", "x.txt"])
def test_entities_in_brackets_are_read(name, file, pairs):
    reading = read(file(CONTENT, name))
    assert reading.how.format == "CoNLL-2012"
    assert pairs(reading) == [
        "Anna/B-PERSON Berg/I-PERSON likes/O Rome/B-GPE",
        "Yes/O /./O",
        "#/B-CARDINAL",
    ]
    assert [sentence.document for sentence in reading.sentences] == [0, 0, 1]
    assert reading.sentences[1].lines == [7, 8]
    assert reading.faults == []


def test_parts_of_speech_are_read_if_asked_for(file, pairs):
    assert pairs(read(file(CONTENT), Options(tag_column="pos")))[1] == "Yes/UH /./."


def test_columns_without_tags_are_refused(file):
    with pytest.raises(InputError, match="the column 'parse' has no tags"):
        read(file(CONTENT), Options(tag_column="parse"))
    with pytest.raises(InputError, match="one layer"):
        read(file(CONTENT), Options(layer=2))


def test_a_file_without_annotated_entities_is_refused(file):
    with pytest.raises(InputError, match="its column 'ner' is empty"):
        read(file(content([[row(0, "a", "X", "-"), row(1, "b", "X", "-")]])))


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        (FIRST[2], "nw/x/00 0 2 likes", 4, "4 columns instead of 12 or more"),
        (FIRST[2], row(2, "likes", "VBZ", "*"), 4, "12 columns in a sentence of 14"),
        (FIRST[1], row(1, "Berg", "NNP", "*", "*", "*)"), 2, "brackets of its entities do not"),
        (FIRST[1], row(1, "Berg", "NNP", "(X)", "*", "*)"), 2, "brackets of its entities do not"),
        (FIRST[3], row(3, "Rome", "NNP", "*)", "*", "*"), 2, "brackets of its entities do not"),
        (FIRST[0], row(0, "[WORD]", "NNP", "(PERSON*", "*", "*"), 2, "the words are not in the"),
    ],
)
def test_a_damaged_sentence_is_left_out(old, new, where, message, file, faults, pairs):
    reading = read(file(CONTENT.replace(old, new)))
    assert pairs(reading) == ["Yes/O /./O", "#/B-CARDINAL"]
    [fault] = faults(reading)
    assert fault.startswith(f"error some.txt:{where} ") and message in fault


def test_a_file_that_was_cut_off_is_said(file, faults):
    whole = read(file(CONTENT[: CONTENT.rindex(END)]))
    assert faults(whole) == ["error some.txt:12 no '#end document': the file is cut off"]
    assert len(whole.sentences) == 3
    broken = read(file(CONTENT[: CONTENT.rindex("\n\n")]))
    assert faults(broken) == [f"{faults(whole)[0]}; the sentence is left out"]
    assert len(broken.sentences) == 2


def test_it_can_be_converted(file, is_kept_by_conversion):
    assert is_kept_by_conversion(file(CONTENT))
