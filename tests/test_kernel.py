"""The loop in compiled code against Keras' loop: values and gradients."""

import os
import re
from dataclasses import replace

import numpy as np
import pytest

from cases import (
    BATCH,
    CASES,
    FEATURES,
    MASK,
    STEPS,
    UNITS,
    alike,
    build,
    compiled,
    distance,
    initial_states,
    layer_gradients,
    of_tensorflow,
    own_layer,
    padded,
    sequences,
    source_of,
    taken,
)
from keras_lstm_variants import CELLS, PeepholeLSTM
from keras_lstm_variants.kernel import loop_codegen

pytestmark = [of_tensorflow, pytest.mark.usefixtures("vectorised", "fresh_loops")]
CXXFLAGS = "KERAS_LSTM_VARIANTS_CXXFLAGS"
DROPOUT = {"dropout": 0.3, "recurrent_dropout": 0.3, "seed": 1}

# One cell for each thing that the generated code may have in it; the others are nightly.
SAMPLE = (
    "peephole_lstm",
    "gru_reset_before",  # a product of what the step has computed
    "memory_block_lstm",  # gates that cells share
    "mlstm",  # matrices in the state, and no products in the step
    "on_lstm",  # softmax and cumulative sums
    "layer_norm_lstm",  # means
    "clockwork_rnn",  # steps that count
    "stacked_rnn",  # nothing to keep
    "full_gate_recurrence_lstm",  # the gates are states
    "gated_feedback_gru",  # a gradient of x that is known step by step only
)


def cells(newcomer=(), ci=SAMPLE):
    """A test of every cell: of these in the first tiers, of the others at night."""
    marks = {name: () if name in newcomer else pytest.mark.ci for name in [*newcomer, *ci]}
    return pytest.mark.parametrize(
        "name",
        [pytest.param(name, marks=marks.get(name, pytest.mark.nightly)) for name in CELLS],
    )


def at_night(*values):
    return pytest.param(*values, marks=pytest.mark.nightly)


SCANS = "auto", "plain"


def check_values_and_gradients(name, rng, masked, graph, options):
    draws = "seed" in options and not CASES[name].draws
    options = taken(name, options) if draws else {}
    ours, plain = alike(name, rng, "float64", ["auto", "plain"], **options)
    x, states, mask = sequences(rng), initial_states(name, rng), MASK if masked else None
    x = padded(x) if masked else x
    shapes = [(BATCH, STEPS, UNITS), *[state.shape for state in states]]
    directions = [rng.normal(size=shape) for shape in shapes]
    call = {"initial_state": states, "mask": mask, "training": draws}
    assert distance(ours(x, **call), plain(x, **call)) <= 1e-12
    assert ours.why_not_compiled == ""
    both = (
        layer_gradients(one, directions, x, states, mask, training=draws, graph=graph)
        for one in (ours, plain)
    )
    assert distance(*both) <= 1e-10


@cells(newcomer=["peephole_lstm"])
def test_gives_the_values_and_gradients_of_keras_loop(name, rng):
    check_values_and_gradients(name, rng, masked=True, graph=True, options=DROPOUT)


@cells(ci=["peephole_lstm", "mlstm", "gated_feedback_gru"])
def test_gives_them_backwards_and_without_a_graph(name, rng):
    options = {"go_backwards": True}
    check_values_and_gradients(name, rng, masked=False, graph=False, options=options)


@pytest.mark.nightly
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("masked, options", [(False, {"go_backwards": True}), (True, DROPOUT)])
def test_gives_them_optimised(name, masked, options, rng, optimised):
    check_values_and_gradients(name, rng, masked, graph=not masked, options=options)


@pytest.mark.nightly
def test_the_sample_has_all_that_the_code_of_any_cell_has(rng):
    def calls(name):
        layer = alike(name, rng, "float64", ["auto"])[0]
        layer(sequences(rng))
        code = re.sub(r"//.*", "", source_of(layer))
        return set(re.findall(r"\b([a-z]+_?[a-z]*) ?[<(]", code))

    missing = {name: calls(name) for name in CELLS if name not in SAMPLE}
    sample = set().union(*map(calls, SAMPLE))
    assert {name: more for name, all_of in missing.items() if (more := all_of - sample)} == {}


