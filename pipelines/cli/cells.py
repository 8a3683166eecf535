"""The catalogue of cells in the terminal."""

import math

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from keras_lstm_variants.catalogue import FEATURES, UNITS, Description, Entry

SIZES = f"{FEATURES} inputs and {UNITS} units, in blocks of two cells where there are blocks"
NO_SECOND_OPINION = "no second opinion exists"


def catalogue(entries: list[Entry]) -> RenderableType:
    """Every cell: what it is, who proposed it, what it is checked against."""
    table = Table(caption=f"weights: with {SIZES}; the oracles are in tests/oracles, in NumPy")
    table.add_column("name, layer", no_wrap=True)
    table.add_column("what is different", overflow="fold")
    table.add_column("paper", overflow="fold")
    table.add_column("oracle, second opinion", overflow="fold")
    table.add_column("weights", justify="right")
    for entry in entries:
        table.add_row(
            f"{entry.name}\n{entry.layer}",
            entry.differs,
            entry.paper,
            f"oracles.{entry.name}\n{entry.second_opinion or NO_SECOND_OPINION}",
            f"{entry.parameters:,}",
            end_section=True,
        )
    return table


def cell(description: Description) -> RenderableType:
    """One cell: its equations, its states, its weights."""
    entry = description.entry
    table = Table(caption=f"with {SIZES}")
    table.add_column("weight")
    table.add_column("shape")
    table.add_column("count", justify="right")
    for weight in description.weights:
        table.add_row(weight.name, str(weight.shape), f"{math.prod(weight.shape):,}")
    table.add_section()
    table.add_row("", "", f"{entry.parameters:,}")
    lines = [
        f"{entry.name}: keras_lstm_variants.{entry.layer}",
        entry.differs,
        "",
        *(f"    {equation}" for equation in description.equations),
        "",
        f"paper: {entry.paper}",
        f"source: {description.source}",
        f"states: {', '.join(description.states)}",
        f"oracle: oracles.{entry.name} in tests/oracles, in NumPy",
        f"second opinion: {entry.second_opinion or 'none exists'}",
        "",
    ]
    return Group(Text("\n".join(lines)), table)
