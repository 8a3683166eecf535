"""What enters a call of a layer: Keras' value or an error that names the argument."""

import itertools
import math
import os

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import ops

from cases import BACKEND, of_tensorflow
from keras_lstm_variants import CEC, LSTM, LSTMCell, MinLSTM, PeepholeLSTM, SimpleRNN

if BACKEND == "tensorflow":
    import tensorflow as tf

SCANS = ("auto", "graph", "plain")
B, T, F, U = 4, 5, 3, 4
EXAMPLES = {"newcomer": 5, "ci": 60, "nightly": 1500}[os.environ.get("TEST_TIER", "newcomer")]


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def arrays():
    mask = np.random.default_rng(1).random((B, T)) > 0.4
    return numbers(B, T, F), [numbers(B, U, seed=2), numbers(B, U, seed=3)], mask


def pair(scan="auto", kind=LSTM, **how):
    """One of our layers, and Keras' loop over the same cell."""
    how = {"return_sequences": True, "return_state": True, **how}
    ours = kind(U, scan=scan, use_cudnn=False, **how)
    ours.build((None, None, F))
    return ours, keras.layers.RNN(ours.cell, **how)


def values(outputs):
    return [ops.convert_to_numpy(one) for one in outputs]


def agree(ours, reference, tolerance=2e-6):
    for one, other in zip(values(ours), values(reference), strict=True):
        np.testing.assert_allclose(one, other, atol=tolerance)


# What counts as a tensor.

KINDS = {
    "array": lambda value: value,
    "list": lambda value: value.tolist(),
    "list of tensors": lambda value: [ops.convert_to_tensor(row) for row in value],
    "tensor": ops.convert_to_tensor,
    "keras.Variable": lambda value: keras.Variable(
        value, dtype=str(value.dtype), trainable=value.dtype != bool
    ),
    "tf.Variable": lambda value: tf.Variable(value),
}


@pytest.mark.ci
@pytest.mark.parametrize("kind", KINDS)
def test_each_argument_may_be_whatever_counts_as_a_tensor(kind):
    if kind == "tf.Variable" and BACKEND != "tensorflow":
        pytest.skip("of TensorFlow")
    ours, reference = pair()
    x, states, mask = arrays()
    right = reference(x, initial_state=[ops.convert_to_tensor(s) for s in states], mask=mask)
    convert = KINDS[kind]
    given = convert(x), [convert(s) for s in states], convert(mask)
    calls = [lambda: ours(given[0], initial_state=given[1], mask=given[2]), lambda: ours(*given)]
    if BACKEND == "tensorflow":
        calls.append(tf.function(calls[0]))
    for call in calls:
        agree(call(), right)


@of_tensorflow
@pytest.mark.ci
def test_variables_get_gradients():
    ours, reference = pair("graph")
    x, states, _ = arrays()
    gradients = []
    for layer in ours, reference:
        sources = [tf.Variable(x), *map(tf.Variable, states)]
        with tf.GradientTape() as tape:
            first = sources[1:] if layer is ours else [tf.convert_to_tensor(s) for s in sources[1:]]
            loss = tf.reduce_sum(layer(sources[0], initial_state=first)[0] ** 2)
        gradients.append(tape.gradient(loss, sources))
    agree(*gradients, 1e-5)


@pytest.mark.ci
@pytest.mark.parametrize("dtype", ["int32", "bool", "float64", "float16"])
def test_numbers_of_any_dtype(dtype):
    ours, reference = pair()
    x = (numbers(B, T, F) * 3).astype(dtype)
    agree(ours(x), reference(x.astype("float32")), 2e-6)


@pytest.mark.ci
@pytest.mark.parametrize("dtype", ["int64", "float32", "uint8"])
def test_masks_of_numbers(dtype):
    ours, reference = pair()
    x, _, mask = arrays()
    right = reference(x, mask=mask)
    agree(ours(x, mask=mask.astype(dtype)), right)
    agree(ours(x, mask=mask.astype(dtype)[..., None]), right)
    halves = (mask * 0.5).astype("float32")  # are not False
    agree(ours(x, mask=halves), right)


