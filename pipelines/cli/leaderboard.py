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
        title = "search" if result.finals else "leaderboard"
        parts.append(_settings(title, result.settings, "" if result.finals else None))
    if result.finals:
        parts.append(_settings("finals, on fresh seeds", result.finals))
    for trial in result.failed:
        values = ", ".join(f"{key} = {value}" for key, value in trial.values.items())
        parts.append(Text(f"failed: trial {trial.name} ({values}): {trial.reason}", style="red"))
    return parts


def _settings(title: str, settings: list[Setting], caption: str | None = None) -> Table:
    keys = list(settings[0].values)
    several = any(len(setting.trials) > 1 for setting in settings)
    tested = any(setting.test is not None for setting in settings)
    measure = NAMES[settings[0].trials[0].scores["measure"]]  # type: ignore[index]
    table = Table(title=title, caption=_caution(settings) if caption is None else caption)
    for key in keys:
        table.add_column(key)
    spread = " ± sd (runs)" if several else ""
    columns = [f"dev {measure}{spread}"] + [f"test {measure} ± sd"] * tested
    for column in (*columns, "weights", "s/epoch", "tokens/s"):
        table.add_column(column, justify="right")
    for setting in settings:
        table.add_row(
            *(str(setting.values.get(key, "")) for key in keys),
            _score(setting, several),
            *[_of_test(setting)] * tested,
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


def _of_test(setting: Setting) -> str:
    if setting.test is None:
        return ""
    spread = setting.test_deviation
    return f"{100 * setting.test:.2f}" + ("" if spread is None else f" ± {100 * spread:.2f}")


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
