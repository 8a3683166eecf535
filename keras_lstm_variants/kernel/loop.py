"""The loop over time in compiled code, as TensorFlow sees it: with gradients, in graphs or not."""

import ctypes
import functools
import math
import os
import threading
import weakref
from typing import Any

import numpy as np

from . import runtime
from .source import generate
from .trace import trace

SMALL = 2**16  # bytes below which memory is not kept to be used again


class CompiledLoop:
    """The loop over time of one cell, for one kind of input.

    Args:
        advance: `advance(x, states, weights, h_mask)`, the states at t from x_t.
        x, states, h_mask, weights: Tensors like those of the calls.

    Raises:
        Unsupported: Something in the step cannot be translated.
        NoCompiler, OSError: The code cannot be compiled, stored or loaded.
    """

    def __init__(self, advance, x, states, h_mask, weights):
        step = trace(advance, x, states, h_mask, weights)
        self.dtype = np.dtype(states[0].dtype.as_numpy_dtype)
        self.step, self.source = step, generate(step, self.dtype.name)
        self.library = runtime.load(self.source.text, runtime.flags())
        self.sizes = step.sizes

    def __call__(self, x, states, h_mask, mask, weights, keep):
        """All outputs and the last states.

        Args:
            x: (batch, steps, features).
            states: (batch, size) each.
            h_mask: (batch, size) or None.
            mask: Boolean, (batch, steps), or None.
            weights: The cell's.
            keep: Whether gradients will be asked for. Without it they can be had, for the price of
                a second way forward.
        """
        import tensorflow as tf

        n_states = len(states)
        others = [*([] if mask is None else [mask]), *([] if h_mask is None else [h_mask])]
        kinds = mask is not None, h_mask is not None

        def forward(keep, arguments):
            sizes = self.sizes["state"]
            shapes: list[tuple] = [(None, None, sizes[0]), *((None, n) for n in sizes)]
            if keep:
                shapes += [(None, None, n) for n in [*sizes[1:], *self.source.saved]]
            return self.call("forward", shapes, [*others, *arguments], kinds, keep)

        @tf.custom_gradient
        def run(*arguments):
            made = forward(keep, arguments)
            out, last, kept = made[0], made[1 : 1 + n_states], made[1 + n_states :]

            def gradient(d_out, *d_last):
                if keep:
                    made = out, kept
                else:
                    again = forward(True, arguments)
                    made = again[0], again[1 + n_states :]
                taken = [*others, *arguments, made[0], *made[1], d_out, *d_last]
                return self.pull_back(taken, kinds)

            return (out, *last), gradient

        weights = self.step.prepare([tf.convert_to_tensor(weight) for weight in weights])
        out, *last = run(x, *states, *weights)
        return out, last

    def pull_back(self, taken, kinds):
        """The gradients of x, the first states and the weights."""
        import tensorflow as tf

        sizes, numbers = self.sizes, self.source.d_weights
        shapes: list[tuple] = [(None, None, *sizes["x"]), *((None, n) for n in sizes["state"])]
        shapes += [self.step.shapes[n] for n in numbers]

        @tf.custom_gradient
        def once(*taken):
            def gradient(*_):
                raise NotImplementedError(
                    "The compiled loop has no second derivatives: make the layer with scan='graph'."
                )

            return tuple(self.call("backward", shapes, taken, kinds, True)), gradient

        made = once(*taken)
        given = 1 + len(sizes["state"])
        d_weights = dict(zip(numbers, made[given:], strict=True))
        return *made[:given], *map(d_weights.get, range(len(sizes["weights"])))

    def call(self, name, shapes, arguments, kinds, keep):
        import tensorflow as tf

        def compute(*arrays):
            return self.compute(name, arrays, kinds, keep)

        if tf.executing_eagerly():
            made = compute(*(np.asarray(memoryview(t)) for t in arguments))
            return [tf.convert_to_tensor(one) for one in made]
        made = tf.numpy_function(
            compute, arguments, [tf.as_dtype(self.dtype)] * len(shapes), stateful=False
        )
        for tensor, shape in zip(made, shapes, strict=True):
            tensor.set_shape(shape)
        return made

    def compute(self, name, arrays, kinds, keep):
        """Runs the compiled function on NumPy arrays."""
        has_mask, has_h_mask = kinds
        arrays = [np.ascontiguousarray(one) for one in arrays]
        mask = arrays.pop(0) if has_mask else None
        h_mask = [arrays.pop(0)] if has_h_mask else []
        sizes, source = self.sizes, self.source
        n_states = len(sizes["state"])
        # The order in which the functions take them: see source.py.
        batch, steps, _ = arrays[0].shape
        after_states = 1 + n_states
        taken = [*arrays[:after_states], *h_mask, *arrays[after_states:]]
        if name == "forward":
            shapes = [(batch, steps, sizes["state"][0]), *((batch, n) for n in sizes["state"])]
            extra = [(batch, steps, n) for n in [*sizes["state"][1:], *source.saved]]
            made = [self.empty(s) for s in [*shapes, *(extra if keep else [])]]
            into = made if keep else [*made, *[None] * len(extra)]
        else:
            shapes = [arrays[0].shape, *((batch, n) for n in sizes["state"])]
            shapes += [self.step.shapes[n] for n in source.d_weights]
            made = [self.empty(s) for s in shapes]
            into = [*made, *(self.empty((batch, steps, n)) for n in source.own)]
        getattr(self.library, name)(
            batch,
            steps,
            threads(),
            None if mask is None else mask.ctypes.data,
            addresses(taken),
            addresses(into),
            keep,
        )
        return made

    def empty(self, shape):
        size = math.prod(shape)
        if size * self.dtype.itemsize < SMALL:
            return np.empty(shape, self.dtype)
        return memory.take(size * self.dtype.itemsize).view(self.dtype)[:size].reshape(shape)


