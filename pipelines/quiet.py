"""Importing TensorFlow without what its libraries say."""

import os
import sys


def import_tensorflow() -> None:
    """Imports TensorFlow, and looks for GPUs, with the chatter of its libraries held back."""
    sys.stderr.flush()
    kept = os.dup(2)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    try:
        import absl.logging
        import tensorflow as tf

        if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
            tf.config.set_visible_devices([], "GPU")  # it reads the data, the model is another's
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)  # others may want some, too
        absl.logging.set_verbosity(absl.logging.ERROR)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)
