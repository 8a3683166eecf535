"""The table of the contract: each row is provoked over REST, and by the official stubs of gRPC.

The model is a fake, so that what is tested is what stands before it. `test_server` asks a real one.
"""

import asyncio
import contextlib
import gzip
import json
import re
import socket
import string
import threading
import time
from types import SimpleNamespace

import grpc
import pytest
from contract_examples import HTTP, PREDICT, RPC, Http, config, of_model, predict
from contract_server import Server
from google.protobuf.json_format import MessageToDict
from grpc_health.v1 import health_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    prediction_service_pb2_grpc,
)
from tensorflow_serving.apis.inference_pb2 import MultiInferenceRequest

from pipelines.errors import InputError
from pipelines.serving import messages, rest
from pipelines.serving.contract import FAULTS
from pipelines.serving.failures import Failure
from pipelines.serving.routes import ROUTES
from pipelines.serving.rpc import Rpc
from pipelines.serving.service import Wakeups
from pipelines.tagger.names import TOKENS

pytestmark = pytest.mark.ci  # TensorFlow, for its messages


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("models"))
    yield server
    server.close()


@pytest.fixture
def fresh(tmp_path):
    """Makes servers that a test may spoil."""
    made = []

    def make(**options):
        made.append(Server(tmp_path / str(len(made)), **options))
        return made[-1]

    yield make
    for server in made:
        server.close()


def fits(message, fault):
    """Whether a message is that of a row of the table; a long one is cut."""
    parts = string.Formatter().parse(fault.message)
    literal = "".join(re.escape(text) + (".*" if name else "") for text, name, *_ in parts)
    return re.fullmatch(literal, message, re.DOTALL) or message.endswith("...TRUNCATED")


# The errors


@pytest.mark.parametrize("number", range(len(HTTP)), ids=lambda n: f"{HTTP[n].fault}-{n}")
def test_what_rest_cannot_answer_gets_the_words_of_the_table(number, server, caplog):
    example: Http = HTTP[number]
    fault = FAULTS[example.fault]
    status, headers, answer = server.http(
        example.path, example.body, example.method, example.headers, example.spare
    )
    assert answer == {"error": example.says}
    assert status == fault.status
    if example.fault not in ("element", "named element", "size", "shape", "unknown name", "keys"):
        assert fits(example.says, fault)
    assert ("retry-after" in headers) == (status in (429, 503))
    assert ("the model failed" in caplog.text) == (example.fault == "failed")


@pytest.mark.parametrize("number", range(len(RPC)), ids=lambda n: f"{RPC[n].fault}-{n}")
def test_what_grpc_cannot_answer_gets_the_words_of_the_table(number, server, caplog):
    example = RPC[number]
    fault = FAULTS[example.fault]
    error = server.error(example.request)
    assert (error.details(), error.code().name) == (example.says, fault.code)
    assert fits(example.says, fault)


def refusals(server, fault, says, word="a"):
    """That both protocols refuse a request, and say when to come again."""
    status, headers, answer = server.http(body={"instances": [[word]]})
    assert (status, answer) == (FAULTS[fault].status, {"error": says})
    assert int(headers["retry-after"]) >= 1
    error = server.error(predict((word.encode(),)))
    assert (error.code().name, error.details()) == (FAULTS[fault].code, says)
    assert int(dict(error.trailing_metadata())["grpc-retry-pushback-ms"]) >= 0


def test_full(fresh):
    server = fresh(queue=30, batching=False)
    calls = server.waiting(2)
    refusals(server, "full", "more than 30 tokens would be waiting")
    server.gate.set()
    assert all(call.result().outputs for call in calls)


def test_slow(fresh):
    server = fresh(batching=False)
    calls = server.waiting(2)
    [lane] = server.service.queue._lanes.values()
    lane.pace = 6
    refusals(server, "slow", "the answer would have to wait for 6.0 s")
    server.gate.set()
    assert all(call.result().outputs for call in calls)


def test_late(fresh):
    refusals(fresh(deadline=0.5), "late", "no answer within 0.5 s", "slow")


def test_peer(fresh):
    server = fresh(peer=1)
    [call] = server.waiting(1)
    error = server.error(predict())
    assert (error.code().name, error.details()) == (
        FAULTS["peer"].code,
        "this address has too many requests under way",
    )
    server.gate.set()
    assert call.result().outputs
    assert server.call(predict()).outputs


