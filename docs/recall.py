"""Trains a simple RNN, an LSTM and a GRU to recall the first of many symbols.

python docs/recall.py FOLDER [STEPS] writes a .keras file for each cell, and sequences.npy.
"""

import sys
from pathlib import Path

import keras
import numpy as np

from keras_lstm_variants import LAYERS

CELLS = ("simple_rnn", "gru", "lstm")
KINDS, STEPS, UNITS, UPDATES, BATCH, RATE = 4, 40, 16, 600, 32, 0.01


def sequences(count: int, steps: int, random: np.random.Generator):
    """The first symbol says the class; those that follow are others, and say nothing."""
    classes = random.integers(KINDS, size=count)
    symbols = random.integers(KINDS, 2 * KINDS, size=(count, steps))
    symbols[:, 0] = classes
    return np.eye(2 * KINDS, dtype="float32")[symbols], classes


def train(cell: str, steps: int, updates: int) -> tuple[keras.Model, float]:
    keras.utils.set_random_seed(1)
    random = np.random.default_rng(1)
    x = keras.Input((steps, 2 * KINDS))
    h = LAYERS[cell](UNITS, name=cell)(x)
    model = keras.Model(x, keras.layers.Dense(KINDS)(h), name=cell)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE, clipnorm=1.0), loss, metrics=["accuracy"])
    model.fit(*sequences(updates * BATCH, steps, random), batch_size=BATCH, verbose=0)
    return model, model.evaluate(*sequences(2000, steps, random), verbose=0)[1]


def main(folder: Path, steps: int = STEPS, updates: int = UPDATES) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for cell in CELLS:
        model, accuracy = train(cell, steps, updates)
        model.save(folder / f"{cell}.keras")
        print(f"{cell}: {accuracy:.1%} right over {steps} steps")
    np.save(folder / "sequences.npy", sequences(16, steps, np.random.default_rng(2))[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
