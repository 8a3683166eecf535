"""A run becomes a SavedModel that takes strings and needs none of our code."""

import shutil
from pathlib import Path

import keras

import keras_lstm_variants  # noqa: F401  registers the cells that a saved model names

from . import runs, vocabulary
from .errors import InputError
from .signatures import Signatures


def load(run: Path) -> Signatures:
    """The tagger of a finished run.

    Raises:
        InputError: The folder is no finished run.
    """
    runs.finished(run)
    words = vocabulary.load(run / runs.VOCABULARY)
    return Signatures(keras.models.load_model(run / runs.MODEL, compile=False), words)


def export(run: Path, directory: Path, version: int = 1) -> Path:
    """Writes the tagger of a run to `directory/version`, as TensorFlow Serving wants it.

    The folder appears whole or not at all.

    Raises:
        InputError: The run is not finished, the version exists, or the directory cannot be written.
    """
    target = directory / str(version)
    if target.exists():
        raise InputError(f"{target}: exists: give another directory, or another --version")
    signatures = load(run)
    part = directory / f".{version}.part"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(part, ignore_errors=True)
        archive = keras.export.ExportArchive()
        archive.track(signatures.model)
        archive.track(signatures.lookup)
        for name, (function, spec) in signatures.endpoints.items():
            archive.add_endpoint(name, function, input_signature=[spec])
        archive.write_out(str(part), verbose=False)
        part.rename(target)
    except OSError as error:
        raise InputError(f"{directory}: cannot be written: {error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target
