"""Checks of exported files: the same numbers, without this package."""

import contextlib
import os
import tempfile
from importlib.util import find_spec
from typing import Any

import keras

from .. import exporting
from .checks import check
from .subject import (
    BATCH,
    FEATURES,
    MASK,
    STEPS,
    NotApplicable,
    Subject,
    Violation,
    backend,
    padded,
)


def _model(subject: Subject) -> Any:
    """A model in both directions, for any batch and length, with the mask as an input."""
    x = keras.Input((None, FEATURES), name="x")
    mask = keras.Input((None,), dtype="bool", name="mask")
    rates = subject.taken({"dropout": 0.5, "recurrent_dropout": 0.5})
    layer = subject.unbuilt("auto", "float32", return_state=False, **rates)
    model = keras.Model([x, mask], keras.layers.Bidirectional(layer)(x, mask=mask))
    model.set_weights([0.5 * weight for weight in 2 * subject.weights])
    return model


@contextlib.contextmanager
def _exported(subject: Subject, format: exporting.Format):
    if backend() != "tensorflow":
        raise NotApplicable(f"models are exported on TensorFlow, not on {backend()}")
    packages, extra = exporting.FORMATS[format]
    if missing := [package for package in packages if find_spec(package) is None]:
        raise NotApplicable(f"{', '.join(missing)} is not installed (extra {extra})")
    model = _model(subject)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model")
        # An ONNX or LiteRT file is run and compared with the model before it is kept.
        exporting.export(model, path, format, BATCH if format == "litert" else None)
        yield model, path


@check("a SavedModel runs without this package and gives the same numbers", "expensive")
def saved_model(subject: Subject) -> None:
    with _exported(subject, "tf_saved_model") as (model, path):
        import tensorflow as tf

        serve = tf.saved_model.load(path).signatures["serving_default"]
        functions = serve.graph.as_graph_def().library.function
        nodes = [*serve.graph.as_graph_def().node, *(n for f in functions for n in f.node_def)]
        if foreign := sorted({n.op for n in nodes if "PyFunc" in n.op}):
            raise Violation(
                f"A SavedModel must hold operations of TensorFlow only, but has {foreign}: they "
                "run in this process alone. Compute with keras.ops."
            )
        for steps in STEPS, 2:
            x, mask = padded(subject.x)[:, :steps].astype("float32"), MASK[:, :steps]
            exported = serve(x=tf.constant(x), mask=tf.constant(mask))["output_0"]
            says = f"A SavedModel must give the model's numbers, but differs after {steps} steps"
            subject.close(exported, model([x, mask]), says, "", 1e-5)


@check("an ONNX file gives the same numbers in onnxruntime", "expensive")
def onnx(subject: Subject) -> None:
    with _exported(subject, "onnx"):
        pass


@check("a LiteRT file gives the same numbers in LiteRT", "expensive")
def litert(subject: Subject) -> None:
    with _exported(subject, "litert"):
        pass
