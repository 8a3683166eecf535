"""The best settings once more, on seeds that the search has not seen.

The best of many scores is better than what it is the score of: it was chosen because it is high.
What fresh seeds give is not chosen any more.
"""

from pathlib import Path
from typing import Any

from ..config.sweep_loading import baseline
from ..config.sweep_schema import Range, Sweep
from ..training import runs
from .ranking import Setting
from .results import CELL, CHOSEN, SEED
from .space import cells, expected_settings

FIRST_SEED = 1001


def expected(config: Sweep) -> int:
    """How many runs the finals have at most."""
    finals = config.sweep.finals
    if finals is None:
        return 0
    count, each = len(cells(config)), expected_settings(config)
    if finals.of == "cell":
        return min(finals.settings, each) * count * finals.seeds
    return min(finals.settings + (count > 1), each * count) * finals.seeds  # with the baseline


def seeds(config: Sweep) -> list[int]:
    """Seeds of the finals, the same for all settings: none that the search may have had."""
    finals = config.sweep.finals
    assert finals is not None
    seen = config.space.get(SEED, [config.base.training.seed])
    if isinstance(seen, Range):
        first = max(FIRST_SEED, int(seen.max) + 1)
        return list(range(first, first + finals.seeds))
    fresh = (seed for seed in range(FIRST_SEED, FIRST_SEED + finals.seeds + len(seen)))
    return [seed for seed in fresh if seed not in seen][: finals.seeds]


def choose(config: Sweep, ranked: list[Setting]) -> list[dict[str, Any]]:
    """The settings that are in the finals, the best of the search first.

    Args:
        config: The sweep.
        ranked: The settings of the search, the best first.
    """
    finals = config.sweep.finals
    assert finals is not None
    own = config.base.model.cell
    left: dict[str | None, int] = {}  # places in the finals, of a cell or of all
    chosen, seen = [], set()
    for setting in ranked:
        cell = setting.values.get(CELL, own)
        group = cell if finals.of == "cell" else None
        left.setdefault(group, finals.settings)
        place = left[group] > 0
        if place or (cell == baseline(config) and cell not in seen):
            values = _at_full_length(config, setting.values)
            if values not in chosen:
                chosen.append(values)
                left[group] -= place
        seen.add(cell)
    return chosen


def _at_full_length(config: Sweep, values: dict[str, Any]) -> dict[str, Any]:
    """The setting without the number of epochs that hyperband gave it."""
    if config.sweep.method != "hyperband":
        return values
    return {key: value for key, value in values.items() if key != "training.epochs"}


def write(folder: Path, chosen: list[dict[str, Any]]) -> None:
    runs.write_json(folder / CHOSEN, {"settings": chosen})