def test_closed_and_not_ready(fresh):
    server = fresh()
    assert server.http("/readyz")[0] == server.http("/v2/health/ready")[0] == 200
    server.service.queue.close()
    refusals(server, "closed", "the server is shutting down")
    server.service.draining = True
    for path in ("/readyz", "/v2/health/ready"):
        status, headers, answer = server.http(path)
        assert (status, answer) == (503, {"error": "not ready: the server is shutting down"})
        assert headers["connection"] == "close"
    status, headers, _ = server.http("/healthz")
    assert (status, headers["connection"]) == (200, "close")


def test_receiving(server, monkeypatch):
    monkeypatch.setattr(rest, "MAX_BODIES", 3)
    status, headers, answer = server.http(body={"instances": [["a"]]})
    assert (status, answer) == (503, {"error": "too many requests are being received"})
    assert headers["retry-after"] == "1"


def test_gone(server):
    asked = []

    async def ask():
        async def receive():
            asked.append(1)
            return {"type": "http.disconnect"}

        request = rest.Request({"type": "http", "headers": [], "method": "POST"}, receive)
        with pytest.raises(Failure, match="the client is gone") as caught:
            await rest.Bodies().read(request)
        return caught.value.status

    assert server.run(ask()) == 499 and asked


@pytest.mark.parametrize("before", [True, False])
def test_what_a_client_waits_for_that_hangs_up_is_not_begun(before, fresh):
    server = fresh(batching=False)
    first, _ = server.waiting(2)
    client = SimpleNamespace(lost=before, when_lost=None)
    asked = messages.read({"instances": [["slow"]]})

    async def ask():
        with server.service.models.held("m") as version:
            results = asyncio.ensure_future(server.service.results("m", version, asked, client))
            if not before:
                await asyncio.sleep(0)
                assert server.service.queue.waiting == 2 * 16
                client.lost = True
                client.when_lost()
            with pytest.raises(Failure, match="the client is gone"):
                await results
        assert server.service.queue.waiting == 16 and client.when_lost is None

    server.run(ask())
    server.gate.set()
    assert first.result().outputs


def test_waits_that_end_together_wake_the_loop_once():
    wakeups, calls = Wakeups(), []

    async def wait():
        loop = asyncio.get_running_loop()
        waiters = [loop.create_future() for _ in range(5)]
        schedule = loop.call_soon_threadsafe
        loop.call_soon_threadsafe = lambda *call: calls.append(call) or schedule(*call)
        thread = threading.Thread(target=lambda: [wakeups.wake(waiter) for waiter in waiters])
        thread.start()
        thread.join()
        await asyncio.wait_for(asyncio.gather(*waiters), 10)
        late = loop.create_future()
        wakeups.wake(late)
        await asyncio.wait_for(late, 10)

    asyncio.run(wait())
    assert len(calls) == 2


def test_reload(fresh):
    error = fresh(reload=False).error(config(name="n", base_path="/n"))
    assert (error.code().name, error.details()) == (
        FAULTS["reload"].code,
        "this server was started without --reload",
    )


def test_every_row_of_the_table_is_provoked():
    tests = {name.removeprefix("test_").replace("_", " ") for name in globals()}
    by_tests = {fault for fault in FAULTS if fault in tests} | {"closed", "not ready"}
    for where, examples in (("REST", HTTP), ("gRPC", RPC)):
        wanted = {name for name, fault in FAULTS.items() if fault.where in (where, "both")}
        assert {example.fault for example in examples} - wanted == set()
        assert wanted - {example.fault for example in examples} - by_tests == set()


# The answers


ANSWERED = {"tags": ["a", "b"], "scores": [0.1, 0.1], "lengths": 2}


@pytest.mark.parametrize(
    "path",
    [PREDICT, "/v1/models/m/versions/1:predict", "/v1/models/m/labels/old:predict",
     "/V1/models/m:Predict", "/v1/models/%6D:predict", "/v1/models/m/versions/002:predict"],
)  # fmt: skip
@pytest.mark.parametrize(
    "body",
    [
        {"instances": [["a", "b"]]},
        {"instances": [{"tokens": ["a", "b"]}], "signature_name": "", "more": 1},
        {"instances": [["a", {"b64": "Yg=="}]], "signature_name": "serving_default"},
        {"instances": [{"tokens": [{"b64": "YQ"}, "b"]}]},
    ],
)
def test_rows_are_answered_by_row(path, body, server):
    assert server.http(path, body)[::2] == (200, {"predictions": [ANSWERED]})


