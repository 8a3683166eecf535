"""What is not said: by libraries on import, and by commands that are asked to be quiet."""

import os
import sys

_quiet = False


def be_quiet(wanted: bool) -> bool:
    """From now on commands show no progress and print no notes, or do so again; what was wanted."""
    global _quiet
    _quiet = wanted
    return wanted


def is_quiet() -> bool:
    return _quiet


def shows_progress() -> bool:
    """Whether somebody sees it, and wants to."""
    return not _quiet and sys.stderr.isatty()


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
