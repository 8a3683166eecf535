"""Whatever a file holds: right, or one clear error, in two seconds, and no other exception."""

import gc
import os
import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.data.checker import check
from pipelines.data.converter import convert
from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.data.splits import without_faults
from pipelines.errors import InputError
from pipelines.scoring.files import score_files

# Pieces of which files are made that are nearly something.
PIECES = [
    "Rome", "wins", "B-LOC", "I-PER", "O", "b-per", "B_PER", "PER", "NOUN", "B-PER|B-ORG", "_", "-",
    "\t", " ", ";", ",", "|", "\n", "\n\n", "\r\n", "\r", "\0", "\ufeff", "\u2028", "\u3000", "é",
    "\U0001f600", "# ", "#", "1", "1-2", "1.1", "2", "-DOCSTART-", "-X-", '"', "'", "{", "}", "[",
    "]", ":", '"tokens"', '"tags"', '"text"', '"labels"', "null", "true", "0", "1e999", "(", ")",
    "*", "<PER>", "</PER>", "/", "T1", "#FORMAT=WebAnno TSV 3.3", "# global.columns = ID FORM NER",
    "#begin document (a); part 000", "123|t|", "123|a|", "Sentence #,Word,Tag",
]  # fmt: skip
# A tenth of a sentence each, so that the rows of columns occur at all.
ROWS = ["Rome\tB-LOC\n", "wins\tO\n", "1\tRome\tB-LOC\tO\n", "Anna NNP B-NP B-PER\n", "\n",
        "1\tRome\t_\tPROPN\t_\t_\t0\t_\t_\tNER=B-LOC\n",
        '{"tokens": ["Rome"], "tags": ["B-LOC"]}\n']  # fmt: skip
ANYTHING = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from(PIECES), max_size=60).map(lambda parts: "".join(parts).encode()),
    st.lists(st.sampled_from([*ROWS, *ROWS, *PIECES]), max_size=40).map(
        lambda parts: "".join(parts).encode()
    ),
)
OPTIONS = st.builds(
    Options,
    token_column=st.sampled_from([None, None, 0, 1, -1, 9, "form", "tokens", ""]),
    tag_column=st.sampled_from([None, None, 0, 1, -1, 9, "upos", "misc.NER", ""]),
    scheme=st.sampled_from([None, None, "IO", "none", "iobes", "IOBX"]),
    outside=st.sampled_from([(), (), ("_",), ("0", "")]),
    joiner=st.sampled_from([None, None, "_", ""]),
    order=st.sampled_from([None, None, "type first"]),
    layer=st.sampled_from([None, None, 1, 2, "inner", 0, -1]),
    encoding=st.sampled_from([None, None, None, "latin-1", "utf-16", "no such"]),
)

SEARCH = settings(
    max_examples=2000 if os.environ["TEST_TIER"] == "nightly" else 100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def one_line(error):
    assert str(error) and "\n" not in str(error).rstrip("\n")


@pytest.fixture(autouse=True)
def no_garbage_of_others():
    """What tests before have left in this process takes Python seconds to look through."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("suffix", [".conll", ".json", ".jsonl", ".conllu", ".csv"])
@SEARCH
@example(content=b"", options=Options())
@example(content=b'{"a":' * 5000, options=Options())
@example(content=b"[" * 100_000, options=Options())
@example(content=b"\x01\t\n\x00", options=Options(token_column=0, tag_column=0))
@given(content=ANYTHING, options=OPTIONS)
def test_any_file_is_read_or_refused_in_one_line(suffix, content, options, tmp_path):
    path = tmp_path / f"some{suffix}"
    path.write_bytes(content)
    began = time.process_time()
    try:
        reading = read(path, options)
    except InputError as error:
        one_line(error)
        return
    finally:
        assert time.process_time() - began < 2 or b"text" in content  # TensorFlow is imported once
    for sentence in reading.sentences:
        assert len(sentence.tokens) == len(sentence.tags) > 0
        for text in (*sentence.tokens, *sentence.tags):
            assert text.strip(" ") and not {*"\n\t\0\r"} & {*text}
            text.encode("utf-8")
    report = check({"train": reading})
    assert sum(split.sentences for split in report.splits.values()) == len(reading.sentences)
    for fault in report.faults:
        assert fault.where.startswith(str(path)) and "\n" not in fault.message
    try:
        without_faults({"train": reading}, report)
    except InputError:
        assert report.has_errors
        return
    assert not report.has_errors


@SEARCH
@given(gold=ANYTHING, predicted=ANYTHING, same=st.booleans())
def test_any_two_files_are_scored_or_refused(gold, predicted, same, tmp_path):
    paths = [tmp_path / "gold", tmp_path / "predicted"]
    for path, content in zip(paths, (gold, gold if same else predicted), strict=True):
        path.write_bytes(content)
    try:
        scores = score_files(*paths, samples=2).analysis.scores
    except InputError as error:
        assert str(error)
        return
    if same:
        assert scores.total.gold == scores.total.predicted == scores.total.correct
        assert scores.accuracy == 1


@SEARCH
@given(content=ANYTHING, suffix=st.sampled_from([".conll", ".jsonl", ".conllu"]))
def test_any_file_is_converted_to_the_same_sentences_or_not_written(content, suffix, tmp_path):
    source, target = tmp_path / "source", tmp_path / f"target{suffix}"
    source.write_bytes(content)
    target.unlink(missing_ok=True)
    try:
        done = convert(source, target)
    except InputError:
        assert not target.exists() and not list(tmp_path.glob(".*"))
        return
    assert done.sentences == len(read(source).sentences)
    assert target.exists() and not list(tmp_path.glob(".*"))


def test_memory_is_bounded_by_the_file(tmp_path):
    """A file of 5 MB that is one line, one token or one value does not take gigabytes."""
    for content in (b"a" * 5_000_000, b"\n" * 5_000_000, b"a\tO\n" * 1_250_000, b"[" * 5_000_000):
        path = tmp_path / "some.conll"
        path.write_bytes(content)
        tracemalloc.start()
        try:
            read(path)
        except InputError as error:
            one_line(error)
        finally:
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert most < 100 * len(content)
