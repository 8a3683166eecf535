"""What holds for the convolutional LSTM only. Its images keep it out of the registry."""

import json

import keras
import numpy as np
import pytest

import oracles
from cases import (
    BACKEND,
    FLOAT,
    all_close,
    close,
    equal,
    layer_gradients,
    numbers,
)
from keras_lstm_variants import (
    CELLS,
    IMAGE_LAYERS,
    PeepholeConvLSTM2D,
    PeepholeConvLSTM2DCell,
    PeepholeLSTM,
)

pytestmark = pytest.mark.ci

BATCH, STEPS, ROWS, COLUMNS, CHANNELS, FILTERS = 2, 4, 5, 6, 2, 3
KERNEL = (3, 2)
usual = {"dtype": FLOAT, "return_sequences": True, "return_state": True}
MASK = np.array([[1, 0, 1, 1], [0, 1, 1, 0]], bool)


def images(rng, rows=ROWS, columns=COLUMNS):
    return rng.normal(size=(BATCH, STEPS, rows, columns, CHANNELS))


def states(rng):
    return [rng.normal(size=(BATCH, ROWS, COLUMNS, FILTERS)) for _ in "hc"]


def build(layer, rng, rows=ROWS, columns=COLUMNS):
    layer.build((None, None, rows, columns, CHANNELS))
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    return layer


def own(rng, **options):
    return build(PeepholeConvLSTM2D(FILTERS, KERNEL, **{**usual, **options}), rng)


def outputs_and_gradients(layer, x, initial, mask=None):
    outputs = [numbers(y) for y in layer(x, initial_state=initial, mask=mask)]
    directions = map(np.cos, outputs)  # the loss is the sum of sines
    return [*outputs, *layer_gradients(layer, directions, x, initial, mask)]


def test_computes_the_equations_of_its_oracle(rng):
    layer, x, initial = own(rng), images(rng), states(rng)
    W, R, b, *p = layer.get_weights()
    W, R, b = (dict(zip("ifzo", np.split(w, 4, axis=-1), strict=True)) for w in (W, R, b))
    hs, h, c = layer(x, initial_state=initial)
    for n in range(BATCH):
        expected, finals = oracles.conv_lstm_2d(x[n], *(s[n] for s in initial), W, R, b, *p)
        close(hs[n], expected)
        all_close([h[n], c[n]], finals)


# Nor does that of Keras: the loop of both does not spread a mask over the pixels there.
not_on_jax = pytest.mark.skipif(BACKEND == "jax", reason="Keras masks no images on JAX")


@pytest.mark.parametrize("masked", [False, pytest.param(True, marks=not_on_jax)])
@pytest.mark.parametrize("options", [{}, {"go_backwards": True, "activation": "softsign"}])
def test_without_peepholes_it_is_the_layer_of_keras(options, masked, rng):
    theirs = keras.layers.ConvLSTM2D(FILTERS, KERNEL, padding="same", **usual, **options)
    build(theirs, rng)
    ours = own(rng, peepholes=(), **options)
    ours.set_weights(theirs.get_weights())
    x, initial = images(rng), states(rng)
    mask = MASK if masked else None
    ours, theirs = (outputs_and_gradients(each, x, initial, mask) for each in (ours, theirs))
    all_close(ours, theirs, atol=1e-10)


@pytest.mark.parametrize("options", [{}, {"clip_net_gradient": 0.01}, {"gradient": "truncated"}])
def test_on_images_of_one_pixel_it_is_the_peephole_lstm(options, rng):
    layer = build(PeepholeConvLSTM2D(FILTERS, 1, **usual, **options), rng, 1, 1)
    plain = PeepholeLSTM(FILTERS, **usual, **options)
    plain.build((None, None, CHANNELS))
    plain.set_weights(
        [np.reshape(weight, like.shape)
         for weight, like in zip(layer.get_weights(), plain.weights, strict=True)]
    )  # fmt: skip
    x = images(rng, 1, 1)
    initial = [rng.normal(size=(BATCH, FILTERS)) for _ in "hc"]
    ours = outputs_and_gradients(layer, x, [s[:, None, None] for s in initial])
    theirs = outputs_and_gradients(plain, x[:, :, 0, 0], initial)
    for one, other in zip(ours, theirs, strict=True):
        close(np.reshape(one, other.shape), other)


