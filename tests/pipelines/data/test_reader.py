"""Reading: every oddity of real files is survived, and every fault is named with its line."""

import json
import sys

import pytest

from pipelines.data.options import Options
from pipelines.data.reader import read, read_hironsancorpus
from pipelines.errors import InputError
from pipelines.text.sentences import place


@pytest.fixture
def file(tmp_path):
    """Writes a file, of text or bytes, and gives its path."""

    def write(content, name="some.conll"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def sentences(reading):
    return [(sentence.tokens, sentence.tags) for sentence in reading.sentences]


def errors(reading):
    """Line and message of each fault, all of them errors."""
    assert {fault.severity for fault in reading.faults} <= {"error"}
    return [(int(fault.where.rpartition(":")[2]), fault.message) for fault in reading.faults]


TWO = [(["Rome", "wins"], ["B-LOC", "O"]), (["Anna", "Berg"], ["B-PER", "I-PER"])]
TWO_AS_TEXT = "Rome\tB-LOC\nwins\tO\n\nAnna\tB-PER\nBerg\tI-PER\n"


def test_a_sentence_knows_the_line_of_each_token(file):
    path = file("\n" + TWO_AS_TEXT)
    first, second = read(path).sentences
    assert (first.where, second.where) == (f"{path}:2", f"{path}:5")
    assert [place(second, i) for i in range(2)] == [f"{path}:5", f"{path}:6"]


@pytest.mark.parametrize(
    "content",
    [
        TWO_AS_TEXT,
        TWO_AS_TEXT.replace("\n\n", "\n\t\n"),  # WNUT-17 breaks most sentences like this
        TWO_AS_TEXT.replace("\n\n", "\n \n\n\u3000\n"),
        TWO_AS_TEXT.replace("\n", "\r\n"),
        TWO_AS_TEXT.replace("\n", "\r"),
        "\ufeff" + TWO_AS_TEXT,
        TWO_AS_TEXT.rstrip("\n"),
        TWO_AS_TEXT.replace("\t", " "),
        TWO_AS_TEXT.replace("\t", "   "),
        TWO_AS_TEXT.replace("Rome\t", "Rome  ").replace("Anna\t", "Anna \t"),
        TWO_AS_TEXT.replace("\t", " ", 1),
        TWO_AS_TEXT.replace("\t", " ").replace("O\n", "O \n").replace("Anna", "  Anna"),
        TWO_AS_TEXT.replace("\t", ";"),
        TWO_AS_TEXT.replace("\t", ","),
        TWO_AS_TEXT.replace("\t", "|"),
        TWO_AS_TEXT.replace("\t", "\tx\ty\t"),
        TWO_AS_TEXT.replace("\nwins\tO", "\nwins\tO ").replace("B-PER", " B-PER"),
        TWO_AS_TEXT.encode("utf-16"),
        TWO_AS_TEXT.encode("utf-32"),
        "-DOCSTART-\tO\n\n" + TWO_AS_TEXT,
        TWO_AS_TEXT.replace("\n\n", "\n\n-DOCSTART-\tO\n\n") + "\n-DOCSTART-\tO\n\n",
        TWO_AS_TEXT.replace("\n\n", "\n-DOCSTART- -X- O O\n"),
        "# text = Rome wins\n" + TWO_AS_TEXT,
    ],
)
def test_the_same_sentences_are_read_however_they_are_written(file, content):
    reading = read(file(content))
    assert sentences(reading) == TWO
    assert reading.faults == []


def test_every_separator_is_named(file):
    separators = {"\t": "TAB", " ": "whitespace", "  ": "whitespace", " \t": "TAB", ";": ";"}
    for separator, name in separators.items():
        assert read(file(TWO_AS_TEXT.replace("\t", separator))).how.separator == name


def test_document_boundaries_are_counted_but_are_no_tokens(file):
    how = read(file("-DOCSTART- O\n\nRome B-LOC\n\n-DOCSTART- O\n")).how
    assert how.skipped == "2 document boundaries"


@pytest.mark.parametrize("blank", ["\u00a0", "\u3000", "\u2028", "\x85", "\u200b"])
def test_other_unicode_whitespace_is_part_of_tokens(file, blank):
    for token in (blank, f"a{blank}b"):
        reading = read(file(f"{token} O\nRome B-LOC\n"))
        assert sentences(reading) == [([token, "Rome"], ["O", "B-LOC"])]


def test_tokens_may_contain_spaces_where_tabs_separate(file):
    reading = read(file("New York\tB-LOC\nis\tO\nbig\tO\n"))
    assert reading.sentences[0].tokens == ["New York", "is", "big"]


def test_hashes_are_tokens_where_they_have_a_tag(file):
    reading = read(file("#\tO\n#happy\tO\n\n# \tO\nx\tO\n#\tO\n"))
    assert [s.tokens for s in reading.sentences] == [["#", "#happy"], ["#", "x", "#"]]


def test_comments_before_a_sentence_are_skipped(file):
    path = file("# newdoc\n# text = Rome wins\nRome\tB-LOC\nwins\tO\n\n# text = x\nx\tO\n")
    reading = read(path)
    assert [s.where for s in reading.sentences] == [f"{path}:3", f"{path}:7"]
    assert reading.how.skipped == "3 comments"


def test_comments_with_as_many_columns_as_rows_are_skipped(file):
    rows = "Rome NNP B-NP B-LOC\nwins VBZ B-VP O\n"
    reading = read(file(f"# sent_id = 1\n{rows}\n# sent_id = 2\n{rows}"))
    assert [s.tokens for s in reading.sentences] == [["Rome", "wins"]] * 2
    assert reading.faults == []


def test_a_hash_without_a_tag_is_a_fault(file):
    assert errors(read(file("#happy\n" + TWO_AS_TEXT)))[0][0] == 1


def test_a_comment_after_a_faulty_line_is_a_fault(file):
    reading = read(file("who\n# what\nwins\tO\n\n" + TWO_AS_TEXT))
    assert [number for number, _ in errors(reading)] == [1, 2]


def test_a_comment_inside_a_sentence_is_a_fault(file):
    reading = read(file("Rome\tB-LOC\n# what\nwins\tO\n"))
    assert errors(reading) == [
        (2, "1 columns instead of 2 separated by TAB; the sentence is left out")
    ]


def test_the_second_column_holds_the_tokens_if_the_first_only_counts(file):
    rows = "1\tRome\tB-LOC\t-\t-\n2\twins\tO\t-\t-\n\n1\tAnna\tB-PER\t-\t-\n2\tBerg\tI-PER\t-\t-\n"
    reading = read(file(rows))
    assert sentences(reading) == TWO
    assert (reading.how.token_column, reading.how.tag_column) == ("column 1 of 5", "column 2 of 5")


def test_numbers_are_tokens_where_there_are_two_columns_only(file):
    assert read(file("1\tO\n2\tO\n3\tO\n")).sentences[0].tokens == ["1", "2", "3"]


def test_numbers_that_do_not_count_are_tokens(file):
    assert read(file("7\tCD\tO\n8\tCD\tO\n1\tCD\tO\n")).sentences[0].tokens == ["7", "8", "1"]


def test_the_last_column_of_chunk_tags_holds_the_tags(file):
    reading = read(file("Rome NNP B-NP B-LOC x\nwins VBZ B-VP O y\n"))
    assert reading.sentences[0].tags == ["B-LOC", "O"]


def test_one_mistyped_tag_does_not_move_the_column(file):
    rows = ["Rome B-LOC -"] * 30
    rows[7] = "Rome B_LOC -"
    assert read(file("\n".join(rows))).sentences[0].tags[6:8] == ["B-LOC", "B_LOC"]


def test_without_chunk_tags_the_last_column_holds_the_tags(file):
    assert read(file("Rome x PROPN\nwins y VERB\n")).sentences[0].tags == ["PROPN", "VERB"]


@pytest.mark.parametrize("blank", [" ", "\t"])
def test_whitespace_at_the_end_of_every_line_is_no_column(file, blank):
    text = "Rome x PROPN \nwins y VERB \n".replace(" ", blank)
    assert read(file(text)).sentences[0].tags == ["PROPN", "VERB"]


def test_the_end_of_a_windows_line_is_no_part_of_the_token(file):
    reading = read(file("B-LOC\tRome\r\nO\twins\r\n"), Options(1))
    assert sentences(reading) == [TWO[0]]


@pytest.mark.parametrize(
    ("token", "tag", "expected"),
    [
        (0, 1, (["Rome"], ["NNP"])),
        (1, None, (["NNP"], ["B-LOC"])),
        (-1, None, (["B-LOC"], ["NNP"])),
        (None, -2, (["Rome"], ["NNP"])),
        (None, "1", (["Rome"], ["NNP"])),
    ],
)
def test_named_columns_are_taken(file, token, tag, expected):
    path = file("Rome NNP B-LOC\n")
    assert sentences(read(path, Options(token, tag))) == [expected]


@pytest.mark.parametrize("column", [3, -4, "upos"])
def test_a_column_that_is_not_there_is_refused(file, column):
    path = file("Rome NNP B-LOC\n")
    for columns in ({"token_column": column}, {"tag_column": column}):
        with pytest.raises(InputError, match=f"no column {column!r}; its columns are 0 to 2"):
            read(path, Options(**columns))


CONLLU = """\
# text = It's Rome.
1-2\tIt's\t_\t_\t_\t_\t_\t_\t_\t_
1\tIt\tit\tPRON\tPRP\t_\t0\t_\t_\t_
2\t's\tbe\tAUX\tVBZ\t_\t0\t_\t_\t_
2.1\tgone\tgo\tVERB\tVBN\t_\t_\t_\t_\t_
# a comment between the rows
3\tNew Rome\tRome\tPROPN\tNNP\t_\t0\t_\t_\t_
4\t_\t_\tPUNCT\t.\t_\t0\t_\t_\t_

1\tYes\tyes\tINTJ\tUH\t_\t0\t_\t_\t_
"""


@pytest.mark.parametrize("name", ["some.conllu", "some.txt"])
def test_the_words_of_conllu_are_the_rows_with_a_plain_number(file, name):
    reading = read(file(CONLLU, name))
    assert sentences(reading) == [
        (["It", "'s", "New Rome", "_"], ["PRON", "AUX", "PROPN", "PUNCT"]),
        (["Yes"], ["INTJ"]),
    ]
    assert reading.sentences[0].lines == [3, 4, 7, 8]
    assert reading.how.format == "CoNLL-U"
    assert reading.how.skipped == "2 comments, 1 multiword tokens, 1 empty nodes"


def test_columns_of_conllu_have_names(file):
    path = file(CONLLU, "some.conllu")
    assert sentences(read(path, Options(tag_column="xpos")))[1] == (["Yes"], ["UH"])
    assert sentences(read(path, Options("LEMMA", 4)))[1] == (["yes"], ["UH"])
    with pytest.raises(InputError, match="no column 'ner'; its columns are 0 to 9 or id, form"):
        read(path, Options(tag_column="ner"))


def test_faults_of_conllu_are_found(file):
    row = "1\tYes\tyes\tINTJ\tUH\t_\t0\t_\t_\t_\n"
    bad = [row.replace("INTJ", "_"), row.replace("1", "one", 1), "1\tYes\tINTJ\n"]
    reading = read(file("\n".join([row, *bad]), "some.conllu"))
    assert len(reading.sentences) == 1
    assert errors(reading) == [
        (3, "the tag is empty; the sentence is left out"),
        (5, "the id 'one' is not a number; the sentence is left out"),
        (7, "3 columns instead of 10 separated by TAB; the sentence is left out"),
    ]


JSON = '{"tokens": ["Rome", "wins"], "tags": ["B-LOC", "O"]}\n'


@pytest.mark.parametrize(("tokens", "tags"), [("tokens", "ner_tags"), ("words", "labels")])
@pytest.mark.parametrize("name", ["some.jsonl", "some.json", "some.txt"])
def test_json_lines_are_read_by_their_usual_keys(file, tokens, tags, name):
    content = JSON.replace("tokens", tokens).replace("tags", tags)
    path = file(content + "\n" + content, name)
    reading = read(path)
    assert sentences(reading) == [TWO[0]] * 2
    assert [place(s, 1) for s in reading.sentences] == [f"{path}:1", f"{path}:3"]


def test_keys_of_json_lines_can_be_named(file):
    path = file('{"w": ["a"], "pos": ["X"], "tags": ["O"]}')
    assert sentences(read(path, Options("w", "pos"))) == [(["a"], ["X"])]
    with pytest.raises(InputError, match=r"no key 'tokens' or 'words' .* 'w' or 'pos' or 'tags'"):
        read(path)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"tokens": ["a"], "tags"', "not a JSON object on one line"),
        ("[1]", "not a JSON object on one line"),
        ("null", "not a JSON object on one line"),
        ('{"tokens": ["a"]}', "'tags' is not a list of strings"),
        ('{"tokens": "a", "tags": ["O"]}', "'tokens' is not a list of strings"),
        ('{"tokens": ["a"], "tags": [3]}', "tags must be names, not numbers"),
        ('{"tokens": ["a", "b"], "tags": ["O"]}', "2 tokens and 1 tags"),
        ('{"tokens": [], "tags": []}', "0 tokens and 0 tags"),
        ('{"tokens": ["a", ""], "tags": ["O", "O"]}', "the token is empty in place 2"),
        ('{"tokens": ["a\\nb"], "tags": ["O"]}', "the token 'a\\nb' holds a NUL, TAB, line"),
        ('{"tokens": ["\\ud83d"], "tags": ["O"]}', "the token '\\ud83d' holds"),
    ],
)
def test_faults_of_json_lines_are_found(file, line, fault):
    reading = read(file(JSON + line + "\n" + JSON, "some.jsonl"))
    assert len(reading.sentences) == 2
    [(number, message)] = errors(reading)
    assert number == 2
    assert fault in message and message.endswith("; the sentence is left out")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"Ro\xffme\tB-LOC", "not valid UTF-8; save the file as UTF-8"),
        (b"Ro\x00me\tB-LOC", r"the token 'Ro\x00me' holds a NUL"),
        (b"\tB-LOC", "the token is empty"),
        (b" \tB-LOC", "the token is empty"),
        (b"Rome\t", "the tag is empty"),
        (b"Rome\t \xc2\xa0", "the tag is empty"),
        (b"Rome", "1 columns instead of 2"),
        (b"Rome,B-LOC", "1 columns instead of 2"),
        (b"Rome\tNNP\tB-LOC", "3 columns instead of 2"),
    ],
)
def test_a_faulty_line_is_named_and_only_its_sentence_left_out(file, line, fault):
    good = TWO_AS_TEXT.encode()
    reading = read(file(good + b"\nin\tO\n" + line + b"\n.\tO\n\n" + good))
    assert sentences(reading) == TWO * 2
    [(number, message)] = errors(reading)
    assert number == 8
    assert fault in message and message.endswith("; the sentence is left out")