@cells(ci=["peephole_lstm", "mlstm"])
def test_is_as_exact_in_float32_as_keras_loop(name, rng, optimised):
    exact, ours, plain = (
        alike(name, np.random.default_rng(1), dtype, [scan])[0]
        for dtype, scan in [("float64", "plain"), ("float32", "auto"), ("float32", "plain")]
    )
    x, states = sequences(rng), initial_states(name, rng)
    weights = exact.get_weights()
    for layer in exact, ours, plain:
        layer.set_weights([w.astype("float32") for w in weights])
    x, states = (
        x.astype("float32"),
        [state.astype("float32") for state in states],
    )
    expected = exact(x, initial_state=states)
    errors = [distance(layer(x, initial_state=states), expected) for layer in (ours, plain)]
    assert errors[0] <= 1e-6 + 3 * errors[1]
    directions = [np.ones((BATCH, STEPS, UNITS)), *map(np.ones_like, states)]
    expected, actual, usual = (
        layer_gradients(layer, directions, x, states) for layer in (exact, ours, plain)
    )
    assert distance(actual, expected) <= 1e-5 + 3 * distance(usual, expected)


@pytest.mark.ci
@pytest.mark.parametrize(
    "name", ["peephole_lstm", at_night("gru_reset_before"), at_night("memory_block_lstm")]
)
@pytest.mark.parametrize("options", [{"gradient": "truncated"}, {"clip_net_gradient": 0.05}])
def test_keeps_the_rules_of_the_gradient(name, options, rng):
    ours, plain = alike(name, rng, "float64", ["auto", "plain"], **options)
    x, states = sequences(rng), initial_states(name, rng)
    directions = [rng.normal(size=(BATCH, STEPS, UNITS)), *map(np.ones_like, states)]
    assert distance(*(layer_gradients(one, directions, x, states) for one in (ours, plain))) < 1e-10
    assert ours.why_not_compiled == ""


@pytest.mark.ci
@pytest.mark.parametrize("heads", [at_night(2), 3])
@pytest.mark.parametrize("name", ["lstm", "gru", at_night("slstm")])
def test_has_heads(name, heads, rng):
    ours, plain = alike(name, rng, "float64", ["auto", "plain"], heads=heads)
    x, states = sequences(rng), initial_states(name, rng)
    directions = [rng.normal(size=(BATCH, STEPS, UNITS)), *map(np.ones_like, states)]
    assert distance(*(layer_gradients(one, directions, x, states) for one in (ours, plain))) < 1e-10
    assert ours.why_not_compiled == ""


@pytest.mark.ci
@pytest.mark.parametrize("batch, steps", [(1, 1), (1, 9), (3, 1), (37, 3), (70, 2)])
def test_any_number_of_sequences_and_steps(batch, steps, rng):
    options = {"return_state": False}
    ours, plain = alike("peephole_lstm", rng, "float64", ["auto", "plain"], **options)
    x = rng.normal(size=(batch, steps, FEATURES))
    mask = rng.uniform(size=(batch, steps)) < 0.7
    graph = compiled(ours, shape=(None, None, FEATURES))
    assert distance([graph(x)], [plain(x)]) < 1e-12
    both = [
        layer_gradients(one, [np.ones((batch, steps, UNITS))], x, mask=mask)
        for one in (ours, plain, ours)
    ]
    assert distance(*both[:2]) < 1e-10
    for one, again in zip(both[0], both[2], strict=True):
        np.testing.assert_array_equal(one, again)


# Gradients of each kind of weight: of products before the loop, in it and in both, of one step, of
# a peephole, of gates that units share, of a mean and of layers in one step.
@cells(
    ci=[
        *("lstm_1997", "gru_reset_before", "memory_block_lstm", "mlstm", "layer_norm_lstm"),
        *("gated_feedback_lstm", "clockwork_rnn"),
    ]
)
@pytest.mark.parametrize("threads", [pytest.param(2, marks=pytest.mark.nightly), 3])
def test_threads_add_up_the_gradients_of_every_weight(name, threads, rng, monkeypatch):
    monkeypatch.setenv(CXXFLAGS, os.environ[CXXFLAGS] + " -DWORTH_THREADS=0")
    monkeypatch.setenv("KERAS_LSTM_VARIANTS_THREADS", str(threads))
    ours, plain = alike(name, rng, "float64", SCANS)
    batch = 5  # which neither number of threads divides
    mask = np.concatenate([MASK, [[True] * STEPS]])
    x = rng.normal(size=(batch, STEPS, FEATURES))
    states = [np.concatenate([state, state[:1]]) for state in initial_states(name, rng)]
    expected = plain(x, initial_state=states, mask=mask)
    assert distance(ours(x, initial_state=states, mask=mask), expected) < 1e-12
    shapes = [(batch, STEPS, UNITS), *[state.shape for state in states]]
    directions = [rng.normal(size=shape) for shape in shapes]
    actual, expected = (layer_gradients(one, directions, x, states, mask) for one in (ours, plain))
    assert ours.threads == {"forward": threads, "backward": threads}
    assert len(actual) == len(ours.weights) + 1 + len(states)
    for one, other in zip(actual, expected, strict=True):
        assert distance([one], [other]) < 1e-10


