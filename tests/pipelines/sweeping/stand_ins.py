"""What tests of searches share: training in no time, and what a sweep's folder has to say."""

import csv
import hashlib
import json
from types import SimpleNamespace

import numpy as np

from pipelines.config.loading import vary
from pipelines.sweeping.search import LEADERBOARD, TRIALS
from pipelines.training import runs, takeover

RATES = '"training.learning_rate" = { min = 1e-3, max = 1e-1, sampling = "log" }'
UNITS = '"model.units" = [1, 2, 3]'
GRID = '"model.cell" = ["simple_rnn", "gru"]\n"training.seed" = [1, 2]'


class Killed(BaseException):
    """As rude as a signal: nobody catches it."""


class StandIn:
    """Training in no time: scores that follow from the experiment; killed when told to be.

    Attributes:
        trained: The names of the runs that were trained to their ends.
        epochs: How many epochs were trained.
        until_killed: How many runs begin before the one that is killed; None for no kill.
    """

    def __init__(self):
        self.trained, self.epochs, self.until_killed = [], 0, None

    def train(
        self, experiment, run, watcher=None, callbacks=(), shorter=None, keep=False, wait=0.0
    ):
        origin = {"data": {}, "backend": "tensorflow"}
        runs.start(run, experiment, origin)
        if self.until_killed == 0:
            raise Killed
        self.until_killed = None if self.until_killed is None else self.until_killed - 1
        if shorter is not None:
            takeover.take_over(shorter, run, experiment, origin)
        curve = self._epochs(experiment, run, callbacks)
        self.trained = [*self.trained, run.name]
        scores = {"measure": "f1", "dev": max(curve), "best_epoch": 1, "epochs": len(curve),
                  "parameters": 9, "seconds_per_epoch": 1.0, "tokens_per_second": 1.0}  # fmt: skip
        runs.write_json(run / runs.SCORES, scores)
        if not keep:
            (run / runs.CHECKPOINT).unlink()
        return scores

    def _epochs(self, experiment, run, callbacks):
        model, whole = SimpleNamespace(stop_training=False), scores_of(experiment)
        curve, path = [], run / runs.CHECKPOINT
        if path.exists():
            with np.load(path) as saved:
                curve = saved["curve"].tolist()
        for called in callbacks:
            called.set_params({"epochs": len(whole)})
            called.set_model(model)
        for epoch in range(len(curve), len(whole)):
            for called in callbacks:
                called.on_epoch_begin(epoch)
                called.on_epoch_end(epoch, {"loss": 1.0, "val_f1": whole[epoch]})
            curve.append(whole[epoch])
            self.epochs += 1
            np.savez(path, curve=curve)
            rows = [f"{number}\t{dev:.6g}\n" for number, dev in enumerate(curve, 1)]
            (run / runs.HISTORY).write_text("epoch\tdev\n" + "".join(rows))
            if model.stop_training:
                break
        return curve


def scores_of(experiment):
    """The scores of the epochs, whose first are the same however many there are."""
    values = experiment.model_dump(exclude={"data"})  # whose folder is another one in each clone
    epochs = values["training"].pop("epochs")
    text = json.dumps(values)
    return [
        int(hashlib.sha256(f"{text} {epoch}".encode()).hexdigest()[:6], 16) / 16**6
        for epoch in range(epochs)
    ]


def table(folder):
    with open(folder / LEADERBOARD, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def trials_of(result):
    """All trials that did not fail, by name."""
    return {trial.name: trial for setting in result.settings for trial in setting.trials}


def assert_honest(config, folder, result):
    """Each trial is a finished run of just the values it is listed with, and listed once."""
    trials = [trial for setting in result.settings for trial in setting.trials]
    assert len({trial.name for trial in trials}) == len(trials)
    assert {trial.name for trial in trials} == {
        run.name for run in (folder / TRIALS).iterdir() if runs.is_finished(run)
    }
    for trial in trials:
        run = folder / TRIALS / trial.name
        assert runs.finished(run) == vary(config.base, trial.values)
        assert json.loads((run / runs.SCORES).read_text()) == trial.scores
