"""`return_all_states`: those of stepping the cell by hand, whatever runs the loop."""

import keras
import numpy as np
import pytest
from keras import ops

from cases import (
    BACKEND,
    BATCH,
    FEATURES,
    FLOAT,
    MASK,
    STEPS,
    UNITS,
    alike,
    compiled,
    distance,
    initial_states,
    layer_gradients,
    of_tensorflow,
    padded,
    sequences,
)
from keras_lstm_variants import LSTM, PeepholeConvLSTM2D, PeepholeLSTM, SimpleRNN, export

ALL = {"return_state": False, "return_all_states": True}
SCANS = ("auto", "graph", "plain")


def at_night(*values):
    return pytest.param(*values, marks=pytest.mark.nightly)


class ByHand:
    """The cell of a layer, called for one step after the other, as a layer."""

    def __init__(self, layer):
        self.layer = layer
        self.trainable_variables = layer.trainable_variables

    def __call__(self, x, initial_state, mask=None, training=False):
        layer = self.layer
        order = range(STEPS - 1, -1, -1) if layer.go_backwards else range(STEPS)
        states = [ops.convert_to_tensor(state) for state in initial_state]
        # What Keras' loop puts out before the first step that counts.
        scanned = BACKEND == "jax" and not layer.unroll
        shown = states[0] if scanned else ops.zeros_like(states[0])
        outputs, every = [], []
        for t in order:
            output, new = layer.cell(x[:, t], states, training=False)
            if mask is not None:
                real = ops.convert_to_tensor(mask)[:, t, None]
                new = [ops.where(real, one, old) for one, old in zip(new, states, strict=True)]
                output = ops.where(real, output, shown)
            states, shown = new, output
            outputs.append(output)
            every.append(states)
        if layer.zero_output_for_mask and mask is not None:
            real = ops.convert_to_tensor(mask)
            read = zip(order, outputs, strict=True)
            outputs = [ops.where(real[:, t, None], y, 0.0) for t, y in read]
        whole = [ops.stack(states, axis=1) for states in zip(*every, strict=True)]
        output = ops.stack(outputs, axis=1) if layer.return_sequences else outputs[-1]
        return output, *whole


@pytest.mark.parametrize(
    "name, scan, options",
    [
        pytest.param("peephole_lstm", "auto", {}, marks=pytest.mark.ci),
        pytest.param("peephole_lstm", "plain", {"go_backwards": True}, marks=pytest.mark.ci),
        pytest.param("mlstm", "graph", {"go_backwards": True}, marks=pytest.mark.ci),
        pytest.param("min_gru", "auto", {}, marks=pytest.mark.ci),
        *[
            at_night(name, scan, options)
            for name in ("lstm", "gru", "peephole_lstm", "memory_block_lstm", "mlstm", "min_gru")
            for scan in SCANS
            for options in (
                {},
                {"go_backwards": True, "zero_output_for_mask": True},
                {"return_sequences": False},
                {"unroll": True},
            )
        ],
    ],
)
@pytest.mark.parametrize("masked", [at_night(False), True])
def test_values_and_gradients_are_those_of_stepping_the_cell(name, scan, options, masked, rng):
    (layer,) = alike(name, rng, FLOAT, [scan], **ALL, **options)
    x, states = sequences(rng), initial_states(name, rng)
    mask = MASK if masked else None
    x = padded(x) if masked else x
    if options.get("unroll"):
        layer.build((None, STEPS, FEATURES))
    call = {"initial_state": states, "mask": mask}
    ours, by_hand = layer(x, **call), ByHand(layer)(ops.convert_to_tensor(x), **call)
    assert [one.shape for one in ours[1:]] == [(BATCH, STEPS, *s.shape[1:]) for s in states]
    exact = FLOAT == "float64"
    assert distance(ours, by_hand) <= (1e-12 if exact else 1e-5)
    directions = [rng.normal(size=one.shape) for one in ours]
    x = np.where(MASK[..., None], x, 0.5) if masked else x  # nonsense has no gradient by hand
    both = (
        layer_gradients(one, directions, x, states, mask, training=one is layer)
        for one in (layer, ByHand(layer))
    )
    assert distance(*both) <= (1e-10 if exact else 1e-4)


@pytest.mark.ci
@pytest.mark.parametrize("scan", ["auto", *map(at_night, ["graph", "plain"])])
def test_the_last_of_all_are_the_last(scan, rng):
    every, last = alike("memory_block_lstm", rng, FLOAT, [scan, scan], **ALL)[:1] + alike(
        "memory_block_lstm", rng, FLOAT, [scan]
    )
    last.set_weights(every.get_weights())
    call = {"initial_state": initial_states("memory_block_lstm", rng), "mask": MASK}
    x = sequences(rng)
    ours, expected = every(x, **call), last(x, **call)
    assert distance([ours[0], *(s[:, -1] for s in ours[1:])], expected) <= 1e-5
    if scan == "auto":
        assert "states of all steps" in every.why_not_compiled


