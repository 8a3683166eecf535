"""What users, IDEs and type checkers are told of the arguments of cells and layers."""

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_lstm_variants as library
import stubs
from cases import CASES, own_layer
from keras_lstm_variants import GRU, IMAGE_LAYERS, LAYERS, TIMED_LAYERS, GatedCell, GRUResetBefore
from keras_lstm_variants.recurrent import Recurrent

EVERY_LAYER = {**LAYERS, **TIMED_LAYERS, **IMAGE_LAYERS}
PAIRS = {name: (layer, layer.cell_class) for name, layer in EVERY_LAYER.items()}
CLASSES = {thing.__name__: thing for pair in PAIRS.values() for thing in pair}
every_cell = pytest.mark.parametrize("name", PAIRS)
PARAMETER = inspect.Parameter

# Written out, since the order is a promise, and Keras' could change.
OF_CELL = (
    "units", "activation", "recurrent_activation", "use_bias", "kernel_initializer",
    "recurrent_initializer", "bias_initializer", "unit_forget_bias", "kernel_regularizer",
    "recurrent_regularizer", "bias_regularizer", "kernel_constraint", "recurrent_constraint",
    "bias_constraint", "dropout", "recurrent_dropout", "seed",
)  # fmt: skip
OF_LAYER = (
    *OF_CELL[:11], "activity_regularizer", *OF_CELL[11:], "return_sequences", "return_state",
    "go_backwards", "stateful", "unroll", "use_cudnn",
)  # fmt: skip
# Other values than the usual ones, in Keras' order.
VALUES = {
    "units": 3, "activation": "relu", "recurrent_activation": "hard_sigmoid", "use_bias": False,
    "kernel_initializer": "ones", "recurrent_initializer": "zeros", "bias_initializer": "ones",
    "unit_forget_bias": False, "kernel_regularizer": "l1", "recurrent_regularizer": "l2",
    "bias_regularizer": "L1L2", "activity_regularizer": "l2", "kernel_constraint": "non_neg",
    "recurrent_constraint": "max_norm", "bias_constraint": "unit_norm", "dropout": 0.25,
    "recurrent_dropout": 0.125, "seed": 7, "return_sequences": True, "return_state": True,
    "go_backwards": True, "stateful": True, "unroll": True, "use_cudnn": False,
}  # fmt: skip


def parameters(thing):
    return inspect.signature(thing).parameters


def positional(thing):
    return [n for n, p in parameters(thing).items() if p.kind is PARAMETER.POSITIONAL_OR_KEYWORD]


@pytest.mark.parametrize(
    "ours, theirs, order",
    [
        (library.LSTM, keras.layers.LSTM, OF_LAYER),
        (library.LSTMCell, keras.layers.LSTMCell, OF_CELL),
    ],
)
def test_the_order_is_that_of_keras(ours, theirs, order):
    assert tuple(positional(ours)) == order == tuple(positional(theirs))


@every_cell
def test_arguments_of_keras_stand_in_its_order(name):
    for thing, order in zip(PAIRS[name], (OF_LAYER, OF_CELL), strict=True):
        names = positional(thing)
        known = [name for name in names if name in order]
        assert known == [name for name in order if name in known]
        assert names[len(names) - len(known) :] == known  # behind sizes of its own
        assert not {*order} & (parameters(thing).keys() - {*names})


@every_cell
def test_every_argument_has_a_name_a_type_and_a_description(name):
    for thing in PAIRS[name]:
        described = stubs.arguments.described(thing.__doc__)
        for parameter in parameters(thing).values():
            assert parameter.kind in (PARAMETER.POSITIONAL_OR_KEYWORD, PARAMETER.KEYWORD_ONLY)
            assert parameter.annotation is not PARAMETER.empty, parameter
            kind = stubs.arguments.in_words(parameter.annotation)
            assert len(described[f"{parameter.name} ({kind})"]) > 1
        assert [*parameters(thing.__init__)] == ["self", *parameters(thing)]


