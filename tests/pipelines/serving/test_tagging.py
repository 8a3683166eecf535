"""Tagging: run and export give the same for any text, and what the model was scored for."""

import random
import shutil

import numpy as np
import pytest
import tensorflow as tf
from tagger_checks import SENTENCES, TEXT, assert_same, plain, tags_of, tokens

import oracles
from keras_lstm_variants import portable
from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.encoding.encoder import Encoder
from pipelines.evaluation.evaluator import evaluate
from pipelines.serving import exporter
from pipelines.serving.exporter import export
from pipelines.serving.taggers import load
from pipelines.serving.tagging import tag
from pipelines.serving.windows import FIRST
from pipelines.tagger.model import constraints
from pipelines.tagger.model import load as load_model
from pipelines.tagger.prediction import batched, predict
from pipelines.tagger.signatures import entities_of
from pipelines.text.chunking import spans
from pipelines.training import runs
from pipelines.training.trainer import train


@pytest.mark.ci
def test_the_tagger_tags(taggers):
    """What every test here relies on: different words get different tags."""
    for tagger in taggers:
        found = tags_of(tagger, SENTENCES[0])
        assert found[0] == "B-PER" and found[2] == "O" and found[7] == "B-LOC"


@pytest.mark.ci
def test_the_tags_are_those_that_the_run_was_scored_for(trained, taggers, tiny, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    evaluate(run, "dev")
    predicted = [s.tags for s in read(run / "predictions.dev.conll", Options(0, 2)).sentences]
    dev = [s.tokens for s in read(tiny().data.dev).sentences]
    for tagger in taggers:
        assert [tags_of(tagger, sentence) for sentence in dev] == predicted


@pytest.mark.ci
@pytest.mark.parametrize(
    "text",
    [[], [""], ["", ""], ["Oslo"], ["", "Oslo", "   "], ["\0"], ["Oslo\0", "Os\0lo"],
     ["😀 👩‍👩‍👧!"], ["[UNK]"], ["\t\n"], ["word " * 10_000], ["a" * 50_000], ["(" * 50],
     ["日本。東京"], ["\u3000"]],
    ids=lambda text: repr(text)[:20],
)  # fmt: skip
def test_run_and_export_agree_on_any_text(text, taggers):
    run, exported = (tagger.text(tf.constant(text, tf.string)) for tagger in taggers)
    assert_same(run, exported)
    found = plain(run)
    assert found["lengths"].tolist() == [sum(1 for w in row if w) for row in found["tokens"]]
    assert len(found["lengths"]) == len(text)


@pytest.mark.ci
@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (2, 0)])
def test_run_and_export_take_no_sentence_and_no_word(shape, taggers):
    run, exported = (tagger.tokens(tf.zeros(shape, tf.string)) for tagger in taggers)
    assert_same(run, exported)
    assert plain(run)["tags"].shape == shape
    assert plain(run)["lengths"].tolist() == [0] * shape[0]


@pytest.mark.ci
@pytest.mark.parametrize("which", ["run", "export"])
def test_padding_anywhere_changes_nothing_and_has_no_tag(which, taggers):
    tagger = taggers[which == "export"]
    alone = plain(tagger.tokens(tokens(SENTENCES[0])))
    padded = ["", *SENTENCES[0][:3], "", "", *SENTENCES[0][3:], "", ""]
    together = plain(tagger.tokens(tokens(SENTENCES[1], padded, [""] * 14, SENTENCES[2])))
    real = [n for n, word in enumerate(padded) if word]
    assert together["tags"][1][real].tolist() == alone["tags"][0].tolist()
    np.testing.assert_allclose(together["scores"][1][real], alone["scores"][0], rtol=0, atol=1e-5)
    assert together["lengths"].tolist() == [8, 9, 0, 3]
    blank = np.array([[not word for word in padded], [True] * 14])
    assert set(together["tags"][1:3][blank]) == {b""}
    assert set(together["scores"][1:3][blank]) == {0.0}


