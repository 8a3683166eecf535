"""Whether what is made now may hold code of this machine, or has to run on every one."""

import contextlib
import contextvars
import inspect
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

import keras

_asked_for = contextvars.ContextVar("portable", default=False)


@contextlib.contextmanager
def portable() -> Iterator[None]:
    """Within it, graphs are made of TensorFlow's own operations only, whatever they are for.

    Graphs for inference run compiled loops in the process that makes them and TensorFlow's own
    operations in any other, so they can be saved without it; and whatever Keras, TensorFlow,
    tf2onnx or LiteRT traces in order to export it is made portable anyway. What needs it: a
    `tf.function` of one's own that was called before a converter gets it, as converters take in
    compiled loops, too, and refuse them; and one that was called with `training=True`, which
    otherwise runs in its own process only. So does a function that `jit_compile=True` is put around
    later, or whose `jacobian` is taken: XLA and TensorFlow's vectorisation take in both bodies.

        with portable():
            graph = tf.function(model).get_concrete_function(specification)
    """
    token = _asked_for.set(True)
    try:
        yield
    finally:
        _asked_for.reset(token)


def why_portable() -> str:
    """Why what is made now must hold no code of this machine, or "" if it may."""
    if _asked_for.get():
        return "the graph has to be portable"
    if keras.backend.backend() != "tensorflow":
        return ""
    import tensorflow as tf

    if tf.executing_eagerly():
        return ""
    if in_xla():
        return "XLA compiles the graph"
    return "the graph is exported or vectorised" if _is_taken_apart() else ""


def may_be_exported(training: bool) -> bool:
    """Whether what is made now is a graph that somebody may save."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.executing_eagerly() and not training


def in_xla() -> bool:
    """Whether XLA will compile the graph that is being made."""
    import tensorflow as tf

    # The one place where TensorFlow shows it: what XLA cannot compile fails later, and unclearly.
    internal = getattr(tf, "__internal__", None)
    context = getattr(internal, "get_enclosing_xla_context", lambda: None)
    return context() is not None


def _is_taken_apart() -> bool:
    """Whether what traces the graph reads its operations: whether it has called this."""
    codes = _readers()
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code in codes:
            return True
        frame = frame.f_back
    return False


def _readers() -> set[CodeType]:
    """The code of the functions that trace a model to write it down or to vectorise it."""
    import tensorflow as tf

    archive, converter = keras.export.ExportArchive, tf.lite.TFLiteConverter
    functions: list[Any] = [keras.Model.export, archive.add_endpoint, tf.saved_model.save]
    functions += [converter.convert, converter.from_keras_model, tf.vectorized_map]
    if convert := sys.modules.get("tf2onnx.convert"):
        functions += [convert.from_keras, convert.from_function]
    return {inspect.unwrap(function).__code__ for function in functions}
