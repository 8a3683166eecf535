"""What people see in the terminal: progress with the time left, scores, the leaderboard."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ..config.schema import Experiment
from ..data.checker import Report
from ..encoding.vectors import Coverage, WordVectors
from ..encoding.vocabulary import Vocabulary
from ..experiments.definition import Result
from ..experiments.runner import Trial as ReproductionTrial
from ..experiments.runner import Watcher as ReproductionWatcher
from ..quiet import shows_progress
from ..scoring.tables import NAMES
from ..sweeping.search import SweepWatcher, Trial
from ..text.sentences import SHOWN, Fault
from ..training.continuation import Start
from ..training.devices import where
from ..training.trainer import Epoch, Watcher


def progress_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(elapsed_when_finished=False),
        console=Console(stderr=True),
        disable=not shows_progress(),
    )


class TrainingProgress(Watcher):
    """A bar over all epochs, and a line for each."""

    def __enter__(self) -> "TrainingProgress":
        self.progress = progress_bar()
        self.progress.start()
        self.files: dict[str, TaskID] = {}
        return self

    def __exit__(self, *error: object) -> None:
        self.progress.stop()

    def data(self, report: Report) -> None:
        say = self.progress.console.print
        for name, split in report.splits.items():
            say(f"{name}: {split.sentences:,} sentences, {split.tokens:,} tokens")
        scheme = report.scheme or "one per token"
        learned = "" if report.scheme in (None, "IOB2") else ", learned as IOB2"
        say(f"tags: {scheme}{learned}")
        self.faults(report.faults[:SHOWN])
        if len(report.faults) > SHOWN:
            more = f"and {len(report.faults) - SHOWN} more: `lstm-variants data check` shows all"
            say(Text(more, style="yellow"))

    def faults(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            line = Text(f"{fault.where}: {fault.severity}: {fault.message}", style="yellow")
            self.progress.console.print(line, soft_wrap=True)

    def reading(self, name: str, share: float) -> None:
        if self.files.get(name) is None:
            self.files[name] = self.progress.add_task(f"reading {Path(name).name}", total=1.0)
        self.progress.update(self.files[name], completed=share, visible=share < 1)

    def vectors(self, table: WordVectors, coverages: dict[str, Coverage]) -> None:
        say = self.progress.console.print
        words, numbers = table.rows.shape
        say(f"word vectors: {words:,} words, {numbers} numbers each")
        self.faults(table.notes)
        for name, split in coverages.items():
            parts = []
            for kind, (exact, lower, all_) in (("words", split.types), ("tokens", split.tokens)):
                parts.append(
                    f"{(exact + lower) / all_:.1%} of {kind} ({exact / all_:.1%} as written, "
                    f"{lower / all_:.1%} in lower case)"
                )
            line = f"word vectors: of {name} they cover {', '.join(parts)}"
            if split.warning:
                line += f": low coverage: {split.warning}"
            say(Text(line, style="yellow" if split.warning else "bold"), soft_wrap=True)

    def start(self, start: Start, words: Vocabulary) -> None:
        more = [
            f"{len(now) - len(then):,} {name}"
            for name, now, then in (
                ("words", words.words, start.words.words),
                ("characters", words.characters, start.words.characters),
                ("tags", words.tags, start.words.tags),
            )
            if len(now) > len(then)
        ]
        kind = start.origin["vocabulary"]
        about = f"{kind} vocabulary" + (f" with {', '.join(more)} more" if more else "")
        line = f"starting from {start.run} (dev {100 * start.origin['dev']:.2f} there), {about}"
        self.progress.console.print(Text(line), soft_wrap=True)

    def begin(self, experiment: Experiment, measure: str, batches: int, first_epoch: int) -> None:
        self.measure, self.batches = NAMES[measure], batches
        epochs = experiment.training.epochs
        self.progress.console.print(f"training on {where(experiment.training)}", highlight=False)
        self.task = self.progress.add_task("training", total=epochs * batches)
        self.progress.update(self.task, completed=(first_epoch - 1) * batches)
        if first_epoch > 1:
            self.progress.console.print(f"resuming after epoch {first_epoch - 1}")

    def first(self, score: float) -> None:
        self.progress.console.print(f"before training  dev {self.measure} {100 * score:6.2f}")

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

    def hint(self, line: str) -> None:
        self.progress.console.print(Text(f"hint: {line}", style="yellow"), soft_wrap=True)


class SweepProgress(SweepWatcher):
    """A bar over all runs, one for each that is under way, and a line for each that has ended."""

    def __enter__(self) -> "SweepProgress":
        self.bars = progress_bar()
        self.bars.start()
        self.under_way: dict[str, tuple[TaskID, str, float]] = {}
        return self

    def __exit__(self, *error: object) -> None:
        self.bars.stop()

    def begin(self, trials: int, finished: int) -> None:
        self.trials, self.finished = trials, finished
        self.task = self.bars.add_task("sweep", total=trials, completed=finished)
        if finished:
            self.bars.console.print(f"resuming: {finished} of {trials} trials are finished")

    def trial(self, phase: str, name: str, values: dict[str, Any]) -> None:
        label = f"{phase} {name}  {_said(values)}"
        self.under_way[f"{phase} {name}"] = (self.bars.add_task(label, total=1.0), label, 0.0)

    def progress(self, phase: str, name: str, share: float, note: str) -> None:
        task, label, _ = self.under_way[f"{phase} {name}"]
        self.under_way[f"{phase} {name}"] = task, label, share
        self.bars.update(task, completed=share, description=f"{label}  {note}")
        self._advance()

    def end(self, trial: Trial, again: bool) -> None:
        self.finished += not again  # those from before have been counted
        if ended := self.under_way.pop(f"{trial.phase} {trial.name}", None):
            self.bars.remove_task(ended[0])
        label = f"{trial.phase} {trial.name}  {_said(trial.values)}"
        if trial.scores is None:
            text = Text(f"{label}  failed: {trial.reason}", style="red")
        else:
            text = Text(
                f"{label}  dev {NAMES[trial.scores['measure']]} {100 * trial.scores['dev']:.2f} "
                f"at epoch {trial.scores['best_epoch']}"
            )
        self.bars.console.print(text, soft_wrap=True)
        self._advance()

    def _advance(self) -> None:
        done = self.finished + sum(share for _, _, share in self.under_way.values())
        description = f"sweep {self.finished}/{self.trials}"
        self.bars.update(self.task, completed=done, description=description)


class ReproductionProgress(ReproductionWatcher):
    """A bar over all trials, moving with those under way; a line for each that is finished."""

    def __enter__(self) -> "ReproductionProgress":
        self.progress = progress_bar()
        self.progress.start()
        self.shares: dict[Any, float] = {}
        return self

    def __exit__(self, *error: object) -> None:
        self.progress.stop()

    def begin(self, trials: int, finished: int) -> None:
        self.finished = finished
        self.task = self.progress.add_task("trials", total=trials, completed=finished)
        if finished:
            self.progress.console.print(f"resuming: {finished} of {trials} trials are finished")

    def step(self, trial: ReproductionTrial, share: float, line: str) -> None:
        self.shares[trial.title] = share
        self._show(f"{trial.title}: {line}")

    def end(self, trial: ReproductionTrial, result: Result) -> None:
        self.shares.pop(trial.title, None)
        self.finished += 1
        said = {None: "done", True: "solved", False: "not solved"}[result.solved]
        after = f" after {result.sequences:,} sequences" if result.sequences else ""
        note = f"; {result.note}" if result.note else ""
        self.progress.console.print(Text(f"{trial.title}: {said}{after}{note}"), soft_wrap=True)
        self._show("trials")

    def _show(self, description: str) -> None:
        done = self.finished + sum(self.shares.values())
        self.progress.update(self.task, completed=done, description=description)


def _said(values: dict[str, Any]) -> str:
    return ", ".join(f"{key.split('.')[-1]} {value}" for key, value in values.items())