@pytest.mark.ci
def test_a_score_is_the_probability_of_its_tag(trained, taggers):
    from pipelines.encoding import vocabulary

    words = vocabulary.load(trained / runs.VOCABULARY)
    model = load_model(trained / runs.MODEL)
    ids = Encoder(words)(tokens(SENTENCES[1][:3]))
    raw = np.asarray(model(ids))[0].astype("float64")
    forbidden = np.where(constraints(words), 0.0, -np.inf)
    edges = forbidden[:-1, :-1], forbidden[-1, :-1], forbidden[:-1, -1]
    shares, best = oracles.crf_marginals(raw, *edges), oracles.crf_paths(raw, *edges)[0][0]
    for tagger in taggers:
        found = plain(tagger.tokens(tokens(SENTENCES[1][:3])))
        assert [words.tags[n] for n in best] == tags_of(tagger, SENTENCES[1][:3])
        np.testing.assert_allclose(found["scores"][0], shares[range(3), best], rtol=0, atol=1e-5)


@pytest.mark.nightly
def test_what_predicts_here_may_run_compiled_loops(trained, monkeypatch):
    made = exporter.load(trained)
    monkeypatch.setattr(exporter, "load", lambda run: made)
    layer = made.model.get_layer("bidirectional_1").forward_layer
    words = batched(made.encoder, SENTENCES[:1], 1)
    for call in (
        lambda: load(trained).tokens(tokens(SENTENCES[0])),
        lambda: load(trained).text(tf.constant(TEXT[:1])),
        lambda: predict(made.decoder, made.vocabulary, words),
    ):
        with portable():
            tf.function(made.tokens)(tokens(SENTENCES[0]))
        assert "portable" in layer.why_not_compiled
        call()
        assert layer.why_not_compiled == ""


@pytest.mark.ci
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \t\r\n ", []),
        ("Anna lives in Rome.", ["Anna", "lives", "in", "Rome", "."]),
        ("  two\t\tblanks \n", ["two", "blanks"]),
        ("(in Paris).", ["(", "in", "Paris", ")", "."]),
        ('"Hello," she said.', ['"', "Hello", ",", '"', "she", "said", "."]),
        ('He said: "(No)!"', ["He", "said", ":", '"', "(", "No", ")", "!", '"']),
        ("«Bonjour» “hello” ‘hi’", ["«", "Bonjour", "»", "“", "hello", "”", "‘", "hi", "’"]),
        ("@user e-mail 3.5 don't AT&T a/b", ["@user", "e-mail", "3.5", "don't", "AT&T", "a/b"]),
        ("It cost 3.5.", ["It", "cost", "3.5", "."]),
        ("What?! No...", ["What", "?", "!", "No", ".", ".", "."]),
        ("[a] {b}", ["[", "a", "]", "{", "b", "}"]),
        (". , !", [".", ",", "!"]),
        ("...", [".", ".", "."]),
        ("-- - $5 +1", ["--", "-", "$5", "+1"]),
        ("今日は。", ["今", "日", "は", "。"]),
        ("😀! (😀)", ["😀", "!", "(", "😀", ")"]),
        ("a\0b \0", ["a\0b", "\0"]),
        ("naïve café, Müller;", ["naïve", "café", ",", "Müller", ";"]),
    ],
)
def test_text_is_split_at_blanks_and_around_punctuation(text, words, taggers):
    for tagger in taggers:
        found = plain(tagger.text(tf.constant([text])))
        assert [word.decode() for word in found["tokens"][0]] == words
        assert found["lengths"].tolist() == [len(words)]


@pytest.mark.ci
def test_text_gets_the_tags_of_its_tokens(taggers):
    for tagger in taggers:
        by_text = plain(tagger.text(tf.constant(["Acme Corporation (in Berlin)!", TEXT[0]])))
        words = ["Acme", "Corporation", "(", "in", "Berlin", ")", "!"]
        by_token = plain(tagger.tokens(tokens(words, SENTENCES[0])))
        assert by_text["tags"].tolist() == by_token["tags"].tolist()


