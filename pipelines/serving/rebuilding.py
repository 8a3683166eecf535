"""The tagger of an export in Keras once more, which runs compiled loops where a compiler is.

The graphs of a SavedModel run everywhere, so they hold no code for this machine, which would be up
to three times as fast. Beside them stands what the tagger is made of, but for the weights: these
are those of the SavedModel. What is made of it has to give what the SavedModel gave for an example
when it was written; otherwise the SavedModel is used, as it is where there is no compiler.
"""

import hashlib
import json
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_lstm_variants import kernel

from ..encoding.encoder import padded
from ..encoding.vocabulary import Vocabulary
from ..tagger.model import not_finite
from ..tagger.names import ALTERNATIVES, TAGS, TEXT, TOKENS, WORDS
from ..tagger.signatures import Signatures

FOLDER = "assets.extra"  # of a SavedModel: TensorFlow Serving leaves alone what it does not know
RECIPE = "tagger.json"
GRAPH = "saved_model.pb"
CHECKPOINT = "variables/variables"
WEIGHTS = "weights"  # the attribute of what is saved, a list of the decoder's variables
CLOSE = 1e-4  # scores are rounded in another order

log = logging.getLogger(__name__)
Outputs = dict[str, Any]
Function = Callable[[Any], Outputs]


class Differs(Exception):
    """What was made does not give what the SavedModel gave, or cannot be made; says why."""


def write(signatures: Signatures, functions: dict[str, Function], version: Path) -> None:
    """Writes what `Rebuilt` needs into a version folder.

    Args:
        signatures: The tagger.
        functions: Those that its SavedModel has, by the names of the signatures.
        version: The folder with the SavedModel.
    """
    words = signatures.vocabulary.words
    rows = [words[:12], [*words[12:14], "An-unknown-word", "42"], words[14:15]]
    inputs = {TOKENS: [list(row) for row in rows], TEXT: [" ".join(row) for row in rows]}
    try:
        outputs = {
            name: _plain(functions[name](_tensor(name, given))) for name, given in inputs.items()
        }
    except tf.errors.InvalidArgumentError:
        return  # its scores are not finite, which the SavedModel says of itself
    recipe = {
        "graph": _digest(version / GRAPH),
        "model": json.loads(signatures.model.to_json()),
        "vocabulary": signatures.vocabulary._asdict(),
        "constraints": signatures.constrained,
        "examples": {name: {"input": inputs[name], "outputs": outputs[name]} for name in inputs},
    }
    (version / FOLDER).mkdir(exist_ok=True)
    text = json.dumps(recipe, ensure_ascii=False, allow_nan=False)
    (version / FOLDER / RECIPE).write_text(text, "utf-8")


class Rebuilt:
    """The tagger of a version folder.

    Attributes:
        signatures: The tagger.

    Raises:
        Differs: It cannot be made.
    """

    def __init__(self, version: Path) -> None:
        try:
            recipe = json.loads((version / FOLDER / RECIPE).read_text("utf-8"))
            if recipe["graph"] != _digest(version / GRAPH):
                raise Differs("it was written for another SavedModel")
            self.signatures = _with_weights(recipe, version)
            self._examples = recipe["examples"]
        except Differs:
            raise
        except FileNotFoundError:
            raise Differs("an older version of this package, or another one, wrote it") from None
        except Exception as error:  # Keras has many for what it cannot make
            raise Differs(f"{type(error).__name__}: {error}") from error
        self._graphs = self.signatures.graphs()
        self._compared: dict[str, str] = {}  # why not, if it differs
        self._lock = threading.Lock()

    def function(self, name: str) -> Function:
        """One of `Signatures.graphs`; the first call of this makes it and compares it.

        Raises:
            Differs: It does not give what the SavedModel gave.
        """
        with self._lock:
            if name not in self._compared:
                self._compared[name] = self._why_other(name)
            if why := self._compared[name]:
                raise Differs(why)
            return self._graphs[name]

    def alternatives(self) -> Callable[[Any, int], Outputs]:
        """That of `Signatures.graphs`; a SavedModel has none, so its tags and scores are compared.

        Raises:
            Differs: They are not what the SavedModel gave.
        """
        self.function(TOKENS)
        found: Callable[[Any, int], Outputs] = self._graphs[ALTERNATIVES]
        return found

    def _why_other(self, name: str) -> str:
        try:
            self._compare(name)
        except Differs as error:
            return str(error)
        except Exception as error:  # of TensorFlow, or the file is damaged
            return f"{type(error).__name__}: {error}"
        return ""

    def _compare(self, name: str) -> None:
        signature = {TAGS: TOKENS, WORDS: TEXT}.get(name, name)
        example = self._examples[signature]
        recorded = _of_function(name, example["outputs"])
        found = _plain(self._graphs[name](_tensor(signature, example["input"])))
        _compare(found, recorded)


def _of_function(name: str, outputs: Outputs) -> Outputs:
    """What a function has to give where its signature gives such outputs."""
    if name == TAGS:
        return {"tags": outputs["tags"]}
    if name != WORDS:
        return outputs
    lengths = outputs["lengths"]
    flat = {
        key: [value for row, n in zip(outputs[key], lengths, strict=True) for value in row[:n]]
        for key in ("tokens", "starts", "ends")
    }
    sentences = [row[:n] for row, n in zip(outputs["sentences"], lengths, strict=True)]
    numbers = [sorted(Counter(row).items()) for row in sentences]
    flat["lengths"] = [count for row in numbers for _, count in row]
    return {**flat, "sentences": [len(row) for row in numbers]}


def why_no_faster() -> str:
    """Why what is rebuilt would be no faster here than the SavedModel, or "" if it would."""
    if why := kernel.why_never():
        return why
    try:
        kernel.compiler.find_compiler(os.environ.get("PATH"), os.environ.get("CXX"))
    except kernel.NoCompiler as error:
        return str(error)
    return ""


def _with_weights(recipe: dict[str, Any], version: Path) -> Signatures:
    vocabulary = Vocabulary(**recipe["vocabulary"])
    model = keras.models.model_from_json(json.dumps(recipe["model"]))
    signatures = Signatures(model, vocabulary, recipe["constraints"])
    saved = tf.train.load_checkpoint(str(version / CHECKPOINT))
    for n, variable in enumerate(signatures.decoder.variables):
        value = saved.get_tensor(f"{WEIGHTS}/{n}/.ATTRIBUTES/VARIABLE_VALUE")
        if names := not_finite({variable.path: value}):
            raise Differs(f"NaN or infinity in {names}")
        variable.assign(value)
    return signatures


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _tensor(name: str, value: Any) -> Any:
    return padded(value) if name == TOKENS else tf.constant(value, tf.string)


def _plain(outputs: Outputs) -> Outputs:
    """Outputs as JSON has them."""

    def decoded(value: Any) -> Any:
        if isinstance(value, list):
            return [decoded(item) for item in value]
        return value.decode() if isinstance(value, bytes) else value

    return {name: decoded(value.numpy().tolist()) for name, value in outputs.items()}


def _compare(found: Outputs, recorded: Outputs) -> None:
    """Raises Differs if outputs are not those that were recorded."""
    if found.keys() != recorded.keys():
        raise Differs("it has other outputs")
    for name, values in found.items():
        one, other = np.array(values), np.array(recorded[name])
        if one.dtype.kind == "f" and one.shape == other.shape:
            same = np.allclose(one, other, rtol=0, atol=CLOSE)
        else:
            same = values == recorded[name]
        if not same:
            raise Differs(f"its {name} are others than those of the SavedModel")
