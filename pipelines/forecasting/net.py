"""The recurrent net that forecasts: in the series' own unit at both ends."""

import difflib
import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_lstm_variants import CELLS, LAYERS

from ..errors import InputError, TrainingFailed
from .plan import Plan, Request, windows

ROWS = 1024  # windows that are forecast from at once
Progress = Callable[[int], None]  # told after each epoch, which it counts from 1


class Fit(NamedTuple):
    """A trained net.

    Attributes:
        model: From windows (batch, window, 1) to forecasts (batch, horizon), in the series' unit.
        loss: The least validation error, mean squared, in standard deviations of the training part.
        epochs: Epochs that ran.
        weights: Number of trained weights.
    """

    model: keras.Model
    loss: float
    epochs: int
    weights: int


def check_cell(cell: str) -> None:
    """Raises InputError if there is no such cell."""
    if cell not in LAYERS:
        near = difflib.get_close_matches(cell, LAYERS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "`lstm-variants cells` lists them"
        raise InputError(f"--cell: there is no cell {cell!r}: {hint}")


def build(cell: str, request: Request, plan: Plan) -> keras.Model:
    """Recurrent layers with dropout after each, and a linear layer, over scaled values.

    Raises:
        InputError: The cell cannot have so many units.
    """
    x = seen = keras.Input((plan.window, 1), name="values")
    if request.relative:
        x = seen - seen[:, -1:]
    for n, units in enumerate(request.units, 1):
        more = n < len(request.units)
        x = _layer(cell, units, return_sequences=more, name=f"recurrent_{n}")(x)
        x = keras.layers.Dropout(request.dropout)(x)
    x = keras.layers.Dense(plan.horizon, name="forecast")(x)
    if request.relative:
        x = x + seen[:, -1]
    return keras.Model(seen, x, name="scaled_forecaster")


def _layer(cell: str, units: int, **kwargs: Any) -> keras.layers.Layer:
    try:
        if "blocks" not in inspect.signature(CELLS[cell]).parameters:
            return LAYERS[cell](units, **kwargs)
        return LAYERS[cell](blocks=max(1, units // 2), cells_per_block=2, **kwargs)
    except (TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"--cell {cell}: {reason}") from None


def fit(
    cell: str,
    seed: int,
    values: np.ndarray,
    request: Request,
    plan: Plan,
    progress: Progress | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Fit:
    """Trains a net on the training part; the validation part says when to stop.

    Args:
        cell: The name of its cell.
        seed: Of its first weights, of dropout and of the order of windows.
        values: The series, of which the test part is not looked at.
        request: How to train.
        plan: How the series is taken apart.
        progress: Told after each epoch.
        callbacks: Called by Keras as well; "loss" and "val_loss" are mean squared errors in
            standard deviations of the training part.

    Raises:
        InputError: The cell cannot have so many units.
        TrainingFailed: The loss is not finite.
    """
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    net = build(cell, request, plan)
    net.compile(keras.optimizers.RMSprop(request.learning_rate), "mse")
    scaled = ((values - plan.mean) / plan.deviation).astype("float32")
    parts = {
        name: _dataset(*windows(scaled, first, last, plan), plan, request, seed)
        for name, first, last, seed in (
            ("training", plan.window, plan.validation, seed),
            ("validation", plan.validation, plan.test, None),
        )
    }
    watch = _Watch(progress)
    stop = keras.callbacks.EarlyStopping(
        "val_loss", patience=request.patience, restore_best_weights=True
    )
    history = net.fit(
        parts["training"],
        validation_data=parts["validation"],
        epochs=request.epochs,
        callbacks=[stop, watch, *callbacks],
        shuffle=False,  # the data set does
        verbose=0,
    ).history["val_loss"]
    if not np.isfinite(history).all():
        raise TrainingFailed(f"{cell}, seed {seed}: the loss is not finite: epoch {watch.done}")
    return Fit(_unscaled(net, plan), float(min(history)), watch.done, net.count_params())


def _dataset(
    steps: np.ndarray, targets: np.ndarray, plan: Plan, request: Request, seed: int | None
) -> Any:
    return keras.utils.timeseries_dataset_from_array(
        steps[:, None],
        targets,
        sequence_length=plan.window,
        batch_size=request.batch_size,
        shuffle=seed is not None,
        seed=seed,
    )


def _unscaled(net: keras.Model, plan: Plan) -> keras.Model:
    """The same net for values in the series' own unit, which an export then takes and gives."""
    values = keras.Input((plan.window, 1), name="values")
    scale = keras.layers.Rescaling(1 / plan.deviation, -plan.mean / plan.deviation)
    back = keras.layers.Rescaling(plan.deviation, plan.mean)
    return keras.Model(values, back(net(scale(values))), name="forecaster")


def predict(model: keras.Model, seen: np.ndarray) -> np.ndarray:
    """Forecasts (origins, horizon), in float64, of windows (origins, window)."""
    batches = np.array_split(seen[..., None].astype("float32"), -(-len(seen) // ROWS))
    given = [keras.ops.convert_to_numpy(model(batch, training=False)) for batch in batches]
    return np.concatenate(given).astype("float64")


class _Watch(keras.callbacks.Callback):
    def __init__(self, progress: Progress | None) -> None:
        super().__init__()
        self.done, self.progress = 0, progress

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.done = epoch + 1
        if self.progress:
            self.progress(self.done)
