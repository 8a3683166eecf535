"""CoNLL-U Plus, and CoNLL-U with entities in MISC."""

import pytest

from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.errors import InputError

PLUS = """\
# global.columns = ID FORM UPOS NER:BIO
# text = Anna saw New York.
1\tAnna\tPROPN\tB-PER
2\tsaw\tVERB\tO
3-4\tNewYork\t_\t_
3\tNew\tPROPN\tB-LOC
4\tYork\tPROPN\tI-LOC

1\tYes\tINTJ\tO
"""


def rows(*miscs):
    words = ("Anna", "saw", "the", "mayor", "of", "Rome")
    return "".join(
        f"{n}\t{word}\t{word.lower()}\tX\t_\t_\t0\t_\t_\t{misc}\n"
        for n, (word, misc) in enumerate(zip(words, miscs, strict=False), 1)
    )


MISC = rows("NER=B-PER|SpaceAfter=No", "_", "SpaceAfter=No", "_", "NER=O", "NER=B-LOC")


@pytest.mark.parametrize("name", ["some.conllup", "some.txt", "some.conllu"])
def test_a_file_that_names_its_columns_has_its_entities_read(name, file, pairs):
    reading = read(file(PLUS, name))
    assert reading.how.format == "CoNLL-U Plus"
    assert reading.how.tag_column == "ner:bio"
    assert pairs(reading) == ["Anna/B-PER saw/O New/B-LOC York/I-LOC", "Yes/O"]
    assert reading.faults == []


def test_any_column_of_conllu_plus_can_be_named(file, pairs):
    assert pairs(read(file(PLUS), Options(tag_column="UPOS")))[1] == "Yes/INTJ"
    without = PLUS.replace("NER:BIO", "PARSEME:MWE").replace("B-PER", "*")
    without = without.replace("B-LOC", "1:VID").replace("I-LOC", "1").replace("\tO", "\t*")
    assert pairs(read(file(without)))[1] == "Yes/INTJ"


def test_two_columns_of_entities_are_refused_until_one_is_named(file):
    lines = [f"{line}\tB-X" if line[:1].isdigit() else line for line in PLUS.splitlines()]
    path = file("\n".join([lines[0] + " NER:GOLD", *lines[1:], ""]))
    with pytest.raises(InputError, match="ner:bio and ner:gold hold entities: name one of them"):
        read(path)
    assert read(path, Options(tag_column="ner:gold")).sentences[1].tags == ["B-X"]


def test_conllu_plus_without_entities_or_parts_of_speech_says_what_it_has(file):
    with pytest.raises(InputError, match="no column of entities or UPOS among id, form, lemma"):
        read(file("# global.columns = ID FORM LEMMA\n1\ta\ta\n"))


def test_faults_of_conllu_plus_have_their_line(file, faults, pairs):
    reading = read(file(PLUS.replace("2\tsaw\tVERB\tO", "2\tsaw\tVERB")))
    assert pairs(reading) == ["Yes/O"]
    assert faults(reading) == [
        "error some.txt:4 3 columns instead of 4 separated by TAB; the sentence is left out"
    ]


def test_entities_in_misc_are_said_and_read_if_asked_for(file, pairs):
    path = file(MISC)
    assert read(path).sentences[0].tags == ["X"] * 6
    said = "upos (MISC has entities, too: 2 with tag_column = 'misc.NER')"
    assert read(path).how.tag_column == said
    reading = read(path, Options(tag_column="misc.NER"))
    assert pairs(reading) == ["Anna/B-PER saw/O the/O mayor/O of/O Rome/B-LOC"]
    assert reading.how.tag_column == "misc.NER"


def test_a_key_that_misc_lacks_is_refused_with_those_it_has(file):
    with pytest.raises(InputError, match="no 'NE' in MISC; it has NER, SpaceAfter"):
        read(file(MISC), Options(tag_column="misc.NE"))


BRACKETS = "# global.Entity = GRP-etype-infstat\n" + rows(
    "Entity=(1-person-new)", "_", "Entity=(2-person-new|SpaceAfter=No", "_", "_",
    "Entity=(3-place-new)2)"
)  # fmt: skip


def test_entities_in_brackets_are_read_layer_by_layer(file, pairs):
    path = file(BRACKETS)
    assert read(path).how.tag_column.endswith("3 with tag_column = 'misc.Entity')")
    reading = read(path, Options(tag_column="misc.Entity"))
    assert pairs(reading) == [
        "Anna/B-person saw/O the/B-person mayor/I-person of/I-person Rome/I-person"
    ]
    [fault] = reading.faults
    assert fault.severity == "warning" and "1 entities lie within or across" in fault.message
    inner = read(path, Options(tag_column="misc.Entity", layer=2))
    assert pairs(inner) == ["Anna/O saw/O the/O mayor/O of/O Rome/B-place"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BRACKETS.replace("(3-place-new)2)", "(3-place-new)"), "does not end in its sentence"),
        (BRACKETS.replace("(3-place-new)2)", "3)2)"), "ends where none began"),
        (BRACKETS.replace("(3-place-new)2)", "(3--new)2)"), "has no type or no identifier"),
        (BRACKETS.replace("(3-place-new)2)", "(3)2)"), "has no type or no identifier"),
    ],
)
def test_brackets_that_do_not_match_are_an_error(content, message, file, faults):
    reading = read(file(content), Options(tag_column="misc.Entity"))
    assert reading.sentences == []
    [fault] = faults(reading)
    assert fault.startswith("error some.txt:2 ") and message in fault


def test_brackets_whose_fields_have_no_names_are_refused(file):
    with pytest.raises(InputError, match="no comment '# global.Entity = ...' names 'etype'"):
        read(file(BRACKETS.partition("\n")[2]), Options(tag_column="misc.Entity"))


def test_an_entity_in_several_pieces_is_left_out_and_said(file, pairs, faults):
    content = BRACKETS.replace("(1-person-new)", "(1[1/2]-person-new)")
    reading = read(file(content), Options(tag_column="misc.Entity"))
    assert pairs(reading)[0].startswith("Anna/O ")
    assert "entity in several pieces" in faults(reading)[0]


@pytest.mark.parametrize(
    ("content", "column"),
    [(PLUS, None), (MISC, "misc.NER"), (BRACKETS, "misc.Entity")],
)
def test_what_is_read_can_be_converted(content, column, file, is_kept_by_conversion):
    assert is_kept_by_conversion(file(content), Options(tag_column=column))


def test_a_layer_of_tags_that_have_one_is_refused(file):
    """It would be O for every word."""
    rows = "1\tRome\tRome\tPROPN\t_\t_\t0\t_\t_\tNER=B-LOC\n"
    for options in (Options(layer=2), Options(tag_column="misc.NER", layer=2)):
        with pytest.raises(InputError, match="there is no layer 2: "):
            read(file(rows * 1, "some.conllu"), options)
