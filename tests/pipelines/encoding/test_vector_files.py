"""Files of word vectors as others make and damage them: read right, noted, or refused in a line."""

import bz2
import gzip
import io
import lzma
import re
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.config.schema import Vectors
from pipelines.encoding.vectors import WordVectors, coverage, table
from pipelines.errors import InputError
from pipelines.text.sentences import Sentence

ROWS = {
    "the": [1, 2],
    "Rome": [5.5, 6],
    ". . .": [7, 8],
    "é": [9, -10],
    "anna": [0.5, -1e-3],
    "1984": [3, 4],
    "東京": [5, 6],
}
GLOVE = "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in ROWS.items())
LINES = GLOVE.splitlines(keepends=True)


def sentences(*words):
    return [Sentence(list(words), ["O"] * len(words), "f:1", [])]


def read(path, content=None, words=(), **options):
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return table(Vectors(files=[str(path)], **options), sentences(*words) if words else [])


def same(found, rows=ROWS):
    assert found.words == list(rows)
    np.testing.assert_allclose(found.rows, list(rows.values()), rtol=1e-5)


def notes(found):
    """Places without the folder, with their messages."""
    return [(note.where.rsplit("/", 1)[1], note.message) for note in found.notes]


def refused(path, content=None, **options):
    with pytest.raises(InputError) as caught:
        read(path, content, **options)
    message = str(caught.value)
    assert "\n" not in message and str(path.parent) in message
    return message


def word2vec(rows=ROWS, after=b"", count=None):
    head = f"{len(rows) if count is None else count} 2\n".encode()
    return head + b"".join(
        word.replace(" ", "_").encode() + b" " + struct.pack("<2f", *row) + after
        for word, row in rows.items()
    )


BINARY_ROWS = {word.replace(" ", "_"): row for word, row in ROWS.items()}


@pytest.mark.parametrize("content", [
    GLOVE, f"{len(ROWS)} 2\n{GLOVE}", f"{len(ROWS)}\t2 \r\n{GLOVE}", "\ufeff" + GLOVE,
    f"\ufeff{len(ROWS)} 2\n{GLOVE}", GLOVE.replace("\n", "\r\n"), GLOVE.replace("\n", " \n"),
    GLOVE.removesuffix("\n"), GLOVE + "\n", GLOVE + "\n \n",
])  # fmt: skip
def test_what_is_well_formed_is_read_without_a_note(content, tmp_path):
    found = read(tmp_path / "v", content)
    same(found)
    assert not found.notes


