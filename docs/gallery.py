"""The gallery: pictures of what the sources describe, each with the commands that make it.

python docs/gallery.py [NAME...] runs the commands and writes pictures, and what they print, to
docs/_static/gallery. The pages are written for every build, as those of the families are.
"""

import os
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import NamedTuple

from gallery_of_theory import SEE
from pipelines.experiments.catalogue import EXPERIMENTS

HERE = Path(__file__).parent
PICTURES = HERE / "_static" / "gallery"
COLOURS = 256  # of a committed picture, which keeps it small


class Entry(NamedTuple):
    """A page of the gallery.

    Attributes:
        name: Of its files.
        title: Of the page.
        source: What it is a picture of, and who has described it.
        commands: What makes it, run from an empty folder.
        quick: What is added to each command where the picture does not matter.
        pictures: The files that the commands write, in the order of the page; with * for any name.
        see: What to look for, a sentence or two each.
    """

    name: str
    title: str
    source: str
    commands: tuple[str, ...]
    quick: tuple[str, ...]
    pictures: tuple[str, ...]
    see: tuple[str, ...]


OWN = (
    Entry(
        "vanishing",
        "How far an input reaches",
        "The sensitivity of a trained network's outputs to its inputs: Hochreiter & Schmidhuber "
        "1997, section 3; Graves 2012, figures 4.1 and 4.4.",
        (
            "python docs/recall.py models",
            "lstm-variants inspect models/rnn_uniform.keras --inputs models/sequences.npy "
            "--beside models/rnn_orthogonal.keras --beside models/lstm_bias_1.keras "
            "--beside models/lstm_bias_4.keras --out inspected",
        ),
        ("8 10", ""),
        ("inspected/compared-1.png",),
        (
            "Four networks of 16 units were trained to say at the end which of four symbols came "
            "first, forty steps before. The printed accuracies say which of them do; one in four "
            "is a guess.",
            "Above, rows are outputs and columns inputs, and the diagonal is a step's own input. "
            "The first column is what is still known of the symbol. Each map has a scale of its "
            "own.",
            "Below are the means along the diagonals. A straight line down is an exponential "
            "decay: the simple RNN with small random weights loses six orders of magnitude in "
            "twenty steps, the LSTM with the usual bias of its forget gates, 1, as much in forty. "
            "Both guess.",
            "The LSTM whose forget gates begin open, with a bias of 4, and the simple RNN whose "
            "recurrent matrix begins orthogonal keep the gradient within two orders, and both "
            "solve the task.",
            "So here the first weights decide more than the cell does. How far each cell gets is "
            "measured by ``lstm-variants reproduce largest-lag``.",
        ),
    ),
    Entry(
        "interpretable",
        "Units that stand for something",
        "Units of a character model that count or switch: Karpathy, Johnson & Fei-Fei 2015.",
        ("lstm-variants probe argparse --out probed",),
        ("--epochs 1",),
        ("probed/text.png", "probed/units.png"),
        (
            "An LSTM of 64 units learned to write the source of Python's argparse; this is the end "
            "of that file, which it never saw.",
            "The first picture is the text as some units see it: red above the unit's median, blue "
            "below. One falls along the line and starts anew with the next.",
            "The second picture has every unit and every feature. Dots are correlations that "
            "shifts of the text against the units reach in less than 5 of 100 cases, anywhere in "
            "the table.",
            "A row without dots is a finding, too: the file has few double quotes, and no unit "
            "stands for them.",
            "The last printed column is the network before training: some of the position in the "
            "line is there without any learning. And features go together, as capitals and "
            "indentation do: a correlation says no more than it is.",
        ),
    ),
    Entry(
        "gates",
        "Open and closed gates",
        "How often gates are saturated, unit by unit: Karpathy, Johnson & Fei-Fei 2015, figure 3.",
        (
            "lstm-variants probe argparse --out probed",
            "lstm-variants inspect probed/model.keras --inputs probed/characters.npy "
            "--out inspected",
        ),
        ("--epochs 1", "--sequences 1"),
        ("inspected/recurrent.saturation.png",),
        (
            "Each mark is a gate of one unit: how often it is closed (to the right) and open (up) "
            "over 1,600 characters.",
            "On the diagonal a gate is always one or the other, and acts as a switch.",
            "A forget gate at the top left never forgets: its unit may count over a whole line.",
            "Most input gates stand at the top left, open at nearly every character; marks near "
            "the origin would be gates that are seldom saturated, and there are few.",
            "Shares of few steps say little: the table of the command has the number of steps, and "
            "an interval for every share.",
        ),
    ),
    Entry(
        "forecast",
        "A forecast beside its baselines",
        "LSTM(50), LSTM(100) and dropout on a series, its forecast in blue on yellow, as in many "
        "tutorials; here with what they leave out.",
        (
            "lstm-variants forecast sunspots --cell lstm --cell gru --horizon 11 --out eleven",
            "lstm-variants forecast sunspots --cell lstm --cell gru --out one",
            "lstm-variants forecast nile --cell lstm --cell gru --out nile",
        ),
        ("--seeds 1 --epochs 2", "--seeds 1 --epochs 2", "--seeds 1 --epochs 2"),
        ("eleven/forecast.png", "eleven/error.png", "one/error.png"),
        (
            "Yellow is the yearly number of sunspots, blue the forecast that was made eleven years "
            "before; the band is the range of five seeds. Nothing in the grey part was seen in "
            "training.",
            "The picture alone looks good, as such pictures do: cycles come when they should, if "
            "at half their height.",
            "The second picture is the honest one: the error by the distance, with intervals from "
            "rolling origins, beside forecasts that need no training (dashed).",
            "A linear autoregression with two weights is the one to beat a year ahead; to repeat "
            "the last cycle is the one to beat eleven years ahead.",
            "The printed differences say which of the nets is better than the best baseline by "
            "more than chance.",
        ),
    ),
)


