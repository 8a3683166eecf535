"""Inspecting any Keras model: its recurrent layers, reading arrays; several models side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

import keras_lstm_variants as library

from ..errors import InputError
from ..figures import PLAIN, drawn_with
from .inspector import Seen, directions, followed, whole, write
from .probe_pictures import side_by_side

DRAWN = 3  # sequences of which everything is drawn


def inspect_models(models: Sequence[Path], inputs: Path, out: Path, sequences: int = 16) -> None:
    """Writes pictures, numbers and a page of models that read the same arrays.

    Args:
        models: `.keras` files; of the first one everything is drawn, and of all how far they reach.
        inputs: What they take: an array in `.npy`, or several in `.npz`, by the names of the inputs
            or in their order.
        out: The folder to make. It appears whole or not at all.
        sequences: How many of the arrays' first sequences are read.

    Raises:
        InputError: A model cannot be loaded or has no recurrent layer, the arrays do not fit, or
            the folder exists or cannot be written.
    """
    if out.exists():
        raise InputError(f"{out}: exists: give another folder with --out")
    arrays = _arrays(inputs, sequences)
    found = {path: _readings(path, inputs, arrays) for path in models}
    first = found[models[0]]
    count = len(first[0].sequences)
    seen = []
    for n in followed(list(range(count)), "reading"):
        readings = [part for one in first for part in directions(one, n, reach=n < DRAWN)]
        steps = len(readings[0].letters["output"])
        named = [one for one in readings if len(one.letters["output"]) == steps]
        tokens = [str(t) for t in range(1, steps + 1)]
        seen.append(Seen(tokens, ["O"] * steps, named))
    with whole(out) as part, drawn_with(PLAIN):
        compared = []
        if len(models) > 1:
            title = "How far an input reaches: the size of the derivative of an output by an input"
            curves = {path.stem: _reach(of_model) for path, of_model in found.items()}
            compared = [(title, side_by_side("How far an input reaches", curves, "steps"))]
            arrays_of = {f"{name}.reach": curve for name, (_, curve) in curves.items()}
            np.savez_compressed(part / "reach.npz", **arrays_of)  # type: ignore[arg-type]
        write(part, f"Inside {models[0].stem}", seen, ("sequence", "steps"), compared, DRAWN)


def _readings(path: Path, inputs: Path, arrays: Any) -> list[library.Reading]:
    try:
        model = keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path}: cannot be loaded: {_line(error)}") from None
    try:
        found = library.readings(model, _fitting(model, arrays))
    except Exception as error:  # Keras' own and those of its backend are of many kinds
        raise InputError(f"{path}: does not take what {inputs} holds: {_line(error)}") from None
    if not found:
        raise InputError(f"{path}: its model has no recurrent layer over sequences of vectors")
    return found


def _arrays(path: Path, sequences: int) -> Any:
    try:
        loaded = np.load(path, allow_pickle=False)
        arrays = dict(loaded) if hasattr(loaded, "files") else loaded
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no .npy or .npz of numbers: {_line(error)}") from None
    each = arrays if isinstance(arrays, dict) else {path.name: arrays}
    for name, array in each.items():
        if array.dtype.kind not in "fiub" or array.ndim < 2 or not array.size:
            raise InputError(f"{path}: {name} has to be numbers (sequences, steps, ...)")
        if not np.isfinite(array).all():
            raise InputError(f"{path}: {name} has NaN or infinity in it")
    first = {name: array[:sequences] for name, array in each.items()}
    return first if isinstance(arrays, dict) else first[path.name]


def _fitting(model: Any, arrays: Any) -> Any:
    """Arrays without names in the order of the inputs."""
    names = [tensor.name for tensor in getattr(model, "inputs", None) or ()]
    if isinstance(arrays, dict) and not set(names) <= set(arrays):
        values = list(arrays.values())
        return values if len(values) > 1 else values[0]
    return arrays


def _reach(found: list[library.Reading]) -> tuple[np.ndarray, np.ndarray]:
    """Of the first layer, the mean map over sequences, and how it falls with distance."""
    sizes = found[0].sensitivity()
    if isinstance(sizes, dict):
        sizes = sizes["forward"]
    elif found[0].layer.go_backwards:
        sizes = np.swapaxes(sizes, 1, 2)
    return sizes.mean(axis=0), library.reach(sizes)


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
