"""Cells of decoders with attention: their equations, masks, models, files."""

import keras
import numpy as np
import pytest

import oracles
from cases import BACKEND, BATCH, FEATURES, FLOAT, STEPS, UNITS, by_gate, close, numbers
from keras_lstm_variants import (
    AttentionDecoder,
    BahdanauAttentionCell,
    CfCCell,
    GRUResetBeforeCell,
    LSTMCell,
    LTCCell,
    LuongAttentionCell,
    MLSTMCell,
)

pytestmark = pytest.mark.ci


def at_night(value):
    return pytest.param(value, marks=pytest.mark.nightly)


ENTRIES, MEMORY, ATTENTION = 7, UNITS + 2, UNITS + 1
HERE = np.arange(ENTRIES) < np.array([ENTRIES, 4, 1, 5])[:BATCH, None]
# Of every kind one, around both kinds of cells; with "dot" the memory is as wide as h.
MADE = {
    "general": lambda: LuongAttentionCell(lstm(), MEMORY, ATTENTION, dtype=FLOAT),
    "dot": lambda: LuongAttentionCell(lstm(), UNITS, score="dot", dtype=FLOAT),
    "concat": lambda: LuongAttentionCell(lstm(), MEMORY, score="concat", dtype=FLOAT),
    "bahdanau": lambda: BahdanauAttentionCell(gru(), MEMORY, ATTENTION, dtype=FLOAT),
    "stacked": lambda: LuongAttentionCell(stack(), MEMORY, ATTENTION, dtype=FLOAT),
    "bahdanau of a stack": lambda: BahdanauAttentionCell(stack(), MEMORY, ATTENTION, dtype=FLOAT),
}
every_kind = pytest.mark.parametrize("kind", MADE)


def lstm():
    return LSTMCell(UNITS, dtype=FLOAT)


def gru(units=UNITS):
    return GRUResetBeforeCell(units, dtype=FLOAT)


def stack():
    return keras.layers.StackedRNNCells([gru(UNITS - 1), lstm()], dtype=FLOAT)


def made(kind, rng, **options):
    layer = AttentionDecoder(
        MADE[kind](), return_sequences=True, return_state=True, dtype=FLOAT, **options
    )
    x, memory, states = drawn(layer, rng)
    layer(x, memory=memory, initial_state=states)
    layer.set_weights([rng.normal(size=w.shape) * 0.5 for w in layer.weights])
    return layer, x, memory, states


def drawn(layer, rng):
    sizes = (STEPS, FEATURES), (ENTRIES, layer.cell.memory_units)
    x, memory = (rng.normal(size=(BATCH, *size)).astype(FLOAT) for size in sizes)
    states = [rng.normal(size=(BATCH, size)).astype(FLOAT) for size in layer.cell.of_cell]
    return x, memory, states


def stepped(cell):
    """One step of the oracle of a cell, or of a stack of two, with its weights."""
    if isinstance(cell, keras.layers.StackedRNNCells):
        (lower, upper), n = map(stepped, cell.cells), len(cell.cells[0].state)

        def both(x, states):
            x, of_lower = lower(x, states[:n])
            y, of_upper = upper(x, states[n:])
            return y, [*of_lower, *of_upper]

        return both
    name, gates = ("lstm", "ifzo") if isinstance(cell, LSTMCell) else ("gru_reset_before", "urz")
    W, R, b = (by_gate(numbers(w), dict.fromkeys(gates, cell.units)) for w in cell.weights)

    def step(x, states):
        hs, states = getattr(oracles, name)(x[None], *states, W, R, b)
        return hs[0], states

    return step


def expected(kind, layer, xs, ms, states):
    cell = layer.cell
    w = {w.path.rpartition("/")[0].rpartition("/")[2]: numbers(w) for w in cell.weights}
    step = stepped(cell.cell)
    if kind.startswith("bahdanau"):
        b = numbers(cell.memory_layer.bias)
        U = numbers(cell.memory_layer.kernel)
        return oracles.bahdanau(xs, ms, step, states, w["query"], U, b, w["v"][:, 0])
    scores = {
        "dot": lambda h, m: h @ m,
        "general": lambda h, m: h @ (m @ w["memory"]),
        "concat": lambda h, m: np.tanh(h @ w["query"] + m @ w["memory"]) @ w["v"][:, 0],
    }
    score = scores.get(kind, scores["general"])
    return oracles.luong(xs, ms, step, states, w["attention"], score)


