"""A server of taggers: TensorFlow Serving's REST and gRPC for runs and exports."""

import asyncio
import gc
import logging
import math
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Condition
from typing import NamedTuple
from urllib.parse import quote

import uvicorn

from ..errors import InputError
from . import loading, model_config, page
from .admission import Queue
from .connections import Connections, Server
from .limits import Limits
from .metrics import Metrics
from .models import Models
from .rest import app
from .rpc import Rpc
from .service import Service
from .versions import Config, Parts, Version

log = logging.getLogger(__name__)


class Options(NamedTuple):
    """What a server does beside answering for its models.

    Attributes:
        host: Where to listen; the default is reached from this machine only.
        port: Of HTTP; 0 takes a free one.
        grpc_port: Of gRPC; 0 takes a free one; None for no gRPC.
        poll: Seconds between two looks for new versions.
        origins: The web pages whose scripts may read answers; see `rest.app`.
        reload: Whether clients may say which models are served.
        page: Whether `GET /` is a page to try the models.
    """

    host: str = "127.0.0.1"
    port: int = 8501
    grpc_port: int | None = 8500
    poll: float = 1.0
    origins: Sequence[str] = ()
    reload: bool = False
    page: bool = True


def serve(
    models: Sequence[Config] | Path,
    options: Options = Options(),  # noqa: B008  a constant
    limits: Limits = Limits(),  # noqa: B008  a constant
) -> None:
    """Serves models until it is interrupted.

    Args:
        models: The models, or the configuration file that names them and is read again when it
            changes.
        options: How they are served.
        limits: What the server bears.

    Raises:
        InputError: A model cannot be loaded, the file names none, a port is taken, or the page
            needs jinja2.
    """
    file = models if isinstance(models, Path) else None
    configs = model_config.read(models) if isinstance(models, Path) else models
    listener = _listener(options.host, options.port)
    service = _service(limits)
    try:
        gc.freeze()  # what is there now stays; to drop a version, only what came later is searched
        service.models.configure(configs)
        asyncio.run(_run(service, file, listener, options))
    finally:
        service.models.stop()
        listener.close()
        # The thread of gRPC ends with what refers to it; if it is there when Python ends, it may
        # abort the process.
        gc.collect()


def _listener(host: str, port: int) -> socket.socket:
    # Only where the protocol is named does asyncio switch off the delay of small packets, which
    # would make every answer but the first of a connection 40 ms later.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InputError(f"{host}:{port}: cannot listen there: {error.strerror}") from None
    return listener


def _service(limits: Limits) -> Service:
    """A service without models."""
    queue = Queue(limits)

    def loaded(model: str, version: Version) -> None:
        if service.serving:  # what it begins with is said with its address
            print(f"serving {version.path} as {model}", flush=True)

    parts = Parts(
        loading.loader(limits.longest),
        loading.folders,
        time.monotonic,
        Condition(),
        loaded,
        lambda gone: service.forget(gone),
    )
    service = Service(Models(parts), queue, Metrics(lambda: queue.waiting))
    return service


async def _run(
    service: Service, file: Path | None, listener: socket.socket, options: Options
) -> None:
    """Answers until a signal comes, and then all that was asked before it."""
    limits, loop = service.limits, asyncio.get_running_loop()
    tried = page.of(service.models) if options.page else None
    rpc = None
    if options.grpc_port is not None:
        rpc = Rpc(service, options.host, options.grpc_port, options.reload)
    ending: list[asyncio.Task[None]] = []

    def end() -> None:
        if rpc is not None and not ending:
            ending.append(loop.create_task(rpc.stop()))

    def drain() -> None:  # in a signal's handler
        service.draining = True
        loop.call_soon_threadsafe(end)

    config = uvicorn.Config(
        app(service, tried, options.origins),
        http=Connections(limits).protocol(),
        loop="asyncio",  # not uvloop where it happens to be: what is written waits there otherwise
        ws="none",
        lifespan="off",
        log_level="error",  # what clients do wrong is told to them
        access_log=False,  # what it would say is put together even where nobody reads it
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=limits.idle,
        timeout_graceful_shutdown=math.ceil(limits.receive + limits.deadline + limits.idle),
    )
    server, worker = Server(config, drain), service.worker
    with server.capture_signals():
        if rpc is not None:
            await rpc.start()
        worker.start()
        service.models.watch(options.poll, _reread(service, file))
        _announce(service, listener, rpc, options.host)
        await server.serve(sockets=[listener])
        end()
        await asyncio.gather(*ending)
        await asyncio.to_thread(worker.stop, limits.deadline)


def _announce(service: Service, listener: socket.socket, rpc: Rpc | None, host: str) -> None:
    """Says what is served, and where: from here on clients wait instead of being refused."""
    listener.listen(socket.SOMAXCONN)
    shown = f"[{host}]" if ":" in host else host
    for name in service.models.names:
        for version in service.models.status(name):
            if version.available:
                url = f"http://{shown}:{listener.getsockname()[1]}/v1/models/{quote(name)}:predict"
                print(f"serving {version.path} at {url}", flush=True)
    if rpc is not None:
        print(f"gRPC at {shown}:{rpc.port}", flush=True)
    service.serving = True


def _reread(service: Service, file: Path | None) -> Callable[[], None]:
    """A function that reads the configuration file again if it has changed."""
    seen = _written(file)

    def look() -> None:
        nonlocal seen
        if (now := _written(file)) == seen or now is None:
            return
        seen = now
        assert file
        try:
            service.models.configure(model_config.read(file))
        except InputError as error:
            log.warning("%s; what was served before still is", error)

    return look


def _written(file: Path | None) -> int | None:
    try:
        return None if file is None else file.stat().st_mtime_ns
    except OSError:
        return None
