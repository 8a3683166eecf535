"""The measuring and generating of time spans of 2002, as experiments."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .definition import Arm, Experiment, Protocol, Published
from .shorthand import each, failing, re_run, read, solving
from .timing import MeasuredDelays, PeriodicFunction, TimedSpikes

TIMING = "Gers, Schraudolph & Schmidhuber 2002"


def timed(task: Any, cells: Iterable[str], width: int = 4) -> tuple[Arm, ...]:
    return each(task, cells, width, output="linear")


DELAYS = Experiment(
    name="measured-delays",
    title="measuring spike delays (MSD)",
    claim="Delays can be measured with peepholes or without; they are not needed for it.",
    source=TIMING,
    kind="long lags",
    answers=(),
    expected=solving("peephole_lstm", "lstm"),
    published=(
        read("peephole_lstm and lstm", "both solve it, with or without peepholes", TIMING),
        Published("lstm, F 10, I {0, 1}", "10% of 10 trials", TIMING, "recalled"),
        Published("peephole_lstm, F 10, I {0, 1}", "20% of 10 trials", TIMING, "recalled"),
        re_run("another definition of the task", "peephole .881, without .873: no difference"),
    ),
    arms=timed(MeasuredDelays(10), ("peephole_lstm", "lstm")),
    any_cell=timed(MeasuredDelays(10), ("lstm",)),
    full=Protocol("adam", 0.005, clip=1.0, budget=500_000, check=4_000, seeds=10),
    quick=Protocol("adam", 0.02, clip=1.0, budget=40_000, check=1_600, required=0.95, seeds=2),
    remark="Protocol and size are ours: the paper trains one cell for up to a million streams by "
    "SGD with momentum 0.9999.",
)
SPIKES = Experiment(
    name="timed-spikes",
    title="generating timed spikes (GTS)",
    claim="With peepholes a net learns to spike every F steps out of nothing; nobody reports it "
    "without.",
    source=TIMING,
    kind="long lags",
    answers=(),
    expected=(
        *solving("peephole_lstm", *(f"peephole_lstm, F {F}" for F in (10, 20, 30, 50))),
        *failing("no_forget_gate_lstm"),
    ),
    why="A net that spikes never, or always a little, is a plateau of the squared error, and "
    "ours stay there. The paper trains one cell of identity g, without h, with gates biased"
    " to -2, 0 and 2, by SGD with momentum for 41,000 streams and more. `peephole-clock` "
    "shows that the solution exists, by weights set by hand.",
    published=(
        Published(
            "peephole_lstm, F 10 to 50",
            "100% after 41,000 to 2,538,000 streams",
            TIMING,
            "recalled",
        ),
        Published("without forget gate", "no convergence", TIMING, "read in notes"),
    ),
    arms=timed(TimedSpikes(10), ("peephole_lstm", "lstm", "no_forget_gate_lstm")),
    any_cell=timed(TimedSpikes(10), ("lstm",)),
    full_arms=tuple(
        replace(arm, label=f"{arm.label}, F {F}")
        for F in (10, 20, 30, 50)
        for arm in timed(TimedSpikes(F), ("peephole_lstm", "lstm"))
    ),
    full=Protocol("adam", 0.005, clip=1.0, batch=4, budget=200_000, check=2_000, test=1, seeds=10),
    quick=Protocol("adam", 0.02, clip=1.0, batch=4, budget=12_000, check=800, test=1, seeds=3),
    remark="A stream is right when a thousand steps are. Protocol and size are ours.",
)
PERIODS = Experiment(
    name="periodic-functions",
    title="generating periodic functions (PFG)",
    claim="With peepholes a net learns to draw a cosine, a triangle, a rectangle out of nothing.",
    source=TIMING,
    kind="long lags",
    answers=(),
    expected=solving(
        *(f"peephole_lstm, {kind}" for kind in ("cosine", "rectangle")),
        *(
            f"peephole_lstm, {kind}, F {F}"
            for kind in ("cosine", "triangle", "rectangle")
            for F in (10, 25)
        ),
    ),
    why="As with timed spikes: a constant is a plateau that nets without inputs leave late. The"
    " paper's nets are of one cell of another kind, trained by SGD with momentum for "
    "longer.",
    published=(
        Published("peephole_lstm, cosine, F 25", "RMSE 0.17 +- 0.019", TIMING, "read in notes"),
        Published("lstm", "learns the cosine of F 10 only, slowly", TIMING, "read in notes"),
        Published("lstm_1997", "no more than two periods", TIMING, "read in notes"),
    ),
    arms=tuple(
        replace(arm, label=f"{arm.label}, {kind}")
        for kind in ("cosine", "rectangle")
        for arm in timed(PeriodicFunction(kind, 10), ("peephole_lstm", "lstm"))  # type: ignore
    ),
    full_arms=tuple(
        replace(arm, label=f"{arm.label}, {kind}, F {F}")
        for kind in ("cosine", "triangle", "rectangle")
        for F in (10, 25)
        for arm in timed(PeriodicFunction(kind, F), ("peephole_lstm", "lstm"))  # type: ignore
    ),
    full=Protocol("adam", 0.005, clip=1.0, batch=4, budget=200_000, check=2_000, test=1, seeds=10),
    quick=Protocol("adam", 0.02, clip=1.0, batch=4, budget=12_000, check=800, test=1, seeds=2),
    remark="A stream is right when a thousand steps are, within 0.3. Protocol and size are ours.",
)

EXPERIMENTS = (DELAYS, SPIKES, PERIODS)