def reproduced(name: str) -> Entry:
    """The page of an experiment of `reproduce`, which says itself what it is."""
    experiment = EXPERIMENTS[name]
    title, claim, source = (
        re.sub(r"([|*`\\])", r"\\\1", text)  # they are no reStructuredText
        for text in (experiment.title, experiment.claim, experiment.source)
    )
    return Entry(
        name,
        title[0].upper() + title[1:],
        source,
        (f"lstm-variants reproduce {name} --out found",),
        ("--quick",),
        (f"found/{name}/*/{name}.png",),
        (claim, *SEE[name]),
    )


ENTRIES = (*OWN, *map(reproduced, SEE))


def pages() -> dict[str, str]:
    """What is written for the build: the name of a file -> its text."""
    contents = "\n".join(f"   {entry.name}" for entry in ENTRIES)
    index = (
        "Gallery\n=======\n\n"
        "Pictures of what the papers describe, from commands that you can run. "
        "``python docs/gallery.py NAME`` makes one anew.\n\n"
        f".. toctree::\n   :maxdepth: 1\n\n{contents}\n\n"
    )
    for entry in ENTRIES:
        picture = address(entry, 0)
        index += f"`{entry.title} <{entry.name}.html>`__\n\n"
        index += f".. image:: {picture}\n   :alt: {entry.title}\n   :width: 60%\n"
        index += f"   :target: {entry.name}.html\n\n"
    return {"gallery/index.rst": index, **{f"gallery/{e.name}.rst": page(e) for e in ENTRIES}}


def page(entry: Entry) -> str:
    parts = [f"{entry.title}\n{'=' * len(entry.title)}", entry.source]
    for n in range(len(entry.pictures)):
        parts.append(f".. image:: {address(entry, n)}\n   :alt: {entry.title}\n   :width: 100%")
    parts.append("\n".join(f"- {line}" for line in entry.see))
    commands = textwrap.indent("\n".join(entry.commands), "   ")
    parts.append(f".. code-block:: sh\n\n{commands}")
    parts.append(f"It prints:\n\n.. literalinclude:: ../_static/gallery/{entry.name}.txt\n"
                 "   :language: text")  # fmt: skip
    return "\n\n".join(parts) + "\n"


def address(entry: Entry, n: int) -> str:
    return f"../_static/gallery/{file_of(entry, n)}"


def file_of(entry: Entry, n: int) -> str:
    return f"{entry.name}{f'-{n + 1}' if n else ''}.png"


def make(entry: Entry, out: Path, quick: bool = False) -> None:
    """Runs the commands of an entry; writes its pictures and what was printed.

    Raises:
        RuntimeError: A command failed.
    """
    printed = []
    with tempfile.TemporaryDirectory() as folder:
        for command, more in zip(entry.commands, entry.quick, strict=True):
            output = run(f"{command} {more}" if quick else command, folder)
            printed.append(f"$ {command}\n{output}")
        out.mkdir(parents=True, exist_ok=True)
        for n, picture in enumerate(entry.pictures):
            (written,) = Path(folder).glob(picture)
            write_small(written, out / file_of(entry, n))
    (out / f"{entry.name}.txt").write_text("\n".join(printed), "utf-8")


def run(command: str, folder: str) -> str:
    """What a command prints, from a folder where `docs` is that of the project."""
    program, *words = command.split()
    ours = {"lstm-variants": ["-m", "pipelines"], "python": []}[program]
    words = [str(HERE.parent / word) if word.startswith("docs/") else word for word in words]
    path = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, "PYTHONPATH": path, "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, *ours, *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr[-2000:]}")
    return done.stdout


def write_small(picture: Path, file: Path) -> None:
    """Copies a picture with fewer colours, which keeps its size and a fifth of its bytes."""
    from PIL import Image

    with Image.open(picture) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


def main(names: list[str]) -> None:
    known = {entry.name: entry for entry in ENTRIES}
    for name in names or list(known):
        if name not in known:
            sys.exit(f"gallery: there is no {name!r}; there are {', '.join(known)}")
        make(known[name], PICTURES)
        print(PICTURES / f"{name}.txt")


if __name__ == "__main__":
    main(sys.argv[1:])
