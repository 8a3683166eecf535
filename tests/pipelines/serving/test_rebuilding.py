"""An export runs as its run does where a compiler is, and as its SavedModel where not."""

import json
import logging
import shutil

import numpy as np
import pytest
import tensorflow as tf

from pipelines.errors import NoAlternatives
from pipelines.serving import rebuilding, taggers
from pipelines.serving.rebuilding import FOLDER, RECIPE, Differs, Rebuilt
from pipelines.serving.taggers import load, newest_version, of_export, of_saved_model
from pipelines.serving.tagging import tag

SENTENCES = [["Peter", "Lind", "works", "for", "Global", "Airways", "."], ["It", "rained", "."]]
TEXTS = ["Acme Corporation opened an office in Berlin.", "\x00 \ud7ff \U0010ffff zzz. It rained."]


@pytest.fixture
def version(exported, tmp_path):
    """A copy of the export, to be changed."""
    return shutil.copytree(newest_version(exported), tmp_path / "1")


@pytest.fixture
def change(version):
    """Changes what stands beside the SavedModel: change(function of its JSON value)."""

    def changed(how):
        file = version / FOLDER / RECIPE
        recipe = json.loads(file.read_text("utf-8"))
        how(recipe)
        file.write_text(json.dumps(recipe), "utf-8")

    return changed


@pytest.mark.ci
def test_an_export_gives_what_its_run_gives_and_may_run_compiled_loops(trained, exported):
    run, made = load(trained), Rebuilt(newest_version(exported))
    layer = made.signatures.model.get_layer("bidirectional_1").forward_layer
    rows = tf.ragged.constant(SENTENCES).to_tensor("")
    for name, given, expected in (
        ("serving_default", rows, run.tokens(rows)),
        ("text", tf.constant(TEXTS), run.text(tf.constant(TEXTS))),
    ):
        found = made.function(name)(given)
        assert layer.why_not_compiled == ""
        assert found.keys() == expected.keys()
        for key in found:
            close = np.testing.assert_allclose if key == "scores" else np.testing.assert_array_equal
            close(
                found[key].numpy(),
                expected[key].numpy(),
                **{"atol": 1e-5} if key == "scores" else {},
            )


@pytest.mark.nightly
def test_an_export_gives_the_alternatives_of_its_run_with_a_compiler_or_without(
    trained, exported, monkeypatch
):
    def found(path):
        tagged = list(tag(load(path), TEXTS, alternatives=3))
        assert all(one.alternatives[0].tags == one.tags for one in tagged)
        others = [other for one in tagged for other in one.alternatives]
        return [(o.tags, o.entities) for o in others], [o.probability for o in others]

    expected, probabilities = found(trained)
    for compiled in ("1", "0"):
        monkeypatch.setenv("KERAS_LSTM_VARIANTS_COMPILED", compiled)
        others, found_probabilities = found(exported)
        assert others == expected
        assert found_probabilities == pytest.approx(probabilities, abs=1e-6)


@pytest.mark.ci
@pytest.mark.parametrize("compiled", ["1", pytest.param("0", marks=pytest.mark.nightly)])
@pytest.mark.parametrize("damage", ["foreign", pytest.param("other", marks=pytest.mark.nightly)])
def test_what_cannot_be_rebuilt_has_no_alternatives_and_says_so(
    version, change, monkeypatch, damage, compiled
):
    def other(recipe):
        recipe["examples"]["serving_default"]["outputs"]["scores"][0][0] += 2e-4

    monkeypatch.setenv("KERAS_LSTM_VARIANTS_COMPILED", compiled)
    if damage == "other":
        change(other)
    else:
        shutil.rmtree(version / FOLDER)
    why = {"other": "its scores are others", "foreign": "another one, wrote it"}[damage]
    tagger = load(version)
    assert list(tag(tagger, TEXTS))
    for _ in range(2):
        with pytest.raises(NoAlternatives, match=f"{why}.*: export its run again"):
            next(tag(tagger, TEXTS, alternatives=2))


@pytest.mark.ci
def test_what_does_not_give_the_scores_of_the_saved_model_is_not_used(version, change, caplog):
    def other(recipe):
        scores = recipe["examples"]["serving_default"]["outputs"]["scores"]
        scores[0][0] += 2e-4

    change(other)
    rows = tf.constant(SENTENCES[1:])
    with caplog.at_level(logging.WARNING, "pipelines"):
        found = of_export(version).tokens(rows)
    assert "its scores are others than those of the SavedModel" in caplog.text
    signature = tf.saved_model.load(str(version)).signatures["serving_default"]
    np.testing.assert_array_equal(found["scores"], signature(tokens=rows)["scores"])


@pytest.mark.nightly
@pytest.mark.parametrize("key", ["starts", "tokens"])
def test_texts_that_are_taken_apart_otherwise_are_left_to_the_saved_model(key, version, change):
    def other(recipe):
        row = recipe["examples"]["text"]["outputs"][key][0]
        row[0] = "other" if key == "tokens" else 1

    change(other)
    with pytest.raises(Differs, match=f"its {key} are others"):
        Rebuilt(version).function("words")
    expected = list(tag(of_saved_model(version), TEXTS, scored=False))
    assert list(tag(of_export(version), TEXTS, scored=False)) == expected


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (lambda recipe: recipe.update(graph="0" * 64), "another SavedModel"),
        (lambda recipe: recipe["model"].update(class_name="Unknown"), "Unknown"),
        (lambda recipe: recipe["vocabulary"]["tags"].pop(), "chain is for"),
        (lambda recipe: recipe.pop("examples"), "examples"),
    ],
)
def test_what_cannot_be_made_is_not_used(how, why, version, change):
    change(how)
    with pytest.raises(Differs, match=why):
        Rebuilt(version)


def test_an_export_without_it_or_with_half_of_it_runs_as_a_saved_model(version):
    (version / FOLDER / RECIPE).write_text("{", "utf-8")
    with pytest.raises(Differs, match="JSON"):
        Rebuilt(version)
    shutil.rmtree(version / FOLDER)
    with pytest.raises(Differs, match="older version"):
        Rebuilt(version)


@pytest.mark.parametrize("examples", [{}, 3])
def test_examples_that_are_damaged_leave_it_to_the_saved_model(version, change, examples):
    change(lambda recipe: recipe.update(examples=examples))
    rebuilt = Rebuilt(version)
    with pytest.raises(Differs):
        rebuilt.function("serving_default")


def test_without_a_compiler_the_saved_model_is_used(exported, monkeypatch):
    monkeypatch.setenv("CXX", "/bin/false")
    assert "no C++ compiler" in rebuilding.why_no_faster()
    monkeypatch.setenv("KERAS_LSTM_VARIANTS_COMPILED", "0")
    assert "COMPILED is 0" in rebuilding.why_no_faster()
    monkeypatch.setattr(taggers, "Rebuilt", None)
    assert load(exported).tags is None


@pytest.mark.nightly
def test_weights_that_are_not_finite_are_left_to_the_saved_model(with_bias, monkeypatch, tmp_path):
    from pipelines.serving.exporter import export

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.tagger.model.not_finite", lambda arrays: "")
        version = export(with_bias(float("nan")), tmp_path / "export")
    assert not (version / FOLDER / RECIPE).exists()
    saved = tf.train.load_checkpoint(str(version / rebuilding.CHECKPOINT))
    assert any(
        np.isnan(saved.get_tensor(name)).any()
        for name in saved.get_variable_to_shape_map()
        if name.startswith("weights/")
    )
