"""What the sources say of cells and gates, shown on cells whose gates are set by hand."""

from typing import Any

import keras
import numpy as np

from keras_lstm_variants import CELLS, LAYERS, CoupledGateLSTMCell
from keras_lstm_variants.recording import sensitivity, state_names

from . import training
from .context_experiments import BEGINNING
from .definition import Result
from .reber import SYMBOLS, continual
from .tasks import one_hot

PIECE = 50  # symbols of a stream that are read in one call
OPEN = 1000.0  # a net input at which a logistic gate is one


def gate_schedule(seed: int) -> Result:
    """Graves' picture of seven steps: write at 1, hold, read at 4 and 6, forget at 7.

    The gates are forced by inputs of their own: a large number opens one, a large negative one
    shuts it. Shown is how much the cell and the output depend on the first input.
    """
    steps = np.arange(1, 8)
    opened = {"i": np.isin(steps, (1, 7)), "f": steps != 7, "o": np.isin(steps, (4, 6))}
    layer = LAYERS["lstm"](1, return_sequences=True, scan="plain", dtype="float64")
    layer.build((None, None, 4))
    # Inputs: one for each of the gates i, f and o, and the one that is written, through z.
    kernel = np.zeros((4, 4))
    kernel[[0, 1, 3], [0, 1, 3]] = OPEN
    kernel[2, 2] = 1.0
    layer.set_weights([kernel, np.zeros((1, 4)), np.zeros(4)])
    gates = {gate: np.where(is_open, 1.0, -1.0) for gate, is_open in opened.items()}
    x = np.stack([gates["i"], gates["f"], np.where(steps == 1, 0.5, -0.5), gates["o"]], axis=-1)
    # By the first input alone: the forced gates are saturated, so no gradient goes through them.
    of_c, of_h = (sensitivity(layer, x[None], of=name)[0, :, 0] for name in ("c", "h"))
    rows: list[list[Any]] = [["step", "input gate", "forget gate", "output gate", "cell", "output"]]
    for n, step in enumerate(steps):
        at = ["open" if opened[gate][n] else "shut" for gate in "ifo"]
        rows.append([int(step), *at, float(of_c[n]), float(of_h[n])])
    curve = {
        "cell": list(zip(steps.tolist(), of_c.tolist(), strict=True)),
        "output": list(zip(steps.tolist(), of_h.tolist(), strict=True)),
    }
    kept = np.all(of_c[:6] == of_c[0]) and of_c[0] > 0 and of_c[6] == 0
    shown = np.all((of_h > 0) == opened["o"])
    return Result({}, bool(kept and shown), curve=curve, rows=rows)


