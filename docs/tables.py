"""The tables of cells in README.md and docs/cells.md: `python docs/generated.py` writes them.

They say what the catalogue says, so a new cell is in them without a line of its own.
"""

import re
from pathlib import Path

from keras_lstm_variants import cells
from keras_lstm_variants.catalogue import FEATURES, UNITS, Entry, entries

ROOT = Path(__file__).parents[1]
README, PAGE = ROOT / "README.md", ROOT / "docs" / "cells.md"
COMMAND = "python docs/generated.py"
BEGIN, END = f"<!-- the core cells, written by `{COMMAND}` -->", "<!-- end of the core cells -->"
CORE = (
    "simple_rnn",
    "lstm_1997",
    "lstm",
    "peephole_lstm",
    "memory_block_lstm",
    "mixed_block_lstm",
    "gru",
    "gru_reset_before",
)
SIZES = f"{FEATURES} inputs and {UNITS} units, in blocks of two cells where there are blocks"


def texts() -> dict[Path, str]:
    """The text of each file with a table, as it should be."""
    every = entries()
    return {README: with_core(README.read_text("utf-8"), every), PAGE: page(every)}


def with_core(readme: str, every: list[Entry]) -> str:
    """The README with its table of core cells; all but the text between two comments stays.

    Raises:
        ValueError: The README has not both comments, once each.
    """
    between = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if len(between.findall(readme)) != 1:
        raise ValueError(f"{README} must have {BEGIN!r} and {END!r}, once and in this order")
    core = [entry for entry in every if entry.name in CORE]
    table = rows(
        ("name", "layer", "what is different", "paper", "weights"),
        [(*linked(e), e.differs, e.paper, f"{e.parameters:,}") for e in core],
    )
    more = f"[All {len(every)} cells](docs/cells.md). Weights: with {SIZES}."
    return between.sub(lambda _: f"{BEGIN}\n\n{table}\n\n{more}\n\n{END}", readme)


def page(every: list[Entry]) -> str:
    table = rows(
        ("name", "layer", "what is different", "paper", "oracle", "second opinion", "weights"),
        [
            (
                *linked(e, "../"),
                e.differs,
                e.paper,
                f"`oracles.{e.name}`",
                e.second_opinion or "none exists",
                f"{e.parameters:,}",
            )
            for e in every
        ],
    )
    return (
        f"<!-- written by `{COMMAND}` -->\n\n# All {len(every)} cells\n\n"
        "A name leads to the file of its equations. Each cell is tested against an oracle in "
        "[tests/oracles](../tests/oracles), written in\nNumPy from the paper, values and "
        "gradients; a second opinion is somebody else's code that the tests run from the same\n"
        "weights. "
        f"Weights: with {SIZES}.\n\n{table}\n"
    )


def linked(entry: Entry, root: str = "") -> tuple[str, str]:
    return f"[`{entry.name}`]({root}{file_of(entry.name)})", f"`{entry.layer}`"


def file_of(name: str) -> str:
    module = {**cells.TABLE, **cells.TIMED_TABLE, **cells.IMAGE_TABLE}[name].partition(":")[0]
    return f"keras_lstm_variants/cells/{module}.py"


def rows(head: tuple[str, ...], body: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *body]
    return "\n".join(f"| {' | '.join(columns)} |" for columns in lines)
