"""What the recurrent layers of any Keras model read, so that each can be looked into by itself."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from .cells import LAYERS
from .recording import record, sensitivity


class Reading(NamedTuple):
    """A recurrent layer and what it was given, in one call of its model.

    Attributes:
        name: Its name; from the second call of a layer on, with the number of the call.
        layer: The layer; in place of `LSTM`, `GRU` or `SimpleRNN` of Keras, the same layer of this
            package with the same weights, whose equations can be read off.
        sequences: Array (batch, steps, features).
        initial_state: List of the states before the first step; None if zeros.
        mask: Boolean array (batch, steps); None if nothing is masked.
    """

    name: str
    layer: keras.Layer
    sequences: np.ndarray
    initial_state: list[np.ndarray] | None
    mask: np.ndarray | None

    def record(self) -> dict[str, Any]:
        """What `record` gives for it."""
        return record(self.layer, self.sequences, self.initial_state, self.mask)

    def sensitivity(self, of: str | None = None, to: str = "input") -> Any:
        """What `sensitivity` gives for it."""
        return sensitivity(self.layer, self.sequences, of, to, self.initial_state, self.mask)


def readings(model: keras.Model, inputs: Any) -> list[Reading]:
    """Calls a model once, as at inference, and keeps what each of its recurrent layers is given.

    Layers are found in models within the model, too, in the order of their calls; a
    `keras.layers.Bidirectional` is one layer. Masks are those that the layer really gets, whether
    they were passed or come from an `Embedding`.

    Args:
        model: Any Keras model, functional, sequential or a subclass, that has been built.
        inputs: What it takes: an array, or a list or dict of arrays.

    Returns:
        A list of `Reading`; empty if the model has no recurrent layer.

    Raises:
        ValueError: A recurrent layer was called within a graph, as `TimeDistributed` does, where
            what it reads are no numbers.
    """
    found: list[Reading] = []
    with ExitStack() as stack:
        for layer in _recurrent(model):
            stack.enter_context(_listening(layer, found))
        model(keras.tree.map_structure(ops.convert_to_tensor, inputs), training=False)
    counts: dict[str, int] = {}
    named = []
    for one in found:
        counts[one.name] = number = counts.get(one.name, 0) + 1
        name = one.name if number == 1 else f"{one.name} (call {number})"
        named.append(one._replace(name=name, layer=same_here(one.layer)))
    return named


def _recurrent(model: Any) -> Iterator[keras.Layer]:
    """The recurrent layers of a model, each once, those of models within it included."""
    seen: set[int] = set()
    waiting = list(getattr(model, "layers", ()))
    while waiting:
        layer = waiting.pop(0)
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        if isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional):
            yield layer
        else:
            waiting += [*getattr(layer, "layers", ()), *_wrapped(layer)]


def _wrapped(layer: Any) -> list[Any]:
    return [layer.layer] if isinstance(layer, keras.layers.Wrapper) else []


@contextmanager
def _listening(layer: Any, found: list[Reading]) -> Iterator[None]:
    """Lists what a layer is called with."""
    call = layer.call

    def listen(sequences: Any, initial_state: Any = None, mask: Any = None, **options: Any) -> Any:
        try:
            states = None
            if initial_state is not None:
                states = [_array(state) for state in keras.tree.flatten(initial_state)]
            real = None if mask is None else _array(mask).astype(bool)
            if len(sequences.shape) == 3:  # over images there are no units to look at
                found.append(Reading(layer.name, layer, _array(sequences), states, real))
        except (NotImplementedError, TypeError, AttributeError, RuntimeError) as error:
            raise ValueError(
                f"{layer.name} is called within a graph, where what it reads are no numbers: "
                "call the model that it is in by itself"
            ) from error
        return call(sequences, initial_state=initial_state, mask=mask, **options)

    layer.call = listen
    try:
        yield
    finally:
        del layer.call


def _array(tensor: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor))


OURS = {keras.layers.LSTM: "lstm", keras.layers.SimpleRNN: "simple_rnn"}


def same_here(layer: Any) -> Any:
    """In place of an `LSTM`, `GRU` or `SimpleRNN` of Keras, this package's with the same weights.

    Within a `keras.layers.Bidirectional`, too. Any other layer, and one that carries its states
    from call to call, is returned as it is.
    """
    if isinstance(layer, keras.layers.Bidirectional):
        parts = [same_here(one) for one in (layer.forward_layer, layer.backward_layer)]
        if parts == [layer.forward_layer, layer.backward_layer]:
            return layer
        both = keras.layers.Bidirectional(
            parts[0], merge_mode=layer.merge_mode, backward_layer=parts[1], name=layer.name
        )
        both.build((None, None, parts[0].cell.kernel.shape[0]))
        for made, one in zip((both.forward_layer, both.backward_layer), parts, strict=True):
            made.set_weights(one.get_weights())
        return both
    name = OURS.get(type(layer))
    if type(layer) is keras.layers.GRU:
        name = "gru" if layer.reset_after else "gru_reset_before"
    if name is None or layer.stateful or not layer.built:
        return layer
    options = {
        key: getattr(layer, key)
        for key in ("activation", "recurrent_activation", "use_bias", "go_backwards")
        if hasattr(layer, key)
    }
    ours = LAYERS[name](
        layer.units,
        return_sequences=layer.return_sequences,
        zero_output_for_mask=layer.zero_output_for_mask,
        name=layer.name,
        dtype=layer.dtype_policy,
        **options,
    )
    ours.build((None, None, layer.cell.kernel.shape[0]))
    ours.set_weights(layer.get_weights())
    return ours
