"""One case per registered cell; how to build, run and take apart a cell.

A cell runs in two ways: `own_layer` is its layer, `keras_rnn` is Keras' own loop over it. The
checks of `keras_lstm_variants.testing` run on each as a `subject`. Which cells run in which tier is
here.
"""

import inspect
import os
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import NamedTuple

import keras
import numpy as np
import pytest

import oracles
from keras_lstm_variants import LAYERS as PLAIN_LAYERS
from keras_lstm_variants import TIMED_LAYERS, kernel, testing
from keras_lstm_variants.testing.subject import (  # noqa: F401  tests take them from here
    BATCH,
    FEATURES,
    MASK,
    STEPS,
    UNITS,
    compiled,
    float_type,
    gradients,
    layer_gradients,
    padded,
    rounding,
)

# All different, as those of testing are. The output has UNITS in every case.
BLOCKS, CELLS_PER_BLOCK, FACTORS = 3, 2, 8

LAYERS = {**PLAIN_LAYERS, **TIMED_LAYERS}
CELLS = {name: layer.cell_class for name, layer in LAYERS.items()}

BACKEND = keras.backend.backend()
FLOAT, ROUNDING = float_type(), rounding()

of_tensorflow = pytest.mark.skipif(BACKEND != "tensorflow", reason="a matter of TensorFlow")

TIER = os.environ.get("TEST_TIER", "nightly")  # see conftest.py

# The cells of the newcomer's tier.
CORE = (
    "simple_rnn",
    "lstm_1997",
    "lstm",
    "peephole_lstm",
    "memory_block_lstm",
    "mixed_block_lstm",
    "gru",
    "gru_reset_before",
)

# What takes long is tested of these in CI, one for each way in which cells differ, and of all cells
# every night.
MECHANISMS = {
    "lstm": "gates, and a state beside the output",
    "gru": "a bias on either side of the sum, and a product after a gate",
    "gru_reset_before": "a product within the step",
    "lstm_1997": "gates fed back as states, and a truncated gradient",
    "memory_block_lstm": "gates wider than one unit, and peepholes",
    "mogrifier_lstm": "x and h change each other before the gates",
    "gated_feedback_lstm": "layers in one step",
    "projected_lstm": "an output narrower than the other state",
    "layer_norm_lstm": "means over units within the step",
    "mlstm": "a matrix as state, a maximum of exponents, no recurrent weights",
    "min_gru": "no loop over time",
    "rg_lru": "x beside its gates, and no candidate",
    "clockwork_rnn": "a state that counts, and weights without effect",
    "zoneout_lstm": "random numbers in training",
}

# Of these nothing runs before the night: what is new about them, CI sees in another cell.
AT_NIGHT = {
    "layer_norm_simple_rnn",
    "layer_norm_gru",
    "log_min_gru",
    "log_min_lstm",
    "gla",
    "delta_net",
    "gated_delta_net",
    "hgrn2",
    "mamba2",
    "s5",
    "t_lstm",
    "phased_lstm",
    "cfc",
    "ltc",
}


def in_tier(names=None):
    """Those of the cells for what is quick: the core cells for newcomers, else all that there are.

    On other backends than TensorFlow CI tests one for each mechanism.
    """
    names = list(CELLS if names is None else names)
    if TIER == "newcomer":
        return [name for name in names if name in CORE]
    if TIER == "ci":
        names = [name for name in names if name not in AT_NIGHT]
    return names if TIER == "nightly" or BACKEND == "tensorflow" else one_each(names)


def one_each(names=None):
    """Those of the cells for what takes long: one for each mechanism in CI, all of them nightly.

    A newcomer's tier has the LSTM, so that a test over these needs no mark.
    """
    names = list(CELLS if names is None else names)
    if TIER == "nightly":
        return names
    return [name for name in names if name in (MECHANISMS if TIER == "ci" else {"lstm"})]


# States that are rows, that are wider than the output, and that are matrices; and random numbers.
FEW = "lstm", "memory_block_lstm", "mlstm", "zoneout_lstm"


def few():
    """Those of the cells for what takes long and is about layers, whatever equations a cell has."""
    return [name for name in one_each() if TIER == "nightly" or name in FEW]


numbers = keras.ops.convert_to_numpy