@every_kind
def test_decoder_computes_its_equations(kind, rng):
    layer, x, memory, states = made(kind, rng)
    memory = np.where(HERE[..., None], memory, 99.0)
    outputs, *found = map(numbers, layer(x, memory=memory, memory_mask=HERE, initial_state=states))
    for n in range(BATCH):
        hs, of_cell, fed_back, alpha = expected(
            kind, layer, x[n], memory[n][HERE[n]], [state[n] for state in states]
        )
        close(outputs[n], hs)
        *last, attention, alignment = (state[n] for state in found)
        for one, other in zip(last, of_cell, strict=True):
            close(one, other)
        close(attention, fed_back)
        close(alignment[HERE[n]], alpha)
        assert not alignment[~HERE[n]].any()


def test_keras_rnn_runs_the_cell_with_the_memory_among_its_states(rng):
    layer, x, memory, states = made("general", rng)
    rnn = keras.layers.RNN(layer.cell, return_sequences=True, dtype=FLOAT)
    initial = layer.cell.initial_state(memory, HERE, states)
    mask = np.arange(STEPS) < np.array([STEPS, 3, 1, 2])[:BATCH, None]
    given = {"memory": memory, "memory_mask": HERE, "initial_state": states}
    if BACKEND == "jax":
        with pytest.raises(ValueError, match="AttentionDecoder takes no mask of steps on JAX"):
            layer(x, **given, mask=mask)
        mask = None
    found = rnn(x, initial_state=initial, mask=mask)
    outputs, *_ = layer(x, **given, mask=mask)
    close(found, outputs)
    with pytest.raises(ValueError, match="LuongAttentionCell needs a memory"):
        rnn(x)


def test_memory_without_entries_gives_a_context_of_zero(rng):
    layer, x, memory, states = made("bahdanau", rng)
    _, _, context, alignment = layer(x, memory=memory, memory_mask=0 * HERE, initial_state=states)
    assert not numbers(context).any() and not numbers(alignment).any()


@pytest.mark.parametrize("kind", ["bahdanau"])
def test_encoder_and_decoder_are_a_model_that_is_saved_and_loaded(kind, rng, tmp_path):
    source, target = keras.Input((None, FEATURES)), keras.Input((None, FEATURES))
    mask = keras.Input((None,), dtype="bool")
    memory, state = keras.layers.GRU(MEMORY, return_sequences=True, return_state=True)(source)
    start = keras.layers.Dense(UNITS, "tanh")(state)
    cell = BahdanauAttentionCell(GRUResetBeforeCell(UNITS), MEMORY)
    decoder = AttentionDecoder(cell, return_sequences=True, return_state=True)
    outputs, h, context, alignment = decoder(
        target, memory=memory, memory_mask=mask, initial_state=[start]
    )
    assert outputs.shape == (None, None, UNITS + MEMORY)
    assert [s.shape for s in (h, context, alignment)] == [
        (None, UNITS),
        (None, MEMORY),
        (None, None),
    ]
    model = keras.Model([source, target, mask], [outputs, alignment])
    x = rng.normal(size=(BATCH, ENTRIES, FEATURES)), rng.normal(size=(BATCH, STEPS, FEATURES))
    given = [*(one.astype("float32") for one in x), HERE]
    model.save(tmp_path / "decoder.keras")
    loaded = keras.models.load_model(tmp_path / "decoder.keras")
    for one, other in zip(loaded(given), model(given), strict=True):
        np.testing.assert_array_equal(numbers(one), numbers(other))
    model = keras.Model(model.inputs, outputs)
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(given, numbers(model(given)) + 1, verbose=0)
    for one, other, weight in zip(before, model.get_weights(), model.weights, strict=True):
        assert np.abs(one - other).max() > 0, weight.path


