"""A fake model behind both protocols; and its clients: stubs of gRPC, HTTP without sockets."""

import asyncio
import json
import threading
import time
from types import SimpleNamespace

import grpc
import pytest
from contract_examples import PREDICT, encoded, predict
from grpc_health.v1 import health_pb2_grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from pipelines.errors import InputError, NoAlternatives
from pipelines.serving import rest, tensors
from pipelines.serving.admission import Queue
from pipelines.serving.limits import Limits
from pipelines.serving.metrics import Metrics
from pipelines.serving.models import Models
from pipelines.serving.rpc import Rpc
from pipelines.serving.service import Service
from pipelines.serving.versions import Config, Loaded, Parts, Policy
from pipelines.tagger.names import NOT_FINITE, TEXT, TOKENS

SIGNATURES = {
    TOKENS: tensors.signature_def(TOKENS, {"tags": 2, "scores": 2, "lengths": 1}),
    TEXT: tensors.signature_def(TEXT, {"tokens": 2, "scores": 2, "lengths": 1}),
}


class Server:
    """The fake model behind both protocols, in an event loop of its own."""

    def __init__(self, base, reload=True, **limits):
        self.limits = Limits(**{"deadline": 20, **limits})
        self.gate = threading.Event()  # what is slow waits for it
        for number in (1, 2):
            (base / "m" / str(number)).mkdir(parents=True)
        folders = lambda base: {int(p.name): p for p in base.glob("*")}  # noqa: E731
        lock = threading.Condition()
        parts = Parts(
            lambda path: Loaded(lambda *rows: self.tag(*rows), SIGNATURES),
            folders,
            time.monotonic,
            lock,
            unloaded=lambda gone: self.service.forget(gone),
        )
        queue = Queue(self.limits)
        self.service = Service(Models(parts), queue, Metrics(lambda: queue.waiting))
        self.service.models.configure(
            [Config("m", base / "m", Policy(latest=0), (("old", 1), ("none", 5)))]
        )
        self.worker = self.service.worker
        self.worker.start()
        self.app = rest.app(self.service)
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.rpc = self.run(self._start(reload))
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.rpc.port}")
        of_prediction = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        of_models = model_service_pb2_grpc.ModelServiceStub(self.channel)
        self.calls = {
            "PredictRequest": of_prediction.Predict,
            "ClassificationRequest": of_prediction.Classify,
            "RegressionRequest": of_prediction.Regress,
            "GetModelMetadataRequest": of_prediction.GetModelMetadata,
            "GetModelStatusRequest": of_models.GetModelStatus,
            "ReloadConfigRequest": of_models.HandleReloadConfigRequest,
        }
        self.health = health_pb2_grpc.HealthStub(self.channel)

    def tag(self, signature, rows, alternatives):
        """Tags each word with itself; some are more than a model can bear."""
        words = [row.split() if signature == TEXT else row for row in rows]
        every = [word for row in words for word in row]
        if b"bug" in every:
            raise RuntimeError("a bug")
        if b"nan" in every:
            raise InputError(f"somewhere: {NOT_FINITE}")
        if b"slow" in every:
            assert self.gate.wait(60)
        if alternatives and b"only" in every:
            raise NoAlternatives("somewhere: none")
        others = {"alternatives": [[{"probability": 0.5, "tags": [n]} for n in "ABCDE"]] * 2}
        output = "tokens" if signature == TEXT else "tags"
        return [
            {
                output: [word.decode() for word in row],
                "scores": [0.1] * len(row),
                "lengths": len(row),
                **(others if alternatives else {}),
            }
            for row in words
        ]

    async def _start(self, reload):
        rpc = Rpc(self.service, "127.0.0.1", 0, reload)
        await rpc.start()
        return rpc

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def call(self, request, **options):
        """The answer of the official stub to a request of any kind."""
        return self.calls[type(request).__name__](request, timeout=20, **options)

    def error(self, request):
        with pytest.raises(grpc.RpcError) as caught:
            self.call(request)
        return caught.value

    def http(self, path=PREDICT, body=None, method=None, headers=None, spare=False, app=None):
        """Status, headers and JSON of an answer; its text where it is no JSON."""
        method = method or ("GET" if body is None else "POST")
        return self.run(self._http(app or self.app, path, encoded(body), method, headers, spare))

    async def _http(self, app, path, body, method, headers, spare):
        parts = [{"type": "http.request", "body": body, "more_body": False}]
        sent = []

        async def receive():
            return parts.pop() if parts else await asyncio.Event().wait()

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(k.encode(), v.encode()) for k, v in (headers or {}).items()],
            "state": {"connection": SimpleNamespace(spare=spare, lost=False, when_lost=None)},
        }
        await app(scope, receive, send)
        head, *rest = sent
        text = b"".join(part.get("body", b"") for part in rest).decode()
        found = {k.decode(): v.decode() for k, v in head["headers"]}
        is_json = found.get("content-type") == "application/json"
        return head["status"], found, json.loads(text) if is_json else text

    def waiting(self, count):
        """Calls that wait for the gate, one at work and the others behind it."""
        calls = []
        for number in range(count):  # one after the other, so that it is the first that is at work
            calls.append(self.calls["PredictRequest"].future(predict((b"slow",))))
            for _ in range(3000):
                there = sum(self.service._peers.values()) > number
                if there and self.service.queue.waiting == 16 * number:
                    break
                time.sleep(0.01)
            else:
                raise AssertionError("they do not wait")
        return calls

    def close(self):
        self.gate.set()
        self.channel.close()
        self.run(self.rpc.stop())
        assert self.worker.stop(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
