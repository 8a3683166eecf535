"""A bar over all trainings of a forecast, and a line for each."""

from typing import Any

from rich.text import Text

from ..forecasting.plan import Plan
from ..forecasting.runner import Trained, Watcher
from ..forecasting.series import Series
from .progress import progress_bar


class ForecastProgress(Watcher):
    def __enter__(self) -> "ForecastProgress":
        self.progress = progress_bar()
        self.progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.progress.stop()

    def begin(self, series: Series, plan: Plan, trainings: int, finished: int) -> None:
        self.finished = finished
        each = "" if series.step == "step" else f", each a {series.step}"
        self.say(f"{series.name}: {len(series.values):,} steps{each}")
        if filled := int((~series.observed).sum()):
            self.say(f"filled in: {filled:,} steps, on which nothing is scored")
        if finished:
            self.say(f"resuming: {finished} of {trainings} trainings are finished")
        self.task = self.progress.add_task("forecast", total=trainings, completed=finished)

    def epoch(self, name: str, epoch: int, epochs: int) -> None:
        done = self.finished + epoch / epochs
        self.progress.update(self.task, completed=done, description=f"{name}  epoch {epoch}")

    def end(self, trained: Trained) -> None:
        self.finished += 1
        self.progress.update(self.task, completed=self.finished)
        self.say(f"{trained.name}  validation error {trained.loss:.4f}")

    def say(self, line: str, **style: Any) -> None:
        self.progress.console.print(Text(line, **style), soft_wrap=True)
