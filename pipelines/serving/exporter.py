"""A run becomes a SavedModel that takes strings, or a file that takes ids; none needs our code."""

import shutil
from pathlib import Path
from typing import Literal

import keras
import tensorflow as tf

import keras_lstm_variants
from keras_lstm_variants import portable

from ..encoding import vocabulary
from ..encoding.encoder import HEAD, TAIL
from ..encoding.vocabulary import Vocabulary
from ..errors import InputError
from ..tagger import model
from ..tagger.input_layers import CharacterRNN
from ..tagger.names import TOKENS
from ..tagger.signatures import Signatures
from ..text.features import CASINGS, SHAPES
from ..training import runs
from . import package, rebuilding, warm_up
from .manifest import Tensors

Format = Literal["saved_model", "onnx", "litert"]
README = """\
{name} takes the words of sentences as these numbers, int32, and at least one step:

{inputs}

In each of them 1 stands for what is not in its file, and 0 for what comes after the end of a
sentence{end}.

It gives "tags", int32 ({batch}, steps), for each word the number of its tag's line in tags.txt; and
"scores", float32 ({batch}, steps), the probability of that tag. Of what comes after the end of a
sentence, the tag is -1 and the score 0.

The text files are UTF-8; a line ends with \\n and nothing else. Lines are counted from 0.
"""
WORDS = """\
"words" ({batch}, steps): for each word the number of its line in vocabulary.txt{case}."""
VECTORS = """\
"vectors" ({batch}, steps): for each word the number of its line in vectors.txt; if it is not there,
that of the word in lower case."""
CHARACTERS = """\
"characters" ({batch}, steps, characters): for each character of each word the number of its line in
characters.txt, where it stands as its Unicode number in hexadecimal. Of a word of more than
{longest} characters, the first {head} and the last {tail}."""
CASING = """\
"casing" ({batch}, steps): for each word the number of the line in casing.txt of the first of these
whose regular expression fits the whole word, and signs if none does:
{rules}"""
SHAPE = """\
"shape" ({batch}, steps): for each word the number of the line in shape.txt of what these
replacements, one after the other, make of it:
{rules}"""


def load(run: Path) -> Signatures:
    """The tagger of a finished run.

    Raises:
        InputError: The folder is no finished run.
    """
    config = runs.finished(run).model
    words = vocabulary.load(run / runs.VOCABULARY)
    return Signatures(model.load(run / runs.MODEL), words, config.constraints)


def export(
    run: Path,
    directory: Path,
    version: int = 1,
    format: Format = "saved_model",
    batch_size: int = 1,
    license: str | None = None,
) -> Path:
    """Writes the tagger of a run to `directory/version`, as TensorFlow Serving wants it.

    The folder appears whole or not at all. The formats without strings get ids instead, and
    their folder what these stand for as files. Each gets a manifest, a model card and an example
    client; a SavedModel also what TensorFlow Serving warms up with and batches by.

    Args:
        run: A finished run.
        directory: Where to write.
        version: The folder in it.
        format: The format.
        batch_size: How many sentences a "litert" model takes; others take any number.
        license: Of the model, an SPDX identifier, for its card.

    Raises:
        InputError: The run is not finished, the version exists, the directory cannot be written, a
            package is missing, or the backend cannot export.
    """
    if not can_export():
        raise InputError(
            "exports are made on the TensorFlow backend, of runs of every backend: set "
            f"KERAS_BACKEND=tensorflow, which is {keras.backend.backend()} now"
        )
    target = directory / str(version)
    if target.exists():
        raise InputError(f"{target}: exists: give another directory, or another --version")
    signatures = load(run)
    part = directory / f".{version}.part"
    try:
        shutil.rmtree(part, ignore_errors=True)
        if format == "saved_model":
            found = _write_saved_model(signatures, part)
            warm_up.write(part, signatures.vocabulary.words)
        else:
            found = _write_ids_model(signatures, part, format, batch_size)
        package.complete(part, run, format, version, found, license)
        part.rename(target)
    except OSError as error:
        raise InputError(f"{directory}: cannot be written: {error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def can_export() -> bool:
    """Whether Keras' backend is one that `export` works on."""
    return bool(keras.backend.backend() == "tensorflow")


def _write_saved_model(signatures: Signatures, part: Path) -> Tensors:
    """Writes functions, their variables and tables, and nothing of Keras; returns what they take.

    `keras.export.ExportArchive` writes every variable twice, which counts with word vectors.
    """
    part.parent.mkdir(parents=True, exist_ok=True)
    module = tf.Module()
    module.weights = [variable.value for variable in signatures.decoder.variables]
    module.tables = [layer.lookup_table for layer in signatures.encoder.layers]
    graphs = signatures.graphs()
    with portable():
        # Of a function that is not traced yet, `save` would keep no trace for those who call it.
        functions = {name: graphs[name].get_concrete_function() for name in signatures.endpoints}
        tf.saved_model.save(module, str(part), signatures=functions)
        rebuilding.write(signatures, functions, part)
        return {name: package.of_function(function) for name, function in functions.items()}


def _write_ids_model(
    signatures: Signatures, part: Path, format: Literal["onnx", "litert"], batch_size: int
) -> Tensors:
    name = package.MODELS[format]
    fixed = batch_size if format == "litert" else None
    if fixed and any(isinstance(layer, CharacterRNN) for layer in signatures.model.layers):
        raise InputError(
            "LiteRT cannot loop over a variable number of words, which a character RNN "
            "needs: train with model.characters = 'cnn', or export as onnx"
        )
    try:
        keras_lstm_variants.export(signatures.decoder, part / name, format, fixed)
    except ValueError as error:
        raise InputError(str(error)) from None
    for file, content in _explained(signatures.vocabulary, name, str(fixed or "batch")).items():
        (part / file).write_text(content, "utf-8", newline="\n")
    return {TOKENS: package.of_model(signatures.decoder, fixed)}


def _explained(vocabulary: Vocabulary, name: str, batch: str) -> dict[str, str]:
    """The text files beside a model of ids, by name: what each id stands for, and a README."""
    files = {"vocabulary.txt": vocabulary.words}
    inputs = [WORDS.format(batch=batch, case=" in lower case" if vocabulary.lowercase else "")]
    if vocabulary.vectors:
        files["vectors.txt"] = vocabulary.vectors
        inputs.append(VECTORS.format(batch=batch))
    if vocabulary.characters:
        files["characters.txt"] = [f"{ord(character):04X}" for character in vocabulary.characters]
        sizes = {"longest": HEAD + TAIL, "head": HEAD, "tail": TAIL}
        inputs.append(CHARACTERS.format(batch=batch, **sizes))
    for feature, values in vocabulary.features.items():
        files[f"{feature}.txt"] = values
        text, pairs = {
            "casing": (CASING, [f"{name}: {rule}" for name, rule in CASINGS.items()]),
            "shape": (SHAPE, [f"{rule} by {letter}" for rule, letter in SHAPES.items()]),
        }[feature]
        inputs.append(text.format(batch=batch, rules="\n".join(f"    {pair}" for pair in pairs)))
    end = " or of a word" if vocabulary.characters else ""
    readme = README.format(name=name, inputs="\n\n".join(inputs), batch=batch, end=end)
    return {
        # Padding is the empty string, here as everywhere.
        **{
            file: "".join(f"{string}\n" for string in ("", "<unknown>", *strings))
            for file, strings in files.items()
        },
        "tags.txt": "".join(f"{tag}\n" for tag in vocabulary.tags),
        "README.txt": readme,
    }
