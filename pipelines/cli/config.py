"""The commands of `config`: keys, schema."""

import json
from typing import Annotated, Literal

import typer

from .output import AsJSON, Quiet, console, print_json

config_app = typer.Typer(no_args_is_help=True, help="Every key of a configuration.")


@config_app.command("keys")
def config_keys(
    section: Annotated[
        Literal["data", "start", "vectors", "model", "training", "sweep"] | None,
        typer.Argument(help="Only the keys of this section."),
    ] = None,
    as_json: AsJSON = False,
    quiet: Quiet = False,
) -> None:
    """The keys of a configuration: the values they take, their defaults, what they mean."""
    from ..config import json_schema
    from .config_keys import table

    keys = [*json_schema.keys(), *json_schema.keys_of_search()]
    shown = [key for key in keys if section in (None, key.section)]
    if as_json:
        print_json({"keys": shown})
    else:
        console().print(table(shown))


@config_app.command("schema")
def config_schema(
    kind: Annotated[
        Literal["experiment", "forecast", "sweep"], typer.Argument(help="Of which kind of file.")
    ] = "experiment",
) -> None:
    """The JSON Schema of a configuration, with which editors complete and check its keys.

    Write it to a file and begin the configuration with the line `#:schema ./FILE`: the extension
    Even Better TOML of VS Code and taplo read it.
    """
    from ..config.json_schema import json_schema

    print(json.dumps(json_schema(kind), ensure_ascii=False, indent=1))
