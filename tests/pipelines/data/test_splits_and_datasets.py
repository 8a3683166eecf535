"""Datasets: whatever the source, the sentences that come out are those that went in."""

import time
from pathlib import Path

import absl.logging
import pytest
import tensorflow_datasets as tfds

from pipelines.config.schema import Data
from pipelines.data import splits as splits_of
from pipelines.data import tfds_store
from pipelines.data.checker import check
from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.errors import InputError
from pipelines.text import chunking
from pipelines.text.sentences import How, Reading, Sentence

DATA = Path(__file__).parents[2] / "data"
ODDITIES = [
    "😀", "👩‍👩‍👧", "🇨🇭", "e\u0301", "é", "\u3000", "\u2028", "\xa0", "\ufeff", "\u200b", "\x7f",
    "\\n", "New York", "#", "'", '"', "[UNK]", "O", "日本", "שלום", "\U0010ffff", "0" * 5000,
]  # fmt: skip


def sentence(tokens, tags=None, where="here:1"):
    return Sentence(tokens, tags or ["O"] * len(tokens), where, [])


def reading(sentences, faults=()):
    return Reading(sentences, list(faults), How("", "", "", "", ""))


def stored(builder, split):
    """What a prepared data set says, sentence by sentence."""
    return [
        ([w.decode() for w in e["tokens"]], [t.decode() for t in e["tags"]], e["where"].decode())
        for e in tfds.as_numpy(builder.as_dataset(split=split))
    ]


def checked(splits):
    """The sentences of splits without faults."""
    return splits_of.without_faults(splits, check(splits))


def error_of(function, *arguments):
    with pytest.raises(InputError) as caught:
        function(*arguments)
    return str(caught.value)


def test_what_comes_out_is_what_went_in_and_in_order():
    train = [sentence([word, f"number {n}"], ["B-X", "I-X"]) for n, word in enumerate(ODDITIES)]
    train += [sentence([f"w{n}"] * (n % 7 + 1), where=f"file:{n}") for n in range(300)]
    dev = [sentence(ODDITIES, [f"B-{word}" for word in ODDITIES])]
    builder = tfds_store.prepare({"train": train, "dev": dev})
    assert stored(builder, "train") == [s[:3] for s in train]
    assert stored(builder, "dev") == [s[:3] for s in dev]


def test_the_same_contents_are_the_same_data_set_and_prepared_once(contents):
    splits = {"train": [sentence(["a", "b"]), sentence(["c"])], "dev": [sentence(["d"])]}
    folder = Path(tfds_store.prepare(splits).data_path)
    before = contents(folder)
    assert before
    again = tfds_store.prepare({name: list(part) for name, part in splits.items()})
    assert Path(again.data_path) == folder
    assert contents(folder) == before


def test_nothing_is_said_of_names_that_nobody_asks_for(caplog):
    verbosity = absl.logging.get_verbosity()
    absl.logging.set_verbosity(absl.logging.INFO)
    try:
        tfds_store.TaggedSentences({"train": [sentence(["in", "silence"])]})
        assert caplog.records == []
        assert absl.logging.get_verbosity() == absl.logging.INFO
    finally:
        absl.logging.set_verbosity(verbosity)


@pytest.mark.parametrize(
    "other",
    [
        {"train": [sentence(["a", "b"]), sentence(["x"])], "dev": [sentence(["d"])]},
        {"train": [sentence(["a", "b"], ["O", "B"]), sentence(["c"])], "dev": [sentence(["d"])]},
        {"train": [sentence(["c"]), sentence(["a", "b"])], "dev": [sentence(["d"])]},
        {"train": [sentence(["a"]), sentence(["b", "c"])], "dev": [sentence(["d"])]},
        {"train": [sentence(["a b"]), sentence(["c"])], "dev": [sentence(["d"])]},
        {"train": [sentence(["a", "b"])], "dev": [sentence(["c"]), sentence(["d"])]},
        {"train": [sentence(["a", "b"]), sentence(["c"])], "test": [sentence(["d"])]},
    ],
)
def test_other_contents_are_another_data_set(other):
    splits = {"train": [sentence(["a", "b"]), sentence(["c"])], "dev": [sentence(["d"])]}
    one, another = tfds_store.prepare(splits), tfds_store.prepare(other)
    assert one.data_path != another.data_path
    assert stored(one, "train") == [s[:3] for s in splits["train"]]
    assert stored(another, "train") == [s[:3] for s in other["train"]]


def test_files_become_a_data_set_where_it_is_wanted(tmp_path):
    path = DATA / "tiny.train.conll"
    builder = tfds_store.TaggedSentences.from_files(str(tmp_path), train=str(path))
    builder.download_and_prepare()
    assert Path(builder.data_path).is_relative_to(tmp_path)
    assert stored(builder, "train") == [s[:3] for s in read(path).sentences]


