"""What a run writes for TensorBoard: Keras' own logs, and its hyperparameters beside them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..config.schema import Experiment

SECTIONS = ("data", "vectors", "model", "training")


def callbacks(folder: Path, experiment: Experiment) -> list[Any]:
    """What writes the logs of a run; TensorBoard has to be there.

    Args:
        folder: Where the logs are written to.
        experiment: Whose keys are the hyperparameters.
    """
    import keras
    from tensorboard.plugins.hparams import api

    return [
        keras.callbacks.TensorBoard(folder),
        api.KerasCallback(str(folder / "hparams"), hyperparameters(experiment)),
    ]


def hyperparameters(experiment: Experiment) -> dict[str, Any]:
    """The keys of an experiment with values that TensorBoard can show, by their dotted names."""
    values = experiment.model_dump(include=set(SECTIONS))
    return {
        f"{section}.{key}": shown
        for section in SECTIONS
        for key, value in values[section].items()
        if key != "tensorboard" and (shown := plain(value)) is not None
    }


def plain(value: Any) -> bool | int | float | str | None:
    """A value as TensorBoard has it: lists as text; None for what has no value."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={item}" for key, item in value.items()) or None
    return ", ".join(map(str, value)) or None
