"""check_cell on cells from outside the package: it passes right ones, and names what is wrong."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from cases import BACKEND, UNITS, of_tensorflow
from keras_lstm_variants import LSTM, GatedCell, LSTMCell, kernel
from keras_lstm_variants.testing import CHECKS, CellError, check_cell

PAGE = (Path(__file__).parents[1] / "docs" / "your_own_cell.rst").read_text("utf-8")
CHEAP = [name for name, check in CHECKS.items() if check.kind in ("contract", "cell")]
registered = keras.saving.register_keras_serializable(package="test_testing")


def code_blocks():
    """The examples of the documentation's page, in their order."""
    blocks = re.findall(r"\.\. code-block:: python\n\n((?:   .*\n|\n)+)", PAGE)
    return [re.sub("^   ", "", block, flags=re.MULTILINE) for block in blocks]


@pytest.fixture(scope="module")
def page():
    """The names that the first example of the page defines."""
    found: dict = {"__name__": "page"}
    exec(compile(code_blocks()[0], "your_own_cell.rst", "exec"), found)
    return found


# Right ones.


@registered
class WorkingMemoryLSTMCell(GatedCell):
    """Landi et al. 2021: gates see what has been remembered, through matrices of their own."""

    gates = ("i", "f", "z", "o")
    state = ("h", "c")

    def __init__(self, units, *args, strength=1.0, kind="tanh", **kwargs):
        super().__init__(units, *args, **kwargs)
        self.strength, self.kind = strength, kind

    def build(self, input_shape):
        super().build(input_shape)
        shape = self.units, self.units
        self.C_i, self.C_f, self.C_o = (self.add_weight(shape, name=f"C_{k}") for k in "ifo")

    def seen(self, c, C):
        return self.strength * getattr(ops, self.kind)(self.dot(c, C))

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i + self.seen(c_prev, self.C_i))
        f = self.sigma(net.f + self.seen(c_prev, self.C_f))
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o + self.seen(c, self.C_o))
        h = o * self.h(c)
        return h, c

    def get_config(self):
        return {**super().get_config(), "strength": self.strength, "kind": self.kind}


def working_memory_lstm(x, states, weights):
    (h, c), (W, R, b, C_i, C_f, C_o) = states, weights
    hs = []
    for x_t in x:
        i, f, z, o = np.split(x_t @ W + h @ R + b, 4)
        i, f = (1 / (1 + np.exp(-n - np.tanh(c @ C))) for n, C in ((i, C_i), (f, C_f)))
        c = f * c + i * np.tanh(z)
        o = 1 / (1 + np.exp(-o - np.tanh(c @ C_o)))
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs), [h, c]


@registered
class LeakyCell(GatedCell):
    """Jaeger et al. 2007: a leaky integrator; its state is wider than its output."""

    gates = ("z",)
    state = ("y", "h")
    fed_back = ("y",)

    def size_of(self, name):
        return self.units + 2 if name == "h" else self.units

    def step(self, net, y_prev, h_prev):
        h = 0.75 * h_prev + 0.25 * ops.pad(self.g(net.z), [[0, 0], [0, 2]], constant_values=0.5)
        return h[:, : self.units] + 0.5 * h[:, self.units :][:, :1], h


def test_the_cell_of_the_documentation_passes(page):
    assert "equations" in check_cell(page["RefineLSTM"], only=CHEAP).skipped


@pytest.mark.ci
def test_a_cell_with_weights_and_arguments_of_its_own_passes():
    report = check_cell(
        WorkingMemoryLSTMCell, oracle=working_memory_lstm, choices={"kind": "relu"}, only=CHEAP
    )
    assert set(report.passed) >= {"equations", "values", "gradients_of_loops"}
    assert not report.skipped or BACKEND != "tensorflow"
    assert all(name in str(report) for name in report.passed)


@pytest.mark.nightly
def test_an_output_that_is_a_part_of_a_state_passes():
    check_cell(LeakyCell, only=CHEAP)


