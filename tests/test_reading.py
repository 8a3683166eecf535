"""What recurrent layers of models of every kind are given; and asking changes nothing."""

import keras
import numpy as np
import pytest

from keras_lstm_variants import LSTM, PeepholeLSTM, readings

STEPS, FEATURES = 5, 3
pytestmark = pytest.mark.ci


class Subclass(keras.Model):
    """An embedding that masks, layers of Keras, and a model within."""

    def __init__(self):
        super().__init__()
        self.embedding = keras.layers.Embedding(9, FEATURES, mask_zero=True)
        self.first = keras.layers.LSTM(4, return_sequences=True)
        both = keras.layers.Bidirectional(keras.layers.GRU(3, return_sequences=True))
        self.inner = keras.Sequential([both, keras.layers.SimpleRNN(2)])
        self.inner.supports_masking = True

    def call(self, ids):
        return self.inner(self.first(self.embedding(ids)))


@pytest.fixture
def x(rng):
    return rng.normal(size=(2, STEPS, FEATURES)).astype("float32")


def test_models_of_every_kind_are_read_with_their_masks():
    model, ids = Subclass(), np.array([[1, 2, 3, 0], [4, 5, 0, 0]])
    before = keras.ops.convert_to_numpy(model(ids))
    first, both, last = readings(model, ids)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(ids)), before)
    assert [type(one.layer).__name__ for one in (first, both, last)] == [
        "LSTM", "Bidirectional", "SimpleRNN",
    ]  # fmt: skip
    np.testing.assert_array_equal(first.mask, ids != 0)
    embedded = keras.ops.convert_to_numpy(model.embedding(ids))
    np.testing.assert_array_equal(first.sequences, embedded)
    np.testing.assert_allclose(both.sequences, first.record()["output"], atol=1e-6)
    np.testing.assert_allclose(last.sequences, both.record()["output"], atol=1e-6)
    np.testing.assert_allclose(last.record()["output"][:, -1], before, atol=1e-6)


def test_gates_of_the_layers_of_keras_are_read_off(x):
    sequences = keras.Input((STEPS, FEATURES))
    layer = keras.layers.LSTM(4, return_sequences=True, activation="sigmoid")
    model = keras.Model(sequences, layer(sequences))
    (one,) = readings(model, x)
    recorded = one.record()
    assert {"i", "f", "z", "o", "c", "net_f"} <= set(recorded)
    W, _, b = layer.get_weights()
    first = 1 / (1 + np.exp(-(x[:, 0] @ W + b)))
    np.testing.assert_allclose(recorded["f"][:, 0], first[:, 4:8], atol=1e-6)
    np.testing.assert_allclose(recorded["z"][:, 0], first[:, 8:12], atol=1e-6)
    assert one.sensitivity().shape == (2, STEPS, STEPS)


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("merge_mode", ["concat", "sum"])
def test_layers_of_keras_in_both_directions_keep_their_weights(reset_after, merge_mode, x):
    sequences = keras.Input((STEPS, FEATURES))
    gru = keras.layers.GRU(4, return_sequences=True, reset_after=reset_after)
    layer = keras.layers.Bidirectional(gru, merge_mode=merge_mode)
    model = keras.Model(sequences, layer(sequences))
    (one,) = readings(model, x)
    np.testing.assert_allclose(
        one.record()["output"], keras.ops.convert_to_numpy(model(x)), atol=1e-6
    )


def test_every_call_of_a_layer_is_a_reading_with_its_states(x):
    sequences = keras.Input((STEPS, FEATURES))
    shared = LSTM(FEATURES, return_sequences=True, return_state=True, name="shared")
    read, *states = shared(sequences)
    again, *_ = shared(read, initial_state=states)
    model = keras.Model(sequences, PeepholeLSTM(2, name="last")(again))
    first, second, last = readings(model, x)
    assert [one.name for one in (first, second, last)] == ["shared", "shared (call 2)", "last"]
    assert first.initial_state is None and len(second.initial_state) == 2
    of_first = first.record()
    np.testing.assert_allclose(second.initial_state[1], of_first["c"][:, -1], atol=1e-6)
    np.testing.assert_allclose(last.sequences, second.record()["output"], atol=1e-6)


def test_a_model_without_recurrent_layers_has_no_readings(x):
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), keras.layers.Dense(2)])
    assert readings(model, x) == []
    images = keras.Sequential([keras.Input((2, 4, 4, 1)), keras.layers.ConvLSTM2D(2, 3)])
    assert readings(images, np.zeros((1, 2, 4, 4, 1), "float32")) == []
