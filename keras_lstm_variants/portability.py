"""Whether what is made now may hold code of this machine, or has to run on every one."""

import contextlib
import contextvars
from collections.abc import Iterator

import keras

inference = contextvars.ContextVar("inference", default="")


@contextlib.contextmanager
def compiled_inference() -> Iterator[None]:
    """Within it, graphs for inference are made with compiled loops too, and with cuDNN's.

    Otherwise they hold the operations of TensorFlow only, so that they can be exported. For
    programs that predict much and export nothing:

        with compiled_inference():
            model.predict(x)

    What counts is when the graph is made: `predict` makes it when it is first called.
    """
    with _inference("compiled"):
        yield


@contextlib.contextmanager
def portable() -> Iterator[None]:
    """Within it, no graph is made with code of one machine, whatever the layers say."""
    with _inference("portable"):
        yield


@contextlib.contextmanager
def _inference(how: str) -> Iterator[None]:
    token = inference.set(how)
    try:
        yield
    finally:
        inference.reset(token)


def why_portable(training: bool, asked_for: bool) -> str:
    """Why what is made now has to be portable, or "" if it need not be.

    Args:
        training: Whether it is for training, and so will not be exported.
        asked_for: Whether the layer asks for code of this machine in any case.
    """
    if inference.get() == "portable":
        return "the graph has to be portable"
    if keras.backend.backend() != "tensorflow":
        return ""
    import tensorflow as tf

    if not tf.executing_eagerly():
        if _in_xla():
            return "XLA compiles the graph"
        if not (training or asked_for or inference.get() == "compiled"):
            return "a graph for inference has to be portable: see compiled_inference"
    return ""


def _in_xla() -> bool:
    """Whether XLA will compile the graph that is being made."""
    import tensorflow as tf

    # The one place where TensorFlow shows it: what XLA cannot compile fails later, and unclearly.
    internal = getattr(tf, "__internal__", None)
    context = getattr(internal, "get_enclosing_xla_context", lambda: None)
    return context() is not None
