"""WebAnno TSV 3: layers and features, annotations over several tokens, stacked and in parts."""

import pytest

from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.errors import InputError

NER = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
POS = "de.tudarmstadt.ukp.dkpro.core.api.lexmorph.type.pos.POS"
ONE = f"""\
#FORMAT=WebAnno TSV 3.3
#T_SP={NER}|identifier|value


#Text=Anna saw New York .
1-1\t0-4\tAnna\t*\tPER\t
1-2\t5-8\tsaw\t_\t_\t
1-3\t9-12\tNew\t*[1]\tLOC[1]\t
1-4\t13-17\tYork\t*[1]\tLOC[1]\t
1-5\t18-19\t.\t_\t_\t

#Text=😊 Yes
2-1\t20-22\t😊\t_\t_\t
2-2\t23-26\tYes\t_\t_\t
"""
SEVERAL = f"""\
#FORMAT=WebAnno TSV 3.2
#T_SP={NER}|value
#T_SP={POS}|PosValue
#T_RL=de.example.Dependency|DependencyType|BT_{POS}


#Text=Anna saw Rome
1-1\t0-4\tAnna\tPER\tPROPN\tnsubj\t1-2\t
1-2\t5-8\tsaw\t_\tVERB\t_\t_\t
1-3\t9-13\tRome\tLOC\tPROPN\tobj\t1-2\t
"""


@pytest.mark.parametrize("name", ["some.tsv", "some.txt", "some.conll"])
def test_the_only_feature_with_values_is_read(name, file, pairs):
    reading = read(file(ONE, name))
    assert reading.how.format == "WebAnno TSV 3"
    assert reading.how.tag_column == "NamedEntity.value"
    assert pairs(reading) == ["Anna/B-PER saw/O New/B-LOC York/I-LOC ./O", "😊/O Yes/O"]
    assert reading.sentences[0].lines == [6, 7, 8, 9, 10]
    assert reading.faults == []


def test_rows_need_not_end_in_a_tab(file, pairs):
    assert len(pairs(read(file(ONE.replace("\t\n", "\n"))))) == 2


def test_several_layers_are_refused_with_their_counts(file):
    with pytest.raises(InputError) as caught:
        read(file(SEVERAL))
    assert "1: NamedEntity.value (2 values, 'PER', 'LOC')" in str(caught.value)
    assert "2: POS.PosValue (3 values, 'PROPN', 'VERB')" in str(caught.value)


@pytest.mark.parametrize("layer", [1, "1", "NamedEntity", "value", "namedentity.value", NER])
def test_a_layer_is_chosen_by_number_or_name(layer, file, pairs):
    assert pairs(read(file(SEVERAL), Options(layer=layer))) == ["Anna/B-PER saw/O Rome/B-LOC"]


def test_a_layer_of_all_tokens_has_its_tags_as_they_are(file, pairs):
    reading = read(file(SEVERAL), Options(layer="POS"))
    assert pairs(reading) == ["Anna/PROPN saw/VERB Rome/PROPN"]


def test_a_layer_that_is_not_there_is_refused_with_those_that_are(file):
    with pytest.raises(InputError, match="called 'Lemma'; layer is one of 1: NamedEntity.value"):
        read(file(SEVERAL), Options(layer="Lemma"))


def test_of_stacked_annotations_the_longer_one_is_read_and_said(file, pairs, faults):
    content = ONE.replace("*[1]\tLOC[1]\t\n1-4", "*[1]|*[2]\tLOC[1]|ADJ[2]\t\n1-4")
    reading = read(file(content))
    assert pairs(reading)[0] == "Anna/B-PER saw/O New/B-LOC York/I-LOC ./O"
    assert faults(reading) == [
        "warning some.txt:8 a word has one tag: an entity within or across another one is not read"
    ]


def test_an_annotation_of_a_part_is_that_of_its_token_and_said(file, pairs, faults):
    part = "1-5\t18-19\t.\t_\t_\t\n"
    content = ONE.replace(part, "1-5\t18-22\tpre-\t_\t_\t\n1-5.1\t18-21\tpre\t*\tX\t\n")
    reading = read(file(content))
    assert pairs(reading)[0].endswith("pre-/B-X")
    assert "an annotation of a part of a token" in faults(reading)[0]