@every_cell
def test_the_docstring_has_what_a_user_looks_for(name):
    layer, cell = PAIRS[name]
    for thing in (layer, cell):
        documentation = thing.__doc__
        assert ".. math::" in documentation
        assert f"Source: {cell.paper}." in documentation
        found = stubs.arguments.sections(documentation)
        assert {"Args", "Call arguments", "Returns"} <= found.keys()
        assert "(batch, " in found["Call arguments"]
        assert "**kwargs" not in documentation
    assert layer.__doc__.splitlines()[0] == cell.__doc__.splitlines()[0]
    assert f"Layer of `{cell.__name__}`" in layer.__doc__


@pytest.mark.parametrize("name", CASES)
def test_what_a_variant_refuses_is_not_among_its_arguments(name):
    case = CASES[name]
    for thing in PAIRS[name]:
        assert not {*case.refuses} & parameters(thing).keys()
        assert {*case.size, *case.choices, *case.full_gradient} <= parameters(thing).keys()


@pytest.mark.parametrize("name", ["LSTM", "GRU", "PeepholeLSTM", "SRU", "IRNN"])
def test_arguments_can_be_given_by_position(name):
    for thing in (CLASSES[name], CLASSES[name].cell_class):
        names = positional(thing)
        values = {name: VALUES[name] for name in names}
        for_all = thing(*values.values(), name="it")
        assert for_all.get_config() == thing(**values, name="it").get_config()
        ours = thing(values["units"], name="it").get_config()
        given = for_all.get_config()
        unchanged = [name for name in names if name in ours and ours[name] == given[name]]
        assert unchanged == ["units"]


def test_sizes_of_blocks_come_first():
    layer = library.MixedBlockLSTM(4, 2, 3, "relu")
    cell = layer.cell
    assert (cell.blocks, cell.cells_per_block, cell.plain_units) == (4, 2, 3)
    assert layer.activation is keras.activations.relu


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_the_attributes_of_keras_layers_exist(name):
    both = {*positional(CLASSES[name])} & {*positional(getattr(keras.layers, name))}
    both.discard("activity_regularizer")  # which Keras' SimpleRNN forgets
    values = {argument: VALUES[argument] for argument in both}
    theirs, ours = getattr(keras.layers, name)(**values), CLASSES[name](**values)
    public = {attribute for attribute in dir(theirs) if not attribute.startswith("_")}
    assert public <= {*dir(ours)}
    for attribute in public & VALUES.keys():
        mine, other = getattr(ours, attribute), getattr(theirs, attribute)
        assert type(mine) is type(other)
        assert mine == other or mine.get_config() == other.get_config()


WRONG = [
    ("PeepholeLSTM(units=2, activaton=0)", "has no argument 'activaton': did you mean activation"),
    ("PeepholeLSTM(units=2, peephole=1)", "has no argument 'peephole': did you mean peepholes?"),
    ("PeepholeLSTM(units=2, colour=1)", "has no argument 'colour': help({name}) lists them."),
    ("PeepholeLSTM()", "needs units: {name}(units=...)."),
    ("LSTM1997()", "needs blocks: {name}(blocks=..., cells_per_block=1)."),
    ("LSTM1997(units=8)", "takes no units: give blocks and cells_per_block"),
    ("LSTM1997(blocks=8, heads=2)", "takes no heads."),
    ("PeepholeConvLSTM2D(units=8)", "takes no units: give filters and kernel_size"),
    ("PeepholeConvLSTM2D()", "needs filters and kernel_size: "),
    ("IRNN(units=2, activation='tanh')", "takes no activation."),
    ("MGU(units=2, unit_forget_bias=True)", "takes no unit_forget_bias."),
    ("GRU(units=2, reset_after=False)", "takes no reset_after: GRUResetBefore"),
    ("GRUResetBefore(units=2, reset_after=True)", "takes no reset_after: GRU has"),
    ("LSTM(units=0)", ": units must be a positive integer, not 0."),
    ("PeepholeLSTM(units=2, gate_bias={'u': 1})", "has no gate 'u'; its gates are"),
    ("GRU(units=3, heads=2)", ": units must be a multiple of heads"),
    ("LSTM(units=2, gradient='cut')", ": gradient must be 'full' or 'truncated', not 'cut'."),
]  # fmt: skip


