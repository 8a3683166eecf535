"""What an experiment is made of. Commands, tests, documentation and pictures read the same."""

import hashlib
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from .tasks import Task

Known = Literal["read", "read in notes", "recalled", "computed", "re-run by others"]


@dataclass(frozen=True)
class Published:
    """What a source says.

    Attributes:
        what: Of what it says it: the label of an arm, or in words.
        value: The value, in words or numbers, with its unit.
        source: The paper.
        known: How the value is known: read in the paper, in others' notes on it, recalled from
            memory, computed from a definition, or measured by others who re-ran the experiment.
    """

    what: str
    value: str
    source: str
    known: Known


@dataclass(frozen=True)
class Net:
    """A net: layers of one cell, and an output layer.

    Attributes:
        cell: Its name in the catalogue.
        options: Further arguments of the layer; its size among them.
        layers: How many layers.
        both: Whether they read in both directions.
        shortcut: Whether the output layer also sees the input.
        output: What squashes the output.
        output_bias: Whether the output layer has biases.
        initial: All weights but biases start uniform in [-initial, initial]; None: as the layers
            do by themselves.
    """

    cell: str
    options: Mapping[str, Any] = field(default_factory=dict)
    layers: int = 1
    both: bool = False
    shortcut: bool = False
    output: Literal["logistic", "linear", "softmax"] = "logistic"
    output_bias: bool = True
    initial: float | None = None


@dataclass(frozen=True)
class Protocol:
    """How a net is trained and when it has solved its task.

    Attributes:
        optimizer: "sgd" or "adam".
        rate: Learning rate.
        momentum: Of "sgd".
        batch: Sequences of an update; of a continual task, streams beside each other.
        loss: "squared": half the sum of squared errors over steps and outputs, as in 1997;
            "entropy": the cross-entropy.
        last_weight: The weight of the last target, of one each for the others.
        clip: Largest norm of a gradient; None: any.
        budget: Sequences of training after which a net has failed. Of a continual task, pieces.
        check: Sequences between two looks at the test set.
        test: Sequences of a test.
        required: The share of them that must be right.
        seeds: How many seeds are run if nothing else is asked for.
        patience: Of a task with a fixed training set: training ends after so many checks without a
            lower loss on the watched sequences, and the weights of the lowest are kept. 0: it ends
            when the criterion is met.
        differs: In what this is not as in the paper; empty: in nothing that the paper says.
    """

    optimizer: Literal["sgd", "adam"] = "adam"
    rate: float = 0.01
    momentum: float = 0.0
    batch: int = 32
    loss: Literal["squared", "entropy"] = "squared"
    last_weight: float = 1.0
    clip: float | None = None
    budget: int = 10_000
    check: int = 1_000
    test: int = 500
    required: float = 1.0
    seeds: int = 5
    patience: int = 0
    differs: str = ""


@dataclass(frozen=True)
class Arm:
    """One row of an experiment: a net on a task.

    Attributes:
        label: Its name, for people and for files.
        net: The net.
        task: The task.
        changes: What its protocol has otherwise than the experiment's.
    """

    label: str
    net: Net
    task: Task
    changes: Mapping[str, Any] = field(default_factory=dict)

    def of_cell(self, cell: str) -> "Arm":
        """The same with another cell of the same width, which takes none of the options."""
        width = self.net.options.get("units") or (
            self.net.options["blocks"] * self.net.options.get("cells_per_block", 1)
        )
        label = self.label.replace(self.net.cell, cell) if self.net.cell in self.label else cell
        return replace(self, label=label, net=replace(self.net, cell=cell, options=units(width)))


def units(count: int) -> dict[str, Any]:
    """The size of a net whose cell may be any."""
    return {"units": count}


