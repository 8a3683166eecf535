"""brat standoff: a text and its annotations, given as either file or as a folder of pairs."""

import pytest

from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.errors import InputError

TEXT = "Anna Berg lives in New\nYork. She likes Rome.\n"
ANN = (
    "T1\tPerson 0 9\tAnna Berg\n"
    "R1\tLives Arg1:T1 Arg2:T2\t\n"
    "T2\tPlace 19 22;23 27\tNew York\n"
    "#1\tAnnotatorNotes T2\tnot sure\n"
    "T3\tPlace 39 43\tRome\n"
    "A1\tCertain T3\n"
    "*\tEquiv T2 T3\n"
)
EXPECTED = [
    "Anna/B-Person Berg/I-Person lives/O in/O New/B-Place York/I-Place ./O",
    "She/O likes/O Rome/B-Place ./O",
]


@pytest.fixture
def pair(file):
    def write(text=TEXT, ann=ANN, name="some"):
        return file(ann, f"{name}.ann"), file(text, f"{name}.txt")

    return write


@pytest.mark.parametrize("index", [0, 1])
def test_either_file_is_enough(index, pair, pairs):
    reading = read(pair()[index])
    assert reading.how.format == "brat standoff"
    assert pairs(reading) == EXPECTED
    assert reading.faults == []


def test_a_folder_is_a_file_of_documents(pair, tmp_path, pairs, faults, file):
    pair(name="pairs/b")
    pair("Nobody.", "", name="pairs/a")
    file("visual settings", "pairs/visual.conf")
    reading = read(tmp_path / "pairs")
    assert pairs(reading) == ["Nobody/O ./O", *EXPECTED]
    assert [sentence.document for sentence in reading.sentences] == [0, 1, 1]
    assert reading.faults == []


def test_files_without_their_other_half_are_named(pair, file, tmp_path, faults):
    pair(name="pairs/a")
    file("alone", "pairs/text.txt")
    file(ANN, "pairs/tags.ann")
    reading = read(tmp_path / "pairs")
    assert faults(reading) == [
        "warning pairs/text.txt a text without its .ann file is left out",
        "error pairs/tags.ann annotations without their .txt file",
    ]
    with pytest.raises(InputError, match=r"tags.ann: holds brat's annotations without the text"):
        read(tmp_path / "pairs/tags.ann")


@pytest.mark.parametrize(
    "text",
    [TEXT.replace("\n", "\r\n"), "\ufeff" + TEXT],
)
def test_offsets_count_what_brat_counted(text, file, pairs):
    shift = int(text[0] == "\ufeff")
    rome, york = text.index("Rome"), text.index("York")
    ann = (
        f"T1\tPerson {shift} {9 + shift}\tAnna Berg\n"
        f"T2\tPlace {19 + shift} {22 + shift};{york} {york + 4}\tNew York\n"
        f"T3\tPlace {rome} {rome + 4}\tRome\n"
    )
    file(text, "some.txt")
    reading = read(file(ann, "some.ann"))
    assert [line.replace("\ufeff", "") for line in pairs(reading)] == EXPECTED


def test_offsets_in_bytes_are_known_by_what_they_cover(file, pairs, faults):
    file("Zoë saw Rome.", "some.txt")
    reading = read(file("T1\tX 0 4\tZoë\nT2\tY 9 13\tRome\n", "some.ann"))
    assert pairs(reading) == ["Zoë/B-X saw/O Rome/B-Y ./O"]
    assert "UTF-8 bytes" in faults(reading)[0]


def test_an_entity_in_several_pieces_is_left_out_and_said(pair, pairs, faults):
    ann = ANN.replace("T3\tPlace 39 43\tRome", "T3\tPlace 33 38;39 43\tlikes Rome")
    assert pairs(read(pair(ann=ann)[0]))[1] == "She/O likes/B-Place Rome/I-Place ./O"
    reading = read(pair(ann=ann.replace("33 38;39 43\tlikes Rome", "29 32;39 43\tShe Rome"))[0])
    assert pairs(reading)[1] == "She/O likes/O Rome/O ./O"
    assert faults(reading) == [
        "warning some.ann:5 an entity in several pieces cannot be spelled by tags of words and is "
        "left out"
    ]


def test_entities_within_others_are_another_layer(pair, pairs):
    path, _ = pair(ann=ANN + "T9\tGiven 0 4\tAnna\n")
    assert pairs(read(path)) == EXPECTED
    assert pairs(read(path, Options(layer=2)))[0].startswith("Anna/B-Given Berg/O")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("39 43", "39 430", "error some.ann:5 Place 'Rome' at 39 430 is outside of the text"),
        ("39 43", "39", "error some.ann:5 'T3\\tPlace 39\\tRome' is no annotation such as"),
        ("39 43\tRome", "39", "error some.ann:5 'T3\\tPlace 39' is no annotation such as"),
        ("39 43", "38 42", "error some.txt the label 'Place', 38 to 42, covers ' Rom', but 'Rome'"),
    ],
)
def test_a_damaged_annotation_leaves_out_its_document(old, new, message, pair, faults):
    reading = read(pair(ann=ANN.replace(old, new))[0])
    assert reading.sentences == []
    [fault] = faults(reading)
    assert fault.startswith(message)


def test_an_empty_text_with_annotations_is_an_error(pair, faults):
    assert faults(read(pair(text="")[0])) == [
        "error some.txt an empty text; the document is left out"
    ]


def test_a_text_that_is_no_utf8_says_what_it_may_be(pair, faults):
    text = "Zoé vit à Genève depuis l'été.".encode("latin-1")
    [fault] = faults(read(pair(text=text, ann="T1\tX 0 3\tZoé\n")[0]))
    assert fault.startswith("error some.txt not valid UTF-8; save the file as UTF-8")


def test_it_can_be_converted(pair, is_kept_by_conversion):
    assert is_kept_by_conversion(pair()[0])
