"""A folder becomes a version that can be served, warmed by the requests that were recorded."""

import contextlib
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from ..errors import InputError
from ..tagger.names import TEXT, TOKENS
from ..training import runs
from . import calls, tensors
from .rows import INPUTS
from .taggers import Tagger, load
from .versions import Loaded, is_version

SAVED_MODEL = "saved_model.pb"
WARM_UP = Path("assets.extra") / "tf_serving_warmup_requests"
MOST_RECORDS = 1000  # as in TensorFlow Serving
FIRST = 1  # the version of what has no number


def folders(base: Path) -> dict[int, Path]:
    """The versions in a folder, by number: children of an export; a run or a SavedModel is one."""
    try:
        if runs.is_run(base):
            return {FIRST: base}
        if (base / SAVED_MODEL).exists():
            return {int(base.name) if is_version(base.name) else FIRST: base}
        children = [path for path in sorted(base.iterdir()) if is_version(path.name)]
        return {int(path.name): path for path in children if (path / SAVED_MODEL).exists()}
    except (OSError, ValueError):  # it is not there, may not be read, or no folder can be named so
        return {}


def loader(longest: int) -> Callable[[Path], Loaded]:
    """A function that loads a version from its folder.

    Args:
        longest: The tokens that a sentence may have.
    """

    def of(path: Path) -> Loaded:
        tagger = load(path)
        call = calls.model(tagger, longest)
        warm_up(tagger, path / WARM_UP)
        # The first text that may be too long and the first alternatives take seconds; these are to
        # be no request's, and nobody has to wait for them either. A SavedModel would have to be
        # rebuilt for alternatives, which takes as much memory once more: only if somebody asks.
        rebuilt = tagger.tags is not None
        threading.Thread(target=_rare, args=(call, longest, rebuilt), name="warm-up").start()
        return Loaded(call, signatures(tagger, path))

    return of


def _rare(
    call: Callable[[str, Sequence[Any], bool], Sequence[Any]], longest: int, alternatives: bool
) -> None:
    """Asks for what few requests ask for; one that does will be told what is wrong."""
    with contextlib.suppress(InputError, tf.errors.OpError):
        call(TEXT, [b"a " * (longest + 1)], False)
        if alternatives:
            call(TEXT, [b"a"], True)


def warm_up(tagger: Tagger, file: Path) -> int:
    """Replays the requests that were recorded for a version, if there are any.

    Args:
        tagger: The version.
        file: A TFRecord file of `PredictionLog`, as TensorFlow Serving has it.

    Returns:
        How many there were.

    Raises:
        InputError: One of them fails, or is no request.
    """
    if not file.exists():
        return 0
    functions = {TOKENS: tagger.tokens, TEXT: tagger.text}
    number, records = 0, iter(tf.data.TFRecordDataset(str(file)))
    try:
        while True:
            number += 1
            if (record := next(records, None)) is None:
                return number - 1
            if number > MOST_RECORDS:
                raise InputError(f"{file}: more than {MOST_RECORDS} requests")
            request = PredictionLog.FromString(record.numpy()).predict_log.request
            signature = request.model_spec.signature_name or TOKENS
            if signature not in INPUTS:
                raise InputError(f"{file}: request {number}: no signature {signature!r}")
            values = tf.make_ndarray(request.inputs[INPUTS[signature]])
            functions[signature](tf.constant(values, tf.string))
    except (tf.errors.OpError, DecodeError, ValueError, TypeError, MemoryError) as error:
        [said, *_] = str(error).splitlines() or [type(error).__name__]
        reason = re.sub(r"^\{\{.*?\}\} | \[Op:.*", "", said)  # names of its graph
        raise InputError(f"{file}: request {number} fails: {reason}") from None


def signatures(tagger: Tagger, path: Path) -> dict[str, Any]:
    """The signatures of a version: of a SavedModel its own, of a run those that it would have."""
    if (file := path / SAVED_MODEL).exists():
        [graph] = SavedModel.FromString(file.read_bytes()).meta_graphs
        return {name: graph.signature_def[name] for name in INPUTS}
    numbers = {"lengths", "entities"}  # of which each row has one
    of_tokens = {"tags", "scores", "lengths"}
    of_text = of_tokens | {"tokens", "starts", "ends", "sentences"}
    if tagger.has_entities:
        of_text |= {"entities", "entity_types", "entity_starts", "entity_ends"}
    return {
        name: tensors.signature_def(
            name, {output: 1 if output in numbers else 2 for output in sorted(outputs)}
        )
        for name, outputs in ((TOKENS, of_tokens), (TEXT, of_text))
    }