MANY = [
    "Mr. Peter Lind works for Global Airways in London. Acme Corporation opened an office!\n\nOslo",
    "😀 Peter Lind 👩‍👩‍👧 in\u3000London",
    "",
    "It rained. " * 150 + "Peter Lind left.",
]


@pytest.mark.ci
def test_entities_have_their_places_in_the_text(taggers):
    for tagger in taggers:
        [lind, london, *_] = found = [e for s in tag(tagger, MANY[:1]) for e in s.entities]
        assert lind == ("PER", 4, 14, "Peter Lind") or lind == ("PER", 0, 14, "Mr. Peter Lind")
        assert {MANY[0][e.start : e.end] for e in found} == {e.text for e in found}
        assert len(found) >= 3 and london.start > lind.end


@pytest.mark.ci
@pytest.mark.parametrize("which", ["run", "export"])
def test_sentences_of_a_text_are_tagged_each_by_itself(which, taggers):
    tagger = taggers[which == "export"]
    found = list(tag(tagger, MANY))
    assert [s.line for s in found] == [1, 1, 1, 2, 3, *[4] * 151]
    assert [s.tokens[0] for s in found[:3]] == ["Mr.", "Acme", "Oslo"]
    for sentence in found:
        line = MANY[sentence.line - 1]
        places = zip(sentence.starts, sentence.ends, strict=True)
        assert [line[start:end] for start, end in places] == sentence.tokens
        if sentence.tokens:
            [alone] = tag(tagger, [" ".join(sentence.tokens)], split=True)
            assert sentence.tags == alone.tags
            assert sentence.scores == pytest.approx(alone.scores, abs=1e-5)
            assert [e.type for e in sentence.entities] == [e.type for e in alone.entities]


@pytest.mark.ci
def test_the_graph_finds_the_entities_that_the_tags_spell(taggers):
    for tagger in taggers:
        found = plain(tagger.text(tf.constant(MANY)))
        spelled = [[], [], [], []]
        for sentence in tag(tagger, MANY):
            spelled[sentence.line - 1] += [tuple(entity[:3]) for entity in sentence.entities]
        for n, entities in enumerate(spelled):
            columns = (found[f"entity_{key}s"][n] for key in ("type", "start", "end"))
            rows = [(t.decode(), start, end) for t, start, end in zip(*columns, strict=True)]
            assert found["entities"][n] == len(entities)
            assert rows == entities + [("", 0, 0)] * (len(rows) - len(entities))


@pytest.mark.parametrize("letters", ["BI", "BIES", "BILU", "BMES"])
def test_the_graph_reads_tags_as_the_scores_do(letters):
    choose = random.Random(0)
    names = ["O", *(f"{letter}{type}" for letter in letters for type in ("-A", "-b-c", ""))]
    rows = [choose.choices(names, k=choose.randint(1, 9)) for _ in range(200)]
    ragged = tf.ragged.constant(rows)
    types, firsts, lasts = (x.numpy() for x in entities_of(ragged.flat_values, ragged))
    begins = ragged.row_starts().numpy()
    expected = [
        (span.type, begin + span.start, begin + span.end - 1)
        for row, begin in zip(rows, begins, strict=True)
        for span in spans(row, "IOBES")
    ]
    assert [(t.decode(), *ends) for t, *ends in zip(types, firsts, lasts, strict=True)] == expected


@pytest.mark.ci
def test_words_that_are_split_already_have_places_too(taggers):
    line = " (Peter  Lind) in\tLondon "
    [found] = tag(taggers[1], [line], split=True)
    places = zip(found.starts, found.ends, strict=True)
    assert [line[start:end] for start, end in places] == ["(Peter", "Lind)", "in", "London"]
    assert [line[e.start : e.end] for e in found.entities] == [e.text for e in found.entities]


