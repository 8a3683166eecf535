"""What people see in the terminal: progress with the time left, scores, the leaderboard."""

import math
import sys
from pathlib import Path
from typing import Any

import tensorflow as tf
from rich.console import Console, Group, RenderableType
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from keras_lstm_variants.catalogue import FEATURES, UNITS, Description, Entry

from .check import Report
from .config import Experiment
from .read import SHOWN
from .sweep import Result, Setting, SweepWatcher, Trial
from .tables import NAMES
from .train import Epoch, Watcher
from .vectors import Coverage, WordVectors

FEW = 0.6  # of tokens with a word vector: less is a wrong language, or a wrong case


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(elapsed_when_finished=False),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


class TrainingProgress(Watcher):
    """A bar over all epochs, and a line for each."""

    def __enter__(self) -> "TrainingProgress":
        self.progress = _progress()
        self.progress.start()
        self.files: dict[str, TaskID] = {}
        return self

    def __exit__(self, *error: object) -> None:
        self.progress.stop()

    def data(self, report: Report) -> None:
        say = self.progress.console.print
        for name, split in report.splits.items():
            say(f"{name}: {split.sentences:,} sentences, {split.tokens:,} tokens")
        scheme = report.scheme or "one by one"
        learned = "" if report.scheme in (None, "IOB2") else ", learned as IOB2"
        devices = ", ".join(d.name for d in tf.config.list_logical_devices("GPU")) or "CPU"
        say(f"tags: {scheme}{learned}; training on {devices}")
        for fault in report.faults[:SHOWN]:
            line = Text(f"{fault.where}: {fault.severity}: {fault.message}", style="yellow")
            say(line, soft_wrap=True)
        if len(report.faults) > SHOWN:
            more = f"and {len(report.faults) - SHOWN} more: `lstm-variants data check` shows all"
            say(Text(more, style="yellow"))

    def reading(self, name: str, share: float) -> None:
        if self.files.get(name) is None:
            self.files[name] = self.progress.add_task(f"reading {Path(name).name}", total=1.0)
        self.progress.update(self.files[name], completed=share, visible=share < 1)

    def vectors(self, table: WordVectors, found: dict[str, Coverage]) -> None:
        say = self.progress.console.print
        words, numbers = table.rows.shape
        say(f"word vectors: {words:,} words, {numbers} numbers each")
        for name, split in found.items():
            parts = []
            for kind, (exact, lower, all_) in (("words", split.types), ("tokens", split.tokens)):
                parts.append(
                    f"{(exact + lower) / all_:.1%} of {kind} ({exact / all_:.1%} as written, "
                    f"{lower / all_:.1%} in lower case)"
                )
            exact, lower, all_ = split.tokens
            few = exact + lower < FEW * all_
            line = f"word vectors: of {name} they cover {', '.join(parts)}"
            warning = ": few: are they of this language, and of words written so?" * few
            say(Text(line + warning, style="yellow" if few else "bold"), soft_wrap=True)

    def begin(self, experiment: Experiment, measure: str, batches: int, first_epoch: int) -> None:
        self.measure, self.batches = NAMES[measure], batches
        epochs = experiment.training.epochs
        self.task = self.progress.add_task("training", total=epochs * batches)
        self.progress.update(self.task, completed=(first_epoch - 1) * batches)
        if first_epoch > 1:
            self.progress.console.print(f"resuming after epoch {first_epoch - 1}")

    def step(self, epoch: int, batch: int) -> None:
        done = (epoch - 1) * self.batches + batch
        self.progress.update(self.task, completed=done, description=f"epoch {epoch}")

    def epoch(self, epoch: Epoch) -> None:
        row = epoch.row
        self.progress.console.print(
            f"epoch {row['epoch']:3}  loss {row['loss']:.4f}  "
            f"dev {self.measure} {100 * row['dev']:6.2f}  "
            f"(best {100 * epoch.best:.2f} at {epoch.best_epoch})  {row['seconds']:.1f} s"
        )


