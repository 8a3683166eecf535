"""Arguments and options that several commands have."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Literal

import typer

from ..data.options import Options

Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override a key of the configuration, such as training.epochs=3."),
]

TensorBoard = Annotated[
    bool,
    typer.Option(
        "--tensorboard", help="Write logs for TensorBoard, with the hyperparameters beside them."
    ),
]


def with_reading_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command, in place of its argument `options`, those that say how files are read."""

    @wraps(command)
    def with_options(*args: Any, **given: Any) -> None:
        told = {name: given.pop(name) for name in OPTIONS}
        command(*args, **given, options=_reading_options(**told))

    own = [p for p in inspect.signature(command).parameters.values() if p.name != "options"]
    shared = inspect.signature(_reading_options).parameters.values()
    signature = inspect.Signature([*own, *shared])
    with_options.__signature__ = signature  # type: ignore[attr-defined]
    with_options.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return with_options


def _reading_options(
    token_column: Annotated[
        str | None,
        typer.Option(help="Column of the tokens: its number from 0, or its name or key."),
    ] = None,
    tag_column: Annotated[
        str | None, typer.Option(help="Column of the tags: its number from 0, or its name or key.")
    ] = None,
    scheme: Annotated[
        str | None,
        typer.Option(help="Tag scheme; IO for bare types, none to take each tag by itself."),
    ] = None,
    outside: Annotated[
        list[str] | None, typer.Option(help="A tag that means O; may be given several times.")
    ] = None,
    joiner: Annotated[
        str | None, typer.Option(help="What stands between letter and type: _ in B_PER.")
    ] = None,
    order: Annotated[
        Literal["letter first", "type first"] | None, typer.Option(help="B-PER or PER-B.")
    ] = None,
    layer: Annotated[
        str | None, typer.Option(help="Which layer of entities: its number from 1, or its name.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of the characters; UTF-8 by default.")
    ] = None,
) -> Options:
    """What a file of labelled sentences does not show by itself; [data] has the same keys."""
    return Options(
        _number_or_name(token_column),
        _number_or_name(tag_column),
        scheme,
        tuple(outside or ()),
        joiner,
        order,
        _number_or_name(layer),
        encoding,
    )


OPTIONS = tuple(inspect.signature(_reading_options).parameters)


def _number_or_name(value: str | None) -> int | str | None:
    return int(value) if value and value.lstrip("-").isdigit() else value
