"""What tests of training share: quick settings, and what they read in run folders."""

import json

import numpy as np

from pipelines.tagger.model import load as load_model
from pipelines.training import runs
from pipelines.training.trainer import COLUMNS, Watcher

FILES = {"config.json", "vocabulary.json", "origin.json", "history.tsv", "model.keras",
         "scores.json"}  # fmt: skip


# With dropout, a schedule and an average, so that their states have to be restored, too.
DROPPED = {
    "model.cell": "simple_rnn",
    "model.units": 4,
    "model.dropout": 0.3,
    "model.recurrent_dropout": 0.2,
    "model.characters": "none",
    "training.average": 0.9,
    "training.schedule": "inverse",
}


# Everything that leaves a state behind between steps: accumulated gradients, the scale of the loss.
EVERYTHING = {
    **DROPPED,
    "training.precision": "mixed_float16",
    "training.gradient_accumulation_steps": 4,
    "training.steps_per_execution": 3,
}


class Killed(BaseException):
    """As rude as a signal: nobody catches it."""


class Resumed(Watcher):
    """Remembers with which epoch training began."""

    def begin(self, experiment, measure, batches, first_epoch):
        self.first_epoch = first_epoch


def history(run):
    lines = [line.split("\t") for line in (run / runs.HISTORY).read_text().splitlines()]
    assert tuple(lines[0]) == COLUMNS
    return [dict(zip(COLUMNS, map(float, line), strict=True)) for line in lines[1:]]


def weights(run):
    return load_model(run / runs.MODEL).get_weights()


def written(run):
    return json.loads((run / runs.SCORES).read_text())


def assert_same(run, other):
    """Two runs had the same epochs and ended with the same weights."""
    for column in ("epoch", "loss", "dev"):
        np.testing.assert_allclose(
            [row[column] for row in history(run)], [row[column] for row in history(other)],
            rtol=0, atol=1e-5,
        )  # fmt: skip
    for one, another in zip(weights(run), weights(other), strict=True):
        np.testing.assert_allclose(one, another, rtol=0, atol=1e-5)
    assert [written(run)[key] for key in ("dev", "best_epoch", "epochs")] == [
        written(other)[key] for key in ("dev", "best_epoch", "epochs")
    ]
