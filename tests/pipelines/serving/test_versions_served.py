"""A started server whose folders change under load: versions, several models, reloads, the end."""

import http.client
import json
import re
import shutil
import signal
import textwrap
import threading
import time
import urllib.request
from pathlib import Path

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

pytestmark = pytest.mark.nightly  # servers in processes of their own

BODY = json.dumps({"instances": [["Peter", "works", "in", "Oslo"]]})


class Server:
    """A `lstm-variants serve` of its own process, and the official client."""

    def __init__(self, start, *arguments):
        self.process = start("serve", *arguments, "--port", 0, "--poll", 0.2)
        self.lines = []
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if line.startswith("gRPC at"):
                break
        else:
            raise AssertionError(self.process.communicate())
        self.url = self.lines[0].split()[-1]
        self.address = self.url.split("/")[2]
        self.channel = grpc.insecure_channel(self.lines[-1].split()[-1])
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.models = model_service_pb2_grpc.ModelServiceStub(self.channel)

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=60) as answer:
            return json.loads(answer.read())

    def states(self, model="tagger"):
        request = GetModelStatusRequest(model_spec={"name": model})
        found = self.models.GetModelStatus(request, timeout=60).model_version_status
        return {v.version: v.State.Name(v.state) for v in found}

    def wait(self, states, model="tagger"):
        until = time.monotonic() + 120
        while (found := self.states(model)) != states:
            assert time.monotonic() < until, (found, states)
            time.sleep(0.1)

    def waiting(self):
        """The tokens that wait for the model, as they are padded."""
        path = "/monitoring/prometheus/metrics"
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=60) as answer:
            [found] = re.findall(
                r"^lstm_variants_waiting_tokens (\d+)", answer.read().decode(), re.M
            )
        return int(found)

    def predict(self, model="tagger"):
        request = PredictRequest(model_spec={"name": model})
        request.inputs["tokens"].CopyFrom(tf.make_tensor_proto([["Peter", "Oslo"]]))
        return self.prediction.Predict(request, timeout=60)


@pytest.fixture
def base(exported, tmp_path):
    shutil.copytree(exported, tmp_path / "base")
    return tmp_path / "base"


def put(base, number, warm_up=None):
    """A further version, which appears whole."""
    part = shutil.copytree(base / "1", base / f".{number}")
    if warm_up is not None:
        (part / "assets.extra").mkdir(exist_ok=True)
        with tf.io.TFRecordWriter(str(part / "assets.extra/tf_serving_warmup_requests")) as file:
            for values in warm_up:
                log = PredictionLog()
                log.predict_log.request.inputs["tokens"].CopyFrom(tf.make_tensor_proto(values))
                file.write(log.SerializeToString())
    part.rename(base / str(number))


def test_versions_are_swapped_under_load_and_no_request_is_lost(base, start):
    server = Server(start, base)
    found, over = [], threading.Event()

    def ask_rest():
        connection = http.client.HTTPConnection(server.address, timeout=60)
        while not over.is_set():
            connection.request("POST", "/v1/models/tagger:predict", BODY)
            answer = connection.getresponse()
            answer.read()
            found.append(answer.status)
        connection.close()

    def ask_grpc():
        while not over.is_set():
            found.append(server.predict().model_spec.version.value and 200)

    clients = [threading.Thread(target=ask) for ask in (ask_rest, ask_rest, ask_grpc)]
    for client in clients:
        client.start()
    put(base, 2, [[["Oslo"]], [["It", "rained", "."]]])
    server.wait({2: "AVAILABLE", 1: "END"})
    (base / "3").mkdir()
    (base / "3" / "saved_model.pb").write_bytes(b"junk")
    server.wait({3: "END", 2: "AVAILABLE", 1: "END"})
    put(base, 4, [[["Oslo"]], [[1.5]]])  # a recorded request that fails
    server.wait({4: "END", 3: "END", 2: "AVAILABLE", 1: "END"})
    error = server.get("/v1/models/tagger/versions/4")["model_version_status"][0]["status"]
    assert error["error_code"] == "INVALID_ARGUMENT" and "request 2 fails" in error["error_message"]
    put(base, 5)
    server.wait({5: "AVAILABLE", 4: "END", 3: "END", 2: "END", 1: "END"})
    assert server.predict().model_spec.version.value == 5
    over.set()
    for client in clients:
        client.join()
    assert len(found) > 100 and set(found) == {200}
    server.process.send_signal(signal.SIGTERM)
    out, err = server.process.communicate(timeout=60)
    assert server.process.returncode == 0, err
    assert "Traceback" not in err and err.count("\n") <= 4, err
    assert f"serving {base / '5'} as tagger" in out


