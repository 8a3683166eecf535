"""What a benchmark found: a JSON value, and tables of it for the terminal and for Markdown."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from rich import box
from rich.console import Group
from rich.table import Table as RichTable
from rich.text import Text

from ..errors import InputError
from ..training.runs import replacing


class Table(NamedTuple):
    """Text in rows and columns.

    Attributes:
        title: What is in it.
        columns: Their names.
        rows: A text for each column.
        notes: What has to be known to read it.
    """

    title: str
    columns: list[str]
    rows: list[list[str]]
    notes: list[str]


def check_writable(*paths: Path | None) -> None:
    """Raises InputError if one of the files cannot be written; before the work, not after it."""
    for path in paths:
        if path is None:
            continue
        if path.is_dir():
            raise InputError(f"{path}: is a folder: name a file")
        if not os.access(path.absolute().parent, os.W_OK):
            raise InputError(f"{path}: cannot be written: no folder that takes files")


def write(
    report: dict[str, Any], tables: list[Table], as_json: Path | None, as_markdown: Path | None
) -> None:
    """Writes the report and its tables to the files that were named."""
    texts = {as_json: json.dumps(report, indent=1) + "\n", as_markdown: markdown(tables)}
    for path, text in texts.items():
        if path is not None:
            with replacing(path) as part:
                part.write_text(text, "utf-8")


def markdown(tables: list[Table]) -> str:
    return "\n".join(_markdown(table) for table in tables)


def _markdown(table: Table) -> str:
    rows = [table.columns, ["---"] + ["---:"] * (len(table.columns) - 1), *table.rows]
    lines = ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows]
    notes = "".join(f"\n{note}\n" for note in table.notes)
    return f"**{table.title}**\n\n" + "\n".join(lines) + "\n" + notes


def for_terminal(table: Table) -> Group:
    shown = RichTable(title=table.title, box=box.SIMPLE)
    for n, column in enumerate(table.columns):
        justify: Any = "right" if n else "left"
        # Where there is no room a number goes on in the next line: none loses digits.
        shown.add_column(column, justify=justify, no_wrap=n == 0, overflow="fold")
    for row in table.rows:
        shown.add_row(*row)
    return Group(shown, *map(Text, table.notes))
