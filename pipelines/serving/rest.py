"""The HTTP side of a server: each row of `routes.ROUTES`, as a web application."""

import json
import math
import zlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from keras_lstm_variants import __version__

from ..tagger.names import TOKENS
from . import inference, messages
from .admission import Busy, Refused
from .contract import FAULTS
from .failures import Failure
from .metrics import CONTENT_TYPE
from .routes import route
from .rows import INPUTS, of_examples
from .service import Service
from .versions import Version

MAX_BODY = 1 << 20  # bytes, as sent and as they are once decompressed
MAX_BODIES = 1 << 26  # bytes of bodies of which a part is missing
LARGEST = 2**63 - 1  # a version
SERVER = "keras-lstm-variants"
Answer = Callable[[Request, dict[str, str]], Awaitable[Response]]
Page = Callable[[], Response]


def app(service: Service, page: Page | None = None, origins: Sequence[str] = ()) -> Any:
    """The web application.

    Args:
        service: What answers.
        page: Gives the answer to `GET /`; None if there is none.
        origins: The web pages, such as https://example.org, whose scripts may read answers; "*"
            stands for all.
    """
    answers = Rest(service, page)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        response = await answers.answer(request)
        await response(scope, receive, send)

    if not origins:
        return _closing(application, service)
    methods, headers = ["GET", "POST"], ["Content-Type", "Content-Encoding"]
    return _closing(
        CORSMiddleware(application, origins, allow_methods=methods, allow_headers=headers), service
    )


