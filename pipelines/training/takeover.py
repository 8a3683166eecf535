"""A run goes on from the end of the same run with fewer epochs, as if it had been interrupted."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

from ..config.schema import Experiment, Training
from . import runs

NOTE = "taken-over.json"  # in the longer run's folder: from which run, and how many epochs
OF_ALL_EPOCHS = ("linear", "cosine")  # schedules whose every rate depends on how many there are


def begins_alike(training: Training) -> bool:
    """Whether the first epochs are the same, however many there will be."""
    return training.schedule not in OF_ALL_EPOCHS


def take_over(shorter: Path, run: Path, experiment: Experiment, origin: dict[str, Any]) -> bool:
    """Gives a run without a checkpoint that of the same run with fewer epochs, if it has one.

    What the longer run ends with is what it would have ended with from the start: its own first
    epochs would be these. Where that is not so, or the file is damaged, nothing is taken over, and
    the run is trained from its first epoch.

    Args:
        shorter: The run with fewer epochs, finished, that was trained with `keep`.
        run: The longer run's folder, which has begun; its lock is held.
        experiment: That of the longer run.
        origin: Where the longer run comes from.

    Returns:
        Whether it was.
    """
    if (run / runs.CHECKPOINT).exists():
        return False
    if not _is_its_beginning(shorter, experiment, origin):
        (run / NOTE).unlink(missing_ok=True)  # a kill has come before the checkpoint
        return False
    epochs = runs.scores(shorter)["epochs"]
    runs.write_json(run / NOTE, {"run": shorter.name, "epochs": epochs})
    for name in (runs.HISTORY, runs.CHECKPOINT):  # the checkpoint last: it is what counts
        with runs.replacing(run / name) as part:
            shutil.copyfile(shorter / name, part)
    return True


def _is_its_beginning(shorter: Path, experiment: Experiment, origin: dict[str, Any]) -> bool:
    if not begins_alike(experiment.training) or experiment.training.tensorboard:
        return False  # or logs would lack the first epochs
    if not all((shorter / n).exists() for n in (runs.HISTORY, runs.SCORES)):
        return False
    if not _is_whole(shorter / runs.CHECKPOINT):
        return False
    before, now = runs.config(shorter), experiment.model_dump()
    if before is None or before["training"].pop("epochs") >= now["training"].pop("epochs"):
        return False
    try:
        own = runs.origin_of(shorter)
    except (OSError, ValueError):  # damaged
        return False
    # What trains may be another machine: as in a run that is resumed on one.
    came = [{**json.loads(json.dumps(o)), "machine": None} for o in (own, origin)]
    return before == now and came[0] == came[1]


def _is_whole(checkpoint: Path) -> bool:
    try:
        with zipfile.ZipFile(checkpoint) as arrays:
            return arrays.testzip() is None
    except runs.DAMAGED:
        return False