class Case(NamedTuple):
    """What a cell promises.

    Attributes:
        oracle: Its equations.
        gates: Columns of the weights, by gate, in their order.
        states: Sizes of the states, by name, in their order.
        size: The arguments that give it its size.
        choices: What its paper leaves open, away from the defaults.
        other_weights: Arguments away from their defaults with which it has other weights, which its
            oracle is not asked about here.
        full_gradient: The arguments that leave no gradient out.
        own: The weights after the bias, as its oracle takes them.
        of_x: What the kernel has columns for, if not the gates.
        fed_back: The gates of the recurrent kernel's columns, if not all of them; None without R.
        biased: The gates that have a bias, if not all of them.
        positive: The states that are never negative.
        unit_forget_bias: Whether the bias of a gate f starts at one.
        rows_of_x, rows_of_h: Places of the weights that multiply x, and h; none if the oracle takes
            the mask of recurrent dropout itself, as `kept`.
        own_kinds: Whose initializer, regularizer and constraint its own weights have, None for
            nobody's.
        refuses: The usual arguments that it does not take.
        draws: Whether training draws more than dropout masks.
        idle: Entries of the weights on which nothing depends, by the weight's place.
    """

    oracle: Callable
    gates: dict[str, int]
    states: dict[str, int]
    size: dict
    choices: dict
    other_weights: dict = {}
    full_gradient: dict = {}
    own: Callable = list
    of_x: Sequence[str] = ()
    fed_back: Sequence[str] | None = ()
    biased: Sequence[str] = ()
    positive: tuple[str, ...] = ()
    unit_forget_bias: bool = True
    rows_of_x: tuple[int, ...] = (0,)
    rows_of_h: tuple[int, ...] = (1,)
    own_kinds: tuple[str | None, ...] = ()
    refuses: tuple[str, ...] = ()
    draws: bool = False
    idle: dict[int, np.ndarray] = {}


def by_gate(columns, gates):
    """The columns of each gate, by its name."""
    ends = np.cumsum(list(gates.values()))[:-1]
    return dict(zip(gates, np.split(columns, ends, axis=-1), strict=True))


def peepholes(gates):
    """What all cells with a peephole for each of the gates have in common."""
    return {
        "own": lambda weights: [dict(zip(gates, weights, strict=True))],
        "other_weights": {"peepholes": [gates[0]]},
    }


def gate_recurrence_and_peepholes(weights):
    """The nine matrices from gates to gates, to -> from -> array; and the peepholes."""
    G, *p = weights
    G = {
        to: dict(zip("ifo", np.split(columns, 3), strict=True))
        for to, columns in zip("ifo", np.split(G, 3, axis=1), strict=True)
    }
    return [G, dict(zip("ifo", p, strict=True))]


plain = {"units": UNITS}
blocks = {"blocks": BLOCKS, "cells_per_block": CELLS_PER_BLOCK}
h = {"h": UNITS}
hc = {"h": UNITS, "c": UNITS}
ifzo = dict.fromkeys("ifzo", UNITS)
izo, fzo, ifz = (dict.fromkeys(gates, UNITS) for gates in ("izo", "fzo", "ifz"))
urz, fz, uz = (dict.fromkeys(gates, UNITS) for gates in ("urz", "fz", "uz"))
softer = {"activation": "softsign", "recurrent_activation": "hard_sigmoid"}
no_forget_bias = {**softer, "unit_forget_bias": False}
other_peepholes = {**no_forget_bias, "peephole_initializer": "he_uniform"}
other_peepholes_only = {**softer, "peephole_initializer": "he_uniform"}
factors = {**plain, "factors": FACTORS}
with_factors = {
    "rows_of_x": (0, 3),
    "rows_of_h": (4,),
    "own_kinds": ("kernel", "recurrent"),
}
wide_ifzo = dict.fromkeys("ifzo", 8)
of_R = (
    "recurrent_initializer", "recurrent_regularizer", "recurrent_constraint", "recurrent_dropout",
    "gradient", "heads",
)  # fmt: skip
no_gates = ("recurrent_activation", "gradient")
of_1997 = ("recurrent_activation", "heads")
functions = {"activation": "softsign", "output_activation": "softplus", "gradient": "full"}
ungated = {"gates": {"h": UNITS}, "states": h, "choices": {"activation": "softsign"}}
deep = {"own_kinds": ("recurrent", "bias") * 2, "rows_of_h": (), "refuses": (*no_gates, "heads")}
# The columns of W, R, b and what the layers' feedback has: kernel, recurrent kernel, gates.
gated_feedback = {"rows_of_x": (0, 4), "rows_of_h": (), "refuses": ("heads",)}
no_R = {"fed_back": None, "refuses": ("activation", *of_R)}
# Two heads of two keys and three values each.
two_heads = {**plain, "heads": 2, "key_size": 2}
matrix = {"states": {"h": UNITS, "S": 12}, "size": two_heads, "fed_back": None}
of_R_but_heads = of_R[:-1]

