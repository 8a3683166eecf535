"""The report of a sweep: a page in one file, from which its results can be written up."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..config.forecast_schema import Forecast
from ..config.sweep_schema import Sweep
from ..pages.page import local, render
from ..scoring.tables import NAMES
from . import pictures, prose
from .board import Board, Row, machine
from .comparison import Estimate, Pair
from .effects import Effect
from .ranking import FINALS_TABLE, LEADERBOARD, Setting, median_run
from .results import CELL, FOLDERS, Trial
from .status import Status
from .tables import COMPARISONS, CURVES, EFFECTS, TRIALS_TABLE

PATH = re.compile(r"(?<![\w.])(/[^\s/:,'\"]+){2,}")  # an absolute one, which tells of the machine
SHOWN = 20  # settings of the search; the table beside the page has all
PAIRS = 200  # of settings, those with the smallest p; likewise
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
    searched: Sequence[Setting],
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
        searched: The settings of the search, the best first.
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
        leaderboard=_leaderboard(board, names),
        settings=_settings(board, names),
        against=_against(board, names),
        prices=_costs(board, names),
        load=_note_on_load(board),
        search=_search(board, searched),
        pair_headings=["settings", *_OF_PAIRS, "first beats second", "seeds"],
        pairs=[_pair(pair, names) for pair in _ordered(board.comparison.pairs)[:PAIRS]],
        hidden=board.hidden,
        hidden_pairs=max(0, len(board.comparison.pairs) - PAIRS),
        pictures=drawn,
        costs=pictures.costs(board, names),
        effects=[_effect(board, effect) for effect in found],
        failed=[_failed(trial) for trial in board.failed],
        items=prose.items(board),
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
    lines = [
        "# base.toml; keys that are not here have their defaults",
        *_toml(base),
        "",
        "# sweep.toml",
        'base = "base.toml"',
    ]
    lines += [f"{key} = {_literal(value)}" for key, value in _flat({"sweep": search})]
    lines += ["[space]", *(f'"{key}" = {_literal(value)}' for key, value in space.items())]
    return "\n".join(lines)


def _facts(config: Sweep, board: Board, status: Status) -> dict[str, str]:
    runs_of = f"{board.ended} of {board.expected} runs" if not status.over else ""
    return {
        "status": ", ".join(filter(None, [status.state, runs_of, status.left])),
        "data": _data(config),
        "compared on": f"{board.split}, {'finals' if board.phase == 'final' else 'search'}",
        "baseline": prose.labels(board.rows)[board.reference]
        if board.of_baseline and board.reference is not None
        else "",
    }


def _data(config: Sweep) -> str:
    base = config.base
    if isinstance(base, Forecast):
        return ", ".join(filter(None, [local(base.series.file), base.series.column]))
    return base.data.name or ", ".join(map(local, base.data.files("train")))


def _leaderboard(board: Board, names: Sequence[str]) -> dict[str, Any]:
    """Scores with intervals and groups."""
    measure, tested = NAMES[board.measure], board.split == "test"
    headings = ["setting", "group", f"dev {measure}", "95 % interval", "sd"]
    headings += [f"test {measure}", "95 % interval", "sd"] * tested
    rows = []
    for row, name in zip(board.rows, _marked(board, names), strict=True):
        cells = [row.group, *_score(row.dev), *(_score(row.test) if tested else [])]
        rows.append({"name": name, "cells": [*cells, str(row.dev.seeds)], "together": False})
    return {"headings": [*headings, "seeds"], "rows": rows}


def _settings(board: Board, names: Sequence[str]) -> dict[str, Any]:
    """The values behind the names, where these leave some out."""
    every = [row.setting.values for row in board.rows]
    keys = list(dict.fromkeys(key for values in every for key in values))
    hidden = any(set(values) - {CELL} for values in every)
    rows = [
        {
            "name": name,
            "cells": [prose.shown(values.get(key, "")) for key in keys],
            "together": False,
        }
        for name, values in zip(names, every, strict=True)
    ]
    return {"headings": ["setting", *keys], "rows": rows if hidden else []}


def _against(board: Board, names: Sequence[str]) -> dict[str, Any]:
    """Every setting against the reference."""
    if board.reference is None or len(board.rows) < 2:
        return {"headings": [], "rows": [], "title": ""}
    reference = names[board.reference]
    kind = "the baseline" if board.of_baseline else "the best on dev"
    rows = [
        {"name": name, "cells": _compared(row.against), "together": False}
        for row, name in zip(board.rows, names, strict=True)
        if row.against is not None
    ]
    headings = ["setting", *_OF_PAIRS, f"beats {reference}", "seeds"]
    return {"headings": headings, "rows": rows, "title": f"Differences to {kind}, {reference}"}


def _costs(board: Board, names: Sequence[str]) -> dict[str, Any]:
    rows = [
        {"name": name, "cells": _cost(row), "together": False}
        for row, name in zip(board.rows, names, strict=True)
    ]
    headings = ["setting", "weights", "MB", "CPU s per epoch", "compiling, CPU s"]
    if board.measure == "skill":
        return {
            "headings": headings,
            "rows": [
                {**r, "cells": _cost(row)[:-1]} for r, row in zip(rows, board.rows, strict=True)
            ],
        }
    return {"headings": [*headings, "tagging, CPU ms per sentence"], "rows": rows}


def _search(board: Board, searched: Sequence[Setting]) -> dict[str, Any]:
    """The settings of the search, where the leaderboard is that of the finals."""
    if board.phase != "final" or not searched:
        return {"headings": [], "rows": [], "more": 0}
    keys = list(dict.fromkeys(key for setting in searched for key in setting.values))
    rows = [
        {
            "name": f"{rank}",
            "cells": [
                *(prose.shown(setting.values.get(key, "")) for key in keys),
                f"{100 * setting.mean:.2f}",
                f"{setting.parameters:,}",
                str(len(setting.trials)),
            ],
            "together": False,
        }
        for rank, setting in enumerate(searched[:SHOWN], 1)
    ]
    headings = ["rank", *keys, f"dev {NAMES[board.measure]}", "weights", "runs"]
    return {"headings": headings, "rows": rows, "more": max(0, len(searched) - SHOWN)}


def _marked(board: Board, names: Sequence[str]) -> list[str]:
    mark = " (baseline)" if board.of_baseline else ""
    return [f"{name}{mark}" if n == board.reference else name for n, name in enumerate(names)]


def _score(of: Estimate | None) -> list[str]:
    if of is None or of.seeds == 0:
        return ["", "", ""]
    deviation = "" if of.deviation is None else f"{100 * of.deviation:.2f}"
    return [f"{100 * of.mean:.2f}", _between(of.low, of.high), deviation]


def _between(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{100 * low:.2f} to {100 * high:.2f}"


def _compared(pair: Pair) -> list[str]:
    """The cells of `_OF_PAIRS`, and two more."""
    between = ""
    if pair.low is not None:
        between = f"{prose.signed(pair.low)} to {prose.signed(pair.high)}"
    tests = [_p(pair.p), _p(pair.holm), _p(pair.permutation)]
    return [prose.signed(pair.difference), between, *tests, _chance(pair), str(pair.seeds)]


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


def _note_on_load(board: Board) -> str:
    if not any(row.cost.beside_load for row in board.rows):
        return ""
    return (
        "* A run of it was trained while other programs kept cores busy (other trials of the sweep "
        "count, too), which makes CPU times a little longer."
    )


_OF_PAIRS = ["difference", "95 % interval", "p (t)", "p (Holm)", "p (permutation)"]


def _ordered(pairs: Sequence[Pair]) -> list[Pair]:
    return sorted(pairs, key=lambda pair: (pair.holm is None, pair.holm or 0.0, pair.p or 0.0))


def _pair(pair: Pair, names: Sequence[str]) -> dict[str, Any]:
    name = f"{names[pair.first]} − {names[pair.second]}"
    return {"name": name, "cells": _compared(pair), "together": False}


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
    if board.rows and board.measure != "skill":
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
        known = trial.origin
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
