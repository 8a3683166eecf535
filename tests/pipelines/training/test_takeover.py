"""A run that goes on from the same run with fewer epochs ends as it would have from the start."""

import json
import random

import keras
import numpy as np
import pytest

from pipelines.errors import InputError
from pipelines.tagger.model import load as load_model
from pipelines.training import program, runs, takeover
from pipelines.training.trainer import Watcher, prepare_training, train

# Everything that has a state between epochs: dropout, an average, a schedule that reads the past.
STATES = {"model.cell": "simple_rnn", "model.units": 4, "model.characters": "none",
          "model.dropout": 0.3, "model.recurrent_dropout": 0.2, "training.average": 0.9,
          "training.schedule": "plateau", "training.plateau": 1}  # fmt: skip
ORIGIN = {"data": {"train": {"sha256": "a"}}, "backend": "tensorflow", "packages": {"keras": "3"},
          "machine": {"cores": 2}}  # fmt: skip


class Begun(Watcher):
    first_epoch = None

    def begin(self, experiment, measure, batches, first_epoch):
        self.first_epoch = first_epoch


def rows(run):
    lines = [line.split("\t") for line in (run / runs.HISTORY).read_text().splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


@pytest.mark.ci
@pytest.mark.parametrize("schedule", ["plateau", pytest.param("linear", marks=pytest.mark.nightly)])
def test_it_ends_as_if_it_had_been_trained_from_the_start(schedule, tmp_path, tiny):
    def of(epochs):
        return tiny(**{**STATES, "training.epochs": epochs, "training.schedule": schedule})

    train(of(2), tmp_path / "short", keep=True)
    begun = Begun()
    went_on = train(of(4), tmp_path / "long", begun, shorter=tmp_path / "short")
    whole = train(of(4), tmp_path / "whole")
    # With a rate that falls to 0 over all epochs, the first two would not have been these.
    assert begun.first_epoch == (1 if schedule == "linear" else 3)
    for key in ("dev", "best_epoch", "epochs"):
        assert went_on[key] == whole[key]
    # To rounding: sums over threads come in any order.
    for column in ("epoch", "loss", "dev", "accuracy"):
        one, other = ([float(row[column]) for row in rows(tmp_path / n)] for n in ("long", "whole"))
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)
    models = [load_model(tmp_path / name / runs.MODEL).get_weights() for name in ("long", "whole")]
    for one, other in zip(*models, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)
    assert (tmp_path / "short" / runs.CHECKPOINT).exists()
    assert not (tmp_path / "long" / runs.CHECKPOINT).exists()
    assert (tmp_path / "long" / takeover.NOTE).exists() == (schedule != "linear")


@pytest.fixture
def short(tmp_path, tiny):
    """A run of 2 epochs that was kept, as files only."""
    run = tmp_path / "short"
    runs.start(run, tiny(**{"training.epochs": 2}), ORIGIN)
    (run / runs.HISTORY).write_text("epoch\tdev\n1\t0.5\n2\t0.25\n")
    (run / runs.CHECKPOINT).write_bytes(b"weights")
    scores = {"measure": "f1", "dev": 0.5, "best_epoch": 1, "epochs": 2, "parameters": 9,
              "seconds_per_epoch": 1.0, "tokens_per_second": 1.0}  # fmt: skip
    runs.write_json(run / runs.SCORES, scores)
    return run


def begin(run, experiment):
    runs.start(run, experiment, ORIGIN)
    return run


def test_it_has_the_checkpoint_and_says_whose(short, tmp_path, tiny):
    experiment = tiny(**{"training.epochs": 6})
    run = begin(tmp_path / "long", experiment)
    # Other machines may go on.
    origin = {**ORIGIN, "machine": {"cores": 8}}
    assert takeover.take_over(short, run, experiment, origin)
    assert (run / runs.CHECKPOINT).read_bytes() == b"weights"
    assert (run / runs.HISTORY).read_text() == (short / runs.HISTORY).read_text()
    assert json.loads((run / takeover.NOTE).read_text()) == {"run": "short", "epochs": 2}


def test_what_it_has_itself_is_kept(short, tmp_path, tiny):
    experiment = tiny(**{"training.epochs": 6})
    run = begin(tmp_path / "long", experiment)
    (run / runs.CHECKPOINT).write_bytes(b"its own")
    assert not takeover.take_over(short, run, experiment, ORIGIN)
    assert (run / runs.CHECKPOINT).read_bytes() == b"its own"


@pytest.mark.parametrize(
    ("before", "now"),
    [({}, {"training.epochs": 1}), ({}, {"training.seed": 2}), ({}, {"model.units": 4}),
     *[(changes, changes) for changes in (
         {"training.schedule": "linear"}, {"training.schedule": "cosine"},
         {"training.tensorboard": True})]],
    ids=str,
)  # fmt: skip
def test_of_a_run_that_would_not_have_begun_so_nothing_is_taken(before, now, short, tmp_path, tiny):
    like = tiny(**{"training.epochs": 2, **before})
    runs.write_json(short / "config.json", like.model_dump())
    experiment = tiny(**{"training.epochs": 6, **now})
    run = begin(tmp_path / "long", experiment)
    runs.write_json(run / takeover.NOTE, {"run": "short", "epochs": 2})  # a kill came after it
    assert not takeover.take_over(short, run, experiment, ORIGIN)
    assert not (run / runs.CHECKPOINT).exists() and not (run / takeover.NOTE).exists()


@pytest.mark.parametrize("missing", [runs.CHECKPOINT, runs.SCORES, runs.HISTORY])
def test_of_a_run_that_has_not_ended_or_was_not_kept_nothing_is_taken(
    missing, short, tmp_path, tiny
):
    (short / missing).unlink()
    experiment = tiny(**{"training.epochs": 6})
    run = begin(tmp_path / "long", experiment)
    assert not takeover.take_over(short, run, experiment, ORIGIN)
    assert not (run / runs.CHECKPOINT).exists()


@pytest.mark.parametrize("key", ["data", "packages", "backend"])
def test_of_a_run_on_other_data_or_versions_nothing_is_taken(key, short, tmp_path, tiny):
    experiment = tiny(**{"training.epochs": 6})
    run = begin(tmp_path / "long", experiment)
    assert not takeover.take_over(short, run, experiment, {**ORIGIN, key: "another"})


@pytest.mark.nightly
def test_a_checkpoint_that_is_damaged_is_named(tmp_path, tiny):
    of = {**STATES, "training.epochs": 1}
    train(tiny(**of), tmp_path / "short", keep=True)
    (tmp_path / "short" / runs.CHECKPOINT).write_bytes(b"weights")
    with pytest.raises(InputError, match=r"long/checkpoint\.npz: cannot be resumed from"):
        train(tiny(**{**of, "training.epochs": 2}), tmp_path / "long", shorter=tmp_path / "short")


@pytest.mark.ci
def test_weights_are_drawn_before_data_are_prepared_which_may_draw_numbers(tiny, monkeypatch):
    experiment = tiny(**{**STATES, "model.cell": "gru"})
    prepared = prepare_training(experiment)

    def weights():
        keras.utils.set_random_seed(1)
        made = program.program(
            prepared.sentences["train"], prepared.words, prepared.rows, experiment
        )
        return made.model.get_weights()

    before, encoded = weights(), program.encoded

    def drawing(*arguments):
        random.random()
        np.random.random()
        return encoded(*arguments)

    monkeypatch.setattr(program, "encoded", drawing)
    for one, other in zip(before, weights(), strict=True):
        np.testing.assert_array_equal(one, other)