CASES = {
    "simple_rnn": Case(
        oracles.simple_rnn, {"h": UNITS}, h, plain, {"activation": "softsign"}, refuses=no_gates
    ),
    "lstm": Case(oracles.lstm, ifzo, hc, plain, no_forget_bias),
    "peephole_lstm": Case(
        oracles.peephole_lstm, ifzo, hc, plain, other_peepholes, **peepholes("ifo")
    ),
    "lstm_1997": Case(
        oracles.lstm_1997,
        {"i": BLOCKS, "z": UNITS, "o": BLOCKS},
        {**hc, "i": BLOCKS, "o": BLOCKS},
        blocks,
        {**functions, "use_bias": "gates"},
        full_gradient={"gradient": "full"},
        other_weights={"recurrence": "none"},
        refuses=of_1997,
    ),
    "memory_block_lstm": Case(
        oracles.memory_block_lstm,
        {"i": BLOCKS, "f": BLOCKS, "z": UNITS, "o": BLOCKS},
        hc,
        blocks,
        other_peepholes,
        **peepholes("ifo"),
        refuses=("heads",),
    ),
    "gru": Case(oracles.gru, urz, h, plain, softer),
    "gru_reset_before": Case(oracles.gru_reset_before, urz, h, plain, softer),
    "no_input_gate_lstm": Case(
        oracles.no_input_gate_lstm, fzo, hc, plain, other_peepholes, **peepholes("fo")
    ),
    "no_forget_gate_lstm": Case(
        oracles.no_forget_gate_lstm, izo, hc, plain, other_peepholes_only, **peepholes("io")
    ),
    "no_output_gate_lstm": Case(
        oracles.no_output_gate_lstm, ifz, hc, plain, other_peepholes, **peepholes("if")
    ),
    "no_input_activation_lstm": Case(
        oracles.no_input_activation_lstm, ifzo, hc, plain, other_peepholes, **peepholes("ifo")
    ),
    "no_output_activation_lstm": Case(
        oracles.no_output_activation_lstm, ifzo, hc, plain, other_peepholes, **peepholes("ifo")
    ),
    "coupled_gate_lstm": Case(
        oracles.coupled_gate_lstm, izo, hc, plain, other_peepholes_only, **peepholes("io")
    ),
    "full_gate_recurrence_lstm": Case(
        oracles.full_gate_recurrence_lstm,
        ifzo,
        {**hc, "i": UNITS, "f": UNITS, "o": UNITS},
        plain,
        other_peepholes,
        own=gate_recurrence_and_peepholes,
        own_kinds=("recurrent",),
        refuses=("heads",),
        other_weights={"peepholes": ["i"]},
    ),
    "jozefowicz_lstm": Case(oracles.jozefowicz_lstm, ifzo, hc, plain, no_forget_bias),
    "mut1": Case(oracles.mut1, urz, h, plain, softer, fed_back="rz"),
    "mut2": Case(oracles.mut2, urz, h, plain, softer),
    "mut3": Case(oracles.mut3, urz, h, plain, softer, rows_of_h=()),
    "mgu": Case(oracles.mgu, fz, h, plain, softer, unit_forget_bias=False),
    "janet": Case(oracles.janet, fz, h, plain, {**no_forget_bias, "beta": 2.0}),
    "ugrnn": Case(oracles.ugrnn, uz, h, plain, softer),
    "irnn": Case(
        oracles.irnn,
        {"h": UNITS},
        h,
        plain,
        {"scale": 0.5},
        refuses=("activation", *no_gates, "kernel_initializer", "recurrent_initializer"),
    ),
    "ind_rnn": Case(
        oracles.ind_rnn,
        {"h": UNITS},
        h,
        plain,
        {"activation": "softsign"},
        refuses=(*no_gates, "heads"),
    ),
    "memoryless": Case(
        oracles.memoryless,
        {"h": UNITS},
        h,
        plain,
        {"activation": "softsign"},
        fed_back=None,
        refuses=("recurrent_activation", *of_R),
    ),
    "multiplicative_rnn": Case(
        oracles.multiplicative_rnn,
        {"h": UNITS},
        h,
        factors,
        {"activation": "softsign"},
        **with_factors,
        refuses=(*no_gates, "heads"),
    ),
    "multiplicative_lstm": Case(
        oracles.multiplicative_lstm,
        ifzo,
        hc,
        factors,
        no_forget_bias,
        **with_factors,
        refuses=("heads",),
    ),
    "cec": Case(
        oracles.cec,
        {"z": UNITS},
        hc,
        plain,
        functions,
        full_gradient={"gradient": "full"},
        other_weights={"recurrence": "none"},
        refuses=of_1997,
    ),
    "lstm_1997_input_gate": Case(
        oracles.lstm_1997_input_gate,
        {"i": BLOCKS, "z": UNITS},
        {**hc, "i": BLOCKS},
        blocks,
        {**functions, "use_bias": "gates"},
        full_gradient={"gradient": "full"},
        other_weights={"recurrence": "none"},
        refuses=of_1997,
    ),
    "lstm_1997_output_gate": Case(
        oracles.lstm_1997_output_gate,
        {"z": UNITS, "o": BLOCKS},
        {**hc, "o": BLOCKS},
        blocks,
        {**functions, "use_bias": "gates"},
        full_gradient={"gradient": "full"},
        other_weights={"recurrence": "none"},
        refuses=of_1997,
    ),
    "mixed_block_lstm": Case(
        oracles.mixed_block_lstm,
        {"i": 2, "f": 2, "z": 4, "o": 2, "a": 2},
        {"y": UNITS, "c": 4},
        {"blocks": 2, "cells_per_block": 2, "plain_units": 2},
        other_peepholes,
        **peepholes("ifo"),
        refuses=("heads",),
    ),
    "goodfellow_lstm": Case(oracles.goodfellow_lstm, ifzo, hc, plain, no_forget_bias),
    "goodfellow_gru": Case(
        oracles.goodfellow_gru,
        urz,
        {"h": UNITS, "u": UNITS, "r": UNITS},
        plain,
        {"recurrent_activation": "hard_sigmoid"},
        refuses=("activation",),
    ),
    "deep_transition_rnn": Case(
        oracles.deep_transition_rnn, size={**plain, "depth": 3}, **ungated, **deep
    ),
    "deep_transition_shortcut_rnn": Case(
        oracles.deep_transition_shortcut_rnn,
        size={**plain, "depth": 3},
        **ungated,
        **{**deep, "own_kinds": ("recurrent", "bias") * 2 + ("recurrent",)},
    ),
    "deep_output_rnn": Case(
        oracles.deep_output_rnn,
        {"h": UNITS},
        {"y": UNITS, "h": UNITS},
        plain,
        {"activation": "softsign"},
        **deep,
        other_weights={"depth": 3},
    ),
    "stacked_rnn": Case(
        oracles.stacked_rnn,
        {"h": UNITS},
        {"h_3": UNITS, "h_2": UNITS, "h_1": UNITS},
        {**plain, "depth": 3},
        {"activation": "softsign"},
        **{**deep, "own_kinds": ("kernel", "recurrent", "bias") * 2},
    ),
    "gated_feedback_rnn": Case(
        oracles.gated_feedback_rnn,
        {"h": UNITS},
        {"h_2": UNITS, "h_1": UNITS},
        plain,
        softer,
        own_kinds=("kernel", "recurrent", "kernel", "recurrent", "bias", "kernel", "recurrent"),
        **{**gated_feedback, "rows_of_x": (0, 3), "refuses": ("heads", "gradient")},
        other_weights={"depth": 3},
    ),
    "gated_feedback_lstm": Case(
        oracles.gated_feedback_lstm,
        ifzo,
        {"h_2": UNITS, "h_1": UNITS, "c_2": UNITS, "c_1": UNITS},
        plain,
        no_forget_bias,
        fed_back="ifo",
        own_kinds=(
            "recurrent",
            "kernel",
            "recurrent",
            "kernel",
            "recurrent",
            "bias",
            "recurrent",
            "kernel",
            "recurrent",
        ),  # fmt: skip
        **gated_feedback,
        other_weights={"depth": 3},
    ),
    "gated_feedback_gru": Case(
        oracles.gated_feedback_gru,
        urz,
        {"h_2": UNITS, "h_1": UNITS},
        plain,
        softer,
        fed_back="ur",
        own_kinds=(
            "recurrent",
            "kernel",
            "recurrent",
            "kernel",
            "recurrent",
            "bias",
            "recurrent",
            "kernel",
            "recurrent",
        ),  # fmt: skip
        **gated_feedback,
        other_weights={"depth": 3},
    ),
    "layer_norm_lstm": Case(
        oracles.layer_norm_lstm, ifzo, hc, plain, {**no_forget_bias, "epsilon": 1e-2}
    ),
    "projected_lstm": Case(
        oracles.projected_lstm,
        wide_ifzo,
        {"h": UNITS, "c": 8},
        {"units": 8, "projection": UNITS},
        no_forget_bias,
        own_kinds=("kernel",),
        refuses=("heads",),
    ),
    "projected_peephole_lstm": Case(
        oracles.projected_peephole_lstm,
        wide_ifzo,
        {"h": UNITS, "c": 8},
        {"units": 8, "projection": UNITS},
        other_peepholes,
        own_kinds=("kernel",),
        refuses=("heads",),
        other_weights={"peepholes": ["i"]},
    ),
    "scrn": Case(
        oracles.scrn,
        {"a": 4},
        {"h": UNITS},
        {"units": 4, "context_units": 2},
        {"activation": "tanh", "alpha": 0.5},
        own_kinds=("kernel", "kernel"),
        rows_of_x=(0, 3),
        rows_of_h=(),
        refuses=("recurrent_activation", "heads"),
    ),
    "array_lstm": Case(
        oracles.array_lstm,
        dict.fromkeys("ifzo", 2 * UNITS),
        {"h": UNITS, "c": 2 * UNITS},
        plain,
        no_forget_bias,
        other_weights={"lanes": 3},
    ),
    "nas": Case(oracles.nas, {f"n{k}": UNITS for k in range(8)}, hc, plain, softer),
    "zoneout_lstm": Case(
        oracles.zoneout_lstm,
        ifzo,
        hc,
        plain,
        {**no_forget_bias, "zoneout_c": 0.25, "zoneout_h": 0.125},
        draws=True,
    ),
    "slstm": Case(
        oracles.slstm,
        ifzo,
        {**hc, "n": UNITS, "m": UNITS},
        plain,
        {**no_forget_bias, "forget_activation": "exp"},
        positive=("n",),
    ),
    "mlstm": Case(
        oracles.mlstm,
        {"q": UNITS, "k": UNITS, "v": UNITS, "i": 2, "f": 2, "o": UNITS},
        {"h": UNITS, "C": UNITS**2 // 2, "n": UNITS, "m": 2},
        {**plain, "heads": 2},
        {
            "recurrent_activation": "hard_sigmoid",
            "forget_activation": "exp",
            "unit_forget_bias": False,
        },
        fed_back=None,
        refuses=("activation", *of_R_but_heads),
    ),
    "min_gru": Case(oracles.min_gru, uz, h, plain, softer, fed_back=None, refuses=of_R),
    "min_lstm": Case(
        oracles.min_lstm,
        ifz,
        h,
        plain,
        {"activation": "softsign", "unit_forget_bias": False},
        fed_back=None,
        refuses=("recurrent_activation", *of_R),
    ),
    "ran": Case(oracles.ran, ifz, hc, plain, no_forget_bias, fed_back="if", biased="if"),
    "cfn": Case(
        oracles.cfn,
        dict.fromkeys(("theta", "eta", "z"), UNITS),
        h,
        plain,
        softer,
        fed_back=("theta", "eta"),
        biased=("theta", "eta"),
    ),
    "minimal_rnn": Case(
        oracles.minimal_rnn,
        uz,
        h,
        plain,
        softer,
        of_x="z",
        fed_back="u",
        own_kinds=("kernel",),
    ),
    "mi_lstm": Case(
        oracles.mi_lstm,
        ifzo,
        hc,
        plain,
        {**no_forget_bias, "initial_alpha": 0.5, "initial_beta_1": 2.0, "initial_beta_2": 3.0},
    ),
    "mogrifier_lstm": Case(
        oracles.mogrifier_lstm,
        ifzo,
        hc,
        {**plain, "rounds": 3},
        no_forget_bias,
        rows_of_x=(0, 4),
        rows_of_h=(),
        own_kinds=("recurrent", "kernel", "recurrent"),
        refuses=("heads",),
    ),
    "on_lstm": Case(
        oracles.on_lstm,
        {**ifzo, "master_f": 3, "master_i": 3},
        hc,
        {**plain, "levels": 3},
        no_forget_bias,
        refuses=("heads",),
    ),
    "clockwork_rnn": Case(
        oracles.clockwork_rnn,
        {"h": UNITS},
        {"h": UNITS, "t": 1},
        plain,
        {"activation": "softsign", "periods": [1, 2, 4]},
        refuses=("recurrent_activation", "heads"),
        idle={1: np.kron([[0, 1], [0, 0]], np.ones((3, 3)))},  # from the faster to the slower
    ),
    "antisymmetric_rnn": Case(
        partial(oracles.antisymmetric_rnn, epsilon=0.5),
        uz,
        h,
        {**plain, "epsilon": 0.5},
        {**softer, "gamma": 0.5},
        fed_back="z",
        rows_of_h=(),
        idle={1: np.eye(UNITS)},
    ),
    "brc": Case(
        oracles.brc,
        dict.fromkeys("acz", UNITS),
        h,
        plain,
        softer,
        fed_back="ac",
        rows_of_h=(),
        refuses=("heads",),
    ),
    "nbrc": Case(oracles.nbrc, dict.fromkeys("acz", UNITS), h, plain, softer, fed_back="ac"),
    "star": Case(oracles.star, dict.fromkeys("kz", UNITS), h, plain, softer, fed_back="k"),
    "cornn": Case(
        partial(oracles.cornn, dt=0.5),
        {"z": UNITS},
        {"y": UNITS, "z": UNITS},
        {**plain, "dt": 0.5},
        {"activation": "softsign", "gamma": 0.5, "epsilon": 0.25, "implicit": True},
        own_kinds=("recurrent",),
        refuses=("recurrent_activation",),
    ),
    "lem": Case(
        oracles.lem,
        dict.fromkeys(("dt", "dt_bar", "z", "y"), UNITS),
        {"y": UNITS, "z": UNITS},
        plain,
        {**softer, "dt": 0.5},
        fed_back=("dt", "dt_bar", "z"),
        own_kinds=("recurrent",),
    ),
    "fast_grnn": Case(
        oracles.fast_grnn,
        uz,
        h,
        plain,
        {**softer, "initial_zeta": 3.0, "initial_nu": -3.0},
        of_x="z",
        fed_back="z",
    ),
    "sru": Case(
        oracles.sru,
        dict.fromkeys("frz", UNITS),
        hc,
        plain,
        {
            "recurrent_activation": "hard_sigmoid",
            "unit_forget_bias": False,
            "alpha": 2.0,
            "peephole_initializer": "he_uniform",
        },
        of_x="frzx",
        biased="fr",
        **no_R,
    ),
    "rg_lru": Case(
        oracles.rg_lru,
        dict.fromkeys("ri", UNITS),
        h,
        plain,
        {"recurrent_activation": "hard_sigmoid", "c": 4.0},
        of_x="riz",
        **no_R,
    ),
    "li_gru": Case(oracles.li_gru, uz, h, plain, softer),
    "atr": Case(
        oracles.atr,
        dict.fromkeys("pq", UNITS),
        h,
        plain,
        {"recurrent_activation": "hard_sigmoid"},
        of_x="p",
        fed_back="q",
        biased="p",
        refuses=("activation",),
    ),
    "layer_norm_simple_rnn": Case(
        oracles.layer_norm_simple_rnn,
        {"h": UNITS},
        h,
        plain,
        {"activation": "softsign", "epsilon": 1e-2},
        rows_of_h=(),
        refuses=no_gates,
    ),
    "layer_norm_gru": Case(oracles.layer_norm_gru, urz, h, plain, {**softer, "epsilon": 1e-2}),
    "log_min_gru": Case(
        oracles.log_min_gru,
        uz,
        h,
        plain,
        {"recurrent_activation": "hard_sigmoid"},
        fed_back=None,
        refuses=("activation", *of_R),
    ),
    "log_min_lstm": Case(
        oracles.log_min_lstm,
        ifz,
        h,
        plain,
        {"unit_forget_bias": False},
        fed_back=None,
        refuses=("activation", "recurrent_activation", *of_R),
    ),
    "qrnn": Case(
        oracles.qrnn,
        dict.fromkeys("zfo", UNITS),
        {**hc, "p_1": 3 * UNITS, "p_2": 3 * UNITS},
        {**plain, "window": 3},
        no_forget_bias,
        of_x=("z", "f", "o", "z_1", "f_1", "o_1", "z_2", "f_2", "o_2"),
        fed_back=None,
        refuses=of_R,
    ),
    "esn": Case(
        partial(oracles.esn, leak=0.75),
        {"h": UNITS},
        h,
        {**plain, "leak": 0.75, "fixed": False},
        {"activation": "softsign", "spectral_radius": 0.5, "connectivity": 0.5},
        refuses=(*no_gates, "heads"),
    ),
    "lmu": Case(
        partial(oracles.lmu, theta=5.0),
        {"u": 1, "h": UNITS},
        {"h": UNITS, "m": 4},
        {**plain, "order": 4, "theta": 5.0},
        {"activation": "softsign"},
        own_kinds=("recurrent",),
        refuses=(*no_gates, "heads"),
    ),
    "gla": Case(
        oracles.gla,
        {"q": 4, "k": 4, "v": UNITS, "a": 4},
        choices={"tau": 4.0},
        refuses=("activation", "recurrent_activation", *of_R_but_heads),
        **matrix,
    ),
    "delta_net": Case(
        oracles.delta_net,
        {"q": 4, "k": 4, "v": UNITS, "beta": 2},
        choices=softer,
        refuses=of_R_but_heads,
        **matrix,
    ),
    "gated_delta_net": Case(
        oracles.gated_delta_net,
        {"q": 4, "k": 4, "v": UNITS, "alpha": 2, "beta": 2},
        choices=softer,
        refuses=of_R_but_heads,
        **matrix,
    ),
    "hgrn2": Case(
        oracles.hgrn2,
        {"q": 4, "f": 4, "i": UNITS},
        choices={"activation": "softsign", "lower_bound": 0.25, "unit_forget_bias": False},
        refuses=("recurrent_activation", *of_R_but_heads),
        **matrix,
    ),
    "rwkv7": Case(
        oracles.rwkv7,
        {"r": 4, "w": 4, "k": 4, "v": UNITS, "a": 4},
        choices={"recurrent_activation": "hard_sigmoid"},
        refuses=("activation", *of_R_but_heads),
        **matrix,
    ),
    "mamba2": Case(
        oracles.mamba2,
        {"u": UNITS, "B": 2, "C": 2, "dt": 2},
        choices={},
        refuses=("activation", "recurrent_activation", *of_R_but_heads),
        **matrix,
    ),
    "t_lstm": Case(
        oracles.t_lstm,
        ifzo,
        hc,
        plain,
        no_forget_bias,
        own_kinds=("recurrent",),
        refuses=("heads",),
    ),
    "phased_lstm": Case(
        oracles.phased_lstm,
        ifzo,
        {**hc, "t": 1},
        plain,
        {**other_peepholes, "leak": 0.5, "ratio": 0.5, "longest_period": 10.0},
        other_weights={"peepholes": ["i"]},
        rows_of_h=(),
        idle={8: np.eye(UNITS)[[0, 3]].sum(axis=0)},  # ratios below zero: they never open
        refuses=("heads",),
    ),
    "cfc": Case(
        oracles.cfc,
        {"b": 4},
        h,
        {**plain, "backbone_units": 4},
        softer,
        own_kinds=("kernel",),
        refuses=("heads",),
    ),
    "ltc": Case(
        oracles.ltc,
        {"f": UNITS},
        h,
        plain,
        {"recurrent_activation": "hard_sigmoid", "unfolds": 3},
        unit_forget_bias=False,
        rows_of_h=(),
        refuses=("activation", "heads"),
    ),
    "gru_d": Case(
        oracles.gru_d,
        urz,
        {"h": UNITS, "last": 3, "waited": 3},
        {**plain, "features": 3},
        {**softer, "means": [0.5, -0.5, 1.0]},
        rows_of_h=(),
        own_kinds=("kernel", "kernel"),
        refuses=("heads",),
    ),
    "lru": Case(
        oracles.lru,
        {"B_re": 4, "B_im": 4, "D": UNITS},
        {"y": UNITS, "re": 4, "im": 4},
        {**plain, "state_units": 4},
        {"r_min": 0.5, "r_max": 0.75, "max_phase": 1.0},
        biased=("D",),
        own_kinds=(None, None, None, "kernel", "kernel"),
        fed_back=None,
        refuses=("activation", "recurrent_activation", *of_R),
    ),
    "s5": Case(
        oracles.s5,
        {"B_re": 4, "B_im": 4, "D": UNITS},
        {"y": UNITS, "re": 4, "im": 4},
        {**plain, "state_units": 4},
        {"step_min": 0.01, "step_max": 1.0},
        biased=("D",),
        own_kinds=(None, None, None, "kernel", "kernel"),
        fed_back=None,
        refuses=("activation", "recurrent_activation", *of_R),
    ),
}

LOOP = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll",
        "zero_output_for_mask")  # fmt: skip