# Shapes.


@of_tensorflow
@pytest.mark.parametrize("scan", [*SCANS[:2], pytest.param("plain", marks=pytest.mark.ci)])
def test_one_row_stands_for_all_and_gets_their_gradients(scan):
    ours, _ = pair(scan)
    x, states, mask = arrays()
    x = tf.constant(x)
    for rows in (lambda s: s[:1]), (lambda s: s[0]):
        few = [tf.constant(rows(s)) for s in states]
        with tf.GradientTape() as tape:
            tape.watch(few)
            out = ours(x, initial_state=few, mask=mask[:1])
            loss = tf.reduce_sum(out[0] ** 2)
        all_rows = [tf.constant(np.repeat(s[:1], B, 0)) for s in states]
        with tf.GradientTape() as other:
            other.watch(all_rows)
            right = ours(x, initial_state=all_rows, mask=np.repeat(mask[:1], B, 0))
            right_loss = tf.reduce_sum(right[0] ** 2)
        agree(out, right)
        of_all = other.gradient(right_loss, all_rows)
        summed = [
            tf.reshape(tf.reduce_sum(d, 0), s.shape) for d, s in zip(of_all, few, strict=True)
        ]
        agree(tape.gradient(loss, few), summed, 1e-5)


X, (H, C), M = arrays()
REFUSED = {
    "one state": (dict(initial_state=[H]), r"initial_state must be 2 tensors \(h, c\), not 1"),
    "a bare state": (dict(initial_state=H), r"initial_state must be 2 tensors \(h, c\), not 1"),
    "rows": (dict(initial_state=[H, C[:3]]), r"\[1\] \(c\) must be \(4, 4\) .* not \(3, 4\)"),
    "units": (dict(initial_state=[H[:, :1], C]), r"\[0\] \(h\) must be \(4, 4\) .* not \(4, 1\)"),
    "rank": (dict(initial_state=[H[None], C]), r"\[0\] \(h\) must be .* not \(1, 4, 4\)"),
    "complex state": (dict(initial_state=[H, C * 1j]), r"\[1\] \(c\) must be numbers, not complex"),
    "long mask": (dict(mask=np.ones((B, T + 1))), r"mask must be \(4, 5\) .* not \(4, 6\)"),
    "mask of one step": (dict(mask=M[:, :1]), r"mask must be \(4, 5\) .* not \(4, 1\)"),
    "mask of a row": (dict(mask=M[0]), r"mask must be \(4, 5\) .* not \(5,\)"),
    "mask by unit": (dict(mask=np.ones((B, T, U))), r"mask must be .* not \(4, 5, 4\)"),
    "mask of text": (dict(mask=np.full((B, T), "a")), "mask must be numbers"),
    "mask of no tensor": (dict(mask="a"), "mask must be a tensor, not 'a'"),
    "no steps": (dict(sequences=X[:, :0]), "at least one step"),
    "features": (dict(sequences=X[..., :2]), r"must be \(4, 5, 3\), .* not \(4, 5, 2\)"),
    "two axes": (dict(sequences=X[0]), "expected ndim=3, found ndim=2"),
    "complex": (dict(sequences=X * 1j), "sequences must be numbers, not complex"),
    "text": (dict(sequences=np.full((B, T, F), "a")), "sequences must be numbers"),
    "rows of two lengths": (dict(sequences=[[[1.0] * F], [[1.0] * F] * 2]), "different lengths"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_refused_by_name(what):
    arguments, message = REFUSED[what]
    arguments = {"sequences": X, **arguments}
    layer, _ = pair("plain")
    with pytest.raises(ValueError, match=message):
        layer(arguments.pop("sequences"), **arguments)


@pytest.mark.ci
def test_symbolic_calls_refuse_too():
    layer, _ = pair()
    x = keras.Input((T, F))
    with pytest.raises(ValueError, match=r"initial_state\[1\] \(c\) must be"):
        layer(x, initial_state=[keras.Input((U,)), keras.Input((U + 1,))])


@pytest.mark.ci
@pytest.mark.parametrize("scan", SCANS)
@pytest.mark.parametrize("kind", [LSTM, MinLSTM])
def test_a_batch_of_nothing(scan, kind):
    ours, _ = pair(scan, kind)
    assert [tuple(one.shape) for one in ours(X[:0])][:2] == [(0, T, U), (0, U)]


SPECS = {"x": (B, T, F), "h": (B, U), "c": (B, U), "mask": (B, T)}


@st.composite
def calls(draw):
    """Shapes of all arguments, at most one size of them wrong, and which the graph knows."""
    shapes = {name: list(shape) for name, shape in SPECS.items()}
    for name in ("h", "c", "mask"):
        if draw(st.booleans()):
            shapes[name][0] = 1
    name = draw(st.sampled_from(sorted(shapes)))
    axis = draw(st.integers(0, len(shapes[name]) - 1))
    shapes[name][axis] += draw(st.sampled_from((-1, 0, 1)))
    unknown = {name: [draw(st.booleans()) for _ in shape] for name, shape in shapes.items()}
    return shapes, unknown, draw(st.sampled_from(SCANS)), draw(st.booleans()), draw(st.booleans())


@pytest.fixture(scope="module")
def layers():
    ours = {scan: pair(scan)[0] for scan in SCANS}
    for layer in ours.values():
        layer.cell.set_weights(ours["auto"].cell.get_weights())
    return ours, keras.layers.RNN(ours["auto"].cell, return_sequences=True, return_state=True)


@pytest.mark.ci
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@pytest.mark.timeout(1800)
@given(calls())
def test_one_size_off_is_keras_value_or_an_error(layers, drawn):
    shapes, unknown, scan, graph, training = drawn
    x, h, c = (numbers(*shapes[name], seed=7) for name in "xhc")
    mask = np.random.default_rng(8).random(shapes["mask"]) > 0.4
    layer = layers[0][scan]

    def call(x, h, c, mask):
        return layer(x, initial_state=[h, c], mask=mask, training=training)

    if graph and BACKEND == "tensorflow":
        sizes = {
            name: [None if u else n for n, u in zip(shapes[name], unknown[name], strict=True)]
            for name in shapes
        }
        dtypes = {"mask": tf.bool}
        call = tf.function(
            call,
            input_signature=[tf.TensorSpec(sizes[n], dtypes.get(n, tf.float32)) for n in SPECS],
        )
    batch, steps, features = shapes["x"]
    right = (
        features == F
        and all(shapes[name][0] in (1, batch) and shapes[name][1] == U for name in "hc")
        and shapes["mask"][0] in (1, batch)
        and shapes["mask"][1] == steps
    )
    if not right:
        with pytest.raises(Exception):  # noqa: B017 - of the backend, where a graph runs
            values(call(x, h, c, mask))
        return
    whole = [np.broadcast_to(value, (batch, U)).copy() for value in (h, c)]
    masks = np.broadcast_to(mask, (batch, steps)).copy()
    agree(call(x, h, c, mask), layers[1](x, initial_state=whole, mask=masks))


# Static shapes.


def shapes_of(layer, batch, steps, training, masked):
    def call(x, mask=None):
        return layer(x, mask=mask, training=training)

    spec = [tf.TensorSpec((batch, steps, F)), tf.TensorSpec((batch, steps), tf.bool)]
    graph = tf.function(call).get_concrete_function(*spec[: 1 + masked])
    return [tuple(one.shape) for one in tf.nest.flatten(graph.structured_outputs)]


@of_tensorflow
@pytest.mark.parametrize(
    ("scan", "sequences", "state"),
    [
        pytest.param(
            scan,
            sequences,
            state,
            marks=pytest.mark.ci
            if (scan, sequences, state) == ("auto", 1, 1)
            else pytest.mark.nightly,
        )
        for scan, sequences, state in itertools.product(SCANS, (1, 0), (1, 0))
    ],
)
def test_static_shapes_are_those_of_keras(scan, sequences, state):
    how = {"return_sequences": bool(sequences), "return_state": bool(state)}
    ours, keras_lstm = PeepholeLSTM(U, scan=scan, **how), keras.layers.LSTM(U, **how)
    for layer in ours, keras_lstm:
        layer.build((None, None, F))
    for case in itertools.product((B, None), (T, None), (True, False), (0, 1)):
        assert shapes_of(ours, *case) == shapes_of(keras_lstm, *case), case


@of_tensorflow  # elsewhere shapes are known
@pytest.mark.ci
def test_layers_that_need_static_shapes_work_behind_ours():
    class Rows(keras.layers.Layer):
        def call(self, x):
            return ops.reshape(x, (-1, x.shape[1] * x.shape[2]))

    model = keras.Sequential(
        [
            keras.Input((T, F)),
            PeepholeLSTM(U, return_sequences=True),
            keras.layers.LayerNormalization(axis=1),
            keras.layers.LSTM(2, unroll=True, return_sequences=True),
            Rows(),
        ]
    )
    model.compile("sgd", "mse")
    model.fit(X, np.zeros((B, T * 2)), verbose=0)
    assert model.predict(X, verbose=0).shape == (B, T * 2)


# Subclasses.


@keras.saving.register_keras_serializable("test_calls")
class DoubledCell(LSTMCell):
    def call(self, inputs, states=None, training=False, **others):
        output, states = super().call(inputs, states, training, **others)
        return 2.0 * output, states


class DoubledOutput(LSTM):
    def call(self, *args, **kwargs):
        return 2.0 * super().call(*args, **kwargs)


@pytest.mark.ci
@pytest.mark.parametrize("scan", SCANS)
def test_what_a_subclass_overrides_counts(scan):
    class Doubled(LSTM):
        cell_class = DoubledCell

    ours, reference = pair(scan, Doubled)
    agree(ours(X, training=True), reference(X))
    assert ours.why_not_compiled == (
        "it was made with scan='plain'"
        if scan == "plain"
        else "DoubledCell has its own call(), of which only its equations are compiled"
    )
    usual = LSTM(U, scan=scan)
    usual.build((None, None, F))
    doubled = DoubledOutput(U, scan=scan)
    doubled.build((None, None, F))
    doubled.set_weights(usual.get_weights())
    agree([doubled(X)], [2.0 * usual(X)])


# Half precision.


def adder(dtype, **how):
    """A constant error carrousel that adds a quarter at each step."""
    quarter = math.log(0.5625 / 0.4375)  # 4 sigma(z) - 2 = 0.25
    return CEC(
        1,
        kernel_initializer=keras.initializers.Constant(quarter),
        recurrent_initializer="zeros",
        dtype=dtype,
        return_state=True,
        **how,
    )


DTYPES = ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.nightly), "float16"]


