"""What enters a call of a layer: Keras' value or an error, never a number of our own."""

import itertools

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from cases import BACKEND, FEATURES, distance, layer_gradients, of_tensorflow
from keras_lstm_variants import LSTM, PeepholeLSTM

if BACKEND == "tensorflow":
    import tensorflow as tf

pytestmark = pytest.mark.usefixtures("vectorised", "fresh_loops")

BATCH, STEPS, UNITS = 4, 5, 3
SCANS = "auto", "graph", "plain"
WEIGHTS = [w.astype("float32") for w in (
    np.random.default_rng(0).normal(size=(FEATURES, 4 * UNITS)),
    np.random.default_rng(1).normal(size=(UNITS, 4 * UNITS)),
    np.random.default_rng(2).normal(size=4 * UNITS),
)]  # fmt: skip


def built(layer, weights=None):
    layer.build((None, None, FEATURES))
    layer.set_weights(weights or WEIGHTS)
    return layer


def pair(scan="auto", **options):
    """Ours, and Keras' over the same kind of cell."""
    options = {"return_sequences": True, "return_state": True, **options}
    cell = LSTM.cell_class(UNITS)
    ours = built(LSTM(UNITS, scan=scan, **options))
    return ours, built(keras.layers.RNN(cell, **options))


def numbers(shape, seed=3):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def said(layer, arguments, graph):
    """The results of a call; or the kind of error."""
    x, states, mask = arguments

    def call(x, states, mask):
        return layer(x, initial_state=states, mask=mask)

    try:
        if graph is None:
            return [ops.convert_to_numpy(y) for y in call(*arguments)]
        unknown = {"static": lambda a: a.shape, "unknown": lambda a: [None] * a.ndim}[graph]
        x, states, mask = arguments
        given = [x, *states] if mask is None else [x, *states, mask]

        def apart(x, *others):
            return call(x, list(others[: len(states)]), None if mask is None else others[-1])

        specs = [tf.TensorSpec(unknown(a), a.dtype) for a in given]
        function = tf.function(apart, autograph=False).get_concrete_function(*specs)
        return [y.numpy() for y in function(*map(tf.constant, given))]
    except Exception as error:  # of any kind: TensorFlow has many
        return error


def changed(shape, axis, how):
    """A shape with an axis changed, or without one, or with one more."""
    shape = list(shape)
    if how == "one more":
        return (*shape, 1)
    if how == "one less":
        return tuple(shape[:axis] + shape[axis + 1 :])
    shape[axis] = max(0, 1 if how == "1" else shape[axis] + int(how))
    return tuple(shape)


@pytest.mark.ci
@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    scan=st.sampled_from(SCANS),
    graph=st.sampled_from([None, "static", "unknown"] if BACKEND == "tensorflow" else [None]),
    argument=st.sampled_from(["sequences", "h", "c", "mask"]),
    axis=st.integers(0, 2),
    how=st.sampled_from(["-1", "+1", "1", "0", "one more", "one less"]),
    masked=st.booleans(),
)
def test_keras_value_or_an_error(scan, graph, argument, axis, how, masked):
    shapes = {
        "sequences": (BATCH, STEPS, FEATURES),
        "h": (BATCH, UNITS),
        "c": (BATCH, UNITS),
        "mask": (BATCH, STEPS),
    }
    axis %= len(shapes[argument])
    shapes[argument] = changed(shapes[argument], axis, how)
    x, h, c = (numbers(shapes[name], seed) for seed, name in enumerate(("sequences", "h", "c")))
    mask = numbers(shapes["mask"], 5) > 0 if masked or argument == "mask" else None
    arguments = x, [h, c], mask
    # Of one sequence, states and masks are meant for all. Keras' loops differ in taking them.
    of_one = argument != "sequences" and axis == 0 and how in ("1", "one less")
    of_one &= (argument, how) != ("mask", "one less")
    h, c = (np.broadcast_to(a, (BATCH, UNITS)) if of_one else a for a in (h, c))
    of_all = mask if mask is None or not of_one else np.broadcast_to(mask, (BATCH, STEPS))
    layer, reference = pair(scan)
    ours, plain = said(layer, arguments, graph), said(reference, (x, [h, c], of_all), None)
    if not isinstance(ours, Exception):
        assert not isinstance(plain, Exception), f"Keras says {plain}"
        assert distance(ours, plain) < 1e-5
    elif graph is None:
        assert isinstance(ours, ValueError), ours
    if of_one or (argument, how) == ("mask", "one more"):
        assert not isinstance(ours, Exception), ours


