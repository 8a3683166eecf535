"""Taggers with a CRF, and with constraints: from training to what is served, nothing illegal."""

import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

import oracles
from keras_lstm_variants import CRF, CRFLoss
from pipelines.config.schema import Model
from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.encoding import vocabulary
from pipelines.encoding.encoder import Encoder
from pipelines.encoding.vocabulary import Vocabulary
from pipelines.evaluation.evaluator import evaluate
from pipelines.serving.exporter import export
from pipelines.serving.taggers import load
from pipelines.tagger.model import build_tagger, constraints, decoded
from pipelines.tagger.model import load as load_model
from pipelines.tagger.prediction import batched, predict
from pipelines.tagger.signatures import Signatures
from pipelines.text.chunking import violations
from pipelines.training import runs
from pipelines.training.trainer import train

WORDS = Vocabulary(list("abcdefgh"), ["O", "B-X", "B-Y", "I-X", "I-Y"], "IOB2", False)


@pytest.fixture(scope="module")
def with_crf(tmp_path_factory, tiny):
    """The run folder of the tiny experiment with a CRF. Not to be written to."""
    run = tmp_path_factory.mktemp("with_crf") / "run"
    train(tiny(**{"model.decoder": "crf"}), run)
    return run


def made(rng, scale=3.0, words=WORDS, **options):
    """A tagger with random weights, which know nothing of schemes."""
    config = Model(units=6, layers=1, embedding=5, unknown=0, **options)
    model = build_tagger(words, config)
    model.set_weights([rng.normal(scale=scale, size=w.shape) for w in model.get_weights()])
    return model, config


def sentences(rng, number=40):
    return [[str(w) for w in rng.choice(list("abcdefghz"), n)] for n in rng.integers(1, 9, number)]


def illegal(tags):
    return sum(len(violations(row, "IOB2")) for row in tags)


@pytest.mark.ci
@pytest.mark.parametrize("decoder", [pytest.param("softmax", marks=pytest.mark.nightly), "crf"])
def test_constraints_keep_every_sentence_to_the_scheme_and_nothing_else_does(decoder, rng):
    given = sentences(rng)
    for constrained in (True, False):
        model, config = made(rng, decoder=decoder, constraints=constrained)
        decoder_ = decoded(model, WORDS, config.constraints)
        found = predict(decoder_, WORDS, batched(Encoder(WORDS), given, 7))
        assert [len(row) for row in found] == [len(row) for row in given]
        assert (illegal(found) == 0) == constrained


@pytest.mark.ci
def test_tags_without_a_scheme_have_no_constraints(rng):
    words = WORDS._replace(tags=["ADJ", "NOUN", "VERB"], scheme=None)
    assert constraints(words) is None
    for decoder in ("softmax", "crf"):
        model, _ = made(rng, words=words, decoder=decoder)
        assert predict(
            decoded(model, words), words, batched(Encoder(words), [["a"], ["b", "c"]], 2)
        )


@pytest.mark.parametrize("decoder", ["softmax", "crf"])
def test_neighbours_and_padding_anywhere_change_no_tag_and_no_score(decoder, rng):
    model, config = made(rng, 1.0, decoder=decoder)
    signatures = Signatures(model, WORDS, config.constraints)
    alone = signatures.tokens(tf.constant([["a", "c", "b", "z"]]))
    rows = [["", "a", "", "c", "b", "", "", "z", ""], ["d"] * 9, [""] * 9]
    together = signatures.tokens(tf.constant(rows))
    real = np.array(rows[0]) != ""
    assert together["tags"].numpy()[0, real].tolist() == alone["tags"].numpy()[0].tolist()
    np.testing.assert_allclose(together["scores"].numpy()[0, real], alone["scores"][0], atol=1e-5)
    assert set(together["tags"].numpy()[[0, 2]][np.array(rows)[[0, 2]] == ""]) == {b""}
    assert not together["scores"].numpy()[[0, 2]][np.array(rows)[[0, 2]] == ""].any()


def test_the_scores_of_a_crf_are_its_marginals(rng):
    model, _ = made(rng, 1.0, decoder="crf")
    found = Signatures(model, WORDS).tokens(tf.constant([["a", "c", "b"]]))
    layer = model.get_layer("crf")
    scores = keras.Model(model.input, model.get_layer("scores").output)(
        {"words": np.array([[2, 4, 3]])}
    )
    transitions, start, end = layer.get_weights()
    forbidden = np.where(constraints(WORDS), 0.0, -np.inf)
    edges = transitions + forbidden[:-1, :-1], start + forbidden[-1, :-1], end + forbidden[:-1, -1]
    x = scores.numpy()[0].astype("float64")
    path = oracles.crf_paths(x, *edges)[0][0]
    assert [WORDS.tags[n].encode() for n in path] == found["tags"].numpy()[0].tolist()
    expected = oracles.crf_marginals(x, *edges)[range(3), path]
    np.testing.assert_allclose(found["scores"][0], expected, atol=1e-5)