def test_every_pixel_has_peepholes_of_its_own(rng):
    layer, x, initial = own(rng), images(rng), states(rng)
    for gate in "if":
        before = numbers(layer(x[:, :1], initial_state=initial)[0])
        peephole = getattr(layer.cell, f"p_{gate}")
        changed = numbers(peephole)
        changed[2, 3, 1] += 1.0
        peephole.assign(changed)
        difference = numbers(layer(x[:, :1], initial_state=initial)[0]) != before
        assert np.all(difference[..., 2, 3, 1])
        assert difference.sum() == BATCH


def test_pixels_see_as_far_as_the_kernels(rng):
    layer = build(PeepholeConvLSTM2D(FILTERS, 3, **usual), rng)
    x = images(rng)
    other = x.copy()
    other[:, 0, 0, 0] += 1
    difference = (numbers(layer(x)[0]) != numbers(layer(other)[0])).any(axis=(0, 4))
    for t in range(STEPS):  # by one pixel through W, by one more at each step through R
        reach = t + 2
        assert not difference[t, reach:].any() and not difference[t, :, reach:].any()
        assert difference[t, : min(reach, ROWS), : min(reach, COLUMNS)].all()


@pytest.mark.parametrize("sequences", [False, True])
def test_knows_its_output_shape(sequences, rng):
    layer = PeepholeConvLSTM2D(FILTERS, 3, return_sequences=sequences, return_state=True)
    inputs = keras.Input((None, ROWS, COLUMNS, CHANNELS))
    symbolic, actual = layer(inputs), layer(images(rng))
    for one, other in zip(symbolic, actual, strict=True):
        assert one.shape[-3:] == other.shape[-3:] and len(one.shape) == len(other.shape)
    assert symbolic[1].shape == (None, ROWS, COLUMNS, FILTERS)


def test_keras_rnn_over_the_cell_is_the_same(rng):
    layer = own(rng)
    plain = keras.layers.RNN(PeepholeConvLSTM2DCell(FILTERS, KERNEL, dtype=FLOAT), **usual)
    build(plain, rng).set_weights(layer.get_weights())
    x, initial = images(rng), states(rng)
    all_close(layer(x, initial_state=initial), plain(x, initial_state=initial))


@pytest.mark.parametrize("kind", ["dropout", "recurrent_dropout"])
def test_drops_in_training_only(kind, rng):
    layer = own(rng, **{kind: 0.5})
    x, initial = images(rng), states(rng)
    expected = own(np.random.default_rng(0))
    expected.set_weights(layer.get_weights())
    hs = numbers(expected(x, initial_state=initial)[0])
    close(layer(x, initial_state=initial)[0], hs, atol=0)
    assert np.abs(numbers(layer(x, initial_state=initial, training=True)[0]) - hs).max() > 1e-3


def test_trains_and_comes_back_from_its_configuration(rng, tmp_path):
    layer = PeepholeConvLSTM2D(FILTERS, KERNEL, peepholes=("i", "o"), dtype="mixed_float16")
    model = keras.Sequential([keras.Input((STEPS, ROWS, COLUMNS, CHANNELS)), layer])
    model.compile("sgd", "mse")
    before = layer.get_weights()
    x = images(rng).astype("float32")
    model.fit(x, np.ones((BATCH, ROWS, COLUMNS, FILTERS)), verbose=0)
    for old, new in zip(before, layer.get_weights(), strict=True):
        assert np.all(np.isfinite(new)) and np.any(new != old)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    equal(again(x), model(x))
    config = json.dumps(keras.saving.serialize_keras_object(layer))
    assert json.dumps(keras.saving.serialize_keras_object(again.layers[0])) == config


