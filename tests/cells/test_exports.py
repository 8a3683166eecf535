"""Exported models give the model's numbers in processes without Keras and without this package."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_lstm_variants
from cases import (
    BATCH,
    FEATURES,
    of_tensorflow,
    own_layer,
    taken,
)
from keras_lstm_variants import CELLS, exporting

SAMPLE = ["memory_block_lstm"]
pytestmark = [pytest.mark.ci, of_tensorflow]  # test_saving.py: others refuse to export

every_cell = pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in SAMPLE else pytest.mark.nightly) for n in CELLS]
)
every_format = pytest.mark.parametrize("format", exporting.FORMATS, scope="module")
checked_formats = pytest.mark.parametrize("format", ["onnx", "litert"])
LENGTHS = [6, 2, 1, 5]  # padded on the right, the first not at all
SHORTER = 3

# Each runs every model on the same two inputs, whose numbers of steps differ.
READ = """
import sys
for name in ("keras", "keras_lstm_variants", "pipelines", *sys.argv[1].split()):
    sys.modules[name] = None  # importing it is an error from here on
import numpy as np

folder, *names = sys.argv[2:]
inputs = np.load(f"{folder}/inputs.npz")
outputs = {}
for name in names:
    run = load(f"{folder}/{name}")
    for n in "12":
        outputs[name + n] = run(inputs["x" + n], inputs["mask" + n])
np.savez(f"{folder}/outputs.npz", **outputs)
"""
LOAD = {
    "tf_saved_model": """
def load(path):
    import tensorflow as tf

    serve = tf.saved_model.load(path).signatures["serving_default"]
    return lambda x, mask: serve(x=tf.constant(x), mask=tf.constant(mask))["output_0"].numpy()
""",
    "onnx": """