@pytest.mark.parametrize(
    "build, says",
    [
        (lambda: LuongAttentionCell(keras.layers.Dense(3), 4), "cell must be a recurrent cell"),
        (lambda: LuongAttentionCell(lstm(), 0), "memory_units must be a positive integer, not 0"),
        (lambda: LuongAttentionCell(lstm(), 4, score="sum"), "score must be one of 'general'"),
        (lambda: LuongAttentionCell(lstm(), UNITS + 1, score="dot"), f"must be {UNITS}, as h is"),
        (
            lambda: BahdanauAttentionCell(LSTMCell(3, dropout=0.5), 4),
            "dropout of the cell must be 0",
        ),
        (
            lambda: LuongAttentionCell(
                keras.layers.StackedRNNCells([lstm(), keras.layers.GRUCell(3, dropout=0.5)]), 4
            ),
            "dropout of the cell must be 0",
        ),
        (lambda: AttentionDecoder(lstm()), "cell must be a LuongAttentionCell or"),
        (lambda: AttentionDecoder(MADE["dot"](), stateful=True), "is not stateful"),
        (
            lambda: MADE["dot"]().initial_state(np.zeros((1, 2, 1))),
            r"memory must be of shape \(None, None, ",
        ),
    ],
)
def test_what_does_not_fit_is_said(build, says):
    with pytest.raises(ValueError, match=says):
        build()


@pytest.mark.parametrize("policy", ["mixed_bfloat16", at_night("mixed_float16")])
@pytest.mark.parametrize(
    "cell",
    [
        lambda: LuongAttentionCell(GRUResetBeforeCell(UNITS), MEMORY),
        lambda: BahdanauAttentionCell(LSTMCell(UNITS), MEMORY),
        at_night(lambda: LuongAttentionCell(keras.layers.LSTMCell(UNITS), MEMORY)),
        at_night(
            lambda: BahdanauAttentionCell(
                keras.layers.StackedRNNCells([LSTMCell(3), GRUResetBeforeCell(UNITS)]), MEMORY
            )
        ),
    ],
)
def test_in_mixed_precision_it_runs_around_any_cell(cell, policy, rng):
    keras.config.set_dtype_policy(policy)
    try:
        x, memory = keras.Input((None, FEATURES)), keras.Input((None, MEMORY))
        layer = AttentionDecoder(cell(), return_sequences=True, return_state=True)
        model = keras.Model([x, memory], layer(x, memory=memory))
    finally:
        keras.config.set_dtype_policy("float32")
    given = [rng.normal(size=(BATCH, n, k)) for n, k in ((STEPS, FEATURES), (ENTRIES, MEMORY))]
    found = model.predict(given, verbose=0)
    for one, other, said in zip(found, model(given), model.outputs, strict=True):
        close(one, numbers(other), 0.03)
        assert keras.backend.standardize_dtype(other.dtype) == said.dtype
    exact = AttentionDecoder(cell(), return_sequences=True, return_state=True)
    model = keras.Model([x, memory], exact(x, memory=memory))
    exact.set_weights(layer.get_weights())
    for one, other in zip(found, model.predict(given, verbose=0), strict=True):
        close(one, other, 0.03)


def test_the_mask_that_comes_with_the_sequence_is_taken(rng):
    ids = np.array([[1, 2, 3, 0], [4, 0, 0, 0]])
    words = keras.layers.Embedding(5, FEATURES, mask_zero=True)
    decoder = AttentionDecoder(LuongAttentionCell(LSTMCell(UNITS), MEMORY))
    memory = rng.normal(size=(2, ENTRIES, MEMORY)).astype("float32")
    if BACKEND == "jax":
        with pytest.raises(ValueError, match="takes no mask of steps on JAX"):
            decoder(words(ids), memory=memory)
        return
    found = decoder(words(ids), memory=memory)
    x = numbers(words(ids))
    close(found, numbers(decoder(x, memory=memory, mask=ids != 0)), 1e-6)
    assert np.abs(numbers(found) - numbers(decoder(x, memory=memory))).max() > 1e-3


@pytest.mark.parametrize("cell", [LSTMCell, CfCCell, at_night(MLSTMCell), at_night(LTCCell)])
def test_a_cell_that_is_built_already_may_have_been_for_this_width(cell):
    cell = cell(UNITS, dtype=FLOAT)
    cell.build((None, FEATURES + 4))
    decoder = AttentionDecoder(LuongAttentionCell(cell, 3, 4, dtype=FLOAT), dtype=FLOAT)
    found = decoder(np.zeros((1, 2, FEATURES)), memory=np.zeros((1, 2, 3)))
    assert found.shape == (1, 4)