def own_layer(name, dtype=FLOAT, **options):
    """The layer of the named cell, not yet built."""
    return LAYERS[name](**{**CASES[name].size, **options}, dtype=dtype)


def keras_rnn(name, dtype=FLOAT, **options):
    """Keras' loop over the named cell, not yet built."""
    loop = {key: options.pop(key) for key in LOOP if key in options}
    cell = CELLS[name](**{**CASES[name].size, **options}, dtype=dtype)
    return keras.layers.RNN(cell, dtype=dtype, **loop)


def build(layer, rng, features=FEATURES, batch=None, scale=1.0):
    """The layer with every weight random, so that no two can be confused."""
    layer.build((batch, None, features))
    layer.set_weights([rng.normal(scale=scale, size=w.shape) for w in layer.weights])
    return layer


def alike(name, rng, dtype, scans, **options):
    """Layers of equal weights, one with each of these loops; all outputs and the last states."""
    options = {"return_sequences": True, "return_state": True, **options}
    made = [build(own_layer(name, dtype=dtype, scan=scan, **options), rng) for scan in scans]
    for layer in made[1:]:
        layer.set_weights(made[0].get_weights())
    return made


def source_of(layer):
    """The generated part of the one loop that has been compiled for a layer."""
    (loop,) = kernel.compiled[layer.cell].values()
    return loop.source[loop.source.index("static void forward_share") :]


