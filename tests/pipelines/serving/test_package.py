"""An export is a package: it says what it is, warms up, and comes with clients that work."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
import tensorflow as tf
import yaml

from pipelines.serving import card, manifest, warm_up
from pipelines.serving.exporter import export
from pipelines.serving.tagging import load, tag
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


@pytest.fixture(scope="module")
def loaded(exported):
    """What TensorFlow loads of the export."""
    return tf.saved_model.load(str(exported / "1"))


@pytest.mark.ci
def test_a_manifest_says_what_the_model_takes_and_gives(exported, trained, loaded):
    found = manifest.read(exported / "1")
    assert set(found["signatures"]) == set(loaded.signatures)
    for name, function in loaded.signatures.items():
        spec = found["signatures"][name]
        _, inputs = function.structured_input_signature
        for side, tensors in (("inputs", inputs), ("outputs", function.structured_outputs)):
            assert set(spec[side]) == set(tensors)
            for key, tensor in tensors.items():
                assert spec[side][key]["dtype"] == tensor.dtype.name
                assert len(spec[side][key]["shape"]) == len(tensor.shape)
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
    assert "`B-PER`" in body and "bidirectional layer " in body
    assert "\n# a: \\[b\\] \\`c\\` \\| \\#d" in body


def test_a_manifest_of_another_form_is_none(tmp_path):
    assert manifest.read(tmp_path) is None
    (tmp_path / "manifest.json").write_text('{"manifest": 99}')
    assert manifest.read(tmp_path) is None
    (tmp_path / "manifest.json").write_text("{")
    assert manifest.read(tmp_path) is None


@pytest.mark.ci
def test_tensorflow_serving_can_warm_up_with_the_requests(exported, loaded):
    logs = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    path = exported / "1" / warm_up.WARM_UP
    requests = [
        logs.PredictionLog.FromString(record.numpy()).predict_log.request
        for record in tf.data.TFRecordDataset(str(path))
    ]
    lengths = []
    for request in requests:
        function = loaded.signatures[request.model_spec.signature_name]
        inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
        given = function(**{name: tf.constant(value) for name, value in inputs.items()})
        lengths.append((request.model_spec.signature_name, int(given["lengths"][0])))
    assert sorted(lengths)[:3] == [("serving_default", n) for n in sorted(warm_up.LENGTHS)]
    assert {name for name, _ in lengths} == {"serving_default", "text"}


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
def test_the_client_of_a_served_model_gives_the_entities_over_rest(exported, start):
    says = start("serve", exported, "--port", 0).stdout.readline()
    url = says.split()[-1].partition("/v1/")[0]
    check(alone(exported / "1", "--rest", url, *texts(), without=["tensorflow"]), exported)


@pytest.mark.nightly
def test_the_client_of_a_served_model_gives_the_entities_over_grpc(exported, loaded):
    grpc = pytest.importorskip("grpc")
    apis = "tensorflow_serving.apis"
    messages = pytest.importorskip(f"{apis}.predict_pb2")
    stubs = pytest.importorskip(f"{apis}.prediction_service_pb2_grpc")
    function = loaded.signatures["text"]

    class Service(stubs.PredictionServiceServicer):
        def Predict(self, request, context):
            assert request.model_spec.signature_name == "text"
            given = function(text=tf.constant(tf.make_ndarray(request.inputs["text"])))
            answer = messages.PredictResponse()
            for name, value in given.items():
                answer.outputs[name].CopyFrom(tf.make_tensor_proto(value))
            return answer

    server = grpc.server(ThreadPoolExecutor(1))
    stubs.add_PredictionServiceServicer_to_server(Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        check(alone(exported / "1", "--grpc", f"127.0.0.1:{port}", *texts()), exported)
    finally:
        server.stop(0)


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
