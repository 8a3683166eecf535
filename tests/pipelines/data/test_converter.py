"""Converting: nothing changes but what was asked for, and what gets lost is named."""

import json

import pytest

from pipelines.data.converter import convert
from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.errors import InputError
from pipelines.text.chunking import SCHEMES

IOB2 = "Rome\tB-LOC\nwins\tO\n\nAnna\tB-PER\nBerg\tI-PER\nOslo\tB-LOC\n\n"
JSON = '{"tokens": ["WORD"], "tags": ["X"]}'
CONLLU = (
    "# newdoc id = 1\n# text = From the AP\n"
    "1\tFrom\tfrom\tADP\tIN\t_\t3\tcase\t3:case\t_\n"
    "2\tthe\tthe\tDET\tDT\tDefinite=Def\t3\tdet\t3:det\t_\n"
    "3\tAP\tAP\tPROPN\tNNP\t_\t0\troot\t0:root\tSpaceAfter=No\n\n"
    "# text = #\n1\t#\t#\tSYM\t$\t_\t0\troot\t0:root\t_\n\n"
)


@pytest.fixture
def file(tmp_path):
    """Writes a file, of text or bytes, and gives its path."""

    def write(content, name="some.conll"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def converted(tmp_path):
    """Converts a file to another of a given name; the path of that and what was noted."""

    def run(source, name, *args, **options):
        done = convert(source, tmp_path / name, *args, **options)
        return tmp_path / name, [note.message for note in done.notes]

    return run


def test_tags_are_written_in_the_scheme_that_was_asked_for(file, converted):
    path, notes = converted(file(IOB2), "out.conll", "BIOES")
    expected = "Rome\tS-LOC\nwins\tO\n\nAnna\tB-PER\nBerg\tE-PER\nOslo\tS-LOC\n\n"
    assert (path.read_text(), notes) == (expected, [])


@pytest.mark.parametrize("scheme", [scheme for scheme in SCHEMES if scheme != "IO"])
@pytest.mark.parametrize(
    "content",
    [
        IOB2,
        IOB2.replace("\n", "\r\n"),
        IOB2.replace("\n", "\r"),
        IOB2.replace("\n\n", "\n\t\n"),
        IOB2.replace("\t", " "),
        IOB2.replace("\t", "  ").replace("O\n", "O \n").replace("Anna", "  Anna"),
        IOB2.replace("\t", " \t "),
        IOB2.replace("\t", ";"),
        "\ufeff" + IOB2.rstrip("\n"),
        "-DOCSTART- -X- O O\n\n# text = R\n" + IOB2.replace("\t", "\tB-NP\tx\t") + "\n\n-DOCSTART-",
        "# caf\xe9\n".encode("latin-1") + IOB2.encode(),
        "".join(
            f'{{"id": {n}, "tags": {tags}, "tokens": {words}, "more": [1.50]}}\n'
            for n, tags, words in (
                ("1", '["B-A", "O"]', '["caf\\u00e9", "x"]'),
                ("2", '["O"]', '["y"]'),
            )
        ),
        '{"tokens":["caf\\u00e9","x"],"tags":["B-A","B-A"]}\n\n{"tokens":["y"],"tags":["O"]}',
    ],
    ids=range(13),
)  # fmt: skip
def test_there_and_back_in_one_format_gives_every_byte_again(content, scheme, file, converted):
    source = file(content)
    suffix = ".jsonl" if read(source).how.format == "JSON lines" else ".conll"
    there, _ = converted(source, f"there{suffix}", scheme, Options(scheme="IOB2"))
    back, _ = converted(there, f"back{suffix}", "IOB2", Options(scheme=scheme))
    if b"1.50" in source.read_bytes():  # 1.50 cannot be told from 1.5
        assert back.read_text() == content.replace("1.50", "1.5").replace("\\u00e9", "é")
    else:
        assert back.read_bytes() == source.read_bytes()
    assert [s.tokens for s in read(there).sentences] == [s.tokens for s in read(source).sentences]


def test_json_that_cannot_be_written_as_it_was_is_named(file, converted):
    source = file(
        '{"tokens" : ["a"], "tags": ["B-X"]}\n{"tokens": ["b"], "tags": ["O"]}', "a.jsonl"
    )
    path, notes = converted(source, "b.jsonl", "IOBES")
    assert path.read_text().splitlines()[0] == '{"tokens": ["a"], "tags": ["S-X"]}'
    assert notes == ["whitespace and escapes of the JSON are not preserved; the values are"]


@pytest.mark.parametrize(
    "content",
    [
        IOB2,
        IOB2.replace("\t", "\tx\t"),
        "# text = a\n-DOCSTART- -X- O O\n\n" + IOB2.replace("\n\n", "\n\n# text = b\n", 1),
        "1\tRome\tB-LOC\t-\t-\n2\twins\tO\t-\t-\n\n# sent_id = 2\n1\tAnna\tB-PER\t-\t-\n\n",
    ],
    ids=range(4),
)
def test_columns_come_back_from_json_as_they_were(content, file, converted):
    there, notes = converted(file(content), "there.jsonl")
    back, notes_back = converted(there, "back.conll")
    assert (back.read_text(), notes, notes_back) == (content, [], [])


def test_json_lines_have_the_words_the_tags_and_the_rest_by_name(file, converted):
    path, _ = converted(file("# text = a\n" + IOB2.replace("\t", "\tx\t"), "in.txt"), "out.jsonl")
    assert json.loads(path.read_text().splitlines()[0]) == {
        "comments": ["# text = a"],
        "tokens": ["Rome", "wins"],
        "column_1": ["x", "x"],
        "tags": ["B-LOC", "O"],
    }


@pytest.mark.parametrize("tag", [None, "xpos"])
def test_conllu_comes_back_from_json_as_it_was(tag, file, converted):
    there, notes = converted(
        file(CONLLU, "a.conllu"), "there.jsonl", options=Options(tag_column=tag)
    )
    back, notes_back = converted(there, "back.conllu")
    naming = "to read what was written, name its columns: --token-column form --tag-column xpos"
    assert (back.read_text(), notes, notes_back) == (CONLLU, [], [naming] if tag else [])


def test_pos_tags_in_columns_come_back_from_conllu_as_they_were(file, converted):
    content = "# a comment\nAnna\tPROPN\n\nreads\tVERB\n.\tPUNCT\n\n"
    there, notes = converted(file(content), "there.conllu")
    assert there.read_text().splitlines()[:2] == [
        "# a comment", "1\tAnna\t_\tPROPN\t_\t_\t_\t_\t_\t_"]  # fmt: skip
    back, notes_back = converted(there, "back.conll")
    assert (back.read_text(), notes, notes_back) == (content, [], [])


def test_conllu_in_columns_is_read_without_naming_any(file, converted):
    path, notes = converted(file(CONLLU, "a.conllu"), "out.conll")
    assert read(path).sentences[0].tags == ["ADP", "DET", "PROPN"]
    [note] = notes
    assert note.startswith("not kept: names of columns, which stand in this order: tokens, lemma")


def test_rows_of_conllu_that_are_no_words_are_named_if_they_get_lost(file, converted):
    gaps = "_\t" * 8 + "_\n"
    content = f"1-2\t{gaps}" + CONLLU.replace("3\tAP", f"2.1\t{gaps}3\tAP")
    source = file(content, "a.conllu")
    assert converted(source, "same.conllu")[0].read_text() == content
    path, notes = converted(source, "out.jsonl")
    assert notes == ["not kept: 2 rows of multiword tokens and empty nodes"]
    assert len(read(path).sentences) == 2


def test_lines_that_belong_to_no_sentence_are_named_if_they_get_lost(file, converted):
    source = file(IOB2 + "-DOCSTART- O\n")
    assert converted(source, "out.jsonl")[1] == ["not kept: 1 lines after the last sentence"]


def test_json_values_that_are_no_columns_become_comments(file, converted):
    source = file(
        '{"id": 7, "tokens": ["a", "b"], "ner": ["B-X", "O"], "text": "a\\nb"}', "a.jsonl"
    )
    path, notes = converted(source, "out.conll", options=Options(tag_column="ner"))
    assert path.read_text() == "# id = 7\n# text = a b\na\tB-X\nb\tO\n\n"
    assert notes == [
        "the value of 'id' becomes a comment in 1 sentences",
        "the value of 'text' becomes a comment in 1 sentences",
    ]


def test_boundaries_of_documents_become_comments_in_conllu(file, converted):
    path, notes = converted(file("-DOCSTART- X\n\na\tX\nb\tY\n"), "out.conllu")
    assert path.read_text().startswith("# newdoc\n1\ta\t")
    assert notes == ["1 document boundaries become comments, '# newdoc'"]


def test_columns_can_be_separated_as_conlleval_wants_them(file, converted):
    path, notes = converted(file(IOB2), "out.conll", separator="space")
    assert (path.read_text(), notes) == (IOB2.replace("\t", " "), [])


def test_a_column_that_has_to_be_named_to_be_read_is_said(file, converted):
    source = file("a\tX\tB-A\nb\tY\tO\n\n")
    path, notes = converted(source, "out.jsonl", options=Options(tag_column=1))
    path, notes = converted(path, "out.conll")
    assert notes == ["to read what was written, name its columns: --token-column 0 --tag-column 1"]


def test_invalid_tags_are_repaired_and_each_is_named(file, converted):
    path, notes = converted(file(IOB2 * 5 + "Mr.\tO\nHolm\tI-PER\n"), "out.conll", "IOB2")
    assert path.read_text().endswith("Holm\tB-PER\n")
    assert notes == [
        "I-PER after O: in IOB2 an entity opens with B-PER; repaired as conlleval reads it"
    ]


@pytest.mark.parametrize(
    ("content", "name", "options", "message"),
    [
        (IOB2, "out.conllu", {}, "out.conllu: CoNLL-U has no column for the tags of entities"),
        (IOB2, "out.conll", {"to": "IOB"}, "unknown scheme 'IOB'; known are IOB2, IOB1"),
        (IOB2, "no/out.conll", {}, "cannot be written: there is no such folder"),
        (IOB2, "some.conll", {}, "some.conll: exists: give another name"),
        (IOB2, "out.conll.gz", {}, "out.conll.gz: files are written uncompressed: leave out .gz"),
        (IOB2 * 9 + "x\n", "out.conll", {"to": "IO"}, "some.conll:64: 1 columns instead of 2"),
        (IOB2 * 9 + "x\tB_X\n", "o.conll", {"to": "IO"}, "some.conll:64: 'B_X' is no tag of"),
        ("a\tB-X\nb\tB-X\n", "o.conll", {"to": "IO"}, "some.conll:1: the X of token 2 touches"),
        ("a\tDET\n", "out.conll", {"to": "IOB2"}, "some.conll: its tags spell no entities"),
        (JSON.replace("WORD", "a b"), "o.conll", {"separator": "space"}, "some.conll:1: this"),
        (JSON.replace("WORD", "-DOCSTART-"), "o.conll", {}, "some.conll:1: this sentence would"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_and_nothing_written(
    content, name, options, message, file, tmp_path
):
    source = file(content)
    with pytest.raises(InputError) as caught:
        convert(source, tmp_path / name, **options)
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [source] and source.read_text() == content