@pytest.mark.parametrize("stacked", [False, True])
def test_a_cell_that_was_built_for_another_width_is_said_to_be(stacked):
    cell = stack() if stacked else lstm()
    cell.build((None, FEATURES))
    decoder = AttentionDecoder(LuongAttentionCell(cell, 3, 4, dtype=FLOAT), dtype=FLOAT)
    with pytest.raises(ValueError, match=f"for {FEATURES + 4} features, not 'for {FEATURES}'"):
        decoder(np.zeros((1, 2, FEATURES)), memory=np.zeros((1, 2, 3)))


def test_decoder_without_memory_says_so(rng):
    with pytest.raises(ValueError, match="AttentionDecoder needs memory="):
        AttentionDecoder(MADE["dot"](), dtype=FLOAT)(np.zeros((1, 2, FEATURES)))


def decoder_of_gru():
    return AttentionDecoder(
        LuongAttentionCell(GRUResetBeforeCell(2, dtype=FLOAT), 3, dtype=FLOAT), dtype=FLOAT
    )


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"memory_mask": np.ones((4, 1), bool)}, r"mask must be of shape \(4, 5\), not \(4, 1\)"),
        ({"memory_mask": np.ones((3, 5), bool)}, r"mask must be of shape \(4, 5\), not \(3, 5\)"),
        ({"memory": np.ones((1, 5, 3))}, r"beside this memory must be of shape \(1, None, None\)"),
        ({"memory": np.ones((4, 5, 2))}, r"memory must be of shape \(None, None, 3\)"),
        ({"initial_state": [np.ones((4, 1))]}, r"cell must be of shape \(4, 2\), not \(4, 1\)"),
        ({"initial_state": np.ones((4, 2))}, "initial_state must be a list of 1"),
        ({"sequences": np.ones((4, 6))}, "sequences must be of shape"),
        ({"sequences": np.ones((4, 6, 1))}, "sequences must be of shape"),
    ],
)
def test_nothing_is_broadcast_but_one_row_for_all(changes, says):
    given = {"sequences": np.ones((4, 6, 2)), "memory": np.ones((4, 5, 3))}
    decoder = decoder_of_gru()
    decoder(**given)
    with pytest.raises(ValueError, match=says):
        decoder(**{**given, **changes})


def test_one_row_of_a_mask_or_a_state_is_that_of_all_sequences(rng):
    given = {"sequences": rng.normal(size=(4, 6, 2)), "memory": rng.normal(size=(4, 5, 3))}
    decoder = decoder_of_gru()
    mask, state = np.array([[1, 0, 1, 1, 0]], bool), rng.normal(size=(1, 2))
    one_row = decoder(**given, memory_mask=mask, initial_state=[state])
    rows = np.tile(mask, (4, 1)), [np.tile(state, (4, 1))]
    close(one_row, decoder(**given, memory_mask=rows[0], initial_state=rows[1]))
    assert np.abs(numbers(one_row) - numbers(decoder(**given))).max() > 1e-3


def test_of_a_memory_without_entries_the_context_is_zero(rng):
    x, memory = rng.normal(size=(2, 3, 2)), rng.normal(size=(2, 4, 3))
    decoder = decoder_of_gru()
    masked = decoder(x, memory=memory, memory_mask=np.zeros((2, 4), bool))
    close(decoder(x, memory=memory[:, :0]), masked)


def test_whatever_stands_in_entries_that_there_are_not_changes_nothing(rng):
    x, memory = rng.normal(size=(2, 3, 2)), rng.normal(size=(2, 4, 3))
    mask = np.array([[1, 1, 0, 1], [1, 0, 0, 0]], bool)
    decoder = decoder_of_gru()
    expected = decoder(x, memory=memory, memory_mask=mask)
    memory[~mask] = [np.nan, np.inf, 1e30]
    close(decoder(x, memory=memory, memory_mask=mask), expected)


def test_integers_may_be_of_numpy_in_attention():
    cell = BahdanauAttentionCell(LSTMCell(4), np.int64(5), np.int64(3))
    assert type(cell.memory_units) is type(cell.attention_units) is int
