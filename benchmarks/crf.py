"""Times the CRF's loss and decoding beside a bidirectional LSTM of 2 x 100 units.

    python benchmarks/crf.py [--shape B,T,K ...] [--rounds N]

Prints, for each shape, median times; the loss and the encoder with all gradients.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from keras_lstm_variants import CRF, BestPath, CRFLoss, Marginals

SHAPES = ["32,128,20", "32,20,20", "32,256,20"]
FEATURES, UNITS = 100, 100


def calls(batch: int, steps: int, tags: int) -> dict[str, Callable[[], object]]:
    rng = np.random.default_rng(0)
    scores = tf.constant(rng.normal(size=(batch, steps, tags)), tf.float32)
    x = tf.constant(rng.normal(size=(batch, steps, FEATURES)), tf.float32)
    mask = tf.constant(np.arange(steps) < rng.integers(1, steps + 1, (batch, 1)))
    path = tf.constant(rng.integers(0, tags, (batch, steps)))
    crf, loss = CRF(tags, initializer="random_normal"), CRFLoss()
    encoder = keras.layers.Bidirectional(
        keras.layers.LSTM(UNITS, return_sequences=True, use_cudnn=False)
    )
    chain, best, marginals = crf(scores, mask=mask), BestPath(), Marginals()
    encoder(x, mask=mask)

    @tf.function
    def encode() -> object:
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(encoder(x, mask=mask))
        return tape.gradient(total, [x, *encoder.trainable_variables])

    @tf.function
    def train() -> object:
        with tf.GradientTape() as tape:
            tape.watch(scores)
            total = loss(path, crf(scores, mask=mask))
        return tape.gradient(total, [scores, *crf.trainable_variables])

    @tf.function
    def decode() -> object:
        return best(chain)

    @tf.function
    def probabilities() -> object:
        return marginals(chain)

    return {"encoder": encode, "loss": train, "best path": decode, "marginals": probabilities}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shape", nargs="+", default=SHAPES, help="batch,steps,tags")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    for shape in options.shape:
        timed: dict[str, list[float]] = {}
        functions = calls(*map(int, shape.split(",")))
        for function in functions.values():
            function()
        for _ in range(options.rounds):
            for name, function in functions.items():
                began = time.perf_counter()
                function()
                timed.setdefault(name, []).append(1e3 * (time.perf_counter() - began))
        medians = {name: statistics.median(times) for name, times in timed.items()}
        print(shape, "  ".join(f"{name} {ms:.1f} ms" for name, ms in medians.items()), flush=True)


if __name__ == "__main__":
    main()
