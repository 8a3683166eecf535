"""What the sources derive of gradients through time, computed: without training, in seconds.

Hochreiter & Schmidhuber 1997, sections 3 and 4; Bengio, Simard & Frasconi 1994. In NumPy from the
equations, and beside it what the layers of this package compute.
"""

from itertools import product
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_lstm_variants import LAYERS
from keras_lstm_variants.recording import sensitivity

from .definition import Result

STEEPEST = 0.25  # max f'(net) of the logistic function
UNITS = 3


def logistic(net: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-net))


def slope(net: np.ndarray) -> np.ndarray:
    """The derivative of the logistic function."""
    return logistic(net) * (1 - logistic(net))


def net_inputs(x: np.ndarray, h: np.ndarray, W: np.ndarray, R: np.ndarray) -> list[np.ndarray]:
    """The net inputs of a simple RNN of logistic units at all steps."""
    nets = []
    for x_t in x:
        nets.append(x_t @ W + h @ R)
        h = logistic(nets[-1])
    return nets


def over_paths(R: np.ndarray, nets: list[np.ndarray], v: int, u: int) -> tuple[float, int]:
    """The derivative of h_u at the end by h_v at the beginning as the sum over all paths.

    Each path goes through one unit at every step between, so through q - 1 of n units; it
    contributes the product of f'(net) w along it.

    Args:
        R: Recurrent weights, from row to column.
        nets: The net inputs of the q steps.
        v, u: The unit in which a path begins, and the one in which it ends.

    Returns:
        The sum, and how many paths there are: n^(q-1).
    """
    q, n = len(nets), len(R)
    total, paths = 0.0, 0
    for between in product(range(n), repeat=q - 1):
        units = (v, *between, u)
        factors = [slope(nets[m][units[m + 1]]) * R[units[m], units[m + 1]] for m in range(q)]
        total += float(np.prod(factors))
        paths += 1
    return total, paths