@pytest.mark.parametrize("call, words", WRONG)
def test_wrong_arguments_are_answered_by_the_class_that_was_called(call, words):
    layer, _, arguments = call.partition("(")
    for name in (layer, f"{layer}Cell"):
        error = TypeError if "needs" in words else ValueError
        with pytest.raises(error) as raised:
            eval(f"{name}({arguments}", CLASSES)
        assert str(raised.value).removeprefix(name).lstrip(" ").startswith(words.format(name=name))


def test_arguments_by_position_are_counted():
    with pytest.raises(TypeError, match="^LSTM takes at most 24 arguments by position, not 25"):
        library.LSTM(*VALUES.values(), 1)
    with pytest.raises(TypeError, match="^LSTM: units is given twice"):
        library.LSTM(2, units=2)


def test_what_says_what_the_class_does_anyhow_is_accepted():
    assert GRU(2, reset_after=True).reset_after is True
    assert GRUResetBefore(2, reset_after=False).reset_after is False
    library.MinGRU(2, recurrent_dropout=0.0, gradient=None, heads=1)
    with pytest.raises(ValueError, match="MinGRU takes no recurrent_dropout"):
        library.MinGRU(2, recurrent_dropout=0.5)


class Own(GatedCell):
    """A gate, and nothing else.

    .. math:: h_t = \\sigma(W x_t + R h_{t-1} + b) + s

    Args:
        shift: s.
    """

    gates = ("f",)

    def __init__(self, units, shift: float = 1.0, **kwargs):
        super().__init__(units, **kwargs)
        self.shift = shift

    def step(self, net, h_prev):
        return (self.sigma(net.f) + self.shift,)

    def get_config(self):
        return {**super().get_config(), "shift": self.shift}


class OwnLayer(Recurrent):
    cell_class = Own


def test_a_cell_of_ones_own_has_a_signature_too():
    assert positional(OwnLayer)[:4] == ["units", "shift", "activation", "recurrent_activation"]
    assert parameters(OwnLayer)["units"].annotation is int
    assert "unit_forget_bias" in parameters(Own)  # f is the forget gate
    layer = OwnLayer(2, 0.5, "relu")
    assert (layer.cell.shift, layer.activation) == (0.5, keras.activations.relu)
    assert OwnLayer.from_config(layer.get_config()).cell.shift == 0.5
    assert OwnLayer.__doc__.startswith("A gate, and nothing else.")
    assert "    shift (float): s." in OwnLayer.__doc__
    with pytest.raises(ValueError, match="^OwnLayer has no argument 'shfit': did you mean shift"):
        OwnLayer(2, shfit=1)


def test_the_signature_of_a_layer_that_exists_is_that_of_its_call():
    assert [*parameters(library.LSTM(2))] == [*parameters(keras.layers.LSTM(2))]
    assert [*parameters(library.LSTMCell(2))] == ["args", "kwargs"]


def test_a_subclass_may_close_its_signature():
    class Fixed(library.PeepholeLSTM):
        """Two units."""

        def __init__(self, name: str | None = None):
            super().__init__(2, activation="relu", name=name)

    assert [*parameters(Fixed)] == ["name"]
    again = Fixed.from_config(Fixed(name="it").get_config())
    assert again(np.zeros((1, 2, 3), "float32")).shape == (1, 2)
    with pytest.raises(ValueError, match="^Fixed takes no units"):
        Fixed(units=3)


def test_a_subclass_may_take_what_its_base_refuses():
    class Leaky(library.IRNNCell):
        def __init__(self, units, recurrent_activation="tanh", **kwargs):
            super().__init__(units, **kwargs)
            self.recurrent_activation = keras.activations.get(recurrent_activation)

    assert positional(Leaky)[:3] == ["units", "recurrent_activation", "use_bias"]
    config = Leaky(2, "relu").get_config()
    assert Leaky.from_config(config).recurrent_activation is keras.activations.relu
    with pytest.raises(ValueError, match="^Leaky takes no activation"):
        Leaky(2, activation="tanh")


def test_a_layer_over_a_cell_of_keras_is_as_open_as_before():
    class Theirs(Recurrent):
        cell_class = keras.layers.GRUCell

    layer = Theirs(2, reset_after=False, return_sequences=True)
    again = Theirs.from_config(layer.get_config())
    assert again.cell.reset_after is False and again.return_sequences