@pytest.mark.ci
@pytest.mark.parametrize("threads", [2, at_night(3)])
@pytest.mark.parametrize("name", ["lstm", at_night("gru"), at_night("mlstm")])
def test_threads_compute_products_of_one_sequence_ahead(name, threads, rng, monkeypatch):
    monkeypatch.setenv(CXXFLAGS, os.environ[CXXFLAGS] + " -DWORTH_THREADS=0")
    monkeypatch.setenv("KERAS_LSTM_VARIANTS_THREADS", str(threads))
    ours, plain = alike(name, rng, "float64", SCANS, return_state=False)
    graph = compiled(ours, shape=(None, None, FEATURES))
    for steps in (1, 8, 9, 100):  # blocks of less than one to many
        x, mask = rng.normal(size=(1, steps, FEATURES)), rng.uniform(size=(1, steps)) < 0.7
        assert distance([graph(x)], [plain(x)]) < 1e-12
        directions = [rng.normal(size=(1, steps, UNITS))]
        both = [layer_gradients(one, directions, x, mask=mask) for one in (ours, plain)]
        ran = ours.threads["forward"]  # as many as keep up with the steps
        assert 1 < ran <= threads if steps > 8 else ran == 1
        assert ours.threads["backward"] == 1
        assert distance(*both) < 1e-10


@pytest.mark.ci
@pytest.mark.parametrize("threads", [2, 3, at_night(5)])
@pytest.mark.parametrize("name", ["peephole_lstm", at_night("mlstm"), at_night("gru_reset_before")])
def test_any_number_of_threads(name, threads, rng, monkeypatch):
    monkeypatch.setenv("KERAS_LSTM_VARIANTS_THREADS", str(threads))
    # So much that threads are worth their while; some have more than one tile of sequences.
    batch, steps, features, units = 70, 8, 32, 24
    made = [own_layer(name, units=units, return_sequences=True, scan=s) for s in SCANS]
    ours, plain = (build(layer, rng, features, scale=0.3) for layer in made)
    plain.set_weights(ours.get_weights())
    x, mask = rng.normal(size=(batch, steps, features)), rng.uniform(size=(batch, steps)) < 0.8
    assert distance([ours(x, mask=mask)], [plain(x, mask=mask)]) < 1e-12
    directions = [rng.normal(size=(batch, steps, units))]
    both = [layer_gradients(one, directions, x, mask=mask) for one in (ours, plain)]
    assert ours.threads == {"forward": threads, "backward": threads}
    assert len(both[0]) == len(ours.weights) + 1  # and x
    for actual, expected in zip(*both, strict=True):
        assert distance([actual], [expected]) < 1e-10


@pytest.mark.ci
def test_little_work_is_done_on_one_thread(rng, monkeypatch):
    monkeypatch.setenv("KERAS_LSTM_VARIANTS_THREADS", "3")
    layer = alike("peephole_lstm", rng, "float64", ["auto"])[0]
    assert layer.threads == {}
    layer(sequences(rng))
    assert layer.threads == {"forward": 1}


@cells(newcomer=["lstm", "gru"], ci=["peephole_lstm", "ind_rnn"])
def test_what_a_sequence_gives_does_not_depend_on_how_many_there_are(name, rng):
    """To the last bit: a tagger answers alike whether it is asked alone or with others."""
    layer = alike(name, rng, "float32", ["auto"])[0]
    x = rng.normal(size=(40, STEPS, FEATURES)).astype("float32")
    every = [one.numpy() for one in layer(x)]
    assert not layer.why_not_compiled
    for batch in 1, 2, 3, 7, 8, 9, 16, 17, 33:
        for one, some in zip(every, layer(x[:batch]), strict=True):
            np.testing.assert_array_equal(some, one[:batch])


