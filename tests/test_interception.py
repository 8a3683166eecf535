"""The interceptor of equations: which letters it names, of which cells, in arrays and in graphs."""

import cProfile
import pstats
import sys

import keras
import numpy as np
import pytest
from keras import ops

from keras_lstm_variants import CELLS, GatedCell, PeepholeLSTM, PeepholeLSTMCell
from keras_lstm_variants.interception import intercept, letters, net_inputs

UNITS, FEATURES = 3, 2


def built(cell):
    cell.build((None, FEATURES))
    return cell


def step(cell):
    return cell(ops.ones((1, FEATURES)), cell.get_initial_state(batch_size=1))


def test_names_what_the_equations_assign_and_nothing_else():
    cell = built(PeepholeLSTMCell(UNITS))
    with intercept(cell) as calls:
        h, (_, c) = step(cell)
    named = letters(calls, cell)
    assert set(named) == {"i", "f", "z", "c", "o", "h"}
    assert named["h"] is h and named["c"] is c
    assert set(net_inputs(calls, cell)) == {"i", "f", "z", "o"}


def test_a_state_split_into_its_parts_is_of_the_step_before():
    cell = built(CELLS["scrn"](UNITS))
    with intercept(cell) as calls:
        step(cell)
    assert "s" in letters(calls, cell) and "s_prev" not in letters(calls, cell)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="needs TensorFlow's graphs")
def test_names_the_tensors_of_a_graph():
    import tensorflow as tf

    cell = built(PeepholeLSTMCell(UNITS))
    seen = {}

    @tf.function(autograph=False)
    def traced(x, *states):
        with intercept(cell) as calls:
            output, _ = cell(x, list(states))
        seen.update(letters(calls, cell))
        return output

    zeros = tf.zeros((1, UNITS))
    traced.get_concrete_function(tf.ones((1, FEATURES)), zeros, zeros)
    assert {name: value.op.type for name, value in seen.items()} == {
        "i": "Sigmoid",
        "f": "Sigmoid",
        "z": "Tanh",
        "c": "AddV2",
        "o": "Sigmoid",
        "h": "Mul",
    }


def test_cells_of_one_class_are_told_apart_and_others_left_out():
    one, other, third = (built(PeepholeLSTMCell(UNITS)) for _ in range(3))
    with intercept(one, other) as calls:
        first, _ = step(one)
        second, _ = step(other)
        step(third)
    assert [call.cell for call in calls] == [one, other]
    assert letters(calls, one)["h"] is first and letters(calls, other)["h"] is second


def test_layers_of_a_cell_and_entries_of_a_list_are_numbered():
    cell = built(CELLS["gated_feedback_rnn"](UNITS, depth=2))
    with intercept(cell) as calls:
        _, (h_2, h_1) = step(cell)
    named = letters(calls, cell)
    assert set(named) == {"h_1", "h_2"}  # not the feedback that they are given
    assert named["h_1"] is h_1 and named["h_2"] is h_2

    class Listing(GatedCell):
        gates = ("z",)

        def step(self, net, h_prev):
            a = [self.g(net.z), self.h(h_prev)]
            return (sum(a),)

    cell = built(Listing(UNITS))
    with intercept(cell) as calls:
        step(cell)
    assert set(letters(calls, cell)) == {"a_1", "a_2"}


def test_equations_that_call_those_of_the_class_above():
    class Doubled(PeepholeLSTMCell):
        def step(self, net, h_prev, c_prev):
            h, c = super().step(net, h_prev, c_prev)
            y = 2 * h
            return y, c

    cell = built(Doubled(UNITS))
    with intercept(cell) as calls:
        y, _ = step(cell)
    named = letters(calls, cell)
    assert set(named) == {"i", "f", "z", "c", "o", "h", "y"}
    np.testing.assert_allclose(2 * named["h"], y)


def test_a_cell_without_equations_makes_no_calls():
    cell = built(keras.layers.LSTMCell(UNITS))
    with intercept(cell) as calls:
        step(cell)
    assert calls == [] == list(letters(calls, cell))


def test_the_profiler_before_is_there_again_after_an_error():
    def profiler(frame, event, argument):
        pass

    before = sys.getprofile()
    sys.setprofile(profiler)
    try:
        with pytest.raises(ZeroDivisionError), intercept(built(PeepholeLSTMCell(UNITS))):
            raise ZeroDivisionError
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(before)


def test_cprofile_goes_on_before_and_after():
    def here():
        pass

    def within():
        pass

    cell = built(PeepholeLSTMCell(UNITS))
    profiler = cProfile.Profile()
    profiler.enable()
    here()
    with intercept(cell) as calls:
        within()
        step(cell)
    here()
    profiler.disable()
    assert letters(calls, cell).keys() == {"i", "f", "z", "c", "o", "h"}
    counts = {key[2]: one[0] for key, one in pstats.Stats(profiler).stats.items()}
    assert counts["here"] == 2
    if sys.version_info < (3, 12):  # from then on, it does without the hook
        assert "within" not in counts


def test_a_profiler_that_cannot_be_put_back_is_left_alone(monkeypatch):
    class Profiler:
        pass

    monkeypatch.setattr(sys, "getprofile", Profiler)
    monkeypatch.setattr(sys, "setprofile", None)
    cell = built(PeepholeLSTMCell(UNITS))
    message = "profile hook, which .*Profiler holds: end"
    with pytest.raises(RuntimeError, match=message), intercept(cell):
        pass
    layer = PeepholeLSTM(UNITS)
    layer(np.ones((2, 3, FEATURES), "float32"))
    if keras.backend.backend() == "tensorflow":
        assert layer.why_not_compiled == ""