class Memory:
    """Memory for results, used again when nobody holds it any more.

    Fresh memory costs as much as some products: the system clears it page by page. What is lent and
    what lies idle is together no more than was once lent at the same time.
    """

    most = 2**30  # bytes that may lie idle

    def __init__(self):
        self.idle: list[Any] = []
        self.lent: dict[int, Any] = {}  # with references to who holds it
        self.in_use = self.peak = 0
        self.lock = threading.RLock()

    def take(self, size):
        """Bytes that TensorFlow takes over as they are: they begin at a multiple of 64."""
        size = -(-size // 4096) * 4096
        with self.lock:
            found = next((n for n, block in enumerate(self.idle) if block.nbytes == size + 64), -1)
            block: Any = self.idle.pop(found) if found >= 0 else np.empty(size + 64, "uint8")
            # All arrays that share the memory hold the owner: when the last has gone, it goes.
            owner: Any = (ctypes.c_char * block.nbytes).from_buffer(block)
            reference = weakref.ref(owner, self.give_back)
            self.lent[id(reference)] = reference, block
            self.in_use += block.nbytes
            self.peak = max(self.peak, self.in_use)
            self.shrink()
        return np.frombuffer(owner, "uint8", size, -block.ctypes.data % 64)

    def give_back(self, reference):
        with self.lock:
            _, block = self.lent.pop(id(reference))
            self.in_use -= block.nbytes
            self.idle.append(block)
            self.shrink()

    def shrink(self):
        room = min(self.most, self.peak - self.in_use)
        while sum(block.nbytes for block in self.idle) > room:
            self.idle.pop(0)


memory = Memory()


def addresses(arrays):
    return (ctypes.c_void_p * max(1, len(arrays)))(
        *(None if one is None else one.ctypes.data for one in arrays)
    )


def threads():
    """How many threads a loop may use."""
    return number_of_threads(os.environ.get("KERAS_LSTM_VARIANTS_THREADS"))


@functools.lru_cache(maxsize=1)
def number_of_threads(told):
    if told:
        if not told.isdecimal() or int(told) < 1:
            raise ValueError(
                f"KERAS_LSTM_VARIANTS_THREADS must be a positive integer, not {told!r}."
            )
        return int(told)
    import tensorflow as tf

    # It cannot change once TensorFlow runs.
    if told := tf.config.threading.get_intra_op_parallelism_threads():
        return told
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
