"""Runs and scores that tests of training share."""

import pytest
from run_checks import DROPPED

from pipelines.data.reader import read
from pipelines.training import trainer
from pipelines.training.trainer import train


@pytest.fixture
def dev_scores(monkeypatch):
    """Makes the dev score of each epoch what is asked for; gives the weights at each."""
    seen = []

    def be(*wanted):
        def tagged(model, words, sentences):
            seen.append(model.get_weights())
            share = wanted[len(seen) - 1]
            gold = [s.tags for s in read(load_tiny.dev).sentences]
            return gold[: int(share * len(gold))] + [
                ["O"] * len(tags) for tags in gold[int(share * len(gold)) :]
            ]

        monkeypatch.setattr(trainer, "predict", tagged)
        return seen

    def load_tiny(experiment):
        load_tiny.dev = experiment.data.dev
        return be

    return load_tiny


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, tiny):
    """A run of three epochs that nothing disturbed."""
    run = tmp_path_factory.mktemp("uninterrupted") / "run"
    train(tiny(**{"training.epochs": 3, **DROPPED}), run)
    return run