@pytest.mark.ci
def test_it_is_an_argument_that_is_saved():
    layer = PeepholeLSTM(3, return_all_states=True)
    assert layer.get_config()["return_all_states"] and layer.return_state
    assert PeepholeLSTM.from_config(layer.get_config()).return_all_states
    assert not LSTM.from_config(LSTM(3, return_state=True).get_config()).return_all_states


@pytest.mark.ci
@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
@pytest.mark.parametrize("steps", [None, STEPS])
def test_what_is_announced_is_what_comes(steps, dtype):
    layer = LSTM(UNITS, return_sequences=True, dtype=dtype, **ALL)
    inputs = keras.Input((steps, FEATURES))
    announced = layer(inputs)
    model = keras.Model(inputs, announced)
    assert [one.shape for one in announced] == [(None, steps, UNITS)] * 3
    found = layer(np.ones((BATCH, STEPS, FEATURES), "float32"))
    assert [keras.backend.standardize_dtype(one.dtype) for one in found] == [
        one.dtype for one in announced
    ]
    assert [one.shape for one in model.predict(np.ones((2, 3 if steps is None else steps, 7)))] == [
        (2, 3 if steps is None else steps, UNITS)
    ] * 3


@pytest.mark.ci
def test_a_stateful_layer_goes_on_from_the_last(rng):
    x = sequences(rng)
    stateful, whole = alike("lstm", rng, FLOAT, ["auto"], **ALL, stateful=False) + alike(
        "lstm", rng, FLOAT, ["auto"], **ALL
    )
    config = {**stateful.get_config(), "stateful": True}
    stateful = LSTM.from_config(config)
    stateful.build((BATCH, None, FEATURES))
    stateful.cell.set_weights(whole.get_weights())
    parts = [stateful(x[:, :2]), stateful(x[:, 2:])]
    together = [
        np.concatenate([ops.convert_to_numpy(p) for p in one], 1)
        for one in zip(*parts, strict=True)
    ]
    assert distance(together, whole(x)) <= 1e-5


@pytest.mark.ci
def test_bidirectional_gives_those_of_both_each_in_its_order(rng):
    layer = keras.layers.Bidirectional(LSTM(3, return_sequences=True, return_all_states=True))
    x = sequences(rng).astype("float32")
    output, *states = layer(x)
    assert [one.shape for one in states] == [(BATCH, STEPS, 3)] * 4
    symbolic = layer(keras.Input((STEPS, FEATURES)))
    assert [one.shape for one in symbolic[1:]] == [(None, STEPS, 3)] * 4
    h, _, h_back, _ = states
    expected = ops.concatenate([h, ops.flip(h_back, axis=1)], axis=-1)
    assert distance([output], [expected]) <= 1e-6


@pytest.mark.ci
@pytest.mark.parametrize("scan", [*SCANS[1:], at_night("auto")])
def test_states_may_be_images(scan, rng):
    options = {"return_sequences": True, "scan": scan}
    layer = PeepholeConvLSTM2D(2, 3, return_all_states=True, **options)
    x = rng.normal(size=(BATCH, STEPS, 4, 5, 1)).astype("float32")
    mask = None if BACKEND == "jax" else MASK
    output, h, c = layer(x, mask=mask)
    last = PeepholeConvLSTM2D(2, 3, return_state=True, **options)
    last.build(x.shape)
    last.set_weights(layer.get_weights())
    assert tuple(c.shape) == (BATCH, STEPS, 4, 5, 2)
    assert layer.compute_output_shape(x.shape)[2] == (BATCH, STEPS, 4, 5, 2)
    assert distance([output, h[:, -1], c[:, -1]], last(x, mask=mask)) <= 1e-5


@of_tensorflow
@pytest.mark.ci
def test_sizes_may_be_unknown(rng):
    (layer,) = alike("gru", rng, FLOAT, ["auto"], **ALL)
    graph = compiled(layer, shape=(None, None, FEATURES))
    for steps in 1, 4:
        x = rng.normal(size=(3, steps, FEATURES))
        assert distance(graph(x), layer(x)) <= 1e-12


@of_tensorflow
@pytest.mark.nightly
def test_it_is_exported(rng, tmp_path):
    import tensorflow as tf

    inputs = keras.Input((None, FEATURES))
    layer = SimpleRNN(3, return_all_states=True)
    model = keras.Model(inputs, layer(inputs))
    export(model, tmp_path / "model", "tf_saved_model")
    x = sequences(rng).astype("float32")
    loaded = tf.saved_model.load(tmp_path / "model")
    served = loaded.serve(x)
    assert distance(served, model(x)) <= 1e-6
