"""What commands print."""

import dataclasses
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from ..quiet import be_quiet, is_quiet

AsJSON = Annotated[bool, typer.Option("--json", help="The result as one JSON object.")]
Quiet = Annotated[  # commands need not read it: `note` and bars of progress ask `is_quiet`
    bool,
    typer.Option("--quiet", callback=be_quiet, help="No progress and no notes; errors only."),
]

WIDE = 200  # columns, if nobody says how many there are


def console() -> Any:
    from rich.console import Console

    # Names of files and tags may have brackets; a file or a pipe has no width to break lines at.
    told = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(markup=False, width=None if told else WIDE)


def note(text: str) -> None:
    """Says something beside the result, on standard error."""
    if not is_quiet():
        print(text, file=sys.stderr)


def fail(message: str, status: int = 2) -> NoReturn:
    """Ends the command with an error: a line for each of the message."""
    for line in message.splitlines():
        print(f"error: {line}", file=sys.stderr)
    sys.exit(status)


def print_scores(analysis: Any, title: str, as_json: bool) -> None:
    if as_json:
        from ..scoring.analysis import as_dict

        print(json.dumps(as_dict(analysis), ensure_ascii=False, indent=1))
        return
    from ..scoring import tables

    for part in tables.analysis(analysis, title):
        console().print(part)


def print_json(value: Mapping[str, Any]) -> None:
    print(json.dumps(_plain(value), ensure_ascii=False, indent=1, allow_nan=False))


def _plain(value: Any) -> Any:
    """Named tuples and dataclasses as objects, paths as strings."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    elif dataclasses.is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
