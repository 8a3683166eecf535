"""The call: a cell's fused loop on GPUs as `..scan` sees it, on JAX.

trace -> intermediate form -> pieces -> code of the loop -> CALL

No GPU has run these kernels yet: Pallas' interpreter has, on CPUs, and they are lowered to Triton
for a GPU. So a layer runs them only where it was made with `scan="fused"`.
"""

import os
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np

from ..backend import custom_gradient, platform
from .apart import check_apart
from .ir import Unsupported

VARIABLE, INTERPRET = "KERAS_LSTM_VARIANTS_FUSED", "interpret"
DTYPES = "float32", "bfloat16", "float16"  # of products; what is between them is in float32
NO_SECOND = "The fused loop has no second derivatives: make the layer with scan='graph' for those."

made: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # by cell, by kind of input
lock = threading.RLock()


def interpreted() -> bool:
    """Whether kernels are to run in Pallas' interpreter, which is slow, and on any device."""
    setting = os.environ.get(VARIABLE, "")
    if setting not in ("", INTERPRET):
        raise ValueError(f"{VARIABLE} must be {INTERPRET} or nothing, not {setting!r}.")
    return setting == INTERPRET


def why_not(layer: Any, sequences: Any) -> str:
    """Why a layer that is asked to does not run a fused loop in a call, or "" if it may."""
    if keras.backend.backend() != "jax":
        return f"the backend is {keras.backend.backend()}, and kernels are for JAX"
    if not interpreted() and platform() not in ("gpu", "cuda", "rocm"):
        return f"the device is no GPU ({VARIABLE}={INTERPRET} runs it slowly, to see the numbers)"
    dtype = layer.cell.dtype_policy.compute_dtype
    if dtype not in DTYPES or layer.cell.compute_dtype != "float32":
        return f"it computes in {dtype}"
    if not all(isinstance(size, int) and size > 0 for size in sequences.shape[:2]):
        return f"the sizes of the batch and of the steps must be known, not {sequences.shape[:2]}"
    return ""


def loop_of(cell: Any, of_x: Any, advance: Any, x: Any, states: Any, h_mask: Any) -> Any:
    """The fused loop of a cell for such tensors, or the reason why there is none.

    Args:
        cell: The cell, built.
        of_x: `of_x(x)` is what rows of x give.
        advance: `advance(of_x, states, weights, h_mask)` gives the states at t.
        x: Tensor (batch, steps, features).
        states: Tensors (batch, ...).
        h_mask: Tensor or None.
    """
    import jax

    def one_row(tensor: Any) -> Any:
        return jax.ShapeDtypeStruct((1, *tensor.shape[1:]), tensor.dtype)

    weights = [jax.ShapeDtypeStruct(w.value.shape, w.value.dtype) for w in cell.weights]
    one_step = jax.ShapeDtypeStruct((1, *x.shape[2:]), x.dtype)
    first, dropped = [*map(one_row, states)], None if h_mask is None else one_row(h_mask)
    dtype = cell.dtype_policy.compute_dtype
    kind = one_step, tuple(first), dropped, tuple(weights), dtype
    with lock:
        known = made.setdefault(cell, {})
        if kind not in known:
            from .jaxpr import trace_step
            from .pallas import FusedLoop

            try:
                parts = jax.eval_shape(of_x, one_step)
                rows = parts, first, dropped
                check_apart(_of_arrays(advance, rows, weights), jax.tree.leaves(rows), weights)
                trace = trace_step(advance, parts, first, dropped, weights, dtype)
                known[kind] = Calls(FusedLoop(trace, dtype))
            except Unsupported as error:
                known[kind] = str(error)
        loop = known[kind]
    too_long = "" if isinstance(loop, str) else loop.loop.too_long(x.shape[1], x.shape[0])
    return too_long or loop


def _of_arrays(advance: Any, rows: Any, weights: Any) -> Any:
    """The step as a function from arrays to arrays.

    It computes also while JAX traces another function, which it does thread by thread.
    """
    import jax

    leaves, structure = jax.tree.flatten(rows)

    def step(arrays: Any, values: Any) -> Any:
        given = [jax.numpy.asarray(a, t.dtype) for a, t in zip(arrays, leaves, strict=True)]
        values = [jax.numpy.asarray(a, t.dtype) for a, t in zip(values, weights, strict=True)]
        parts, before, mask = jax.tree.unflatten(structure, given)
        return [np.asarray(one) for one in advance(parts, before, values, mask)]

    def elsewhere(arrays: Any, values: Any) -> Any:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(step, arrays, values).result()

    return elsewhere


class Calls:
    """A fused loop in place of the loops of `..scan`, with what those take and give."""

    def __init__(self, loop: Any) -> None:
        self.loop = loop

    def forwards(
        self, of_x: Any, first: Any, weights: Any, masks: Any, h_mask: Any, keep: bool
    ) -> Any:
        """The states at all steps, and what `backwards` is given as `kept`."""
        mask = masks[0] if masks else None

        def run(of_x: Any, first: Any, weights: Any, mask: Any, h_mask: Any) -> Any:
            parts = keras.tree.flatten(of_x)
            return self.loop.forward(parts, first, mask, h_mask, weights, keep, interpreted())

        return once(run, of_x, list(first), weights, mask, h_mask)

    def backwards(
        self,
        of_x: Any,
        before: Any,
        weights: Any,
        masks: Any,
        h_mask: Any,
        kept: Any,
        d_shown: Any,
        d_last: Any,
    ) -> Any:
        """The gradients of the first states, and of those that each step makes."""
        mask = masks[0] if masks else None

        def run(of_x: Any, *rest: Any) -> Any:
            return self.loop.backward(keras.tree.flatten(of_x), *rest, interpreted())

        return once(run, of_x, before, mask, h_mask, weights, kept, d_shown, d_last)


def once(function: Callable[..., Any], *given: Any) -> Any:
    """What a function gives, which refuses to be differentiated: that is done already."""
    import jax

    structure: list[Any] = []

    @custom_gradient
    def flat_function(*flat: Any) -> Any:
        results = function(*jax.tree.unflatten(of_given, flat))
        flat_results, of_results = jax.tree.flatten(results)
        structure[:] = [of_results]

        def gradient(*directions: Any) -> Any:
            raise NotImplementedError(NO_SECOND)

        return tuple(flat_results), gradient

    flat, of_given = jax.tree.flatten(given)
    made = flat_function(*flat)
    return jax.tree.unflatten(structure[0], made)