def carrousel(seed: int) -> Result:
    """The error in a cell of 1997 is constant; with the full gradient, or forget gates, not."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    lags = (1, 10, 100)
    x = rng.normal(size=(2, lags[-1] + 1, 8))
    nets: dict[str, tuple[str, dict[str, Any]]] = {
        "cec, truncated": ("cec", {}),
        "lstm_1997, truncated": ("lstm_1997", {}),
        "lstm_1997, full": ("lstm_1997", {"gradient": "full"}),
        "lstm, forget bias 0": ("lstm", {"unit_forget_bias": False}),
        "lstm, forget bias 1": ("lstm", {}),
        "lstm, forget bias 5": ("lstm", {"gate_bias": {"f": 5.0}}),
    }
    rows: list[list[Any]] = [["net, untrained", *(f"lag {q}" for q in lags)]]
    curve = {}
    for label, (name, options) in nets.items():
        layer = LAYERS[name](16, scan="plain", dtype="float64", **options)
        layer.build(x.shape)
        reach = sensitivity(layer, x, of="c", to="c").mean(axis=0)[:, 0]
        rows.append([label, *(float(reach[q - 1]) for q in lags)])
        curve[label] = [(q + 1, float(reach[q])) for q in range(lags[-1])]
    constant = all(row[1:] == [1.0] * len(lags) for row in rows[1:3])
    return Result({}, constant, curve=curve, rows=rows)


def trained_reach(seed: int) -> Result:
    """How much the last output of a trained net depends on each input, for an RNN and an LSTM."""
    lags = (1, 10, 30, 59)
    rows: list[list[Any]] = [["net, trained", "right", *(f"{lag} back" for lag in lags)]]
    curve = {}
    for cell in ("simple_rnn", "lstm"):
        arm = next(arm for arm in BEGINNING.arms if arm.net.cell == cell)
        trainer, result = training.trained(arm, BEGINNING.protocol(arm, True), seed)
        layer = trainer.built.layers[0]
        symbols = arm.task.batch(np.random.default_rng([seed, 3]), 4).x
        x = np.stack([one_hot(row, arm.task.features) for row in symbols]).astype("float32")
        reach = sensitivity(layer, x)[:, -1, ::-1]
        usual = np.median(reach, axis=0)
        rows.append([cell, result.measures["share right"], *(float(usual[lag]) for lag in lags)])
        for n, one in enumerate(reach):
            curve[f"{cell}, sentence {n + 1}"] = [(k, float(v)) for k, v in enumerate(one) if v > 0]
    return Result({}, bool(rows[2][4] > 10 * rows[1][4]), curve=curve, rows=rows)


def cell_gradients(seed: int) -> Result:
    """|d c_T / d c_0| of every untrained cell; without a c, of the state that reaches furthest."""
    rng = np.random.default_rng(seed)
    lags = (1, 10, 30)
    x = rng.normal(size=(1, lags[-1] + 1, 8))
    rows: list[list[Any]] = [["cell", "state", *(f"lag {q}" for q in lags)]]
    curve = {}
    for name in CELLS:
        keras.utils.set_random_seed(seed)
        layer = LAYERS[name](8, scan="plain", dtype="float64")
        layer.build(x.shape)
        state, reach = "c", _own_reach(layer, x, "c") if "c" in state_names(layer) else None
        if reach is None or not reach.any():
            every = {name: _own_reach(layer, x, name) for name in state_names(layer)}
            state, reach = max(every.items(), key=lambda item: item[1][lags[1] - 1])
        rows.append([name, state, *(float(reach[q - 1]) for q in lags)])
        curve[name] = [(q + 1, float(reach[q])) for q in range(lags[-1])]
    finite = all(np.isfinite(row[2:]).all() for row in rows[1:])
    return Result({}, bool(finite), curve=curve, rows=rows)


def _own_reach(layer: Any, x: np.ndarray, state: str) -> np.ndarray:
    """How much a state depends on itself, by the steps between."""
    return sensitivity(layer, x, of=state, to=state)[0, :, 0]


def clock(period: int, periods: int, peepholes: bool) -> tuple[np.ndarray, np.ndarray]:
    """One cell whose weights are set by hand counts to `period`, spikes, and starts again.

    It adds one at each step, is cleared when it has reached the period, and shown just then, though
    its output gate is shut in between: its gates see it through peepholes alone.

    Returns:
        The outputs divided by the period, and what they should be.
    """
    steep, steps = 40.0, periods * period
    layer = LAYERS["peephole_lstm"](1, activation="linear", return_sequences=True, dtype="float64")
    layer.build((None, None, 1))
    enough = steep * (period - 0.5)
    bias = np.array([OPEN, enough, 1.0, -enough])
    weights = [np.array([peepholes * p]) for p in (0.0, -steep, steep)]
    layer.set_weights([np.zeros((1, 4)), np.zeros((1, 4)), bias, *weights])
    spikes = np.zeros(steps)
    spikes[period - 1 :: period] = 1.0
    outputs = keras.ops.convert_to_numpy(layer(np.zeros((1, steps, 1))))[0, :, 0] / period
    return outputs, spikes


def peephole_clock(seed: int) -> Result:
    """With peepholes one cell can keep exact time behind a shut output gate; without, it cannot."""
    rows: list[list[Any]] = [["period", "periods", "error with peepholes", "error without"]]
    curve, worst, least = {}, 0.0, np.inf
    for period in (10, 20, 30, 50):
        errors = []
        for peepholes in (True, False):
            outputs, spikes = clock(period, 1000, peepholes)
            errors.append(float(np.abs(outputs - spikes).max()))
        outputs, _ = clock(period, 3, True)
        curve[f"period {period}"] = [(t + 1, float(y)) for t, y in enumerate(outputs)]
        rows.append([period, 1000, *errors])
        worst, least = max(worst, errors[0]), min(least, errors[1])
    return Result({}, bool(worst < 0.49 < least), curve=curve, rows=rows)


def never_reset(seed: int) -> Result:
    """Without a forget gate the states grow with the length of a stream that is never reset."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    shown = (100, 500, 1000, 2000)
    symbols = [SYMBOLS.index(symbol) for symbol, _ in first_of(continual(rng), shown[-1])]
    x = one_hot(symbols, len(SYMBOLS)).astype("float32")[None]
    rows: list[list[Any]] = [["cell, untrained", *(f"after {t}" for t in shown)]]
    curve = {}
    for name in ("no_forget_gate_lstm", "peephole_lstm"):
        layer = LAYERS[name](12, return_state=True)
        layer.build(x.shape)
        states, sizes = layer.get_initial_state(1), {}
        for t in range(0, shown[-1], PIECE):
            _, *states = layer(x[:, t : t + PIECE], initial_state=states)
            c = keras.ops.convert_to_numpy(states[1])
            sizes[t + PIECE] = float(np.abs(c).mean())
        rows.append([name, *(sizes[t] for t in shown)])
        curve[name] = list(sizes.items())
    grows = rows[1][4] > 10 * rows[1][1] and rows[2][4] < 2.0
    return Result({}, bool(grows), curve=curve, rows=rows)


