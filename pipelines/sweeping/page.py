"""The report of a sweep: a page in one file, from which its results can be written up."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..config.schema import Sweep
from ..pages.page import local, render
from ..scoring.tables import NAMES
from . import pictures, prose
from .board import Board, Row, machine, origin
from .comparison import Estimate, Pair
from .effects import Effect
from .ranking import FINALS_TABLE, LEADERBOARD, median_run
from .results import FOLDERS, Trial
from .status import Status
from .tables import COMPARISONS, CURVES, EFFECTS, TRIALS_TABLE

PATH = re.compile(r"(?<![\w.])(/[^\s/:,'\"]+){2,}")  # an absolute one, which tells of the machine
FILES = {
    LEADERBOARD: "the settings of the search",
    FINALS_TABLE: "the settings of the finals",
    COMPARISONS: "every two settings",
    TRIALS_TABLE: "every run",
    CURVES: "every epoch of every run",
    EFFECTS: "every value of every varied key",
}


def html(
    name: str,
    config: Sweep,
    board: Board,
    names: Sequence[str],
    found: Sequence[Effect],
    status: Status,
    files: Sequence[str],
) -> str:
    """The page.

    Args:
        name: Of the sweep.
        config: The sweep.
        board: Its leaderboard.
        names: The short name of each row.
        found: The effects of the varied keys.
        status: How far it is.
        files: Which tables are beside the page.

    Raises:
        InputError: jinja2 is not installed.
    """
    drawn = []
    if board.rows:
        drawn = [pictures.seeds(board, names), pictures.learning(board, names)]
    return render(
        Path(__file__).with_name("page.html"),
        f"Sweep {name}",
        _facts(config, board, status),
        verdict=prose.verdict(board),
        interim=not status.over,
        limits=prose.limits(board) if board.rows else [],
        headings=_headings(board),
        rows=_rows(board, names),
        caption=_caption(board),
        pair_headings=_PAIR_HEADINGS,
        pairs=[_pair(pair, names) for pair in _ordered(board.comparison.pairs)],
        pictures=drawn,
        costs=pictures.costs(board, names),
        effects=[_effect(board, effect) for effect in found],
        failed=[_failed(trial) for trial in board.failed],
        method=prose.method(config, board),
        statistics=prose.statistics(board),
        commands=_commands(name, board),
        configuration=configuration(config),
        machines=_machines(board.trials),
        files={file: FILES[file] for file in files if file in FILES},
    )


def configuration(config: Sweep) -> str:
    """The sweep as two files of TOML, which repeat it with the data where they are read from."""
    base = config.base.model_dump(exclude_defaults=True)
    search = config.sweep.model_dump(exclude_defaults=True) | {"method": config.sweep.method}
    space = {key: _plain(choices) for key, choices in config.space.items()}
    lines = ["# base.toml", *_toml(base), "", "# sweep.toml", 'base = "base.toml"']
    lines += [f"{key} = {_literal(value)}" for key, value in _flat({"sweep": search})]
    lines += ["[space]", *(f'"{key}" = {_literal(value)}' for key, value in space.items())]
    return "\n".join(lines)


def _facts(config: Sweep, board: Board, status: Status) -> dict[str, str]:
    data = config.base.data
    files = data.files("train")
    runs_of = f"{board.ended} of {board.expected} runs" if not status.over else ""
    return {
        "status": ", ".join(filter(None, [status.state, runs_of, status.left])),
        "data": data.name or ", ".join(map(local, files)),
        "compared on": f"{board.split}, {'finals' if board.phase == 'final' else 'search'}",
        "baseline": prose.labels(board.rows)[board.reference]
        if board.of_baseline and board.reference is not None
        else "",
    }


def _headings(board: Board) -> list[str]:
    measure = NAMES[board.measure]
    reference = "baseline" if board.of_baseline else "the best"
    return [
        "setting", "group", f"dev {measure}", "95 % interval", "sd",
        *([f"test {measure}", "95 % interval", "sd"] if _tested(board) else []),
        "seeds", f"to {reference}", "95 % interval", "p (Holm)", "beats it",
        "weights", "MB", "CPU s/epoch", "compile s", "ms/sentence",
    ]  # fmt: skip


def _tested(board: Board) -> bool:
    return board.split == "test"


def _rows(board: Board, names: Sequence[str]) -> list[dict[str, Any]]:
    shown = []
    for number, (row, name) in enumerate(zip(board.rows, names, strict=True)):
        mark = " (baseline)" if board.of_baseline and number == board.reference else ""
        cells = [row.group, *_score(row.dev)]
        if _tested(board):
            cells += _score(row.test)
        cells += [str(row.dev.seeds), *_against(row), *_cost(row)]
        shown.append({"name": name + mark, "cells": cells, "together": False})
    return shown


def _score(of: Estimate | None) -> list[str]:
    if of is None or of.seeds == 0:
        return ["", "", ""]
    deviation = "" if of.deviation is None else f"{100 * of.deviation:.2f}"
    return [f"{100 * of.mean:.2f}", _between(of.low, of.high), deviation]


def _between(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{100 * low:.2f} to {100 * high:.2f}"


def _against(row: Row) -> list[str]:
    pair = row.against
    if pair is None or pair.difference is None:
        return ["", "", "", ""]
    return [prose.signed(pair.difference), *_evidence(pair), _chance(pair)]


def _evidence(pair: Pair) -> list[str]:
    between = ""
    if pair.low is not None:
        between = f"{prose.signed(pair.low)} to {prose.signed(pair.high)}"
    return [between, _p(pair.holm)]


def _p(value: float | None) -> str:
    return "" if value is None else prose.p_value(value).removeprefix("= ")


def _chance(pair: Pair) -> str:
    if pair.beats is None:
        return ""
    value, low, high = (f"{100 * part:.0f}" for part in pair.beats)
    return f"{value} % ({low} to {high})"


def _cost(row: Row) -> list[str]:
    cost = row.cost
    mark = " *" if cost.beside_load else ""
    epoch = f"{cost.cpu_seconds_per_epoch:.2f}{mark}" if cost.cpu_seconds_per_epoch else ""
    tagging = f"{cost.cpu_ms_per_sentence:.2f}{mark}" if cost.cpu_ms_per_sentence else ""
    return [
        f"{cost.weights:,}",
        "" if cost.megabytes is None else f"{cost.megabytes:.2f}",
        epoch,
        "" if cost.compile_seconds is None else f"{cost.compile_seconds:.1f}",
        tagging,
    ]


def _caption(board: Board) -> str:
    said = (
        "Settings that share a letter cannot be told apart. Scores are means over seeds in points; "
        "costs are medians over runs, times those of all cores together, compiling apart."
    )
    if any(row.cost.beside_load for row in board.rows):
        said += " * timed while other programs kept cores busy: the true cost is lower."
    return said


_PAIR_HEADINGS = [
    "settings", "difference", "95 % interval", "p (t)", "p (Holm)", "p (permutation)",
    "first beats second", "seeds",
]  # fmt: skip


def _ordered(pairs: Sequence[Pair]) -> list[Pair]:
    return sorted(pairs, key=lambda pair: (pair.holm is None, pair.holm or 0.0, pair.p or 0.0))


def _pair(pair: Pair, names: Sequence[str]) -> dict[str, Any]:
    between, holm = _evidence(pair)
    cells = [
        prose.signed(pair.difference), between, _p(pair.p), holm, _p(pair.permutation),
        _chance(pair), str(pair.seeds),
    ]  # fmt: skip
    name = f"{names[pair.first]} − {names[pair.second]}"
    return {"name": name, "cells": cells, "together": False}


def _effect(board: Board, effect: Effect) -> dict[str, Any]:
    share = "" if effect.share is None else f"explains {100 * effect.share:.0f} % of the variance"
    return {"key": effect.key, "share": share, "picture": pictures.effect(board, effect)}


def _failed(trial: Trial) -> dict[str, str]:
    values = ", ".join(f"{key} = {prose.shown(v)}" for key, v in trial.values.items())
    reason = trial.reason
    if trial.folder is not None:
        reason = reason.replace(f"{trial.folder}: ", "")
    reason = PATH.sub(lambda found: local(found[0]), reason)
    return {"name": f"{trial.phase} {trial.name}", "values": values, "reason": reason}


def _commands(name: str, board: Board) -> list[tuple[str, str]]:
    said = [("The whole sweep", f"lstm-variants sweep sweep.toml --out {name}-again")]
    if board.rows:
        run = median_run(board.rows[0].setting)
        folder = f"{FOLDERS[run.phase]}/{run.name}"
        said += [
            ("The run that is exported, again", f"lstm-variants train {folder}/config.json"),
            ("Its scores", f"lstm-variants evaluate {folder}"),
        ]
    return [*said, ("This page, from the folder alone", f"lstm-variants report {name}")]


def _machines(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """What runs were trained on, each once with the number of its runs."""
    found: dict[str, dict[str, Any]] = {}
    for trial in trials:
        known = origin(trial)
        if not known:
            continue
        facts = {
            **{name: str(value) for name, value in machine(trial).items()},
            "python": known.get("python", ""),
            "backend": known.get("backend", ""),
            **known.get("packages", {}),
        }
        key = json.dumps(facts, sort_keys=True)
        found.setdefault(key, {"facts": facts, "runs": 0})["runs"] += 1
    return list(found.values())


def _toml(values: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_literal(value)}" for key, value in _flat(values)]


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Dotted keys, without those that have no value."""
    result: list[tuple[str, Any]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            result += _flat(value, f"{prefix}{key}.")
        elif value is not None:
            result.append((f"{prefix}{key}", value))
    return result


def _plain(value: Any) -> Any:
    return value if isinstance(value, list) else value.model_dump(exclude_none=True)


def _literal(value: Any) -> str:
    """A value of TOML; paths say nothing of the machine."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_literal(v)}" for key, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return json.dumps(local(value) if isinstance(value, str) else value, ensure_ascii=False)