@pytest.mark.nightly
def test_the_documentation_runs_as_it_stands(page, capsys):
    names = dict(page)
    for block in code_blocks()[1:]:
        exec(compile(block, "your_own_cell.rst", "exec"), names)
    shown = capsys.readouterr().out
    ran = [name for name, check in CHECKS.items() if f"{name}: {check.says}" in shown]
    assert set(ran) >= CHECKS.keys() - {"onnx", "litert", "saved_model", "equations"} or (
        BACKEND != "tensorflow"
    )


def test_the_sentence_of_the_documentation_is_what_is_said():
    with pytest.raises(CellError) as error:
        check_cell(Forgets)
    said = str(error.value).replace("Forgets", "RefineLSTMCell").splitlines()
    printed = [line.strip() for line in PAGE.splitlines()]
    assert f"keras_lstm_variants.testing.CellError: {said[0]}" in printed
    assert said[1] in printed and len(said) == 2


# Wrong ones. Each is the LSTM with one fault.


@registered
class Forgets(LSTMCell):
    def step(self, net, h_prev, c_prev):
        h, c = super().step(net, h_prev, c_prev)
        return (h,)


@registered
class OtherOrder(LSTMCell):
    def step(self, net, h_prev, c_prev):
        h, c = super().step(net, h_prev, c_prev)
        return c, h


@registered
class OutputLast(LSTMCell):
    state = ("c", "h")

    def step(self, net, c_prev, h_prev):
        h, c = super().step(net, h_prev, c_prev)
        return c, h


@registered
class Shrinks(LSTMCell):
    def step(self, net, h_prev, c_prev):
        h, c = super().step(net, h_prev, c_prev)
        return h, c[:, :3]


@registered
class NoOutputGate(LSTMCell):
    gates = ("i", "f", "z")


@registered
class UnusedGate(LSTMCell):
    gates = ("i", "f", "z", "o", "q")


@registered
class NoComma(LSTMCell):
    state = "h"


@registered
class OneTensor(GatedCell):
    gates = ("z",)

    def step(self, net, h_prev):
        return self.g(net.z)


@registered
class OneStateMore(LSTMCell):
    state = ("h", "c", "m")


@registered
class FeedsBackANameless(LeakyCell):
    fed_back = ("h_1",)


class Unregistered(LSTMCell):
    pass


class Leaky(LSTMCell):
    def __init__(self, units, *args, leak=0.5, **kwargs):
        super().__init__(units, *args, **kwargs)
        self.leak = leak

    def step(self, net, h_prev, c_prev):
        h, c = super().step(net, h_prev, self.leak * c_prev)
        return h, c


@registered
class NotInConfig(Leaky):
    pass


@registered
class OtherInConfig(Leaky):
    def get_config(self):
        return {**super().get_config(), "leak": 0.5}


@registered
class NoKeywords(LSTMCell):
    def __init__(self, units):
        super().__init__(units)


@registered
class KeepsAState(LSTMCell):
    def step(self, net, h_prev, c_prev):
        h, c = super().step(net, h_prev, c_prev)
        self.last_output = h
        return h, c


@registered
class KeepsAList(LSTMCell):
    def build(self, input_shape):
        super().build(input_shape)
        self.seen = []

    def step(self, net, h_prev, c_prev):
        self.seen.append(1)
        return super().step(net, h_prev, c_prev)


@registered
class KeepsAWeight(LSTMCell):
    def build(self, input_shape):
        super().build(input_shape)
        self.steps = self.add_weight((), "zeros", name="steps", trainable=False)

    def step(self, net, h_prev, c_prev):
        self.steps.assign(self.steps + 1)
        return super().step(net, h_prev, c_prev)


@registered
class DrawsAlways(LSTMCell):
    def step(self, net, h_prev, c_prev):
        h, c = super().step(net, h_prev, c_prev)
        return h + keras.random.normal(ops.shape(h), dtype=h.dtype), c


@registered
class DrawsInTraining(LSTMCell):
    def see(self, x, training):
        noise = keras.random.normal(ops.shape(x), dtype=x.dtype) if training else 0
        return super().see(x + noise, training)


@registered
class OneType(LSTMCell):
    def step(self, net, h_prev, c_prev):
        h, c = super().step(net, h_prev, c_prev)
        return ops.cast(h, "float16"), c


