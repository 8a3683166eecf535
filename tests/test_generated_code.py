"""What a reader of the generated code sees."""

import re

import numpy as np
import pytest

from cases import FEATURES, alike, of_tensorflow, sequences, source_of
from keras_lstm_variants import LSTM

pytestmark = [of_tensorflow, pytest.mark.usefixtures("vectorised", "fresh_loops")]


def test_generated_code_has_the_letters_and_lines_of_the_equations(rng):
    layer = alike("lstm", rng, "float32", ["auto"])[0]
    layer(sequences(rng).astype("float32"))
    forward, backward = source_of(layer).split("static void backward_share")
    lines = re.findall(r"= (\w+)\(.*\);  // (\w) = (.*)", forward)
    assert {letter: (function, line) for function, letter, line in lines} == {
        "i": ("sigmoid", "self.sigma(net.i)"),
        "f": ("sigmoid", "self.sigma(net.f)"),
        "z": ("tanh_", "self.g(net.z)"),
        "o": ("sigmoid", "self.sigma(net.o)"),
    }
    assert re.search(r"= v\d+ \+ v\d+;  // c = f \* c_prev \+ i \* z", forward)
    for name in ["c_prev", "x * kernel", "h_prev * recurrent_kernel"]:
        assert re.search(rf"// {re.escape(name)}$", forward, re.MULTILINE), name
    for letter in "ifzocx":
        assert f"// dL/d({letter})" in backward, letter


LOOPS = {  # of the places of a step forward: what waits for a sigmoid or a tanh is in the next
    "lstm": [["sigmoid", "sigmoid", "tanh_"], ["sigmoid", "tanh_"]],
    "peephole_lstm": [["sigmoid", "sigmoid", "tanh_"], ["sigmoid", "tanh_"]],
    "gru": [["sigmoid"], ["sigmoid", "tanh_"]],
    "simple_rnn": [["tanh_"]],
}


@pytest.mark.parametrize("name", LOOPS)
def test_functions_that_wait_for_each_other_are_in_loops_of_their_own(name, rng):
    layer = alike(name, rng, "float32", ["auto"], units=33)[0]
    layer(sequences(rng).astype("float32"))
    forward = source_of(layer).split("static void backward_share")[0].split("for (long t = 0")[1]
    loops = [re.findall(r"= (sigmoid|tanh_)\(", one) for one in forward.split("SIMD for")[1:]]
    assert [sorted(one) for one in loops if one] == LOOPS[name]


@pytest.mark.parametrize("name, bias", [("lstm", True), ("lstm", False), ("peephole_lstm", True)])
def test_the_sum_of_both_products_is_taken_in_one_place(name, bias, rng):
    layer = alike(name, rng, "float32", ["auto"], use_bias=bias)[0]
    layer(sequences(rng).astype("float32"))
    forward = source_of(layer).split("static void backward_share")[0]
    assert "products<2>(" in forward and ("bias0" in forward) == bias
    step = forward.split("SIMD for")[1]
    assert not re.search(r"p\d+\[\d+ \+ u\] \+ p\d+", step)  # nothing is left to add up


def test_equations_whose_source_is_not_at_hand_keep_their_letters(rng):
    scope = {"Cell": LSTM.cell_class}
    exec(  # as in an interactive session
        """
class Own(Cell):
    def step(self, net, h_prev, c_prev):
        c = self.sigma(net.f) * c_prev + self.g(net.z)
        return self.sigma(net.o) * c, c
""",
        scope,
    )
    rnn = type("OwnLayer", (LSTM,), {"cell_class": scope["Own"]})(4, scan="auto")
    rnn(np.ones((2, 3, FEATURES), "float32"))
    assert rnn.why_not_compiled == ""
    assert re.search(r";  // c$", source_of(rnn), re.MULTILINE)