class Result(NamedTuple):
    """What a trial found.

    Attributes:
        measures: Numbers by name.
        solved: Whether the criterion was met; None if there is none.
        sequences: After how many sequences of training; None if it was not met.
        curve: The course of training, or what else a picture shows: lines of points, by name.
        rows: A table of what was computed, its heading first; empty if there is none.
        note: What happened, if something did.
    """

    measures: dict[str, float]
    solved: bool | None = None
    sequences: int | None = None
    curve: Mapping[str, Sequence[tuple[float, float]]] = {}
    rows: list[list[Any]] = []
    note: str = ""


class Expected(NamedTuple):
    """What the source says of an arm, as far as results can tell.

    Attributes:
        arm: Its label.
        solves: Whether it solves the task: most of its seeds do.
        less: The name of a measure, or "sequences" for those that are needed, whose median is less
            than that of another arm; with it, `solves` says nothing.
        than: The label of the other arm.
    """

    arm: str
    solves: bool = True
    less: str = ""
    than: str = ""


@dataclass(frozen=True)
class Axes:
    """What a picture of points has on its axes.

    Attributes:
        x, y: What the numbers are.
        log: The axes with a logarithmic scale: "", "x", "y" or "xy".
    """

    x: str
    y: str
    log: str = ""


@dataclass(frozen=True)
class Experiment:
    """An experiment of a paper.

    Attributes:
        name: Its name on the command line.
        title: What it is, in a line.
        claim: What the source says of it, in a sentence.
        source: The paper.
        kind: "long lags", "claims" or "theory".
        answers: The rows of the sources' checklist that it answers.
        published: What the source found.
        arms: The nets that are trained.
        any_cell: The arms that another cell may take part in; none: it may not.
        full_arms: The nets of the full protocol, where they are others.
        full: The protocol nearest to the paper's.
        quick: One that takes a minute.
        compute: Of an experiment without training: the function of a seed that computes it, as
            "module:function" in this package, so that a list of experiments imports no TensorFlow.
        axes: Of its picture.
        lags: Whether the arms are cells by lags, "CELL, lag N", of which a table says how far each
            cell got.
        expected: What results should show, if the source is right and so are we.
        why: Why we think that they do not, where they do not.
        remark: What a reader of the results should know.
    """

    name: str
    title: str
    claim: str
    source: str
    kind: Literal["long lags", "claims", "theory"]
    answers: tuple[str, ...]
    published: tuple[Published, ...] = ()
    arms: tuple[Arm, ...] = ()
    any_cell: tuple[Arm, ...] = ()
    full_arms: tuple[Arm, ...] = ()
    full: Protocol = Protocol()
    quick: Protocol = Protocol()
    compute: str = ""
    axes: Axes = Axes("sequences of training", "share right")
    lags: bool = False
    expected: tuple[Expected, ...] = ()
    why: str = ""
    remark: str = ""

    @property
    def needs_file(self) -> bool:
        """Whether it is about data that a user has to give."""
        return any(hasattr(arm.task, "file") for arm in self.arms)

    def reading(self, file: Path) -> "Experiment":
        """The same with the user's data.

        Raises:
            InputError: The file cannot be read.
        """
        arms = tuple(replace(arm, task=arm.task.of(file)) for arm in self.arms)  # type: ignore
        return replace(self, arms=arms, any_cell=arms[:1] if self.any_cell else ())

    def nets(self, quick: bool) -> tuple[Arm, ...]:
        return self.arms if quick or not self.full_arms else self.full_arms

    def protocol(self, arm: Arm, quick: bool) -> Protocol:
        return replace(self.quick if quick else self.full, **arm.changes)

    def computation(self) -> Callable[[int], Result]:
        """The function that `compute` names."""
        module, _, function = self.compute.partition(":")
        return getattr(importlib.import_module(f".{module}", __package__), function)

    def seeds(self, quick: bool) -> int:
        """How many seeds it runs by itself: a computation, which has no luck, one."""
        return 1 if self.compute else (self.quick if quick else self.full).seeds


def fingerprint(*parts: Any) -> str:
    """What tells two definitions apart: a short hash of all that they say."""
    return hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()[:16]