def test_all_faults_are_collected(file):
    reading = read(file("Rome\tB-LOC\nwins\n\n\tO\n\nAnna\tB-PER\nis\tO\nBerg\t\nx\t\n"))
    assert [number for number, _ in errors(reading)] == [2, 4, 8, 9]
    assert reading.sentences == []


def test_a_line_without_the_named_columns_is_a_fault(file):
    reading = read(file("a x O\nb x O\nc O\n\nd x O\n"), Options(0, 2))
    assert sentences(reading) == [(["d"], ["O"])]
    assert errors(reading) == [
        (3, "2 columns instead of 3 separated by whitespace; the sentence is left out")
    ]


def test_lines_of_any_width_are_kept_with_a_warning_where_both_columns_are_named(file):
    path = file("Rome x B-LOC\nwins x O\nin x y O\n\nAnna B-PER\n")
    reading = read(path, Options(0, -1))
    assert sentences(reading) == [
        (["Rome", "wins", "in"], ["B-LOC", "O", "O"]),
        (["Anna"], ["B-PER"]),
    ]
    assert [fault[:3] for fault in reading.faults] == [
        (f"{path}:3", "4 columns instead of 3; the two named columns are read", "warning"),
        (f"{path}:5", "2 columns instead of 3; the two named columns are read", "warning"),
    ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\n \n\t\n", "is empty"),
        (b"# text = x\n\n-DOCSTART- O\n\n", "holds no sentence"),
        (b"Rome\nwins\n", "no columns found"),
        (b"It rained.\nNobody went out that day.\nWe read.\nThe book was good.\n", "no columns"),
        ("Rome\tB-LOC\n".encode("utf-16-le"), "every other byte is NUL: if it is UTF-16, say so"),
    ],
)
def test_a_file_that_cannot_be_made_out_is_refused(file, content, complaint):
    path = file(content)
    with pytest.raises(InputError, match=complaint) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def test_a_file_that_cannot_be_opened_is_refused(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    complaints = {"nowhere": "no such file", "": "is a directory", "loop": "cannot be read: "}
    for name, complaint in complaints.items():
        with pytest.raises(InputError, match=complaint):
            read(tmp_path / name)


def test_hironsancorpus_is_whole():
    pytest.importorskip("hironsan.corpus")
    readings = [read_hironsancorpus(split) for split in ("train", "test")]
    # 500 sentences, of which the package calls the first nine tenths train
    assert [len(reading.sentences) for reading in readings] == [450, 50]
    tokens = [token for reading in readings for s in reading.sentences for token in s.tokens]
    assert len(tokens) == 15520
    # ZSPACE is the kind of character in the second column, after a space that the package strips
    assert "ZSPACE" not in tokens and tokens.count("\u3000") == 2
    tags = {tag for reading in readings for s in reading.sentences for tag in s.tags}
    assert {tag.partition("-")[0] for tag in tags} == {"B", "I", "O"}
    assert {tag.partition("-")[2] for tag in tags if tag.startswith("B-")} == set(
        ["ART", "DAT", "LOC", "MON", "ORG", "PER", "PSN", "TIM"]
    )
    assert readings[0].sentences[1].where == "hironsancorpus:train:sentence 2"
    assert place(readings[0].sentences[1], 3) == "hironsancorpus:train:sentence 2"


def test_hironsancorpus_missing_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "hironsan.corpus", None)
    with pytest.raises(InputError, match=r"pip install 'keras-lstm-variants\[quickstart\]'"):
        read_hironsancorpus("train")
    with pytest.raises(InputError, match="no split 'dev'"):
        read_hironsancorpus("dev")