def jacobian(layer: Any, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    """d h_T[u] / d h_0[v] of a layer by automatic differentiation, of shape (v, u)."""
    start = tf.constant(h[None])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(start)
        end = layer(x[None], initial_state=[start])
    return tape.jacobian(end, start, experimental_use_pfor=False)[0, :, 0].numpy().T


def simple_rnn(W: np.ndarray, R: np.ndarray, activation: str) -> Any:
    """A `SimpleRNN` without biases, in double precision, with these weights."""
    layer = LAYERS["simple_rnn"](
        R.shape[0], activation=activation, use_bias=False, scan="plain", dtype="float64"
    )
    layer.build((None, None, W.shape[0]))
    layer.set_weights([W, R])
    return layer


def path_sums(seed: int) -> Result:
    """The gradient over q steps is a sum over n^(q-1) paths: counted, added up, and compared."""
    rng = np.random.default_rng(seed)
    W, R = rng.normal(size=(2, UNITS)), rng.normal(size=(UNITS, UNITS))
    h, x = rng.random(UNITS), rng.normal(size=(7, 2))
    layer = simple_rnn(W, R, "sigmoid")
    rows: list[list[Any]] = [["steps q", "paths", "n^(q-1)", "sum over paths", "autodiff"]]
    worst = 0.0
    for q in range(1, len(x) + 1):
        nets = net_inputs(x[:q], h, W, R)
        of_all = [[over_paths(R, nets, v, u) for u in range(UNITS)] for v in range(UNITS)]
        sums = np.array([[found[0] for found in row] for row in of_all])
        exact = jacobian(layer, x[:q], h)
        worst = max(worst, float(np.abs(sums - exact).max()))
        rows.append([q, of_all[0][0][1], UNITS ** (q - 1), sums[0, 0], exact[0, 0]])
    curve = {"|d h_1(T) / d h_1(T-q)|": [(row[0], abs(row[3])) for row in rows[1:]]}
    counted = all(row[1] == row[2] for row in rows[1:])
    return Result(
        {"largest difference": worst}, bool(worst < 1e-12 and counted), curve=curve, rows=rows
    )


def gradient_bound(seed: int) -> Result:
    """No weight below 4 / n keeps a logistic net's gradient: the bound beside what is measured."""
    rng = np.random.default_rng(seed)
    n, lags = 8, range(1, 31)
    rows: list[list[Any]] = [["n w_max / 4", "steps q", "largest measured", "n (n w_max / 4)^q"]]
    curve: dict[str, list[tuple[float, float]]] = {}
    holds = True
    for factor in (0.5, 0.9, 1.5):
        w_max = 4 * factor / n
        W, R = rng.normal(size=(2, n)), rng.uniform(-w_max, w_max, (n, n))
        R[rng.integers(n), rng.integers(n)] = w_max
        nets = net_inputs(rng.normal(size=(len(lags), 2)), rng.random(n), W, R)
        through, measured, bound = np.eye(n), [], []
        for q in lags:
            through = through @ (R * slope(nets[q - 1]))
            measured.append(float(np.abs(through).max()))
            bound.append(float(n * (n * w_max * STEEPEST) ** q))
        holds &= bool(np.all(np.less_equal(measured, bound)))
        rows += [[factor, q, measured[q - 1], bound[q - 1]] for q in (1, 10, 30)]
        curve[f"measured, n w/4 = {factor}"] = list(zip(lags, measured, strict=True))
        curve[f"bound, n w/4 = {factor}"] = list(zip(lags, bound, strict=True))
    return Result({}, holds, curve=curve, rows=rows)


def saturating_weight(seed: int) -> Result:
    """A larger weight does not help: f'(net) w goes to zero as w grows, as net = w h grows too."""
    weights = np.geomspace(0.1, 200, 300)
    rows: list[list[Any]] = [["h(t-1)", "largest |f'(w h) w|", "at w", "at w = 200"]]
    curve = {}
    holds = True
    for h in (1.0, 0.5, 0.25):
        factor = slope(weights * h) * weights
        top = int(factor.argmax())
        rows.append([h, float(factor[top]), float(weights[top]), float(factor[-1])])
        curve[f"h = {h}"] = list(zip(weights.tolist(), factor.tolist(), strict=True))
        holds &= bool(factor[-1] < 1e-6 and np.all(np.diff(factor[top:]) <= 0))
    return Result({}, holds, curve=curve, rows=rows)


def explode_or_decay(seed: int) -> Result:
    """The gradient over q steps through one linear unit of weight w is w^q."""
    lags = range(1, 51)
    rows: list[list[Any]] = [["recurrent weight", "lag", "autodiff", "w^lag"]]
    curve, worst = {}, 0.0
    for w in (0.5, 0.9, 1.0, 1.1, 1.5):
        layer = simple_rnn(np.ones((1, 1)), np.array([[w]]), "linear")
        reach = sensitivity(layer, np.zeros((1, len(lags) + 1, 1)), to="h")[0, :, 0][: len(lags)]
        exact = w ** np.array(lags, float)
        worst = max(worst, float(np.abs(reach / exact - 1).max()))
        rows += [[w, q, float(reach[q - 1]), float(exact[q - 1])] for q in (10, 50)]
        curve[f"w = {w}"] = list(zip(lags, reach.tolist(), strict=True))
    return Result({"largest relative error": worst}, worst < 1e-9, curve=curve, rows=rows)


def vanishing_at_start(seed: int) -> Result:
    """How far back an untrained simple RNN sees: about ten steps."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    n, shown = 32, (1, 10, 20, 50)
    x = rng.normal(size=(4, 60, n)).astype("float32")
    small = keras.initializers.RandomUniform(-0.1, 0.1, seed=seed)
    nets: dict[str, dict[str, Any]] = {
        "tanh, as Keras starts": {},
        "tanh, uniform in [-0.1, 0.1]": {"recurrent_initializer": small},
        "logistic, as Keras starts": {"activation": "sigmoid"},
    }
    rows: list[list[Any]] = [["simple RNN", *(f"lag {q}" for q in shown)]]
    curve = {}
    for label, options in nets.items():
        layer = LAYERS["simple_rnn"](n, scan="plain", **options)
        layer.build(x.shape)
        reach = sensitivity(layer, x, to="h").mean(axis=0)[:, 0]
        rows.append([label, *(float(reach[q - 1]) for q in shown)])
        curve[label] = [(q, float(reach[q - 1])) for q in range(1, len(reach))]
    small_at_ten = rows[1][2] < 0.1 and rows[1][3] < 0.01
    return Result({}, bool(small_at_ten), curve=curve, rows=rows)


def recent_inputs(seed: int) -> Result:
    """What share of the gradient goes to the last k inputs: training is biased towards the new."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    n, steps, shown = 32, 60, (1, 5, 10, 20)
    x = rng.normal(size=(4, steps, 8)).astype("float32")
    nets: dict[str, tuple[str, dict[str, Any]]] = {
        "simple_rnn": ("simple_rnn", {}),
        "lstm, forget bias 0": ("lstm", {"unit_forget_bias": False}),
        "lstm, forget bias 1": ("lstm", {}),
        "lstm, forget bias 5": ("lstm", {"gate_bias": {"f": 5.0}}),
        "lstm_1997, full gradient": ("lstm_1997", {"gradient": "full"}),
    }
    rows: list[list[Any]] = [["net, untrained", *(f"last {k}" for k in shown)]]
    curve = {}
    for label, (name, options) in nets.items():
        layer = LAYERS[name](n, scan="plain", **options)
        layer.build(x.shape)
        reach = sensitivity(layer, x).mean(axis=0)[-1]
        share = np.cumsum(reach[::-1]) / reach.sum()
        rows.append([label, *(float(share[k - 1]) for k in shown)])
        curve[label] = [(k, float(share[k - 1])) for k in range(1, steps + 1)]
    return Result({}, bool(rows[1][3] > 0.9), curve=curve, rows=rows)


def backpropagation(seed: int) -> Result:
    """Back-propagation through time, step by step: deltas from the last step to the first.

    A simple RNN of tanh units, whose error is asked for at the last step: delta_T = f'(net_T) e,
    delta_t = f'(net_t) (R delta_{t+1}). As x enters through the identity, the gradient of the loss
    by x_t is delta_t, which is what automatic differentiation gives.
    """
    rng = np.random.default_rng(seed)
    steps, n = 6, UNITS
    R = rng.normal(size=(n, n)) / np.sqrt(n)
    x, target = rng.normal(size=(steps, n)), rng.normal(size=n)
    h = [np.zeros(n)]
    for x_t in x:  # t = 1 .. T
        h.append(np.tanh(x_t + h[-1] @ R))
    deltas = {steps: (1 - h[steps] ** 2) * (h[steps] - target)}
    for t in range(steps - 1, 0, -1):  # t = T-1 .. 1
        deltas[t] = (1 - h[t] ** 2) * (R @ deltas[t + 1])
    of_R = sum(np.outer(h[t - 1], deltas[t]) for t in deltas)  # then all weights are changed

    layer = simple_rnn(np.eye(n), R, "tanh")
    sequences = tf.constant(x[None])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(sequences)
        loss = tf.reduce_sum((layer(sequences)[0] - target) ** 2) / 2
    auto = tape.gradient(loss, sequences)[0].numpy()
    auto_R = tape.gradient(loss, layer.trainable_variables[1]).numpy()
    worst = max(
        float(np.abs(auto_R - of_R).max()),
        *(float(np.abs(deltas[t] - auto[t - 1]).max()) for t in deltas),
    )
    rows: list[list[Any]] = [
        ["t", *(f"delta of unit {u + 1}" for u in range(n)), "autodiff differs by"]
    ]
    for t in sorted(deltas, reverse=True):
        off = float(np.abs(deltas[t] - auto[t - 1]).max())
        rows.append([t, *map(float, deltas[t]), off])
    sizes = [(t, float(np.linalg.norm(deltas[t]))) for t in sorted(deltas)]
    return Result(
        {"largest difference": worst}, worst < 1e-12, curve={"|delta_t|": sizes}, rows=rows
    )