@pytest.mark.parametrize("scan", SCANS)
def test_a_state_of_one_row_is_that_of_all_sequences(scan):
    ours, plain = pair(scan)
    x, states = numbers((BATCH, STEPS, FEATURES)), [numbers((1, UNITS), k) for k in range(2)]
    directions = [numbers((BATCH, STEPS, UNITS)), *[numbers((BATCH, UNITS))] * 2]
    both = [layer_gradients(layer, directions, x, states) for layer in (ours, plain)]
    assert both[0][-1].shape == (1, UNITS)
    assert distance(*both) < 1e-4
    with pytest.raises(ValueError, match=r"_state\[1\] \(c\) must be .*\(4, 3\), not \(3, 3"):
        ours(x, initial_state=[states[0], numbers((3, UNITS))])


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"initial_state": [np.zeros((4, 3))]}, r"a list of 2 \(h, c\), not of 1"),
        ({"mask": np.ones((4, 4), bool)}, r"mask must be of shape \(4, 5\), not \(4, 4\)"),
        ({"mask": np.ones(4, bool)}, r"mask must be of shape \(batch, steps\), not \(4,\)"),
        ({"sequences": np.ones((4, 0, FEATURES))}, "sequences must have a step"),
        (
            {"sequences": np.ones((4, 5, 1))},
            r"must be .*\(batch, steps, .*\), not \(4, 5, 1",
        ),
    ],
)
def test_what_is_wrong_is_named_with_both_shapes(argument, message):
    layer = built(LSTM(UNITS))
    with pytest.raises(ValueError, match=message):
        layer(**{"sequences": numbers((BATCH, STEPS, FEATURES)), **argument})


@pytest.mark.ci
@pytest.mark.parametrize("scan", SCANS)
def test_arrays_tensors_and_variables_are_all_the_same(scan):
    ours, plain = pair(scan)
    x, h, c = numbers((BATCH, STEPS, FEATURES)), numbers((BATCH, UNITS)), numbers((BATCH, UNITS), 4)
    mask = numbers((BATCH, STEPS)) > 0
    expected = plain(x, initial_state=[h, c], mask=mask)
    kinds = [lambda a: a, ops.convert_to_tensor, keras.Variable]
    if BACKEND == "tensorflow":
        kinds.append(tf.Variable)
    for kind in kinds:
        of_mask = mask if kind is keras.Variable else kind(mask)  # which Keras has of numbers only
        found = ours(kind(x), initial_state=[kind(h), kind(c)], mask=of_mask)
        assert distance(found, expected) < 1e-5
    lists = [h.tolist(), c.tolist()], mask.astype(int).tolist()
    assert distance(ours(x, initial_state=lists[0], mask=np.array(lists[1])), expected) < 1e-5


def shapes(layer, x, mask, training):
    """Those that the outputs have while a graph is made."""
    function = tf.function(lambda x, mask: layer(x, mask=mask, training=training), autograph=False)
    outputs = function.get_concrete_function(x, mask).structured_outputs
    return [tuple(y.shape) for y in keras.tree.flatten(outputs)]


AT_NIGHT = [pytest.param(scan, marks=pytest.mark.nightly) for scan in SCANS[1:]]


@of_tensorflow
@pytest.mark.ci
@pytest.mark.parametrize("scan", ["auto", *AT_NIGHT])
def test_shapes_are_known_where_keras_knows_them(scan):
    for states, sequences in itertools.product([False, True], repeat=2):
        options = {"return_sequences": sequences, "return_state": states}
        layers = LSTM(UNITS, scan=scan, **options), keras.layers.LSTM(UNITS, **options)
        for batch, steps, training, masked in itertools.product(
            [None, BATCH], [None, STEPS], [False, True], [False, True]
        ):
            x = tf.TensorSpec((batch, steps, FEATURES))
            of_mask = tf.TensorSpec((batch, steps), "bool") if masked else None
            ours, theirs = (shapes(built(layer), x, of_mask, training) for layer in layers)
            for one, other in zip(ours, theirs, strict=True):
                known = [n for n, of in zip(one, other, strict=True) if of is not None]
                assert known == [of for of in other if of is not None], (options, ours, theirs)


@keras.saving.register_keras_serializable("test_calls")
class HundredfoldCell(PeepholeLSTM.cell_class):
    def call(self, inputs, states, training=False, **halves):
        output, states = super().call(inputs, states, training, **halves)
        return 100 * output, states


class Hundredfold(PeepholeLSTM):
    cell_class = HundredfoldCell


@pytest.mark.parametrize("scan", SCANS)
def test_a_cell_with_a_call_of_its_own_is_called(scan):
    layer, usual = Hundredfold(UNITS, scan=scan), PeepholeLSTM(UNITS)
    x = numbers((BATCH, STEPS, FEATURES))
    layer.build(x.shape)
    usual.build(x.shape)
    usual.set_weights(layer.get_weights())
    assert distance([layer(x)], [100 * usual(x)]) < 1e-3
    assert "call() of its own" in layer.why_not_compiled or scan == "plain"
