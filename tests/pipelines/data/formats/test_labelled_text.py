"""Labelled texts: offsets are checked against the text, whatever they count."""

import pytest

from pipelines.data.formats.labelled_text import Label, Text, reading_of
from pipelines.data.options import Options
from pipelines.data.reader import interpreted
from pipelines.errors import InputError
from pipelines.text.sentences import How
from pipelines.text.spelling import Spelling

HOW = How("some", "", "from 'text'", "from the labels", "")
TEXT = "Ärzte 😀 in Köln und Rom."  # Köln: code points 11-15, UTF-16 units 12-16, bytes 15-20


def read(*texts, **options):
    return reading_of(texts, [], HOW, Options(**options))


def tagged(reading):
    return [(s.tokens, s.tags) for s in reading.sentences]


def messages(reading, severity):
    return [fault.message for fault in reading.faults if fault.severity == severity]


EXPECTED = [
    (["Ärzte", "😀", "in", "Köln", "und", "Rom", "."], ["O"] * 3 + ["B-LOC", "O", "B-LOC", "O"])
]
UNITS = {"code points": (11, 15, 20, 23), "UTF-16 units": (12, 16, 21, 24),
         "UTF-8 bytes": (15, 20, 25, 28)}  # fmt: skip


@pytest.mark.parametrize("written", [True, False])
@pytest.mark.parametrize("shift", [0, 1])
@pytest.mark.parametrize("unit", UNITS)
def test_the_unit_and_the_ends_are_those_that_fit_all_labels(unit, shift, written):
    start, end, other, stop = UNITS[unit]
    labels = [Label("LOC", start, end - shift, "Köln" if written else None),
              Label("LOC", other, stop - shift, "Rom" if written else None)]  # fmt: skip
    reading = read(Text(TEXT, labels, "x:1"))
    assert tagged(reading) == EXPECTED
    if (unit, shift) == ("code points", 0):
        assert reading.faults == [] and reading.how == HOW
    else:
        [message] = messages(reading, "warning")
        name = f"offsets in {unit}" + ", ends included" * shift
        assert message.startswith(f"read with {name}: 2 of 2 labels fit the text so, and 0")
        assert reading.how.token_column == f"from 'text', with {name}"


def test_the_unit_of_a_file_is_found_with_all_its_texts_together():
    plain = Text("in Rom", [Label("LOC", 3, 6)], "x:1")  # is the same in all units
    reading = read(plain, Text(TEXT, [Label("LOC", 12, 16)], "x:2"))
    assert [s.tags for s in reading.sentences] == [
        ["O", "B-LOC"],
        ["O"] * 3 + ["B-LOC"] + ["O"] * 3,
    ]
    assert [fault.where for fault in reading.faults] == ["x:2"]


def test_a_unit_that_fits_a_few_labels_more_is_not_taken():
    """Half of the labels are damaged, and some of them would fit otherwise by chance."""
    labels = [Label("LOC", 11, 15, written) for written in ("Köln", "Rom", "Bonn")]
    labels += [Label("LOC", 20, 22, "Rom"), Label("LOC", 12, 16, "Köln")]
    texts = [Text(TEXT, [label], f"x:{n}") for n, label in enumerate(labels)]
    texts.append(Text(TEXT, [Label("LOC", 21, 24, "Rom")], "x:9"))  # UTF-16: 2 fit, as here 1
    reading = read(*texts)
    assert reading.how == HOW and len(reading.sentences) == 1
    assert len(messages(reading, "error")) == 5


def test_labels_that_no_unit_explains_are_errors_at_their_place():
    good = [Text("in Rom", [Label("LOC", 3, 6, "Rom")], f"x:{n}") for n in range(1, 12)]
    bad = Text("in Rom", [Label("LOC", 3, 6, "Bonn")], "x:12")
    beyond = Text("in Rom", [Label("LOC", 3, 9)], "x:13", True)
    reading = read(*good, bad, beyond)
    assert len(reading.sentences) == 11
    assert [(f.where, f.severity) for f in reading.faults] == [("x:12", "error"), ("x:13", "error")]
    assert messages(reading, "error") == [
        "the label 'LOC', 3 to 6, covers 'Rom', but 'Bonn' is written for it; the sentence is left "
        "out",
        "the label 'LOC', 3 to 9, is not in the text, which has 6 code points; the document is "
        "left out",
    ]


def test_a_label_that_cuts_words_on_purpose_does_not_change_what_offsets_count():
    texts = [Text("Haustür in Rom", [Label("X", 0, 4), Label("LOC", 11, 14)], "x:1")]
    reading = read(*texts)
    assert reading.how == HOW and reading.sentences[0].tags == ["B-X", "O", "B-LOC"]


