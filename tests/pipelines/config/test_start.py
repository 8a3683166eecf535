"""An experiment that starts from a run: the run says what it leaves out, and what cannot change."""

import json

import pytest

from pipelines.config.loading import load
from pipelines.config.schema import Experiment, Model
from pipelines.config.start import ARCHITECTURE
from pipelines.config.sweep_loading import load_sweep
from pipelines.errors import InputError

pytestmark = pytest.mark.ci

# Keys of [model] that training on may change: no weight depends on them.
FREE = {
    "dropout": 0.5,
    "variational": False,
    "recurrent_dropout": 0.5,
    "word_dropout": 0.1,
    "unknown": 0.0,
    "constraints": False,
}
OTHERS = {
    "cell": '"gru"',
    "units": "7",
    "direction": '"forward"',
    "layers": "1",
    "cells_per_block": "1",
    "embedding": "0",
    "characters": '"none"',
    "character_embedding": "3",
    "character_units": "3",
    "character_window": "5",
    "features": '["shape"]',
    "feature_embedding": "3",
    "skip": "true",
    "cell_options": "{ use_bias = false }",
    "decoder": '"softmax"',
}
THEIRS = {
    "data": {"train": "/old/train", "dev": "/old/dev", "min_count": 3, "lowercase": True},
    "model": {"cell": "peephole_lstm", "dropout": 0.1},
    "training": {"epochs": 7},
}


@pytest.fixture
def begin(tmp_path):
    """Writes a run with these values, and an experiment that starts from it; gives its path."""

    def written(text, theirs=THEIRS, name="new.toml"):
        (tmp_path / "run").mkdir(exist_ok=True)
        values = Experiment.model_validate(theirs).model_dump()
        (tmp_path / "run" / "config.json").write_text(json.dumps(values))
        (tmp_path / name).write_text(f'start.run = "run"\n{text}')
        return tmp_path / name

    return written


def error_of(path, overrides=()):
    with pytest.raises(InputError) as caught:
        load(path, overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_left_out_is_as_in_the_run(begin, tmp_path):
    experiment = load(begin("[training]\nlearning_rate = 0.1\n"))
    assert experiment.start.run == str(tmp_path / "run")
    assert (experiment.training.learning_rate, experiment.training.epochs) == (0.1, 7)
    assert (experiment.model.cell, experiment.model.dropout) == ("peephole_lstm", 0.1)
    assert experiment.data.train == "/old/train"


def test_sentences_of_other_files_have_nothing_of_those_of_the_run_but_how_words_are_known(begin):
    data = load(begin('[data]\ntrain = "/new/train"\n')).data
    assert (data.train, data.dev) == ("/new/train", None)
    assert (data.min_count, data.lowercase) == (3, True)
    data = load(begin("[data]\nmin_count = 1\n")).data
    assert (data.train, data.dev, data.min_count) == ("/old/train", "/old/dev", 1)


def test_one_key_of_a_run_is_overridden_by_itself(begin, tmp_path):
    begin("")
    lines = [f'start.run = "{tmp_path / "run"}"', 'data.dev = "/new/dev"']
    data = load(tmp_path / "run" / "config.json", lines).data
    assert (data.train, data.dev) == ("/old/train", "/new/dev")


def test_every_key_of_the_model_is_about_its_weights_or_is_not():
    assert sorted([*ARCHITECTURE, *FREE]) == sorted(Model.model_fields)
    assert OTHERS.keys() == set(ARCHITECTURE)


@pytest.mark.parametrize("key", ARCHITECTURE)
def test_another_architecture_is_refused_by_its_key_and_line(key, begin, tmp_path):
    path = begin(f"[model]\n{key} = {OTHERS[key]}\n")
    message = error_of(path)
    assert message.startswith(f"{path}:3: model.{key}: {tmp_path / 'run'} has ")


@pytest.mark.parametrize("key", FREE)
def test_what_weights_do_not_depend_on_may_change(key, begin):
    value = json.dumps(FREE[key])
    assert getattr(load(begin(f"[model]\n{key} = {value}\n")).model, key) == FREE[key]


def test_the_default_may_be_written_out(begin):
    assert load(begin("[model]\nembedding = 100\n")).model.embedding == 100


@pytest.mark.parametrize(
    ("theirs", "text", "key"),
    [
        ({}, "[data]\nlowercase = false\n", "data.lowercase"),
        ({}, '[vectors]\nfiles = ["/v"]\n', "vectors.files"),
        ({"vectors": {"files": ["/v"]}}, "[vectors]\nfiles = []\n", "vectors.files"),
        ({"vectors": {"files": ["/v"]}}, '[vectors]\nfiles = ["/w"]\n', "vectors.files"),
        ({"vectors": {"files": ["/v"]}}, "[vectors]\ntuned = true\n", "vectors.tuned"),
        (
            {"data": {"train": "/old/train", "folds": 5, "fold": 1}},
            '[data]\ntrain = "/old/train"\nfolds = 5\nfold = 2\n',
            "data.fold",
        ),
        (
            {"data": {"train": "/old/train"}},
            '[data]\ntrain = "/old/train"\nfold = 1\nfolds = 5\n',
            "data.folds",
        ),
    ],
)
def test_what_else_has_to_be_as_it_was_is_named(theirs, text, key, begin):
    path = begin(text, {**THEIRS, **theirs})
    lines = path.read_text().splitlines()
    [line] = [n for n, written in enumerate(lines, 1) if written.split(" ")[0] == key.split(".")[1]]
    assert error_of(path).startswith(f"{path}:{line}: {key}: ")


def test_an_extended_vocabulary_may_read_the_vectors_from_elsewhere(begin):
    text = 'start.vocabulary = "extended"\n[vectors]\nfiles = ["/w"]\n'
    path = begin(text, {**THEIRS, "vectors": {"files": ["/v"]}})
    assert load(path).vectors.files == ["/w"]


def test_a_folder_that_is_no_run_is_named_with_its_line(tmp_path):
    (tmp_path / "new.toml").write_text('[start]\nrun = "nothing"\n')
    message = error_of(tmp_path / "new.toml")
    assert message.startswith(f"{tmp_path / 'new.toml'}:2: start.run: {tmp_path / 'nothing'}: not")


def test_a_vocabulary_without_a_run_is_refused(tmp_path):
    path = tmp_path / "new.toml"
    path.write_text('[data]\ntrain = "x"\n[start]\nvocabulary = "extended"\n')
    assert error_of(path).startswith(f"{path}:3: start: 'vocabulary'")


def test_a_sweep_that_would_change_the_architecture_is_refused(begin, tmp_path):
    begin("", name="base.toml")
    sweep = 'base = "base.toml"\n[sweep]\nmethod = "grid"\n[space]\n"model.units" = [100, 50]\n'
    (tmp_path / "sweep.toml").write_text(sweep)
    with pytest.raises(InputError, match=r"sweep\.toml:5: model\.units: "):
        load_sweep(tmp_path / "sweep.toml")
