"""An experiment that starts from a finished run: what it takes over, and what must be the same."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import InputError
from .schema import Experiment, Model

CONFIG = "config.json"  # of a run folder: the resolved experiment, which `train` takes as well
# Of [data]: how the vocabulary is made, which a new source of sentences does not change.
OF_VOCABULARY = ("min_count", "lowercase")
# Of [model]: what the weights are of. The other keys may change between two runs.
ARCHITECTURE = (
    "cell",
    "units",
    "direction",
    "layers",
    "cells_per_block",
    "embedding",
    "characters",
    "character_embedding",
    "character_units",
    "character_window",
    "features",
    "feature_embedding",
    "skip",
    "cell_options",
    "decoder",
)
EMBEDDING = 100  # dimensions of the learned word embedding where there are no pretrained vectors

Place = Callable[[tuple[Any, ...]], str]


def resolved(run: Path) -> Experiment | None:
    """The experiment of a run; None if the folder is no run.

    What the run was written without, because no version knew it then, has its default.
    """
    try:
        return Experiment.model_validate(json.loads((run / CONFIG).read_text("utf-8")))
    except (OSError, ValueError):
        return None


def completed(values: dict[str, Any], place: Place) -> dict[str, Any]:
    """The values of an experiment with those of the run that it starts from, where it has none.

    A source of sentences is replaced as a whole: the dev set of other training sentences would be
    none.

    Raises:
        InputError: There is no such run.
    """
    section = values.get("start")
    run = section.get("run") if isinstance(section, dict) else None
    if not isinstance(run, str):
        return values
    theirs = _experiment(run, place).model_dump(exclude={"start"})
    data = values.get("data")
    if isinstance(data, dict) and not data.keys() <= set(OF_VOCABULARY):
        theirs["data"] = {key: theirs["data"][key] for key in OF_VOCABULARY}
    for name, defaults in theirs.items():
        own = values.get(name, {})
        values = {**values, name: {**defaults, **own} if isinstance(own, dict) else own}
    return values


def check(experiment: Experiment, place: Place) -> None:
    """Checks that the weights of the run that an experiment starts from are of the same tagger.

    Raises:
        InputError: There is no such run, or a key has to be as it is there; or the sentences to be
            held out are among those that the run was trained on.
    """
    run = experiment.start.run
    if run is None:
        return
    theirs = _experiment(run, place)

    def refuse(section: str, key: str, why: str = "") -> None:
        own, other = (getattr(getattr(e, section), key) for e in (experiment, theirs))
        raise InputError(
            f"{place((section, key))}: {section}.{key}: {run} has {other!r}, not {own!r}: "
            + (why or "leave the key out, or train without start.run")
        )

    own, other = experiment.vectors.files, theirs.vectors.files
    if len(own) != len(other):
        refuse("vectors", "files")
    if own != other and experiment.start.vocabulary == "frozen":
        refuse("vectors", "files", "a frozen vocabulary keeps its vectors: leave the key out")
    for key in ARCHITECTURE:
        if _effective(experiment, key) != _effective(theirs, key):
            refuse("model", key)
    if experiment.data.lowercase != theirs.data.lowercase:
        refuse("data", "lowercase")
    if experiment.vectors.tuned != theirs.vectors.tuned:
        refuse("vectors", "tuned")
    if experiment.data.folds and experiment.data.train == theirs.data.train:
        for key in ("folds", "fold"):
            if getattr(experiment.data, key) != getattr(theirs.data, key):
                refuse("data", key, "it was trained on sentences of what would be the test set")


def width(model: Model, has_vectors: bool) -> int:
    """Dimensions of the learned word embedding."""
    if model.embedding is None:
        return 0 if has_vectors else EMBEDDING
    return model.embedding


def _effective(experiment: Experiment, key: str) -> Any:
    if key == "embedding":
        return width(experiment.model, bool(experiment.vectors.files))
    return getattr(experiment.model, key)


def _experiment(run: str, place: Place) -> Experiment:
    experiment = resolved(Path(run))
    if experiment is None:
        raise InputError(
            f"{place(('start', 'run'))}: start.run: {run}: not a run folder (it has no {CONFIG}); "
            "`lstm-variants train` makes one"
        )
    return experiment
