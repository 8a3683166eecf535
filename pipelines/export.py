"""A run becomes a SavedModel that takes strings, or a file that takes ids; none needs our code."""

import shutil
from pathlib import Path
from typing import Literal

import keras

import keras_lstm_variants

from . import runs, vocabulary
from .errors import InputError
from .signatures import Signatures

Format = Literal["saved_model", "onnx", "litert"]
README = """\
{name} takes "words", int32 ({batch}, steps), with at least one step: for each word of a sentence
the number of its line in vocabulary.txt{case}, counted from 0; 1 for a word that is not there; 0
after the end of a sentence.

It gives "tags", int32 ({batch}, steps), for each word the number of its tag's line in tags.txt,
counted from 0; and "scores", float32 ({batch}, steps), the probability of that tag. Of what comes
after the end of a sentence, the tag is -1 and the score 0.

The text files are UTF-8; a line ends with \\n and nothing else.
"""


def load(run: Path) -> Signatures:
    """The tagger of a finished run.

    Raises:
        InputError: The folder is no finished run.
    """
    config = runs.finished(run).model
    words = vocabulary.load(run / runs.VOCABULARY)
    model = keras.models.load_model(run / runs.MODEL, compile=False)
    return Signatures(model, words, config.constraints)


def export(
    run: Path,
    directory: Path,
    version: int = 1,
    format: Format = "saved_model",
    batch_size: int = 1,
) -> Path:
    """Writes the tagger of a run to `directory/version`, as TensorFlow Serving wants it.

    The folder appears whole or not at all. The formats without strings get word ids instead, and
    their folder the words and tags as files.

    Args:
        run: A finished run.
        directory: Where to write.
        version: The folder in it.
        format: The format.
        batch_size: How many sentences a "litert" model takes; others take any number.

    Raises:
        InputError: The run is not finished, the version exists, the directory cannot be written, or
            a package is missing.
    """
    target = directory / str(version)
    if target.exists():
        raise InputError(f"{target}: exists: give another directory, or another --version")
    signatures = load(run)
    part = directory / f".{version}.part"
    try:
        shutil.rmtree(part, ignore_errors=True)
        if format == "saved_model":
            _write_saved_model(signatures, part)
        else:
            _write_ids_model(signatures, part, format, batch_size)
        part.rename(target)
    except OSError as error:
        raise InputError(f"{directory}: cannot be written: {error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _write_saved_model(signatures: Signatures, part: Path) -> None:
    part.parent.mkdir(parents=True, exist_ok=True)
    archive = keras.export.ExportArchive()
    archive.track(signatures.decoder)
    archive.track(signatures.lookup)
    for name, (function, spec) in signatures.endpoints.items():
        archive.add_endpoint(name, function, input_signature=[spec])
    archive.write_out(str(part), verbose=False)


def _write_ids_model(
    signatures: Signatures, part: Path, format: Literal["onnx", "litert"], batch_size: int
) -> None:
    name = {"onnx": "tagger.onnx", "litert": "tagger.tflite"}[format]
    fixed = batch_size if format == "litert" else None
    try:
        keras_lstm_variants.export(signatures.decoder, part / name, format, fixed)
    except ValueError as error:
        raise InputError(str(error)) from None
    words, tags, _, lowercase = signatures.vocabulary
    text = {
        # Padding is the empty string, here as everywhere.
        "vocabulary.txt": "".join(f"{word}\n" for word in ("", "<unknown>", *words)),
        "tags.txt": "".join(f"{tag}\n" for tag in tags),
        "README.txt": README.format(
            name=name,
            batch="batch" if fixed is None else fixed,
            case=" in lower case" if lowercase else "",
        ),
    }
    for name, content in text.items():
        (part / name).write_text(content, "utf-8", newline="\n")
