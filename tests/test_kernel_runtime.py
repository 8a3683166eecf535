"""When layers run compiled loops, and what these need: a compiler, its cache, memory, threads."""

import gc
import os
import stat
import subprocess
import sys
import textwrap
import weakref
from typing import Any

import keras
import numpy as np
import pytest

from cases import BACKEND, FEATURES, alike, build, distance, of_tensorflow, sequences
from keras_lstm_variants import GRU, LSTM, PeepholeLSTM, SimpleRNN, kernel, portable

if BACKEND == "tensorflow":
    import tensorflow as tf

    from keras_lstm_variants.kernel import compiler
    from keras_lstm_variants.kernel.memory import Pool

pytestmark = [of_tensorflow, pytest.mark.usefixtures("vectorised", "fresh_loops")]


def in_ci(*values):
    return pytest.param(*values, marks=pytest.mark.ci)


def why(layer, function=None, **call):
    x = tf.zeros((2, 3, FEATURES), layer.compute_dtype)
    (function or layer)(x, **call)
    return layer.why_not_compiled


def test_layers_run_compiled_loops_unless_they_must_not(rng):
    layer = LSTM(4)
    assert why(layer) == ""
    assert why(layer, tf.function(layer)) == ""
    assert why(layer, tf.function(layer), training=True) == ""
    with portable():
        assert why(layer) == why(layer, tf.function(layer)) == "the graph has to be portable"
        assert "portable" in why(layer, tf.function(layer), training=True)
    assert why(LSTM(4, scan="graph")) == "it was made with scan='graph'"


@pytest.mark.ci
def test_xla_gets_what_it_can_compile():
    layer = GRU(4)
    assert "XLA" in why(layer, tf.function(layer, jit_compile=True), training=True)
    model = keras.Sequential([keras.Input((3, FEATURES)), layer])
    model.compile("sgd", "mse", jit_compile=True)
    model.fit(np.zeros((2, 3, FEATURES)), np.zeros((2, 4)), verbose=0)
    assert "XLA" in layer.why_not_compiled


@pytest.mark.ci
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


@pytest.mark.ci
def test_an_operation_without_translation_runs_on_tensorflow(rng):
    ours, plain = StrangeLayer(5, seed=1), StrangeLayer(5, seed=1, scan="plain")
    x = sequences(rng).astype("float32")
    build(ours, rng), build(plain, rng).set_weights(ours.get_weights())
    assert distance([ours(x)], [plain(x)]) < 1e-6
    assert "TopKV2" in ours.why_not_compiled


class OfTheBatch(SimpleRNN.cell_class):
    """A step that computes something of all sequences, as batch normalisation does."""

    together: Any = None

    def step(self, net, h_prev):
        (h,) = super().step(net, h_prev)
        return (type(self).together(h),)


class LayerOfTheBatch(SimpleRNN):
    cell_class = OfTheBatch


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis 0")
@pytest.mark.parametrize(
    "together",
    [
        lambda h: h - keras.ops.mean(h, axis=0, keepdims=True),
        in_ci(lambda h: keras.ops.flip(h, axis=0)),
        in_ci(lambda h: h / (1 + keras.ops.max(keras.ops.abs(h)))),
        in_ci(lambda h: keras.ops.softmax(h, axis=0)),
    ],
    ids=["mean", "flip", "max of all", "softmax"],
)
@pytest.mark.parametrize("graph", [False, in_ci(True)])
def test_a_step_that_computes_something_of_several_sequences_is_not_compiled(
    together, graph, rng, monkeypatch
):
    monkeypatch.setattr(OfTheBatch, "together", staticmethod(together))
    ours, plain = (LayerOfTheBatch(5, scan=scan) for scan in ("auto", "plain"))
    x = sequences(rng).astype("float32")
    build(ours, rng), build(plain, rng).set_weights(ours.get_weights())
    call = tf.function(lambda x: ours(x)) if graph else ours
    assert distance([call(x)], [plain(x)]) < 1e-6
    assert "several sequences together" in ours.why_not_compiled


@pytest.mark.parametrize(
    "trouble", ["off", "no compiler", *map(in_ci, ["broken compiler", "open cache", "file"])]
)
def test_without_it_there_is_tensorflows_loop(trouble, rng, monkeypatch, tmp_path):
    compiler.load.cache_clear()
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
    layer, plain = alike("lstm", rng, "float32", ["auto", "plain"], return_state=False)
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
    compiler.load.cache_clear()


# The cache.


@pytest.mark.ci
def test_a_library_that_is_cut_off_is_compiled_again(monkeypatch, tmp_path):
    for folder in "one", "other":
        compiler.load.cache_clear()
        kernel.compiled.clear()
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / folder))
        assert why(LSTM(4)) == ""
        (library,) = (tmp_path / folder / "keras_lstm_variants").iterdir()
        assert library.stat().st_size > 1000
        assert stat.S_IMODE(library.parent.stat().st_mode) == 0o700
        other = tmp_path / "other" / "keras_lstm_variants"
        if folder == "one":
            other.mkdir(mode=0o700, parents=True)
            (other / library.name).write_bytes(b"cut off")


SOURCE = """
#include <stdint.h>
typedef float T;
extern "C" long forward(long, long, long, const uint8_t*, const T* const*, T* const*, int) {
  return 1;
}
extern "C" long backward(long, long, long, const uint8_t*, const T* const*, T* const*, int) {
  return 2;
}
"""