def distance(actual, expected):
    """The largest difference, in the size of the largest number."""
    return max(
        np.abs(numbers(one) - numbers(other)).max() / max(1, np.abs(numbers(other)).max())
        for one, other in zip(actual, expected, strict=True)
    )


def sequences(rng, features=FEATURES):
    return rng.normal(size=(BATCH, STEPS, features)).astype(FLOAT)


def initial_states(name, rng):
    case = CASES[name]
    states = {state: rng.normal(size=(BATCH, size)) for state, size in case.states.items()}
    states |= {state: np.abs(states[state]) for state in case.positive}
    return [state.astype(FLOAT) for state in states.values()]


def weights_by_gate(name, weights):
    """W, R, b as the oracles take them, gate -> array; and the cell's own weights, if any."""
    case = CASES[name]

    def of(columns, names):
        return by_gate(columns, {k: case.gates.get(k, UNITS) for k in names or case.gates})

    W, *rest = weights
    R = {} if case.fed_back is None else of(rest.pop(0), case.fed_back)
    b, *own = rest
    return [of(W, case.of_x), R, of(b, case.biased), *case.own(own)]


def kinds(name):
    """What decides how a weight starts and is regularized, for each weight."""
    case = CASES[name]
    recurrent = [] if case.fed_back is None else ["recurrent"]
    return ["kernel", *recurrent, "bias", *case.own_kinds]