@pytest.mark.parametrize("decoder", ["softmax", "crf"])
def test_the_alternatives_are_the_most_probable_of_all_sequences_in_their_order(decoder, rng):
    model, config = made(rng, 1.0, decoder=decoder)
    raw = keras.Model(model.input, model.get_layer("scores").output)
    forbidden = np.where(constraints(WORDS), 0.0, -np.inf)
    edges = forbidden[:-1, :-1], forbidden[-1, :-1], forbidden[:-1, -1]
    if decoder == "crf":
        edges = [a + b for a, b in zip(edges, model.get_layer("crf").get_weights(), strict=True)]
    rows = [["", "a", "", "c", "b", "z"], ["d", *[""] * 5], ["a", "b", "c", "d", "", ""], [""] * 6]
    found = Signatures(model, WORDS, config.constraints).alternatives(9)(tf.constant(rows))
    for row, tags, logs in zip(
        rows, found["tags"].numpy(), found["log_probabilities"], strict=True
    ):
        real = np.array(row) != ""
        expected = [((), 0.0)]
        if real.any():
            ids = Encoder(WORDS)(tf.constant([[word for word in row if word]]))
            expected = oracles.crf_paths(np.array(raw(ids))[0].astype("float64"), *edges)[:9]
        names = [[WORDS.tags[n].encode() for n in path] for path, _ in expected]
        assert tags[: len(expected), real].tolist() == names
        np.testing.assert_allclose(logs[: len(expected)], [log for _, log in expected], atol=1e-5)
        assert (np.array(logs)[len(expected) :] == -np.inf).all()
        assert set(tags[:, ~real].ravel()) | set(tags[len(expected) :].ravel()) <= {b""}


def test_the_loss_of_a_batch_is_the_mean_over_its_tokens(rng):
    from pipelines.config.schema import Experiment, Training
    from pipelines.training.program import compile_model

    model, config = made(rng, 1.0, decoder="crf")
    compile_model(model, Experiment.model_construct(model=config, training=Training()))
    ids = {"words": np.array([[2, 3, 4, 5], [6, 7, 0, 0]])}
    tags = np.array([[0, 1, 3, 0], [2, 4, 0, 0]])
    real = (ids["words"] > 0).astype("float32")
    loss = model.test_on_batch(ids, tags, sample_weight=real / real.sum())
    chain = model(ids)
    assert float(loss) == pytest.approx(float(CRFLoss(reduction="sum")(tags, chain)) / 6, rel=1e-5)


@pytest.mark.ci
def test_a_tagger_with_a_crf_learns_and_is_scored_tagged_and_exported_alike(
    with_crf, tiny, tmp_path
):
    run = shutil.copytree(with_crf, tmp_path / "run")
    model = load_model(run / runs.MODEL)
    assert isinstance(model.get_layer("crf"), CRF)
    assert json.loads((run / runs.SCORES).read_text("utf-8"))["dev"] > 0.2
    result = evaluate(run, "dev").scores
    assert result.invalid_predicted == 0
    assert result.f1 == pytest.approx(json.loads((run / runs.SCORES).read_text("utf-8"))["dev"])
    predicted = read(run / "predictions.dev.conll", Options(0, 2)).sentences
    export(run, tmp_path / "tagger")
    rows = [s.tokens for s in read(tiny().data.dev).sentences]
    padded = tf.ragged.constant(rows, tf.string, ragged_rank=1).to_tensor("")
    outputs = [load(path).tokens(padded) for path in (run, tmp_path / "tagger")]
    for found in outputs:
        tags = [[t.decode() for t in row if t] for row in found["tags"].numpy()]
        assert tags == [s.tags for s in predicted]
        scores = found["scores"].numpy()
        assert ((scores > 0) & (scores <= 1 + 1e-6))[padded.numpy() != b""].all()
    np.testing.assert_allclose(outputs[0]["scores"], outputs[1]["scores"], atol=1e-5)


@pytest.mark.nightly
def test_a_crf_of_ids_leaves_as_onnx(with_crf, tmp_path):
    import onnxruntime

    folder = export(with_crf, tmp_path / "ids", format="onnx")
    model = load_model(with_crf / runs.MODEL)
    words = vocabulary.load(with_crf / runs.VOCABULARY)
    ids = Encoder(words)(tf.constant([["Anna", "met", "Xerxes", "."], ["Rome", "?", "", ""]]))
    ids = {name: of.numpy().astype("int32") for name, of in ids.items()}
    session = onnxruntime.InferenceSession(f"{folder}/tagger.onnx")
    tags, scores = session.run(["tags", "scores"], ids)
    expected = decoded(model, words)(ids)
    np.testing.assert_array_equal(tags, expected["tags"])
    np.testing.assert_allclose(scores, expected["scores"], atol=1e-5)