class SweepProgress(SweepWatcher):
    """A bar over all trials, moving with the epochs of the one under way; a line for each."""

    def __enter__(self) -> "SweepProgress":
        self.progress = _progress()
        self.progress.start()
        self.training = _TrialProgress(self)
        return self

    def __exit__(self, *error: object) -> None:
        self.progress.stop()

    def begin(self, trials: int, finished: int) -> None:
        self.trials, self.finished, self.label = trials, finished, ""
        self.task = self.progress.add_task("sweep", total=trials, completed=finished)
        if finished:
            self.progress.console.print(f"resuming: {finished} of {trials} trials are finished")

    def trial(self, values: dict[str, Any]) -> None:
        self.label = ", ".join(f"{key.split('.')[-1]} {value}" for key, value in values.items())
        self.advance(0, "")

    def advance(self, share: float, note: str) -> None:
        description = f"trial {self.finished + 1}/{self.trials}  {self.label}  {note}"
        done = self.finished + share
        self.progress.update(self.task, completed=done, description=description)

    def end(self, trial: Trial, again: bool) -> None:
        self.finished += not again  # those from before have been counted
        if trial.scores is None:
            text = Text(f"trial {trial.name}  {self.label}  failed: {trial.reason}", style="red")
        else:
            text = Text(
                f"trial {trial.name}  {self.label}  dev {NAMES[trial.scores['measure']]} "
                f"{100 * trial.scores['dev']:.2f} at epoch {trial.scores['best_epoch']}"
            )
        self.progress.console.print(text, soft_wrap=True)
        self.progress.update(self.task, completed=self.finished)


class _TrialProgress(Watcher):
    """The epochs of one trial, shown in the bar of its sweep."""

    def __init__(self, sweep: SweepProgress) -> None:
        self.sweep = sweep

    def begin(self, experiment: Experiment, measure: str, batches: int, first_epoch: int) -> None:
        self.epochs, self.batches = experiment.training.epochs, batches

    def step(self, epoch: int, batch: int) -> None:
        share = (epoch - 1 + batch / self.batches) / self.epochs
        self.sweep.advance(share, f"epoch {epoch}/{self.epochs}")


def leaderboard(result: Result) -> list[RenderableType]:
    """The settings of a sweep, the best first, and the trials that failed."""
    parts: list[RenderableType] = []
    if result.settings:
        parts.append(_settings(result))
    for trial in result.failed:
        values = ", ".join(f"{key} = {value}" for key, value in trial.values.items())
        parts.append(Text(f"failed: trial {trial.name} ({values}): {trial.reason}", style="red"))
    return parts


def _settings(result: Result) -> Table:
    keys = list(result.settings[0].values)
    several = any(len(setting.trials) > 1 for setting in result.settings)
    measure = NAMES[result.settings[0].trials[0].scores["measure"]]  # type: ignore[index]
    table = Table(title="leaderboard", caption=_caution(result.settings))
    for key in keys:
        table.add_column(key)
    spread = " ± sd (runs)" if several else ""
    for column in (f"dev {measure}{spread}", "weights", "s/epoch", "tokens/s"):
        table.add_column(column, justify="right")
    for setting in result.settings:
        table.add_row(
            *(str(setting.values[key]) for key in keys),
            _score(setting, several),
            f"{setting.parameters:,}",
            f"{setting.seconds_per_epoch:.2f}",
            f"{setting.tokens_per_second:,.0f}",
        )
    return table


def _score(setting: Setting, several: bool) -> str:
    if not several:
        return f"{100 * setting.mean:.2f}"
    deviation = "" if setting.deviation is None else f" ± {100 * setting.deviation:.2f}"
    return f"{100 * setting.mean:.2f}{deviation} ({len(setting.trials)})"


def _caution(settings: list[Setting]) -> str:
    """Says when the winner may owe its place to luck."""
    best, others = settings[0], settings[1:]
    if not others:
        return ""
    if best.deviation is None:
        return (
            "one run of each: differences of a point or two are seeds, not settings; "
            "add 'training.seed' to the space for a spread"
        )
    close = [s for s in others if best.mean - s.mean < max(best.deviation, s.deviation or 0)]
    if close:
        return (
            f"{len(close)} of the {len(others)} others are within one standard deviation of the "
            "best: these runs do not tell them apart"
        )
    fewest = min(len(setting.trials) for setting in settings)
    return (
        "the best is ahead by more than the standard deviation over runs"
        + f"; but {fewest} runs of each are few" * (fewest < 5)
    )


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
