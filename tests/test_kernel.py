"""The loop in compiled code against Keras' loop, and what happens where it cannot be."""

import gc
import os
import stat
import subprocess
import sys
import textwrap
import weakref

import keras
import numpy as np
import pytest

from cases import (
    BACKEND,
    BATCH,
    CASES,
    FEATURES,
    MASK,
    STEPS,
    UNITS,
    build,
    compiled,
    initial_states,
    layer_gradients,
    numbers,
    of_tensorflow,
    own_layer,
    padded,
    sequences,
    taken,
)
from keras_lstm_variants import CELLS, GRU, LAYERS, LSTM, PeepholeLSTM, compiled_inference, kernel
from keras_lstm_variants.portability import portable

if BACKEND == "tensorflow":
    import tensorflow as tf

    from keras_lstm_variants.kernel.loop import Memory

pytestmark = of_tensorflow
every_cell = pytest.mark.parametrize("name", list(CELLS))
DROPOUT = {"dropout": 0.3, "recurrent_dropout": 0.3, "seed": 1}


@pytest.fixture(autouse=True)
def no_loops_from_before(optimised):
    kernel.loops.clear()


def layers(name, rng, dtype, scans, **options):
    """Layers with these loops, of equal weights."""
    options = {"return_sequences": True, "return_state": True, **options}
    made = [build(own_layer(name, dtype=dtype, scan=scan, **options), rng) for scan in scans]
    for layer in made[1:]:
        layer.set_weights(made[0].get_weights())
    return made


def distance(actual, expected):
    """The largest difference, in the size of the largest number."""
    return max(
        np.abs(numbers(one) - numbers(other)).max() / max(1, np.abs(numbers(other)).max())
        for one, other in zip(actual, expected, strict=True)
    )


@every_cell
@pytest.mark.parametrize("masked, options", [(False, {"go_backwards": True}), (True, DROPOUT)])
@pytest.mark.parametrize("graph", [False, True])
def test_gives_the_values_and_gradients_of_keras_loop(name, masked, options, graph, rng):
    draws = "seed" in options and not CASES[name].draws
    options = taken(name, options) if draws else {}
    ours, plain = layers(name, rng, "float64", ["compiled", "plain"], **options)
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


