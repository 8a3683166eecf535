"""The chrono initialization, from its definition."""

import numpy as np
import pytest

from keras_lstm_variants.initial_biases import chrono


def test_units_forget_after_times_that_are_spread_evenly():
    biases = chrono(4000, 101, seed=0)
    times = np.exp(biases["f"])  # uniform in [1, 100]
    assert times.min() >= 1 and times.max() <= 100
    for share in (0.1, 0.25, 0.5, 0.9):
        np.testing.assert_allclose(np.quantile(times, share), 1 + 99 * share, atol=2.5)
    np.testing.assert_array_equal(biases["i"], -np.array(biases["f"]))
    assert chrono(3, 101, seed=1) == chrono(3, 101, seed=1) != chrono(3, 101, seed=2)


def test_a_gru_keeps_by_another_gate_and_has_no_input_gate():
    assert [*chrono(5, 10, forget="u", input=None)] == ["u"]


@pytest.mark.parametrize(
    "arguments, said", [((0, 10), "units must be"), ((4, 2), "at least 3 steps, not 2")]
)
def test_times_that_cannot_be_are_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        chrono(*arguments)


@pytest.mark.parametrize(
    ("name", "options"), [("lstm", {}), ("gru", {"forget": "u", "input": None})]
)
def test_gates_of_a_layer_start_there(name, options):
    from keras_lstm_variants import LAYERS

    biases = chrono(6, 50, seed=3, **options)
    layer = LAYERS[name](6, gate_bias=biases)
    layer.build((None, None, 2))
    bias = np.asarray(layer.get_weights()[2]).reshape(-1, len(layer.cell.gates), 6)[0]
    for gate, values in biases.items():
        np.testing.assert_allclose(bias[layer.cell.gates.index(gate)], values, rtol=1e-6)
