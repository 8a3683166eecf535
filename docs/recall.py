"""Trains simple RNNs and LSTMs to recall the first of many symbols, from different first weights.

python docs/recall.py FOLDER [STEPS [UPDATES]] writes four .keras files and sequences.npy.
"""

import sys
from pathlib import Path

import keras
import numpy as np

from keras_lstm_variants import LSTM, SimpleRNN

KINDS, STEPS, UNITS, UPDATES, BATCH, RATE = 4, 40, 16, 500, 32, 0.01
LAYERS = {
    "rnn_uniform": lambda: SimpleRNN(
        UNITS, recurrent_initializer=keras.initializers.RandomUniform(-0.2, 0.2)
    ),
    "rnn_orthogonal": lambda: SimpleRNN(UNITS),
    "lstm_bias_1": lambda: LSTM(UNITS),
    "lstm_bias_4": lambda: LSTM(UNITS, gate_bias={"f": 4.0}),
}


def sequences(count: int, steps: int, random: np.random.Generator):
    """The first symbol says the class; those that follow are others, and say nothing."""
    classes = random.integers(KINDS, size=count)
    symbols = random.integers(KINDS, 2 * KINDS, size=(count, steps))
    symbols[:, 0] = classes
    return np.eye(2 * KINDS, dtype="float32")[symbols], classes


def train(name: str, steps: int, updates: int) -> tuple[keras.Model, float]:
    keras.utils.set_random_seed(1)
    random = np.random.default_rng(1)
    x = keras.Input((steps, 2 * KINDS))
    model = keras.Model(x, keras.layers.Dense(KINDS)(LAYERS[name]()(x)), name=name)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE, clipnorm=1.0), loss, metrics=["accuracy"])
    model.fit(*sequences(updates * BATCH, steps, random), batch_size=BATCH, verbose=0)
    return model, model.evaluate(*sequences(1000, steps, random), verbose=0)[1]


def main(folder: Path, steps: int = STEPS, updates: int = UPDATES) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in LAYERS:
        model, accuracy = train(name, steps, updates)
        model.save(folder / f"{name}.keras")
        print(f"{name}: {accuracy:.1%} right over {steps} steps")
    np.save(folder / "sequences.npy", sequences(16, steps, np.random.default_rng(2))[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