def snips(*utterances):
    """Utterances of pieces "text" or "text|entity" as SNIPS writes them."""
    parts = [
        [dict(zip(("text", "entity"), p.split("|"), strict=False)) for p in u] for u in utterances
    ]
    return json.dumps(
        {"Play": [{"data": pieces} for pieces in parts]}, indent=1, ensure_ascii=False
    )


@pytest.mark.parametrize("on_one_line", [False, True])
def test_utterances_of_labelled_pieces_are_taken_apart_into_words(on_one_line, file):
    text = snips(["Play ", "Los Lobos|artist", ", by ", "you|who", "."], ["no slot"])
    text = json.dumps(json.loads(text)) if on_one_line else text
    reading = read(file(text, "snips.json"))
    assert sentences(reading) == [
        (["Play", "Los", "Lobos", ",", "by", "you", "."],
         ["O", "B-artist", "I-artist", "O", "O", "B-who", "O"]),
        (["no", "slot"], ["O", "O"]),
    ]  # fmt: skip
    assert reading.faults == []
    assert [s.where.rpartition(":")[2] for s in reading.sentences] == ["Play 1", "Play 2"]


def test_labels_that_do_not_end_where_words_do_are_named(file):
    text = snips(["the ", "web|x", "site of", " Rome |y", "or", "-|z", "not"])
    reading = read(file(text, "snips.json"))
    assert sentences(reading) == [(["the", "website", "of", "Rome", "or-not"],
                                   ["O", "B-x", "O", "B-y", "B-z"])]  # fmt: skip
    assert [fault.message for fault in reading.faults] == [
        "x 'web' ends inside a word; it is 'website' now",
        "y ' Rome ' has leading or trailing whitespace, which is ignored",
        "z '-' ends inside a word; it is 'or-not' now",
    ]


