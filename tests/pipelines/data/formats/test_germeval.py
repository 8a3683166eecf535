"""GermEval 2014: outer entities, and inner ones if asked for."""

import pytest

from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.errors import InputError

CONTENT = """\
#\thttp://example.org/1\t[2009-10-17]
1\tAnna\tB-PER\tO
2\tberät\tO\tO
3\tBerliner\tB-ORG\tB-LOCderiv
4\tBank\tI-ORG\tO

#\thttp://example.org/2\t[2009-10-18]
1\t#\tO\tO
2\tEU-Chefs\tB-ORGpart\tO
"""


@pytest.mark.parametrize("name", ["some.tsv", "some.conll", "some"])
def test_outer_entities_are_read_and_inner_ones_said(name, file, pairs):
    reading = read(file(CONTENT, name))
    assert reading.how.format == "GermEval 2014"
    assert reading.how.tag_column == "outer (1 more with layer = 'inner')"
    assert reading.how.skipped == "2 comments"
    assert pairs(reading) == [
        "Anna/B-PER berät/O Berliner/B-ORG Bank/I-ORG",
        "#/O EU-Chefs/B-ORGpart",
    ]
    assert reading.faults == []


@pytest.mark.parametrize(
    "options", [Options(layer=2), Options(layer="inner"), Options(tag_column=3), Options(layer="2")]
)
def test_inner_entities_are_read_if_asked_for(options, file, pairs):
    reading = read(file(CONTENT), options)
    assert pairs(reading)[0] == "Anna/O berät/O Berliner/B-LOCderiv Bank/O"


@pytest.mark.parametrize("layer", ["middle", 0, 3])
def test_a_layer_that_is_not_there_is_refused(layer, file):
    with pytest.raises(InputError, match=f"{layer}"):
        read(file(CONTENT), Options(layer=layer))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1\tAnna\tB-PER\tO", "1\tAnna\tB-PER", "3 columns instead of 4"),
        ("1\tAnna", "x\tAnna", "the id 'x' is not a number"),
        ("1\tAnna", "1\t", "the token is empty"),
    ],
)
def test_a_damaged_line_leaves_out_its_sentence(old, new, message, file, faults, pairs):
    reading = read(file(CONTENT.replace(old, new)))
    assert pairs(reading) == ["#/O EU-Chefs/B-ORGpart"]
    [fault] = faults(reading)
    assert fault.startswith("error some.txt:2 ") and message in fault


def test_both_layers_can_be_converted(file, is_kept_by_conversion, tmp_path):
    path = file(CONTENT)
    assert is_kept_by_conversion(path, Options(layer="inner"))
    for name in ("converted.conll", "converted.jsonl"):
        (tmp_path / name).unlink()
    assert is_kept_by_conversion(path)