@pytest.mark.ci
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("stateful", [False, True])
def test_states_are_not_rounded_from_call_to_call(dtype, stateful):
    one = np.ones((1, 1, 1), "float32")
    layer = adder(dtype, stateful=stateful)
    states = [np.zeros((1, 1), "float32"), np.full((1, 1), 2048, "float32")]
    for call in range(8):
        own = stateful and call > 0  # the states in its variables
        output, *states = layer(one, initial_state=None if own else states)
        half = keras.backend.standardize_dtype(output.dtype)
        assert half == layer.compute_dtype
        assert all(keras.backend.standardize_dtype(s.dtype) == "float32" for s in states)
    np.testing.assert_allclose(ops.convert_to_numpy(states[1]), 2050, atol=0.02)
    if stateful:
        np.testing.assert_allclose(ops.convert_to_numpy(layer.states[1].value), 2050, atol=0.02)
        output, *states = layer(one)  # from its own variables
        np.testing.assert_allclose(ops.convert_to_numpy(states[1]), 2050.25, atol=0.02)


@pytest.mark.ci
@pytest.mark.parametrize("dtype", ["mixed_float16", "float32"])
def test_symbolic_states_have_the_dtype_of_real_ones(dtype):
    inputs = keras.Input((T, F))
    layer = SimpleRNN(U, dtype=dtype, return_state=True)
    symbolic = layer(inputs)
    real = layer(X)
    assert [one.dtype for one in symbolic] == [
        keras.backend.standardize_dtype(one.dtype) for one in real
    ]
    later = SimpleRNN(U, dtype=dtype)(inputs, initial_state=[symbolic[1]])
    assert keras.Model(inputs, later).predict(X, verbose=0).shape == (B, U)


