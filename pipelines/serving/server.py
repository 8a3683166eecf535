"""A served tagger: TensorFlow Serving's REST predict URL for one run or export."""

import json
import socket
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..errors import InputError
from ..tagger.signatures import NOT_FINITE, TEXT, TOKENS
from ..training import runs
from .tagging import NoTags, Tagger, load, newest_version, shortest

MAX_BODY = 1 << 20  # bytes
MAX_SENTENCES = 256  # in a request
MAX_TOKENS = 20_000  # in a request, padding included
MAX_CHARACTERS = 100_000  # likewise, of texts
FIRST = "1"  # the version that a run is served as
INPUTS = {TOKENS: "tokens", TEXT: "text"}


class BadRequest(Exception):
    """What the client got wrong; its text goes into the answer."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def serve(directory: Path, host: str = "127.0.0.1", port: int = 8501, name: str = "tagger") -> None:
    """Serves a run, or the newest version of an export, until it is interrupted.

    Args:
        directory: The run folder or the export.
        host: Where to listen; the default is reached from this machine only.
        port: Likewise; 0 takes a free one.
        name: The model's name in the URL.

    Raises:
        InputError: There is no run and no export, or the port is taken.
    """
    of_run = runs.is_run(directory)
    version = directory if of_run else newest_version(directory)
    tagger = load(version)
    # Only where the protocol is named does asyncio switch off the delay of small packets, which
    # would make every answer but the first of a connection 40 ms later.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # from here on clients wait instead of being refused
    except OSError as error:
        listener.close()
        raise InputError(f"{host}:{port}: cannot listen there: {error.strerror}") from None
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{listener.getsockname()[1]}/v1/models/{name}:predict"
    print(f"serving {version} at {url}", flush=True)
    served = app(tagger, name, FIRST if of_run else version.name)
    config = uvicorn.Config(served, log_level="warning", limit_concurrency=64)
    uvicorn.Server(config).run(sockets=[listener])


def app(tagger: Tagger, name: str, version: str) -> Starlette:
    """The web application: predict, and the model's status."""

    async def predict(request: Request) -> Response:
        try:
            return JSONResponse(await run_in_threadpool(_predict, tagger, await _body(request)))
        except BadRequest as error:
            return JSONResponse({"error": str(error)}, error.status)
        except NoTags:
            return JSONResponse({"error": f"{NOT_FINITE}: the model cannot tag it"}, 500)

    async def status(request: Request) -> Response:
        state = {"version": version, "state": "AVAILABLE"}
        state_status = {"error_code": "OK", "error_message": ""}
        return JSONResponse({"model_version_status": [{**state, "status": state_status}]})

    async def missing(request: Request, error: Exception) -> Response:
        return JSONResponse(
            {"error": f"Malformed request: {request.method} {request.url.path}"}, 404
        )

    base = f"/v1/models/{name}"
    routes = []
    for prefix in (base, f"{base}/versions/{version}"):
        routes += [
            Route(f"{prefix}:predict", predict, methods=["POST"]),
            Route(prefix, status, methods=["GET"]),
        ]
    return Starlette(routes=routes, exception_handlers={404: missing})


async def _body(request: Request) -> Any:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise BadRequest(f"the body has more than {MAX_BODY} bytes", 413)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"JSON Parse error: {error}") from None


def _predict(tagger: Tagger, body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise BadRequest("JSON Value: Is not object")
    signature = body.get("signature_name", TOKENS)
    if not isinstance(signature, str):
        raise BadRequest("'signature_name' key must be a string value.")
    if signature not in INPUTS:
        raise BadRequest(f'Serving signature name: "{signature}" not found in signature def')
    if ("instances" in body) == ("inputs" in body):
        raise BadRequest("expecting one of 'inputs' or 'instances' keys to exist")
    by_row = "instances" in body
    values = _values(body["instances"] if by_row else body["inputs"], INPUTS[signature], by_row)
    call = tagger.tokens if signature == TOKENS else tagger.text
    outputs = {key: value.numpy() for key, value in call(_tensor(values, signature)).items()}
    columns = {key: _plain(value) for key, value in outputs.items()}
    if not by_row:
        return {"outputs": columns}
    rows = zip(*columns.values(), strict=True)
    return {"predictions": [dict(zip(columns, row, strict=True)) for row in rows]}


def _values(rows: Any, name: str, by_row: bool) -> list[Any]:
    """The rows of the one input, out of the three ways in which TensorFlow Serving takes them."""
    if isinstance(rows, dict) and not by_row:
        if name not in rows:
            raise BadRequest(f"Missing named input: {name} in 'inputs' object.")
        rows = rows[name]
    if not isinstance(rows, list) or not rows:
        raise BadRequest(f"{name}: expecting a list that is not empty")
    if by_row and all(isinstance(row, dict) for row in rows):
        if any(set(row) != {name} for row in rows):
            raise BadRequest(f"JSON object: keys must be equal to: {name}")
        rows = [row[name] for row in rows]
    if len(rows) > MAX_SENTENCES:
        raise BadRequest(f"{len(rows)} sentences in a request; {MAX_SENTENCES} are allowed")
    return rows


def _tensor(rows: list[Any], signature: str) -> Any:
    strings = rows
    if signature == TOKENS:
        if not all(isinstance(row, list) for row in rows):
            raise BadRequest("tokens: expecting a list of strings for each sentence")
        if len({len(row) for row in rows}) > 1:
            raise BadRequest("tokens: sentences of different length: pad them with empty strings")
        strings = [token for row in rows for token in row]
        if len(strings) > MAX_TOKENS:
            raise BadRequest(f"{len(strings)} tokens in a request; {MAX_TOKENS} are allowed")
    if not all(isinstance(string, str) for string in strings):
        raise BadRequest(f"{INPUTS[signature]}: expecting strings")
    try:
        encoded = [string.encode() for string in strings]
    except UnicodeEncodeError:
        raise BadRequest("an unpaired surrogate is not a character") from None
    if signature == TEXT:
        # A text has fewer tokens than characters, and the longest one decides about the padding.
        if max(map(len, strings)) * len(strings) > MAX_CHARACTERS:
            raise BadRequest(f"the texts are too long: {MAX_CHARACTERS} characters are allowed")
        return tf.constant(encoded)
    return tf.constant(encoded, tf.string, shape=(len(rows), len(rows[0])))


def _plain(value: np.ndarray) -> Any:
    if value.dtype == object and value.size:
        return np.vectorize(bytes.decode, otypes=[object])(value).tolist()
    return shortest(value) if value.dtype == np.float32 else value.tolist()
