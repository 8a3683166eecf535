"""`bench pipeline`: a pipeline is timed as training and tagging run it."""

import json
import time

import numpy as np
import pytest
import tensorflow as tf

from pipelines.bench import (
    machine,
    pipeline_speed,
)
from pipelines.data.reader import read
from pipelines.encoding.batching import PADDING, ordered
from pipelines.training.program import Program

CPUS = str(machine.cpus())  # with all of them, nothing in the tests' process has to change


@pytest.mark.nightly
def test_the_pipeline_is_timed_and_its_padding_counted(cli, tiny, tiny_toml, tmp_path):
    file = tmp_path / "out.json"
    outcome = cli(
        "bench", "pipeline", tiny_toml, "--epochs", 2, "--threads", CPUS, "--json", file,
        "--set", "training.batch_size=1",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "waiting for data" in outcome.out
    found = json.loads(file.read_text())
    data = tiny().data
    for path, kind in ((data.train, "training"), (data.dev, "tagging")):
        lengths = [len(sentence.tokens) for sentence in read(path).sentences]
        numbers = found["results"][kind]
        assert (numbers["sentences"], numbers["tokens"]) == (len(lengths), sum(lengths))
        assert len(numbers["seconds"]) == 2
        speed = sum(lengths) / np.median(numbers["seconds"])
        assert numbers["tokens_per_second"] == pytest.approx(speed)
        assert 0 <= numbers["waiting"] <= 1
        # Lengths differ from batch to batch, but no length has a function of its own.
        assert 1 <= numbers["traces"] <= 3
        # Training takes one sentence at a time here, of few lengths; tagging all of them at once.
        few = sum(batch.steps for batch in ordered(lengths, 1, padding=PADDING))
        padded = {"training": few, "tagging": max(lengths) * len(lengths)}[kind]
        assert numbers["padding"] == pytest.approx(1 - sum(lengths) / padded)
    assert found["memory"]["peak"] >= found["memory"]["before"] > 0


@pytest.mark.nightly
def test_a_slow_reader_is_waited_for(tiny, monkeypatch):
    def slow(made, seed):
        def delayed(*batch):
            wait = tf.py_function(lambda: time.sleep(0.05), [], [])
            with tf.control_dependencies([wait]):
                return tf.nest.map_structure(tf.identity, batch)

        return quick(made, seed).map(delayed)

    quick = Program.batches
    shares = []
    for reader in (quick, slow):
        monkeypatch.setattr(Program, "batches", reader)
        found = pipeline_speed.measure(tiny(), epochs=1)["results"]["training"]
        shares.append(found["waiting"])
    assert shares[0] < 0.5 < shares[1]
