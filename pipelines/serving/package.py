"""What makes a model a package: manifest, model card, example client, names inside the file."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

from ..encoding.encoder import HEAD, TAIL
from ..text.features import CASINGS, SHAPES
from . import manifest as manifests
from .card import CARD, card
from .manifest import MANIFEST, Tensor, Tensors

CLIENT = "client.py"
CLIENTS = {"saved_model": "served.py", "onnx": "ids.py", "litert": "ids.py"}
AXES = ("batch", "steps", "characters")  # of what models of ids take and give
MODELS = {"onnx": "tagger.onnx", "litert": "tagger.tflite"}


def complete(
    part: Path, run: Path, format: str, version: int, signatures: Tensors, license: str | None
) -> None:
    """Writes what belongs beside the model of an export, and into an ONNX or LiteRT file.

    Args:
        part: The folder, with the model in it.
        run: The run that it is of.
        format: Its format.
        version: Its version.
        signatures: What it takes and gives.
        license: An SPDX identifier, if there is one.
    """
    inside = {"license": license, "signatures": signatures, **manifests.describe(run)}
    if format == "onnx":
        name_onnx(part / MODELS[format], inside)
    if format == "litert":
        name_litert(part / MODELS[format], inside)
    client = Path(__file__).parent / "clients" / CLIENTS[format]
    shutil.copyfile(client, part / CLIENT)
    found = manifests.of_export(run, part, format, version, signatures, license)
    if format != "saved_model":
        found["encoding"] = {"head": HEAD, "tail": TAIL, "casings": CASINGS, "shapes": SHAPES}
    _write(part / CARD, card(found))
    _write(part / MANIFEST, _json(found))


def of_function(function: Any) -> dict[str, dict[str, Tensor]]:
    """What a concrete function of a SavedModel takes and gives."""
    [inputs], _ = function.structured_input_signature
    return {
        "inputs": {spec.name: _tensor(spec, AXES) for spec in [inputs]},
        "outputs": {
            name: _tensor(spec, ("batch", "entities" if "entity_" in name else "steps"))
            for name, spec in sorted(function.structured_outputs.items())
        },
    }


def of_model(model: Any, batch: int | None) -> dict[str, dict[str, Tensor]]:
    """What a model of ids takes and gives; `batch` is the number of sentences, if it is fixed."""
    first = "batch" if batch is None else batch
    return {
        side: {
            name: {"dtype": tensor.dtype, "shape": [first, *AXES[1 : len(tensor.shape)]]}
            for name, tensor in sorted(tensors.items())
        }
        for side, tensors in (("inputs", model.input), ("outputs", model.output))
    }


def _tensor(spec: Any, axes: tuple[str, ...]) -> Tensor:
    shape = [axes[n] if size is None else size for n, size in enumerate(spec.shape)]
    return {"dtype": spec.dtype.name, "shape": shape}


def name_onnx(path: Path, inside: dict[str, Any]) -> None:
    """Names the axes of an ONNX file, and writes what the model says of itself into it.

    It goes to `metadata_props`: "name", "labels", "scheme", "license" and "manifest" as JSON.
    """
    import onnx

    model = onnx.load(str(path))
    for tensor in (*model.graph.input, *model.graph.output):
        for name, axis in zip(AXES, tensor.type.tensor_type.shape.dim, strict=False):
            axis.dim_param = name
    del model.graph.value_info[:]  # its axes have the names of before
    named = {name: inside[name] or "" for name in ("name", "scheme", "license")}
    props = {**named, "labels": "\n".join(inside["labels"]), "manifest": _json(inside)}
    onnx.helper.set_model_props(model, props)
    model.doc_string = f"{inside['name']}: a tagger of {inside['cell']} cells"
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def name_litert(path: Path, inside: dict[str, Any]) -> None:
    """Appends what the model says of itself to a LiteRT file, as LiteRT's own metadata does.

    The associated files of such a model are a zip archive at its end: `unzip tagger.tflite`.
    """
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.txt", "".join(f"{label}\n" for label in inside["labels"]))
        archive.writestr(MANIFEST, _json(inside))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", newline="\n")
