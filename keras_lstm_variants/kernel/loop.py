"""The loop over time in compiled code, as TensorFlow sees it: with gradients, in graphs or not."""

import ctypes
import os
import threading
import weakref
from typing import Any

import numpy as np

from . import runtime
from .source import generate
from .trace import trace


class CompiledLoop:
    """The loop over time of one cell, for one kind of input.

    Args:
        advance: `advance(of_x, states, weights, h_mask)`, the states at t.
        of_x, states, h_mask, weights: Tensors like those of the calls: what x gives, (batch, ...)
            each, the states, the recurrent dropout mask or None, the cell's weights.

    Raises:
        Unsupported: Something in the step cannot be translated.
        NoCompiler, OSError: The code cannot be compiled, stored or loaded.
    """

    def __init__(self, advance, of_x, states, h_mask, weights):
        step = trace(advance, of_x, states, h_mask, weights)
        self.dtype = np.dtype(states[0].dtype.as_numpy_dtype)
        self.step, self.source = step, generate(step, self.dtype.name)
        self.library = runtime.load(self.source.text, runtime.flags())
        self.sizes = step.sizes

    def __call__(self, of_x, states, h_mask, mask, weights, keep):
        """All outputs and the last states.

        Args:
            of_x: Parts of (batch, steps, size) each.
            states: (batch, size) each.
            h_mask: (batch, size) or None.
            mask: Boolean, (batch, steps), or None.
            weights: The cell's.
            keep: Whether gradients will be asked for. Without it they can be had, for the price of
                a second way forward.
        """
        import tensorflow as tf

        n_x, n_states = len(of_x), len(states)
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
                return self.pull_back(arguments, n_x, *made, d_out, d_last, others, kinds)

            return (out, *last), gradient

        weights = self.step.prepare([tf.convert_to_tensor(weight) for weight in weights])
        out, *last = run(*of_x, *states, *weights)
        return out, last

    def pull_back(self, arguments, n_x, out, kept, d_out, d_last, others, kinds):
        """The gradients of what was given, by those of what came out."""
        import tensorflow as tf

        source, sizes = self.source, self.sizes
        of_x, rest = arguments[:n_x], arguments[n_x:]
        # What is not read must not be held until here.
        read = [of_x[n] for n in source.reads_x]
        shapes: list[tuple] = [(None, None, sizes["of_x"][n]) for n in source.d_of_x]
        shapes += [(None, None, n) for n in [*source.product_sizes, *source.left_sizes]]
        shapes += [(None, n) for n in sizes["state"]]
        shapes += [self.step.shapes[n] for n in source.d_weights]
        taken = [*others, *read, *rest, out, *kept, d_out, *d_last]

        @tf.custom_gradient
        def once(*taken):
            def gradient(*_):
                raise NotImplementedError(
                    "The compiled loop has no second derivatives: make the layer with scan='graph'."
                )

            return tuple(self.call("backward", shapes, taken, kinds, True)), gradient

        made = iter(once(*taken))
        d_of_x = {n: next(made) for n in source.d_of_x}
        d_products = [next(made) for _ in source.product_sizes]
        lefts = [next(made) for _ in source.left_sizes]
        d_first = [next(made) for _ in sizes["state"]]
        d_weights = {n: next(made) for n in source.d_weights}
        for product, place, left in zip(
            self.step.products, source.d_products, source.lefts, strict=True
        ):
            if place is not None:
                kind, n = place
                d = d_of_x[n] if kind == "of_x" else d_products[n]
                d = of_weights(product, lefts[left], d)
                n = product.weights
                d_weights[n] = d_weights[n] + d if n in d_weights else d
        return (
            *[d_of_x.get(n) for n in range(n_x)],
            *d_first,
            *[d_weights.get(n) for n in range(len(sizes["weights"]))],
        )

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
        x_read = source.reads_x if name == "backward" else range(len(sizes["of_x"]))
        x, arrays = arrays[: len(x_read)], arrays[len(x_read) :]
        of_x = [None] * len(sizes["of_x"])
        for n, one in zip(x_read, x, strict=True):
            of_x[n] = one
        first, arrays = arrays[:n_states], arrays[n_states:]
        n_weights = len(sizes["weights"])
        weights, arrays = arrays[:n_weights], arrays[n_weights:]
        # The order in which the functions take them: see source.py.
        batch = len(first[0])
        if name == "forward":
            steps = x[0].shape[1]
            shapes = [(batch, steps, sizes["state"][0]), *((batch, n) for n in sizes["state"])]
            extra = [*sizes["state"][1:], *source.saved]
            made = [self.empty(s) for s in shapes]
            kept = [self.empty((batch, steps, n)) for n in extra] if keep else []
            made += kept
            into = made if keep else [*made, *[None] * len(extra)]
            taken = [*of_x, *first, *h_mask, *weights]
        else:
            out, kept, d_out, d_last = (
                arrays[0],
                arrays[1 : n_states + len(source.saved)],
                arrays[n_states + len(source.saved)],
                arrays[n_states + len(source.saved) + 1 :],
            )
            steps = out.shape[1]
            by_step = [sizes["of_x"][n] for n in source.d_of_x]
            by_step += [*source.product_sizes, *source.left_sizes]
            shapes = [(batch, steps, n) for n in by_step] + [(batch, n) for n in sizes["state"]]
            shapes += [self.step.shapes[n] for n in source.d_weights]
            into = made = [self.empty(s) for s in shapes]
            taken = [*of_x, *first, *h_mask, *weights, out, *kept, d_out, *d_last]
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
        size = int(np.prod(shape))
        return memory.take(size * self.dtype.itemsize).view(self.dtype)[:size].reshape(shape)


