"""Training from a finished run: it begins where that ended, adds what is asked for, and says so."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from keras_lstm_variants import CRF
from pipelines.config.loading import load
from pipelines.config.schema import Model
from pipelines.data.reader import read
from pipelines.encoding import vocabulary
from pipelines.encoding.encoder import Encoder
from pipelines.encoding.vectors import WordVectors
from pipelines.encoding.vocabulary import Vocabulary, extended
from pipelines.errors import InputError
from pipelines.tagger.model import build_tagger
from pipelines.tagger.model import load as load_model
from pipelines.text.sentences import Sentence
from pipelines.training import continuation, runs
from pipelines.training.continuation import Start
from pipelines.training.trainer import Watcher, prepare_training, read_sentences, train

# One of the words, one of the characters and one of the types are known to the tiny tagger.
NEW = """\
Žižek	B-ROBOT
lives	O
in	O
Berlin	B-LOC

Žižek	B-ROBOT
sleeps	O

"""


class Killed(BaseException):
    """As rude as a signal: nobody catches it."""


class KilledAfterOne(Watcher):
    def epoch(self, epoch):
        if epoch.row["epoch"] == 1:
            raise Killed


class Told(Watcher):
    """Remembers what it was told before the first epoch."""

    def data(self, report):
        self.faults = [f"{fault.where}: {fault.message}" for fault in report.faults]

    def first(self, score):
        self.score = score

    def begin(self, experiment, measure, batches, first_epoch):
        self.first_epoch = first_epoch


def weights(run):
    return load_model(run / runs.MODEL).get_weights()


def written(run, file=runs.SCORES):
    return json.loads((run / file).read_text())


def sentence(text):
    tokens, tags = zip(*(word.split("/") for word in text.split()), strict=True)
    return Sentence(list(tokens), list(tags), "made.up:1", [])


@pytest.fixture
def new(tmp_path):
    """Sentences with words, a character and a type that the tiny tagger does not know."""
    (tmp_path / "new.conll").write_text(NEW * 3, "utf-8")
    (tmp_path / "dev.conll").write_text("Žižek\tB-ROBOT\nsleeps\tO\nin\tO\nParis\tB-LOC\n\n")
    return {"data.train": str(tmp_path / "new.conll"), "data.dev": str(tmp_path / "dev.conll"),
            "data.test": None}  # fmt: skip


@pytest.fixture
def onward(tiny, trained):
    """Makes the tiny experiment start from the tiny run, with some keys set to other values."""
    return lambda **changes: tiny(**{"start.run": str(trained), **changes})


@pytest.fixture
def damaged(trained, tmp_path, onward):
    """Copies the tiny run, changes the copy, and gives the experiment that starts from it."""

    def made(change):
        shutil.copytree(trained, tmp_path / "damaged")
        change(tmp_path / "damaged")
        return onward(**{"start.run": str(tmp_path / "damaged")})

    return made


@pytest.mark.nightly
def test_a_run_goes_on_with_more_words_and_tags_even_after_a_kill(
    onward, new, trained, tmp_path, contents
):
    before = contents(trained)
    changes = {**new, "start.vocabulary": "extended", "training.epochs": 2}
    with pytest.raises(Killed):
        train(onward(**changes), tmp_path / "run", KilledAfterOne())
    result = train(onward(**changes), tmp_path / "run", told := Told())
    train(onward(**changes), tmp_path / "whole")
    assert contents(trained) == before
    assert told.first_epoch == 2 and told.score == result["start"]
    for one, other in zip(weights(tmp_path / "run"), weights(tmp_path / "whole"), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)

    old, words = (vocabulary.load(run / runs.VOCABULARY) for run in (trained, tmp_path / "run"))
    assert words.tags == [*old.tags, "B-ROBOT", "I-ROBOT"]
    assert words.words[: len(old.words)] == old.words
    assert set(words.words[len(old.words) :]) == {"Žižek", "sleeps"} - set(old.words)
    start = written(tmp_path / "run", runs.ORIGIN)["start"]
    assert start["run"] == str(trained) and start["vocabulary"] == "extended"
    assert start["sha256"] == hashlib.sha256((trained / runs.MODEL).read_bytes()).hexdigest()
    assert start["data"] == written(trained, runs.ORIGIN)["data"]


@pytest.mark.nightly
def test_weights_that_no_epoch_improves_are_kept_as_epoch_0(onward, trained, tmp_path):
    result = train(onward(**{"training.learning_rate": 3.0, "training.epochs": 2}),
                   tmp_path / "run", told := Told())  # fmt: skip
    assert result["best_epoch"] == 0 and result["epochs"] == 2
    assert result["dev"] == result["start"] == told.score == written(trained)["dev"]
    for kept, theirs in zip(weights(tmp_path / "run"), weights(trained), strict=True):
        np.testing.assert_array_equal(kept, theirs)
    assert (tmp_path / "run" / runs.VOCABULARY).read_bytes() == (
        trained / runs.VOCABULARY
    ).read_bytes()


@pytest.mark.nightly
@pytest.mark.parametrize("kept", ["frozen", "extended"])
def test_a_process_that_goes_on_from_a_run_is_killed_by_a_signal_and_resumed(
    kept, onward, new, trained, tmp_path, tiny_toml, start, cli, killed_in_training
):
    # Rates fall to 0 with the steps that are planned: a start from epoch 0 would end elsewhere.
    changes = {"training.epochs": 20, "training.patience": 20, "training.schedule": "cosine"}
    if kept == "extended":
        changes |= {key: path for key, path in new.items() if path}
    overrides = [part for key, value in changes.items() for part in ("--set", f"{key}={value}")]
    command = ["train", tiny_toml, "--from", trained, "--vocabulary", kept,
               "--out", tmp_path / "killed", *overrides]  # fmt: skip
    done = killed_in_training(start(*command), tmp_path / "killed")

    outcome = cli(*command)
    assert outcome.status == 0
    [after] = [line for line in outcome.err.splitlines() if line.startswith("resuming after")]
    assert 20 > int(after.split()[-1]) >= done >= 3
    train(onward(**changes, **{"start.vocabulary": kept}), tmp_path / "whole")
    for one, other in zip(weights(tmp_path / "killed"), weights(tmp_path / "whole"), strict=True):
        np.testing.assert_array_equal(one, other)
    scores, expected = written(tmp_path / "killed"), written(tmp_path / "whole")
    for key in ("seconds_per_epoch", "tokens_per_second"):
        del scores[key], expected[key]
    assert scores == expected


@pytest.mark.nightly
def test_patience_counts_from_the_weights_that_training_starts_from(onward, tmp_path):
    changes = {"training.learning_rate": 3.0, "training.epochs": 9, "training.patience": 2}
    assert train(onward(**changes), tmp_path / "run")["epochs"] == 2


@pytest.mark.nightly
def test_the_command_line_goes_on_and_every_other_command_takes_the_run(
    trained, new, cli, tmp_path
):
    shutil.copytree(trained, tmp_path / "old")
    done = cli("train", "--from", tmp_path / "old", "--set", "training.epochs=1")
    assert done.status == 0 and "starting from" in done.err and "before training" in done.err
    run = tmp_path / "old-continued"
    assert runs.is_finished(run)
    evaluated = cli("evaluate", run, "--split", "dev")
    assert "started from old (frozen vocabulary)" in " ".join(evaluated.out.split())
    assert "started from old (frozen vocabulary)" in (run / "report.dev.txt").read_text()
    assert cli("export", run, tmp_path / "export").status == 0
    tagged = cli("tag", tmp_path / "export", "Anna lives in Berlin")
    assert tagged.out == cli("tag", run, "Anna lives in Berlin").out

    (tmp_path / "new.toml").write_text(
        f'[data]\ntrain = "{new["data.train"]}"\ndev = "{new["data.dev"]}"\nmin_count = 1\n'
    )
    again = ("train", tmp_path / "new.toml", "--from", run, "--out", tmp_path / "third")
    refused = cli(*again)
    assert refused.status == 2 and "new.conll:1: " in refused.err
    assert cli(*again, "--vocabulary", "extended").status == 0
    start = written(tmp_path / "third", runs.ORIGIN)["start"]
    assert start["start"]["run"] == str(tmp_path / "old")
    assert cli(*again).status == 2


@pytest.mark.nightly
def test_a_sweep_over_runs_that_go_on_resumes(onward, tmp_path):
    from pipelines.config.sweep_schema import Search, Sweep
    from pipelines.sweeping.search import run_sweep

    search = Search(method="grid")
    config = Sweep(base=onward(**{"training.epochs": 1}), sweep=search,
                   space={"training.learning_rate": [0.01, 0.001]})  # fmt: skip
    first = run_sweep(config, tmp_path / "sweep")
    assert not first.failed and len(first.settings) == 2
    assert run_sweep(config, tmp_path / "sweep") == first


@pytest.mark.ci
def test_before_training_an_extended_tagger_tags_as_the_run_does(onward, new, trained):
    experiment = onward(**new, **{"start.vocabulary": "extended"})
    _, words, rows, start, _ = prepare_training(experiment)
    model = build_tagger(words, experiment.model, rows)
    continuation.adopt(model, start)
    tokens = [s.tokens for s in read(new["data.train"]).sentences[:1]]
    old = vocabulary.load(trained / runs.VOCABULARY)
    expected = load_model(trained / runs.MODEL)(Encoder(old)(np.array(tokens)))
    found = model(Encoder(words)(np.array(tokens)))
    assert not np.array_equal(Encoder(words)(np.array(tokens))["words"],
                              Encoder(old)(np.array(tokens))["words"])  # fmt: skip
    np.testing.assert_allclose(found[..., : len(old.tags)], expected, rtol=0, atol=1e-5)


WORDS = Vocabulary(["a", "b"], ["O", "B-X", "I-X"], "IOB2", False, [3, 1], ["a", "b"])
MORE = Vocabulary(["c", "b", "a"], ["O", "B-Y", "I-Y"], "IOB2", False, [2, 5, 1], ["c"])


def test_what_was_known_keeps_its_id_and_the_rest_comes_after_it():
    words = extended(WORDS, MORE)
    assert words.words == ["a", "b", "c"] and words.counts == [3, 5, 2]
    assert words.tags == ["O", "B-X", "I-X", "B-Y", "I-Y"]
    assert words.characters == ["a", "b", "c"]
    assert extended(WORDS, WORDS) == WORDS


@pytest.mark.ci
@pytest.mark.parametrize(
    "config",
    [Model(units=3, layers=1, character_units=2),
     Model(units=3, layers=1, characters="gru", cell="gru", skip=True, embedding=2)],
)  # fmt: skip
def test_known_weights_stay_and_new_words_start_as_unknown_ones(config, rng, tmp_path):
    config = config.model_copy(update={"features": []})
    vectors = rng.normal(size=(2, 4)).astype("float32")
    options = {"vectors": vectors, "tuned": True}
    known = WORDS._replace(vectors=["a", "b"])
    old = build_tagger(known, config, **options)
    for variable in old.trainable_variables:
        variable.assign(rng.normal(size=variable.shape))
    begun = Start(
        tmp_path,
        known,
        {layer.name: layer.get_weights() for layer in old.layers if layer.weights},
        {},
    )
    words = extended(known, MORE)
    new = build_tagger(words, config, **options)
    continuation.adopt(new, begun)
    grown = []
    for layer in old.layers:
        mine = new.get_layer(layer.name)
        for was, now in zip(layer.get_weights(), mine.get_weights(), strict=True):
            np.testing.assert_array_equal(now[tuple(map(slice, was.shape))], was)
            if was.shape != now.shape:
                grown.append(layer.name)
                if layer.name not in ("scores", "crf"):
                    np.testing.assert_array_equal(now[len(was) :], [was[1]])
    assert isinstance(old.get_layer("crf"), CRF)
    learned = {"embedding"} if config.embedding else set()
    characters = {layer.name for layer in old.layers if layer.name.startswith("character")} - {
        "characters"
    }
    assert set(grown) == {"tuning", "scores", "crf", *learned, *characters}


def test_vectors_of_other_words_come_after_those_of_the_run(onward, monkeypatch, tmp_path):
    rows = np.arange(8, dtype="float32").reshape(4, 2)
    begun = Start(tmp_path, WORDS._replace(vectors=["a", "b"]), {"frozen": [rows]}, {})

    def of_files(words, rows):
        made = WordVectors(words, np.array(rows, "float32"))
        monkeypatch.setattr(continuation.vectors, "table", lambda *args: made)

    def found(vocabulary):
        return continuation.table(begun, onward(**{"start.vocabulary": vocabulary}), [], None)

    of_files(["c", "b"], [[8, 9], [6, 7]])
    assert found("frozen").words == ["a", "b"]
    assert found("extended").words == ["a", "b", "c"]
    np.testing.assert_array_equal(found("extended").rows, [[4, 5], [6, 7], [8, 9]])
    of_files(["c", "b"], [[8, 9], [6, 7.5]])
    with pytest.raises(InputError, match="the vector of 'b' is not that of"):
        found("extended")
    of_files(["c"], [[8, 9, 10]])
    with pytest.raises(InputError, match="vectors of 3 numbers"):
        found("extended")


@pytest.mark.nightly
def test_a_frozen_vocabulary_needs_no_vector_file_and_an_extended_one_takes_more_of_it(
    tiny, new, tmp_path
):
    words = sorted({word for s in read(tiny().data.train).sentences for word in s.tokens})
    file = tmp_path / "tiny.vec"
    lines = [f"{word} {n}.5 {n % 7}" for n, word in enumerate([*words, "sleeps", "other"])]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    changes = {"vectors.files": [str(file)], "vectors.tuned": True, "vectors.most_frequent": 0,
               "model.decoder": "crf", "training.epochs": 2}  # fmt: skip
    train(tiny(**changes), tmp_path / "old")
    onward = {**changes, "start.run": str(tmp_path / "old")}
    more = {**onward, **new, "start.vocabulary": "extended"}
    train(tiny(**more), tmp_path / "more")
    file.unlink()
    train(tiny(**onward), tmp_path / "same")
    with pytest.raises(InputError, match=r"tiny\.vec"):
        train(tiny(**more), tmp_path / "again")

    old, same, more = (tmp_path / name for name in ("old", "same", "more"))
    rows = {run: load_model(run / runs.MODEL).get_layer("frozen").get_weights()[0]
            for run in (old, same, more)}  # fmt: skip
    np.testing.assert_array_equal(rows[old], rows[same])
    np.testing.assert_array_equal(rows[old], rows[more][:-1])
    np.testing.assert_array_equal(rows[more][-1], [len(words) + 0.5, len(words) % 7])
    assert vocabulary.load(more / runs.VOCABULARY).vectors[-1] == "sleeps"
    of_vectors = [written(run, runs.ORIGIN)["data"]["vectors"] for run in (old, same)]
    assert of_vectors[0] == of_vectors[1]


@pytest.mark.ci
def test_a_tag_that_a_frozen_vocabulary_lacks_is_named_with_its_line(onward, new, tmp_path):
    with pytest.raises(InputError) as caught:
        train(onward(**new), tmp_path / "run")
    assert str(caught.value).startswith(f"{new['data.train']}:1: ")
    assert "'ROBOT'" in str(caught.value) and "extended" in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.ci
def test_tags_of_another_kind_are_refused(onward, tmp_path):
    (tmp_path / "pos").write_text("the\tDET\ndog\tNOUN\nruns\tVERB\n\n" * 8)
    files = {f"data.{split}": str(tmp_path / "pos") for split in ("train", "dev", "test")}
    with pytest.raises(InputError, match=r"pos:1: the tags are one tag per token, .* are entities"):
        prepare_training(onward(**files, **{"start.vocabulary": "extended"}))


def _other_version(run):
    origin = written(run, runs.ORIGIN)
    origin["packages"]["keras"] = "3.9.2"
    (run / runs.ORIGIN).write_text(json.dumps(origin))


def _not_finite(run):
    model = load_model(run / runs.MODEL)
    model.get_layer("scores").bias.assign([np.nan] * model.get_layer("scores").bias.shape[0])
    model.save(run / runs.MODEL)


@pytest.mark.ci
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda run: (run / runs.SCORES).unlink(), "has not finished"),
        (lambda run: (run / runs.MODEL).write_bytes(b"PK"), "cannot be read"),
        (lambda run: (run / runs.VOCABULARY).unlink(), "cannot be read: .*vocabulary.json"),
        (lambda run: (run / runs.ORIGIN).write_text("{}"), "cannot be read"),
        (_other_version, r"trained with keras 3\.9\.2, and this is "),
        (_not_finite, "has NaN or infinity in scores/bias"),
    ],
)
def test_a_run_that_cannot_be_gone_on_from_is_refused(change, words, damaged, tmp_path):
    experiment = damaged(change)
    with pytest.raises(InputError, match=words) as caught:
        train(experiment, tmp_path / "run")
    assert str(tmp_path / "damaged") in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.ci
def test_a_run_is_not_resumed_from_other_weights(damaged, tmp_path):
    experiment = damaged(lambda run: None)
    runs.start(tmp_path / "run", experiment, prepare_training(experiment).origin)
    load_model(tmp_path / "damaged" / runs.MODEL).save(tmp_path / "damaged" / runs.MODEL)
    with pytest.raises(InputError, match="has other weights than when"):
        train(experiment, tmp_path / "run")


@pytest.mark.ci
def test_held_out_sentences_that_a_run_before_was_trained_on_are_named(onward, new, tiny, tmp_path):
    first = Path(tiny().data.train).read_text("utf-8").partition("\n\n")[0]
    (tmp_path / "dev.conll").write_text(f"{first}\n\n{NEW}", "utf-8")
    _, report = read_sentences(onward(**new))
    [fault] = [fault for fault in report.faults if "was trained on this" in fault.message]
    assert fault.where == f"{tmp_path / 'dev.conll'}:1" and fault.severity == "warning"
    assert not [f for f in read_sentences(onward())[1].faults if "was trained on" in f.message]


@pytest.mark.ci
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "config"),
        (["--from", "no"], "no: not a run folder"),
        (["TOML", "--vocabulary", "frozen"], "vocabulary is about that of a run"),
        (["TOML", "--from", "RUN", "--set", "model.cell=gru"], "model.cell: "),
        (["--from", "RUN", "--out", "RUN"], "holds a finished run"),
        (["--from", "RUN", "--vocabulary", "open"], "--vocabulary"),
    ],
)
def test_a_mistake_is_one_line(arguments, words, cli, trained, tiny_toml, contents):
    before = contents(trained)
    places = {"RUN": trained, "TOML": tiny_toml}
    done = cli("train", *(places.get(argument, argument) for argument in arguments))
    assert done.status == 2
    [line] = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert words in line
    assert contents(trained) == before


def test_a_configuration_of_a_run_that_went_on_trains_it_again(onward, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(onward().model_dump()))
    assert load(tmp_path / "config.json") == onward()
