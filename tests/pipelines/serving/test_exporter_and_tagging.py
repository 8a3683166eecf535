"""Export and tag: the served tagger is the trained one, for any string, and needs none of us."""

import json
import random
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import keras_lstm_variants
import oracles
from keras_lstm_variants import portable
from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.encoding.encoder import HEAD, TAIL, Encoder
from pipelines.encoding.vocabulary import Vocabulary
from pipelines.errors import InputError
from pipelines.evaluation.evaluator import evaluate
from pipelines.serving import exporter
from pipelines.serving.exporter import export
from pipelines.serving.taggers import load, newest_version, of_saved_model
from pipelines.serving.tagging import tag
from pipelines.serving.windows import FIRST
from pipelines.tagger.model import constraints
from pipelines.tagger.model import load as load_model
from pipelines.tagger.prediction import batched, predict
from pipelines.tagger.signatures import entities_of
from pipelines.text.chunking import spans
from pipelines.training import runs
from pipelines.training.trainer import train

FOREIGN = """
import json, sys
for name in ("keras", "keras_lstm_variants", "pipelines"):
    sys.modules[name] = None  # importing it is an error from here on
import tensorflow as tf

signatures = tf.saved_model.load(sys.argv[1]).signatures
tokens, text = json.load(sys.stdin)
for outputs in (
    signatures["serving_default"](tokens=tf.constant(tokens)),
    signatures["text"](text=tf.constant(text)),
):
    plain = {key: value.numpy() for key, value in outputs.items()}
    print(json.dumps({
        key: [[word.decode() for word in row] for row in value.tolist()]
        if value.dtype == object else value.tolist()
        for key, value in plain.items()
    }))
"""
SENTENCES = [
    ["Peter", "Lind", "works", "for", "Global", "Airways", "in", "London", "."],
    ["Acme", "Corporation", "opened", "an", "office", "in", "Berlin", "."],
    ["It", "rained", "."],
]
TEXT = [" ".join(sentence) for sentence in SENTENCES]
# What README.txt in an export says, word by word; of regular expressions, for ASCII.
IDS = """
import json, re, sys
for name in ("keras", "keras_lstm_variants", "pipelines", "tensorflow"):
    sys.modules[name] = None  # importing it is an error from here on
import numpy as np

folder, sentences = sys.argv[1], json.load(sys.stdin)
read = lambda name: open(f"{folder}/{name}.txt", encoding="utf-8", newline="\\n").read()
ids = lambda name: {string: n for n, string in enumerate(read(name).split("\\n")[:-1])}
known, letters, casings, tags = map(ids, ("vocabulary", "characters", "casing", "tags"))
tags = list(tags)

def rules():
    of_casing = read("README").partition('"casing"')[2].partition("\\n\\n")[0]
    for name, rule in re.findall(r"^    (\\w+): (.*)$", of_casing, re.MULTILINE):
        parts = re.split(r"(\\[.*?\\])", rule)  # classes in brackets, and classes alone
        sets = {"Lu": "A-Z", "Lt": "", "Ll": "a-z", "L": "A-Za-z", "N": "0-9"}
        for n, part in enumerate(parts):
            form = "%s" if part.startswith("[") else "[%s]"
            parts[n] = re.sub(r"\\\\p{(\\w+)}", lambda m: form % sets[m[1]], part)
        yield name, re.compile("".join(parts), re.DOTALL)

rules = list(rules())
casing = lambda word: next((name for name, rule in rules if rule.fullmatch(word)), "signs")
steps, longest = max(map(len, sentences)), max(len(w) for s in sentences for w in s)
words, casing_ids = np.zeros((2, len(sentences), steps), "int32")
characters = np.zeros((len(sentences), steps, longest), "int32")
for n, sentence in enumerate(sentences):
    for step, word in enumerate(sentence):
        words[n, step] = known.get(word, 1)
        casing_ids[n, step] = casings.get(casing(word), 1)
        for place, letter in enumerate(word):
            characters[n, step, place] = letters.get(f"{ord(letter):04X}", 1)
inputs = {"words": words, "characters": characters, "casing": casing_ids}
if sys.argv[2] == "onnx":
    import onnxruntime
    session = onnxruntime.InferenceSession(f"{folder}/tagger.onnx")
    [best] = session.run(["tags"], inputs)
else:
    from ai_edge_litert.interpreter import Interpreter
    run = Interpreter(f"{folder}/tagger.tflite").get_signature_runner()
    best = run(**inputs)["tags"]
print(json.dumps([[tags[n] for n in row[: len(s)]] for row, s in zip(best, sentences)]))
"""