@pytest.mark.ci
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("features, units", [at_night(1, 1), (33, 8), (20, 25), at_night(16, 12)])
def test_any_number_of_features_and_units(features, units, dtype, rng):
    # Products are computed by columns of 8, 16 or 32, the sums over steps in blocks of 128.
    ours, plain = (
        PeepholeLSTM(units, return_sequences=True, dtype=dtype, scan=scan)
        for scan in ("auto", "plain")
    )
    x = rng.normal(size=(9, 20, features)).astype(dtype)
    for layer in ours, plain:
        layer.build(x.shape)
    ours.set_weights([rng.normal(size=w.shape) / 2 for w in ours.get_weights()])
    plain.set_weights(ours.get_weights())
    within = {"float32": 1e-5, "float64": 1e-12}[dtype]
    assert distance([ours(x)], [plain(x)]) < within
    direction = [rng.normal(size=(9, 20, units))]
    both = (layer_gradients(one, direction, x) for one in (ours, plain))
    assert distance(*both) < within


@pytest.mark.ci
@pytest.mark.parametrize("name", ["mlstm", at_night("min_lstm")])
def test_without_products_sequences_go_through_their_steps_one_by_one(name, rng):
    # Of more steps than are summed up at once, and with matrices in more pieces than are read in
    # place.
    batch, steps, units = 3, 70, 14
    options = {"units": units, "return_state": False}
    ours, plain = alike(name, rng, "float64", ["auto", "plain"], **options)
    x, mask = rng.normal(size=(batch, steps, FEATURES)), rng.uniform(size=(batch, steps)) < 0.8
    assert distance([ours(x, mask=mask)], [plain(x, mask=mask)]) < 1e-12
    direction = [rng.normal(size=(batch, steps, units))]
    both = (layer_gradients(one, direction, x, mask=mask) for one in (ours, plain))
    assert distance(*both) < 1e-10
    assert ours.why_not_compiled == ""


FUNCTIONS = ["relu6", "softsign", "softplus", "elu", "gelu"]


@pytest.mark.ci
@pytest.mark.parametrize(
    "activation", [*FUNCTIONS, *map(at_night, ["relu", "hard_sigmoid", "silu"])]
)
def test_other_functions(activation, rng):
    ours, plain = alike(
        "lstm", rng, "float64", ["auto", "plain"], activation=activation, return_state=False
    )
    x = sequences(rng)
    direction = [np.ones((BATCH, STEPS, UNITS))]
    assert distance(*(layer_gradients(one, direction, x) for one in (ours, plain))) < 1e-10
    assert ours.why_not_compiled == ""


@pytest.mark.ci
@pytest.mark.parametrize("activation", ["tanh", "softplus", "elu", at_night("relu6")])
def test_functions_at_their_ends(activation, rng):
    options = {"activation": activation, "return_state": False}
    ours, plain = alike("lstm", rng, "float32", ["auto", "plain"], **options)
    for layer in ours, plain:
        layer.set_weights([np.ones_like(w) for w in layer.get_weights()])
    ends = [0.0, -0.0, 1e-40, 20.0, -20.0, 89.0, -89.0, 1e30, -1e30, np.inf, -np.inf, np.nan]
    x = np.zeros((len(ends), 1, FEATURES), "float32")
    x[:, 0, 0] = ends
    inexact = 1e-15 if activation == "elu" else 1e-30  # TensorFlow's, near zero
    np.testing.assert_allclose(ours(x), plain(x), rtol=1e-5, atol=inexact)


@pytest.mark.ci
def test_the_order_of_arrays_is_agreed_on_in_the_signature_alone(rng, monkeypatch):
    """With another order, generated code and its caller still understand each other."""
    signature_of = loop_codegen.signature_of

    def turned(function):
        return replace(function, takes=function.takes[::-1], gives=function.gives[::-1])

    def other_order(*args, **kwargs):
        found = signature_of(*args, **kwargs)
        return replace(found, forward=turned(found.forward), backward=turned(found.backward))

    monkeypatch.setattr(loop_codegen, "signature_of", other_order)
    check_values_and_gradients("peephole_lstm", rng, masked=True, graph=False, options=DROPOUT)
