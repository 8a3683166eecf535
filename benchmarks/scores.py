"""Trains taggers with several seeds and writes their test scores into benchmarks/SCORES.md.

    python benchmarks/scores.py [--seeds 3] [NAME ...]

NAME is a file of configs/tagging, which say what is trained on what; of all there without one. What
has word vectors is also trained without. Runs are in runs/scores and each takes one CPU; what was
finished before is not run again, what was interrupted goes on.
"""

import argparse
import datetime
import json
import os
import queue
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.bench.machine import cpus, describe, line
from pipelines.config.loading import load
from pipelines.config.schema import Experiment
from pipelines.training.runs import config, is_finished, scores

HERE = Path(__file__).parent
CONFIGS = HERE.parent / "configs" / "tagging"
RUNS = HERE.parent / "runs" / "scores"
PAGE = HERE / "SCORES.md"
COMMAND = [sys.executable, "-c", "from pipelines.cli.main import run; run()"]
NOT_SCORED = "quickstart"  # which is quick
INTRODUCTION = """\
# Scores

`python benchmarks/scores.py` trains the configurations in `configs/tagging` and writes this table.
Scores are those of the test set, mean ± standard deviation over seeds: entity F1 as computed by
conlleval, or accuracy. With cross-validation, the score of a seed is the mean over its folds.
The epoch was selected on dev, whose score stands beside it; nothing was selected on the test set.
Minutes are the training time of a run, the median over runs, each of them on one CPU while the
others were in use as well:
{machine}; {month}.

All rows are the default tagger, a bidirectional LSTM with a CRF. Three of the corpora use a larger
batch and fewer epochs, and the Chinese one averages its weights, which was selected on dev. Two
defaults (100 character filters; no learned embedding beside pretrained vectors) were selected on
the dev scores of four of these corpora.
"""
SHOWN = ("keras-lstm-variants", "keras", "tensorflow")  # versions on the page
COLUMNS = ("set", "measure", "vectors", "test", "dev", "runs", "minutes")


class Setting(NamedTuple):
    """What a row of the table is about: a configuration, with its word vectors or without."""

    config: Path
    experiment: Experiment
    changes: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return RUNS / (self.config.stem + "-without-vectors" * bool(self.changes))


class Run(NamedTuple):
    setting: Setting
    seed: int
    folder: Path
    changes: tuple[str, ...]

    def is_scored(self) -> bool:
        """Whether it was trained and scored before; stops if the folder holds another run."""
        if (held := config(self.folder)) is not None:
            wanted = load(self.setting.config, self.changes)
            if held != wanted.model_dump():
                sys.exit(f"{self.folder}: of another configuration than today's: move it away")
        return (self.folder / "scores.test.json").exists()


def settings(configs: list[Path]) -> list[Setting]:
    result = []
    for path in configs:
        experiment = load(path)
        result.append(Setting(path, experiment, ()))
        if experiment.vectors.files:
            changes = ("vectors.files=[]",)
            result.append(Setting(path, load(path, changes), changes))
    return result


def runs(setting: Setting, seeds: int) -> list[Run]:
    """A run for each seed and fold."""
    result = []
    for seed in range(1, seeds + 1):
        for fold in range(1, (setting.experiment.data.folds or 1) + 1):
            changes = (*setting.changes, f"training.seed={seed}")
            folder = setting.folder / f"seed-{seed}"
            if setting.experiment.data.folds:
                changes, folder = (*changes, f"data.fold={fold}"), folder / f"fold-{fold}"
            result.append(Run(setting, seed, folder, changes))
    return result


def execute(run: Run, free: "queue.Queue[int]") -> None:
    """Trains and scores a run on a CPU that is free."""
    cpu = free.get()
    try:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {cpu})  # of this thread, and so of what it starts
        overrides = [word for change in run.changes for word in ("--set", change)]
        train = [*COMMAND, "train", str(run.setting.config), "--out", str(run.folder), *overrides]
        if not is_finished(run.folder):
            subprocess.run(train, check=True, capture_output=True, text=True)
        evaluate = [*COMMAND, "evaluate", str(run.folder)]
        subprocess.run(evaluate, check=True, capture_output=True, text=True)
        print(f"{run.folder.relative_to(RUNS)}: {100 * score(run):.2f}", file=sys.stderr)
    finally:
        free.put(cpu)


def score(run: Run) -> float:
    test_scores = json.loads((run.folder / "scores.test.json").read_text("utf-8"))
    return test_scores["accuracy"] if test_scores["scheme"] is None else test_scores["total"]["f1"]


def row(setting: Setting, of: list[Run]) -> dict[str, Any]:
    finished = [scores(run.folder) for run in of]
    seconds = [one["epochs"] * one["seconds_per_epoch"] for one in finished]
    vectors = "GloVe 6B, 50" if setting.experiment.vectors.files else "none"
    measure = {"f1": "entity F1", "accuracy": "accuracy"}[finished[0]["measure"]]
    tests = over_seeds(of, [score(run) for run in of])
    devs = over_seeds(of, [one["dev"] for one in finished])
    values = (setting.config.stem, measure, vectors, tests, devs)
    minutes = f"{statistics.median(seconds) / 60:.1f}"
    return dict(zip(COLUMNS, (*values, str(len(of)), minutes), strict=True))


def over_seeds(of: list[Run], values: list[float]) -> str:
    """Mean and standard deviation over seeds, of each the mean over its folds, in percent."""
    by_seed: dict[int, list[float]] = {}
    for run, one in zip(of, values, strict=True):
        by_seed.setdefault(run.seed, []).append(100 * one)
    means = [statistics.fmean(folds) for folds in by_seed.values()]
    spread = f" ± {statistics.stdev(means):.2f}" if len(means) > 1 else ""
    return f"{statistics.fmean(means):.2f}{spread}"


def page(rows: list[dict[str, Any]]) -> str:
    lines = [COLUMNS, ("---",) * 3 + ("---:",) * 4, *(tuple(row.values()) for row in rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    introduction = INTRODUCTION.format(
        machine=line(describe(1), SHOWN), month=datetime.date.today().strftime("%B %Y")
    )
    return f"{introduction}\n{table}\n"


def main() -> None:
    known = [path for path in sorted(CONFIGS.glob("*.toml")) if path.stem != NOT_SCORED]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 1 on")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=", ".join(path.stem for path in known)
    )
    options = parser.parse_args()
    if unknown := set(options.names) - {path.stem for path in known}:
        parser.error(f"no configuration {unknown.pop()!r} in {CONFIGS}")

    chosen = [path for path in known if not options.names or path.stem in options.names]
    all_of_them = [run for setting in settings(chosen) for run in runs(setting, options.seeds)]
    todo = [run for run in all_of_them if not run.is_scored()]
    free: queue.Queue[int] = queue.Queue()
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(cpus())
    for cpu in allowed:
        free.put(cpu)
    with ThreadPoolExecutor(max_workers=cpus()) as pool:
        try:
            for done in [pool.submit(execute, run, free) for run in todo]:
                done.result()
        except BaseException as error:
            pool.shutdown(cancel_futures=True)
            sys.exit(getattr(error, "stderr", None) or f"stopped: {error!r}")

    rows = []
    for setting in settings(known):
        of_setting = runs(setting, options.seeds)
        missing = {run.seed for run in of_setting if not run.is_scored()}  # at least a fold of it
        if of := [run for run in of_setting if run.seed not in missing]:
            rows.append(row(setting, of))
    PAGE.write_text(page(rows), "utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
