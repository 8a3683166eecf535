"""Everything that is shown of a sweep, from its folder alone."""

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from ..config.sweep_schema import Sweep
from ..errors import InputError
from ..training import runs
from . import board, effects, page, prose, ranking, results, status, tables
from .board import Board
from .status import Status

REPORT = "report.html"
LOCK = ".report.lock"


class Report(NamedTuple):
    """What is shown of a sweep.

    Attributes:
        config: The sweep.
        board: Its leaderboard.
        names: The short name of each row.
        status: How far it is.
        page: The page that was written; None where jinja2 is not installed.
    """

    config: Sweep
    board: Board
    names: list[str]
    status: Status
    page: Path | None


def read(folder: Path) -> Report:
    """What the folder of a sweep says, also while it runs; nothing is written.

    Raises:
        InputError: The folder is none of a sweep.
    """
    config, trials = results.load(folder), results.read(folder)
    made = board.board(config, trials, status.expected(config))
    names = prose.labels(made.rows)
    return Report(config, made, names, status.status(folder, config, trials), None)


def write(folder: Path, over: bool = False) -> Report:
    """Writes the tables and the page of a sweep; each file is there whole or as it was.

    Args:
        folder: Of the sweep.
        over: Whether the sweep has just come to its end.

    Raises:
        InputError: The folder is none of a sweep, or cannot be written.
    """
    results.load(folder)
    try:
        with FileLock(folder / LOCK):  # the sweep itself may be writing them
            return _write(folder, over)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from None


def _write(folder: Path, over: bool) -> Report:
    if over:
        status.end(folder, results.read(folder))
    found = read(folder)
    effects_of = effects.effects(found.config, found.board.trials)
    result = ranking.of_folder(folder)
    ranking.write_tables(folder, found.config, result, _more(found.board))
    tables.write(folder, found.board, found.names, effects_of)
    if not find_spec("jinja2"):
        return found
    html = page.html(
        folder.resolve().name,
        found.config,
        found.board,
        found.names,
        result.settings,
        effects_of,
        found.status,
        [name for name in page.FILES if (folder / name).exists()],
    )
    with runs.replacing(folder / REPORT) as part:
        part.write_text(html, "utf-8", newline="\n")
    return found._replace(page=folder / REPORT)


def _more(made: Board) -> ranking.More:
    """What the board adds to the leaderboard of its phase."""
    return {(made.phase, row.setting.trials[0].name): tables.of_setting(row) for row in made.rows}