@pytest.mark.nightly
def test_processes_that_compile_at_the_same_time_do_not_disturb_each_other(monkeypatch, tmp_path):
    log, cxx = tmp_path / "log", tmp_path / "slow-c++"
    cxx.write_text(f'#!/bin/sh\ncase "$*" in *.so) echo >> {log}; sleep 2;; esac\nexec c++ "$@"\n')
    cxx.chmod(0o755)
    monkeypatch.setenv("CXX", str(cxx))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    program = """
        import sys
        from keras_lstm_variants.kernel import compiler
        compiler.find_compiler(os.environ["PATH"], os.environ["CXX"])
        print("ready", flush=True)
        source = sys.stdin.read()
        library = compiler.load(source, tuple(sys.argv[1:]))
        assert library.backward(0, 0, 0, None, None, None, 0) == 2
    """
    path = os.pathsep.join(sys.path)
    process = subprocess.Popen(
        [sys.executable, "-c", "import os" + textwrap.dedent(program), *compiler.flags()],
        env={**os.environ, "KERAS_BACKEND": "numpy", "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    compiler.find_compiler(os.environ["PATH"], str(cxx))
    process.stdin.write(SOURCE)
    process.stdin.close()
    library = compiler.load(SOURCE, compiler.flags())
    assert library.forward(0, 0, 0, None, None, None, 0) == 1
    assert process.wait(timeout=120) == 0
    process.stdout.close()
    assert len(log.read_text().splitlines()) == 2, "they have not compiled at the same time"
    assert len(list((tmp_path / "cache" / "keras_lstm_variants").iterdir())) == 1


@pytest.mark.ci
def test_other_flags_and_other_compilers_compile_anew(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "keras_lstm_variants"
    cxx = tmp_path / "another-c++"
    cxx.write_text('#!/bin/sh\nexec c++ "$@"\n')
    cxx.chmod(0o755)
    flags = ("-O0", "-fPIC", "-shared")
    for number, (options, program) in enumerate(
        [(flags, "c++"), (("-g", *flags), "c++"), (flags, str(cxx))], 1
    ):
        monkeypatch.setenv("CXX", program)
        compiler.load.cache_clear()
        for _ in range(2):
            compiler.load(SOURCE, options)
            assert len(list(folder.iterdir())) == number
    compiler.load.cache_clear()


@pytest.mark.ci
def test_there_is_no_cache_where_nothing_is_compiled(rng, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    layer = LSTM(4, scan="graph")
    assert "graph" in why(layer)
    layer = LSTM(4)
    with portable():
        assert "portable" in why(layer, tf.function(layer))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.ci
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the folder has another name")
def test_a_cache_folder_that_is_not_absolute_is_ignored(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    assert compiler.cache() == tmp_path / "home" / ".cache" / "keras_lstm_variants"
    assert not (tmp_path / "here").exists()


# What compiled code is given.


@pytest.mark.ci
@pytest.mark.parametrize("graph", [False, True])
def test_what_compiled_code_would_misread_is_refused(graph):
    """Should it get by the checks of the call, that is."""
    layer = LSTM(4)
    x = tf.zeros((3, 2, FEATURES))
    layer(x)
    specs = [tf.TensorSpec((None, None, FEATURES)), [tf.TensorSpec((None, 4))] * 2]

    def call(x, states):
        return layer.inner_loop(x, states, None, training=True)

    error = tf.errors.InvalidArgumentError if graph else ValueError
    with pytest.raises(
        error, match=r"takes initial_state\[0\] \(h\) as \(3, 4\).*, not as \(1, 4\)"
    ):
        (tf.function(call, input_signature=specs) if graph else call)(x, [tf.zeros((1, 4))] * 2)


# Memory and threads.


@pytest.mark.ci
def test_memory_is_used_again_when_nobody_holds_it():
    memory = Pool()
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


@pytest.mark.ci
def test_memory_lies_idle_only_as_far_as_it_was_in_use():
    memory = Pool()
    memory.take(10_000)
    assert [block.nbytes for block in memory.idle] == [3 * 4096 + 64]
    held = memory.take(50_000)  # there was less in use before: nothing else may lie idle
    assert not memory.idle
    del held
    memory.take(10_000)
    assert memory.in_use == 0
    assert sum(block.nbytes for block in memory.idle) <= memory.peak


@pytest.mark.ci
def test_a_layer_that_is_gone_takes_its_loop_with_it():
    layer = PeepholeLSTM(4)
    layer(np.zeros((2, 3, FEATURES), "float32"))
    cell = weakref.ref(layer.cell)
    assert len(kernel.compiled) == 1
    del layer
    gc.collect()
    assert cell() is None


@pytest.mark.ci
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads are placed on Linux")
def test_placing_threads_leaves_the_caller_where_it_may_run(rng, monkeypatch):
    monkeypatch.setenv("KERAS_LSTM_VARIANTS_THREADS", "3")
    ours, plain = alike("lstm", rng, "float64", ["auto", "plain"], return_state=False)
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


@pytest.mark.ci
@pytest.mark.parametrize("told", ["0", "-1", "two"])
def test_a_number_of_threads_that_is_none_is_named(told, monkeypatch):
    monkeypatch.setenv("KERAS_LSTM_VARIANTS_THREADS", told)
    with pytest.raises(ValueError, match=f"THREADS must be a positive integer, not '{told}'"):
        LSTM(3)(np.ones((1, 2, 3), "float32"))
