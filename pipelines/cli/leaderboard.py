"""The table of a sweep in the terminal."""

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ..scoring.tables import NAMES
from ..sweeping.search import Result, Setting


def render(result: Result) -> list[RenderableType]:
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
            "one run of each: a difference of a point or two may be due to the seed; "
            "add 'training.seed' to the space to see the spread"
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
