"""Headers in other languages, with spaces and capitals: read right, or named with what to say."""

import pytest

from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.errors import InputError

ROWS = (
    [("Anna", "NE", "B-PER"), ("wohnt", "VVFIN", "O"), ("Köln", "NE", "B-LOC")],
    [("Die", "ART", "O"), ("Stadt", "NN", "O"), ("Rhein", "NE", "B-LOC")],
)
ENTITIES = [["B-PER", "O", "B-LOC"], ["O", "O", "B-LOC"]]
POS = [[pos for _, pos, _ in rows] for rows in ROWS]


@pytest.fixture
def table(tmp_path):
    """Writes the rows below a header, with the cells that a function gives of each word."""

    def write(header, cells, separator="\t", encoding="utf-8", breaks=True, end="\n"):
        lines = [separator.join(header)]
        for sentence, rows in enumerate(ROWS, 1):
            lines += [separator.join(map(str, cells(sentence, *row))) for row in rows]
            lines += [""] * breaks
        path = tmp_path / "table.csv"
        path.write_bytes((end.join(lines) + end).encode(encoding))
        return path

    return write


def are_read(reading, tags=ENTITIES):
    assert [s.tokens for s in reading.sentences] == [[row[0] for row in rows] for rows in ROWS]
    assert [s.tags for s in reading.sentences] == tags
    return reading.faults == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    "header",
    ["Wort Wortart Entität", "Mot Catégorie Étiquette", "词 词性 标签", "слово часть_речи метка",
     "Palabra Clase Entidad", "WORD POS NER_TAG", "TokenText PosTag EntityType",
     "Token|Part of speech|NER Tag", "単語 品詞 ラベル"],
)  # fmt: skip
def test_a_header_in_any_of_these_languages_is_none_of_the_tokens(header, encoding, table):
    names = header.split("|") if "|" in header else header.split()
    path = table(names, lambda _, *row: row, encoding=encoding)
    assert are_read(read(path))
    assert are_read(read(path, Options(tag_column=names[1])), POS)


@pytest.mark.parametrize("header", ["Wort Wortart", "palavra classe", "слово часть_речи"])
def test_parts_of_speech_have_headers_too(header, table):
    assert are_read(read(table(header.split(), lambda _, word, pos, tag: (word, pos))), POS)


@pytest.mark.parametrize(
    "names",
    [("Satz-Nr.", "Wort", "Konfidenz", "Entität"), ("N° phrase", "Mot", "Score", "Étiquette"),
     ("Numéro de phrase", "Mot", "Score", "Étiquette"), ("Satz", "Wort", "%", "Entität")],
)  # fmt: skip
def test_a_table_of_a_german_or_french_spreadsheet(names, table):
    def cells(sentence, word, _, tag):
        return sentence, word, "0,75", tag

    path = table(names, cells, separator=";", encoding="cp1252", breaks=False, end="\r\n")
    assert are_read(read(path, Options(encoding="cp1252")))
    [fault, *_] = read(path).faults
    assert "encoding = 'cp1252' would read" in fault.message


@pytest.mark.parametrize("breaks", [True, False])
def test_a_header_in_another_language_is_refused_with_what_to_say(breaks, table):
    def cells(sentence, word, _, tag):
        return sentence, word, tag

    path = table(("ukulandela", "igama", "uphawu"), cells, breaks=breaks)
    with pytest.raises(InputError, match="table.csv:1: looks like the names of the columns") as it:
        read(path)
    assert "token_column = 'igama' and tag_column = 'uphawu'" in str(it.value)
    assert are_read(read(path, Options(token_column="igama", tag_column="Uphawu")))


@pytest.mark.parametrize("first", ["Anna B_PER", "Anna b-per", "Anna PER", "Anna -", "Anna o"])
def test_a_first_tag_that_is_spelled_otherwise_is_no_header(first, tmp_path):
    path = tmp_path / "some.txt"
    path.write_text(f"{first}\nsaw O\nRome B-LOC\nand O\nParis B-LOC\n. O\n")
    if first == "Anna PER":  # which may be, so it is refused and never a token
        with pytest.raises(InputError, match="'anna' and tag_column = 'per'"):
            read(path)
    else:
        assert read(path).sentences[0].tokens[0] == "Anna"