def test_a_word_that_two_labels_touch_is_of_the_first(file):
    reading = read(file(snips(["ab|x", "cd|y", " e"]), "snips.json"))
    assert [s.tags for s in reading.sentences] == [["B-x", "O"]]
    assert [fault.message for fault in reading.faults] == [
        "x 'ab' ends inside a word; it is 'abcd' now",
        "y 'cd' has no word of its own and is left out",
    ]


def test_surrogate_pairs_are_decoded_as_single_characters(file):
    halves = "\U0001f600".encode("utf-16-be")
    cesu = b"".join(chr(int.from_bytes(halves[n : n + 2], "big")).encode("utf-8", "surrogatepass")
                    for n in (0, 2))  # fmt: skip
    content = snips(["so ", "X|mood"]).encode().replace(b'"X', b'"' + cesu)
    reading = read(file(content, "snips.json"))
    assert sentences(reading) == [(["so", "\U0001f600"], ["O", "B-mood"])]
    [fault] = reading.faults
    assert fault.severity == "warning" and "surrogate pairs (CESU-8)" in fault.message


@pytest.mark.parametrize(
    "labels",
    [
        '"entities": [{"start": 2, "end": 6, "label": "LOC"}]',
        '"spans": [{"start": 2, "end": 6, "type": "LOC"}]',
        '"label": [[2, 6, "LOC"]]',
        '"labels": [[2, 6, "LOC"]]',
    ],
)
def test_texts_with_offsets_are_taken_apart_into_words(labels, file):
    path = file(f'{{"text": "\U0001f600 Rome.", {labels}}}\n{{"text": "no", "labels": []}}')
    reading = read(path)
    assert sentences(reading) == [
        (["\U0001f600", "Rome", "."], ["O", "B-LOC", "O"]),
        (["no"], ["O"]),
    ]
    assert [s.where for s in reading.sentences] == [f"{path}:1", f"{path}:2"]


