"""Every cell, saved here and loaded in another process."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_lstm_variants
from cases import (
    BACKEND,
    CASES,
    FEATURES,
    FLOAT,
    MASK,
    equal,
    few,
    keras_rnn,
    own_layer,
    padded,
    sequences,
    taken,
)
from keras_lstm_variants import exporting

NAMES = few()
pytestmark = pytest.mark.timeout(3600)  # the first waits for all cells, which at night are many
LOAD = """
import sys
import keras
import numpy as np
import keras_lstm_variants

folder, *names = sys.argv[1:]
inputs = np.load(f"{folder}/inputs.npz")
models = {name: keras.models.load_model(f"{folder}/{name}.keras") for name in names}
inputs = [inputs["x"], inputs["mask"]]
outputs = {name: keras.ops.convert_to_numpy(model(inputs)) for name, model in models.items()}
np.savez(f"{folder}/outputs.npz", **outputs)
"""


def model_of(name, rng):
    """A model of the cell's layer and of Keras' loop over it, every weight random."""
    x, mask = keras.Input((None, FEATURES), dtype=FLOAT), keras.Input((None,), dtype="bool")
    layer = own_layer(name, return_sequences=True, dropout=0.5, **CASES[name].choices)
    loop = keras_rnn(name, return_sequences=True, **taken(name, {"recurrent_dropout": 0.5}))
    both = [one(x, mask=mask) for one in (layer, loop)]
    model = keras.Model([x, mask], keras.layers.Concatenate()(both))
    model.set_weights([rng.normal(size=w.shape) for w in model.weights])
    return model


@pytest.fixture(scope="module")
def here_and_elsewhere(tmp_path_factory):
    """What a model of every cell puts out here and in a fresh process: starting it takes long."""
    folder, rng = tmp_path_factory.mktemp("saved"), np.random.default_rng(0)
    x, here = padded(sequences(rng)), {}
    np.savez(folder / "inputs.npz", x=x, mask=MASK)
    for name in NAMES:
        model = model_of(name, rng)
        model.save(folder / f"{name}.keras")
        here[name] = model([x, MASK])
    root = Path(keras_lstm_variants.__file__).parents[1]
    subprocess.run([sys.executable, "-c", LOAD, folder, *NAMES], check=True, cwd=root)
    return here, np.load(folder / "outputs.npz")


# Keras' own way of saving a variable warns under NumPy 2.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("name", NAMES)
def test_a_saved_model_is_the_same_in_another_process(name, here_and_elsewhere):
    here, elsewhere = here_and_elsewhere
    equal(elsewhere[name], here[name])


@pytest.mark.parametrize("format", exporting.FORMATS)
def test_another_backend_is_told_to_save_before_it_exports(format, tmp_path, monkeypatch):
    backend = "jax" if BACKEND == "tensorflow" else BACKEND
    monkeypatch.setattr(keras.config, "backend", lambda: backend)
    x = keras.Input((None, FEATURES))
    model = keras.Model(x, own_layer("lstm", "float32")(x))
    with pytest.raises(ValueError, match=f"'{backend}': save the model as .keras"):
        keras_lstm_variants.export(model, tmp_path / "model", format, 1)
    assert not any(tmp_path.iterdir())
