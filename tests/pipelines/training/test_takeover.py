"""A run that goes on from the same run with fewer epochs ends as it would have from the start."""

import json

import numpy as np
import pytest

from pipelines.tagger.model import load as load_model
from pipelines.training import runs, takeover
from pipelines.training.trainer import Watcher, train

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
    np.savez(run / runs.CHECKPOINT, weights=np.arange(9.0))
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
    assert (run / runs.CHECKPOINT).read_bytes() == (short / runs.CHECKPOINT).read_bytes()
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


@pytest.mark.parametrize(
    "damage", ["cut", "changed", "empty", "packing", "encrypted", "extra", "none"]
)
def test_a_damaged_checkpoint_is_not_taken(damage, short, tmp_path, tiny):
    experiment = tiny(**{"training.epochs": 6})
    run = begin(tmp_path / "long", experiment)
    whole = (short / runs.CHECKPOINT).read_bytes()
    middle = len(whole) // 2
    entry = whole.index(b"PK\x01\x02")  # of the directory, which says how a member is packed

    def flipped(place, bit):
        return whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :]

    of = {"cut": whole[:-9], "empty": b"", "none": whole,
          "packing": flipped(entry + 10, 64), "encrypted": flipped(entry + 8, 1),
          "extra": flipped(29, 4),
          "changed": flipped(middle, 1)}  # fmt: skip
    (short / runs.CHECKPOINT).write_bytes(of[damage])
    assert takeover.take_over(short, run, experiment, ORIGIN) == (damage == "none")
    assert (run / runs.CHECKPOINT).exists() == (damage == "none")


@pytest.mark.parametrize("content", [b"", b'{"data": ', b"\xff", None])
def test_of_a_run_whose_origin_is_damaged_nothing_is_taken(content, short, tmp_path, tiny):
    experiment = tiny(**{"training.epochs": 6})
    run = begin(tmp_path / "long", experiment)
    if content is None:
        (short / runs.ORIGIN).unlink()
    else:
        (short / runs.ORIGIN).write_bytes(content)
    assert not takeover.take_over(short, run, experiment, ORIGIN)
