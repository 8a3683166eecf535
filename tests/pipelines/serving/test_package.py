"""An export is a package: it says what it is, warms up, and comes with clients that work."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
import tensorflow as tf
import yaml
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from pipelines.errors import InputError
from pipelines.serving import card, manifest, warm_up
from pipelines.serving.exporter import export
from pipelines.serving.taggers import load
from pipelines.serving.tagging import tag
from pipelines.training import runs

SENTENCES = [["Peter", "Lind", "works", "in", "London", "."], ["It", "rained", "McDonald's"]]
# The client runs where nothing of ours, and no Keras, can be imported.
ALONE = """
import runpy, sys
for name in ("keras", "keras_lstm_variants", "pipelines"{more}):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def scored(trained, tmp_path):
    """A copy of the run that has been evaluated."""
    run = shutil.copytree(trained, tmp_path / "scored")
    measures = {"f1": 0.5, "precision": 0.25, "recall": 0.75}
    intervals = {name: [0.125, 0.875] for name in (*measures, "accuracy")}
    scores = {
        "scheme": "IOB2", "accuracy": 0.9, "total": measures, "sentences": 8,
        "intervals": {"level": 0.95, "samples": 1000, "seed": 1, **intervals},
    }  # fmt: skip
    (run / "scores.test.json").write_text(json.dumps(scores))
    return run


