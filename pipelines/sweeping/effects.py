"""What each varied key changes on average: marginal means over the trials of the search."""

import statistics
from typing import Any, NamedTuple

from ..config.sweep_schema import Range, Sweep
from .results import REPEATED, Trial

PARTS = 4  # a range becomes so many parts with equally many trials


class Level(NamedTuple):
    """The trials with one value of a key, or with the values of one part of its range.

    Attributes:
        value: The value, or the part as "low to high".
        mean: Of their scores on dev.
        deviation: Standard deviation of these; None for a single trial.
        trials: How many there are.
    """

    value: str
    mean: float
    deviation: float | None
    trials: int


class Effect(NamedTuple):
    """A key that the sweep varies.

    Attributes:
        key: The key.
        levels: Its values; numbers in ascending order, others the best first.
        share: Which share of the variance of the scores the key explains by itself: epsilon
            squared (Kelley 1935), which is about 0 for a key without effect however many values it
            has; None if there are not enough trials.
    """

    key: str
    levels: list[Level]
    share: float | None


def effects(config: Sweep, trials: list[Trial]) -> list[Effect]:
    """The effect of each varied key, the largest first; of keys with more than one value."""
    finished = [t for t in trials if t.phase == "search" and t.dev is not None]
    keys = {key: None for key in config.space if key not in REPEATED}
    for trial in finished:
        keys |= {key: None for key in trial.setting if key not in keys}
    found = [_effect(key, config.space.get(key), finished) for key in keys]
    several = [effect for effect in found if len(effect.levels) > 1]
    return sorted(several, key=lambda effect: -(effect.share or 0.0))


def _effect(key: str, choices: Any, trials: list[Trial]) -> Effect:
    known = [(trial.setting[key], trial.dev or 0.0) for trial in trials if key in trial.setting]
    values = {repr(value) for value, _ in known}
    in_parts = isinstance(choices, Range) and len(values) > 2 * PARTS
    groups = _parts(known) if in_parts else _each(known)
    levels = [
        Level(
            name,
            statistics.fmean(scores),
            statistics.stdev(scores) if len(scores) > 1 else None,
            len(scores),
        )
        for name, scores in groups
    ]
    if not all(_is_number(value) for value, _ in known):
        levels.sort(key=lambda level: -level.mean)
    return Effect(key, levels, _share([scores for _, scores in groups]))


def _each(known: list[tuple[Any, float]]) -> list[tuple[str, list[float]]]:
    numbers = all(_is_number(value) for value, _ in known)
    groups: dict[str, list[float]] = {}
    for value, score in sorted(known, key=lambda pair: pair[0]) if numbers else known:
        groups.setdefault(_shown(value), []).append(score)
    return list(groups.items())


def _parts(known: list[tuple[Any, float]]) -> list[tuple[str, list[float]]]:
    ordered = sorted(known)
    bounds = [round(n * len(ordered) / PARTS) for n in range(PARTS + 1)]
    parts = [ordered[a:b] for a, b in zip(bounds, bounds[1:], strict=False) if b > a]
    return [
        (f"{_shown(part[0][0])} to {_shown(part[-1][0])}", [score for _, score in part])
        for part in parts
    ]


def _share(groups: list[list[float]]) -> float | None:
    everything = [score for scores in groups for score in scores]
    count, levels = len(everything), len(groups)
    if count <= levels or levels < 2:
        return None
    mean = statistics.fmean(everything)
    total = sum((score - mean) ** 2 for score in everything)
    inside = sum((score - statistics.fmean(scores)) ** 2 for scores in groups for score in scores)
    if not total:
        return 0.0
    return max(0.0, 1 - inside / total * (count - 1) / (count - levels))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