@registered
class StartsElsewhere(LSTMCell):
    def get_initial_state(self, batch_size=None):
        return [ops.zeros((batch_size, 5), self.compute_dtype) for _ in self.state]


@registered
class MixesTheBatch(LSTMCell):
    def step(self, net, h_prev, c_prev):
        h, c = super().step(net, h_prev, c_prev)
        return h - ops.mean(h, axis=0), c


@registered
class CutsTheGradient(LSTMCell):
    def step(self, net, h_prev, c_prev):
        return super().step(net, h_prev, ops.stop_gradient(c_prev))


@registered
class IgnoresDropout(LSTMCell):
    def see(self, x, training):
        return super().see(x, training=False)


@registered
class IgnoresRecurrentDropout(LSTMCell):
    def drop(self, h):
        return h


@registered
class BranchesOnNumbers(LSTMCell):
    def step(self, net, h_prev, c_prev):
        h, c = super().step(net, h_prev, c_prev)
        return (h, c) if float(c_prev[0, 0]) > -99 else (c, h)


@registered
class OneBatchSize(LSTMCell):
    def step(self, net, h_prev, c_prev):
        h, c = super().step(net, h_prev, c_prev)
        return h + ops.zeros((4, self.units), h.dtype), c


@registered
class HalfOfAState(LSTMCell):
    def step(self, net, h_prev, c_prev):
        h, c = super().step(net, h_prev, c_prev)
        return h, ops.cast(ops.cast(c, self.dtype_policy.compute_dtype) + 1000, c.dtype) - 1000


FAULTS = [
    (Forgets, "takes_a_step", "must return 2 states.*but returned 1"),
    (OtherOrder, "takes_a_step", r"in the order of `state` = \('h', 'c'\), but returns \(c, h\)"),
    (OutputLast, "names", "The output must be the first state, but `state` is"),
    (Shrinks, "takes_a_step", r"state c must keep its shape.*\(4, 6\) and returned \(4, 3\)"),
    (NoOutputGate, "takes_a_step", "`step` reads net.o, but `gates` is.*Add 'o' to `gates`"),
    (UnusedGate, "every_weight_matters", "column of the gate 'q'"),
    (NoComma, "names", r"`state` must be a tuple of names, but is 'h'.*with a comma"),
    (OneTensor, "takes_a_step", r"must return a tuple of states.*return \(h,\)"),
    (OneStateMore, "names", "3 states, one for each name.*but takes .self, net, h_prev, c_prev"),
    (FeedsBackANameless, "names", r"`fed_back` must name the states that R.*fed_back = \('y',\)"),
    (Unregistered, "registered", "Unregistered must be registered with Keras"),
    (NotInConfig, "configuration", "get_config must have every argument.*lacks 'leak'"),
    (OtherInConfig, "configuration", "leak=1.0 comes out as 0.5"),
    (NoKeywords, "constructor", r"Let __init__ take \*\*kwargs"),
    (KeepsAState, "keeps_nothing", "changes self.last_output.*belongs in `state`"),
    (KeepsAList, "keeps_nothing", "changes self.seen"),
    (KeepsAWeight, "keeps_nothing", "assigns steps"),
    (DrawsAlways, "keeps_nothing", "draws random numbers"),
    (DrawsInTraining, "keeps_nothing", "training must compute what inference does.*draws=True"),
    (OneType, "takes_a_step", "state h must be of the cell's type.*returned float16"),
    (StartsElsewhere, "takes_a_step", r"get_initial_state must give h.*gives \(4, 5\)"),
    (MixesTheBatch, "batch_order", "other sequences of a batch.*mix the sequences"),
    (MixesTheBatch, "padding", "Padding must change nothing.*mix the sequences"),
    (CutsTheGradient, "gradients_of_loops", "The gradient of .* must be.*finite differences give"),
    (IgnoresDropout, "dropout", "With dropout.*but no mask explains"),
    (IgnoresRecurrentDropout, "dropout_draws", "With recurrent_dropout.*must draw another mask"),
    (OneBatchSize, "batch_order", "the shapes .* differ|InvalidArgument|RuntimeError|TypeError"),
    (HalfOfAState, "mixed_precision", "With mixed_float16 outputs must be near"),
]


