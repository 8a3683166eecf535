"""BioC XML: passages with offsets; and XML that must not be read."""

import pytest

from pipelines.data.reader import read
from pipelines.errors import InputError

CONTENT = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE collection SYSTEM "BioC.dtd">
<collection><source>x</source><date>2020</date><key>x.key</key>
<document><id>1</id>
<passage><infon key="type">title</infon><offset>0</offset><text>Aspirin &amp; headache.</text>
<annotation id="T1"><infon key="type">Chemical</infon>
<location offset="0" length="7"/><text>Aspirin</text></annotation>
<annotation id="T2"><infon key="type">Disease</infon>
<location offset="10" length="8"/><text>headache</text></annotation>
</passage>
<passage><offset>20</offset><text>No fever.</text>
<annotation id="T3"><infon key="type">Disease</infon>
<location offset="23" length="5"/><text>fever</text></annotation>
</passage>
</document>
<document><id>2</id><passage><offset>0</offset>
<sentence><offset>0</offset><text>Nothing.</text></sentence></passage></document>
</collection>
"""
EXPECTED = [
    "Aspirin/B-Chemical &/O headache/B-Disease ./O",
    "No/O fever/B-Disease ./O",
    "Nothing/O ./O",
]


@pytest.mark.parametrize("name", ["some.xml", "some.bioc", "some.txt"])
def test_passages_are_texts_of_their_document(name, file, pairs):
    reading = read(file(CONTENT, name))
    assert reading.how.format == "BioC XML"
    assert pairs(reading) == EXPECTED
    assert [sentence.document for sentence in reading.sentences] == [0, 0, 1]
    assert [sentence.lines[0] for sentence in reading.sentences] == [5, 11, 17]
    assert reading.faults == []


@pytest.mark.parametrize(
    ("name", "encoding"), [("ISO-8859-1", "latin-1"), ("UTF-16", "utf-16"), ("UTF-8", "utf-8-sig")]
)
def test_it_is_decoded_as_it_declares(name, encoding, file, pairs):
    content = CONTENT.replace("UTF-8", name, 1).replace("No fever", "Né fever")
    assert pairs(read(file(content.encode(encoding))))[1] == "Né/O fever/B-Disease ./O"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('offset="23"', 'offset="230"', ":12 Disease 'fever' at 230 is outside of its text"),
        ('offset="23"', 'offset="22"', ":11 the label 'Disease', 2 to 7, covers ' feve'"),
        ('offset="23"', 'offset="x"', ":12 the location of an annotation is {'offset': 'x'"),
        ('<infon key="type">Disease</infon>\n<location offset="23"', '<location offset="23"',
         ":12 an annotation without <infon key='type'>"),
        ("<offset>20</offset>", "", ":11 no offset"),
        ("<text>No fever.</text>", "", ":11 annotations without a text"),
    ],
)  # fmt: skip
def test_a_damaged_passage_is_left_out(old, new, message, file, faults, pairs):
    reading = read(file(CONTENT.replace(old, new)))
    assert pairs(reading) == [EXPECTED[0], EXPECTED[2]]
    [fault] = faults(reading)
    assert fault.startswith(f"error some.txt{message}")


def test_an_entity_in_several_pieces_is_left_out_and_said(file, pairs, faults):
    second = '<location offset="23" length="5"/><location offset="20" length="2"/>'
    reading = read(file(CONTENT.replace('<location offset="23" length="5"/>', second)))
    assert pairs(reading)[1] == "No/O fever/O ./O"
    assert faults(reading)[0].startswith("warning some.txt:12 an entity in several pieces")


BOMB = '<!DOCTYPE collection [<!ENTITY a "aaaaaaaaaa">\n<!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (CONTENT[:-60], r":\d+: is damaged XML: "),
        (CONTENT.replace("</text>", "</txt>", 1), ":5: is damaged XML: mismatched tag"),
        (CONTENT.replace("UTF-8", "KLINGON"), "is damaged XML: unknown encoding|cannot be decoded"),
        (CONTENT.replace('<!DOCTYPE collection SYSTEM "BioC.dtd">', BOMB),
         ":2: declares the XML entity 'a', which is not read"),
        (CONTENT.replace("<id>1</id>", "<a>" * 300 + "</a>" * 300), "nested 200 levels deep"),
        (CONTENT.partition("<document>")[0] + "</collection>", "holds no document with a text"),
    ],
)  # fmt: skip
def test_xml_that_is_damaged_or_dangerous_is_refused(content, message, file):
    with pytest.raises(InputError, match=message) as caught:
        read(file(content))
    assert "\n" not in str(caught.value)


def test_it_can_be_converted(file, is_kept_by_conversion):
    assert is_kept_by_conversion(file(CONTENT))