def strings(value):
    """All strings in a value of JSON, keys too."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)
    elif isinstance(value, str):
        yield value


@pytest.mark.ci
def test_a_manifest_says_what_the_model_takes_and_gives(exported, trained):
    found = manifest.read(exported / "1")
    graph = SavedModel.FromString((exported / "1" / "saved_model.pb").read_bytes())
    signatures = dict(graph.meta_graphs[0].signature_def)
    assert set(found["signatures"]) == set(signatures) - {"__saved_model_init_op"}
    for name, spec in found["signatures"].items():
        for side in ("inputs", "outputs"):
            tensors = getattr(signatures[name], side)
            assert set(spec[side]) == set(tensors)
            for key, tensor in tensors.items():
                assert spec[side][key]["dtype"] == tf.dtypes.as_dtype(tensor.dtype).name
                assert len(spec[side][key]["shape"]) == len(tensor.tensor_shape.dim)
                assert spec[side][key]["shape"][0] == "batch"
    vocabulary = json.loads((trained / runs.VOCABULARY).read_text())
    assert found["labels"] == vocabulary["tags"] and found["scheme"] == "IOB2"
    origin = json.loads((trained / runs.ORIGIN).read_text())
    assert found["data"]["train"]["sha256"] == origin["data"]["train"]["sha256"]
    assert found["data"]["train"]["file"] == "tiny.train.conll"
    assert found["data"]["test"] == {"file": "tiny.test.conll"}, "which training did not read"
    assert found["scores"] == {"dev": {"f1": runs.scores(trained)["dev"]}}
    assert found["versions"]["keras"] == origin["packages"]["keras"]
    assert found["created"].endswith("+00:00") and found["license"] is None


@pytest.mark.ci
def test_a_manifest_has_every_file_and_no_path_of_the_machine(exported):
    folder = exported / "1"
    found = manifest.read(folder)
    assert set(found["files"]) == {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    } - {"manifest.json", "README.md"}
    for name, file in found["files"].items():
        content = (folder / name).read_bytes()
        assert file == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert not [one for one in strings(found) if one.startswith("/") or str(exported) in one]
    for name in ("README.md", "client.py", "manifest.json"):
        text = (folder / name).read_text("utf-8")
        assert str(exported) not in text and not re.search("/(home|tmp|work|root)/", text)


def test_scores_of_an_evaluation_come_with_intervals(scored):
    assert manifest.describe(scored)["scores"] == {
        "test": {
            "f1": 0.5, "precision": 0.25, "recall": 0.75, "accuracy": 0.9, "sentences": 8,
            "intervals": {
                "level": 0.95, "method": "bootstrap over sentences, 1000 samples",
                **dict.fromkeys(("f1", "precision", "recall", "accuracy"), [0.125, 0.875]),
            },
        },
        "dev": {"f1": runs.scores(scored)["dev"]},
    }  # fmt: skip


def test_the_card_has_the_head_that_hubs_read(scored, tmp_path):
    (tmp_path / "part").mkdir()
    found = manifest.of_export(scored, tmp_path / "part", "saved_model", 3, {}, "CC-BY-4.0")
    found["name"] = "a: [b] `c` | #d\n"
    found["labels"] = ["B-PER", "`", "B-`<b>`"]
    _, head, body = card.card(found).split("---\n", 2)
    read = yaml.safe_load(head)
    assert read["license"] == "CC-BY-4.0" and read["pipeline_tag"] == "token-classification"
    assert read["tags"] == ["lstm", "sequence-tagging", "saved_model"]
    [index] = read["model-index"]
    assert index["name"] == found["name"]
    of_test = index["results"][0]
    assert of_test["dataset"] == {"name": "tiny.test.conll", "type": "custom", "split": "test"}
    assert {m["type"]: m["value"] for m in of_test["metrics"]} == {
        "f1": 0.5, "precision": 0.25, "recall": 0.75, "accuracy": 0.9}  # fmt: skip
    assert "| test | F1 | 50.00 | 12.50–87.50 | 8 |" in body
    assert "`B-PER`, `` ` ``, `` B-`<b>` ``" in body
    assert "1 bidirectional layer of" in body and "in each direction" in body
    assert "\n# a: \\[b\\] \\`c\\` \\| \\#d" in body


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_the_card_says_how_the_layers_read(trained, tmp_path, direction):
    found = manifest.of_export(trained, tmp_path, "onnx", 1, {}, None)
    found["model"]["direction"] = direction
    body = card.card(found)
    assert f"1 {direction} layer of" in body
    assert "bidirectional" not in body and "each direction" not in body


def test_scores_that_are_damaged_are_said(scored):
    (scored / "scores.test.json").write_text('{"scheme": "IOB2"}')
    with pytest.raises(InputError, match=r"scores\.test\.json: .*: evaluate the run again"):
        manifest.describe(scored)


def test_a_manifest_of_another_form_is_none(tmp_path):
    assert manifest.read(tmp_path) is None
    (tmp_path / "manifest.json").write_text('{"manifest": 99}')
    assert manifest.read(tmp_path) is None
    (tmp_path / "manifest.json").write_text("{")
    assert manifest.read(tmp_path) is None


@pytest.mark.ci
def test_requests_to_warm_up_are_short_usual_and_long_for_each_signature(exported):
    """`serve` replays them before its first answer, so that each test of it shows that they run."""
    path = exported / "1" / warm_up.WARM_UP
    found = []
    for record in tf.data.TFRecordDataset(str(path)):
        request = PredictionLog.FromString(record.numpy()).predict_log.request
        [(name, tensor)] = request.inputs.items()
        words = tf.make_ndarray(tensor)
        count = words.size if name == "tokens" else len(words[0].split())
        found.append((request.model_spec.signature_name, name, words.ndim, count))
    assert found == [
        row for n in warm_up.LENGTHS
        for row in (("serving_default", "tokens", 2, n), ("text", "text", 1, n))
    ]  # fmt: skip


def test_requests_to_warm_up_are_written_for_any_words():
    assert len(list(warm_up.records([]))) == len(list(warm_up.records(["ß"] * 9)))
    assert warm_up._field(1, b"x" * 300)[:3] == bytes([10, 0b1010_1100, 0b10])  # 300 as a varint


def alone(folder, *arguments, without=()):
    """The lines that the client of an export prints."""
    code = ALONE.format(more="".join(f", {name!r}" for name in without))
    done = subprocess.run(
        [sys.executable, "-c", code, folder / "client.py", *arguments],
        capture_output=True, text=True, timeout=120, cwd="/",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("format", "change"),
    [
        ("onnx", {}),
        ("onnx", {"model.features": ["shape", "casing"], "data.lowercase": True,
                  "model.characters": "none"}),
        ("litert", {}),
    ],
    ids=["onnx", "onnx-features", "litert"],
)  # fmt: skip
def test_the_client_of_a_model_of_ids_gives_the_tags_of_the_run(
    format, change, trained, tiny, tmp_path
):
    from pipelines.training.trainer import train

    run = trained
    if change:
        run = tmp_path / "run"
        train(tiny(**change, **{"training.epochs": 2}), run)
    folder = export(run, tmp_path / "ids", 1, format, license="MIT")
    texts = [" ".join(words) for words in SENTENCES]
    found = [line.split("\t") for line in alone(folder, *texts, without=["tensorflow"])]
    expected = list(tag(load(run), texts, split=True))
    rows = [row for sentence in expected for row in
            [*zip(sentence.tokens, sentence.tags, sentence.scores, strict=True), None]]  # fmt: skip
    assert len(found) == len(rows)
    for line, row in zip(found, rows, strict=True):
        if row is None:
            assert line == [""]
        else:
            assert line[:2] == list(row[:2]) and float(line[2]) == pytest.approx(row[2], abs=1e-4)
    inside(format, folder)


def inside(format, folder):
    """What a model file says of itself: names of axes, labels, the manifest."""
    found = manifest.read(folder)
    if format == "litert":
        with zipfile.ZipFile(folder / "tagger.tflite") as archive:
            assert archive.read("labels.txt").decode().split("\n")[:-1] == found["labels"]
            assert json.loads(archive.read("manifest.json"))["license"] == "MIT"
        shape = found["signatures"]["serving_default"]["inputs"]["words"]["shape"]
        assert shape == [1, "steps"]
        return
    import onnx

    model = onnx.load(folder / "tagger.onnx")
    tensors = [*model.graph.input, *model.graph.output]
    axes = {t.name: [d.dim_param for d in t.type.tensor_type.shape.dim] for t in tensors}
    of_manifest = found["signatures"]["serving_default"]
    for side in ("inputs", "outputs"):
        for name, tensor in of_manifest[side].items():
            assert axes[name] == tensor["shape"]
            assert tensor["dtype"] == ("float32" if name == "scores" else "int32")
    said = {prop.key: prop.value for prop in model.metadata_props}
    assert said["labels"].split("\n") == found["labels"] and said["license"] == "MIT"
    assert json.loads(said["manifest"])["scheme"] == "IOB2"


@pytest.mark.nightly
def test_the_client_of_a_served_model_gives_the_entities_over_rest_and_grpc(exported, start):
    output = start("serve", exported, "--port", 0).stdout
    url = output.readline().split()[-1].partition("/v1/")[0]
    address = output.readline().split()[-1]
    folder = exported / "1"
    check(alone(folder, "--rest", url, *texts(), without=["tensorflow"]), exported)
    check(alone(folder, "--grpc", address, *texts()), exported)


def texts():
    return ["Peter Lind works in London. 😀 It rained.", "Maria Silva travelled to Athens."]


def check(found, exported):
    """The lines are those of the entities that `tag` finds."""
    expected = [
        f"{e.type}\t{e.start}\t{e.end}\t{e.text}"
        for sentence in tag(load(exported), texts())
        for e in sentence.entities
    ]
    assert found == expected and len(expected) >= 3
