"""What training runs on: one device, or several that share each batch."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import tensorflow as tf

from ..config.schema import Training
from ..errors import InputError

CLUSTERS = {
    "TF_CONFIG": "a run is trained by one process: set training.devices for several GPUs of a "
    "machine, or sweep --workers for several runs, N on this machine or ray on several",
    **dict.fromkeys(
        ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT"),
        "sweep --workers N runs trials side by side, and --workers ray on several machines",
    ),
}


def refuse_clusters() -> None:
    """Raises InputError if the environment asks for a cluster that nothing here would be part of.

    Otherwise every process of it would train the same run.
    """
    for name, instead in CLUSTERS.items():
        if os.environ.get(name):
            raise InputError(f"{name} is set and has no meaning here: unset it; {instead}")


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
    if keras.backend.backend() != "tensorflow":
        raise InputError(
            f"training.devices: {devices} devices train one tagger on the TensorFlow backend only, "
            f"not on {keras.backend.backend()}"
        )
    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    found = tf.config.list_logical_devices(kind)
    if len(found) < devices:
        raise InputError(f"training.devices: {devices} are wanted; {len(found)} {kind} found")
    # The default gathers rows of tables in collectives that may mix up two steps: not so these.
    sums = tf.distribute.NcclAllReduce if kind == "GPU" else tf.distribute.ReductionToOneDevice
    return tf.distribute.MirroredStrategy([device.name for device in found[:devices]], sums())


def compiles(training: Training, cudnn: bool) -> bool:
    """Whether XLA compiles the steps of training.

    Args:
        training: How a tagger is trained.
        cudnn: Whether cuDNN could run its loops, which XLA cannot compile.
    """
    if training.jit_compile != "auto":
        return training.jit_compile
    if keras.backend.backend() != "tensorflow":
        return True
    # CPUs have compiled loops already, and take longer to compile the rest than it saves.
    return training.devices == 1 and gpu() is not None and not cudnn


def where(training: Training) -> str:
    """What trains, in a few words: the device, the backend and the precision."""
    device = gpu() or "CPU"
    devices = f"{training.devices} x {device}" if training.devices > 1 else device
    return f"{devices}, {keras.backend.backend()}, {training.precision}"


def gpu() -> str | None:
    """The name of the GPU that Keras' backend uses, or None."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        device = jax.devices()[0]
        return None if device.platform == "cpu" else device.device_kind
    if backend == "torch":
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else None
    devices = tf.config.list_physical_devices("GPU")
    if not devices:
        return None
    return tf.config.experimental.get_device_details(devices[0]).get("device_name", "GPU")