@pytest.mark.ci
def test_a_mask_is_handed_on_or_not_whatever_the_precision():
    """Keras hands none on to a layer that is called with states."""
    outputs = []
    for dtype in "float32", "mixed_float16":
        keras.utils.set_random_seed(0)
        x = keras.layers.Embedding(9, F, mask_zero=True)(np.array([[1, 2, 0, 0]] * B))
        layer = LSTM(U, scan="plain", dtype=dtype)
        outputs.append(layer(x, initial_state=[H, C]))
    agree(outputs[:1], outputs[1:], 5e-3)


@of_tensorflow
@pytest.mark.ci
@pytest.mark.parametrize(
    ("argument", "name"),
    [("x", "sequences"), ("h", "initial_state_0_h"), ("c", "initial_state_1_c"), ("mask", "mask")],
)
def test_errors_of_running_graphs_name_the_argument(layers, argument, name):
    dtypes = {"mask": tf.bool}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None] * len(SPECS[n]), dtypes.get(n, tf.float32)) for n in SPECS
        ]
    )
    def call(x, h, c, mask):
        return layers[0]["auto"](x, initial_state=[h, c], mask=mask)

    arguments = {n: tf.ones(shape, dtypes.get(n, tf.float32)) for n, shape in SPECS.items()}
    axis = -1 if argument == "x" else 0
    arguments[argument] = tf.gather(arguments[argument], [0, 1], axis=axis)
    with pytest.raises(tf.errors.InvalidArgumentError, match=name):
        call(**arguments)


