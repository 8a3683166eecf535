"""What the checklist says that a layer answers, asked of the layer: one small fact for each point.

The layers themselves are tested in tests/cells; here, that each is the answer to its point.
"""

import keras
import numpy as np
import pytest

import keras_lstm_variants as library
from keras_lstm_variants import recording
from pipelines.experiments.checklist import POINTS

X = np.random.default_rng(0).normal(size=(2, 6, 3)).astype("float32")
pytestmark = pytest.mark.nightly


def built(name, *args, **options):
    keras.utils.set_random_seed(0)
    layer = getattr(library, name)(*args, return_sequences=True, **options)
    layer.build(X.shape)
    return layer


def outputs(layer, x=X):
    return keras.ops.convert_to_numpy(layer(x))


def shapes(layer):
    return {weight.path.rpartition("/")[2]: weight.shape for weight in layer.weights}


def sigma(x):
    return 1 / (1 + np.exp(-x))


def blocks_are_connected():
    assert shapes(built("MemoryBlockLSTM", blocks=2, cells_per_block=3))["recurrent_kernel"][0] == 6


def blocks_mix_with_units():
    layer = built("MixedBlockLSTM", blocks=2, cells_per_block=2, plain_units=3)
    assert outputs(layer).shape[-1] == 2 * 2 + 3


def heads_stay_the_same():
    head = keras.layers.Dense(2)
    assert {outputs(keras.Sequential([library.LAYERS[cell](4), head])).shape
            for cell in ("simple_rnn", "lstm", "memory_block_lstm")} == {(2, 2)}  # fmt: skip


def gates_are_shared_by_the_cells_of_a_block():
    layer = built("MemoryBlockLSTM", blocks=2, cells_per_block=3)
    columns = 2 * 3 + 2 * 3  # three gates for each block, and z for each of its cells
    assert layer.count_params() == (3 + 6 + 1) * columns + 3 * 6


def a_gate_sees_its_own_block():
    assert shapes(built("MemoryBlockLSTM", blocks=2, cells_per_block=3))["peephole_i"] == (2, 3)


def unrolled_is_looped():
    layer = built("SimpleRNN", 4)
    W, R, b = layer.get_weights()
    h = np.zeros((2, 4))
    for t in range(6):
        h = np.tanh(X[:, t] @ W + h @ R + b)
    np.testing.assert_allclose(outputs(layer)[:, -1], h, atol=1e-5)


def without_peepholes_it_is_that_of_keras():
    ours, theirs = built("LSTM", 4), keras.layers.LSTM(4, return_sequences=True)
    theirs.build(X.shape)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(outputs(ours), outputs(theirs), atol=1e-6)


def recorded(name, **options):
    return recording.record(built(name, 4, scan="plain", **options), X)


def a_and_b_are_recorded():
    found = recorded("PeepholeLSTM")
    assert {"net_i", "net_f", "net_z", "net_o", "i", "f", "z", "o", "c", "h"} <= {*found}
    np.testing.assert_allclose(found["z"], np.tanh(found["net_z"]), atol=1e-6)


def gates_are_logistic():
    found = recorded("LSTM")
    for gate in "ifo":
        np.testing.assert_allclose(found[gate], sigma(found[f"net_{gate}"]), atol=1e-6)


def one_gate_does_both():
    found = recorded("CoupledGateLSTM")
    assert not {"net_f"} & {*found}
    before = np.concatenate([np.zeros((2, 1, 4)), found["c"][:, :-1]], axis=1)
    np.testing.assert_allclose(
        found["c"], (1 - found["i"]) * before + found["i"] * found["z"], atol=1e-5
    )


def the_book_delays_gates():
    found = recorded("GoodfellowGRU")
    h, u, z = (found[name] for name in ("h", "u", "z"))
    expected = u[:, :-1] * h[:, :-1] + (1 - u[:, :-1]) * z[:, 1:]
    np.testing.assert_allclose(h[:, 1:], expected, atol=1e-5)


def one_matrix_for_all_steps():
    assert shapes(built("SimpleRNN", 4)) == {
        "kernel": (3, 4), "recurrent_kernel": (4, 4), "bias": (4,)
    }  # fmt: skip


def without_recurrence_only_the_step_counts():
    layer = built("Memoryless", 4)
    np.testing.assert_allclose(outputs(layer)[:, 3], outputs(layer, X[:, 3:4])[:, 0], atol=1e-6)


def peepholes_reach_the_input_gate():
    layer, x = built("PeepholeLSTM", 4), np.zeros((1, 2, 3), "float32")
    state = [np.zeros((1, 4), "float32"), np.ones((1, 4), "float32")]
    first = keras.ops.convert_to_numpy(layer(x, initial_state=state))
    weights = layer.get_weights()
    layer.set_weights([*weights[:3], *(w + 1 for w in weights[3:])])
    assert not np.allclose(first, keras.ops.convert_to_numpy(layer(x, initial_state=state)))


def four_deep_ones():
    for name in ("DeepTransitionRNN", "DeepTransitionShortcutRNN", "DeepOutputRNN"):
        assert outputs(built(name, 4)).shape == (2, 6, 4)


def the_printed_output_gate_is_tanh():
    found = recorded("JozefowiczLSTM")
    np.testing.assert_allclose(found["o"], np.tanh(found["net_o"]), atol=1e-6)


def the_gru_has_reset_gate_and_candidate():
    found = recorded("GRU")
    assert {"net_r", "r"} <= {*found}
    np.testing.assert_allclose(found["r"], sigma(found["net_r"]), atol=1e-6)


CHECKS = {
    "0.4": blocks_are_connected,
    "0.5": blocks_mix_with_units,
    "0.6": heads_stay_the_same,
    "0.7": gates_are_shared_by_the_cells_of_a_block,
    "0.15": a_and_b_are_recorded,
    "0.16": a_gate_sees_its_own_block,
    "0.19": without_peepholes_it_is_that_of_keras,
    "1.1": unrolled_is_looped,
    "1.10": one_gate_does_both,
    "1.11": the_book_delays_gates,
    "2.2": without_recurrence_only_the_step_counts,
    "2.3": one_matrix_for_all_steps,
    "2.7": gates_are_logistic,
    "3.5": peepholes_reach_the_input_gate,
    "3.8": four_deep_ones,
    "3.10": the_printed_output_gate_is_tanh,
    "3.13": the_gru_has_reset_gate_and_candidate,
}


@pytest.mark.parametrize("number", CHECKS)
def test_the_answer_answers_its_point(number):
    (point,) = [point for point in POINTS if point.number == number]
    assert any(one.startswith("keras_lstm_variants.") for one in point.answers)
    CHECKS[number]()
