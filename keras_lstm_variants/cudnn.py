"""cuDNN's loop over time, on GPUs, for the two cells that it has: the plain LSTM and the GRU.

Keras calls cuDNN in `keras.layers.LSTM` and `GRU`. Such a layer, around our cell in place of its
own, runs with our weights; where it finds that cuDNN cannot run after all, it runs Keras' own loop
over the cell, or raises if `use_cudnn` is True.
"""

from typing import Any

import keras
from keras import ops

from .backend import Tensor
from .portability import may_be_exported, why_portable


def keras_layer(cell: Any) -> keras.Layer | None:
    """The layer of Keras that calls cuDNN with the cell's weights; None if there is none."""
    if why_not_cell(cell) or not gpu():
        return None
    layer = cell.cudnn_layer(cell.units, return_sequences=True)
    layer.cell = cell
    return layer


def inner_loop(
    layer: Any,
    called: keras.Layer,
    sequences: Tensor,
    initial_state: list[Tensor],
    training: bool,
) -> Any:
    """What `keras.layers.RNN.inner_loop` gives, from `called`, the `keras_layer` of the cell."""
    called.use_cudnn = layer.use_cudnn
    sequences = ops.cast(sequences, layer.cell.compute_dtype)
    if layer.go_backwards:  # Keras turns the outputs back or not, by backend
        sequences = ops.flip(sequences, axis=1)
    # Those of a stateful layer are variables.
    initial_state = [ops.convert_to_tensor(state) for state in initial_state]
    return called.inner_loop(sequences, initial_state, mask=None, training=training)


def why_not(layer: Any, mask: Tensor, training: bool) -> str:
    """Why a layer does not run cuDNN's loop in a call, or "" if it does.

    A layer that can is told to Keras as one that XLA cannot compile.
    """
    why = why_not_cell(layer.cell) or why_not_layer(layer)
    if why:
        return why
    if mask is not None:
        return "a mask is passed"
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
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.list_logical_devices("GPU"))
    if backend == "jax":
        import jax

        return jax.default_backend() == "gpu"
    import torch

    return torch.cuda.is_available() and torch.backends.cudnn.is_available()