@pytest.mark.parametrize(
    "arguments, word",
    [
        ((0, 3), "filters"),
        ((3, 0), "kernel_size"),
        ((3, (3, 0)), "kernel_size"),
        ((3, (3, 3, 3)), "kernel_size"),
    ],
)
def test_refuses_sizes_that_are_none(arguments, word):
    with pytest.raises(ValueError, match=word):
        PeepholeConvLSTM2D(*arguments)


def test_refuses_images_of_unknown_size():
    with pytest.raises(ValueError, match="size of the images"):
        PeepholeConvLSTM2D(FILTERS, 3).build((None, None, None, COLUMNS, CHANNELS))


def test_is_not_among_the_cells_of_vectors():
    assert PeepholeConvLSTM2DCell not in CELLS.values()


# What has one axis or three, and the GRU.

SIZES = {1: (5,), 2: (4, 3), 3: (3, 4, 2)}
KERNELS = {1: (3,), 2: (3, 2), 3: (2, 3, 1)}
OTHERS = [
    name if name == "conv_gru_2d" else pytest.param(name, marks=pytest.mark.nightly)
    for name in IMAGE_LAYERS
    if name != "conv_lstm_2d"
]


def layer_of(name, rng, **options):
    axes = IMAGE_LAYERS[name].cell_class.axes
    layer = IMAGE_LAYERS[name](FILTERS, KERNELS[axes], **usual, **options)
    layer.build((None, None, *SIZES[axes], CHANNELS))
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    x = rng.normal(size=(BATCH, STEPS, *SIZES[axes], CHANNELS))
    first = [rng.normal(size=(BATCH, *SIZES[axes], FILTERS)) for _ in layer.cell.state]
    return layer, x, first


@pytest.mark.parametrize("name", OTHERS)
def test_computes_the_equations_of_its_oracle_along_any_axes(name, rng):
    layer, x, first = layer_of(name, rng)
    gates = layer.cell.gates
    W, R, b, *p = layer.get_weights()
    W, R, b = (dict(zip(gates, np.split(w, len(gates), -1), strict=True)) for w in (W, R, b))
    hs, *last = layer(x, initial_state=first)
    for n in range(BATCH):
        oracle = getattr(oracles, name)
        expected, finals = oracle(x[n], *(s[n] for s in first), W, R, b, *p)
        close(hs[n], expected)
        all_close([state[n] for state in last], finals)


@pytest.mark.nightly
@pytest.mark.parametrize("masked", [False, pytest.param(True, marks=not_on_jax)])
@pytest.mark.parametrize("axes", [1, 3])
def test_without_peepholes_they_are_the_layers_of_keras(axes, masked, rng):
    ours, x, first = layer_of(f"conv_lstm_{axes}d", rng, peepholes=())
    keras_layer = getattr(keras.layers, f"ConvLSTM{axes}D")
    theirs = keras_layer(FILTERS, KERNELS[axes], padding="same", **usual)
    theirs.build(x.shape)
    theirs.set_weights(ours.get_weights())
    mask = MASK if masked else None
    both = (outputs_and_gradients(each, x, first, mask) for each in (ours, theirs))
    all_close(*both, atol=1e-10)


@pytest.mark.nightly
@pytest.mark.parametrize("name", OTHERS)
def test_they_train_and_come_back(name, rng, tmp_path):
    layer, x, _ = layer_of(name, rng)
    layer = type(layer)(FILTERS, layer.cell.kernel_size)
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    model.compile("sgd", "mse")
    model.fit(x, np.ones((BATCH, *x.shape[2:-1], FILTERS)), verbose=0)
    model.save(tmp_path / "model.keras")
    equal(keras.models.load_model(tmp_path / "model.keras")(x), model(x))