@every_cell
def test_is_as_exact_in_float32_as_keras_loop(name, rng):
    exact, ours, plain = (
        layers(name, np.random.default_rng(1), dtype, [scan])[0]
        for dtype, scan in [("float64", "plain"), ("float32", "compiled"), ("float32", "plain")]
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


@pytest.mark.parametrize("name", ["peephole_lstm", "gru_reset_before", "memory_block_lstm"])
@pytest.mark.parametrize("options", [{"gradient": "truncated"}, {"clip_net_gradient": 0.05}])
def test_keeps_the_rules_of_the_gradient(name, options, rng):
    ours, plain = layers(name, rng, "float64", ["compiled", "plain"], **options)
    x, states = sequences(rng), initial_states(name, rng)
    directions = [rng.normal(size=(BATCH, STEPS, UNITS)), *map(np.ones_like, states)]
    assert distance(*(layer_gradients(one, directions, x, states) for one in (ours, plain))) < 1e-10
    assert ours.why_not_compiled == ""


@pytest.mark.parametrize("heads", [2, 3])
@pytest.mark.parametrize("name", ["lstm", "gru", "slstm"])
def test_has_heads(name, heads, rng):
    ours, plain = layers(name, rng, "float64", ["compiled", "plain"], heads=heads)
    x, states = sequences(rng), initial_states(name, rng)
    directions = [rng.normal(size=(BATCH, STEPS, UNITS)), *map(np.ones_like, states)]
    assert distance(*(layer_gradients(one, directions, x, states) for one in (ours, plain))) < 1e-10
    assert ours.why_not_compiled == ""


@pytest.mark.parametrize("batch, steps", [(1, 1), (1, 9), (3, 1), (37, 3), (70, 2)])
@pytest.mark.parametrize("threads", ["1", "2", "5"])
def test_any_number_of_sequences_steps_and_threads(batch, steps, threads, rng, monkeypatch):
    monkeypatch.setenv("KERAS_LSTM_VARIANTS_THREADS", threads)
    options = {"return_state": False}
    ours, plain = layers("peephole_lstm", rng, "float64", ["compiled", "plain"], **options)
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


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads are placed on Linux")
def test_placing_threads_leaves_the_caller_where_it_may_run(rng, monkeypatch):
    monkeypatch.setenv("KERAS_LSTM_VARIANTS_THREADS", "3")
    ours, plain = layers("lstm", rng, "float64", ["compiled", "plain"], return_state=False)
    x = rng.normal(size=(40, 30, FEATURES))
    allowed = os.sched_getaffinity(0)
    for mine in {min(allowed)}, allowed:
        os.sched_setaffinity(0, mine)
        try:
            found = ours(x)
            assert os.sched_getaffinity(0) == mine
        finally:
            os.sched_setaffinity(0, allowed)
        assert distance([found], [plain(x)]) < 1e-12


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("features, units", [(1, 1), (33, 8), (20, 25), (16, 12)])
def test_any_number_of_features_and_units(features, units, dtype, rng):
    # Products are computed by columns of 8, 16 or 32, the sums over steps in blocks of 128.
    ours, plain = (
        PeepholeLSTM(units, return_sequences=True, dtype=dtype, scan=scan)
        for scan in ("compiled", "plain")
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


@pytest.mark.parametrize("name", ["mlstm", "min_lstm"])
def test_without_products_sequences_go_through_their_steps_one_by_one(name, rng):
    # Of more steps than are summed up at once, and with matrices in more pieces than are read in
    # place.
    batch, steps, units = 3, 70, 14
    ours, plain = (
        build(LAYERS[name](units, return_sequences=True, dtype="float64", scan=scan), rng)
        for scan in ("compiled", "plain")
    )
    plain.set_weights(ours.get_weights())
    x, mask = rng.normal(size=(batch, steps, FEATURES)), rng.uniform(size=(batch, steps)) < 0.8
    assert distance([ours(x, mask=mask)], [plain(x, mask=mask)]) < 1e-12
    direction = [rng.normal(size=(batch, steps, units))]
    both = (layer_gradients(one, direction, x, mask=mask) for one in (ours, plain))
    assert distance(*both) < 1e-10
    assert ours.why_not_compiled == ""


FUNCTIONS = ["relu", "relu6", "softsign", "softplus", "elu", "hard_sigmoid", "gelu", "silu"]


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_other_functions(activation, rng):
    ours, plain = layers(
        "lstm", rng, "float64", ["compiled", "plain"], activation=activation, return_state=False
    )
    x = sequences(rng)
    direction = [np.ones((BATCH, STEPS, UNITS))]
    assert distance(*(layer_gradients(one, direction, x) for one in (ours, plain))) < 1e-10
    assert ours.why_not_compiled == ""


@pytest.mark.parametrize("activation", ["tanh", "softplus", "elu", "relu6"])
def test_functions_at_their_ends(activation, rng):
    options = {"activation": activation, "return_state": False}
    ours, plain = layers("lstm", rng, "float32", ["compiled", "plain"], **options)
    for layer in ours, plain:
        layer.set_weights([np.ones_like(w) for w in layer.get_weights()])
    ends = [0.0, -0.0, 1e-40, 20.0, -20.0, 89.0, -89.0, 1e30, -1e30, np.inf, -np.inf, np.nan]
    x = np.zeros((len(ends), 1, FEATURES), "float32")
    x[:, 0, 0] = ends
    inexact = 1e-15 if activation == "elu" else 1e-30  # TensorFlow's, near zero
    np.testing.assert_allclose(ours(x), plain(x), rtol=1e-5, atol=inexact)


# Where it runs.


def why(layer, function=None, **call):
    x = tf.zeros((2, 3, FEATURES), layer.compute_dtype)
    (function or layer)(x, **call)
    return layer.why_not_compiled


def test_graphs_for_inference_are_portable_unless_asked_for(rng):
    layer = LSTM(4)
    assert why(layer) == ""
    assert "portable" in why(layer, tf.function(layer))
    assert why(layer, tf.function(layer), training=True) == ""
    with compiled_inference():
        assert why(layer, tf.function(layer)) == ""
        with portable():
            assert "portable" in why(layer, tf.function(layer), training=True)
    assert why(LSTM(4, scan="graph")) == "it was made with scan='graph'"
    always = LSTM(4, scan="compiled")
    assert why(always, tf.function(always)) == ""


def test_xla_gets_what_it_can_compile():
    layer = GRU(4)
    assert "XLA" in why(layer, tf.function(layer, jit_compile=True), training=True)
    model = keras.Sequential([keras.Input((3, FEATURES)), layer])
    model.compile("sgd", "mse", jit_compile=True)
    model.fit(np.zeros((2, 3, FEATURES)), np.zeros((2, 4)), verbose=0)
    assert "XLA" in layer.why_not_compiled


def test_half_precision_runs_on_tensorflow():
    assert "mixed" not in why(LSTM(4, dtype="float32"))
    layer = LSTM(4, dtype="mixed_bfloat16")
    layer(np.zeros((2, 3, FEATURES), "float32"))
    assert "bfloat16" in layer.why_not_compiled


@keras.saving.register_keras_serializable("test")
class Strange(LSTM.cell_class):
    """A step with an operation that has no translation."""

    def step(self, net, h_prev, c_prev):
        h, c = super().step(net, h_prev, c_prev)
        return h, keras.ops.sort(c)


class StrangeLayer(LSTM):
    cell_class = Strange


def test_an_operation_without_translation_runs_on_tensorflow(rng):
    ours, plain = StrangeLayer(5, seed=1), StrangeLayer(5, seed=1, scan="plain")
    x = sequences(rng).astype("float32")
    build(ours, rng), build(plain, rng).set_weights(ours.get_weights())
    assert distance([ours(x)], [plain(x)]) < 1e-6
    assert "TopKV2" in ours.why_not_compiled


def test_second_derivatives_are_refused_with_the_way_out():
    layer, x = LSTM(3), tf.ones((1, 2, FEATURES))
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = layer(x)
        d = inner.gradient(y, x)
    with pytest.raises(NotImplementedError, match="scan='graph'"):
        outer.gradient(d, x)


@pytest.mark.parametrize("trouble", ["off", "no compiler", "broken compiler", "open cache", "file"])
def test_without_it_there_is_tensorflows_loop(trouble, rng, monkeypatch, tmp_path):
    runtime = kernel.loop.runtime
    runtime.load.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if trouble == "off":
        monkeypatch.setenv("KERAS_LSTM_VARIANTS_COMPILED", "0")
    elif trouble == "no compiler":
        monkeypatch.setenv("PATH", str(tmp_path))
    elif trouble == "broken compiler":
        broken = tmp_path / "c++"
        broken.write_text("#!/bin/sh\necho 'error: out of order' >&2\nexit 1\n")
        broken.chmod(0o755)
        monkeypatch.setenv("CXX", str(broken))
    elif trouble == "open cache":
        (tmp_path / "keras_lstm_variants").mkdir()
        (tmp_path / "keras_lstm_variants").chmod(0o777)
    else:
        (tmp_path / "keras_lstm_variants").write_text("")
    layer, plain = layers("lstm", rng, "float32", ["auto", "plain"], return_state=False)
    x = sequences(rng).astype("float32")
    assert distance([layer(x)], [plain(x)]) < 1e-6
    expected = {
        "off": "is 0",
        "no compiler": "no C++ compiler",
        "broken compiler": "works",
        "open cache": "written to by others",
        "file": "exists",
    }
    assert expected[trouble] in layer.why_not_compiled
    runtime.load.cache_clear()


# The cache.


def test_a_library_that_is_cut_off_is_compiled_again(monkeypatch, tmp_path):
    runtime = kernel.loop.runtime
    for folder in "one", "other":
        runtime.load.cache_clear()
        kernel.loops.clear()
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / folder))
        assert why(LSTM(4)) == ""
        (library,) = (tmp_path / folder / "keras_lstm_variants").iterdir()
        assert library.stat().st_size > 1000
        assert stat.S_IMODE(library.parent.stat().st_mode) == 0o700
        other = tmp_path / "other" / "keras_lstm_variants"
        if folder == "one":
            other.mkdir(mode=0o700, parents=True)
            (other / library.name).write_bytes(b"cut off")