def test_what_is_escaped_is_read_as_it_was_meant(file, pairs):
    content = ONE.replace("5-8\tsaw\t_\t_", "5-8\t\\[a\\]\t*\ta\\|b\\_c")
    assert pairs(read(file(content)))[0].startswith("Anna/B-PER [a]/B-a|b_c New/B-LOC")
    raw = ONE.replace("5-8\tsaw\t_\t_", "5-8\t\\n\\\t_\t_").replace("5-8", "5-8")
    assert read(file(raw)).sentences[0].tokens[1] == "\\n\\"


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ("1-2\t5-8\tsaw\t_\t_\t", "1-2\t5-8\tsaw\t_", 7, "4 columns instead of the 5 that"),
        ("1-2\t5-8\tsaw", "1-2\t5-9\tsaw", 7, "the places 5-9 are not those of 'saw'"),
        ("1-2\t5-8\tsaw\t_\t_\t\n", "", 7, "the token 1-3 follows 1-1"),
        ("1-2\t5-8\tsaw", "x\t5-8\tsaw", 7, "'x' and '5-8' are no token and its place"),
        ("Anna\t*\tPER", "Anna\t*[1]\tLOC[1]", 8, "annotation 1 is not one stretch"),
        ("York\t*[1]\tLOC[1]", "York\t*[1]\tPER[1]", 9, "annotation 1 is not one stretch"),
    ],
)
def test_a_damaged_row_leaves_out_its_sentence(old, new, where, message, file, faults, pairs):
    reading = read(file(ONE.replace(old, new)))
    assert pairs(reading) == ["😊/O Yes/O"]
    [fault] = faults(reading)
    assert fault.startswith(f"error some.txt:{where} ") and message in fault


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (ONE.replace("TSV 3.3", "TSV 2.0"), "is 'WebAnno TSV 2.0'; export it as WebAnno TSV 3"),
        (ONE.replace("#T_SP", "#X"), "its header names no layer of spans"),
        (ONE.replace("PER", "*").replace("LOC", "*"), "its annotations have no value"),
        (ONE.partition("#Text")[0], "holds no sentence"),
    ],
)
def test_a_file_without_layers_or_sentences_is_refused(content, message, file):
    with pytest.raises(InputError, match=message):
        read(file(content))


def test_annotations_without_a_value_are_left_out_and_said(file, pairs, faults):
    reading = read(file(ONE.replace("PER", "*")))
    assert pairs(reading)[0].startswith("Anna/O saw/O New/B-LOC")
    assert "annotations without a value of NamedEntity.value" in faults(reading)[0]


@pytest.mark.parametrize(("content", "layer"), [(ONE, None), (SEVERAL, 1), (SEVERAL, "POS")])
def test_it_can_be_converted(content, layer, file, is_kept_by_conversion):
    assert is_kept_by_conversion(file(content), Options(layer=layer))


def test_parts_of_tokens_do_not_change_how_a_layer_of_all_tokens_is_read(file, pairs, faults):
    row = "1-1\t0-4\tAnna\tPER\tPROPN\tnsubj\t1-2\t\n"
    part = "1-1.1\t0-2\tAn\tORG\t{}\t_\t_\t\n"
    reading = read(file(SEVERAL.replace(row, row + part.format("_"))), Options(layer="POS"))
    assert pairs(reading) == ["Anna/PROPN saw/VERB Rome/PROPN"]
    assert reading.faults == []
    reading = read(file(SEVERAL.replace(row, row + part.format("X"))), Options(layer="POS"))
    assert pairs(reading) == ["Anna/PROPN saw/VERB Rome/PROPN"]
    assert "an annotation of a part of it is not read" in faults(reading)[0]


def test_a_token_without_a_value_leaves_out_its_sentence_where_all_others_have_one(
    file, pairs, faults
):
    second = "#Text=No .\n2-1\t15-17\tNo\t_\tINTJ\t_\t_\t\n2-2\t18-19\t.\t_\t*\t_\t_\t\n"
    reading = read(file(SEVERAL + "\n" + second), Options(layer="POS"))
    assert pairs(reading) == ["Anna/PROPN saw/VERB Rome/PROPN"]
    assert "a token has no value of POS.PosValue" in faults(reading)[-1]


def test_rows_that_are_nearly_right_are_not_taken_for_those_that_are(file, faults):
    """Most rows are read in few steps, which must not overlook what is wrong."""
    row = "1-5\t18-19\t.\t_\t_\t"
    for wrong in ("1-5\t18-20\t.\t_\t_\t", "1-6\t18-19\t.\t_\t_\t", "2-5\t18-19\t.\t_\t_\t",
                  "1-5\t18-19\t.\t_", "1-5\t18_19\t.\t_\t_\t", "1-5\t1\t.\t_\t_"):  # fmt: skip
        assert len(faults(read(file(ONE.replace(row, wrong))))) == 1, wrong