def taken(name, options):
    """The options without those that the cell does not take."""
    return {key: value for key, value in options.items() if key not in CASES[name].refuses}


def varied(name):
    """Arguments of a cell away from their defaults: the usual ones, and its own."""
    options = {
        "use_bias": False,
        "kernel_initializer": "he_normal",
        "recurrent_initializer": "random_normal",
        "bias_initializer": "ones",
        "kernel_regularizer": "l1",
        "recurrent_regularizer": "l2",
        "bias_regularizer": "l1l2",
        "kernel_constraint": "max_norm",
        "recurrent_constraint": "non_neg",
        "bias_constraint": "unit_norm",
        "dropout": 0.25,
        "recurrent_dropout": 0.5,
        "seed": 7,
        "gate_bias": {list(CASES[name].biased or CASES[name].gates)[0]: -1.5},
        "gradient": "truncated",
        "clip_net_gradient": 0.5,
        "heads": 3 if CASES[name].size.get("heads") == 2 else 2,
        **CASES[name].choices,
        **CASES[name].other_weights,
    }
    return taken(name, options)


def arguments(cls):
    """The arguments that a class names, and those that its bases before Keras' own name."""
    names = set()
    for base in cls.__mro__:
        if base.__module__.startswith("keras."):
            break
        if "__init__" in vars(base):
            names |= {
                name
                for name, parameter in inspect.signature(vars(base)["__init__"]).parameters.items()
                if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            }
    return names - {"self"}


