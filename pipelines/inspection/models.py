"""Inspecting any Keras model: its recurrent layers, reading arrays; several models side by side."""

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

import keras_lstm_variants as library

from ..errors import InputError
from ..figures import PLAIN, drawn_with
from ..quiet import followed
from .inspector import Seen, directions, whole, write
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
    for n in followed(range(count), "reading"):
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
    if path.is_file() and not zipfile.is_zipfile(path):
        raise InputError(f"{path}: cannot be loaded: it is no .keras file, or a damaged one")
    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # of a damaged file, of many kinds, too
        raise InputError(f"{path}: cannot be loaded: {_line(error)}") from None
    try:
        found = library.readings(model, _fitting(model, arrays))
    except Exception as error:  # Keras' own and those of its backend are of many kinds
        raise InputError(f"{path}: does not take what {inputs} holds: {_line(error)}") from None
    if not found:
        raise InputError(f"{path}: its model has no recurrent layer over sequences of vectors")
    for reading in found:
        if reading.mask is not None and len(masked := np.flatnonzero(~reading.mask.any(axis=1))):
            raise InputError(f"{inputs}: sequence {masked[0] + 1}: every step is masked")
    if not all(np.isfinite(reading.sequences).all() for reading in found):
        raise InputError(f"{path}: of what {inputs} holds it makes NaN or infinity")
    return found


def _arrays(path: Path, sequences: int) -> Any:
    try:
        loaded = np.load(path, allow_pickle=False)
        arrays = dict(loaded) if hasattr(loaded, "files") else loaded
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: no .npy or .npz of numbers: {_line(error)}") from None
    each = arrays if isinstance(arrays, dict) else {path.name: arrays}
    if not each:
        raise InputError(f"{path}: has no array")
    for name, array in each.items():
        is_array = isinstance(array, np.ndarray)  # in .npz may be any other file
        if not is_array or array.dtype.kind not in "fiub" or array.ndim < 2 or not array.size:
            raise InputError(f"{path}: {name} has to be numbers (sequences, steps, ...)")
        if not np.isfinite(array).all():
            raise InputError(f"{path}: {name} has NaN or infinity in it")
    first = {name: array[:sequences] for name, array in each.items()}
    return first if isinstance(arrays, dict) else first[path.name]


def _fitting(model: Any, arrays: Any) -> Any:
    """Arrays without names in the order of the inputs.

    Raises:
        ValueError: An input for numbers of a list, such as words, would get other numbers: Keras
            cuts fractions off, and an embedding takes negative ones from its end.
    """
    inputs = getattr(model, "inputs", None) or ()
    names = [tensor.name for tensor in inputs]
    named = isinstance(arrays, dict) and set(names) <= set(arrays)
    values = [arrays[name] for name in names] if named else [arrays]
    if isinstance(arrays, dict) and not named:
        values = list(arrays.values())
        arrays = values if len(values) > 1 else values[0]
    for tensor, array in zip(inputs, values, strict=False):
        is_whole = keras.backend.is_int_dtype(tensor.dtype)
        if is_whole and not (array >= 0).all() & (array == np.floor(array)).all():
            raise ValueError(f"{tensor.name} takes whole numbers from 0 on")
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
    """What it says, without the line of Keras that only says where."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [repr(error)]
    if len(lines) > 1 and lines[0].startswith("Exception encountered"):
        del lines[0]
    return re.sub(r"\x1b\[[0-9;]*m", "", lines[0])