@of_tensorflow
@pytest.mark.ci
@pytest.mark.parametrize("scan", SCANS)
def test_a_mask_of_one_step_is_not_one_of_all_where_sizes_are_unknown(scan):
    ours, _ = pair(scan)
    x, _, mask = arrays()
    specs = tf.TensorSpec((None, None, F)), tf.TensorSpec((None, None), "bool")
    function = tf.function(lambda x, mask: ours(x, mask=mask), input_signature=specs)
    agree(function(x, mask), ours(x, mask=mask))
    with pytest.raises(tf.errors.InvalidArgumentError, match="mask"):
        function(x, mask[:, :1])


@of_tensorflow
@pytest.mark.parametrize("scan", SCANS)
@pytest.mark.parametrize("name", ["sequences", "mask", r"initial_state\[0\] \(h\)"])
def test_a_number_of_axes_that_is_not_known_is_refused_by_the_name_of_the_argument(name, scan):
    """It is not where TensorFlow has traced a graph for arguments of two and of three axes."""
    layer, _ = pair(scan)
    x, states, mask = arrays()
    arguments = {"sequences": x, "mask": mask, "initial_state": states}
    letter = name.partition("\\")[0]

    def call(one):
        return layer(**{**arguments, letter: [one, states[1]] if letter != name else one})

    value = states[0] if letter != name else arguments[name]
    graph = tf.function(call, input_signature=[tf.TensorSpec(None, value.dtype)])
    with pytest.raises(ValueError, match=f"LSTM: {name} must have a number of axes that is known"):
        graph(value)
    agree(layer(**arguments), call(value))
