"""A sweep for TensorBoard: the curves of its trials, and their hyperparameters beside the scores.

They are written from the folder of the sweep, by TensorBoard's own writers, and change no trial.
"""

from importlib.util import find_spec
from pathlib import Path

from ..config.sweep_schema import Range, Sweep
from ..errors import InputError
from ..training.tensorboard import plain
from . import results
from .ranking import test_score
from .results import REPEATED, Trial

LOGS = "tensorboard"
CURVES = ("loss", "dev", "accuracy")  # of the history


def check() -> None:
    """Raises InputError if TensorBoard is not installed."""
    if find_spec("tensorboard") is None:
        raise InputError("--tensorboard: TensorBoard is missing: pip install tensorboard")


def write(folder: Path) -> Path:
    """Writes the logs of all finished trials that have none yet.

    Returns:
        The folder to give to `tensorboard --logdir`.

    Raises:
        InputError: TensorBoard is not installed, or the folder is none of a sweep.
    """
    check()
    config, logs = results.load(folder), folder / LOGS
    if not logs.exists():
        _write_space(config, logs)
    for trial in results.read(folder):
        target = logs / f"{trial.phase}-{trial.name}"
        if trial.status == "finished" and not target.exists():
            part = target.with_name(f".{target.name}.part")
            _write_trial(trial, part)
            part.rename(target)
    return logs


def _write_space(config: Sweep, logs: Path) -> None:
    """The keys with their values, and the scores that they are held against."""
    import tensorflow as tf
    from tensorboard.plugins.hparams import api

    keys = [api.HParam(key, _domain(choices)) for key, choices in config.space.items()]
    metrics = [api.Metric("dev", display_name="dev")]
    if config.sweep.finals is not None and config.sweep.finals.test:
        metrics.append(api.Metric("test", display_name="test"))
    with tf.summary.create_file_writer(str(logs)).as_default():
        api.hparams_config(hparams=keys, metrics=metrics)


def _domain(choices: object) -> object:
    from tensorboard.plugins.hparams import api

    if isinstance(choices, Range):
        whole = isinstance(choices.min, int) and isinstance(choices.max, int)
        interval = api.IntInterval if whole else api.RealInterval
        kind = int if whole else float
        return interval(kind(choices.min), kind(choices.max))
    assert isinstance(choices, list)
    values = [plain(choice) for choice in choices]
    # TensorBoard wants values of one type.
    alike = len({type(value) for value in values}) == 1 and None not in values
    return api.Discrete(values if alike else [str(value) for value in values])


def _write_trial(trial: Trial, target: Path) -> None:
    import tensorflow as tf
    from tensorboard.plugins.hparams import api

    values = {key: plain(value) for key, value in trial.values.items() if key not in REPEATED}
    known = {key: value for key, value in values.items() if value is not None}
    with tf.summary.create_file_writer(str(target)).as_default():
        name = f"{trial.phase}-{trial.name}"
        api.hparams({**known, "phase": trial.phase, "seed": trial.seed or 0}, trial_id=name)
        for row in trial.history:
            for curve in CURVES:
                tf.summary.scalar(f"epoch_{curve}", row[curve], step=int(row["epoch"]))
        step = int((trial.scores or {}).get("best_epoch", 0))
        tf.summary.scalar("dev", trial.dev, step=step)
        if (test := test_score(trial)) is not None:
            tf.summary.scalar("test", test, step=step)
