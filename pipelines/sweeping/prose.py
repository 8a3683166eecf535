"""What a sweep has found, in sentences."""

from collections.abc import Sequence
from typing import Any

from ..config.sweep_schema import Sweep
from ..scoring.tables import NAMES
from . import power
from .board import Board, Row
from .comparison import ALPHA, LEVEL, Estimate, Pair
from .resampling import MEASURES, SAMPLES
from .results import CELL, Trial
from .space import cells

NAMED = 6  # settings; of more, the number is said
METHODS = {
    "grid": "a grid of all combinations",
    "random": "random search",
    "bayesian": "Bayesian optimisation",
    "hyperband": "Hyperband",
}
BUDGETS = {
    "units": "All cells have the units that the setting says, and so different numbers of weights.",
    "weights": "The units of each cell were solved for, so that all have about as many weights.",
    "seconds": "Training of each trial ended after the same CPU time, {seconds:g} s.",
}
_RECOMPUTED = {
    "f1": "micro scores recomputed from their counts",
    "accuracy": "micro scores recomputed from their counts",
    "skill": "the errors of both forecasts summed over them",
}
_KINDS = {
    "f1": "F1 is the micro-averaged F1 of entities, counted as conlleval does.",
    "accuracy": "Accuracy is the share of right tags.",
    "skill": "Skill is 1 less the RMSE divided by that of the best forecast without training on "
    "the same origins: 0 is as good as that, and below 0 is worse. A point is a hundredth of its "
    "RMSE. Dev is the part of the series before test, and training does not see it.",
}


def labels(rows: Sequence[Row]) -> list[str]:
    """A short name of each row: its cell and what distinguishes it."""
    every = [row.setting.values for row in rows]
    keys = list(dict.fromkeys(key for values in every for key in values))
    differing = [key for key in keys if len({repr(values.get(key)) for values in every}) > 1]
    cells_differ = CELL in differing
    result = []
    for values in every:
        cell = [str(values[CELL])] if CELL in values else []
        rest = [
            f"{key.split('.')[-1]} {shown(values[key])}"
            for key in differing
            if key != CELL and key in values
        ]
        if cells_differ and len({v.get(CELL) for v in every}) == len(every):
            rest = []  # the cell alone distinguishes them
        result.append(", ".join([*cell, *rest]) or "base")
    return result


def shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def verdict(board: Board) -> str:
    """What was found, in two sentences."""
    if not board.rows:
        return "No run has finished yet. There is nothing to compare."
    names = labels(board.rows)
    first, others = board.rows[0], board.rows[1:]
    where = f"{names[0]} has the best mean {_measured(board, 'dev')}, {estimate(first.dev)}"
    if board.split == "test" and first.test is not None and first.test.seeds:
        where += f", and {estimate(first.test)} on test"
    if not others:
        return f"{where}. There is no other setting to compare it with."
    if board.design is None:
        return f"{where}. {cannot_tell(board)}"
    return f"{where}{_over_reference(board, names)}. {_groups(board, names)}"


def _over_reference(board: Board, names: list[str]) -> str:
    against = board.rows[0].against
    if against is None or board.reference is None:
        return "; it is the baseline" if board.of_baseline else ""
    name = f"the baseline {names[board.reference]}"
    if against.p is None:
        return f"; it cannot be compared with {name}, as they share too few seeds"
    if against.found:
        on = f" on {board.split}"
        return f"; it is {_by(against)} {name}{on} ({evidence(against)})"
    return f"; it cannot be told apart from {name} on {board.split} ({evidence(against)})"


def _by(pair: Pair) -> str:
    difference = points(abs(pair.difference or 0.0))
    return f"{difference} {'above' if (pair.difference or 0) > 0 else 'below'}"


def _groups(board: Board, names: list[str]) -> str:
    """What of the settings that have not been spoken of."""
    of_first = set(board.rows[0].group)
    said = {0, board.reference} if board.of_baseline else {0}
    others = [n for n in range(len(board.rows)) if n not in said]
    if not others:
        return limits(board)[0]
    same = [n for n in others if of_first & set(board.rows[n].group)]
    worse = [n for n in others if n not in same]
    if not same:
        return f"It is better than {_listed([names[n] for n in worse])}."
    which = f"{_listed([names[n] for n in same])} cannot be told apart from it"
    if not worse:
        return f"{which} either." if len(said) > 1 and board.reference else f"{which}."
    return f"{which}; it is better than {_listed([names[n] for n in worse])}."


