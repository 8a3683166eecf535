"""Keras' own tests of its recurrent layers, run on ours in their place.

The wheel of Keras has them, always those of the installed version; this is the only file that looks
into `keras.src`. In each of its test files, `layers` is exchanged for one that hands out ours.
"""

import unittest
from types import SimpleNamespace
from typing import NamedTuple

import keras
import pytest

import keras_lstm_variants as ours
from cases import BATCH, CASES, FEATURES, LAYERS, STEPS, UNITS, few, kinds, taken

# Keras' tests call fit with a generator, which it warns of.
pytestmark = [
    pytest.mark.ci,
    pytest.mark.filterwarnings("ignore:`shuffle=True` was passed, but:UserWarning"),
]

NO_TESTS = "this wheel of Keras comes without its tests"
testing = pytest.importorskip("keras.src.testing", reason=NO_TESTS)

FUSED = "Keras joins both directions of its own layers only"

# Why a test of Keras cannot hold for our layers. They are run all the same, and must fail.
EXCEPTIONS = {
    ("bidirectional_test", "test_keeps_use_cudnn"): "all our layers have it, SimpleRNN, too",
    ("bidirectional_test", "test_fused_lstm_eligibility"): FUSED,
    ("bidirectional_test", "test_fused_gru_eligibility"): FUSED,
}


def stand_in(layer_class, size="units", **options):
    """Our layer, called as Keras' is."""

    def layer(units, **others):
        return layer_class(**{size: units}, **options, **others)

    return layer


def gru(units, reset_after=True, **options):
    """Our layer, called as Keras' is: its two versions are two classes here."""
    return (ours.GRU if reset_after else ours.GRUResetBefore)(units=units, **options)


gru.from_config = ours.GRU.from_config


@keras.saving.register_keras_serializable(package="conformance")
class OverGivenCell(ours.Recurrent):
    """Our layer, called as `keras.layers.RNN` is: over a cell that was made elsewhere."""

    cell_class = staticmethod(lambda cell, **shared: cell)
    get_config = keras.layers.RNN.get_config
    from_config = classmethod(keras.layers.RNN.from_config.__func__)

    def __init__(self, cell, **options):
        super().__init__(cell, **options)


class Run(NamedTuple):
    """A test file of Keras, what stands in for its layers, and how many more weights that has."""

    file: str
    stand_ins: dict
    further_weights: int = 0


lstm = stand_in(ours.LSTM)
peephole_lstm = stand_in(ours.PeepholeLSTM, peephole_initializer="zeros")
memory_block_lstm = stand_in(ours.MemoryBlockLSTM, "blocks", peephole_initializer="zeros")
same_cells = {name: getattr(ours, name) for name in ("SimpleRNNCell", "LSTMCell", "GRUCell")}

# Not time_distributed_test: there is no recurrent layer in it.
RUNS = {
    "lstm": Run("lstm_test", {"LSTM": lstm}),
    "peephole_lstm": Run("lstm_test", {"LSTM": peephole_lstm}, further_weights=3),
    "memory_block_lstm": Run("lstm_test", {"LSTM": memory_block_lstm}, further_weights=3),
    "gru": Run("gru_test", {"GRU": gru}),
    "simple_rnn": Run("simple_rnn_test", {"SimpleRNN": ours.SimpleRNN}),
    "in_bidirectional": Run(
        "bidirectional_test", {"SimpleRNN": ours.SimpleRNN, "LSTM": peephole_lstm, "GRU": gru}
    ),
    "over_given_cell": Run("rnn_test", {"RNN": OverGivenCell}),
    "over_given_dropout_cell": Run("dropout_rnn_cell_test", {"RNN": OverGivenCell}),
    "stacked_cells": Run("stacked_rnn_cells_test", same_cells),
}
# Second ways through the same tests of Keras.
AT_NIGHT = "lstm", "peephole_lstm", "gru", "simple_rnn", "over_given_dropout_cell", "stacked_cells"
# What tests of single layers and another run have, too.
TWICE = {("over_given_cell", "test_basics")}
TWICE |= {("in_bidirectional", f"test_fused_{cell}_matches_unfused") for cell in ("gru", "lstm")}
FILES = {
    run.file: pytest.importorskip(f"keras.src.layers.rnn.{run.file}", reason=NO_TESTS)
    for run in RUNS.values()
}
METHODS = {
    (file, method): case
    for file, module in FILES.items()
    for case in vars(module).values()
    if isinstance(case, type) and issubclass(case, testing.TestCase)
    for method in unittest.TestLoader().getTestCaseNames(case)
}


def marks(name, file, method):
    """When Keras skips its test; that it must fail, if it cannot hold."""
    theirs = getattr(getattr(METHODS[file, method], method), "pytestmark", [])
    reason = EXCEPTIONS.get((file, method))
    must_fail = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
    night = [pytest.mark.nightly] if name in AT_NIGHT or (name, method) in TWICE else []
    return [mark for mark in theirs if mark.name == "skipif"] + must_fail + night


@pytest.fixture(autouse=True)
def settings():
    yield
    keras.config.enable_traceback_filtering()  # which Keras' tests turn off


@pytest.mark.parametrize(
    "run, method",
    [
        pytest.param(run, method, id=f"{name}-{method}", marks=marks(name, file, method))
        for name, run in RUNS.items()
        for file, method in METHODS
        if file == run.file
    ],
)
def test_passes_the_test_of_keras(run, method, monkeypatch):
    module = FILES[run.file]
    monkeypatch.setattr(module, "layers", SimpleNamespace(**vars(module.layers) | run.stand_ins))
    case = METHODS[run.file, method](method)
    run_layer_test = case.run_layer_test

    def run_test_of_our_layer(layer, expected_num_trainable_weights, supports_masking, **options):
        if layer in run.stand_ins.values():
            expected_num_trainable_weights += run.further_weights
            supports_masking = True  # on all versions; Keras' own stop at 3.16
        run_layer_test(
            layer,
            expected_num_trainable_weights=expected_num_trainable_weights,
            supports_masking=supports_masking,
            **options,
        )

    case.run_layer_test = run_test_of_our_layer
    case.debug()


def test_every_exception_is_a_test_of_keras():
    assert EXCEPTIONS.keys() <= METHODS.keys()


@pytest.mark.parametrize("name", few())
def test_passes_the_checks_of_keras_for_any_layer(name):
    case = CASES[name]
    rates = taken(name, {"dropout": 0.5, "recurrent_dropout": 0.5})
    testing.TestCase().run_layer_test(
        LAYERS[name],
        init_kwargs={
            **case.size,
            **case.choices,
            "return_sequences": True,
            **rates,
            **{f"{kind}_regularizer": "l2" for kind in filter(None, kinds(name))},
        },
        input_shape=(BATCH, STEPS, FEATURES),
        call_kwargs={"training": True},
        expected_output_shape=(BATCH, STEPS, UNITS),
        expected_num_non_trainable_weights=0,
        expected_num_seed_generators=1,
        expected_num_losses=len([*filter(None, kinds(name))]),
        supports_masking=True,
    )
