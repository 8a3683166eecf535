"""What `report` and `sweep --status` do: they read the folder of a sweep, without TensorFlow."""

from pathlib import Path

import typer
from rich.text import Text

from ..sweeping import logs, report
from ..sweeping.report import Report
from . import leaderboard
from .output import console, print_json


def show(found: Report) -> None:
    """The tables of a sweep, and what they say."""
    for part in leaderboard.render(found):
        console().print(part, soft_wrap=isinstance(part, Text))  # a reason stays one line


def print_status(folder: Path, as_json: bool) -> None:
    """How far a sweep is, and what it says so far; nothing is written."""
    found = report.read(folder)
    if as_json:
        print_json(leaderboard.as_dict(found))
        return
    for part in leaderboard.status(found.status):
        console().print(part, soft_wrap=True)
    show(found)


def rewrite(folder: Path, tensorboard: bool, as_json: bool) -> None:
    """Computes tables and page of a sweep anew, from its folder."""
    found = report.write(folder)
    written = logs.write(folder) if tensorboard else None
    if as_json:
        print_json(leaderboard.as_dict(found))
        return
    show(found)
    if found.page is None:
        typer.echo("no page: pip install 'keras-lstm-variants[report]'", err=True)
    else:
        print(f"page: {found.page}")
    if written is not None:
        print(f"logs: tensorboard --logdir {written}")