@pytest.mark.parametrize(
    "label", ['[0, 5, "X"]', '[2, 2, "X"]', "[0, 1, null]", '{"start": 0}', '"X"', '[-1, 1, "X"]']
)
def test_labels_outside_the_text_are_errors_with_their_line(label, file):
    good = '{"text": "Rome", "labels": [[0, 4, "X"]]}\n'
    reading = read(file(f'{good}{{"text": "Rome", "labels": [{label}]}}'))
    [(line, message)] = errors(reading)
    assert line == 2 and " label" in message and "left out" in message
    assert len(reading.sentences) == 1


def test_a_layer_of_tags_is_read_and_one_that_is_not_there_refused(file):
    path = file("Univ\tB-ORG|B-LOC\nof\tI-ORG\nRome\tI-ORG|I-LOC\nis\tO\n")
    assert sentences(read(path, Options(layer=1)))[0][1] == ["B-ORG", "I-ORG", "I-ORG", "O"]
    assert sentences(read(path, Options(layer=2)))[0][1] == ["B-LOC", "O", "I-LOC", "O"]
    for layer, text in ((3, None), (0, None), ("inner", None), (2, TWO_AS_TEXT)):
        other = file(text, "other.conll") if text else path
        with pytest.raises(InputError, match=f"there is no layer {layer!r}: "):
            read(other, Options(layer=layer))
    assert sentences(read(file(TWO_AS_TEXT), Options(layer=1))) == TWO