def load(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    return lambda x, mask: session.run(None, {"x": x, "mask": mask})[0]
""",
    "litert": """
def load(path):
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(path).get_signature_runner("serving_default")
    return lambda x, mask: run(x=x, mask=mask)["output_0"]
""",
}
BLOCKED = {"tf_saved_model": "", "onnx": "tensorflow", "litert": "tensorflow"}


def bidirectional(name, **options):
    """A model of a cell in both directions, for any batch and length, with the mask as an input."""
    x = keras.Input((None, FEATURES), name="x")
    mask = keras.Input((None,), dtype="bool", name="mask")
    layer = own_layer(name, "float32", return_sequences=True, **options)
    return keras.Model([x, mask], keras.layers.Bidirectional(layer)(x, mask=mask))


def inputs(rng, steps):
    """Sequences with nonsense where they are padded, and their mask."""
    mask = np.arange(steps) < np.array(LENGTHS)[:, None]
    x = np.where(mask[..., None], rng.normal(size=(BATCH, steps, FEATURES)), 99.0)
    return x.astype("float32"), mask


@pytest.fixture(scope="module")
def numbers(format, request, tmp_path_factory):
    """What the models of the chosen cells give here and, exported, in one fresh process."""
    chosen = [item for item in request.session.items if "numbers" in item.fixturenames]
    names = list(dict.fromkeys(item.callspec.params["name"] for item in chosen))
    folder, rng, called = tmp_path_factory.mktemp(format), np.random.default_rng(0), {}
    both = inputs(rng, max(LENGTHS)), inputs(rng, SHORTER)
    np.savez(
        folder / "inputs.npz", x1=both[0][0], mask1=both[0][1], x2=both[1][0], mask2=both[1][1]
    )
    batch_size = BATCH if format == "litert" else None
    for name in names:
        model = bidirectional(name, **taken(name, {"dropout": 0.5, "recurrent_dropout": 0.5}))
        model.set_weights([rng.normal(scale=0.5, size=w.shape) for w in model.weights])
        called[name] = [model(list(one)).numpy() for one in both]
        keras_lstm_variants.export(model, folder / name, format, batch_size)
    command = [sys.executable, "-c", LOAD[format] + READ, BLOCKED[format], folder, *names]
    subprocess.run(command, check=True, timeout=1000)
    exported = np.load(folder / "outputs.npz")
    return {name: (called[name], [exported[name + n] for n in "12"]) for name in names}


@pytest.mark.timeout(3000)  # the first test of a format exports every cell
@every_format
@every_cell
def test_an_export_gives_the_models_numbers_in_another_process(name, format, numbers):
    for ours, theirs in zip(*numbers[name], strict=True):
        # Some cells' outputs are tens: float32 holds seven digits of them.
        np.testing.assert_allclose(theirs, ours, rtol=1e-6, atol=1e-5)


# What is refused is refused before anything is written.


def model_of(layer=None, **options):
    x = keras.Input((None, FEATURES), **options)
    return keras.Model(x, (layer or own_layer("lstm", "float32"))(x))


def model_of_strings():
    words = keras.Input((None,), dtype="string", name="words")
    ids = keras.layers.StringLookup(vocabulary=["a"])(words)
    return keras.Model(words, keras.layers.Embedding(2, 3)(ids))


class Subclassed(keras.Model):
    def call(self, x):
        return x


@pytest.mark.parametrize(
    "model, format, batch_size, words",
    [
        (model_of, "h5", None, "must be one of tf_saved_model, onnx, litert, not 'h5'"),
        (model_of, "litert", None, "litert needs a batch_size"),
        (model_of, "onnx", 0, "batch_size must be a positive integer, not 0"),
        (lambda: model_of(batch_size=2, name="x"), "litert", 3, "x has a batch of 2"),
        (
            lambda: model_of(own_layer("lstm", "float32", stateful=True), batch_size=2),
            "onnx",
            None,
            "is stateful",
        ),
        (lambda: model_of(own_layer("lstm", "mixed_float16")), "onnx", None, "float16"),
        (lambda: model_of(own_layer("lstm", "float64")), "litert", 1, "float64"),
        (model_of_strings, "onnx", None, "words takes strings"),
        (Subclassed, "onnx", None, "Subclassed has no keras.Input"),
    ],
)
def test_what_a_format_cannot_do_is_refused(model, format, batch_size, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        keras_lstm_variants.export(model(), tmp_path / "new" / "model", format, batch_size)
    assert not any(tmp_path.iterdir())


def test_a_layer_that_keeps_its_states_is_found_inside_others(tmp_path):
    inner = model_of(own_layer("gru", "float32", stateful=True), batch_size=2)
    x = keras.Input((None, FEATURES), batch_size=2)
    with pytest.raises(ValueError, match="is stateful"):
        keras_lstm_variants.export(keras.Model(x, inner(x)), tmp_path / "model", "onnx")


@every_format
def test_what_is_there_already_is_left_alone(format, tmp_path):
    (tmp_path / "model").write_text("precious")
    with pytest.raises(ValueError, match="exists"):
        keras_lstm_variants.export(model_of(), tmp_path / "model", format, 1)
    assert (tmp_path / "model").read_text() == "precious"


@checked_formats
def test_a_missing_package_is_named_with_its_extra(format, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "find_spec", lambda package: None)
    with pytest.raises(ValueError, match=rf"pip install 'keras-lstm-variants\[{format}\]'"):
        keras_lstm_variants.export(model_of(), tmp_path / "model", format, 1)
    assert not any(tmp_path.iterdir())


# What a converter calls a success is not believed.


@checked_formats
def test_a_file_that_no_runtime_loads_is_not_kept(format, tmp_path):
    x = keras.Input((3, 3))
    unknown = keras.Model(x, keras.ops.cholesky(keras.ops.eye(3) + 0 * x))
    with pytest.raises(RuntimeError, match="of no use.*(?i:cholesky|not supported)"):
        keras_lstm_variants.export(unknown, tmp_path / "model", format, 1)
    assert not any(tmp_path.iterdir())


def mean():
    x = keras.Input((None, FEATURES), name="x")
    return keras.Model(x, keras.ops.mean(x, axis=1))


def mean_of_the_first_length_only():
    x = keras.Input((None, FEATURES), name="x")
    return keras.Model(x, keras.ops.sum(x, axis=1) / exporting.STEPS[0])


@checked_formats
@pytest.mark.parametrize(
    "model, wrong", [(mean, lambda: model_of(name="x")), (mean, mean_of_the_first_length_only)]
)
def test_a_file_with_other_numbers_is_not_kept(model, wrong, format, tmp_path, monkeypatch):
    model, write = model(), wrong().export
    monkeypatch.setattr(model, "export", lambda path, **options: write(path, **options))
    with pytest.raises(RuntimeError, match="other numbers"):
        keras_lstm_variants.export(model, tmp_path / "model", format, 1)
    assert not any(tmp_path.iterdir())


@checked_formats
def test_a_model_of_many_inputs_and_outputs_is_compared_by_their_names(format, tmp_path):
    x = {"b": keras.Input((4,), name="b"), "a": keras.Input((None,), dtype="int32", name="a")}
    y = {"z": keras.layers.Dense(2)(x["b"]), "c": keras.layers.Embedding(9, 3)(x["a"])}
    keras_lstm_variants.export(keras.Model(x, y), tmp_path / "model", format, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_standard_error_is_hushed_while_a_converter_runs_and_back_afterwards(capfd):
    os.write(2, b"before ")
    with pytest.raises(ZeroDivisionError), exporting._silence():
        os.write(2, b"meanwhile ")
        raise ZeroDivisionError
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"
