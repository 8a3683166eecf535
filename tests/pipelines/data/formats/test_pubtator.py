"""PubTator: titles, abstracts and annotations in columns."""

import pytest

from pipelines.data.reader import read
from pipelines.errors import InputError

CONTENT = """\
1|t|Aspirin and headache.
1|a|Aspirin helps. No fever was seen.
1\t0\t7\tAspirin\tChemical\tD001241
1\t12\t20\theadache\tDisease\tD006261
1\t22\t29\tAspirin\tChemical\tD001241
1\t40\t45\tfever\tDisease\tD005334
1\tCID\tD001241\tD006261

2|t|A title only.
"""
EXPECTED = [
    "Aspirin/B-Chemical and/O headache/B-Disease ./O",
    "Aspirin/B-Chemical helps/O ./O",
    "No/O fever/B-Disease was/O seen/O ./O",
    "A/O title/O only/O ./O",
]


@pytest.mark.parametrize("name", ["some.txt", "some.pubtator", "some.tsv"])
def test_titles_and_abstracts_are_one_text(name, file, pairs):
    reading = read(file(CONTENT, name))
    assert reading.how.format == "PubTator"
    assert pairs(reading) == EXPECTED
    assert [sentence.document for sentence in reading.sentences] == [0, 0, 0, 1]
    assert reading.faults == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1\t40\t45", "1\t40\t450", ":6 Disease 'fever' at 40 450 is outside of the text"),
        ("1\t40\t45", "1\t39\t44", ":1 the label 'Disease', 39 to 44, covers ' feve'"),
        ("1\t40\t45\tfever\tDisease\tD005334", "1\t40\t45", ":6 3 columns that are not id, start"),
        ("1\t40\t45", "3\t40\t45", ":6 a line of document '3', which does not stand here"),
        ("1|a|", "7|a|", ":2 7|a| does not belong to the title before it"),
    ],
)
def test_a_damaged_document_is_left_out(old, new, message, file, faults, pairs):
    reading = read(file(CONTENT.replace(old, new)))
    assert pairs(reading) == EXPECTED[3:]
    [fault] = faults(reading)
    assert fault.startswith(f"error some.txt{message}")


def test_it_can_be_converted(file, is_kept_by_conversion):
    assert is_kept_by_conversion(file(CONTENT))


def test_a_file_without_a_word_is_refused(file):
    with pytest.raises(InputError, match=r"holds no sentence; .*:1: '' has no word; the document"):
        read(file("1|t|\n"))