@pytest.fixture(scope="module")
def taggers(trained, exported):
    """The same tagger, from its run and from its SavedModel."""
    return load(trained), of_saved_model(newest_version(exported))


def plain(outputs):
    return {key: value.numpy() for key, value in outputs.items()}


def tokens(*rows):
    return tf.ragged.constant(rows, tf.string, ragged_rank=1).to_tensor("")


def assert_same(one, other):
    one, other = plain(one), plain(other)
    assert one.keys() == other.keys()
    for key in one:
        assert one[key].shape == other[key].shape
        if key == "scores":
            np.testing.assert_allclose(one[key], other[key], rtol=0, atol=1e-5)
        else:
            np.testing.assert_array_equal(one[key], other[key])


def tags_of(tagger, sentence):
    return [tag.decode() for tag in plain(tagger.tokens(tokens(sentence)))["tags"][0]]


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
def test_a_process_without_keras_and_without_our_code_gives_the_same_tags(exported, taggers):
    rows = [[*row, *[""] * (9 - len(row))] for row in SENTENCES]
    done = subprocess.run(
        [sys.executable, "-c", FOREIGN, newest_version(exported)],
        input=json.dumps([rows, TEXT]), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    run = taggers[0]
    for outputs, expected in zip(
        found, (run.tokens(tokens(*SENTENCES)), run.text(tf.constant(TEXT))), strict=True
    ):
        for key, value in plain(expected).items():
            if key == "scores":
                np.testing.assert_allclose(outputs[key], value, rtol=0, atol=1e-5)
            else:
                decode = np.vectorize(lambda x: x.decode() if isinstance(x, bytes) else x)
                assert outputs[key] == decode(value).tolist()


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("signature", "input"),
    [
        pytest.param(
            "serving_default", f"tokens=[{SENTENCES[0]}]", id="tokens", marks=pytest.mark.nightly
        ),
        pytest.param("text", f"text=[{TEXT[0]!r}]", id="text"),
    ],
)
def test_tensorflows_own_tool_runs_each_signature(signature, input, exported, taggers):
    done = subprocess.run(
        [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli", "run",
         "--dir", newest_version(exported), "--tag_set", "serve", "--signature_def", signature,
         "--input_exprs", input],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    printed = done.stdout.partition("Result for output key tags:\n")[2].partition("]]")[0]
    assert printed.replace("b'", "'").replace("[[", "").replace("'", "").split() == tags_of(
        taggers[0], SENTENCES[0]
    )


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
def test_exports_hold_no_compiled_loops_wherever_they_are_made(trained, tmp_path):
    folder = export(trained, tmp_path / "tagger")
    for signature in tf.saved_model.load(str(folder)).signatures.values():
        graph = signature.graph.as_graph_def()
        nodes = [*graph.node, *(n for f in graph.library.function for n in f.node_def)]
        assert "While" in "".join(node.op for node in nodes)
        assert not {"PyFunc", "EagerPyFunc", "PyFuncStateless"} & {node.op for node in nodes}


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


def test_the_newest_version_is_that_with_the_highest_number(exported, tmp_path):
    for name in ("1", "9", "10", "old", ".11.part"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").touch()
    (tmp_path / "12").mkdir()
    assert newest_version(tmp_path) == tmp_path / "10"
    assert newest_version(tmp_path / "9") == tmp_path / "9"
    assert newest_version(exported) == exported / "1"


@pytest.mark.nightly
@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_a_model_of_word_ids_gives_the_same_tags_with_the_files_beside_it(
    format, trained, taggers, tmp_path
):
    sentences = [*SENTENCES, ["Zyzzyva", "in", "London"]]
    folder = export(trained, tmp_path / "ids", 3, format, batch_size=len(sentences))
    assert folder == tmp_path / "ids" / "3"
    assert {path.name for path in folder.iterdir()} == {
        {"onnx": "tagger.onnx", "litert": "tagger.tflite"}[format], "README.txt", "tags.txt",
        "vocabulary.txt", "characters.txt", "casing.txt", "README.md", "client.py",
        "manifest.json"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", IDS, folder, format],
        input=json.dumps(sentences), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [tags_of(taggers[0], sentence) for sentence in sentences]


@pytest.mark.ci
@pytest.mark.parametrize("lowercase", [False, True])
def test_a_model_of_word_ids_says_whether_words_are_to_be_in_lower_case(lowercase):
    known = Vocabulary(["a"], ["O"], None, lowercase)
    text = exporter._explained(known, "tagger.onnx", "batch")["README.txt"]
    assert ("in lower case" in text) == lowercase


def test_what_a_client_is_told_of_long_words_is_how_the_encoder_cuts_them():
    letters = [chr(0x4E00 + n) for n in range(3 * (HEAD + TAIL))]
    known = Vocabulary([], ["O"], None, False, characters=letters)
    files = exporter._explained(known, "tagger.onnx", "batch")
    of_letter = {code: n for n, code in enumerate(files["characters.txt"].split("\n"))}
    rule = r"Of a word of more than\s(\d+) characters, the first (\d+) and the last (\d+)"
    [sizes] = re.findall(rule, files["README.txt"])
    longest, head, tail = map(int, sizes)
    for length in (longest, longest + 1, len(letters)):
        word = letters[:length]
        cut = word if length <= longest else [*word[:head], *word[-tail:]]
        [[ids]] = Encoder(known)(tf.constant([["".join(word)]]))["characters"].numpy()
        assert ids.tolist() == [of_letter[f"{ord(letter):04X}"] for letter in cut]


def test_a_missing_package_is_said_and_nothing_written(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(keras_lstm_variants.exporting, "find_spec", lambda package: None)
    with pytest.raises(InputError, match=r"pip install 'keras-lstm-variants\[onnx\]'"):
        export(trained, tmp_path / "ids", format="onnx")
    assert not any(tmp_path.iterdir())


def test_an_export_holds_every_weight_once(trained, exported):
    saved = tf.train.load_checkpoint(str(newest_version(exported) / "variables" / "variables"))
    types, shapes = saved.get_variable_to_dtype_map(), saved.get_variable_to_shape_map()
    numbers = sum(int(np.prod(shapes[name])) for name in shapes if types[name] == tf.float32)
    assert numbers == load_model(trained / runs.MODEL).count_params()


def test_a_version_that_is_there_is_refused_and_left_as_it_is(
    trained, exported, contents, tmp_path
):
    shutil.copytree(exported, tmp_path / "tagger")
    before = contents(tmp_path)
    with pytest.raises(InputError, match="exists") as caught:
        export(trained, tmp_path / "tagger")
    assert str(tmp_path / "tagger" / "1") in str(caught.value)
    assert contents(tmp_path) == before


@pytest.mark.nightly
def test_another_version_stands_beside_it_whatever_a_kill_has_left(
    trained, exported, contents, tmp_path
):
    shutil.copytree(exported, tmp_path / "tagger")
    before = contents(tmp_path)
    left = tmp_path / "tagger" / ".2.part"
    left.mkdir()
    (left / "half").touch()
    assert export(trained, tmp_path / "tagger", 2) == tmp_path / "tagger" / "2"
    after = contents(tmp_path)
    assert {name: after[name] for name in before} == before
    assert not left.exists() and not (tmp_path / "tagger" / "2" / "half").exists()
    assert_same(
        load(tmp_path / "tagger").tokens(tokens(*SENTENCES)),
        load(tmp_path / "tagger" / "1").tokens(tokens(*SENTENCES)),
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_export_that_breaks_off_leaves_no_version(error, trained, tmp_path, monkeypatch):
    saved = []

    def broken(model, path, *args, **options):
        saved.append(path)
        (tmp_path / "tagger" / ".1.part").mkdir()
        (tmp_path / "tagger" / ".1.part" / "saved_model.pb").touch()
        raise error("no space left")

    monkeypatch.setattr(tf.saved_model, "save", broken)
    with pytest.raises(KeyboardInterrupt if error is KeyboardInterrupt else InputError):
        export(trained, tmp_path / "tagger")
    assert saved == [str(tmp_path / "tagger" / ".1.part")]
    assert list((tmp_path / "tagger").iterdir()) == []


def test_half_an_export_is_none(exported, tmp_path):
    shutil.copytree(exported / "1", tmp_path / "tagger" / ".1.part")
    with pytest.raises(InputError, match="neither a run nor an export"):
        load(tmp_path / "tagger")


def test_only_a_finished_run_is_exported(trained, tiny, tmp_path):
    with pytest.raises(InputError, match="not a run folder"):
        export(tmp_path, tmp_path / "tagger")
    runs.start(tmp_path / "run", tiny(), {"data": {}})
    with pytest.raises(InputError, match="not finished"):
        export(tmp_path / "run", tmp_path / "tagger")
    assert not (tmp_path / "tagger").exists()


def test_what_is_no_export_of_ours_is_refused(tmp_path, exported):
    with pytest.raises(InputError, match="neither a run nor an export"):
        load(tmp_path)

    class Foreign(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([])])
        def double(self, x):
            return 2 * x

    tf.saved_model.save(Foreign(), str(tmp_path / "foreign" / "1"))
    with pytest.raises(InputError, match="not an export of ours"):
        load(tmp_path / "foreign")
    shutil.copytree(exported, tmp_path / "damaged")
    (tmp_path / "damaged" / "1" / "saved_model.pb").write_bytes(b"damaged")
    with pytest.raises(InputError, match="not an export of ours") as caught:
        load(tmp_path / "damaged")
    assert "\n" not in str(caught.value)


@pytest.mark.ci
def test_a_run_with_weights_that_are_not_finite_neither_tags_nor_is_exported(
    with_bias, cli, tmp_path
):
    run = with_bias(float("nan"))
    for command in (["tag", run, "Oslo"], ["export", run, tmp_path / "export"],
                    ["inspect", run, "Oslo", "--out", tmp_path / "pictures"]):  # fmt: skip
        outcome = cli(*command)
        assert (outcome.status, outcome.out) == (2, "")
        [line] = outcome.err.splitlines()
        assert f"{run / runs.MODEL}: has NaN or infinity in scores/bias" in line
    assert not (tmp_path / "export").exists() and not (tmp_path / "pictures").exists()


@pytest.mark.ci
@pytest.mark.parametrize("split", [True, pytest.param(False, marks=pytest.mark.nightly)])
def test_scores_that_are_not_finite_are_one_error_and_never_tags(split, with_bias, cli):
    run = with_bias(1e38)
    for options in (["--json"], []):
        outcome = cli("tag", run, "Oslo", *options, *["--split"] * split)
        assert (outcome.status, outcome.out) == (2, "")
        [line] = outcome.err.splitlines()
        assert line.startswith(f"error: {run}: the scores of a sentence are not finite")


@pytest.mark.nightly
def test_an_export_answers_scores_that_are_not_finite_with_an_error(with_bias, cli, tmp_path):
    export(with_bias(1e38), tmp_path / "export")
    for options in ([], ["--split"]):
        outcome = cli("tag", tmp_path / "export", "Oslo", "--json", *options)
        assert (outcome.status, outcome.out) == (2, "")
        assert "export/1: the scores of a sentence are not finite" in outcome.err
    signatures = tf.saved_model.load(tmp_path / "export" / "1").signatures  # as any server has it
    with pytest.raises(tf.errors.InvalidArgumentError, match="scores of a sentence are not finite"):
        signatures["serving_default"](tokens=tf.constant([["Oslo", ""]]))


@pytest.mark.nightly
def test_an_export_with_weights_that_are_not_finite_is_refused(with_bias, monkeypatch, tmp_path):
    monkeypatch.setattr("pipelines.tagger.model.not_finite", lambda arrays: "")
    export(with_bias(float("nan")), tmp_path / "export")
    with pytest.raises(InputError, match=r"export/1: has NaN or infinity in .*: export another"):
        load(tmp_path / "export")
