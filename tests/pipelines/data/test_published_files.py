"""Kinds of files that people publish: read right, or refused in a line that says what to do."""

import pytest

from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.errors import InputError

HIPE = """\
TOKEN\tNE-COARSE-LIT\tNE-COARSE-METO\tNE-FINE-COMP\tMISC
# hipe2022:document_id = x
M\tB-pers\tO\tB-comp.title\tNoSpaceAfter
.\tI-pers\tO\tI-comp.title\t_
Dupont\tI-pers\tO\tB-comp.name\tEndOfSentence
Il\tO\tO\tO\t_
vint\tO\tO\tO\tNoSpaceAfter|EndOfSentence
"""


def test_a_column_of_notes_ends_sentences_and_the_header_names_the_tags(tmp_path):
    path = tmp_path / "hipe.tsv"
    path.write_text(HIPE)
    reading = read(path)
    assert [s.tokens for s in reading.sentences] == [["M", ".", "Dupont"], ["Il", "vint"]]
    assert [s.tags for s in reading.sentences] == [["B-pers", "I-pers", "I-pers"], ["O", "O"]]
    assert reading.faults == []


@pytest.mark.parametrize("header", ["", "word\tpos\tlemma\n", "Wort\tWortart\tGrundform\n"])
def test_lemmas_in_the_last_column_are_no_tags(header, tmp_path):
    path = tmp_path / "tagged.txt"
    path.write_text(header + "The\tDT\tthe\ncats\tNNS\tcat\nsat\tVVD\tsit\n.\tSENT\t.\n")
    assert read(path).sentences[0].tags == ["DT", "NNS", "VVD", "SENT"]


def test_lemmas_of_a_text_are_no_tags_where_words_are_inflected(tmp_path):
    rows = [f"w{n % 90}s\t{'NV'[n % 2]}\tw{n % 80}" for n in range(300)]
    path = tmp_path / "tagged.txt"
    path.write_text("\n".join(rows) + "\n")
    assert {*read(path).sentences[0].tags} == {"N", "V"}


def test_lines_of_dashes_divide_sentences(tmp_path):
    path = tmp_path / "dashes.txt"
    path.write_text("Anna B-PER\nran O\n----------\n- O\nRome B-LOC\n==========\n")
    assert [s.tokens for s in read(path).sentences] == [["Anna", "ran"], ["-", "Rome"]]


def test_labels_of_argilla_count_characters_beside_the_tokens(tmp_path):
    path = tmp_path / "argilla.jsonl"
    record = '{"text": "Anna ran", "tokens": ["Anna", "ran"], "prediction": null, "annotation": %s}'
    path.write_text(record % '[["PER", 0, 4]]' + "\n" + record % "[]" + "\n")
    assert [s.tags for s in read(path).sentences] == [["B-PER", "O"], ["O", "O"]]


def test_labels_of_luis_include_their_last_character(tmp_path):
    label = '{"entity": "city", "startPos": 7, "endPos": 10}'
    path = tmp_path / "luis.json"
    path.write_text(f'{{"utterances": [{{"text": "fly to Rome", "entities": [{label}]}}]}}')
    assert read(path).sentences[0].tags == ["O", "O", "B-city"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1\tA gene in <b>colon cancer</b>\tIt grew.\n", "column 1 holds texts of several words"),
        ("P01|14 33|alkaline phosphatases\nP01|37 50|5-nucleotidase\n", "texts of several words"),
        ("BOS fly to boston EOS\tO O O B-to atis_flight\n", "not a token to a line"),
        ("EU\tB\tEU\nrejects\nGerman\tB\tGerman\ncall\n\nPeter\tB\tPeter\n", "2 of 5 lines hold a"),
        ("[ Pierre/NNP Vinken/NNP ]\n,/, \nold/JJ ./.\n", "remove the brackets"),
        ("迈向/v [中央/n 人民/n]nt 江/nr\n中国/ns ，/w\n", "remove the brackets"),
    ],
)
def test_what_would_be_read_wrongly_says_what_to_do(content, message, tmp_path):
    path = tmp_path / "some.txt"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read(path)


def test_a_column_that_marks_the_last_token_does_not_number_sentences(tmp_path):
    path = tmp_path / "marked.txt"
    path.write_text("Anna\tB-PER\t0\nran\tO\t0\n.\tO\t1\nRome\tB-LOC\t0\n.\tO\t1\n")
    assert [len(s.tokens) for s in read(path).sentences] == [5]


def test_tokens_under_the_key_of_a_text_can_be_named(tmp_path):
    path = tmp_path / "some.json"
    path.write_text('[{"sentence": ["Anna", "ran"], "labels": ["B-PER", "O"]}]')
    with pytest.raises(InputError, match="name the keys of words and tags"):
        read(path)
    options = Options(token_column="sentence", tag_column="labels")
    assert read(path, options).sentences[0].tags == ["B-PER", "O"]


@pytest.mark.parametrize("separator", ["|", "\t"])
def test_lists_of_offsets_without_texts_are_refused(separator, tmp_path):
    rows = [("P1", "14 33", "alkaline phosphatases"), ("P1", "37 50", "nucleotidase"),
            ("P2", "0 11", "Flurazepam"), ("P3", "4 18", "a gene")]  # fmt: skip
    path = tmp_path / "genes.eval"
    path.write_text("".join(separator.join(row) + "\n" for row in rows))
    with pytest.raises(InputError, match="list of offsets without their texts, as in BC2GM: merge"):
        read(path)