def solve(name, weights, x, states):
    """The oracle over a batch: h at every step, and the final states."""
    arranged = weights_by_gate(name, weights)
    rows = [CASES[name].oracle(*row, *arranged) for row in zip(x, *states, strict=True)]
    hs, finals = zip(*rows, strict=True)
    return np.stack(hs), [np.stack(final) for final in zip(*finals, strict=True)]


@cache  # all checks of a cell use its layers, which take long to compile
def subject(name):
    """The cell as `keras_lstm_variants.testing` checks it."""
    case = CASES[name]

    def oracle(x, states, weights):
        return case.oracle(x, *states, *weights_by_gate(name, weights))

    return testing.Subject(
        CELLS[name],
        LAYERS[name],
        case.size,
        case.choices,
        oracle,
        case.full_gradient,
        case.draws,
        case.positive,
        case.idle,
    )


def check_gradient(gradient, function, arguments, place, rng, rounding=ROUNDING):
    """Checks the gradient for one argument of an oracle's number, in a random direction."""
    directions = [np.zeros_like(a) for a in arguments]
    directions[place] = d = rng.normal(size=arguments[place].shape)
    expected = derivative(function, arguments, directions)
    length = np.linalg.norm(gradient) * np.linalg.norm(d)
    np.testing.assert_allclose(np.sum(gradient * d), expected, rtol=0, atol=rounding * length)


def derivative(function, arguments, direction):
    """The derivative of an oracle's number in a direction, by a complex step: exact to rounding."""
    tiny = 1e-30
    moved = [a + 1j * tiny * d for a, d in zip(arguments, direction, strict=True)]
    return np.imag(function(*moved)) / tiny


def close(actual, expected, atol=ROUNDING):
    rtol = 1e-12 if FLOAT == "float64" else ROUNDING  # rectified outputs grow large
    actual, expected = numbers(actual), numbers(expected)
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=max(atol, ROUNDING))


def equal(actual, expected):
    np.testing.assert_array_equal(numbers(actual), numbers(expected))


def all_close(actual, expected, atol=ROUNDING):
    for one, other in zip(actual, expected, strict=True):
        close(one, other, atol)
