"""`lstm-variants serve`: a model that answers requests."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from ..quiet import import_tensorflow
from ..serving.limits import Limits

LIMITS = Limits()
DAY = 86_400  # seconds: a bound of times that are forever otherwise


def serve(
    directory: Annotated[
        Path | None, typer.Argument(metavar="[MODEL]", help="A run folder or an export.")
    ] = None,
    models: Annotated[
        Path | None,
        typer.Option(help="In place of MODEL: a model_config_file of TensorFlow Serving."),
    ] = None,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of HTTP; 0 takes a free one.")
    ] = 8501,
    grpc_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Of gRPC; the default is the one before --port."),
    ] = None,
    grpc: Annotated[bool, typer.Option(help="Answer gRPC.")] = True,
    name: Annotated[str, typer.Option(help="The model's name in requests.")] = "tagger",
    versions: Annotated[
        str, typer.Option(help="Of an export: latest, latest:2, all, or numbers such as 1,3.")
    ] = "latest",
    poll: Annotated[
        float, typer.Option(min=0.1, max=DAY, help="Seconds between looks for new versions.")
    ] = 1.0,
    cors: Annotated[
        list[str] | None,
        typer.Option(metavar="ORIGIN", help="A page whose scripts may read answers; * for all."),
    ] = None,
    reload: Annotated[
        bool, typer.Option(help="Let clients say which models are served: gRPC's reload request.")
    ] = False,
    deadline: Annotated[
        float,
        typer.Option(min=0.1, max=DAY, help="Seconds to an answer; later ones get status 503."),
    ] = LIMITS.deadline,
    longest: Annotated[
        int, typer.Option(min=1, help="Tokens of a sentence; longer ones get status 400.")
    ] = LIMITS.longest,
    queue: Annotated[
        int, typer.Option(min=1, help="Tokens that may wait; beyond, requests get status 429.")
    ] = LIMITS.queue,
    batching: Annotated[
        bool, typer.Option(help="Tag sentences of different requests together.")
    ] = LIMITS.batching,
    receive: Annotated[
        float,
        typer.Option(min=0.1, max=DAY, help="Seconds to receive a request, and to send an answer."),
    ] = LIMITS.receive,
    idle: Annotated[
        int,
        typer.Option(min=1, max=DAY, help="Seconds that a connection is kept without a request."),
    ] = LIMITS.idle,
    connections: Annotated[
        int,
        typer.Option(min=1, help="Connections that may wait for their client; more close these."),
    ] = LIMITS.connections,
    peer: Annotated[
        int, typer.Option(min=1, help="Connections of one address; raise it behind a proxy.")
    ] = LIMITS.peer,
    page: Annotated[bool, typer.Option(help="A page to try the model in a browser, at /.")] = True,
) -> None:
    """Answers requests of TensorFlow Serving's REST and gRPC, and of KServe's protocols."""
    if (directory is None) == (models is None):
        raise InputError("serve: give a MODEL, or --models with a configuration file")
    import_tensorflow()
    try:
        from ..serving import model_config, server
    except ModuleNotFoundError as error:
        raise InputError(
            f"serve needs {error.name}: pip install 'keras-lstm-variants[serve]'"
        ) from None
    limits = Limits(deadline, longest, queue, batching, receive, idle, connections, peer)
    listen = grpc_port if grpc_port is not None else max(0, port - 1)
    origins = tuple(cors or ())
    options = server.Options(host, port, listen if grpc else None, poll, origins, reload, page)
    if directory is not None:
        model_config.check_name(name)
        policy = model_config.policy(versions)
        server.serve([server.Config(name, directory, policy)], options, limits)
    elif models is not None:
        server.serve(models, options, limits)