@pytest.mark.parametrize("inputs", [[["a", "b"]], {"tokens": [["a", {"b64": "Yg"}]], "more": 1}])
def test_columns_are_answered_by_column(inputs, server):
    columns = {name: [value] for name, value in ANSWERED.items()}
    assert server.http(body={"inputs": inputs})[::2] == (200, {"outputs": columns})


@pytest.mark.parametrize("count", [1, 2, 5])
def test_alternatives_are_of_a_sentence_or_of_each_sentence_of_a_text(count, server):
    others = [{"probability": 0.5, "tags": [name]} for name in "ABCDE"[:count]]
    body = {"instances": [["a", "b"]], "alternatives": count}
    found = {**ANSWERED, "alternatives": others}
    assert server.http(body=body)[2] == {"predictions": [found]}
    body = {"inputs": ["a b", "c"], "signature_name": "text", "alternatives": count}
    assert server.http(body=body)[2]["outputs"]["alternatives"] == [[others, others]] * 2


def test_a_text_may_be_an_object_of_base64_in_each_format(server):
    for key in ("instances", "inputs"):
        body = {"signature_name": "text", key: [{"b64": "YSBi"}]}
        status, _, answer = server.http(body=body)
        found = answer["predictions"][0] if key == "instances" else answer["outputs"]
        assert status == 200 and found["tokens"] in (["a", "b"], [["a", "b"]])


def test_gzip_is_read(server):
    body = gzip.compress(b'{"instances": [["a", "b"]]}')
    for encoding in ("gzip", "GZIP", "x-gzip"):
        answer = server.http(body=body, headers={"content-encoding": encoding})
        assert answer[::2] == (200, {"predictions": [ANSWERED]})


def test_the_official_client_gets_what_rest_gives(server):
    request = predict((b"a", b"b", b"c", b""), (2, 2), signature="")
    found = server.call(request)
    _, _, answer = server.http(body={"inputs": [["a", "b"], ["c", ""]]})
    assert {k: listed(v) for k, v in found.outputs.items()} == answer["outputs"]
    spec = found.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("m", 2, TOKENS)


def listed(proto):
    """A tensor as JSON has it."""
    import tensorflow as tf

    from pipelines.serving.tagging import shortest

    array = tf.make_ndarray(proto)
    if array.dtype == object:
        return json.loads(json.dumps(array.tolist(), default=bytes.decode))
    return shortest(array) if array.dtype == "float32" else array.tolist()


def test_versions_labels_and_outputs_are_chosen_by_the_official_client(server):
    assert server.call(predict(version=1)).model_spec.version.value == 1
    assert server.call(predict(version_label="old")).model_spec.version.value == 1
    request = predict((b"a b",), (1,), name="text", signature="text")
    request.output_filter.extend(["tokens", "lengths"])
    found = server.call(request)
    assert found.outputs.keys() == {"tokens", "lengths"}
    assert listed(found.outputs["tokens"]) == [["a", "b"]]
    assert found.model_spec.signature_name == "text"


def test_one_value_fills_a_tensor(server):
    assert listed(server.call(predict(shape=(2, 3))).outputs["tags"]) == [["a"] * 3] * 2


def test_the_status_lists_versions_the_newest_first_in_both(server):
    ok = {"error_code": "OK", "error_message": ""}
    states = [{"version": v, "state": "AVAILABLE", "status": ok} for v in ("2", "1")]
    assert server.http("/v1/models/m")[::2] == (200, {"model_version_status": states})
    assert server.http("/v1/models/m/versions/2")[2] == {"model_version_status": states[:1]}
    assert server.http("/v1/models/m/labels/old")[2] == {"model_version_status": states[1:]}
    request = of_model(get_model_status_pb2.GetModelStatusRequest)
    found = server.call(request).model_version_status
    assert [(v.version, v.State.Name(v.state), v.status.error_code) for v in found] == [
        (2, "AVAILABLE", 0),
        (1, "AVAILABLE", 0),
    ]


def test_the_metadata_are_the_signatures_in_both(server):
    status, _, answer = server.http("/v1/models/m/labels/old/metadata")
    assert status == 200
    assert answer["model_spec"] == {"name": "m", "signature_name": "", "version": "1"}
    of_rest = answer["metadata"]["signature_def"]["signature_def"]
    assert of_rest["text"]["inputs"]["text"] == {
        "dtype": "DT_STRING",
        "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False},
        "name": "text_text:0",
    }
    request = of_model(get_model_metadata_pb2.GetModelMetadataRequest)
    request.metadata_field.append("signature_def")
    found = server.call(request)
    assert found.model_spec.version.value == 2
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert found.metadata["signature_def"].Unpack(signatures)
    assert {
        name: sorted(MessageToDict(s)["outputs"]) for name, s in signatures.signature_def.items()
    } == {name: sorted(s["outputs"]) for name, s in of_rest.items()}