def limits(board: Board) -> list[str]:
    """What the seeds and sentences of this sweep can show, and what they cannot."""
    design = board.design
    if design is None:
        return [cannot_tell(board)]
    found, said = power.detectable(design), []
    over = f"{_counted(design.seeds, 'seed')}"
    if board.sentences:
        over += f", {board.sentences:,} {items(board)}"
    over += f" and {_counted(design.comparisons, 'comparison')}"
    which = "a true difference to the baseline" if board.of_baseline else "a true difference"
    if found is None:
        said.append(f"With {over}, {design.seeds} seeds cannot tell: no difference would be found.")
    else:
        said.append(
            f"With {over}, {which} of {points(found)} is found in "
            f"{100 * power.POWER:.0f} of 100 such sweeps (or more often, as the first test has the "
            "strictest correction); a smaller one may well be there."
        )
    for difference in (0.01, 0.02):
        needed = power.seeds_for(difference, design)
        what = f"To find {points(difference)} as often"
        said.append(
            f"{what} takes about {needed:,} seeds of each setting."
            if needed
            else f"{what}, no number of seeds is enough: it takes more {items(board)}."
        )
    total = design.seed_variance / design.seeds + design.sentence_variance
    if board.sentences and total:
        of_seeds = 100 * design.seed_variance / design.seeds / total
        said.append(
            f"Of the variance of a difference, {of_seeds:.0f} % is due to seeds and "
            f"{100 - of_seeds:.0f} % to which {items(board)} were scored."
        )
    needed = power.seeds_of_permutation(design)
    smallest = 2.0 ** (1 - design.seeds)
    if design.seeds < needed:
        said.append(
            f"A permutation test over {design.seeds} seeds alone cannot tell anything: its "
            f"smallest possible p is {smallest:.3g}, and the first of so many comparisons needs "
            f"{design.level:.2g}, which takes {needed} seeds."
        )
    return said


def items(board: Board) -> str:
    """What scores are over: sentences, or origins of forecasts."""
    return f"{MEASURES[board.measure].item}s"


def cannot_tell(board: Board) -> str:
    """Why nothing was tested."""
    seeds = max((row.dev.seeds for row in board.rows), default=0)
    if len(board.rows) < 2:
        return "There are not two settings to compare."
    if seeds < 2:
        return (
            "One seed cannot tell: each setting has one run, and a difference of a point or two is "
            "what another seed may change"
            + ("; more are to come." if board.phase == "final" else "; ask for finals.")
        )
    return (
        "The seeds cannot tell: no two settings have two seeds in common that differ in anything."
    )


def statistics(board: Board) -> list[str]:
    """How the comparisons were made."""
    many, one = items(board), MEASURES[board.measure].item
    drawn = f"{many.capitalize()}"
    if board.measure == "skill":
        drawn = "Blocks of neighbouring origins, whose errors are alike,"
    over = (
        f"seeds and {many}. {drawn} were drawn {SAMPLES:,} times with replacement, the same "
        f"ones for all runs, and {_RECOMPUTED[board.measure]}; the variance of a "
        f"difference is that over seeds plus the covariance between seeds over drawn {many}"
        if board.sentences
        else f"seeds, on these {many}: runs of a search are not scored {one} by {one}"
    )
    weights = {round(pair.weight, 9) for pair in board.comparison.pairs}
    weighted = (
        ", with weights that give half of the error rate to the comparisons with the baseline"
        if len(weights) > 1
        else ""
    )
    return [
        f"{_KINDS[board.measure]} A score on dev is that of the epoch that dev has chosen.",
        f"Runs are paired by seed. Intervals have {100 * LEVEL:.0f} % and are over {over}. The "
        "variances over seeds of all pairs are drawn towards a common one (Smyth 2004), as few "
        "seeds say little about each; tests and intervals are Student's t.",
        f"p values are corrected by Holm (1979) for all {len(board.comparison.pairs)} pairs of "
        f"settings together{weighted}; a difference is called one below {ALPHA:.2g}. In simulated "
        "sweeps in which no setting is better, at most 5 % call any difference. Settings that "
        "share a letter cannot be told apart, which does not mean that they are equal.",
        "The chance that a fresh seed of one setting beats one of another is taken over all pairs "
        "of runs (Mann-Whitney), with the interval of Newcombe (2006). Effects are in points: "
        f"hundredths of {NAMES[board.measure]}.",
    ]


