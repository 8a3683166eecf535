"""Converted weights compute what the other library computes with them."""

import keras
import numpy as np
import pytest

import oracles
from cases import close, numbers
from keras_lstm_variants import (
    ESN,
    GRU,
    LMU,
    LSTM,
    MGU,
    CfC,
    GRUResetBefore,
    LayerNormSimpleRNN,
    MinGRU,
    PeepholeLSTM,
    ProjectedLSTM,
    SimpleRNN,
    convert_weights,
)
from oracles import sigmoid

pytestmark = pytest.mark.ci

BATCH, STEPS, FEATURES, UNITS = 2, 4, 3, 5
options = {"return_sequences": True, "scan": "graph"}


def inputs(rng):
    return rng.normal(size=(BATCH, STEPS, FEATURES)).astype("float32")


def loop(step, x, *states):
    """The outputs of a step, the first of its states, for all sequences."""
    hs = []
    for t in range(x.shape[1]):
        states = step(x[:, t], *states)
        hs.append(states[0])
    return np.stack(hs, axis=1)


@pytest.mark.parametrize(
    "name, ours",
    [
        ("RNN", SimpleRNN(UNITS, **options)),
        ("LSTM", LSTM(UNITS, **options)),
        ("GRU", GRU(UNITS, **options)),
    ],
)
@pytest.mark.parametrize("bias", [True, False])
def test_of_torch(name, ours, bias, rng):
    torch = pytest.importorskip("torch")
    theirs = getattr(torch.nn, name)(FEATURES, UNITS, batch_first=True, bias=bias)
    layer = type(ours).from_config({**ours.get_config(), "use_bias": bias})
    x = inputs(rng)
    expected = theirs(torch.tensor(x))[0].detach().numpy()
    close(convert_weights(theirs, layer)(x), expected, 1e-5)


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
def test_of_torch_with_a_projection(rng):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.LSTM(FEATURES, UNITS, batch_first=True, proj_size=2)
    x = inputs(rng)
    layer = convert_weights(theirs, ProjectedLSTM(UNITS, projection=2, **options))
    close(layer(x), theirs(torch.tensor(x))[0].detach().numpy(), 1e-5)


@pytest.mark.parametrize("theirs", [keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN])
def test_of_keras(theirs, rng):
    theirs = theirs(UNITS, return_sequences=True)
    x = inputs(rng)
    expected = numbers(theirs(x))
    ours = {"LSTM": LSTM, "GRU": GRU, "SimpleRNN": SimpleRNN}[type(theirs).__name__]
    close(convert_weights(theirs, ours(UNITS, **options))(x), expected, 1e-5)


RELU = {"activation": "relu", "recurrent_activation": "hard_sigmoid"}


@pytest.mark.parametrize(
    "theirs, ours, more",
    [
        (keras.layers.LSTM, LSTM, {"use_bias": False}),
        (keras.layers.GRU, GRU, {"use_bias": False}),
        (keras.layers.SimpleRNN, SimpleRNN, {"use_bias": False, "activation": "relu"}),
        (keras.layers.LSTM, LSTM, RELU),
        (keras.layers.LSTM, LSTM, {"go_backwards": True}),
        (keras.layers.GRU, GRUResetBefore, {}),
        (keras.layers.GRU, GRUResetBefore, {"use_bias": False}),
    ],
)
def test_of_keras_with_the_same_options(theirs, ours, more, rng):
    reset = {"reset_after": False} if ours is GRUResetBefore else {}
    theirs = theirs(UNITS, return_sequences=True, **reset, **more)
    x = inputs(rng)
    expected = numbers(theirs(x))
    for source in theirs, keras.layers.RNN(theirs.cell):
        if source is theirs or "go_backwards" not in more:
            close(convert_weights(source, ours(UNITS, **options, **more))(x), expected, 1e-5)
    weights = theirs.get_weights()  # which say nothing of their equations
    close(convert_weights(weights, ours(UNITS, **options, **more))(x), expected, 1e-5)


@pytest.mark.parametrize(
    "theirs, ours, says",
    [
        (keras.layers.LSTM(UNITS, activation="relu"), LSTM(UNITS), "activation=relu, LSTM has "),
        (keras.layers.SimpleRNN(UNITS), SimpleRNN(UNITS, activation="relu"), "activation=tanh, "),
        (
            keras.layers.GRU(UNITS, recurrent_activation="hard_sigmoid"),
            GRU(UNITS),
            "recurrent_activation=hard_sigmoid, GRU has recurrent_activation=sigmoid",
        ),
        (keras.layers.LSTM(UNITS, go_backwards=True), LSTM(UNITS), "go_backwards=True, LSTM has"),
        (
            keras.layers.GRU(UNITS, reset_after=False, use_bias=False),
            GRU(UNITS, use_bias=False),
            r"source is GRU\(reset_after=False\), which computes something else than GRU",
        ),
        (
            keras.layers.GRU(UNITS, use_bias=False),
            GRUResetBefore(UNITS, use_bias=False),
            "source is GRU, which computes something else than GRUResetBefore",
        ),
        (
            keras.layers.LSTMCell(UNITS, activation="relu"),
            LSTM(UNITS),
            "activation=relu, LSTM has activation=tanh: give both the same",
        ),
        (MGU(UNITS, use_bias=False), SimpleRNN(2 * UNITS, use_bias=False), "source is MGU"),
        (keras.layers.Dense(UNITS), SimpleRNN(UNITS), "source is Dense"),
    ],
)
def test_a_source_that_computes_something_else_is_refused(theirs, ours, says):
    theirs.build((None, FEATURES) if "Cell" in type(theirs).__name__ else (None, None, FEATURES))
    with pytest.raises(ValueError, match=says):
        convert_weights(theirs, ours)
    assert not ours.built