def test_health(server):
    for service in ("", "PredictionService", "ModelService"):
        request = health_pb2.HealthCheckRequest(service=service)
        assert server.health.Check(request, timeout=5).status == 1  # SERVING
    for path in ("/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"):
        assert server.http(path)[0] == server.http(path, method="HEAD")[0] == 200


def test_the_open_inference_protocol(server):
    assert server.http("/v2")[2]["name"] == "keras-lstm-variants"
    status, _, about = server.http("/v2/models/m")
    assert status == 200 and about["versions"] == ["1", "2"]
    assert about["inputs"] == [{"name": "tokens", "datatype": "BYTES", "shape": [-1, -1]}]
    assert {"name": "scores", "datatype": "FP32", "shape": [-1, -1]} in about["outputs"]
    assert server.http("/v2/models/m/versions/1/ready")[0] == 200
    tensor = {"name": "tokens", "shape": [2, 2], "datatype": "BYTES"}
    for data in (["a", "b", "c", ""], [["a", "b"], ["c", ""]]):
        body = {"id": "\ud800", "inputs": [{**tensor, "data": data}]}
        status, _, answer = server.http("/v2/models/m/versions/1/infer", body)
        assert status == 200
        assert (answer["model_name"], answer["model_version"], answer["id"]) == ("m", "1", "\ud800")
        outputs = {output.pop("name"): output for output in answer["outputs"]}
        assert outputs["tags"] == {
            "shape": [2, 2],
            "datatype": "BYTES",
            "data": ["a", "b", "c", ""],
        }
        assert outputs["lengths"] == {"shape": [2], "datatype": "INT32", "data": [2, 1]}
        assert outputs["scores"]["data"] == [0.1, 0.1, 0.1, 0.0]
    body = {"inputs": [{**tensor, "name": "text", "shape": [1], "data": ["a b"]}],
            "outputs": [{"name": "tokens"}]}  # fmt: skip
    [output] = server.http("/v2/models/m/infer", body)[2]["outputs"]
    assert output == {"name": "tokens", "shape": [1, 2], "datatype": "BYTES", "data": ["a", "b"]}


def test_the_page_is_the_callers(server):
    page = rest.app(server.service, lambda: rest.Response("<p>", media_type="text/html"))
    assert server.http("/", app=page)[::2] == (200, "<p>")
    assert server.http("/")[::2] == (404, {"error": "Not found: GET /"})


def test_other_pages_may_read_answers_only_where_that_is_asked_for(server):
    asked = {"origin": "https://a.example", "access-control-request-method": "POST"}
    allow = "access-control-allow-origin"
    status, headers, _ = server.http(PREDICT, method="OPTIONS", headers=asked)
    assert status == 400 and allow not in headers
    assert allow not in server.http(body={"inputs": [["a"]]}, headers=asked)[1]
    app = rest.app(server.service, origins=["https://a.example"])
    status, headers, _ = server.http(PREDICT, method="OPTIONS", headers=asked, app=app)
    assert (status, headers[allow]) == (200, "https://a.example")
    assert (
        server.http(body={"inputs": [["a"]]}, headers=asked, app=app)[1][allow] == asked["origin"]
    )
    asked["origin"] = "https://b.example"
    assert allow not in server.http(body={"inputs": [["a"]]}, headers=asked, app=app)[1]


def test_no_answer_redirects_to_what_the_client_calls_the_host(server):
    for route in ROUTES:
        path = re.sub(r"\[.*?\]", "", route.path).format(model="m") + "/"
        status, headers, answer = server.http(path, method=route.method, headers={"host": "evil"})
        if path != "//":
            assert status in (400, 404) and "location" not in headers
            assert answer.keys() == {"error"}


