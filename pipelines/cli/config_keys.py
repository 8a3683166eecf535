"""The keys of configurations in the terminal."""

from itertools import groupby

from rich.console import RenderableType
from rich.table import Table

from ..config.json_schema import Key


def table(keys: list[Key]) -> RenderableType:
    """The keys by section: values, default, meaning."""
    table = Table()
    table.add_column("key", no_wrap=True)
    table.add_column("values, default", overflow="fold")
    table.add_column("meaning", overflow="fold")
    for section, of_section in groupby(keys, key=lambda key: key.section):
        table.add_row(f"[{section}]", "", "")
        for key in of_section:
            default = f"\n= {key.default}" if key.default else ""
            table.add_row(key.name, f"{key.type}{default}", key.description)
        table.add_section()
    return table
