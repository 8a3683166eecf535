"""A served tagger: TensorFlow Serving's REST predict URL for one run or export."""

import asyncio
import json
import logging
import math
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..errors import InputError
from ..tagger.names import NOT_FINITE
from ..training import runs
from .admission import Busy, Job, Queue, Refused
from .batching import Worker
from .calls import model
from .connections import Connections, Server
from .limits import Limits
from .messages import BadRequest, answer, read
from .tagging import NoTags, load, newest_version

MAX_BODY = 1 << 20  # bytes
MAX_BODIES = 1 << 26  # bytes of bodies of which a part is missing
FIRST = "1"  # the version that a run is served as

log = logging.getLogger(__name__)


def serve(
    directory: Path,
    host: str = "127.0.0.1",
    port: int = 8501,
    name: str = "tagger",
    limits: Limits = Limits(),  # noqa: B008  a constant
) -> None:
    """Serves a run, or the newest version of an export, until it is interrupted.

    Args:
        directory: The run folder or the export.
        host: Where to listen; the default is reached from this machine only.
        port: Likewise; 0 takes a free one.
        name: The model's name in the URL.
        limits: What it bears.

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
        listener.listen(socket.SOMAXCONN)  # from here on clients wait instead of being refused
    except OSError as error:
        listener.close()
        raise InputError(f"{host}:{port}: cannot listen there: {error.strerror}") from None
    queue = Queue(limits)
    worker = Worker(queue, model(tagger, limits.longest))
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{listener.getsockname()[1]}/v1/models/{name}:predict"
    print(f"serving {version} at {url}", flush=True)

    draining = threading.Event()
    served = app(queue, name, FIRST if of_run else version.name, limits.longest, draining.is_set)
    config = uvicorn.Config(
        served,
        http=Connections(limits).protocol(),
        ws="none",
        lifespan="off",
        log_level="error",  # what clients do wrong is told to them
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=limits.idle,
        timeout_graceful_shutdown=math.ceil(limits.receive + limits.deadline + limits.idle),
    )
    worker.start()
    Server(config, draining.set).run(sockets=[listener])
    worker.stop(limits.deadline)


def app(
    queue: Queue,
    name: str,
    version: str,
    longest: int = Limits().longest,
    draining: Callable[[], bool] = lambda: False,
) -> Any:
    """The web application: predict, and the model's status.

    Args:
        queue: Where requests wait for the model.
        name: The model's name in the URL.
        version: Its version.
        longest: Tokens that a sentence may have.
        draining: Whether connections are to be closed after the next answer.
    """
    bodies = Bodies()

    async def predict(request: Request) -> Response:
        spare = getattr(getattr(request.state, "connection", None), "spare", False)
        try:
            asked = read(await bodies.read(request), longest)
            if spare:
                raise Busy("this address has too many requests under way", 1)
            results = await _results(queue, queue.submit(asked.signature, asked.rows), request)
            return JSONResponse(answer(asked, results))
        except BadRequest as error:
            return JSONResponse({"error": str(error)}, error.status)
        except Refused as error:
            headers = {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
            if spare:
                headers["Connection"] = "close"
            status = 429 if isinstance(error, Busy) else 503
            return JSONResponse({"error": str(error)}, status, headers)
        except ClientDisconnect:
            return Response(status_code=499)  # nobody will read it
        except NoTags:
            return JSONResponse({"error": f"{NOT_FINITE}: the model cannot tag it"}, 500)
        except Exception:
            log.exception("the model failed")
            return JSONResponse({"error": "the model failed; the server's log says why"}, 500)

    async def status(request: Request) -> Response:
        state = {"version": version, "state": "AVAILABLE"}
        state_status = {"error_code": "OK", "error_message": ""}
        return JSONResponse({"model_version_status": [{**state, "status": state_status}]})

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        message = f"Malformed request: {request.method} {request.url.path}"
        return JSONResponse({"error": message}, error.status_code, error.headers)

    base = f"/v1/models/{name}"
    routes = []
    for prefix in (base, f"{base}/versions/{version}"):
        routes += [
            Route(f"{prefix}:predict", predict, methods=["POST"]),
            Route(prefix, status, methods=["GET"]),
        ]
    application = Starlette(routes=routes, exception_handlers={HTTPException: refused})
    application.router.redirect_slashes = False
    return _closing(application, draining)


def _closing(application: Any, draining: Callable[[], bool]) -> Any:
    """The application, with `connection: close` in its answers while the server drains."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start" and draining():
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        await application(scope, receive, sending)

    return wrapped


class Bodies:
    """The bodies of requests, each bounded, and together while they arrive."""

    def __init__(self) -> None:
        self._arriving = 0

    async def read(self, request: Request) -> Any:
        """The JSON value of a body.

        Raises:
            BadRequest: It is too large or no JSON.
            Refused: Too many bodies are under way.
        """
        body = bytearray()
        try:
            async for part in request.stream():
                body += part
                self._arriving += len(part)
                if len(body) > MAX_BODY:
                    raise BadRequest(f"the body has more than {MAX_BODY} bytes", 413)
                if self._arriving > MAX_BODIES:
                    raise Refused("too many requests are being received", 1)
        finally:
            self._arriving -= len(body)
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BadRequest(f"JSON Parse error: {error}") from None


async def _results(queue: Queue, job: Job, request: Request) -> list[Any]:
    """The results of a job; it is given up when its deadline passes or its client hangs up.

    Raises:
        Late: The deadline has passed.
        ClientDisconnect: The client is gone.
    """
    answered: asyncio.Future[Any] = asyncio.wrap_future(job.future)
    gone: asyncio.Future[Any] = asyncio.ensure_future(_hung_up(request))
    try:
        await asyncio.wait(
            {answered, gone}, timeout=queue.limits.deadline, return_when=asyncio.FIRST_COMPLETED
        )
        if answered.done():
            return answered.result()
        if gone.done():
            raise ClientDisconnect
        raise queue.late()
    finally:
        gone.cancel()
        if not answered.done():
            queue.cancel(job)


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
