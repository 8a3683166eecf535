"""Export: what is written is whole, needs none of us, and is refused where it would be wrong."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tagger_checks import SENTENCES, TEXT, assert_same, plain, tags_of, tokens

import keras_lstm_variants
from pipelines.encoding.encoder import HEAD, TAIL, Encoder
from pipelines.encoding.vocabulary import Vocabulary
from pipelines.errors import InputError
from pipelines.serving import exporter
from pipelines.serving.exporter import export
from pipelines.serving.taggers import load, newest_version
from pipelines.tagger.model import load as load_model
from pipelines.tagger.signatures import Signatures
from pipelines.training import runs

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
def test_exports_hold_no_compiled_loops_and_are_traced_once(trained, tmp_path, monkeypatch):
    tokens, traced = Signatures.tokens, []
    monkeypatch.setattr(Signatures, "tokens", lambda *given: traced.append(1) or tokens(*given))
    folder = export(trained, tmp_path / "tagger")
    assert traced == [1]
    for signature in tf.saved_model.load(str(folder)).signatures.values():
        graph = signature.graph.as_graph_def()
        nodes = [*graph.node, *(n for f in graph.library.function for n in f.node_def)]
        assert "While" in "".join(node.op for node in nodes)
        assert not {"PyFunc", "EagerPyFunc", "PyFuncStateless"} & {node.op for node in nodes}


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
    with pytest.raises(InputError, match="not an export of ours: a SavedModel without the"):
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