@pytest.mark.parametrize("after", [b"", b"\n"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_binary_files_of_word2vec_are_read(after, pack, tmp_path):
    found = read(tmp_path / "v.txt", pack(word2vec(after=after)))
    same(found, BINARY_ROWS)
    assert not found.notes


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_is_compressed_is_known_by_its_bytes(pack, tmp_path):
    same(read(tmp_path / "v.txt", pack(GLOVE.encode())))
    assert "damaged or cut short" in refused(tmp_path / "v.vec", pack(GLOVE.encode())[:-12])


def test_an_archive_of_one_file_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "v.vec", "w") as archive:
        archive.writestr("wiki/v.vec", GLOVE)
    same(read(tmp_path / "v.vec"))


@pytest.mark.parametrize(("content", "line", "message", "lost"), [
    (LINES[0] + "\n" + "".join(LINES[1:]), 2, "a blank line; 1 in all", ()),
    ("<pad> 0\n" + GLOVE, 1, "there are fewer than 2 numbers after the word; 1 row left out", ()),
    (GLOVE + "cut 1", 8, "fewer than 2 numbers", ()),
    (GLOVE + "cut", 8, "fewer than 2 numbers", ()),
    (GLOVE + "long 1.5 2 3\n", 8, "there are more than 2 numbers", ()),
    (GLOVE + " 1 2\n", 8, "the word is blank; 1 row left out", ()),
    (GLOVE + "\t1 2\n", 8, "the word is blank", ()),
    (GLOVE + "x 1 2,5\n", 8, "what follows the word is not all numbers", ()),
    (GLOVE + "x 1_0 2\n", 8, "what follows the word is not all numbers", ()),
    (GLOVE + "x\0 1 2\n", 8, "control characters", ()),
    (GLOVE.encode() + "für 1 2\n".encode("latin-1"), 8, "the word is not UTF-8", ()),
    (GLOVE + "the 0 0\nthe 1 1\n", 8, "'the' is there again; of 2 such rows the first", ()),
    (f"9 2\n{GLOVE}", 1, "the header says 9 words of 2 numbers, and there are 7 of 2", ()),
    (f"7 300\n{GLOVE}", 1, "the header says 7 words of 300 numbers, and there are 7 of 2", ()),
    (GLOVE.replace("the 1 2", "the 1 x"), 1, "not all numbers", ("the",)),
])  # fmt: skip
def test_few_bad_rows_are_noted_and_the_others_read(content, line, message, lost, tmp_path):
    found = read(tmp_path / "v", content)
    same(found, {word: row for word, row in ROWS.items() if word not in lost})
    [(where, said)] = notes(found)
    assert where == f"v:{line}" and message in said


def test_a_kind_of_bad_row_is_noted_once_with_its_count(tmp_path):
    many = "".join(f"w{n} {n} 0.5\n" for n in range(100))
    found = read(tmp_path / "v", f"{many}a 1\nb 1\n 1 2\nc 1\n")
    assert len(found.words) == 100
    assert notes(found) == [
        ("v:101", "there are fewer than 2 numbers after the word; 3 rows left out"),
        ("v:103", "the word is blank; 1 row left out"),
    ]


@pytest.mark.parametrize(("content", "message"), [
    ("", "v: there is no word vector in it"),
    ("\n \n", "v: there is no word vector in it"),
    ("\ufeff", "v: there is no word vector in it"),
    ("7 2\n", "only a header"),
    ("a 1 2\nb 1\n", "v:2: expected a word and 2 numbers, as in 1 of the first 2 rows, found 1"),
    (GLOVE + "a 1\n" * 3, "v:8: there are fewer than 2 numbers after the word; so do 3 rows of 10"),
    (GLOVE * 99 + "a 1 2 3.5\n" * 99, "there are more than 2 numbers"),
    (GLOVE.replace(" ", ","), "v:1: the columns are separated by ','"),
    ("a;1;2\nb;2;3\n", "v:1: the columns are separated by ';'"),
    ("a 0,1 0,2\nb 1,5 2\n", "v:1: the numbers have decimal commas: write them with points"),
    ("Oslo B-LOC\n. O\n", "v:1: expected a word and its numbers, found 'Oslo B-LOC'"),
    ('{"the": [1, 2]}\n', "v:1: expected a word and its numbers"),
    ("1 2 the\n3 4 rome\n", "v:1: expected a word and its numbers"),
    ("1 2\n3 4 5\n6 7 8\n", "v:2: begins with a number where a word was expected; so do 2 of 2"),
    ("".join(f"{n} {line}" for n, line in enumerate(LINES)), "v:1: begins with a number"),
    ("".join(f"{n}.5 1 2\n" for n in range(9)) + GLOVE, "v:1: begins with a number"),
    ("a nan 1\n" + GLOVE, "v:1: the vector of 'a' has a number that is not finite"),
    (GLOVE + "a 1 -inf\n", "v:8: the vector of 'a' has a number that is not finite, or not in 32 "
                           "bits (-inf): correct"),
    (GLOVE + "a 1e999 1\n", "v:8: the vector of 'a'"), (GLOVE + "a 1e39 1\n", "(inf)"),
    (GLOVE + "a nan nan\nb 1 nan\n", "v:8: the vector of 'a' .* and so have 1 more words"),
    (GLOVE.encode("utf-16"), "v: is text in UTF-16"), (GLOVE.encode("utf-16-le"), "v: is text in"),
    (GLOVE.encode("utf-32"), "v: is text in UTF-16 or UTF-32: write it in UTF-8"),
    ("für 1 2\nlöwe 3 4\nschön 1 1\n".encode("latin-1"), "v:1: the word is not UTF-8"),
    (GLOVE.replace("\n", "\r"), "v:1: "),
    (b"x" * 3_000_000, "v:1: a line of more than 1,048,576 bytes"),
    (b"x" + b" 1" * 70_000, "v:1: has 70,000 numbers"),
    ("<!DOCTYPE html>", "v: is a web page"), (b"PAR1", "v: is a Parquet table"),
    ("version https://git-lfs.github.com/spec/v1\n", "v: is a git-LFS pointer"),
    (b"\x80\x04K\x01.", "v: is a Python pickle"), (bytes(99), "v: is binary data, but not as of"),
    (word2vec()[:-3], "v: cut short, or damaged: the header says 7 words of 2 numbers"),
    (word2vec(count=99), "v: cut short, or damaged: .* ends in word 8"),
    (word2vec().replace(b"7 2\n", b"7 3\n"), "v"),
    (word2vec().replace(b"7 2\n", b"7 0\n"), "v: damaged: the header says 0 numbers"),
    (word2vec({**ROWS, "a": [1, np.nan]}), "v, row 8: the vector of 'a' has a number that is not"),
])  # fmt: skip
def test_what_is_no_usable_file_is_said_in_one_line(content, message, tmp_path):
    said = refused(tmp_path / "v", content)
    if ".*" in message:
        assert re.search(message, said)
    else:
        assert f"{tmp_path}/" in said and message in said


def test_a_bad_row_that_is_not_wanted_does_no_harm(tmp_path):
    found = read(tmp_path / "v", GLOVE + "a nan 1\n", most_frequent=2)
    assert found.words == ["the", "Rome"]


def test_more_than_the_header_of_a_binary_file_says_is_noted(tmp_path):
    found = read(tmp_path / "v", word2vec(count=6))
    assert found.words == list(BINARY_ROWS)[:6]
    assert notes(found) == [("v", "there is more after the 6 words that the header says; left out")]


def test_a_word_that_is_a_number_is_no_header_of_rows_with_one_number(tmp_path):
    found = read(tmp_path / "v", "1984 5\nthe 1\nRome 2\n")
    same(found, {"1984": [5], "the": [1], "Rome": [2]})


def test_a_word_that_is_empty_in_a_binary_file_is_noted(tmp_path):
    found = read(tmp_path / "v", word2vec({"": [1, 2], **ROWS}))
    same(found, BINARY_ROWS)
    assert notes(found) == [("v, row 1", "the word is blank; 1 row left out")]


# fastText


def ngrams(word, shortest, longest):
    """By the description: all substrings, but no bracket alone."""
    word = f"<{word}>"
    return [
        word[i:j]
        for i in range(len(word))
        for j in range(i + 1, len(word) + 1)
        if shortest <= j - i <= longest and word[i:j] not in "<>"
    ]


def fnv(text):
    """FNV-1a, with bytes as int8, as in C."""
    with np.errstate(over="ignore"):
        value = np.uint32(2166136261)
        for byte in np.frombuffer(text.encode(), "int8").astype("uint32"):
            value = (value ^ byte) * np.uint32(16777619)
    return int(value)


def fasttext(
    words=("</s>", "the", "für", "東京", "a"),
    labels=(),
    version=12,
    model=2,
    buckets=11,
    shortest=2,
    longest=3,
    quantised=False,
    pruned=-1,
):
    """A model as fastText saves it, and the vectors that it means."""
    dim = 3
    rows = np.random.default_rng(0).normal(size=(len(words) + buckets, dim)).astype("<f4")
    sizes = (dim, 5, 5, 1, 5, 1, 2, model, buckets, shortest, longest, 100)
    data = struct.pack("<2i12id", 793712314, version, *sizes, 1e-4)
    data += struct.pack("<3i2q", len(words) + len(labels), len(words), len(labels), 99, pruned)
    for n, word in enumerate([*words, *labels]):
        data += word.encode() + b"\0" + struct.pack("<qb", 5, n >= len(words))
    data += b"".join(struct.pack("<2i", n, n) for n in range(pruned))
    data += struct.pack("<?2q", quantised, *rows.shape) + rows.tobytes() + b"\0rest"
    expected = {}
    for n, word in enumerate(words):
        parts = [] if word == "</s>" or pruned == 0 else ngrams(word, shortest, longest)
        chosen = [n, *(len(words) + fnv(part) % buckets for part in parts)]
        expected[word] = rows[chosen].astype("float64").mean(axis=0)
    return data, expected


def test_ngrams_whose_sum_is_no_number_are_refused_in_a_line(tmp_path):
    data, _ = fasttext()
    rows = np.tile(np.array([np.inf, -np.inf], "<f4")[:, None], (8, 3))  # of 5 words, 11 buckets
    path = tmp_path / "any.bin"
    path.write_bytes(data[: -rows.nbytes - len(b"\0rest")] + rows.tobytes() + b"\0rest")
    with pytest.raises(InputError, match="any.bin.*has a number that is not finite"):
        table(Vectors(files=[str(path)]), [])


def test_the_hash_is_fnv_1a():
    assert fnv("a") == 0xE40C292C and fnv("foobar") == 0xBF9CF968  # from the authors' test vectors


@pytest.mark.parametrize("options", [
    {}, {"shortest": 1}, {"shortest": 3, "longest": 6}, {"longest": 0, "shortest": 0},
    {"labels": ["__label__a"], "model": 3}, {"pruned": 0}, {"words": ["x" * 70, "é"]},
    {"version": 11},
])  # fmt: skip
def test_models_of_fasttext_are_read_with_their_character_ngrams(options, tmp_path):
    data, expected = fasttext(**options)
    same(read(tmp_path / "v.bin", data), expected)


def test_old_classifiers_of_fasttext_have_no_character_ngrams(tmp_path):
    same(
        read(tmp_path / "v", fasttext(version=11, model=3)[0]),
        fasttext(longest=0, shortest=0)[1],
    )


@pytest.mark.parametrize(("options", "change", "message"), [
    ({"quantised": True}, bytes, "a quantised fastText model"),
    ({"pruned": 3}, bytes, "a quantised fastText model"),
    ({"version": 13}, bytes, "version 13; versions 11 and 12 are read"),
    ({}, lambda data: data[:-60], "cut short or damaged (it has no 16 rows of 3 numbers)"),
    ({}, lambda data: data[:90], "cut short or damaged (it ends too early)"),
    ({}, lambda data: data[:150], "cut short or damaged (it ends too early)"),
    ({}, lambda data: data[:8] + b"\4" + data[9:], "cut short or damaged"),
    ({}, lambda data: data[:64] + b"\xff\xff\xff\x7f" + data[68:], "the sizes in its header"),
    ({}, gzip.compress, "is a fastText model (.bin), which is read in place, and gzip-compressed"),
])  # fmt: skip
def test_models_of_fasttext_that_cannot_be_read_are_refused(options, change, message, tmp_path):
    assert message in refused(tmp_path / "v.bin", change(fasttext(**options)[0]))


# NumPy arrays


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_arrays_of_other_kinds_are_read_with_words_of_any_line_ends(tmp_path):
    (tmp_path / "v.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(ROWS).encode())
    for kind in ("<f2", ">f4", "<f8"):
        found = read(tmp_path / "v.npy", npy(np.array(list(ROWS.values()), kind)))
        assert found.rows.dtype == "float32" and found.words == list(ROWS)
        np.testing.assert_allclose(found.rows, list(ROWS.values()), rtol=1e-3)


@pytest.mark.parametrize(("array", "message"), [
    (npy(np.array([[1, 2], [np.nan, 1]])), "v.npy, row 2: the vector of 'b' has a number"),
    (npy(np.array([[1, 2], [1e39, 1]])), "v.npy, row 2: the vector of 'b' has a number"),
    (npy(np.zeros((2, 0))), "the shape (2, 0)"), (npy(np.zeros((2, 2), int)), "holds int64"),
    (npy(np.zeros(2)), "the shape (2,)"), (npy(np.array([{}, 1])), "a damaged NumPy array"),
    (npy(np.zeros((2, 2)))[:-9], "a damaged NumPy array"), (npy(np.zeros(2))[:20], "a damaged"),
    (gzip.compress(npy(np.zeros((2, 2)))), "which is read in place, and gzip-compressed"),
])  # fmt: skip
def test_arrays_that_cannot_be_read_are_refused(array, message, tmp_path):
    (tmp_path / "v.txt").write_text("a\nb\n")
    assert message in refused(tmp_path / "v.npy", array)


def test_an_array_under_another_name_is_named(tmp_path):
    assert "is a NumPy array: name it .npy" in refused(tmp_path / "v.txt", npy(np.zeros((2, 2))))


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "v").mkdir()
    assert "Is a directory" in refused(tmp_path / "v")


# Coverage


def test_vectors_of_no_training_word_are_refused(tmp_path):
    said = refused(tmp_path / "v", GLOVE, words=["und", "der", "der"])
    assert "v: has a vector for none of the 2 training words: " in said


def cause(words, tokens):
    """What is said of vectors of these words and a comma, for a text of these tokens."""
    known = [*words, ","]
    return coverage(WordVectors(known, np.ones((len(known), 1))), sentences(*tokens, ",")).warning


ENGLISH = ["the", "house", "stands", "in", "a", "quiet", "street", "near", "our", "old", "station"]
GERMAN = [
    "das",
    "Haus",
    "steht",
    "auf",
    "einer",
    "kleinen",
    "Straße",
    "zwischen",
    "großen",
    "Bäumen",
]
RUSSIAN = ["дом", "стоит", "на", "тихой", "улице"]
MANY = [f"{a}{b}{c}" for a in "bcdfghjklmnpqrstvwxz" for b in "aeiou" for c in range(60)]


@pytest.mark.parametrize(("words", "tokens", "expected"), [
    (ENGLISH, ENGLISH, ""),
    (ENGLISH, [word.capitalize() for word in ENGLISH], ""),
    ([word.upper() for word in ENGLISH], ENGLISH, "in another case"),
    ([word.encode().decode("latin-1") for word in RUSSIAN], RUSSIAN, "another encoding"),
    (["Bäume".encode().decode("cp1252")], ["Bäume"], "another encoding"),
    (["Ba\u0308ume"], ["Bäume"], "another Unicode normalisation"),
    (ENGLISH, ["_".join(ENGLISH[n : n + 2]) for n in range(9)], "the words are joined"),
    ([f"/c/en/{word}" for word in ENGLISH], ENGLISH, "such as '/c/en/the' for 'the'"),
    ([f"{word}_NOUN" for word in ENGLISH], ENGLISH, "such as 'the_NOUN' for 'the'"),
    (ENGLISH, RUSSIAN, r"another script (CYRILLIC) than the vectors (LATIN)"),
    (ENGLISH, GERMAN, "the vectors are of few words (12)"),
    (MANY, GERMAN, "another language? Without one are for instance 'das', 'Haus', 'steht'"),
])  # fmt: skip
def test_low_coverage_comes_with_its_likely_cause(words, tokens, expected):
    found = cause(words, tokens)
    assert expected in found and bool(found) == bool(expected)


def test_of_several_files_the_one_with_low_coverage_is_named(tmp_path):
    (tmp_path / "few").write_text("Rome 1\n")
    (tmp_path / "all").write_text(GLOVE, "utf-8")
    files = [str(tmp_path / name) for name in ("few", "all")]
    found = table(Vectors(files=files), sentences("the", "anna", "Rome"))
    assert notes(found) == [
        ("few", "low coverage of the training words: the vectors are of few words (1)")
    ]


# Anything


ANY_LINE = st.lists(
    st.sampled_from(["the", "Rome", "1", "-2.5", "nan", "1e999", "0,5", "7 2", "é", "\ufeff", " ",
                     "\t", "\0", "<s>", "\r"]), max_size=5).map(" ".join)  # fmt: skip
ANY_FILE = st.one_of(
    st.binary(max_size=200),
    st.lists(ANY_LINE, max_size=8).map("\n".join).map(str.encode),
    st.tuples(st.sampled_from([GLOVE.encode(), word2vec(), fasttext()[0], npy(np.ones((7, 2)))]),
              st.integers(0, 400), st.binary(max_size=8), st.integers(0, 8))
    .map(lambda given: given[0][: given[1]] + given[2] + given[0][given[1] + given[3] :]),
)  # fmt: skip


@settings(max_examples=300, deadline=2000)
@given(ANY_FILE, st.sampled_from([bytes, gzip.compress, bz2.compress]))
def test_any_bytes_are_finite_vectors_or_refused_in_a_line(tmp_path_factory, content, pack):
    folder = tmp_path_factory.getbasetemp()
    (folder / "any.txt").write_text("\n".join(ROWS), "utf-8")
    path = folder / "any.npy"
    path.write_bytes(pack(content))
    try:
        found = table(Vectors(files=[str(path)]), [])
    except InputError as error:
        assert str(path.parent) in str(error) and "\n" not in str(error)
    else:
        assert found.rows.ndim == 2 and len(found.rows) == len(found.words) > 0
        assert np.isfinite(found.rows).all() and found.rows.shape[1] > 0
