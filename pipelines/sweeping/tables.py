"""The numbers of a sweep as files of TAB-separated values."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..training import runs
from .board import Board, Row, beside_load, machine
from .effects import Effect
from .ranking import test_score
from .resampling import MEASURES

COMPARISONS = "comparisons.tsv"  # every two settings
TRIALS_TABLE = "trials.tsv"  # every run
CURVES = "curves.tsv"  # every epoch of every run
EFFECTS = "effects.tsv"  # every value of every varied key
Table = list[list[Any]]  # the first row is the heading


def write(folder: Path, board: Board, names: Sequence[str], found: Sequence[Effect]) -> None:
    """Writes the tables beside the leaderboard; each file is there whole or as it was."""
    for name, table in (
        (COMPARISONS, comparisons(board, names)),
        (TRIALS_TABLE, trials(board)),
        (CURVES, curves(board)),
        (EFFECTS, effects(found)),
    ):
        with runs.replacing(folder / name) as part:
            part.write_text("".join(map(_line, table)), "utf-8", newline="\n")


def of_setting(row: Row) -> dict[str, str]:
    """What the statistics and costs add to a row of the leaderboard."""
    against = row.against
    return {
        "group": row.group,
        "dev_low": _cell(row.dev.low),
        "dev_high": _cell(row.dev.high),
        "difference": _cell(against and against.difference),
        "difference_low": _cell(against and against.low),
        "difference_high": _cell(against and against.high),
        "p_holm": _cell(against and against.holm),
        "beats": _cell(against and against.beats and against.beats.value),
        "megabytes": _cell(row.cost.megabytes),
        "cpu_seconds_per_epoch": _cell(row.cost.cpu_seconds_per_epoch),
        "compile_seconds": _cell(row.cost.compile_seconds),
        "cpu_ms_per_sentence": _cell(row.cost.cpu_ms_per_sentence),
        "beside_load": "yes" if row.cost.beside_load else "",
    }


def comparisons(board: Board, names: Sequence[str]) -> Table:
    """Every two settings. Scores and differences are shares of 1."""
    heading = [
        "first", "second", "split", "seeds", "difference", "low", "high", "p", "p_holm", "found",
        "p_permutation", "beats", "beats_low", "beats_high", "variance_of_seeds",
        f"variance_of_{MEASURES[board.measure].item}s", "degrees_of_freedom",
    ]  # fmt: skip
    return [heading] + [
        [
            names[pair.first], names[pair.second], board.split, pair.seeds, pair.difference,
            pair.low, pair.high, pair.p, pair.holm, "yes" if pair.found else "no",
            pair.permutation, *(pair.beats or (None, None, None)), pair.of_seeds,
            pair.of_sentences, pair.freedom,
        ]
        for pair in board.comparison.pairs
    ]  # fmt: skip


def trials(board: Board) -> Table:
    """Every run, whatever has become of it."""
    keys = list(dict.fromkeys(key for trial in board.trials for key in trial.values))
    heading = [
        "phase", "trial", "status", *keys, "dev", "test", "best_epoch", "epochs", "stopped_after",
        "taken_over", "weights",
        "cpu_seconds_per_epoch", "compile_seconds", "cpu_seconds_per_sentence", "other_load",
        "beside_load", "processor", "reason",
    ]  # fmt: skip
    table: Table = [heading]
    for trial in board.trials:
        scores = trial.scores or {}
        table.append(
            [
                trial.phase, trial.name, trial.status,
                *(trial.values.get(key, "") for key in keys), trial.dev, test_score(trial),
                scores.get("best_epoch"), scores.get("epochs"), trial.stopped,
                trial.taken_over or None, trial.weights,
                trial.cpu_seconds_per_epoch, trial.compile_seconds,
                trial.cpu_seconds_per_sentence, trial.other_load,
                "yes" if beside_load(trial) else "", machine(trial).get("processor"),
                trial.reason,
            ]
        )  # fmt: skip
    return table


def curves(board: Board) -> Table:
    """Every epoch of every run."""
    columns = ["epoch", "loss", "dev", "accuracy", "seconds", "cpu_seconds"]
    return [["phase", "trial", *columns]] + [
        [trial.phase, trial.name, *(row.get(column) for column in columns)]
        for trial in board.trials
        for row in trial.history
    ]


def effects(found: Iterable[Effect]) -> Table:
    """Every value of every varied key, with the mean over the trials that have it."""
    return [["key", "share_of_variance", "value", "dev", "deviation", "trials"]] + [
        [effect.key, effect.share, level.value, level.mean, level.deviation, level.trials]
        for effect in found
        for level in effect.levels
    ]


def _line(cells: list[Any]) -> str:
    return "\t".join(map(_cell, cells)) + "\n"


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else " ".join(str(value).split())