def first_of(stream: Any, count: int) -> list[Any]:
    """The first things of a stream without end."""
    return [one for _, one in zip(range(count), stream, strict=False)]


class Unsquashed(CoupledGateLSTMCell):
    """A coupled-gate LSTM whose state is shown as it is."""

    def h(self, c: Any) -> Any:
        return c


def gru_is_an_lstm(seed: int) -> Result:
    """A GRU that never resets is an LSTM without output gate, whose forget gate is 1 - i."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    units, features = 5, 3
    options: dict[str, Any] = dict(return_sequences=True, scan="plain", dtype="float64")
    gru = LAYERS["gru"](units, **options)
    options = {key: value for key, value in options.items() if key != "scan"}
    lstm = keras.layers.RNN(Unsquashed(units, dtype="float64"), **options)
    x = rng.normal(size=(2, 12, features))
    for layer in (gru, lstm):
        layer.build(x.shape)
    kernel, recurrent, bias = gru.get_weights()
    of_r = slice(units, 2 * units)
    kernel[:, of_r], recurrent[:, of_r], bias[:, of_r] = 0.0, 0.0, [[OPEN], [0.0]]
    gru.set_weights([kernel, recurrent, bias])

    def coupled(columns: np.ndarray, of_o: float) -> np.ndarray:
        u, _, z = np.split(columns, 3, axis=-1)
        return np.concatenate([-u, z, np.full_like(u, of_o)], axis=-1)  # i = 1 - u

    columns = [coupled(kernel, 0.0), coupled(recurrent, 0.0), coupled(bias[0], OPEN)]
    lstm.set_weights([*columns, np.zeros(units), np.zeros(units)])
    outputs = [keras.ops.convert_to_numpy(layer(x)) for layer in (gru, lstm)]
    worst = float(np.abs(outputs[0] - outputs[1]).max())
    rows = [["units", "steps", "largest difference"], [units, x.shape[1], worst]]
    return Result({"largest difference": worst}, worst < 1e-12, rows=rows)
