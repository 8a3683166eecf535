"""The recorder shows what the layer does: its states, its gates, and how far its inputs reach."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_lstm_variants
from cases import (
    BATCH,
    CASES,
    FEATURES,
    FLOAT,
    MASK,
    ROUNDING,
    STEPS,
    UNITS,
    all_close,
    build,
    close,
    equal,
    few,
    initial_states,
    keras_rnn,
    layer_gradients,
    numbers,
    one_each,
    own_layer,
    padded,
    sequences,
    solve,
    weights_by_gate,
)
from keras_lstm_variants import LSTM, LSTM1997, LSTMCell, MGUCell, NoOutputActivationLSTM
from keras_lstm_variants.recording import record, sensitivity
from oracles import sigmoid

every_cell = pytest.mark.parametrize("name", one_each())
each_mechanism = pytest.mark.parametrize("name", one_each())
both_ways = pytest.mark.parametrize("wrap", [own_layer, keras_rnn])
masks = pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])


def backwards(layer, outputs):
    """What a layer returns, in the order of its inputs."""
    return numbers(outputs)[:, ::-1] if layer.go_backwards else outputs


# Recording.


@pytest.mark.parametrize("name", few())
@both_ways
@masks
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"go_backwards": True},
        pytest.param({"zero_output_for_mask": True}, marks=pytest.mark.nightly),
    ],
)
def test_the_recorded_output_is_that_of_the_layer(name, wrap, mask, options, rng):
    layer = build(wrap(name, return_sequences=True, return_state=True, **options), rng)
    x, states = padded(sequences(rng)), initial_states(name, rng)
    outputs, *finals = layer(x, initial_state=states, mask=mask)
    recorded = record(layer, x, states, mask)
    close(recorded["output"], backwards(layer, outputs))
    last = 0 if layer.go_backwards else -1
    all_close([recorded[state][:, last] for state in layer.cell.state], finals)


@every_cell
def test_the_recorded_states_are_those_of_the_equations(name, rng):
    layer, x, states = build(own_layer(name), rng), sequences(rng), initial_states(name, rng)
    recorded = record(layer, x, states)
    for t in range(STEPS):
        _, expected = solve(name, layer.get_weights(), x[:, : t + 1], states)
        all_close([recorded[state][:, t] for state in CASES[name].states], expected)


@every_cell
def test_every_gate_and_every_net_input_is_recorded(name, rng):
    layer = build(own_layer(name), rng)
    recorded = record(layer, sequences(rng))
    assert {*layer.cell.state, "output"} <= recorded.keys()
    assert all(values.shape[:2] == (BATCH, STEPS) for values in recorded.values())
    letters = {letter for letter in recorded if not letter.startswith("net_")}
    others = letters - {*layer.cell.state}
    assert not any(letter.endswith("_prev") or letter[0].isupper() for letter in others)
    for gate in layer.cell.gates:  # in a cell with layers, that of the first
        assert {gate, f"{gate}_1", f"net_{gate}"} & recorded.keys(), gate
        nets = {f"net_{gate}{end}" for end in ("", "_1", "_x")}
        assert nets & recorded.keys(), gate


def test_the_gates_of_the_lstm_are_its_squashed_net_inputs(rng):
    layer, x, states = build(own_layer("lstm"), rng), sequences(rng), initial_states("lstm", rng)
    recorded = record(layer, x, states)
    W, R, b = weights_by_gate("lstm", layer.get_weights())
    h_prev = np.concatenate([states[0][:, None], recorded["h"][:, :-1]], axis=1)
    for gate, squash in {"i": sigmoid, "f": sigmoid, "z": np.tanh, "o": sigmoid}.items():
        close(recorded[f"net_{gate}"], x @ W[gate] + h_prev @ R[gate] + b[gate])
        close(recorded[gate], squash(recorded[f"net_{gate}"]))
    close(recorded["h"], recorded["o"] * np.tanh(recorded["c"]))


def test_the_gates_of_the_gru_explain_its_states(rng):
    layer, x = build(own_layer("gru"), rng), sequences(rng)
    recorded = record(layer, x, initial_states("gru", rng))
    u, z, h = (recorded[name][:, 1:] for name in "uzh")
    close(u, sigmoid(recorded["net_u"][:, 1:]))
    close(h, u * recorded["h"][:, :-1] + (1 - u) * z)


def test_a_gate_that_is_computed_from_another_is_recorded(rng):
    recorded = record(build(own_layer("coupled_gate_lstm"), rng), sequences(rng))
    close(recorded["f"], 1 - recorded["i"])


@pytest.mark.parametrize("period", [10, 30])
def test_shows_how_one_cell_with_peepholes_counts(period):
    """The spike generator of Gers et al. 2002 with weights set by hand."""
    layer = NoOutputActivationLSTM(1, dtype=FLOAT)
    layer.build((1, None, 1))
    threshold = 40 * (period - 0.5)
    bias = [99, threshold, 99, -threshold]  # i and z are one; f shuts and o opens at the threshold
    weights = [np.zeros((1, 4)), np.zeros((1, 4)), bias, [0.0], [-40.0], [40.0]]
    layer.set_weights(list(map(np.array, weights)))
    recorded = record(layer, np.zeros((1, 4 * period, 1)))
    counts = np.tile(np.arange(1, period + 1), 4)
    close(recorded["c"][0, :, 0], counts, atol=1e-6)
    equal(recorded["o"][0, :, 0] > 0.5, counts == period)
    equal(recorded["f"][0, 1:, 0] < 0.5, counts[:-1] == period)


@each_mechanism
def test_masked_steps_hold_the_states_and_have_no_gates(name, rng):
    layer, states = build(own_layer(name), rng), initial_states(name, rng)
    recorded = record(layer, padded(sequences(rng)), states, MASK)
    for state, initial in zip(layer.cell.state, states, strict=True):
        before = np.concatenate([initial[:, None], recorded[state][:, :-1]], axis=1)
        equal(recorded[state][~MASK], before[~MASK])
    for letter in recorded.keys() - {*layer.cell.state, "output"}:
        rows = recorded[letter].reshape(*MASK.shape, -1)  # of heads, one after the other
        equal(np.isnan(rows), np.broadcast_to(~MASK[..., None], rows.shape))


@masks
@pytest.mark.parametrize(
    "merge_mode",
    ["concat", None, *(pytest.param(m, marks=pytest.mark.nightly) for m in ("sum", "mul", "ave"))],
)
def test_both_directions_are_recorded_in_the_order_of_the_input(mask, merge_mode, rng):
    inner = own_layer("peephole_lstm", return_sequences=True)
    layer = keras.layers.Bidirectional(inner, merge_mode=merge_mode, dtype=FLOAT)
    layer = build(layer, rng)
    x = padded(sequences(rng))
    states = [*initial_states("peephole_lstm", rng), *initial_states("peephole_lstm", rng)]
    recorded = record(layer, x, states, mask)
    assert recorded.keys() == {"forward", "backward", "output"}
    expected = layer(x, initial_state=states, mask=mask)
    outputs = recorded["output"]
    all_close(*((outputs, expected) if merge_mode is None else ([outputs], [expected])))
    backward = layer.backward_layer(x, initial_state=states[2:], mask=mask)
    close(recorded["backward"]["output"], numbers(backward)[:, ::-1])


@pytest.mark.parametrize("go_backwards", [False, True])
def test_stacked_cells_are_recorded_one_by_one(go_backwards, rng):
    cells = [LSTMCell(UNITS, dtype=FLOAT), MGUCell(3, dtype=FLOAT)]
    stack = keras.layers.StackedRNNCells(cells, dtype=FLOAT)
    options = {"return_sequences": True, "go_backwards": go_backwards}
    layer = build(keras.layers.RNN(stack, dtype=FLOAT, **options), rng)
    x = sequences(rng)
    recorded = record(layer, x)
    close(recorded["output"], backwards(layer, layer(x)))
    lower = build(own_layer("lstm", **options), rng)
    lower.set_weights(layer.get_weights()[:3])
    for name, values in record(lower, x).items():
        if name != "output":
            close(recorded[f"cell_1.{name}"], values)
    close(recorded["output"], recorded["cell_2.h"])


def test_a_stack_of_one_cell_is_that_cell(rng):
    stack = keras.layers.StackedRNNCells([LSTMCell(UNITS, dtype=FLOAT)], dtype=FLOAT)
    layer = build(keras.layers.RNN(stack, dtype=FLOAT), rng)
    alone = build(own_layer("lstm"), rng)
    alone.set_weights(layer.get_weights())
    x = sequences(rng)
    equal(record(layer, x)["cell_1.c"], record(alone, x)["c"])


def test_the_same_cell_twice_in_a_stack_is_not_confused(rng):
    cells = [LSTMCell(UNITS, dtype=FLOAT) for _ in range(2)]
    stack = keras.layers.StackedRNNCells(cells, dtype=FLOAT)
    recorded = record(build(keras.layers.RNN(stack, dtype=FLOAT), rng), sequences(rng))
    for n in (1, 2):
        h = recorded[f"cell_{n}.o"] * np.tanh(recorded[f"cell_{n}.c"])
        close(recorded[f"cell_{n}.h"], h)


def test_a_stateful_layer_is_recorded_from_its_states_and_keeps_them(rng):
    layer = own_layer("lstm", return_sequences=True, stateful=True)
    build(layer, rng, batch=BATCH)
    x = sequences(rng)
    layer(x)
    recorded = record(layer, x)
    close(recorded["output"], layer(x))


def test_recording_draws_no_dropout(rng):
    options = {"return_sequences": True, "dropout": 0.5, "recurrent_dropout": 0.5, "seed": 1}
    layer, twin = (build(own_layer("lstm", **options), rng) for _ in range(2))
    twin.set_weights(layer.get_weights())
    x = sequences(rng)
    close(record(layer, x)["output"], layer(x))
    twin(x)  # as many calls, one not recorded
    sensitivity(layer, x[:2])
    equal(layer(x, training=True), twin(x, training=True))
    assert layer.cell.dropout == layer.cell.recurrent_dropout == 0.5


class Wrong(Exception):
    pass


def test_the_profiler_that_was_there_is_there_again(rng):
    def profiler(frame, event, argument):
        pass

    layer = build(own_layer("lstm"), rng)
    sys.setprofile(profiler)
    try:
        record(layer, sequences(rng))
        assert sys.getprofile() is profiler
        layer.cell.g = lambda net: (_ for _ in ()).throw(Wrong)
        with pytest.raises(Wrong):
            record(layer, sequences(rng))
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(None)


class Doubled(LSTMCell):
    """Its equations are those of another cell and a line more."""

    def step(self, net, h_prev, c_prev):
        h, c = super().step(net, h_prev, c_prev)
        twice = 2 * h
        return twice, c


def test_equations_that_call_those_of_another_cell_are_recorded_together(rng):
    recorded = record(build(keras.layers.RNN(Doubled(UNITS)), rng), sequences(rng))
    close(recorded["h"], recorded["twice"])
    close(recorded["twice"], 2 * recorded["o"] * np.tanh(recorded["c"]), atol=1e-6)


def test_a_cell_without_written_equations_shows_its_states(rng):
    layer = build(keras.layers.LSTM(UNITS, return_sequences=True, return_state=True), rng)
    x = sequences(rng)
    recorded = record(layer, x)
    assert recorded.keys() == {"state_1", "state_2", "output"}
    outputs, _, c = layer(x)
    close(recorded["output"], outputs, atol=1e-6)
    close(recorded["state_2"][:, -1], c, atol=1e-6)


def test_half_precision_is_recorded_as_it_is_computed(rng):
    layer = build(own_layer("lstm", dtype="mixed_bfloat16", return_sequences=True), rng)
    x = sequences(rng)
    recorded = record(layer, x, mask=MASK)
    assert {values.dtype for values in recorded.values()} == {np.dtype("float32")}
    outputs = keras.ops.cast(layer(x, mask=MASK), "float32")
    close(recorded["output"], outputs, atol=1e-2)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_model_that_was_saved_is_recorded_as_before(tmp_path, rng):
    inner = own_layer("memory_block_lstm", "float32", return_sequences=True)
    model = keras.Sequential([keras.Input((None, FEATURES)), keras.layers.Bidirectional(inner)])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x = sequences(rng)
    before, after = (record(m.layers[0], x) for m in (model, again))
    close(after["output"], model(x), atol=1e-6)
    for direction in ("forward", "backward"):
        for name, values in before[direction].items():
            equal(after[direction][name], values)


def test_what_cannot_be_recorded_is_refused(rng):
    x = sequences(rng)
    with pytest.raises(TypeError, match="dense: a Dense is no recurrent layer"):
        record(keras.layers.Dense(3, name="dense"), x)
    for function in (record, sensitivity):
        with pytest.raises(ValueError, match="has not been built"):
            function(LSTM(3), x)
    for wrong in ({"of": "q"}, {"to": "q"}):
        with pytest.raises(ValueError, match=r"has no state 'q'; its states are \['h', 'c'\]"):
            sensitivity(build(own_layer("lstm"), rng), x, **wrong)


# Sensitivity.


def by_autodiff(layer, x, mask=None):
    """The definition, through the layer as a whole: for one unit of one step in each copy of x."""
    steps, units = layer.compute_output_shape(x.shape)[1:]
    copies = steps * units
    directions = np.repeat(np.eye(copies), len(x), axis=0).reshape(-1, steps, units)
    masks = None if mask is None else np.tile(mask, (copies, 1))
    of_x = layer_gradients(layer, [directions], np.tile(x, (copies, 1, 1)), mask=masks)[-1]
    squares = (of_x**2).sum(axis=-1).reshape(steps, units, len(x), steps)
    return np.sqrt(squares.mean(axis=1)).swapaxes(0, 1)


@pytest.mark.parametrize("name", few())
@masks
def test_sensitivity_is_the_derivative_of_the_layer(name, mask, rng):
    layer = build(own_layer(name, return_sequences=True), rng, scale=0.5)
    x = padded(sequences(rng))
    expected = by_autodiff(layer, x, mask)
    actual = sensitivity(layer, x, mask=mask)
    # A memory that divides by little makes rounding large.
    close(actual, expected, max(ROUNDING, 1e-10) * max(1, expected.max()))
    assert expected.max() > 1e-3 and np.all(np.triu(actual, 1) == 0)


def test_each_direction_fills_its_own_triangle(rng):
    inner = own_layer("gru", return_sequences=True)
    layer = build(keras.layers.Bidirectional(inner, dtype=FLOAT), rng)
    x = sequences(rng)
    both = sensitivity(layer, x)
    assert np.all(np.triu(both["forward"], 1) == 0) and np.all(np.tril(both["backward"], -1) == 0)
    together = np.sqrt((both["forward"] ** 2 + both["backward"] ** 2) / 2)  # as many units in each
    close(together, by_autodiff(layer, x))


def test_sensitivity_of_stacked_cells_is_that_of_the_last(rng):
    cells = [LSTMCell(UNITS, dtype=FLOAT), MGUCell(3, dtype=FLOAT)]
    stack = keras.layers.StackedRNNCells(cells, dtype=FLOAT)
    layer = build(keras.layers.RNN(stack, return_sequences=True, dtype=FLOAT), rng)
    x = sequences(rng)
    close(sensitivity(layer, x), by_autodiff(layer, x))
    equal(sensitivity(layer, x), sensitivity(layer, x, of="cell_2.h"))


def run_of(layer, steps, of, rng):
    """How much the state at t depends on the same state before the first step."""
    features = layer.cell.kernel.shape[0]
    return sensitivity(layer, rng.normal(size=(1, steps, features)), of, of)[0, :, 0]


def test_a_simple_rnn_forgets_within_about_ten_steps():
    keras.utils.set_random_seed(0)
    layer = own_layer("simple_rnn", units=32)  # with Keras' initial weights
    layer.build((1, None, 32))
    decay = run_of(layer, 20, "h", np.random.default_rng(0))
    assert 0.5 < decay[0] < 1 and decay[9] < 0.1 and decay[19] < 0.01


def test_a_contractive_matrix_bounds_the_sensitivity_of_a_simple_rnn(rng):
    layer = build(own_layer("simple_rnn"), rng)
    kernel, recurrent_kernel, bias = layer.get_weights()
    recurrent_kernel *= 0.6 / np.linalg.norm(recurrent_kernel, 2)
    layer.set_weights([kernel, recurrent_kernel, bias])
    decay = run_of(layer, 20, "h", rng)
    assert np.all(decay <= 0.6 ** np.arange(1, 21)) and decay[9] < 0.1 and decay[19] < 0.01


@pytest.mark.parametrize("steps", [1, 100])
def test_the_error_carousel_of_1997_carries_the_gradient_unchanged(steps, rng):
    layer = build(own_layer("lstm_1997"), rng)
    equal(run_of(layer, steps, "c", rng), np.ones(steps))


def test_without_truncation_the_gradient_of_1997_changes(rng):
    layer = build(LSTM1997(3, 2, gradient="full", dtype=FLOAT), rng)
    assert np.all(np.abs(run_of(layer, 20, "c", rng) - 1)[1:] > 1e-3)


@pytest.mark.parametrize("bias", [0.0, 1.0, 5.0])
def test_without_weights_an_lstm_forgets_as_its_bias_says(bias, rng):
    layer = own_layer("lstm")
    layer.build((1, None, FEATURES))
    weights = [np.zeros(w.shape) for w in layer.weights]
    weights[2][UNITS : 2 * UNITS] = bias
    layer.set_weights(weights)
    expected = sigmoid(bias) ** np.arange(1, 101)
    least = np.sqrt(np.finfo(FLOAT).tiny)  # whose square is a number still
    found = run_of(layer, 100, "c", rng)
    np.testing.assert_allclose(found, expected, rtol=max(1e-10, ROUNDING), atol=least)


def test_gates_decide_how_long_an_input_is_remembered_and_when_it_is_seen():
    """Graves 2012, figure 4.4: written at step 1, erased at step 7, read where the output opens."""
    layer = LSTM(1, dtype=FLOAT, return_sequences=True, unit_forget_bias=False)
    layer.build((1, None, 4))
    kernel = np.diag([100.0, 100.0, 1.0, 100.0])  # an input for each of i, f, z, o
    layer.set_weights([kernel, np.zeros((1, 4)), np.zeros(4)])
    write, keep, read = np.eye(7)[0] * 2 - 1, np.ones(7), np.array([-1, -1, -1, 1, -1, 1, 1])
    keep[6] = -1
    x = np.stack([write, keep, np.full(7, 0.5), read], axis=-1)[None]
    cell, output = (sensitivity(layer, x, of)[0, :, 0] for of in ("c", "h"))
    close(cell, [1 - np.tanh(0.5) ** 2] * 6 + [0])
    assert np.all((output > 0.1) == (read > 0) * (keep > 0))
    close(output[read < 0], 0)


# Other backends.

ELSEWHERE = """
import sys
import keras
import numpy as np
from keras_lstm_variants import LSTM1997
from keras_lstm_variants.recording import record, sensitivity

