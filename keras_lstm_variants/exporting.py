"""A model as a file for another runtime, checked against the model before it is kept."""

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

from .checks import is_size
from .portability import portable

# Format -> the packages that it needs, and the extra of this one that brings them.
FORMATS = {
    "tf_saved_model": ((), ""),
    "onnx": (("tf2onnx", "onnx", "onnxruntime"), "onnx"),
    "litert": (("ai_edge_litert",), "litert"),
}
TOO_COARSE = "float16", "bfloat16"  # to be compared
NO_DTYPES = {"onnx": TOO_COARSE, "litert": (*TOO_COARSE, "float64")}
STEPS = 9, 4  # the lengths on which a file is compared with its model: two, in case one is fixed
Inputs = dict[str, np.ndarray]
Format = Literal["tf_saved_model", "onnx", "litert"]
TOLERANCE = 1e-5  # of the largest number that the model gives, or of 1


def export(
    model: keras.Model,
    path: str | os.PathLike[str],
    format: Format,
    batch_size: int | None = None,
) -> None:
    """Writes a built model as a file that needs neither Keras nor this package.

    A converter's success means little: it may write a file that no runtime loads, or one that
    forgets the states. So an ONNX or LiteRT file is loaded and run on sequences of two lengths,
    and kept only if it gives the model's numbers to 1e-5.

    Standard error is closed for the whole process meanwhile, as the converters write to it.

    Args:
        model: A built model, on the TensorFlow backend; functional or sequential for ONNX and
            LiteRT.
        path: Where to write: a file, or a folder for "tf_saved_model". Must not exist yet.
        format: "tf_saved_model", "onnx" (needs the extra `onnx`) or "litert" (needs the extra
            `litert`).
        batch_size: Fixes the batch; LiteRT needs it. The number of steps stays free.

    Raises:
        ValueError: It cannot be done; nothing is written.
        RuntimeError: The file does not load or gives other numbers; it is not kept.
    """
    path = Path(path)
    _refuse(model, path, format, batch_size)
    specs = None  # Keras' own, which it has for models of every kind
    if format != "tf_saved_model" or batch_size is not None:
        specs = _specs(model, format, batch_size)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        part = Path(folder, "model.tflite")  # Keras insists on this ending for LiteRT
        with _silence(), portable():
            try:
                signature = None if specs is None else [specs]
                model.export(str(part), format=format, verbose=False, input_signature=signature)
                if format != "tf_saved_model":
                    _compare(model, part, format, specs)
            except OSError:
                raise
            except Exception as error:
                reason = str(error).strip().partition("\n")[0]
                raise RuntimeError(f"{path}: the {format} file is of no use: {reason}") from error
        os.replace(part, path)


def _refuse(model: keras.Model, path: Path, format: str, batch_size: int | None) -> None:
    """Raises ValueError for what can be known before the export."""
    if format not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, not {format!r}.")
    if path.exists():
        raise ValueError(f"{path} exists.")
    if keras.config.backend() != "tensorflow":
        raise ValueError(
            f"Models are exported on the TensorFlow backend, not on {keras.config.backend()!r}: "
            "save the model as .keras and export it where KERAS_BACKEND is tensorflow."
        )
    packages, extra = FORMATS[format]
    if missing := [package for package in packages if find_spec(package) is None]:
        raise ValueError(
            f"{format} needs {', '.join(missing)}: pip install 'keras-lstm-variants[{extra}]'"
        )
    if batch_size is not None and not is_size(batch_size):
        raise ValueError(f"batch_size must be a positive integer, not {batch_size!r}.")
    if format == "tf_saved_model":
        return
    for layer in _layers(model):
        if getattr(layer, "stateful", False):
            raise ValueError(f"{layer.name} is stateful, and {format} files forget states.")
        if layer.compute_dtype in NO_DTYPES[format]:
            raise ValueError(
                f"{layer.name} computes in {layer.compute_dtype}: {format} files are for float32."
            )


def _layers(model: keras.Model) -> Iterator[keras.Layer]:
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer)


def _specs(model: keras.Model, format: str, batch_size: int | None) -> Any:
    """What the exported function takes, in the structure of the model's inputs."""
    if not getattr(model, "inputs", None):
        raise ValueError(f"{type(model).__name__} has no keras.Input: make a functional model.")

    def spec(tensor: keras.KerasTensor) -> keras.InputSpec:
        batch, *rest = tensor.shape
        if batch_size is not None and batch not in (None, batch_size):
            raise ValueError(f"{tensor.name} has a batch of {batch}, so not one of {batch_size}.")
        batch = batch if batch_size is None else batch_size
        if format == "litert" and batch is None:
            raise ValueError("litert needs a batch_size: its loops take no batch of any size.")
        if format != "tf_saved_model" and tensor.dtype == "string":
            raise ValueError(f"{tensor.name} takes strings, which {format} files cannot.")
        return keras.InputSpec(shape=(batch, *rest), dtype=tensor.dtype, name=tensor.name)

    # A sequential model takes its one input itself, not a list of it.
    inputs = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    return keras.tree.map_structure(spec, inputs)


def _compare(model: keras.Model, path: Path, format: str, specs: Any) -> None:
    """Raises RuntimeError if the file does not give the model's numbers."""
    rng = np.random.default_rng(0)
    for steps in STEPS:
        inputs = keras.tree.map_structure(lambda spec: _example(spec, steps, rng), specs)  # noqa: B023
        outputs = model(inputs, training=False)
        names = [spec.name for spec in keras.tree.flatten(specs)]
        by_name = dict(zip(names, keras.tree.flatten(inputs), strict=True))
        expected = [keras.ops.convert_to_numpy(y) for y in keras.tree.flatten(outputs)]
        for ours, theirs in zip(expected, RUN[format](path, by_name, outputs), strict=True):
            finite = np.abs(ours[np.isfinite(ours)].astype("float64"))
            atol = TOLERANCE * finite.max(initial=1.0)
            if ours.shape != theirs.shape or not np.allclose(
                ours, theirs, rtol=0, atol=atol, equal_nan=True
            ):
                raise RuntimeError(f"it gives other numbers than the model, with {steps} steps.")


def _example(spec: keras.InputSpec, steps: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers that fit: normal floats, masks padded on the right, and ids that every table has."""
    shape = [3 if spec.shape[0] is None else spec.shape[0]]
    shape += [steps if size is None else size for size in spec.shape[1:]]
    if spec.dtype == "bool":
        lengths = rng.integers(1, shape[-1] + 1, (*shape[:-1], 1))
        return np.broadcast_to(np.arange(shape[-1]) < lengths, shape)
    if "int" in spec.dtype:
        return rng.integers(0, 2, shape).astype(spec.dtype)
    return rng.normal(size=shape).astype(spec.dtype)


def _run_onnx(path: Path, inputs: Inputs, like: Any) -> list[np.ndarray]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


def _run_litert(path: Path, inputs: Inputs, like: Any) -> list[np.ndarray]:
    from ai_edge_litert.interpreter import Interpreter

    outputs = Interpreter(str(path)).get_signature_runner()(**inputs)
    if isinstance(like, dict):
        return [outputs[name] for name in sorted(like)]
    return [outputs[f"output_{n}"] for n in range(len(outputs))]


RUN = {"onnx": _run_onnx, "litert": _run_litert}


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Closes standard error, to which converters in C++ write as well, and hides a warning."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere, warnings.catch_warnings():
        # Keras looks for np.object when it prepares tf2onnx.
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
