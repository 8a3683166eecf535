"""All that a folder of results holds, as one page of Markdown."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ..bench.report import Table, markdown
from ..training.runs import replacing
from . import runner, summary
from .definition import Experiment
from .rows import Results, by_arm, number, rows
from .runner import Trial
from .verdicts import Verdict, verdicts

UNKNOWN = "We do not know why."
PROTOCOLS = {True: "Quick protocols", False: "Protocols of the papers"}
HEAD = """\
# Reproductions

Written by `lstm-variants reproduce {names} --markdown` from the files of its trials. The quick
protocols are of minutes; those of the papers come with `lstm-variants reproduce NAME`, and each
table says in what it is not as in the paper. A rate of success comes with its 95% interval
(Wilson). How a published number is known stands beside it. What is expected of an arm holds when
more than half of its seeds show it; with the few seeds of a quick protocol that is weak evidence.

Quick protocols were fitted to a few minutes. Most expectations were written after a first seed had
been seen, and the nets of `temporal-order-three`, `zero-centred` and `truncated-gradient` were
changed after their first ones had failed, so this page confirms no prediction. Reasons given for
what did not reproduce are conjectures, untested unless they name the program that tests them.
"""


class Kept(NamedTuple):
    """What is known of an experiment by one of its protocols."""

    experiment: Experiment
    quick: bool
    trials: list[Trial]
    results: Results
    spent: runner.Spent

    @property
    def verdicts(self) -> list[Verdict]:
        computed = [
            Verdict(self.experiment.claim, "computed", bool(result.solved))
            for of_seeds in self.results.values()
            for result in of_seeds.values()
            if self.experiment.compute
        ]
        return computed or verdicts(self.experiment, rows(self.results))


def write(
    path: Path, out: Path, experiments: Iterable[Experiment], more: Iterable[Trial] = ()
) -> None:
    """Writes the page.

    Args:
        path: Its file.
        out: The folder of results.
        experiments: Of which experiments it is.
        more: Trials that are told, too, of arms that the experiments do not have by themselves.

    Raises:
        InputError: A file of the folder is damaged, or the result of another definition.
    """
    experiments, more = list(experiments), list(more)
    kept = {
        quick: [found for one in experiments if (found := _kept(one, quick, out, more))]
        for quick in PROTOCOLS
    }
    both = kept[True] + kept[False]
    machines = dict.fromkeys(line for one in both for line in one.spent.machines)
    names = "all --quick" if kept[True] else "NAME"
    parts = [HEAD.format(names=names), *(f"- {line}" for line in machines), ""]
    for quick, title in PROTOCOLS.items():
        if kept[quick]:
            parts += [f"## {title}\n", _cost(kept[quick]), markdown(_overviews(kept[quick]))]
            parts += _failures(kept[quick])
    if kept[True]:
        parts += _not_run(experiments, kept)
    parts.append("## Every experiment\n")
    for experiment in experiments:
        of_it = [one for one in both if one.experiment is experiment]
        if of_it:
            parts.append(f"### {experiment.title}\n")
        for one in of_it:
            if not experiment.compute:
                parts.append(f"By the {'quick protocol' if one.quick else 'paper'}:\n")
            parts.append(markdown(summary.tables(experiment, one.results, one.quick)))
    with replacing(path) as part:
        part.write_text("\n".join(parts), "utf-8")


def _kept(experiment: Experiment, quick: bool, out: Path, more: list[Trial]) -> Kept | None:
    if experiment.compute and not quick:
        return None  # there is no other way to compute it
    own = [t for t in more if t.experiment.name == experiment.name and t.quick == quick]
    trials = {runner.key(t): t for t in [*runner.kept(experiment, quick, out), *own]}
    found = {key: done for key, t in trials.items() if (done := runner.finished(t, out))}
    if not found:
        return None
    there = [trials[key] for key in found]
    results = by_arm(experiment, found)
    return Kept(experiment, quick, there, results, runner.spent(there, out))


def _cost(kept: list[Kept]) -> str:
    trials = sum(len(one.trials) for one in kept)
    seconds = sum(one.spent.cpu_seconds for one in kept)
    return f"{trials:,} trials, {seconds / 60:,.1f} minutes of one CPU in all.\n"


def _overviews(kept: list[Kept]) -> list[Table]:
    """What was solved, and what of the sources' claims the results show."""
    solved, judged = [], []
    for one in kept:
        name, seconds = one.experiment.name, f"{one.spent.cpu_seconds:,.0f}"
        for row in rows(one.results) if not one.experiment.compute else ():
            rate = "-" if row.solved is None else f"{row.solved}/{row.trials}"
            needed = "-" if row.sequences is None else number(row.sequences)
            published = [p.value for p in one.experiment.published if p.what == row.arm]
            solved.append([name, row.arm, rate, needed, "; ".join(published)])
        for verdict in one.verdicts:
            said = "yes" if verdict.holds else "**no**"
            judged.append([name, verdict.expected.rstrip("."), said, verdict.found, seconds])
    columns = ["experiment", "net", "solved", "sequences needed", "published for this net"]
    claims = ["experiment", "expected", "shown", "found", "CPU s"]
    return [
        Table("What was solved", columns, solved, []),
        Table("What the sources say", claims, judged, []),
    ]


def _failures(kept: list[Kept]) -> list[str]:
    """What did not reproduce, and why we think so."""
    lines = []
    for one in kept:
        failed = [verdict for verdict in one.verdicts if not verdict.holds]
        if failed:
            said = "; ".join(f"{v.expected} ({v.found})" for v in failed)
            why = one.experiment.why or UNKNOWN
            lines.append(f"- `{one.experiment.name}`: not found: {said}. {why}")
    return ["**What did not reproduce**\n", *lines, ""] if lines else []


def _not_run(experiments: list[Experiment], kept: dict[bool, list[Kept]]) -> list[str]:
    """The full protocols that nobody has run here, and how long they could take."""
    done = {one.experiment.name for one in kept[False]}
    quick = {one.experiment.name: one for one in kept[True]}
    body = []
    for one in experiments:
        if one.name not in done and not one.compute:
            arms = one.nets(quick=False)
            hours = _hours(one, quick[one.name]) if one.name in quick else None
            shown = "-" if hours is None else f"{hours:.1f}" if hours < 10 else f"{hours:,.0f}"
            budget = f"{one.full.budget:,}"
            body.append([one.name, str(len(arms)), str(one.full.seeds), budget, shown])
    note = (
        "Hours of one CPU if no trial ends before its budget is spent, from what a step took by "
        "the quick protocol."
    )
    columns = ["experiment", "nets", "seeds", "sequences at most", "hours at most"]
    return [markdown([Table("Protocols of the papers that were not run", columns, body, [note])])]


def _hours(experiment: Experiment, quick: Kept) -> float:
    """An estimate of the CPU hours of the full protocol, from the seconds of the quick one."""
    steps = 0.0
    for trial in quick.trials:
        arm = trial.arm
        assert arm is not None
        (curve,) = quick.results[arm.label][trial.seed].curve.values()
        batch = experiment.protocol(arm, quick=True).batch
        steps += (curve[-1][0] if curve else 0) / batch * arm.task.longest
    wanted = 0.0
    for arm in experiment.nets(quick=False):
        protocol = experiment.protocol(arm, quick=False)
        wanted += protocol.seeds * protocol.budget / protocol.batch * arm.task.longest
    return quick.spent.cpu_seconds / max(steps, 1.0) * wanted / 3600