weights, x, mask = (np.load(sys.argv[1])[name] for name in ("weights", "x", "mask"))
found = {}
inner = LSTM1997(3, 2, return_sequences=True, dropout=0.5)
for name, layer in {"one": inner, "both": keras.layers.Bidirectional(inner)}.items():
    layer.build(x.shape)
    layer.set_weights([np.resize(weights, w.shape) for w in layer.weights])
    recorded, sizes = record(layer, x, mask=mask), sensitivity(layer, x, mask=mask)
    output = layer(x, mask=keras.ops.convert_to_tensor(mask))
    np.testing.assert_allclose(
        recorded["output"], keras.ops.convert_to_numpy(output), rtol=0, atol=1e-5
    )
    found[f"{name}.output"] = recorded["output"]
    one, sizes = (recorded, sizes) if name == "one" else (recorded["backward"], sizes["backward"])
    found |= {f"{name}.{letter}": values for letter, values in one.items()}
    found[f"{name}.sensitivity"] = sizes
assert found["one.sensitivity"].max() > 1e-3
np.savez(sys.argv[2], **found)
"""


@pytest.mark.nightly
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_records_the_same(backend, tmp_path, rng, monkeypatch):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"needs {backend}")
    np.savez(tmp_path / "given.npz", weights=rng.normal(size=199), x=sequences(rng), mask=MASK)
    root = str(Path(keras_lstm_variants.__file__).parents[1])
    for name in ("tensorflow", backend):
        monkeypatch.setenv("KERAS_BACKEND", name)
        command = [sys.executable, "-c", ELSEWHERE, tmp_path / "given.npz", tmp_path / name]
        subprocess.run(command, check=True, cwd=root)
    one, other = (np.load(tmp_path / f"{name}.npz") for name in ("tensorflow", backend))
    for name in one:
        close(other[name], one[name], atol=1e-5)