def test_the_stubs_name_all_that_is_exported():
    file = Path(library.__file__).with_suffix(".pyi")
    names = {
        name.asname or name.name
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    assert {*library.__all__} - {*library.cells.__all__} <= names


def mypy(file, text):
    """What mypy says of a user's file."""
    file.write_text(text, "utf-8")
    options = ["--config-file=", "--strict", "--allow-untyped-calls", "--allow-subclassing-any"]
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", *options, f"--cache-dir={file.parent}", str(file)],
        capture_output=True,
        text=True,
        cwd=file.parent,
        env={**os.environ, "MYPYPATH": str(Path(library.__file__).parents[1])},
    )
    return ran.returncode, ran.stdout + ran.stderr


RIGHT = """
from keras_lstm_variants import CRF, GRU, LAYERS, LSTM1997, GatedCell, PeepholeLSTM, Recurrent
from keras_lstm_variants import CRFLoss, record, schemes

PeepholeLSTM(8, "tanh", "sigmoid", True, return_sequences=True, peepholes=("i",), dtype="float64")
LSTM1997(4, 2, use_bias="gates", gate_bias={"i": [-3.0, -6.0, -1.0, -1.0]})
GRU(8, kernel_regularizer=lambda w: 0.0, dropout=0)
CRF(3, constraints=schemes.transitions(["O", "B-X", "I-X"], "IOB2"), name="crf")
CRFLoss(label_weights=[1.0, 2.0, 3.0])
LAYERS["lstm"](8)
record(PeepholeLSTM(8), [[[1.0]]])["output"]


class Own(GatedCell):
    gates = ("f",)


class OwnLayer(Recurrent):
    cell_class = Own


OwnLayer(8, activation="relu")
"""
MISTYPED = {
    'PeepholeLSTM(8, activaton="tanh")': 'Unexpected keyword argument "activaton"',
    "PeepholeLSTM()": 'Missing positional argument "units"',
    'PeepholeLSTM("8")': 'has incompatible type "str"; expected "int"',
    'PeepholeLSTM(8, use_cudnn="always")': 'Argument "use_cudnn"',
    "LSTM1997(units=8)": 'Unexpected keyword argument "units"',
    "GRU(8, reset_after=False)": 'Unexpected keyword argument "reset_after"',
    "CRF(3, constrains=None)": 'Unexpected keyword argument "constrains"',
    'schemes.transitions(["O"], scheme=1)': 'Argument "scheme"',
}


@pytest.mark.ci
def test_a_type_checker_knows_right_from_wrong(tmp_path):
    status, output = mypy(tmp_path / "right.py", RIGHT)
    assert status == 0, output
    names = "CRF, GRU, LSTM1997, PeepholeLSTM, schemes"
    lines = [f"from keras_lstm_variants import {names}", *MISTYPED]
    status, output = mypy(tmp_path / "wrong.py", "\n".join(lines))
    assert status == 1
    for line, words in enumerate(MISTYPED.values(), 2):
        assert any(f":{line}: error: " in said and words in said for said in output.splitlines())
    assert f"Found {len(MISTYPED)} errors" in output


@pytest.mark.nightly
def test_another_backend_is_refused_in_one_sentence():
    ran = subprocess.run(
        [sys.executable, "-c", "import keras_lstm_variants; keras_lstm_variants.LSTM(2)"],
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "numpy"},
    )
    last = ran.stderr.splitlines()[-1]
    assert last == (
        "RuntimeError: keras_lstm_variants runs on the Keras backends tensorflow, jax, torch, not "
        "on numpy: set KERAS_BACKEND to one of them before Keras is imported."
    )


def test_configurations_give_all_arguments_back():
    layer = own_layer("peephole_lstm", peepholes=["i"], gate_bias={"f": 2.0}, seed=3)
    config = layer.get_config()
    missing = parameters(type(layer)).keys() - config.keys()
    # Not saved: what the machine has, and what changes nothing.
    assert missing == {"use_cudnn", "implementation", "activity_regularizer"}
    assert type(layer).from_config(config).get_config() == config