def method(config: Sweep, board: Board) -> list[str]:
    """What was done: search, budget, finals, data."""
    search, names = config.sweep, cells(config)
    done = [t for t in board.trials if t.phase == "search" and t.status == "finished"]
    number = f"{len(done)} finished trials"
    if len(names) > 1:
        number += f" of {len(names)} cells ({_listed(names)})"
    if search.method in ("random", "bayesian"):
        number += f", {search.trials} planned for each"
    budget = BUDGETS[search.budget.equal].format(seconds=search.budget.seconds or 0)
    said = [
        f"Search: {METHODS[search.method]} (seed {search.seed}), {number}, each trained with early "
        f"stopping and scored on dev. {budget if len(names) > 1 else ''}".strip()
    ]
    if search.finals is not None:
        best = search.finals.settings
        which = "each cell" if search.finals.of == "cell" else "all"
        chosen = "The best setting" if best == 1 else f"The {best} best settings"
        finals = f"Finals: {chosen.lower()} of {which}"
        if search.finals.of == "sweep" and len(names) > 1:
            finals += ", and the best one of the baseline cell,"
        finals += (
            f" on {_counted(search.finals.seeds, 'seed')} that the search has not seen, the same "
            "for all. What is said of them is not biased by having been chosen."
        )
        if search.finals.test:
            finals += " Test was scored once for each of these runs, and for no other."
        said.append(finals)
    else:
        said.append(
            "There were no finals: settings were chosen and measured on the same runs, so that "
            "the best of them looks better than it is."
        )
    said += _shortened(config, done)
    # Epochs that were taken over are those of another trial.
    rows = [row for trial in board.trials for row in trial.history[trial.taken_over :]]
    spent = sum(row.get("cpu_seconds", 0.0) for row in rows)
    total = f"{spent / 3600:.1f} hours" if spent >= 3600 else f"{spent / 60:.1f} minutes"
    return [*said, *_data(board), f"Training all {board.ended} runs took {total} of CPU time."]


def _shortened(config: Sweep, done: list[Trial]) -> list[str]:
    """Which trials of the search were not trained from the first to the last epoch."""
    rule, said = config.sweep.stopping, []
    if rule is not None:
        stopped = sum(trial.stopped is not None for trial in done)
        said.append(
            f"Stopping: {stopped} of the {len(done)} were stopped by the median stopping rule "
            "(Golovin et al. 2017): after an epoch whose best score so far was below the median, "
            "over earlier trials of the same cell, of their mean scores until then; with at least "
            f"{_counted(rule.trials, 'earlier trial')}, from epoch {rule.epochs} on."
        )
    if config.sweep.method == "hyperband":
        went_on = sum(trial.taken_over > 0 for trial in done)
        said.append(
            f"Rungs: {went_on} of the {len(done)} went on from the checkpoint of the same trial "
            "with fewer epochs, with the result that training from the start has."
        )
    return said


def _data(board: Board) -> list[str]:
    known = next((found for t in board.trials if (found := t.origin)), {})
    if board.measure == "skill":
        return _series(board, known)
    splits = [
        f"{name} {of['sentences']:,} sentences with {of['tokens']:,} words"
        for name, of in known.get("data", {}).items()
        if "sentences" in of
    ]
    if board.split == "test" and board.sentences:
        splits.append(f"test {board.sentences:,} sentences")
    if board.gold and splits:
        what = "entities" if board.measure == "f1" else "tags"
        splits[-1] += f" (settings are compared on the {board.gold:,} {what} of {board.split})"
    return [f"Data: {'; '.join(splits)}."] if splits else []


def _series(board: Board, known: dict[str, Any]) -> list[str]:
    """Of forecasts: the series, and what they have to be better than."""
    of = known.get("data", {}).get("series", {})
    said = [f"Data: the series {of['column']} of {of['steps']:,} steps."] if of else []
    for split in ("dev", "test"):
        scored = [t.scores if split == "dev" else t.test for t in board.trials if t.scores]
        if found := next((s for s in scored if s and "reference" in s), None):
            said.append(
                f"The best forecast without training on {split} is {found['reference']}, with an "
                f"RMSE of {found['reference_rmse']:.4g}."
            )
    return [" ".join(said)] if said else []


def estimate(of: Estimate) -> str:
    """A score with its interval."""
    text = f"{100 * of.mean:.2f}"
    if of.low is not None and of.high is not None:
        text += f" ({100 * of.low:.2f} to {100 * of.high:.2f})"
    return text


def evidence(pair: Pair) -> str:
    """The difference with its interval and p."""
    return (
        f"{signed(pair.difference)} points, {signed(pair.low)} to {signed(pair.high)}, "
        f"p {p_value(pair.holm)} after Holm's correction"
    )


def p_value(value: float | None) -> str:
    if value is None:
        return "unknown"
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def signed(share: float | None) -> str:
    """In points, with its sign."""
    return "?" if share is None else f"{100 * share:+.2f}".replace("-", "−")


def points(share: float) -> str:
    number = f"{100 * share:.1f}".removesuffix(".0")
    return f"{number} point" + "s" * (number != "1")


def _measured(board: Board, split: str) -> str:
    return f"{NAMES[board.measure]} on {split}"


def _listed(names: Sequence[str]) -> str:
    if len(names) > NAMED:
        return f"{len(names)} others"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _counted(number: int, name: str) -> str:
    return f"{number:,} {name}" + "s" * (number != 1)
