"""Training on several devices, and on some that are not there."""

import subprocess
import sys

import numpy as np
import pytest
from run_checks import weights

from cases import of_tensorflow
from pipelines.errors import InputError
from pipelines.training.trainer import train


@pytest.mark.ci
def test_devices_that_are_not_there_are_refused(tmp_path, tiny):
    message = (
        r"training\.devices: 99 (are wanted; \d+ .PU found|devices .* TensorFlow backend only)"
    )
    with pytest.raises(InputError, match=message):
        train(tiny(**{"training.devices": 99}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


ON_TWO_DEVICES = """
import sys
import tensorflow as tf
[cpu] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from pathlib import Path
from pipelines.config.loading import load
from pipelines.training.trainer import Watcher, train

class Killed(Watcher):
    def epoch(self, epoch):
        if epoch.row["epoch"] == 1:
            raise KeyboardInterrupt

folder = Path(sys.argv[2])
one, two = (load(sys.argv[1], [*sys.argv[3:], f"training.devices={n}"]) for n in (1, 2))
train(one, folder / "one")
train(two, folder / "two")
try:
    train(two, folder / "killed", Killed())
except KeyboardInterrupt:
    train(two, folder / "killed")
"""


DIVERGING_ON_TWO_DEVICES = (
    ON_TWO_DEVICES.partition("class Killed")[0]
    + """
train(load(sys.argv[1], [*sys.argv[3:], "training.devices=2"]), Path(sys.argv[2]))
"""
)


@of_tensorflow
@pytest.mark.nightly
def test_on_two_devices_too_the_batch_that_is_not_finite_is_named(tmp_path, tiny_toml):
    changes = ["training.learning_rate=1e38", "model.characters=none", "model.decoder=crf"]
    command = [sys.executable, "-c", DIVERGING_ON_TWO_DEVICES, tiny_toml, tmp_path / "run"]
    done = subprocess.run([*map(str, command), *changes], capture_output=True, text=True)
    assert done.returncode == 1
    assert "TrainingFailed" in done.stderr and "epoch 1, batch 2 of 6: " in done.stderr


@pytest.mark.nightly
@pytest.mark.parametrize("decoder", [pytest.param("softmax", marks=pytest.mark.nightly), "crf"])
def test_two_devices_end_with_the_weights_of_one_even_after_a_kill(decoder, tmp_path, tiny_toml):
    # Odd batches, which two devices cannot share equally, and gradients that have to be clipped.
    changes = ["training.epochs=2", "training.batch_size=5", "training.clip_norm=0.05",
               "model.dropout=0.0", "model.unknown=0.0", "model.units=4",
              "training.average=0.9", "training.learning_rate=0.01", "model.characters=none",
              f"model.decoder={decoder}"]  # fmt: skip
    command = [sys.executable, "-c", ON_TWO_DEVICES, str(tiny_toml), str(tmp_path), *changes]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for other in ("two", "killed"):
        for found, expected in zip(
            weights(tmp_path / other), weights(tmp_path / "one"), strict=True
        ):
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
