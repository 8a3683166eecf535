"""Trials become tables: settings by their mean over runs, the search's and the finals'."""

import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..config.sweep_schema import Sweep
from ..training import runs
from . import results
from .results import REPEATED, Phase, Trial

LEADERBOARD = "leaderboard.tsv"  # of the search
FINALS_TABLE = "finals.tsv"
More = Mapping[tuple[Phase, str], Mapping[str, str]]


class Setting(NamedTuple):
    """A row of a leaderboard: the runs that differ in their seed or fold only.

    Attributes:
        values: The keys that the sweep varies, with the setting's values.
        trials: Its finished runs.
        mean: Of their scores on dev.
        deviation: The standard deviation of these; None for a single run.
        parameters: How many numbers training changes.
        seconds_per_epoch: The median over runs.
        tokens_per_second: In training, the median over runs.
        test: The mean of the scores on test; None where test was not scored.
        test_deviation: The standard deviation of these.
    """

    values: dict[str, Any]
    trials: list[Trial]
    mean: float
    deviation: float | None
    parameters: int
    seconds_per_epoch: float
    tokens_per_second: float
    test: float | None = None
    test_deviation: float | None = None


class Result(NamedTuple):
    """What a sweep has found.

    Attributes:
        settings: Those of the search, the best first.
        failed: The trials that failed.
        best: The run to use. After finals, of the setting with the best mean, the run with the
            median score; without, the best run of the best setting.
        finals: The settings of the finals, the best first.
    """

    settings: list[Setting]
    failed: list[Trial]
    best: Trial | None
    finals: list[Setting] = []


def of_folder(folder: Path) -> Result:
    """What the folder of a sweep says has been found, also while it runs."""
    trials = results.read(folder)
    search = compare([t for t in trials if t.phase == "search"])
    finals = compare([t for t in trials if t.phase == "final"])
    best = median_run(finals.settings[0]) if finals.settings else search.best
    return Result(search.settings, search.failed + finals.failed, best, finals.settings)


def compare(trials: list[Trial]) -> Result:
    """Groups runs by setting and ranks the settings by their mean score on dev."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        if trial.scores is not None:
            groups.setdefault(json.dumps(trial.setting, sort_keys=True), []).append(trial)
    # Of equal means, the one with fewer weights; the order of trials decides nothing.
    settings = sorted(
        map(_setting, groups.values()),
        key=lambda s: (-s.mean, s.parameters, json.dumps(s.values, sort_keys=True)),
    )
    best = max(settings[0].trials, key=lambda t: t.dev or 0) if settings else None
    return Result(settings, [t for t in trials if t.status == "failed"], best)


def _setting(members: list[Trial]) -> Setting:
    members = sorted(members, key=lambda t: json.dumps(t.values, sort_keys=True))
    of = {key: [t.scores[key] for t in members if t.scores] for key in members[0].scores or {}}
    tests = [score for t in members if (score := test_score(t)) is not None]
    return Setting(
        members[0].setting,
        members,
        statistics.fmean(of["dev"]),
        statistics.stdev(of["dev"]) if len(members) > 1 else None,
        of["parameters"][0],
        statistics.median(of["seconds_per_epoch"]),
        statistics.median(of["tokens_per_second"]),
        statistics.fmean(tests) if tests else None,
        statistics.stdev(tests) if len(tests) > 1 else None,
    )


def test_score(trial: Trial) -> float | None:
    """The score on test, of the kind that decides on dev."""
    if trial.test is None or trial.scores is None:
        return None
    if (measure := trial.scores["measure"]) != "f1":
        return trial.test[measure]
    return trial.test["total"]["f1"]


def median_run(setting: Setting) -> Trial:
    """The run with the median score, of an even number the lower one: not the luckiest."""
    ordered = sorted(setting.trials, key=lambda t: (t.dev or 0, t.seed or 0))
    return ordered[(len(ordered) - 1) // 2]


def write_tables(folder: Path, config: Sweep, result: Result, more: More) -> None:
    """Writes the leaderboard, and the table of the finals if there are any.

    Args:
        folder: Of the sweep.
        config: The sweep.
        result: What it has found.
        more: Further columns of settings, by phase and name of their first run.
    """
    failed = [t for t in result.failed if t.phase == "search"]
    _write(folder / LEADERBOARD, config, result.settings, failed, more)
    failed = [t for t in result.failed if t.phase == "final"]
    if result.finals or failed:
        _write(folder / FINALS_TABLE, config, result.finals, failed, more)


def _write(
    path: Path, config: Sweep, settings: list[Setting], failed: list[Trial], more: More
) -> None:
    keys = list(dict.fromkeys(key for key in config.space if key not in REPEATED))
    for trial in [*(t for s in settings for t in s.trials), *failed]:
        keys += [key for key in trial.setting if key not in keys]  # what the sweep has added
    tested = any(s.test is not None for s in settings)
    columns = ["rank", *keys, "runs", "dev", "deviation"]
    columns += ["test", "test_deviation"] * tested
    columns += ["parameters", "seconds_per_epoch", "tokens_per_second"]
    added = [more.get((s.trials[0].phase, s.trials[0].name), {}) for s in settings]
    further = list(dict.fromkeys(column for row in added for column in row))
    columns += [*further, "trials", "failed"]
    lines = ["\t".join(columns)]
    for rank, (s, row) in enumerate(zip(settings, added, strict=True), 1):
        cells = [rank, *_cells(s.values, keys), len(s.trials), _share(s.mean), _share(s.deviation)]
        cells += [_share(s.test), _share(s.test_deviation)] * tested
        cells += [s.parameters, f"{s.seconds_per_epoch:.4f}", f"{s.tokens_per_second:.1f}"]
        cells += [*(row.get(column, "") for column in further)]
        cells += [",".join(trial.name for trial in s.trials), ""]
        lines.append("\t".join(map(str, cells)))
    for trial in failed:
        cells = ["", *_cells(trial.values, keys), 0, *[""] * (5 + 2 * tested + len(further))]
        lines.append("\t".join(map(str, [*cells, trial.name, trial.reason.replace("\n", "; ")])))
    with runs.replacing(path) as part:
        part.write_text("\n".join(lines) + "\n", "utf-8")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


def _cells(values: Mapping[str, Any], keys: list[str]) -> list[str]:
    return [str(values.get(key, "")) for key in keys]
