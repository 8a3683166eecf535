"""The long time lags of 1997 and after, as experiments."""

from .definition import Arm, Experiment, Net, Protocol, Published
from .long_lags import TemporalOrder
from .reber import EmbeddedReber

PAPER = "Hochreiter & Schmidhuber 1997"


def of_1997(blocks: int, cells: int, **options: object) -> dict[str, object]:
    """The size of a net of memory blocks, and what else its layer is given."""
    return {"blocks": blocks, "cells_per_block": cells, **options}


REBER = Experiment(
    name="embedded-reber",
    title="embedded Reber grammar (experiment 1)",
    claim="The LSTM learns to remember the first T or P behind a whole string; others rarely do.",
    source=PAPER,
    kind="long lags",
    answers=("0.10",),
    published=(
        Published("lstm_1997 4x1, rate 0.1", "100% after 39,740 sequences", PAPER, "read"),
        Published("lstm_1997 3x2, rate 0.1", "100% after 21,730 sequences", PAPER, "read"),
        Published("lstm_1997 3x2, rate 0.5", "100% after 8,440 sequences", PAPER, "read"),
        Published("simple RNN (Elman)", "0% within 200,000 sequences", PAPER, "read"),
        Published(
            "lstm_1997, 8 cells, Adam", "10/10 after 4,800", "cybertronai", "re-run by others"
        ),
    ),
    arms=(
        Arm(
            "lstm_1997",
            Net("lstm_1997", of_1997(8, 1, gate_bias={"i": -1, "o": -1}), output="softmax"),
            EmbeddedReber(strings=256),
        ),
    ),
    quick=Protocol("adam", 0.01, batch=8, loss="entropy", budget=40_000, test=256),
)
ORDER = Experiment(
    name="temporal-order",
    title="temporal order of two symbols (experiment 6a)",
    claim="LSTM tells in which order X and Y stood, 30 to 50 steps apart, and 50 before the end.",
    source=PAPER,
    kind="long lags",
    answers=("0.10",),
    published=(Published("lstm_1997", "31,390 sequences; 1 of 2,560 wrong", PAPER, "read"),),
    arms=(
        Arm(
            "lstm_1997",
            Net("lstm_1997", of_1997(2, 2, gate_bias={"i": [-2, -4]}), initial=0.1),
            TemporalOrder(),
        ),
    ),
    full=Protocol("sgd", 0.5, batch=1, budget=100_000, test=2_560, required=0.999),
    quick=Protocol("sgd", 0.5, batch=1, budget=50_000, required=0.99),
)
EXPERIMENTS = (REBER, ORDER)