@pytest.mark.nightly
def test_tags_that_spell_no_entities_give_none(tmp_path, tiny):
    for split in ("train", "dev"):
        (tmp_path / split).write_text("a\tDET\nb\tNOUN\n\n" * 10)
    changes = {f"data.{split}": str(tmp_path / split) for split in ("train", "dev")}
    changes |= {"data.test": None, "training.epochs": 1, "model.cell": "simple_rnn"}
    train(tiny(**changes, **{"model.characters": "none"}), tmp_path / "run")
    export(tmp_path / "run", tmp_path / "tagger")
    for tagger in (load(tmp_path / "run"), load(tmp_path / "tagger")):
        assert "entities" not in tagger.text(tf.constant(["a b"]))
        [found] = tag(tagger, ["a b"])
        assert (found.tokens, found.entities) == (["a", "b"], [])


@pytest.mark.ci
@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("number", [0, 1, FIRST - 1, FIRST, FIRST + 1, 3 * FIRST + 1])
def test_every_line_is_tagged_and_in_order(number, split, taggers):
    lines = [f"Sentence {n}" + " more" * (n % 5) for n in range(number)]
    found = list(tag(taggers[1], iter(lines), split))
    assert [sentence.tokens for sentence in found] == [line.split() for line in lines]
    assert [sentence.line for sentence in found] == list(range(1, number + 1))
    for sentence in found:
        assert len(sentence.tokens) == len(sentence.tags) == len(sentence.scores)


@pytest.mark.ci
def test_a_line_is_tagged_alike_alone_among_others_and_without_scores(taggers, trained, exported):
    words = [
        "Acme",
        "in",
        "Berlin",
        ".",
        "a\u0301",
        "\U0001f600",
        "日本",
        "\x00",
        "z" * 200,
        "(It)",
    ]
    drawn = random.Random(1)
    lines = ["", " ", "It rained. Peter works.", *(
        " ".join(drawn.choices(words, k=drawn.choice([1, 2, 5, 40]))) for _ in range(FIRST)
    )]  # fmt: skip
    for split in (False, True):
        scored = list(tag(taggers[0], lines, split))
        for tagger in (taggers[0], load(exported)):
            bare = list(tag(tagger, lines, split, scored=False))
            assert bare == [sentence._replace(scores=[]) for sentence in scored]
        alone = [
            sentence._replace(line=number)
            for number, line in enumerate(lines, 1)
            for sentence in tag(taggers[1], [line], split)
        ]
        for one, other in zip(scored, alone, strict=True):
            assert one._replace(scores=[]) == other._replace(scores=[])
            np.testing.assert_allclose(one.scores, other.scores, rtol=0, atol=1e-5)


@pytest.mark.ci
def test_lone_surrogates_are_refused_whichever_way(taggers):
    for split in (False, True):
        for scored in (False, True):
            with pytest.raises(ValueError, match="unicode"):
                list(tag(taggers[0], ["a \ud800"], split, scored))


@pytest.mark.ci
def test_an_empty_line_is_a_sentence_without_words(taggers):
    for split in (False, True):
        found = list(tag(taggers[1], ["It rained", "", "It rained"], split))
        assert [sentence.tokens for sentence in found] == [["It", "rained"], [], ["It", "rained"]]
        assert found[0]._replace(line=3) == found[2]


@pytest.mark.ci
def test_words_that_are_split_already_stay_whole(taggers):
    [found] = tag(taggers[1], ["(in Berlin)."], split=True)
    assert found.tokens == ["(in", "Berlin)."]


@pytest.mark.ci
@pytest.mark.parametrize("split", [True, pytest.param(False, marks=pytest.mark.nightly)])
def test_scores_that_are_not_finite_are_one_error_and_never_tags(split, with_bias, cli):
    run = with_bias(1e38)
    for options in (["--json"], []):
        outcome = cli("tag", run, "Oslo", *options, *["--split"] * split)
        assert (outcome.status, outcome.out) == (2, "")
        [line] = outcome.err.splitlines()
        assert line.startswith(f"error: {run}: the scores of a sentence are not finite")