class Memory:
    """Memory for results, used again when nobody holds it any more.

    Fresh memory costs as much as some products: the system clears it page by page.
    """

    most = 128 * 2**20  # bytes that may lie idle

    def __init__(self):
        self.idle: list[Any] = []
        self.lock = threading.RLock()

    def take(self, size):
        """Bytes that TensorFlow takes over as they are: they begin at a multiple of 64."""
        size = -(-max(size, 1) // 4096) * 4096
        with self.lock:
            found = next((n for n, block in enumerate(self.idle) if block.nbytes == size + 64), -1)
            block: Any = self.idle.pop(found) if found >= 0 else np.empty(size + 64, "uint8")
        # All arrays that share the memory hold the owner, so it tells when the last one has gone.
        owner: Any = (ctypes.c_char * block.nbytes).from_buffer(block)
        weakref.finalize(owner, self.give_back, block).atexit = False
        start = -block.ctypes.data % 64
        return np.frombuffer(owner, "uint8", size, start)

    def give_back(self, block):
        with self.lock:
            self.idle.append(block)
            while sum(block.nbytes for block in self.idle) > self.most:
                self.idle.pop(0)


memory = Memory()


def of_weights(product, left, d):
    """The gradient of the weights of a product, from all steps of all sequences at once."""
    import tensorflow as tf

    if product.blocks == 1:
        left = tf.reshape(left, (-1, product.rows))
        d = tf.reshape(d, (-1, product.columns))
        pair = (d, left) if product.transposed else (left, d)
        return tf.matmul(*pair, transpose_a=True)
    left = tf.reshape(left, (-1, product.blocks, product.rows))
    d = tf.reshape(d, (-1, product.blocks, product.columns))
    return tf.einsum(
        "nbc,nbr->bcr" if product.transposed else "nbr,nbc->brc",
        *((d, left) if product.transposed else (left, d)),
    )


def addresses(arrays):
    return (ctypes.c_void_p * max(1, len(arrays)))(
        *(None if one is None else one.ctypes.data for one in arrays)
    )


def threads():
    """How many threads a loop may use."""
    if told := os.environ.get("KERAS_LSTM_VARIANTS_THREADS"):
        if not told.isdecimal() or int(told) < 1:
            raise ValueError(
                f"KERAS_LSTM_VARIANTS_THREADS must be a positive integer, not {told!r}."
            )
        return int(told)
    import tensorflow as tf

    if told := tf.config.threading.get_intra_op_parallelism_threads():
        return told
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