AT_ONCE = "takes_a_step", "batch_order"  # the checks that a newcomer sees at work


@pytest.mark.parametrize(
    "cell, check, words",
    [pytest.param(*fault, marks=[] if fault[1] in AT_ONCE else pytest.mark.ci) for fault in FAULTS],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_fault_is_named(cell, check, words):
    with pytest.raises(CellError) as error:
        check_cell(cell, only=[check])
    assert list(error.value.failures) == [check], error.value
    assert re.search(words, error.value.failures[check], re.DOTALL), error.value
    assert f"{cell.__name__} fails 1 of " in str(error.value)


@pytest.mark.ci
def test_a_graph_shows_what_only_works_step_by_step():
    if BACKEND == "torch":
        pytest.skip("torch makes no graphs")
    with pytest.raises(CellError, match=r"test_testing\.py, line \d+.*compute with keras\.ops"):
        check_cell(BranchesOnNumbers, only=["values"])


@pytest.mark.ci
def test_an_oracle_that_computes_something_else_is_named():
    def oracle(x, states, weights):
        hs, states = working_memory_lstm(x, states, weights)
        return 2 * hs, states

    with pytest.raises(CellError, match="must compute what the oracle does.*at step 1"):
        check_cell(WorkingMemoryLSTMCell, oracle=oracle, only=["equations"])


@pytest.mark.ci
def test_gradients_are_compared_with_differences_where_the_oracle_takes_no_complex_step():
    def oracle(x, states, weights):
        hs, states = working_memory_lstm(x, states, weights)
        return np.real(hs), [np.real(state) for state in states]

    check_cell(WorkingMemoryLSTMCell, oracle=oracle, only=["gradients_of_loops"])


@pytest.mark.ci
@of_tensorflow
def test_a_fault_of_one_loop_is_named(monkeypatch):
    """One in the library, that is: the compiled loop takes another cell's step."""
    usual = kernel.compiled_loop

    def wrong(cell, advance, *arguments):
        def shifted(*inputs, **options):
            first, *others = advance(*inputs, **options)
            return [0.5 * first, *others]

        return usual(cell, shifted, *arguments)

    monkeypatch.setattr(kernel, "compiled_loop", wrong)
    with pytest.raises(CellError) as error:
        check_cell(WorkingMemoryLSTMCell, only=["values", "gradients_of_loops", "padding"])
    assert len(error.value.failures) == 3
    assert all("scan='auto'" in said for said in error.value.failures.values())


class TwoFaults(OtherInConfig, KeepsAState):
    """Not registered, either."""


def test_faults_are_collected_but_what_depends_on_the_contract_waits():
    with pytest.raises(CellError) as error:
        check_cell(TwoFaults)
    assert list(error.value.failures) == ["registered", "configuration", "keeps_nothing"]
    assert error.value.report.skipped["values"] == "it waits for the contract"
    with pytest.raises(CellError) as error:
        check_cell(MixesTheBatch, only=["batch_order", "padding"])
    assert list(error.value.failures) == ["padding", "batch_order"]


@pytest.mark.parametrize(
    "wrong, error, words",
    [
        ({"cell": keras.layers.LSTMCell}, TypeError, "inherits from GatedCell, or its layer"),
        ({"cell": LSTM(3)}, TypeError, "takes a class"),
        ({"cell": LSTMCell, "only": ["value"]}, ValueError, "no check 'value'; there are regist"),
        ({"cell": LSTMCell, "skip": ["value"]}, ValueError, "no check 'value'"),
    ],
)
def test_what_cannot_be_checked_is_refused(wrong, error, words):
    with pytest.raises(error, match=words):
        check_cell(**wrong)


def test_a_check_is_skipped_as_asked():
    report = check_cell(MixesTheBatch, only=["batch_order"], skip=["batch_order"])
    assert report.skipped == {"batch_order": "as asked"}


@of_tensorflow
def test_what_no_compiler_translates_is_said_but_no_fault(monkeypatch):
    monkeypatch.setattr(kernel, "why_not", lambda layer: "of this test")
    report = check_cell(LSTMCell, {"units": UNITS}, only=["translation"])
    assert "of this test" in report.skipped["translation"]
