"""Tables with a header: a row to a token with a sentence column, or a row to a sentence."""

import pytest

from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.errors import InputError

KAGGLE = '''\
Sentence #,Word,POS,Tag
Sentence: 1,Anna,NNP,B-per
,said,VBD,O
,"""",``,O
,",",",",O
,"a ""b""",NN,O
Sentence: 2,Rome,NNP,B-geo
,.,.,O
'''


def test_a_sentence_column_that_is_filled_in_its_first_row(file, pairs):
    reading = read(file(KAGGLE, "ner.csv"))
    assert reading.how.format == "table with a header"
    assert (reading.how.separator, reading.how.token_column, reading.how.tag_column) == (
        ",", "word", "tag"
    )  # fmt: skip
    assert [sentence.tokens for sentence in reading.sentences] == [
        ["Anna", "said", '"', ",", 'a "b"'],
        ["Rome", "."],
    ]
    assert reading.sentences[0].tags == ["B-per", "O", "O", "O", "O"]
    assert reading.sentences[1].lines == [7, 8]
    assert reading.faults == []
    assert read(file(KAGGLE), Options(tag_column="POS")).sentences[1].tags == ["NNP", "."]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["sentence", "sentence_id", "sent_id"])
def test_a_sentence_column_that_is_filled_in_all_rows(delimiter, name, file, pairs):
    rows = [(name, "token", "label"), (1, "Anna", "B-PER"), (1, "sings", "O"), (2, "Yes", "O")]
    content = "\r\n".join(delimiter.join(map(str, row)) for row in rows)
    reading = read(file(content, "some.csv"))
    assert pairs(reading) == ["Anna/B-PER sings/O", "Yes/O"]


@pytest.mark.parametrize(
    "row",
    [
        'Anna sings,"B-PER,O"',
        "Anna sings,B-PER O",
        '"Anna sings","B-PER, O"',
        "\"['Anna', 'sings']\",\"['B-PER', 'O']\"",
        "Anna sings,['B-PER' 'O']",
        '"[""Anna"", ""sings""]","[""B-PER"", ""O""]"',
    ],
)
@pytest.mark.parametrize("names", ["sentence,word_labels", "text,tags", "tokens,ner_tags"])
def test_a_row_may_hold_a_sentence(row, names, file, pairs):
    reading = read(file(f"{names}\n{row}\nYes,O\n", "some.csv"))
    assert pairs(reading) == ["Anna/B-PER sings/O", "Yes/O"]
    assert [sentence.lines for sentence in reading.sentences] == [[2, 2], [3]]
    assert reading.faults == []


def test_line_breaks_in_quotes_are_whitespace(file, pairs):
    reading = read(file('id,text,labels\n1,"Anna\nsings",B-PER O\n2,"No\n",O\n3,a b,O O\n'))
    assert pairs(reading) == ["Anna/B-PER sings/O", "No/O", "a/O b/O"]
    assert [sentence.lines[0] for sentence in reading.sentences] == [2, 4, 6]


def test_quotes_around_words_are_no_part_of_them(file, pairs):
    content = '"word";"tag"\n"Anna";"B-PER"\n"a;b";"O"\n\n"Yes";"O"\n'
    assert pairs(read(file(content))) == ["Anna/B-PER a;b/O", "Yes/O"]


@pytest.mark.parametrize("count", [1, 2])
def test_a_quote_that_is_a_token_takes_no_lines_with_it(count, file, pairs):
    content = "word\ttag\n" + '"\tO\nAnna\tB-PER\n' * count + "x\tO\n"
    reading = read(file(content))
    assert pairs(reading) == [" ".join(['"/O Anna/B-PER'] * count + ["x/O"])]
    assert reading.how.format == "CoNLL columns"


def test_columns_without_quotes_or_sentences_are_those_of_conll(file):
    assert read(file("word,tag\nAnna,B-PER\nsings,O\n")).how.format == "CoNLL columns"
    assert read(file("Anna,B-PER\nsings,O\n")).how.format == "CoNLL columns"


def test_one_label_for_a_text_is_another_task(file):
    content = "text,label\nbook a table for two,BookRestaurant\nplay some jazz now,PlayMusic\n"
    with pytest.raises(InputError, match="one label, which is data to classify texts with"):
        read(file(content))


@pytest.mark.parametrize(
    ("content", "where", "message"),
    [
        (KAGGLE.replace(",said,VBD,O", ",said,VBD"), 3, "3 cells in a table of 4 columns"),
        (KAGGLE.replace(",said,", ",,"), 3, "the token is empty"),
        (KAGGLE.replace("said,VBD,O", "said,VBD,"), 3, "the tag is empty"),
        (KAGGLE.replace(",.,.,O\n", ',"x,.,O\n'), 8, "a quote that does not end"),
    ],
)
def test_a_damaged_row_leaves_out_its_sentence(content, where, message, file, faults):
    reading = read(file(content))
    assert len(reading.sentences) == 1
    [fault] = faults(reading)
    assert fault.startswith(f"error some.txt:{where} {message}")


def test_sentences_whose_tags_are_more_or_fewer_are_left_out(file, faults, pairs):
    content = "text,labels\nAnna sings now,B-PER O\nAnna sings,B-PER O\na b,O O O\n"
    reading = read(file(content))
    assert pairs(reading) == ["Anna/B-PER sings/O"]
    assert faults(reading) == [
        "error some.txt:2 3 tokens and 2 tags; the sentence is left out",
        "error some.txt:4 2 tokens and 3 tags; the sentence is left out",
    ]
    assert len({fault.cause for fault in reading.faults}) == 1


def test_latin1_is_said_and_read_if_named(file, faults, pairs):
    content = KAGGLE.replace("Rome", "Orléans").encode("latin-1")
    assert "not valid UTF-8" in faults(read(file(content)))[0]
    assert pairs(read(file(content), Options(encoding="latin-1")))[1] == "Orléans/B-geo ./O"


@pytest.mark.parametrize("content", [KAGGLE, "text,labels\nAnna sings,B-PER O\nYes no,O O\n"])
def test_it_can_be_converted(content, file, is_kept_by_conversion):
    assert is_kept_by_conversion(file(content))