def test_a_configuration_file_names_models_and_is_read_again(base, start, tmp_path):
    put(base, 2)
    entry = 'config {{ name: "{}" base_path: "{}" {} }}'
    labels = 'version_labels { key: "old" value: 1 }'
    both = entry.format("all", base, f"model_version_policy {{ all {{}} }} {labels}")
    file = tmp_path / "models.config"
    file.write_text(f"model_config_list {{ {both} }}")
    server = Server(start, "--models", file, "--reload")
    assert server.states("all") == {1: "AVAILABLE", 2: "AVAILABLE"}
    assert server.get("/v1/models/all/labels/old")["model_version_status"][0]["version"] == "1"

    file.write_text("model_config_list { nonsense }")
    file.write_text(f"model_config_list {{ {both} {entry.format('one', base, '')} }}")
    deadline = time.monotonic() + 120
    while True:
        try:
            assert server.states("one") == {2: "AVAILABLE"}
            break
        except grpc.RpcError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert server.predict("one").model_spec.version.value == 2

    request = ReloadConfigRequest()
    request.config.model_config_list.config.add(name="two", base_path=str(base))
    assert server.models.HandleReloadConfigRequest(request, timeout=120).status.error_code == 0
    assert server.predict("two").model_spec.version.value == 2
    with pytest.raises(grpc.RpcError, match="Could not find any versions of model one"):
        server.states("one")


def test_calls_under_way_are_answered_at_the_end(base, start):
    server = Server(start, base, "--deadline", 60)
    server.predict()
    request = PredictRequest(model_spec={"name": "tagger"})
    request.inputs["tokens"].CopyFrom(tf.make_tensor_proto([["a"] * 500] * 4))
    calls = [server.prediction.Predict.future(request, timeout=60) for _ in range(3)]
    until = time.monotonic() + 60
    while server.waiting() < 2 * 4 * 512:  # one is at work, and the others wait
        assert time.monotonic() < until
    server.process.send_signal(signal.SIGTERM)
    assert all(len(call.result().outputs) == 3 for call in calls)
    assert server.process.wait(60) == 0


def test_a_run_is_served_as_its_export_is(base, start, trained):
    of_run, of_export = Server(start, trained), Server(start, base)
    for body in (
        {"instances": [["Peter", "Lind", "works", "."]]},
        {"signature_name": "text", "instances": ["Peter Lind works in London. It rained."]},
    ):
        given, wanted = (
            json.loads(urllib.request.urlopen(s.url, json.dumps(body).encode(), timeout=60).read())[
                "predictions"
            ][0]
            for s in (of_run, of_export)
        )
        assert given.pop("scores") == pytest.approx(wanted.pop("scores"), abs=1e-5)
        assert given == wanted
    path = "/v1/models/tagger/metadata"
    given, wanted = (
        s.get(path)["metadata"]["signature_def"]["signature_def"] for s in (of_run, of_export)
    )
    for signature in ("serving_default", "text"):
        for side in ("inputs", "outputs"):
            assert given[signature][side].keys() == wanted[signature][side].keys()
            for name, info in given[signature][side].items():
                assert info["dtype"] == wanted[signature][side][name]["dtype"]
                shapes = [x[signature][side][name]["tensor_shape"] for x in (given, wanted)]
                assert shapes[0] == shapes[1]


def test_the_client_in_the_documentation_gets_tags(base, start, capsys):
    text = (Path(__file__).parents[3] / "docs" / "serving.rst").read_text("utf-8")
    [block] = re.findall(r"code-block:: python\n\n((?:    .*\n|\n)+)", text)
    server = Server(start, base)
    address = server.lines[-1].split()[-1]
    assert "127.0.0.1:8500" in block
    exec(textwrap.dedent(block).replace("127.0.0.1:8500", address), {})
    assert capsys.readouterr().out.count("b'") == 6  # Angela Merkel met Barack Obama .
