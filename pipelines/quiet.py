"""What is not said: by libraries on import, and by commands that are asked to be quiet."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar

Thing = TypeVar("Thing")

_quiet = False


def be_quiet(wanted: bool) -> bool:
    """From now on commands show no progress and print no notes, or do so again; what was wanted."""
    global _quiet
    _quiet = wanted
    return wanted


def is_quiet() -> bool:
    """Whether progress and notes are not wanted."""
    return _quiet


def shows_progress() -> bool:
    """Whether somebody sees it, and wants to."""
    return not _quiet and sys.stderr.isatty()


def followed(things: Sequence[Thing], doing: str) -> Iterable[Thing]:
    """The things, with a bar in the terminal that says how far they are."""
    from rich.console import Console
    from rich.progress import track

    console, hidden = Console(stderr=True), not shows_progress()
    return track(things, doing, console=console, transient=True, disable=hidden)


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
