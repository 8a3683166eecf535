"""cuDNN's loop over time, on GPUs, for the two cells that it has: the plain LSTM and the GRU.

Keras calls cuDNN in `keras.layers.LSTM` and `GRU`. Such a layer, around our cell in place of its
own, runs with our weights; where it finds that cuDNN cannot run after all, it raises `NotRun`, and
the layer runs, and says, what it does without cuDNN.
"""

from typing import Any, NoReturn

import keras
import numpy as np
from keras import ops

from .backend import Tensor, is_known, platform, starts_from_zeros
from .portability import may_be_exported, why_portable

RUNS = "it runs cuDNN's loop"  # why nothing else does


class NotRun(Exception):
    """cuDNN was called, and did not run; the message says why."""


class _NoOtherLoop(keras.layers.RNN):
    """In place of the loop that Keras' layers fall back to, and say nothing of."""

    def inner_loop(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotRun("Keras called cuDNN and found that it cannot run")


def keras_layer(cell: Any) -> keras.Layer | None:
    """The layer of Keras that calls cuDNN with the cell's weights; None if there is none."""
    if why_not_cell(cell) or not gpu():
        return None
    of_keras = cell.cudnn_layer
    # What the layer of Keras calls next, when it gives up, is the next class.
    layer = type(of_keras.__name__, (of_keras, _NoOtherLoop), {})(cell.units, return_sequences=True)
    layer.cell = cell
    return layer


def inner_loop(
    layer: Any,
    called: keras.Layer,
    sequences: Tensor,
    initial_state: list[Tensor],
    mask: Tensor,
    training: bool,
) -> Any:
    """What `keras.layers.RNN.inner_loop` gives, from `called`, the `keras_layer` of the cell.

    Raises:
        NotRun: cuDNN did not run after all.
    """
    sequences = ops.cast(sequences, layer.cell.compute_dtype)
    # Those of a stateful layer are variables.
    initial_state = [ops.convert_to_tensor(state) for state in initial_state]
    if mask is not None:
        return _padded_loop(layer, called, sequences, initial_state, mask, training)
    if layer.go_backwards:  # Keras turns the outputs back or not, by backend
        sequences = ops.flip(sequences, axis=1)
    return called.inner_loop(sequences, initial_state, mask=None, training=training)


def _padded_loop(
    layer: Any,
    called: keras.Layer,
    sequences: Tensor,
    first: list[Tensor],
    mask: Tensor,
    training: bool,
) -> Any:
    """The same of right-padded sequences, of which cuDNN is told the lengths."""
    steps = ops.shape(sequences)[1]
    lengths = ops.sum(ops.cast(mask, "int32"), axis=1)
    places = ops.expand_dims(ops.arange(steps, dtype="int32"), 0)
    sequences = _checked(layer, sequences, mask, places < lengths[:, None])
    padding = ops.expand_dims(steps - lengths, 1)
    if layer.go_backwards:  # cuDNN reads from the first step, so that padding has to be last
        backwards = ops.maximum(lengths[:, None] - 1 - places, 0)
        sequences = _at(sequences, backwards)
    # It takes no empty sequences: of these, a step is read in vain.
    read = ops.maximum(lengths, 1)
    _, outputs, states = _told_lengths(called, sequences, first, read, places, training)
    there = lengths[:, None] > 0
    states = [ops.where(there, new, old) for new, old in zip(states, first, strict=True)]
    before = ops.zeros_like(first[0]) if starts_from_zeros(layer) else first[0]
    if layer.go_backwards:
        outputs = _at(outputs, ops.maximum(places - padding, 0))
        real, shown = places >= padding, before
    else:
        real, shown = places < lengths[:, None], ops.where(there, states[0], before)
    if layer.zero_output_for_mask:
        shown = ops.zeros_like(shown)
    outputs = ops.where(real[..., None], outputs, shown[:, None])
    return outputs[:, -1], outputs, states


def _told_lengths(
    called: keras.Layer,
    sequences: Tensor,
    first: list[Tensor],
    lengths: Tensor,
    places: Tensor,
    training: bool,
) -> Any:
    """All outputs and the last states of sequences of these lengths, each at least 1."""
    if keras.backend.backend() == "jax":  # where Keras calls cuDNN without masks only
        x = sequences
        if training and called.cell.dropout:
            x = x * ops.expand_dims(called.cell.get_dropout_mask(sequences[:, 0]), 1)
        try:
            return _of_jax(called.cell, x, first, lengths)
        except (RuntimeError, TypeError, ValueError) as error:  # those that Keras catches
            raise NotRun(f"JAX called cuDNN, which failed: {error!r}") from error
    mask = places < lengths[:, None]
    return called.inner_loop(sequences, first, mask=mask, training=training)


def _of_jax(cell: Any, x: Tensor, first: list[Tensor], lengths: Tensor) -> Any:
    from jax.experimental import rnn

    bias = ops.convert_to_tensor(cell.bias)
    of_gates = [ops.transpose(weight) for weight in (cell.kernel, cell.recurrent_kernel)]
    # Of cuDNN's two vectors of biases, one is enough.
    flat = [ops.ravel(weight) for weight in (*of_gates, bias, ops.zeros_like(bias))]
    outputs, *states = rnn.lstm(
        x,
        *[state[None] for state in first],
        ops.concatenate(flat),
        lengths,
        input_size=x.shape[-1],
        hidden_size=cell.units,
        num_layers=1,
        dropout=0.0,
        bidirectional=False,
    )
    return outputs[:, -1], outputs, [state[0] for state in states]


def _checked(layer: Any, sequences: Tensor, mask: Tensor, expected: Tensor) -> Tensor:
    """The sequences, if their padding is where it was promised to be.

    Else it is an error, or where there can be none, in JAX's compiled functions, NaN.
    """
    kept = ops.all(ops.equal(mask, expected), axis=1)
    message = f"{type(layer).__name__}: right_padded is True, but the mask is not right-padded."
    if is_known(kept):
        if not bool(ops.all(kept)):
            raise ValueError(message)
        return sequences
    if keras.backend.backend() == "jax":
        return ops.where(kept[:, None, None], sequences, np.nan)
    import tensorflow as tf

    with tf.control_dependencies([tf.debugging.Assert(ops.all(kept), [message])]):
        return tf.identity(sequences)


def _at(values: Tensor, places: Tensor) -> Tensor:
    """The values (batch, steps, size) at other steps, (batch, steps), of the same sequence."""
    batch, steps = ops.shape(places)
    rows = ops.expand_dims(ops.arange(batch, dtype="int32") * steps, 1) + places
    return ops.take(ops.reshape(values, (-1, values.shape[-1])), rows, axis=0)


def why_not(layer: Any, mask: Tensor, training: bool) -> str:
    """Why a layer does not run cuDNN's loop in a call, or "" if it does.

    A layer that can is told to Keras as one that XLA cannot compile.
    """
    why = why_not_cell(layer.cell) or why_not_layer(layer)
    if why:
        return why
    if mask is not None and not layer.right_padded:
        return "a mask is passed, and right_padded is not set"
    if mask is not None and keras.backend.backend() == "torch":
        return "a mask is passed, with which Keras calls none on torch"
    if not gpu():
        return "there is no GPU"
    if keras.backend.backend() == "tensorflow":
        layer.supports_jit = False  # or Keras would have XLA, without cuDNN, compile the model
    if may_be_exported(training) and layer.use_cudnn is not True:
        return "a graph for inference may be saved, and run where there is no GPU"
    return why_portable()


def why_not_cell(cell: Any) -> str:
    kind = type(cell)
    if not vars(kind).get("cudnn_layer"):  # one that is inherited may be of other equations
        return f"it has no {kind.__name__}"
    if kind.cudnn_layer is keras.layers.GRU and keras.backend.backend() == "jax":
        return "Keras calls its GRU on TensorFlow and torch only"
    if cell.activation is not keras.activations.tanh:
        return "the activation is not tanh"
    if cell.recurrent_activation is not keras.activations.sigmoid:
        return "the recurrent activation is not sigmoid"
    if not cell.use_bias:
        return "there is no bias"
    if cell.heads > 1:
        return "there are several heads"
    if cell.gradient == "truncated" or cell.clip_net_gradient is not None:
        return "the gradient is truncated or clipped"
    if cell.recurrent_dropout:
        return "there is recurrent dropout"
    if cell.dtype_policy.compute_dtype != "float32":
        return f"it computes in {cell.dtype_policy.compute_dtype}"
    return ""


def why_not_layer(layer: Any) -> str:
    if layer.use_cudnn is False:
        return "use_cudnn is False"
    if layer.scan != "auto":
        return f"it was made with scan={layer.scan!r}"
    if layer.return_all_states:
        return "it returns the states of all steps"
    return "it is unrolled" if layer.unroll else ""


def gpu() -> bool:
    """Whether Keras' backend has a GPU that cuDNN runs on."""
    if keras.backend.backend() != "torch":
        return platform() in ("gpu", "cuda")
    import torch

    return torch.cuda.is_available() and torch.backends.cudnn.is_available()
