"""Times every layer beside keras.layers.LSTM and keras.layers.RNN(cell), interleaved.

    python benchmarks/layers.py [--shape B,T,D,H ...] [--rounds N] [--cells NAME ...]

Prints, for each shape, the median time of forward, and of forward with the gradients of input and
weights, and its ratio to keras.layers.LSTM without cuDNN. Absolute times depend on the machine and
on what else it does; the ratios are what to look at.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from keras_lstm_variants import CELLS, LAYERS

SHAPES = ["32,64,128,128", "64,32,150,100", "1,40,300,128"]


def make(name: str, units: int, plain: bool) -> keras.Layer:
    size = {"blocks": units // 4, "cells_per_block": 4} if "block" in name or "1997" in name else {}
    size = size or {"units": units}
    if plain:
        return keras.layers.RNN(CELLS[name](**size), return_sequences=True)
    return LAYERS[name](**size, return_sequences=True)


def timed(layer: keras.Layer, x: tf.Tensor) -> dict[str, Callable[[], object]]:
    """The layer's two compiled functions, called once so that they are traced."""
    upstream = tf.ones_like(layer(x))

    @tf.function
    def forward(x: tf.Tensor) -> tf.Tensor:
        return layer(x)

    @tf.function
    def training(x: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x) * upstream)
        return tape.gradient(loss, [x, *layer.trainable_variables])

    calls = {"forward": lambda: forward(x), "training": lambda: training(x)}
    for call in calls.values():
        call()
    return calls


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shape", nargs="+", default=SHAPES, help="batch,steps,features,units")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--cells", nargs="+", default=list(LAYERS), choices=list(LAYERS))
    options = parser.parse_args()

    for shape in options.shape:
        batch, steps, features, units = map(int, shape.split(","))
        x = tf.constant(np.random.default_rng(0).normal(size=(batch, steps, features)), tf.float32)
        layers = {"keras LSTM": keras.layers.LSTM(units, return_sequences=True, use_cudnn=False)}
        for name in options.cells:
            layers[name] = make(name, units, plain=False)
            layers[f"RNN({name})"] = make(name, units, plain=True)
        calls = {name: timed(layer, x) for name, layer in layers.items()}
        times: dict[tuple[str, str], list[float]] = {}
        for _ in range(options.rounds):
            for name, both in calls.items():
                for kind, call in both.items():
                    began = time.perf_counter()
                    call()
                    times.setdefault((name, kind), []).append(1e3 * (time.perf_counter() - began))
        print(f"\nB={batch} T={steps} D={features} H={units}, median ms (ratio to keras LSTM)")
        for name in calls:
            cells = []
            for kind in ("forward", "training"):
                median = statistics.median(times[name, kind])
                ratio = median / statistics.median(times["keras LSTM", kind])
                cells.append(f"{kind} {median:8.2f} ({ratio:.2f})")
            print(f"{name:24} {'   '.join(cells)}")


if __name__ == "__main__":
    main()