@pytest.mark.parametrize(("share", "step"), [(0.5, 2), (0.3, 3), (0.1, 10), (0.01, 100), (0.9, 2)])
def test_the_share_of_dev_says_which_sentences_are_held_out(share, step, tmp_path):
    path = tmp_path / "train.conll"
    path.write_text("".join(f"w{n}\tO\n\n" for n in range(1, 251)))
    dev = splits_of.readings(Data(train=str(path), dev_share=share))["dev"]
    assert [s.tokens for s in dev.sentences] == [[f"w{n}"] for n in range(step, 251, step)]


@pytest.mark.parametrize("step", [2, 3, 10, 100])
def test_every_kth_sentence_is_held_out_and_none_is_lost(step):
    train = [sentence([f"w{n}"]) for n in range(1, 251)]
    test = reading([sentence(["t"])])
    result = splits_of.take_out("dev", {"train": reading(train), "test": test}, step, step)
    assert [s.tokens for s in result["dev"].sentences] == [
        [f"w{n}"] for n in range(step, 251, step)
    ]
    kept = iter(result["train"].sentences)
    merged = [result["dev"].sentences[n // step - 1] if n % step == 0 else next(kept)
              for n in range(1, 251)]  # fmt: skip
    assert merged == train and next(kept, None) is None
    assert result["test"] is test


def test_too_few_sentences_to_hold_any_out_are_refused():
    train = [sentence(["a"], where="few.conll:3")] * 9
    message = error_of(splits_of.take_out, "dev", {"train": reading(train)}, 10, 10)
    assert message.startswith("few.conll:3: ") and "data.dev" in message
    assert (
        len(splits_of.take_out("dev", {"train": reading(train * 2)}, 10, 10)["dev"].sentences) == 1
    )


DOCUMENTS = "".join(
    f"-DOCSTART- O\n\n{''.join(f'w{n}.{m} O{chr(10)}{chr(10)}' for m in range(n))}"
    for n in range(1, 8)
)  # the n-th of seven has n sentences


def test_every_document_is_in_one_fold_with_all_its_sentences(tmp_path):
    path = tmp_path / "all.conll"
    path.write_text(DOCUMENTS)
    tests = []
    for fold in (1, 2, 3):
        splits = splits_of.readings(Data(train=str(path), dev_share=0.5, folds=3, fold=fold))
        words = {name: [s.tokens[0] for s in part.sentences] for name, part in splits.items()}
        documents = {
            name: {word.partition(".")[0] for word in part} for name, part in words.items()
        }
        assert documents["test"] == {f"w{n}" for n in range(fold, 8, 3)}
        assert set.union(*documents.values()) == {f"w{n}" for n in range(1, 8)}
        assert sum(map(len, documents.values())) == 7  # and none is in two of them
        assert sum(map(len, words.values())) == sum(range(1, 8))
        tests += words["test"]
    assert sorted(tests) == sorted(s.tokens[0] for s in read(str(path)).sentences)


def test_folds_are_of_sentences_where_no_documents_are_marked(tmp_path):
    path = tmp_path / "all.conll"
    path.write_text("".join(f"w{n}\tO\n\n" for n in range(1, 12)))
    splits = splits_of.readings(Data(train=str(path), dev_share=0.5, folds=5, fold=2))
    assert [s.tokens[0] for s in splits["test"].sentences] == ["w2", "w7"]


def test_several_files_are_read_as_one(tmp_path):
    paths = [tmp_path / name for name in ("a.conll", "b.conll", "c.jsonl")]
    paths[0].write_text("a\tO\n\nb\tO\n")
    paths[1].write_text("-DOCSTART- O\n\nc O\n\n-DOCSTART- O\n\n" + "d O\n" * 20 + "\nbroken\n")
    paths[2].write_text('{"tokens": ["e"], "tags": ["O"]}\n')
    train = splits_of.readings(Data(train=list(map(str, paths)), dev=str(paths[0])))["train"]
    assert [s.tokens for s in train.sentences] == [["a"], ["b"], ["c"], ["d"] * 20, ["e"]]
    assert [s.where for s in train.sentences] == [
        f"{paths[0]}:1", f"{paths[0]}:3", f"{paths[1]}:3", f"{paths[1]}:7", f"{paths[2]}:1"
    ]  # fmt: skip
    assert [fault.where for fault in train.faults] == [f"{paths[1]}:28"]
    assert [s.document for s in train.sentences] == [0, 0, 2, 3, 4]
    assert train.how.format == "CoNLL columns; JSON lines"


def test_entities_and_parts_of_speech_are_not_read_as_one(tmp_path):
    paths = [tmp_path / "ner.conll", tmp_path / "pos.conll"]
    paths[0].write_text("a\tB-X\n\n" * 9)
    paths[1].write_text("a\tNOUN\n\n" * 9)
    splits = splits_of.readings(Data(train=list(map(str, paths))))
    message = error_of(checked, splits)
    assert message.startswith(f"{paths[1]}:1: not like {paths[0]}:1: ") and "column" in message


def test_files_that_mark_no_documents_are_none(tmp_path):
    paths = [tmp_path / "a.conll", tmp_path / "b.conll"]
    for path in paths:
        path.write_text("x\tO\n\ny\tO\n")
    splits = splits_of.readings(Data(train=list(map(str, paths)), dev_share=0.5))
    assert [s.tokens for s in splits["dev"].sentences] == [["y"], ["y"]]


def test_two_processes_may_prepare_the_same_data_at_once(monkeypatch):
    splits = {"train": [sentence(["at"]), sentence(["once"])]}
    prepared = tfds_store.TaggedSentences.download_and_prepare

    def later(builder):
        prepared(tfds_store.TaggedSentences(splits))  # the other process is quicker
        prepared(builder)
        raise FileExistsError("Destination already exists")

    monkeypatch.setattr(tfds_store.TaggedSentences, "download_and_prepare", later)
    assert stored(tfds_store.prepare(splits), "train") == [s[:3] for s in splits["train"]]


def test_an_error_of_writing_is_not_taken_for_another_process(monkeypatch):
    def full(builder):
        raise OSError("No space left on device")

    monkeypatch.setattr(tfds_store.TaggedSentences, "download_and_prepare", full)
    with pytest.raises(OSError, match="No space"):
        tfds_store.prepare({"train": [sentence(["never", "written"])]})


def test_what_is_wrong_with_a_file_is_told_before_its_few_sentences(tmp_path):
    path = tmp_path / "train.conll"
    path.write_text("a\tO\n\nb\tO\n\nc\tO\n\nwho\n")
    splits = splits_of.readings(Data(train=str(path)))
    assert error_of(checked, splits).startswith(f"{path}:7: ")


def test_a_dev_set_is_held_out_only_where_there_is_none():
    train, dev = str(DATA / "tiny.train.conll"), str(DATA / "tiny.dev.conll")
    given = splits_of.readings(Data(train=train, dev=dev))
    assert {name: part.sentences for name, part in given.items()} == {
        "train": read(train).sentences,
        "dev": read(dev).sentences,
    }
    held_out = splits_of.readings(Data(train=train, dev_share=0.25))
    assert held_out["dev"].sentences == read(train).sentences[3::4]


# Two persons next to each other, a place of two words, another next to it, and one of a third type.
SCHEMES = {
    "IOB2": "B-PER B-PER O B-LOC I-LOC B-LOC O B-ORG I-ORG I-ORG",
    "IOB1": "I-PER B-PER O I-LOC I-LOC B-LOC O I-ORG I-ORG I-ORG",
    "IOBES": "S-PER S-PER O B-LOC E-LOC S-LOC O B-ORG I-ORG E-ORG",
    "BILOU": "U-PER U-PER O B-LOC L-LOC U-LOC O B-ORG I-ORG L-ORG",
    "BMES": "S-PER S-PER O B-LOC E-LOC S-LOC O B-ORG M-ORG E-ORG",
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_file_in_any_scheme_gives_the_same_entities_in_iob2(scheme, tmp_path):
    path = tmp_path / "train.conll"
    path.write_text("".join(f"w{n}\t{tag}\n" for n, tag in enumerate(SCHEMES[scheme].split())))
    splits = checked({"train": read(path)})
    assert chunking.detect([s.tags for s in splits["train"]]) == scheme
    [converted] = splits_of.to_iob2(splits, scheme)["train"]
    assert converted.tags == SCHEMES["IOB2"].split()
    assert converted.tokens == [f"w{n}" for n in range(10)]


def test_parts_of_speech_stay_as_they_are():
    splits = {"train": [sentence(["a", "b"], ["DET", "NOUN"])]}
    assert splits_of.to_iob2(splits, None) == splits


def test_faults_are_told_with_file_and_line_and_not_all_of_them(tmp_path):
    path = tmp_path / "train.conll"
    tags = "".join(f"who\tX{n}\n\n" for n in range(7))
    path.write_text("a\tO\nb\tB-X\nc\tI-X\n\n" * 20 + tags)
    lines = error_of(checked, {"train": read(path)}).splitlines()
    wheres = [line.partition(": ")[0] for line in lines[:-1]]
    assert wheres == [f"{path}:{n}" for n in range(81, 91, 2)]
    assert lines[-1].startswith("and 2 more")


def test_many_faults_of_one_kind_are_one_line(tmp_path):
    path = tmp_path / "train.conll"
    path.write_text("a\tO\nb\tB-X\nc\tI-X\n\n" * 20 + "who\n\n" * 7)
    [line] = error_of(checked, {"train": read(path)}).splitlines()
    assert line.startswith(f"{path}:81: 1 columns instead of 2") and line.endswith("(7 times)")


def test_tags_of_dev_that_train_lacks_are_no_reason_to_refuse(tmp_path):
    (tmp_path / "train").write_text("a\tO\nb\tB-X\nc\tI-X\n")
    (tmp_path / "dev").write_text("a\tO\nb\tB-Y\nc\tI-Y\n")
    splits = {name: read(tmp_path / name) for name in ("train", "dev")}
    assert checked(splits)["dev"][0].tags == ["O", "B-Y", "I-Y"]


class TinyTagging(tfds.core.GeneratorBasedBuilder):
    """A data set as tensorflow-datasets has them, with words that universal_dependencies marks."""

    VERSION = tfds.core.Version("1.0.0")
    SENTENCES = {
        "train": [(["we", "don't", "do", "n't"], ["PRON", "_", "VERB", "PART"]), (["_"], ["_"])],
        "validation": [(["so"], ["ADV"])],
    }

    def _info(self):
        words = tfds.features.Sequence(tfds.features.Text())
        tags = tfds.features.Sequence(tfds.features.ClassLabel(names=["_", *"ABCDEFG"]))
        upos = tfds.features.Sequence(
            tfds.features.ClassLabel(names=["_", "ADV", "PART", "PRON", "VERB"])
        )
        features = {"tokens": words, "upos": upos, "xpos": tags, "id": tfds.features.Text()}
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict(features), disable_shuffling=True
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in self.SENTENCES}

    def _generate_examples(self, split):
        for n, (tokens, tags) in enumerate(self.SENTENCES[split]):
            letters = ["_" if tag == "_" else "G" for tag in tags]
            yield n, {"tokens": tokens, "upos": tags, "xpos": letters, "id": str(n)}


@pytest.fixture
def tiny_tagging():
    tfds.builder("tiny_tagging").download_and_prepare()
    return "tiny_tagging"


def test_a_prepared_data_set_is_read_by_its_name_and_its_labels_by_theirs(tiny_tagging):
    splits = splits_of.named(tiny_tagging)
    assert splits.keys() == {"train", "dev"}
    [only] = splits["train"].sentences
    assert only[:2] == (["we", "do", "n't"], ["PRON", "VERB", "PART"])
    assert "1 empty" in splits["train"].how.skipped
    assert [s[:2] for s in splits["dev"].sentences] == [(["so"], ["ADV"])]
    [other] = splits_of.named(tiny_tagging, Options(tag_column="xpos"))["train"].sentences
    assert other.tags == ["G", "G", "G"]


def test_a_feature_that_a_data_set_lacks_is_refused_with_those_it_has(tiny_tagging):
    message = error_of(splits_of.named, tiny_tagging, Options(tag_column="ner"))
    for word in ("tiny_tagging", "tokens", "upos", "xpos", "data.tag_column"):
        assert word in message


def test_a_name_of_several_data_sets_is_refused_with_some_of_them():
    message = error_of(splits_of.named, "wikiann")
    assert "'wikiann' is several data sets: name one of wikiann/" in message and "\n" not in message


@pytest.mark.parametrize("name", ["no_such_data_set", "no such/data set", "conll2003/nope"])
def test_a_name_that_nobody_knows_is_refused(name):
    message = error_of(splits_of.named, name)
    assert repr(name) in message and "\n" not in message


def test_a_data_set_that_would_have_to_be_downloaded_fails_at_once_without_a_network(
    monkeypatch, unused_port, tmp_path
):
    for variable in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{unused_port}")
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path))
    began = time.perf_counter()
    message = error_of(splits_of.named, "conll2003")
    assert time.perf_counter() - began < 5
    assert "'conll2003'" in message and str(tmp_path) in message and "data.train" in message
    assert list(tmp_path.rglob("*.tfrecord*")) == []


@pytest.mark.parametrize(("scheme", "tags"), [("IO", ["I-LOC", "O"]), ("none", ["LOC", "0"])])
def test_a_configuration_says_how_tags_are_spelled(scheme, tags, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text("Rome\tLOC\nwins\t0\n\n" * 3)
    files = [str(tmp_path / name) for name in ("a", "b")]
    data = Data(train=files, dev=files[0], scheme=scheme, outside="0" if scheme == "IO" else [])
    found = splits_of.readings(data)
    report = check(found)
    assert report.scheme == (scheme if scheme == "IO" else None) and not report.has_errors
    assert [s.tags for s in found["train"].sentences] == [tags] * 6
