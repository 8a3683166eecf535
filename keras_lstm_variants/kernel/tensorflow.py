"""The call: a cell's compiled loop as TensorFlow sees it, with gradients, in graphs or not.

trace -> intermediate form -> code of a step -> code of the loop -> compile and cache -> CALL
"""

import ctypes
import functools
import math
import os
import threading
from typing import Any

import numpy as np

from ..backend import vjp
from . import compiler, operation
from .ir import Unsupported
from .loop_codegen import generate
from .memory import pool
from .signature import gradient_of, place
from .trace import trace_step

SMALL = 2**16  # bytes below which memory is not kept to be used again
NO_FORWARD_MODE = (
    "The compiled loop has no forward-mode derivatives: make the layer with scan='graph'. Within a "
    "tf.function TensorFlow has none of any loop: take those of the function, from outside."
)
RAN = ctypes.c_long
# Where graphs note how many threads ran: a graph may outlive the cell that made it.
noted: list[dict[str, Any]] = []


class CompiledLoop:
    """The loop over time of one cell, for one kind of input.

    Args:
        cell: The cell.
        advance: `advance(x, states, weights, h_mask)`, the states at t from x_t.
        x, states, h_mask, weights: Tensors like those of the calls.
        ran: A dict in which `forward` and `backward` note on how many threads they ran last.

    Attributes:
        source: The C++ code.
        signature: What its functions take and give.

    Raises:
        Unsupported: Something in the step cannot be translated.
        NoCompiler, OSError: The code cannot be compiled, stored or loaded.
    """

    def __init__(self, cell, advance, x, states, h_mask, weights, ran):
        # A function of TensorFlow makes its gradient when that is first asked for, in a graph to
        # which no second thread may add meanwhile.
        self.preparing = threading.RLock()
        step, self.prepare = trace_step(cell, advance, x, states, h_mask, weights)
        self.states = len(states)
        self.dtype = np.dtype(states[0].dtype.as_numpy_dtype)
        code = generate(step, self.dtype.name)
        self.source, self.signature = code.text, code.signature
        self.library = compiler.load(code.text, compiler.flags())
        functions = self.signature.forward, self.signature.backward
        for function in functions:
            ran.setdefault(function.name, RAN(0))
        self.ran = ran
        noted.append(ran)

    def __call__(self, x, states, h_mask, mask, weights, keep, portable, two_bodies=False):
        """All outputs and the last states.

        Args:
            x: (batch, steps, features).
            states: (batch, size) each.
            h_mask: (batch, size) or None.
            mask: Boolean, (batch, steps), or None.
            weights: The cell's.
            keep: Whether gradients will be asked for. Without it they can be had, for the price of
                a second forward pass.
            portable: `portable(x, states, weights, h_mask, mask)` gives the same with TensorFlow's
                own operations: second derivatives are taken of it.
            two_bodies: Whether the graph that is being made shall hold `portable` as well, for
                other processes.
        """
        import tensorflow as tf

        n = len(states)
        masks = [one for one in (h_mask, mask) if one is not None]

        def apart(tensors: Any) -> tuple[Any, Any, Any, Any, Any]:
            """x, the states, the weights; the two masks."""
            x, *rest = tensors[: len(values)]
            given = iter(tensors[len(tensors) - len(masks) :] if masks else ())
            of_h, of_steps = (None if one is None else next(given) for one in (h_mask, mask))
            return x, rest[:n], rest[n:], of_h, of_steps

        def compiled(*tensors):
            return self.forward(*apart(tensors), keep=keep)

        def by_tensorflow(*tensors):
            outputs, last = portable(*apart(tensors))
            return [outputs, *last]

        def compiled_gradient(*tensors):
            arguments = apart(tensors)
            return self.backward(
                *arguments, made=self.forward(*arguments, keep=True), directions=between(tensors)
            )

        def gradient_by_tensorflow(*tensors):
            own = tensors[len(tensors) - len(masks) :] if masks else ()
            of = vjp(lambda *values: by_tensorflow(*values, *own), list(tensors[: len(values)]))[1]
            return of(between(tensors))

        def between(tensors):
            """The directions, which stand between the values and the masks."""
            return list(tensors[len(values) : len(tensors) - len(masks)])

        values = [x, *states, *map(tf.convert_to_tensor, weights)]

        @tf.custom_gradient
        def loop(*values):
            if two_bodies:
                made = in_this_process(compiled, by_tensorflow, [*values, *masks])
            else:
                made = compiled(*values, *masks)

            def gradient(*directions):
                @tf.custom_gradient
                def once(*tensors):
                    both = [*tensors, *masks]
                    if two_bodies:
                        d = in_this_process(compiled_gradient, gradient_by_tensorflow, both)
                    elif keep:
                        d = self.backward(*apart(both), made=made, directions=between(both))
                    else:
                        d = compiled_gradient(*both)

                    def again(*upstream):
                        with tf.GradientTape(watch_accessed_variables=False) as tape:
                            tape.watch(tensors)
                            d = gradient_by_tensorflow(*tensors, *masks)
                        of = tape.gradient(d, tensors, list(upstream))
                        if of[len(values)] is None:  # of what it is linear in: nothing was watched
                            raise NotImplementedError(NO_FORWARD_MODE)
                        pairs = zip(of, tensors, strict=True)
                        return [tf.zeros_like(t) if one is None else one for one, t in pairs]

                    return tuple(d), again

                return once(*values, *directions)

            return tuple(made[: 1 + n]), gradient

        try:
            out, *last = loop(*values)
        except TypeError as error:  # what TensorFlow says of two bodies
            if "TraceType" not in str(error):
                raise
            raise NotImplementedError(NO_FORWARD_MODE) from error
        return out, last

    def forward(self, x, states, weights, h_mask, mask, keep):
        """The outputs, the last states and, with `keep`, all else that the forward pass gives."""
        given = self.named(x, states, weights, h_mask)
        made = self.run(self.signature.forward, given, mask, keep)
        return [made[name] for name in self.results(keep)]

    def results(self, keep):
        """The names of what `forward` gives, in its order."""
        first = ["all0", *(f"last{k}" for k in range(self.states))]
        names = [array.name for array in returned(self.signature.forward, keep)]
        return first + [name for name in names if name not in first]

    def backward(self, x, states, weights, h_mask, mask, made, directions):
        """The gradients of x, the states and the weights.

        Args:
            x, states, weights, h_mask, mask: As in the forward pass.
            made: What that gave, keeping everything.
            directions: The gradients of the outputs and of the last states.
        """
        import tensorflow as tf

        results = self.results(True)
        given = self.named(x, states, weights, h_mask) | dict(zip(results, made, strict=True))
        given |= zip(map(gradient_of, results), directions, strict=False)  # of the first results
        d = self.run(self.signature.backward, given, mask, True)
        with self.preparing:
            prepared, pull_back = vjp(lambda *weights: self.prepare(weights), list(weights))
            of_weights = pull_back(
                [d.get(gradient_of(f"w{k}"), tf.zeros_like(w)) for k, w in enumerate(prepared)]
            )
        of_states = [d[gradient_of(f"first{k}")] for k in range(len(states))]
        return [d[gradient_of("x")], *of_states, *of_weights]

    def named(self, x, states, weights, h_mask):
        """The tensors that both functions take, by their names."""
        given = {"x": x} | {f"first{k}": state for k, state in enumerate(states)}
        with self.preparing:
            given |= {f"w{k}": weight for k, weight in enumerate(self.prepare(weights))}
        return given if h_mask is None else {**given, "h_mask": h_mask}

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
            return dict(zip((array.name for array in results), tensors, strict=True))
        kinds = [tf.as_dtype(self.dtype)] * len(results)
        if operation.registered():
            token = operation.token(
                ctypes.cast(getattr(self.library, function.name), ctypes.c_void_p).value or 0,
                ctypes.addressof(self.ran[function.name]),
                function,
                kinds[0],
                masked=mask is not None,
                keep=keep,
                threads=threads(),
            )
            tensors = operation.call(arguments, kinds, token)
        else:
            tensors = tf.numpy_function(compute, arguments, kinds, stateful=False)
        for tensor, array in zip(tensors, results, strict=True):
            tensor.set_shape(array.shape(*given["x"].shape[:2]))
        return {array.name: tensor for array, tensor in zip(results, tensors, strict=True)}

    def compute(self, function, arrays, masks, keep):
        """Runs a compiled function on NumPy arrays; it gives those that are returned."""
        batch, steps, _ = arrays[place("x", function.takes)].shape
        if not steps:
            raise ValueError("The compiled loop takes sequences of at least one step.")
        arrays = [np.ascontiguousarray(one) for one in arrays]
        masks = [np.ascontiguousarray(one) for one in masks]
        for array, taken in zip(arrays, function.takes, strict=True):
            self.check(taken.meaning, array, taken.shape(batch, steps), self.dtype)
        for array in masks:
            self.check("mask", array, (batch, steps), np.dtype(bool))
        wanted = [one if keep or not one.kept else None for one in function.gives]
        results = [one and self.empty(one.shape(batch, steps)) for one in wanted]
        self.ran[function.name].value = getattr(self.library, function.name)(
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


def in_this_process(compiled, portable, tensors):
    """Puts two functions into the graph that is being made: this process runs the first.

    Any other that loads the graph runs the second: what decides is whether a variable has a value
    that is in no file, and that only this process has given one. TensorFlow makes a body that it
    does not run into operations nowhere, so that it may be one that nobody else has.

    Args:
        compiled, portable: Two functions of tensors that give tensors, and the same numbers.
        tensors: What they take.
    """
    import tensorflow as tf

    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors]
    bodies = [
        tf.function(one, autograph=False).get_concrete_function(*specs)
        for one in (compiled, portable)
    ]
    if any(body.captured_inputs for body in bodies):
        raise Unsupported("a step that takes more than x, states and weights")
    flag()  # which is set only now
    with tf.device("/device:CPU:0"):
        # Errors of what cannot have compiled loops, such as XLA around the graph, show the name.
        handle = tf.raw_ops.VarHandleOp(**FLAG, name="trace_within_keras_lstm_variants_portable")
        here = tf.raw_ops.VarIsInitializedOp(resource=handle)
    shapes = [
        one.shape if one.shape == other.shape else tf.TensorShape(None)
        for one, other in zip(*(body.outputs for body in bodies), strict=True)
    ]
    # Not StatelessIf: where TensorFlow vectorises the graph, it fails at once, and not by chance.
    results = tf.raw_ops.StatelessCase(
        branch_index=1 - tf.cast(here, tf.int32),
        input=list(tensors),
        Tout=[output.dtype for output in bodies[0].outputs],
        branches=bodies,
        output_shapes=shapes,
    )
    for result, output in zip(results, bodies[0].outputs, strict=True):
        result.set_shape(output.shape)
    return results


FLAG = {"dtype": "bool", "shape": [], "shared_name": f"{operation.LABEL}/{operation.PROCESS}"}


@functools.cache
def flag():
    """The variable that has a value in this process only."""
    import tensorflow as tf

    with tf.init_scope(), tf.device("/device:CPU:0"):
        handle = tf.raw_ops.VarHandleOp(**FLAG)
        tf.raw_ops.AssignVariableOp(resource=handle, value=tf.constant(True))
    return handle
