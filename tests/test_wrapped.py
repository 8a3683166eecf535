"""What Keras does with layers as parts: quantization, LoRA, TimeDistributed, announced dtypes."""

import os
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest
from keras import ops

from cases import BACKEND, of_tensorflow
from keras_lstm_variants import (
    GRU,
    LSTM,
    AttentionDecoder,
    BahdanauAttentionCell,
    GriffinBlock,
    LSTMCell,
    MLSTMBlock,
    PeepholeLSTM,
    PeepholeLSTMCell,
    SLSTMBlock,
)

pytestmark = pytest.mark.ci
X = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype("float32")  # 2 x 3 sequences


def at_night(*values):
    return pytest.param(*values, marks=pytest.mark.nightly)


# Quantization and LoRA.

KERAS, OURS = keras.layers.LSTM, PeepholeLSTM


def quantized(layer, mode):
    """The model before and after, and the warnings."""
    dense = keras.layers.Dense(3)
    model = keras.Sequential([keras.Input((5, 4)), layer, dense])
    hidden = keras.Model(model.inputs, layer.output)
    before = hidden.predict(X[0], verbose=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.quantize(mode)
        model.predict(X[0], verbose=0)
    assert dense.quantization_mode == mode
    np.testing.assert_array_equal(hidden.predict(X[0], verbose=0), before)
    return [str(one.message) for one in caught if "LSTM" in str(one.message)]


@of_tensorflow
@pytest.mark.parametrize("mode", ["int8", *map(at_night, ["int4", "float8"])])
@pytest.mark.parametrize("wrap", [lambda layer: layer, at_night(keras.layers.Bidirectional)])
def test_a_quantized_model_keeps_its_recurrent_layers_as_keras_does(mode, wrap):
    theirs, ours = quantized(wrap(KERAS(4)), mode), quantized(wrap(OURS(4)), mode)
    assert len(ours) == len(theirs) > 0
    assert all("PeepholeLSTMCell is not quantized and stays as it is: " in one for one in ours)


@pytest.mark.parametrize("part", [lambda layer: layer, lambda layer: layer.cell])
def test_layers_and_cells_refuse_to_be_quantized(part):
    for layer in KERAS(4), OURS(4):
        layer.build((None, 5, 4))
        with pytest.raises(NotImplementedError):
            part(layer).quantize("int8")
    with pytest.raises(NotImplementedError, match="stays as it is"):
        part(layer).quantize("int8")


def attended():
    memory, sequences = keras.Input((7, 5)), keras.Input((None, 4))
    cell = BahdanauAttentionCell(PeepholeLSTMCell(4), memory_units=5)
    out = AttentionDecoder(cell, return_sequences=True)(sequences, memory=memory)
    return [memory, sequences], [np.ones((3, 7, 5), "float32"), X[0]], out


def stacked_blocks():
    x = keras.Input((5, 4))
    return [x], [X[0]], GriffinBlock()(SLSTMBlock(2)(MLSTMBlock(2)(x)))


@of_tensorflow
@pytest.mark.parametrize("built", [attended, stacked_blocks])
def test_products_within_layers_stay_as_they_are_and_the_model_is_loaded(built, tmp_path):
    inputs, values, hidden = built()
    dense = keras.layers.Dense(3)
    model = keras.Model(inputs, dense(hidden))
    inner = keras.Model(inputs, hidden)
    before = inner.predict(values, verbose=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.quantize("int8")
    assert any("is a part of a layer" in str(one.message) for one in caught)
    assert dense.quantization_mode == "int8"
    np.testing.assert_array_equal(inner.predict(values, verbose=0), before)
    after = model.predict(values, verbose=0)
    model.save(tmp_path / "quantized.keras")
    loaded = keras.saving.load_model(tmp_path / "quantized.keras")
    np.testing.assert_array_equal(loaded.predict(values, verbose=0), after)


def test_lora_is_for_no_recurrent_layer():
    """Keras has it for layers of one product: `enable_lora` is missing, and says so by itself."""
    for kind in KERAS, OURS:
        layers = kind(4), kind(4).cell, keras.layers.Bidirectional(kind(4))
        assert not any(hasattr(layer, "enable_lora") for layer in layers)
    assert hasattr(keras.layers.Dense(2), "enable_lora")


# TimeDistributed.


@pytest.mark.parametrize("scan", ["auto", "graph", at_night("plain")])
@pytest.mark.parametrize("wrap", [lambda layer: layer, keras.layers.Bidirectional])
@pytest.mark.parametrize("masked", [at_night(False), True])
def test_time_distributed_gives_what_it_gives_of_keras_layer(scan, wrap, masked):
    options = {"return_sequences": True}
    layers = [wrap(LSTM(4, scan=scan, **options)), wrap(KERAS(4, **options))]
    both = [keras.layers.TimeDistributed(layer) for layer in layers]
    for one in both:
        one.build(X.shape)
    both[1].set_weights(both[0].get_weights())
    mask = np.random.default_rng(1).random(X.shape[:3]) > 0.4 if masked else None
    ours, theirs = (
        ops.convert_to_numpy(one(X, mask=None if mask is None else ops.convert_to_tensor(mask)))
        for one in both
    )
    assert np.abs(ours).max() > 0.01
    np.testing.assert_allclose(ours, theirs, atol=2e-6)


@pytest.mark.parametrize("wrap", [lambda layer: layer, keras.layers.Bidirectional])
def test_time_distributed_with_a_mask_of_whole_sequences_says_what_to_do(wrap):
    mask = ops.convert_to_tensor(np.ones(X.shape[:2], bool))
    ours, theirs = (keras.layers.TimeDistributed(wrap(kind(4))) for kind in (LSTM, KERAS))
    with pytest.raises(ValueError, match="mask must be .* TimeDistributed hands on, must"):
        ours(X, mask=mask)
    with pytest.raises(Exception):  # noqa: B017  whatever the backend says of the rank
        theirs(X, mask=mask)
    repeated = ops.repeat(mask[..., None], X.shape[2], axis=-1)
    assert tuple(ours(X, mask=repeated).shape)[:2] == X.shape[:2]


# Dtypes.


def dtypes(values):
    values = values if isinstance(values, (list, tuple)) else [values]
    return [keras.backend.standardize_dtype(one.dtype) for one in values]


@pytest.mark.parametrize("dtype", ["mixed_float16", *map(at_night, ["float32", "float16"])])
@pytest.mark.parametrize("return_state", [False, True])
@pytest.mark.parametrize("kind", ["layer", "RNN", "Bidirectional"])
def test_announced_dtypes_are_those_that_come(kind, dtype, return_state):
    if (BACKEND, dtype) == ("jax", "float16"):
        pytest.skip("JAX makes no orthogonal weights of float16")
    options = {"return_state": return_state, "dtype": dtype}
    layer = {
        "layer": lambda: GRU(4, **options),
        "RNN": lambda: keras.layers.RNN(LSTMCell(4, dtype=dtype), **options),
        "Bidirectional": lambda: keras.layers.Bidirectional(GRU(4, **options), dtype=dtype),
    }[kind]()
    announced, found = dtypes(layer(keras.Input((5, 4)))), dtypes(layer(X[0]))
    if kind == "Bidirectional":
        # Keras gives whatever it returns its own compute dtype, before it asks the layer: of the
        # states that is the announcement only.
        assert set(announced) == {layer.compute_dtype}
        assert found == [layer.compute_dtype, *["float32"] * 2 * return_state]
    else:
        assert announced == found


# Other backends.


@of_tensorflow
@pytest.mark.parametrize("backend", [at_night("numpy"), "openvino"])
@pytest.mark.parametrize("name", ["LSTM(2)", at_night("CRF(2)"), at_night("GRUCell(2)")])
def test_other_backends_are_refused_in_a_sentence(backend, name):
    program = f"import keras_lstm_variants\nkeras_lstm_variants.{name}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = done.stderr.strip().splitlines()[-1]
    assert said == (
        "RuntimeError: keras_lstm_variants runs on the Keras backends tensorflow, jax, torch, not "
        f"on {backend}: set KERAS_BACKEND to one of them before Keras is imported."
    )
