"""The layer over a cell: what `keras.layers.LSTM` is to `keras.layers.LSTMCell`."""

from typing import Any

import keras

from . import cudnn, scan

LAYER_ARGUMENTS = (
    "name",
    "dtype",
    "trainable",
    "activity_regularizer",
    "zero_output_for_mask",
    "input_shape",
)
SCANS = ("auto", "compiled", "graph", "plain")


def of_cell(name):
    """A read-only attribute of the layer that is its cell's."""
    return property(lambda layer: getattr(layer.cell, name), doc=f"`{name}` of the cell.")


class Recurrent(keras.layers.RNN):
    """A recurrent layer that makes its own cell.

    A layer names its `cell_class`; all its arguments that are not named here go to the cell. So a
    layer is used as `keras.layers.LSTM` is, and `keras.layers.RNN(cell)` with the same cell gives
    the same numbers.

    Args:
        *cell_args: The first arguments of the cell, such as `units`.
        return_sequences: Return the output at every step, not the last one only.
        return_state: Return the states after the last step as well.
        go_backwards: Read the sequence from its end; outputs come in the order in which they are
            made.
        stateful: Start each batch with the states at the end of the batch before.
        unroll: Unroll the loop: faster for a few steps, slower to build. The number of steps must
            be known.
        use_cudnn: Whether cuDNN runs the loop, as in `keras.layers.LSTM`: only on a GPU, and only
            that of `LSTM` and, but on JAX, of `GRU`, with the usual activations, without a mask and
            without recurrent dropout. `"auto"`: where it can, but not in TensorFlow's graphs for
            inference, which may be exported, see `compiled_inference`; True: or a call is an error;
            False: never. Not saved with the layer, as the next machine may have no GPU.
        implementation: Taken likewise; all gates are always computed in one product.
        scan: How the loop over time runs. `"auto"`: in code compiled for the cell, on CPUs with
            TensorFlow, a C++ compiler and single or double precision, in training and in eager
            calls; else as a graph, with what x gives computed for all steps at once and a gradient
            of the whole sequence. `"compiled"`: the same, and compiled in graphs for inference too,
            which then cannot be exported by Keras itself. `"graph"`: never compiled. `"plain"`:
            the loop of `keras.layers.RNN`.
        **kwargs: The other arguments of the cell and of `keras.layers.RNN`.

    Call arguments:
        sequences: Tensor of shape (batch, steps, features).
        initial_state: List of the states before the first step, one tensor (batch, size) for each
            name in `cell.state`; zeros if not given.
        mask: Boolean tensor (batch, steps). A step where it is False is skipped: states stay as
            they are, and the output is that of the step before. Pass it explicitly: from Keras 3.16
            on, recurrent layers do not hand masks on.
        training: Whether dropout is on.

    Returns:
        Tensor of shape (batch, units), or (batch, steps, units) with `return_sequences`; with
        `return_state`, that and the states.

    Attributes:
        why_not_compiled: Why the last call did not run compiled code; empty if it did.
        why_not_cudnn: Why the last call did not run cuDNN's; empty if it did.

    Raises:
        ValueError: An argument is unknown to the layer and its cell, or out of range; in a call,
            `use_cudnn` is True and cuDNN cannot run it.
    """

    cell_class: Any = None  # a GatedCell

    def __init__(
        self,
        *cell_args,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        use_cudnn="auto",
        implementation=2,
        scan="auto",
        **kwargs,
    ):
        if scan not in SCANS:
            raise ValueError(
                f"{type(self).__name__}: scan must be one of {', '.join(SCANS)}, not {scan!r}."
            )
        if use_cudnn not in ("auto", True, False):
            raise ValueError(
                f"{type(self).__name__}: use_cudnn must be 'auto', True or False, "
                f"not {use_cudnn!r}."
            )
        layer_kwargs = {name: kwargs.pop(name) for name in LAYER_ARGUMENTS if name in kwargs}
        # RNN hands neither to its cell: without this, a float64 layer would compute in float32.
        shared = {
            name: layer_kwargs[name] for name in ("dtype", "trainable") if name in layer_kwargs
        }
        super().__init__(
            self.cell_class(*cell_args, **kwargs, **shared),
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            **layer_kwargs,
        )
        self.scan = scan
        self.use_cudnn = use_cudnn
        self.why_not_compiled = self.why_not_cudnn = "it has not been called"
        self.supports_masking = True
        self.input_spec = keras.layers.InputSpec(ndim=3)

    units = of_cell("units")
    activation = of_cell("activation")
    recurrent_activation = of_cell("recurrent_activation")
    use_bias = of_cell("use_bias")
    dropout = of_cell("dropout")
    recurrent_dropout = of_cell("recurrent_dropout")

    def build(self, sequences_shape, initial_state_shape=None):
        super().build(sequences_shape, initial_state_shape)
        layer = cudnn.keras_layer(self.cell)
        self._of_cudnn = lambda: layer  # a layer as an attribute would be a part of this one

    def inner_loop(self, sequences, initial_state, mask, training=False):
        self.why_not_cudnn = cudnn.why_not(self, mask, training)
        if not self.why_not_cudnn:
            return cudnn.inner_loop(self, self._of_cudnn(), sequences, initial_state, training)
        if self.use_cudnn is True:
            raise ValueError(
                f"{type(self).__name__}: cuDNN cannot run this call: {self.why_not_cudnn}. "
                "use_cudnn='auto' runs it otherwise."
            )
        ours = hasattr(self.cell, "net_of_x")  # and not just any cell of Keras
        if self.scan == "plain" or self.unroll or not ours:
            return super().inner_loop(sequences, initial_state, mask, training)
        return scan.inner_loop(self, sequences, initial_state, mask, training)

    def get_config(self):
        config = {**super().get_config(), "scan": self.scan}
        del config["cell"]
        cell = self.cell.get_config()
        return {**{name: cell[name] for name in cell if name not in LAYER_ARGUMENTS}, **config}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)
