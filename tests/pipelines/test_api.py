"""The commands as functions: what a user gives, what comes back, and what is refused."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pipelines
from pipelines import InputError

TEXT = "Anna Berg lives in Berlin. Anna Berg sings."
USER = """
from pathlib import Path
from typing import assert_type

import pipelines

run = pipelines.train("my.toml", overrides={"training.epochs": 3})
assert_type(run.folder, Path)
tagger = pipelines.load(Path("runs/my"))
assert_type(tagger("a text"), pipelines.Tagged)
assert_type(tagger(["a", "b"]), list[pipelines.Tagged])
assert_type(tagger([["a", "b"]]), list[pipelines.Tagged])
assert_type(tagger("a text").entities[0].confidence, float)
assert_type(pipelines.export(run, "tagger"), Path)
tagger(3)  # type: ignore[call-overload]
"""


@pytest.fixture(scope="module")
def tagger(exported):
    return pipelines.load(str(exported))


def test_importing_it_imports_nothing_heavy():
    heavy = "{'keras', 'tensorflow', 'numpy', 'pydantic'}"
    program = f"import pipelines, sys; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "set()\n"


def test_functions_stay_functions_when_the_stages_are_imported():
    import pipelines.evaluation.evaluator
    import pipelines.serving.exporter
    import pipelines.sweeping.search  # noqa: F401

    assert all(callable(getattr(pipelines, name)) for name in pipelines.__all__)


@pytest.mark.nightly
def test_a_users_file_is_typed(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "user.py").write_text(USER)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "", "--warn-unused-ignores", "user.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "MYPYPATH": str(Path(pipelines.__file__).parent.parent)},
    )
    assert "user.py:" not in done.stdout and done.returncode == 0, done.stdout


def test_a_text_has_words_and_entities_at_their_places(tagger):
    found = tagger(TEXT)
    assert found.text == TEXT
    assert [word.text for word in found.words] == [TEXT[w.start : w.end] for w in found.words]
    assert " ".join(w.text for w in found.words) == "Anna Berg lives in Berlin . Anna Berg sings ."
    assert [word.sentence for word in found.words] == [0] * 6 + [1] * 4
    assert found.entities
    for entity in found.entities:
        assert entity.text == TEXT[entity.start : entity.end]
        words = [w for w in found.words if entity.start <= w.start and w.end <= entity.end]
        assert words[0].tag == f"B-{entity.type}"
        assert entity.confidence == min(word.confidence for word in words)
    assert max(entity.end for entity in found.entities) <= len(TEXT)


def test_lists_are_answered_in_their_order(tagger):
    texts = ["", TEXT, "Berlin"] * 30  # more than are tagged together
    assert tagger(texts) == [tagger("")._replace(text=""), tagger(TEXT), tagger("Berlin")] * 30
    assert tagger([]) == []


def test_tokens_stay_as_they_are(tagger):
    [found, none] = tagger([["Anna", "Berg", "lives-in", "Berlin"], []])
    assert found.text == "Anna Berg lives-in Berlin"
    assert [found.text[w.start : w.end] for w in found.words] == found.text.split()
    assert none == ("", [], [], [])
    [spaced] = tagger([("New York", "x")])
    assert [w.text for w in spaced.words] == ["New York", "x"]


@pytest.mark.parametrize("count", [-1, 101, True, 2.0, "3"])
def test_a_number_of_alternatives_that_is_none_is_refused(count, tagger):
    with pytest.raises(InputError, match="alternatives: expected a whole number from 0 to 100"):
        tagger("Anna", alternatives=count)


def test_alternatives_are_the_most_probable_sequences_of_each_sentence(tagger):
    found = tagger(TEXT, alternatives=np.int64(3))
    assert tagger(TEXT).alternatives == [] and len(found.alternatives) == 2
    for number, others in enumerate(found.alternatives):
        words = [word for word in found.words if word.sentence == number]
        assert len(others) == 3 and others[0].tags == [word.tag for word in words]
        assert all(len(other.tags) == len(words) for other in others)
        assert 1 >= others[0].probability >= others[1].probability >= others[2].probability > 0
        for other in others:
            assert all(span.text == TEXT[span.start : span.end] for span in other.entities)
    first = [tuple(span) for others in found.alternatives for span in others[0].entities]
    assert first == [entity[:4] for entity in found.entities]
    of_tokens = tagger([["Anna", "Berg"], []], alternatives=4)
    [others] = of_tokens[0].alternatives
    assert len({tuple(other.tags) for other in others}) == 4
    assert of_tokens[1].alternatives == [[([], [], 1.0)]]


@pytest.mark.parametrize(
    "given, said",
    [
        ([["Anna"], "Berg"], "texts: item 1 is a str among lists of tokens"),
        (["Anna", ["Berg"]], "texts: item 0 is a str among lists of tokens"),
        (b"Anna", "texts: expected a text, a list of texts, or a list of lists of tokens"),
        (3, "texts: expected a text"),
        ({"text": "Anna"}, "texts: expected a text"),
        ([3], "texts: item 0: expected a list of tokens"),
        ([["Anna", ""]], "sentence 0, token 1: is empty"),
        ([["Anna", 3]], "sentence 0, token 1: expected a str (got 3)"),
        (["a", "\ud800"], "text 1: an unpaired surrogate"),
        ([["\ud800"]], "sentence 0, token 0: an unpaired surrogate"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_text_is_refused_in_a_sentence(given, said, tagger):
    with pytest.raises(InputError) as error:
        tagger(given)
    assert str(error.value).startswith(said)


def test_the_stage_refuses_a_str_for_a_list(tagger):
    from pipelines.serving.tagging import tag

    with pytest.raises(TypeError, match="letter by letter"):
        next(tag(tagger._model, "Anna"))


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: pipelines.load(3), "model: expected a path (got 3)"),
        (lambda: pipelines.load("none"), "none: neither a run nor an export"),
        (lambda: pipelines.train(), "train: give a config"),
        (lambda: pipelines.train("none.toml"), "none.toml: no such file"),
        (lambda: pipelines.train(3, "out"), "config: expected a path, a dict or an Experiment"),
        (
            lambda: pipelines.train({"data": {"nam": "x"}}, "out"),
            "config: data.nam: unknown key; did",
        ),
        (
            lambda: pipelines.train("none.toml", overrides="training.epochs=3"),
            "overrides: expected a dict",
        ),
        (
            lambda: pipelines.train("none.toml", overrides={"training": {"epochs": 3}}),
            "overrides: training: give its keys one by one",
        ),
        (
            lambda: pipelines.train("none.toml", overrides={"model.cell": None}),
            "overrides: model.cell: None cannot be written in TOML",
        ),
        (lambda: pipelines.evaluate("none"), "none: "),
        (lambda: pipelines.sweep("none.toml"), "none.toml: no such file"),
        (lambda: pipelines.sweep({}), "config: expected a path"),
        (lambda: pipelines.sweep("none.toml", workers=2.5), "workers: expected a whole number"),
        (lambda: pipelines.sweep("none.toml", workers=True), "workers: expected a whole number"),
        (lambda: pipelines.sweep("none.toml", watcher=5), "watcher: expected an object with the m"),
        (lambda: pipelines.train("none.toml", "o", watcher=5), "watcher: expected an object"),
        (lambda: pipelines.train("none.toml", "o", callbacks=5), "callbacks: expected a list"),
        (lambda: pipelines.train("none.toml", "o", overrides=5), "overrides: expected a dict or"),
        (lambda: pipelines.export("none", "out", license=5), "license: expected a text, such as"),
        (lambda: pipelines.export("none", "out", 0), "version: expected a whole number from 1"),
        (lambda: pipelines.export("none", "out", format="h5"), "format: unknown 'h5'; known are"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_input_is_refused_in_a_sentence_and_leaves_nothing(call, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as error:
        call()
    assert str(error.value).startswith(said)
    assert not list(tmp_path.iterdir())


def test_an_experiment_is_the_same_from_a_file_a_dict_and_an_object(tiny, tiny_toml, monkeypatch):
    import tomllib

    from pipelines.api import planned

    changes = {"training.epochs": 3, "model.cell": "gru"}
    expected = tiny(**changes)
    values = tomllib.loads(tiny_toml.read_text())
    values["data"]["train"] = Path(values["data"]["train"])
    for config in (tiny_toml, str(tiny_toml), values, tiny()):
        assert planned(config, "out", None, None, changes) == (expected, Path("out"))
    assert planned(tiny_toml, None, None, None, {})[1] == Path("runs/tiny")
    with pytest.raises(InputError, match="out: give the run folder"):
        planned(values, None, None, None, {})
    assert isinstance(values["data"]["train"], Path)  # what is given is not written to


@pytest.mark.nightly
def test_a_run_goes_through_all_functions(tiny_toml, tmp_path):
    run = pipelines.train(tiny_toml, tmp_path / "run", overrides={"training.epochs": 1})
    assert run.folder == tmp_path / "run" and run.scores["epochs"] == 1
    assert pipelines.evaluate(run, "dev").scores.f1 == pytest.approx(run.scores["dev"])
    version = pipelines.export(run, tmp_path / "tagger")
    exported, own = (pipelines.load(model)(TEXT).words for model in (version, run))
    assert [word[:4] for word in exported] == [word[:4] for word in own]
    expected = pytest.approx([word.confidence for word in own], abs=1e-5)
    assert [word.confidence for word in exported] == expected
    with pytest.raises(InputError, match="holds a finished run"):
        pipelines.train(tiny_toml, run)