def test_processes_that_compile_at_the_same_time_do_not_disturb_each_other(tmp_path):
    program = """
        import numpy as np
        from keras_lstm_variants import LSTM
        layer = LSTM(4, seed=1)
        layer(np.zeros((2, 3, 5), "float32"))
        assert layer.why_not_compiled == "", layer.why_not_compiled
    """
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    command = [sys.executable, "-c", textwrap.dedent(program)]
    running = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(2)]
    for process in running:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said.decode()
    assert len(list((tmp_path / "keras_lstm_variants").iterdir())) == 1


def test_memory_is_used_again_when_nobody_holds_it():
    memory = Memory()
    first = memory.take(1000)
    part = first.view("float32")[5:].reshape(-1, 1)
    address = first.ctypes.data
    assert address % 64 == 0
    del first
    assert memory.take(1000).ctypes.data != address, "a part of it is still held"
    del part
    memory.idle.reverse()
    assert address in [block.ctypes.data - block.ctypes.data % -64 for block in memory.idle]
    memory.most = 0
    memory.take(10)
    assert not memory.idle


def test_memory_lies_idle_only_as_far_as_it_was_in_use():
    memory = Memory()
    memory.take(10_000)
    assert [block.nbytes for block in memory.idle] == [3 * 4096 + 64]
    held = memory.take(50_000)  # there was less in use before: nothing else may lie idle
    assert not memory.idle
    del held
    memory.take(10_000)
    assert memory.in_use == 0
    assert sum(block.nbytes for block in memory.idle) <= memory.peak


def test_a_layer_that_is_gone_takes_its_loop_with_it():
    layer = PeepholeLSTM(4)
    layer(np.zeros((2, 3, FEATURES), "float32"))
    cell = weakref.ref(layer.cell)
    assert len(kernel.loops) == 1
    del layer
    gc.collect()
    assert cell() is None


@pytest.mark.parametrize("told", ["0", "-1", "two"])
def test_a_number_of_threads_that_is_none_is_named(told, monkeypatch):
    monkeypatch.setenv("KERAS_LSTM_VARIANTS_THREADS", told)
    with pytest.raises(ValueError, match=f"THREADS must be a positive integer, not '{told}'"):
        LSTM(3)(np.ones((1, 2, 3), "float32"))
