"""What Keras has no function for that works alike on TensorFlow, JAX and torch."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
from keras import tree

from .lazy import BACKENDS, other_backend

Tensor = Any  # of whichever backend: none of them has types that a checker knows
AT_ONCE = 4  # steps, of which one or two products of x are computed ahead; more cost more than gain


def name() -> str:
    """The backend of Keras.

    Raises:
        RuntimeError: It is none that this package runs on.
    """
    backend: str = keras.backend.backend()
    if backend not in BACKENDS:
        raise RuntimeError(other_backend(backend))
    return backend


def vjp(
    function: Callable[..., Any], inputs: Any, often: bool = False
) -> tuple[Any, Callable[..., Any]]:
    """What a function gives, and the function that takes directions of that back to the inputs.

    That can be called once only on TensorFlow, unless `often`. What it gives then must not be
    differentiated in a graph: of persistent tapes TensorFlow gives wrong derivatives there.
    """
    backend = name()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape(persistent=often, watch_accessed_variables=False) as tape:
            tape.watch(inputs)
            outputs = function(*inputs)
        return outputs, lambda directions: tape.gradient(
            outputs, inputs, directions, unconnected_gradients="zero"
        )
    if backend == "jax":
        import jax

        return jax.vjp(function, *inputs)
    import torch

    inputs = [value.detach().requires_grad_() for value in inputs]
    outputs = function(*inputs)
    return outputs, lambda directions: torch.autograd.grad(
        outputs, inputs, directions, retain_graph=True, materialize_grads=True
    )


def over_time(
    step: Callable[..., Any], carry: Any, xs: Any, reverse: bool = False
) -> tuple[Any, Any]:
    """Like `jax.lax.scan`: carry, y_t = step(carry, x_t) for all t; y in the order of x.

    Args:
        step: A function of two structures that gives two; it may be traced more than once.
        carry: A structure of tensors.
        xs: A structure of tensors (steps, ...); the number of steps may be unknown.
        reverse: Whether to begin with the last x.

    Returns:
        The last carry, and a structure of tensors (steps, ...).
    """
    backend = name()
    if backend == "jax":
        import jax

        return jax.lax.scan(step, carry, xs, reverse=reverse)
    if backend == "torch":
        import torch

        places = range(len(tree.flatten(xs)[0]))
        ys = []
        for t in reversed(places) if reverse else places:
            carry, y = step(carry, tree.map_structure(lambda x, t=t: x[t], xs))
            ys.append(y)
        if reverse:
            ys.reverse()
        return carry, tree.map_structure(lambda *y: torch.stack(y), *ys)
    return _over_time_in_tensorflow(step, carry, xs, reverse)


def _over_time_in_tensorflow(
    step: Callable[..., Any], carry: Any, xs: Any, reverse: bool
) -> tuple[Any, Any]:
    import tensorflow as tf

    steps = tf.shape(tree.flatten(xs)[0])[0]
    first = tree.map_structure(lambda x: tf.TensorSpec(x.shape[1:], x.dtype), xs)
    specs = tree.map_structure(lambda x: tf.TensorSpec(x.shape, x.dtype), carry)
    # The arrays must exist before the loop, so what a step gives must be known before.
    y_specs = tf.function(step).get_concrete_function(specs, first).structured_outputs[1]
    arrays = [tf.TensorArray(y.dtype, steps, element_shape=y.shape) for y in tree.flatten(y_specs)]

    def body(t: Tensor, carry: Any, *arrays: Any) -> tuple[Any, ...]:
        carry, y = step(carry, tree.map_structure(lambda x: tf.gather(x, t), xs))
        written = [a.write(t, y) for a, y in zip(arrays, tree.flatten(y), strict=True)]
        return t - 1 if reverse else t + 1, carry, *written

    start, within = (steps - 1, lambda t, *_: t >= 0) if reverse else (0, lambda t, *_: t < steps)
    variables: tuple[Any, ...] = start, carry, *arrays
    _, carry, *filled = tf.while_loop(
        within, body, variables, maximum_iterations=steps, parallel_iterations=AT_ONCE
    )
    return carry, tree.pack_sequence_as(y_specs, [array.stack() for array in filled])


def custom_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """`tf.custom_gradient`, on TensorFlow and JAX, of a function of tensors that gives some."""
    if name() == "jax":
        import jax

        def told_once(*inputs: Tensor) -> Any:
            outputs, gradient = function(*inputs)
            several = isinstance(outputs, tuple)  # of which JAX hands over all directions in one
            return outputs, (lambda directions: gradient(*directions)) if several else gradient

        once: Callable[..., Any] = jax.custom_gradient(told_once)
        return once
    import tensorflow as tf

    return tf.custom_gradient(function)


def is_known(tensor: Tensor) -> bool:
    """Whether a tensor has values already, and is not part of a graph that is being made."""
    if name() == "tensorflow":
        return hasattr(tensor, "numpy")
    if name() == "jax":
        import jax

        return not isinstance(tensor, jax.core.Tracer)
    import torch

    return not torch.compiler.is_compiling() and tensor.device.type != "meta"


def outside_of_graphs() -> AbstractContextManager[Any]:
    """Within it, TensorFlow's variables have their values although a graph is being made."""
    if name() != "tensorflow":
        return nullcontext()
    import tensorflow as tf

    context: AbstractContextManager[Any] = tf.init_scope()
    return context


def platform() -> str:
    """On what TensorFlow or JAX computes what is not elsewhere already: "cpu" or "gpu", say."""
    if name() == "tensorflow":
        import tensorflow as tf

        return "gpu" if tf.config.list_logical_devices("GPU") else "cpu"
    import jax

    device = jax.config.jax_default_device or jax.default_backend()
    return str(getattr(device, "platform", device))


def starts_from_zeros(layer: Any) -> bool:
    """Whether the outputs at masked steps are zeros until the first step that counts.

    That of Keras' loop on JAX, unless it is unrolled, is the first state.
    """
    return bool(name() != "jax" or layer.unroll)
