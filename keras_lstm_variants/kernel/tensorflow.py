"""The call: a cell's compiled loop as TensorFlow sees it, with gradients, in graphs or not.

trace -> intermediate form -> code of a step -> code of the loop -> compile and cache -> CALL
"""

import ctypes
import functools
import math
import os

import numpy as np

from . import compiler
from .loop_codegen import generate
from .memory import pool
from .signature import gradient_of, place
from .trace import trace_step

SMALL = 2**16  # bytes below which memory is not kept to be used again


class CompiledLoop:
    """The loop over time of one cell, for one kind of input.

    Args:
        cell: The cell.
        advance: `advance(x, states, weights, h_mask)`, the states at t from x_t.
        x, states, h_mask, weights: Tensors like those of the calls.

    Attributes:
        source: The C++ code.
        signature: What its functions take and give.
        threads: On how many threads the last `forward` and the last `backward` ran.

    Raises:
        Unsupported: Something in the step cannot be translated.
        NoCompiler, OSError: The code cannot be compiled, stored or loaded.
    """

    def __init__(self, cell, advance, x, states, h_mask, weights):
        step, self.prepare = trace_step(cell, advance, x, states, h_mask, weights)
        self.dtype = np.dtype(states[0].dtype.as_numpy_dtype)
        code = generate(step, self.dtype.name)
        self.source, self.signature = code.text, code.signature
        self.library = compiler.load(code.text, compiler.flags())
        self.threads: dict[str, int] = {}

    def __call__(self, x, states, h_mask, mask, weights, keep):
        """All outputs and the last states.

        Args:
            x: (batch, steps, features).
            states: (batch, size) each.
            h_mask: (batch, size) or None.
            mask: Boolean, (batch, steps), or None.
            weights: The cell's.
            keep: Whether gradients will be asked for. Without it they can be had, for the price of
                a second forward pass.
        """
        import tensorflow as tf

        weights = self.prepare([tf.convert_to_tensor(weight) for weight in weights])
        arguments = {"x": x}
        arguments |= {f"first{k}": state for k, state in enumerate(states)}
        arguments |= {f"w{n}": weight for n, weight in enumerate(weights)}
        without_gradient = {} if h_mask is None else {"h_mask": h_mask}
        results = ["all0", *(f"last{k}" for k in range(len(states)))]

        def forward(given, keep):
            return self.run(self.signature.forward, given, mask, keep)

        @tf.custom_gradient
        def loop(*values):
            given = {**dict(zip(arguments, values, strict=True)), **without_gradient}
            made = forward(given, keep)

            def gradient(*directions):
                known = {**given, **(made if keep else forward(given, True))}
                known |= zip(map(gradient_of, results), directions, strict=True)
                d = self.run_once_differentiable(self.signature.backward, known, mask)
                return [d.get(gradient_of(name)) for name in arguments]

            return tuple(made[name] for name in results), gradient

        out, *last = loop(*arguments.values())
        return out, last

    def run_once_differentiable(self, function, given, mask):
        """What a function gives, of which gradients are refused."""
        import tensorflow as tf

        names = [array.name for array in function.takes]
        results = [array.name for array in returned(function, keep=True)]

        @tf.custom_gradient
        def once(*arguments):
            def gradient(*_):
                raise NotImplementedError(
                    "The compiled loop has no second derivatives: make the layer with scan='graph'."
                )

            by_name = self.run(function, dict(zip(names, arguments, strict=True)), mask, True)
            return tuple(by_name[name] for name in results), gradient

        return dict(zip(results, once(*(given[name] for name in names)), strict=True))

    def run(self, function, given, mask, keep):
        """Runs a compiled function on tensors: those that it takes, and gives, by their names."""
        import tensorflow as tf

        masks = [] if mask is None else [mask]
        arguments = [*masks, *(given[array.name] for array in function.takes)]
        results = returned(function, keep)

        def compute(*arrays):
            return self.compute(function, arrays[len(masks) :], arrays[: len(masks)], keep)

        if tf.executing_eagerly():
            arrays = compute(*(np.asarray(memoryview(t)) for t in arguments))
            tensors = [tf.convert_to_tensor(one) for one in arrays]
        else:
            kinds = [tf.as_dtype(self.dtype)] * len(results)
            tensors = tf.numpy_function(compute, arguments, kinds, stateful=False)
            for tensor, array in zip(tensors, results, strict=True):
                tensor.set_shape(array.shape())
        return {array.name: tensor for array, tensor in zip(results, tensors, strict=True)}

    def compute(self, function, arrays, masks, keep):
        """Runs a compiled function on NumPy arrays; it gives those that are returned."""
        batch, steps, _ = arrays[place("x", function.takes)].shape
        arrays = [np.ascontiguousarray(one) for one in arrays]
        masks = [np.ascontiguousarray(one) for one in masks]
        for array, taken in zip(arrays, function.takes, strict=True):
            self.check(taken.meaning, array, taken.shape(batch, steps), self.dtype)
        for array in masks:
            self.check("mask", array, (batch, steps), np.dtype(bool))
        wanted = [one if keep or not one.kept else None for one in function.gives]
        results = [one and self.empty(one.shape(batch, steps)) for one in wanted]
        self.threads[function.name] = getattr(self.library, function.name)(
            batch,
            steps,
            threads(),
            masks[0].ctypes.data if masks else None,
            addresses(arrays),
            addresses(results),
            keep,
        )
        pairs = zip(function.gives, results, strict=True)
        return [one for given, one in pairs if given.returned and one is not None]

    def check(self, meaning, array, shape, dtype):
        """Refuses what compiled code would read beyond the end of, or misread."""
        if array.shape != shape or array.dtype != dtype:
            raise ValueError(
                f"The compiled loop takes {meaning} as {shape} {dtype}, "
                f"not as {array.shape} {array.dtype}."
            )

    def empty(self, shape):
        size = math.prod(shape)
        if size * self.dtype.itemsize < SMALL:
            return np.empty(shape, self.dtype)
        return pool.take(size * self.dtype.itemsize).view(self.dtype)[:size].reshape(shape)


def returned(function, keep):
    return [one for one in function.gives if one.returned and (keep or not one.kept)]


def addresses(arrays):
    return (ctypes.c_void_p * max(1, len(arrays)))(
        *(None if one is None else one.ctypes.data for one in arrays)
    )


def threads():
    """How many threads a loop may use."""
    return number_of_threads(os.environ.get("KERAS_LSTM_VARIANTS_THREADS"))


@functools.lru_cache(maxsize=1)
def number_of_threads(setting):
    if setting:
        if not setting.isdecimal() or int(setting) < 1:
            raise ValueError(
                f"KERAS_LSTM_VARIANTS_THREADS must be a positive integer, not {setting!r}."
            )
        return int(setting)
    import tensorflow as tf

    # It cannot change once TensorFlow runs.
    if configured := tf.config.threading.get_intra_op_parallelism_threads():
        return configured
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
