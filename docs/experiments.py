"""The page of experiments, docs/experiments.rst: `python docs/generated.py` writes it."""

from pathlib import Path

from pipelines.cli.main import app
from pipelines.experiments.catalogue import EXPERIMENTS
from pipelines.experiments.checklist import POINTS, Point
from pipelines.experiments.definition import Experiment
from pipelines.experiments.summary import described

PAGE = Path(__file__).parent / "experiments.rst"
HEAD = """\
.. written by `python docs/generated.py`

Experiments
===========

``lstm-variants reproduce`` lists the experiments of the papers that can be run again; with a name
it runs one and prints what it finds beside what is published:

.. code-block:: sh

    lstm-variants reproduce temporal-order --quick
    lstm-variants reproduce temporal-order --cell gru --cell mgu --seeds 10
    lstm-variants reproduce all --quick --out reproductions
    lstm-variants reproduce chorales --data jsb-chorales-quarter.json

Without ``--quick`` it follows the paper's protocol, as far as the paper tells it; what differs is
printed with the result, and so is how a published number is known. Nets learn from one sequence
after the other there, as in 1997, where the quick protocols mostly use mini-batches. Every trial,
one net with one seed, is a file of its own in the folder that ``--out`` names: a run that was
stopped or killed goes on with the trials that have none. Beside the files is a picture, as PNG and
as SVG.

A rate of success comes with Wilson's 95% interval: with five seeds of five it is 57% to 100%. A
net is solved when it answers the required share of a test right; what is reported of it is
measured on other sequences, which decided nothing.

A cell that a paper does not have takes part with ``--cell`` where an experiment has room for it:
with as many units, and with the initial values that it has by itself.

What they found on one machine, what did not reproduce included, and why we think so, is in
``benchmarks/REPRODUCTIONS.md``. ``--markdown FILE`` writes such a page from all results in the
folder of ``--out``: those of quick protocols and those of the papers' own, by whichever commands.
All quick ones took 11 and a half minutes on 2 cores of an Intel Xeon at 2.5 GHz (November 2026).

Every experiment
----------------

"""
POINTS_HEAD = """\
Every point of the notes
------------------------

The project began with five notes on LSTM. What they say, point by point, and what answers it:

"""


def texts() -> dict[Path, str]:
    """The text of the page, as it should be."""
    kinds = {"long lags": "Long time lags", "claims": "Claims", "theory": "Theory"}
    parts = [HEAD]
    for kind, title in kinds.items():
        parts.append(f"{title}\n{'~' * len(title)}\n\n")
        parts += [entry(one) for one in EXPERIMENTS.values() if one.kind == kind]
    rows = "".join(_row(point.number, point.says, answer(point)) for point in POINTS)
    heading = _row("", "says", "answer")
    table = f".. list-table::\n   :header-rows: 1\n   :widths: 5 45 50\n\n{heading}{rows}"
    return {PAGE: "".join(parts) + POINTS_HEAD + table}


def entry(experiment: Experiment) -> str:
    """What is said of one experiment."""
    lines = [
        f"``{experiment.name}``: {experiment.title}",
        f"    {experiment.claim} ({experiment.source}.)",
    ]
    if not experiment.compute:
        lines.append(f"    Quick: {described(experiment.quick)}.")
    if experiment.remark:
        lines.append(f"    {experiment.remark}")
    return "\n\n".join([f"{lines[0]}\n{lines[1]}", *lines[2:]]).replace("|", "\\|") + "\n\n"


def answer(point: Point) -> str:
    """What answers a point, as reStructuredText."""
    commands = {command.name or command.callback.__name__ for command in app.registered_commands}
    commands |= {group.name for group in app.registered_groups}
    found = [f"``lstm-variants reproduce {name}``" for name in point.experiments]
    for one in point.answers:
        if one.startswith("lstm-variants "):
            if one.split()[1] in commands:
                found.append(f"``{one}``")
        else:
            found.append(f"`{one.rpartition('.')[2]}`" if one.count(".") == 1 else f"``{one}``")
    assert bool(found) == point.runs, f"{point.number} has no answer"
    return ", ".join(found) or "a remark on other nets: nothing to run"


def _row(*cells: str) -> str:
    first, *others = (cell.replace("|", "\\|") for cell in cells)
    return "".join([f"   * - {first}\n", *(f"     - {cell}\n" for cell in others)])