def _closing(application: Any, service: Service) -> Any:
    """The application, with `connection: close` in its answers while the server drains."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start" and service.draining:
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        await application(scope, receive, sending)

    return wrapped


class Json(JSONResponse):
    """JSON in UTF-8; in ASCII where it repeats a lone surrogate, which has no UTF-8."""

    def render(self, content: Any) -> bytes:
        try:
            return super().render(content)
        except UnicodeEncodeError:
            return json.dumps(content).encode()


class Rest:
    """The functions that answer; each has the name that `routes.ROUTES` calls it by."""

    def __init__(self, service: Service, page: Page | None = None) -> None:
        self._service = service
        self._page = page
        self._bodies = Bodies()

    async def answer(self, request: Request) -> Response:
        """The answer to any request; what is wrong with it is an answer, too."""
        sent = request.scope.get("raw_path") or request.scope["path"].encode()
        try:
            row, names = route(request.method, sent.decode("latin-1"))
            answer: Answer = getattr(self, row.call)
            return await answer(request, names)
        except Failure as failure:
            return _refusal(failure, request)

    # TensorFlow Serving

    async def predict(self, request: Request, names: dict[str, str]) -> Response:
        with self._service.counted(names["model"], "Predict", "REST"):
            body = messages.parsed(await self._body(request))
            messages.signature(body)
            with self._held(names) as version:
                asked = messages.read(body, self._service.limits.longest)
                results = await self._results(names["model"], version, asked, request)
            return Json(messages.answer(asked, results))

    async def classify(self, request: Request, names: dict[str, str]) -> Response:
        return await self._of_examples(request, names, "Classify", "no classification")

    async def regress(self, request: Request, names: dict[str, str]) -> Response:
        return await self._of_examples(request, names, "Regress", "no regression")

    async def _of_examples(
        self, request: Request, names: dict[str, str], api: str, fault: str
    ) -> Response:
        with self._service.counted(names["model"], api, "REST"):
            body = messages.parsed(await self._body(request))
            signature = messages.signature(body)
            messages.check_examples(body)
            with self._held(names):
                raise of_examples(signature, fault)

    async def status(self, request: Request, names: dict[str, str]) -> Response:
        if "model" not in names:
            raise FAULTS["no name"]()
        versions = self._service.models.status(names["model"], *_version(names))
        return Json({"model_version_status": list(map(_described, versions))})

    async def metadata(self, request: Request, names: dict[str, str]) -> Response:
        with self._held(names) as version:
            assert version.loaded
            signatures = {
                name: MessageToDict(
                    signature,
                    preserving_proto_field_name=True,
                    always_print_fields_with_no_presence=True,
                )
                for name, signature in version.loaded.signatures.items()
            }
            spec = {"name": names["model"], "signature_name": "", "version": str(version.number)}
        for signature in signatures.values():
            signature.pop("defaults", None)  # what later versions of the message have, too
        metadata = {"signature_def": {"signature_def": signatures}}
        return Json({"model_spec": spec, "metadata": metadata})

    # Probes, metrics and the page

    async def page(self, request: Request, names: dict[str, str]) -> Response:
        if self._page is None:
            raise FAULTS["no path"](method=request.method, path="/")
        return self._page()

    async def healthz(self, request: Request, names: dict[str, str]) -> Response:
        return Json({"live": True})

    async def readyz(self, request: Request, names: dict[str, str]) -> Response:
        self._service.check_ready()
        return Json({"ready": True})

    async def prometheus(self, request: Request, names: dict[str, str]) -> Response:
        return Response(self._service.metrics.text(), media_type=CONTENT_TYPE)

    # The Open Inference Protocol

    async def v2_server(self, request: Request, names: dict[str, str]) -> Response:
        return Json({"name": SERVER, "version": __version__, "extensions": []})

    async def v2_model(self, request: Request, names: dict[str, str]) -> Response:
        with self._held(names) as version:
            assert version.loaded
            signature = version.loaded.signatures[TOKENS]
            outputs = [
                {
                    "name": name,
                    "datatype": inference.datatype(name),
                    "shape": [dim.size for dim in signature.outputs[name].tensor_shape.dim],
                }
                for name in sorted(signature.outputs)
            ]
        there = [v for v in self._service.models.status(names["model"]) if v.available]
        return Json(
            {
                "name": names["model"],
                "versions": [str(version.number) for version in reversed(there)],
                "platform": "tensorflow_savedmodel",
                "inputs": [{"name": INPUTS[TOKENS], "datatype": "BYTES", "shape": [-1, -1]}],
                "outputs": outputs,
            }
        )

    async def v2_ready(self, request: Request, names: dict[str, str]) -> Response:
        with self._held(names):
            return Json({"ready": True})

    async def v2_infer(self, request: Request, names: dict[str, str]) -> Response:
        with self._service.counted(names["model"], "ModelInfer", "REST"):
            body = messages.parsed(await self._body(request))
            with self._held(names) as version:
                asked = inference.read(body, self._service.limits.longest)
                results = await self._results(names["model"], version, asked, request)
            answer = inference.answer(asked, results, names["model"], version.number)
            return Json(answer)

    # What they share

    def _held(self, names: dict[str, str]) -> Any:
        return self._service.models.held(names["model"], *_version(names))

    async def _body(self, request: Request) -> bytes:
        return await self._bodies.read(request)

    async def _results(self, name: str, version: Version, asked: Any, request: Request) -> Any:
        if _is_spare(request):
            raise Busy(FAULTS["peer"], 1)
        return await self._service.results(name, version, asked, request.state.connection)


def _version(names: dict[str, str]) -> tuple[int | None, str | None]:
    """The number or the label of a version that a path names."""
    if "version" not in names:
        return None, names.get("label")
    digits = names["version"].lstrip("0") or "0"
    if len(digits) > len(str(LARGEST)) or int(digits) > LARGEST:
        raise FAULTS["large version"](version=names["version"])
    return int(digits), None


def _described(version: Version) -> dict[str, Any]:
    status = {"error_code": str(version.code), "error_message": version.error}
    return {"version": str(version.number), "state": str(version.state), "status": status}


def _is_spare(request: Request) -> bool:
    return bool(getattr(getattr(request.state, "connection", None), "spare", False))


def _refusal(failure: Failure, request: Request) -> Response:
    headers = {}
    if failure.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(failure.retry_after)))
    if isinstance(failure, Refused) and _is_spare(request):
        headers["Connection"] = "close"
    return Json({"error": str(failure)}, failure.status, headers)


class Bodies:
    """The bodies of requests, each bounded, and together while they arrive."""

    def __init__(self) -> None:
        self._arriving = 0

    async def read(self, request: Request) -> bytes:
        """A body, decompressed.

        Raises:
            Failure: It is too large, is compressed in another way than gzip, or too many bodies
                are under way.
        """
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip", "x-gzip"):
            raise FAULTS["encoding"](encoding=encoding)
        body = bytearray()
        try:
            async for part in request.stream():
                body += part
                self._arriving += len(part)
                if len(body) > MAX_BODY:
                    raise FAULTS["too large"](most=MAX_BODY)
                if self._arriving > MAX_BODIES:
                    raise Refused(FAULTS["receiving"], 1)
        except ClientDisconnect:
            raise FAULTS["gone"]() from None
        finally:
            self._arriving -= len(body)
        return bytes(body) if encoding == "identity" else decompressed(body)


def decompressed(body: bytes | bytearray) -> bytes:
    """What was compressed with gzip.

    Raises:
        Failure: It was not, or it is too large.
    """
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        found = stream.decompress(body, MAX_BODY + 1)
    except zlib.error as error:
        raise FAULTS["no gzip"](reason=error) from None
    if len(found) > MAX_BODY:
        raise FAULTS["too large"](most=MAX_BODY)
    if not stream.eof or stream.unused_data:
        raise FAULTS["no gzip"](reason="it is cut off, or something comes after it")
    return found