@pytest.mark.parametrize(
    "name, options_of_theirs, ours, says",
    [
        ("RNN", {"nonlinearity": "relu"}, SimpleRNN(UNITS), "activation=relu, SimpleRNN has "),
        ("RNN", {}, SimpleRNN(UNITS, activation="relu"), "activation=tanh, SimpleRNN has "),
        ("LSTM", {}, LSTM(UNITS, activation="relu"), "activation=tanh, LSTM has activation=relu"),
        ("GRU", {}, GRU(UNITS, recurrent_activation="hard_sigmoid"), "=sigmoid, GRU has "),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_a_module_of_torch_that_computes_something_else_is_refused(
    name, options_of_theirs, ours, says, inside
):
    torch = pytest.importorskip("torch")
    theirs = getattr(torch.nn, name)(FEATURES, UNITS, **options_of_theirs)
    with pytest.raises(ValueError, match=says):
        convert_weights(torch.nn.Sequential(theirs) if inside else theirs, ours)


def test_a_rectified_module_of_torch_becomes_a_rectified_layer(rng):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.RNN(FEATURES, UNITS, nonlinearity="relu", batch_first=True)
    x = inputs(rng)
    layer = convert_weights(theirs, SimpleRNN(UNITS, activation="relu", **options))
    close(layer(x), theirs(torch.tensor(x))[0].detach().numpy(), 1e-5)


@pytest.mark.parametrize("peepholes", [False, True])
def test_of_the_lstm_of_tensorflow_1(peepholes, rng):
    """i, j, f, o of [x, h]; the forget bias is added while it runs."""
    kernel, bias = rng.normal(size=(FEATURES + UNITS, 4 * UNITS)), rng.normal(size=4 * UNITS)
    p = {f"w_{gate}_diag": rng.normal(size=UNITS) * peepholes for gate in "ifo"}

    def step(x, h, c):
        i, j, f, o = np.split(np.concatenate([x, h], axis=1) @ kernel + bias, 4, axis=1)
        i, f = i + p["w_i_diag"] * c, f + p["w_f_diag"] * c
        c = sigmoid(f + 0.5) * c + sigmoid(i) * np.tanh(j)
        return sigmoid(o + p["w_o_diag"] * c) * np.tanh(c), c

    names = {"kernel": kernel, "bias": bias, **(p if peepholes else {})}
    source = {f"rnn/lstm_cell/{name}:0": weight for name, weight in names.items()}
    layer = (PeepholeLSTM if peepholes else LSTM)(UNITS, **options)
    convert_weights(source, layer, library="tensorflow", forget_bias=0.5)
    x, zeros = inputs(rng), np.zeros((BATCH, UNITS))
    close(layer(x), loop(step, x, zeros, zeros), 1e-5)


def test_of_the_gru_of_tensorflow_1(rng):
    """r, u of [x, h]; the candidate sees [x, r h]; u keeps."""
    gates, b = rng.normal(size=(FEATURES + UNITS, 2 * UNITS)), rng.normal(size=2 * UNITS)
    candidate, b_c = rng.normal(size=(FEATURES + UNITS, UNITS)), rng.normal(size=UNITS)

    def step(x, h):
        r, u = np.split(sigmoid(np.concatenate([x, h], axis=1) @ gates + b), 2, axis=1)
        c = np.tanh(np.concatenate([x, r * h], axis=1) @ candidate + b_c)
        return (u * h + (1 - u) * c,)

    source = {"gates/kernel": gates, "gates/bias": b}
    source |= {"candidate/kernel": candidate, "candidate/bias": b_c}
    layer = convert_weights(source, GRUResetBefore(UNITS, **options), library="tensorflow")
    x = inputs(rng)
    close(layer(x), loop(step, x, np.zeros((BATCH, UNITS))), 1e-5)


def test_of_the_rnn_of_tensorflow_1(rng):
    kernel, bias = rng.normal(size=(FEATURES + UNITS, UNITS)), rng.normal(size=UNITS)
    source = {"basic_rnn_cell/kernel": kernel, "basic_rnn_cell/bias": bias}
    layer = convert_weights(source, SimpleRNN(UNITS, **options), library="tensorflow")
    x = inputs(rng)
    expected = loop(
        lambda x, h: (np.tanh(np.concatenate([x, h], axis=1) @ kernel + bias),),
        x,
        np.zeros((BATCH, UNITS)),
    )
    close(layer(x), expected, 1e-5)


def test_of_addons(rng):
    W, R, b = (rng.normal(size=shape) for shape in ((FEATURES, UNITS), (UNITS, UNITS), (UNITS,)))
    gamma, x = rng.normal(size=UNITS), inputs(rng)
    weights = ({"h": W}, {"h": R}, {"h": b})
    zeros = np.zeros(UNITS)
    layer = convert_weights([R, W, b], ESN(UNITS, **options), library="addons")
    close(layer(x)[0], oracles.esn(x[0], zeros, *weights)[0], 1e-5)
    layer = LayerNormSimpleRNN(UNITS, **options)
    convert_weights([W, R, b, gamma], layer, library="addons")
    close(layer(x)[0], oracles.layer_norm_simple_rnn(x[0], zeros, *weights, gamma)[0], 1e-4)


@pytest.mark.parametrize(
    "mode, activation, says",
    [
        ("no_gate", "LeCun", "source has mode='no_gate'; CfC has the equations of 'default'"),
        ("default", "SiLU", "source has SiLU in its backbone; CfC has lecun_tanh"),
    ],
)
def test_another_cfc_of_ncps_is_refused(mode, activation, says):
    torch = pytest.importorskip("torch")
    module = torch.nn.Module()  # as ncps builds its cell
    module.mode = mode
    squash = type(activation, (torch.nn.Module,), {})()
    module.backbone = torch.nn.Sequential(torch.nn.Linear(7, 6), squash)
    with pytest.raises(ValueError, match=says):
        convert_weights(torch.nn.Sequential(module), CfC(4), library="ncps")


def test_of_ncps(rng):
    backbone = 4
    shapes = {"backbone.0": (backbone, FEATURES + UNITS)}
    shapes |= dict.fromkeys(("ff1", "ff2", "time_a", "time_b"), (UNITS, backbone))
    source = {f"{name}.weight": rng.normal(size=shape) for name, shape in shapes.items()}
    source |= {f"{name}.bias": rng.normal(size=shape[0]) for name, shape in shapes.items()}

    def linear(name, a):
        return a @ source[f"{name}.weight"].T + source[f"{name}.bias"]

    def step(row, h):
        x, time = row[:, :-1], row[:, -1:]
        a = 1.7159 * np.tanh(0.666 * linear("backbone.0", np.concatenate([x, h], axis=1)))
        late = sigmoid(linear("time_a", a) * time + linear("time_b", a))
        return (np.tanh(linear("ff1", a)) * (1 - late) + np.tanh(linear("ff2", a)) * late,)

    prefixed = {f"rnn_cell.{name}": weight for name, weight in source.items()}
    layer = CfC(UNITS, backbone_units=backbone, **options)
    convert_weights(prefixed, layer, library="ncps")
    x, times = inputs(rng), rng.uniform(size=(BATCH, STEPS, 1)).astype("float32")
    rows = np.concatenate([x, times], axis=-1)
    close(layer(x, elapsed=times), loop(step, rows, np.zeros((BATCH, UNITS))), 1e-5)


def test_of_keras_lmu(rng):
    order, theta = 4, 6.0
    shapes = (FEATURES + UNITS, 1), (order, 1), (order + FEATURES, UNITS), (UNITS, UNITS), (UNITS,)
    e, e_m, W, R, b = weights = [rng.normal(size=shape) for shape in shapes]
    A, B = oracles.legendre(order, theta)

    def step(x, h, m):
        u = np.concatenate([x, h], axis=1) @ e + m @ e_m
        m = m @ A.T + u * B
        return np.tanh(np.concatenate([m, x], axis=1) @ W + h @ R + b), m

    layer = convert_weights(weights, LMU(UNITS, order=order, theta=theta, **options),
                            library="keras_lmu")  # fmt: skip
    x = inputs(rng)
    close(layer(x), loop(step, x, np.zeros((BATCH, UNITS)), np.zeros((BATCH, order))), 1e-4)


@pytest.mark.parametrize(
    "source, layer, asked, says",
    [
        ([], LSTM(UNITS), "theano", "library must be one of 'keras', 'torch'"),
        ([], MinGRU(UNITS), "torch", "MinGRU has no counterpart in 'torch'"),
        ({"kernel": 0}, LSTM(UNITS), "tensorflow", "no 'bias', but kernel"),
        ([np.ones(1)], LSTM(UNITS), "keras", "must be 3 weights, kernel, recurrent_kernel, bias"),
        (3, LSTM(UNITS), "keras", "source must be a layer, a module, a dict"),
        ([np.ones((3, 8)), np.ones((2, 8)), np.ones(8)], LSTM(UNITS), "keras", "of the shapes"),
        (
            {"kernel": np.ones((8, 5)), "bias": np.ones(5), "other": np.ones(1)},
            SimpleRNN(UNITS),
            "tensorflow",
            "has other as well",
        ),
    ],
)
def test_refuses_what_does_not_fit(source, layer, asked, says):
    with pytest.raises(ValueError, match=says):
        convert_weights(source, layer, library=asked)