def test_requests_are_counted(fresh):
    server = fresh()
    server.http(body={"inputs": [["a"]]})
    server.http("/v1/models/x:predict", {"inputs": [["a"]]})
    server.call(predict())
    server.error(predict(signature="x"))
    status, headers, text = server.http("/monitoring/prometheus/metrics")
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    count = ':tensorflow:serving:request_count{model_name="%s",status="%s"} %d\n'
    assert count % ("m", "OK", 2) in text
    assert count % ("", "NOT_FOUND", 1) in text
    assert count % ("m", "FAILED_PRECONDITION", 1) in text
    for entry in ("REST", "GRPC"):
        labels = f'{{model_name="m",API="Predict",entrypoint="{entry}"}}'
        assert f":tensorflow:serving:request_latency_count{labels} 1\n" in text


def test_models_are_replaced_by_the_official_client(fresh, tmp_path):
    server = fresh()
    (tmp_path / "n" / "3").mkdir(parents=True)
    assert server.call(predict()).outputs and server.service.queue._lanes
    assert server.call(config(name="n", base_path=str(tmp_path / "n"))).status.error_code == 0
    assert server.error(predict()).details() == "Servable not found for request: Latest(m)"
    assert not server.service.queue._lanes  # nothing is kept of versions that are gone
    assert server.http("/v1/models/n/versions/3:predict", {"inputs": [["a"]]})[0] == 200
    error = server.error(config(name="n", base_path=str(tmp_path / "none")))
    assert error.code().name == "INVALID_ARGUMENT" and "neither a run" in error.details()
    assert server.http("/v1/models/n")[0] == 200


# Admission


def test_a_call_that_is_given_up_is_not_begun(fresh):
    server = fresh(batching=False)
    first, second = server.waiting(2)
    second.cancel()
    for _ in range(3000):
        if not server.service.queue.waiting:
            break
        time.sleep(0.01)
    assert server.service.queue.waiting == 0
    server.gate.set()
    assert first.result().outputs


def test_the_deadline_of_a_call_bounds_its_wait(fresh):
    server = fresh()
    [call] = server.waiting(1)
    with pytest.raises(grpc.RpcError) as caught:
        server.calls["PredictRequest"](predict(), timeout=0.5)
    assert caught.value.code().name == "DEADLINE_EXCEEDED"
    server.gate.set()
    assert call.result().outputs


def test_a_message_beyond_the_bound_is_refused(server):
    error = server.error(predict((b"a" * (rest.MAX_BODY + 1),)))
    assert error.code().name == "RESOURCE_EXHAUSTED"


def test_a_message_may_be_compressed_and_has_the_same_bound(server):
    gzip = {"compression": grpc.Compression.Gzip}
    assert server.call(predict(), **gzip) == server.call(predict())
    with pytest.raises(grpc.RpcError) as caught:
        server.call(predict((b"a" * (rest.MAX_BODY + 1),)), **gzip)
    assert caught.value.code().name == "RESOURCE_EXHAUSTED"


def test_what_the_official_client_has_and_the_server_has_not_is_said(server):
    stub = prediction_service_pb2_grpc.PredictionServiceStub(server.channel)
    with pytest.raises(grpc.RpcError) as caught:
        stub.MultiInference(MultiInferenceRequest(), timeout=20)
    assert caught.value.code().name == "UNIMPLEMENTED"


def test_the_end_is_said_and_what_was_taken_is_answered(fresh):
    server = fresh()
    [call] = server.waiting(1)
    told = threading.Event()  # a call before that may cross the news of the end

    def changed(state):
        if state is not grpc.ChannelConnectivity.READY:
            told.set()

    server.channel.subscribe(changed)
    end = asyncio.run_coroutine_threadsafe(server.rpc.stop(), server.loop)
    assert told.wait(30)
    server.channel.unsubscribe(changed)
    assert {server.error(predict()).code().name for _ in range(5)} == {"UNAVAILABLE"}
    assert not end.done()
    server.gate.set()
    assert call.result().outputs
    end.result(30)


def test_connections_that_say_nothing_make_room(fresh):
    server = fresh(connections=4, receive=0.5, idle=1)
    address = ("127.0.0.1", server.rpc.port)
    with contextlib.ExitStack() as stack:
        mute = [stack.enter_context(socket.create_connection(address)) for _ in range(4)]
        for connection in mute[:2]:  # these begin as they should
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\4" + bytes(5))
        for connection in mute:
            connection.settimeout(20)
            while connection.recv(4096):
                pass
        assert server.call(predict(), wait_for_ready=True).outputs


def test_a_port_that_is_taken_is_refused(server):
    async def again():
        with pytest.raises(InputError, match=rf"127.0.0.1:{server.rpc.port}: cannot listen"):
            Rpc(server.service, "127.0.0.1", server.rpc.port)

    server.run(again())
