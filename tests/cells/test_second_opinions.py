"""What others compute from the same weights: every cell beside an independent implementation.

`opinions.py` has who is asked about which cell.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
import test_against_keras
from onnx_opinions import run_onnx
from opinions import KERAS, OPINIONS
from questions import Question

from cases import (
    AT_NIGHT,
    BATCH,
    CASES,
    STEPS,
    UNITS,
    build,
    initial_states,
    layer_gradients,
    of_tensorflow,
    one_each,
    own_layer,
    sequences,
    weights_by_gate,
)
from keras_lstm_variants import CELLS, TIMED_LAYERS

LENGTHS = np.array([5, 3, 1, 4])

pytestmark = [
    of_tensorflow,  # elsewhere Keras computes in float32
    pytest.mark.filterwarnings("ignore:CUDA initialization"),  # torch, without a GPU
]

# Where others have not all of a cell, what they lack is silent, or turned off.
WITHOUT_PEEPHOLES = {  # how many of the last weights these are
    "memory_block_lstm": 3,
    "mixed_block_lstm": 3,
    "full_gate_recurrence_lstm": 3,
    "sru": 1,  # that of the gate r
}
WITHOUT_A_PRODUCT = ("nas",)  # its n3
OPTIONS = {  # with which they are asked
    "zoneout_lstm": {"zoneout_c": 0.0, "zoneout_h": 0.0},
    "min_gru": {"activation": "tanh"},
    "antisymmetric_rnn": {"epsilon": 0.5, "gamma": 0.25},
    "cornn": {"dt": 0.5, "gamma": 0.25, "epsilon": 0.75},
}


ASKED = [
    (name, label)
    for name, opinions in OPINIONS.items()
    for label, opinion in opinions.items()
    if opinion != KERAS
]
# Those that are asked in CI; of these also gradients, lengths and other functions.
COSTLY = one_each(OPINIONS)
IN_CI = set(COSTLY) - set(AT_NIGHT)


def asked(*kinds):
    """Those whose label starts with one of kinds."""
    return [pair for pair in ASKED if pair[0] in COSTLY and pair[1].startswith(kinds)]


def question(name, rng, lengths=None, backwards=False, **options):
    """The layer and what is asked about it; its weights are numbers that float32 has, too."""
    options = {**OPTIONS.get(name, {}), **options}
    layer = own_layer(
        name, return_sequences=True, return_state=True, go_backwards=backwards, **options
    )
    build(layer, rng, scale=0.5)
    weights = layer.get_weights()
    if name in WITHOUT_A_PRODUCT:
        weights_by_gate(name, weights)[1]["n3"][:] = 0
    if name in WITHOUT_PEEPHOLES:
        for p in weights[-WITHOUT_PEEPHOLES[name] :]:
            p[:] = 0
    x, *states = sequences(rng), *initial_states(name, rng)
    if name == "goodfellow_gru":
        states[1:] = [1 / (1 + np.exp(-gate)) for gate in states[1:]]  # of some net input
    if name == "clockwork_rnn":
        states[1] = np.arange(BATCH)[:, None]  # steps
    weights, (x, *states) = (
        [array.astype("float32").astype("float64") for array in arrays]
        for arrays in (weights, (x, *states))
    )
    layer.set_weights(weights)
    directions = [
        rng.normal(size=(BATCH, STEPS, UNITS)),
        *(rng.normal(size=s.shape) for s in states),
    ]
    lengths = np.full(BATCH, STEPS) if lengths is None else lengths
    return layer, Question(name, options, weights, x, states, lengths, backwards, directions)


def close(actual, expected):
    """To as many digits as the other one counts with."""
    tolerance = {"float32": 1e-6, "float64": 1e-12}[np.asarray(expected).dtype.name]
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)


def all_close(actual, expected):
    for one, other in zip(actual, expected, strict=True):
        if other is not None:
            close(one, other)


def test_cells_say_whose_opinions_there_are():
    cells = {**CELLS, **{name: layer.cell_class for name, layer in TIMED_LAYERS.items()}}
    labels = {name: "; ".join(OPINIONS.get(name, {})) for name in {**cells, **OPINIONS}}
    assert labels == {name: cell.second_opinion for name, cell in cells.items()}


def test_keras_is_asked_where_it_says_so():
    of_keras = {name for name, opinions in OPINIONS.items() if opinions.get("Keras") == KERAS}
    assert of_keras == test_against_keras.THEIRS.keys()


@pytest.mark.ci
@pytest.mark.parametrize(
    "name, label",
    [
        pytest.param(
            *pair,
            marks=() if pair[0] in IN_CI else pytest.mark.nightly,
        )
        for pair in ASKED
    ],
)
def test_others_compute_the_same(name, label, rng):
    layer, asks = question(name, rng)
    answer = OPINIONS[name][label](asks)
    all_close(layer(asks.x, initial_state=asks.states), answer.outputs)


@pytest.mark.ci
@pytest.mark.parametrize(
    "name, label, options",
    [
        (name, label, options)
        for name, label in asked("torch", "TensorFlow")
        for options in ([{}, CASES[name].full_gradient] if CASES[name].full_gradient else [{}])
    ],
)
def test_others_take_the_same_gradients(name, label, options, rng):
    layer, asks = question(name, rng, **options)
    answer = OPINIONS[name][label](asks)
    directions = [
        0 * direction if output is None else direction
        for output, direction in zip(answer.outputs, asks.directions, strict=True)
    ]
    ours = layer_gradients(layer, directions, asks.x, asks.states)
    if name in WITHOUT_PEEPHOLES:
        many = len(asks.weights)
        peepholes = slice(many - WITHOUT_PEEPHOLES[name], many)
        assert not any(answer.gradients[peepholes])
        ours[peepholes] = [np.zeros_like(one) for one in ours[peepholes]]
    for one, other in zip(ours, answer.gradients, strict=True):
        close(one, np.zeros_like(one) if other is None else other)


@pytest.mark.ci
@pytest.mark.parametrize(
    "name, label, backwards",
    [
        *((*asks, backwards) for asks in asked("onnxruntime") for backwards in (False, True)),
        *((name, label, False) for name, label in asked("torch") if label == "torch"),
    ],
)
def test_others_stop_where_a_sequence_ends_as_a_mask_does(name, label, backwards, rng):
    options = CASES[name].full_gradient
    layer, asks = question(name, rng, LENGTHS, backwards, **options)
    mask = np.arange(STEPS) < LENGTHS[:, None]
    x = np.where(mask[..., None], asks.x, 99.0)
    hs, *finals = layer(x, initial_state=asks.states, mask=tf.constant(mask))
    hs = hs[:, ::-1] if backwards else hs
    their_hs, *their_finals = OPINIONS[name][label](asks._replace(x=x)).outputs
    close(hs[mask], their_hs[mask])
    all_close(finals, their_finals)


# Their functions are the paper's, or needed where they are written as a plain LSTM.
FIXED_FUNCTIONS = (
    "cec", "lstm_1997", "lstm_1997_input_gate", "lstm_1997_output_gate", "mixed_block_lstm",
    "full_gate_recurrence_lstm", "jozefowicz_lstm", "irnn",
)  # fmt: skip


def other_functions(name):
    choices = CASES[name].choices
    return {of: choices[of] for of in ("activation", "recurrent_activation") if of in choices}


@pytest.mark.nightly
@pytest.mark.parametrize(
    "name, label, options",
    [
        *(
            (name, label, other_functions(name))
            for name, label in asked("onnxruntime")
            if name not in FIXED_FUNCTIONS
        ),
        ("janet", "torchrecurrent", {"beta": 2.0}),
        ("lstm_1997", "torch", {"gradient": "full"}),
        ("min_gru", "onnxruntime GRU", {"activation": "linear"}),
    ],
)
def test_others_compute_the_same_with_other_functions(name, label, options, rng):
    layer, asks = question(name, rng, **options)
    answer = OPINIONS[name][label](asks)
    all_close(layer(asks.x, initial_state=asks.states), answer.outputs)


@pytest.mark.ci
@pytest.mark.parametrize(
    "name, label", [("simple_rnn", "onnxruntime RNN"), ("peephole_lstm", "onnxruntime LSTM"),
                    ("gru", "onnxruntime GRU")],
)  # fmt: skip
def test_others_read_in_both_directions(name, label, rng):
    asks = [question(name, rng, LENGTHS, backwards) for backwards in (False, True)]
    (forward, one), (backward, other) = asks
    layer = keras.layers.Bidirectional(forward, backward_layer=backward)
    layer.build(one.x.shape)
    layer.set_weights([*one.weights, *other.weights])  # it makes copies of the layers
    mask = np.arange(STEPS) < LENGTHS[:, None]
    states = [tf.constant(state) for state in (*one.states, *other.states)]
    hs, *finals = layer(one.x, initial_state=states, mask=tf.constant(mask))
    node_of = OPINIONS[name][label].args[0]
    nodes = [node_of(each) for each in (one, other)]
    Y, *their_finals = run_onnx(nodes, "bidirectional", one.x, LENGTHS)
    close(hs[mask], np.concatenate([Y[:, 0], Y[:, 1]], -1).transpose(1, 0, 2)[mask])
    all_close(finals, [final[way] for way in (0, 1) for final in their_finals])
