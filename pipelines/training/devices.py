"""What training runs on: one device, or several that share each batch."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import tensorflow as tf

from ..config.schema import Training
from ..errors import InputError


@contextmanager
def training_on(training: Training) -> Iterator[None]:
    """A model that is made in here is trained on these devices, in this precision.

    Raises:
        InputError: There are fewer devices.
    """
    policy = keras.config.dtype_policy()
    with strategy(training.devices).scope():
        keras.config.set_dtype_policy(training.precision)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(policy)


def strategy(devices: int) -> tf.distribute.Strategy:
    if devices == 1:
        return tf.distribute.get_strategy()
    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    found = tf.config.list_logical_devices(kind)
    if len(found) < devices:
        raise InputError(f"training.devices: {devices} are wanted; {len(found)} {kind} found")
    # The default gathers rows of tables in collectives that may mix up two steps: not so these.
    sums = tf.distribute.NcclAllReduce if kind == "GPU" else tf.distribute.ReductionToOneDevice
    return tf.distribute.MirroredStrategy([device.name for device in found[:devices]], sums())
