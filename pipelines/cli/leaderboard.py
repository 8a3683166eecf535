"""The tables of a sweep in the terminal."""

from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ..scoring.tables import NAMES
from ..sweeping import prose
from ..sweeping.board import Row
from ..sweeping.comparison import Estimate
from ..sweeping.report import Report
from ..sweeping.status import Status

SHOWN = 30  # settings; the page and the tables have all


def render(report: Report) -> list[RenderableType]:
    """The leaderboard, what it says, and the trials that failed."""
    parts: list[RenderableType] = []
    board = report.board
    if board.rows:
        parts.append(_leaderboard(report))
        verdict, (limit, *_) = prose.verdict(board), prose.limits(board)
        parts.append(Text(verdict, style="bold"))
        if limit not in verdict:
            parts.append(Text(limit))
    for trial in board.failed:
        values = ", ".join(f"{key} = {value}" for key, value in trial.values.items())
        name = f"{trial.name} of the finals" if trial.phase == "final" else trial.name
        parts.append(Text(f"failed: trial {name} ({values}): {trial.reason}", style="red"))
    return parts


def status(found: Status) -> list[RenderableType]:
    """How far a sweep is."""
    line = f"{found.state}: {found.finished} of {found.expected} runs finished"
    if found.failed:
        line += f", {found.failed} failed"
    if found.left:
        line += f", {found.left}"
    parts: list[RenderableType] = [Text(line, style="bold")]
    if found.writer is not None:
        who = found.writer
        parts.append(Text(f"by process {who['pid']} on {who['host']} since {who['since']}"))
    for running in found.running:
        trial = running.trial
        values = ", ".join(f"{key} = {value}" for key, value in trial.values.items())
        of = f" of {running.of}" if running.of else ""
        parts.append(
            Text(f"under way: {trial.phase} {trial.name} ({values}): {running.epochs}{of} epochs")
        )
    return parts


def as_dict(report: Report) -> dict[str, Any]:
    """The same as plain values."""
    board, found = report.board, report.status
    return {
        "state": found.state,
        "finished": found.finished,
        "failed": [
            {"phase": t.phase, "trial": t.name, "values": t.values, "reason": t.reason}
            for t in board.failed
        ],
        "expected": found.expected,
        "seconds_left": found.seconds_left,
        "phase": board.phase,
        "measure": board.measure,
        "compared_on": board.split,
        "verdict": prose.verdict(board),
        "limits": prose.limits(board) if board.rows else [],
        "baseline": report.names[board.reference]
        if board.of_baseline and board.reference is not None
        else None,
        "settings": [
            {
                "name": name,
                "values": row.setting.values,
                "group": row.group,
                "dev": _finite(row.dev),
                "test": row.test and _finite(row.test),
                "against": row.against,
                "cost": row.cost,
                "trials": [trial.name for trial in row.setting.trials],
            }
            for name, row in zip(report.names, board.rows, strict=True)
        ],
        "page": report.page,
    }


def _finite(of: Estimate) -> Estimate | None:
    return of if of.seeds else None


def _leaderboard(report: Report) -> Table:
    board, measure = report.board, NAMES[report.board.measure]
    title = "finals, on fresh seeds" if board.phase == "final" else "leaderboard"
    hidden = len(board.rows) - SHOWN
    caption = "± is half of the 95 % interval; what shares a letter cannot be told apart"
    if board.reference is not None and len(board.rows) > 1:
        kind = "the baseline" if board.of_baseline else "the best"
        caption += f"\ndiff. is to {kind}, {report.names[board.reference]}"
    if any(row.cost.beside_load for row in board.rows):
        caption += "\n* timed while other programs, or trials, kept cores busy"
    if hidden > 0:
        caption += f"\n{hidden} more are in the table of the folder"
    table = Table(title=title, caption=caption, box=None, caption_justify="left")
    table.add_column("setting", no_wrap=True)
    table.add_column("")
    tested = board.split == "test"
    columns = [f"dev {measure} ±", *[f"test {measure} ±"] * tested]
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for column in ("diff.", "p (Holm)", "weights", "CPU s/epoch"):
        table.add_column(column, justify="right")
    for name, row in list(zip(report.names, board.rows, strict=True))[:SHOWN]:
        scores = [_score(row.dev), *[_score(row.test)] * tested]
        table.add_row(name, row.group, *scores, *_against(row), *_cost(row))
    return table


def _score(of: Estimate | None) -> str:
    if of is None or not of.seeds:
        return ""
    margin = "" if of.margin is None else f" ±{100 * of.margin:.2f}"
    return f"{100 * of.mean:.2f}{margin}"


def _against(row: Row) -> list[str]:
    pair = row.against
    if pair is None or pair.difference is None:
        return ["", ""]
    p = "" if pair.holm is None else prose.p_value(pair.holm).removeprefix("= ")
    return [prose.signed(pair.difference), p]


def _cost(row: Row) -> list[str]:
    spent = row.cost.cpu_seconds_per_epoch
    mark = " *" if row.cost.beside_load else ""
    return [f"{row.cost.weights:,}", "" if spent is None else f"{spent:.2f}{mark}"]
