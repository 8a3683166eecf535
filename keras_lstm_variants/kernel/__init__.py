"""The loop over time in compiled code, for CPUs: translated from a cell's own equations.

A cell's step and its gradients are traced by TensorFlow once (`trace`), its operations become
expressions (`expressions`), these become C++ (`program`, `source`, `loop.h`; `saving` decides what
is kept for the way back), which the system's compiler makes a library of (`runtime`), which runs
within TensorFlow's graphs (`loop`). It takes x and the weights and gives their gradients, so that
all matrix products are in it. A cell has no line for it. Where anything of this is not possible,
there is the loop of TensorFlow in `..scan`.
"""

import contextlib
import contextvars
import logging
import os
import threading
import weakref

import keras

from .expressions import Unsupported
from .runtime import NoCompiler

log = logging.getLogger(__name__)

inference = contextvars.ContextVar("inference", default="")
loops: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # of each cell, by kind of input
lock = threading.RLock()


@contextlib.contextmanager
def compiled_inference():
    """Within it, graphs for inference are made with compiled loops too.

    Otherwise they hold the operations of TensorFlow only, so that they can be exported. For
    programs that predict much and export nothing:

        with compiled_inference():
            model.predict(x)

    What counts is when the graph is made: `predict` makes it when it is first called.
    """
    with _inference("compiled"):
        yield


@contextlib.contextmanager
def portable():
    """Within it, no graph is made with compiled loops, whatever the layers say."""
    with _inference("portable"):
        yield


@contextlib.contextmanager
def _inference(how):
    token = inference.set(how)
    try:
        yield
    finally:
        inference.reset(token)


def why_not(layer, training):
    """Why a layer does not run compiled code in a call, or "" if it should."""
    if layer.scan == "graph":
        return "it was made with scan='graph'"
    if keras.backend.backend() != "tensorflow":
        return f"the backend is {keras.backend.backend()}"
    import tensorflow as tf

    if os.environ.get("KERAS_LSTM_VARIANTS_COMPILED") == "0":
        return "KERAS_LSTM_VARIANTS_COMPILED is 0"
    if tf.config.list_logical_devices("GPU"):
        return "there is a GPU"
    if os.name != "posix":
        return "compiled loops need a POSIX system"
    if layer.dtype_policy.compute_dtype not in ("float32", "float64"):
        return f"it computes in {layer.dtype_policy.compute_dtype}"
    if inference.get() == "portable":
        return "the graph has to be portable"
    if not tf.executing_eagerly():
        if _in_xla():
            return "XLA compiles the graph"
        if not (training or layer.scan == "compiled" or inference.get() == "compiled"):
            return "a graph for inference has to be portable: see compiled_inference"
    return ""


def _in_xla():
    """Whether XLA will compile the graph that is being made."""
    import tensorflow as tf

    # The one place where TensorFlow shows it: what XLA cannot compile fails later, and unclearly.
    internal = getattr(tf, "__internal__", None)
    context = getattr(internal, "get_enclosing_xla_context", lambda: None)
    return context() is not None


def loop_of(cell, advance, x, states, h_mask, weights):
    """The compiled loop of a cell for such tensors, or the reason why there is none.

    Args:
        advance: `advance(x, states, weights, h_mask)` gives the states at t from x_t.
        x: Tensor (batch, steps, features).
        states, h_mask, weights: Tensors or, for the mask, None.
    """
    from .loop import CompiledLoop

    kind = (
        tuple(x.shape[2:]),
        tuple((tuple(t.shape[1:]), str(t.dtype)) for t in states),
        h_mask is None,
    )
    with lock:
        known = loops.setdefault(cell, {})
        if kind not in known:
            try:
                if len(x.shape) != 3 or any(len(t.shape) != 2 for t in states):
                    raise Unsupported("states that are not rows")
                known[kind] = CompiledLoop(advance, x, states, h_mask, weights)
            except (Unsupported, NoCompiler, OSError) as error:
                known[kind] = str(error)
                log.info("%s runs on TensorFlow's own loop: %s", type(cell).__name__, error)
        return known[kind]
