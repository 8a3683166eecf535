"""The loop over time in compiled code, for CPUs: translated from a cell's own equations.

trace -> intermediate form -> code of a step -> code of the loop -> compile and cache -> call

A cell's step and its gradients are traced by TensorFlow once (`trace`). Its operations become the
intermediate form (`ir`); from that follow the code of a step (`step_codegen`, with `stages`) and
that of the loop (`loop_codegen`, with `input_products`; `rematerialise` chooses what is kept for
the backward pass, `threads.h` and `runtime.h` have what every loop needs). The system's compiler
makes a library of it, once (`compiler`), which runs within TensorFlow's graphs (`tensorflow`, with
`memory`). What the compiled functions take and give is said in one place (`signature`).

Compiled code takes x and the weights and gives their gradients, so that all matrix products are in
it. A cell has no line for it. Where anything of this is not possible, there is the loop of
TensorFlow in `..scan`.
"""

import logging
import os
import threading
import weakref
from typing import Any

import keras

from ..backend import platform
from ..portability import why_portable
from .compiler import NoCompiler
from .ir import Unsupported

log = logging.getLogger(__name__)

compiled: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # by cell, by kind of input
ran: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # by cell, by function: threads
making: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # by cell: a lock
lock = threading.Lock()


def threads(cell: Any) -> dict[str, int]:
    """On how many threads the compiled functions of a cell ran last, by their names."""
    last = {name: number.value for name, number in list(ran.get(cell, {}).items())}
    return {name: number for name, number in last.items() if number}


def why_not(layer):
    """Why a layer does not run compiled code in a call, or "" if it should."""
    if layer.scan == "graph":
        return "it was made with scan='graph'"
    if why := why_never():
        return why
    if layer.dtype_policy.compute_dtype not in ("float32", "float64"):
        return f"it computes in {layer.dtype_policy.compute_dtype}"
    return why_portable()


def why_never():
    """Why no layer runs compiled code in this process, or "" if some may; asks for no compiler."""
    if keras.backend.backend() != "tensorflow":
        return f"the backend is {keras.backend.backend()}"
    setting = os.environ.get("KERAS_LSTM_VARIANTS_COMPILED", "")
    if setting not in ("", "0", "1"):
        raise ValueError(f"KERAS_LSTM_VARIANTS_COMPILED must be 0 or 1, not {setting!r}.")
    if setting == "0":
        return "KERAS_LSTM_VARIANTS_COMPILED is 0"
    if platform() == "gpu":
        return "there is a GPU"
    return "" if os.name == "posix" else "compiled loops need a POSIX system"


def compiled_loop(cell, advance, x, states, h_mask, weights):
    """The compiled loop of a cell for such tensors, or the reason why there is none.

    Args:
        advance: `advance(x, states, weights, h_mask)` gives the states at t from x_t.
        x: Tensor (batch, steps, features).
        states, h_mask, weights: Tensors or, for the mask, None.
    """
    from .tensorflow import CompiledLoop

    kind = (
        tuple(x.shape[2:]),
        tuple((tuple(t.shape[1:]), str(t.dtype)) for t in states),
        h_mask is None,
    )
    with lock:
        known = compiled.setdefault(cell, {})
        mine = making.setdefault(cell, threading.RLock())
    if kind in known:  # nobody waits while another is compiled
        return known[kind]
    with mine:
        if kind not in known:
            try:
                if len(x.shape) != 3 or any(len(t.shape) != 2 for t in states):
                    raise Unsupported("states that are not rows")
                noted = ran.setdefault(cell, {})
                known[kind] = CompiledLoop(cell, advance, x, states, h_mask, weights, noted)
            except (Unsupported, NoCompiler, OSError) as error:
                known[kind] = str(error)
                log.info("%s runs on TensorFlow's own loop: %s", type(cell).__name__, error)
        return known[kind]