@pytest.mark.parametrize("written", ["New\n York", "New York", " New  York "])
def test_whitespace_of_what_is_written_does_not_matter(written):
    reading = read(Text("in New\n York now", [Label("LOC", 3, 12, written)], "x:1"))
    assert reading.faults == [] and reading.sentences[0].tags == ["O", "B-LOC", "I-LOC", "O"]


def test_half_a_character_and_a_label_without_type_are_errors():
    reading = read(Text("a \ud83d", [], "x:1"), Text("a", [Label(" ", 0, 1)], "x:2"))
    assert messages(reading, "error") == [
        "the text holds invalid UTF-8 or half a character; the sentence is left out",
        "a label has no type; the sentence is left out",
    ]
    assert reading.sentences == []


NESTED = Text(
    "Bank of New York in Rome",
    [
        Label("X", 0, 4),
        Label("LOC", 8, 16),
        Label("ORG", 0, 16),
        Label("LOC", 20, 24),
        Label("LOC", 8, 16),
    ],
    "x:1",
)


def test_the_outer_labels_are_read_and_the_inner_ones_if_asked_for():
    outer = ["B-ORG", "I-ORG", "I-ORG", "I-ORG", "O", "B-LOC"]
    reading = read(NESTED)
    assert reading.sentences[0].tags == outer
    [message] = messages(reading, "warning")
    assert message.startswith("X 'Bank' overlaps ORG 'Bank of New York': a word has one tag")
    assert "(2 in layer 1, 2 in layer 2)" in message
    inner = ["B-X", "O", "B-LOC", "I-LOC", "O", "O"]
    for layer, tags in ((1, outer), ("2", inner), ("inner", inner), (3, ["O"] * 6)):
        reading = interpreted(read(NESTED, layer=layer), Spelling(), layer)
        assert reading.sentences[0].tags == tags
        assert reading.faults == []


def test_a_layer_that_is_not_to_be_told_is_refused():
    for layer in ("middle", 0, -1):
        with pytest.raises(InputError, match=f"^x:1: no layer {layer!r}; name one by its number"):
            read(NESTED, layer=layer)


def test_a_type_may_hold_what_stands_between_tags_of_layers():
    text = Text("a b", [Label("A/B", 0, 3), Label("C|D", 2, 3)], "x:1")
    for layer, tags in ((1, ["B-A/B", "I-A/B"]), (2, ["O", "B-C|D"])):
        reading = interpreted(read(text, layer=layer), Spelling(), layer)
        assert (reading.sentences[0].tags, reading.faults) == (tags, [])


def test_documents_are_split_but_not_inside_a_label():
    text = "Anna came. She saw St. Ives. Then she left."
    labels = [Label("PER", 0, 4), Label("LOC", 19, 27)]
    assert text[19:27] == "St. Ives"
    reading = read(Text(text, labels, "x:a", True), Text("One. Two.", [], "x:b", True))
    assert [s.tokens[0] for s in reading.sentences] == ["Anna", "She", "Then", "One", "Two"]
    assert [s.document for s in reading.sentences] == [0, 0, 0, 1, 1]
    labels = [Label("X", 5, 14)]  # came. She
    [first, second] = read(Text(text, labels, "x:a", True)).sentences
    assert first.tokens[:4] == ["Anna", "came", ".", "She"]
    assert first.tags[:4] == ["O", "B-X", "I-X", "I-X"]
    reading = read(Text("One.", [], "x:a", True), Text("Two.", [], "x:a", True, continues=True))
    assert [s.document for s in reading.sentences] == [0, 0]


def test_words_are_those_that_the_format_names():
    words = [(0, 3), (3, 4), (4, 8)]
    reading = read(Text("New-York", [Label("LOC", 4, 8)], "x:1", words=words))
    assert tagged(reading) == [(["New", "-", "York"], ["O", "O", "B-LOC"])]


def test_faults_of_one_kind_have_one_cause():
    bad = [Label("LOC", 3, 6 + n, "Bonn's") for n in range(2)] + [Label("PER", 9, 12)]
    texts = [Text("in Rome", [label], f"x:{n}") for n, label in enumerate(bad)]
    texts += [
        Text("a website", [Label("X", 2, 5)], "x:8"),
        Text("no web1", [Label("Y", 3, 4)], "x:9"),
    ]
    causes = [fault.cause for fault in read(*texts).faults]
    assert len(causes) == 5 and "" not in causes
    assert causes[0] == causes[1] != causes[2] and causes[3] == causes[4]


def test_texts_are_taken_apart_some_at_a_time(monkeypatch):
    monkeypatch.setattr("pipelines.text.text_words._AT_A_TIME", 12)
    texts = [Text("in Rom", [Label("LOC", 3, 6)], f"x:{n}") for n in range(1, 6)]
    expected = [(["in", "Rom"], ["O", "B-LOC"])] * 5
    assert tagged(read(*texts)) == expected
